//! The LDIF files of the ICAO Public Key Directory (RFC 2849, 9303-12 §6).
//!
//! Only what those files use: entries parted by blank lines, folded lines,
//! comments, and base64 values. Values that are not wanted are skipped
//! without being decoded. The file is taken in pieces, and no more of it is
//! held than the value that is being read.

use std::collections::BTreeSet;

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

/// A collection the directory publishes as one file. Displays as the start of
/// its file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// Document signers and CRLs, `icaopkd-001`.
    SignersAndCrls,
    /// CSCA master lists, `icaopkd-002`.
    MasterLists,
    /// What does not conform to Doc 9303, `icaopkd-003`.
    NonConformant,
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

/// Reads a file in pieces of any size.
///
/// ```
/// let mut reader = emrtd::trust::ldif::Reader::default();
/// let mut found = Vec::new();
/// reader.push(b"dn: cn=a,o=crl,c=UT,dc=data\npkdVer", &mut |value| found.push(value));
/// reader.push(b"sion: 7\nuserCertificate;binary:: MA", &mut |value| found.push(value));
/// reader.push(b"\n A=\n", &mut |value| found.push(value));
/// reader.finish(&mut |value| found.push(value));
/// assert_eq!(found[0].bytes, Ok(vec![0x30, 0]));
/// assert_eq!(reader.version(), Some(7));
/// ```
#[derive(Debug, Default)]
pub struct Reader {
    /// The physical line that has not ended yet.
    partial: Vec<u8>,
    /// The physical lines that have ended.
    lines: usize,
    logical: Option<Logical>,
    entry: String,
    version: Option<u64>,
    collections: BTreeSet<Collection>,
    has_changes: bool,
}

/// A line with its continuations joined (RFC 2849: a leading space).
#[derive(Debug)]
struct Logical {
    line: usize,
    text: Vec<u8>,
    too_long: bool,
}

impl Reader {
    /// Takes the next piece of the file and hands over the values it completes.
    pub fn push(&mut self, mut piece: &[u8], each: &mut dyn FnMut(Value)) {
        while let Some(end) = piece.iter().position(|octet| *octet == b'\n') {
            let (line, rest) = piece.split_at(end);
            piece = rest.get(1..).unwrap_or(&[]);
            self.extend_partial(line);
            self.end_line(each);
        }
        self.extend_partial(piece);
    }

    /// Ends the file.
    pub fn finish(&mut self, each: &mut dyn FnMut(Value)) {
        if !self.partial.is_empty() {
            self.end_line(each);
        }
        self.end_logical(each);
    }

    /// The highest `pkdVersion` so far: the directory counts its changes up.
    /// Values of 10⁹ and more are ignored; after one, every later edition would
    /// look older.
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// The collections its entries belong to so far.
    pub fn collections(&self) -> &BTreeSet<Collection> {
        &self.collections
    }

    /// Whether it describes changes (`changetype`) and is no whole collection.
    pub fn has_changes(&self) -> bool {
        self.has_changes
    }

    /// One octet more than a line may have is kept, to know that it is too long.
    fn extend_partial(&mut self, octets: &[u8]) {
        let room = (MAX_LINE_BYTES + 1).saturating_sub(self.partial.len());
        self.partial.extend_from_slice(octets.get(..octets.len().min(room)).unwrap_or(&[]));
    }

    fn end_line(&mut self, each: &mut dyn FnMut(Value)) {
        self.lines += 1;
        let mut physical = std::mem::take(&mut self.partial);
        while physical.last() == Some(&b'\r') {
            physical.pop();
        }
        match (physical.strip_prefix(b" "), &mut self.logical) {
            (Some(more), Some(logical)) => logical.extend(more),
            // A continuation of nothing.
            (Some(_), None) => {}
            (None, _) => {
                self.end_logical(each);
                let mut logical = Logical { line: self.lines, text: Vec::new(), too_long: false };
                logical.extend(&physical);
                self.logical = Some(logical);
            }
        }
        // Its room is used again.
        physical.clear();
        self.partial = physical;
    }

    fn end_logical(&mut self, each: &mut dyn FnMut(Value)) {
        let Some(logical) = self.logical.take().filter(|line| !line.text.starts_with(b"#")) else {
            return;
        };
        let text = String::from_utf8_lossy(&logical.text);
        let Some((name, rest)) = text.split_once(':') else {
            return;
        };
        let (encoded, is_base64) = match rest.strip_prefix(':') {
            Some(encoded) => (encoded, true),
            None => (rest, false),
        };
        match name.to_ascii_lowercase().as_str() {
            "dn" => self.begin_entry(encoded.trim(), is_base64),
            "pkdversion" => {
                let version = encoded.trim().parse().ok().filter(|version| *version < MAX_VERSION);
                self.version = self.version.max(version);
            }
            "changetype" => self.has_changes = true,
            _ => {
                let Some(kind) = ValueKind::of(name) else { return };
                let bytes = match (is_base64, logical.too_long) {
                    (true, true) => Err("the value is too long"),
                    (true, false) => decode(encoded),
                    (false, _) => Err("the value is not base64"),
                };
                each(Value { kind, entry: self.entry.clone(), line: logical.line, bytes });
            }
        }
    }

    fn begin_entry(&mut self, name: &str, is_base64: bool) {
        let decoded = if is_base64 { decode(name).ok() } else { None };
        let name = decoded.map_or_else(
            || name.to_owned(),
            |octets| String::from_utf8_lossy(&octets).into_owned(),
        );
        self.entry = name.chars().take(MAX_ENTRY_CHARS).collect();
        self.collections.extend(Collection::of(&name));
    }
}

impl Logical {
    fn extend(&mut self, octets: &[u8]) {
        if self.text.len() + octets.len() > MAX_LINE_BYTES {
            // What it began with is enough to name it.
            self.too_long = true;
            self.text.truncate(MAX_ENTRY_CHARS);
        }
        if !self.too_long {
            self.text.extend_from_slice(octets);
        } else if self.text.is_empty() {
            self.text.extend_from_slice(octets.get(..MAX_ENTRY_CHARS).unwrap_or(octets));
        }
    }
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

impl Collection {
    /// From the name of an entry, such as `cn=…,o=ml,c=FR,dc=data,…`.
    fn of(entry: &str) -> Option<Self> {
        let entry = entry.to_ascii_lowercase();
        let has = |part: &str| entry.split(',').any(|found| found.trim() == part);
        if has("dc=nc-data") {
            Some(Self::NonConformant)
        } else if has("o=ml") {
            Some(Self::MasterLists)
        } else if has("o=dsc") || has("o=crl") {
            Some(Self::SignersAndCrls)
        } else {
            None
        }
    }
}

impl std::fmt::Display for Collection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::SignersAndCrls => "icaopkd-001",
            Self::MasterLists => "icaopkd-002",
            Self::NonConformant => "icaopkd-003",
        })
    }
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

/// The longest logical line; the largest master list there is has 0.9 MB.
const MAX_LINE_BYTES: usize = 16 << 20;

/// The directory has not counted to a hundred thousand in twenty years.
const MAX_VERSION: u64 = 1_000_000_000;

/// How much of the name of an entry is kept.
const MAX_ENTRY_CHARS: usize = 1024;
