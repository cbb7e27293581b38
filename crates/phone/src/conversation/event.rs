//! What a conversation is told.

use emrtd::read::Access;
use protocol::{SecretBytes, ServerMessage, ShareRequest};

use crate::PhoneDocument;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A socket is open.
    Connected,
    /// The server said something.
    Message(ServerMessage),
    /// The socket is gone, or could not be opened, or was silent for too long.
    Disconnected,
    /// The holder's answer to [`super::Action::AskShare`].
    Answer(ShareChoice),
    /// The chip's answer to [`super::Action::Sign`]; `None` when there is no chip.
    Signed(Option<SecretBytes>),
    /// How much of the chip was read, in percent, while [`super::Action::ReadChip`] is under way.
    ChipProgress(u8),
    /// The outcome of [`super::Action::ReadChip`]; `None` when the chip could not be read.
    ChipRead(Option<Box<ChipReading>>),
    /// The chip's answers to [`super::Action::Relay`], at least one; `None` when they
    /// could not be had, as when the tag was lost.
    Relayed(Option<Vec<SecretBytes>>),
    /// The device key's answer to [`super::Action::ProveDevice`]; `None` when it cannot be used.
    DeviceProof(Option<Vec<u8>>),
    /// The holder's answer to [`super::Action::Confirm`]; `None` when there was nobody to ask.
    Confirmed(Option<Confirmation>),
}

/// Where the files of the chip come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// They were read before, and there is no chip to relay to.
    Files(PhoneDocument),
    /// A chip is at hand: see [`super::Action::ReadChip`].
    Chip,
}

impl From<PhoneDocument> for Source {
    fn from(document: PhoneDocument) -> Self {
        Self::Files(document)
    }
}

/// What reading a chip gave.
#[derive(Clone, Debug)]
pub struct ChipReading {
    /// Its files.
    pub document: PhoneDocument,
    /// How access was gained.
    pub access: Access,
}

/// Which fields the holder shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareChoice {
    /// Every requested field.
    All,
    /// The required fields only.
    Required,
    /// Exactly these keys.
    Keys(Vec<String>),
}

/// What the holder says of the page that [`super::Action::Confirm`] describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// It is theirs, where there is no number to compare.
    Mine,
    /// It is theirs, and shows this number: one of the choices.
    Choice(String),
    /// It is not theirs. Ends the session, and the relying party hears of it.
    NotMe,
}

impl ShareChoice {
    /// The keys that this choice means for `request`.
    #[must_use]
    pub fn keys(&self, request: &ShareRequest) -> Vec<String> {
        let fields = request.fields.iter();
        match self {
            Self::All => fields.map(|field| field.key.clone()).collect(),
            Self::Required => {
                fields.filter(|field| field.required).map(|field| field.key.clone()).collect()
            }
            Self::Keys(keys) => keys.clone(),
        }
    }
}
