//! Nothing but what the state signed is ever genuine.
//!
//! [`bits`] changes every single bit, [`edits`] changes bytes and structure at
//! random. Both hold the verdict against the same rule, [`hold`].

mod bits;
mod bounds;
mod edits;
mod tree;

use std::sync::OnceLock;

use emrtd::crypto::Curve;
use emrtd::crypto::cms::SignerInfo;
use emrtd::lds::DataGroup;
use emrtd::lds::sod::Sod;
use emrtd::sim::{DocumentProfile, Holder, KeyKind, SimulatedDocument, StateProfile};
use emrtd::tlv::{Reader, Rules};
use emrtd::trust::TrustStore;
use emrtd::verify::{Document, PassiveFailure, PassivelyAuthenticated, Tolerated, passive};

use crate::keys;
use crate::shared::NOW;
use crate::trust::{certificate, vouched};

/// A good document and the store it verifies against.
struct Specimen {
    name: &'static str,
    document: SimulatedDocument,
    trust: TrustStore,
    /// Where the signer identifier is in EF.SOD.
    signer_id: std::ops::Range<usize>,
}

/// One for each form of EF.SOD.
fn specimens() -> &'static [Specimen] {
    static SPECIMENS: OnceLock<Vec<Specimen>> = OnceLock::new();
    SPECIMENS.get_or_init(|| {
        let ec = StateProfile::utopia();
        let rsa = StateProfile {
            csca: KeyKind::Rsa(3072),
            signer: KeyKind::Rsa(2048),
            ..StateProfile::utopia()
        };
        let named = KeyKind::Ec(Curve::P384, false);
        let plain = StateProfile { csca: named, signer: named, plain_ecdsa: true, ..ec.clone() };
        let by_key = DocumentProfile { by_key_id: true, ..DocumentProfile::passport() };
        let ber = DocumentProfile { indefinite: true, ..DocumentProfile::passport() };
        let v1 =
            DocumentProfile { lds_version: Some("0108".into()), ..DocumentProfile::passport() };
        vec![
            specimen("ECDSA, by serial number", ec, DocumentProfile::passport()),
            specimen("PKCS#1, indefinite lengths", rsa.clone(), ber),
            specimen("PSS, by key", StateProfile { pss: true, ..rsa }, by_key),
            specimen("plain ECDSA, LDS 1.8", plain, v1),
        ]
    })
}

fn specimen(name: &'static str, state: StateProfile, profile: DocumentProfile) -> Specimen {
    let state = keys::state(state);
    let mut profile = profile;
    let spki = openssl::x509::X509::from_der(state.document_signer()).unwrap();
    let dg15 =
        emrtd::lds::dg15::Dg15::write(&spki.public_key().unwrap().public_key_to_der().unwrap());
    let dg14 = emrtd::lds::dg14::Dg14::write(&[active_authentication_info()]);
    profile.more_groups = vec![(DataGroup::DG14, dg14), (DataGroup::DG15, dg15)];
    let document = state.issue(&Holder::example(), &profile).unwrap();
    let trust = TrustStore::builder().add_csca(certificate(state.csca()), vouched()).build();
    let signer_id = signer_id(&document.sod);
    let specimen = Specimen { name, document, trust, signer_id };
    let proof = verdict(&specimen, &specimen.document).unwrap();
    assert_eq!(proof.report().tolerated, [], "{name}");
    specimen
}

fn active_authentication_info() -> Vec<u8> {
    use emrtd::tlv::{Oid, integer, oid_element, sequence};
    let protocol = Oid::from_octets(&[0x67, 0x81, 0x08, 0x01, 0x01, 0x05]);
    let algorithm = Oid::from_octets(&[0x04, 0, 0x7F, 0, 7, 1, 1, 4, 1, 3]);
    sequence(&[&oid_element(&protocol), &integer(&[1]), &oid_element(&algorithm)])
}

fn verdict(
    specimen: &Specimen,
    document: &SimulatedDocument,
) -> Result<PassivelyAuthenticated<Document>, PassiveFailure> {
    passive(document.clone().into_files(), &specimen.trust, NOW)?.into_document(NOW)
}

/// The rule. A changed document is refused; or nothing that is signed or hashed
/// has changed, and whatever else did is said.
fn hold(specimen: &Specimen, changed: &SimulatedDocument) -> Held {
    let Ok(proof) = verdict(specimen, changed) else {
        return Held::Refused;
    };
    let name = specimen.name;
    let original = &specimen.document;
    for (group, file) in changed.groups() {
        assert_eq!(original.group(group), Some(file), "{name}: {group} is another one");
        assert_eq!(proof.get().group(group), Some(file), "{name}: not what was verified");
    }
    let (before, after) = (Sod::parse(&original.sod).unwrap(), Sod::parse(&changed.sod).unwrap());
    assert_eq!(before.security_object, after.security_object, "{name}");
    let (before, after) = (before.signed_data, after.signed_data);
    assert_eq!(before.content, after.content, "{name}");
    let ([was], [is]) = (before.signers.as_slice(), after.signers.as_slice()) else {
        panic!("{name}: another number of signers");
    };
    let attributes = |info: &SignerInfo| info.signed_attributes.clone().unwrap().signed_bytes;
    assert_eq!(attributes(was), attributes(is), "{name}");
    assert_eq!(was.signature, is.signature, "{name}");
    let (_, signer) = before.certificates.first().unwrap();
    let is_signer = |der: &Vec<u8>| signed_parts(der) == signed_parts(signer);
    assert!(after.certificates.iter().any(|(_, der)| is_signer(der)), "{name}");
    // The template is the only other part of the frame that may be missing.
    let mut expected = Vec::new();
    if changed.sod.first() != Some(&0x77) {
        expected.push(Tolerated::SodWithoutTemplate);
    }
    if was.id != is.id {
        expected.push(Tolerated::SignerIdMismatch);
    }
    assert_eq!(proof.report().tolerated, expected, "{name}");
    match expected.as_slice() {
        [] => Held::Same,
        [Tolerated::SignerIdMismatch] => Held::SignerIdNoted,
        _ => Held::TemplateNoted,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Refused,
    /// Every signed byte is the same, and the frame means the same.
    Same,
    /// Every signed byte is the same; the report says that the signer calls
    /// its certificate by another name.
    SignerIdNoted,
    /// Every signed byte is the same; the report says that the file is bare.
    TemplateNoted,
}

/// The signed part of a certificate and its signature. Between them is the
/// algorithm once more, where absent and `NULL` parameters are the same.
fn signed_parts(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut parts = Reader::new(der, Rules::Ber).read().ok()?.children().ok()?;
    let signed = parts.read().ok()?.raw().to_vec();
    parts.read().ok()?;
    Some((signed, parts.read().ok()?.raw().to_vec()))
}

fn signer_id(sod: &[u8]) -> std::ops::Range<usize> {
    let info = Sod::parse(sod).unwrap().signed_data.signers.remove(0);
    // It follows the version.
    let element = Reader::at(&sod[info.offset..], info.offset, Rules::Ber).read().unwrap();
    let mut fields = element.children().unwrap();
    fields.read().unwrap();
    let id = fields.read().unwrap();
    id.offset()..id.offset() + id.raw().len()
}
