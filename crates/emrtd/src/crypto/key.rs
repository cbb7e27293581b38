use std::fmt;
use std::sync::OnceLock;

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint, PointConversionForm};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Rsa;

use crate::tlv::{Element, Oid, Reader, Rules, Tag};

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
        // The kinds there are many of are read here: OpenSSL's general decoder takes longer than
        // the verification of an RSA signature. What is not recognised is left to it.
        match read_known(spki) {
            Some(key) => Some(key),
            None => Self::decode(spki),
        }
    }

    /// [`from_spki`](Self::from_spki) by OpenSSL alone.
    fn decode(spki: &[u8]) -> Option<Self> {
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

// SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { OID, parameters }, BIT STRING }
fn read_known(spki: &[u8]) -> Option<PublicKey> {
    let mut reader = Reader::new(spki, Rules::Der);
    let mut info = reader.expect(Tag::SEQUENCE).ok()?.children().ok()?;
    reader.finish().ok()?;
    let mut algorithm = info.expect(Tag::SEQUENCE).ok()?.children().ok()?;
    let octets = info.expect(Tag::BIT_STRING).ok()?.bit_string_octets().ok()?;
    info.finish().ok()?;
    let kind = algorithm.expect(Tag::OID).ok()?.oid().ok()?;
    let parameters = algorithm.read().ok()?;
    algorithm.finish().ok()?;
    match (kind, parameters.tag()) {
        (RSA_ENCRYPTION, NULL) => rsa(octets),
        (EC_PUBLIC_KEY, Tag::OID) => {
            let named = named(parameters.content());
            known_curves().iter().find(|known| Some(known.curve.nid()) == named)?.key(octets, false)
        }
        (EC_PUBLIC_KEY, Tag::SEQUENCE) => {
            let domain = Domain::read(&parameters)?;
            known_curves().iter().find(|known| known.domain.is(&domain))?.key(octets, true)
        }
        _ => None,
    }
}

fn rsa(octets: &[u8]) -> Option<PublicKey> {
    let mut fields = Reader::new(octets, Rules::Der).expect(Tag::SEQUENCE).ok()?.children().ok()?;
    let modulus = positive(&fields.expect(Tag::INTEGER).ok()?)?;
    let exponent = positive(&fields.expect(Tag::INTEGER).ok()?)?;
    fields.finish().ok()?;
    let number = |octets| BigNum::from_slice(octets).ok();
    let key = Rsa::from_public_components(number(modulus)?, number(exponent)?).ok()?;
    let key = PKey::from_rsa(key).ok()?;
    let description = KeyDescription::Rsa { bits: key.bits() };
    Some(PublicKey { key, description })
}

/// A curve as OpenSSL has it, and its domain parameters to compare with.
struct KnownCurve {
    curve: Curve,
    group: EcGroup,
    domain: Domain<Vec<u8>>,
}

impl KnownCurve {
    fn new(curve: Curve) -> Option<Self> {
        let group = EcGroup::from_curve_name(curve.nid()).ok()?;
        let mut ctx = BigNumContext::new().ok()?;
        let mut numbers = [BigNum::new().ok()?, BigNum::new().ok()?, BigNum::new().ok()?];
        let [p, a, b] = &mut numbers;
        group.components_gfp(p, a, b, &mut ctx).ok()?;
        let [p, a, b] = numbers.map(|number| number.to_vec());
        let mut order = BigNum::new().ok()?;
        group.order(&mut order, &mut ctx).ok()?;
        let uncompressed = PointConversionForm::UNCOMPRESSED;
        let generator = group.generator_opt()?.to_bytes(&group, uncompressed, &mut ctx).ok()?;
        let domain = Domain { p, a, b, generator, order: order.to_vec() };
        Some(Self { curve, group, domain })
    }

    /// A point of the curve as a key. OpenSSL refuses one that is not on it. All these curves have
    /// cofactor 1, so every point but the one at infinity generates the whole group, and there is
    /// no need to multiply by the order.
    fn key(&self, octets: &[u8], explicit: bool) -> Option<PublicKey> {
        let mut ctx = BigNumContext::new().ok()?;
        let point = EcPoint::from_bytes(&self.group, octets, &mut ctx).ok()?;
        let on_curve = point.is_on_curve(&self.group, &mut ctx).ok()?;
        if point.is_infinity(&self.group) || !on_curve {
            return None;
        }
        let key = PKey::from_ec_key(EcKey::from_public_key(&self.group, &point).ok()?).ok()?;
        Some(PublicKey { key, description: KeyDescription::Ec { curve: self.curve, explicit } })
    }
}

fn known_curves() -> &'static [KnownCurve] {
    static CURVES: OnceLock<Vec<KnownCurve>> = OnceLock::new();
    CURVES.get_or_init(|| Curve::ALL.into_iter().filter_map(KnownCurve::new).collect())
}

/// The parameters of a prime curve of cofactor 1: numbers without leading zeros, and the
/// uncompressed generator.
struct Domain<T> {
    p: T,
    a: T,
    b: T,
    generator: T,
    order: T,
}

impl Domain<Vec<u8>> {
    fn is(&self, other: &Domain<&[u8]>) -> bool {
        self.p == other.p
            && self.a == other.a
            && self.b == other.b
            && self.generator == other.generator
            && self.order == other.order
    }
}

impl<'a> Domain<&'a [u8]> {
    // SpecifiedECDomain (TR-03111 §5.1.2): version, fieldID, curve, base, order, cofactor OPTIONAL
    fn read(parameters: &Element<'a>) -> Option<Self> {
        let mut fields = parameters.children().ok()?;
        fields.expect(Tag::INTEGER).ok()?.small_unsigned().ok()?;
        let mut field = fields.expect(Tag::SEQUENCE).ok()?.children().ok()?;
        if field.expect(Tag::OID).ok()?.oid().ok()? != PRIME_FIELD {
            return None;
        }
        let p = positive(&field.expect(Tag::INTEGER).ok()?)?;
        field.finish().ok()?;
        let mut curve = fields.expect(Tag::SEQUENCE).ok()?.children().ok()?;
        let a = strip_zeros(curve.expect(Tag::OCTET_STRING).ok()?.content());
        let b = strip_zeros(curve.expect(Tag::OCTET_STRING).ok()?.content());
        // The seed says how a and b were found.
        curve.optional(Tag::BIT_STRING).ok()?;
        curve.finish().ok()?;
        let generator = fields.expect(Tag::OCTET_STRING).ok()?.content();
        let order = positive(&fields.expect(Tag::INTEGER).ok()?)?;
        if let Some(cofactor) = fields.optional(Tag::INTEGER).ok()?
            && cofactor.small_unsigned().ok()? != 1
        {
            return None;
        }
        fields.finish().ok()?;
        Some(Self { p, a, b, generator, order })
    }
}

fn positive<'a>(integer: &Element<'a>) -> Option<&'a [u8]> {
    let content = integer.content();
    let is_negative = content.first().is_none_or(|first| first & 0x80 != 0);
    Some(strip_zeros(content)).filter(|octets| !is_negative && !octets.is_empty())
}

fn strip_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or(&[])
}

/// The curve an object identifier names, as OpenSSL numbers it.
fn named(oid: &[u8]) -> Option<Nid> {
    const ANSI: [u8; 7] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01];
    const CERTICOM: [u8; 4] = [0x2B, 0x81, 0x04, 0x00];
    const BRAINPOOL: [u8; 8] = [0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01];
    if let Some(arc) = oid.strip_prefix(&ANSI) {
        return match arc {
            [1] => Some(Curve::P192.nid()),
            [7] => Some(Curve::P256.nid()),
            _ => None,
        };
    }
    if let Some(arc) = oid.strip_prefix(&CERTICOM) {
        return match arc {
            [33] => Some(Curve::P224.nid()),
            [34] => Some(Curve::P384.nid()),
            [35] => Some(Curve::P521.nid()),
            _ => None,
        };
    }
    match oid.strip_prefix(&BRAINPOOL)? {
        [3] => Some(Curve::BrainpoolP192r1.nid()),
        [4] => Some(Curve::BrainpoolP192t1.nid()),
        [5] => Some(Curve::BrainpoolP224r1.nid()),
        [6] => Some(Curve::BrainpoolP224t1.nid()),
        [7] => Some(Curve::BrainpoolP256r1.nid()),
        [8] => Some(Curve::BrainpoolP256t1.nid()),
        [9] => Some(Curve::BrainpoolP320r1.nid()),
        [10] => Some(Curve::BrainpoolP320t1.nid()),
        [11] => Some(Curve::BrainpoolP384r1.nid()),
        [12] => Some(Curve::BrainpoolP384t1.nid()),
        [13] => Some(Curve::BrainpoolP512r1.nid()),
        [14] => Some(Curve::BrainpoolP512t1.nid()),
        _ => None,
    }
}

fn has_explicit_parameters(spki: &[u8]) -> Option<bool> {
    let mut info = Reader::new(spki, Rules::Ber).expect(Tag::SEQUENCE).ok()?.children().ok()?;
    let mut fields = info.expect(Tag::SEQUENCE).ok()?.children().ok()?;
    fields.expect(Tag::OID).ok()?;
    // OpenSSL would clear bits that the encoding calls unused, and read another point.
    info.expect(Tag::BIT_STRING).ok()?.bit_string_octets().ok()?;
    Some(fields.peek() == Some(Tag::SEQUENCE))
}

const NULL: Tag = Tag(0x05);
/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: Oid =
    Oid::from_octets(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]);
/// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: Oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]);
/// 1.2.840.10045.1.1
const PRIME_FIELD: Oid = Oid::from_octets(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x01, 0x01]);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use openssl::ec::Asn1Flag;

    use super::*;
    use crate::tlv;

    fn spki(curve: Curve, flag: Asn1Flag) -> Vec<u8> {
        let mut group = EcGroup::from_curve_name(curve.nid()).unwrap();
        group.set_asn1_flag(flag);
        let key = EcKey::generate(&group).unwrap();
        PKey::from_ec_key(key).unwrap().public_key_to_der().unwrap()
    }

    /// What is read here is what OpenSSL's own decoder reads.
    fn assert_same(spki: &[u8]) {
        let (known, decoded) = (read_known(spki).unwrap(), PublicKey::decode(spki).unwrap());
        assert_eq!(known.description, decoded.description);
        assert!(known.key.public_eq(&decoded.key));
    }

    #[test]
    fn every_curve_is_read_as_openssl_reads_it() {
        for curve in Curve::ALL {
            for flag in [Asn1Flag::NAMED_CURVE, Asn1Flag::EXPLICIT_CURVE] {
                assert_same(&spki(curve, flag));
            }
        }
        let rsa = Rsa::generate(1024).unwrap();
        assert_same(&PKey::from_rsa(rsa).unwrap().public_key_to_der().unwrap());
    }

    /// CVE-2020-0601: any change of any parameter is another curve, and no key.
    #[test]
    fn parameters_that_are_not_exactly_those_of_a_curve_are_refused() {
        let whole = spki(Curve::BrainpoolP256r1, Asn1Flag::EXPLICIT_CURVE);
        let key_starts = whole.len() - 65;
        let original = PublicKey::from_spki(&whole).unwrap();
        let mut taken = Vec::new();
        for at in 0..key_starts {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            if let Some(key) = PublicKey::from_spki(&changed) {
                assert_eq!(key.description, original.description, "byte {at}");
                assert!(key.key.public_eq(&original.key), "byte {at}");
                taken.push(at);
            }
        }
        // The version of the parameters and a cofactor of zero, which is none: nothing that makes
        // a curve. The cofactor's one octet stands before the key's tag, length and unused bits.
        assert_eq!(taken, [21, key_starts - 4], "of {key_starts}");
    }

    #[test]
    fn points_off_the_curve_and_at_infinity_are_refused() {
        for flag in [Asn1Flag::NAMED_CURVE, Asn1Flag::EXPLICIT_CURVE] {
            let mut off = spki(Curve::P256, flag);
            let last = off.len() - 1;
            off[last] ^= 1;
            assert!(PublicKey::from_spki(&off).is_none());
            let mut info =
                Reader::new(&off, Rules::Der).expect(Tag::SEQUENCE).unwrap().children().unwrap();
            let algorithm = info.read().unwrap().raw().to_vec();
            for point in [&[0][..], &[], &[4], &[2; 33], &[4; 64]] {
                let spki = tlv::sequence(&[&algorithm, &tlv::bit_string(point, 0)]);
                let key = PublicKey::from_spki(&spki);
                assert!(key.is_none() || point.len() == 33, "{point:?}");
            }
        }
    }
}
