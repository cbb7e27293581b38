//! What a screen says: the fragment of the page, its title, and what is announced of it.

use askama::Template;
use domain::attempt::FailureCode;
use domain::browser::SameNetwork;
use domain::policy::UserCodePolicy;
use domain::session::Session;
use domain::share::FieldSource;

use super::screen::{Canceller, Screen};
use crate::apps::Apps;
use crate::texts::Texts;

/// How long a person can read an end before the way back is taken.
const RETURN_SECONDS: u64 = 10;

/// Who asks, as people are shown it.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    /// The name of the organization.
    pub(super) name: String,
    /// The domain that it was found to own.
    pub(super) domain: Option<String>,
    /// Whether it has a logo.
    pub(super) has_logo: bool,
    /// The path of its colours.
    pub(super) theme: Option<String>,
    /// Its terms.
    pub(super) terms: Option<String>,
    /// Its privacy notice.
    pub(super) privacy: Option<String>,
}

/// What kind of device the page is on, as far as its browser says; its script knows better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    /// It can take a passport to its back.
    Phone,
    /// It may be able to; the person is asked.
    Tablet,
    /// It cannot.
    Desktop,
}

/// The way to the phone in a page without scripts.
#[derive(Clone, Debug)]
pub(super) struct PlainHandoff {
    /// The code, an SVG document of our own.
    pub(super) qr: String,
    /// What it says: the link that is carried to another device.
    pub(super) link: String,
    /// The link of the button on the phone itself.
    pub(super) same_device_link: String,
    /// The same in the app's own scheme.
    pub(super) app_link: String,
    /// The code to type, once it was asked for.
    pub(super) user_code: Option<String>,
}

/// What is shown, to whom.
pub(super) struct Presentation<'a> {
    /// The screen.
    pub(super) screen: &'a Screen,
    /// The session.
    pub(super) session: &'a Session,
    /// Who asks.
    pub(super) asker: &'a Asker,
    /// In which language.
    pub(super) texts: Texts,
    /// On which device.
    pub(super) device: Device,
    /// Under which address codes are typed.
    pub(super) code_address: &'a str,
    /// Where to get the app.
    pub(super) apps: &'a Apps,
    /// Whether the page has no script.
    pub(super) plain: bool,
    /// Whether steps are taken for whoever it is shown to.
    pub(super) may_act: bool,
    /// The way to the phone, in a page without scripts.
    pub(super) handoff: Option<&'a PlainHandoff>,
}

/// A screen in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Presented {
    /// The name of the screen.
    pub(super) screen: &'static str,
    /// The title of the document.
    pub(super) title: String,
    /// What is read out when the screen appears.
    pub(super) announce: String,
    /// What goes into `<main>`.
    pub(super) html: String,
    /// Whether nothing can follow it.
    pub(super) is_end: bool,
}

impl Presentation<'_> {
    fn offers_user_code(&self) -> bool {
        self.session.policy.user_code == UserCodePolicy::Offered
    }

    /// Whether there is a form to cancel. A script may have the cancel token, which is good in any
    /// browser that is shown the page.
    fn may_cancel(&self) -> bool {
        self.may_act || !self.plain
    }

    fn user_code(&self) -> Option<&str> {
        self.handoff.and_then(|handoff| handoff.user_code.as_deref())
    }
}

impl Device {
    /// The name of it in the page.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Desktop => "desktop",
        }
    }

    /// What a user agent says. An iPad may say that it is a Mac, and only a script can tell.
    pub(super) fn of_agent(agent: &str) -> Self {
        let has = |mark| agent.contains(mark);
        if has("iPad") || has("Tablet") || (has("Android") && !has("Mobile")) {
            Self::Tablet
        } else if has("iPhone") || has("iPod") || has("Android") || has("Mobile") {
            Self::Phone
        } else {
            Self::Desktop
        }
    }
}

#[derive(Template)]
#[template(path = "screens/consent.html")]
struct ConsentScreen<'a> {
    p: &'a Presentation<'a>,
    t: Texts,
    name: &'a str,
    returns_to: Option<String>,
    fields: Vec<FieldRow>,
}

struct FieldRow {
    label: String,
    why: String,
    required: bool,
}

#[derive(Template)]
#[template(path = "screens/offer.html")]
struct OfferScreen<'a> {
    p: &'a Presentation<'a>,
    t: Texts,
    /// The two halves of the sentence around the remaining time.
    code_time: (String, String),
    user_code_time: (String, String),
}

#[derive(Template)]
#[template(path = "screens/work.html")]
struct WorkScreen<'a> {
    p: &'a Presentation<'a>,
    t: Texts,
    name: &'a str,
    heading: String,
    text: String,
    number: Option<&'a str>,
    network: Option<(String, bool)>,
    percent: Option<u8>,
    steps: Vec<Step>,
}

struct Step {
    label: String,
    state: &'static str,
    state_text: String,
}

#[derive(Template)]
#[template(path = "screens/phone.html")]
struct PhoneScreen<'a> {
    p: &'a Presentation<'a>,
    t: Texts,
    name: &'a str,
    heading: String,
    text: String,
    left: Option<String>,
}

#[derive(Template)]
#[template(path = "screens/end.html")]
struct EndScreen<'a> {
    p: &'a Presentation<'a>,
    t: Texts,
    name: &'a str,
    kind: &'static str,
    heading: String,
    text: String,
    next: Option<String>,
    advice: Option<String>,
    returns: bool,
    seconds: u64,
}

/// Says a screen in words.
///
/// # Errors
/// Only what a template cannot render, which is a bug.
pub(super) fn present(p: &Presentation<'_>) -> Result<Presented, askama::Error> {
    let name = &p.asker.name;
    let t = p.texts;
    let (title, announce, html) = match p.screen {
        Screen::Consent => (t.consent_title(name), t.consent_heading(name), consent(p).render()?),
        Screen::Offer => (t.offer_title(), t.offer_heading(), offer(p).render()?),
        Screen::Retry { .. } | Screen::Claimed => on_the_phone(p)?,
        screen if screen.is_end() => end(p)?,
        _ => at_work(p)?,
    };
    let (screen, is_end) = (p.screen.name(), p.screen.is_end());
    Ok(Presented { screen, title, announce, html, is_end })
}

/// The two parts of a sentence around its one variable, which a script fills in.
pub(super) fn halves(sentence: impl FnOnce(&str) -> String) -> (String, String) {
    const MARK: &str = "\u{fffc}";
    let text = sentence(MARK);
    match text.split_once(MARK) {
        Some((before, after)) => (before.to_owned(), after.to_owned()),
        None => (text, String::new()),
    }
}

fn consent<'a>(p: &'a Presentation<'a>) -> ConsentScreen<'a> {
    let (t, name) = (p.texts, p.asker.name.as_str());
    let row = |field: &domain::share::ShareField| FieldRow {
        label: t.claim(field.claim, name),
        why: match field.source {
            FieldSource::Default => t.field_by_server(),
            FieldSource::RelyingParty => t.field_reason(&field.reason),
        },
        required: field.required,
    };
    // What everybody asks for comes last; what must be shared comes before what need not.
    let mut fields: Vec<_> = p.session.contract.fields().map(|(_, field)| field).collect();
    fields.sort_by_key(|field| (field.source == FieldSource::Default, !field.required));
    ConsentScreen {
        p,
        t,
        name,
        returns_to: p.session.redirect_url.as_deref().and_then(host_of),
        fields: fields.into_iter().map(row).collect(),
    }
}

fn host_of(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

fn offer<'a>(p: &'a Presentation<'a>) -> OfferScreen<'a> {
    let t = p.texts;
    OfferScreen {
        p,
        t,
        code_time: halves(|time| t.code_time(time)),
        user_code_time: halves(|time| t.user_code_time(time)),
    }
}

type Words = (String, String, String);

fn at_work(p: &Presentation<'_>) -> Result<Words, askama::Error> {
    let (t, name) = (p.texts, p.asker.name.as_str());
    let (now, title, heading, text) = match p.screen {
        Screen::Match { .. } => (0, t.match_title(), t.match_heading(), t.match_text()),
        Screen::Reading { mrz: true, .. } => {
            (1, t.reading_title(), t.reading_heading(), t.reading_mrz_text())
        }
        Screen::Reading { .. } => (1, t.reading_title(), t.reading_heading(), t.reading_text()),
        Screen::Checking => (2, t.checking_title(), t.checking_heading(), t.checking_text()),
        Screen::Selfie => (3, t.selfie_title(), t.selfie_heading(), t.selfie_text()),
        Screen::Share => (4, t.share_title(), t.share_heading(), t.share_text()),
        _ => (1, t.connected_title(), t.connected_heading(), t.connected_text()),
    };
    let (number, network) = match p.screen {
        Screen::Match { code, network } => (Some(code.as_str()), network_text(t, *network)),
        _ => (None, None),
    };
    let percent = match p.screen {
        Screen::Reading { percent, .. } => *percent,
        _ => None,
    };
    let announce = match number {
        Some(number) => format!("{heading}: {number}. {text}"),
        None => spoken(&heading, &text),
    };
    let steps = steps(t, now);
    let html =
        WorkScreen { p, t, name, heading, text, number, network, percent, steps }.render()?;
    Ok((title, announce, html))
}

/// The sentence, and whether it is a warning.
fn network_text(t: Texts, network: SameNetwork) -> Option<(String, bool)> {
    match network {
        SameNetwork::Same => Some((t.match_network_same(), false)),
        SameNetwork::Different => Some((t.match_network_different(), true)),
        SameNetwork::Unknown => None,
    }
}

fn steps(t: Texts, now: usize) -> Vec<Step> {
    let labels = [t.step_connect(), t.step_read(), t.step_check(), t.step_photo(), t.step_share()];
    let step = |(place, label): (usize, String)| {
        let (state, state_text) = match place.cmp(&now) {
            std::cmp::Ordering::Less => ("done", t.step_done()),
            std::cmp::Ordering::Equal => ("now", t.step_now()),
            std::cmp::Ordering::Greater => ("next", t.step_next()),
        };
        Step { label, state, state_text }
    };
    labels.into_iter().enumerate().map(step).collect()
}

/// A heading and what follows it, as they are read out: a heading needs no full stop to be seen.
fn spoken(heading: &str, text: &str) -> String {
    match heading.ends_with(['.', '?', '!', '؟']) {
        true => format!("{heading} {text}"),
        false => format!("{heading}. {text}"),
    }
}

fn on_the_phone(p: &Presentation<'_>) -> Result<Words, askama::Error> {
    let (t, name) = (p.texts, p.asker.name.as_str());
    let (title, heading, text, left) = match p.screen {
        Screen::Retry { code, remaining } => {
            let left = t.retry_left(u64::try_from(*remaining).unwrap_or(u64::MAX));
            let text = match t.advice(*code) {
                Some(advice) => format!("{} {advice}", t.failure(*code, name)),
                None => t.failure(*code, name),
            };
            (t.retry_title(), t.retry_heading(), text, Some(left))
        }
        _ => (t.claimed_title(), t.claimed_heading(), t.claimed_text(), None),
    };
    let announce = spoken(&heading, &text);
    let html = PhoneScreen { p, t, name, heading, text, left }.render()?;
    Ok((title, announce, html))
}

fn end(p: &Presentation<'_>) -> Result<Words, askama::Error> {
    let (t, name) = (p.texts, p.asker.name.as_str());
    let (kind, title, heading, text, next) = match p.screen {
        Screen::Success => {
            ("good", t.success_title(), t.success_heading(), t.success_text(name), None)
        }
        Screen::Failed(code) => {
            let next = match code {
                FailureCode::MatchCodeWrong => t.start_again(name),
                _ => t.no_attempts_left(name),
            };
            ("bad", t.failed_title(), t.failed_heading(), t.failure(*code, name), Some(next))
        }
        Screen::Declined => {
            ("calm", t.declined_title(), t.declined_heading(), t.declined_text(name), None)
        }
        Screen::NotMe => ("bad", t.not_me_title(), t.not_me_heading(), t.not_me_text(name), None),
        Screen::Cancelled { by: Canceller::Organization } => {
            let text = t.cancelled_by_organization(name);
            ("calm", t.cancelled_title(), t.cancelled_heading(), text, Some(t.start_again(name)))
        }
        Screen::Cancelled { by: Canceller::Person } => {
            let text = t.cancelled_by_person();
            ("calm", t.cancelled_title(), t.cancelled_heading(), text, Some(t.start_again(name)))
        }
        _ => ("time", t.expired_title(), t.expired_heading(), t.expired_text(name), None),
    };
    let advice = match p.screen {
        Screen::Failed(code) => t.advice(*code).map(|advice| t.failed_next_time(&advice)),
        _ => None,
    };
    let returns = p.session.redirect_url.is_some();
    let mut announce = spoken(&heading, &text);
    if returns && !p.plain {
        announce = format!("{announce} {}", t.return_in(RETURN_SECONDS));
    }
    let html = EndScreen {
        p,
        t,
        name,
        kind,
        heading,
        text,
        next,
        advice,
        returns,
        seconds: RETURN_SECONDS,
    }
    .render()?;
    Ok((title, announce, html))
}
