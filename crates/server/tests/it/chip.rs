//! What chips prove of themselves through a phone, and what a hostile phone cannot make of it
//! (SECURITY row 25).

mod honest;
mod hostile;
mod policy;

use domain::policy::Policy;
use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::{ChipAuthenticationProtocol, KeyAgreement};
use emrtd::sim::{ChipAuthentication, ChipDescription, Personalisation};
use protocol::ServerMessage;
use serde_json::{Value, json};
use testkit::{
    ChipOnReader, Created, Handoff, Heard, PhoneSocket, RelyingParty, TestServer, Utopia,
    WebhookSink,
};

/// A server that trusts one state, and a relying party under some policies.
struct World {
    server: TestServer,
    utopia: Utopia,
    rp: RelyingParty,
    sink: WebhookSink,
}

/// A phone in `nfc_reading`, which has uploaded the files of a chip.
struct Phone {
    socket: PhoneSocket,
    chip: ChipOnReader,
    session: Created,
    handoff: Handoff,
}

impl World {
    async fn new() -> Self {
        Self::under(Policy::default()).await
    }

    async fn under(policy: Policy) -> Self {
        let server = TestServer::start().await;
        let utopia = Utopia::trusted_by(&server).await;
        let rp = server.relying_party_under(policy).await;
        let sink = WebhookSink::register(&rp).await;
        Self { server, utopia, rp, sink }
    }

    fn issue(&self, description: &ChipDescription) -> Personalisation {
        self.utopia.issue(description)
    }

    /// Reads a chip and uploads its files.
    async fn phone(&self, chip: &Personalisation) -> Phone {
        let chip = ChipOnReader::read(chip);
        let session = self.rp.session(&[("family_name", true)]).await;
        let handoff = self.rp.handoff(&session.id).await;
        let mut socket = PhoneSocket::claimed(&self.server, &handoff, "phone").await;
        socket.begin().await;
        socket.upload_chip(&chip).await;
        Phone { socket, chip, session, handoff }
    }

    /// The assurance that the relying party is told.
    async fn assurance(&self, mut phone: Phone) -> Value {
        assert_eq!(phone.socket.phase("nfc_complete").await, testkit::ack("phase_ok"));
        phone.socket.selfies().await;
        let keys = ["family_name", "kayle_document_id"];
        let heard = phone.socket.share(&phone.session.id, &keys).await;
        assert!(matches!(heard, Heard::Message(ServerMessage::ShareReady { .. })), "{heard:?}");
        let event = self.sink.open(&self.sink.next().await);
        assert_eq!(event["type"], "verification.attempt.succeeded");
        let assurance = &event["data"]["assurance"];
        assert_eq!(self.attempt(&phone.session).await["assurance"], *assurance);
        assurance.clone()
    }

    /// The code that the attempt fails with at `nfc_complete`, which phone, relying party and
    /// webhook are told alike.
    async fn rejection(&self, mut phone: Phone) -> String {
        let code = phone.socket.phase("nfc_complete").await.rejection().to_owned();
        let Heard::Closed(closed) = phone.socket.hear().await else { panic!("a closed socket") };
        assert_eq!((closed.code, closed.reason), (1008, code.clone()));
        let event = self.sink.open(&self.sink.next().await);
        assert_eq!(event["type"], "verification.attempt.failed");
        assert_eq!(event["data"]["failure_code"], code);
        let attempt = self.attempt(&phone.session).await;
        assert_eq!(attempt["failure_code"], code);
        assert_eq!((&attempt["risk_score"], &attempt["assurance"]), (&json!(1), &json!(null)));
        code
    }

    /// The one attempt of a session, as the API shows it.
    async fn attempt(&self, session: &Created) -> Value {
        let path = format!("/v1/sessions/attempts?session_id={}", session.id);
        self.rp.get(&path).await.1["data"][0].clone()
    }
}

/// A passport with chip authentication alone, of this kind.
fn with_chip_authentication(
    agreement: KeyAgreement,
    cipher: Cipher,
    version: u32,
    domain: u32,
) -> ChipDescription {
    let protocol = ChipAuthenticationProtocol { agreement, cipher };
    ChipDescription {
        active_authentication: None,
        chip_authentication: vec![ChipAuthentication { protocol, version, domain, key_id: None }],
        ..ChipDescription::passport()
    }
}

/// A passport that signs, and has no key for chip authentication.
fn with_active_authentication() -> ChipDescription {
    ChipDescription { chip_authentication: vec![], ..ChipDescription::passport() }
}

/// A passport with a key for chip authentication alone.
fn with_chip_authentication_alone() -> ChipDescription {
    ChipDescription { active_authentication: None, ..ChipDescription::passport() }
}
