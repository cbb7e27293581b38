//! The server that is loaded, and what relying parties, pages and phones ask of it.

use hyper::Method;
use hyper::body::Bytes;
use protocol::SecretText;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::{Http, LoadError, PhoneSocket, Report, Sources, Stopwatch, Target, drive};

/// What sessions ask for.
const SESSION: &str = r#"{"share_fields":{"family_name":{"required":true,"reason":"To open your account"},"age_over_18":{"required":true,"reason":"Accounts are for adults"}}}"#;

/// A server, with the key of an organization that may create sessions.
#[derive(Debug)]
pub struct Site {
    target: Target,
    sources: Sources,
    key: SecretText,
}

/// What a phone scans.
#[derive(Clone, Debug, Deserialize)]
pub struct Ticket {
    /// `vs_…`
    #[serde(rename = "session_id")]
    pub session: String,
    /// `va_…`
    #[serde(rename = "attempt_id")]
    pub attempt: String,
    /// The token.
    #[serde(rename = "mobile_write_token", deserialize_with = "secret")]
    pub token: SecretText,
    /// When the token stops working.
    pub expires_at: String,
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct Created {
    id: String,
}

impl Site {
    /// A server and an API key.
    pub fn new(target: Target, key: SecretText) -> Self {
        Self { target, sources: Sources::default(), key }
    }

    /// Connections that are kept open, one for each client.
    ///
    /// # Errors
    /// When the server does not take them.
    pub async fn clients(&self, count: usize) -> Result<Vec<Http>, LoadError> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(Http::connect(&self.target, &self.sources).await?);
        }
        Ok(clients)
    }

    /// Creates a session; its id.
    ///
    /// # Errors
    /// When the server does not.
    pub async fn create(&self, client: &mut Http) -> Result<String, LoadError> {
        let (key, body) = (Some(self.key.expose()), Bytes::from_static(SESSION.as_bytes()));
        let answer = client.send(Method::POST, "/v1/sessions", key, body).await?;
        read::<Created>(&answer).map(|created| created.id)
    }

    /// Mints a handoff of a session.
    ///
    /// # Errors
    /// When the server does not.
    pub async fn mint(&self, client: &mut Http, session: &str) -> Result<Ticket, LoadError> {
        let path = format!("/v1/verify/session/{session}/handoff");
        read(&client.send(Method::POST, &path, None, Bytes::new()).await?)
    }

    /// Asks for the status of a session.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn status(&self, client: &mut Http, session: &str) -> Result<Bytes, LoadError> {
        let path = format!("/v1/verify/session/{session}/status");
        client.send(Method::GET, &path, None, Bytes::new()).await
    }

    /// Opens a session's socket.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn open(&self, session: &str) -> Result<PhoneSocket, LoadError> {
        let path = format!("/v1/verify/session/{session}");
        PhoneSocket::connect(&self.target, &self.sources, &path).await
    }

    /// Opens a session's socket and says hello.
    ///
    /// # Errors
    /// When the server refuses either.
    pub async fn claim(&self, ticket: &Ticket, device: &str) -> Result<PhoneSocket, LoadError> {
        let mut socket = self.open(&ticket.session).await?;
        socket.hello(ticket, device).await?;
        Ok(socket)
    }

    /// Creates `count` sessions; fewer if it is stopped or some fail.
    pub async fn sessions(
        &self,
        clients: &mut [Http],
        count: u64,
        stop: &CancellationToken,
    ) -> (Vec<String>, Report) {
        let made = std::cell::RefCell::new(Vec::new());
        let report = drive(clients, count, stop, async |client: &mut Http, _| {
            let watch = Stopwatch::start();
            let id = self.create(client).await?;
            made.borrow_mut().push(id);
            Ok(watch.elapsed())
        })
        .await;
        (made.into_inner(), report)
    }

    /// Mints a handoff for each of the sessions.
    pub async fn tickets(
        &self,
        clients: &mut [Http],
        sessions: &[String],
        stop: &CancellationToken,
    ) -> (Vec<Ticket>, Report) {
        let made = std::cell::RefCell::new(Vec::new());
        let count = u64::try_from(sessions.len()).unwrap_or(u64::MAX);
        let report = drive(clients, count, stop, async |client: &mut Http, number| {
            let session = at(sessions, number)?;
            let watch = Stopwatch::start();
            let ticket = self.mint(client, session).await?;
            let took = watch.elapsed();
            made.borrow_mut().push(ticket);
            Ok(took)
        })
        .await;
        (made.into_inner(), report)
    }

    /// Asks for the status `count` times, of one session after the other.
    pub async fn statuses(
        &self,
        clients: &mut [Http],
        sessions: &[String],
        count: u64,
        stop: &CancellationToken,
    ) -> Report {
        drive(clients, count, stop, async |client: &mut Http, number| {
            let session = at(sessions, number)?;
            let watch = Stopwatch::start();
            self.status(client, session).await?;
            Ok(watch.elapsed())
        })
        .await
    }

    /// Connects, says hello, hears acknowledgement and challenge, and closes, with each ticket.
    pub async fn hellos(
        &self,
        phones: usize,
        tickets: &[Ticket],
        stop: &CancellationToken,
    ) -> Report {
        let count = u64::try_from(tickets.len()).unwrap_or(u64::MAX);
        drive(&mut vec![(); phones], count, stop, async |(): &mut (), number| {
            let ticket = at(tickets, number)?;
            let watch = Stopwatch::start();
            let socket = self.claim(ticket, &device(number)).await?;
            let took = watch.elapsed();
            socket.close().await?;
            Ok(took)
        })
        .await
    }

    /// Opens a socket with each ticket and leaves them open, answering nothing but pings once
    /// they are in the hands of [`Site::idle`].
    pub async fn hold(
        &self,
        phones: usize,
        tickets: &[Ticket],
        stop: &CancellationToken,
    ) -> (Vec<PhoneSocket>, Report) {
        let held = std::cell::RefCell::new(Vec::new());
        let count = u64::try_from(tickets.len()).unwrap_or(u64::MAX);
        let report = drive(&mut vec![(); phones], count, stop, async |(): &mut (), number| {
            let watch = Stopwatch::start();
            let socket = self.claim(at(tickets, number)?, &device(number)).await?;
            held.borrow_mut().push(socket);
            Ok(watch.elapsed())
        })
        .await;
        (held.into_inner(), report)
    }

    /// From the hello of a phone to the event by which its page hears of it, with `clients` pages
    /// at a time. They may be at another server of the same database.
    pub async fn wake_ups(
        &self,
        pages: &Self,
        clients: usize,
        tickets: &[Ticket],
        stop: &CancellationToken,
    ) -> Report {
        let count = u64::try_from(tickets.len()).unwrap_or(u64::MAX);
        drive(&mut vec![(); clients], count, stop, async |(): &mut (), number| {
            let (ticket, device) = (at(tickets, number)?, device(number));
            let page = Http::connect(&pages.target, &pages.sources).await?;
            let mut news = page.follow(&format!("/{}/events", ticket.session)).await?;
            // Where the session stands.
            news.next().await?;
            let mut phone = self.open(&ticket.session).await?;
            let watch = Stopwatch::start();
            let heard = async { news.next().await.map(|()| watch.elapsed()) };
            // A phone that is refused makes no news.
            let (heard, _) = tokio::try_join!(heard, phone.hello(ticket, &device))?;
            Ok(heard)
        })
        .await
    }
}

/// The item of an operation; they are used again from the start.
fn at<T>(items: &[T], number: u64) -> Result<&T, LoadError> {
    let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
    number
        .checked_rem(count)
        .and_then(|place| items.get(usize::try_from(place).ok()?))
        .ok_or(LoadError::Unexpected("nothing to work on"))
}

/// The id of the phone that does an operation.
fn device(number: u64) -> String {
    format!("load-{number}")
}

fn read<T: for<'de> Deserialize<'de>>(answer: &[u8]) -> Result<T, LoadError> {
    serde_json::from_slice::<Data<T>>(answer)
        .map(|answer| answer.data)
        .map_err(|_| LoadError::Unexpected("a body that is not as documented"))
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
    String::deserialize(deserializer).map(|text| text.as_str().into())
}
