//! The match code and "this wasn't me" (SECURITY rows 12, 13 and 14).

use std::net::Ipv4Addr;

use domain::id::SessionId;
use domain::key::Keys;
use domain::policy::{BrowserBinding, MatchCodePolicy, Policy, SameNetworkPolicy};
use protocol::{ClientMessage, DataKind};
use serde_json::Value;
use testkit::{
    Closed, Handoff, Heard, PageBrowser, Passport, PhoneSocket, RelyingParty, TestServer,
    WebhookSink, ack, simulated_passport,
};

/// Another network than the one of `127.0.0.1`.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 1);

/// What the page shows now, as the page's route reads it.
pub(crate) async fn shown(server: &TestServer, session: &str) -> Option<String> {
    let keys = Keys::derive(&testkit::MASTER);
    let id: SessionId = session.parse().unwrap();
    let session = server.store().read_session(&id).await.unwrap().unwrap();
    session.pending_match_codes(&keys).map(|codes| codes.shown())
}

struct Scene {
    server: TestServer,
    rp: RelyingParty,
    session: String,
    handoff: Handoff,
}

impl Scene {
    async fn under(policy: Policy) -> Self {
        let server = TestServer::start().await;
        let rp = server.relying_party_under(policy).await;
        let session = rp.session(&[]).await.id;
        let (_, handoff) = PageBrowser::opened(&server, &session).await;
        Self { server, rp, session, handoff }
    }

    /// A phone that has claimed the attempt, with the codes that it was offered.
    async fn claimed(&self, flow: &str) -> (PhoneSocket, Vec<String>) {
        let mut phone = PhoneSocket::connect(&self.server, &self.session).await;
        let context = phone.welcome(self.handoff.confirming_hello("phone", flow), None).await;
        (phone, context.choices)
    }

    async fn shown(&self) -> String {
        shown(&self.server, &self.session).await.expect("a code on the page")
    }

    async fn wrong(&self, choices: &[String]) -> String {
        let shown = self.shown().await;
        choices.iter().find(|choice| **choice != shown).unwrap().clone()
    }

    async fn refusal(&self, mut phone: PhoneSocket, hello: protocol::Hello) -> String {
        let code = phone.greet(hello, None).await.error_code().to_owned();
        let closed = Closed { code: 1008, reason: code.clone() };
        assert_eq!(phone.hear().await, Heard::Closed(closed));
        assert_eq!(self.rp.status(&self.session).await["status"], "created", "nothing is consumed");
        code
    }
}

async fn assurance(scene: &Scene, mut phone: PhoneSocket, passport: &Passport) -> Value {
    phone.begin().await;
    phone.prove(passport).await;
    phone.share(&scene.session, &["kayle_document_id"]).await;
    let path = format!("/v1/sessions/{}?include_attempts=true", scene.session);
    let (_, body) = scene.rp.get(&path).await;
    let attempts = body["data"]["attempts"].as_array().unwrap();
    attempts.iter().find(|attempt| attempt["status"] == "succeeded").unwrap()["assurance"].clone()
}

/// Row 15: what the proxy does not say is no network to be in together.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_whose_proxy_cannot_name_them_are_not_in_one_network() {
    let policy = Policy { same_network: SameNetworkPolicy::Required, ..Policy::default() };
    for (policy, client, expected) in [
        (Policy::default(), "192.0.2.1", Ok("same")),
        (Policy::default(), "unknown", Ok("unknown")),
        (policy, "unknown", Err("NETWORK_MISMATCH")),
    ] {
        let server = TestServer::start_with(crate::limits::behind_proxy).await;
        let rp = server.relying_party_under(policy).await;
        let session = rp.session(&[]).await.id;
        let handoff = PageBrowser::through_proxy(&server, client).open(&session).await;
        let hello = handoff.confirming_hello("phone", "same_device");
        let mut phone =
            PhoneSocket::connect_through_proxy(&server, &session, client).await.unwrap();
        match expected {
            Ok(network) => {
                let context = phone.welcome(hello, None).await;
                assert_eq!(context.network, network);
                assert_eq!(context.choices.is_empty(), network == "same", "{client}");
            }
            Err(code) => assert_eq!(phone.greet(hello, None).await.error_code(), code),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_on_before_the_right_code_is_chosen() {
    let scene = Scene::under(Policy::default()).await;
    let passport = simulated_passport(&scene.server).await;
    assert_eq!(shown(&scene.server, &scene.session).await, None, "not before a phone came");
    let (mut phone, choices) = scene.claimed("cross_device").await;
    assert_eq!(choices.len(), 3);
    let code = scene.shown().await;
    assert!(choices.contains(&code));

    assert_eq!(phone.phase("mobile_connected").await, ack("phase_ok"));
    for phase in ["mrz_scanning", "mrz_complete", "nfc_reading", "nfc_complete", "selfie_complete"]
    {
        assert_eq!(phone.phase(phase).await.error_code(), "MATCH_CODE_REQUIRED", "{phase}");
    }
    let upload = phone.upload(DataKind::Dg1, 0, 1, &passport.dg1).await;
    assert_eq!(upload.error_code(), "NFC_DATA_PHASE_REQUIRED");
    let shared = phone.share(&scene.session, &["kayle_document_id"]).await;
    assert_eq!(shared.error_code(), "PHASE_OUT_OF_ORDER");
    assert_eq!(phone.phase("ping").await, ack("phase_ok"), "old clients' words stay words");

    assert_eq!(phone.choose(&code).await, ack("match_ok"));
    assert_eq!(shown(&scene.server, &scene.session).await, None, "not after it was chosen");
    assert_eq!(phone.choose(&code).await, ack("match_ok"), "said twice, heard once");
    let assurance = assurance(&scene, phone, &passport).await;
    assert_eq!(assurance["match_code"], "confirmed");
    assert_eq!(assurance["flow"], "cross_device");
    assert_eq!(assurance["same_network"], true);
    assert_eq!(
        (&assurance["browser_bound"], &assurance["device_proof"]),
        (&true.into(), &false.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_choice_ends_attempt_and_session() {
    let scene = Scene::under(Policy::default()).await;
    let sink = WebhookSink::register(&scene.rp).await;
    let (mut phone, choices) = scene.claimed("cross_device").await;
    let (right, wrong) = (scene.shown().await, scene.wrong(&choices).await);
    assert_eq!(phone.choose(&wrong).await.error_code(), "MATCH_CODE_WRONG");
    let closed = Closed { code: 1008, reason: "MATCH_CODE_WRONG".to_owned() };
    assert_eq!(phone.hear().await, Heard::Closed(closed));

    let status = scene.rp.status(&scene.session).await;
    assert_eq!((&status["status"], &status["is_terminal"]), (&"completed".into(), &true.into()));
    assert_eq!(status["latest_attempt"]["failure_code"], "match_code_wrong");
    assert_eq!(status["latest_attempt"]["retry_allowed"], false);
    let event = sink.open(&sink.next().await);
    assert_eq!(event["type"], "verification.attempt.failed");
    assert_eq!(event["data"]["failure_code"], "match_code_wrong");

    // There is no second try, on this socket or another.
    let (mut again, heard) = PhoneSocket::hello(&scene.server, &scene.handoff, "phone").await;
    assert_eq!(heard.error_code(), "SESSION_EXPIRED");
    again.send(&ClientMessage::MatchChoice { choice: right }).await;
    assert_eq!(scene.rp.mint(&scene.session).await.0, 409);
    assert_eq!(scene.rp.event_types().await, ["verification.attempt.failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_gives_no_second_try_and_no_way_around() {
    let scene = Scene::under(Policy::default()).await;
    let (first, choices) = scene.claimed("cross_device").await;
    drop(first);
    let (mut second, same) = scene.claimed("cross_device").await;
    assert_eq!(same, choices, "other choices would tell which one they share");
    assert_eq!(second.phase("mrz_scanning").await.error_code(), "MATCH_CODE_REQUIRED");
    // Neither as a phone that presses the button nor as one of before.
    let (mut third, same) = scene.claimed("same_device").await;
    assert_eq!(same, choices);
    assert_eq!(third.phase("mrz_scanning").await.error_code(), "MATCH_CODE_REQUIRED");
    let (_, heard) = PhoneSocket::hello(&scene.server, &scene.handoff, "phone").await;
    assert_eq!(heard.error_code(), "MATCH_CODE_UNSUPPORTED");

    let wrong = scene.wrong(&choices).await;
    let (mut fourth, _) = scene.claimed("cross_device").await;
    assert_eq!(fourth.choose(&wrong).await.error_code(), "MATCH_CODE_WRONG");
    let (_, heard) = PhoneSocket::hello(&scene.server, &scene.handoff, "phone").await;
    assert_eq!(heard.error_code(), "SESSION_EXPIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_sockets_that_guess_at_once_one_guess_counts() {
    for _ in 0..5 {
        let scene = Scene::under(Policy::default()).await;
        let (mut displaced, choices) = scene.claimed("cross_device").await;
        let (right, wrong) = (scene.shown().await, scene.wrong(&choices).await);
        let (mut holder, _) = scene.claimed("cross_device").await;
        let (from_displaced, from_holder) =
            tokio::join!(displaced.choose(&right), holder.choose(&wrong));
        assert!(
            !matches!(&from_displaced, Heard::Message(protocol::ServerMessage::Ack { .. })),
            "a displaced socket chose: {from_displaced:?}"
        );
        assert_eq!(from_holder.error_code(), "MATCH_CODE_WRONG");
        assert_eq!(scene.rp.status(&scene.session).await["status"], "completed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_confirmed_a_session_is_not_asked_again() {
    let scene = Scene::under(Policy::default()).await;
    let passport = simulated_passport(&scene.server).await;
    let (mut phone, _) = scene.claimed("cross_device").await;
    assert_eq!(phone.choose(&scene.shown().await).await, ack("match_ok"));
    // A socket of the same attempt.
    let (mut phone, choices) = scene.claimed("cross_device").await;
    assert!(choices.is_empty());
    phone.begin().await;
    phone.upload_passport(&passport.with_forged_dg1()).await;
    assert_eq!(phone.phase("nfc_complete").await.rejection(), "passport_authenticity_failed");
    // And the next attempt.
    let again = scene.rp.handoff(&scene.session).await;
    let mut phone = PhoneSocket::connect(&scene.server, &scene.session).await;
    let context = phone.welcome(again.confirming_hello("phone", "cross_device"), None).await;
    assert!(context.choices.is_empty());
    let assurance = assurance(&scene, phone, &passport).await;
    assert_eq!(assurance["match_code"], "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_pressed_in_the_pages_network_asks_nothing_and_from_elsewhere_it_does() {
    let scene = Scene::under(Policy::default()).await;
    let passport = simulated_passport(&scene.server).await;
    let (phone, choices) = scene.claimed("same_device").await;
    assert!(choices.is_empty());
    let assurance = assurance(&scene, phone, &passport).await;
    assert_eq!(
        (&assurance["match_code"], &assurance["flow"]),
        (&"not_asked".into(), &"same_device".into())
    );

    // The link of the button, sent to a phone elsewhere.
    let scene = Scene::under(Policy::default()).await;
    let mut phone = PhoneSocket::connect_at(&scene.server, &scene.session, ELSEWHERE).await;
    let hello = scene.handoff.confirming_hello("phone", "same_device");
    let context = phone.welcome(hello, None).await;
    assert_eq!((context.network.as_str(), context.choices.len()), ("different", 3));
    assert_eq!(phone.phase("mrz_scanning").await.error_code(), "MATCH_CODE_REQUIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_cannot_ask_is_served_and_marked_unless_the_policy_requires_it() {
    let scene = Scene::under(Policy::default()).await;
    let passport = simulated_passport(&scene.server).await;
    let phone = PhoneSocket::claimed(&scene.server, &scene.handoff, "old phone").await;
    assert_eq!(shown(&scene.server, &scene.session).await, None);
    let assurance = assurance(&scene, phone, &passport).await;
    assert_eq!(
        (&assurance["match_code"], &assurance["flow"]),
        (&"unsupported".into(), &"unknown".into())
    );

    let required = Policy { match_code: MatchCodePolicy::Required, ..Policy::default() };
    let scene = Scene::under(required).await;
    let old = PhoneSocket::connect(&scene.server, &scene.session).await;
    let refusal = scene.refusal(old, scene.handoff.hello("old phone")).await;
    assert_eq!(refusal, "MATCH_CODE_UNSUPPORTED");
    // The token was not spent on it.
    let (mut phone, _) = scene.claimed("cross_device").await;
    assert_eq!(phone.choose(&scene.shown().await).await, ack("match_ok"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_from_no_page_is_not_confirmed_and_refused_where_that_is_required() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let required = Policy { match_code: MatchCodePolicy::Required, ..Policy::default() };
    let strict = server.relying_party_under(required).await;
    let (open, closed) = (rp.session(&[]).await.id, strict.session(&[]).await.id);
    let handoff = rp.handoff(&open).await;
    let mut phone = PhoneSocket::connect(&server, &open).await;
    let hello = handoff.confirming_hello("phone", "cross_device");
    assert!(phone.welcome(hello, None).await.choices.is_empty());
    let handoff = strict.handoff(&closed).await;
    let mut phone = PhoneSocket::connect(&server, &closed).await;
    let hello = handoff.confirming_hello("phone", "cross_device");
    assert_eq!(phone.greet(hello, None).await.error_code(), "MATCH_CODE_UNSUPPORTED");
    assert_eq!(strict.status(&closed).await["status"], "created");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_policy_nothing_is_asked() {
    let scene =
        Scene::under(Policy { match_code: MatchCodePolicy::Off, ..Policy::default() }).await;
    let (mut phone, choices) = scene.claimed("cross_device").await;
    assert!(choices.is_empty());
    assert_eq!(phone.phase("mrz_scanning").await, ack("phase_ok"));
    assert_eq!(phone.choose("00").await.error_code(), "PHASE_OUT_OF_ORDER", "none was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_one_network_refuses_phones_elsewhere() {
    let required = Policy { same_network: SameNetworkPolicy::Required, ..Policy::default() };
    let scene = Scene::under(required).await;
    let hello = || scene.handoff.confirming_hello("phone", "cross_device");
    let far = PhoneSocket::connect_at(&scene.server, &scene.session, ELSEWHERE).await;
    assert_eq!(scene.refusal(far, hello()).await, "NETWORK_MISMATCH");
    scene.claimed("cross_device").await;
    // Nor does a phone that has claimed go on from there.
    let mut far = PhoneSocket::connect_at(&scene.server, &scene.session, ELSEWHERE).await;
    assert_eq!(far.greet(hello(), None).await.error_code(), "NETWORK_MISMATCH");
    // No page, no network to compare with.
    let session = scene.rp.session(&[]).await.id;
    let handoff = scene.rp.handoff(&session).await;
    let (_, heard) = PhoneSocket::hello(&scene.server, &handoff, "phone").await;
    assert_eq!(heard.error_code(), "NETWORK_MISMATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_wanders_off_is_reported() {
    let scene = Scene::under(Policy::default()).await;
    let passport = simulated_passport(&scene.server).await;
    let (mut phone, _) = scene.claimed("cross_device").await;
    assert_eq!(phone.choose(&scene.shown().await).await, ack("match_ok"));
    let hello = || scene.handoff.confirming_hello("phone", "cross_device");
    let mut far = PhoneSocket::connect_at(&scene.server, &scene.session, ELSEWHERE).await;
    assert_eq!(far.welcome(hello(), None).await.network, "different");
    let (back, _) = scene.claimed("cross_device").await;
    assert_eq!(assurance(&scene, back, &passport).await["same_network"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_nobody_can_meet_are_refused_at_the_session() {
    let server = TestServer::start().await;
    for policy in [
        Policy { match_code: MatchCodePolicy::Required, ..Policy::default() },
        Policy { same_network: SameNetworkPolicy::Required, ..Policy::default() },
    ] {
        let policy = Policy { browser_binding: BrowserBinding::Off, ..policy };
        let rp = server.relying_party_under(policy).await;
        let (status, body) = rp.post("/v1/sessions", serde_json::json!({})).await;
        assert_eq!(
            (status.as_u16(), body["error"]["code"].as_str()),
            (409, Some("BROWSER_BINDING_REQUIRED"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_me_ends_the_session_and_tells_the_relying_party() {
    let scene = Scene::under(Policy::default()).await;
    let sink = WebhookSink::register(&scene.rp).await;
    let (displaced, _) = scene.claimed("cross_device").await;
    let (mut phone, choices) = scene.claimed("cross_device").await;
    assert_eq!(phone.ask(&ClientMessage::NotMe).await, ack("not_me_ok"));
    drop(displaced);

    let event = sink.open(&sink.next().await);
    assert_eq!(event["type"], "verification.session.cancelled");
    assert_eq!(event["data"]["reason"], "not_me");
    let status = scene.rp.status(&scene.session).await;
    assert_eq!(status["status"], "cancelled");
    assert_eq!(status["latest_attempt"]["failure_code"], "session_cancelled");
    // Whatever the phone says after it changes nothing.
    phone.choose(&choices[0]).await;
    let (_, heard) = PhoneSocket::hello(&scene.server, &scene.handoff, "phone").await;
    assert_eq!(heard.error_code(), "SESSION_EXPIRED");
    assert_eq!(scene.rp.event_types().await, ["verification.session.cancelled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_phone_that_holds_the_attempt_says_not_me() {
    let scene = Scene::under(Policy::default()).await;
    let mut stranger = PhoneSocket::connect(&scene.server, &scene.session).await;
    assert_eq!(stranger.ask(&ClientMessage::NotMe).await.error_code(), "HELLO_REQUIRED");
    let (mut displaced, _) = scene.claimed("cross_device").await;
    let (mut holder, _) = scene.claimed("cross_device").await;
    let heard = displaced.ask(&ClientMessage::NotMe).await;
    assert_eq!(heard.error_code(), "ATTEMPT_CONNECTION_ACTIVE");
    assert_eq!(holder.phase("mobile_connected").await, ack("phase_ok"));
}
