//! What a proof of a device key counts for.

use domain::attempt::AttemptState;
use domain::browser::Visitor;
use domain::confirmation::Flow;
use domain::device::{DeviceKey, DeviceProofError, DeviceProven};
use domain::entropy::Entropy;
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::Keys;
use domain::session::{Hello, HelloRefusal, NewSession, Session};
use domain::share::ShareContract;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};

use crate::proof::{NOW, no_face};

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.0 = self.0.wrapping_add(1);
        buffer.fill(self.0);
    }
}

fn key(seed: u8) -> (SigningKey, DeviceKey) {
    let private = SigningKey::from_slice(&[seed; 32]).unwrap();
    let point = private.verifying_key().to_sec1_point(false);
    let public = DeviceKey::parse(point.as_bytes()).unwrap();
    (private, public)
}

fn sign(key: &SigningKey, text: &str) -> Vec<u8> {
    let signature: DerSignature = key.sign(text.as_bytes());
    signature.as_bytes().to_vec()
}

/// A session with an offered attempt, and the hello of the device with this key.
fn offered(keys: &Keys, seed: u8, key: &DeviceKey) -> (Session, Hello) {
    let mut entropy = Counter(seed);
    let new = NewSession {
        id: SessionId::random(&mut entropy),
        organization: OrganizationId::random(&mut entropy),
        contract: ShareContract::default(),
        policy: no_face(),
        redirect_url: None,
        cancel_token: keys.cancel_token_hash("cancel"),
    };
    let fresh = AttemptId::random(&mut entropy);
    let minted = Session::create(new, NOW).mint(fresh, keys, &Visitor::Unknown, NOW).unwrap();
    let hello = Hello {
        attempt: minted.value.attempt,
        token: keys.handoff_token_hash(minted.value.token.reveal()),
        device: keys.device_hash(&minted.session.id, key.id()),
        app_version: None,
        flow: Flow::Unknown,
        confirms: false,
        network: None,
        proof: None,
    };
    (minted.session, hello)
}

#[test]
fn a_proof_counts_for_the_hello_it_was_made_for() {
    let keys = Keys::derive(&[4; 32]);
    let (private, public) = key(1);
    let (session, hello) = offered(&keys, 0, &public);
    let (other, its_hello) = offered(&keys, 100, &public);
    let signature = sign(&private, "text");
    let proof =
        DeviceProven::verify(&hello, &session.id, &keys, &public, "text", &signature).unwrap();

    let moved = Hello { proof: Some(proof.clone()), ..its_hello };
    assert_eq!(other.hello(moved, NOW).err(), Some(HelloRefusal::ProofInvalid));
    let proven = Hello { proof: Some(proof), ..hello.clone() };
    let claimed = session.clone().hello(proven, NOW).unwrap().session;
    assert!(claimed.device_proven);
    assert!(matches!(claimed.attempts[0].state, AttemptState::Claimed(_)));
    assert_eq!(claimed.hello(hello.clone(), NOW).err(), Some(HelloRefusal::ProofRequired));
    let unproven = session.hello(hello, NOW).unwrap().session;
    assert!(!unproven.device_proven);
}

#[test]
fn key_device_and_signature_belong_together() {
    let keys = Keys::derive(&[4; 32]);
    let ((private, public), (thief, thiefs)) = (key(1), key(2));
    let (session, hello) = offered(&keys, 0, &public);
    let verify = |key: &DeviceKey, text: &str, signature: &[u8]| {
        DeviceProven::verify(&hello, &session.id, &keys, key, text, signature).err()
    };
    let good = sign(&private, "text");
    assert_eq!(verify(&public, "text", &good), None);
    assert_eq!(verify(&public, "texT", &good), Some(DeviceProofError::Signature));
    assert_eq!(verify(&public, "text", &good[1..]), Some(DeviceProofError::Signature));
    let forged = sign(&thief, "text");
    assert_eq!(verify(&public, "text", &forged), Some(DeviceProofError::Signature));
    assert_eq!(verify(&thiefs, "text", &forged), Some(DeviceProofError::Device));
}
