//! Chip authentication through the phone: the server makes the terminal's key and keeps it, so
//! that the phone has nothing to compute an answer from (docs/PROTOCOL.md).

use domain::chip::Answer;
use emrtd::read::secure_messaging::SecureMessagingError;
use emrtd::verify::{
    ChipChallenge, ChipFailure, ChipProof, Document, PassivelyAuthenticated, TerminalKey,
};
use protocol::codes::SocketCode;
use protocol::{SecretBytes, ServerMessage, limits};

use super::evidence::{ProveError, on_prover};
use crate::app::App;

/// How often one socket may begin: each start costs a key agreement.
const MAX_STARTS: u32 = 5;

/// The runs of one claim. A proof counts until another run begins, a wrong answer until a proof.
#[derive(Default)]
pub(super) struct Relay {
    starts: u32,
    run: Run,
    /// A wrong answer was given, and no proof since.
    was_wrong: bool,
}

#[derive(Default)]
enum Run {
    /// Nothing was asked of the chip.
    #[default]
    Idle,
    /// The chip has the key agreement before it.
    Agreeing(Box<TerminalKey>),
    /// The chip has the protected command before it.
    Challenged(Box<ChipChallenge>),
    Proven(ChipProof),
    /// The chip refused, or nothing came of it for another reason than a wrong answer.
    Ended,
}

/// The message that there is nothing (more) to relay. It does not say how a run ended: the verdict
/// does.
pub(super) const fn nothing() -> ServerMessage {
    ServerMessage::ChipAuth { commands: Vec::new(), protected: false }
}

/// Makes a key for the chip of a document whose files are proven, for the socket of this challenge.
pub(super) fn terminal_key(
    app: &App,
    document: &PassivelyAuthenticated<Document>,
    challenge: [u8; limits::CHALLENGE_BYTES],
) -> Option<TerminalKey> {
    let key = TerminalKey::generate(document, challenge, &mut |buffer| {
        app.random(|entropy| entropy.fill(buffer));
    });
    key.inspect_err(|failure| tracing::info!(%failure, "no chip authentication")).ok()
}

impl Relay {
    /// Nothing asked yet on this hello, but what the socket has begun before still counts.
    pub(super) fn after(earlier: &Self) -> Self {
        Self { starts: earlier.starts, ..Self::default() }
    }

    /// Whether another run may begin; if so, it has begun and the last one is forgotten, but not that
    /// its answer was wrong.
    pub(super) fn begin(&mut self) -> bool {
        let allowed = self.starts < MAX_STARTS;
        if allowed {
            self.starts += 1;
            self.run = Run::Idle;
        }
        allowed
    }

    /// Asks the chip for the key agreement.
    pub(super) fn ask(&mut self, key: TerminalKey) -> ServerMessage {
        let commands: Result<Vec<Vec<u8>>, _> =
            key.commands().iter().map(|command| command.encode()).collect();
        let Ok(commands) = commands else { return nothing() };
        self.run = Run::Agreeing(Box::new(key));
        relayed(commands, false)
    }

    /// Takes the chip's answers to what was asked last, and says what to ask next.
    ///
    /// # Errors
    /// `CHIP_AUTH_OUT_OF_ORDER` when nothing was asked, or less than was answered.
    pub(super) async fn hear(
        &mut self,
        app: &App,
        answers: Vec<SecretBytes>,
    ) -> Result<Result<ServerMessage, SocketCode>, ProveError> {
        let asked = match &self.run {
            Run::Agreeing(key) => key.commands().len(),
            Run::Challenged(_) => 1,
            Run::Idle | Run::Proven(_) | Run::Ended => 0,
        };
        if answers.len() > asked {
            return Ok(Err(SocketCode::ChipAuthOutOfOrder));
        }
        // Whatever stops half-way has proven nothing.
        let run = std::mem::replace(&mut self.run, Run::Ended);
        match on_prover(app, move || advance(run, &answers)).await? {
            Ok((run, next)) => {
                self.was_wrong &= !matches!(run, Run::Proven(_));
                self.run = run;
                Ok(Ok(next))
            }
            Err(failure) => {
                let Failure { cause, is_wrong } = failure;
                self.was_wrong |= is_wrong;
                tracing::info!(%cause, is_wrong, "chip authentication failed");
                Ok(Ok(nothing()))
            }
        }
    }

    /// What came of the last run. One that was not brought to its end counts as none.
    pub(super) fn answer(&self) -> Answer<ChipProof> {
        match &self.run {
            Run::Proven(proof) => Answer::Right(proof.clone()),
            _ if self.was_wrong => Answer::Wrong,
            Run::Idle | Run::Agreeing(_) | Run::Challenged(_) | Run::Ended => Answer::Absent,
        }
    }
}

/// Why a run ended without a proof.
struct Failure {
    cause: ChipFailure,
    /// Whether an answer was given that an honest chip does not give.
    is_wrong: bool,
}

fn advance(run: Run, answers: &[SecretBytes]) -> Result<(Run, ServerMessage), Failure> {
    let answers: Vec<&[u8]> = answers.iter().map(SecretBytes::as_slice).collect();
    match run {
        Run::Agreeing(key) => match key.agree(&answers) {
            Ok(challenge) => {
                let next = relayed(vec![challenge.command().to_vec()], true);
                Ok((Run::Challenged(Box::new(challenge)), next))
            }
            // Genuine chips refuse it, some of whole series, and that proves no more than silence.
            Err(cause) => {
                Err(Failure { is_wrong: matches!(cause, ChipFailure::WrongToken), cause })
            }
        },
        Run::Challenged(challenge) => {
            let answer = answers.first().copied().unwrap_or_default();
            match challenge.verify(answer) {
                Ok(proof) => Ok((Run::Proven(proof), nothing())),
                Err(cause) => Err(Failure { is_wrong: !is_ours(&cause), cause }),
            }
        }
        settled @ (Run::Idle | Run::Proven(_) | Run::Ended) => Ok((settled, nothing())),
    }
}

/// Whether the failure is the server's own, and says nothing of the chip.
const fn is_ours(failure: &ChipFailure) -> bool {
    matches!(
        failure,
        ChipFailure::Agreement(_)
            | ChipFailure::SecureMessaging(
                SecureMessagingError::Library(_) | SecureMessagingError::CounterExhausted
            )
    )
}

/// What is too long for the wire cannot be asked; no key that is known comes near that.
fn relayed(commands: Vec<Vec<u8>>, protected: bool) -> ServerMessage {
    if commands.iter().any(|command| command.len() > limits::CHIP_APDU_BYTES) {
        return nothing();
    }
    let commands = commands.into_iter().map(SecretBytes::from).collect();
    ServerMessage::ChipAuth { commands, protected }
}
