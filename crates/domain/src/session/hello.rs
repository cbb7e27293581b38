//! The phone's hello: claiming an attempt, or resuming it (REFERENCE 3.5; SECURITY rows 3, 7,
//! 10, 13, 14 and 18).

use super::{Session, SessionState, Transition};
use crate::attempt::{AttemptState, Claim, Phase};
use crate::browser::{BoundBrowser, NetworkHash, SameNetwork};
use crate::confirmation::{Flow, MatchCodeState};
use crate::device::DeviceProven;
use crate::id::AttemptId;
use crate::key::KeyedHash;
use crate::policy::{DeviceProofPolicy, MatchCodePolicy, SameNetworkPolicy};
use crate::time::Timestamp;

/// What a phone presents.
#[derive(Clone, Debug)]
pub struct Hello {
    /// The attempt it wants.
    pub attempt: AttemptId,
    /// The keyed hash of the token it holds.
    pub token: KeyedHash,
    /// The keyed hash of its device id.
    pub device: KeyedHash,
    /// Its own word on its version.
    pub app_version: Option<String>,
    /// How the link reached it, by its own word.
    pub flow: Flow,
    /// Whether it can ask for the match code.
    pub confirms: bool,
    /// The network it came from.
    pub network: Option<NetworkHash>,
    /// Its proof that it holds the key its device id names.
    pub proof: Option<DeviceProven>,
}

/// The attempt is the phone's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelloGranted {
    /// What every write of this socket must carry.
    pub fence: u64,
    /// Where the phone stands.
    pub phase: Phase,
    /// Whether an earlier socket of the same device was displaced.
    pub resumed: bool,
    /// Where it stands with the match code.
    pub match_code: MatchCodeState,
    /// Whether it is in the network of the page.
    pub network: SameNetwork,
    /// The browser that opened the session.
    pub browser: Option<BoundBrowser>,
}

/// Why a hello is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HelloRefusal {
    /// The session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The session has no such attempt, or the attempt has ended.
    #[error("the attempt does not exist or has ended")]
    AttemptNotFound,
    /// The token is not the attempt's.
    #[error("the handoff token is not valid")]
    TokenInvalid,
    /// The token was not used in time.
    #[error("the handoff token has expired")]
    TokenExpired,
    /// Another device has claimed the session.
    #[error("another device has claimed this session")]
    DeviceMismatch,
    /// The proof was made for something else.
    #[error("the device proof does not belong to this hello")]
    ProofInvalid,
    /// The policy asks for a proof of the device key, or the session was claimed with one.
    #[error("the device has to prove its key")]
    ProofRequired,
    /// The policy asks for page and phone in one network.
    #[error("the phone is not in the network of the page")]
    NetworkMismatch,
    /// A match code has to be confirmed, and the phone cannot ask for it or no page can show it.
    #[error("the match code cannot be confirmed")]
    MatchCodeUnsupported,
}

impl Session {
    /// Claims the attempt for the device, or lets the device that holds it take it over.
    ///
    /// The first claim binds the device to the *session*: every other token dies with it, and
    /// no later attempt can be claimed by another device.
    pub fn hello(
        mut self,
        hello: Hello,
        now: Timestamp,
    ) -> Result<Transition<HelloGranted>, HelloRefusal> {
        if self.is_terminal() {
            return Err(HelloRefusal::SessionEnded);
        }
        let at = self.position_of(&hello)?;
        let attempt = &self.attempts[at];
        if self.device.is_some_and(|device| device != hello.device) {
            return Err(HelloRefusal::DeviceMismatch);
        }
        let held = match &attempt.state {
            AttemptState::Claimed(held) => Some(held),
            AttemptState::Offered if attempt.token.expires_at <= now => {
                return Err(HelloRefusal::TokenExpired);
            }
            AttemptState::Offered => None,
            _ => return Err(HelloRefusal::AttemptNotFound),
        };
        // What a policy refuses, it refuses here: nothing is consumed yet.
        let proven = self.check_proof(&hello)?;
        let network = self.check_network(&hello)?;
        let match_code = self.check_match_code(&hello, network, held)?;
        let (fence, resumed) = (self.fence + 1, held.is_some());
        let claim = match held {
            Some(held) => held.clone().resumed(fence, &hello, network, now),
            None => Claim::fresh(fence, &hello, network, now),
        };
        let claim = Claim { match_code, ..claim };
        let granted = HelloGranted {
            fence,
            phase: claim.phase,
            resumed,
            match_code,
            network,
            browser: self.browser.clone(),
        };
        for (other, attempt) in self.attempts.iter_mut().enumerate() {
            if other == at {
                attempt.state = AttemptState::Claimed(claim.clone());
                attempt.updated_at = now;
            } else if attempt.state == AttemptState::Offered {
                attempt.state = AttemptState::Superseded { at: now };
                attempt.updated_at = now;
            }
        }
        self.fence = fence;
        self.device = Some(hello.device);
        self.device_proven |= proven;
        self.state = SessionState::InProgress(hello.attempt);
        self.updated_at = now;
        Ok(Transition::quiet(self, granted))
    }

    /// Whether the hello carries the token of one of the session's attempts.
    ///
    /// # Errors
    /// What [`Self::hello`] says of one that does not.
    pub fn knows(&self, hello: &Hello) -> Result<(), HelloRefusal> {
        self.position_of(hello).map(drop)
    }

    /// Where the attempt is whose token the hello carries.
    fn position_of(&self, hello: &Hello) -> Result<usize, HelloRefusal> {
        let at = self
            .attempts
            .iter()
            .position(|attempt| attempt.id == hello.attempt)
            .ok_or(HelloRefusal::AttemptNotFound)?;
        // The token comes first: only who holds it may learn anything about the session.
        if self.attempts[at].token.hash == hello.token {
            Ok(at)
        } else {
            Err(HelloRefusal::TokenInvalid)
        }
    }

    fn check_proof(&self, hello: &Hello) -> Result<bool, HelloRefusal> {
        let required =
            self.device_proven || self.policy.device_proof == DeviceProofPolicy::Required;
        match &hello.proof {
            Some(proof) if !proof.is_of(hello) => Err(HelloRefusal::ProofInvalid),
            Some(_) => Ok(true),
            None if required => Err(HelloRefusal::ProofRequired),
            None => Ok(false),
        }
    }

    fn check_network(&self, hello: &Hello) -> Result<SameNetwork, HelloRefusal> {
        let page = self.browser.as_ref().and_then(|browser| browser.network.as_ref());
        let network = SameNetwork::of(page, hello.network.as_ref());
        match self.policy.same_network {
            SameNetworkPolicy::Required if network != SameNetwork::Same => {
                Err(HelloRefusal::NetworkMismatch)
            }
            _ => Ok(network),
        }
    }

    /// Whether the phone has to choose a match code. What was decided when it claimed the attempt
    /// stands: a phone gets out of it neither by coming back from elsewhere nor as an older one.
    fn check_match_code(
        &self,
        hello: &Hello,
        network: SameNetwork,
        held: Option<&Claim>,
    ) -> Result<MatchCodeState, HelloRefusal> {
        use MatchCodePolicy as P;
        if self.confirmed {
            return Ok(MatchCodeState::Confirmed);
        }
        if let Some(held) = held {
            return match held.match_code {
                MatchCodeState::Pending if !hello.confirms => {
                    Err(HelloRefusal::MatchCodeUnsupported)
                }
                decided => Ok(decided),
            };
        }
        // The phone is in front of the page that it would be asked about.
        let is_here = hello.flow == Flow::SameDevice && network == SameNetwork::Same;
        match self.policy.match_code {
            P::Off => Ok(MatchCodeState::NotAsked),
            P::WhenSupported | P::Required if is_here => Ok(MatchCodeState::NotAsked),
            P::WhenSupported if self.browser.is_none() => Ok(MatchCodeState::NotAsked),
            P::WhenSupported | P::Required if self.browser.is_some() && hello.confirms => {
                Ok(MatchCodeState::Pending)
            }
            P::WhenSupported => Ok(MatchCodeState::Unsupported),
            P::Required => Err(HelloRefusal::MatchCodeUnsupported),
        }
    }
}

impl Claim {
    fn fresh(fence: u64, hello: &Hello, network: SameNetwork, now: Timestamp) -> Self {
        Self {
            claimed_at: now,
            fence,
            phase: Phase::MobileConnected,
            phase_at: now,
            app_version: hello.app_version.clone(),
            flow: hello.flow,
            network,
            match_code: MatchCodeState::NotAsked,
            progress: None,
        }
    }

    /// The bytes that a phone sent live in the memory of its socket and go with it, so a phone
    /// that comes back is taken back to where it can send them again. It was in the page's network
    /// only if it was at every hello.
    fn resumed(mut self, fence: u64, hello: &Hello, network: SameNetwork, now: Timestamp) -> Self {
        if self.phase > Phase::NfcReading {
            self.phase = Phase::NfcReading;
            self.phase_at = now;
        }
        if self.network == SameNetwork::Same || network == SameNetwork::Different {
            self.network = network;
        }
        self.fence = fence;
        self.progress = None;
        self.app_version = hello.app_version.clone().or(self.app_version);
        self
    }
}
