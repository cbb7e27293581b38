use std::fmt;

use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};

use crate::tlv::{Reader, Rules, Tag};

/// A named prime curve (9303-12 §4.1.6.3, RFC 5639). The twisted brainpool
/// curves (`t1`) are isomorphic to the others, and as strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Curve {
    P192,
    P224,
    P256,
    P384,
    P521,
    BrainpoolP192r1,
    BrainpoolP224r1,
    BrainpoolP256r1,
    BrainpoolP320r1,
    BrainpoolP384r1,
    BrainpoolP512r1,
    BrainpoolP192t1,
    BrainpoolP224t1,
    BrainpoolP256t1,
    BrainpoolP320t1,
    BrainpoolP384t1,
    BrainpoolP512t1,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::P192,
        Self::P224,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::BrainpoolP192r1,
        Self::BrainpoolP224r1,
        Self::BrainpoolP256r1,
        Self::BrainpoolP320r1,
        Self::BrainpoolP384r1,
        Self::BrainpoolP512r1,
        Self::BrainpoolP192t1,
        Self::BrainpoolP224t1,
        Self::BrainpoolP256t1,
        Self::BrainpoolP320t1,
        Self::BrainpoolP384t1,
        Self::BrainpoolP512t1,
    ];

    /// OpenSSL's number for the curve.
    pub fn nid(self) -> Nid {
        match self {
            Self::P192 => Nid::X9_62_PRIME192V1,
            Self::P224 => Nid::SECP224R1,
            Self::P256 => Nid::X9_62_PRIME256V1,
            Self::P384 => Nid::SECP384R1,
            Self::P521 => Nid::SECP521R1,
            Self::BrainpoolP192r1 => Nid::BRAINPOOL_P192R1,
            Self::BrainpoolP224r1 => Nid::BRAINPOOL_P224R1,
            Self::BrainpoolP256r1 => Nid::BRAINPOOL_P256R1,
            Self::BrainpoolP320r1 => Nid::BRAINPOOL_P320R1,
            Self::BrainpoolP384r1 => Nid::BRAINPOOL_P384R1,
            Self::BrainpoolP512r1 => Nid::BRAINPOOL_P512R1,
            Self::BrainpoolP192t1 => Nid::BRAINPOOL_P192T1,
            Self::BrainpoolP224t1 => Nid::BRAINPOOL_P224T1,
            Self::BrainpoolP256t1 => Nid::BRAINPOOL_P256T1,
            Self::BrainpoolP320t1 => Nid::BRAINPOOL_P320T1,
            Self::BrainpoolP384t1 => Nid::BRAINPOOL_P384T1,
            Self::BrainpoolP512t1 => Nid::BRAINPOOL_P512T1,
        }
    }

    fn from_nid(nid: Nid) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.nid() == nid)
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P192 => "P-192",
            Self::P224 => "P-224",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::BrainpoolP192r1 => "brainpoolP192r1",
            Self::BrainpoolP224r1 => "brainpoolP224r1",
            Self::BrainpoolP256r1 => "brainpoolP256r1",
            Self::BrainpoolP320r1 => "brainpoolP320r1",
            Self::BrainpoolP384r1 => "brainpoolP384r1",
            Self::BrainpoolP512r1 => "brainpoolP512r1",
            Self::BrainpoolP192t1 => "brainpoolP192t1",
            Self::BrainpoolP224t1 => "brainpoolP224t1",
            Self::BrainpoolP256t1 => "brainpoolP256t1",
            Self::BrainpoolP320t1 => "brainpoolP320t1",
            Self::BrainpoolP384t1 => "brainpoolP384t1",
            Self::BrainpoolP512t1 => "brainpoolP512t1",
        })
    }
}

/// What kind of key it is. Displays as `RSA-4096` or `EC P-384 (explicit)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyDescription {
    /// RSA with a modulus of so many bits.
    Rsa {
        /// Modulus length in bits.
        bits: u32,
    },
    /// An elliptic curve.
    Ec {
        /// The curve.
        curve: Curve,
        /// The key spells out its domain parameters instead of naming them,
        /// as 9303-12 §4.4.2 demands.
        explicit: bool,
    },
    /// DSA with a prime of so many bits (9303-12 §4.1.6.2). No state is known
    /// to use it.
    Dsa {
        /// Length of the prime in bits.
        bits: u32,
    },
}

impl fmt::Display for KeyDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::Dsa { bits } => write!(f, "DSA-{bits}"),
            Self::Ec { curve, explicit } => {
                let suffix = if *explicit { " (explicit)" } else { "" };
                write!(f, "EC {curve}{suffix}")
            }
        }
    }
}

/// A public key of a kind this crate verifies with.
#[derive(Clone)]
pub struct PublicKey {
    key: PKey<Public>,
    description: KeyDescription,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`; `None` when it is malformed, off its
    /// curve, or of an unsupported kind.
    ///
    /// Explicit parameters are accepted only when they are, generator
    /// included, exactly those of a curve in [`Curve`]. A key with a chosen
    /// generator (CVE-2020-0601) is therefore no key at all, on top of the
    /// CSCA key coming from the trust store and never from the document.
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        let key = PKey::public_key_from_der(spki).ok()?;
        let description = match key.id() {
            Id::RSA | Id::RSA_PSS => KeyDescription::Rsa { bits: key.bits() },
            Id::DSA => KeyDescription::Dsa { bits: key.bits() },
            Id::EC => {
                let ec = key.ec_key().ok()?;
                ec.check_key().ok()?;
                KeyDescription::Ec {
                    curve: Curve::from_nid(ec.group().curve_name()?)?,
                    explicit: has_explicit_parameters(spki)?,
                }
            }
            _ => return None,
        };
        Some(Self { key, description })
    }

    /// What kind of key it is.
    pub fn description(&self) -> KeyDescription {
        self.description
    }

    /// The key for OpenSSL.
    pub fn pkey(&self) -> &PKey<Public> {
        &self.key
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.description)
    }
}

fn has_explicit_parameters(spki: &[u8]) -> Option<bool> {
    let info = Reader::new(spki, Rules::Ber).expect(Tag::SEQUENCE).ok()?;
    let algorithm = info.children().ok()?.expect(Tag::SEQUENCE).ok()?;
    let mut fields = algorithm.children().ok()?;
    fields.expect(Tag::OID).ok()?;
    Some(fields.peek() == Some(Tag::SEQUENCE))
}
