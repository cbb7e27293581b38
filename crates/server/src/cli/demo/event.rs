//! The event of a webhook, as the relying party took it.

use serde_json::Value;

pub(super) struct Event(pub(super) Value);

impl Event {
    pub(super) fn session(&self) -> Option<&str> {
        self.0.pointer("/metadata/verification_session_id")?.as_str()
    }

    pub(super) fn claim(&self, key: &str) -> Option<&Value> {
        self.0.get("data")?.get("claims")?.get(key)
    }

    /// The strongest proof of the chip.
    pub(super) fn chip_proof(&self) -> Option<&str> {
        self.0.pointer("/data/assurance/chip_proof")?.as_str()
    }

    /// A line of the assurance, as text; `null` where it is not known.
    pub(super) fn assurance(&self, key: &str) -> String {
        let line = self.0.get("data").and_then(|data| data.get("assurance")?.get(key));
        match line {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => Value::Null.to_string(),
        }
    }

    pub(super) fn pretty(&self) -> String {
        serde_json::to_string_pretty(&self.0).unwrap_or_default()
    }
}
