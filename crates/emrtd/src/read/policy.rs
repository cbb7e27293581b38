use crate::lds::DataGroup;

/// Largest block under secure messaging without extended lengths.
pub(super) const SHORT_BLOCK: u32 = 223;

/// What to read, and how.
#[derive(Clone, Debug)]
pub struct ReadPolicy {
    /// The data groups to read after EF.COM and EF.SOD, in this order. DG3 and
    /// DG4 are never read, whatever stands here: they need terminal
    /// authentication. Without DG14 nobody sees that PACE was hidden.
    pub data_groups: Vec<DataGroup>,
    /// Whether BAC may be used when PACE cannot.
    pub allow_bac: bool,
    /// Whether the transport takes extended lengths. They are used when the
    /// chip announces them in EF.ATR/INFO.
    pub extended: bool,
    /// Most bytes to ask for at once.
    pub max_block: u32,
    /// Largest file accepted, in bytes.
    pub max_file_len: usize,
}

impl Default for ReadPolicy {
    /// DG1, 14, 15, 11, 12, 16, 2; BAC allowed; short lengths; files up to 1 MiB.
    fn default() -> Self {
        let data_groups = [1, 14, 15, 11, 12, 16, 2].into_iter().filter_map(DataGroup::new);
        Self {
            data_groups: data_groups.collect(),
            allow_bac: true,
            extended: false,
            max_block: SHORT_BLOCK,
            max_file_len: 1 << 20,
        }
    }
}
