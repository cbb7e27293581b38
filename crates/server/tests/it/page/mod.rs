//! The page, as real browsers show it, beside the real phone client. What needs a browser is
//! skipped where no Chromium is installed.

mod ends;
mod everyone;
mod network;
mod no_code;
mod opening;
mod pairing;
mod phone_pages;
mod plain;
mod renewal;
mod returns;
mod served;
mod tabs;
mod time;
mod weight;

use std::sync::{Arc, mpsc};

use phone::{Confirmation, Holder, Outcome, Phone, PhoneDocument, ShareChoice, SoftwareDeviceKey};
use protocol::{HandoffContext, HandoffLink, SecretBytes, ShareRequest};
use testkit::{
    Chromium, Created, Passport, PhoneSocket, RelyingParty, Screen, TestServer, Visit, ack,
    simulated_passport,
};

/// A browser, a server, a business, and somebody's passport.
struct Scene {
    chromium: Chromium,
    server: TestServer,
    rp: RelyingParty,
    passport: Passport,
}

impl Scene {
    async fn new() -> Option<Self> {
        let chromium = Chromium::start().await?;
        let server = TestServer::start().await;
        let rp = server.relying_party().await;
        let passport = simulated_passport(&server).await;
        Some(Self { chromium, server, rp, passport })
    }

    async fn session(&self) -> Created {
        self.rp.session(&[("family_name", true), ("given_names", false)]).await
    }

    /// A computer at the way to the phone.
    async fn offered(&self) -> Visit {
        Visit::agreed(&self.chromium, Screen::DESKTOP, &self.session().await).await
    }

    /// The same, with time in the hand of the test.
    async fn offered_in_time(&self) -> Visit {
        let tab = self.chromium.window(Screen::DESKTOP).await;
        tab.take_time().await;
        let visit = Visit::in_tab(tab, &self.session().await).await;
        visit.agree().await;
        visit
    }

    /// A page that shows a match code, and the phone that asks for it.
    async fn matching(&self) -> (Visit, PhoneSocket) {
        let visit = self.offered().await;
        let handoff = visit.handoff().await;
        let mut phone = PhoneSocket::connect(&self.server, &visit.session).await;
        phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
        visit.tab.until_screen("match").await;
        (visit, phone)
    }

    /// The same, with the right code chosen.
    async fn matched(&self) -> (Visit, PhoneSocket) {
        let (visit, mut phone) = self.matching().await;
        let code = self.server.match_code(&visit.session).await.unwrap();
        assert_eq!(phone.choose(&code).await, ack("match_ok"));
        visit.tab.until_screen("connected").await;
        (visit, phone)
    }

    /// A check that fails: the name in DG1 is forged.
    async fn fail(&self, phone: &mut PhoneSocket) {
        phone.begin().await;
        phone.upload_passport(&self.passport.with_forged_dg1()).await;
        let heard = phone.phase("nfc_complete").await;
        assert_eq!(heard.rejection(), "passport_authenticity_failed");
    }

    /// A check that succeeds, and everything shared.
    async fn succeed(&self, session: &str, phone: &mut PhoneSocket) {
        phone.begin().await;
        phone.prove(&self.passport).await;
        phone.share(session, &["family_name", "given_names", "kayle_document_id"]).await;
    }

    async fn status(&self, visit: &Visit) -> String {
        self.rp.status(&visit.session).await["status"].as_str().unwrap().to_owned()
    }
}

/// A person with a phone in the hand, in front of the page: says what the phone asks, and answers
/// when told what the page shows.
struct InHand {
    number: mpsc::Receiver<String>,
    asked: mpsc::Sender<HandoffContext>,
}

impl Holder for InHand {
    fn choose(&mut self, _: &ShareRequest) -> ShareChoice {
        ShareChoice::All
    }

    fn confirm(&mut self, context: &HandoffContext) -> Option<Confirmation> {
        self.asked.send(context.clone()).unwrap();
        if context.choices.is_empty() {
            return Some(Confirmation::Mine);
        }
        self.number.recv().ok().map(Confirmation::Choice)
    }
}

/// The real phone client, at work on a link.
struct Client {
    tell: mpsc::Sender<String>,
    questions: mpsc::Receiver<HandoffContext>,
    at_work: tokio::task::JoinHandle<Outcome>,
}

impl Client {
    fn start(link: HandoffLink, passport: &Passport) -> Self {
        let (tell, number) = mpsc::channel();
        let (asked, questions) = mpsc::channel();
        let passport = passport.clone();
        let files =
            [("DG1.bin", passport.dg1), ("DG2.bin", passport.dg2), ("EF_SOD.bin", passport.sod)];
        let document = PhoneDocument::from_files(files).unwrap();
        let selfies = [(); 3].map(|()| SecretBytes::from(b"selfie".to_vec()));
        let key = Arc::new(SoftwareDeviceKey::from_bytes(&[7; 32]).unwrap());
        let api = link.api().unwrap().clone();
        let phone = Phone::new(link, "".into(), "1.0".to_owned(), document, selfies);
        let at_work = tokio::spawn(async move {
            let mut holder = InHand { number, asked };
            phone.with_device_key(key).run_with(&api, &mut holder).await.unwrap()
        });
        Self { tell, questions, at_work }
    }

    /// What the phone asked its holder.
    async fn question(self) -> (Self, HandoffContext) {
        tokio::task::spawn_blocking(move || {
            let context = self.questions.recv().unwrap();
            (self, context)
        })
        .await
        .unwrap()
    }

    /// Answers with a number, and goes on to the end.
    async fn finish(self, number: &str) -> Outcome {
        // Who was asked nothing hears nothing.
        let _ = self.tell.send(number.to_owned());
        self.at_work.await.unwrap()
    }
}
