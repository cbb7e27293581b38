use std::collections::BTreeMap;

use super::{Error, Flaw};
use crate::crypto::DigestAlgorithm;
use crate::lds::DataGroup;
use crate::mrz::{Fields, Format};
use crate::verify::DocumentFiles;

/// The person a simulated document is issued to.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Letters, spaces, hyphens and apostrophes.
    pub surname: String,
    /// As the surname; may be empty.
    pub given_names: String,
    /// Letters and digits.
    pub document_number: String,
    /// Three letters.
    pub nationality: String,
    /// `YYMMDD`
    pub birth_date: String,
    /// `'M'`, `'F'` or `'X'`.
    pub sex: char,
    /// `YYMMDD`
    pub expiry_date: String,
    /// Letters, digits and fillers.
    pub optional_data: String,
}

impl Holder {
    /// Anna Maria Eriksson of Utopia, the example of 9303-4 appendix B.
    pub fn example() -> Self {
        Self {
            surname: "ERIKSSON".into(),
            given_names: "ANNA MARIA".into(),
            document_number: "L898902C3".into(),
            nationality: "UTO".into(),
            birth_date: "740812".into(),
            sex: 'F',
            expiry_date: "340415".into(),
            optional_data: String::new(),
        }
    }

    pub(super) fn zone(&self, issuing_state: &str, format: Format) -> Result<String, Error> {
        let document_code = match format {
            Format::Td3 => "P",
            Format::Td1 | Format::Td2 => "I",
        };
        let fields = Fields {
            format,
            document_code,
            issuing_state,
            surname: &self.surname,
            given_names: &self.given_names,
            document_number: &self.document_number,
            nationality: &self.nationality,
            birth_date: &self.birth_date,
            sex: self.sex,
            expiry_date: &self.expiry_date,
            optional_data: &self.optional_data,
        };
        Ok(fields.write()?)
    }
}

/// What a simulated document is like.
#[derive(Clone, Debug)]
pub struct DocumentProfile {
    /// The size.
    pub format: Format,
    /// Issuing state in the MRZ; that of the state when `None`.
    pub issuing_state: Option<String>,
    /// The compressed portrait.
    pub portrait: Vec<u8>,
    /// Its width and height in pixels.
    pub portrait_size: (u16, u16),
    /// Further data groups to sign, such as DG14 and DG15.
    pub more_groups: Vec<(DataGroup, Vec<u8>)>,
    /// Digest of the data groups, when not the state's.
    pub group_hash: Option<DigestAlgorithm>,
    /// The `digestAlgorithm` of the signer, when not that of its signature.
    pub message_hash: Option<DigestAlgorithm>,
    /// The signature algorithm is called `rsaEncryption`, whatever the digest.
    pub key_algorithm: bool,
    /// The signer is named by its subject key identifier.
    pub by_key_id: bool,
    /// An LDS security object of version 1 for this version of the LDS, such
    /// as `0108`.
    pub lds_version: Option<String>,
    /// EF.SOD is BER with indefinite lengths, as in New Zealand.
    pub indefinite: bool,
    /// How EF.SOD breaks the rules.
    pub flaw: Flaw,
}

impl DocumentProfile {
    /// A passport with a drawn portrait.
    pub fn passport() -> Self {
        Self {
            format: Format::Td3,
            issuing_state: None,
            portrait: PORTRAIT.to_vec(),
            portrait_size: (240, 320),
            more_groups: Vec::new(),
            group_hash: None,
            message_hash: None,
            key_algorithm: false,
            by_key_id: false,
            lds_version: None,
            indefinite: false,
            flaw: Flaw::None,
        }
    }

    /// A card of the size of a credit card.
    pub fn card() -> Self {
        Self { format: Format::Td1, ..Self::passport() }
    }
}

/// The files of a simulated chip.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDocument {
    /// EF.SOD
    pub sod: Vec<u8>,
    groups: BTreeMap<DataGroup, Vec<u8>>,
}

impl SimulatedDocument {
    /// A data group.
    pub fn group(&self, group: DataGroup) -> Option<&[u8]> {
        self.groups.get(&group).map(Vec::as_slice)
    }

    /// The data groups, in order.
    pub fn groups(&self) -> impl Iterator<Item = (DataGroup, &[u8])> {
        self.groups.iter().map(|(group, file)| (*group, file.as_slice()))
    }

    /// Puts another file in place, without signing anew: a tampered document.
    pub fn set(&mut self, group: DataGroup, file: Vec<u8>) {
        self.groups.insert(group, file);
    }

    /// Takes a file away.
    pub fn remove(&mut self, group: DataGroup) -> Option<Vec<u8>> {
        self.groups.remove(&group)
    }

    /// File names and bytes: `EF_SOD.bin`, `DG1.bin`, `DG2.bin` …
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = vec![("EF_SOD.bin".to_owned(), self.sod.clone())];
        for (group, file) in self.groups() {
            files.push((format!("{group}.bin"), file.to_vec()));
        }
        files
    }

    /// The files to verify.
    pub fn into_files(self) -> DocumentFiles {
        let mut files = DocumentFiles::new(self.sod);
        for (group, file) in self.groups {
            files = files.with(group, file);
        }
        files
    }
}

/// A face drawn for this crate; see `data/README.md`.
const PORTRAIT: &[u8] = include_bytes!("../../data/portrait.jpg");
