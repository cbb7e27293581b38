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
fn what_the_address_asks_for_comes_first() {
    assert_eq!(Locale::negotiate(Some("en"), Some("xx")), Locale::En);
    assert_eq!(Locale::negotiate(Some("tlh"), None), Locale::En);
    assert_eq!(Locale::negotiate(None, None), Locale::En);
}
