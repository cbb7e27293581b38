//! The end of a conversation: the verdict, the request, the selection.

use protocol::codes::SocketCode;
use protocol::{ClientMessage, Phase, ShareRequest, Verdict, VerdictOutcome};

use super::{Action, Conversation, Outcome, Progress, ShareChoice, State};

impl Conversation {
    pub(super) fn judged(&mut self, verdict: Verdict) -> Vec<Action> {
        match verdict.outcome {
            VerdictOutcome::Rejected => self.finish(Outcome::Rejected {
                code: verdict.reason_code,
                message: verdict.reason_message,
                retry_allowed: verdict.retry_allowed,
                remaining_attempts: verdict.remaining_attempts,
            }),
            VerdictOutcome::Accepted => {
                if !matches!(self.state, State::PhaseSent(Phase::SelfieComplete)) {
                    return Vec::new();
                }
                self.state = State::AwaitingRequest;
                vec![Action::Progress(Progress::Accepted)]
            }
        }
    }

    pub(super) fn requested(&mut self, request: ShareRequest) -> Vec<Action> {
        if !matches!(self.state, State::AwaitingRequest) {
            return Vec::new();
        }
        if request.session_id != self.session_id {
            return self.finish(Outcome::Refused {
                code: SocketCode::InvalidSessionId.as_str().to_owned(),
                message: "the share request names another session".to_owned(),
            });
        }
        let mut actions = vec![Action::Progress(Progress::ShareRequested)];
        match self.chosen.take() {
            Some((asked, keys)) if asked == request => {
                actions.extend(self.select(request, keys));
            }
            _ => {
                self.state = State::Choosing(request.clone());
                actions.push(Action::AskShare(request));
            }
        }
        actions
    }

    pub(super) fn answered(&mut self, choice: &ShareChoice) -> Vec<Action> {
        match std::mem::replace(&mut self.state, State::Connecting) {
            State::Choosing(request) => {
                let keys = choice.keys(&request);
                self.select(request, keys)
            }
            other => {
                self.state = other;
                Vec::new()
            }
        }
    }

    fn select(&mut self, request: ShareRequest, keys: Vec<String>) -> Vec<Action> {
        self.chosen = Some((request.clone(), keys.clone()));
        self.in_doubt = Some(keys.clone());
        self.state = State::SelectionSent(request);
        vec![
            Action::Send(ClientMessage::ShareSelection {
                session_id: self.session_id.clone(),
                keys,
            }),
            Action::Progress(Progress::SelectionSent),
        ]
    }

    pub(super) fn choose_again(&mut self) -> Option<Vec<Action>> {
        let State::SelectionSent(request) = &self.state else {
            return None;
        };
        let request = request.clone();
        self.chosen = None;
        self.in_doubt = None;
        self.repairs += 1;
        if self.repairs > Self::MAX_REPAIRS {
            return None;
        }
        self.state = State::Choosing(request.clone());
        Some(vec![Action::AskShare(request)])
    }
}
