//! PACE with chip authentication mapping, and who vouches for its key.

use std::sync::Arc;

use emrtd::crypto::agreement::Domain;
use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::{KeyAgreement, PaceMapping};
use emrtd::read::{Access, CardSecurityError, MappingProof, Outcome, ReadPolicy, Reader, Vouched};
use emrtd::sim::{IssuingState, StateProfile};
use emrtd::tlv::{self, Oid};
use emrtd::trust::{Certificate, Crl, Provenance, TrustStore};

use super::chip::{Chip, Quirks, STATIC_KEY};
use super::reader::{assert_whole, files, password, protocol, read, run};
use crate::shared::NOW;

/// How EF.CardSecurity of a chip with chip authentication mapping is.
struct Mapping<'a> {
    public_key: &'a [u8],
    key_id: u8,
    cloned: bool,
    content_type: [u8; 8],
    damage: Option<&'a [u8]>,
}

impl Mapping<'_> {
    fn genuine(public_key: &[u8]) -> Mapping<'_> {
        let content_type = [4, 0, 0x7F, 0, 7, 3, 2, 1];
        Mapping { public_key, key_id: 13, cloned: false, content_type, damage: None }
    }

    /// Reads a chip whose file `state` signed.
    fn read(&self, state: &IssuingState, trust: Option<Arc<TrustStore>>) -> Outcome {
        let cam = protocol(KeyAgreement::Ecdh, PaceMapping::ChipAuthentication, Cipher::Aes128);
        let mut chip = Chip::new(files()).with_pace(cam, 13);
        chip.quirks = Quirks { cloned: self.cloned, ..Quirks::default() };
        // ChipAuthenticationPublicKeyInfo: id-PK-ECDH, standardized parameters 13
        let ecdh = Oid::from_octets(&[4, 0, 0x7F, 0, 7, 2, 2, 1, 2]);
        let standardized = Oid::from_octets(&[4, 0, 0x7F, 0, 7, 1, 2]);
        let algorithm = tlv::sequence(&[&tlv::oid_element(&standardized), &tlv::integer(&[13])]);
        let spki = tlv::sequence(&[&algorithm, &tlv::bit_string(self.public_key, 0)]);
        let key_id = tlv::integer(&[self.key_id]);
        let infos = tlv::set_of(&[tlv::sequence(&[&tlv::oid_element(&ecdh), &spki, &key_id])]);
        let mut file = state.sign(&Oid::from_octets(&self.content_type), &infos).unwrap();
        if let Some(damage) = self.damage {
            let position = file.windows(damage.len()).position(|part| part == damage).unwrap();
            file[position] ^= 1;
        }
        chip.master.insert(0x011D, file);
        let mut reader = Reader::new(password(), ReadPolicy::default());
        if let Some(trust) = trust {
            reader = reader.trusting(trust);
        }
        assert!(run(&mut chip, &mut reader, 5000).unwrap());
        let outcome = reader.outcome().unwrap();
        assert_whole(&outcome, &chip);
        outcome
    }
}

fn proof(outcome: &Outcome) -> (MappingProof, Option<Vouched>) {
    match outcome.access {
        Access::Pace { chip_authentication, .. } => (chip_authentication, outcome.card_security),
        Access::Bac { .. } => panic!("BAC"),
    }
}

fn store(state: &IssuingState, crl: Option<Crl>) -> Arc<TrustStore> {
    let provenance = Provenance { source: "test".into(), verified: true };
    let mut builder =
        TrustStore::builder().add_csca(Certificate::from_der(state.csca()).unwrap(), provenance);
    if let Some(crl) = crl {
        builder = builder.add_crl(crl);
    }
    Arc::new(builder.build())
}

#[test]
fn chip_authentication_mapping_proves_the_chip() {
    let key = Domain::standardized(13).unwrap().key_pair(&STATIC_KEY).unwrap();
    let state = IssuingState::new(StateProfile::utopia(), NOW).unwrap();
    let genuine = Mapping::genuine(key.public());
    let consistent = Some(Vouched::ConsistentOnly);
    assert_eq!(proof(&genuine.read(&state, None)), (MappingProof::Unvouched, consistent));
    let trust = store(&state, None);
    let outcome = genuine.read(&state, Some(trust));
    assert_eq!(proof(&outcome), (MappingProof::Proven, Some(Vouched::Trusted)));

    let cloned = Mapping { cloned: true, ..Mapping::genuine(key.public()) };
    assert_eq!(proof(&cloned.read(&state, None)).0, MappingProof::Failed, "a copied chip");
    let other_id = Mapping { key_id: 14, ..Mapping::genuine(key.public()) };
    assert_eq!(proof(&other_id.read(&state, None)).0, MappingProof::NoKey);

    let cam = protocol(KeyAgreement::Ecdh, PaceMapping::ChipAuthentication, Cipher::Aes128);
    let mut chip = Chip::new(files()).with_pace(cam, 13);
    let outcome = read(&mut chip, password(), ReadPolicy::default()).unwrap();
    assert_eq!(proof(&outcome), (MappingProof::NoKey, None), "without the file");
}

/// A chip with a key of its own that brings an EF.CardSecurity to match.
#[test]
fn a_key_that_nobody_signed_proves_no_chip() {
    let key = Domain::standardized(13).unwrap().key_pair(&STATIC_KEY).unwrap();
    let state = IssuingState::new(StateProfile::utopia(), NOW).unwrap();
    let refused = |mapping: &Mapping<'_>, trust| {
        let (proof, vouched) = proof(&mapping.read(&state, trust));
        assert_eq!(proof, MappingProof::Failed);
        match vouched {
            Some(Vouched::Refused(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let genuine = Mapping::genuine(key.public());
    let changed = Mapping { damage: Some(key.public()), ..Mapping::genuine(key.public()) };
    assert_eq!(refused(&changed, None), CardSecurityError::Attributes);
    let serial = state.document_signer_serial();
    let unsigned = Mapping { damage: Some(serial), ..Mapping::genuine(key.public()) };
    assert_eq!(refused(&unsigned, None), CardSecurityError::SignerCertificate);
    let lds = [0x67, 0x81, 0x08, 0x01, 0x01, 0x01, 0x01, 0x01];
    let mistyped = Mapping { content_type: lds, ..Mapping::genuine(key.public()) };
    let error = CardSecurityError::ContentType(Oid::from_octets(&lds));
    assert_eq!(refused(&mistyped, None), error);

    let other = IssuingState::new(StateProfile::utopia(), NOW).unwrap();
    assert_eq!(refused(&genuine, Some(store(&other, None))), CardSecurityError::Untrusted);
    let nobody = Arc::new(TrustStore::default());
    assert_eq!(refused(&genuine, Some(nobody)), CardSecurityError::Untrusted);
    let crl = state.crl(&[serial], NOW, Some(NOW.plus_days(30))).unwrap();
    let revoked = store(&state, Some(Crl::from_der(&crl).unwrap()));
    assert_eq!(refused(&genuine, Some(revoked)), CardSecurityError::Revoked);
}
