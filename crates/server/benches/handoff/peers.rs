//! What the server is compared with: the least that does the same visible work. Each runs as a
//! process of its own, under the same load.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use domain::audit::Actor;
use domain::browser::Visitor;
use domain::id::{AttemptId, OrganizationId, SessionId};
use domain::key::{KeyedHash, Keys};
use domain::organization::Organization;
use domain::policy::Policy;
use domain::session::{NewSession, Session};
use domain::share::ShareContract;
use serde_json::{Value, json};
use server::clock::{Clock, SystemClock};
use server::entropy::OsEntropy;
use store::{Location, OpenOptions, RecordedEvent, SealError, Sealer, Store, Unobserved};
use tokio::net::TcpListener;

/// Runs a peer until it is killed.
pub(crate) fn run(name: &str, argument: &str) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let router = match name {
            "bytes" => bytes(argument.to_owned()),
            "echo" => echo(),
            "commits" => commits(argument.into()).await,
            other => panic!("no peer is called {other}"),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        axum::serve(listener, router).await.unwrap();
    });
}

/// The bytes of a status, from nowhere.
fn bytes(body: String) -> Router {
    let body = Bytes::from(body);
    let answer = async move || ([(header::CONTENT_TYPE, "application/json")], body);
    Router::new().route("/v1/verify/session/{id}/status", get(answer))
}

/// A WebSocket that answers each frame with itself.
fn echo() -> Router {
    async fn serve(mut socket: WebSocket) {
        while let Some(Ok(message)) = socket.recv().await {
            if let Message::Binary(_) = message
                && socket.send(message).await.is_err()
            {
                return;
            }
        }
    }
    let open = async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(serve);
    Router::new().route("/v1/verify/session/{id}", any(open))
}

/// The store, one mint at a time: each has a commit of its own.
async fn commits(path: PathBuf) -> Router {
    let keys = Arc::new(Keys::derive(&[7; 32]));
    let store = Store::open(OpenOptions {
        location: Location::Sqlite(path),
        entropy: Box::new(OsEntropy),
        sealer: Arc::new(NoWebhooks),
        chain: keys.audit_chain(),
        notify: Arc::new(|_| ()),
        observer: Arc::new(Unobserved),
    })
    .await
    .unwrap();
    let organization = OrganizationId::random(&mut OsEntropy);
    store
        .create_organization(Organization {
            id: organization.clone(),
            name: "Bank".to_owned(),
            policy: Policy::default(),
            created_at: SystemClock.now(),
        })
        .await
        .unwrap();
    let peer = Peer { store, organization, keys, turn: Arc::new(tokio::sync::Mutex::new(())) };
    Router::new()
        .route("/v1/sessions", post(create))
        .route("/v1/verify/session/{id}/handoff", post(mint))
        .with_state(peer)
}

#[derive(Clone)]
struct Peer {
    store: Store,
    organization: OrganizationId,
    keys: Arc<Keys>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct NoWebhooks;

impl Sealer for NoWebhooks {
    fn seal(
        &self,
        _: &RecordedEvent,
        _: &domain::webhook::EncryptionKey,
    ) -> Result<String, SealError> {
        Err(SealError)
    }
}

async fn create(State(peer): State<Peer>) -> impl IntoResponse {
    let new = NewSession {
        id: SessionId::random(&mut OsEntropy),
        organization: peer.organization,
        contract: ShareContract::default(),
        policy: Policy::default(),
        redirect_url: None,
        cancel_token: KeyedHash([7; 32]),
    };
    let id = new.id.to_string();
    peer.store
        .create_session(Session::create(new, SystemClock.now()), Actor::Server)
        .await
        .unwrap();
    answer(&json!({ "id": id }))
}

async fn mint(State(peer): State<Peer>, Path(id): Path<String>) -> impl IntoResponse {
    let (session, now) = (id.parse::<SessionId>().unwrap(), SystemClock.now());
    let (fresh, keys) = (AttemptId::random(&mut OsEntropy), peer.keys);
    let _turn = peer.turn.lock().await;
    let unit = move |session: Session| session.mint(fresh.clone(), &keys, &Visitor::Unknown, now);
    let handoff = peer.store.session(&session, now, unit).await.unwrap().unwrap();
    answer(&json!({
        "session_id": id,
        "attempt_id": handoff.attempt.to_string(),
        "mobile_write_token": handoff.token.reveal(),
        "expires_at": "2026-01-01T00:00:00Z",
    }))
}

fn answer(data: &Value) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, "application/json")], json!({ "data": data }).to_string())
}
