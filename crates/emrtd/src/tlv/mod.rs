//! A bounded BER/DER reader that knows byte offsets.
//!
//! Everything a chip or a list provides passes through here first. The reader
//! borrows: the bytes it returns are the original ones, so what is hashed or
//! verified is what was read, never a re-encoding.

mod oid;
mod reader;
mod writer;

pub use oid::Oid;
pub use reader::{Element, Reader};
pub use writer::{
    bit_string, boolean, explicit, integer, null, octet_string, oid as oid_element, sequence,
    set_of, tagged, time,
};

use std::fmt;

/// Nesting beyond this depth is refused.
///
/// Real documents stay below 16; the bound keeps the recursion that looks for
/// the end of an indefinite length finite.
pub const MAX_DEPTH: u8 = 32;

/// A tag as it is written: identifier octets read as one big-endian number,
/// such as `0x30` or `0x5F1F`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

impl Tag {
    /// `BOOLEAN`
    pub const BOOLEAN: Self = Self(0x01);
    /// `INTEGER`
    pub const INTEGER: Self = Self(0x02);
    /// `BIT STRING`, primitive
    pub const BIT_STRING: Self = Self(0x03);
    /// `OCTET STRING`, primitive
    pub const OCTET_STRING: Self = Self(0x04);
    /// `OCTET STRING`, constructed (BER only)
    pub const OCTET_STRING_CONSTRUCTED: Self = Self(0x24);
    /// `OBJECT IDENTIFIER`
    pub const OID: Self = Self(0x06);
    /// `SEQUENCE`
    pub const SEQUENCE: Self = Self(0x30);
    /// `SET`
    pub const SET: Self = Self(0x31);
    /// `UTCTime`
    pub const UTC_TIME: Self = Self(0x17);
    /// `GeneralizedTime`
    pub const GENERALIZED_TIME: Self = Self(0x18);

    /// Constructed, context-specific `[number]`, for numbers up to 30.
    pub const fn context(number: u8) -> Self {
        Self(0xA0 | (number & 0x1F) as u32)
    }

    /// Primitive, context-specific `[number]`, for numbers up to 30.
    pub const fn context_primitive(number: u8) -> Self {
        Self(0x80 | (number & 0x1F) as u32)
    }

    /// Whether the content is itself a series of elements.
    pub fn is_constructed(self) -> bool {
        let first = self.0.to_be_bytes().into_iter().find(|byte| *byte != 0);
        first.unwrap_or(0) & 0x20 != 0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({:02X})", self.0)
    }
}

/// Which encodings a [`Reader`] accepts (X.690).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Definite, minimal lengths only.
    Der,
    /// Also indefinite and non-minimal lengths, and segmented octet strings:
    /// the SOD of New Zealand uses them, and so does a widely copied list.
    Ber,
}

/// Why bytes are not the TLV structure that was expected, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Offset from the start of the file that was given to [`Reader::new`].
    pub offset: usize,
}

/// What is wrong with a TLV structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends inside an element.
    #[error("the input ends inside an element")]
    Truncated,
    /// A tag of more than four octets.
    #[error("a tag is longer than four octets")]
    TagTooLong,
    /// A length of more than four octets, or the reserved value.
    #[error("a length cannot be represented")]
    LengthTooLong,
    /// DER demands the shortest form of the length.
    #[error("a length is not minimal")]
    LengthNotMinimal,
    /// An indefinite length where the rules or a primitive element forbid it.
    #[error("an indefinite length is not allowed here")]
    IndefiniteLength,
    /// Nesting deeper than [`MAX_DEPTH`].
    #[error("elements are nested too deeply")]
    TooDeep,
    /// Another element was expected.
    #[error("expected tag {expected}, found {found}")]
    UnexpectedTag {
        /// The tag the structure needs here.
        expected: Tag,
        /// The tag that is there.
        found: Tag,
    },
    /// An element is missing.
    #[error("expected tag {0}, found the end")]
    Missing(Tag),
    /// Bytes follow a complete structure.
    #[error("bytes follow the end of the structure")]
    TrailingData,
    /// The element is well-formed and its value is not acceptable.
    #[error("{0}")]
    Value(&'static str),
}

impl Error {
    /// An [`ErrorKind::Value`] at `offset`.
    pub fn value(what: &'static str, offset: usize) -> Self {
        Self { kind: ErrorKind::Value(what), offset }
    }
}
