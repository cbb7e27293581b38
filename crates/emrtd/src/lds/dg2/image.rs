//! Width and height from the header of an image; nothing is decoded.

use super::ImageFormat;

pub(super) fn dimensions(format: ImageFormat, image: &[u8]) -> Option<(u16, u16)> {
    match format {
        ImageFormat::Jpeg => jpeg(image),
        ImageFormat::Jpeg2000 => jpeg2000(image),
    }
}

/// The first start-of-frame segment (ITU-T T.81 §B.2.2).
fn jpeg(image: &[u8]) -> Option<(u16, u16)> {
    let mut at = 2;
    loop {
        let [marker, kind, high, low] = image.get(at..at + 4)? else {
            return None;
        };
        if *marker != 0xFF {
            return None;
        }
        // C4, C8 and CC share the range and are no frames.
        if matches!(kind, 0xC0..=0xCF) && !matches!(kind, 0xC4 | 0xC8 | 0xCC) {
            let [h1, h2, w1, w2] = image.get(at + 5..at + 9)? else {
                return None;
            };
            return Some((u16::from_be_bytes([*w1, *w2]), u16::from_be_bytes([*h1, *h2])));
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length < 2 {
            return None;
        }
        at += 2 + length;
    }
}

/// The SIZ segment that must come first in the codestream (ITU-T T.800 §A.5.1).
fn jpeg2000(image: &[u8]) -> Option<(u16, u16)> {
    let start =
        image.windows(4).take(4096).position(|window| window == [0xFF, 0x4F, 0xFF, 0x51])?;
    let field = |at: usize| -> Option<u32> {
        let octets = image.get(start + at..start + at + 4)?;
        Some(u32::from_be_bytes(octets.try_into().ok()?))
    };
    let width = field(8)?.checked_sub(field(16)?)?;
    let height = field(12)?.checked_sub(field(20)?)?;
    Some((u16::try_from(width).ok()?, u16::try_from(height).ok()?))
}
