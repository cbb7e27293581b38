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
    Mint { fresh: u32, who: Who },
    /// A phone says hello.
    Hello(Hello),
    /// A socket reports a phase.
    Advance { attempt: u32, fence: u64, phase: u8 },
    /// The document of a socket is refused.
    Reject { attempt: u32, fence: u64 },
    /// A socket shares the claims.
    Share { attempt: u32, fence: u64 },
    /// The person chooses a match code on the phone.
    Choose { attempt: u32, fence: u64, right: bool },
    /// The person says on the phone that they did not open the page.
    NotMe { attempt: u32, fence: u64 },
    /// The relying party cancels.
    Cancel,
    /// Somebody cancels with the token of the link, or with a wrong one.
    CancelWithToken { right: bool, who: Who },
    /// The sweep, or any reader that settles expiry.
    Touch,
    /// Somebody reads what is stored; with the events where nothing runs beside.
    Look { events: bool },
}

/// Who asks at a public route. Browsers are numbers, and each is in the network of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Stranger,
    /// A browser that asks the API with its cookie.
    Browser(u8),
    /// A browser that our page runs in.
    Page(u8),
}

/// What a phone presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) attempt: u32,
    /// The attempt whose token it is; `None` is garbage.
    pub(crate) token: Option<u32>,
    pub(crate) device: u8,
    /// The attempt that its proof of the device key was made for, if it gives one.
    pub(crate) proof: Option<u32>,
    /// Whether it says that the link came by a button on the phone itself.
    pub(crate) same_device: bool,
    /// Whether it can ask for the match code.
    pub(crate) confirms: bool,
    pub(crate) network: Option<u8>,
}

/// What the organization asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    pub(crate) bind_browser: bool,
    pub(crate) match_code: Ask,
    pub(crate) prove_device: bool,
    pub(crate) same_network: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    Never,
    IfSupported,
    Always,
}

/// Where a claimed attempt stands with the match code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Code {
    NotAsked,
    Unsupported,
    Pending,
    Confirmed,
}

/// Whether page and phone are in one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Near {
    Same,
    Different,
    Unknown,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Handoff { attempt: u32, expires: Millis },
    Granted { fence: u64, phase: u8, resumed: bool, code: Code, near: Near },
    Chosen(&'static str),
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
    Claimed { fence: u64, phase: u8, code: Code, near: Near },
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
    pub(crate) rules: Rules,
    pub(crate) expires: Millis,
    pub(crate) state: State,
    pub(crate) browser: Option<u8>,
    pub(crate) device: Option<u8>,
    pub(crate) device_proven: bool,
    pub(crate) confirmed: bool,
    pub(crate) fence: u64,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) told: Vec<Told>,
}

impl Model {
    /// A session that was created at `now`.
    pub(crate) fn created(rules: Rules, now: Millis) -> Self {
        Self {
            rules,
            expires: now + HOUR,
            state: State::Created,
            browser: None,
            device: None,
            device_proven: false,
            confirmed: false,
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
            Op::Mint { fresh, who } => self.mint(fresh, who, now),
            Op::Hello(hello) => self.hello(hello, now),
            Op::Choose { attempt, fence, right } => self.choose(attempt, fence, right, now),
            Op::NotMe { attempt, fence } => match self.holds(attempt, fence) {
                Err(refused) => refused,
                Ok(_) => self.cancel(now),
            },
            Op::Advance { attempt, fence, phase } => match self.holds(attempt, fence) {
                Ok(at) if at.phase() == Some(phase) => Answer::Done,
                _ => self.write(attempt, fence, |_, at| {
                    if let Stage::Claimed { phase: stands, .. } = &mut at.stage {
                        *stands = phase;
                    }
                    Answer::Done
                }),
            },
            Op::Reject { attempt, fence } => self.write(attempt, fence, |session, at| {
                let failed = |at: &&Attempt| matches!(at.stage, Stage::Failed(_));
                let remaining = 2 - session.attempts.iter().filter(failed).count();
                session.fail(at, REFUSED_DOCUMENT);
                if remaining > 0 {
                    session.state = State::Created;
                } else {
                    session.finish(State::Completed(now));
                }
                Answer::Rejected { remaining }
            }),
            Op::Share { attempt, fence } => self.write(attempt, fence, |session, at| {
                at.stage = Stage::Succeeded;
                session.finish(State::Completed(now));
                session.tell(("verification.attempt.succeeded", Some(attempt), None));
                Answer::Done
            }),
            Op::CancelWithToken { who, .. } if !self.admits(who) => {
                Answer::Refused("another browser")
            }
            Op::CancelWithToken { right: false, .. } => Answer::Refused("wrong cancel token"),
            Op::Cancel | Op::CancelWithToken { .. } => self.cancel(now),
            Op::Touch | Op::Look { .. } => Answer::Done,
        }
    }

    /// Once a page has bound its browser, that browser alone, until a phone has claimed.
    fn admits(&self, who: Who) -> bool {
        let (Who::Browser(known) | Who::Page(known)) = who else {
            return self.browser.is_none() || self.device.is_some();
        };
        self.device.is_some() || self.browser.is_none_or(|bound| bound == known)
    }

    /// Within a minute there is one token, whichever node is asked: their clocks may differ.
    fn mint(&mut self, fresh: u32, who: Who, now: Millis) -> Answer {
        if !self.admits(who) {
            return Answer::Refused("another browser");
        }
        match self.state {
            State::Created => {}
            State::InProgress(_) => return Answer::Refused("in progress"),
            _ => return Answer::Refused("ended"),
        }
        if let Who::Page(page) = who
            && self.rules.bind_browser
            && self.device.is_none()
        {
            self.browser = Some(page);
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
    fn hello(&mut self, hello: Hello, now: Millis) -> Answer {
        if !self.is_live() {
            return Answer::Refused("ended");
        }
        let Some(found) = self.attempts.iter().find(|at| at.name == hello.attempt).copied() else {
            return Answer::Refused("no such attempt");
        };
        if hello.token != Some(hello.attempt) {
            return Answer::Refused("wrong token");
        }
        if self.device.is_some_and(|owner| owner != hello.device) {
            return Answer::Refused("another device");
        }
        let held = match found.stage {
            Stage::Offered if now >= found.expires => return Answer::Refused("token expired"),
            Stage::Offered => None,
            Stage::Claimed { phase, code, near, .. } => Some((phase, code, near)),
            _ => return Answer::Refused("no such attempt"),
        };
        // The policies; a phone that they refuse has consumed nothing.
        if hello.proof.is_some_and(|made_for| made_for != hello.attempt) {
            return Answer::Refused("wrong proof");
        }
        if hello.proof.is_none() && (self.device_proven || self.rules.prove_device) {
            return Answer::Refused("no proof");
        }
        let here = match (self.browser, hello.network) {
            (Some(page), Some(phone)) if page == phone => Near::Same,
            (Some(_), Some(_)) => Near::Different,
            _ => Near::Unknown,
        };
        if self.rules.same_network && here != Near::Same {
            return Answer::Refused("another network");
        }
        let Some(code) = self.code(hello, held.map(|(_, code, _)| code), here) else {
            return Answer::Refused("match code unsupported");
        };
        let (phase, near) = match held {
            None => (0, here),
            // In the page's network is who was there every time.
            Some((phase, _, Near::Same)) => (phase.min(RESUME_AT), here),
            Some((phase, _, _)) if here == Near::Different => (phase.min(RESUME_AT), here),
            Some((phase, _, near)) => (phase.min(RESUME_AT), near),
        };
        self.fence += 1;
        let fence = self.fence;
        self.device = Some(hello.device);
        self.device_proven |= hello.proof.is_some();
        self.state = State::InProgress(hello.attempt);
        for at in &mut self.attempts {
            if at.name == hello.attempt {
                at.stage = Stage::Claimed { fence, phase, code, near };
            } else if at.stage == Stage::Offered {
                at.stage = Stage::Superseded;
            }
        }
        Answer::Granted { fence, phase, resumed: held.is_some(), code, near: here }
    }

    /// Where a phone stands with the match code; `None` refuses it.
    fn code(&self, hello: Hello, held: Option<Code>, here: Near) -> Option<Code> {
        match (held, self.rules.match_code) {
            _ if self.confirmed => Some(Code::Confirmed),
            (Some(Code::Pending), _) if !hello.confirms => None,
            (Some(decided), _) => Some(decided),
            (None, Ask::Never) => Some(Code::NotAsked),
            _ if hello.same_device && here == Near::Same => Some(Code::NotAsked),
            (None, Ask::IfSupported) if self.browser.is_none() => Some(Code::NotAsked),
            _ if self.browser.is_some() && hello.confirms => Some(Code::Pending),
            (None, Ask::IfSupported) => Some(Code::Unsupported),
            (None, Ask::Always) => None,
        }
    }

    /// One try.
    fn choose(&mut self, attempt: u32, fence: u64, right: bool, now: Millis) -> Answer {
        let mut at = match self.holds(attempt, fence) {
            Err(refused) => return refused,
            Ok(at) => at,
        };
        let Stage::Claimed { code, .. } = &mut at.stage else { unreachable!("it is held") };
        match code {
            Code::NotAsked | Code::Unsupported => return Answer::Chosen("not asked"),
            Code::Confirmed => return Answer::Chosen("right"),
            Code::Pending if right => {
                *code = Code::Confirmed;
                self.confirmed = true;
            }
            Code::Pending => {
                self.fail(&mut at, "match_code_wrong");
                self.finish(State::Completed(now));
            }
        }
        self.put(at);
        Answer::Chosen(if right { "right" } else { "wrong" })
    }

    /// The attempt of the socket of the newest hello, while the session is live.
    fn holds(&self, attempt: u32, fence: u64) -> Result<Attempt, Answer> {
        match self.state {
            State::Cancelled(_) => return Err(Answer::Refused("cancelled")),
            State::Completed(_) | State::Expired(_) => return Err(Answer::Refused("ended")),
            State::InProgress(live) if live == attempt && self.fence == fence => {}
            _ => return Err(Answer::Refused("displaced")),
        }
        Ok(*self.attempts.iter().find(|at| at.name == attempt).expect("it is live"))
    }

    /// What such a socket may do, once no match code is open.
    fn write(
        &mut self,
        attempt: u32,
        fence: u64,
        change: impl FnOnce(&mut Self, &mut Attempt) -> Answer,
    ) -> Answer {
        match self.holds(attempt, fence) {
            Err(refused) => refused,
            Ok(Attempt { stage: Stage::Claimed { code: Code::Pending, .. }, .. }) => {
                Answer::Refused("match code pending")
            }
            Ok(mut at) => {
                let answer = change(self, &mut at);
                self.put(at);
                answer
            }
        }
    }

    fn put(&mut self, changed: Attempt) {
        for at in self.attempts.iter_mut().filter(|at| at.name == changed.name) {
            *at = changed;
        }
    }

    fn fail(&mut self, at: &mut Attempt, code: &'static str) {
        at.stage = Stage::Failed(code);
        self.tell(("verification.attempt.failed", Some(at.name), Some(code)));
    }

    fn cancel(&mut self, now: Millis) -> Answer {
        if self.is_live() {
            let kind = "verification.session.cancelled";
            self.end(State::Cancelled(now), "session_cancelled", kind);
        }
        Answer::Done
    }

    fn end(&mut self, state: State, code: &'static str, event: &'static str) {
        for at in &mut self.attempts {
            if matches!(at.stage, Stage::Offered | Stage::Claimed { .. }) {
                at.stage = Stage::Failed(code);
            }
        }
        self.finish(state);
        self.tell((event, None, None));
    }

    /// Nothing is known of a browser any more.
    fn finish(&mut self, state: State) {
        self.state = state;
        self.browser = None;
    }

    fn tell(&mut self, told: Told) {
        self.told.push(told);
        self.told.sort_unstable();
    }
}

impl Attempt {
    fn phase(&self) -> Option<u8> {
        match self.stage {
            Stage::Claimed { phase, .. } => Some(phase),
            _ => None,
        }
    }
}

/// The verdict that the tests give.
pub(crate) const REFUSED_DOCUMENT: &str = "passport_authenticity_failed";
