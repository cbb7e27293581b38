//! DG1: the machine readable zone (9303-10 §4.7.1).

use crate::UnixSeconds;
use crate::mrz::{self, Mrz};
use crate::tlv::{self, Reader, Rules, Tag};

/// Why DG1 cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Its structure is broken.
    #[error("DG1: {0}")]
    Structure(#[from] tlv::Error),
    /// The zone in it is not valid.
    #[error("DG1: {error} in the zone at byte {offset}")]
    Mrz {
        /// What is wrong with it.
        error: mrz::Error,
        /// Where the zone starts.
        offset: usize,
    },
}

/// DG1: `61 { 5F1F <zone> }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg1 {
    mrz: Mrz,
}

impl Dg1 {
    /// Reads the file; `at` resolves the centuries of its dates.
    ///
    /// # Errors
    /// When the structure or the zone is not valid.
    pub fn parse(file: &[u8], at: UnixSeconds) -> Result<Self, Error> {
        let mut reader = Reader::new(file, Rules::Ber);
        let mut fields = reader.expect(TEMPLATE)?.children()?;
        reader.finish()?;
        let zone = fields.expect(ZONE)?;
        fields.finish()?;
        let mrz = Mrz::parse(zone.content(), at)
            .map_err(|error| Error::Mrz { error, offset: zone.content_offset() })?;
        Ok(Self { mrz })
    }

    /// A file holding `zone`, for simulated documents.
    pub fn write(zone: &str) -> Vec<u8> {
        tlv::tagged(TEMPLATE, &tlv::tagged(ZONE, zone.as_bytes()))
    }

    /// The zone.
    pub fn mrz(&self) -> &Mrz {
        &self.mrz
    }

    /// The zone, taken out.
    pub fn into_mrz(self) -> Mrz {
        self.mrz
    }
}

const TEMPLATE: Tag = Tag(0x61);
const ZONE: Tag = Tag(0x5F1F);
