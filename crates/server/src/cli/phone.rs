//! `kayle phone`: a phone without a camera, with an antenna where a reader is connected.

mod confirm;
mod device_key;
mod holder;
mod screen;

use std::path::{Path, PathBuf};

use clap::Args;
use emrtd::UnixSeconds;
use phone::{Outcome as Ending, Phone, PhoneDocument, PhoneError, ShareChoice, Source};
use protocol::{HandoffLink, LinkError, SecretBytes, SecretText, limits};
use serde_json::{Value, json};
use url::Url;

use super::chip::{PasswordArgs, ReaderName, read_policy};
use super::failure::{Code, Failure, with_causes};
use super::folder::{self, Folder};
use super::outcome::{Outcome, note};
use super::{logging, simulated};
use crate::clock::{Clock, SystemClock};
use crate::entropy::OsEntropy;
use crate::settings::Settings;
use confirm::Answer;
use holder::CliHolder;
use screen::{Screen, printable};

const SIMULATED: &str = "sim:";
/// What the server wants to see of a chip; DG2 last, because it takes longest.
const GROUPS: [u8; 4] = [1, 14, 15, 2];
const MAX_SELFIE_BYTES: u64 = limits::ARTIFACT_BYTES as u64;

/// Be the phone: take a handoff link, send a document, share claims, report the verdict.
///
/// Takes a handoff link, says hello and proves its device key, shows who asks and where the page was
/// opened, asks which number the page shows, reads the chip on a reader (or takes files that were
/// read before), sends its files in chunks, lets the chip prove itself to the server, shows what the
/// relying party asks for, shares it and reports the verdict; resumes after a lost connection or tag.
/// Exit code 0 if the fields were shared, 1 otherwise.
#[derive(Debug, Args)]
pub(super) struct PhoneArgs {
    /// The handoff link: https://…/open/vs_…#handoff=…, kayle-id://…, or its JSON.
    link: String,
    /// The reader: pcsc for the only one with a chip, pcsc:NAME (a part of it is enough), or
    /// sim:FILE for a simulated chip, which brings its own zone.
    #[arg(long, value_name = "pcsc[:NAME]|sim:FILE")]
    reader: Option<ReaderName>,
    #[command(flatten)]
    password: PasswordArgs,
    /// Folder of EF files (EF_SOD.bin or SOD_cms.der, DG1.bin, DG2.bin, …), or sim:NAME for a
    /// simulated passport: instead of a reader, and without a chip to prove.
    ///
    /// sim:NAME keeps its state and its passport in DIR/sim/NAME (see --data) and makes them there
    /// if they are absent. A server accepts it once the state's certificate was imported there:
    /// `kayle trust import DIR/sim/NAME/csca.der`.
    #[arg(long, value_name = "DIR|sim:NAME", required_unless_present = "reader",
          conflicts_with_all = ["reader", "password"])]
    document: Option<String>,
    /// A photo of the holder (JPEG); give it three times. A simulated passport brings its own.
    #[arg(long, value_name = "FILE")]
    selfie: Vec<PathBuf>,
    /// What to share of what is asked for: all, required, or keys (those that are required must be
    /// among them).
    #[arg(long, value_name = "all|required|KEY,…", default_value = "required")]
    share: String,
    /// The number that the page shows, where it shows one; - reads it from standard input once it
    /// is needed [default: asked at the terminal].
    #[arg(long, value_name = "NN")]
    match_code: Option<String>,
    /// Say that you did not open the page: the session ends, and the relying party is told.
    #[arg(long, conflicts_with = "match_code")]
    not_me: bool,
    /// The key that tells this phone from others, made if FILE is absent; give the same one to
    /// resume an attempt [default: a key of this run].
    #[arg(long, value_name = "FILE")]
    device_key: Option<PathBuf>,
    /// Be a phone without a key, as older apps are, that this text alone tells from others.
    #[arg(long, value_name = "ID", conflicts_with = "device_key")]
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
        None => api_of(&link, &settings)?,
    };
    // The link's own rule: passport data goes over TLS, or stays on this machine.
    let link = link.with_api(api.clone()).map_err(|_| {
        Failure::usage(
            "the server must be https, or http on this machine",
            "name it with --api https://…",
        )
    })?;
    let share = choice(&args.share);
    let now = UnixSeconds(SystemClock.now().as_seconds());
    // What can be wrong here is said before anything is sent.
    let (source, chip, own_selfie) = match (&args.reader, &args.document) {
        (Some(reader), _) => {
            let chip = reader.open(&args.password, read_policy(GROUPS), now)?;
            (Source::Chip, Some(chip), None)
        }
        (None, Some(name)) => {
            let (document, selfie) = read_document(name, &settings)?;
            (Source::Files(document), None, selfie)
        }
        (None, None) => return Err(Failure::usage("no document", "--reader or --document")),
    };
    let selfies = selfies(&args.selfie, own_selfie.as_ref())?;
    let key = match &args.device_id {
        Some(_) => None,
        None => Some(device_key::load(args.device_key.as_deref(), &mut OsEntropy)?),
    };
    let key_id = || key.as_ref().map(|key| protocol::device::device_id(&key.public_point()));
    let device_id = args.device_id.clone().or_else(key_id).unwrap_or_default();

    note(format_args!("device {device_id}"));
    let screen = Screen::new(&selfies);
    if let Source::Files(document) = &source {
        screen.expect_document(document);
    }
    let mut phone = Phone::new(
        link,
        SecretText::from(device_id.as_str()),
        env!("CARGO_PKG_VERSION").to_owned(),
        source,
        selfies,
    );
    phone.device_key = key;
    let answer = Answer::from_flags(args.match_code, args.not_me);
    let mut holder = CliHolder::new(screen, api.clone(), answer, share, chip);
    let ending = phone.run_with(&api, &mut holder).await?;
    match holder.finish() {
        Some(failure) if ending == Ending::ChipUnread => {
            let again = match (&args.device_id, &args.device_key) {
                (Some(id), _) => format!("--device-id {id} goes on with this attempt"),
                (None, Some(file)) => {
                    format!("--device-key {} goes on with this attempt", file.display())
                }
                (None, None) => "with --device-key FILE an attempt can be gone on with".to_owned(),
            };
            Err(Failure { hint: format!("{}; {again}", failure.hint), ..failure })
        }
        _ => Ok(report(ending, &device_id, holder.page(), holder.chip())),
    }
}

/// The files of a document that was read before, and a photo of its holder if it brings one.
fn read_document(
    name: &str,
    settings: &Settings,
) -> Result<(PhoneDocument, Option<PathBuf>), Failure> {
    let (files, selfie) = match name.strip_prefix(SIMULATED) {
        Some(passport) => {
            let passport = simulated::open(&settings.data, passport)?;
            note(format_args!("simulated passport; its state: {}", passport.csca.display()));
            (folder::read(&passport.folder)?, Some(passport.selfie))
        }
        None => (folder::read(Path::new(name))?, None),
    };
    Ok((document(files, name)?, selfie))
}

fn read_link(text: &str) -> Result<HandoffLink, Failure> {
    let link = HandoffLink::parse(text)?;
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().as_millis())
        .map_err(|error| Failure::new(Code::Link, error.to_string(), "check the clock"))?;
    link.check_fresh(now)?;
    Ok(link)
}

/// The server that the link names or, for the reference's links, which name none, that of these
/// settings: `public_url`, or where `serve` listens.
fn api_of(link: &HandoffLink, settings: &Settings) -> Result<Url, Failure> {
    match link.api().or(settings.public_url.as_ref()) {
        Some(url) => Ok(url.clone()),
        None => super::serve::base_url(settings.listen),
    }
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

/// `page` is what was to be confirmed and `chip` what the chip did, for programs.
fn report(ending: Ending, device_id: &str, page: Value, chip: Value) -> Outcome {
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
        Ending::NotMe => (
            false,
            "the session was ended; whoever opened the page gets nothing".to_owned(),
            json!({ "outcome": "not_me" }),
        ),
        Ending::NotConfirmed => (
            false,
            "the page was not confirmed, and nothing was sent: --match-code NN gives the number \
             that it shows, --not-me says that it is not yours"
                .to_owned(),
            json!({ "outcome": "not_confirmed" }),
        ),
        Ending::DeviceUnproven => (
            false,
            "the device key could not be used".to_owned(),
            json!({ "outcome": "device_unproven" }),
        ),
        Ending::LostConnection => (
            false,
            "the connection was lost and could not be opened again".to_owned(),
            json!({ "outcome": "lost_connection" }),
        ),
        Ending::CommandsRefused(refusal) => (
            false,
            format!("left: {refusal}; nothing of it was sent to the chip"),
            json!({ "outcome": "commands_refused", "reason": refusal.to_string() }),
        ),
        Ending::ChipUnread => {
            (false, "the chip could not be read".to_owned(), json!({ "outcome": "chip_unread" }))
        }
    };
    let mut json = json;
    if let Value::Object(members) = &mut json {
        members.insert("device_id".into(), device_id.into());
        members.insert("page".into(), page);
        members.insert("chip".into(), chip);
    }
    Outcome { human, json: Some(json), passed }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        let code = match &error {
            LinkError::Expired => Code::Link,
            _ => Code::Usage,
        };
        let hint = match &error {
            LinkError::ApiMismatch => "open the page yourself and take the link that it shows",
            _ => "quote the link in the shell: it holds & and %",
        };
        Self::new(code, error.to_string(), hint)
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
