//! Which screen a visitor is shown: the first that fits, as in REFERENCE 8.6.

use domain::attempt::{AttemptState, FailureCode, Phase};
use domain::browser::{SameNetwork, Visitor};
use domain::event::CancelReason;
use domain::key::Keys;
use domain::session::{Session, SessionState};

/// What a person sees. The last seven are ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// Who asks, for what; the person has not agreed yet.
    Consent,
    /// The way to the phone.
    Offer,
    /// A phone has come.
    Connected,
    /// The phone asks for the number that this page shows.
    Match {
        /// The number, two digits.
        code: String,
        /// Whether the phone is in the network of this page.
        network: SameNetwork,
    },
    /// The phone reads the document.
    Reading {
        /// Whether it is still at the lines of the photo page.
        mrz: bool,
        /// How much of the chip is read, if the phone says so.
        percent: Option<u8>,
    },
    /// The server checks the document.
    Checking,
    /// The phone takes selfies.
    Selfie,
    /// The person chooses on the phone what to share.
    Share,
    /// An attempt failed, and the same phone may try again.
    Retry {
        /// Why it failed.
        code: FailureCode,
        /// How many attempts are left.
        remaining: usize,
    },
    /// A phone has claimed the session, and it alone may go on.
    Claimed,
    /// Claims were shared.
    Success,
    /// The last attempt failed.
    Failed(FailureCode),
    /// Somebody cancelled it.
    Cancelled {
        /// Who.
        by: Canceller,
    },
    /// The person declined to take part.
    Declined,
    /// The person at the phone did not open this page.
    NotMe,
    /// Its time ran out.
    Expired,
}

/// Who cancelled a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Canceller {
    /// The person, here or on the phone.
    Person,
    /// The organization.
    Organization,
}

impl Screen {
    /// The screen of a session for one who may see it.
    pub(super) fn of(session: &Session, visitor: &Visitor, keys: &Keys) -> Self {
        match &session.state {
            SessionState::Cancelled(_) => cancelled(session),
            SessionState::Expired(_) => Self::Expired,
            SessionState::Completed(_) => {
                match session.latest_attempt().and_then(|attempt| attempt.failure_code()) {
                    Some(code) => Self::Failed(code),
                    None => Self::Success,
                }
            }
            SessionState::InProgress(_) => in_progress(session, visitor, keys),
            SessionState::Created => created(session),
        }
    }

    /// Its name, in the page and in what the page follows.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Offer => "offer",
            Self::Connected => "connected",
            Self::Match { .. } => "match",
            Self::Reading { .. } => "reading",
            Self::Checking => "checking",
            Self::Selfie => "selfie",
            Self::Share => "share",
            Self::Retry { .. } => "retry",
            Self::Claimed => "claimed",
            Self::Success => "success",
            Self::Failed(_) => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::Declined => "declined",
            Self::NotMe => "not_me",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing can follow it.
    pub(super) const fn is_end(&self) -> bool {
        matches!(
            self,
            Self::Success
                | Self::Failed(_)
                | Self::Cancelled { .. }
                | Self::Declined
                | Self::NotMe
                | Self::Expired
        )
    }
}

fn created(session: &Session) -> Screen {
    let failed = session.latest_attempt().and_then(|attempt| match &attempt.state {
        AttemptState::Failed { code, .. } => Some(*code),
        _ => None,
    });
    match failed {
        Some(code) => Screen::Retry { code, remaining: session.remaining_attempts() },
        None if session.same_device_only() => Screen::Claimed,
        None if session.consent.is_none() => Screen::Consent,
        None => Screen::Offer,
    }
}

fn in_progress(session: &Session, visitor: &Visitor, keys: &Keys) -> Screen {
    let Some(claim) = session.live_claim() else { return Screen::Connected };
    if let Some(codes) = session.pending_match_codes(keys) {
        // Whoever else follows may not help the phone on.
        return match is_bound(session, visitor) {
            true => Screen::Match { code: codes.shown(), network: claim.network },
            false => Screen::Connected,
        };
    }
    let percent = claim.progress;
    match claim.phase {
        Phase::MobileConnected => Screen::Connected,
        Phase::MrzScanning => Screen::Reading { mrz: true, percent: None },
        Phase::MrzComplete => Screen::Reading { mrz: false, percent: None },
        // The phase of the check is written when the check is over.
        Phase::NfcReading if percent == Some(100) => Screen::Checking,
        Phase::NfcReading => Screen::Reading { mrz: false, percent },
        Phase::NfcComplete => Screen::Checking,
        Phase::SelfieCapturing => Screen::Selfie,
        Phase::SelfieComplete => Screen::Share,
    }
}

/// Whether the visitor is the browser that opened the session.
pub(super) fn is_bound(session: &Session, visitor: &Visitor) -> bool {
    let bound = session.browser.as_ref().map(|browser| &browser.secret);
    bound.is_some() && visitor.secret() == bound
}

fn cancelled(session: &Session) -> Screen {
    match session.cancel_reason {
        Some(CancelReason::NotMe) => Screen::NotMe,
        Some(CancelReason::Declined) => Screen::Declined,
        Some(CancelReason::ByPerson) => Screen::Cancelled { by: Canceller::Person },
        None => Screen::Cancelled { by: Canceller::Organization },
    }
}

#[cfg(test)]
mod tests;
