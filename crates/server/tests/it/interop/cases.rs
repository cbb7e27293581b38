//! The chips that are read, and what a counterparty must have found.

use domain::entropy::Entropy;
use emrtd::UnixSeconds;
use emrtd::crypto::symmetric::Cipher;
use emrtd::lds::security_info::{
    ChipAuthenticationProtocol, KeyAgreement, PaceMapping, PaceProtocol,
};
use emrtd::sim::{
    Chip, ChipAuthentication, ChipDescription, IssuingState, PaceOffer, Personalisation,
    StateProfile,
};
use serde_json::{Value, json};
use testkit::SeededEntropy;

pub(super) const NOW: UnixSeconds = UnixSeconds(1_780_000_000);

/// Numbers of the standardized domain parameters (9303-11 §9.5.1), with what to call them.
pub(super) const CURVES: [(u32, &str); 11] = [
    (8, "P-192"),
    (9, "brainpoolP192r1"),
    (10, "P-224"),
    (11, "brainpoolP224r1"),
    (12, "P-256"),
    (13, "brainpoolP256r1"),
    (14, "brainpoolP320r1"),
    (15, "P-384"),
    (16, "brainpoolP384r1"),
    (17, "brainpoolP512r1"),
    (18, "P-521"),
];
pub(super) const PRIME_GROUPS: [(u32, &str); 3] =
    [(0, "1024-bit MODP"), (1, "2048-bit MODP/224"), (2, "2048-bit MODP/256")];

/// A chip, and what the reader is told.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) description: ChipDescription,
    /// Options of the counterparty.
    pub(super) options: Value,
}

impl Case {
    pub(super) fn new(name: impl Into<String>, description: ChipDescription) -> Self {
        Self { name: name.into(), description, options: json!({}) }
    }

    pub(super) fn with(mut self, option: &str, value: impl Into<Value>) -> Self {
        self.options[option] = value.into();
        self
    }

    pub(super) fn by_can(mut self) -> Self {
        self.description.can = Some("500540".to_owned());
        self.with("can", "500540")
    }
}

/// A passport without proofs of its own that PACE opens in one way.
pub(super) fn pace(mapping: PaceMapping, cipher: Cipher, domain: u32) -> ChipDescription {
    let protocol = PaceProtocol { agreement: agreement(domain), mapping, cipher };
    ChipDescription {
        bac: false,
        pace: vec![PaceOffer { protocol, domain }],
        quirks: ChipDescription::passport().quirks,
        ..ChipDescription::passive()
    }
}

pub(super) fn chip_authentication(cipher: Cipher, domain: u32) -> ChipAuthentication {
    let protocol = ChipAuthenticationProtocol { agreement: agreement(domain), cipher };
    ChipAuthentication { protocol, version: 1, domain, key_id: None }
}

fn agreement(domain: u32) -> KeyAgreement {
    if domain < 8 { KeyAgreement::Dh } else { KeyAgreement::Ecdh }
}

/// The state that issues all of them.
pub(super) fn state() -> IssuingState {
    IssuingState::new(StateProfile::utopia(), NOW).unwrap()
}

/// A chip in the field of the reader.
pub(super) fn chip(personalisation: Personalisation) -> Chip {
    let mut entropy = SeededEntropy(1);
    let random = move |bytes: &mut [u8]| {
        entropy.fill(bytes);
        true
    };
    Chip::new(personalisation, Box::new(random))
}

/// The files that differ from those personalised, or that were not read.
pub(super) fn differences(personalisation: &Personalisation, read: &Value) -> Vec<String> {
    let digest =
        |bytes: &[u8]| openssl::sha::sha256(bytes).map(|byte| format!("{byte:02x}")).concat();
    personalisation
        .files()
        .filter(|(file, bytes)| {
            let found = &read[file.to_string()];
            found["length"] != bytes.len() || found["sha256"] != digest(bytes)
        })
        .map(|(file, _)| file.to_string())
        .collect()
}
