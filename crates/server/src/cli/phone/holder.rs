//! The person at this command line, and the chip on its reader.

use domain::time::Timestamp;
use phone::{
    ChipError, ChipProgress, ChipReading, Confirmation, Connection, Holder, PhoneDocument,
    Progress, ShareChoice,
};
use protocol::{HandoffContext, SecretBytes, ShareRequest};
use serde_json::{Value, json};
use url::Url;

use super::confirm::Answer;
use super::screen::Screen;
use crate::cli::chip::{AnyChip, Gained};
use crate::cli::failure::{Code, Failure};
use crate::clock::{Clock, SystemClock};

pub(super) struct CliHolder {
    screen: Screen,
    /// The server it talks to.
    server: Url,
    answer: Answer,
    /// What it was asked to confirm.
    page: Option<HandoffContext>,
    share: ShareChoice,
    chip: Option<AnyChip>,
    /// How access was gained, once it was.
    gained: Option<Gained>,
    /// What was done with the chip, and the milliseconds it took.
    steps: Vec<(String, u64)>,
    /// Why the chip could not be read.
    unread: Option<Failure>,
}

impl CliHolder {
    pub(super) fn new(
        screen: Screen,
        server: Url,
        answer: Answer,
        share: ShareChoice,
        chip: Option<AnyChip>,
    ) -> Self {
        let steps = Vec::new();
        Self { screen, server, answer, page: None, share, chip, gained: None, steps, unread: None }
    }

    /// Takes the bar away. Why the chip could not be read, if that is why it ended.
    pub(super) fn finish(&mut self) -> Option<Failure> {
        self.screen.finish();
        self.unread.take()
    }

    /// The page that was to be confirmed, for programs; null where none was described.
    pub(super) fn page(&self) -> Value {
        let Some(page) = &self.page else { return Value::Null };
        json!({
            "organization_name": page.organization_name,
            "browser": page.browser,
            "os": page.os,
            "place": page.place,
            "network": page.network,
            "choices": page.choices,
            "locale": page.locale,
            "fields": page.fields.iter().map(|field| &field.key).collect::<Vec<_>>(),
        })
    }

    /// What the chip did, for programs; null without a chip.
    pub(super) fn chip(&self) -> Value {
        let Some(chip) = &self.chip else { return Value::Null };
        let step = |(step, took): &(String, u64)| json!({ "step": step, "ms": took });
        json!({
            "access": self.gained.as_ref().map(Gained::to_json),
            "apdus": chip.exchanged(),
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
        })
    }

    fn done(&mut self, step: impl Into<String>, began: Timestamp) {
        let took = SystemClock.now().since(began).as_millis();
        self.steps.push((step.into(), u64::try_from(took).unwrap_or(u64::MAX)));
    }

    fn try_read(&mut self, on_progress: &mut dyn FnMut(u8)) -> Result<ChipReading, Failure> {
        let (screen, chip) = (&self.screen, self.chip.as_mut());
        let chip = chip.ok_or_else(|| Failure::usage("no reader", "--reader"))?;
        let outcome = chip.read(&mut |progress| {
            screen.show_chip(progress);
            if let ChipProgress::File(file) = progress {
                on_progress(file.percent);
            }
        })?;
        on_progress(100);
        let document = PhoneDocument::try_from(&outcome).map_err(|error| {
            Failure::new(Code::Chip, error.to_string(), "the chip does not do as ICAO 9303 says")
        })?;
        screen.expect_document(&document);
        let gained = Gained::of(outcome.access);
        screen.say(&gained.to_string());
        self.gained = Some(gained);
        Ok(ChipReading { document, access: outcome.access })
    }

    /// Tells of a failure that does not end the conversation.
    fn say_failed<T>(&self, what: &str, result: Result<T, ChipError>) -> Option<T> {
        result.inspect_err(|error| self.screen.say(&format!("{what}: {error}"))).ok()
    }
}

impl Holder for CliHolder {
    fn choose(&mut self, request: &ShareRequest) -> ShareChoice {
        let organization = self.page.as_ref().map(|page| page.organization_name.as_str());
        self.screen.show_request(request, organization);
        self.share.clone()
    }

    fn confirm(&mut self, context: &HandoffContext) -> Option<Confirmation> {
        self.screen.show_page(context, &self.server);
        self.page = Some(context.clone());
        self.answer.give(&self.screen, context)
    }

    fn read(&mut self, on_progress: &mut dyn FnMut(u8)) -> Option<ChipReading> {
        let began = SystemClock.now();
        match self.try_read(on_progress) {
            Ok(reading) => {
                let apdus = self.chip.as_ref().map_or(0, AnyChip::exchanged);
                self.done(format!("chip opened and read with {apdus} APDUs"), began);
                Some(reading)
            }
            Err(failure) => {
                self.unread = Some(failure);
                None
            }
        }
    }

    fn sign(&mut self, challenge: &[u8]) -> Option<Vec<u8>> {
        let began = SystemClock.now();
        let challenge = challenge.try_into().ok()?;
        let result = self.chip.as_mut()?.sign(challenge);
        let signature = self.say_failed("active authentication", result)??;
        self.done("active authentication: challenge signed", began);
        Some(signature)
    }

    fn relay(&mut self, commands: &[SecretBytes], protected: bool) -> Option<Vec<SecretBytes>> {
        let began = SystemClock.now();
        let result = self.chip.as_mut()?.relay(commands, protected);
        let answers = self.say_failed("chip authentication", result)?;
        let step = match protected {
            false => "chip authentication: key agreement relayed",
            true => "chip authentication: the server's protected command relayed",
        };
        self.done(step, began);
        Some(answers)
    }

    fn progress(&mut self, progress: Progress) -> Connection {
        self.screen.show_progress(&progress);
        Connection::Keep
    }
}
