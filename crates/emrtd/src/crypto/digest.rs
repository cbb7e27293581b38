use std::fmt;

use openssl::hash::{MessageDigest, hash};

use crate::tlv::Oid;

/// A digest algorithm documents use (9303-10 §4.6.2.3, 9303-12 §4.4).
///
/// SHA-1 is here because documents signed with it are still valid; which one
/// was used is always reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say all")]
pub enum DigestAlgorithm {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl DigestAlgorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The algorithm an object identifier names.
    pub fn from_oid(oid: &Oid) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.oid() == *oid)
    }

    /// The object identifier.
    pub fn oid(self) -> Oid {
        match self {
            Self::Sha1 => Oid::from_octets(&[0x2B, 0x0E, 0x03, 0x02, 0x1A]),
            Self::Sha224 => nist_hash(4),
            Self::Sha256 => nist_hash(1),
            Self::Sha384 => nist_hash(2),
            Self::Sha512 => nist_hash(3),
        }
    }

    /// Length of a digest in bytes.
    pub fn output_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `data`; `None` only when OpenSSL itself fails.
    pub fn digest(self, data: &[u8]) -> Option<Vec<u8>> {
        hash(self.message_digest(), data).ok().map(|digest| digest.to_vec())
    }

    /// Whether `data` has this digest.
    pub fn matches(self, data: &[u8], digest: &[u8]) -> bool {
        self.digest(data).is_some_and(|found| found.as_slice() == digest)
    }

    pub(crate) fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha224 => MessageDigest::sha224(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

fn nist_hash(number: u8) -> Oid {
    Oid::from_octets(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, number])
}
