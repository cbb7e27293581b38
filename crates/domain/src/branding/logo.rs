//! Logos: small pictures that run nothing and load nothing.

use roxmltree::{Attribute, Document, Node};
use sha2::{Digest, Sha256};

use super::raster::{is_png, is_webp};

/// The largest logo, in bytes.
pub const MAX_LOGO_BYTES: usize = 8 << 10;

const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";

/// What a drawing may be made of. Everything that runs, loads, animates or holds a document of its
/// own is left out (SVG 2 §2.1, "processing modes").
const ELEMENTS: [&str; 21] = [
    "svg",
    "g",
    "defs",
    "symbol",
    "use",
    "title",
    "desc",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "mask",
];

/// What a value that loads something has in it, in lower case; a backslash could hide one in CSS.
const LOADS: [&str; 6] = ["\\", "@", "image", "src(", "javascript:", "expression("];

/// A kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoType {
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// SVG.
    Svg,
}

/// A logo that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    media_type: LogoType,
    bytes: Vec<u8>,
}

/// Which logo an organization has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogoRef {
    /// Its kind.
    pub media_type: LogoType,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
}

/// Why a file is refused as a logo.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// It is longer than [`MAX_LOGO_BYTES`].
    #[error("is larger than 8192 bytes")]
    TooLarge,
    /// Its first bytes are of no kind that is taken.
    #[error("is neither PNG, WebP nor SVG")]
    UnknownType,
    /// It begins as a PNG or a WebP and is none, or not one still picture of sane size.
    #[error("is not one whole, still picture of up to 2048 pixels a side")]
    Picture,
    /// It is an SVG drawing that does more than to draw.
    #[error("is an SVG that is refused: {0}")]
    Svg(#[from] SvgFault),
}

/// What is wrong with a drawing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SvgFault {
    /// It is not well-formed, or has a document type.
    #[error("it is not well-formed XML without a document type")]
    Malformed,
    /// Its root is not `svg` of SVG's namespace.
    #[error("its root is not <svg xmlns=\"http://www.w3.org/2000/svg\">")]
    Root,
    /// It has an element that is not one of shapes, texts, gradients and groups.
    #[error("it has an element that does not just draw, at byte {offset}")]
    Element {
        /// Where.
        offset: usize,
    },
    /// It has an attribute that runs or loads something.
    #[error(
        "it has an attribute that runs a script or refers to something outside, at byte {offset}"
    )]
    Attribute {
        /// Where its element is.
        offset: usize,
    },
    /// It has an instruction to a processor.
    #[error("it has a processing instruction, at byte {offset}")]
    Instruction {
        /// Where.
        offset: usize,
    },
}

impl LogoType {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Png, Self::Webp, Self::Svg];

    /// The kind as it is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Svg => "image/svg+xml",
        }
    }

    /// Reads a kind.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Logo {
    /// Takes a picture, by what it is and not by how it is called.
    pub fn new(bytes: Vec<u8>) -> Result<Self, LogoError> {
        if bytes.len() > MAX_LOGO_BYTES {
            return Err(LogoError::TooLarge);
        }
        let media_type = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => match is_png(&bytes) {
                true => LogoType::Png,
                false => return Err(LogoError::Picture),
            },
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
                match is_webp(&bytes) {
                    true => LogoType::Webp,
                    false => return Err(LogoError::Picture),
                }
            }
            bytes => match std::str::from_utf8(bytes) {
                Ok(text) if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') => {
                    check_svg(text)?;
                    LogoType::Svg
                }
                _ => return Err(LogoError::UnknownType),
            },
        };
        Ok(Self { media_type, bytes })
    }

    /// Its kind.
    pub const fn media_type(&self) -> LogoType {
        self.media_type
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which one it is.
    pub fn reference(&self) -> LogoRef {
        LogoRef { media_type: self.media_type, digest: Sha256::digest(&self.bytes).into() }
    }
}

fn check_svg(text: &str) -> Result<(), SvgFault> {
    let document = Document::parse(text).map_err(|_| SvgFault::Malformed)?;
    let root = document.root_element();
    if root.tag_name().name() != "svg" || root.tag_name().namespace() != Some(SVG) {
        return Err(SvgFault::Root);
    }
    document.root().descendants().try_for_each(check_node)
}

fn check_node(node: Node<'_, '_>) -> Result<(), SvgFault> {
    let offset = node.range().start;
    if node.is_pi() {
        return Err(SvgFault::Instruction { offset });
    }
    if !node.is_element() {
        return Ok(());
    }
    let name = node.tag_name();
    if name.namespace() != Some(SVG) || !ELEMENTS.contains(&name.name()) {
        return Err(SvgFault::Element { offset });
    }
    match node.attributes().all(is_harmless) {
        true => Ok(()),
        false => Err(SvgFault::Attribute { offset }),
    }
}

fn is_harmless(attribute: Attribute<'_, '_>) -> bool {
    let name = attribute.name().to_ascii_lowercase();
    let value = attribute.value().to_ascii_lowercase();
    match attribute.namespace() {
        None if name == "href" => value.starts_with('#'),
        Some(XLINK) => name == "href" && value.starts_with('#'),
        None => !name.starts_with("on") && name != "src" && draws(&value),
        Some("http://www.w3.org/XML/1998/namespace") => name != "base",
        Some(_) => false,
    }
}

/// Whether a value, in lower case, refers to nothing but parts of the same drawing.
fn draws(value: &str) -> bool {
    let only_inside = value
        .split("url(")
        .skip(1)
        .all(|rest| rest.trim_start_matches([' ', '\'', '"']).starts_with('#'));
    only_inside && !LOADS.iter().any(|load| value.contains(load))
}
