//! The logical data structure of the chip (9303-10).

pub mod dg1;
pub mod dg14;
pub mod dg15;
pub mod dg2;
pub mod security_info;
pub mod sod;

use std::fmt;

/// A data group, DG1 to DG16 (9303-10 §4.7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataGroup(u8);

#[expect(missing_docs, reason = "the names say all")]
impl DataGroup {
    pub const DG1: Self = Self(1);
    pub const DG2: Self = Self(2);
    pub const DG3: Self = Self(3);
    pub const DG4: Self = Self(4);
    pub const DG11: Self = Self(11);
    pub const DG12: Self = Self(12);
    pub const DG14: Self = Self(14);
    pub const DG15: Self = Self(15);

    /// `None` unless `number` is from 1 to 16.
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            1..=16 => Some(Self(number)),
            _ => None,
        }
    }

    /// 1 to 16.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for DataGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DG{}", self.0)
    }
}

impl fmt::Debug for DataGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A file of the chip, to name it in errors and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ElementaryFile {
    /// EF.CardAccess
    CardAccess,
    /// EF.CardSecurity
    CardSecurity,
    /// EF.COM
    Com,
    /// EF.SOD
    Sod,
    /// A data group.
    Dg(DataGroup),
}

impl ElementaryFile {
    /// All of them: those beside the data groups, then the groups in order.
    pub fn all() -> impl Iterator<Item = Self> {
        let groups = (1..=16).filter_map(DataGroup::new).map(Self::Dg);
        [Self::CardAccess, Self::CardSecurity, Self::Com, Self::Sod].into_iter().chain(groups)
    }
}

impl fmt::Display for ElementaryFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CardAccess => f.write_str("EF.CardAccess"),
            Self::CardSecurity => f.write_str("EF.CardSecurity"),
            Self::Com => f.write_str("EF.COM"),
            Self::Sod => f.write_str("EF.SOD"),
            Self::Dg(group) => write!(f, "{group}"),
        }
    }
}
