//! Proof of the device key at hello and at every resume (SECURITY row 18).

use domain::policy::{DeviceProofPolicy, Policy};
use protocol::{ClientMessage, Hello, ServerMessage, device};
use testkit::{
    Closed, DeviceKey, Handoff, Heard, PhoneSocket, RelyingParty, TestServer, ack,
    simulated_passport,
};

struct Scene {
    server: TestServer,
    rp: RelyingParty,
    handoff: Handoff,
    key: DeviceKey,
}

impl Scene {
    async fn new() -> Self {
        Self::under(Policy::default()).await
    }

    async fn under(policy: Policy) -> Self {
        let server = TestServer::start().await;
        let rp = server.relying_party_under(policy).await;
        let session = rp.session(&[]).await;
        let handoff = rp.handoff(&session.id).await;
        Self { server, rp, handoff, key: DeviceKey::generate() }
    }

    fn hello(&self) -> Hello {
        self.handoff.hello("ignored: the key names the device")
    }

    fn origin(&self) -> String {
        self.server.url()
    }

    async fn connect(&self) -> PhoneSocket {
        PhoneSocket::connect(&self.server, &self.handoff.session_id).await
    }

    /// A socket that was asked for a proof, with the nonce.
    async fn challenged(&self) -> (PhoneSocket, Vec<u8>) {
        let mut phone = self.connect().await;
        let nonce = challenge(&mut phone, &self.key.hello(self.hello())).await;
        (phone, nonce)
    }

    async fn proven(&self) -> PhoneSocket {
        let mut phone = self.connect().await;
        phone.welcome(self.hello(), Some(&self.key)).await;
        phone
    }

    async fn status(&self) -> String {
        self.rp.status(&self.handoff.session_id).await["status"].as_str().unwrap().to_owned()
    }

    /// The proof is refused, the socket closed, and nothing consumed.
    async fn refuses(&self, mut phone: PhoneSocket, signature: Vec<u8>, why: &str) {
        let heard = phone.ask(&ClientMessage::DeviceProof { signature }).await;
        assert_eq!(heard.error_code(), "DEVICE_PROOF_INVALID", "{why}");
        let closed = Closed { code: 1008, reason: "DEVICE_PROOF_INVALID".to_owned() };
        assert_eq!(phone.hear().await, Heard::Closed(closed));
        assert_eq!(self.status().await, "created", "{why}");
    }
}

async fn challenge(phone: &mut PhoneSocket, hello: &Hello) -> Vec<u8> {
    match phone.ask(&ClientMessage::Hello(hello.clone())).await {
        Heard::Message(ServerMessage::DeviceChallenge { nonce }) => nonce,
        other => panic!("expected a challenge, heard {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proven_device_is_marked_and_an_old_one_too() {
    let scene = Scene::new().await;
    let passport = simulated_passport(&scene.server).await;
    for proven in [true, false] {
        let session = scene.rp.session(&[]).await.id;
        let handoff = scene.rp.handoff(&session).await;
        let mut phone = PhoneSocket::connect(&scene.server, &session).await;
        phone.welcome(handoff.hello("old phone"), proven.then_some(&scene.key)).await;
        phone.begin().await;
        phone.prove(&passport).await;
        phone.share(&session, &["kayle_document_id"]).await;
        let path = format!("/v1/sessions/{session}?include_attempts=true");
        let (_, body) = scene.rp.get(&path).await;
        let assurance = &body["data"]["attempts"][0]["assurance"];
        assert_eq!(assurance["device_proof"], proven);
        assert_eq!(assurance["browser_bound"], false);
        assert_eq!(assurance["same_network"], serde_json::Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_consumes_nothing() {
    let scene = Scene::new().await;
    let (_waiting, nonce) = scene.challenged().await;
    assert_eq!(nonce.len(), 32);
    assert_eq!(scene.status().await, "created");
    // Another device claims meanwhile, and the proof of the first is too late.
    let (mut late, nonce) = scene.challenged().await;
    PhoneSocket::claimed(&scene.server, &scene.handoff, "other").await;
    let hello = scene.key.hello(scene.hello());
    let signature = scene.key.sign(&scene.origin(), &scene.handoff.session_id, &hello, &nonce);
    let heard = late.ask(&ClientMessage::DeviceProof { signature }).await;
    assert_eq!(heard.error_code(), "HANDOFF_DEVICE_MISMATCH");
}

/// What is signed instead, with the nonce of the socket at hand.
type Forgery<'a> = Box<dyn Fn(&[u8]) -> String + 'a>;

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_for_anything_else_is_worth_nothing() {
    let scene = Scene::new().await;
    let (session, origin) = (scene.handoff.session_id.clone(), scene.origin());
    let (attempt, token) = (scene.handoff.attempt_id.clone(), scene.handoff.token.clone());
    let other = scene.rp.handoff(&scene.rp.session(&[]).await.id).await;

    let (first, old) = scene.challenged().await;
    drop(first);
    let texts: [(&str, Forgery<'_>); 8] = [
        (
            "an earlier nonce",
            Box::new(|_| device::statement(&origin, &session, &attempt, &token, &old)),
        ),
        (
            "another session",
            Box::new(|nonce| {
                device::statement(&origin, &other.session_id, &attempt, &token, nonce)
            }),
        ),
        (
            "another attempt",
            Box::new(|nonce| {
                device::statement(&origin, &session, &other.attempt_id, &token, nonce)
            }),
        ),
        (
            "another token",
            Box::new(|nonce| device::statement(&origin, &session, &attempt, &other.token, nonce)),
        ),
        (
            "another server",
            Box::new(|nonce| {
                device::statement("https://evil.example", &session, &attempt, &token, nonce)
            }),
        ),
        (
            "another scheme",
            Box::new(|nonce| {
                device::statement(
                    &origin.replace("http:", "https:"),
                    &session,
                    &attempt,
                    &token,
                    nonce,
                )
            }),
        ),
        (
            "another purpose",
            Box::new(|nonce| {
                device::statement(&origin, &session, &attempt, &token, nonce).replace("v1", "v2")
            }),
        ),
        ("nothing", Box::new(|_| String::new())),
    ];
    for (why, text) in texts {
        let (phone, nonce) = scene.challenged().await;
        scene.refuses(phone, scene.key.sign_text(&text(&nonce)), why).await;
    }
    let (phone, nonce) = scene.challenged().await;
    let hello = scene.key.hello(scene.hello());
    let thief = DeviceKey::generate();
    let forged = thief.sign(&origin, &session, &hello, &nonce);
    scene.refuses(phone, forged, "a signature of another key").await;
    for malformed in [vec![], vec![0; 64], vec![0x30, 0x06, 2, 1, 0, 2, 1, 0]] {
        let (phone, _) = scene.challenged().await;
        scene.refuses(phone, malformed, "no signature").await;
    }
    scene.proven().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_is_used_once_and_by_its_own_socket() {
    let scene = Scene::new().await;
    let hello = scene.key.hello(scene.hello());
    let sign =
        |nonce: &[u8]| scene.key.sign(&scene.origin(), &scene.handoff.session_id, &hello, nonce);
    let ((_one, of_one), (two, of_two)) = (scene.challenged().await, scene.challenged().await);
    assert_ne!(of_one, of_two);
    scene.refuses(two, sign(&of_one), "the nonce of another socket").await;

    let mut phone = scene.connect().await;
    let first = challenge(&mut phone, &hello).await;
    let second = challenge(&mut phone, &hello).await;
    assert_ne!(first, second, "each hello has its own");
    scene.refuses(phone, sign(&first), "the nonce of the hello before").await;

    let (mut phone, nonce) = scene.challenged().await;
    let proof = ClientMessage::DeviceProof { signature: sign(&nonce) };
    assert_eq!(phone.ask(&proof).await, ack("hello_ok"));
    phone.hear().await;
    assert_eq!(phone.ask(&proof).await.error_code(), "DEVICE_PROOF_INVALID", "a nonce twice");
    let mut stranger = scene.connect().await;
    assert_eq!(stranger.ask(&proof).await.error_code(), "HELLO_REQUIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_device_id_is_the_hash_of_the_key_and_nothing_else() {
    let scene = Scene::new().await;
    let thief = DeviceKey::generate();
    // The thief's key under the victim's id, and the id in another spelling.
    for id in [scene.key.id(), thief.id().to_uppercase(), "phone".to_owned()] {
        let hello = Hello { device_id: id.as_str().into(), ..thief.hello(scene.hello()) };
        let mut phone = scene.connect().await;
        let nonce = challenge(&mut phone, &hello).await;
        let signature = thief.sign(&scene.origin(), &scene.handoff.session_id, &hello, &nonce);
        scene.refuses(phone, signature, &id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_refused_before_any_challenge() {
    let scene = Scene::new().await;
    let compressed = [&[2_u8], &scene.key.point[1..33]].concat();
    let mut off_curve = scene.key.point.to_vec();
    off_curve[64] ^= 1;
    let hybrid = [&[6_u8], &scene.key.point[1..]].concat();
    for key in [vec![4], compressed, off_curve, hybrid, vec![0; 65], scene.key.point[..64].to_vec()]
    {
        let hello = Hello { device_key: key, ..scene.hello() };
        let mut phone = scene.connect().await;
        let heard = phone.ask(&ClientMessage::Hello(hello)).await;
        assert_eq!(heard.error_code(), "DEVICE_PROOF_INVALID");
        assert_eq!(scene.status().await, "created");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_claimed_with_a_proof_takes_no_hello_without() {
    let scene = Scene::new().await;
    let passport = simulated_passport(&scene.server).await;
    let mut holder = scene.proven().await;
    // Whoever has overheard token and device id, but not the key.
    let id = scene.key.id();
    let (mut thief, heard) = PhoneSocket::hello(&scene.server, &scene.handoff, &id).await;
    assert_eq!(heard.error_code(), "DEVICE_PROOF_REQUIRED");
    let closed = Closed { code: 1008, reason: "DEVICE_PROOF_REQUIRED".to_owned() };
    assert_eq!(thief.hear().await, Heard::Closed(closed));
    assert_eq!(holder.phase("mobile_connected").await, ack("phase_ok"), "nobody was displaced");

    // The next attempt is the key's too.
    holder.begin().await;
    holder.upload_passport(&passport.with_forged_dg1()).await;
    assert_eq!(holder.phase("nfc_complete").await.rejection(), "passport_authenticity_failed");
    let again = scene.rp.handoff(&scene.handoff.session_id).await;
    let (_, heard) = PhoneSocket::hello(&scene.server, &again, &id).await;
    assert_eq!(heard.error_code(), "DEVICE_PROOF_REQUIRED");
    let mut phone = scene.connect().await;
    phone.welcome(again.hello(""), Some(&scene.key)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_needs_a_proof_of_its_own() {
    let scene = Scene::new().await;
    let first = scene.proven().await;
    drop(first);
    let (mut again, nonce) = scene.challenged().await;
    let hello = scene.key.hello(scene.hello());
    let signature = scene.key.sign(&scene.origin(), &scene.handoff.session_id, &hello, &nonce);
    let proof = ClientMessage::DeviceProof { signature };
    assert_eq!(again.ask(&proof).await, ack("hello_ok"));
    // The same answer to the next challenge is a replay.
    let (mut replay, _) = scene.challenged().await;
    assert_eq!(replay.ask(&proof).await.error_code(), "DEVICE_PROOF_INVALID");
    again.hear().await;
    assert_eq!(again.phase("mobile_connected").await, ack("phase_ok"), "it was not displaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_requires_a_proof_refuses_old_phones_and_spends_no_token() {
    let required = Policy { device_proof: DeviceProofPolicy::Required, ..Policy::default() };
    let scene = Scene::under(required).await;
    let (_, heard) = PhoneSocket::hello(&scene.server, &scene.handoff, "old phone").await;
    assert_eq!(heard.error_code(), "DEVICE_PROOF_REQUIRED");
    assert_eq!(scene.status().await, "created");
    // Only who holds the token learns of the policy.
    let wrong = Handoff { token: "0".repeat(64), ..scene.handoff.clone() };
    let (_, heard) = PhoneSocket::hello(&scene.server, &wrong, "old phone").await;
    assert_eq!(heard.error_code(), "HANDOFF_TOKEN_INVALID");
    scene.proven().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_of_the_hello_covers_the_proof() {
    let scene = Scene::new().await;
    let (mut phone, _) = scene.challenged().await;
    scene.server.clock.advance(std::time::Duration::from_secs(5));
    assert_eq!(phone.hear().await.error_code(), "HELLO_REQUIRED");
    let closed = Closed { code: 1008, reason: "HELLO_REQUIRED".to_owned() };
    assert_eq!(phone.hear().await, Heard::Closed(closed));
    assert_eq!(scene.status().await, "created");
}
