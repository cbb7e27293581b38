use std::collections::BTreeMap;
use std::fmt;

use openssl::sha::{Sha256, sha256};
use zeroize::Zeroizing;

use crate::crypto::DigestAlgorithm;
use crate::lds::DataGroup;

/// The files read from a chip. Zeroized on drop; `Debug` shows lengths only.
pub struct DocumentFiles {
    sod: Zeroizing<Vec<u8>>,
    groups: BTreeMap<DataGroup, Zeroizing<Vec<u8>>>,
}

impl DocumentFiles {
    /// Starts with the whole EF.SOD.
    pub fn new(sod: Vec<u8>) -> Self {
        Self { sod: Zeroizing::new(sod), groups: BTreeMap::new() }
    }

    /// Adds the whole file of a data group; a second one replaces the first.
    #[must_use]
    pub fn with(mut self, group: DataGroup, file: Vec<u8>) -> Self {
        self.groups.insert(group, Zeroizing::new(file));
        self
    }

    /// EF.SOD
    pub fn sod(&self) -> &[u8] {
        &self.sod
    }

    /// A data group, when given.
    pub fn group(&self, group: DataGroup) -> Option<&[u8]> {
        self.groups.get(&group).map(|file| file.as_slice())
    }

    /// The data groups given, in order.
    pub fn groups(&self) -> impl Iterator<Item = (DataGroup, &[u8])> {
        self.groups.iter().map(|(group, file)| (*group, file.as_slice()))
    }

    /// SHA-256 over all files, each preceded by its number and length. A file
    /// that was hashed with an algorithm no weaker than SHA-256 stands there
    /// by that hash.
    pub(super) fn digest<'a>(
        &self,
        algorithm: DigestAlgorithm,
        hash_of: impl Fn(DataGroup) -> Option<&'a [u8]>,
    ) -> [u8; 32] {
        let is_strong = algorithm.output_len() >= 32;
        let mut hash = Sha256::new();
        hash.update(b"emrtd document files v2");
        hash.update(algorithm.oid().octets());
        let mut add = |number: u8, length: usize, content: &[u8]| {
            hash.update(&[number]);
            hash.update(&(length as u64).to_be_bytes());
            hash.update(content);
        };
        add(0, self.sod.len(), &self.sod);
        for (group, file) in self.groups() {
            match hash_of(group).filter(|_| is_strong) {
                Some(known) => add(group.number(), file.len(), known),
                None => add(group.number(), file.len(), &sha256(file)),
            }
        }
        hash.finish()
    }
}

impl fmt::Debug for DocumentFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut files = f.debug_map();
        files.entry(&"EF.SOD", &self.sod.len());
        for (group, file) in self.groups() {
            files.entry(&group, &file.len());
        }
        files.finish()
    }
}
