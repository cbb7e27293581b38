//! `kayle demo`: a whole verification over real parts on this machine.

mod browser;
mod event;
mod phone_process;
mod shop;
mod steps;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use domain::key::{Keys, Secret};
use domain::organization::Scope;
use domain::policy::{FaceMatch, Policy};
use protocol::HandoffLink;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::{Value, json};
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
use browser::{Browser, Page};
use event::Event;
use phone_process::PhoneProcess;
use shop::Shop;
use steps::Steps;

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
/// Starts a server with a temporary data folder and, on a port of its own, the relying party of
/// examples/relying-party; then goes the way of a person: from the start page of the relying party to
/// the page, where it consents; with the page's link in a phone in a process of its own, which proves
/// its device key, is told the number that the page shows, and reads a simulated chip at APDU level
/// (PACE, active and chip authentication) of a simulated state whose certificate is imported for this
/// run only; and back, with a response code, to the result page. Face match is off: this version makes
/// none. Exit code 0 only if the relying party took the response code and a webhook whose signature
/// and claims are right, the chip authenticated itself to the server, and key, browser and number were
/// checked. Nothing is left behind.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Leave the way to your browser: print the start page, and the phone command to paste.
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
    shop: Shop,
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

        let shop = Shop::start(base, &api_key).await?;
        steps.done(format!(
            "relying party on {}, its webhook endpoint and encryption key registered",
            shop.url
        ));
        let mut demo = Self { steps, running, issued, shop };
        let outcome = if interactive { demo.wait().await } else { demo.walk().await };
        demo.shop.stop().await;
        demo.running.stop().await;
        outcome
    }

    /// Goes the way of a person.
    async fn walk(&mut self) -> Result<Outcome, Failure> {
        let browser = Browser::open(&self.shop.url).await?;
        let page = browser.start().await?;
        self.steps.done("start page opened, its button pressed, session created");
        self.steps.say(format!("\n{}\n{}", page.url, qr_code(&page.url)?));

        page.consent().await?;
        let link = page.hand_off().await?;
        self.steps.done("page opened: the session is this browser's; consent given; link minted");
        let report = self.phone(&page, &link).await?;

        let way_back = page.way_back().await?;
        browser.check_stranger(&way_back).await?;
        self.steps.done("way back with a response code: another browser is refused with it");
        let result = within(WEBHOOK_LIMIT, "the result", browser.come_back(&way_back)).await??;
        let [(_, name), ..] = self.issued.claims();
        if !name.as_str().is_some_and(|name| result.contains(name)) {
            self.steps.say(result);
            return Err(wrong("the result page does not show the holder"));
        }
        self.steps.done("relying party: response code exchanged, webhook verified and decrypted");
        let event = within(WEBHOOK_LIMIT, "the webhook", self.shop.verified()).await?;
        self.check(&event, true)?;
        if event.session() != Some(page.session.as_str()) {
            return Err(wrong("the webhook's session is another one"));
        }
        self.steps.done("result page and claims are the simulated holder's; the chip was proven");
        Ok(self.outcome(&event, Some(report)))
    }

    async fn phone(&mut self, page: &Page, link: &HandoffLink) -> Result<Value, Failure> {
        let link = link.to_https(&self.running.app.public_url);
        let phone = PhoneProcess::new(link.expose(), &self.issued.place)?;
        let run = phone.run(page.match_code());
        let report = within(PHONE_LIMIT, "the phone", run).await??;
        self.steps.done_in_part(phone_steps(&report), "phone: the rest, until the share");
        Ok(report)
    }

    /// Leaves everything running for a person with a browser, until they were shown their result.
    async fn wait(&mut self) -> Result<Outcome, Failure> {
        let phone = PhoneProcess::new("LINK", &self.issued.place)?;
        self.steps.say(format!("\nOpen this in a browser:\n\n{}\n", self.shop.url));
        self.steps.say(
            "The phone is this command in another terminal, with the link of the page's \"Copy \
             link\" in the place of LINK:",
        );
        self.steps.say(format!("\n{}\n", phone.command_line()));
        let event = self.shop.verified().await;
        self.steps.done("result shown: response code exchanged, webhook verified and decrypted");
        self.check(&event, false)?;
        self.steps.done("claims equal the simulated holder's; the chip was proven to the server");
        Ok(self.outcome(&event, None))
    }

    /// `whole`: the demo was the browser too.
    fn check(&self, event: &Event, whole: bool) -> Result<(), Failure> {
        if event.chip_proof() != Some(CHIP_PROOF) {
            self.steps.say(event.pretty());
            return Err(wrong("the assurance does not say that the chip authenticated itself"));
        }
        let is_bound = HANDOFF.iter().all(|(key, expected)| event.assurance(key) == *expected);
        if whole && !is_bound {
            self.steps.say(event.pretty());
            return Err(wrong("the assurance does not say that key, page and number were checked"));
        }
        let id = event.claim("kayle_document_id").and_then(Value::as_str).unwrap_or_default();
        if !id.starts_with("kdid_") || id.len() != "kdid_".len() + 64 {
            return Err(wrong("the webhook's kayle_document_id is malformed"));
        }
        for (key, expected) in self.issued.claims() {
            if event.claim(key) != Some(&expected) {
                return Err(wrong(&format!("the webhook's {key} is not the holder's")));
            }
        }
        Ok(())
    }

    fn outcome(&self, event: &Event, phone: Option<Value>) -> Outcome {
        let human = format!(
            "\nWebhook, decrypted, its signature verified:\n{}\n\n\
             How the phone was tied to the page, as the assurance says:\n{}\n\n{}\n\n\
             The chip and its state are simulated: the certificate was trusted by this run \
             alone.\nFace match is off, by face_match=off of the organization, because this \
             version makes none: the holder's face was not compared with the portrait, and the \
             assurance says so.",
            event.pretty(),
            table::columns(&HANDOFF.map(|(key, _)| [format!("  {key}"), event.assurance(key)])),
            self.steps.table(),
        );
        let json = json!({
            "webhook": event.0,
            "signature_verified": true,
            "claims_match": true,
            "verification_url": self.page_of(event),
            "relying_party": self.shop.url.as_str(),
            "phone": phone,
            "simulated": true,
            "face_match": FaceMatch::Off.as_str(),
            "steps": self.steps.to_json(),
            "duration_ms": self.steps.total_ms(),
        });
        Outcome::done(human, json)
    }

    fn page_of(&self, event: &Event) -> Option<String> {
        let page = self.running.app.public_url.join(event.session()?).ok()?;
        Some(page.into())
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
fn phone_steps(report: &Value) -> Vec<(String, u64)> {
    let steps = report.pointer("/chip/steps").and_then(Value::as_array);
    let step = |step: &Value| {
        let name = step.get("step")?.as_str()?;
        Some((format!("phone: {name}"), step.get("ms")?.as_u64()?))
    };
    steps.into_iter().flatten().filter_map(step).collect()
}

fn qr_code(url: &Url) -> Result<String, Failure> {
    let code = QrCode::new(url.as_str())
        .map_err(|error| Failure::new(Code::Demo, error.to_string(), "the URL is too long"))?;
    // Drawn is what is light: most terminals are dark.
    Ok(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

fn wrong(what: &str) -> Failure {
    Failure::new(Code::Demo, what, "see above, or run it again with KAYLE_LOG=debug")
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
