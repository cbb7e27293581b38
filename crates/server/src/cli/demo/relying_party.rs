//! The relying party's side of the API.

use domain::key::Secret;
use protocol::HandoffLink;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use url::Url;

use crate::cli::failure::{Code, Failure, with_causes};

/// Someone with an API key.
pub(super) struct RelyingParty {
    base: Url,
    api_key: Secret,
    client: Client,
}

/// A session as it was answered.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) verification_url: Url,
}

impl RelyingParty {
    pub(super) fn new(base: Url, api_key: Secret) -> Result<Self, Failure> {
        // Everything is on this machine; a proxy would only stand in the way.
        let client = Client::builder().no_proxy().build()?;
        Ok(Self { base, api_key, client })
    }

    pub(super) async fn create_session(&self) -> Result<Session, Failure> {
        let reason = "To open your demo account";
        let field = |required: bool| json!({ "required": required, "reason": reason });
        let body = json!({ "share_fields": {
            "family_name": field(true),
            "given_names": field(true),
            "nationality_code": field(false),
            "document_number": field(false),
            "age_over_18": field(true),
        }});
        let data = self.call(Method::POST, "/v1/sessions", Some(&body)).await?;
        let url = text(&data, "verification_url")?;
        let verification_url = Url::parse(&url).map_err(|_| unexpected("verification_url"))?;
        Ok(Session { id: text(&data, "id")?, verification_url })
    }

    /// Mints a handoff beside the page, as long as no browser has opened it, and completes it with
    /// the way to this server.
    pub(super) async fn hand_off(&self, session: &Session) -> Result<HandoffLink, Failure> {
        let path = format!("/v1/verify/session/{}/handoff", session.id);
        let data = self.call(Method::POST, &path, None).await?;
        Ok(HandoffLink::parse(&data.to_string())?.with_api(self.base.clone())?)
    }

    /// Calls the API; the `data` of its answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let url = self.base.join(path).map_err(|_| unexpected("URL"))?;
        let mut request = self.client.request(method, url).bearer_auth(self.api_key.reveal());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let mut answer: Value = response.json().await?;
        if !status.is_success() {
            let error = answer.pointer("/error/code").and_then(Value::as_str).unwrap_or("no code");
            return Err(Failure::new(
                Code::Server,
                format!("{path} answered {status} ({error})"),
                "run it again with KAYLE_LOG=debug",
            ));
        }
        Ok(answer.get_mut("data").map(Value::take).unwrap_or_default())
    }
}

/// A text member of an answer.
pub(super) fn text(data: &Value, member: &str) -> Result<String, Failure> {
    data.get(member).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| unexpected(member))
}

fn unexpected(member: &str) -> Failure {
    Failure::new(
        Code::Server,
        format!("the server's answer has no usable {member}"),
        "run it again with KAYLE_LOG=debug",
    )
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::new(Code::Server, with_causes(&error), "is the server still there?")
    }
}
