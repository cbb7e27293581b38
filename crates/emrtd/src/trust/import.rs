use super::ldif::{self, ValueKind};
use super::{
    Certificate, CertificateError, Crl, CrlError, CscaRefused, ListSignature, MasterList,
    MasterListError,
};
use crate::tlv::{Reader, Rules, Tag};

/// What a file holds, as far as it can be used.
#[derive(Debug, Default)]
pub struct Import {
    /// What can be used.
    pub accepted: Vec<Imported>,
    /// What cannot, and why. One bad entry does not spoil the rest.
    pub refused: Vec<Refused>,
    /// The master lists met and what their signatures are worth.
    pub master_lists: Vec<(Source, ListSignature)>,
}

/// One certificate or CRL of a file.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What it is.
    pub item: Item,
    /// Where it was.
    pub source: Source,
    /// It came in a master list whose signature is verified up to a named
    /// root. A CRL needs no such voucher: it is verified under its CSCA.
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
    /// A master list whose signature is wrong; nothing in it is used.
    #[error("the signature of the master list is wrong: {0}")]
    ListSignature(&'static str),
    /// The text around an entry is broken.
    #[error("{0}")]
    Encoding(&'static str),
}

/// Finds out what a file is and takes from it what can be used.
///
/// Understands signed and bare master lists, LDIF of the ICAO PKD, PEM with
/// any number of objects, and single DER certificates and CRLs.
///
/// `signer_roots` are the CSCA certificates that may vouch for master list
/// signers; items of lists they do not vouch for come out unverified, and
/// lists with a wrong signature are refused whole.
pub fn import(bytes: &[u8], signer_roots: &[Certificate]) -> Import {
    let mut import = Import::default();
    if ldif::is_ldif(bytes) {
        import.ldif(&String::from_utf8_lossy(bytes), signer_roots);
    } else if find(bytes, PEM_BEGIN.as_bytes()) {
        import.pem(&String::from_utf8_lossy(bytes), signer_roots);
    } else {
        let source = Source { kind: SourceKind::Der, position: 0, inner_offset: None };
        import.der(bytes, source, signer_roots);
    }
    import
}

impl Import {
    fn ldif(&mut self, text: &str, roots: &[Certificate]) {
        for value in ldif::values(text) {
            let source =
                Source { kind: SourceKind::Ldif, position: value.line, inner_offset: None };
            match (value.bytes, value.kind) {
                (Err(reason), _) => self.refuse(source, ImportError::Encoding(reason)),
                (Ok(bytes), ValueKind::MasterList) => self.master_list(&bytes, source, roots),
                (Ok(bytes), ValueKind::Certificate) => self.certificate(&bytes, source),
                (Ok(bytes), ValueKind::Crl) => self.crl(&bytes, source),
            }
        }
    }

    fn pem(&mut self, text: &str, roots: &[Certificate]) {
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
                    Ok(der) => self.der(&der, source(start), roots),
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

    fn der(&mut self, der: &[u8], source: Source, roots: &[Certificate]) {
        match Shape::of(der) {
            Shape::MasterList => {
                let kind = match source.kind {
                    SourceKind::Der => SourceKind::MasterList,
                    other => other,
                };
                self.master_list(der, Source { kind, ..source }, roots);
            }
            Shape::Crl => self.crl(der, source),
            Shape::Certificate => self.certificate(der, source),
        }
    }

    fn master_list(&mut self, bytes: &[u8], source: Source, roots: &[Certificate]) {
        let list = match MasterList::parse(bytes) {
            Ok(list) => list,
            Err(error) => return self.refuse(source, error.into()),
        };
        let signature = list.verify_signature(roots);
        self.master_lists.push((source.clone(), signature.clone()));
        if let ListSignature::Invalid { reason } = signature {
            return self.refuse(source, ImportError::ListSignature(reason));
        }
        let at = |offset| Source { inner_offset: Some(offset), ..source.clone() };
        for (offset, error) in list.refused() {
            self.refuse(at(*offset), error.clone().into());
        }
        for (offset, certificate) in list.certificates() {
            match certificate.check_csca() {
                Ok(_) => self.accepted.push(Imported {
                    item: Item::Csca(certificate.clone()),
                    source: at(*offset),
                    verified: signature.is_verified(),
                }),
                Err(reason) => self.refuse(at(*offset), reason.into()),
            }
        }
    }

    fn certificate(&mut self, der: &[u8], source: Source) {
        let certificate = match Certificate::from_der(der) {
            Ok(certificate) => certificate,
            Err(error) => return self.refuse(source, error.into()),
        };
        let item = match certificate.check_csca() {
            Ok(_) => Item::Csca(certificate),
            Err(CscaRefused::NotCa) => Item::Certificate(certificate),
            Err(reason) => return self.refuse(source, reason.into()),
        };
        self.accepted.push(Imported { item, source, verified: false });
    }

    fn crl(&mut self, der: &[u8], source: Source) {
        match Crl::from_der(der) {
            Ok(crl) => {
                self.accepted.push(Imported { item: Item::Crl(crl), source, verified: false })
            }
            Err(error) => self.refuse(source, error.into()),
        }
    }

    fn refuse(&mut self, source: Source, reason: ImportError) {
        self.refused.push(Refused { source, reason });
    }
}

/// What the first tags of a DER object say it is.
enum Shape {
    MasterList,
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
            Tag::OID | Tag::INTEGER => Some(Self::MasterList),
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

fn find(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

const PEM_BEGIN: &str = "-----BEGIN ";
