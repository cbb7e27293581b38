use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcPoint};

use super::agreement::AgreementError;

/// Point encoding for the integrated mapping, in affine coordinates, for
/// curves with p = 3 mod 4 and cofactor 1 (9303-11 appendix B.2).
///
/// Every curve of the standardized parameters but P-224 is one.
pub(super) fn encode_to_point(
    group: &EcGroup,
    pseudo_random: &[u8],
    ctx: &mut BigNumContext,
) -> Result<EcPoint, AgreementError> {
    let (mut p, mut a, mut b) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
    group.components_gfp(&mut p, &mut a, &mut b, ctx)?;
    if p.mod_word(4)? != 3 {
        return Err(AgreementError::Parameters);
    }
    let one = BigNum::from_u32(1)?;
    let new = || BigNum::new();

    let mut t = new()?;
    t.nnmod(&*BigNum::from_slice(pseudo_random)?, &p, ctx)?;
    // 1. alpha = -t²
    let (mut square, mut alpha) = (new()?, new()?);
    square.mod_sqr(&t, &p, ctx)?;
    alpha.mod_sub(&*BigNum::from_u32(0)?, &square, &p, ctx)?;
    // 2. X2 = -b·a⁻¹·(1 + (alpha + alpha²)⁻¹)
    let (mut alpha_square, mut sum, mut inverse) = (new()?, new()?, new()?);
    alpha_square.mod_sqr(&alpha, &p, ctx)?;
    sum.mod_add(&alpha, &alpha_square, &p, ctx)?;
    if sum.num_bits() == 0 {
        return Err(AgreementError::NotInGroup);
    }
    inverse.mod_inverse(&sum, &p, ctx)?;
    let (mut factor, mut a_inverse, mut ratio, mut minus) = (new()?, new()?, new()?, new()?);
    factor.mod_add(&one, &inverse, &p, ctx)?;
    a_inverse.mod_inverse(&a, &p, ctx)?;
    ratio.mod_mul(&b, &a_inverse, &p, ctx)?;
    minus.mod_sub(&*BigNum::from_u32(0)?, &ratio, &p, ctx)?;
    let mut x2 = new()?;
    x2.mod_mul(&minus, &factor, &p, ctx)?;
    // 3. X3 = alpha·X2
    let mut x3 = new()?;
    x3.mod_mul(&alpha, &x2, &p, ctx)?;
    // 4. h2 = X2³ + a·X2 + b
    let (mut x2_square, mut inner, mut product, mut h2) = (new()?, new()?, new()?, new()?);
    x2_square.mod_sqr(&x2, &p, ctx)?;
    inner.mod_add(&x2_square, &a, &p, ctx)?;
    product.mod_mul(&inner, &x2, &p, ctx)?;
    h2.mod_add(&product, &b, &p, ctx)?;
    // 6. U = t³·h2
    let (mut cube, mut u) = (new()?, new()?);
    cube.mod_mul(&square, &t, &p, ctx)?;
    u.mod_mul(&cube, &h2, &p, ctx)?;
    // 7. A = h2^(p - 1 - (p + 1)/4)
    let mut quarter = p.to_owned()?;
    quarter.add_word(1)?;
    quarter.div_word(4)?;
    let mut exponent = new()?;
    exponent.checked_sub(&p, &one)?;
    let mut power = new()?;
    power.checked_sub(&exponent, &quarter)?;
    let mut root = new()?;
    root.mod_exp(&h2, &power, &p, ctx)?;
    // 8. (x, y) = (X2, A·h2) when A²·h2 = 1, else (X3, A·U)
    let (mut root_square, mut check, mut y) = (new()?, new()?, new()?);
    root_square.mod_sqr(&root, &p, ctx)?;
    check.mod_mul(&root_square, &h2, &p, ctx)?;
    let x = if *check == *one {
        y.mod_mul(&root, &h2, &p, ctx)?;
        &x2
    } else {
        y.mod_mul(&root, &u, &p, ctx)?;
        &x3
    };
    let mut point = EcPoint::new(group)?;
    point.set_affine_coordinates(group, x, &y, ctx).map_err(|_| AgreementError::NotInGroup)?;
    Ok(point)
}
