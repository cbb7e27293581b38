use std::collections::{BTreeSet, HashMap};

use super::ldif::{self, Collection, ValueKind};
use super::signed_list::Vouchers;
use super::{
    Certificate, CertificateError, Crl, CrlError, CscaRefused, DEVIATION_LIST, DeviationList,
    DeviationListError, ListSignature, MasterList, MasterListError, TrustStore,
};
use crate::tlv::{Oid, Reader, Rules, Tag};

/// What a file holds, as far as it can be used.
#[derive(Debug, Default)]
pub struct Import {
    /// What can be used, each once.
    pub accepted: Vec<Imported>,
    /// How often something came again that is in `accepted`.
    pub repeated: usize,
    /// Document signers of a directory: not kept, since every document carries
    /// its own.
    pub document_signers: usize,
    /// What cannot be used, and why. One bad entry does not spoil the rest.
    pub refused: Vec<Refused>,
    /// How many more were refused than `refused` has room for.
    pub more_refused: usize,
    /// The first entry that could not be read, or a master list whose signature
    /// is wrong: the file may hold certificates that are not in `accepted`. An
    /// entry that was read and cannot be used by rule is not meant.
    pub unread: Option<Refused>,
    /// The master lists met and what their signatures are worth.
    pub master_lists: Vec<(Source, ListSignature)>,
    /// For LDIF of the ICAO PKD: what it is a copy of.
    pub directory: Option<Directory>,
}

/// Which part of the ICAO PKD a file is a copy of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// The collections its entries belong to.
    pub collections: BTreeSet<Collection>,
    /// The highest `pkdVersion`, which the directory counts up.
    pub version: Option<u64>,
    /// It describes changes to an earlier copy and is not whole.
    pub has_changes: bool,
}

/// One certificate or list of a file.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What it is.
    pub item: Item,
    /// Where it was.
    pub source: Source,
    /// It came in a master list whose signature is verified up to a named
    /// root. A CRL or deviation list needs no such voucher: it is verified
    /// under its CSCA.
    pub verified: bool,
}

/// What was imported.
#[derive(Clone, Debug)]
pub enum Item {
    /// A certificate that can be a country signing CA.
    Csca(Certificate),
    /// Another certificate: a document signer. The store needs none, since
    /// every document carries its own.
    Certificate(Certificate),
    /// A revocation list.
    Crl(Crl),
    /// A deviation list.
    DeviationList(DeviationList),
}

impl Item {
    /// SHA-256 of the original bytes.
    pub fn fingerprint(&self) -> [u8; 32] {
        match self {
            Self::Csca(certificate) | Self::Certificate(certificate) => certificate.fingerprint(),
            Self::Crl(crl) => crl.fingerprint(),
            Self::DeviationList(list) => list.fingerprint(),
        }
    }
}

/// Where in a file something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// How the file is written.
    pub kind: SourceKind,
    /// Byte offset; for LDIF and PEM the line, from 1.
    pub position: usize,
    /// For what came inside a master list: its offset in the list.
    pub inner_offset: Option<usize>,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A signed or bare master list.
    MasterList,
    /// LDIF of the ICAO PKD.
    Ldif,
    /// PEM, several objects in one file.
    Pem,
    /// One DER object.
    Der,
}

/// An entry that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it is.
    pub source: Source,
    /// Why.
    pub reason: ImportError,
}

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// A certificate that cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A readable certificate in a master list that cannot be a CSCA.
    #[error("not usable as a CSCA: {0}")]
    Csca(#[from] CscaRefused),
    /// A CRL that cannot be read.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// A master list that cannot be read.
    #[error(transparent)]
    MasterList(#[from] MasterListError),
    /// A deviation list that cannot be read.
    #[error(transparent)]
    DeviationList(#[from] DeviationListError),
    /// A master list whose signature is wrong; nothing in it is used.
    #[error("the signature of the master list is wrong: {0}")]
    ListSignature(&'static str),
    /// The text around an entry is broken.
    #[error("{0}")]
    Encoding(&'static str),
    /// More than a store of this kind ever has.
    #[error("more than {MAX_ITEMS} certificates and lists")]
    TooMany,
}

impl ImportError {
    /// Whether CSCA certificates may be missing for it. One inside a list was
    /// read as the list says it: the list holds nothing usable there.
    fn leaves_unread(&self, source: &Source) -> bool {
        match self {
            Self::Encoding(_) | Self::MasterList(_) | Self::ListSignature(_) | Self::TooMany => {
                true
            }
            Self::Certificate(_) => source.inner_offset.is_none(),
            Self::Csca(_) | Self::Crl(_) | Self::DeviationList(_) => false,
        }
    }
}

/// Finds out what a file is and takes from it what can be used.
///
/// Understands signed and bare master lists, deviation lists, LDIF of the ICAO
/// PKD, PEM with any number of objects, and single DER certificates and CRLs.
///
/// `signer_roots` are the CSCA certificates that may vouch for master list
/// signers; items of lists they do not vouch for come out unverified, and
/// lists with a wrong signature are refused whole.
pub fn import(bytes: &[u8], signer_roots: &[Certificate]) -> Import {
    let mut importer = Importer::new(signer_roots);
    importer.push(bytes);
    importer.finish()
}

/// [`import`] of a file in pieces. Of LDIF no more is held than the entry that
/// is being read and what can be used.
#[derive(Debug)]
pub struct Importer<'a> {
    input: Input,
    sink: Sink<'a>,
}

#[derive(Debug)]
enum Input {
    /// What it is shows in the first bytes.
    Undecided(Vec<u8>),
    Ldif(ldif::Reader),
    /// Anything else is taken whole.
    Whole(Vec<u8>),
    TooLarge,
}

impl<'a> Importer<'a> {
    /// Begins a file; the roots are those of [`import`].
    pub fn new(signer_roots: &'a [Certificate]) -> Self {
        let sink = Sink {
            roots: signer_roots,
            revocations: None,
            take_invalid_lists: false,
            import: Import::default(),
            known: HashMap::new(),
        };
        Self { input: Input::Undecided(Vec::new()), sink }
    }

    /// Lets no list count whose signer, or what is above it, a CRL of `trust`
    /// lists: its signature is then taken as wrong.
    #[must_use]
    pub fn revoked_by(mut self, trust: &'a TrustStore) -> Self {
        self.sink.revocations = Some(trust);
        self
    }

    /// Takes the certificates of lists with a wrong signature too, as
    /// unverified. For an operator who asked for it.
    #[must_use]
    pub fn take_invalid_lists(mut self, take: bool) -> Self {
        self.sink.take_invalid_lists = take;
        self
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        match &mut self.input {
            Input::Undecided(start) => {
                start.extend_from_slice(piece);
                if start.len() >= DECIDED_BY {
                    self.decide();
                }
            }
            Input::Ldif(reader) => reader.push(piece, &mut |value| self.sink.ldif(value)),
            Input::Whole(bytes) => {
                bytes.extend_from_slice(piece);
                self.bound();
            }
            Input::TooLarge => {}
        }
    }

    /// Ends the file.
    pub fn finish(mut self) -> Import {
        if matches!(self.input, Input::Undecided(_)) {
            self.decide();
        }
        match self.input {
            Input::Ldif(mut reader) => {
                reader.finish(&mut |value| self.sink.ldif(value));
                self.sink.import.directory = Some(Directory {
                    collections: reader.collections().clone(),
                    version: reader.version(),
                    has_changes: reader.has_changes(),
                });
            }
            Input::Whole(bytes) if find(&bytes, PEM_BEGIN.as_bytes()) => {
                self.sink.pem(&String::from_utf8_lossy(&bytes));
            }
            Input::Whole(bytes) => {
                let source = Source { kind: SourceKind::Der, position: 0, inner_offset: None };
                self.sink.der(&bytes, source);
            }
            Input::TooLarge => {
                let source = Source { kind: SourceKind::Der, position: 0, inner_offset: None };
                self.sink.refuse(source, ImportError::Encoding("the file is too large"));
            }
            Input::Undecided(_) => {}
        }
        self.sink.import
    }

    fn decide(&mut self) {
        let Input::Undecided(start) = &mut self.input else {
            return;
        };
        let start = std::mem::take(start);
        if ldif::is_ldif(&start) {
            let mut reader = ldif::Reader::default();
            reader.push(&start, &mut |value| self.sink.ldif(value));
            self.input = Input::Ldif(reader);
        } else {
            self.input = Input::Whole(start);
            self.bound();
        }
    }

    fn bound(&mut self) {
        if matches!(&self.input, Input::Whole(bytes) if bytes.len() > MAX_WHOLE_BYTES) {
            self.input = Input::TooLarge;
        }
    }
}

/// What comes out of a file.
#[derive(Debug)]
struct Sink<'a> {
    roots: &'a [Certificate],
    revocations: Option<&'a TrustStore>,
    take_invalid_lists: bool,
    import: Import,
    /// Where in `import.accepted` what was seen is.
    known: HashMap<[u8; 32], usize>,
}

impl Sink<'_> {
    fn ldif(&mut self, value: ldif::Value) {
        let source = Source { kind: SourceKind::Ldif, position: value.line, inner_offset: None };
        match (value.bytes, value.kind) {
            (Err(reason), _) => self.refuse(source, ImportError::Encoding(reason)),
            (Ok(bytes), ValueKind::MasterList) => self.master_list(&bytes, source),
            (Ok(bytes), ValueKind::Certificate) => self.certificate(&bytes, source),
            (Ok(bytes), ValueKind::Crl) => self.crl(&bytes, source),
        }
    }

    fn pem(&mut self, text: &str) {
        let mut body: Option<(usize, String)> = None;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            let source = |position| Source { kind: SourceKind::Pem, position, inner_offset: None };
            if line.starts_with(PEM_BEGIN) {
                if let Some((start, _)) = body.replace((index + 1, String::new())) {
                    self.refuse(source(start), ImportError::Encoding("the PEM has no end"));
                }
            } else if line.starts_with("-----END ") {
                let Some((start, encoded)) = body.take() else {
                    continue;
                };
                match ldif::decode(&encoded) {
                    Ok(der) => self.der(&der, source(start)),
                    Err(reason) => self.refuse(source(start), ImportError::Encoding(reason)),
                }
            } else if let Some((_, encoded)) = &mut body {
                encoded.push_str(line);
            }
        }
        if let Some((start, _)) = body {
            let source = Source { kind: SourceKind::Pem, position: start, inner_offset: None };
            self.refuse(source, ImportError::Encoding("the PEM has no end"));
        }
    }

    fn der(&mut self, der: &[u8], source: Source) {
        match Shape::of(der) {
            Shape::MasterList => {
                let kind = match source.kind {
                    SourceKind::Der => SourceKind::MasterList,
                    other => other,
                };
                self.master_list(der, Source { kind, ..source });
            }
            Shape::DeviationList => match DeviationList::parse(der) {
                Ok(list) => self.accept(Item::DeviationList(list), source, false),
                Err(error) => self.refuse(source, error.into()),
            },
            Shape::Crl => self.crl(der, source),
            Shape::Certificate => self.certificate(der, source),
        }
    }

    fn master_list(&mut self, bytes: &[u8], source: Source) {
        let list = match MasterList::parse(bytes) {
            Ok(list) => list,
            Err(error) => return self.refuse(source, error.into()),
        };
        let signature = list.verify(Vouchers { roots: self.roots, revocations: self.revocations });
        if self.import.master_lists.len() >= MAX_MASTER_LISTS {
            return self.refuse(source, ImportError::TooMany);
        }
        self.import.master_lists.push((source.clone(), signature.clone()));
        if let ListSignature::Invalid { reason } = signature
            && !self.take_invalid_lists
        {
            return self.refuse(source, ImportError::ListSignature(reason));
        }
        let at = |offset| Source { inner_offset: Some(offset), ..source.clone() };
        for (offset, error) in list.refused() {
            self.refuse(at(*offset), error.clone().into());
        }
        for (offset, certificate) in list.certificates() {
            self.csca_of_list(certificate, at(*offset), signature.is_verified());
        }
    }

    fn csca_of_list(&mut self, certificate: &Certificate, source: Source, verified: bool) {
        // Most lists hold mostly the same; each certificate is checked once.
        let is_known = self.known.contains_key(&certificate.fingerprint());
        match if is_known { Ok(()) } else { certificate.check_csca().map(drop) } {
            Ok(()) => self.accept(Item::Csca(certificate.clone()), source, verified),
            Err(reason) => self.refuse(source, reason.into()),
        }
    }

    fn certificate(&mut self, der: &[u8], source: Source) {
        let certificate = match Certificate::from_der(der) {
            Ok(certificate) => certificate,
            Err(error) => return self.refuse(source, error.into()),
        };
        match certificate.check_csca() {
            Ok(_) => self.accept(Item::Csca(certificate), source, false),
            Err(CscaRefused::NotCa) if source.kind == SourceKind::Ldif => {
                self.import.document_signers += 1;
            }
            Err(CscaRefused::NotCa) => self.accept(Item::Certificate(certificate), source, false),
            Err(reason) => self.refuse(source, reason.into()),
        }
    }

    fn crl(&mut self, der: &[u8], source: Source) {
        match Crl::from_der(der) {
            Ok(crl) => self.accept(Item::Crl(crl), source, false),
            Err(error) => self.refuse(source, error.into()),
        }
    }

    fn accept(&mut self, item: Item, source: Source, verified: bool) {
        let fingerprint = item.fingerprint();
        let accepted = &mut self.import.accepted;
        if let Some(known) = self.known.get(&fingerprint).and_then(|at| accepted.get_mut(*at)) {
            self.import.repeated += 1;
            // Of two lists with the same certificate the one that is verified counts.
            if verified && !known.verified {
                *known = Imported { item, source, verified };
            }
            return;
        }
        if accepted.len() >= MAX_ITEMS {
            return self.refuse(source, ImportError::TooMany);
        }
        self.known.insert(fingerprint, accepted.len());
        accepted.push(Imported { item, source, verified });
    }

    fn refuse(&mut self, source: Source, reason: ImportError) {
        if self.import.unread.is_none() && reason.leaves_unread(&source) {
            self.import.unread = Some(Refused { source: source.clone(), reason: reason.clone() });
        }
        if self.import.refused.len() < MAX_REFUSED {
            self.import.refused.push(Refused { source, reason });
        } else {
            self.import.more_refused += 1;
        }
    }
}

/// What the first tags of a DER object say it is.
enum Shape {
    MasterList,
    DeviationList,
    Crl,
    Certificate,
}

impl Shape {
    fn of(der: &[u8]) -> Self {
        Self::detect(der).unwrap_or(Self::Certificate)
    }

    fn detect(der: &[u8]) -> Option<Self> {
        let outer = Reader::new(der, Rules::Ber).expect(Tag::SEQUENCE).ok()?;
        let mut fields = outer.children().ok()?;
        let first = fields.read().ok()?;
        match first.tag() {
            // ContentInfo starts with a type, CscaMasterList with a version.
            Tag::INTEGER => Some(Self::MasterList),
            Tag::OID => match content_type(&mut fields) {
                Some(DEVIATION_LIST) => Some(Self::DeviationList),
                _ => Some(Self::MasterList),
            },
            Tag::SEQUENCE => {
                // TBSCertificate: [0] version, serial, then a sequence.
                // TBSCertList: version, algorithm, name, then a time.
                let mut inner = first.children().ok()?;
                for _ in 0..4 {
                    let tag = inner.read().ok()?.tag();
                    if matches!(tag, Tag::UTC_TIME | Tag::GENERALIZED_TIME) {
                        return Some(Self::Crl);
                    }
                }
                Some(Self::Certificate)
            }
            _ => None,
        }
    }
}

/// What CMS `SignedData` is about, after its own type was read.
fn content_type(info: &mut Reader<'_>) -> Option<Oid> {
    let mut wrapper = info.expect(Tag::context(0)).ok()?.children().ok()?;
    let mut signed = wrapper.expect(Tag::SEQUENCE).ok()?.children().ok()?;
    signed.expect(Tag::INTEGER).ok()?;
    signed.expect(Tag::SET).ok()?;
    let mut content = signed.expect(Tag::SEQUENCE).ok()?.children().ok()?;
    content.expect(Tag::OID).ok()?.oid().ok()
}

fn find(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

const PEM_BEGIN: &str = "-----BEGIN ";

/// After so many bytes the first line that is no comment has been seen.
const DECIDED_BY: usize = 4096;

/// The largest file that is not LDIF; the largest master list has 0.9 MB.
const MAX_WHOLE_BYTES: usize = 64 << 20;

/// More than ten times what all states together have.
const MAX_ITEMS: usize = 20_000;

/// Some thirty states publish lists.
const MAX_MASTER_LISTS: usize = 1000;

/// How many refusals are kept one by one.
const MAX_REFUSED: usize = 1000;
