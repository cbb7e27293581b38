//! Curves and ECDSA, against RustCrypto's.

use emrtd::crypto::agreement::Domain;
use emrtd::crypto::{
    AlgorithmIdentifier, Curve, DigestAlgorithm, PublicKey, SignatureAlgorithm, SignatureError,
};
use emrtd::tlv::Oid;
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::pkey::PKey;
use p256::elliptic_curve::CurveGroup as _;
use p256::elliptic_curve::group::Group as _;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{
    AffinePoint, CurveArithmetic, Field as _, FieldBytes, FieldBytesSize, PrimeField,
    ProjectivePoint, Scalar,
};
use proptest::prelude::*;

/// Octets of a scalar, for curves of any length.
type Octets = [u8; 66];

fn scalar<C: CurveArithmetic>(octets: &[u8]) -> Option<Scalar<C>> {
    let repr = FieldBytes::<C>::try_from(octets).unwrap();
    let scalar: Option<Scalar<C>> = Scalar::<C>::from_repr(repr).into();
    scalar.filter(|scalar| !bool::from(scalar.is_zero()))
}

/// Scalar and field element as long as the field; the order of P-521 has but
/// one bit in its first octet.
fn cut(curve: Curve, octets: &Octets) -> Vec<u8> {
    let len = Domain::ec(curve).unwrap().field_len();
    let mut octets = octets[..len].to_vec();
    if curve == Curve::P521 {
        octets[0] &= 1;
    }
    octets
}

fn encoded<C>(point: &ProjectivePoint<C>) -> Vec<u8>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: ToSec1Point<C>,
{
    point.to_affine().to_sec1_point(false).as_bytes().to_vec()
}

/// Keys, agreement, mapping and the proof of the chip authentication mapping.
fn agrees<C>(curve: Curve, a: &Octets, b: &Octets, nonce: &[u8; 16])
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: ToSec1Point<C> + FromSec1Point<C>,
{
    let domain = Domain::ec(curve).unwrap();
    let generator = ProjectivePoint::<C>::generator();
    assert_eq!(domain.generator().unwrap(), encoded::<C>(&generator));
    let (a, b) = (cut(curve, a), cut(curve, b));
    let ours = [domain.key_pair(&a), domain.key_pair(&b)];
    let theirs = [scalar::<C>(&a), scalar::<C>(&b)];
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours.is_ok(), theirs.is_some(), "whether a private key is in range");
    }
    let ([Ok(own), Ok(other)], [Some(a), Some(b)]) = (&ours, theirs) else { return };
    let (own_point, other_point) = (generator * a, generator * b);
    assert_eq!(own.public(), encoded::<C>(&own_point));
    assert_eq!(other.public(), encoded::<C>(&other_point));

    let shared = other_point * a;
    let public = domain.public_key(other.public()).unwrap();
    let len = domain.field_len();
    assert_eq!(domain.agree(own, &public).unwrap()[..], encoded::<C>(&shared)[1..=len]);

    // The nonce is an integer of 16 octets, shorter than any of the orders.
    let mut padded = vec![0; len - nonce.len()];
    padded.extend_from_slice(nonce);
    let mapped = domain.map_generic(own, &public, nonce);
    let Some(nonce) = scalar::<C>(&padded) else { return };
    let expected = generator * nonce + shared;
    let mapped = mapped.unwrap();
    assert_eq!(mapped.generator().unwrap(), encoded::<C>(&expected));
    let again = mapped.key_pair(&cut_of::<C>(&a)).unwrap();
    assert_eq!(again.public(), encoded::<C>(&(expected * a)));

    let multiple = domain.public_key(&encoded::<C>(&(other_point * a))).unwrap();
    assert!(domain.is_multiple(&multiple, &cut_of::<C>(&a), &public).unwrap());
    let wrong = cut_of::<C>(&(a + Scalar::<C>::ONE));
    assert!(!domain.is_multiple(&multiple, &wrong, &public).unwrap());
}

fn cut_of<C: CurveArithmetic>(scalar: &Scalar<C>) -> Vec<u8> {
    scalar.to_repr().to_vec()
}

/// Which octets are a point.
fn decodes_the_same<C>(curve: Curve, scalar_octets: &Octets, position: usize, change: u8)
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: ToSec1Point<C> + FromSec1Point<C>,
{
    let domain = Domain::ec(curve).unwrap();
    let Ok(pair) = domain.key_pair(&cut(curve, scalar_octets)) else { return };
    let mut octets = pair.public().to_vec();
    // The first octet tells the form, and this crate takes but one (9303-11 §9.4.5).
    let position = 1 + position % (octets.len() - 1);
    octets[position] ^= change;
    let theirs = AffinePoint::<C>::from_sec1_bytes(&octets).is_ok();
    assert_eq!(domain.public_key(&octets).is_ok(), theirs);
}

macro_rules! on_every_curve {
    ($function:ident($($argument:expr),*)) => {
        $function::<p256::NistP256>(Curve::P256, $($argument),*);
        $function::<p384::NistP384>(Curve::P384, $($argument),*);
        $function::<p521::NistP521>(Curve::P521, $($argument),*);
        $function::<bp256::BrainpoolP256r1>(Curve::BrainpoolP256r1, $($argument),*);
        $function::<bp384::BrainpoolP384r1>(Curve::BrainpoolP384r1, $($argument),*);
    };
}

fn octets() -> impl Strategy<Value = Octets> {
    prop_oneof![
        any::<Octets>(),
        // Small scalars, in octets of whatever length the curve takes.
        (0..66_usize, any::<u8>()).prop_map(|(position, octet)| {
            let mut octets = [0; 66];
            octets[position] = octet;
            octets
        }),
        Just([0xFF; 66]),
        Just([0; 66]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn agreement_and_mapping(a in octets(), b in octets(), nonce in any::<[u8; 16]>()) {
        on_every_curve!(agrees(&a, &b, &nonce));
    }

    #[test]
    fn points_on_and_off_the_curve(
        private in octets(),
        position in any::<usize>(),
        change in any::<u8>(),
    ) {
        on_every_curve!(decodes_the_same(&private, position, change));
    }
}

/// Plain ECDSA (TR-03111 §5.2.1) with this digest.
fn algorithm(digest: DigestAlgorithm) -> SignatureAlgorithm {
    let arc = match digest {
        DigestAlgorithm::Sha1 => 1,
        DigestAlgorithm::Sha224 => 2,
        DigestAlgorithm::Sha256 => 3,
        DigestAlgorithm::Sha384 => 4,
        DigestAlgorithm::Sha512 => 5,
    };
    let oid = Oid::from_octets(&[4, 0, 0x7F, 0, 7, 1, 1, 4, 1, arc]);
    SignatureAlgorithm::parse(&AlgorithmIdentifier { oid, parameters: None, offset: 0 }, None)
        .unwrap()
}

fn public_key(curve: Curve, point: &[u8]) -> PublicKey {
    let group = EcGroup::from_curve_name(curve.nid()).unwrap();
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let point = EcPoint::from_bytes(&group, point, &mut context).unwrap();
    let key = PKey::from_ec_key(EcKey::from_public_key(&group, &point).unwrap()).unwrap();
    PublicKey::from_spki(&key.public_key_to_der().unwrap()).unwrap()
}

/// A signature of theirs holds here, and a changed one nowhere.
macro_rules! verifies_the_same {
    ($module:ident, $curve:expr, $private:expr, $message:expr, $flip:expr) => {{
        use $module::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
        use $module::ecdsa::{Signature, SigningKey, VerifyingKey};
        if let Ok(signing) = SigningKey::from_slice(&cut($curve, $private)) {
            let verifying = VerifyingKey::from(&signing);
            let point = verifying.to_sec1_point(false);
            let key = public_key($curve, point.as_bytes());
            for digest in
                [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512]
            {
                let hash = digest.digest($message).unwrap();
                // RustCrypto takes no hash that is shorter than half the field.
                let Ok(signature): Result<Signature, _> = signing.sign_prehash(&hash) else {
                    continue;
                };
                let mut octets = signature.to_bytes().to_vec();
                assert_eq!(algorithm(digest).verify(&key, $message, &octets), Ok(()));
                let index = $flip % (octets.len() * 8);
                octets[index / 8] ^= 1 << (index % 8);
                let theirs = Signature::from_slice(&octets)
                    .is_ok_and(|changed| verifying.verify_prehash(&hash, &changed).is_ok());
                assert!(!theirs);
                let ours = algorithm(digest).verify(&key, $message, &octets);
                assert_eq!(ours, Err(SignatureError::Invalid));
            }
        }
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn ecdsa_signatures(
        private in octets(),
        message in proptest::collection::vec(any::<u8>(), 0..200),
        flip in any::<usize>(),
    ) {
        verifies_the_same!(p256, Curve::P256, &private, &message, flip);
        verifies_the_same!(p384, Curve::P384, &private, &message, flip);
        verifies_the_same!(p521, Curve::P521, &private, &message, flip);
    }
}
