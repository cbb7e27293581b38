//! A browser with our page open: its cookie, its user agent, its address.

use std::net::Ipv4Addr;

use protocol::HandoffLink;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};

use crate::{Handoff, TestServer};

/// Firefox on Windows.
const USER_AGENT: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Where a document leads on to, as its `refresh` says.
pub fn way_on(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("http-equiv=\"refresh\" content=\"0;url=")?;
    let (address, _) = rest.split_once('"')?;
    Some(address.replace("&#38;", "&").replace("&amp;", "&"))
}

/// One browser. It keeps the cookie of the page, as browsers do.
pub struct PageBrowser {
    base: String,
    client: Client,
    /// The cookie, `name=value`.
    pub cookie: Option<String>,
}

impl PageBrowser {
    /// A browser without a cookie.
    pub fn new(server: &TestServer) -> Self {
        Self::of(server.url(), Ipv4Addr::LOCALHOST, None)
    }

    /// A browser without a cookie, behind a proxy that says this in `X-Forwarded-For`.
    pub fn through_proxy(server: &TestServer, client: &str) -> Self {
        Self::of(server.url(), Ipv4Addr::LOCALHOST, Some(client))
    }

    /// A browser without a cookie at a server that runs as a process.
    pub fn at(url: &str) -> Self {
        Self::of(url.to_owned(), Ipv4Addr::LOCALHOST, None)
    }

    /// A browser at another address of this machine, which the server takes for another network.
    pub fn from(server: &TestServer, address: Ipv4Addr) -> Self {
        Self::of(server.url(), address, None)
    }

    fn of(base: String, address: Ipv4Addr, client: Option<&str>) -> Self {
        let name = HeaderName::from_static("x-forwarded-for");
        let forwarded = client.map(|client| (name, HeaderValue::from_str(client).unwrap()));
        let client = Client::builder()
            .no_proxy()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            // A clock that leaps ends connections that idle, and a request on one of them would fail.
            .pool_max_idle_per_host(0)
            .default_headers(HeaderMap::from_iter(forwarded))
            .local_address(Some(address.into()))
            .build()
            .unwrap();
        Self { base, client, cookie: None }
    }

    /// A browser that has opened the page and asked for a handoff.
    pub async fn opened(server: &TestServer, session: &str) -> (Self, Handoff) {
        let mut browser = Self::new(server);
        let handoff = browser.open(session).await;
        (browser, handoff)
    }

    /// Opens the page, agrees, and asks for a handoff, as a person and the page's script do.
    pub async fn open(&mut self, session: &str) -> Handoff {
        assert_eq!(self.page(session).await, 200);
        assert_eq!(self.agree(session).await, 303);
        let (status, body) = self.mint(session).await;
        assert_eq!(status, 200, "{body}");
        let link = HandoffLink::parse(body["link"].as_str().unwrap()).unwrap();
        Handoff {
            session_id: link.session_id().to_owned(),
            attempt_id: link.attempt_id().to_owned(),
            token: link.mobile_write_token().expose().to_owned(),
            expires_at: body["expires_at"].as_str().unwrap().to_owned(),
        }
    }

    /// Gets the page, and a cookie as its script does, if there is none.
    pub async fn page(&mut self, session: &str) -> StatusCode {
        let response = self.request(Method::GET, &format!("/{session}")).send().await.unwrap();
        let status = response.status();
        if self.cookie.is_none() {
            let path = format!("/{session}/open");
            let response = self.request(Method::POST, &path).send().await.unwrap();
            if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
                let cookie = cookie.to_str().unwrap();
                self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
            }
        }
        status
    }

    /// `POST /{session}/consent`, as the form of the page does.
    pub async fn agree(&self, session: &str) -> StatusCode {
        let request = self.request(Method::POST, &format!("/{session}/consent"));
        request.header("sec-fetch-site", "same-origin").send().await.unwrap().status()
    }

    /// `POST /{session}/handoff`, as the page's script does.
    pub async fn mint(&self, session: &str) -> (StatusCode, Value) {
        self.send(self.request(Method::POST, &format!("/{session}/handoff"))).await
    }

    /// `GET /{session}/live`, held back until there is something else to say than was seen.
    pub async fn live(&self, session: &str, seen: Option<&str>) -> (StatusCode, Value) {
        let query = seen.map(|revision| format!("?seen={revision}")).unwrap_or_default();
        self.send(self.request(Method::GET, &format!("/{session}/live{query}"))).await
    }

    /// `POST /v1/verify/session/{session}/handoff`.
    pub async fn mint_at_api(&self, session: &str) -> (StatusCode, Value) {
        let path = format!("/v1/verify/session/{session}/handoff");
        self.send(self.request(Method::POST, &path)).await
    }

    /// `GET /v1/verify/session/{session}/details`.
    pub async fn details(&self, session: &str) -> (StatusCode, Value) {
        let path = format!("/v1/verify/session/{session}/details");
        self.send(self.request(Method::GET, &path)).await
    }

    /// `POST /v1/verify/session/{session}/cancel`.
    pub async fn cancel(&self, session: &str, token: &str) -> (StatusCode, Value) {
        let path = format!("/v1/verify/session/{session}/cancel");
        let body = json!({ "cancel_token": token });
        self.send(self.request(Method::POST, &path).json(&body)).await
    }

    /// A request with the cookie, if there is one.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> (StatusCode, Value) {
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
