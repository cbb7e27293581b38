//! One frame is one Cap'n Proto message in unpacked stream framing.

use capnp::Word;
use capnp::message::{Builder, Reader, ReaderOptions, ScratchSpaceHeapAllocator};
use capnp::serialize::{self, BufferSegments};
use zeroize::{Zeroize, Zeroizing};

use crate::limits;
use crate::secret::SecretBytes;

/// Why a frame is not a message. The sender is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More than [`limits::FRAME_BYTES`].
    #[error("the frame has {size} bytes, more than {}", limits::FRAME_BYTES)]
    FrameTooLarge {
        /// Bytes received.
        size: usize,
    },
    /// The segment table is wrong or promises more bytes than there are.
    #[error("the segment table is malformed or the frame is cut short")]
    Framing,
    /// Bytes follow the message.
    #[error("{count} bytes follow the message")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A pointer is invalid, has the wrong type, or exceeds the reading limits.
    #[error("{field}: malformed pointer")]
    Malformed {
        /// Where, as `struct.field` of the schema.
        field: &'static str,
    },
    /// A text is not UTF-8.
    #[error("{field}: not UTF-8")]
    TextNotUtf8 {
        /// Where, as `struct.field` of the schema.
        field: &'static str,
    },
    /// A text has more than [`limits::DECODED_TEXT_BYTES`].
    #[error("{field}: longer than {} bytes", limits::DECODED_TEXT_BYTES)]
    TextTooLong {
        /// Where, as `struct.field` of the schema.
        field: &'static str,
    },
    /// A list has more than [`limits::LIST_ITEMS`].
    #[error("{field}: more than {} items", limits::LIST_ITEMS)]
    TooManyItems {
        /// Where, as `struct.field` of the schema.
        field: &'static str,
    },
    /// More APDUs than [`limits::CHIP_APDUS`].
    #[error("{field}: more than {} APDUs", limits::CHIP_APDUS)]
    TooManyApdus {
        /// Where, as `struct.field` of the schema.
        field: &'static str,
    },
    /// An APDU has more than [`limits::CHIP_APDU_BYTES`].
    #[error("{field}: an APDU longer than {} bytes", limits::CHIP_APDU_BYTES)]
    ApduTooLong {
        /// Where, as `struct.field` of the schema.
        field: &'static str,
    },
    /// Bytes of a fixed kind are longer than any of that kind.
    #[error("{field}: longer than {limit} bytes")]
    BytesTooLong {
        /// Where, as `struct.field` of the schema.
        field: &'static str,
        /// The longest there is.
        limit: usize,
    },
    /// A verdict that is neither accepted nor rejected.
    #[error("verdict.outcome: unknown value {0}")]
    UnknownOutcome(u16),
}

/// Why a message cannot be sent. The caller is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The frame would be larger than [`limits::FRAME_BYTES`].
    #[error("the message needs about {size} bytes, more than {}", limits::FRAME_BYTES)]
    FrameTooLarge {
        /// Bytes needed.
        size: usize,
    },
}

/// Opens `frame` and hands its message to `read`.
///
/// The frame is copied once, to words that are zeroized afterwards: the reader
/// needs 8-byte alignment and the socket's buffer has none.
pub(crate) fn open<T>(
    frame: &[u8],
    read: impl FnOnce(&Reader<BufferSegments<&[u8]>>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    if frame.len() > limits::FRAME_BYTES {
        return Err(DecodeError::FrameTooLarge { size: frame.len() });
    }
    let mut words = Word::allocate_zeroed_vec(frame.len().div_ceil(size_of::<Word>()));
    if let Some(bytes) = Word::words_to_bytes_mut(&mut words).get_mut(..frame.len()) {
        bytes.copy_from_slice(frame);
    }
    let result = Word::words_to_bytes(&words)
        .get(..frame.len())
        .ok_or(DecodeError::Framing)
        .and_then(|bytes| open_aligned(bytes, read));
    Word::words_to_bytes_mut(&mut words).zeroize();
    result
}

fn open_aligned<T>(
    mut bytes: &[u8],
    read: impl FnOnce(&Reader<BufferSegments<&[u8]>>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let message = serialize::read_message_from_flat_slice(&mut bytes, reader_options())
        .map_err(|_| DecodeError::Framing)?;
    if !bytes.is_empty() {
        return Err(DecodeError::TrailingBytes { count: bytes.len() });
    }
    read(&message)
}

/// A message read once traverses at most its own size; twice that leaves room
/// for list tags, and none for pointers that share a target to amplify it.
fn reader_options() -> ReaderOptions {
    let mut options = ReaderOptions::new();
    options
        .traversal_limit_in_words(Some(2 * limits::FRAME_BYTES / size_of::<Word>()))
        .nesting_limit(8);
    options
}

/// Builds one frame of a single segment. `content_words` is at least what the
/// message needs beyond its fixed structs.
pub(crate) fn build(
    content_words: usize,
    write: impl FnOnce(&mut Builder<&mut ScratchSpaceHeapAllocator<'_>>),
) -> Result<Vec<u8>, EncodeError> {
    /// Root pointer, union struct and the largest member struct.
    const FIXED_WORDS: usize = 16;
    let words = content_words.saturating_add(FIXED_WORDS);
    let size = words.saturating_mul(size_of::<Word>());
    if size > limits::FRAME_BYTES + FIXED_WORDS * size_of::<Word>() {
        return Err(EncodeError::FrameTooLarge { size });
    }
    let mut scratch = Word::allocate_zeroed_vec(words);
    let frame = {
        let mut allocator = ScratchSpaceHeapAllocator::new(Word::words_to_bytes_mut(&mut scratch));
        let mut message = Builder::new(&mut allocator);
        write(&mut message);
        Zeroizing::new(serialize::write_message_to_words(&message))
    };
    Word::words_to_bytes_mut(&mut scratch).zeroize();
    if frame.len() > limits::FRAME_BYTES {
        return Err(EncodeError::FrameTooLarge { size: frame.len() });
    }
    Ok(frame.to_vec())
}

/// Words that a text takes, with its terminating NUL.
pub(crate) fn text_words(text: &str) -> usize {
    text.len() / size_of::<Word>() + 1
}

/// Words that plain bytes take.
pub(crate) fn data_words(bytes: &[u8]) -> usize {
    bytes.len().div_ceil(size_of::<Word>())
}

/// Words that a list of texts takes.
pub(crate) fn text_list_words(texts: &[String]) -> usize {
    texts.iter().map(|text| 1 + text_words(text)).sum()
}

/// Words that a list of APDUs takes.
pub(crate) fn apdu_list_words(apdus: &[SecretBytes]) -> usize {
    apdus.iter().map(|apdu| 1 + data_words(apdu.as_slice())).sum()
}

/// Fills a list made with the length of `apdus`.
pub(crate) fn set_apdus(mut list: capnp::data_list::Builder<'_>, apdus: &[SecretBytes]) {
    for (index, apdu) in (0..).zip(apdus) {
        list.set(index, apdu.as_slice());
    }
}

/// A length as Cap'n Proto counts it. Frames are bounded far below the limit.
pub(crate) fn list_len(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Maps any refusal of the reader to the field it happened at.
pub(crate) fn at<T>(field: &'static str, value: capnp::Result<T>) -> Result<T, DecodeError> {
    value.map_err(|_| DecodeError::Malformed { field })
}

/// A bounded, valid text.
pub(crate) fn text<'a>(
    field: &'static str,
    value: capnp::Result<capnp::text::Reader<'a>>,
) -> Result<&'a str, DecodeError> {
    let value = at(field, value)?;
    if value.len() > limits::DECODED_TEXT_BYTES {
        return Err(DecodeError::TextTooLong { field });
    }
    value.to_str().map_err(|_| DecodeError::TextNotUtf8 { field })
}

/// Bytes of at most `limit`.
pub(crate) fn bytes(
    field: &'static str,
    value: capnp::Result<&[u8]>,
    limit: usize,
) -> Result<Vec<u8>, DecodeError> {
    let value = at(field, value)?;
    if value.len() > limit {
        return Err(DecodeError::BytesTooLong { field, limit });
    }
    Ok(value.to_vec())
}

/// A bounded list of bounded texts.
pub(crate) fn text_list(
    field: &'static str,
    value: capnp::Result<capnp::text_list::Reader<'_>>,
) -> Result<Vec<String>, DecodeError> {
    let list = at(field, value)?;
    bounded(field, list.len())?;
    list.iter().map(|item| text(field, item).map(str::to_owned)).collect()
}

/// A bounded list of bounded APDUs.
pub(crate) fn apdu_list(
    field: &'static str,
    value: capnp::Result<capnp::data_list::Reader<'_>>,
) -> Result<Vec<SecretBytes>, DecodeError> {
    let list = at(field, value)?;
    if list.len() > list_len(limits::CHIP_APDUS) {
        return Err(DecodeError::TooManyApdus { field });
    }
    list.iter()
        .map(|apdu| {
            let apdu = at(field, apdu)?;
            if apdu.len() > limits::CHIP_APDU_BYTES {
                return Err(DecodeError::ApduTooLong { field });
            }
            Ok(SecretBytes::from(apdu))
        })
        .collect()
}

/// Refuses a list that is too long to be meant.
pub(crate) fn bounded(field: &'static str, len: u32) -> Result<(), DecodeError> {
    if usize::try_from(len).is_ok_and(|len| len <= limits::LIST_ITEMS) {
        Ok(())
    } else {
        Err(DecodeError::TooManyItems { field })
    }
}
