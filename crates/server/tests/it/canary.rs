//! Nothing of a document, and no secret, is left anywhere: not in the database, not in a log, not
//! in a URL. A real process is watched while it verifies a document full of canaries.

use emrtd::sim::ChipDescription;
use protocol::{ClientMessage, ServerMessage};
use reqwest::Method;
use server::clock::{Clock, SystemClock};
use testkit::{
    ChipOnReader, Created, DeviceKey, Heard, PageBrowser, PhoneSocket, TestServer, Utopia,
    WebhookSink, simulated_passport, way_on,
};

use crate::process::Scene;

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_keeps_no_claim_no_chip_byte_and_no_secret() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let sink = WebhookSink::register(&rp).await;
    sink.answer(500);
    let passport = simulated_passport(&server).await;
    let fields =
        ["family_name", "given_names", "document_number", "date_of_birth", "document_photo"];
    let session = rp.session(&fields.map(|field| (field, true))).await;
    let handoff = rp.handoff(&session.id).await;
    let mut phone = PhoneSocket::claimed(&server, &handoff, "canary-device-id").await;
    phone.begin().await;
    phone.prove(&passport).await;
    let mut keys = fields.to_vec();
    keys.push("kayle_document_id");
    phone.share(&session.id, &keys).await;
    let delivery = sink.next().await;
    let event = sink.open(&delivery);

    drop(phone);
    let folder = server.stop().await;
    let mut database = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        database.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(holds(&database, session.id.as_bytes()), "the search finds what is there");
    let mut canaries: Vec<(&str, Vec<u8>)> = vec![
        ("handoff token", handoff.token.clone().into_bytes()),
        ("cancel token", session.cancel_token.clone().into_bytes()),
        ("device id", b"canary-device-id".to_vec()),
        ("API key", rp.key.clone().into_bytes()),
        ("signing secret", sink.secret.clone().into_bytes()),
        ("MRZ", passport.dg1[5..].to_vec()),
        ("portrait", passport.dg2[200..264].to_vec()),
        ("SOD", passport.sod[60..124].to_vec()),
    ];
    for (key, value) in event["data"]["claims"].as_object().unwrap() {
        canaries.push(("claim", value.as_str().expect(key).as_bytes().to_vec()));
    }
    for (name, canary) in canaries {
        assert!(!holds(&database, &canary), "the database holds the {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_person_was_is_forgotten_with_the_session() {
    const PLACE: &str = "Canaryville, XX";
    let server = TestServer::start_with(|options| {
        options.edge.proxies.trusted = vec!["127.0.0.0/8".parse().unwrap()];
        options.edge.proxies.place_header = Some("x-place".parse().unwrap());
    })
    .await;
    let rp = server.relying_party().await;
    let passport = simulated_passport(&server).await;
    let mut phones = Vec::new();
    for end in ["share", "wrong code", "not me", "third rejection", "cancel", "expiry"] {
        let session = rp.session(&[]).await;
        let mut browser = PageBrowser::new(&server);
        assert_eq!(browser.page(&session.id).await, 200);
        let agree = browser.request(Method::POST, &format!("/{}/consent", session.id));
        assert_eq!(agree.header("x-place", PLACE).send().await.unwrap().status(), 303);
        let mint = browser.request(Method::POST, &format!("/{}/handoff", session.id));
        let view: serde_json::Value =
            mint.header("x-place", PLACE).send().await.unwrap().json().await.unwrap();
        let link = protocol::HandoffLink::parse(view["link"].as_str().unwrap()).unwrap();
        let handoff = testkit::Handoff {
            session_id: link.session_id().to_owned(),
            attempt_id: link.attempt_id().to_owned(),
            token: link.mobile_write_token().expose().to_owned(),
            expires_at: String::new(),
        };
        let confirms = matches!(end, "wrong code" | "not me");
        let mut phone = PhoneSocket::connect(&server, &session.id).await;
        if confirms {
            let hello = handoff.confirming_hello("phone", "cross_device");
            assert_eq!(phone.welcome(hello, None).await.place, PLACE, "{end}");
        } else {
            phone.claim(&handoff, "phone").await;
        }
        let id = session.id.parse().unwrap();
        let stored = async || server.store().read_session(&id).await.unwrap().unwrap();
        let place = stored().await.browser.and_then(|browser| browser.place);
        assert_eq!(place.as_deref(), Some(PLACE), "the search looks in the right place");
        match end {
            "share" => {
                phone.begin().await;
                phone.prove(&passport).await;
                phone.share(&session.id, &["kayle_document_id"]).await;
                let path = format!("/v1/sessions/{}?include_attempts=true", session.id);
                let attempt = rp.get(&path).await.1["data"]["attempts"][0].clone();
                assert_eq!(attempt["assurance"]["browser_bound"], true, "what is reported stays");
            }
            "wrong code" => {
                assert_eq!(phone.choose("none").await.error_code(), "MATCH_CODE_WRONG");
            }
            "not me" => {
                phone.ask(&ClientMessage::NotMe).await;
            }
            "third rejection" => {
                for attempt in 1.. {
                    phone.begin().await;
                    phone.upload_passport(&passport.with_forged_dg1()).await;
                    phone.phase("nfc_complete").await.rejection();
                    if attempt == 3 {
                        break;
                    }
                    let handoff = rp.handoff(&session.id).await;
                    phone = PhoneSocket::claimed(&server, &handoff, "phone").await;
                }
            }
            "cancel" => {
                let path = format!("/v1/sessions/{}/cancel", session.id);
                assert!(rp.post(&path, serde_json::json!({})).await.0.is_success());
            }
            _ => {
                server.clock.advance(domain::session::SESSION_LIFETIME);
                // Whoever comes next finds it expired.
                assert_eq!(PageBrowser::new(&server).mint_at_api(&session.id).await.0, 409);
            }
        }
        let ended = stored().await;
        assert!(ended.is_terminal() && ended.browser.is_none(), "{end}");
        phones.push(phone);
    }
    drop(phones);
    let folder = server.stop().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert!(!holds(&std::fs::read(&path).unwrap(), PLACE.as_bytes()), "{}", path.display());
    }
}

/// Every way in which a log could show bytes.
fn spellings(bytes: &[u8]) -> [Vec<u8>; 4] {
    let hex = |upper: bool| {
        let digits = bytes.iter().map(|byte| match upper {
            true => format!("{byte:02X}"),
            false => format!("{byte:02x}"),
        });
        digits.collect::<String>().into_bytes()
    };
    let debug = format!("{bytes:?}").trim_matches(['[', ']']).as_bytes().to_vec();
    [bytes.to_vec(), hex(true), hex(false), debug]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_a_chip_was_asked_or_answered_is_kept_or_logged() {
    let mut scene = Scene::start("trace").await;
    let utopia = Utopia::founded(SystemClock.now());
    scene.trust(utopia.csca());
    let mut chip = ChipOnReader::read(&utopia.issue(&ChipDescription::passport()));
    let session = scene.rp.session(&[("family_name", true)]).await;
    let handoff = scene.rp.handoff(&session.id).await;
    let address = scene.url().trim_start_matches("http://");
    let mut phone = PhoneSocket::connect_to(address, &session.id).await;
    phone.claim(&handoff, "phone").await;
    phone.begin().await;
    phone.upload_chip(&chip).await;
    let challenge = phone.challenge();
    let signature = chip.sign(&challenge);
    phone.upload_signature(&challenge, &signature).await;
    let mut canaries = vec![signature[..16].to_vec()];
    let (mut commands, mut protected) = (phone.begin_chip_auth().await, false);
    while !commands.is_empty() {
        let answers = chip.relay(&commands, protected);
        for apdu in commands.iter().chain(&answers).filter(|apdu| apdu.len() >= 12) {
            canaries.push(apdu.as_slice()[apdu.len() - 12..].to_vec());
        }
        let Heard::Message(ServerMessage::ChipAuth { commands: next, protected: raw }) =
            phone.chip_auth(answers).await
        else {
            panic!("expected commands")
        };
        (commands, protected) = (next, raw);
    }
    assert!(canaries.len() >= 5, "MSE, GENERAL AUTHENTICATE, SELECT and its answer, a signature");
    assert_eq!(phone.phase("nfc_complete").await, testkit::ack("phase_ok"));
    phone.selfies().await;
    phone.share(&session.id, &["family_name", "kayle_document_id"]).await;
    let event = scene.sink.open(&scene.sink.next().await);
    assert_eq!(event["data"]["assurance"]["chip_proof"], "chip_authentication");

    let mut kept = scene.stop_and_read_log();
    assert!(holds(&kept, b"TRACE"), "the log is verbose");
    for entry in std::fs::read_dir(scene.data()).unwrap() {
        kept.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    for canary in canaries {
        for spelling in spellings(&canary) {
            assert!(!holds(&kept, &spelling), "an APDU was kept or logged");
        }
    }
}

/// The lines whose target is ours: the text format writes `TIME LEVEL spans target: …`.
fn log_of_our_crates(log: &[u8]) -> String {
    let ours = ["kayle::", "server::", "store::", "protocol::", "domain::", "emrtd::"];
    let log = String::from_utf8_lossy(log);
    let lines = log.lines().filter(|line| {
        line.split(": ").take(6).any(|part| {
            let target = part.rsplit(' ').next().unwrap_or_default();
            ours.iter().any(|name| target.starts_with(name))
        })
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_binds_a_session_is_kept_or_logged() {
    let mut scene = Scene::start("trace").await;
    let body = serde_json::json!({ "redirect_url": "https://bank.example/back" });
    let session = Created::of(scene.rp.post("/v1/sessions", body).await.1);
    let mut browser = PageBrowser::at(scene.url());
    assert_eq!(browser.page(&session.id).await, 200);
    // Of a consent its version, language and time are kept, and nothing of how it was sent.
    let agree = browser.request(Method::POST, &format!("/{}/consent", session.id));
    let agree = agree
        .header("accept-language", "canary-of-a-language,de")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("lang=de&canary=canary-of-a-consent");
    assert_eq!(agree.send().await.unwrap().status(), 303);
    let handoff = browser.open(&session.id).await;
    let code = browser.request(Method::POST, &format!("/{}/code", session.id));
    let code: serde_json::Value = code.send().await.unwrap().json().await.unwrap();
    let code = code["user_code"].as_str().unwrap().to_owned();
    let typed = browser.request(Method::POST, "/code");
    let typed = typed
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("code={code}"));
    assert_eq!(typed.send().await.unwrap().status(), 200);
    let address = scene.url().trim_start_matches("http://").to_owned();
    let key = DeviceKey::generate();
    let hello = key.hello(handoff.confirming_hello("", "cross_device"));
    let mut phone = PhoneSocket::connect_to(&address, &session.id).await;
    let asked = phone.ask(&ClientMessage::Hello(hello.clone())).await;
    let Heard::Message(ServerMessage::DeviceChallenge { nonce }) = asked else {
        panic!("expected a challenge, heard {asked:?}")
    };
    let signature = key.sign(scene.url(), &session.id, &hello, &nonce);
    let proof = ClientMessage::DeviceProof { signature: signature.clone() };
    assert_eq!(phone.ask(&proof).await, testkit::ack("hello_ok"));
    phone.hear().await;
    let Heard::Message(ServerMessage::HandoffContext(context)) = phone.hear().await else {
        panic!("expected the context")
    };
    assert_eq!(context.choices.len(), 3);
    // Two digits are everywhere; what a phone says in their place is not.
    assert_eq!(phone.choose("canary-of-a-choice").await.error_code(), "MATCH_CODE_WRONG");
    let event = scene.sink.open(&scene.sink.next().await);
    assert_eq!(event["data"]["failure_code"], "match_code_wrong");

    let back = browser.request(Method::POST, &format!("/{}/return", session.id));
    let back = back.send().await.unwrap();
    let target = way_on(&back.text().await.unwrap()).expect("a way back");
    let response_code = target.split_once("response_code=").unwrap().1.to_owned();
    assert!(response_code.len() > 40, "{target}");
    let path = format!("/v1/sessions/{}/response-code", session.id);
    let redeem = serde_json::json!({ "response_code": response_code });
    let (status, view) = scene.rp.post(&path, redeem).await;
    assert_eq!((status.as_u16(), &view["data"]["consent"]["locale"]), (200, &"de".into()));

    let mut kept = scene.stop_and_read_log();
    assert!(holds(&kept, b"TRACE"), "the log is verbose");
    for entry in std::fs::read_dir(scene.data()).unwrap() {
        kept.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(holds(&kept, session.id.as_bytes()), "the search finds what is there");
    let cookie = browser.cookie.unwrap();
    let canaries = [
        ("cookie", cookie.split_once('=').unwrap().1.as_bytes().to_vec()),
        ("choice", b"canary-of-a-choice".to_vec()),
        ("choices", format!("{:?}", context.choices).into_bytes()),
        ("user agent", b"Gecko/20100101".to_vec()),
        ("user code", code.clone().into_bytes()),
        ("letters of the user code", code.replace('-', "").into_bytes()),
        ("response code", response_code.into_bytes()),
        ("consent", b"canary-of-a-consent".to_vec()),
        ("language of the reader", b"canary-of-a-language".to_vec()),
        ("nonce", nonce),
        ("signature", signature),
        ("device key", key.point.to_vec()),
        ("device id", key.id().into_bytes()),
    ];
    for (name, canary) in canaries {
        for spelling in spellings(&canary) {
            assert!(!holds(&kept, &spelling), "the {name} was kept or logged");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_of_server_and_phone_keep_no_secret() {
    let environment = [("KAYLE_LOG", "trace"), ("KAYLE_METRICS_LISTEN", "127.0.0.1:0")];
    let mut scene =
        Scene::start_with(environment.map(|(name, value)| (name, value.to_owned())).into()).await;
    let session = scene.rp.session(&[("family_name", true), ("document_number", true)]).await;
    let handoff = scene.rp.handoff(&session.id).await;
    let phone = scene.phone(&handoff, &[("KAYLE_LOG", "trace")]);
    let event = scene.sink.open(&scene.sink.next().await);
    let page = scene.rp.public(Method::GET, &format!("/{}", session.id)).send().await.unwrap();
    let other = scene.rp.session(&[]).await;
    let open = format!("/{}/open", other.id);
    let opened = scene.rp.public(Method::POST, &open).send().await.unwrap();
    let cookie =
        opened.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let agree = scene.rp.public(Method::POST, &format!("/{}/consent", other.id));
    assert_eq!(agree.header("cookie", &cookie).send().await.unwrap().status(), 200);
    let mint = scene.rp.public(Method::POST, &format!("/{}/handoff", other.id));
    assert_eq!(mint.header("cookie", &cookie).send().await.unwrap().status(), 200);
    let browser = cookie.split_once('=').unwrap().1.to_owned();
    let shown = [phone.stdout, page.text().await.unwrap().into_bytes()].concat();
    let metrics = reqwest::get(format!("{}/metrics", scene.operator_url())).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("kayle_claims_total 1"), "the metrics are of this server");
    let server_log = scene.stop_and_read_log();
    assert!(holds(&server_log, b"TRACE"), "the log is verbose");
    assert!(holds(&phone.stderr, b"connected"), "what the phone says is there");
    let logs = [server_log.as_slice(), &phone.stderr].concat();

    let mut canaries: Vec<(&str, Vec<u8>)> = vec![
        ("handoff token", handoff.token.into_bytes()),
        ("cancel token", session.cancel_token.into_bytes()),
        ("API key", scene.rp.key.clone().into_bytes()),
        ("signing secret", scene.sink.secret.clone().into_bytes()),
        ("master secret", scene.master_secret.trim().as_bytes().to_vec()),
        ("MRZ", b"P<UTO".to_vec()),
        ("secret of a browser", browser.into_bytes()),
    ];
    for (name, id) in [
        ("session", &session.id[..]),
        ("beginning of a session", &session.id[..11]),
        ("attempt", &handoff.attempt_id),
        ("organization", scene.rp.organization.as_str()),
        ("address", "127.0.0.1"),
    ] {
        assert!(!metrics.contains(id), "a metric holds the id or address: {name}");
    }
    let ours = log_of_our_crates(&server_log);
    assert!(
        ours.contains(&session.id[..11]) && ours.contains("kayle::socket"),
        "the records are there"
    );
    assert!(!ours.contains(&session.id), "a log line of ours can be used to ask for a handoff");
    assert!(!ours.contains("peer="), "a log line of ours holds an address");
    for (key, value) in event["data"]["claims"].as_object().unwrap() {
        canaries.push(("claim", value.as_str().expect(key).as_bytes().to_vec()));
    }
    for (name, canary) in canaries {
        assert!(!holds(&logs, &canary), "a log holds the {name}");
        assert!(!holds(&shown, &canary), "the page or the phone shows the {name}");
        assert!(!holds(metrics.as_bytes(), &canary), "a metric holds the {name}");
    }
}
