//! Diffie-Hellman key agreement over curves and prime fields, as PACE and chip
//! authentication use it (9303-11 §9.5, §9.6).

use std::fmt;

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::dh::Dh;
use openssl::ec::{EcGroup, EcGroupRef, EcPoint, EcPointRef, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::pkey::Params;
use zeroize::Zeroizing;

use super::Curve;
use super::point_encoding::encode_to_point;
use super::symmetric::LibraryFailure;

/// Fills a buffer with unpredictable bytes. Whoever calls this crate gives it.
pub type Random<'a> = dyn FnMut(&mut [u8]) + 'a;

/// Primes of a field beyond this length in bits are refused.
pub const MAX_PRIME_BITS: i32 = 8192;

/// Why no shared secret came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// The other side's public key is malformed, outside its group, or of a
    /// small order.
    #[error("a public key is not an element of its group")]
    NotInGroup,
    /// The domain parameters are no group this crate computes in.
    #[error("the domain parameters are not acceptable")]
    Parameters,
    /// The caller's random bytes were never a private key.
    #[error("the random source gives no usable private key")]
    Random,
    /// See [`LibraryFailure`].
    #[error(transparent)]
    Library(#[from] LibraryFailure),
}

impl From<ErrorStack> for AgreementError {
    fn from(_: ErrorStack) -> Self {
        Self::Library(LibraryFailure)
    }
}

/// A group and its generator. The generator is cleared on drop: with a mapped
/// one anybody could try passwords.
pub struct Domain(Group);

enum Group {
    Ec { curve: Curve, group: EcGroup, generator: EcPoint },
    Dh { prime: BigNum, order: BigNum, generator: BigNum },
}

impl Domain {
    /// A curve with its own generator.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn ec(curve: Curve) -> Result<Self, AgreementError> {
        let group = EcGroup::from_curve_name(curve.nid())?;
        let generator = match group.generator_opt() {
            Some(point) => point.to_owned(&group)?,
            None => return Err(AgreementError::Parameters),
        };
        Ok(Self(Group::Ec { curve, group, generator }))
    }

    /// A prime field with a generator of the prime order `order`, all in
    /// big-endian octets.
    ///
    /// # Errors
    /// [`AgreementError::Parameters`] when the prime is beyond
    /// [`MAX_PRIME_BITS`] or even, or the generator is not of that order.
    pub fn dh(prime: &[u8], generator: &[u8], order: &[u8]) -> Result<Self, AgreementError> {
        if prime.len() > MAX_PRIME_BITS as usize / 8 + 1
            || generator.len() > prime.len()
            || order.len() > prime.len()
        {
            return Err(AgreementError::Parameters);
        }
        let prime = BigNum::from_slice(prime)?;
        let order = BigNum::from_slice(order)?;
        let generator = BigNum::from_slice(generator)?;
        if prime.num_bits() > MAX_PRIME_BITS || prime.num_bits() < 512 || !prime.is_odd() {
            return Err(AgreementError::Parameters);
        }
        if order.num_bits() < 128 || !is_of_order(&generator, &order, &prime)? {
            return Err(AgreementError::Parameters);
        }
        Ok(Self(Group::Dh { prime, order, generator }))
    }

    /// Standardized domain parameters by their number: 0-2 and 8-18 (9303-11
    /// §9.5.1).
    ///
    /// # Errors
    /// [`AgreementError::Parameters`] for any other number.
    pub fn standardized(id: u32) -> Result<Self, AgreementError> {
        let curve = match id {
            0 => return Self::rfc5114(&Dh::get_1024_160()?),
            1 => return Self::rfc5114(&Dh::get_2048_224()?),
            2 => return Self::rfc5114(&Dh::get_2048_256()?),
            8 => Curve::P192,
            9 => Curve::BrainpoolP192r1,
            10 => Curve::P224,
            11 => Curve::BrainpoolP224r1,
            12 => Curve::P256,
            13 => Curve::BrainpoolP256r1,
            14 => Curve::BrainpoolP320r1,
            15 => Curve::P384,
            16 => Curve::BrainpoolP384r1,
            17 => Curve::BrainpoolP512r1,
            18 => Curve::P521,
            _ => return Err(AgreementError::Parameters),
        };
        Self::ec(curve)
    }

    fn rfc5114(parameters: &Dh<Params>) -> Result<Self, AgreementError> {
        Ok(Self(Group::Dh {
            prime: parameters.prime_p().to_owned()?,
            order: parameters.prime_q().ok_or(AgreementError::Parameters)?.to_owned()?,
            generator: parameters.generator().to_owned()?,
        }))
    }

    /// Whether this is the prime field of these numbers, big-endian; the order
    /// counts when it is given.
    pub fn is_field(&self, prime: &[u8], generator: &[u8], order: Option<&[u8]>) -> bool {
        let Group::Dh { prime: own_prime, order: own_order, generator: own_generator } = &self.0
        else {
            return false;
        };
        let is = |own: &BigNumRef, octets: &[u8]| {
            octets.len() <= MAX_PRIME_BITS as usize / 8 + 1
                && BigNum::from_slice(octets).is_ok_and(|number| *number == *own)
        };
        is(own_prime, prime)
            && is(own_generator, generator)
            && order.is_none_or(|order| is(own_order, order))
    }

    /// The curve, or `None` for a prime field.
    pub fn curve(&self) -> Option<Curve> {
        match &self.0 {
            Group::Ec { curve, .. } => Some(*curve),
            Group::Dh { .. } => None,
        }
    }

    /// Length in bytes of a field element, and so of a shared secret.
    pub fn field_len(&self) -> usize {
        match &self.0 {
            Group::Ec { group, .. } => group.degree().div_ceil(8) as usize,
            Group::Dh { prime, .. } => prime.num_bytes() as usize,
        }
    }

    /// Length in bits of the field's prime.
    pub fn field_bits(&self) -> usize {
        match &self.0 {
            Group::Ec { group, .. } => group.degree() as usize,
            Group::Dh { prime, .. } => prime.num_bits() as usize,
        }
    }

    /// Whether [`map_integrated`](Self::map_integrated) exists: for every
    /// standardized group but P-224, whose prime is 1 mod 4.
    pub fn has_point_encoding(&self) -> bool {
        self.curve() != Some(Curve::P224)
    }

    /// The generator as it goes over the wire.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn generator(&self) -> Result<Vec<u8>, AgreementError> {
        match &self.0 {
            Group::Ec { generator, .. } => self.encode_point(generator),
            Group::Dh { generator, .. } => Ok(generator.to_vec()),
        }
    }

    /// A fresh key pair, by rejection sampling.
    ///
    /// # Errors
    /// [`AgreementError::Random`] when 128 draws in a row are out of range,
    /// which an honest source does not do.
    pub fn generate(&self, random: &mut Random<'_>) -> Result<KeyPair, AgreementError> {
        let order = self.order()?;
        let mut octets = Zeroizing::new(vec![0; order.num_bytes() as usize]);
        let unused_bits = octets.len() * 8 - order.num_bits() as usize;
        for _ in 0..128 {
            random(&mut octets);
            if let Some(first) = octets.first_mut() {
                *first &= 0xFF >> unused_bits;
            }
            if let Ok(pair) = self.key_pair(&octets) {
                return Ok(pair);
            }
        }
        Err(AgreementError::Random)
    }

    /// The key pair of a known private key, big-endian.
    ///
    /// # Errors
    /// [`AgreementError::Random`] when it is zero or not below the order.
    pub fn key_pair(&self, private: &[u8]) -> Result<KeyPair, AgreementError> {
        let private = Secret::new(private)?;
        let order = self.order()?;
        if private.0.num_bits() == 0 || *private.0 >= *order {
            return Err(AgreementError::Random);
        }
        let public = match &self.0 {
            Group::Ec { group, generator, .. } => {
                let point = multiply(group, generator, &private)?;
                self.encode_point(&point.point)?
            }
            Group::Dh { prime, generator, .. } => power(generator, &private, prime)?.0.to_vec(),
        };
        Ok(KeyPair { private, public })
    }

    /// Reads the other side's public key and validates it: on the curve and
    /// not at infinity, or in the subgroup and not 1.
    ///
    /// # Errors
    /// [`AgreementError::NotInGroup`].
    pub fn public_key(&self, octets: &[u8]) -> Result<PublicValue, AgreementError> {
        match &self.0 {
            Group::Ec { group, .. } => {
                Ok(PublicValue(Value::Ec(self.decode_point(group, octets)?)))
            }
            Group::Dh { prime, order, .. } => {
                if octets.len() > self.field_len() + 1 {
                    return Err(AgreementError::NotInGroup);
                }
                let value = BigNum::from_slice(octets)?;
                if !is_of_order(&value, order, prime)? {
                    return Err(AgreementError::NotInGroup);
                }
                Ok(PublicValue(Value::Dh(value)))
            }
        }
    }

    /// The shared secret: the x-coordinate or the field element, in
    /// [`field_len`](Self::field_len) octets.
    ///
    /// # Errors
    /// [`AgreementError::NotInGroup`] when the result is the neutral element,
    /// or the key is of another kind of group.
    pub fn agree(
        &self,
        pair: &KeyPair,
        other: &PublicValue,
    ) -> Result<Zeroizing<Vec<u8>>, AgreementError> {
        match (&self.0, &other.0) {
            (Group::Ec { group, .. }, Value::Ec(point)) => {
                let shared = multiply(group, point, &pair.private)?;
                if shared.point.is_infinity(group) {
                    return Err(AgreementError::NotInGroup);
                }
                self.x_coordinate(group, &shared.point)
            }
            (Group::Dh { prime, .. }, Value::Dh(value)) => {
                let shared = power(value, &pair.private, prime)?;
                Ok(Zeroizing::new(self.encode_number(&shared.0)?))
            }
            _ => Err(AgreementError::NotInGroup),
        }
    }

    /// The generic mapping of PACE: the generator `s·G + H`, where `H` is what
    /// both mapping keys agree on (9303-11 §4.4.3.3.1).
    ///
    /// # Errors
    /// [`AgreementError::NotInGroup`] when the new generator would be neutral.
    pub fn map_generic(
        &self,
        pair: &KeyPair,
        other: &PublicValue,
        nonce: &[u8],
    ) -> Result<Self, AgreementError> {
        let nonce = Secret::new(nonce)?;
        let mut context = BigNumContext::new()?;
        match (&self.0, &other.0) {
            (Group::Ec { curve, group, generator }, Value::Ec(point)) => {
                let shared = multiply(group, point, &pair.private)?;
                let blinded = multiply(group, generator, &nonce)?;
                let mut mapped = EcPoint::new(group)?;
                mapped.add(group, &blinded.point, &shared.point, &mut context)?;
                if shared.point.is_infinity(group) || mapped.is_infinity(group) {
                    return Err(AgreementError::NotInGroup);
                }
                let group = EcGroup::from_curve_name(curve.nid())?;
                Ok(Self(Group::Ec { curve: *curve, group, generator: mapped }))
            }
            (Group::Dh { prime, order, generator }, Value::Dh(value)) => {
                let shared = power(value, &pair.private, prime)?;
                let blinded = power(generator, &nonce, prime)?;
                let mut mapped = BigNum::new()?;
                mapped.mod_mul(&blinded.0, &shared.0, prime, &mut context)?;
                if !is_of_order(&mapped, order, prime)? {
                    return Err(AgreementError::NotInGroup);
                }
                self.with_element(mapped)
            }
            _ => Err(AgreementError::NotInGroup),
        }
    }

    /// The integrated mapping of PACE: the generator that `pseudo_random`, the
    /// output of the pseudo-random function, is mapped to (9303-11 §4.4.3.3.2).
    ///
    /// # Errors
    /// [`AgreementError::NotInGroup`] when it maps to no generator.
    pub fn map_integrated(&self, pseudo_random: &[u8]) -> Result<Self, AgreementError> {
        let mut context = BigNumContext::new()?;
        match &self.0 {
            Group::Ec { curve, group, .. } => {
                let generator = encode_to_point(group, pseudo_random, &mut context)?;
                let group = EcGroup::from_curve_name(curve.nid())?;
                Ok(Self(Group::Ec { curve: *curve, group, generator }))
            }
            Group::Dh { prime, order, .. } => {
                let mut element = BigNum::new()?;
                element.nnmod(&*BigNum::from_slice(pseudo_random)?, prime, &mut context)?;
                let mut before = (**prime).to_owned()?;
                before.sub_word(1)?;
                let mut cofactor = BigNum::new()?;
                cofactor.checked_div(&before, order, &mut context)?;
                let mut mapped = BigNum::new()?;
                mapped.mod_exp(&element, &cofactor, prime, &mut context)?;
                if !is_of_order(&mapped, order, prime)? {
                    return Err(AgreementError::NotInGroup);
                }
                self.with_element(mapped)
            }
        }
    }

    /// Whether `public` is `scalar` times `base`: the proof of the chip
    /// authentication mapping (9303-11 §4.4.3.3.3). `false` for prime fields,
    /// where that mapping does not exist.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn is_multiple(
        &self,
        public: &PublicValue,
        scalar: &[u8],
        base: &PublicValue,
    ) -> Result<bool, AgreementError> {
        let (Group::Ec { group, .. }, Value::Ec(public), Value::Ec(base)) =
            (&self.0, &public.0, &base.0)
        else {
            return Ok(false);
        };
        if scalar.len() > self.field_len() + 1 {
            return Ok(false);
        }
        let product = multiply(group, base, &Secret::new(scalar)?)?;
        let mut context = BigNumContext::new()?;
        Ok(product.point.eq(group, public, &mut context)?)
    }

    fn with_element(&self, generator: BigNum) -> Result<Self, AgreementError> {
        match &self.0 {
            Group::Dh { prime, order, .. } => Ok(Self(Group::Dh {
                prime: (**prime).to_owned()?,
                order: (**order).to_owned()?,
                generator,
            })),
            Group::Ec { .. } => Err(AgreementError::Parameters),
        }
    }

    fn order(&self) -> Result<BigNum, AgreementError> {
        match &self.0 {
            Group::Ec { group, .. } => {
                let mut order = BigNum::new()?;
                order_of(group, &mut order)?;
                Ok(order)
            }
            Group::Dh { order, .. } => Ok((**order).to_owned()?),
        }
    }

    fn encode_point(&self, point: &EcPointRef) -> Result<Vec<u8>, AgreementError> {
        let Group::Ec { group, .. } = &self.0 else { return Err(AgreementError::Parameters) };
        let mut context = BigNumContext::new()?;
        Ok(point.to_bytes(group, PointConversionForm::UNCOMPRESSED, &mut context)?)
    }

    fn encode_number(&self, number: &BigNumRef) -> Result<Vec<u8>, AgreementError> {
        let len = i32::try_from(self.field_len()).map_err(|_| AgreementError::Parameters)?;
        Ok(number.to_vec_padded(len)?)
    }

    fn decode_point(&self, group: &EcGroup, octets: &[u8]) -> Result<EcPoint, AgreementError> {
        // Uncompressed points only (9303-11 §9.4.5); their length bounds the work.
        if octets.first() != Some(&0x04) || octets.len() != 1 + 2 * self.field_len() {
            return Err(AgreementError::NotInGroup);
        }
        let mut context = BigNumContext::new()?;
        let point = EcPoint::from_bytes(group, octets, &mut context)
            .map_err(|_| AgreementError::NotInGroup)?;
        if point.is_infinity(group) || !point.is_on_curve(group, &mut context)? {
            return Err(AgreementError::NotInGroup);
        }
        Ok(point)
    }

    fn x_coordinate(
        &self,
        group: &EcGroup,
        point: &EcPointRef,
    ) -> Result<Zeroizing<Vec<u8>>, AgreementError> {
        let mut context = BigNumContext::new()?;
        let (mut x, mut y) = (Secret(BigNum::new()?), Secret(BigNum::new()?));
        point.affine_coordinates(group, &mut x.0, &mut y.0, &mut context)?;
        Ok(Zeroizing::new(self.encode_number(&x.0)?))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        match self {
            Self::Ec { group, generator, .. } => overwrite(generator, group),
            Self::Dh { generator, .. } => generator.clear(),
        }
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Group::Ec { curve, .. } => write!(f, "Domain({curve})"),
            Group::Dh { prime, .. } => write!(f, "Domain(DH-{})", prime.num_bits()),
        }
    }
}

/// A private key and its public key. The private key is cleared on drop.
pub struct KeyPair {
    private: Secret,
    public: Vec<u8>,
}

impl KeyPair {
    /// The public key as it goes over the wire: an uncompressed point, or an
    /// unsigned integer in as few octets as it needs (9303-11 §9.4.1).
    pub fn public(&self) -> &[u8] {
        &self.public
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(redacted)")
    }
}

/// A public key that was validated by [`Domain::public_key`].
pub struct PublicValue(Value);

enum Value {
    Ec(EcPoint),
    Dh(BigNum),
}

impl fmt::Debug for PublicValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicValue(redacted)")
    }
}

struct Secret(BigNum);

impl Secret {
    fn new(octets: &[u8]) -> Result<Self, AgreementError> {
        let mut number = BigNum::from_slice(octets)?;
        number.set_const_time();
        Ok(Self(number))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// A point that nobody else may know, overwritten on drop.
struct SecretPoint<'a> {
    point: EcPoint,
    group: &'a EcGroupRef,
}

impl Drop for SecretPoint<'_> {
    fn drop(&mut self) {
        overwrite(&mut self.point, self.group);
    }
}

/// OpenSSL's binding frees points without clearing them, so a public point
/// takes the place of the secret one.
fn overwrite(point: &mut EcPoint, group: &EcGroupRef) {
    if let (Some(public), Ok(mut context)) = (group.generator_opt(), BigNumContext::new()) {
        // Without memory for this there is nothing left to try.
        let _ = point.add(group, public, public, &mut context);
    }
}

fn multiply<'a>(
    group: &'a EcGroupRef,
    point: &EcPointRef,
    scalar: &Secret,
) -> Result<SecretPoint<'a>, AgreementError> {
    let mut context = BigNumContext::new()?;
    let mut product = SecretPoint { point: EcPoint::new(group)?, group };
    product.point.mul2(group, point, &scalar.0, &mut context)?;
    Ok(product)
}

fn power(base: &BigNumRef, exponent: &Secret, prime: &BigNumRef) -> Result<Secret, AgreementError> {
    let mut context = BigNumContext::new()?;
    let mut result = Secret(BigNum::new()?);
    result.0.mod_exp(base, &exponent.0, prime, &mut context)?;
    Ok(result)
}

fn is_of_order(
    element: &BigNumRef,
    order: &BigNumRef,
    prime: &BigNumRef,
) -> Result<bool, AgreementError> {
    let one = BigNum::from_u32(1)?;
    if element.num_bits() <= 1 || *element >= *prime {
        return Ok(false);
    }
    let mut context = BigNumContext::new()?;
    let mut neutral = BigNum::new()?;
    neutral.mod_exp(element, order, prime, &mut context)?;
    Ok(*neutral == *one)
}

fn order_of(group: &EcGroup, order: &mut BigNumRef) -> Result<(), AgreementError> {
    let mut context = BigNumContext::new()?;
    Ok(group.order(order, &mut context)?)
}
