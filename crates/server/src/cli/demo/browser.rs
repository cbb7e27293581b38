//! The browser of the person: it keeps cookies, and goes from the relying party to the page and back.

use std::time::Duration;

use protocol::HandoffLink;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use url::Url;

use crate::cli::failure::{Code, Failure, with_causes};
use crate::clock::{Clock, SystemClock};

/// What it says it is. It draws nothing, and runs no script.
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const FORM: &str = "application/x-www-form-urlencoded";
/// The page hears of news at once. This one asks.
const POLL: Duration = Duration::from_millis(100);

pub(super) struct Browser {
    client: Client,
    shop: Url,
    shop_cookie: String,
}

/// A browser with the page of a session open, and its cookie.
pub(super) struct Page {
    pub(super) session: String,
    pub(super) url: Url,
    cookie: String,
    client: Client,
}

impl Browser {
    /// Opens the start page of the relying party.
    pub(super) async fn open(shop: &Url) -> Result<Self, Failure> {
        // Everything is on this machine; a proxy would only stand in the way.
        let client =
            Client::builder().no_proxy().redirect(Policy::none()).user_agent(AGENT).build()?;
        let home = client.get(shop.clone()).send().await?;
        let cookie = cookie_of(&home);
        let shop_cookie = cookie.ok_or_else(|| unexpected("the start page sets no cookie"))?;
        Ok(Self { client, shop: shop.clone(), shop_cookie })
    }

    /// Presses the button and goes where it leads.
    pub(super) async fn start(&self) -> Result<Page, Failure> {
        let start = join(&self.shop, "start")?;
        let answer = self.client.post(start).header(COOKIE, &self.shop_cookie).send().await?;
        let mut url = redirect_of(&answer, &self.shop)?;
        // Fragments stay in browsers.
        url.set_fragment(None);
        let session = url.path().trim_start_matches('/').to_owned();
        let client = self.client.clone();
        let mut page = Page { session, url, cookie: String::new(), client };
        page.open().await?;
        Ok(page)
    }

    /// Goes back to the relying party; the result page, once there is a result.
    pub(super) async fn come_back(&self, way_back: &Url) -> Result<String, Failure> {
        let get = |url: Url| self.client.get(url).header(COOKIE, &self.shop_cookie).send();
        let answer = get(way_back.clone()).await?;
        let result = redirect_of(&answer, way_back)?;
        loop {
            let answer = get(result.clone()).await?;
            if !answer.status().is_success() {
                return Err(unexpected(&format!("the result page answered {}", answer.status())));
            }
            let waits = answer.headers().contains_key("refresh");
            if !waits {
                return Ok(answer.text().await?);
            }
            SystemClock.sleep_until(SystemClock.now() + POLL).await;
        }
    }

    /// Fails unless the way back is closed to everybody else.
    pub(super) async fn check_stranger(&self, way_back: &Url) -> Result<(), Failure> {
        match self.client.get(way_back.clone()).send().await?.status() {
            StatusCode::FORBIDDEN => Ok(()),
            status => {
                Err(unexpected(&format!("a stranger with the way back was answered {status}")))
            }
        }
    }
}

impl Page {
    /// Opens the page as its script does: a cookie first, then the session is this browser's.
    async fn open(&mut self) -> Result<(), Failure> {
        ok(self.request(Method::GET, "")).await?;
        let first = ok(self.request(Method::POST, "open")).await?;
        let cookie = cookie_of(&first);
        self.cookie = cookie.ok_or_else(|| unexpected("the page sets no cookie"))?;
        let again: Value = ok(self.request(Method::POST, "open")).await?.json().await?;
        if again.get("again") != Some(&Value::Bool(false)) {
            return Err(unexpected("the page does not take its cookie"));
        }
        Ok(())
    }

    /// Agrees to what the page asks for.
    pub(super) async fn consent(&self) -> Result<(), Failure> {
        let form = self.request(Method::POST, "consent").header(CONTENT_TYPE, FORM).body("lang=en");
        redirect_of(&form.send().await?, &self.url)?;
        Ok(())
    }

    /// The link of the page's QR code.
    pub(super) async fn hand_off(&self) -> Result<HandoffLink, Failure> {
        let view: Value = ok(self.request(Method::POST, "handoff")).await?.json().await?;
        let link = view.get("link").and_then(Value::as_str);
        Ok(HandoffLink::parse(link.ok_or_else(|| unexpected("the page gives no link"))?)?)
    }

    /// Waits for the number that the page shows once a phone has come.
    pub(super) async fn match_code(&self) -> Result<String, Failure> {
        loop {
            let live: Value = ok(self.request(Method::GET, "live")).await?.json().await?;
            if let Some(code) = live.get("match_code").and_then(Value::as_str) {
                return Ok(code.to_owned());
            }
            if live.get("is_terminal") == Some(&Value::Bool(true)) {
                return Err(unexpected("the session ended before a number was shown"));
            }
            SystemClock.sleep_until(SystemClock.now() + POLL).await;
        }
    }

    /// Presses the button that leads back; the address, with its response code.
    pub(super) async fn way_back(&self) -> Result<Url, Failure> {
        let form = self.request(Method::POST, "return").header(CONTENT_TYPE, FORM).body("lang=en");
        let way_back = onward(&ok(form).await?.text().await?);
        let way_back = way_back.ok_or_else(|| unexpected("the page does not lead back"))?;
        if !way_back.query_pairs().any(|(name, _)| name == "response_code") {
            return Err(unexpected("the page gives no response code"));
        }
        Ok(way_back)
    }

    fn request(&self, method: Method, of: &str) -> RequestBuilder {
        let path = if of.is_empty() { String::new() } else { format!("/{of}") };
        let request = self.client.request(method, format!("{}{path}", self.url));
        if self.cookie.is_empty() { request } else { request.header(COOKIE, &self.cookie) }
    }
}

async fn ok(request: RequestBuilder) -> Result<Response, Failure> {
    let answer = request.send().await?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    Err(unexpected(&format!("{} answered {}", answer.url().path(), answer.status())))
}

/// Where a document leads on to by itself, as our templates write it.
fn onward(html: &str) -> Option<Url> {
    let (_, rest) = html.split_once("http-equiv=\"refresh\" content=\"0;url=")?;
    let (address, _) = rest.split_once('"')?;
    Url::parse(&address.replace("&#38;", "&")).ok()
}

/// `name=value` of the cookie that an answer sets.
fn cookie_of(answer: &Response) -> Option<String> {
    let cookie = answer.headers().get(SET_COOKIE)?.to_str().ok()?;
    cookie.split(';').next().map(str::to_owned)
}

/// Where an answer leads.
fn redirect_of(answer: &Response, from: &Url) -> Result<Url, Failure> {
    let status = answer.status();
    let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
    match to {
        Some(to) if status == StatusCode::SEE_OTHER => join(from, to),
        _ => Err(unexpected(&format!("{} answered {status}", answer.url().path()))),
    }
}

fn join(base: &Url, path: &str) -> Result<Url, Failure> {
    base.join(path).map_err(|_| unexpected("a redirect leads nowhere"))
}

fn unexpected(what: &str) -> Failure {
    Failure::new(Code::Demo, what, "run it again with KAYLE_LOG=debug")
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::new(Code::Server, with_causes(&error), "is the server still there?")
    }
}
