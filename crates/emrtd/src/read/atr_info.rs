//! EF.ATR/INFO: what fits into one APDU (9303-10 §3.11.1, ISO/IEC 7816-4
//! §12.7.1).

use super::apdu::{CommandApdu, StatusWord};
use super::secure_messaging::MAX_OVERHEAD;
use crate::tlv::{Reader, Rules, Tag};

/// How the file is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtrInfo {
    ByShortId,
    Selected,
    Read,
}

/// The lengths of whole APDUs that a chip with extended lengths announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ExtendedLengths {
    /// Bytes of a command.
    pub(super) command: usize,
    /// Bytes of a response.
    pub(super) response: u32,
}

impl AtrInfo {
    pub(super) fn command(self) -> CommandApdu {
        match self {
            Self::ByShortId => CommandApdu::new(0, 0xB0, 0x81, 0).expecting(256),
            Self::Selected => CommandApdu::new(0, 0xA4, 0x02, 0x0C).with_data(&[0x2F, 0x01]),
            Self::Read => CommandApdu::new(0, 0xB0, 0, 0).expecting(256),
        }
    }

    /// What comes after a response of this status; `None` at the end.
    pub(super) fn next(self, status: StatusWord) -> Option<Self> {
        let good = matches!(status, StatusWord::OK | StatusWord::END_OF_FILE);
        match self {
            Self::ByShortId if !good => Some(Self::Selected),
            Self::Selected if good => Some(Self::Read),
            _ => None,
        }
    }
}

impl ExtendedLengths {
    /// From `7F66 { 02 command bytes, 02 response bytes }` in the file; `None`
    /// where it is missing, malformed, or no longer than short lengths.
    pub(super) fn parse(file: &[u8]) -> Option<Self> {
        let mut objects = Reader::new(file, Rules::Ber);
        loop {
            let object = objects.read().ok()?;
            if object.tag() != EXTENDED_LENGTH_INFORMATION {
                continue;
            }
            let mut lengths = object.children().ok()?;
            let mut length = || lengths.expect(Tag::INTEGER).ok()?.small_unsigned().ok();
            let (command, response) = (length()? as usize, length()?);
            return (command > SHORT_COMMAND && response > 256 + MAX_OVERHEAD as u32)
                .then_some(Self { command, response });
        }
    }

    /// Most bytes of a file that fit into one protected response.
    pub(super) fn block(self) -> u32 {
        self.response.saturating_sub(MAX_OVERHEAD as u32)
    }
}

/// The longest command without extended lengths.
const SHORT_COMMAND: usize = 5 + 255 + 1;
const EXTENDED_LENGTH_INFORMATION: Tag = Tag(0x7F66);
