//! Pictures of pixels, as far as a logo needs it: that the file is one still picture of sane size,
//! whole and with nothing behind it. The pixels themselves are decoded by browsers alone.

/// The longest side of a logo, in pixels. A small file can hold a very large picture.
pub const MAX_LOGO_SIDE: u32 = 2048;

const PNG_SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Whether the bytes are a still PNG (PNG 3rd edition §5, §11.2): `IHDR` first, then chunks of which
/// one at least is `IDAT`, and `IEND` last.
pub(super) fn is_png(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(&PNG_SIGNATURE) else { return false };
    let mut chunks = Chunks { rest, layout: Layout::PNG };
    let Some((b"IHDR", header)) = chunks.next() else { return false };
    if !is_png_header(header) {
        return false;
    }
    let mut has_pixels = false;
    while let Some((name, body)) = chunks.next() {
        match name {
            b"IDAT" => has_pixels |= !body.is_empty(),
            b"IEND" => return has_pixels && body.is_empty() && chunks.rest.is_empty(),
            // Only one picture, and one that does not move.
            b"IHDR" | b"acTL" => return false,
            _ => {}
        }
    }
    false
}

fn is_png_header(header: &[u8]) -> bool {
    let Ok([a, b, c, d, e, f, g, h, depth, colours, compression, filter, interlace]) =
        <[u8; 13]>::try_from(header)
    else {
        return false;
    };
    let depths: &[u8] = match colours {
        0 => &[1, 2, 4, 8, 16],
        3 => &[1, 2, 4, 8],
        2 | 4 | 6 => &[8, 16],
        _ => return false,
    };
    is_sane(u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
        && depths.contains(&depth)
        && compression == 0
        && filter == 0
        && interlace <= 1
}

/// Whether the bytes are a still WebP (RFC 9649 §2): a simple file of one `VP8 ` or `VP8L`, or an
/// extended one with such a picture in it and no animation.
pub(super) fn is_webp(bytes: &[u8]) -> bool {
    let Some(([b'R', b'I', b'F', b'F', a, b, c, d], body)) = bytes.split_first_chunk::<8>() else {
        return false;
    };
    let length = u32::from_le_bytes([*a, *b, *c, *d]);
    let Some(rest) = body.strip_prefix(b"WEBP") else { return false };
    if usize::try_from(length) != Ok(body.len()) {
        return false;
    }
    let mut chunks = Chunks { rest, layout: Layout::WEBP };
    let mut pictures = 0;
    let mut is_first = true;
    while let Some((name, body)) = chunks.next() {
        let is_right = match name {
            b"VP8 " | b"VP8L" => {
                pictures += 1;
                if name == b"VP8 " { is_lossy(body) } else { is_lossless(body) }
            }
            b"VP8X" => is_first && is_extended_header(body),
            b"ANIM" | b"ANMF" => false,
            _ => !is_first,
        };
        if !is_right {
            return false;
        }
        is_first = false;
    }
    pictures == 1 && chunks.rest.is_empty()
}

/// A key frame of VP8 (RFC 6386 §9.1).
fn is_lossy(body: &[u8]) -> bool {
    let [tag, _, _, 0x9d, 0x01, 0x2a, a, b, c, d, _, ..] = body else { return false };
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    tag & 1 == 0 && is_sane(side(*a, *b), side(*c, *d))
}

/// The header of a lossless picture (RFC 9649 §3.4).
fn is_lossless(body: &[u8]) -> bool {
    let [0x2f, a, b, c, d, _, ..] = body else { return false };
    let bits = u32::from_le_bytes([*a, *b, *c, *d]);
    let version = bits >> 29;
    version == 0 && is_sane((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
}

/// The header of an extended file (RFC 9649 §2.7) that is not animated.
fn is_extended_header(body: &[u8]) -> bool {
    const ANIMATED: u8 = 0x02;
    let [flags, _, _, _, a, b, c, d, e, f] = body else { return false };
    let width = u32::from_le_bytes([*a, *b, *c, 0]) + 1;
    let height = u32::from_le_bytes([*d, *e, *f, 0]) + 1;
    flags & ANIMATED == 0 && is_sane(width, height)
}

fn is_sane(width: u32, height: u32) -> bool {
    (1..=MAX_LOGO_SIDE).contains(&width) && (1..=MAX_LOGO_SIDE).contains(&height)
}

/// How a format lays its chunks out.
#[derive(Clone, Copy)]
struct Layout {
    length: fn([u8; 4]) -> u32,
    length_first: bool,
    /// Bytes of the checksum behind a chunk.
    checksum: usize,
    /// Whether a chunk of odd length has a byte of padding behind it.
    padded: bool,
}

impl Layout {
    const PNG: Self =
        Self { length: u32::from_be_bytes, length_first: true, checksum: 4, padded: false };
    const WEBP: Self =
        Self { length: u32::from_le_bytes, length_first: false, checksum: 0, padded: true };
}

/// The chunks of a file, until one is not whole.
struct Chunks<'a> {
    rest: &'a [u8],
    layout: Layout,
}

impl<'a> Chunks<'a> {
    fn next(&mut self) -> Option<(&'a [u8; 4], &'a [u8])> {
        let (one, rest) = self.rest.split_first_chunk::<4>()?;
        let (other, rest) = rest.split_first_chunk::<4>()?;
        let (length, name) = if self.layout.length_first { (one, other) } else { (other, one) };
        let length = usize::try_from((self.layout.length)(*length)).ok()?;
        let (body, rest) = rest.split_at_checked(length)?;
        let behind = self.layout.checksum + usize::from(self.layout.padded && length % 2 == 1);
        self.rest = rest.get(behind..)?;
        Some((name, body))
    }
}
