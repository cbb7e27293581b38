//! The plain JSON of a webhook, before encryption (REFERENCE 7.1).

use std::io::{self, Write};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use domain::claim::{ClaimValue, Claims};
use domain::event::Fact;
use domain::share::CONTRACT_VERSION;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use store::RecordedEvent;
use zeroize::Zeroizing;

use crate::assurance::AssuranceView;
use crate::iso::iso;

/// Writes the payload of an event. The buffer is erased when dropped.
///
/// The length is counted first, so that the one buffer never moves and leaves no copy of the
/// claims behind in freed memory.
pub(super) fn payload(event: &RecordedEvent) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let payload = Payload::of(event);
    let mut length = Counter(0);
    serde_json::to_writer(&mut length, &payload)?;
    let mut buffer = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *buffer, &payload)?;
    Ok(buffer)
}

#[derive(Serialize)]
struct Payload<'a> {
    data: Data<'a>,
    metadata: Metadata<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Succeeded {
        claims: Shared<'a>,
        selected_field_keys: &'a [String],
        assurance: Box<AssuranceView>,
    },
    Failed {
        failure_code: &'static str,
    },
    Cancelled {
        reason: &'static str,
    },
    Nothing {},
}

#[derive(Serialize)]
struct Metadata<'a> {
    contract_version: u32,
    event_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_attempt_id: Option<&'a str>,
    verification_session_id: &'a str,
    created_at: String,
}

/// Claims, those that were selected and no others.
struct Shared<'a> {
    claims: &'a Claims,
    selected: &'a [String],
}

struct Value<'a>(&'a ClaimValue);

impl<'a> Payload<'a> {
    fn of(recorded: &'a RecordedEvent) -> Self {
        let event = &recorded.event;
        Self {
            data: Data::of(&event.fact),
            metadata: Metadata {
                contract_version: CONTRACT_VERSION,
                event_id: recorded.id.as_str(),
                verification_attempt_id: event.attempt().map(|id| id.as_str()),
                verification_session_id: event.session.as_str(),
                created_at: iso(recorded.created_at),
            },
            kind: event.kind().as_str(),
        }
    }
}

impl<'a> Data<'a> {
    fn of(fact: &'a Fact) -> Self {
        match fact {
            Fact::AttemptSucceeded { claims, selected_field_keys, assurance, .. } => {
                Self::Succeeded {
                    claims: Shared { claims, selected: selected_field_keys },
                    selected_field_keys,
                    assurance: Box::new(AssuranceView::of(assurance)),
                }
            }
            Fact::AttemptFailed { failure_code, .. } => {
                Self::Failed { failure_code: failure_code.as_str() }
            }
            Fact::SessionCancelled { reason: Some(reason) } => {
                Self::Cancelled { reason: reason.as_str() }
            }
            Fact::SessionExpired | Fact::SessionCancelled { reason: None } => Self::Nothing {},
        }
    }
}

impl Serialize for Shared<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.claims.iter().filter(|(key, _)| self.selected.contains(key)) {
            map.serialize_entry(key, &Value(value))?;
        }
        map.end()
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ClaimValue::Text(text) => serializer.serialize_str(text),
            ClaimValue::Bool(value) => serializer.serialize_bool(*value),
            ClaimValue::Image(bytes) => {
                serializer.collect_str(&Base64Display::new(bytes, &STANDARD))
            }
            ClaimValue::Null => serializer.serialize_none(),
        }
    }
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
