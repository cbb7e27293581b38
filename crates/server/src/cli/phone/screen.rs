//! What the person sees.

use std::cell::RefCell;

use indicatif::ProgressBar;
use phone::{ChipProgress, PhoneDocument, Progress};
use protocol::{DataKind, HandoffContext, SecretBytes, ShareField, ShareRequest, limits};

use url::Url;

use crate::cli::chip::show_progress;
use crate::cli::outcome::note;
use crate::cli::progress;

pub(super) struct Screen {
    bar: ProgressBar,
    phase: RefCell<&'static str>,
    /// Chunks of the selfies, which are known from the start.
    selfie_chunks: usize,
}

impl Screen {
    pub(super) fn new(selfies: &[SecretBytes; 3]) -> Self {
        let selfie_chunks =
            selfies.iter().map(|file| chunks(file, limits::SELFIE_CHUNK_BYTES)).sum::<usize>();
        let bar = progress::bar(selfie_chunks as u64, "connecting");
        Self { bar, phase: RefCell::new(""), selfie_chunks }
    }

    /// From now on the bar counts the chunks of this document too.
    pub(super) fn expect_document(&self, document: &PhoneDocument) {
        let files = [Some(&document.dg1), Some(&document.dg2), Some(&document.sod)]
            .into_iter()
            .chain([document.dg14.as_ref(), document.dg15.as_ref()])
            .flatten();
        let total: usize = files.map(|file| chunks(file, limits::NFC_CHUNK_BYTES)).sum();
        self.bar.set_length((total + self.selfie_chunks) as u64);
        self.bar.set_position(0);
    }

    pub(super) fn show_chip(&self, progress: ChipProgress) {
        show_progress(&self.bar, progress);
    }

    pub(super) fn show_progress(&self, progress: &Progress) {
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
            Progress::Confirmed => self.say("confirmed: it is the page that shows this number"),
            Progress::ChipAuthentication { protected: false } => {
                self.say("the server authenticates the chip");
            }
            Progress::ChipAuthentication { protected: true } => {}
            Progress::Accepted => self.say("accepted"),
            Progress::ShareRequested => {}
            Progress::SelectionSent => self.say("selection sent"),
            Progress::Reconnecting { number } => {
                self.say(&format!("connection lost; reconnecting ({number})"));
            }
        }
    }

    /// Who asks, and where the page was opened.
    pub(super) fn show_page(&self, context: &HandoffContext, server: &Url) {
        let known = |text: &str| (!text.is_empty()).then(|| printable(text));
        let organization = known(&context.organization_name);
        self.say(&format!(
            "{} asks you to verify yourself, at {}",
            organization.as_deref().unwrap_or("somebody"),
            server.origin().ascii_serialization(),
        ));
        let opened = [
            known(&context.browser).map(|browser| format!("in {browser}")),
            known(&context.os).map(|os| format!("on {os}")),
            known(&context.place).map(|place| format!("in {place}")),
            match context.network.as_str() {
                "same" => Some("in this phone's network".to_owned()),
                "different" => Some("in another network than this phone's".to_owned()),
                _ => None,
            },
        ];
        let mut opened: Vec<_> = opened.into_iter().flatten().collect();
        // The language is that of a consent, which tells of no browser where none is bound.
        if !opened.is_empty() {
            opened.extend(known(&context.locale).map(|locale| format!("in the language {locale}")));
        }
        if opened.is_empty() {
            self.say("  no page is known behind this link: go on only if you began this yourself");
        } else {
            self.say(&format!("  the page was opened {}", opened.join(", ")));
        }
        if !context.fields.is_empty() {
            self.say("  it will ask for:");
            self.show_fields(&context.fields);
        }
    }

    pub(super) fn show_request(&self, request: &ShareRequest, organization: Option<&str>) {
        self.say(&format!("{} asks for:", printable(organization.unwrap_or("the relying party"))));
        self.show_fields(&request.fields);
    }

    fn show_fields(&self, fields: &[ShareField]) {
        for field in fields {
            let required = if field.required { "required" } else { "optional" };
            self.say(&format!(
                "  {} ({required}): {}",
                printable(&field.key),
                printable(&field.reason)
            ));
        }
    }

    pub(super) fn say(&self, line: &str) {
        self.bar.suspend(|| note(line));
    }

    /// Takes the bar away while something is read from the terminal.
    pub(super) fn suspend<T>(&self, read: impl FnOnce() -> T) -> T {
        self.bar.suspend(read)
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn chunks(bytes: &SecretBytes, size: usize) -> usize {
    bytes.as_slice().len().div_ceil(size).max(1)
}

/// Text of others, without what would steer the terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
    }
}
