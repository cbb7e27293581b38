//! The reference model of one session: REFERENCE 3 and SECURITY rows 2-5, 20, 23 and 24, on plain
//! numbers. It shares nothing with the domain, and is meant to be read and believed.

/// Milliseconds.
pub(crate) type Millis = i64;

pub(crate) const MINUTE: Millis = 60_000;
pub(crate) const HOUR: Millis = 60 * MINUTE;

/// The phase up to which a phone is taken back when it resumes: `nfc_reading`.
const RESUME_AT: u8 = 3;

/// What somebody does to the session. Attempts are numbers, given by whoever mints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// A page asks for a handoff; `fresh` is used if a new attempt is made.
    Mint { fresh: u32 },
    /// A phone presents the token of the attempt `token`, or garbage, for `attempt`.
    Hello { attempt: u32, token: Option<u32>, device: u8 },
    /// A socket reports a phase.
    Advance { attempt: u32, fence: u64, phase: u8 },
    /// The document of a socket is refused.
    Reject { attempt: u32, fence: u64 },
    /// A socket shares the claims.
    Share { attempt: u32, fence: u64 },
    /// The relying party cancels.
    Cancel,
    /// The page cancels, with the right token or a wrong one.
    CancelWithToken { right: bool },
    /// The sweep, or any reader that settles expiry.
    Touch,
    /// Somebody reads what is stored; with the events where nothing runs beside.
    Look { events: bool },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Handoff { attempt: u32, expires: Millis },
    Granted { fence: u64, phase: u8, resumed: bool },
    Rejected { remaining: usize },
    Done,
    Seen(Box<Model>),
    Refused(&'static str),
}

/// The state of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Created,
    InProgress(u32),
    Completed(Millis),
    Expired(Millis),
    Cancelled(Millis),
}

/// The state of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Offered,
    Claimed { fence: u64, phase: u8 },
    Superseded,
    Succeeded,
    Failed(&'static str),
}

/// An attempt. Its token works for a first hello until `expires`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    pub(crate) name: u32,
    pub(crate) issued: Millis,
    pub(crate) expires: Millis,
    pub(crate) stage: Stage,
}

/// An event: its type, its attempt, its failure code. Kept sorted: ids say nothing of the order.
pub(crate) type Told = (&'static str, Option<u32>, Option<&'static str>);

/// The session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    pub(crate) expires: Millis,
    pub(crate) state: State,
    pub(crate) device: Option<u8>,
    pub(crate) fence: u64,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) told: Vec<Told>,
}

impl Model {
    /// A session that was created at `now`.
    pub(crate) fn created(now: Millis) -> Self {
        Self {
            expires: now + HOUR,
            state: State::Created,
            device: None,
            fence: 0,
            attempts: vec![],
            told: vec![],
        }
    }

    /// Whether the session can still change.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.state, State::Created | State::InProgress(_))
    }

    /// Does one thing at `now`, by the clock of whichever node does it.
    pub(crate) fn apply(&mut self, op: &Op, now: Millis) -> Answer {
        if let Op::Look { events } = op {
            let told = if *events { self.told.clone() } else { vec![] };
            return Answer::Seen(Box::new(Self { told, ..self.clone() }));
        }
        if self.is_live() && now >= self.expires {
            self.end(State::Expired(now), "session_expired", "verification.session.expired");
        }
        match *op {
            Op::Mint { fresh } => self.mint(fresh, now),
            Op::Hello { attempt, token, device } => self.hello(attempt, token, device, now),
            Op::Advance { attempt, fence, phase } => self.write(attempt, fence, |_, at| {
                at.stage = Stage::Claimed { fence, phase };
                Answer::Done
            }),
            Op::Reject { attempt, fence } => self.write(attempt, fence, |session, at| {
                let failed = |at: &&Attempt| matches!(at.stage, Stage::Failed(_));
                let remaining = 2 - session.attempts.iter().filter(failed).count();
                at.stage = Stage::Failed(REFUSED_DOCUMENT);
                session.state = if remaining > 0 { State::Created } else { State::Completed(now) };
                let kind = "verification.attempt.failed";
                session.tell((kind, Some(attempt), Some(REFUSED_DOCUMENT)));
                Answer::Rejected { remaining }
            }),
            Op::Share { attempt, fence } => self.write(attempt, fence, |session, at| {
                at.stage = Stage::Succeeded;
                session.state = State::Completed(now);
                session.tell(("verification.attempt.succeeded", Some(attempt), None));
                Answer::Done
            }),
            Op::CancelWithToken { right: false } => Answer::Refused("wrong cancel token"),
            Op::Cancel | Op::CancelWithToken { .. } => {
                if self.is_live() {
                    let kind = "verification.session.cancelled";
                    self.end(State::Cancelled(now), "session_cancelled", kind);
                }
                Answer::Done
            }
            Op::Touch | Op::Look { .. } => Answer::Done,
        }
    }

    /// Within a minute there is one token, whichever node is asked: their clocks may differ.
    fn mint(&mut self, fresh: u32, now: Millis) -> Answer {
        match self.state {
            State::Created => {}
            State::InProgress(_) => return Answer::Refused("in progress"),
            _ => return Answer::Refused("ended"),
        }
        let young = |at: &&Attempt| at.stage == Stage::Offered && (now - at.issued).abs() < MINUTE;
        let at = match self.attempts.last().filter(young) {
            Some(newest) => *newest,
            None => {
                let expires = now + 5 * MINUTE;
                let at = Attempt { name: fresh, issued: now, expires, stage: Stage::Offered };
                self.attempts.push(at);
                at
            }
        };
        Answer::Handoff { attempt: at.name, expires: at.expires }
    }

    /// One winner; the winner's device for the rest of the session; every other token dies.
    fn hello(&mut self, attempt: u32, token: Option<u32>, device: u8, now: Millis) -> Answer {
        if !self.is_live() {
            return Answer::Refused("ended");
        }
        let Some(found) = self.attempts.iter().find(|at| at.name == attempt).copied() else {
            return Answer::Refused("no such attempt");
        };
        if token != Some(attempt) {
            return Answer::Refused("wrong token");
        }
        if self.device.is_some_and(|owner| owner != device) {
            return Answer::Refused("another device");
        }
        let (phase, resumed) = match found.stage {
            Stage::Offered if now >= found.expires => return Answer::Refused("token expired"),
            Stage::Offered => (0, false),
            Stage::Claimed { phase, .. } => (phase.min(RESUME_AT), true),
            _ => return Answer::Refused("no such attempt"),
        };
        self.fence += 1;
        self.device = Some(device);
        self.state = State::InProgress(attempt);
        for at in &mut self.attempts {
            if at.name == attempt {
                at.stage = Stage::Claimed { fence: self.fence, phase };
            } else if at.stage == Stage::Offered {
                at.stage = Stage::Superseded;
            }
        }
        Answer::Granted { fence: self.fence, phase, resumed }
    }

    /// Only the socket of the newest hello writes, and only while the session is live.
    fn write(
        &mut self,
        attempt: u32,
        fence: u64,
        change: impl FnOnce(&mut Self, &mut Attempt) -> Answer,
    ) -> Answer {
        match self.state {
            State::Cancelled(_) => return Answer::Refused("cancelled"),
            State::Completed(_) | State::Expired(_) => return Answer::Refused("ended"),
            State::InProgress(live) if live == attempt && self.fence == fence => {}
            _ => return Answer::Refused("displaced"),
        }
        let place = self.attempts.iter().position(|at| at.name == attempt).expect("it is live");
        let mut at = self.attempts[place];
        let answer = change(self, &mut at);
        self.attempts[place] = at;
        answer
    }

    fn end(&mut self, state: State, code: &'static str, event: &'static str) {
        for at in &mut self.attempts {
            if matches!(at.stage, Stage::Offered | Stage::Claimed { .. }) {
                at.stage = Stage::Failed(code);
            }
        }
        self.state = state;
        self.tell((event, None, None));
    }

    fn tell(&mut self, told: Told) {
        self.told.push(told);
        self.told.sort_unstable();
    }
}

/// The verdict that the tests give.
pub(crate) const REFUSED_DOCUMENT: &str = "passport_authenticity_failed";
