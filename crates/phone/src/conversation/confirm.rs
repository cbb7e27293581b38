//! Before a chip is read: the device proves its key, the holder knows the page.

use protocol::{ClientMessage, HandoffContext, Phase, device};

use super::{Action, Confirmation, Conversation, Outcome, Progress, State};

/// Where a conversation goes on once the page is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// With what follows this phase.
    After(Phase),
    /// With this phase again, which the server refused before.
    Again(Phase),
}

/// What the holder was asked about the page, and answered.
#[derive(Default)]
pub(super) struct Page {
    /// Of this socket, not yet looked at.
    heard: Option<HandoffContext>,
    /// Whether this socket's server described a page.
    is_described: bool,
    /// What the holder is looking at.
    asked: Option<HandoffContext>,
    /// On any socket, so that a holder is asked once.
    answered: Option<(HandoffContext, Confirmation)>,
}

impl Page {
    /// Forgets what was heard on a lost socket.
    pub(super) fn reconnected(&mut self) {
        self.heard = None;
        self.is_described = false;
    }

    /// Whether the server of this socket sends contexts, and takes what came with them.
    pub(super) fn is_described(&self) -> bool {
        self.is_described
    }

    /// The answer given before, if nothing is asked that it does not answer.
    fn answer_to(&self, context: &HandoffContext) -> Option<Confirmation> {
        let (asked, answer) = self.answered.as_ref()?;
        // A phone roams, and a choice that arrived is not asked for again.
        let same = HandoffContext {
            network: asked.network.clone(),
            locale: context.locale.clone(),
            choices: if context.choices.is_empty() { &context.choices } else { &asked.choices }
                .clone(),
            ..asked.clone()
        } == HandoffContext { network: asked.network.clone(), ..context.clone() };
        same.then(|| answer.clone())
    }
}

impl Conversation {
    /// The server wants the key of the hello proven. Once for each hello.
    pub(super) fn challenged(&mut self, nonce: &[u8]) -> Vec<Action> {
        let Some(origin) = self.key_origin.as_ref() else { return Vec::new() };
        if !matches!(self.state, State::HelloSent { is_proven: false }) {
            return Vec::new();
        }
        let token = self.hello.mobile_write_token.expose();
        let attempt = &self.hello.attempt_id;
        let statement = device::statement(origin, &self.session_id, attempt, token, nonce);
        self.state = State::Proving;
        vec![Action::ProveDevice { statement }]
    }

    /// The device key signed, or did not.
    pub(super) fn proven(&mut self, signature: Option<Vec<u8>>) -> Vec<Action> {
        if !matches!(self.state, State::Proving) {
            return Vec::new();
        }
        let Some(signature) = signature else { return self.finish(Outcome::DeviceUnproven) };
        self.state = State::HelloSent { is_proven: true };
        vec![Action::Send(ClientMessage::DeviceProof { signature })]
    }

    /// The server describes the page, before it acknowledges any phase.
    pub(super) fn described(&mut self, context: HandoffContext) {
        self.page.is_described = true;
        self.page.heard.get_or_insert(context);
    }

    /// Goes on once the holder has confirmed what the server described, if it did.
    pub(super) fn confirm_then(&mut self, resume: Resume) -> Vec<Action> {
        let Some(context) = self.page.heard.take() else { return self.resume(resume) };
        if let Some(answer) = self.page.answer_to(&context) {
            return self.confirm(&context, answer, resume);
        }
        let is_being_asked = self.page.asked.as_ref() == Some(&context);
        self.page.asked = Some(context.clone());
        self.state = State::Confirming { context: context.clone(), resume };
        if is_being_asked { Vec::new() } else { vec![Action::Confirm(context)] }
    }

    /// A phase was refused until the page is confirmed.
    pub(super) fn confirm_first(&mut self) -> Option<Vec<Action>> {
        let State::PhaseSent(phase) = self.state else { return None };
        self.page.heard.as_ref()?;
        Some(self.confirm_then(Resume::Again(phase)))
    }

    /// The holder answered, or nobody was there.
    pub(super) fn confirmed(&mut self, answer: Option<Confirmation>) -> Vec<Action> {
        let Some(asked) = self.page.asked.take() else { return Vec::new() };
        let is_awaited = matches!(self.state, State::Confirming { .. });
        match answer {
            // Kept even where the socket was lost meanwhile.
            Some(answer) => self.page.answered = Some((asked, answer)),
            None if is_awaited => return self.finish(Outcome::NotConfirmed),
            None => {}
        }
        match std::mem::replace(&mut self.state, State::Connecting) {
            State::Confirming { context, resume } => {
                self.page.heard = Some(context);
                self.confirm_then(resume)
            }
            other => {
                self.state = other;
                Vec::new()
            }
        }
    }

    /// The server took the choice.
    pub(super) fn matched(&mut self) -> Vec<Action> {
        let State::ChoiceSent(resume) = self.state else { return Vec::new() };
        let mut actions = vec![Action::Progress(Progress::Confirmed)];
        actions.extend(self.resume(resume));
        actions
    }

    /// Whether the holder said that the page is not theirs.
    pub(super) fn is_disowned(&self) -> bool {
        matches!(self.page.answered, Some((_, Confirmation::NotMe)))
    }

    fn confirm(
        &mut self,
        context: &HandoffContext,
        answer: Confirmation,
        resume: Resume,
    ) -> Vec<Action> {
        match answer {
            Confirmation::NotMe => {
                self.state = State::Disowning;
                vec![Action::Send(ClientMessage::NotMe)]
            }
            Confirmation::Mine | Confirmation::Choice(_) if context.choices.is_empty() => {
                self.resume(resume)
            }
            Confirmation::Choice(choice) if context.choices.contains(&choice) => {
                self.state = State::ChoiceSent(resume);
                vec![Action::Send(ClientMessage::MatchChoice { choice })]
            }
            // One try: what can only be wrong is not sent.
            Confirmation::Mine | Confirmation::Choice(_) => self.finish(Outcome::NotConfirmed),
        }
    }

    fn resume(&mut self, resume: Resume) -> Vec<Action> {
        match resume {
            Resume::After(phase) => self.after(phase),
            Resume::Again(phase) => self.send_phase(phase),
        }
    }
}
