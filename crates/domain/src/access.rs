//! How a phone says that it got access to the chip.
//!
//! A server cannot check any of this: PACE and BAC prove the chip to whoever holds the terminal's
//! keys, and that is the phone. It is kept as the phone's word and named so.

/// How the session between phone and chip was opened (9303-11 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessMethod {
    /// PACE with generic mapping.
    PaceGeneric,
    /// PACE with integrated mapping.
    PaceIntegrated,
    /// PACE with chip-authentication mapping.
    PaceChipAuthentication,
    /// Basic access control.
    Bac,
}

/// Why BAC was used though PACE should have been (9303-11 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downgrade {
    /// PACE was tried and failed.
    PaceFailed,
    /// EF.CardAccess offers PACE in no form that the phone knows.
    PaceUnsupported,
    /// EF.CardAccess cannot be read as one.
    CardAccessMalformed,
    /// DG14 promises PACE, and EF.CardAccess did not.
    PaceHidden,
}

/// What the phone saw of PACE's chip-authentication mapping (9303-11 §4.4.3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaceCam {
    /// Another mapping was run.
    NotRun,
    /// It was run, and no signed key to check it against was read.
    NoKey,
    /// The chip has the key of EF.CardSecurity, and the phone cannot tell whether a state signed it.
    Unvouched,
    /// The chip proved its key to the phone, which knows the state that signed it.
    Proven,
    /// The chip did not prove its key to the phone.
    Failed,
}

/// What a phone said of its access to the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneReport {
    /// How the session was opened.
    pub access: AccessMethod,
    /// Why not by PACE.
    pub downgrade: Option<Downgrade>,
    /// Chip-authentication mapping.
    pub pace_cam: Option<PaceCam>,
}

impl PhoneReport {
    /// Reads the texts of the wire; an empty one is nothing said. `None` if a text is unknown.
    pub fn parse(access: &str, downgrade: &str, mapping: &str) -> Option<Self> {
        fn optional<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
            if text.is_empty() { Some(None) } else { parse(text).map(Some) }
        }
        Some(Self {
            access: AccessMethod::parse(access)?,
            downgrade: optional(downgrade, Downgrade::parse)?,
            pace_cam: optional(mapping, PaceCam::parse)?,
        })
    }
}

impl AccessMethod {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::PaceGeneric, Self::PaceIntegrated, Self::PaceChipAuthentication, Self::Bac];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaceGeneric => "pace_gm",
            Self::PaceIntegrated => "pace_im",
            Self::PaceChipAuthentication => "pace_cam",
            Self::Bac => "bac",
        }
    }

    /// Reads a name; `None` if there is no such method.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

impl Downgrade {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::PaceFailed, Self::PaceUnsupported, Self::CardAccessMalformed, Self::PaceHidden];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaceFailed => "pace_failed",
            Self::PaceUnsupported => "pace_unsupported",
            Self::CardAccessMalformed => "card_access_malformed",
            Self::PaceHidden => "pace_hidden",
        }
    }

    /// Reads a name; `None` if there is no such downgrade.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|downgrade| downgrade.as_str() == text)
    }
}

impl PaceCam {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::NotRun, Self::NoKey, Self::Unvouched, Self::Proven, Self::Failed];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRun => "not_run",
            Self::NoKey => "no_key",
            Self::Unvouched => "unvouched",
            Self::Proven => "proven",
            Self::Failed => "failed",
        }
    }

    /// Reads a name; `None` if there is no such outcome.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}
