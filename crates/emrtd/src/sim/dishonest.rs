//! Chips that lie.

use crate::lds::ElementaryFile;
use crate::tlv::{self, Tag};

/// A way in which a chip is not what it says, for
/// [`Personalisation::with`](super::Personalisation::with).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dishonesty {
    /// Every file is copied, and the private keys are not: other keys of the
    /// same kinds answer.
    Copy,
    /// One file is another, such as DG1 or DG2 of another holder.
    Replaced(ElementaryFile, Vec<u8>),
    /// One file is hidden, such as EF.CardAccess to keep the reader from PACE.
    Removed(ElementaryFile),
    /// The length in the header of a file is wrong.
    Header(ElementaryFile, HeaderLie),
    /// The chip answers wrongly.
    Conduct(Conduct),
}

impl std::fmt::Debug for Dishonesty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Copy => f.write_str("Copy"),
            Self::Replaced(file, _) => write!(f, "Replaced({file})"),
            Self::Removed(file) => write!(f, "Removed({file})"),
            Self::Header(file, lie) => write!(f, "Header({file}, {lie:?})"),
            Self::Conduct(conduct) => conduct.fmt(f),
        }
    }
}

/// What the header of a file says about its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say all")]
pub enum HeaderLie {
    FourGigabytes,
    Zero,
    OneMore,
    OneLess,
}

impl HeaderLie {
    /// The file with its length replaced.
    pub(super) fn apply(self, file: &[u8]) -> Vec<u8> {
        let first = file.get(1).copied().unwrap_or(0);
        let octets = if first < 0x80 { 0 } else { usize::from(first & 0x7F) };
        let header_len = (2 + octets).min(file.len());
        let (header, content) = file.split_at(header_len);
        let tag = header.first().copied().unwrap_or(0);
        let lying = match self {
            Self::FourGigabytes => vec![tag, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            Self::Zero => vec![tag, 0],
            Self::OneMore => header_of(tag, content.len() + 1),
            Self::OneLess => header_of(tag, content.len().saturating_sub(1)),
        };
        [lying.as_slice(), content].concat()
    }
}

/// How a chip answers wrongly, and after how many honest answers to commands
/// since it was last reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// One bit of the MAC of every protected response is wrong.
    WrongMac {
        /// Honest answers before.
        after: u32,
    },
    /// Every protected response is the one before.
    Replay {
        /// Honest answers before.
        after: u32,
    },
    /// READ BINARY gives one byte more than asked for.
    TooMuch {
        /// Honest answers before.
        after: u32,
    },
    /// Every response ends in `61xx`, and GET RESPONSE brings more without end.
    EndlessResponse {
        /// Honest answers before.
        after: u32,
    },
    /// The tag is lost; honest again after [`Chip::reset`](super::Chip::reset).
    SilentAfterCommands(u32),
    /// The tag is lost once so many bytes of responses were sent; honest again
    /// after a reset. A response that was cut off does not arrive.
    SilentAfterBytes(u32),
}

fn header_of(tag: u8, len: usize) -> Vec<u8> {
    let mut element = tlv::tagged(Tag(tag.into()), &vec![0; len]);
    element.truncate(element.len() - len);
    element
}
