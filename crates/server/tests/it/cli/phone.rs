use serde_json::{Value, json};

use super::{Kayle, Server};

/// A server with a relying party, and a session of it.
pub(super) struct Scene {
    pub(super) kayle: Kayle,
    pub(super) server: Server,
    key: String,
    client: reqwest::Client,
}

impl Scene {
    fn new() -> Self {
        Self::with_policies(&["face_match=off"])
    }

    pub(super) fn with_policies(policies: &[&str]) -> Self {
        let (kayle, org) = Kayle::with_organization();
        kayle.json(&[&["org", "set", &org], policies].concat());
        let scope = "sessions:read,sessions:write";
        let created =
            kayle.json(&["key", "create", "--org", &org, "--name", "x", "--scope", scope]);
        let key = created["key"].as_str().unwrap().to_owned();
        let server = kayle.serve();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { kayle, server, key, client }
    }

    async fn post(&self, path: &str, body: Option<Value>) -> Value {
        let request = self.client.post(format!("{}{path}", self.server.url)).bearer_auth(&self.key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["error"], Value::Null, "{answer}");
        answer["data"].clone()
    }

    /// A session that asks for one required and one optional field; its id.
    pub(super) async fn session(&self) -> String {
        let field = |required: bool| json!({ "required": required, "reason": "to know you" });
        let fields = json!({ "family_name": field(true), "given_names": field(false) });
        let session = self.post("/v1/sessions", Some(json!({ "share_fields": fields }))).await;
        session["id"].as_str().unwrap().to_owned()
    }

    /// The payload of a handoff.
    pub(super) async fn hand_off(&self, session: &str) -> String {
        self.post(&format!("/v1/verify/session/{session}/handoff"), None).await.to_string()
    }

    /// A browser without scripts opens the page of a session and agrees, in Polish: its cookie, and
    /// the link of the code.
    async fn open_page(&self, session: &str) -> (String, String) {
        let agent =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
        let page = format!("{}/{session}", self.server.url);
        let plain = self.client.get(format!("{page}?plain=1"));
        let opened = plain.header("user-agent", agent).send().await.unwrap();
        let cookie = opened.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let consent = self.client.post(format!("{page}/consent")).header("cookie", &cookie);
        let form = consent.header("content-type", "application/x-www-form-urlencoded");
        form.header("user-agent", agent).body("lang=pl").send().await.unwrap();
        let mint = self.client.post(format!("{page}/handoff")).header("cookie", &cookie);
        let view: Value =
            mint.header("user-agent", agent).send().await.unwrap().json().await.unwrap();
        (cookie, view["link"].as_str().unwrap().to_owned())
    }

    /// What the page follows.
    async fn live(&self, session: &str, cookie: &str) -> Value {
        let live = self.client.get(format!("{}/{session}/live", self.server.url));
        live.header("cookie", cookie).send().await.unwrap().json().await.unwrap()
    }

    fn trust(&self, name: &str) {
        let csca = self.kayle.path(&format!("kayle-data/sim/{name}/csca.der"));
        self.kayle.json(&["trust".as_ref(), "import".as_ref(), csca.as_os_str()]);
    }
}

fn encoded(payload: &str) -> String {
    url::form_urlencoded::byte_serialize(payload.as_bytes()).collect::<String>().replace('+', "%20")
}

#[tokio::test]
async fn a_simulated_passport_is_accepted_once_its_state_is_trusted() {
    let scene = Scene::new();
    let session = scene.session().await;
    let phone = |payload: &str, more: &[&str]| {
        let base = ["phone", payload, "--document", "sim:utopia", "--device-id", "d", "--json"];
        scene.kayle.run(&[&base[..], &["--api", &scene.server.url], more].concat())
    };
    let refused = phone(&scene.hand_off(&session).await, &[]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert_eq!(refused.json()["outcome"], "rejected");
    assert_eq!(refused.json()["code"], "passport_authenticity_failed");
    assert!(refused.stderr.contains("csca.der"), "{}", refused.stderr);

    scene.trust("utopia");
    let accepted = phone(&scene.hand_off(&session).await, &[]);
    assert_eq!(accepted.code, Some(0), "{}{}", accepted.stdout, accepted.stderr);
    assert_eq!(accepted.json()["shared"], json!(["family_name", "kayle_document_id"]));
    assert!(accepted.stderr.contains("Example Bank asks for:"), "{}", accepted.stderr);
    let request = "family_name (required): to know you";
    assert!(accepted.stderr.contains(request), "{}", accepted.stderr);
    let unknown = "no page is known behind this link";
    assert!(accepted.stderr.contains(unknown), "{}", accepted.stderr);
}

#[tokio::test]
async fn a_chip_on_a_reader_proves_itself_once_its_state_is_trusted() {
    let scene = Scene::new();
    scene.kayle.json(&["chip", "new", "--out", "chip"]);
    let selfies = ["--selfie", "chip/selfie.jpg"].repeat(3);
    let phone = |payload: &str| {
        let base =
            ["phone", payload, "--reader", "sim:chip/chip.bin", "--device-id", "d", "--json"];
        let more = ["--mrz-file", "chip/mrz.txt", "--api", &scene.server.url];
        scene.kayle.run(&[&base[..], &more, &selfies].concat())
    };
    let session = scene.session().await;
    let refused = phone(&scene.hand_off(&session).await);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert_eq!(refused.json()["code"], "passport_authenticity_failed");

    scene.kayle.json(&["trust", "import", "chip/csca.der"]);
    let accepted = phone(&scene.hand_off(&session).await);
    assert_eq!(accepted.code, Some(0), "{}{}", accepted.stdout, accepted.stderr);
    let report = accepted.json();
    assert_eq!(report["outcome"], "shared");
    assert_eq!(report["chip"]["access"]["access"], "pace_gm");
    let steps: Vec<_> =
        report["chip"]["steps"].as_array().unwrap().iter().map(|step| &step["step"]).collect();
    assert_eq!(steps.len(), 4, "read, signed, relayed in two rounds: {steps:?}");
    assert!(accepted.stderr.contains("access     PACE, ECDH-GM-AES-128"), "{}", accepted.stderr);
}

#[tokio::test]
async fn a_chip_that_is_lost_or_copied_is_treated_as_such() {
    let scene = Scene::new();
    scene.kayle.json(&["chip", "new", "--out", "lost", "--dishonest", "silent_after_bytes:5000"]);
    scene.kayle.json(&["chip", "new", "--out", "copy", "--dishonest", "copy"]);
    for name in ["lost", "copy"] {
        scene.kayle.json(&["trust", "import", &format!("{name}/csca.der")]);
    }
    let phone = |payload: &str, name: &str| {
        let (chip, selfie) = (format!("sim:{name}/chip.bin"), format!("{name}/selfie.jpg"));
        let selfies = ["--selfie", &selfie].repeat(3);
        let base = ["phone", payload, "--reader", &chip, "--json", "--api", &scene.server.url];
        scene.kayle.run(&[&base[..], &selfies].concat())
    };
    let session = scene.session().await;
    let lost = phone(&scene.hand_off(&session).await, "lost");
    assert_eq!(lost.json()["outcome"], "shared", "{}", lost.stderr);
    assert!(lost.stderr.contains("the chip was lost"), "{}", lost.stderr);

    let session = scene.session().await;
    let copy = phone(&scene.hand_off(&session).await, "copy");
    assert_eq!(copy.code, Some(1), "{}", copy.stderr);
    assert_eq!(copy.json()["outcome"], "rejected");
    assert_eq!(copy.json()["code"], "passport_active_authentication_failed");
}

#[tokio::test]
async fn a_chip_that_cannot_be_opened_leaves_the_attempt_to_go_on_with() {
    let scene = Scene::new();
    scene.kayle.json(&["chip", "new", "--out", "chip", "--preset", "card"]);
    scene.kayle.json(&["trust", "import", "chip/csca.der"]);
    let session = scene.session().await;
    let payload = scene.hand_off(&session).await;
    let selfies = ["--selfie", "chip/selfie.jpg"].repeat(3);
    let phone = |can: &str| {
        let base = ["phone", &payload, "--reader", "sim:chip/chip.bin", "--can", can];
        let more = ["--device-id", "d", "--api", &scene.server.url];
        scene.kayle.run(&[&base[..], &more, &selfies].concat())
    };
    let wrong = phone("000000");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("error[CHIP_ACCESS]"), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("--device-id d"), "{}", wrong.stderr);
    let right = phone("500540");
    assert_eq!(right.code, Some(0), "{}", right.stderr);
}

#[tokio::test]
async fn every_form_of_the_link_is_taken() {
    let scene = Scene::new();
    let api = scene.server.url.as_str();
    let run = |link: &str, more: &[&str]| {
        let base = ["phone", link, "--document", "sim:utopia", "--share", "all", "--json"];
        scene.kayle.run(&[&base[..], more].concat())
    };
    // Makes the state, which nobody trusts yet.
    let session = scene.session().await;
    let first = run(&scene.hand_off(&session).await, &["--api", api]);
    assert_eq!(first.json()["outcome"], "rejected");
    scene.trust("utopia");
    for form in ["kayle-id://", "kayle-id:", "kayle://", "kayle:/", "web", "open", "json"] {
        let session = scene.session().await;
        let payload = scene.hand_off(&session).await;
        let named: &[&str] = if ["web", "open"].contains(&form) { &[] } else { &["--api", api] };
        let link = match form {
            "json" => payload,
            "web" => format!("{api}/{session}#handoff={}", encoded(&payload)),
            "open" => format!("{api}/open/{session}#handoff={}", encoded(&payload)),
            scheme => format!("{scheme}{}", encoded(&payload)),
        };
        let ran = run(&link, named);
        assert_eq!(ran.code, Some(0), "{form}: {}{}", ran.stdout, ran.stderr);
        let all = json!(["family_name", "given_names", "kayle_document_id"]);
        assert_eq!(ran.json()["shared"], all, "{form}");
    }
}

#[tokio::test]
async fn a_replayed_token_from_another_device_is_refused() {
    let scene = Scene::new();
    let session = scene.session().await;
    let payload = scene.hand_off(&session).await;
    let run = |device: &str| {
        let args = ["phone", &payload, "--document", "sim:utopia", "--device-id", device];
        scene.kayle.run(&[&args[..], &["--api", &scene.server.url, "--json"]].concat())
    };
    assert_eq!(run("first").json()["outcome"], "rejected");
    let replayed = run("second");
    assert_eq!(replayed.code, Some(1), "{}", replayed.stderr);
    assert_eq!(replayed.json()["outcome"], "refused");
}

#[tokio::test]
async fn the_page_is_confirmed_by_its_number_with_a_key_that_stays() {
    let scene = Scene::new();
    let run = |link: &str, more: &[&str]| {
        let base = ["phone", link, "--document", "sim:utopia", "--json"];
        scene.kayle.run(&[&base[..], more].concat())
    };
    // Makes the state.
    let session = scene.session().await;
    let first = run(&scene.hand_off(&session).await, &["--api", &scene.server.url]);
    assert_eq!(first.json()["outcome"], "rejected", "{}", first.stderr);
    scene.trust("utopia");

    let session = scene.session().await;
    let (cookie, link) = scene.open_page(&session).await;
    assert!(link.contains("/open/vs_"), "{link}");
    // Nobody is there to ask, and nothing is sent.
    let unasked = run(&link, &["--device-key", "device.key"]);
    assert_eq!(unasked.code, Some(1));
    let report = unasked.json();
    assert_eq!(report["outcome"], "not_confirmed", "{}", unasked.stderr);
    assert_eq!(report["page"]["browser"], "Firefox");
    assert_eq!(report["page"]["os"], "Windows");
    assert_eq!(report["page"]["network"], "same");
    assert!(
        unasked.stderr.contains("Example Bank asks you to verify yourself, at http://127.0.0.1")
    );
    assert!(unasked.stderr.contains("in Firefox, on Windows, in this phone's network"));
    let live = scene.live(&session, &cookie).await;
    assert_eq!(live["phone"]["device_proof"], true);
    let number = live["match_code"].as_str().unwrap();
    assert_eq!(report["page"]["locale"], "pl");
    let offered = report["page"]["choices"].as_array().unwrap();
    assert!(offered.len() == 3 && offered.iter().any(|choice| choice == number));
    // What can only be wrong is not tried.
    let missing = ["1", "2", "3", "4"].map(|digit| digit.repeat(2));
    let missing =
        missing.iter().find(|choice| offered.iter().all(|other| other != *choice)).unwrap();
    let guessed = run(&link, &["--device-key", "device.key", "--match-code", missing]);
    assert_eq!(guessed.json()["outcome"], "not_confirmed", "{}", guessed.stderr);

    let thief = run(&link, &["--match-code", number]);
    assert_eq!(thief.json()["outcome"], "refused", "another key is another phone");
    let right = run(&link, &["--device-key", "device.key", "--match-code", number]);
    assert_eq!(right.code, Some(0), "{}{}", right.stdout, right.stderr);
    assert_eq!(right.json()["device_id"], report["device_id"]);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(scene.kayle.path("device.key")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_page_that_is_not_theirs_is_ended() {
    let scene = Scene::new();
    let session = scene.session().await;
    let (cookie, link) = scene.open_page(&session).await;
    let ran = scene.kayle.run(&["phone", &link, "--document", "sim:utopia", "--not-me", "--json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(ran.json()["outcome"], "not_me");
    assert_eq!(scene.live(&session, &cookie).await["status"], "cancelled");
}

#[test]
fn what_cannot_work_is_said_before_anything_is_sent() {
    let kayle = Kayle::new();
    let session = format!("vs_{}", "a".repeat(64));
    let payload = |expires_at: &str| {
        json!({
            "v": 1,
            "session_id": session,
            "attempt_id": format!("va_{}", "b".repeat(64)),
            "mobile_write_token": "0".repeat(64),
            "expires_at": expires_at,
        })
        .to_string()
    };
    let later = payload("2999-01-01T00:00:00.000Z");
    kayle.write("EF_SOD.bin", b"\x77\x00");
    let run = |link: &str, document: &str, more: &[&str]| {
        kayle.run(&[&["phone", link, "--document", document][..], more].concat())
    };
    run("hello", "sim:utopia", &[]).assert_failed(2, "USAGE");
    run(&payload("2020-01-01T00:00:00Z"), "sim:utopia", &[]).assert_failed(1, "LINK");
    let api = ["--api", "http://127.0.0.1:9"];
    // Passport data in the clear, to another machine.
    run(&later, "sim:utopia", &["--api", "http://192.0.2.1"]).assert_failed(2, "USAGE");
    run(&later, ".", &api).assert_failed(1, "DOCUMENT");
    run(&later, "sim:../x", &api).assert_failed(2, "USAGE");
    run(&later, ".", &["--reader", "sim:x"]).assert_failed(2, "USAGE");
    run(&later, ".", &["--can", "500540"]).assert_failed(2, "USAGE");
    run(&later, ".", &["--not-me", "--match-code", "42"]).assert_failed(2, "USAGE");
    run(&later, ".", &["--device-id", "x", "--device-key", "y"]).assert_failed(2, "USAGE");
    kayle.run(&["phone", &later]).assert_failed(2, "USAGE");
    kayle.run(&["phone", &later, api[0], api[1], "--reader", "sim:x"]).assert_failed(1, "IO");
}
