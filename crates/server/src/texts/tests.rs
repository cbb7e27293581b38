#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;

use super::catalog::{compare, read};
use super::*;

const MODEL: &str = "\
a = Text with { $name }
b = { $minutes ->
    [one] A minute
   *[other] { $minutes } minutes
}
";

fn faults(other: &str) -> Vec<String> {
    let model = read("en.ftl", MODEL).expect("the model is good");
    match read("xx.ftl", other) {
        Ok(catalog) => compare(&model, "xx.ftl", &catalog),
        Err(faults) => faults,
    }
    .iter()
    .map(ToString::to_string)
    .collect()
}

#[test]
fn the_same_messages_with_the_same_variables_are_let_through() {
    let other = "b = { $minutes ->\n  [few] F { $minutes }\n *[other] O { $minutes }\n }\na = { $name } T\n";
    assert_eq!(faults(other), [""; 0]);
}

#[test]
fn a_missing_message_is_refused() {
    assert_eq!(faults("a = { $name }\n"), ["xx.ftl: b: is missing"]);
}

#[test]
fn a_superfluous_message_is_refused() {
    let found = faults(&format!("{MODEL}c = More\n"));
    assert_eq!(found, ["xx.ftl: c: is superfluous: the model has no such message"]);
}

#[test]
fn a_duplicate_message_is_refused() {
    assert_eq!(faults(&format!("{MODEL}a = {{ $name }}\n")), ["xx.ftl: a: is there twice"]);
}

#[test]
fn another_variable_is_refused() {
    let found = faults(&MODEL.replace("$name", "$nome"));
    assert_eq!(found, [r#"xx.ftl: a: has the variables {"nome"}, not {"name"}"#]);
    assert_eq!(faults(&MODEL.replace("{ $name }", "nobody")).len(), 1);
}

#[test]
fn what_a_method_cannot_say_is_refused() {
    for (bad, reason) in [
        ("a = { c }\n", "has a placeable that is no variable and no choice"),
        ("a = { NUMBER($name) }\n", "has a placeable that is no variable and no choice"),
        ("a = { $name ->\n *[other] O\n }\n", "chooses by something else than a numeric variable"),
        ("a = { $name }\n  .title = T\n", "attributes are not used here"),
    ] {
        let found = faults(&format!("{bad}b = {{ $minutes }}\n"));
        assert_eq!(found, [format!("xx.ftl: a: {reason}")], "{bad}");
    }
    assert_eq!(faults(&format!("{MODEL}-brand = Kayle\n")).len(), 1);
    assert!(faults(&format!("{MODEL}c {{\n")).iter().all(|fault| fault.contains("line 6")));
}

/// The categories that a whole number can have in each language (CLDR 46, cardinal), without the
/// compact forms of millions.
const PLURALS: &[(Locale, &[&str])] = &[
    (Locale::Ar, &["zero", "one", "two", "few", "many", "other"]),
    (Locale::De, &["one", "other"]),
    (Locale::En, &["one", "other"]),
    (Locale::Es, &["one", "other"]),
    (Locale::Fr, &["one", "other"]),
    (Locale::It, &["one", "other"]),
    (Locale::Nl, &["one", "other"]),
    (Locale::Pl, &["one", "few", "many", "other"]),
    (Locale::Pt, &["one", "other"]),
    (Locale::Uk, &["one", "few", "many", "other"]),
];

#[test]
fn every_message_of_every_locale_says_what_it_should() {
    for locale in Locale::ALL {
        let texts = Texts::of(locale);
        for number in (0..=25).chain([99, 100, 101, 102, 103, 111, 121]) {
            for (name, text) in samples(texts, "Example GmbH", number) {
                let place = format!("{}: {name}: {text:?}", locale.code());
                assert!(!text.contains(['{', '}', '$']), "{place}");
                assert!(!text.trim().is_empty() && text.trim() == text, "{place}");
                assert_ne!(text, name, "{place}");
                let opened = text.matches('\u{2068}').count();
                assert_eq!(opened, text.matches('\u{2069}').count(), "{place}");
            }
        }
    }
}

#[test]
fn no_message_of_a_locale_falls_back() {
    for locale in Locale::ALL {
        let catalog = read(locale.code(), locale.source()).unwrap();
        let (text, number) = ("Example", 3);
        for (name, shape) in &catalog {
            let arguments = shape
                .variables
                .iter()
                .map(|variable| {
                    let numeric = super::catalog::is_numeric(variable);
                    let value = if numeric { FluentValue::from(number) } else { text.into() };
                    (variable.as_str(), value)
                })
                .collect();
            assert!(
                source::format(source::bundle(locale), name, &arguments).is_some(),
                "{}: {name}",
                locale.code()
            );
        }
    }
}

#[test]
fn every_choice_has_every_plural_of_its_language() {
    for locale in Locale::ALL {
        let (_, categories) = PLURALS.iter().find(|(known, _)| *known == locale).unwrap();
        let expected: BTreeSet<&str> = categories.iter().copied().collect();
        for choice in locale.source().split("->").skip(1) {
            let choice = choice.split("\n}").next().unwrap();
            let found = choice
                .split('[')
                .skip(1)
                .map(|variant| variant.split(']').next().unwrap())
                .collect::<BTreeSet<_>>();
            assert_eq!(found, expected, "{}: {choice}", locale.code());
        }
    }
}

#[test]
fn a_number_chooses_its_form() {
    let texts = Texts::of(Locale::En);
    assert_eq!(texts.retry_left(1), "You can try once more.");
    assert_eq!(texts.retry_left(2), "You can try \u{2068}2\u{2069} more times.");
}

#[test]
fn every_claim_and_every_failure_has_a_text() {
    for locale in Locale::ALL {
        let texts = Texts::of(locale);
        let claims = Claim::known_keys().map(|key| Claim::parse(key).unwrap());
        let claims: BTreeSet<String> =
            claims.chain([Claim::AgeOver(18)]).map(|claim| texts.claim(claim, "Example")).collect();
        assert_eq!(claims.len(), 14, "{}", locale.code());
        for code in FailureCode::ALL {
            assert!(!texts.failure(code, "Example").is_empty());
        }
    }
}

#[test]
fn a_number_chooses_its_form_in_each_language() {
    let plain = |text: String| text.replace(['\u{2068}', '\u{2069}'], "");
    for (locale, forms) in [
        (Locale::En, ["1 second", "2 seconds", "5 seconds", "21 seconds"]),
        (Locale::Pl, ["1 sekundę", "2 sekundy", "5 sekund", "21 sekund"]),
        (Locale::Uk, ["1 секунду", "2 секунди", "5 секунд", "21 секунду"]),
        (Locale::Ar, ["ثانية واحدة", "ثانيتين", "5 ثوانٍ", "21 ثانية"]),
    ] {
        for (seconds, form) in [1, 2, 5, 21].into_iter().zip(forms) {
            let text = plain(Texts::of(locale).return_in(seconds));
            assert!(text.trim_end_matches('.').ends_with(form), "{}: {text}", locale.code());
        }
    }
}

#[test]
fn names_are_isolated_from_the_sentence_around_them() {
    let text = Texts::of(Locale::Ar).consent_title("Example Bank");
    assert!(text.contains("\u{2068}Example Bank\u{2069}"), "{text:?}");
}

#[test]
fn each_language_has_its_own_name_and_direction() {
    let names: BTreeSet<String> = Locale::ALL.into_iter().map(Locale::endonym).collect();
    assert_eq!(names.len(), Locale::ALL.len());
    for locale in Locale::ALL {
        let is_arabic = locale == Locale::Ar;
        assert_eq!(locale.direction() == Direction::RightToLeft, is_arabic, "{}", locale.code());
        assert_eq!(Locale::of_tag(locale.code()), Some(locale));
    }
}

#[test]
fn what_the_address_asks_for_comes_first() {
    assert_eq!(Locale::negotiate(Some("fr"), Some("de")), Locale::Fr);
    assert_eq!(Locale::negotiate(Some("PT-br"), None), Locale::Pt);
    for unknown in ["tlh", "", "*", "../en", "f", "frr", "\u{fffd}"] {
        assert_eq!(Locale::negotiate(Some(unknown), Some("de")), Locale::De, "{unknown}");
    }
}

#[test]
fn the_browsers_languages_are_weighed() {
    for (header, expected) in [
        ("de", Locale::De),
        ("de-AT, en;q=0.5", Locale::De),
        ("en;q=0.5, de-AT", Locale::De),
        ("tlh, pl;q=0.2, uk;q=0.3", Locale::Uk),
        ("it;q=0.8,es;q=0.80", Locale::It),
        ("fr;q=0, nl;q=0.001", Locale::Nl),
        ("fr;q=1.000, nl", Locale::Fr),
        ("*", Locale::En),
        ("*;q=0.1, ar;q=0.2", Locale::Ar),
        ("tlh", Locale::En),
        ("", Locale::En),
        (",,;q=;,=,;;", Locale::En),
        ("fr;q=2, nl;q=0.1", Locale::Nl),
        ("fr;q=-1, nl;q=0.1", Locale::Nl),
        ("fr;q=0.1234, nl;q=0.1", Locale::Nl),
        ("fr ; q=0.9 , nl;q=0.1", Locale::Fr),
        ("fr;level=1;q=0.1, nl;q=0.2", Locale::Nl),
    ] {
        assert_eq!(Locale::negotiate(None, Some(header)), expected, "{header}");
    }
    assert_eq!(Locale::negotiate(None, None), Locale::En);
}

#[test]
fn a_header_without_end_is_not_read_to_it() {
    let many = "tlh,".repeat(31);
    assert_eq!(Locale::negotiate(None, Some(&format!("{many}fr"))), Locale::Fr);
    assert_eq!(Locale::negotiate(None, Some(&format!("{many}tlh,fr"))), Locale::En);
    let long = "ü".repeat(600);
    assert_eq!(Locale::negotiate(None, Some(&format!("{long},fr"))), Locale::En);
}
