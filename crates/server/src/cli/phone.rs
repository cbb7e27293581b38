//! `kayle phone`: a phone without a camera and an antenna.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use domain::entropy::random_text;
use indicatif::ProgressBar;
use phone::{Outcome as Ending, Phone, PhoneDocument, PhoneError, Progress, ShareChoice};
use protocol::{DataKind, HandoffLink, LinkError, SecretBytes, SecretText, ShareRequest, limits};
use serde_json::{Value, json};
use url::Url;

use super::failure::{Code, Failure, with_causes};
use super::folder::{self, Folder};
use super::outcome::{Outcome, note};
use super::{logging, progress, simulated};
use crate::clock::{Clock, SystemClock};
use crate::entropy::OsEntropy;
use crate::settings::Settings;

const SIMULATED: &str = "sim:";
const DETAILS_LIMIT: Duration = Duration::from_secs(5);
const MAX_DETAILS_BYTES: usize = 64 << 10;
const MAX_SELFIE_BYTES: u64 = limits::ARTIFACT_BYTES as u64;

/// Be the phone: take a handoff link, send a document, share claims, report the verdict.
///
/// Takes a handoff link, says hello, sends the files of a document in chunks, shows what the
/// relying party asks for, shares it and reports the verdict; resumes after a lost connection.
/// Exit code 0 if the fields were shared, 1 otherwise.
#[derive(Debug, Args)]
pub(super) struct PhoneArgs {
    /// The handoff link: kayle-id://…, https://…/vs_…#handoff=…, or its JSON.
    link: String,
    /// Folder of EF files (EF_SOD.bin or SOD_cms.der, DG1.bin, DG2.bin, …), or sim:NAME for a
    /// simulated passport.
    ///
    /// sim:NAME keeps its state and its passport in DIR/sim/NAME (see --data) and makes them there
    /// if they are absent. A server accepts it once the state's certificate was imported there:
    /// `kayle trust import DIR/sim/NAME/csca.der`.
    #[arg(long, value_name = "DIR|sim:NAME")]
    document: String,
    /// A photo of the holder (JPEG); give it three times. A simulated passport brings its own.
    #[arg(long, value_name = "FILE")]
    selfie: Vec<PathBuf>,
    /// What to share of what is asked for: all, required, or keys (those that are required must be
    /// among them).
    #[arg(long, value_name = "all|required|KEY,…", default_value = "required")]
    share: String,
    /// Tells this phone from others; give the same one to resume an attempt [default: random].
    #[arg(long, value_name = "ID")]
    device_id: Option<String>,
    /// Base URL of the server, if it is not the one that the link names.
    #[arg(long, value_name = "URL")]
    api: Option<Url>,
    /// Folder of simulated states and passports [default: kayle-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(super) async fn run(args: PhoneArgs) -> Result<Outcome, Failure> {
    let store = super::StoreArgs { data: args.data.clone(), ..Default::default() };
    let settings = store.settings()?;
    logging::start(&settings, "warn")?;
    let link = read_link(&args.link)?;
    let api = match args.api {
        Some(api) => api,
        None => api_of(&link, &args.link, &settings)?,
    };
    // The link's own rule: passport data goes over TLS, or stays on this machine.
    let link = link.with_api(api.clone()).map_err(|_| {
        Failure::usage(
            "the server must be https, or http on this machine",
            "name it with --api https://…",
        )
    })?;
    let share = choice(&args.share);
    let (files, own_selfie) = match args.document.strip_prefix(SIMULATED) {
        Some(name) => {
            let passport = simulated::open(&settings.data, name)?;
            note(format_args!("simulated passport; its state: {}", passport.csca.display()));
            (folder::read(&passport.folder)?, Some(passport.selfie))
        }
        None => (folder::read(Path::new(&args.document))?, None),
    };
    let document = document(files, &args.document)?;
    let selfies = selfies(&args.selfie, own_selfie.as_ref())?;
    let device_id = args.device_id.unwrap_or_else(|| random_text(32, &mut OsEntropy));
    let organization = organization_name(&api, &link).await;

    note(format_args!("device {device_id}"));
    let screen = Screen::new(&document, &selfies);
    let phone = Phone::new(
        link,
        SecretText::from(device_id.as_str()),
        env!("CARGO_PKG_VERSION").to_owned(),
        document,
        selfies,
    );
    let ending = phone
        .run(
            &api,
            |request| {
                screen.show_request(request, organization.as_deref());
                share.clone()
            },
            |progress| screen.show_progress(&progress),
        )
        .await?;
    screen.bar.finish_and_clear();
    Ok(report(ending, &device_id))
}

fn read_link(text: &str) -> Result<HandoffLink, Failure> {
    let link = HandoffLink::parse(text)?;
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().as_millis())
        .map_err(|error| Failure::new(Code::Link, error.to_string(), "check the clock"))?;
    link.check_fresh(now)?;
    Ok(link)
}

/// The server: the link's own `api`, or the host of an https link, or, for the reference's links,
/// which name none, the server of these settings: `public_url`, or where `serve` listens.
fn api_of(link: &HandoffLink, text: &str, settings: &Settings) -> Result<Url, Failure> {
    if let Some(api) = link.api() {
        return Ok(api.clone());
    }
    let web = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(mut url) = web else {
        return match &settings.public_url {
            Some(url) => Ok(url.clone()),
            None => super::serve::base_url(settings.listen),
        };
    };
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn choice(text: &str) -> ShareChoice {
    match text {
        "all" => ShareChoice::All,
        "required" => ShareChoice::Required,
        keys => ShareChoice::Keys(
            keys.split(',')
                .map(|key| key.trim().to_owned())
                .filter(|key| !key.is_empty())
                .collect(),
        ),
    }
}

fn document(folder: Folder, name: &str) -> Result<PhoneDocument, Failure> {
    let groups = folder.data_groups.into_iter();
    let files = groups
        .map(|(group, bytes)| (format!("{group}.bin"), bytes))
        .chain([("EF_SOD.bin".to_owned(), folder.sod)]);
    PhoneDocument::from_files(files).map_err(|error| {
        Failure::new(
            Code::Document,
            format!("{name}: {error}"),
            "a verification needs EF.SOD, DG1 and DG2, and DG14 and DG15 where the chip has them",
        )
    })
}

fn selfies(files: &[PathBuf], own: Option<&PathBuf>) -> Result<[SecretBytes; 3], Failure> {
    let read = |file: &PathBuf| folder::read_bounded(file, MAX_SELFIE_BYTES).map(SecretBytes::from);
    match (files, own) {
        ([], Some(own)) => Ok([read(own)?, read(own)?, read(own)?]),
        ([first, second, third], _) => Ok([read(first)?, read(second)?, read(third)?]),
        _ => Err(Failure::usage(
            format!("three selfies are needed, {} given", files.len()),
            "give --selfie FILE three times",
        )),
    }
}

/// Who asks. Worth a line to the person, not worth failing for.
async fn organization_name(api: &Url, link: &HandoffLink) -> Option<String> {
    let mut url = api.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend([
        "v1",
        "verify",
        "session",
        link.session_id(),
        "details",
    ]);
    let client = reqwest::Client::builder().timeout(DETAILS_LIMIT).build().ok()?;
    let mut response = client.get(url).send().await.ok()?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_DETAILS_BYTES {
            return None;
        }
    }
    let answer: Value = serde_json::from_slice(&body).ok()?;
    answer.pointer("/data/organization_name")?.as_str().map(str::to_owned)
}

/// What the person sees.
struct Screen {
    bar: ProgressBar,
    phase: RefCell<&'static str>,
}

impl Screen {
    fn new(document: &PhoneDocument, selfies: &[SecretBytes; 3]) -> Self {
        let chunks =
            |bytes: &SecretBytes, size: usize| bytes.as_slice().len().div_ceil(size).max(1);
        let files = [Some(&document.dg1), Some(&document.dg2), Some(&document.sod)]
            .into_iter()
            .chain([document.dg14.as_ref(), document.dg15.as_ref()])
            .flatten();
        let total: usize = files.map(|file| chunks(file, limits::NFC_CHUNK_BYTES)).sum::<usize>()
            + selfies.iter().map(|file| chunks(file, limits::SELFIE_CHUNK_BYTES)).sum::<usize>();
        Self { bar: progress::bar(total as u64, "connecting"), phase: RefCell::new("") }
    }

    fn show_progress(&self, progress: &Progress) {
        match progress {
            Progress::HelloAccepted { resumed: false } => self.say("connected"),
            Progress::HelloAccepted { resumed: true } => {
                // What was sent on the lost socket is sent again.
                self.bar.set_position(0);
                self.say("resumed");
            }
            Progress::PhaseReached(phase) => {
                *self.phase.borrow_mut() = phase.as_str();
                self.bar.set_message(phase.as_str());
            }
            Progress::Uploaded { kind, index, chunk, chunks } => {
                let name = kind.artifact_name().unwrap_or("file");
                let number = match kind {
                    DataKind::Selfie => format!(" {}", index + 1),
                    _ => String::new(),
                };
                self.bar.set_message(format!("{name}{number}, part {} of {chunks}", chunk + 1));
                self.bar.inc(1);
            }
            Progress::Accepted => self.say("accepted"),
            Progress::ShareRequested => {}
            Progress::SelectionSent => self.say("selection sent"),
            Progress::Reconnecting { number } => {
                self.say(&format!("connection lost; reconnecting ({number})"));
            }
        }
    }

    fn show_request(&self, request: &ShareRequest, organization: Option<&str>) {
        self.say(&format!("{} asks for:", printable(organization.unwrap_or("the relying party"))));
        for field in &request.fields {
            let required = if field.required { "required" } else { "optional" };
            self.say(&format!(
                "  {} ({required}): {}",
                printable(&field.key),
                printable(&field.reason)
            ));
        }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| note(line));
    }
}

/// Text of others, without what would steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

fn report(ending: Ending, device_id: &str) -> Outcome {
    let (passed, human, json) = match ending {
        Ending::Shared { keys } => (
            true,
            format!("accepted; shared: {}", printable(&keys.join(", "))),
            json!({ "outcome": "shared", "shared": keys }),
        ),
        Ending::Unconfirmed { keys } => (
            false,
            format!("the connection ended before the share was confirmed: {}", keys.join(", ")),
            json!({ "outcome": "unconfirmed", "selected": keys }),
        ),
        Ending::Rejected { code, message, retry_allowed, remaining_attempts } => (
            false,
            format!(
                "rejected: {} ({}); {}",
                printable(&message),
                printable(&code),
                if retry_allowed {
                    format!("{remaining_attempts} attempts left")
                } else {
                    "no attempt left".to_owned()
                }
            ),
            json!({
                "outcome": "rejected",
                "code": code,
                "message": message,
                "retry_allowed": retry_allowed,
                "remaining_attempts": remaining_attempts,
            }),
        ),
        Ending::Refused { code, message } => (
            false,
            format!("refused: {} ({})", printable(&message), printable(&code)),
            json!({ "outcome": "refused", "code": code, "message": message }),
        ),
        Ending::LostConnection => (
            false,
            "the connection was lost and could not be opened again".to_owned(),
            json!({ "outcome": "lost_connection" }),
        ),
    };
    let mut json = json;
    if let Value::Object(members) = &mut json {
        members.insert("device_id".into(), device_id.into());
    }
    Outcome { human, json: Some(json), passed }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        let code = match &error {
            LinkError::Expired => Code::Link,
            _ => Code::Usage,
        };
        Self::new(code, error.to_string(), "quote the link in the shell: it holds & and %")
    }
}

impl From<PhoneError> for Failure {
    fn from(error: PhoneError) -> Self {
        Self::new(
            Code::Server,
            with_causes(&error),
            "check that the server is the one of the link; --api names another",
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
    }

    #[test]
    fn keys_are_read_as_a_list() {
        assert_eq!(choice("all"), ShareChoice::All);
        assert_eq!(
            choice("family_name, given_names,"),
            ShareChoice::Keys(vec!["family_name".into(), "given_names".into()])
        );
    }

    #[test]
    fn three_selfies_or_a_simulated_passport_are_needed() {
        assert!(selfies(&[], None).is_err());
        let photo = tempfile::NamedTempFile::new().unwrap();
        let path = photo.path().to_owned();
        assert!(selfies(std::slice::from_ref(&path), Some(&path)).is_err());
        assert!(selfies(&[], Some(&path)).is_ok());
    }
}
