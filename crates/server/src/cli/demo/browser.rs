//! The browser that the session is opened in: it keeps the page's cookie, and knows its number.

use std::time::Duration;

use protocol::HandoffLink;
use reqwest::header::{COOKIE, SET_COOKIE, USER_AGENT};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use url::Url;

use super::relying_party::{Session, text};
use crate::cli::failure::{Code, Failure};
use crate::clock::{Clock, SystemClock};

/// What it says it is. It draws nothing, and runs no script.
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
/// The page asks as often.
const POLL: Duration = Duration::from_millis(100);

pub(super) struct Browser {
    page: Url,
    cookie: String,
    client: Client,
}

impl Browser {
    /// Opens the page of a session.
    pub(super) async fn open(session: &Session) -> Result<Self, Failure> {
        let client = Client::builder().no_proxy().build()?;
        let mut page = session.verification_url.clone();
        page.set_fragment(None);
        let opened = client.get(page.clone()).header(USER_AGENT, AGENT).send().await?;
        let cookie = opened
            .headers()
            .get(SET_COOKIE)
            .and_then(|cookie| cookie.to_str().ok()?.split(';').next())
            .map(str::to_owned)
            .ok_or_else(|| unexpected("the page sets no cookie"))?;
        Ok(Self { page, cookie, client })
    }

    /// The link of the page's QR code. The session is this browser's from now on.
    pub(super) async fn hand_off(&self) -> Result<HandoffLink, Failure> {
        let view = self.json(self.request(Method::POST, "handoff")).await?;
        Ok(HandoffLink::parse(&text(&view, "link")?)?)
    }

    /// Waits for the number that the page shows once a phone has come.
    pub(super) async fn match_code(&self) -> Result<String, Failure> {
        loop {
            let live = self.json(self.request(Method::GET, "live")).await?;
            if let Some(code) = live.get("match_code").and_then(Value::as_str) {
                return Ok(code.to_owned());
            }
            if live.get("is_terminal") == Some(&Value::Bool(true)) {
                return Err(unexpected("the session ended before a number was shown"));
            }
            SystemClock.sleep_until(SystemClock.now() + POLL).await;
        }
    }

    fn request(&self, method: Method, of: &str) -> RequestBuilder {
        let url = format!("{}/{of}", self.page);
        self.client.request(method, url).header(USER_AGENT, AGENT).header(COOKIE, &self.cookie)
    }

    async fn json(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let response = request.send().await?;
        if !response.status().is_success() {
            return Err(unexpected(&format!("the page's request answered {}", response.status())));
        }
        Ok(response.json().await?)
    }
}

fn unexpected(what: &str) -> Failure {
    Failure::new(Code::Demo, what, "run it again with KAYLE_LOG=debug")
}
