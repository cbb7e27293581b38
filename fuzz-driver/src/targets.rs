mod apdu;
pub(crate) mod chip;
mod files;
mod tlv;
mod trust;

use emrtd::UnixSeconds;

/// Something that is given arbitrary bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also that of its folder in the corpus.
    pub name: &'static str,
    /// Panics when something is wrong.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "tlv", run: tlv::tlv },
    Target { name: "mrz", run: files::mrz },
    Target { name: "sod", run: files::sod },
    Target { name: "dg1", run: files::dg1 },
    Target { name: "dg2", run: files::dg2 },
    Target { name: "dg14", run: files::dg14 },
    Target { name: "dg15", run: files::dg15 },
    Target { name: "card_access", run: files::card_access },
    Target { name: "card_security", run: files::card_security },
    Target { name: "certificate", run: trust::certificate },
    Target { name: "crl", run: trust::crl },
    Target { name: "master_list", run: trust::master_list },
    Target { name: "ldif", run: trust::ldif },
    Target { name: "apdu", run: apdu::apdu },
    Target { name: "secure_messaging", run: apdu::secure_messaging },
    Target { name: "pace", run: chip::pace },
    Target { name: "responses", run: chip::responses },
    Target { name: "files_of_a_chip", run: chip::files_of_a_chip },
];

impl Target {
    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }
}

/// 2026-06-01T00:00:00Z
const NOW: UnixSeconds = UnixSeconds(1_780_272_000);
