#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;

use domain::attempt::{FailureCode, VerdictCode};
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

fn document(screen: &Screen, locale: Locale, device: Device, plain: bool) -> String {
    let asker = Asker {
        name: "Bank <i>& Söhne".to_owned(),
        domain: Some("bank.example".to_owned()),
        has_logo: true,
        theme: Some("/theme/0b57d0-8ab4f8.css".to_owned()),
        terms: Some("https://bank.example/terms".to_owned()),
        privacy: Some("https://bank.example/privacy".to_owned()),
    };
    let session = session(Some("https://bank.example/back"));
    let handoff = PlainHandoff {
        qr: "<svg></svg>".to_owned(),
        same_device_link: "https://verify.example/open/vs_#handoff=x".to_owned(),
        app_link: "kayle-id://x".to_owned(),
        user_code: Some("WDJB-MJHT".to_owned()),
    };
    let texts = Texts::of(locale);
    let presented = present(&Presentation {
        screen,
        session: &session,
        asker: &asker,
        texts,
        device,
        code_address: "https://verify.example/code",
        apps: &Apps::default(),
        plain,
        handoff: plain.then_some(&handoff),
    });
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
        presented: presented.unwrap(),
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
