//! Passive authentication, as a multiple of what it cannot do without.
//!
//! The bare cost is what OpenSSL needs, called the cheapest way: the signature
//! on the signer certificate under the key of the CSCA, which is at hand; the
//! signature of EF.SOD under the key of the signer, which OpenSSL is given as
//! numbers, since it came with the document; and one hash of each signed file.
//!
//! First the ratios of many interleaved rounds in this run, then what divan
//! measures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

use std::hint::black_box;
use std::time::Duration;

use divan::Bencher;
use emrtd::UnixSeconds;
use emrtd::crypto::cms::SignedData;
use emrtd::crypto::{Curve, DigestAlgorithm};
use emrtd::lds::DataGroup;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, KeyKind, SimulatedDocument, StateProfile};
use emrtd::tlv::{Reader, Rules, Tag};
use emrtd::trust::{Certificate, Provenance, TrustStore};
use emrtd::verify::{DocumentFiles, passive};
use openssl::bn::{BigNum, BigNumRef};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use openssl::sign::Verifier;

mod cpu_time;

use cpu_time::{median, time};

const NOW: UnixSeconds = UnixSeconds(1_780_000_000);

/// Interleaved rounds of each case, and the size of the portrait as passports have it.
const ROUNDS: usize = 301;
const PORTRAIT_BYTES: usize = 18_000;

const CASES: [&str; 8] = [
    "RSA-2048",
    "RSA-4096",
    "P-256",
    "P-384",
    "P-521",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
];

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    if !std::env::args().any(|argument| argument == "--test") {
        print_ratios();
    }
    divan::main();
}

fn print_ratios() {
    println!("| key of CSCA and signer | bare | first time | ratio | chain known | ratio |");
    println!("|---|---|---|---|---|---|");
    for name in CASES {
        let case = Case::new(name);
        let known = case.store();
        case.verify(&known, case.files());
        let mut times: [Vec<Duration>; 3] = Default::default();
        for _ in 0..ROUNDS {
            let fresh = case.store();
            let (files, again) = (case.files(), case.files());
            times[0].push(time(|| case.bare()));
            times[1].push(time(|| case.verify(&fresh, files)));
            times[2].push(time(|| case.verify(&known, again)));
        }
        let [bare, first, cached] = times.map(median);
        println!(
            "| {name} | {} | {} | {:.2} | {} | {:.2} |",
            micros(bare),
            micros(first),
            first.as_secs_f64() / bare.as_secs_f64(),
            micros(cached),
            cached.as_secs_f64() / bare.as_secs_f64(),
        );
    }
    println!();
}

#[divan::bench(args = CASES)]
fn bare(bencher: Bencher, name: &str) {
    let case = Case::new(name);
    bencher.bench_local(|| case.bare());
}

#[divan::bench(args = CASES)]
fn first_time(bencher: Bencher, name: &str) {
    let case = Case::new(name);
    bencher
        .with_inputs(|| (case.store(), case.files()))
        .bench_local_values(|(store, files)| case.verify(&store, files));
}

#[divan::bench(args = CASES)]
fn chain_known(bencher: Bencher, name: &str) {
    let case = Case::new(name);
    let store = case.store();
    case.verify(&store, case.files());
    bencher.with_inputs(|| case.files()).bench_local_values(|files| case.verify(&store, files));
}

/// A document of a state that uses one kind of key throughout.
struct Case {
    csca: Certificate,
    signer_key: Numbers,
    document: SimulatedDocument,
    digest: MessageDigest,
    /// What is signed, and by whom: the signer certificate, and the attributes of EF.SOD.
    chain: (Vec<u8>, Vec<u8>),
    attributes: (Vec<u8>, Vec<u8>),
    security_object: Vec<u8>,
}

impl Case {
    fn new(name: &str) -> Self {
        let (kind, hash) = kind(name);
        let profile = StateProfile { csca: kind, signer: kind, hash, ..StateProfile::utopia() };
        let state = IssuingState::new(profile, NOW).unwrap();
        let mut passport = DocumentProfile::passport();
        passport.portrait.resize(PORTRAIT_BYTES, 0);
        let document = state.issue(&Holder::example(), &passport).unwrap();
        let template = Reader::new(&document.sod, Rules::Der).read().unwrap();
        let signed = SignedData::parse(template.content(), 0).unwrap();
        let attributes = signed.signers[0].signed_attributes.clone().unwrap().signed_bytes;
        Self {
            csca: Certificate::from_der(state.csca()).unwrap(),
            signer_key: Numbers::of(&Certificate::from_der(state.document_signer()).unwrap()),
            digest: match hash {
                DigestAlgorithm::Sha384 => MessageDigest::sha384(),
                DigestAlgorithm::Sha512 => MessageDigest::sha512(),
                _ => MessageDigest::sha256(),
            },
            chain: signed_part(state.document_signer()),
            attributes: (attributes, signed.signers[0].signature.clone()),
            security_object: signed.content.clone(),
            document,
        }
    }

    fn store(&self) -> TrustStore {
        let provenance = Provenance { source: "bench".into(), verified: true };
        TrustStore::builder().add_csca(self.csca.clone(), provenance).build()
    }

    fn files(&self) -> DocumentFiles {
        self.document.clone().into_files()
    }

    fn bare(&self) {
        let csca = self.csca.public_key().pkey();
        let signer = match &self.signer_key {
            Numbers::Rsa(n, e) => {
                let owned = |number: &BigNumRef| number.to_owned().unwrap();
                let (n, e) = (owned(n), owned(e));
                PKey::from_rsa(Rsa::from_public_components(n, e).unwrap()).unwrap()
            }
            Numbers::Ec(group, point) => {
                PKey::from_ec_key(EcKey::from_public_key(group, point).unwrap()).unwrap()
            }
        };
        for (key, (message, signature)) in [(csca, &self.chain), (&signer, &self.attributes)] {
            assert!(verify(key, self.digest, message, signature));
        }
        for group in [DataGroup::DG1, DataGroup::DG2] {
            black_box(hash(self.digest, self.document.group(group).unwrap()).unwrap());
        }
        black_box(hash(self.digest, &self.security_object).unwrap());
    }

    fn verify(&self, store: &TrustStore, files: DocumentFiles) -> impl Sized + use<> {
        passive(files, store, NOW).unwrap()
    }
}

/// A public key as numbers.
enum Numbers {
    Rsa(BigNum, BigNum),
    Ec(EcGroup, EcPoint),
}

impl Numbers {
    fn of(certificate: &Certificate) -> Self {
        let key = certificate.public_key().pkey();
        if let Ok(rsa) = key.rsa() {
            return Self::Rsa(rsa.n().to_owned().unwrap(), rsa.e().to_owned().unwrap());
        }
        let key = key.ec_key().unwrap();
        let group = EcGroup::from_curve_name(key.group().curve_name().unwrap()).unwrap();
        let point = key.public_key().to_owned(&group).unwrap();
        Self::Ec(group, point)
    }
}

/// ECDSA on the key itself, which is faster than through `Verifier`.
fn verify(key: &PKey<Public>, digest: MessageDigest, message: &[u8], signature: &[u8]) -> bool {
    match key.ec_key() {
        Ok(key) => {
            let digest = hash(digest, message).unwrap();
            EcdsaSig::from_der(signature).unwrap().verify(&digest, &key).unwrap()
        }
        Err(_) => {
            let mut verifier = Verifier::new(digest, key).unwrap();
            verifier.verify_oneshot(signature, message).unwrap()
        }
    }
}

/// The signed part of a certificate and its signature.
fn signed_part(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut fields =
        Reader::new(der, Rules::Der).expect(Tag::SEQUENCE).unwrap().children().unwrap();
    let part = fields.read().unwrap().raw().to_vec();
    fields.read().unwrap();
    (part, fields.read().unwrap().bit_string_octets().unwrap().to_vec())
}

fn kind(name: &str) -> (KeyKind, DigestAlgorithm) {
    let ec = |curve| KeyKind::Ec(curve, true);
    match name {
        "RSA-2048" => (KeyKind::Rsa(2048), DigestAlgorithm::Sha256),
        "RSA-4096" => (KeyKind::Rsa(4096), DigestAlgorithm::Sha256),
        "P-256" => (ec(Curve::P256), DigestAlgorithm::Sha256),
        "P-384" => (ec(Curve::P384), DigestAlgorithm::Sha384),
        "P-521" => (ec(Curve::P521), DigestAlgorithm::Sha512),
        "brainpoolP256r1" => (ec(Curve::BrainpoolP256r1), DigestAlgorithm::Sha256),
        "brainpoolP384r1" => (ec(Curve::BrainpoolP384r1), DigestAlgorithm::Sha384),
        _ => (ec(Curve::BrainpoolP512r1), DigestAlgorithm::Sha512),
    }
}

fn micros(time: Duration) -> String {
    format!("{:.0} µs", time.as_secs_f64() * 1e6)
}
