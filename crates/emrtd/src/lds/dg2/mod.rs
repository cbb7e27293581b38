//! DG2: the portrait (9303-10 §4.7.2), as ISO/IEC 19794-5 or 39794-5.

mod image;
mod iso19794;
mod iso39794;

use std::fmt;

use zeroize::Zeroizing;

use crate::tlv::{self, Reader, Rules, Tag};

/// Why DG2 cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Its structure is broken.
    #[error("DG2: {0}")]
    Structure(#[from] tlv::Error),
    /// The file is sound and holds something this crate does not read.
    #[error("DG2: {what} is not supported, at byte {offset}")]
    Unsupported {
        /// What it holds.
        what: &'static str,
        /// Where it starts.
        offset: usize,
    },
}

/// How the portrait is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// JPEG
    Jpeg,
    /// JPEG 2000, a JP2 file or a bare codestream.
    Jpeg2000,
}

impl ImageFormat {
    /// The format its first bytes show.
    pub fn detect(image: &[u8]) -> Option<Self> {
        const JP2: &[u8] = &[0, 0, 0, 12, b'j', b'P', b' ', b' ', 0x0D, 0x0A, 0x87, 0x0A];
        if image.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if image.starts_with(JP2) || image.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
            Some(Self::Jpeg2000)
        } else {
            None
        }
    }

    /// The media type: `image/jpeg` or `image/jp2`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Jpeg2000 => "image/jp2",
        }
    }
}

/// The encoding of the face record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordFormat {
    /// ISO/IEC 19794-5:2005, tag `5F2E`.
    Iso19794,
    /// ISO/IEC 39794-5:2019, tag `7F2E`.
    Iso39794,
}

/// The face image, still compressed. Zeroized on drop; `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Portrait {
    /// How the image is compressed.
    pub format: ImageFormat,
    /// Width in pixels as the record's header says; it is not always that of
    /// the image. From the image where the record has none.
    pub width: u16,
    /// Height in pixels, as for the width.
    pub height: u16,
    /// The encoding of the record it came in.
    pub record: RecordFormat,
    image: Zeroizing<Vec<u8>>,
}

impl Portrait {
    /// The compressed image.
    pub fn image(&self) -> &[u8] {
        &self.image
    }

    fn new(
        image: &[u8],
        offset: usize,
        size: Option<(u16, u16)>,
        record: RecordFormat,
    ) -> Result<Self, Error> {
        let format = ImageFormat::detect(image).ok_or(Error::Unsupported {
            what: "an image that is neither JPEG nor JPEG 2000",
            offset,
        })?;
        let (width, height) = size
            .or_else(|| image::dimensions(format, image))
            .ok_or(tlv::Error::value("the image has no dimensions", offset))?;
        Ok(Self { format, width, height, record, image: Zeroizing::new(image.to_vec()) })
    }
}

impl fmt::Debug for Portrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Portrait({:?}, {}x{}, redacted)", self.format, self.width, self.height)
    }
}

/// DG2: `75 { 7F61 { 02 <count>, 7F60 { A1 <header>, 5F2E | 7F2E <record> } } }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg2 {
    portrait: Portrait,
}

impl Dg2 {
    /// Reads the first face image of the file.
    ///
    /// # Errors
    /// When the structure is broken or the record is of another kind.
    pub fn parse(file: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(file, Rules::Ber);
        let mut group = reader.expect(TEMPLATE)?.children()?;
        reader.finish()?;
        let mut instances = group.expect(INSTANCES)?.children()?;
        group.finish()?;
        instances.expect(Tag::INTEGER)?.small_unsigned()?;
        let mut instance = instances.expect(INSTANCE)?.children()?;
        while !instance.is_empty() {
            let element = instance.read()?;
            let portrait = match element.tag() {
                RECORD_19794 => iso19794::portrait(element.content(), element.content_offset())?,
                // ISO/IEC 7816-11 lets a template hold the older record too.
                RECORD_39794 if element.content().starts_with(iso19794::MAGIC) => {
                    iso19794::portrait(element.content(), element.content_offset())?
                }
                RECORD_39794 => iso39794::portrait(&element)?,
                _ => continue,
            };
            return Ok(Self { portrait });
        }
        Err(tlv::Error::value("no face record", instance.offset()).into())
    }

    /// A file holding one image in an ISO/IEC 19794-5 record, for simulated
    /// documents.
    pub fn write(image: &[u8], width: u16, height: u16) -> Vec<u8> {
        let header =
            [0x81, 0x01, 0x02, 0x82, 0x01, 0x00, 0x87, 0x02, 0x01, 0x01, 0x88, 0x02, 0x00, 0x08];
        let record = iso19794::write(image, width, height);
        let instance =
            [tlv::tagged(Tag::context(1), &header), tlv::tagged(RECORD_19794, &record)].concat();
        let instances =
            [tlv::tagged(Tag::INTEGER, &[1]), tlv::tagged(INSTANCE, &instance)].concat();
        tlv::tagged(TEMPLATE, &tlv::tagged(INSTANCES, &instances))
    }

    /// The portrait.
    pub fn portrait(&self) -> &Portrait {
        &self.portrait
    }

    /// The portrait, taken out.
    pub fn into_portrait(self) -> Portrait {
        self.portrait
    }
}

const TEMPLATE: Tag = Tag(0x75);
const INSTANCES: Tag = Tag(0x7F61);
const INSTANCE: Tag = Tag(0x7F60);
const RECORD_19794: Tag = Tag(0x5F2E);
const RECORD_39794: Tag = Tag(0x7F2E);
