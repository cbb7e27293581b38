use std::collections::BTreeMap;
use std::fmt;

use openssl::sha::Sha256;
use zeroize::Zeroizing;

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

    /// SHA-256 over all files, each preceded by its number and length.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"emrtd document files v1");
        let mut add = |number: u8, file: &[u8]| {
            hash.update(&[number]);
            hash.update(&(file.len() as u64).to_be_bytes());
            hash.update(file);
        };
        add(0, &self.sod);
        for (group, file) in self.groups() {
            add(group.number(), file);
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
