//! What the page follows: `GET /{session}/events`, and the code that it draws (SECURITY rows 8, 15).

use std::convert::Infallible;
use std::time::Duration;

use domain::session::{Session, Transition};
use protocol::HandoffLink;
use reqwest::{Method, Response};
use serde_json::Value;
use server::clock::Clock as _;
use testkit::{PageBrowser, PhoneSocket, TestServer, ack, read_qr_drawing, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::limits::behind_proxy;

const SOON: Duration = Duration::from_secs(20);
const SECOND: Duration = Duration::from_secs(1);

/// A stream of events, as a browser reads it.
struct Events {
    response: Response,
    unread: String,
}

#[derive(Debug, PartialEq)]
enum Heard {
    Screen(Value),
    Heartbeat,
    End,
}

impl Events {
    async fn open(browser: &PageBrowser, session: &str) -> Self {
        let response = ask(browser, session).await;
        assert_eq!(response.status(), 200);
        Self { response, unread: String::new() }
    }

    async fn next(&mut self) -> Heard {
        within(SOON, "an event", self.read()).await
    }

    async fn read(&mut self) -> Heard {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let heard = Self::parse(block);
                self.unread = rest.to_owned();
                return heard;
            }
            match self.response.chunk().await.unwrap() {
                Some(bytes) => self.unread.push_str(std::str::from_utf8(&bytes).unwrap()),
                None => return Heard::End,
            }
        }
    }

    fn parse(block: &str) -> Heard {
        if block.trim_end() == ":" {
            return Heard::Heartbeat;
        }
        let field = |name: &str| {
            let mut values = block.lines().filter_map(|line| line.strip_prefix(name));
            let value = values.next().unwrap_or_else(|| panic!("no {name} in {block}")).trim();
            assert_eq!(values.next(), None);
            value.to_owned()
        };
        assert_eq!(field("event:"), "screen");
        assert_eq!(field("retry:"), "1000");
        let data: Value = serde_json::from_str(&field("data:")).unwrap();
        assert_eq!(data["revision"], *field("id:"));
        Heard::Screen(data)
    }

    async fn screen(&mut self) -> Value {
        match self.next().await {
            Heard::Screen(data) => data,
            other => panic!("{other:?}"),
        }
    }
}

async fn ask(browser: &PageBrowser, session: &str) -> Response {
    let path = format!("/{session}/events");
    browser.request(Method::GET, &path).send().await.unwrap()
}

/// Moves the clock by seconds, with a request after each so that everyone sees it, until something
/// happens.
async fn while_time_passes<T>(server: &TestServer, happens: impl Future<Output = T>) -> (T, u32) {
    let other = PageBrowser::new(server);
    let mut seconds = 0;
    let passing = async {
        loop {
            other.request(Method::GET, "/healthz").send().await.unwrap();
            server.clock.advance(SECOND);
            seconds += 1;
        }
    };
    let value = tokio::select! {
        value = happens => value,
        () = passing => unreachable!(),
    };
    (value, seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_comes_at_once_and_no_clock_has_to_move_for_it() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await.id;
    let (browser, handoff) = PageBrowser::opened(&server, &session).await;
    let response = ask(&browser, &session).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let mut events = Events { response, unread: String::new() };
    let first = events.screen().await;
    assert_eq!(
        (&first["status"], &first["claimed"], &first["match_code"]),
        (&"created".into(), &false.into(), &Value::Null)
    );
    let (_, polled) = browser.live(&session, None).await;
    assert_eq!(polled, first, "the poll says the same");

    // The clock stands still: nothing that waits for a time can bring this.
    let mut phone = PhoneSocket::connect(&server, &session).await;
    let context = phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    let claimed = events.screen().await;
    assert_eq!(claimed["claimed"], true);
    let shown = claimed["match_code"].as_str().unwrap().to_owned();
    assert!(context.choices.contains(&shown), "{shown}");

    let cancel = rp.request(Method::POST, &format!("/v1/sessions/{session}/cancel"));
    let (status, _) = rp.send(cancel).await;
    assert!(status.is_success());
    let last = events.screen().await;
    assert_eq!((&last["status"], &last["is_terminal"]), (&"cancelled".into(), &true.into()));
    assert_eq!(events.next().await, Heard::End, "nothing comes after the end");
    let mut again = Events::open(&browser, &session).await;
    assert_eq!(again.screen().await, last, "whoever comes later is told");
    assert_eq!(again.next().await, Heard::End);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_beats_and_ends_after_ten_minutes() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    let mut events = Events::open(&browser, &session).await;
    events.screen().await;
    let (heard, seconds) = while_time_passes(&server, events.next()).await;
    assert_eq!(heard, Heard::Heartbeat);
    assert!(seconds >= 15, "{seconds}");
    let rest = async {
        let mut beats = 1;
        while events.next().await == Heard::Heartbeat {
            beats += 1;
        }
        beats
    };
    let (beats, _) = while_time_passes(&server, rest).await;
    assert!((2..=41).contains(&beats), "{beats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_that_the_time_has_run_out() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    server.clock.advance(59 * 60 * SECOND);
    let mut events = Events::open(&browser, &session).await;
    events.screen().await;
    let expired = async {
        loop {
            match events.next().await {
                Heard::Heartbeat => {}
                other => return other,
            }
        }
    };
    let (heard, _) = while_time_passes(&server, expired).await;
    let Heard::Screen(last) = heard else { panic!("{heard:?}") };
    assert_eq!(last["status"], "expired");
    assert_eq!(events.next().await, Heard::End);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_streams() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    let mut events = Events::open(&browser, &session).await;
    events.screen().await;
    let (_, heard) =
        within(SOON, "the stop", async { tokio::join!(server.stop(), events.next()) }).await;
    assert_eq!(heard, Heard::End);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_browsers_follow_nothing_before_the_claim_and_see_no_number_after_it() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let (browser, handoff) = PageBrowser::opened(&server, &session.id).await;
    let mut stranger = PageBrowser::new(&server);
    let nobody = PageBrowser::new(&server);
    stranger.page(&rp.session(&[]).await.id).await;
    for other in [&stranger, &nobody] {
        let refused = ask(other, &session.id).await;
        assert_eq!(refused.status(), 403);
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["error"]["code"], "BROWSER_MISMATCH");
    }
    let mut own = Events::open(&browser, &session.id).await;
    let offered = own.screen().await;
    let mut phone = PhoneSocket::connect(&server, &session.id).await;
    phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    let claimed = own.screen().await;
    let number = claimed["match_code"].as_str().unwrap();
    for other in [&stranger, &nobody] {
        let seen = Events::open(other, &session.id).await.screen().await;
        assert_eq!(seen["claimed"], true);
        assert_eq!((&seen["match_code"], &seen["phone"]), (&Value::Null, &Value::Null));
        let html = seen["html"].as_str().unwrap_or_default();
        assert!(!html.contains(&format!(">{number}<")), "{html}");
    }
    for said in [offered, claimed] {
        let text = said.to_string();
        assert!(!text.contains(&handoff.token) && !text.contains(&session.cancel_token), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_for_a_browser_that_the_session_is_no_longer_open_to() {
    let server = TestServer::start().await;
    let session = server.relying_party().await.session(&[]).await.id;
    let early = PageBrowser::new(&server);
    let mut events = Events::open(&early, &session).await;
    assert_eq!(events.screen().await["status"], "created");
    PageBrowser::opened(&server, &session).await;
    assert_eq!(events.next().await, Heard::End);
    assert_eq!(ask(&early, &session).await.status(), 403, "and there is no next one");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_delays_nobody_and_is_told_the_end() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await.id;
    let (browser, handoff) = PageBrowser::opened(&server, &session).await;
    let mut sleepers = Vec::new();
    for _ in 0..15 {
        sleepers.push(sleeper(&server, &browser, &session).await);
    }
    let mut events = Events::open(&browser, &session).await;
    events.screen().await;
    assert_eq!(ask(&browser, &session).await.status(), 429, "the places are taken");
    // The clock stands still: nobody waits for a time.
    let mut phone = PhoneSocket::connect(&server, &session).await;
    phone.welcome(handoff.confirming_hello("phone", "cross_device"), None).await;
    let code = events.screen().await["match_code"].as_str().unwrap().to_owned();
    assert_eq!(phone.choose(&code).await, ack("match_ok"));
    assert_eq!(events.screen().await["screen"], "connected");
    rp.send(rp.request(Method::POST, &format!("/v1/sessions/{session}/cancel"))).await;
    assert_eq!(events.screen().await["status"], "cancelled");

    let mut sleeper = sleepers.remove(0);
    let mut heard = String::new();
    let waking = sleeper.read_to_string(&mut heard);
    drop(sleepers);
    // It is closed once there is no next request.
    let (whole, _) = while_time_passes(&server, waking).await;
    whole.unwrap();
    assert!(heard.contains(r#""status":"cancelled""#), "{heard}");
    let told = heard.matches("event: screen").count();
    assert!((1..=4).contains(&told), "{told} events");
}

/// A stream that nobody reads.
async fn sleeper(server: &TestServer, browser: &PageBrowser, session: &str) -> TcpStream {
    let cookie = browser.cookie.as_deref().unwrap();
    let request = format!("GET /{session}/events HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n");
    let socket = TcpSocket::new_v4().unwrap();
    // Less than one event.
    socket.set_recv_buffer_size(1024).unwrap();
    let mut stream = socket.connect(server.address().parse().unwrap()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    // It has its place.
    stream.readable().await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_piles_up_for_who_does_not_read() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await.id;
    let (browser, _) = PageBrowser::opened(&server, &session).await;
    let mut sleeper = sleeper(&server, &browser, &session).await;
    let mut events = Events::open(&browser, &session).await;
    let mut sent = events.screen().await.to_string().len();
    let id = session.parse().unwrap();
    while sent < 4 * 1024 * 1024 {
        let change = |mut session: Session| {
            session.expires_at = session.expires_at + Duration::from_millis(1);
            Ok::<_, Infallible>(Transition { session, events: Vec::new(), value: () })
        };
        let Ok(()) = server.store().session(&id, server.clock.now(), change).await.unwrap();
        sent += events.screen().await.to_string().len();
    }
    rp.send(rp.request(Method::POST, &format!("/v1/sessions/{session}/cancel"))).await;
    assert_eq!(events.screen().await["status"], "cancelled");

    let mut heard = String::new();
    let (whole, _) = while_time_passes(&server, sleeper.read_to_string(&mut heard)).await;
    whole.unwrap();
    assert!(heard.len() < 1024 * 1024, "{} bytes were kept of {sent}", heard.len());
    assert!(heard.contains(r#""status":"cancelled""#), "it is told the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_and_a_closed_one_makes_room() {
    let server = TestServer::start_with(behind_proxy).await;
    let rp = server.relying_party().await;
    let (session, other) = (rp.session(&[]).await.id, rp.session(&[]).await.id);
    let flooder = PageBrowser::through_proxy(&server, "192.0.2.1");
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(Events::open(&flooder, &session).await);
    }
    let refused = ask(&flooder, &session).await;
    assert_eq!(
        (refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()),
        (429, &b"5"[..])
    );
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], "TOO_MANY_CONNECTIONS");
    // The poll still answers, at once.
    let (_, first) = flooder.live(&session, None).await;
    let (_, again) =
        within(SOON, "an answer", flooder.live(&session, first["revision"].as_str())).await;
    assert_eq!(again, first);
    Events::open(&flooder, &other).await;
    let elsewhere = PageBrowser::through_proxy(&server, "198.51.100.1");
    Events::open(&elsewhere, &session).await.screen().await;

    open.pop();
    let room = async { while ask(&flooder, &session).await.status() == 429 {} };
    within(SOON, "room", room).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_session_has_no_stream() {
    let server = TestServer::start().await;
    let nobody = PageBrowser::new(&server);
    let missing = format!("vs_{}", "a".repeat(64));
    for (id, status, code) in
        [(missing.as_str(), 404, "SESSION_NOT_FOUND"), ("vs_x", 400, "INVALID_SESSION_ID")]
    {
        let response = ask(&nobody, id).await;
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"]["code"], code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drawn_code_is_small_and_says_the_link() {
    let server = TestServer::start_with(|options| {
        options.public_url = Some("https://verification.some-business.example".parse().unwrap());
    })
    .await;
    let session = server.relying_party().await.session(&[]).await.id;
    let (browser, handoff) = PageBrowser::opened(&server, &session).await;
    let (_, body) = browser.mint(&session).await;
    let (svg, link) = (body["qr"].as_str().unwrap(), body["link"].as_str().unwrap());
    assert_eq!(read_qr_drawing(svg), [link]);
    assert_eq!(HandoffLink::parse(link).unwrap().mobile_write_token().expose(), handoff.token);
    assert!(svg.len() <= 20_000, "{} bytes", svg.len());
    assert_eq!(svg.matches("<path").count(), 2, "the paper and the code");
    assert_eq!(body["expires_in_ms"], 300_000);
    server.clock.advance(10 * SECOND);
    assert_eq!(browser.mint(&session).await.1["expires_in_ms"], 290_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_files_are_kept_by_their_content() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await.id;
    let browser = PageBrowser::new(&server);
    let get = async |path: &str| browser.request(Method::GET, path).send().await.unwrap();
    let page = get(&format!("/{session}")).await.text().await.unwrap();
    let at = page.find("/assets/").unwrap();
    let version = page[at + 8..].split('/').next().unwrap();
    assert_eq!(version.len(), 12, "{page}");
    for name in ["page.css", "page.js", "live.js", "pairing.js", "ending.js", "open.js"] {
        let now = get(&format!("/assets/{version}/{name}")).await;
        assert_eq!(now.status(), 200);
        assert_eq!(now.headers()["cache-control"], "public, max-age=31536000, immutable");
        let body = now.text().await.unwrap();
        // A page of another version may be open: it gets what there is, and does not keep it.
        let other = get(&format!("/assets/0123456789ab/{name}")).await;
        assert_eq!(
            (other.status().as_u16(), &other.headers()["cache-control"]),
            (200, &"no-cache".parse().unwrap())
        );
        assert_eq!(other.text().await.unwrap(), body);
    }
    let scripts = ["page.js", "live.js", "pairing.js", "ending.js"];
    let mut bytes = 0;
    for name in scripts {
        assert!(
            page.contains(&format!("\"/assets/{version}/{name}\"")),
            "{name} is asked for at once"
        );
        bytes += get(&format!("/assets/{version}/{name}")).await.text().await.unwrap().len();
    }
    assert!(bytes <= 16 << 10, "{bytes}");
    assert_eq!(get(&format!("/assets/{version}/secret.js")).await.status(), 404);
}
