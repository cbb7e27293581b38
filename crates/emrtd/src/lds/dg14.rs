//! DG14: the protocols of the chip, signed (9303-10 §4.7.14).

use super::security_info::SecurityInfos;
use crate::tlv::{self, Reader, Rules, Tag};

/// Why DG14 cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("DG14: {0}")]
pub struct Error(#[from] pub tlv::Error);

/// DG14: `6E { SecurityInfos }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg14 {
    security_infos: SecurityInfos,
}

impl Dg14 {
    /// Reads the file.
    ///
    /// # Errors
    /// When malformed or followed by other bytes.
    pub fn parse(file: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(file, Rules::Ber);
        let mut content = reader.expect(TEMPLATE)?.children()?;
        reader.finish()?;
        let set = content.expect(Tag::SET)?;
        content.finish()?;
        Ok(Self { security_infos: SecurityInfos::from_element(&set)? })
    }

    /// A file holding the encoded `SecurityInfo`s, for simulated documents.
    pub fn write(infos: &[Vec<u8>]) -> Vec<u8> {
        tlv::tagged(TEMPLATE, &tlv::set_of(infos))
    }

    /// The protocols.
    pub fn security_infos(&self) -> &SecurityInfos {
        &self.security_infos
    }
}

const TEMPLATE: Tag = Tag(0x6E);
