//! Who reads a page: in which language, with or without scripts, on which device.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};

use super::form::Form;
use super::present::Device;
use crate::app::App;
use crate::envelope::ApiError;
use crate::texts::{Locale, Texts};

/// How much of a user agent is looked at, in bytes.
const USER_AGENT_BYTES: usize = 512;

/// What a request says of its reader. Nothing in it can be wrong: what is not understood is left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader {
    /// The language.
    pub(super) texts: Texts,
    /// Whether the page shall do without scripts.
    pub(super) plain: bool,
    /// Whether the page shall show a code to type.
    pub(super) wants_code: bool,
    /// Whether more time was just given.
    pub(super) extended: bool,
    /// The device, as far as it says.
    pub(super) device: Device,
}

/// The members of a query or a form that say how a page is read.
#[derive(Debug, Default)]
struct Choices {
    lang: Option<String>,
    plain: Option<String>,
    code: Option<String>,
    extended: Option<String>,
}

impl Choices {
    /// What a query says.
    fn of_query(query: &str) -> Self {
        let mut choices = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            choices.choose(&name, &value);
        }
        choices
    }

    /// Takes one member; the last of a name counts.
    fn choose(&mut self, name: &str, value: &str) {
        let choice = match name {
            "lang" => &mut self.lang,
            "plain" => &mut self.plain,
            "code" => &mut self.code,
            "extended" => &mut self.extended,
            _ => return,
        };
        *choice = Some(value.to_owned());
    }
}

impl Reader {
    /// A reader who chose this, with these headers.
    fn of(choices: &Choices, headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let locale = Locale::negotiate(choices.lang.as_deref(), text(header::ACCEPT_LANGUAGE));
        let agent = text(header::USER_AGENT).unwrap_or_default();
        let is_set = |choice: &Option<String>| choice.as_deref() == Some("1");
        Self {
            texts: Texts::of(locale),
            plain: is_set(&choices.plain),
            wants_code: is_set(&choices.code),
            extended: is_set(&choices.extended),
            device: Device::of_agent(agent.get(..USER_AGENT_BYTES).unwrap_or(agent)),
        }
    }

    /// The same reader, as far as a form does not say otherwise.
    pub(super) fn or(self, form: &Form) -> Self {
        let locale = form.get("lang").and_then(Locale::of_tag);
        Self {
            texts: locale.map_or(self.texts, Texts::of),
            plain: self.plain || form.get("plain") == Some("1"),
            ..self
        }
    }

    /// The query of an address that is read in the same way.
    pub(super) fn query(&self) -> String {
        let plain = if self.plain { "&plain=1" } else { "" };
        format!("lang={}{plain}", self.texts.locale().code())
    }
}

impl FromRequestParts<App> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        let choices = Choices::of_query(parts.uri.query().unwrap_or_default());
        Ok(Self::of(&choices, &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_is_a_guess() {
        for (agent, device) in [
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148", Device::Phone),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/142.0 Mobile Safari/537.36",
                Device::Phone,
            ),
            ("Mozilla/5.0 (Linux; Android 15; SM-X910) Chrome/142.0 Safari/537.36", Device::Tablet),
            ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) Mobile/15E148", Device::Tablet),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Firefox/145.0", Device::Desktop),
            ("", Device::Desktop),
        ] {
            assert_eq!(Device::of_agent(agent), device, "{agent}");
        }
    }
}
