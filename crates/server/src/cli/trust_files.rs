//! Trust material in files: what is in them, and who vouches for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::time::Timestamp;
use emrtd::trust::{
    Certificate, Crl, Import, ImportError, Imported, Item, ListSignature, MasterList, Provenance,
    Source, SourceKind, TrustStore, import, ldif,
};
use serde_json::{Value, json};
use store::{TrustItem, TrustKind};

use super::failure::{Code, Failure};
use super::folder::read_bounded;

/// The ICAO PKD as one LDIF is below 200 MB.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// Whom the operator trusts to vouch for master lists.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Vouching {
    /// Certificate of the root under which master lists are signed (DER or PEM); repeatable.
    #[arg(long, value_name = "FILE")]
    trust_signer: Vec<PathBuf>,
    /// Take master lists whose signature is wrong or cannot be verified, too. It is recorded with
    /// every certificate that comes in this way.
    #[arg(long)]
    allow_unverified: bool,
}

/// What is done with a master list that no root vouches for. One with a wrong signature is refused
/// in any case, unless the operator allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unvouched {
    Refuse,
    /// The operator names the file for one verification: its certificates are taken, unverified.
    Take,
}

/// What of a file can be used, and what not.
pub(super) struct Contents {
    pub(super) items: Vec<Found>,
    pub(super) refused: Vec<Refusal>,
}

/// A certificate or revocation list that can be used.
pub(super) struct Found {
    pub(super) item: Material,
    /// It came in a list whose signature was verified, or the operator named its file.
    pub(super) verified: bool,
}

pub(super) enum Material {
    Csca(Certificate),
    Crl(Crl),
}

/// Entries of a file that are not used for one reason.
pub(super) struct Refusal {
    pub(super) reason: String,
    /// Where the first of them is.
    pub(super) first: String,
    pub(super) count: usize,
}

impl Vouching {
    /// The certificates of the roots.
    pub(super) fn roots(&self) -> Result<Vec<Certificate>, Failure> {
        let mut roots = Vec::new();
        for file in &self.trust_signer {
            let found = import(&read_bounded(file, MAX_FILE_BYTES)?, &[]);
            let before = roots.len();
            // A master list is not a root: what is in it has not been vouched for.
            let named =
                found.accepted.into_iter().filter(|found| found.source.inner_offset.is_none());
            roots.extend(named.filter_map(|imported| match imported.item {
                Item::Csca(certificate) | Item::Certificate(certificate) => Some(certificate),
                Item::Crl(_) => None,
            }));
            if roots.len() == before {
                let reason = found.refused.first().map(|refused| refused.reason.to_string());
                return Err(Failure::new(
                    Code::Io,
                    format!(
                        "{}: no certificate: {}",
                        file.display(),
                        reason.as_deref().unwrap_or("something else")
                    ),
                    "--trust-signer takes a certificate in DER or PEM",
                ));
            }
        }
        Ok(roots)
    }

    /// Reads a file and takes from it what the operator's choices allow.
    pub(super) fn read(
        &self,
        file: &Path,
        roots: &[Certificate],
        unvouched: Unvouched,
    ) -> Result<Contents, Failure> {
        let bytes = read_bounded(file, MAX_FILE_BYTES)?;
        let mut import = import(&bytes, roots);
        if self.allow_unverified {
            recover_refused_lists(&mut import, &bytes);
        }
        let take = self.allow_unverified || unvouched == Unvouched::Take;
        Ok(choose(import, take))
    }
}

fn choose(import: Import, take_unvouched: bool) -> Contents {
    let mut refusals = Refusals::default();
    let mut left_out = Vec::new();
    for (source, signature) in &import.master_lists {
        if !signature.is_verified() && !take_unvouched {
            left_out.push(source);
            // A wrong signature is among the refused entries already.
            if !matches!(signature, ListSignature::Invalid { .. }) {
                refusals.add(source, why_unvouched(signature));
            }
        }
    }
    let is_left_out = |source: &Source| {
        let list = Source { inner_offset: None, ..source.clone() };
        source.inner_offset.is_some() && left_out.contains(&&list)
    };
    let mut items = Vec::new();
    for Imported { item, source, verified } in import.accepted {
        if is_left_out(&source) {
            continue;
        }
        // Nobody looks at each of the thousands of entries of an LDIF.
        let named = source.inner_offset.is_none() && source.kind != SourceKind::Ldif;
        let verified = verified || named;
        match item {
            Item::Csca(_) if !verified && !take_unvouched => {
                refusals.add(&source, "a certificate outside a signed list".to_owned());
            }
            Item::Csca(csca) => items.push(Found { item: Material::Csca(csca), verified }),
            // Used only if a CSCA that is trusted signed it.
            Item::Crl(crl) => items.push(Found { item: Material::Crl(crl), verified }),
            Item::Certificate(_) => refusals.add(
                &source,
                "a document signer: documents carry their own, only the CSCA is kept".to_owned(),
            ),
        }
    }
    for refused in import.refused.iter().filter(|refused| !is_left_out(&refused.source)) {
        refusals.add(&refused.source, refused.reason.to_string());
    }
    Contents { items, refused: refusals.0.into_values().collect() }
}

/// Takes the certificates of lists whose signature is wrong, as unverified.
fn recover_refused_lists(import: &mut Import, bytes: &[u8]) {
    let refused = std::mem::take(&mut import.refused);
    for entry in refused {
        let wrong_signature = matches!(entry.reason, ImportError::ListSignature(_));
        let list = wrong_signature
            .then(|| list_bytes(bytes, &entry.source))
            .flatten()
            .and_then(|bytes| MasterList::parse(&bytes).ok());
        let Some(list) = list else {
            import.refused.push(entry);
            continue;
        };
        let source = &entry.source;
        let at = |offset: usize| Source { inner_offset: Some(offset), ..source.clone() };
        for (offset, error) in list.refused() {
            let reason = ImportError::from(error.clone());
            import.refused.push(emrtd::trust::Refused { source: at(*offset), reason });
        }
        for (offset, certificate) in list.certificates() {
            match certificate.check_csca() {
                Ok(_) => import.accepted.push(Imported {
                    item: Item::Csca(certificate.clone()),
                    source: at(*offset),
                    verified: false,
                }),
                Err(reason) => import
                    .refused
                    .push(emrtd::trust::Refused { source: at(*offset), reason: reason.into() }),
            }
        }
    }
}

/// Why a list cannot be taken as it is.
fn why_unvouched(signature: &ListSignature) -> String {
    match signature {
        ListSignature::UnknownSigner { root_needed, .. } => format!(
            "no --trust-signer vouches for this master list; its signer's root is {root_needed}"
        ),
        ListSignature::Unsigned => "the master list is not signed".to_owned(),
        ListSignature::Invalid { reason } => format!("the signature is wrong: {reason}"),
        ListSignature::Verified { .. } => "the master list is verified".to_owned(),
    }
}

fn list_bytes(file: &[u8], source: &Source) -> Option<Vec<u8>> {
    match source.kind {
        SourceKind::MasterList => Some(file.to_vec()),
        SourceKind::Ldif => ldif::values(&String::from_utf8_lossy(file))
            .into_iter()
            .find(|value| value.line == source.position)?
            .bytes
            .ok(),
        SourceKind::Pem | SourceKind::Der => None,
    }
}

#[derive(Default)]
struct Refusals(BTreeMap<String, Refusal>);

impl Refusals {
    fn add(&mut self, source: &Source, reason: String) {
        let first = place(source);
        self.0.entry(reason.clone()).and_modify(|refusal| refusal.count += 1).or_insert(Refusal {
            reason,
            first,
            count: 1,
        });
    }
}

fn place(source: &Source) -> String {
    let place = match source.kind {
        SourceKind::Ldif | SourceKind::Pem => format!("line {}", source.position),
        SourceKind::MasterList | SourceKind::Der => format!("byte {}", source.position),
    };
    match source.inner_offset {
        Some(offset) => format!("{place}, byte {offset} of the list"),
        None => place,
    }
}

impl Refusal {
    pub(super) fn to_json(&self) -> Value {
        json!({ "reason": self.reason, "first": self.first, "count": self.count })
    }
}

impl Found {
    /// A certificate that the operator names himself.
    pub(super) fn named_by_operator(certificate: Certificate) -> Self {
        Self { item: Material::Csca(certificate), verified: true }
    }

    /// The item as it is stored.
    pub(super) fn to_trust_item(&self, source: &str, now: Timestamp) -> TrustItem {
        let (kind, fingerprint, der) = match &self.item {
            Material::Csca(csca) => (TrustKind::Csca, csca.fingerprint(), csca.der().to_vec()),
            Material::Crl(crl) => (TrustKind::Crl, crl.fingerprint(), crl.der().to_vec()),
        };
        TrustItem {
            fingerprint,
            kind,
            der,
            source: source.to_owned(),
            verified: self.verified,
            imported_at: now,
        }
    }
}

/// A trust store of files alone.
pub(super) fn trust_store(files: &[PathBuf], vouching: &Vouching) -> Result<TrustStore, Failure> {
    let roots = vouching.roots()?;
    let mut builder = TrustStore::builder();
    for file in files {
        let contents = vouching.read(file, &roots, Unvouched::Take)?;
        if contents.items.is_empty() {
            let reason = contents.refused.first().map_or("it is empty", |refusal| &refusal.reason);
            return Err(Failure::new(
                Code::Trust,
                format!("{}: {reason}", file.display()),
                "--trust-signer names the root of a master list; --allow-unverified does without",
            ));
        }
        let source = file.display().to_string();
        for found in contents.items {
            builder = match found.item {
                Material::Csca(csca) => {
                    let provenance =
                        Provenance { source: source.clone(), verified: found.verified };
                    builder.add_csca(csca, provenance)
                }
                Material::Crl(crl) => builder.add_crl(crl),
            };
        }
    }
    Ok(builder.build())
}
