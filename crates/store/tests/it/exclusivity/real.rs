//! The real thing: one session in a real database, seen through several nodes, in the model's
//! words.

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use domain::attempt::{AttemptState, Phase, VerdictCode};
use domain::audit::Actor;
use domain::browser::{AddressFamily, BoundBrowser, NetworkHash, SameNetwork, Visitor};
use domain::chip::ChipEvidence;
use domain::confirmation::{Flow, MatchCodeState, MatchCodes};
use domain::consent::Consent;
use domain::device::{DeviceKey, DeviceProven};
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::{KeyedHash, Keys};
use domain::policy::{
    BrowserBinding, DeviceProofPolicy, FaceMatch, MatchCodePolicy, Policy, SameNetworkPolicy,
};
use domain::session::{
    CancelRefusal, Hello as Presented, HelloRefusal, MatchOutcome, MintRefusal, Session,
    SessionState, Transition, WriteRefusal,
};
use domain::time::Timestamp;
use domain::verdict::{Accepted, Proven};
use emrtd::UnixSeconds;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, StateProfile};
use emrtd::trust::{Certificate, Provenance, TrustStore};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use store::{EventFilter, Location, Store};

use super::model::{
    Answer, Ask, Attempt, Code, Hello, Model, Near, Op, Rules, Stage, State, Told, Who,
};
use crate::world::{self, NOW, World};

/// When sessions are created.
pub(crate) const START: i64 = NOW.as_millis();

/// A future that owns what it needs.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// How many devices and browsers there are.
pub(crate) const DEVICES: u8 = 3;

/// A database, and where ids come from.
pub(crate) struct Arena {
    location: Location,
    world: World,
    seed: AtomicU64,
}

/// One session of the arena, and the names that the model has for its attempts and devices.
#[derive(Clone)]
pub(crate) struct Life {
    id: SessionId,
    rules: Rules,
    organization: OrganizationId,
    names: Arc<Mutex<Names>>,
}

#[derive(Default)]
struct Names {
    attempts: Vec<AttemptId>,
    tokens: HashMap<u32, String>,
}

impl Arena {
    pub(crate) async fn new(location: Location) -> Self {
        // Several arenas may share a database, so their ids must differ.
        let seed = RandomState::new().build_hasher().finish();
        let world = world::open(location.clone(), seed).await.unwrap();
        Self { location, world, seed: AtomicU64::new(seed) }
    }

    /// A node: a handle with connections and threads of its own.
    pub(crate) async fn node(&self) -> Store {
        world::open(self.location.clone(), self.next_seed()).await.unwrap().store
    }

    /// A seed that no other node has.
    pub(crate) fn next_seed(&self) -> u64 {
        self.seed.fetch_add(1 << 20, Ordering::Relaxed).rotate_left(17)
    }

    /// A session under an organization of its own, whose one endpoint hears everything.
    pub(crate) async fn session(&self, rules: Rules) -> Life {
        let organization = self.world.organization().await;
        self.world.endpoint(&organization, Some("key")).await;
        // The person at the page has agreed: what a page may do before is the domain's own test.
        let consent = Consent { version: "1".into(), locale: "en".into(), at: world::NOW };
        let session = Session {
            policy: policy(rules),
            consent: Some(consent),
            ..self.world.new_session(&organization)
        };
        let life = Life { id: session.id.clone(), rules, organization, names: Arc::default() };
        self.world.store.create_session(session, Actor::Server).await.unwrap();
        life
    }

    /// A name for an attempt that somebody may mint.
    pub(crate) fn fresh(&self, life: &Life) -> u32 {
        let id = self.world.id(AttemptId::random);
        let mut names = life.names.lock().unwrap();
        names.attempts.push(id);
        u32::try_from(names.attempts.len() - 1).unwrap()
    }
}

impl Life {
    /// The attempts whose tokens were shown to somebody, in the order of their names.
    pub(crate) fn shown(&self) -> Vec<u32> {
        let mut shown: Vec<u32> = self.names.lock().unwrap().tokens.keys().copied().collect();
        shown.sort_unstable();
        shown
    }

    /// Does one thing through `store`. The answer comes after the commit.
    pub(crate) fn apply(&self, store: &Store, op: &Op, now: i64) -> Answering {
        let (life, store, op, now) = (self.clone(), store.clone(), op.clone(), Timestamp(now));
        Box::pin(async move { life.answer(&store, op, now).await })
    }

    async fn answer(&self, store: &Store, op: Op, now: Timestamp) -> Answer {
        match op {
            Op::Mint { fresh, who } => {
                let (fresh, visitor) = (self.id_of(fresh), self.visitor(who));
                let mint = move |it: Session| it.mint(fresh.clone(), keys(), &visitor, now);
                match store.session(&self.id, now, mint).await.unwrap() {
                    Ok(handoff) => {
                        let attempt = self.name(&handoff.attempt);
                        self.show(attempt, handoff.token.reveal());
                        Answer::Handoff { attempt, expires: handoff.expires_at.as_millis() }
                    }
                    Err(MintRefusal::InProgress) => Answer::Refused("in progress"),
                    Err(MintRefusal::SessionEnded) => Answer::Refused("ended"),
                    Err(MintRefusal::Browser(_)) => Answer::Refused("another browser"),
                    Err(MintRefusal::ConsentRequired) => Answer::Refused("consent required"),
                    Err(MintRefusal::PageRequired) => Answer::Refused("page required"),
                }
            }
            Op::Hello(hello) => {
                let hello = self.presented(hello);
                let said = store.session(&self.id, now, move |it| it.hello(hello.clone(), now));
                match said.await.unwrap() {
                    Ok(granted) => Answer::Granted {
                        fence: granted.fence,
                        phase: granted.phase as u8,
                        resumed: granted.resumed,
                        code: code(granted.match_code),
                        near: near(granted.network),
                    },
                    Err(refusal) => Answer::Refused(match refusal {
                        HelloRefusal::SessionEnded => "ended",
                        HelloRefusal::AttemptNotFound => "no such attempt",
                        HelloRefusal::TokenInvalid => "wrong token",
                        HelloRefusal::TokenExpired => "token expired",
                        HelloRefusal::DeviceMismatch => "another device",
                        HelloRefusal::ProofInvalid => "wrong proof",
                        HelloRefusal::ProofRequired => "no proof",
                        HelloRefusal::NetworkMismatch => "another network",
                        HelloRefusal::MatchCodeUnsupported => "match code unsupported",
                    }),
                }
            }
            Op::Choose { attempt, fence, right } => {
                let attempt = self.id_of(attempt);
                let codes = MatchCodes::of(keys(), &attempt);
                let wrong = codes.choices().into_iter().find(|choice| *choice != codes.shown());
                let choice = if right { codes.shown() } else { wrong.unwrap() };
                let write = move |it: Session| it.choose(&attempt, fence, &choice, keys(), now);
                written(store.session(&self.id, now, write).await.unwrap(), |outcome| {
                    Answer::Chosen(match outcome {
                        MatchOutcome::Right => "right",
                        MatchOutcome::Wrong => "wrong",
                        MatchOutcome::NotAsked => "not asked",
                    })
                })
            }
            Op::NotMe { attempt, fence } => {
                let attempt = self.id_of(attempt);
                let write = move |it: Session| it.not_me(&attempt, fence, now);
                written(store.session(&self.id, now, write).await.unwrap(), |()| Answer::Done)
            }
            Op::Advance { attempt, fence, phase } => {
                let (attempt, phase) = (self.id_of(attempt), Phase::ALL[usize::from(phase)]);
                let write = move |it: Session| it.advance(&attempt, fence, phase, now);
                written(store.session(&self.id, now, write).await.unwrap(), |()| Answer::Done)
            }
            Op::Reject { attempt, fence } => {
                let (attempt, code) =
                    (self.id_of(attempt), VerdictCode::PassportAuthenticityFailed);
                let write = move |it: Session| it.reject(&attempt, fence, code, now);
                written(store.session(&self.id, now, write).await.unwrap(), |rejection| {
                    Answer::Rejected { remaining: rejection.remaining_attempts }
                })
            }
            Op::Share { attempt, fence } => {
                let attempt = self.id_of(attempt);
                let write = move |it: Session| {
                    let selection = it.contract.select(["kayle_document_id"]).unwrap();
                    it.share(&attempt, fence, accepted(), &selection, keys(), now)
                };
                written(store.session(&self.id, now, write).await.unwrap(), |()| Answer::Done)
            }
            Op::Cancel => {
                let cancel = move |it: Session| Ok::<_, Infallible>(it.cancel(now));
                store.session(&self.id, now, cancel).await.unwrap().unwrap();
                Answer::Done
            }
            Op::CancelWithToken { right, who } => {
                let token = keys().cancel_token_hash(if right { "cancel" } else { "wrong" });
                let visitor = self.visitor(who);
                let cancel = move |it: Session| it.cancel_with_token(&token, &visitor, now);
                match store.session(&self.id, now, cancel).await.unwrap() {
                    Ok(()) => Answer::Done,
                    Err(CancelRefusal::Invalid) => Answer::Refused("wrong cancel token"),
                    Err(CancelRefusal::Used) => Answer::Refused("used cancel token"),
                    Err(CancelRefusal::Browser(_)) => Answer::Refused("another browser"),
                }
            }
            Op::Touch => {
                let touch = |it: Session| Ok::<_, Infallible>(Transition::unchanged(it));
                store.session(&self.id, now, touch).await.unwrap().unwrap();
                Answer::Done
            }
            Op::Look { events } => Answer::Seen(Box::new(self.look(store, events).await)),
        }
    }

    /// What is stored, in the model's words.
    pub(crate) async fn look(&self, store: &Store, events: bool) -> Model {
        let session = store.read_session(&self.id).await.unwrap().unwrap();
        let told = if events { self.told(store).await } else { vec![] };
        let attempts = session.attempts.iter().map(|attempt| Attempt {
            name: self.name(&attempt.id),
            issued: attempt.token.issued_at.as_millis(),
            expires: attempt.token.expires_at.as_millis(),
            stage: match &attempt.state {
                AttemptState::Offered => Stage::Offered,
                AttemptState::Claimed(claim) => Stage::Claimed {
                    fence: claim.fence,
                    phase: claim.phase as u8,
                    code: code(claim.match_code),
                    near: near(claim.network),
                },
                AttemptState::Superseded { .. } => Stage::Superseded,
                AttemptState::Succeeded { .. } => Stage::Succeeded,
                AttemptState::Failed { code, .. } => Stage::Failed(code.as_str()),
            },
        });
        let browser = session.browser.as_ref().map(|bound| {
            let known = (0..DEVICES).find(|browser| self.bound(*browser) == *bound);
            known.expect("a browser of the test")
        });
        Model {
            rules: self.rules,
            browser,
            device_proven: session.device_proven,
            confirmed: session.confirmed,
            expires: session.expires_at.as_millis(),
            state: match &session.state {
                SessionState::Created => State::Created,
                SessionState::InProgress(attempt) => State::InProgress(self.name(attempt)),
                SessionState::Completed(at) => State::Completed(at.as_millis()),
                SessionState::Expired(at) => State::Expired(at.as_millis()),
                SessionState::Cancelled(at) => State::Cancelled(at.as_millis()),
            },
            device: session.device.map(|hash| {
                let owner = (0..DEVICES).find(|device| self.device(*device) == hash);
                owner.expect("a device of the test")
            }),
            fence: session.fence,
            attempts: attempts.collect(),
            told,
        }
    }

    /// The events, each of which must have exactly one delivery.
    async fn told(&self, store: &Store) -> Vec<Told> {
        let events = store.list_events(&self.organization, EventFilter::default()).await.unwrap();
        assert!(!events.has_more);
        let mut told: Vec<Told> = events
            .items
            .iter()
            .map(|event| {
                assert_eq!(event.session, self.id);
                assert_eq!(event.deliveries.len(), 1, "one endpoint, one delivery");
                let attempt = event.attempt.as_ref().map(|id| self.name(id));
                (event.kind.as_str(), attempt, event.failure_code.map(|code| code.as_str()))
            })
            .collect();
        told.sort_unstable();
        told
    }

    /// Whether the sweep of `store` would find the session.
    pub(crate) async fn is_due(&self, store: &Store, now: i64) -> bool {
        let due = store.due_sessions(Timestamp(now), 1000).await.unwrap();
        assert!(due.len() < 1000, "tests leave nothing behind");
        due.contains(&self.id)
    }

    fn presented(&self, hello: Hello) -> Presented {
        let names = self.names.lock().unwrap();
        let presented = |attempt: u32, token: Option<u32>| Presented {
            attempt: names.attempts[attempt as usize].clone(),
            token: keys().handoff_token_hash(
                token.map_or("garbage", |of| names.tokens.get(&of).map_or("lost", String::as_str)),
            ),
            device: self.device(hello.device),
            app_version: None,
            flow: if hello.same_device { Flow::SameDevice } else { Flow::CrossDevice },
            confirms: hello.confirms,
            network: hello.network.map(network),
            proof: None,
        };
        // The proof of the token that it names, which may be another one's.
        let proof = hello.proof.map(|of| {
            let device = device(hello.device);
            let proven = DeviceProven::verify(
                &presented(of, Some(of)),
                &self.id,
                keys(),
                &device.key,
                STATEMENT,
                &device.signature,
            );
            proven.unwrap()
        });
        Presented { proof, ..presented(hello.attempt, hello.token) }
    }

    fn device(&self, number: u8) -> KeyedHash {
        keys().device_hash(&self.id, device(number).key.id())
    }

    fn visitor(&self, who: Who) -> Visitor {
        match who {
            Who::Stranger => Visitor::Unknown,
            Who::Browser(number) => Visitor::Browser(self.bound(number).secret),
            Who::Page(number) => Visitor::Page(self.bound(number)),
        }
    }

    fn bound(&self, number: u8) -> BoundBrowser {
        BoundBrowser {
            secret: KeyedHash([number; 32]),
            browser: None,
            os: None,
            place: None,
            network: Some(network(number)),
        }
    }

    fn id_of(&self, attempt: u32) -> AttemptId {
        self.names.lock().unwrap().attempts[attempt as usize].clone()
    }

    fn name(&self, id: &AttemptId) -> u32 {
        let names = self.names.lock().unwrap();
        let place = names.attempts.iter().position(|known| known == id);
        u32::try_from(place.expect("an attempt that the test named")).unwrap()
    }

    /// An attempt has one token for ever.
    fn show(&self, attempt: u32, token: &str) {
        let mut names = self.names.lock().unwrap();
        let known = names.tokens.entry(attempt).or_insert_with(|| token.to_owned());
        assert_eq!(known, token, "the token of an attempt changed");
    }
}

fn written<T>(result: Result<T, WriteRefusal>, answer: impl FnOnce(T) -> Answer) -> Answer {
    match result {
        Ok(value) => answer(value),
        Err(WriteRefusal::Cancelled) => Answer::Refused("cancelled"),
        Err(WriteRefusal::Ended) => Answer::Refused("ended"),
        Err(WriteRefusal::Displaced) => Answer::Refused("displaced"),
        Err(WriteRefusal::MatchCodePending) => Answer::Refused("match code pending"),
    }
}

/// The rules of a race: no more than REFERENCE has.
pub(crate) const fn rules() -> Rules {
    Rules { bind_browser: false, match_code: Ask::Never, prove_device: false, same_network: false }
}

fn policy(rules: Rules) -> Policy {
    Policy {
        face_match: FaceMatch::Off,
        browser_binding: if rules.bind_browser {
            BrowserBinding::WhenOpened
        } else {
            BrowserBinding::Off
        },
        match_code: match rules.match_code {
            Ask::Never => MatchCodePolicy::Off,
            Ask::IfSupported => MatchCodePolicy::WhenSupported,
            Ask::Always => MatchCodePolicy::Required,
        },
        device_proof: if rules.prove_device {
            DeviceProofPolicy::Required
        } else {
            DeviceProofPolicy::WhenAvailable
        },
        same_network: if rules.same_network {
            SameNetworkPolicy::Required
        } else {
            SameNetworkPolicy::Report
        },
        ..Policy::default()
    }
}

const fn code(state: MatchCodeState) -> Code {
    match state {
        MatchCodeState::NotAsked => Code::NotAsked,
        MatchCodeState::Unsupported => Code::Unsupported,
        MatchCodeState::Pending => Code::Pending,
        MatchCodeState::Confirmed => Code::Confirmed,
    }
}

const fn near(network: SameNetwork) -> Near {
    match network {
        SameNetwork::Same => Near::Same,
        SameNetwork::Different => Near::Different,
        SameNetwork::Unknown => Near::Unknown,
    }
}

const fn network(number: u8) -> NetworkHash {
    NetworkHash { family: AddressFamily::V4, hash: KeyedHash([number; 32]) }
}

/// What devices sign here. The statement of the protocol is the server's and is tested there.
const STATEMENT: &str = "a statement";

struct Device {
    key: DeviceKey,
    signature: Vec<u8>,
}

fn device(number: u8) -> &'static Device {
    static DEVICE: OnceLock<Vec<Device>> = OnceLock::new();
    let devices = DEVICE.get_or_init(|| {
        let device = |number| {
            let private = SigningKey::from_slice(&[number + 1; 32]).unwrap();
            let point = private.verifying_key().to_sec1_point(false);
            let signature: DerSignature = private.sign(STATEMENT.as_bytes());
            Device {
                key: DeviceKey::parse(point.as_bytes()).unwrap(),
                signature: signature.as_bytes().to_vec(),
            }
        };
        (0..DEVICES).map(device).collect()
    });
    &devices[usize::from(number)]
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys::derive(&[7; 32]))
}

/// A document that was proven once for all tests.
fn accepted() -> &'static Accepted {
    static ACCEPTED: OnceLock<Accepted> = OnceLock::new();
    ACCEPTED.get_or_init(|| {
        let now = NOW;
        let at = UnixSeconds(now.as_seconds());
        let state = IssuingState::new(StateProfile::utopia(), at).unwrap();
        let csca = Certificate::from_der(state.csca()).unwrap();
        let provenance = Provenance { source: "test".to_owned(), verified: true };
        let trust = TrustStore::builder().add_csca(csca, provenance).build();
        let issued = state.issue(&Holder::example(), &DocumentProfile::passport()).unwrap();
        let document = emrtd::verify::passive(issued.into_files(), &trust, at).unwrap();
        let document = document.into_document(at).unwrap();
        let policy = Policy { face_match: FaceMatch::Off, ..Policy::default() };
        let proven = Proven::judge(document, &ChipEvidence::default(), None, policy, now);
        Accepted::without_face_match(proven.ok().unwrap()).unwrap()
    })
}
