//! Trust material in files: what is in them, and who vouches for it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use emrtd::trust::{
    Certificate, Import, Imported, Importer, Item, ListSignature, Source, SourceKind, TrustStore,
    import,
};
use serde_json::{Value, json};

use super::failure::{Code, Failure};
use super::folder::read_bounded;
pub(super) use crate::trust::update::Found;
use crate::trust::update::{Edition, Material};

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
    pub(super) edition: Edition,
    pub(super) refused: Vec<Refusal>,
    /// Why it may not be all that its source holds, whatever kind of file it is.
    pub(super) incomplete: Option<String>,
    /// Document signers, which are not kept.
    pub(super) document_signers: usize,
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
                Item::Crl(_) | Item::DeviationList(_) => None,
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

    /// Reads a file and takes from it what the operator's choices allow. What a CRL of
    /// `revocations` lists vouches for no list. `progress` is told how many bytes were read.
    pub(super) fn read(
        &self,
        file: &Path,
        roots: &[Certificate],
        revocations: Option<&TrustStore>,
        unvouched: Unvouched,
        progress: &dyn Fn(u64),
    ) -> Result<Contents, Failure> {
        let mut importer = Importer::new(roots).take_invalid_lists(self.allow_unverified);
        if let Some(trust) = revocations {
            importer = importer.revoked_by(trust);
        }
        read_in_pieces(file, &mut |piece| {
            importer.push(piece);
            progress(piece.len() as u64);
        })?;
        let take = self.allow_unverified || unvouched == Unvouched::Take;
        Ok(choose(importer.finish(), take, file))
    }
}

/// Reads a file of at most [`MAX_FILE_BYTES`], without holding it.
fn read_in_pieces(file: &Path, each: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file(file, &error);
    let mut input = std::fs::File::open(file).map_err(failed)?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut total: u64 = 0;
    loop {
        let length = match input.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error)),
        };
        total += length as u64;
        if total > MAX_FILE_BYTES {
            return Err(Failure::new(
                Code::Io,
                format!("{}: more than {MAX_FILE_BYTES} bytes", file.display()),
                "no file of this kind is so large; is it the right one?",
            ));
        }
        each(piece.get(..length).unwrap_or(&[]));
    }
}

fn choose(import: Import, take_unvouched: bool, file: &Path) -> Contents {
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
    let mut edition = edition(&import, file);
    let mut incomplete = import.unread.as_ref().map(|unread| {
        format!("an entry is not read: {}: {}", place(&unread.source), unread.reason)
    });
    if let Some(list) = left_out.first() {
        incomplete.get_or_insert(format!("{}: nobody vouches for a master list", place(list)));
    }
    if import.directory.as_ref().is_some_and(|directory| directory.has_changes) {
        incomplete.get_or_insert("it describes changes".to_owned());
    }
    let mut materials = Vec::new();
    for Imported { item, source, verified } in import.accepted {
        if is_left_out(&source) {
            continue;
        }
        // Nobody looks at each of the thousands of entries of an LDIF.
        let named = source.inner_offset.is_none() && source.kind != SourceKind::Ldif;
        let verified = verified || named;
        let material = match item {
            Item::Csca(_) if !verified && !take_unvouched => {
                let reason = "a certificate outside a signed list";
                incomplete.get_or_insert(format!("{}: {reason}", place(&source)));
                refusals.add(&source, reason.to_owned());
                continue;
            }
            Item::Csca(csca) => Material::Csca(csca),
            // Both are used only if a CSCA that is trusted signed them.
            Item::Crl(crl) => Material::Crl(crl),
            Item::DeviationList(list) => Material::DeviationList(list),
            Item::Certificate(_) => {
                refusals.add(
                    &source,
                    "a document signer: documents carry their own, only the CSCA is kept".into(),
                );
                continue;
            }
        };
        materials.push(Found { item: material, verified });
    }
    for refused in import.refused.iter().filter(|refused| !is_left_out(&refused.source)) {
        refusals.add(&refused.source, refused.reason.to_string());
    }
    let mut refused: Vec<Refusal> = refusals.0.into_values().collect();
    if import.more_refused > 0 {
        let reason = "more entries, for one of many reasons".to_owned();
        refused.push(Refusal { reason, first: String::new(), count: import.more_refused });
    }
    let document_signers = import.document_signers;
    edition.is_whole &= incomplete.is_none();
    Contents { edition: Edition { materials, ..edition }, refused, incomplete, document_signers }
}

/// Which source a file is an edition of.
///
/// A verified master list is that of the state whose root vouches for it, whatever the file is
/// called; LDIF is the collection its entries name. Everything else goes by its file name, and so
/// can take nothing from a source that is verified.
fn edition(import: &Import, file: &Path) -> Edition {
    let named = |source: String, number: Option<i64>, is_whole: bool| Edition {
        source,
        number,
        is_whole,
        materials: Vec::new(),
    };
    // So that no file takes the name of a list or a directory.
    let file_name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let file_name = format!("file: {file_name}");
    if let Some(directory) = &import.directory {
        let number = directory.version.and_then(|version| i64::try_from(version).ok());
        let name = match directory.collections.iter().collect::<Vec<_>>().as_slice() {
            [] => file_name,
            [one] => one.to_string(),
            _ => "icaopkd".to_owned(),
        };
        // Changes are no statement about what they do not name.
        let is_whole = !directory.has_changes;
        return named(name, number.filter(|_| is_whole), is_whole);
    }
    match import.master_lists.as_slice() {
        [(source, signature)] if source.kind == SourceKind::MasterList => match signature {
            ListSignature::Verified { root, signed_at, .. } => {
                let country = root.country.as_deref().unwrap_or("?");
                named(format!("master list {country}"), signed_at.map(|at| at.0), true)
            }
            _ => named(file_name, None, true),
        },
        _ => named(file_name, None, false),
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
    /// Of a file as a whole.
    pub(super) fn of_file(reason: String) -> Self {
        Self { reason, first: String::new(), count: 1 }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "reason": self.reason, "first": self.first, "count": self.count })
    }
}

/// A trust store of files alone.
pub(super) fn trust_store(files: &[PathBuf], vouching: &Vouching) -> Result<TrustStore, Failure> {
    let roots = vouching.roots()?;
    let mut builder = TrustStore::builder();
    for file in files {
        let contents = vouching.read(file, &roots, None, Unvouched::Take, &|_| {})?;
        if contents.edition.materials.is_empty() {
            let reason = contents.refused.first().map_or("it is empty", |refusal| &refusal.reason);
            return Err(Failure::new(
                Code::Trust,
                format!("{}: {reason}", file.display()),
                "--trust-signer names the root of a master list; --allow-unverified does without",
            ));
        }
        let source = file.display().to_string();
        for found in contents.edition.materials {
            builder = found.add_to(builder, &source);
        }
    }
    Ok(builder.build())
}

/// How much of a file is read at once.
const PIECE_BYTES: usize = 256 << 10;
