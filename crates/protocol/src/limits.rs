//! Sizes that both sides of the socket agree on.

use std::borrow::Cow;

/// Largest WebSocket message, in bytes; a larger one closes the socket (1009).
pub const FRAME_BYTES: usize = 262_144;
/// Most bytes of evidence that one socket may upload.
pub const TRANSFER_BYTES: usize = 33_554_432;
/// Most chunks that one artifact may be cut into.
pub const CHUNKS: u32 = 256;
/// Largest assembled artifact, in bytes.
pub const ARTIFACT_BYTES: usize = 8_388_608;
/// Chunk size in which a phone uploads chip files, in bytes.
pub const NFC_CHUNK_BYTES: usize = 65_536;
/// Chunk size in which a phone uploads selfies, in bytes.
pub const SELFIE_CHUNK_BYTES: usize = 131_072;
/// Number of selfies of one attempt.
pub const SELFIES: u32 = 3;
/// Size of an active-authentication challenge, in bytes (9303-11 §6.1).
pub const CHALLENGE_BYTES: usize = 8;
/// Most APDUs of one chip-authentication message.
pub const CHIP_APDUS: usize = 4;
/// Longest APDU of chip authentication, in bytes: a DH key of 8,192 bits and its
/// envelope fit twice.
pub const CHIP_APDU_BYTES: usize = 2_304;
/// Size of a device's public key, in bytes (P-256, SEC1 uncompressed).
pub const DEVICE_KEY_BYTES: usize = 65;
/// Size of the nonce that a device key signs, in bytes.
pub const DEVICE_NONCE_BYTES: usize = 32;
/// Longest signature of a device key, in bytes (P-256, DER).
pub const DEVICE_SIGNATURE_BYTES: usize = 72;
/// Number of match codes that a phone offers.
pub const MATCH_CHOICES: usize = 3;
/// Longest text that a server may send, in UTF-8 bytes: deployed phones drop a
/// whole message whose text is longer.
pub const TEXT_BYTES: usize = 255;
/// Longest text that a decoder accepts, in UTF-8 bytes.
pub const DECODED_TEXT_BYTES: usize = 4_096;
/// Most keys or fields that a decoder accepts in one list.
pub const LIST_ITEMS: usize = 256;

/// `text` cut to [`TEXT_BYTES`] on a character boundary; a cut text ends in `…`.
#[must_use]
pub fn fit_text(text: &str) -> Cow<'_, str> {
    const ELLIPSIS: &str = "…";
    if text.len() <= TEXT_BYTES {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(TEXT_BYTES - ELLIPSIS.len());
    let mut cut = text.get(..end).unwrap_or_default().to_owned();
    cut.push_str(ELLIPSIS);
    Cow::Owned(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = "é".repeat(200);
        let cut = fit_text(&text);
        assert!(cut.len() <= TEXT_BYTES && cut.len() > TEXT_BYTES - 4);
        assert!(cut.ends_with("é…"));
        assert_eq!(fit_text("short"), "short");
        assert_eq!(fit_text(&"x".repeat(TEXT_BYTES)), "x".repeat(TEXT_BYTES));
    }
}
