//! `kayle demo`: a whole verification over real parts on this machine.

mod browser;
mod phone_process;
mod relying_party;
mod steps;
mod webhook;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use domain::key::{Keys, Secret};
use domain::organization::Scope;
use domain::policy::{FaceMatch, Policy};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;
use store::Location;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use url::Url;

use super::failure::{Code, Failure};
use super::outcome::Outcome;
use super::serve::listen_for;
use super::simulated::IssuedChip;
use super::trust_files::Found;
use super::{ambient_settings, logging, serve, simulated, table, workspace};
use crate::app::{self, Edge, Options, Running};
use crate::apps::Apps;
use crate::clock::{Clock, SystemClock};
use crate::entropy::OsEntropy;
use browser::Browser;
use phone_process::PhoneProcess;
use relying_party::{RelyingParty, Session};
use steps::Steps;
use webhook::{Opened, Receiver};

const ORGANIZATION: &str = "Example Bank (demo)";
/// The strongest proof (9303-11 §6.2), which the demo's chip gives.
const CHIP_PROOF: &str = "chip_authentication";
/// What the assurance says of the handoff, where page and phone did all they can.
const HANDOFF: [(&str, &str); 5] = [
    ("device_proof", "true"),
    ("match_code", "confirmed"),
    ("same_network", "true"),
    ("flow", "cross_device"),
    ("browser_bound", "true"),
];
const PHONE_LIMIT: Duration = Duration::from_secs(60);
const WEBHOOK_LIMIT: Duration = Duration::from_secs(15);

/// Run a whole verification on this machine: server, relying party, phone, simulated chip.
///
/// Starts a server with a temporary data folder and a relying party that receives webhooks on a
/// port of its own; creates organization, key, endpoint, encryption key and session; opens the page
/// as a browser does, and hands its link to a phone in a process of its own, which proves its device
/// key, is told the number that the page shows, and reads a simulated chip at APDU level (PACE, active
/// and chip authentication) of a simulated state whose certificate is imported for this run only; and
/// prints the decrypted, signature-checked webhook. Face match is off: this version makes none. Exit
/// code 0 only if the webhook arrived, its signature and its claims are right, the chip authenticated
/// itself to the server, and key, browser and number were checked. Nothing is left behind.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Stop before the phone: leave the page for a browser, and print the phone command to paste.
    #[arg(long)]
    interactive: bool,
}

pub(super) async fn run(args: DemoArgs, json: bool) -> Result<Outcome, Failure> {
    logging::start(&ambient_settings()?, "warn")?;
    let data = tempfile::Builder::new()
        .prefix("kayle-demo-")
        .tempdir()
        .map_err(|error| Failure::io("a temporary folder", &error))?;
    let mut interrupt = listen_for(SignalKind::interrupt())?;
    let mut terminate = listen_for(SignalKind::terminate())?;
    let mut hangup = listen_for(SignalKind::hangup())?;
    let interrupted = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    };
    let result = tokio::select! {
        result = Demo::run(&data, args.interactive, json) => result,
        () = interrupted => {
            Err(Failure::new(Code::Demo, "interrupted", "the temporary folder is removed"))
        }
    };
    data.close().map_err(|error| Failure::io("the temporary folder", &error))?;
    result
}

struct Demo {
    steps: Steps,
    running: Running,
    issued: IssuedChip,
    receiver: Receiver,
    relying_party: RelyingParty,
}

impl Demo {
    async fn run(data: &TempDir, interactive: bool, json: bool) -> Result<Outcome, Failure> {
        let mut steps = Steps::new(json);
        let (running, master) = start_server(data.path()).await?;
        let base = serve::base_url(running.address)?;
        steps.done(format!("server started on http://{}", running.address));

        let issued = simulated::create_chip(&data.path().join("passport"), SystemClock.now())?;
        import(&running, &issued).await?;
        steps.done("simulated state and chip made, the state's certificate imported for this run");

        let api_key = organization(&running, &Keys::derive(&master)).await?;
        steps.done(format!("organization {ORGANIZATION} with face_match=off, and API key"));

        let receiver = Receiver::start().await?;
        let relying_party = RelyingParty::new(base, api_key)?;
        receiver.register(&relying_party).await?;
        steps.done(format!("webhook endpoint {} and encryption key registered", receiver.url));
        let mut demo = Self { steps, running, issued, receiver, relying_party };
        let outcome = demo.verify(interactive).await;
        demo.running.stop().await;
        outcome
    }

    async fn verify(&mut self, interactive: bool) -> Result<Outcome, Failure> {
        let session = self.relying_party.create_session().await?;
        self.steps.done("session created");
        self.steps.say(format!("\n{}\n{}", session.verification_url, qr_code(&session)?));

        let phone = if interactive {
            None
        } else {
            let browser = Browser::open(&session).await?;
            let link = browser.hand_off().await?;
            self.steps.done("page opened in a browser, which the session is bound to; link minted");
            let base = &self.running.app.public_url;
            let phone = PhoneProcess::new(&link, base, &self.issued.place)?;
            let run = phone.run(browser.match_code());
            let report = within(PHONE_LIMIT, "the phone", run).await??;
            self.steps.done_in_part(phone_steps(&report), "phone: the rest, until the share");
            Some(report)
        };
        let delivery = if interactive {
            self.wait_for_browser(&session).await?
        } else {
            within(WEBHOOK_LIMIT, "the webhook", self.receiver.next()).await??
        };
        self.steps.done("webhook arrived");
        let opened = self.receiver.open(&delivery, SystemClock.now())?;
        self.steps.done("webhook: signature verified, payload decrypted");
        self.check(&session, &opened, phone.is_some())?;
        self.steps.done("claims equal the simulated holder's; the chip was proven to the server");
        Ok(self.outcome(&session, &opened, phone))
    }

    /// Prints the phone command, and waits for whoever pastes it.
    async fn wait_for_browser(&mut self, session: &Session) -> Result<webhook::Delivery, Failure> {
        let link = self.relying_party.hand_off(session).await?;
        let base = &self.running.app.public_url;
        let phone = PhoneProcess::new(&link, base, &self.issued.place)?;
        self.steps.say(
            "Open the page in a browser, then paste this in another terminal. The link is good for \
             five minutes; after that, put the one of the page's \"Copy link\" in its place:",
        );
        self.steps.say(format!("\n{}\n", phone.command_line()));
        self.receiver.next().await
    }

    /// `whole`: the demo was the browser too.
    fn check(&self, session: &Session, opened: &Opened, whole: bool) -> Result<(), Failure> {
        let wrong = |what: &str| {
            Failure::new(Code::Demo, format!("the webhook's {what}"), "see the webhook above")
        };
        if opened.event() != Some("verification.attempt.succeeded") {
            self.steps.say(opened.pretty());
            return Err(wrong("event is not verification.attempt.succeeded"));
        }
        if opened.session() != Some(session.id.as_str()) {
            return Err(wrong("session is another one"));
        }
        if opened.chip_proof() != Some(CHIP_PROOF) {
            self.steps.say(opened.pretty());
            return Err(wrong("assurance does not say that the chip authenticated itself"));
        }
        let is_bound = HANDOFF.iter().all(|(key, expected)| opened.assurance(key) == *expected);
        if whole && !is_bound {
            self.steps.say(opened.pretty());
            return Err(wrong("assurance does not say that key, page and number were checked"));
        }
        let id = opened.claim("kayle_document_id").and_then(|id| id.as_str()).unwrap_or_default();
        if !id.starts_with("kdid_") || id.len() != "kdid_".len() + 64 {
            return Err(wrong("kayle_document_id is malformed"));
        }
        for (key, expected) in self.issued.claims() {
            if opened.claim(key) != Some(&expected) {
                return Err(wrong(&format!("{key} is not the holder's")));
            }
        }
        Ok(())
    }

    fn outcome(
        &self,
        session: &Session,
        opened: &Opened,
        phone: Option<serde_json::Value>,
    ) -> Outcome {
        let human = format!(
            "\nWebhook, decrypted, its signature verified:\n{}\n\n\
             How the phone was tied to the page, as the assurance says:\n{}\n\n{}\n\n\
             The chip and its state are simulated: the certificate was trusted by this run \
             alone.\nFace match is off, by face_match=off of the organization, because this \
             version makes none: the holder's face was not compared with the portrait, and the \
             assurance says so.",
            opened.pretty(),
            table::columns(&HANDOFF.map(|(key, _)| [format!("  {key}"), opened.assurance(key)])),
            self.steps.table(),
        );
        let json = json!({
            "webhook": opened.payload,
            "signature_verified": true,
            "claims_match": true,
            "verification_url": session.verification_url.as_str(),
            "phone": phone,
            "simulated": true,
            "face_match": FaceMatch::Off.as_str(),
            "steps": self.steps.to_json(),
            "duration_ms": self.steps.total_ms(),
        });
        Outcome::done(human, json)
    }
}

async fn start_server(
    data: &Path,
) -> Result<(Running, super::master_secret::MasterSecret), Failure> {
    let master = super::master_secret::load(None, data, &mut OsEntropy)?;
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|error| Failure::io("cannot listen on 127.0.0.1", &error))?;
    let running = app::start(Options {
        listener,
        location: Location::Sqlite(data.join("kayle.db")),
        master: master.clone(),
        clock: Arc::new(SystemClock),
        entropy: Box::new(OsEntropy),
        store_entropy: Box::new(OsEntropy),
        public_url: None,
        apps: Apps::default(),
        metrics_listener: None,
        edge: Edge::default(),
    })
    .await?;
    Ok((running, master))
}

async fn import(running: &Running, issued: &IssuedChip) -> Result<(), Failure> {
    let found = Found::named_by_operator(issued.certificate.clone());
    let item = found.to_trust_item("simulated, for this demo", SystemClock.now());
    running.app.store.import_trust(vec![item]).await?;
    Ok(())
}

/// Organization and key are the operator's to make: as `kayle org` and `kayle key` do.
async fn organization(running: &Running, keys: &Keys) -> Result<Secret, Failure> {
    let store = &running.app.store;
    let now = SystemClock.now();
    let policy = Policy { face_match: FaceMatch::Off, ..Policy::default() };
    let name = ORGANIZATION.to_owned();
    let organization = workspace::create_organization(store, name, policy, now).await?;
    let scopes = vec![Scope::SessionsRead, Scope::SessionsWrite, Scope::WebhooksWrite];
    let (_, secret) =
        workspace::create_api_key(store, keys, organization.id, "demo".to_owned(), scopes, now)
            .await?;
    Ok(secret)
}

/// What the phone did with the chip, and the milliseconds it took.
fn phone_steps(report: &serde_json::Value) -> Vec<(String, u64)> {
    let steps = report.pointer("/chip/steps").and_then(serde_json::Value::as_array);
    let step = |step: &serde_json::Value| {
        let name = step.get("step")?.as_str()?;
        Some((format!("phone: {name}"), step.get("ms")?.as_u64()?))
    };
    steps.into_iter().flatten().filter_map(step).collect()
}

fn qr_code(session: &Session) -> Result<String, Failure> {
    let url: &Url = &session.verification_url;
    let code = QrCode::new(url.as_str())
        .map_err(|error| Failure::new(Code::Demo, error.to_string(), "the URL is too long"))?;
    // Drawn is what is light: most terminals are dark.
    Ok(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

async fn within<T>(
    limit: Duration,
    what: &str,
    future: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::select! {
        value = future => Ok(value),
        () = SystemClock.sleep_until(SystemClock.now() + limit) => Err(Failure::new(
            Code::Demo,
            format!("{what} took longer than {} s", limit.as_secs()),
            "run it again with KAYLE_LOG=debug",
        )),
    }
}
