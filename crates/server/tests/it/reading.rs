//! What phone and page tell each other while a chip is read: its progress, and the language.

use domain::attempt::AttemptState;
use domain::browser::{BoundBrowser, Visitor};
use domain::consent::Consent;
use domain::id::SessionId;
use domain::key::KeyedHash;
use domain::session::Session;
use protocol::ClientMessage;
use server::clock::Clock as _;
use testkit::{Handoff, Heard, PhoneSocket, RelyingParty, TestServer, ack};

/// How much of the chip is read, as the page reads it.
async fn progress(server: &TestServer, session: &str) -> Option<u8> {
    let id: SessionId = session.parse().unwrap();
    let session = server.store().read_session(&id).await.unwrap().unwrap();
    session.attempts.iter().find_map(|attempt| match &attempt.state {
        AttemptState::Claimed(claim) => claim.progress,
        _ => None,
    })
}

/// How many units were committed so far.
fn units(server: &TestServer) -> u64 {
    let metrics = server.metrics();
    let line = metrics.lines().find_map(|line| line.strip_prefix("kayle_store_commit_units_sum "));
    line.expect("it is counted").trim().parse::<f64>().unwrap() as u64
}

async fn tell(phone: &mut PhoneSocket, phase: &str, progress: u8) -> Heard {
    phone
        .ask(&ClientMessage::Phase { phase: phase.to_owned(), error: String::new(), progress })
        .await
}

struct Scene {
    server: TestServer,
    rp: RelyingParty,
    session: String,
    handoff: Handoff,
}

impl Scene {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let rp = server.relying_party().await;
        let session = rp.session(&[]).await.id;
        let handoff = rp.handoff(&session).await;
        Self { server, rp, session, handoff }
    }

    async fn phone(&self) -> PhoneSocket {
        let mut phone = PhoneSocket::connect(&self.server, &self.session).await;
        phone.welcome(self.handoff.hello("phone"), None).await;
        phone
    }

    async fn progress(&self) -> Option<u8> {
        progress(&self.server, &self.session).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_learns_in_steps_how_much_of_the_chip_is_read() {
    let scene = Scene::new().await;
    let mut phone = scene.phone().await;
    phone.begin().await;
    assert_eq!(scene.progress().await, None);
    for (told, known) in
        [(9, None), (10, Some(10)), (37, Some(30)), (20, Some(30)), (100, Some(100))]
    {
        assert_eq!(tell(&mut phone, "nfc_reading", told).await, ack("phase_ok"));
        assert_eq!(scene.progress().await, known, "{told}");
    }
    assert_eq!(scene.rp.status(&scene.session).await["status"], "in_progress");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_progress_of_a_reading_is_passed_over() {
    let scene = Scene::new().await;
    let mut phone = scene.phone().await;
    for (phase, told) in [
        ("mobile_connected", 50),
        ("ping", 50),
        ("mrz_scanning", 255),
        ("mrz_complete", 50),
        ("nfc_reading", 101),
        ("nfc_reading", 255),
    ] {
        assert_eq!(tell(&mut phone, phase, told).await, ack("phase_ok"), "{phase}");
        assert_eq!(scene.progress().await, None, "{phase} {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_came_back_goes_on_telling() {
    let scene = Scene::new().await;
    let mut phone = scene.phone().await;
    phone.begin().await;
    tell(&mut phone, "nfc_reading", 60).await;
    drop(phone);
    let mut phone = scene.phone().await;
    assert_eq!(scene.progress().await, None, "the files are read or sent again");
    // The first phase of a socket says where it goes on, whatever else it says.
    assert_eq!(tell(&mut phone, "nfc_reading", 20).await, ack("phase_ok"));
    assert_eq!(scene.progress().await, None);
    assert_eq!(tell(&mut phone, "nfc_reading", 70).await, ack("phase_ok"));
    assert_eq!(scene.progress().await, Some(70));
}

/// A phone may say every percent, and as often as it likes: a step is written once.
#[tokio::test(flavor = "multi_thread")]
async fn a_talkative_phone_is_written_down_ten_times() {
    let scene = Scene::new().await;
    let mut phone = scene.phone().await;
    phone.begin().await;
    let before = units(&scene.server);
    for percent in 1..=100 {
        assert_eq!(tell(&mut phone, "nfc_reading", percent).await, ack("phase_ok"));
    }
    let written = units(&scene.server) - before;
    assert!((10..30).contains(&written), "{written}: ten, and what the server does by itself");
    assert_eq!(scene.progress().await, Some(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_is_told_the_language_of_the_consent() {
    let scene = Scene::new().await;
    let id: SessionId = scene.session.parse().unwrap();
    let now = scene.server.clock.now();
    let page = Visitor::Page(BoundBrowser {
        secret: KeyedHash([1; 32]),
        browser: None,
        os: None,
        place: None,
        network: None,
    });
    let open = {
        let page = page.clone();
        move |session: Session| session.open(&page, now)
    };
    scene.server.store().session(&id, now, open).await.unwrap().unwrap();
    let hello = || scene.handoff.confirming_hello("phone", "cross_device");
    let mut phone = PhoneSocket::connect(&scene.server, &scene.session).await;
    assert_eq!(phone.welcome(hello(), None).await.locale, "", "nobody has agreed yet");

    let agree = move |session: Session| {
        let consent = Consent { version: "1".into(), locale: "uk".into(), at: now };
        session.consent(&page, consent, now)
    };
    scene.server.store().session(&id, now, agree).await.unwrap().unwrap();
    let mut phone = PhoneSocket::connect(&scene.server, &scene.session).await;
    assert_eq!(phone.welcome(hello(), None).await.locale, "uk");
}
