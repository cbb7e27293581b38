//! The real thing: one session in a real database, seen through several nodes, in the model's
//! words.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};

use domain::attempt::{AttemptState, Phase, VerdictCode};
use domain::audit::Actor;
use domain::chip::ChipEvidence;
use domain::event::EventType;
use domain::id::{AttemptId, EncryptionKeyId, EndpointId, OrganizationId, SessionId};
use domain::key::Keys;
use domain::organization::Organization;
use domain::policy::{FaceMatch, Policy};
use domain::session::{
    CancelRefusal, Hello, HelloRefusal, MintRefusal, NewSession, Session, SessionState, Transition,
    WriteRefusal,
};
use domain::share::ShareContract;
use domain::time::Timestamp;
use domain::verdict::{Accepted, Proven};
use domain::webhook::{EncryptionKey, Endpoint};
use emrtd::UnixSeconds;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, StateProfile};
use emrtd::trust::{Certificate, Provenance, TrustStore};
use store::{EventFilter, Location, OpenOptions, RecordedEvent, SealError, Sealer, Store};
use testkit::SeededEntropy;

use crate::model::{Answer, Attempt, Model, Op, Stage, State, Told};

/// When sessions are created.
pub(crate) const START: i64 = 1_777_978_800_000;

/// A future that owns what it needs.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A database with an organization whose one endpoint hears everything.
pub(crate) struct Arena {
    location: Location,
    organization: Organization,
    entropy: Mutex<SeededEntropy>,
}

/// One session of the arena, and the names that the model has for its attempts and devices.
#[derive(Clone)]
pub(crate) struct Life {
    id: SessionId,
    organization: OrganizationId,
    names: Arc<Mutex<Names>>,
}

#[derive(Default)]
struct Names {
    attempts: Vec<AttemptId>,
    tokens: HashMap<u32, String>,
}

struct PlainSealer;

impl Sealer for PlainSealer {
    fn seal(&self, event: &RecordedEvent, _: &EncryptionKey) -> Result<String, SealError> {
        Ok(event.id.to_string())
    }
}

impl Arena {
    pub(crate) async fn new(location: Location, seed: u64) -> Self {
        let mut entropy = SeededEntropy(seed);
        let policy = Policy { face_match: FaceMatch::Off, ..Policy::default() };
        let organization = Organization {
            id: OrganizationId::random(&mut entropy),
            name: "Example".into(),
            policy,
            created_at: Timestamp(START),
        };
        Self { location, organization, entropy: Mutex::new(entropy) }
    }

    /// A node: a handle with connections and threads of its own.
    pub(crate) async fn node(&self) -> Store {
        let seed = {
            let mut bytes = [0; 8];
            domain::entropy::Entropy::fill(&mut *self.entropy.lock().unwrap(), &mut bytes);
            u64::from_le_bytes(bytes)
        };
        Store::open(OpenOptions {
            location: self.location.clone(),
            entropy: Box::new(SeededEntropy(seed)),
            sealer: Arc::new(PlainSealer),
            chain: keys().audit_chain(),
            notify: Arc::new(|_| {}),
            observer: Arc::new(store::Unobserved),
        })
        .await
        .unwrap()
    }

    /// A session under an organization of its own, so that its events can be told apart.
    pub(crate) async fn session(&self, store: &Store) -> Life {
        let now = Timestamp(START);
        let (organization, endpoint, key, session) = {
            let mut entropy = self.entropy.lock().unwrap();
            let organization = Organization {
                id: OrganizationId::random(&mut *entropy),
                ..self.organization.clone()
            };
            let endpoint = Endpoint {
                id: EndpointId::random(&mut *entropy),
                organization: organization.id.clone(),
                name: None,
                url: "https://rp.example/hook".into(),
                subscribed: EventType::ALL.to_vec(),
                sealed_secret: "sealed".into(),
                created_at: now,
                updated_at: now,
                disabled_at: None,
            };
            let key = EncryptionKey {
                id: EncryptionKeyId::random(&mut *entropy),
                endpoint: endpoint.id.clone(),
                key_id: "key".into(),
                jwk: "{}".into(),
                created_at: now,
                updated_at: now,
                disabled_at: None,
            };
            let new = NewSession {
                id: SessionId::random(&mut *entropy),
                organization: organization.id.clone(),
                contract: ShareContract::default(),
                policy: organization.policy,
                redirect_url: None,
                cancel_token: keys().cancel_token_hash("right"),
            };
            (organization, endpoint, key, Session::create(new, now))
        };
        let life = Life {
            id: session.id.clone(),
            organization: organization.id.clone(),
            names: Arc::default(),
        };
        store.create_organization(organization).await.unwrap();
        store.create_endpoint(endpoint, Actor::Operator).await.unwrap();
        store.add_encryption_key(&life.organization, key, Actor::Operator).await.unwrap();
        store.create_session(session, Actor::Server).await.unwrap();
        life
    }

    /// A name for an attempt that somebody may mint.
    pub(crate) fn fresh(&self, life: &Life) -> u32 {
        let id = AttemptId::random(&mut *self.entropy.lock().unwrap());
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
            Op::Mint { fresh } => {
                let fresh = self.names.lock().unwrap().attempts[fresh as usize].clone();
                let minted =
                    store.session(&self.id, now, move |it| it.mint(fresh.clone(), keys(), now));
                match minted.await.unwrap() {
                    Ok(handoff) => {
                        let attempt = self.name(&handoff.attempt);
                        self.show(attempt, handoff.token.reveal());
                        Answer::Handoff { attempt, expires: handoff.expires_at.as_millis() }
                    }
                    Err(MintRefusal::InProgress) => Answer::Refused("in progress"),
                    Err(MintRefusal::SessionEnded) => Answer::Refused("ended"),
                }
            }
            Op::Hello { attempt, token, device } => {
                let hello = self.hello(attempt, token, device);
                let said = store.session(&self.id, now, move |it| it.hello(hello.clone(), now));
                match said.await.unwrap() {
                    Ok(granted) => Answer::Granted {
                        fence: granted.fence,
                        phase: granted.phase as u8,
                        resumed: granted.resumed,
                    },
                    Err(refusal) => Answer::Refused(match refusal {
                        HelloRefusal::SessionEnded => "ended",
                        HelloRefusal::AttemptNotFound => "no such attempt",
                        HelloRefusal::TokenInvalid => "wrong token",
                        HelloRefusal::TokenExpired => "token expired",
                        HelloRefusal::DeviceMismatch => "another device",
                    }),
                }
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
            Op::CancelWithToken { right } => {
                let token = keys().cancel_token_hash(if right { "right" } else { "wrong" });
                let cancel = move |it: Session| it.cancel_with_token(&token, now);
                match store.session(&self.id, now, cancel).await.unwrap() {
                    Ok(()) => Answer::Done,
                    Err(CancelRefusal::Invalid) => Answer::Refused("wrong cancel token"),
                    Err(CancelRefusal::Used) => Answer::Refused("used cancel token"),
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
                AttemptState::Claimed(claim) => {
                    Stage::Claimed { fence: claim.fence, phase: claim.phase as u8 }
                }
                AttemptState::Superseded { .. } => Stage::Superseded,
                AttemptState::Succeeded { .. } => Stage::Succeeded,
                AttemptState::Failed { code, .. } => Stage::Failed(code.as_str()),
            },
        });
        Model {
            expires: session.expires_at.as_millis(),
            state: match &session.state {
                SessionState::Created => State::Created,
                SessionState::InProgress(attempt) => State::InProgress(self.name(attempt)),
                SessionState::Completed(at) => State::Completed(at.as_millis()),
                SessionState::Expired(at) => State::Expired(at.as_millis()),
                SessionState::Cancelled(at) => State::Cancelled(at.as_millis()),
            },
            device: session.device.map(|hash| {
                let owner = (0..=u8::MAX)
                    .find(|device| keys().device_hash(&self.id, &device_id(*device)) == hash);
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

    fn hello(&self, attempt: u32, token: Option<u32>, device: u8) -> Hello {
        let names = self.names.lock().unwrap();
        let token = token.map_or("garbage", |of| names.tokens[&of].as_str());
        Hello {
            attempt: names.attempts[attempt as usize].clone(),
            token: keys().handoff_token_hash(token),
            device: keys().device_hash(&self.id, &device_id(device)),
            app_version: None,
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
    }
}

fn device_id(device: u8) -> String {
    format!("device-{device}")
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys::derive(&[7; 32]))
}

/// A document that was proven once for all tests.
fn accepted() -> &'static Accepted {
    static ACCEPTED: OnceLock<Accepted> = OnceLock::new();
    ACCEPTED.get_or_init(|| {
        let now = Timestamp(START);
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
