//! The files that a chip gave.

use std::fmt;

use emrtd::lds::{self, DataGroup};
use emrtd::read;
use protocol::SecretBytes;

/// The files of one document that a verification needs, as read from the chip.
/// Their content is not checked here: that is the server's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneDocument {
    /// EF.DG1, the machine-readable zone.
    pub dg1: SecretBytes,
    /// EF.DG2, the portrait.
    pub dg2: SecretBytes,
    /// EF.SOD, the signed hashes.
    pub sod: SecretBytes,
    /// EF.DG14, security infos, when the document has it.
    pub dg14: Option<SecretBytes>,
    /// EF.DG15, the active-authentication key, when the document has it.
    pub dg15: Option<SecretBytes>,
}

/// A file of the eMRTD application (9303-10 §4.6, table 38).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementaryFile {
    /// EF.COM, the list of data groups.
    Com,
    /// EF.SOD, the document security object.
    Sod,
    /// EF.DG1 to EF.DG16.
    DataGroup(u8),
}

/// Why files do not make a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// A required file is not there.
    #[error("{0} is missing")]
    Missing(ElementaryFile),
    /// Two files are the same elementary file.
    #[error("{0} is given twice")]
    Duplicate(ElementaryFile),
    /// The file starts with another file's tag.
    #[error("{file}: tag {found:#04x} at offset 0, expected {expected:#04x}")]
    WrongTag {
        /// The file by its name.
        file: ElementaryFile,
        /// The tag of that file.
        expected: u8,
        /// The byte found.
        found: u8,
    },
    /// The file has no bytes.
    #[error("{0} is empty")]
    Empty(ElementaryFile),
}

impl PhoneDocument {
    /// Picks a document's files out of named files, as dumps of chips name them:
    /// `EF_SOD.bin`, `DG1.bin`, `Datagroup1.bin`, `ef0101.bin` (by file id), or
    /// `SOD_cms.der` for the bare signature that EF.SOD wraps. Case and folders
    /// do not matter; other files are ignored.
    ///
    /// # Errors
    /// When EF.DG1, EF.DG2 or EF.SOD is missing, a file is given twice, or its
    /// first tag is another file's.
    pub fn from_files<N: AsRef<str>>(
        files: impl IntoIterator<Item = (N, Vec<u8>)>,
    ) -> Result<Self, DocumentError> {
        let mut slots: [Option<SecretBytes>; 5] = Default::default();
        for (name, bytes) in files {
            let bytes = SecretBytes::from(bytes);
            let Some(file) = ElementaryFile::from_name(name.as_ref()) else {
                continue;
            };
            let Some(slot) =
                NEEDED.iter().position(|needed| *needed == file).and_then(|at| slots.get_mut(at))
            else {
                continue;
            };
            if slot.is_some() {
                return Err(DocumentError::Duplicate(file));
            }
            *slot = Some(file.check(bytes)?);
        }
        let [dg1, dg2, sod, dg14, dg15] = slots;
        Ok(Self {
            dg1: dg1.ok_or(DocumentError::Missing(ElementaryFile::DataGroup(1)))?,
            dg2: dg2.ok_or(DocumentError::Missing(ElementaryFile::DataGroup(2)))?,
            sod: sod.ok_or(DocumentError::Missing(ElementaryFile::Sod))?,
            dg14,
            dg15,
        })
    }
}

impl TryFrom<&read::Outcome> for PhoneDocument {
    type Error = DocumentError;

    /// Picks a document's files out of what was read from a chip.
    fn try_from(outcome: &read::Outcome) -> Result<Self, DocumentError> {
        let group = |number| {
            let file = lds::ElementaryFile::Dg(DataGroup::new(number)?);
            outcome.file(file).map(SecretBytes::from)
        };
        let needed =
            |number| group(number).ok_or(DocumentError::Missing(ElementaryFile::DataGroup(number)));
        Ok(Self {
            dg1: needed(1)?,
            dg2: needed(2)?,
            sod: outcome
                .file(lds::ElementaryFile::Sod)
                .map(SecretBytes::from)
                .ok_or(DocumentError::Missing(ElementaryFile::Sod))?,
            dg14: group(14),
            dg15: group(15),
        })
    }
}

impl ElementaryFile {
    /// The file that a dump names so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
        if name == "sod_cms.der" {
            return Some(Self::Sod);
        }
        let stem = name.strip_suffix(".bin")?;
        match stem {
            "ef_sod" | "sod" => return Some(Self::Sod),
            "ef_com" | "com" => return Some(Self::Com),
            _ => {}
        }
        if let Some(short_id) = stem.strip_prefix("ef01") {
            return match u8::from_str_radix(short_id, 16).ok()? {
                0x1d => Some(Self::Sod),
                0x1e => Some(Self::Com),
                number => data_group(number),
            };
        }
        let number = stem
            .strip_prefix("ef_dg")
            .or_else(|| stem.strip_prefix("dg"))
            .or_else(|| stem.strip_prefix("datagroup"))?;
        data_group(number.parse().ok()?)
    }

    /// The first byte of the file (9303-10 §4.6.2).
    #[must_use]
    pub const fn tag(self) -> u8 {
        match self {
            Self::Com => 0x60,
            Self::Sod => 0x77,
            Self::DataGroup(number) => match number {
                1 => 0x61,
                2 => 0x75,
                3 => 0x63,
                4 => 0x76,
                5 => 0x65,
                6 => 0x66,
                7 => 0x67,
                8 => 0x68,
                9 => 0x69,
                10 => 0x6a,
                11 => 0x6b,
                12 => 0x6c,
                13 => 0x6d,
                14 => 0x6e,
                15 => 0x6f,
                _ => 0x70,
            },
        }
    }

    fn check(self, bytes: SecretBytes) -> Result<SecretBytes, DocumentError> {
        /// `SEQUENCE`, with which a bare CMS starts.
        const SEQUENCE: u8 = 0x30;
        let expected = self.tag();
        match bytes.as_slice().first() {
            None => Err(DocumentError::Empty(self)),
            Some(found) if *found == expected => Ok(bytes),
            Some(&SEQUENCE) if self == Self::Sod => Ok(wrap(expected, bytes.as_slice())),
            Some(&found) => Err(DocumentError::WrongTag { file: self, expected, found }),
        }
    }
}

impl fmt::Display for ElementaryFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Com => f.write_str("EF.COM"),
            Self::Sod => f.write_str("EF.SOD"),
            Self::DataGroup(number) => write!(f, "EF.DG{number}"),
        }
    }
}

/// The files of a [`PhoneDocument`], in the order of its members.
const NEEDED: [ElementaryFile; 5] = [
    ElementaryFile::DataGroup(1),
    ElementaryFile::DataGroup(2),
    ElementaryFile::Sod,
    ElementaryFile::DataGroup(14),
    ElementaryFile::DataGroup(15),
];

fn data_group(number: u8) -> Option<ElementaryFile> {
    (1..=16).contains(&number).then_some(ElementaryFile::DataGroup(number))
}

/// `value` under a one-byte tag with a DER length (X.690 §8.1.3).
fn wrap(tag: u8, value: &[u8]) -> SecretBytes {
    let length = value.len().to_be_bytes();
    let significant = length.iter().skip_while(|byte| **byte == 0);
    let mut bytes = vec![tag];
    match u8::try_from(value.len()) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let count = significant.clone().count();
            bytes.push(0x80 | u8::try_from(count).unwrap_or_default());
            bytes.extend(significant);
        }
    }
    bytes.extend(value);
    bytes.into()
}
