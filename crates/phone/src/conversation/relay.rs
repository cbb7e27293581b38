//! Chip authentication: the server talks to the chip, the phone carries.

use emrtd::lds::security_info::PaceMapping;
use emrtd::read::{Access, Downgrade, MappingProof};
use protocol::{ClientMessage, Phase, SecretBytes};

use super::{Action, Conversation, Outcome, Progress, State};
use crate::relayed::{self, RelayRefusal};

/// Chip authentication on one socket.
#[derive(Debug, Default)]
pub(super) struct Relay {
    /// The server takes it.
    pub(super) is_offered: bool,
    access_sent: bool,
    begun: usize,
    round: Round,
}

/// What the server has relayed since chip authentication was last begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Round {
    #[default]
    None,
    /// The key agreement.
    Plain,
    /// The command of the new session.
    Protected,
}

impl Conversation {
    /// How often chip authentication is begun on one socket.
    pub const MAX_RELAYS: usize = 3;

    /// Every file is with the server. What needs the chip and ends its session
    /// with this phone comes last.
    pub(super) fn files_uploaded(&mut self) -> Vec<Action> {
        match self.evidence.access() {
            Some(access) if self.relay.is_offered && !self.relay.access_sent => {
                self.relay.access_sent = true;
                self.state = State::AccessSent;
                vec![Action::Send(describe(access))]
            }
            _ => self.begin_relay(),
        }
    }

    /// Begins chip authentication, or goes on without it.
    pub(super) fn begin_relay(&mut self) -> Vec<Action> {
        if !self.relay.is_offered
            || self.relay.begun >= Self::MAX_RELAYS
            || !self.evidence.offers_chip_authentication()
        {
            return self.send_phase(Phase::NfcComplete);
        }
        self.relay.begun += 1;
        self.relay.round = Round::None;
        self.state = State::RelaySent;
        vec![Action::Send(ClientMessage::ChipAuth { answers: Vec::new() })]
    }

    /// The server has commands for the chip, or no more.
    pub(super) fn commanded(&mut self, commands: Vec<SecretBytes>, protected: bool) -> Vec<Action> {
        if !matches!(self.state, State::RelaySent) {
            return Vec::new();
        }
        if commands.is_empty() {
            return self.send_phase(Phase::NfcComplete);
        }
        if let Err(refusal) = self.relay.admit(&commands, protected) {
            return self.finish(Outcome::CommandsRefused(refusal));
        }
        self.state = State::Relaying;
        vec![
            Action::Progress(Progress::ChipAuthentication { protected }),
            Action::Relay { commands, protected },
        ]
    }

    /// The chip answered, or did not.
    pub(super) fn relayed(&mut self, answers: Option<Vec<SecretBytes>>) -> Vec<Action> {
        if !matches!(self.state, State::Relaying) {
            return Vec::new();
        }
        match answers {
            Some(answers) if !answers.is_empty() => {
                self.state = State::RelaySent;
                vec![Action::Send(ClientMessage::ChipAuth { answers })]
            }
            _ => self.begin_relay(),
        }
    }
}

impl Relay {
    /// One key agreement, then one command of the new session.
    fn admit(&mut self, commands: &[SecretBytes], protected: bool) -> Result<(), RelayRefusal> {
        relayed::admit(commands, protected)?;
        self.round = match (self.round, protected) {
            (Round::None, false) => Round::Plain,
            (Round::Plain, true) => Round::Protected,
            _ => return Err(RelayRefusal::Order),
        };
        Ok(())
    }
}

/// How access was gained, in the words of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessWords {
    /// `pace_gm`, `pace_im`, `pace_cam` or `bac`.
    pub access: &'static str,
    /// Why PACE was not used though it might have been.
    pub downgrade: Option<&'static str>,
    /// What became of chip-authentication mapping, where it was run.
    pub mapping: Option<&'static str>,
}

impl From<Access> for AccessWords {
    fn from(access: Access) -> Self {
        let (name, mapping) = match access {
            Access::Pace { protocol, chip_authentication, .. } => {
                let is_cam = protocol.mapping == PaceMapping::ChipAuthentication;
                (pace_name(protocol.mapping), is_cam.then(|| mapping_name(chip_authentication)))
            }
            Access::Bac { .. } => ("bac", None),
        };
        Self { access: name, downgrade: access.downgrade().map(downgrade_name), mapping }
    }
}

fn describe(access: Access) -> ClientMessage {
    let words = AccessWords::from(access);
    ClientMessage::ChipAccess {
        access: words.access.to_owned(),
        downgrade: words.downgrade.unwrap_or_default().to_owned(),
        mapping: words.mapping.unwrap_or_default().to_owned(),
    }
}

fn pace_name(mapping: PaceMapping) -> &'static str {
    match mapping {
        PaceMapping::Generic => "pace_gm",
        PaceMapping::Integrated => "pace_im",
        PaceMapping::ChipAuthentication => "pace_cam",
    }
}

fn mapping_name(proof: MappingProof) -> &'static str {
    match proof {
        MappingProof::NotRun => "not_run",
        MappingProof::NoKey => "no_key",
        MappingProof::Unvouched => "unvouched",
        MappingProof::Proven => "proven",
        MappingProof::Failed => "failed",
    }
}

fn downgrade_name(downgrade: Downgrade) -> &'static str {
    match downgrade {
        Downgrade::PaceFailed(_) => "pace_failed",
        Downgrade::PaceUnsupported => "pace_unsupported",
        Downgrade::CardAccessMalformed(_) => "card_access_malformed",
        Downgrade::PaceHidden => "pace_hidden",
    }
}
