//! What tests are made of: a store with seeded randomness, a sealer that can fail, and rows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::attempt::{Attempt, AttemptState, HandoffToken};
use domain::audit::Actor;
use domain::browser::Visitor;
use domain::confirmation::Flow;
use domain::entropy::Entropy;
use domain::event::{Event, EventType, Fact};
use domain::id::{ApiKeyId, AttemptId, EncryptionKeyId, EndpointId, OrganizationId, SessionId};
use domain::key::{KeyedHash, Keys};
use domain::organization::Organization;
use domain::policy::{FaceMatch, Policy};
use domain::session::{Handoff, Hello, MintRefusal, NewSession, Session, Transition};
use domain::share::ShareContract;
use domain::time::Timestamp;
use domain::webhook::{EncryptionKey, Endpoint};
use store::{
    Changed, Location, Observer, OpenOptions, RecordedEvent, SealError, Sealer, Store, StoreError,
    Unobserved, Wake,
};

pub(crate) const NOW: Timestamp = Timestamp(1_750_000_000_000);

/// A key that the sealer cannot use.
pub(crate) const BROKEN: &str = "broken";

/// A key to which payloads become so long that they fill pages of their own.
pub(crate) const LONG: &str = "long";

/// A place where a database is; dropped with everything in it.
pub(crate) trait Database {
    fn location(&self) -> Location;
}

/// A store that was opened on a database, and what it was opened with.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) woken: Arc<Mutex<Vec<Changed>>>,
    pub(crate) random: Mutex<Seeded>,
    pub(crate) keys: Keys,
}

/// SplitMix64: good enough to tell ids apart.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed ^ (mixed >> 31)) as u8;
        }
    }
}

/// Names the event and the key, as a JWE would; claims do not come through.
pub(crate) struct TestSealer;

impl Sealer for TestSealer {
    fn seal(&self, event: &RecordedEvent, key: &EncryptionKey) -> Result<String, SealError> {
        if key.key_id == BROKEN {
            return Err(SealError);
        }
        if let Fact::AttemptSucceeded { claims, .. } = &event.event.fact {
            assert!(!claims.is_empty(), "the sealer is the one who gets the claims");
        }
        let tail = if key.key_id == LONG { "sealed.evt_".repeat(2000) } else { String::new() };
        Ok(format!("sealed.{}.{}{tail}", event.id, key.key_id))
    }
}

pub(crate) async fn open(location: Location, seed: u64) -> Result<World, StoreError> {
    open_observed(location, seed, Arc::new(Unobserved)).await
}

pub(crate) async fn open_observed(
    location: Location,
    seed: u64,
    observer: Arc<dyn Observer>,
) -> Result<World, StoreError> {
    let woken = Arc::new(Mutex::new(Vec::new()));
    let wake = Arc::clone(&woken);
    let store = Store::open(OpenOptions {
        location,
        entropy: Box::new(Seeded(seed)),
        sealer: Arc::new(TestSealer),
        chain: Keys::derive(&[7; 32]).audit_chain(),
        notify: Arc::new(move |heard: &Wake| heard_by(&wake, heard)),
        observer,
    })
    .await?;
    let random = Mutex::new(Seeded(seed ^ 0xffff_ffff));
    Ok(World { store, woken, random, keys: Keys::derive(&[7; 32]) })
}

fn heard_by(woken: &Mutex<Vec<Changed>>, wake: &Wake) {
    if let Wake::Changed(changed) = wake {
        woken.lock().unwrap().push(changed.clone());
    }
}

impl World {
    pub(crate) async fn new(database: &dyn Database) -> Self {
        open(database.location(), 1).await.unwrap()
    }

    /// A second handle with its own threads, as another process would have.
    pub(crate) async fn beside(database: &dyn Database) -> Self {
        open(database.location(), 2).await.unwrap()
    }

    pub(crate) fn id<T>(&self, make: fn(&mut dyn Entropy) -> T) -> T {
        make(&mut *self.random.lock().unwrap())
    }

    pub(crate) async fn organization(&self) -> OrganizationId {
        let organization = self.new_organization();
        self.store.create_organization(organization.clone()).await.unwrap();
        organization.id
    }

    pub(crate) fn new_organization(&self) -> Organization {
        Organization {
            id: self.id(OrganizationId::random),
            name: "Example".into(),
            policy: Policy { face_match: FaceMatch::Off, ..Policy::default() },
            created_at: NOW,
        }
    }

    pub(crate) fn new_session(&self, organization: &OrganizationId) -> Session {
        let new = NewSession {
            id: self.id(SessionId::random),
            organization: organization.clone(),
            contract: ShareContract::default(),
            policy: Policy::default(),
            redirect_url: Some("https://rp.example/back".into()),
            cancel_token: self.keys.cancel_token_hash("cancel"),
        };
        Session::create(new, NOW)
    }

    pub(crate) async fn session(&self, organization: &OrganizationId) -> SessionId {
        let session = self.new_session(organization);
        self.store.create_session(session.clone(), Actor::Server).await.unwrap();
        session.id
    }

    pub(crate) fn attempt(&self, state: AttemptState) -> Attempt {
        Attempt {
            id: self.id(AttemptId::random),
            created_at: NOW,
            updated_at: NOW + Duration::from_millis(1),
            token: HandoffToken {
                hash: KeyedHash([3; 32]),
                issued_at: NOW,
                expires_at: NOW + Duration::from_secs(300),
            },
            user_code: None,
            state,
        }
    }

    pub(crate) async fn read(&self, id: &SessionId) -> Session {
        self.store.read_session(id).await.unwrap().unwrap()
    }

    /// Mints in a unit of its own, as the page does.
    pub(crate) async fn mint(
        &self,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<Handoff, MintRefusal> {
        let (fresh, keys) = (self.id(AttemptId::random), Keys::derive(&[7; 32]));
        self.store
            .session(session, now, move |session| {
                session.mint(fresh.clone(), &keys, &Visitor::Unknown, now)
            })
            .await
            .unwrap()
    }

    pub(crate) fn hello(&self, session: &SessionId, handoff: &Handoff, device: &str) -> Hello {
        Hello {
            attempt: handoff.attempt.clone(),
            token: self.keys.handoff_token_hash(handoff.token.reveal()),
            device: self.keys.device_hash(session, device),
            app_version: Some("1.0".into()),
            flow: Flow::Unknown,
            confirms: false,
            network: None,
            proof: None,
        }
    }

    /// An endpoint that receives everything, with an active key of that name.
    pub(crate) async fn endpoint(
        &self,
        organization: &OrganizationId,
        key: Option<&str>,
    ) -> Endpoint {
        let endpoint = self.new_endpoint(organization);
        self.store.create_endpoint(endpoint.clone(), Actor::Operator).await.unwrap();
        if let Some(name) = key {
            let key = self.new_key(&endpoint.id, name);
            self.store.add_encryption_key(organization, key, Actor::Operator).await.unwrap();
        }
        endpoint
    }

    pub(crate) fn new_endpoint(&self, organization: &OrganizationId) -> Endpoint {
        Endpoint {
            id: self.id(EndpointId::random),
            organization: organization.clone(),
            name: Some("Production".into()),
            url: "https://rp.example/hook".into(),
            subscribed: EventType::ALL.to_vec(),
            sealed_secret: "sealed-secret".into(),
            created_at: NOW,
            updated_at: NOW,
            disabled_at: None,
        }
    }

    pub(crate) fn new_key(&self, endpoint: &EndpointId, name: &str) -> EncryptionKey {
        EncryptionKey {
            id: self.id(EncryptionKeyId::random),
            endpoint: endpoint.clone(),
            key_id: name.to_owned(),
            jwk: r#"{"kty":"RSA"}"#.into(),
            created_at: NOW,
            updated_at: NOW,
            disabled_at: None,
        }
    }

    pub(crate) fn api_key_id(&self) -> ApiKeyId {
        self.id(ApiKeyId::random)
    }

    /// Cancels the session, which makes one event.
    pub(crate) async fn cancel(&self, session: &SessionId, now: Timestamp) {
        let cancelled = self.store.session(session, now, move |session| {
            Ok::<_, std::convert::Infallible>(session.cancel(now))
        });
        cancelled.await.unwrap().unwrap();
    }

    /// Writes the fact in a unit that changes nothing else.
    pub(crate) async fn tell(&self, session: &SessionId, fact: Fact) {
        let told = self.store.session(session, NOW, move |session| {
            let event = Event { session: session.id.clone(), fact: fact.clone() };
            Ok::<_, std::convert::Infallible>(Transition {
                session,
                events: vec![event],
                value: (),
            })
        });
        told.await.unwrap().unwrap();
    }
}
