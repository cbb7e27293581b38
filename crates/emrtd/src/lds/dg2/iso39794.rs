//! The face record of ISO/IEC 39794-5:2019, DER with automatic tags.
//!
//! The path to the image is `A1` block, `65` face image data block, `A1`
//! representations, `30` the first, `A1` image representation, `A0` base, `A0`
//! two-dimensional, `80` data. Everything beside it is skipped.

use super::{Error, Portrait, RecordFormat};
use crate::tlv::{self, Element, Tag};

pub(super) fn portrait(record: &Element<'_>) -> Result<Portrait, Error> {
    let mut element = *record;
    for tag in PATH {
        element = child(&element, tag)?;
    }
    Portrait::new(element.content(), element.content_offset(), None, RecordFormat::Iso39794)
}

fn child<'a>(parent: &Element<'a>, tag: Tag) -> Result<Element<'a>, Error> {
    let mut children = parent.children()?;
    while !children.is_empty() {
        let element = children.read()?;
        if element.tag() == tag {
            return Ok(element);
        }
        // The base of the representation is a choice; `A1` is a 3D shape.
        if element.tag() == Tag::context(1) && tag == Tag::context(0) {
            return Err(Error::Unsupported {
                what: "a three-dimensional face representation",
                offset: element.offset(),
            });
        }
    }
    Err(tlv::Error { kind: tlv::ErrorKind::Missing(tag), offset: parent.offset() }.into())
}

const PATH: [Tag; 8] = [
    Tag::context(1),
    Tag(0x65),
    Tag::context(1),
    Tag::SEQUENCE,
    Tag::context(1),
    Tag::context(0),
    Tag::context(0),
    Tag::context_primitive(0),
];
