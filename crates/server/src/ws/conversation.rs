//! What a phone may say when, and what it is answered (REFERENCE 4.3 to 4.9).

use std::sync::Arc;

use domain::access::PhoneReport;
use domain::attempt::{Phase, VerdictCode};
use domain::chip::ChipEvidence;
use domain::confirmation::MatchCodeState;
use domain::id::AttemptId;
use domain::session::{Hello, MatchOutcome, Session, SessionState, Transition, WriteRefusal};
use domain::share::{CONTRACT_VERSION, SelectionError};
use domain::verdict::{Accepted, Proven};
use protocol::codes::SocketCode;
use protocol::{
    Ack, ClientMessage, DataKind, DataPayload, HandoffContext, SecretBytes, ServerMessage,
    ShareField, ShareRequest, Verdict, VerdictOutcome, limits,
};
use store::StoreError;

use super::evidence::{self, ProveError};
use super::hello::{self, Challenged, Greeting};
use super::relay::{self, Relay};
use super::socket::error;
use super::uploads::{Refusal, Uploads};
use crate::app::App;
use crate::client_address::ClientAddress;

/// What is done with a message.
pub(super) enum Reply {
    /// Answer and go on.
    Say(Vec<ServerMessage>),
    /// Answer; the phone has nothing more to do.
    Finish(Vec<ServerMessage>),
    /// Say the code and close.
    Refuse(SocketCode),
    /// Say the verdict and close.
    Reject(Verdict),
}

/// The state of one socket.
pub(super) struct Conversation {
    app: App,
    /// The session as it was at connect; its id, contract and policy never change.
    session: Session,
    /// Where the phone came from.
    address: ClientAddress,
    /// A hello whose device key has yet to be proven.
    challenged: Option<Box<Challenged>>,
    claim: Option<Claim>,
}

/// What the socket holds after its hello.
struct Claim {
    attempt: AttemptId,
    fence: u64,
    phase: Phase,
    /// Until the first phase of a resumed socket, any phase that was reached before may be
    /// repeated: the phone cannot know how far its last words had come.
    resuming: bool,
    /// Whether the match code has to be chosen first.
    is_pending: bool,
    /// How much of the chip the phone of this socket said to have read, in percent.
    told_percent: u8,
    /// What a chip has to sign for this socket.
    challenge: [u8; limits::CHALLENGE_BYTES],
    uploads: Uploads,
    /// The proof that the relay began with, for as long as it can be used again.
    proof: Option<Box<evidence::Proof>>,
    relay: Relay,
    phone_reported: Option<PhoneReport>,
    evidence: Evidence,
}

enum Evidence {
    Collecting,
    Proven(Box<Proven>),
    Accepted(Arc<Accepted>),
    Shared(ServerMessage),
}

/// Why a message is not answered with what it asked for.
enum Stop {
    Say(Box<ServerMessage>),
    Refuse(SocketCode),
    Reject(Verdict),
}

impl From<SocketCode> for Stop {
    fn from(code: SocketCode) -> Self {
        if code.close_code().is_some() {
            Self::Refuse(code)
        } else {
            Self::Say(Box::new(error(code)))
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a socket could not reach the store");
        Self::Refuse(SocketCode::InternalError)
    }
}

impl From<ProveError> for Stop {
    fn from(error: ProveError) -> Self {
        tracing::error!(%error, "a proof could not be made");
        Self::Refuse(SocketCode::InternalError)
    }
}

impl From<WriteRefusal> for Stop {
    fn from(refusal: WriteRefusal) -> Self {
        write_refusal(refusal).into()
    }
}

impl Conversation {
    pub(super) const fn new(app: App, session: Session, address: ClientAddress) -> Self {
        Self { app, session, address, challenged: None, claim: None }
    }

    pub(super) const fn has_said_hello(&self) -> bool {
        self.claim.is_some()
    }

    /// The code to close with if this socket has lost its session or its attempt.
    pub(super) fn lost(&self, session: &Session) -> Option<SocketCode> {
        match &self.claim {
            Some(claim) => session.holds(&claim.attempt, claim.fence).err().map(write_refusal),
            None => match session.state {
                SessionState::Cancelled(_) => Some(SocketCode::SessionCancelled),
                SessionState::Completed(_) | SessionState::Expired(_) => {
                    Some(SocketCode::SessionExpired)
                }
                SessionState::Created | SessionState::InProgress(_) => None,
            },
        }
    }

    /// Hears one message out and answers it. The next one is not looked at before.
    pub(super) async fn hear(&mut self, message: ClientMessage) -> Reply {
        let answer = match message {
            ClientMessage::Hello(hello) => self.hello(&hello).await.map(Reply::Say),
            ClientMessage::DeviceProof { signature } => {
                self.device_proof(&signature).await.map(Reply::Say)
            }
            _ if self.claim.is_none() => Err(SocketCode::HelloRequired.into()),
            ClientMessage::Phase { phase, error: _, progress } => {
                self.phase(phase.trim(), progress).await.map(Reply::Say)
            }
            ClientMessage::Data(payload) => self.data(payload).map(|ack| Reply::Say(vec![ack])),
            ClientMessage::ChipAuth { answers } => {
                self.chip_auth(answers).await.map(|next| Reply::Say(vec![next]))
            }
            ClientMessage::ChipAccess { access, downgrade, mapping } => {
                self.chip_access(&access, &downgrade, &mapping).map(|ack| Reply::Say(vec![ack]))
            }
            ClientMessage::ShareSelection { session_id, keys } => {
                self.share(&session_id, &keys).await.map(|ready| Reply::Finish(vec![ready]))
            }
            ClientMessage::MatchChoice { choice } => {
                self.choose(&choice).await.map(|ack| Reply::Say(vec![ack]))
            }
            ClientMessage::NotMe => self.not_me().await.map(|ack| Reply::Finish(vec![ack])),
        };
        answer.unwrap_or_else(|stop| match stop {
            Stop::Say(message) => Reply::Say(vec![*message]),
            Stop::Refuse(code) => Reply::Refuse(code),
            Stop::Reject(verdict) => Reply::Reject(verdict),
        })
    }

    /// Claims the attempt, or asks for a proof of the device key first.
    async fn hello(&mut self, hello: &protocol::Hello) -> Result<Vec<ServerMessage>, Stop> {
        let network = self.address.known_network();
        let greeting = Greeting::read(&self.app, &self.session.id, network, hello)?;
        if self.claim.as_ref().is_some_and(|claim| claim.attempt != greeting.hello.attempt) {
            return Err(SocketCode::HelloAuthRequired.into());
        }
        self.challenged = None;
        let Some((key, token)) = greeting.key else { return self.claim(greeting.hello).await };
        let (challenged, nonce) =
            Challenged::new(&self.app, &self.session.id, greeting.hello, key, &token);
        self.challenged = Some(Box::new(challenged));
        Ok(vec![ServerMessage::DeviceChallenge { nonce: nonce.to_vec() }])
    }

    async fn device_proof(&mut self, signature: &[u8]) -> Result<Vec<ServerMessage>, Stop> {
        let Some(challenged) = self.challenged.take() else {
            return Err(match self.claim {
                Some(_) => SocketCode::DeviceProofInvalid.into(),
                None => SocketCode::HelloRequired.into(),
            });
        };
        let hello = challenged.prove(&self.app, &self.session.id, signature)?;
        self.claim(hello).await
    }

    async fn claim(&mut self, hello: Hello) -> Result<Vec<ServerMessage>, Stop> {
        let attempt = hello.attempt.clone();
        // Read first: nothing may fail between the commit and the answer to it.
        let organization = match hello.confirms {
            true => Some(self.organization_name().await?),
            false => None,
        };
        let now = self.app.now();
        let granted = self
            .app
            .store
            .session(&self.session.id, now, move |session: Session| {
                session.hello(hello.clone(), now)
            })
            .await?
            .map_err(hello::refusal)?;
        self.app.metrics.hello(granted.resumed);
        let challenge = self.app.keys.active_auth_challenge(&attempt, granted.fence);
        let (uploads, relay) = self.claim.as_ref().map_or_else(Default::default, |claim| {
            (Uploads::after(&claim.uploads), Relay::after(&claim.relay))
        });
        let mut answers = vec![
            ack(Ack::HelloOk),
            ServerMessage::ActiveAuthChallenge {
                challenge: challenge.to_vec(),
                chip_auth_relay: true,
            },
        ];
        if let Some(organization) = organization {
            let context = HandoffContext {
                fields: self.fields(),
                locale: self.locale(),
                ..hello::context(&self.app, organization, &attempt, &granted)
            };
            answers.push(ServerMessage::HandoffContext(context));
        }
        self.claim = Some(Claim {
            attempt,
            fence: granted.fence,
            phase: granted.phase,
            resuming: granted.resumed,
            is_pending: granted.match_code == MatchCodeState::Pending,
            told_percent: 0,
            challenge,
            uploads,
            proof: None,
            relay,
            phone_reported: None,
            evidence: Evidence::Collecting,
        });
        Ok(answers)
    }

    async fn organization_name(&self) -> Result<String, Stop> {
        let organization = self.app.store.read_organization(&self.session.organization).await?;
        Ok(organization.map(|organization| organization.name).unwrap_or_default())
    }

    /// Takes the match code that the person saw on the page, once.
    async fn choose(&mut self, choice: &str) -> Result<ServerMessage, Stop> {
        let claim = self.claim_mut()?;
        let (attempt, fence) = (claim.attempt.clone(), claim.fence);
        let (keys, now) = (Arc::clone(&self.app.keys), self.app.now());
        let choice = choice.trim().to_owned();
        let outcome =
            self.write(move |session| session.choose(&attempt, fence, &choice, &keys, now)).await?;
        match outcome {
            MatchOutcome::Right => {
                self.claim_mut()?.is_pending = false;
                Ok(ack(Ack::MatchOk))
            }
            MatchOutcome::Wrong => Err(SocketCode::MatchCodeWrong.into()),
            MatchOutcome::NotAsked => Err(SocketCode::PhaseOutOfOrder.into()),
        }
    }

    /// Ends the session on the word of the phone's holder.
    async fn not_me(&mut self) -> Result<ServerMessage, Stop> {
        let claim = self.claim_mut()?;
        let (attempt, fence) = (claim.attempt.clone(), claim.fence);
        let now = self.app.now();
        self.write(move |session| session.not_me(&attempt, fence, now)).await?;
        Ok(ack(Ack::NotMeOk))
    }

    async fn phase(&mut self, name: &str, progress: u8) -> Result<Vec<ServerMessage>, Stop> {
        // A name that is no phase is acknowledged and forgotten: old clients send `ping`, `error`.
        let Some(phase) = Phase::parse(name) else { return Ok(vec![ack(Ack::PhaseOk)]) };
        let claim = self.claim_mut()?;
        if claim.is_pending && phase > Phase::MobileConnected {
            return Err(SocketCode::MatchCodeRequired.into());
        }
        if progress > 0 && !claim.resuming && (phase, claim.phase) == READING {
            self.report_progress(progress).await?;
            return Ok(vec![ack(Ack::PhaseOk)]);
        }
        let in_order = if claim.resuming {
            phase <= claim.phase || claim.phase.admits(phase)
        } else {
            claim.phase.admits(phase)
        };
        if phase == Phase::NfcComplete
            && matches!(claim.evidence, Evidence::Collecting)
            && let Some(missing) = claim.uploads.missing_chip_files()
        {
            return Err(report(SocketCode::NfcRequiredDataMissing, missing.to_message()));
        }
        if phase == Phase::SelfieComplete
            && matches!(claim.evidence, Evidence::Collecting | Evidence::Proven(_))
            && let Some(missing) = claim.uploads.missing_selfies()
        {
            return Err(report(SocketCode::SelfieRequiredDataMissing, missing.to_message()));
        }
        if !in_order {
            return Err(SocketCode::PhaseOutOfOrder.into());
        }
        match phase {
            Phase::NfcComplete => self.prove().await?,
            Phase::SelfieComplete => self.accept()?,
            _ => {}
        }
        self.advance(phase).await?;
        match &self.claim_mut()?.evidence {
            Evidence::Accepted(_) => {
                Ok(vec![ServerMessage::Verdict(Verdict::accepted()), self.share_request()])
            }
            _ => Ok(vec![ack(Ack::PhaseOk)]),
        }
    }

    /// Notes how much of the chip is read, for the page: once for each step.
    async fn report_progress(&mut self, percent: u8) -> Result<(), Stop> {
        let step = percent / PROGRESS_STEP * PROGRESS_STEP;
        let claim = self.claim_mut()?;
        if percent > 100 || step <= claim.told_percent {
            return Ok(());
        }
        claim.told_percent = step;
        let (attempt, fence, now) = (claim.attempt.clone(), claim.fence, self.app.now());
        self.write(move |session| session.report_progress(&attempt, fence, step, now)).await
    }

    async fn advance(&mut self, phase: Phase) -> Result<(), Stop> {
        let now = self.app.now();
        let claim = self.claim_mut()?;
        let (attempt, fence) = (claim.attempt.clone(), claim.fence);
        self.write(move |session| session.advance(&attempt, fence, phase, now)).await?;
        let claim = self.claim_mut()?;
        claim.phase = phase;
        claim.resuming = false;
        Ok(())
    }

    /// Proves the document and judges what its chip has shown, once: a repeated `nfc_complete`
    /// finds it proven.
    async fn prove(&mut self) -> Result<(), Stop> {
        let (app, policy) = (self.app.clone(), self.session.policy);
        let claim = self.claim_mut()?;
        if !matches!(claim.evidence, Evidence::Collecting) {
            return Ok(());
        }
        let (challenge, reported) = (claim.challenge, claim.phone_reported);
        let payload = claim.uploads.remove(DataKind::ActiveAuth).map(SecretBytes::from);
        let (chip, now) = (claim.relay.answer(), app.now());
        let judge = move |proof: Box<evidence::Proof>| {
            let payload = payload.as_ref().map(SecretBytes::as_slice);
            let active = evidence::active(&proof.document, challenge, payload);
            let evidence = ChipEvidence { challenge, active, chip };
            Proven::judge(proof.document, &evidence, reported, policy, now)
        };
        let earlier = claim.proof.take();
        let judged =
            evidence::prove(&app, &mut claim.uploads, earlier, Uploads::remove, judge).await?;
        claim.uploads.clear();
        match judged.flatten() {
            Ok(proven) => {
                claim.evidence = Evidence::Proven(Box::new(proven));
                Ok(())
            }
            Err(code) => Err(self.reject(code).await?),
        }
    }

    /// Begins chip authentication, or takes the chip's answers to it.
    async fn chip_auth(&mut self, answers: Vec<SecretBytes>) -> Result<ServerMessage, Stop> {
        let app = self.app.clone();
        let claim = self.claim_mut()?;
        if claim.phase != Phase::NfcReading {
            return Err(SocketCode::NfcDataPhaseRequired.into());
        }
        if !answers.is_empty() {
            return claim.relay.hear(&app, answers).await?.map_err(Stop::from);
        }
        if !claim.relay.begin() || claim.uploads.missing_chip_files().is_some() {
            return Ok(relay::nothing());
        }
        let earlier = claim.proof.take();
        let key = {
            let (app, challenge) = (app.clone(), claim.challenge);
            move |proof: Box<evidence::Proof>| {
                (relay::terminal_key(&app, &proof.document, challenge), proof)
            }
        };
        // A document that is not proven has no key; why is said at `nfc_complete`.
        let Ok((key, proof)) =
            evidence::prove(&app, &mut claim.uploads, earlier, Uploads::copy, key).await?
        else {
            return Ok(relay::nothing());
        };
        claim.proof = Some(proof);
        Ok(key.map_or_else(relay::nothing, |key| claim.relay.ask(key)))
    }

    /// Notes the phone's word on how it got access. The first one counts: it is said once.
    fn chip_access(
        &mut self,
        access: &str,
        downgrade: &str,
        mapping: &str,
    ) -> Result<ServerMessage, Stop> {
        let claim = self.claim_mut()?;
        if claim.phase != Phase::NfcReading {
            return Err(SocketCode::NfcDataPhaseRequired.into());
        }
        let report =
            PhoneReport::parse(access, downgrade, mapping).ok_or(SocketCode::ChipAccessInvalid)?;
        claim.phone_reported.get_or_insert(report);
        Ok(ack(Ack::ChipAccessReceived))
    }

    /// Accepts the proven document, once: a repeated `selfie_complete` finds it accepted.
    fn accept(&mut self) -> Result<(), Stop> {
        let claim = self.claim_mut()?;
        match std::mem::replace(&mut claim.evidence, Evidence::Collecting) {
            Evidence::Proven(proven) => {
                claim.uploads.clear();
                let accepted = Accepted::without_face_match(*proven).map_err(|error| {
                    // Unreachable: no session is created under a policy that cannot be met.
                    tracing::error!(%error, "a document could not be accepted");
                    SocketCode::InternalError
                })?;
                claim.evidence = Evidence::Accepted(Arc::new(accepted));
                Ok(())
            }
            Evidence::Collecting => Err(SocketCode::PhaseOutOfOrder.into()),
            settled => {
                claim.evidence = settled;
                Ok(())
            }
        }
    }

    async fn reject(&mut self, code: VerdictCode) -> Result<Stop, Stop> {
        let now = self.app.now();
        let claim = self.claim_mut()?;
        let (attempt, fence) = (claim.attempt.clone(), claim.fence);
        let rejection =
            self.write(move |session| session.reject(&attempt, fence, code, now)).await?;
        Ok(Stop::Reject(Verdict {
            outcome: VerdictOutcome::Rejected,
            reason_code: code.as_str().to_owned(),
            reason_message: verdict_text(code).to_owned(),
            retry_allowed: rejection.retry_allowed(),
            remaining_attempts: u32::try_from(rejection.remaining_attempts).unwrap_or(u32::MAX),
        }))
    }

    fn data(&mut self, payload: DataPayload) -> Result<ServerMessage, Stop> {
        let (app, address) = (self.app.clone(), self.address);
        let claim = self.claim_mut()?;
        if payload.kind == DataKind::Selfie && claim.phase != Phase::SelfieCapturing {
            return Err(SocketCode::SelfieDataPhaseRequired.into());
        }
        if payload.kind.is_nfc() && claim.phase != Phase::NfcReading {
            return Err(SocketCode::NfcDataPhaseRequired.into());
        }
        match claim.uploads.take(payload, &app.limits, address) {
            Ok(message) => Ok(ack(message)),
            Err(Refusal::Code(code)) => Err(code.into()),
            Err(Refusal::Retry(retry)) => {
                Err(report(SocketCode::DataChunkRetry, retry.to_message()))
            }
        }
    }

    async fn share(&mut self, session_id: &str, keys: &[String]) -> Result<ServerMessage, Stop> {
        let claim = self.claim_mut()?;
        let accepted = match &claim.evidence {
            Evidence::Accepted(accepted) => Arc::clone(accepted),
            Evidence::Shared(ready) => return Ok(ready.clone()),
            Evidence::Collecting | Evidence::Proven(_) => {
                return Err(SocketCode::PhaseOutOfOrder.into());
            }
        };
        let (attempt, fence) = (claim.attempt.clone(), claim.fence);
        if session_id.trim() != self.session.id.as_str() {
            return Err(Stop::Say(Box::new(error(SocketCode::InvalidSessionId))));
        }
        let selection =
            self.session.contract.select(keys.iter().map(String::as_str)).map_err(|refusal| {
                match refusal {
                    SelectionError::Empty => SocketCode::ShareSelectionRequired,
                    SelectionError::UnknownField => SocketCode::ShareSelectionInvalidField,
                    SelectionError::MissingRequired => SocketCode::ShareSelectionMissingRequired,
                }
            })?;
        let ready = ServerMessage::ShareReady {
            session_id: self.session.id.to_string(),
            keys: selection.keys().map(str::to_owned).collect(),
        };
        let (keys, now) = (Arc::clone(&self.app.keys), self.app.now());
        self.write(move |session| {
            session.share(&attempt, fence, &accepted, &selection, &keys, now)
        })
        .await?;
        self.claim_mut()?.evidence = Evidence::Shared(ready.clone());
        Ok(ready)
    }

    /// The language that the page was agreed to in; empty if it was not.
    fn locale(&self) -> String {
        self.session.consent.as_ref().map_or_else(String::new, |consent| consent.locale.clone())
    }

    /// What the relying party asks for, and why.
    fn fields(&self) -> Vec<ShareField> {
        let field = |(key, field): (&str, &domain::share::ShareField)| ShareField {
            key: key.to_owned(),
            reason: limits::fit_text(&field.reason).into_owned(),
            required: field.required,
        };
        self.session.contract.fields().map(field).collect()
    }

    fn share_request(&self) -> ServerMessage {
        ServerMessage::ShareRequest(ShareRequest {
            contract_version: CONTRACT_VERSION,
            session_id: self.session.id.to_string(),
            fields: self.fields(),
        })
    }

    /// One guarded unit on the session. What the unit refuses, closes the socket.
    async fn write<T: Send + 'static>(
        &self,
        unit: impl FnMut(Session) -> Result<Transition<T>, WriteRefusal> + Send + 'static,
    ) -> Result<T, Stop> {
        Ok(self.app.store.session(&self.session.id, self.app.now(), unit).await??)
    }

    fn claim_mut(&mut self) -> Result<&mut Claim, Stop> {
        self.claim.as_mut().ok_or_else(|| SocketCode::HelloRequired.into())
    }
}

/// Percent of the chip between two writes about it: ten for a socket, whatever its phone says.
const PROGRESS_STEP: u8 = 10;

/// The phase that is reported and the one that was reached, while a chip is read.
const READING: (Phase, Phase) = (Phase::NfcReading, Phase::NfcReading);

fn ack(ack: Ack) -> ServerMessage {
    ServerMessage::Ack { message: ack.to_string() }
}

fn report(code: SocketCode, message: String) -> Stop {
    Stop::Say(Box::new(ServerMessage::Error { code: code.to_string(), message }))
}

/// What people are told of a rejection.
const fn verdict_text(code: VerdictCode) -> &'static str {
    match code {
        VerdictCode::PassportAuthenticityFailed => "The document could not be proven genuine.",
        VerdictCode::PassportActiveAuthenticationFailed
        | VerdictCode::PassportChipAuthenticationFailed => {
            "The chip did not prove that it is the one the document was issued with."
        }
        VerdictCode::PassportChipProofMissing => {
            "The chip has to prove that it is no copy, and did not."
        }
        VerdictCode::PassportRevocationUnknown => {
            "It could not be learned whether the document's signature was revoked."
        }
        VerdictCode::DocumentExpired => "The document has expired.",
        VerdictCode::DocumentDataInvalid => "The document is genuine, but its data cannot be read.",
    }
}

const fn write_refusal(refusal: WriteRefusal) -> SocketCode {
    match refusal {
        WriteRefusal::Cancelled => SocketCode::SessionCancelled,
        WriteRefusal::Ended => SocketCode::SessionExpired,
        WriteRefusal::Displaced => SocketCode::AttemptConnectionActive,
        WriteRefusal::MatchCodePending => SocketCode::MatchCodeRequired,
    }
}
