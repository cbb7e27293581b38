use emrtd::crypto::Curve;
use emrtd::crypto::agreement::{AgreementError, Domain};

use super::hex;

/// 9303-11 appendix G.1
#[test]
fn agrees_on_a_curve_and_a_mapped_generator() {
    let domain = Domain::standardized(13).unwrap();
    let terminal = domain
        .key_pair(&hex("7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99"))
        .unwrap();
    assert_eq!(
        terminal.public(),
        hex("047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E
             544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D")
    );
    let chip = domain
        .public_key(&hex("04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57
                          30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54"))
        .unwrap();
    assert_eq!(
        *domain.agree(&terminal, &chip).unwrap(),
        hex("60332EF2450B5D247EF6D3868397D398852ED6E8CAF6FFEEF6BF85CA57057FD5")
    );
    let nonce = hex("3F00C4D39D153F2B2A214A078D899B22");
    let mapped = domain.map_generic(&terminal, &chip, &nonce).unwrap();
    assert_eq!(
        mapped.generator().unwrap(),
        hex("048CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E2
             8C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522")
    );
    let ephemeral = mapped
        .key_pair(&hex("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"))
        .unwrap();
    assert_eq!(
        ephemeral.public(),
        hex("042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C
             3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462")
    );
    let other = mapped
        .key_pair(&hex("107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A"))
        .unwrap();
    let secret = hex("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925");
    let from_chip = mapped.public_key(other.public()).unwrap();
    assert_eq!(*mapped.agree(&ephemeral, &from_chip).unwrap(), secret);
    let from_terminal = mapped.public_key(ephemeral.public()).unwrap();
    assert_eq!(*mapped.agree(&other, &from_terminal).unwrap(), secret);
}

#[test]
fn both_sides_agree_in_every_standardized_group() {
    let mut seed = 0x5E_u8;
    let mut random = |buffer: &mut [u8]| {
        for octet in buffer {
            seed = seed.wrapping_mul(29).wrapping_add(113);
            *octet = seed;
        }
    };
    for id in [0, 1, 2, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18] {
        let domain = Domain::standardized(id).unwrap();
        let (a, b) = (domain.generate(&mut random).unwrap(), domain.generate(&mut random).unwrap());
        let to_a = domain.public_key(b.public()).unwrap();
        let to_b = domain.public_key(a.public()).unwrap();
        let secret = domain.agree(&a, &to_a).unwrap();
        assert_eq!(secret, domain.agree(&b, &to_b).unwrap(), "parameters {id}");
        assert_eq!(secret.len(), domain.field_len());
        assert_ne!(a.public(), b.public());
    }
    for id in [3, 7, 19, 31, u32::MAX] {
        assert_eq!(Domain::standardized(id).unwrap_err(), AgreementError::Parameters);
    }
}

#[test]
fn refuses_public_keys_outside_the_group() {
    let curve = Domain::ec(Curve::P256).unwrap();
    let good = curve.key_pair(&[7]).unwrap().public().to_vec();
    assert!(curve.public_key(&good).is_ok());
    let mut off = good.clone();
    *off.last_mut().unwrap() ^= 1;
    let other = Domain::ec(Curve::BrainpoolP256r1).unwrap().generator().unwrap();
    for bad in [&off[..], &[0], &[], &other, &good[..64], &good[1..], &[&good[..], &[0]].concat()] {
        assert_eq!(curve.public_key(bad).unwrap_err(), AgreementError::NotInGroup);
    }

    // 0, 1, p - 1 (of order 2), p and p + 1 are the small subgroups (RFC 2631 §2.1.5).
    let field = Domain::standardized(0).unwrap();
    let prime = hex(PRIME_1024);
    let mut before = prime.clone();
    *before.last_mut().unwrap() -= 1;
    let mut after = prime.clone();
    *after.last_mut().unwrap() += 1;
    for bad in [&[0][..], &[1], &[], &prime, &before, &after, &[0xFF; 200]] {
        assert_eq!(field.public_key(bad).unwrap_err(), AgreementError::NotInGroup);
    }
}

#[test]
fn refuses_private_keys_out_of_range_and_a_broken_source() {
    let domain = Domain::ec(Curve::P256).unwrap();
    assert_eq!(domain.key_pair(&[0]).unwrap_err(), AgreementError::Random);
    assert_eq!(domain.key_pair(&[0xFF; 32]).unwrap_err(), AgreementError::Random);
    let broken = domain.generate(&mut |buffer: &mut [u8]| buffer.fill(0));
    assert_eq!(broken.unwrap_err(), AgreementError::Random);
}

#[test]
fn refuses_parameters_that_are_no_group() {
    let prime = hex(PRIME_1024);
    let order = hex("F518AA8781A8DF278ABA4E7D64B7CB9D49462353");
    let generator = Domain::standardized(0).unwrap().generator().unwrap();
    assert!(Domain::dh(&prime, &generator, &order).is_ok());
    let refused = [
        Domain::dh(&prime, &[1], &order),
        Domain::dh(&prime, &[2], &order),
        Domain::dh(&prime, &generator, &[2]),
        Domain::dh(&[0; 128], &generator, &order),
        Domain::dh(&[], &[], &[]),
        Domain::dh(&[0xFF; 5000], &generator, &order),
    ];
    for result in refused {
        assert_eq!(result.unwrap_err(), AgreementError::Parameters);
    }
}

/// RFC 5114 §2.1
const PRIME_1024: &str = "
    B10B8F96A080E01DDE92DE5EAE5D54EC52C99FBCFB06A3C69A6A9DCA52D23B61
    6073E28675A23D189838EF1E2EE652C013ECB4AEA906112324975C3CD49B83BF
    ACCBDD7D90C4BD7098488E9C219A73724EFFD6FAE5644738FAA31A4FF55BCCC0
    A151AF5F0DC8B4BD45BF37DF365C1A65E68CFDA76D4DA708DF1FB2BC2E4A4371";
