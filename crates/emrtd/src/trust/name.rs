use std::fmt;
use std::fmt::Write as _;

use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::Decode;
use x509_cert::name::Name as X509Name;

/// A distinguished name in the form names are compared in.
///
/// States write the same name with different string types, case and spacing
/// in a CSCA and in what it signs, so values are compared without regard to
/// those (RFC 5280 §7.1).
#[derive(Clone)]
pub struct Name {
    canonical: String,
    display: String,
    country: Option<String>,
}

impl Name {
    pub(super) fn new(name: &X509Name) -> Self {
        let mut canonical = String::new();
        let mut display = String::new();
        let mut country = None;
        for rdn in &name.0 {
            let mut attributes: Vec<(String, String)> = Vec::new();
            for attribute in rdn.0.iter() {
                let oid = attribute.oid.to_string();
                let value = text(attribute);
                if oid == COUNTRY {
                    country.get_or_insert_with(|| value.trim().to_uppercase());
                }
                if !display.is_empty() {
                    display.push(',');
                }
                let _ = write!(display, "{}={}", short_name(&oid), value.trim());
                attributes.push((oid, normalize(&value)));
            }
            attributes.sort();
            for (oid, value) in attributes {
                let _ = write!(canonical, "{oid}={};{value};", value.len());
            }
            canonical.push('/');
        }
        Self { canonical, display, country }
    }

    /// Reads an encoded name.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        X509Name::from_der(der).ok().map(|name| Self::new(&name))
    }

    /// The form that is compared, stable between releases only by accident.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// `countryName` in upper case: two letters, or what the state wrote.
    pub fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.canonical.cmp(&other.canonical)
    }
}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

/// Displays as `C=DE,O=bund,CN=csca-germany`, in the order it was written.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

fn text(attribute: &AttributeTypeAndValue) -> String {
    use x509_cert::der::{Tag, Tagged};
    let octets = attribute.value.value();
    match attribute.value.tag() {
        Tag::BmpString => {
            let units = octets
                .chunks_exact(2)
                .filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        // In practice Latin-1, whatever T.61 says.
        Tag::TeletexString => octets.iter().map(|octet| char::from(*octet)).collect(),
        _ => String::from_utf8_lossy(octets).into_owned(),
    }
}

fn normalize(value: &str) -> String {
    let words: Vec<String> = value.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

fn short_name(oid: &str) -> &str {
    match oid {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "serialNumber",
        COUNTRY => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "1.2.840.113549.1.9.1" => "emailAddress",
        other => other,
    }
}

const COUNTRY: &str = "2.5.4.6";
