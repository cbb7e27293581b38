//! `/v1/sessions` (REFERENCE 1.3).

use std::time::Duration;

use domain::organization::Scope;
use domain::policy::{FaceMatch, Policy};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_created_session_has_the_documented_shape() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (status, body) = rp
        .post(
            "/v1/sessions?include_attempts=true",
            json!({
                "redirect_url": "http://localhost:3000/back?x=1",
                "share_fields": { "family_name": { "required": true, "reason": "to  greet you" } },
            }),
        )
        .await;
    assert_eq!(status, 201);
    assert_eq!(body["error"], Value::Null);
    let session = &body["data"];
    let id = session["id"].as_str().unwrap();
    assert_eq!(id.len(), 67);
    assert_eq!(session["status"], "created");
    assert_eq!(session["contract_version"], 1);
    assert_eq!(session["redirect_url"], "http://localhost:3000/back?x=1");
    assert_eq!(session["created_at"], "2026-05-05T11:00:00.000Z");
    assert_eq!(session["expires_at"], "2026-05-05T12:00:00.000Z");
    assert_eq!(session["completed_at"], Value::Null);
    assert_eq!(session["attempts"], json!([]));
    assert_eq!(
        session["share_fields"],
        json!({
            "family_name": { "required": true, "reason": "to greet you", "source": "rc" },
            "kayle_document_id": { "required": true, "reason": "Sharing \"Kayle Document ID\"", "source": "default" },
        })
    );
    let token = session["cancel_token"].as_str().unwrap();
    assert_eq!(token.len(), 48);
    assert_eq!(session["verification_url"], format!("{}/{id}#cancel_token={token}", server.url()));

    let (status, read) = rp.get(&format!("/v1/sessions/{id}")).await;
    assert_eq!(status, 200);
    assert_eq!(read["data"].get("cancel_token"), None, "shown once");
    assert_eq!(read["data"].get("attempts"), None);
    assert_eq!(read["data"]["verification_url"], format!("{}/{id}", server.url()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_be_left_out() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let (status, body) = rp.send(rp.request(Method::POST, "/v1/sessions")).await;
    assert_eq!(status, 201);
    let keys: Vec<_> = body["data"]["share_fields"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["kayle_document_id"], "nothing is asked for that nobody named");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_lead_to_https_or_to_loopback_in_development() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    for good in ["https://example.com/back", "https://8.8.8.8/back", "http://127.0.0.1:9/x"] {
        let (status, body) = rp.post("/v1/sessions", json!({ "redirect_url": good })).await;
        assert_eq!(status, 201, "{good}: {body}");
    }
    for bad in [
        "http://example.com/",
        "javascript:alert(1)",
        "https://user:pw@example.com/",
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://metadata.google.internal/",
        "example.com",
        "",
    ] {
        let (status, body) = rp.post("/v1/sessions", json!({ "redirect_url": bad })).await;
        assert_eq!(
            (status.as_u16(), body["error"]["code"].as_str()),
            (400, Some("INVALID_REDIRECT_URL")),
            "{bad}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_and_filtered() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    for _ in 0..5 {
        rp.session(&[]).await;
        server.clock.advance(Duration::from_secs(1));
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let after = cursor.as_ref().map_or_else(String::new, |id| format!("&starting_after={id}"));
        let (status, page) = rp.get(&format!("/v1/sessions?limit=2{after}")).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|session| session["id"].as_str().unwrap().to_owned()),
        );
        assert_eq!(page["pagination"]["limit"], 2);
        cursor = page["pagination"]["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(page["pagination"]["has_more"], cursor.is_some());
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());

    let (_, page) = rp.get("/v1/sessions?created_from=2026-05-05T11:00:02.000Z&created_to=2026-05-05T11:00:03.000Z").await;
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    server.clock.advance(Duration::from_secs(3600));
    let (_, page) = rp.get("/v1/sessions?status=created").await;
    assert_eq!(page["data"], json!([]));
    let (_, page) = rp.get("/v1/sessions?status=expired").await;
    assert_eq!(page["data"].as_array().unwrap().len(), 5);
    for bad in [
        "limit=0",
        "limit=101",
        "limit=x",
        "status=open",
        "created_from=now",
        "starting_after=vs_1",
        "include_attempts=maybe",
    ] {
        let (status, body) = rp.get(&format!("/v1/sessions?{bad}")).await;
        assert_eq!(
            (status.as_u16(), body["error"]["code"].as_str()),
            (400, Some("INVALID_REQUEST")),
            "{bad}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_listed_at_both_paths() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let handoff = rp.handoff(&session.id).await;
    for path in ["/v1/sessions/attempts", "/v1/sessions/attempts/attempts"] {
        let (status, body) = rp.get(&format!("{path}?session_id={}&limit=5", session.id)).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["data"][0]["id"], handoff.attempt_id.as_str());
        assert_eq!(body["data"][0]["status"], "in_progress");
        let (status, body) = rp.get(path).await;
        assert_eq!((status.as_u16(), body["error"]["code"].as_str()), (400, Some("BAD_REQUEST")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_open_what_their_scopes_say_and_nothing_of_others() {
    let server = TestServer::start().await;
    let rp = server.relying_party().await;
    let session = rp.session(&[]).await;
    let off = Policy { face_match: FaceMatch::Off, ..Policy::default() };
    let stranger = server.relying_party().await;
    let reader = server.relying_party_with(off, vec![Scope::SessionsRead]).await;

    let (status, body) = rp.send(rp.public(Method::GET, "/v1/sessions")).await;
    assert_eq!((status.as_u16(), body["error"]["code"].as_str()), (401, Some("UNAUTHORIZED")));
    let (status, _) =
        rp.send(rp.public(Method::GET, "/v1/sessions").bearer_auth("kk_nonsense")).await;
    assert_eq!(status, 401);
    let (status, body) = reader.post("/v1/sessions", json!({})).await;
    assert_eq!((status.as_u16(), body["error"]["code"].as_str()), (403, Some("FORBIDDEN")));
    let (status, body) = reader.get("/v1/webhooks/endpoints").await;
    assert_eq!(status, 403, "{body}");
    for path in
        [format!("/v1/sessions/{}", session.id), format!("/v1/sessions/vs_{}", "0".repeat(64))]
    {
        let (status, body) = stranger.get(&path).await;
        assert_eq!(
            (status.as_u16(), body["error"]["code"].as_str()),
            (404, Some("SESSION_NOT_FOUND"))
        );
    }
    let (status, _) = stranger
        .send(stranger.request(Method::POST, &format!("/v1/sessions/{}/cancel", session.id)))
        .await;
    assert_eq!(status, 404);
    assert_eq!(rp.status(&session.id).await["status"], "created");
}
