//! Every screen of the page, come to by what really leads there: real sessions, real phones, real
//! failures.

use std::time::Duration;

use protocol::ClientMessage;
use serde_json::json;
use server::apps::store_url;

use crate::{
    Chromium, Created, Passport, PhoneSocket, RelyingParty, Screen, Tab, TestServer, Visit, ack,
    simulated_passport,
};

/// How long a session lasts.
const SESSION: Duration = Duration::from_secs(60 * 60);

/// A way through all screens, as one person sees them.
pub struct Gallery<'a> {
    chromium: &'a Chromium,
    screen: Screen,
    server: TestServer,
    rp: RelyingParty,
    passport: Passport,
}

impl<'a> Gallery<'a> {
    /// A gallery for people with such a screen.
    pub async fn new(chromium: &'a Chromium, screen: Screen) -> Self {
        let server = TestServer::start_with(|options| {
            options.apps.ios = Some(store_url("https://apps.apple.com/app/id1").unwrap());
            options.apps.android = Some(store_url("https://play.google.com/store/x").unwrap());
        })
        .await;
        let rp = server.relying_party().await;
        let passport = simulated_passport(&server).await;
        Self { chromium, screen, server, rp, passport }
    }

    /// Shows every screen, with its name. What is shown stays until `look` is done with it.
    pub async fn show_all(&self, mut look: impl AsyncFnMut(&str, &Tab)) {
        self.before_a_phone(&mut look).await;
        self.while_a_phone_works(&mut look).await;
        self.failures(&mut look).await;
        self.other_ends(&mut look).await;
        self.troubles(&mut look).await;
        self.beside_the_session(&mut look).await;
        self.without_scripts(&mut look).await;
    }

    /// The screens up to the way to the phone.
    pub async fn before_a_phone(&self, look: &mut impl AsyncFnMut(&str, &Tab)) {
        let visit = self.visit(&self.session(None).await).await;
        visit.tab.until_screen("consent").await;
        look("consent", &visit.tab).await;
        visit.agree().await;
        self.pairing(&visit.tab).await;
        look("offer", &visit.tab).await;
        if !self.on_a_phone() {
            visit.tab.click("#cannot-scan > summary").await;
            visit.tab.click("#show-user-code").await;
            visit
                .tab
                .until("/[A-Z]{4}-[A-Z]{4}/.test(document.getElementById('user-code').textContent)")
                .await;
            look("offer-typed-code", &visit.tab).await;
            let session = self.session(None).await;
            let tablet = Visit::agreed(
                self.chromium,
                Screen { language: self.screen.language, ..Screen::TABLET },
                &session,
            )
            .await;
            tablet
                .tab
                .until("document.getElementById('device-question').getClientRects().length")
                .await;
            look("offer-on-a-tablet", &tablet.tab).await;
        }
    }

    /// The screens from the claim to the end of a verification that succeeds.
    pub async fn while_a_phone_works(&self, look: &mut impl AsyncFnMut(&str, &Tab)) {
        let visit = self.offered(None).await;
        let old = PhoneSocket::claimed(&self.server, &visit.handoff().await, "old phone").await;
        visit.tab.until_screen("connected").await;
        look("connected", &visit.tab).await;
        drop(old);

        let (visit, mut phone) = self.matching(None).await;
        look("match", &visit.tab).await;
        self.choose(&visit, &mut phone).await;
        assert_eq!(phone.phase("mobile_connected").await, ack("phase_ok"));
        assert_eq!(phone.phase("mrz_scanning").await, ack("phase_ok"));
        visit.tab.until_screen("reading").await;
        look("reading-mrz", &visit.tab).await;
        assert_eq!(phone.phase("mrz_complete").await, ack("phase_ok"));
        assert_eq!(phone.phase("nfc_reading").await, ack("phase_ok"));
        phone.upload_passport(&self.passport).await;
        visit.tab.until_screen("reading").await;
        look("reading", &visit.tab).await;
        assert_eq!(phone.phase("nfc_complete").await, ack("phase_ok"));
        visit.tab.until_screen("checking").await;
        look("checking", &visit.tab).await;
        assert_eq!(phone.phase("selfie_capturing").await, ack("phase_ok"));
        visit.tab.until_screen("selfie").await;
        look("selfie", &visit.tab).await;
        phone.taken_selfies().await;
        visit.tab.until_screen("share").await;
        look("share", &visit.tab).await;
        phone.share(&visit.session, &["family_name", "age_over_18", "kayle_document_id"]).await;
        visit.tab.until_screen("success").await;
        look("success", &visit.tab).await;

        let back = format!("{}/data", self.server.url());
        let (visit, mut phone) = self.matching(Some(&back)).await;
        self.choose(&visit, &mut phone).await;
        phone.begin().await;
        phone.prove(&self.passport).await;
        phone.share(&visit.session, &["family_name", "age_over_18", "kayle_document_id"]).await;
        visit.tab.until_screen("success").await;
        visit.tab.hold_time().await;
        look("success-and-return", &visit.tab).await;
    }

    /// The screens after a check that failed, and after the last one.
    pub async fn failures(&self, look: &mut impl AsyncFnMut(&str, &Tab)) {
        let (visit, mut phone) = self.matching(None).await;
        self.choose(&visit, &mut phone).await;
        self.fail(&mut phone).await;
        visit.tab.until_screen("retry").await;
        look("retry", &visit.tab).await;
        for last in [false, true] {
            let handoff = self.rp.handoff(&visit.session).await;
            if !last {
                visit.tab.until_screen("claimed").await;
                look("claimed", &visit.tab).await;
            }
            let mut phone = PhoneSocket::claimed(&self.server, &handoff, "phone").await;
            self.fail(&mut phone).await;
        }
        visit.tab.until_screen("failed").await;
        look("failed", &visit.tab).await;

        let (visit, mut phone) = self.matching(None).await;
        let code = self.server.match_code(&visit.session).await.unwrap();
        let wrong = if code == "00" { "01" } else { "00" };
        phone.choose(wrong).await;
        visit.tab.until_screen("failed").await;
        look("failed-wrong-number", &visit.tab).await;
    }

    /// The ends that are neither success nor failure.
    pub async fn other_ends(&self, look: &mut impl AsyncFnMut(&str, &Tab)) {
        let visit = self.offered(None).await;
        visit.cancel().await;
        visit.tab.until_screen("cancelled").await;
        look("cancelled", &visit.tab).await;

        let visit = self.offered(None).await;
        let path = format!("/v1/sessions/{}/cancel", visit.session);
        self.rp.send(self.rp.request(reqwest::Method::POST, &path)).await;
        visit.tab.until_screen("cancelled").await;
        look("cancelled-by-organization", &visit.tab).await;

        let visit = self.visit(&self.session(None).await).await;
        visit.decline().await;
        visit.tab.until_screen("declined").await;
        look("declined", &visit.tab).await;

        let (visit, mut phone) = self.matching(None).await;
        phone.send(&ClientMessage::NotMe).await;
        visit.tab.until_screen("not_me").await;
        look("not-me", &visit.tab).await;

        let visit = self.offered(None).await;
        self.server.clock.advance(SESSION + Duration::from_secs(1));
        visit.tab.until_screen("expired").await;
        look("expired", &visit.tab).await;
    }

    /// What goes wrong beside the check.
    pub async fn troubles(&self, look: &mut impl AsyncFnMut(&str, &Tab)) {
        let session = self.session(None).await;
        let visit = Visit::agreed(self.chromium, self.screen, &session).await;
        let stranger = self.chromium.window(self.screen).await;
        stranger.open(session.url()).await;
        look("other-browser", &stranger).await;
        visit.tab.offline(true).await;
        visit.tab.until("document.getElementById('connection').innerText.trim() !== ''").await;
        look("no-connection", &visit.tab).await;
        visit.tab.offline(false).await;

        let visit = self.visit(&self.session(None).await).await;
        visit.agree().await;
        self.server.clock.advance(SESSION - Duration::from_secs(4 * 60));
        visit.tab.reload().await;
        visit.tab.until("document.getElementById('time').getClientRects().length").await;
        self.pairing(&visit.tab).await;
        look("little-time-left", &visit.tab).await;

        stranger.open(&format!("{}/vs_broken", self.server.url())).await;
        look("invalid-link", &stranger).await;
    }

    /// The pages that are no session's, and those of a phone without the app.
    pub async fn beside_the_session(&self, look: &mut impl AsyncFnMut(&str, &Tab)) {
        let tab = self.chromium.window(self.screen).await;
        let url = self.server.url();
        for (name, path) in [("home", "/"), ("data", "/data"), ("code", "/code")] {
            tab.open(&format!("{url}{path}")).await;
            look(name, &tab).await;
        }
        tab.click("form[action*='/code'] input:not([type=hidden])").await;
        tab.type_text("BCDF-GHJK").await;
        tab.press("Enter").await;
        tab.until("document.querySelector('[role=alert], [aria-invalid=true]')").await;
        look("code-wrong", &tab).await;
        tab.open(&format!("{url}/open/vs_{}", "a".repeat(64))).await;
        look("app-without-link", &tab).await;
    }

    /// What browsers without scripts show.
    pub async fn without_scripts(&self, look: &mut impl AsyncFnMut(&str, &Tab)) {
        let session = self.session(None).await;
        let tab = self.chromium.window(self.screen).await;
        tab.scripts(false).await;
        tab.open(session.url()).await;
        tab.until("location.search.includes('plain=1')").await;
        self.standing(&tab).await;
        look("plain-consent", &tab).await;
        tab.scripts(false).await;
        tab.click("form[action*='/consent'] button").await;
        tab.until_screen("offer").await;
        self.standing(&tab).await;
        look("plain-offer", &tab).await;
    }

    /// A session that asks for what people understand.
    pub async fn session(&self, redirect: Option<&str>) -> Created {
        let mut body = json!({ "share_fields": {
            "family_name": { "required": true, "reason": "To open the account in your name" },
            "age_over_18": { "required": true, "reason": "Accounts are for adults" },
            "nationality_code": { "required": false, "reason": "To help with taxes" },
        } });
        if let Some(url) = redirect {
            body["redirect_url"] = json!(url);
        }
        let (status, body) = self.rp.post("/v1/sessions", body).await;
        assert_eq!(status, 201, "{body}");
        Created::of(body)
    }

    async fn visit(&self, session: &Created) -> Visit {
        let tab = self.chromium.window(self.screen).await;
        tab.take_time().await;
        Visit::in_tab(tab, session).await
    }

    async fn offered(&self, redirect: Option<&str>) -> Visit {
        let visit = self.visit(&self.session(redirect).await).await;
        visit.agree().await;
        visit
    }

    /// A page that shows a match code, and the phone that asks for it.
    async fn matching(&self, redirect: Option<&str>) -> (Visit, PhoneSocket) {
        let visit = self.offered(redirect).await;
        let handoff = visit.handoff().await;
        let mut phone = PhoneSocket::connect(&self.server, &visit.session).await;
        phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
        visit.tab.until_screen("match").await;
        (visit, phone)
    }

    async fn choose(&self, visit: &Visit, phone: &mut PhoneSocket) {
        let code = self.server.match_code(&visit.session).await.unwrap();
        assert_eq!(phone.choose(&code).await, ack("match_ok"));
    }

    /// A check that fails: the name in DG1 is forged.
    async fn fail(&self, phone: &mut PhoneSocket) {
        phone.begin().await;
        phone.upload_passport(&self.passport.with_forged_dg1()).await;
        let heard = phone.phase("nfc_complete").await;
        assert_eq!(heard.rejection(), "passport_authenticity_failed");
    }

    /// Keeps a page without scripts from loading itself again while it is looked at, which takes
    /// scripts of those who look.
    async fn standing(&self, tab: &Tab) {
        tab.scripts(true).await;
        tab.evaluate("window.stop()").await;
    }

    fn on_a_phone(&self) -> bool {
        self.screen.user_agent == Screen::PHONE.user_agent
    }

    /// Waits until the way to the phone is there.
    async fn pairing(&self, tab: &Tab) {
        if self.on_a_phone() {
            tab.until("document.getElementById('open-app').getAttribute('href')?.length > 1").await;
        } else {
            tab.until("document.querySelector('#qr svg').getClientRects().length").await;
        }
    }
}
