//! `kayle chip new`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::description::Description;
use super::issue::{Place, issue};
use super::state::StateFiles;
use crate::cli::failure::Failure;
use crate::cli::outcome::Outcome;
use crate::cli::workspace::make_folder;
use crate::clock::{Clock, SystemClock};

/// Make a simulated chip, issued by a simulated state.
///
/// Writes chip.bin (private keys included), mrz.txt (what is printed on the document) and
/// selfie.jpg (its holder) into --out, and the files of the state into --state: state.key, csca.der
/// and crl.der. A state that is there already issues the chip; otherwise it is made. A server
/// believes the chip only once the state was imported there: `kayle trust import csca.der`. Never do
/// that on a server that real people use.
#[derive(Debug, Args)]
pub(in crate::cli) struct NewArgs {
    /// What the chip is like (JSON; see docs/CLI.md). What it does not say is as in the preset.
    #[arg(value_name = "DESCRIPTION")]
    description: Option<PathBuf>,
    /// Folder of the chip, which must not have one yet.
    #[arg(long, value_name = "DIR", default_value = "chip")]
    out: PathBuf,
    /// Folder of the state [default: that of the chip].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// passport (PACE, BAC, active and chip authentication), card (PACE by zone or card access
    /// number), old (BAC, active authentication with RSA) or passive (BAC, can be copied).
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Size of the document: TD1, TD2 or TD3.
    #[arg(long = "type", value_name = "TD1|TD2|TD3")]
    format: Option<String>,
    /// In what the chip lies; repeatable: copy, replace:DG2=PATH, remove:EF.CardAccess,
    /// length:DG1=four_gigabytes (zero, one_more, one_less), or after N honest answers wrong_mac:N,
    /// replay:N, too_much:N, endless_response:N, silent_after_commands:N, silent_after_bytes:N.
    #[arg(long, value_name = "HOW")]
    dishonest: Vec<String>,
}

pub(super) fn run(args: NewArgs) -> Result<Outcome, Failure> {
    let mut description = match &args.description {
        Some(path) => Description::read(path)?,
        None => Description::default(),
    };
    description.preset = args.preset.or(description.preset);
    description.format = args.format.or(description.format);
    description.dishonest.extend(args.dishonest);
    let chip = description.chip()?;
    let lies = description.lies()?;

    let now = SystemClock.now();
    make_folder(&args.out)?;
    let state_folder = args.state.as_ref().unwrap_or(&args.out);
    make_folder(state_folder)?;
    let files = StateFiles::at(state_folder);
    let (state, is_new) = files.open_or_make(&description.state, now)?;
    let place = Place::at(&args.out);
    let made = issue(&place, &state, &chip, lies, now)?;

    let opens = match made.can() {
        Some(_) => "the zone in mrz.txt or the card access number",
        None => "the zone in mrz.txt",
    };
    let human = format!(
        "chip {}; opened by {opens}\nstate {} ({})\n\
         A server believes it after `kayle trust import {}`.",
        place.chip.display(),
        state_folder.display(),
        if is_new { "made" } else { "there already" },
        files.csca.display(),
    );
    let names: Vec<String> = made.files().map(|(file, _)| file.to_string()).collect();
    let json = json!({
        "chip": place.chip.display().to_string(),
        "mrz": place.zone.display().to_string(),
        "selfie": place.selfie.display().to_string(),
        "can": made.can(),
        "files": names,
        "dishonest": description.dishonest,
        "state": {
            "made": is_new,
            "key": files.key.display().to_string(),
            "csca": files.csca.display().to_string(),
            "crl": files.crl.display().to_string(),
        },
    });
    Ok(Outcome::done(human, json))
}
