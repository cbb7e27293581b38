#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use domain::attempt::{FailureCode, VerdictCode};
use domain::branding::{Colour, DARK, LIGHT};
use domain::browser::SameNetwork;
use domain::entropy::Entropy;
use domain::id::OrganizationId;
use domain::key::Keys;
use domain::policy::Policy;
use domain::session::{NewSession, Session};
use domain::share::{RequestedField, ShareContract};
use domain::time::Timestamp;

use super::super::present::{Device, Presentation, present};
use super::super::screen::Canceller;
use super::*;
use crate::apps::Apps;
use crate::texts::Texts;

/// Most bytes of the consent page, without its style and scripts.
const CONSENT_BYTES: usize = 9 * 1024;

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fn session(redirect_url: Option<&str>) -> Session {
    let field = |key: &str, required, reason: &str| RequestedField {
        key: key.to_owned(),
        is_object: true,
        required: Some(required),
        reason: Some(reason.to_owned()),
    };
    let keys = Keys::derive(&[1; 32]);
    let contract = ShareContract::requested(&[
        field("family_name", true, "To open the account in your name"),
        field("date_of_birth", true, "Accounts are for adults <b>only</b>"),
        field("nationality_code", false, "To pre-fill the tax form"),
    ]);
    Session::create(
        NewSession {
            id: SessionId::random(&mut Zeros),
            organization: OrganizationId::random(&mut Zeros),
            contract: contract.unwrap(),
            policy: Policy::default(),
            redirect_url: redirect_url.map(str::to_owned),
            cancel_token: keys.cancel_token_hash("token"),
        },
        Timestamp(0),
    )
}

fn screens() -> Vec<Screen> {
    let number = |network| Screen::Match { code: "42".to_owned(), network };
    let failed = FailureCode::Verdict(VerdictCode::PassportAuthenticityFailed);
    vec![
        Screen::Consent,
        Screen::Offer,
        Screen::Connected,
        number(SameNetwork::Same),
        number(SameNetwork::Different),
        Screen::Reading { mrz: true, percent: None },
        Screen::Reading { mrz: false, percent: Some(40) },
        Screen::Checking,
        Screen::Selfie,
        Screen::Share,
        Screen::Retry { code: failed, remaining: 2 },
        Screen::Claimed,
        Screen::Success,
        Screen::Failed(failed),
        Screen::Failed(FailureCode::MatchCodeWrong),
        Screen::Cancelled { by: Canceller::Person },
        Screen::Cancelled { by: Canceller::Organization },
        Screen::Declined,
        Screen::NotMe,
        Screen::Expired,
    ]
}

fn asker() -> Asker {
    Asker {
        name: "Bank <i>& Söhne".to_owned(),
        domain: Some("bank.example".to_owned()),
        has_logo: true,
        theme: Some("/theme/0b57d0-8ab4f8.css".to_owned()),
        terms: Some("https://bank.example/terms".to_owned()),
        privacy: Some("https://bank.example/privacy".to_owned()),
    }
}

fn presented(screen: &Screen, locale: Locale, device: Device, plain: bool) -> Presented {
    let session = session(Some("https://bank.example/back"));
    let handoff = PlainHandoff {
        qr: "<svg></svg>".to_owned(),
        link: "https://verify.example/open/vs_#handoff=y".to_owned(),
        same_device_link: "https://verify.example/open/vs_#handoff=x".to_owned(),
        app_link: "kayle-id://x".to_owned(),
        user_code: Some("WDJB-MJHT".to_owned()),
    };
    present(&Presentation {
        screen,
        session: &session,
        asker: &asker(),
        texts: Texts::of(locale),
        device,
        code_address: "https://verify.example/code",
        apps: &Apps::default(),
        plain,
        may_act: true,
        handoff: plain.then_some(&handoff),
    })
    .unwrap()
}

fn document(screen: &Screen, locale: Locale, device: Device, plain: bool) -> String {
    let asker = asker();
    let session = session(Some("https://bank.example/back"));
    let texts = Texts::of(locale);
    SessionPage {
        session: session.id.as_str(),
        initial: "B".to_owned(),
        asker: &asker,
        scripts: assets::page_scripts(),
        plain_url: format!("/{}?plain=1&lang={}", session.id, locale.code()),
        frame: Frame {
            t: texts,
            style: assets::path("page.css"),
            host: "verify.example".to_owned(),
            path: format!("/{}", session.id),
            plain,
        },
        time: SessionTime {
            shown: plain,
            left: texts.time_left(5),
            extendable: true,
            extended: plain,
        },
        presented: presented(screen, locale, device, plain),
        remaining_ms: 3_600_000,
        refresh: refresh_of(screen),
    }
    .render()
    .unwrap()
}

fn each(mut check: impl FnMut(&str, &str)) {
    for screen in screens() {
        for locale in Locale::ALL {
            for device in [Device::Phone, Device::Tablet, Device::Desktop] {
                for plain in [false, true] {
                    let place = format!("{} {} {device:?} {plain}", screen.name(), locale.code());
                    check(&place, &document(&screen, locale, device, plain));
                }
            }
        }
    }
}

#[test]
fn every_screen_has_one_heading_and_no_id_twice() {
    each(|place, html| {
        assert_eq!(html.matches("<h1").count(), 1, "{place}");
        assert_eq!(html.matches("<main").count(), 1, "{place}");
        let ids: Vec<_> =
            html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{place}: {ids:?}");
    });
}

#[test]
fn what_others_wrote_is_text() {
    each(|place, html| {
        assert!(!html.contains("<i>") && !html.contains("<b>only"), "{place}");
    });
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    each(|place, html| {
        for part in [" style=", "<style", " onclick", " onload", "javascript:", "<iframe"] {
            assert!(!html.contains(part), "{place}: {part}");
        }
        for source in html.split(" src=\"").skip(1) {
            assert!(source.starts_with('/'), "{place}");
        }
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script type=\"module\" src=").count()
        );
    });
}

#[test]
fn a_page_without_scripts_has_none_and_looks_for_news_until_the_end() {
    for screen in &screens() {
        let html = document(screen, Locale::En, Device::Desktop, true);
        assert!(!html.contains("<script") && !html.contains("<noscript"), "{}", screen.name());
        let looks = html.contains("http-equiv=\"refresh\"");
        let changes = !screen.is_end() && *screen != Screen::Consent;
        assert_eq!(looks, changes, "{}: nobody is interrupted while they read", screen.name());
    }
}

#[test]
fn the_consent_page_is_small() {
    for locale in Locale::ALL {
        let html = document(&Screen::Consent, locale, Device::Desktop, false);
        // Cyrillic and Arabic letters take two bytes each.
        let most = if matches!(locale, Locale::Ar | Locale::Uk) { 2 } else { 1 } * CONSENT_BYTES;
        assert!(html.len() <= most, "{}: {} bytes", locale.code(), html.len());
    }
}

/// The colour variables of the style, in light pages and in dark ones.
fn colours() -> [BTreeMap<&'static str, Colour>; 2] {
    let style = include_str!("../../../assets/page.css");
    let (_, light) = style.split_once(":root {").unwrap();
    let (light, dark) = light.split_once(":root {").unwrap();
    [light, dark].map(|rules| {
        let rules = rules.split('}').next().unwrap().split(';');
        let colour = |value: &str| match value.len() {
            4 => format!("#{}", value[1..].chars().flat_map(|c| [c, c]).collect::<String>()),
            _ => value.to_owned(),
        };
        rules
            .filter_map(|rule| rule.split_once(": "))
            .filter_map(|(name, value)| Some((name.trim(), colour(value.trim()).parse().ok()?)))
            .collect()
    })
}

/// An accent is judged by the card and the paper. On notes, links have the colour of the note.
#[test]
fn text_can_be_read_on_all_that_it_lies_on() {
    let [light, dark] = colours();
    for (named, judged) in [(&light, LIGHT), (&dark, DARK)] {
        let mut grounds = vec![named["--card"], named["--paper"]];
        grounds.sort_by_key(|colour| colour.0);
        let mut judged = judged.to_vec();
        judged.sort_by_key(|colour| colour.0);
        assert_eq!(grounds, judged, "what accents are judged by");
        for (text, ground) in [
            ("--ink", "--calm-bg"),
            ("--ink", "--card"),
            ("--soft", "--card"),
            ("--soft", "--paper"),
            ("--accent", "--card"),
            ("--accent", "--paper"),
            ("--on-accent", "--accent"),
            ("--good", "--good-bg"),
            ("--warn", "--warn-bg"),
            ("--bad", "--bad-bg"),
            ("--bad", "--card"),
        ] {
            let contrast = named[text].contrast(named[ground]);
            assert!(contrast >= 4.5, "{text} on {ground}: {contrast}");
        }
    }
    let style = include_str!("../../../assets/page.css");
    assert!(style.lines().any(|line| line == ".note a { color: inherit }"));
}

/// A person whose phone's battery is empty may be at any of them.
#[test]
fn whatever_a_phone_is_at_what_to_do_without_it_is_said() {
    let t = Texts::of(Locale::En);
    for screen in screens() {
        let with_a_phone = matches!(
            screen.name(),
            "connected"
                | "match"
                | "reading"
                | "checking"
                | "selfie"
                | "share"
                | "retry"
                | "claimed"
        );
        for plain in [false, true] {
            let html = document(&screen, Locale::En, Device::Desktop, plain);
            assert_eq!(html.contains(&t.phone_gone_heading()), with_a_phone, "{}", screen.name());
            assert_eq!(html.contains("ask \u{2068}Bank"), with_a_phone, "{}", screen.name());
            assert!(!with_a_phone || html.contains("id=\"cancel\""), "{}", screen.name());
        }
    }
}

/// What is read out has one full stop after each sentence, in whatever way a heading ends.
#[test]
fn what_is_announced_is_sentences() {
    for screen in screens() {
        for locale in Locale::ALL {
            let said = presented(&screen, locale, Device::Desktop, false).announce;
            let place = format!("{} {}: {said}", screen.name(), locale.code());
            assert!(!said.contains("..") && !said.contains("؟."), "{place}");
            assert!(
                !said.contains("verify you On") && !said.contains("\"This was not me\" W"),
                "{place}"
            );
        }
    }
}

/// Nobody is told to hold the phone still when no try is left.
#[test]
fn after_the_last_try_what_to_do_is_for_the_next_time() {
    let t = Texts::of(Locale::En);
    let code = FailureCode::Verdict(VerdictCode::PassportActiveAuthenticationFailed);
    let advice = t.advice(code).unwrap();
    let html = |screen: &Screen| document(screen, Locale::En, Device::Desktop, false);
    let retry = html(&Screen::Retry { code, remaining: 1 });
    assert!(retry.contains(&advice) && !retry.contains("next time"), "{retry}");
    let failed = html(&Screen::Failed(code));
    assert!(failed.contains(&t.failed_next_time(&advice)), "{failed}");
    assert_eq!(failed.matches(&advice).count(), 1);
}

/// Who has just declined or cancelled comes to a new document. Where there are scripts, they see to it.
#[test]
fn without_scripts_an_end_takes_the_focus_to_its_heading() {
    for screen in screens() {
        for plain in [true, false] {
            let html = document(&screen, Locale::En, Device::Desktop, plain);
            let takes = html.contains("<h1 tabindex=\"-1\" autofocus>");
            assert_eq!(takes, plain && screen.is_end(), "{} {plain}", screen.name());
        }
    }
}

/// Photos are taken because phones of the reference system send them; this version has nothing that
/// looks at them. Nobody agrees without having been told.
#[test]
fn of_photos_the_truth_is_told_before_and_while_they_are_taken() {
    for locale in Locale::ALL {
        let truth = Texts::of(locale).selfie_text();
        for screen in [Screen::Consent, Screen::Selfie] {
            let html = document(&screen, locale, Device::Desktop, false);
            assert!(html.contains(&truth), "{} {}", screen.name(), locale.code());
        }
    }
    let selfie = document(&Screen::Selfie, Locale::En, Device::Desktop, false);
    let (_, now) = selfie.split_once("aria-current=\"step\"").unwrap();
    assert!(now.split("</li>").next().unwrap().contains("Photos taken"), "{now}");
}

#[test]
fn without_scripts_an_end_counts_nothing_down() {
    let html = document(&Screen::Success, Locale::En, Device::Desktop, false);
    for id in ["return-countdown", "return-stop"] {
        let (_, rest) = html.split_once(&format!("id=\"{id}\"")).unwrap();
        let tag = rest.split('>').next().unwrap();
        assert!(tag.ends_with(" hidden"), "{id}: only its script shows it: {tag}");
    }
}

#[test]
fn what_leads_away_from_a_session_opens_beside_it() {
    each(|place, html| {
        let away = html.split("<a href=\"/?lang=").skip(1);
        for link in away.map(|rest| rest.split('>').next().unwrap()) {
            assert!(link.contains("target=\"_blank\" rel=\"noopener\""), "{place}: {link}");
        }
    });
}
