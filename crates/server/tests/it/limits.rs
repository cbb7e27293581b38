//! Each limit, attacked; and honest use, which meets none (docs/LIMITS.md; SECURITY rows 17, 19).

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use server::app::Options;
use testkit::{Closed, Handoff, Heard, PhoneSocket, RelyingParty, TestServer, ack, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

const SECOND: Duration = Duration::from_secs(1);

/// A server behind a proxy on this machine, so that a test can be any client.
pub(crate) fn behind_proxy(options: &mut Options) {
    options.edge.proxies.trusted = vec!["127.0.0.0/8".parse().unwrap()];
}

async fn started() -> (TestServer, RelyingParty) {
    let server = TestServer::start_with(behind_proxy).await;
    let rp = server.relying_party().await;
    (server, rp)
}

/// A request of a client without credentials.
pub(crate) async fn from(rp: &RelyingParty, client: &str, method: Method, path: &str) -> Response {
    rp.public(method, path).header("x-forwarded-for", client).send().await.unwrap()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap_or_else(|| panic!("no {name} in {headers:?}")).to_str().unwrap()
}

/// Asks until it is refused; how often it was not, and how long to wait.
async fn exhaust(ask: impl AsyncFn() -> Response) -> (u32, Duration) {
    for passed in 0..10_000 {
        let response = ask().await;
        if response.status() == 429 {
            let wait = header(response.headers(), "retry-after").parse().unwrap();
            assert!(header(response.headers(), "ratelimit").contains(";r=0;"));
            let body: Value = response.json().await.unwrap();
            assert_eq!(body["error"]["code"], "RATE_LIMITED", "{body}");
            return (passed, Duration::from_secs(wait));
        }
    }
    panic!("never refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_refuses_a_flood_says_how_long_and_spares_everyone_else() {
    let (server, rp) = started().await;
    let (session, other) = (rp.session(&[]).await.id, rp.session(&[]).await.id);
    let of = |session: &str, action: &str| format!("/v1/verify/session/{session}{action}");
    for (number, (method, path, same_for_other, quota)) in [
        (Method::GET, of(&session, "/status"), of(&other, "/status"), 120),
        (Method::POST, of(&session, "/handoff"), of(&other, "/handoff"), 60),
        (Method::GET, of(&session, "/details"), of(&other, "/details"), 120),
        (Method::GET, format!("/{session}"), format!("/{other}"), 120),
        (Method::POST, of(&session, "/cancel"), of(&other, "/cancel"), 20),
        (Method::GET, of(&session, ""), of(&other, ""), 60),
    ]
    .into_iter()
    .enumerate()
    {
        let (client, stranger) = (format!("192.0.2.{number}"), format!("198.51.100.{number}"));
        let (passed, wait) =
            exhaust(async || from(&rp, &client, method.clone(), &path).await).await;
        assert_eq!(passed, quota, "{path}");
        let elsewhere = from(&rp, &stranger, method.clone(), &path).await;
        assert_ne!(elsewhere.status(), 429, "another address is not concerned: {path}");
        let neighbour = from(&rp, &client, method.clone(), &same_for_other).await;
        assert_ne!(neighbour.status(), 429, "nor is another session: {path}");
        assert!(wait <= 4 * SECOND, "{path}: {wait:?}");
        server.clock.advance(wait);
        let again = from(&rp, &client, method.clone(), &path).await;
        assert_ne!(again.status(), 429, "who waits as told is served: {path}");
    }
}

/// A path has many spellings, and the router decodes them all.
#[tokio::test(flavor = "multi_thread")]
async fn another_spelling_of_a_session_has_no_limit_of_its_own() {
    let (_server, rp) = started().await;
    let session = rp.session(&[]).await.id;
    let spellings = [
        session.clone(),
        session.replacen("vs_", "%76s_", 1),
        session.replacen("vs_", "%76%73_", 1),
        session.replacen("vs_", "v%73%5f", 1),
    ];
    for (number, (method, before, after, served, quota)) in [
        // Nobody has agreed yet.
        (Method::POST, "/", "/handoff", 409, 60),
        (Method::GET, "/", "/live", 200, 120),
        (Method::GET, "/", "", 200, 120),
        (Method::GET, "/open/", "", 200, 120),
        (Method::POST, "/v1/verify/session/", "/handoff", 200, 60),
        (Method::GET, "/v1/verify/session/", "/status", 200, 120),
    ]
    .into_iter()
    .enumerate()
    {
        let client = format!("192.0.2.{number}");
        let turn = std::cell::Cell::new(0);
        let (passed, _) = exhaust(async || {
            let spelling = &spellings[turn.get() % spellings.len()];
            turn.set(turn.get() + 1);
            let path = format!("{before}{spelling}{after}");
            let response = from(&rp, &client, method.clone(), &path).await;
            assert!([served, 429].contains(&response.status().as_u16()), "{path}: {response:?}");
            response
        })
        .await;
        assert_eq!(passed, quota, "{before}…{after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_limited_routes_say_what_is_left() {
    let (_server, rp) = started().await;
    let path = format!("/v1/verify/session/{}/status", rp.session(&[]).await.id);
    let first = from(&rp, "192.0.2.1", Method::GET, &path).await;
    assert_eq!(header(first.headers(), "ratelimit"), "\"status\";r=119;t=1");
    assert_eq!(header(first.headers(), "ratelimit-policy"), "\"status\";q=120;w=12");
    assert!(!first.headers().contains_key("retry-after"));
    let second = from(&rp, "192.0.2.1", Method::GET, &path).await;
    assert_eq!(header(second.headers(), "ratelimit"), "\"status\";r=118;t=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_flood_many_sessions() {
    let (_server, rp) = started().await;
    let mut sessions = Vec::new();
    for _ in 0..60 {
        sessions.push(rp.session(&[]).await.id);
    }
    let turn = std::cell::Cell::new(0);
    let (passed, _) = exhaust(async || {
        turn.set(turn.get() + 1);
        let session = &sessions[turn.get() % sessions.len()];
        let path = format!("/v1/verify/session/{session}/handoff");
        from(&rp, "192.0.2.1", Method::POST, &path).await
    })
    .await;
    assert_eq!(passed, 600);
    // Ids that are none are counted as one session.
    let turn = std::cell::Cell::new(0);
    let (passed, _) = exhaust(async || {
        turn.set(turn.get() + 1);
        let path = format!("/v1/verify/session/vs_{}/status", turn.get());
        from(&rp, "192.0.2.2", Method::GET, &path).await
    })
    .await;
    assert_eq!(passed, 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ipv6_client_is_limited_by_its_64() {
    let (_server, rp) = started().await;
    let path = format!("/v1/verify/session/{}/handoff", rp.session(&[]).await.id);
    let turn = std::cell::Cell::new(0);
    let (passed, _) = exhaust(async || {
        turn.set(turn.get() + 1);
        from(&rp, &format!("2001:db8:1:2::{:x}", turn.get()), Method::POST, &path).await
    })
    .await;
    assert_eq!(passed, 60);
    assert_eq!(from(&rp, "2001:db8:1:3::1", Method::POST, &path).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_trusted_proxy_nobody_says_who_they_are() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let path = format!("/v1/verify/session/{}/handoff", rp.session(&[]).await.id);
    let turn = std::cell::Cell::new(0);
    let (passed, _) = exhaust(async || {
        turn.set(turn.get() + 1);
        let client = format!("192.0.2.{}", turn.get());
        rp.public(Method::POST, &path)
            .header("x-forwarded-for", &client)
            .header("forwarded", format!("for={client}"))
            .send()
            .await
            .unwrap()
    })
    .await;
    assert_eq!(passed, 60, "a new address each time gained nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_keys_is_limited_and_a_right_key_stays_right() {
    let (server, rp) = started().await;
    let turn = std::cell::Cell::new(0);
    let guess = async || {
        turn.set(turn.get() + 1);
        rp.public(Method::GET, "/v1/sessions")
            .bearer_auth(format!("kk_{}", turn.get()))
            .header("x-forwarded-for", "192.0.2.1")
            .send()
            .await
            .unwrap()
    };
    let (passed, wait) = exhaust(guess).await;
    assert_eq!(passed, 60);
    let right = rp.request(Method::GET, "/v1/sessions").header("x-forwarded-for", "192.0.2.1");
    assert_eq!(right.send().await.unwrap().status(), 200, "from the very address of the guesser");
    server.clock.advance(wait);
    assert_eq!(guess().await.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_one_rate_in_all_its_spellings() {
    let (_server, rp) = started().await;
    let left = async |spaces: usize| {
        let key = format!("Bearer {}{}{}", " ".repeat(spaces), rp.key, " ".repeat(spaces % 3));
        let request = rp.public(Method::GET, "/v1/sessions").header("authorization", key);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        header(response.headers(), "ratelimit").to_owned()
    };
    for spaces in 0..4 {
        let expected = format!("\"api\";r={};t=1", 4999 - spaces);
        assert_eq!(left(spaces).await, expected, "{spaces}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_creates_sessions_at_its_rate_over_all_nodes() {
    let (server, rp) = started().await;
    let other = server.relying_party().await;
    let rate = store::Rate { quota: 6000, window: Duration::from_secs(30) };
    // What other nodes have drawn.
    let drawn = server
        .store()
        .draw_allowance("sessions", rp.organization.as_str(), rate, 5990, server_now(&server))
        .await
        .unwrap();
    assert_eq!(drawn.granted, 5990);
    let create = async |rp: &RelyingParty| {
        rp.request(Method::POST, "/v1/sessions").json(&json!({})).send().await.unwrap()
    };
    for left in (0..10).rev() {
        let created = create(&rp).await;
        assert_eq!(created.status(), 201);
        let headers = created.headers();
        assert!(
            header(headers, "ratelimit").starts_with(&format!("\"sessions\";r={left};")),
            "{headers:?}"
        );
        assert_eq!(header(headers, "ratelimit-policy"), "\"sessions\";q=6000;w=30");
    }
    let refused = create(&rp).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(header(refused.headers(), "retry-after"), "1");
    assert_eq!(create(&other).await.status(), 201, "another organization is not concerned");
    server.clock.advance(SECOND);
    assert_eq!(create(&rp).await.status(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_refuses_no_organization_for_long() {
    let (server, rp) = started().await;
    let rate = store::Rate { quota: 6000, window: Duration::from_secs(30) };
    let draw = server.store().draw_allowance(
        "sessions",
        rp.organization.as_str(),
        rate,
        6000,
        server_now(&server),
    );
    assert_eq!(draw.await.unwrap().granted, 6000);
    let create = async || {
        let request = rp.request(Method::POST, "/v1/sessions").json(&json!({}));
        request.send().await.unwrap().status()
    };
    assert_eq!(create().await, 429);
    server.clock.set_back(Duration::from_secs(3600));
    assert_eq!(create().await, 429, "the quota is spent by this time too");
    server.clock.advance(SECOND);
    assert_eq!(create().await, 201, "and comes back from there");
}

fn server_now(server: &TestServer) -> domain::time::Timestamp {
    server::clock::Clock::now(&server.clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_use_meets_no_limit() {
    let (server, rp) = started().await;
    // A business that creates a hundred sessions a second…
    let mut sessions = Vec::new();
    for number in 0..300 {
        let created = rp
            .request(Method::POST, "/v1/sessions")
            .header("x-forwarded-for", "203.0.113.1")
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(created.status(), 201, "session {number}");
        if number < 30 {
            let body: Value = created.json().await.unwrap();
            sessions.push(body["data"]["id"].as_str().unwrap().to_owned());
        }
        if number % 100 == 99 {
            server.clock.advance(SECOND);
        }
    }
    // …and thirty people behind one address, each with four tabs, for half a minute.
    for round in 0..15 {
        for session in &sessions {
            for tab in 0..4 {
                let path = format!("/v1/verify/session/{session}/status");
                let status = from(&rp, "192.0.2.1", Method::GET, &path).await.status();
                assert_eq!(status, 200, "round {round}, tab {tab}");
            }
        }
        server.clock.advance(2 * SECOND);
    }
    for session in &sessions {
        for path in [format!("/{session}/handoff"), format!("/v1/verify/session/{session}/handoff")]
        {
            let status = from(&rp, "192.0.2.1", Method::POST, &path).await.status();
            assert_ne!(status, 429, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_can_be_stretched_and_switched_off() {
    use server::limits::RateLimits;
    for (rate_limits, refused_at) in
        [(RateLimits::Off, None), (RateLimits::Times(2.try_into().unwrap()), Some(120))]
    {
        let server = TestServer::start_with(|options| options.edge.rate_limits = rate_limits).await;
        let rp = server.relying_party().await;
        let path = format!("/v1/verify/session/{}/handoff", rp.session(&[]).await.id);
        let mut passed = None;
        for number in 0..130 {
            let response = rp.public(Method::POST, &path).send().await.unwrap();
            if rate_limits == RateLimits::Off {
                assert!(!response.headers().contains_key("ratelimit"));
            }
            if response.status() == 429 {
                passed = Some(number);
                break;
            }
        }
        assert_eq!(passed, refused_at);
    }
}

async fn session_and_handoff(rp: &RelyingParty) -> (String, Handoff) {
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    (session.id, handoff)
}

async fn connect(server: &TestServer, session: &str, client: &str) -> PhoneSocket {
    PhoneSocket::connect_through_proxy(server, session, client).await.unwrap()
}

async fn expect_refusal(socket: &mut PhoneSocket, code: &str) {
    assert_eq!(socket.hear().await.error_code(), code);
    assert_eq!(socket.hear().await, Heard::Closed(Closed { code: 1008, reason: code.to_owned() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_hellos_are_limited_and_never_lock_out_the_phone_that_has_the_token() {
    let (server, rp) = started().await;
    let (session, handoff) = session_and_handoff(&rp).await;
    let wrong = Handoff { token: "f".repeat(64), ..handoff.clone() };
    let fails = async |client: &str| {
        let mut socket = connect(&server, &session, client).await;
        socket.say_hello(&wrong, "stranger").await;
        socket.hear().await.error_code().to_owned()
    };
    for _ in 0..10 {
        assert_eq!(fails("192.0.2.1").await, "HANDOFF_TOKEN_INVALID");
    }
    assert_eq!(fails("192.0.2.1").await, "RATE_LIMITED");
    assert_eq!(fails("192.0.2.2").await, "HANDOFF_TOKEN_INVALID", "another address begins anew");
    let mut phone = connect(&server, &session, "192.0.2.1").await;
    phone.claim(&handoff, "phone").await;
    assert_eq!(phone.phase("mobile_connected").await, ack("phase_ok"));
    server.clock.advance(10 * SECOND);
    assert_eq!(fails("192.0.2.1").await, "HANDOFF_TOKEN_INVALID", "it recovers");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_take_all_places_of_a_session() {
    let (server, rp) = started().await;
    let (session, handoff) = session_and_handoff(&rp).await;
    let mut open = Vec::new();
    let refused = loop {
        match PhoneSocket::connect_through_proxy(&server, &session, "192.0.2.1").await {
            Ok(mut socket) => {
                assert_eq!(socket.phase("ping").await.error_code(), "HELLO_REQUIRED");
                open.push(socket);
            }
            Err(status) => break status,
        }
        assert!(open.len() <= 32, "no limit");
    };
    assert_eq!((open.len(), refused), (32, 429));
    let upgrade = rp
        .public(Method::GET, &format!("/v1/verify/session/{session}"))
        .header("x-forwarded-for", "192.0.2.1")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let upgrade = upgrade.send().await.unwrap();
    assert_eq!((upgrade.status().as_u16(), header(upgrade.headers(), "retry-after")), (429, "5"));
    connect(&server, &session, "192.0.2.2").await.claim(&handoff, "phone").await;
    // A place is free again as soon as its socket is closed.
    server.clock.advance(5 * SECOND);
    for mut socket in open {
        expect_refusal(&mut socket, "HELLO_REQUIRED").await;
    }
    within(20 * SECOND, "a free place", async {
        while PhoneSocket::connect_through_proxy(&server, &session, "192.0.2.1").await.is_err() {
            tokio::task::yield_now().await;
            server.clock.advance(SECOND);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_talks_without_hello_or_sense_is_closed() {
    let (server, rp) = started().await;
    let (session, handoff) = session_and_handoff(&rp).await;
    let mut socket = connect(&server, &session, "192.0.2.1").await;
    for _ in 0..16 {
        assert_eq!(socket.phase("ping").await.error_code(), "HELLO_REQUIRED");
    }
    socket.send_raw(Message::Binary(vec![0; 8].into())).await;
    expect_refusal(&mut socket, "RATE_LIMITED").await;

    let mut phone = connect(&server, &session, "192.0.2.1").await;
    phone.claim(&handoff, "phone").await;
    for _ in 0..64 {
        phone.send_raw(Message::Binary(vec![1, 2, 3].into())).await;
        assert_eq!(phone.hear().await.error_code(), "DECODE_FAILED");
    }
    phone.send_raw(Message::Text("hello".into())).await;
    expect_refusal(&mut phone, "RATE_LIMITED").await;
    connect(&server, &session, "192.0.2.1").await.claim(&handoff, "phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_messages_is_read_at_its_pace_and_still_hears_a_cancel() {
    let (server, rp) = started().await;
    let (session, handoff) = session_and_handoff(&rp).await;
    let mut phone = connect(&server, &session, "192.0.2.1").await;
    phone.claim(&handoff, "phone").await;
    let ping = protocol::ClientMessage::Phase {
        phase: "ping".to_owned(),
        error: String::new(),
        progress: 0,
    };
    for _ in 0..2300 {
        phone.send(&ping).await;
    }
    // 2048 at once and the one that goes over; the hello was one of them.
    for _ in 0..2048 {
        assert_eq!(phone.hear().await, ack("phase_ok"));
    }
    server.clock.advance(Duration::from_millis(500));
    for _ in 0..50 {
        assert_eq!(phone.hear().await, ack("phase_ok"), "later it goes on");
    }
    let cancelled = rp.post(&format!("/v1/sessions/{session}/cancel"), json!({})).await;
    assert_eq!(cancelled.0, 204);
    let mut answered = 0;
    loop {
        match phone.hear().await {
            heard if heard == ack("phase_ok") => answered += 1,
            heard => {
                assert_eq!(heard.error_code(), "SESSION_CANCELLED");
                break;
            }
        }
    }
    assert!(answered < 150, "most of the flood was never read: {answered}");
}

/// Each hello that is granted is a commit, and an entry of the trail for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_cannot_say_hello_without_end() {
    let (server, rp) = started().await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
    for _ in 1..8 {
        phone.claim(&handoff, "phone").await;
    }
    let id = session.id.parse().unwrap();
    let fence = async || server.store().read_session(&id).await.unwrap().unwrap().fence;
    assert_eq!(fence().await, 8);
    phone.say_hello(&handoff, "phone").await;
    expect_refusal(&mut phone, "RATE_LIMITED").await;
    assert_eq!(fence().await, 8, "nothing was written");
    PhoneSocket::claimed(&server, &handoff, "phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_answers_pings_may_take_a_quarter_of_an_hour() {
    let (server, rp) = started().await;
    let (session, handoff) = session_and_handoff(&rp).await;
    let mut phone = connect(&server, &session, "192.0.2.1").await;
    phone.claim(&handoff, "phone").await;
    assert_eq!(phone.phase("mobile_connected").await, ack("phase_ok"));
    for _ in 0..36 {
        server.clock.advance(25 * SECOND);
        phone.answer_ping().await;
        // The pong is read before the clock moves on.
        assert_eq!(phone.ask(&unknown_phase()).await, ack("phase_ok"));
    }
    assert_eq!(phone.phase("mrz_scanning").await, ack("phase_ok"));
}

fn unknown_phase() -> protocol::ClientMessage {
    protocol::ClientMessage::Phase { phase: "ping".to_owned(), error: String::new(), progress: 0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_gone_loses_its_socket_and_can_come_back() {
    let (server, rp) = started().await;
    let (session, handoff) = session_and_handoff(&rp).await;
    let mut phone = connect(&server, &session, "192.0.2.1").await;
    phone.claim(&handoff, "phone").await;
    // The ping is sent when the server says so, not when it is read: wait for it unanswered.
    server.clock.advance(25 * SECOND);
    phone.ignore_ping().await;
    server.clock.advance(20 * SECOND);
    expect_refusal(&mut phone, "PONG_MISSING").await;
    connect(&server, &session, "192.0.2.1").await.claim(&handoff, "phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_says_nothing_of_its_own_is_closed_after_twenty_minutes() {
    let (server, rp) = started().await;
    let (session, handoff) = session_and_handoff(&rp).await;
    let mut phone = connect(&server, &session, "192.0.2.1").await;
    phone.claim(&handoff, "phone").await;
    server.clock.advance(Duration::from_secs(20 * 60));
    expect_refusal(&mut phone, "CONNECTION_IDLE").await;
    connect(&server, &session, "192.0.2.1").await.claim(&handoff, "phone").await;
}

/// Moves the clock until the server has closed a connection; what came before that.
async fn read_to_end(server: &TestServer, stream: &mut TcpStream, dribble: &[u8]) -> Vec<u8> {
    let mut heard = Vec::new();
    within(20 * SECOND, "the end of a connection", async {
        loop {
            let mut buffer = [0; 4096];
            let _ = stream.write_all(dribble).await;
            tokio::select! {
                biased;
                read = stream.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => return,
                    Ok(read) => heard.extend_from_slice(&buffer[..read]),
                },
                () = tokio::task::yield_now() => server.clock.advance(SECOND),
            }
        }
    })
    .await;
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_idle_connections_are_closed() {
    let (server, rp) = started().await;
    let status = format!("/v1/verify/session/{}/status", rp.session(&[]).await.id);
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    let heard = read_to_end(&server, &mut slow, b"a").await;
    assert!(heard.is_empty(), "nothing is answered, and every second another byte gains nothing");

    let mut kept = TcpStream::connect(server.address()).await.unwrap();
    for _ in 0..2 {
        let request = format!("GET {status} HTTP/1.1\r\nHost: x\r\n\r\n");
        kept.write_all(request.as_bytes()).await.unwrap();
        let mut buffer = [0; 4096];
        let read = within(20 * SECOND, "an answer", kept.read(&mut buffer)).await.unwrap();
        assert!(buffer[..read].starts_with(b"HTTP/1.1 200"), "a kept connection serves on");
        server.clock.advance(60 * SECOND);
    }
    assert!(read_to_end(&server, &mut kept, b"").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_heads_are_refused() {
    let (_server, rp) = started().await;
    let large =
        |size: usize| rp.public(Method::GET, "/").header("x-large", "x".repeat(size)).send();
    assert_eq!(large(15 * 1024).await.unwrap().status(), 200);
    let refused = large(17 * 1024).await.unwrap();
    assert_eq!(refused.status(), 431);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], "HEADERS_TOO_LARGE");
    // Above the buffer the library answers, without a body.
    if let Ok(refused) = large(40 * 1024).await {
        assert_eq!(refused.status(), 431);
    }
}
