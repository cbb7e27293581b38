//! The matrix that JMRTD reads.

use emrtd::crypto::symmetric::Cipher;
use emrtd::crypto::{Curve, DigestAlgorithm};
use emrtd::lds::security_info::PaceMapping::{ChipAuthentication, Generic, Integrated};
use emrtd::mrz::Format;
use emrtd::sim::{ActiveAuthentication, ChipDescription, Quirks, Trailer};

use crate::interop::cases::{CURVES, Case, PRIME_GROUPS, chip_authentication, pace};

pub(super) fn cases() -> Vec<Case> {
    [access(), active_authentication(), chip_authentications(), ways()].concat()
}

fn access() -> Vec<Case> {
    let mut cases = Vec::new();
    for (format, size) in [(Format::Td1, "TD1"), (Format::Td2, "TD2"), (Format::Td3, "TD3")] {
        let old = ChipDescription::passive().with_format(format);
        cases.push(Case::new(format!("BAC, {size}"), old).with("access", "bac"));
        let card = pace(Generic, Cipher::Aes128, 12).with_format(format);
        cases.push(Case::new(format!("PACE by MRZ, {size}"), card));
    }
    for cipher in Cipher::ALL {
        for (mapping, name) in [(Generic, "GM"), (Integrated, "IM")] {
            if mapping == Integrated && cipher == Cipher::Aes192 {
                continue;
            }
            for (domain, curve) in [(12, "P-256"), (13, "brainpoolP256r1")] {
                let name = format!("PACE-{name}, {curve}, {cipher}");
                cases.push(Case::new(name, pace(mapping, cipher, domain)).by_can());
            }
            for (domain, group) in PRIME_GROUPS {
                let name = format!("PACE-{name}, {group}, {cipher}");
                cases.push(Case::new(name, pace(mapping, cipher, domain)));
            }
        }
        if cipher != Cipher::TripleDes {
            let name = format!("PACE-CAM, P-256, {cipher}");
            cases.push(Case::new(name, pace(ChipAuthentication, cipher, 12)).by_can());
        }
    }
    for (domain, curve) in CURVES {
        let named = |mapping: &str| format!("PACE-{mapping}, {curve}");
        let aes = Cipher::Aes256;
        cases
            .push(Case::new(named("GM"), pace(Generic, aes, domain)).with("name_parameters", true));
        cases.push(Case::new(named("CAM"), pace(ChipAuthentication, aes, domain)));
        if domain != P224 {
            cases.push(Case::new(named("IM"), pace(Integrated, aes, domain)));
        }
    }
    cases
}

fn active_authentication() -> Vec<Case> {
    let with = |name: String, active| {
        let description = ChipDescription { active_authentication: Some(active), ..passport() };
        Case::new(name, description)
    };
    let mut cases =
        vec![Case::new("AA, RSA-1024, implicit", ChipDescription::old()).with("access", "bac")];
    for (bits, digest, lesser) in [
        (1024, DigestAlgorithm::Sha1, false),
        (1280, DigestAlgorithm::Sha1, true),
        (1536, DigestAlgorithm::Sha224, false),
        (2048, DigestAlgorithm::Sha256, false),
        (2048, DigestAlgorithm::Sha256, true),
        (3072, DigestAlgorithm::Sha384, false),
        (4096, DigestAlgorithm::Sha512, false),
    ] {
        let trailer = Trailer::Explicit(digest);
        let form = ActiveAuthentication::Rsa { bits, trailer, lesser };
        cases.push(with(format!("AA, RSA-{bits}, {digest:?}, lesser: {lesser}"), form));
    }
    for (curve, digest) in [
        (Curve::P192, DigestAlgorithm::Sha1),
        (Curve::BrainpoolP192r1, DigestAlgorithm::Sha1),
        (Curve::P224, DigestAlgorithm::Sha224),
        (Curve::BrainpoolP224r1, DigestAlgorithm::Sha224),
        (Curve::P256, DigestAlgorithm::Sha256),
        (Curve::BrainpoolP256r1, DigestAlgorithm::Sha256),
        (Curve::BrainpoolP320r1, DigestAlgorithm::Sha256),
        (Curve::P384, DigestAlgorithm::Sha384),
        (Curve::BrainpoolP384r1, DigestAlgorithm::Sha384),
        (Curve::BrainpoolP512r1, DigestAlgorithm::Sha512),
        (Curve::P521, DigestAlgorithm::Sha512),
    ] {
        let form = ActiveAuthentication::Ec { curve, digest };
        cases.push(with(format!("AA, {curve:?}, {digest:?}"), form));
    }
    cases
}

fn chip_authentications() -> Vec<Case> {
    let with = |name: String, authentications| {
        let description = ChipDescription { chip_authentication: authentications, ..passport() };
        Case::new(name, description)
    };
    let mut cases = Vec::new();
    for cipher in Cipher::ALL {
        for (domain, group) in [(12, "P-256"), (13, "brainpoolP256r1"), (1, "2048-bit MODP/224")] {
            let offer = chip_authentication(cipher, domain);
            let case = with(format!("CA, {group}, {cipher}, over PACE"), vec![offer]);
            cases.push(case.clone());
            let name = format!("CA, {group}, {cipher}, over BAC");
            cases.push(Case { name, ..case }.with("access", "bac"));
        }
    }
    for (domain, name) in CURVES.into_iter().chain(PRIME_GROUPS) {
        let offer = chip_authentication(Cipher::Aes128, domain);
        cases.push(with(format!("CA, {name}"), vec![offer]));
    }
    let mut first = chip_authentication(Cipher::TripleDes, 12);
    let mut second = chip_authentication(Cipher::Aes192, 15);
    (first.key_id, second.key_id) = (Some(1), Some(2));
    for (chosen, key) in [(first, "first"), (second, "second")] {
        let case = with(format!("CA, {key} of two keys"), vec![first, second]);
        cases.push(case.with("chip", chosen.protocol.oid().to_string()));
    }
    cases
}

/// The ways of chips, and long files.
fn ways() -> Vec<Case> {
    let with = |name: &str, quirks| {
        Case::new(name, ChipDescription { quirks, ..ChipDescription::passport() })
    };
    let extended = ChipDescription::passport().quirks;
    let short = Quirks::default();
    let mut number = pace(Generic, Cipher::Aes128, 12).with_format(Format::Td1);
    number.holder.document_number = "L898902C36X".to_owned();
    let mut long = ChipDescription::passport();
    long.document.portrait.resize(50_000, 0);
    vec![
        with("short lengths only", short),
        with("no short identifiers", Quirks { no_short_ids: true, ..extended }),
        with("errors outside secure messaging", Quirks { unprotected_errors: true, ..extended }),
        with("counts tries", Quirks { counts_tries: true, ..extended }),
        with("pieces of an answer", Quirks { response_piece: Some(100), ..extended }),
        with("pieces of 200 bytes, short lengths", Quirks { response_piece: Some(200), ..short }),
        with("exact lengths", Quirks { exact_lengths: true, ..short }),
        with("blocks of 100 bytes", Quirks { max_block: Some(100), ..extended }).with("block", 100),
        with("short identifiers", extended).with("short_ids", true),
        with("extended length", extended).with("block", 2000),
        Case::new("document number of eleven", number),
        Case::new("beyond 32 KB, short", long.clone()).with("block", 200),
        Case::new("beyond 32 KB, extended", long).with("block", 3000),
    ]
}

fn passport() -> ChipDescription {
    ChipDescription {
        active_authentication: None,
        chip_authentication: Vec::new(),
        ..ChipDescription::passport()
    }
}

/// Its prime is 1 modulo 4, so it has no integrated mapping (9303-11 appendix B).
const P224: u32 = 10;
