//! The LDIF files of the ICAO Public Key Directory (RFC 2849, 9303-12 §8).
//!
//! Only what those files use: entries parted by blank lines, folded lines,
//! comments, and base64 values. Values that are not wanted are skipped
//! without being decoded.

use openssl::base64::decode_block;

/// A value of an attribute that holds certificates or lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What the attribute holds.
    pub kind: ValueKind,
    /// The distinguished name of the entry, as written.
    pub entry: String,
    /// Line of the attribute, from 1.
    pub line: usize,
    /// The bytes, or why they cannot be read.
    pub bytes: Result<Vec<u8>, &'static str>,
}

/// What an attribute of the directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// `CscaMasterListData` or `pkdMasterListContent`
    MasterList,
    /// `userCertificate;binary`
    Certificate,
    /// `certificateRevocationList;binary`
    Crl,
}

/// Whether a file looks like LDIF.
pub fn is_ldif(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(4096)).unwrap_or(&[]);
    let text = String::from_utf8_lossy(start);
    text.lines()
        .map(str::trim_end)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .is_some_and(|line| {
            let line = line.to_ascii_lowercase();
            line.starts_with("dn:") || line.starts_with("version:")
        })
}

/// Reads the values a file holds, one after the other.
pub fn values(file: &str) -> impl Iterator<Item = Value> {
    let mut entry = String::new();
    logical_lines(file).filter_map(move |(line, text)| {
        let (name, rest) = text.split_once(':')?;
        let (encoded, is_base64) = match rest.strip_prefix(':') {
            Some(encoded) => (encoded, true),
            None => (rest, false),
        };
        if name.eq_ignore_ascii_case("dn") {
            entry = encoded.trim().to_owned();
            return None;
        }
        let kind = ValueKind::of(name)?;
        let bytes = if is_base64 { decode(encoded) } else { Err("the value is not base64") };
        Some(Value { kind, entry: entry.clone(), line, bytes })
    })
}

impl ValueKind {
    fn of(attribute: &str) -> Option<Self> {
        let name = attribute.split(';').next().unwrap_or(attribute);
        match name.to_ascii_lowercase().as_str() {
            "cscamasterlistdata" | "pkdmasterlistcontent" => Some(Self::MasterList),
            "usercertificate" => Some(Self::Certificate),
            "certificaterevocationlist" => Some(Self::Crl),
            _ => None,
        }
    }
}

/// Lines with their continuations joined (RFC 2849: a leading space), each
/// with the number of its first physical line.
fn logical_lines(file: &str) -> impl Iterator<Item = (usize, String)> {
    let mut lines = file.lines().enumerate().peekable();
    std::iter::from_fn(move || {
        let (index, first) = lines.next()?;
        let mut joined = first.trim_end_matches('\r').to_owned();
        while let Some((_, more)) = lines.next_if(|(_, next)| next.starts_with(' ')) {
            joined.push_str(more.get(1..).unwrap_or_default().trim_end_matches('\r'));
        }
        Some((index + 1, joined))
    })
    .filter(|(_, line)| !line.starts_with('#'))
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    let compact: String = text.split_whitespace().collect();
    if compact.is_empty() {
        return Err("the value is empty");
    }
    // OpenSSL pads with zeros what is not a whole group, so ask first.
    if !compact.len().is_multiple_of(4) {
        return Err("the base64 is cut short");
    }
    decode_block(&compact).map_err(|_| "the base64 is broken")
}
