//! What a form of our pages sends.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use url::form_urlencoded;

use crate::app::App;
use crate::body;
use crate::envelope::ApiError;

/// The largest form, in bytes: a token, a code, a language.
const MAX_FORM: usize = 4096;

const FORM: &str = "application/x-www-form-urlencoded";

/// The members of a form. Scripts may send none, without a content type.
#[derive(Clone, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// A member, if it was sent and says something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }
}

impl FromRequest<App> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let is_form = is_form(request.headers());
        let bytes = body::read(request, app, MAX_FORM).await?;
        match bytes.is_empty() || is_form {
            true => Ok(Self::parse(&bytes)),
            false => Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "the body must be a form",
                "send `Content-Type: application/x-www-form-urlencoded`",
            )),
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(FORM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_says_something_or_is_none() {
        let form = Form::parse(b"lang=ar&cancel_token=&code=AB%20CD&code=2&=x&%ff=%fe");
        assert_eq!(form.get("lang"), Some("ar"));
        assert_eq!(form.get("cancel_token"), None);
        assert_eq!(form.get("code"), Some("AB CD"), "the first counts");
        assert_eq!(form.get("plain"), None);
    }
}
