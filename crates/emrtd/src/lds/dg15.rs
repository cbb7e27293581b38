//! DG15: the public key for active authentication (9303-10 §4.7.15).

use crate::crypto::{KeyDescription, PublicKey};
use crate::tlv::{self, Reader, Rules, Tag};

/// Why DG15 cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Its structure is broken.
    #[error("DG15: {0}")]
    Structure(#[from] tlv::Error),
    /// The key is malformed, off its curve, or of an unsupported kind.
    #[error("DG15: not a usable RSA or elliptic-curve key at byte {0}")]
    Key(usize),
}

/// DG15: `6F { SubjectPublicKeyInfo }`.
#[derive(Clone, Debug)]
pub struct Dg15 {
    public_key: PublicKey,
}

impl Dg15 {
    /// Reads the file. Elliptic-curve parameters may be named or spelled out.
    ///
    /// # Errors
    /// When malformed, followed by other bytes, or without a usable key.
    pub fn parse(file: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(file, Rules::Ber);
        let mut content = reader.expect(TEMPLATE)?.children()?;
        reader.finish()?;
        let spki = content.expect(Tag::SEQUENCE)?;
        content.finish()?;
        let public_key = PublicKey::from_spki(spki.raw())
            .filter(|key| !matches!(key.description(), KeyDescription::Dsa { .. }))
            .ok_or(Error::Key(spki.offset()))?;
        Ok(Self { public_key })
    }

    /// A file holding an encoded `SubjectPublicKeyInfo`, for simulated documents.
    pub fn write(spki: &[u8]) -> Vec<u8> {
        tlv::tagged(TEMPLATE, spki)
    }

    /// The key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }
}

const TEMPLATE: Tag = Tag(0x6F);
