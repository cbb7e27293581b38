//! How far a phone has come.

use std::fmt;

/// A phase of the conversation, in the order in which a phone reports them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The phone has said hello.
    MobileConnected,
    /// The camera is looking for the machine-readable zone.
    MrzScanning,
    /// The machine-readable zone was read.
    MrzComplete,
    /// The chip is being read; the only phase in which chip files are accepted.
    NfcReading,
    /// All chip files are uploaded; asking for the document checks.
    NfcComplete,
    /// Selfies are being taken; the only phase in which they are accepted.
    SelfieCapturing,
    /// All selfies are uploaded; asking for the face check.
    SelfieComplete,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 7] = [
        Self::MobileConnected,
        Self::MrzScanning,
        Self::MrzComplete,
        Self::NfcReading,
        Self::NfcComplete,
        Self::SelfieCapturing,
        Self::SelfieComplete,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MobileConnected => "mobile_connected",
            Self::MrzScanning => "mrz_scanning",
            Self::MrzComplete => "mrz_complete",
            Self::NfcReading => "nfc_reading",
            Self::NfcComplete => "nfc_complete",
            Self::SelfieCapturing => "selfie_capturing",
            Self::SelfieComplete => "selfie_complete",
        }
    }

    /// The phase of that name; surrounding white space is ignored.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }

    /// The phase that follows, or none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| *phase > self)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
