//! `SecurityInfos`: what protocols a chip speaks (9303-11 §9.2, TR-03110-3 §A.1.1).
//!
//! The same `SET OF SecurityInfo` is EF.CardAccess, the signed content of
//! EF.CardSecurity, and the content of DG14. In EF.CardAccess nobody signed it.

use crate::crypto::symmetric::Cipher;
use crate::crypto::{AlgorithmIdentifier, DigestAlgorithm, SignatureAlgorithm};
use crate::tlv::{Element, Error, Oid, Reader, Rules, Tag};

/// More entries than this are refused; real chips have fewer than twenty.
pub const MAX_INFOS: usize = 64;

/// The protocols a chip announces, in the order it wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityInfos {
    infos: Vec<SecurityInfo>,
}

impl SecurityInfos {
    /// Reads the encoded `SET`, which starts at `offset` of its file.
    ///
    /// Entries of unknown protocols are kept by their identifier. An entry of a
    /// known protocol must have the form of that protocol.
    ///
    /// # Errors
    /// When malformed, followed by other bytes, or of more than [`MAX_INFOS`]
    /// entries. The caller names the file.
    pub fn parse(encoded: &[u8], offset: usize) -> Result<Self, Error> {
        let mut reader = Reader::at(encoded, offset, Rules::Ber);
        let set = reader.expect(Tag::SET)?;
        reader.finish()?;
        Self::from_element(&set)
    }

    /// Reads the `SET` from an element already found.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_element(set: &Element<'_>) -> Result<Self, Error> {
        let mut entries = set.children()?;
        let mut infos = Vec::new();
        while !entries.is_empty() {
            let entry = entries.expect(Tag::SEQUENCE)?;
            if infos.len() == MAX_INFOS {
                return Err(entry.invalid("too many security infos"));
            }
            infos.push(SecurityInfo::parse(&entry)?);
        }
        Ok(Self { infos })
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = &SecurityInfo> {
        self.infos.iter()
    }

    /// The ways to run PACE.
    pub fn pace(&self) -> impl Iterator<Item = &PaceInfo> {
        self.infos.iter().filter_map(|info| match info {
            SecurityInfo::Pace(info) => Some(info),
            _ => None,
        })
    }

    /// The domain parameters for PACE that the chip spells out.
    pub fn pace_domain_parameters(&self) -> impl Iterator<Item = &PaceDomainParameterInfo> {
        self.infos.iter().filter_map(|info| match info {
            SecurityInfo::PaceDomainParameters(info) => Some(info),
            _ => None,
        })
    }

    /// The ways to run chip authentication.
    pub fn chip_authentication(&self) -> impl Iterator<Item = &ChipAuthenticationInfo> {
        self.infos.iter().filter_map(|info| match info {
            SecurityInfo::ChipAuthentication(info) => Some(info),
            _ => None,
        })
    }

    /// The public keys for chip authentication and PACE-CAM.
    pub fn chip_public_keys(&self) -> impl Iterator<Item = &ChipAuthenticationPublicKeyInfo> {
        self.infos.iter().filter_map(|info| match info {
            SecurityInfo::ChipAuthenticationPublicKey(info) => Some(info),
            _ => None,
        })
    }

    /// How active authentication signs, when said. RSA chips need not say it.
    pub fn active_authentication(&self) -> Option<&ActiveAuthenticationInfo> {
        self.infos.iter().find_map(|info| match info {
            SecurityInfo::ActiveAuthentication(info) => Some(info),
            _ => None,
        })
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecurityInfo {
    /// `PACEInfo`
    Pace(PaceInfo),
    /// `PACEDomainParameterInfo`
    PaceDomainParameters(PaceDomainParameterInfo),
    /// `ChipAuthenticationInfo`
    ChipAuthentication(ChipAuthenticationInfo),
    /// `ChipAuthenticationPublicKeyInfo`
    ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo),
    /// `ActiveAuthenticationInfo`
    ActiveAuthentication(ActiveAuthenticationInfo),
    /// `TerminalAuthenticationInfo`, which needs keys that states give out.
    TerminalAuthentication,
    /// Any other protocol; its data are not read.
    Unknown(Oid),
}

/// Diffie-Hellman in a prime field or on an elliptic curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say all")]
pub enum KeyAgreement {
    Dh,
    Ecdh,
}

/// How PACE maps the nonce to a generator (9303-11 §4.4.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say all")]
pub enum PaceMapping {
    Generic,
    Integrated,
    ChipAuthentication,
}

/// A PACE protocol (9303-11 §9.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaceProtocol {
    /// The group the keys are in.
    pub agreement: KeyAgreement,
    /// The mapping.
    pub mapping: PaceMapping,
    /// The cipher of the session that follows.
    pub cipher: Cipher,
}

impl PaceProtocol {
    /// The protocol an identifier names.
    pub fn from_oid(oid: &Oid) -> Option<Self> {
        let [family, cipher] = oid.octets().strip_prefix(PACE)? else { return None };
        let (agreement, mapping) = pace_family(*family)?;
        let cipher = cipher_of(*cipher)?;
        let exists = mapping != PaceMapping::ChipAuthentication || cipher != Cipher::TripleDes;
        exists.then_some(Self { agreement, mapping, cipher })
    }

    /// The identifier. Chip authentication mapping exists on curves only, so
    /// there the agreement does not matter.
    pub fn oid(self) -> Oid {
        let family = match (self.agreement, self.mapping) {
            (KeyAgreement::Dh, PaceMapping::Generic) => 1,
            (KeyAgreement::Ecdh, PaceMapping::Generic) => 2,
            (KeyAgreement::Dh, PaceMapping::Integrated) => 3,
            (KeyAgreement::Ecdh, PaceMapping::Integrated) => 4,
            (_, PaceMapping::ChipAuthentication) => 6,
        };
        Oid::from_octets(&[PACE, &[family, cipher_arc(self.cipher)]].concat())
    }
}

/// `PACEInfo` (9303-11 §9.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceInfo {
    /// The protocol.
    pub protocol: PaceProtocol,
    /// 2; version 1 is no part of 9303.
    pub version: u32,
    /// A standardized domain parameter (9303-11 §9.5.1), or the identifier of a
    /// [`PaceDomainParameterInfo`]. In PACE-CAM also the chip's key.
    pub parameter_id: Option<u32>,
}

/// `PACEDomainParameterInfo` (9303-11 §9.2.2): parameters nobody signed, which
/// must not be used unless known to be secure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceDomainParameterInfo {
    /// The group the parameters are for.
    pub agreement: KeyAgreement,
    /// The mapping they are for.
    pub mapping: PaceMapping,
    /// The parameters.
    pub parameters: AlgorithmIdentifier,
    /// What a [`PaceInfo`] refers to.
    pub parameter_id: Option<u32>,
}

/// A chip authentication protocol (9303-11 §9.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChipAuthenticationProtocol {
    /// The group the keys are in.
    pub agreement: KeyAgreement,
    /// The cipher of the session that follows.
    pub cipher: Cipher,
}

impl ChipAuthenticationProtocol {
    /// The protocol an identifier names.
    pub fn from_oid(oid: &Oid) -> Option<Self> {
        let [family, cipher] = oid.octets().strip_prefix(CHIP_AUTHENTICATION)? else {
            return None;
        };
        let agreement = agreement(*family)?;
        Some(Self { agreement, cipher: cipher_of(*cipher)? })
    }

    /// The identifier.
    pub fn oid(self) -> Oid {
        let family = match self.agreement {
            KeyAgreement::Dh => 1,
            KeyAgreement::Ecdh => 2,
        };
        Oid::from_octets(&[CHIP_AUTHENTICATION, &[family, cipher_arc(self.cipher)]].concat())
    }
}

/// `ChipAuthenticationInfo` (9303-11 §9.2.5, TR-03110-3 §A.1.1.2).
///
/// Chips of TR-03110 1.0 have none, only a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationInfo {
    /// The protocol.
    pub protocol: ChipAuthenticationProtocol,
    /// 1 in 9303; 2 and 3 exist in TR-03110.
    pub version: u32,
    /// Which key it uses, when there are several.
    pub key_id: Option<u32>,
}

/// `ChipAuthenticationPublicKeyInfo` (9303-11 §9.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipAuthenticationPublicKeyInfo {
    /// The group the key is in.
    pub agreement: KeyAgreement,
    /// The algorithm and domain parameters of the key; they may also be a
    /// standardized set, by number (TR-03110-3 §A.2.1.1).
    pub algorithm: AlgorithmIdentifier,
    /// The content of the public key's bit string.
    pub public_key: Vec<u8>,
    /// The whole `SubjectPublicKeyInfo`, as written.
    pub spki: Vec<u8>,
    /// Its number, when there are several.
    pub key_id: Option<u32>,
    /// Where the `SubjectPublicKeyInfo` starts in its file.
    pub offset: usize,
}

/// `ActiveAuthenticationInfo` (9303-11 §9.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveAuthenticationInfo {
    /// 1
    pub version: u32,
    /// A signature algorithm of TR-03111; chips with others exist.
    pub signature_algorithm: Oid,
    /// Where it is named in its file.
    pub offset: usize,
}

impl ActiveAuthenticationInfo {
    /// The digest of the ECDSA signature; `None` when the algorithm is another
    /// one than ECDSA, plain (TR-03111) or by its X9.62 name.
    pub fn ecdsa_digest(&self) -> Option<DigestAlgorithm> {
        let oid = self.signature_algorithm;
        let algorithm = AlgorithmIdentifier { oid, parameters: None, offset: self.offset };
        match SignatureAlgorithm::parse(&algorithm, None).ok()? {
            SignatureAlgorithm::Ecdsa(digest) | SignatureAlgorithm::EcdsaPlain(digest) => {
                Some(digest)
            }
            SignatureAlgorithm::RsaPkcs1(_)
            | SignatureAlgorithm::RsaPss { .. }
            | SignatureAlgorithm::Dsa(_) => None,
        }
    }
}

impl SecurityInfo {
    fn parse(entry: &Element<'_>) -> Result<Self, Error> {
        let mut fields = entry.children()?;
        let oid = fields.expect(Tag::OID)?.oid()?;
        let info = if let Some(protocol) = PaceProtocol::from_oid(&oid) {
            let version = small(&mut fields)?;
            let parameter_id = optional_small(&mut fields)?;
            Self::Pace(PaceInfo { protocol, version, parameter_id })
        } else if let Some((agreement, mapping)) = below(&oid, PACE).and_then(pace_family) {
            let parameters = AlgorithmIdentifier::parse(&fields.expect(Tag::SEQUENCE)?)?;
            let parameter_id = optional_small(&mut fields)?;
            Self::PaceDomainParameters(PaceDomainParameterInfo {
                agreement,
                mapping,
                parameters,
                parameter_id,
            })
        } else if let Some(protocol) = ChipAuthenticationProtocol::from_oid(&oid) {
            let version = small(&mut fields)?;
            let key_id = optional_small(&mut fields)?;
            Self::ChipAuthentication(ChipAuthenticationInfo { protocol, version, key_id })
        } else if let Some(agreement) = below(&oid, PUBLIC_KEY).and_then(agreement) {
            let spki = fields.expect(Tag::SEQUENCE)?;
            let key_id = optional_small(&mut fields)?;
            Self::ChipAuthenticationPublicKey(public_key(agreement, &spki, key_id)?)
        } else if oid == ACTIVE_AUTHENTICATION {
            let version = small(&mut fields)?;
            let algorithm = fields.expect(Tag::OID)?;
            Self::ActiveAuthentication(ActiveAuthenticationInfo {
                version,
                signature_algorithm: algorithm.oid()?,
                offset: algorithm.offset(),
            })
        } else if oid.octets() == TERMINAL_AUTHENTICATION {
            // Chips of TR-03110 1.0 add EF.CVCA's identifiers.
            return Ok(Self::TerminalAuthentication);
        } else {
            return Ok(Self::Unknown(oid));
        };
        fields.finish()?;
        Ok(info)
    }
}

fn public_key(
    agreement: KeyAgreement,
    spki: &Element<'_>,
    key_id: Option<u32>,
) -> Result<ChipAuthenticationPublicKeyInfo, Error> {
    let mut fields = spki.children()?;
    let algorithm = AlgorithmIdentifier::parse(&fields.expect(Tag::SEQUENCE)?)?;
    let public_key = fields.expect(Tag::BIT_STRING)?.bit_string_octets()?.to_vec();
    fields.finish()?;
    Ok(ChipAuthenticationPublicKeyInfo {
        agreement,
        algorithm,
        public_key,
        spki: spki.raw().to_vec(),
        key_id,
        offset: spki.offset(),
    })
}

fn pace_family(arc: u8) -> Option<(KeyAgreement, PaceMapping)> {
    Some(match arc {
        1 => (KeyAgreement::Dh, PaceMapping::Generic),
        2 => (KeyAgreement::Ecdh, PaceMapping::Generic),
        3 => (KeyAgreement::Dh, PaceMapping::Integrated),
        4 => (KeyAgreement::Ecdh, PaceMapping::Integrated),
        6 => (KeyAgreement::Ecdh, PaceMapping::ChipAuthentication),
        _ => return None,
    })
}

fn cipher_of(arc: u8) -> Option<Cipher> {
    Cipher::ALL.into_iter().find(|cipher| cipher_arc(*cipher) == arc)
}

fn cipher_arc(cipher: Cipher) -> u8 {
    match cipher {
        Cipher::TripleDes => 1,
        Cipher::Aes128 => 2,
        Cipher::Aes192 => 3,
        Cipher::Aes256 => 4,
    }
}

fn agreement(arc: u8) -> Option<KeyAgreement> {
    match arc {
        1 => Some(KeyAgreement::Dh),
        2 => Some(KeyAgreement::Ecdh),
        _ => None,
    }
}

/// The one arc by which `oid` continues `parent`.
fn below(oid: &Oid, parent: &[u8]) -> Option<u8> {
    match oid.octets().strip_prefix(parent) {
        Some([arc]) => Some(*arc),
        _ => None,
    }
}

fn small(fields: &mut Reader<'_>) -> Result<u32, Error> {
    fields.expect(Tag::INTEGER)?.small_unsigned()
}

fn optional_small(fields: &mut Reader<'_>) -> Result<Option<u32>, Error> {
    fields.optional(Tag::INTEGER)?.map(|element| element.small_unsigned()).transpose()
}

// bsi-de protocols(2) smartcard(2) is 0.4.0.127.0.7.2.2.
/// id-PK
const PUBLIC_KEY: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x01];
/// id-TA
const TERMINAL_AUTHENTICATION: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x02];
/// id-CA
const CHIP_AUTHENTICATION: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03];
/// id-PACE
const PACE: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04];
/// 2.23.136.1.1.5, id-icao-mrtd-security-aaProtocolObject
const ACTIVE_AUTHENTICATION: Oid = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x05]);
