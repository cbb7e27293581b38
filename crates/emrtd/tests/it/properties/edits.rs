//! Random changes of bytes, lengths and structure.

use emrtd::lds::dg1::{self, Dg1};
use emrtd::lds::dg2::{self, Dg2};
use emrtd::lds::dg14::Dg14;
use emrtd::lds::dg15::{self, Dg15};
use emrtd::lds::{DataGroup, ElementaryFile};
use emrtd::sim::SimulatedDocument;
use proptest::prelude::*;
use proptest::sample::Index;

use super::tree::{Change, Node};
use super::{Held, Specimen, hold, specimens};
use crate::shared::NOW;

const GROUPS: [DataGroup; 4] = [DataGroup::DG1, DataGroup::DG2, DataGroup::DG14, DataGroup::DG15];

/// A change of the bytes of a file, without regard to what they mean.
#[derive(Clone, Debug)]
enum Edit {
    Overwrite(Index, Vec<u8>),
    Insert(Index, Vec<u8>),
    Delete(Index, usize),
    Truncate(Index),
    /// Copy one part over another.
    Copy(Index, Index, usize),
}

impl Edit {
    fn apply(&self, file: &mut Vec<u8>) {
        if file.is_empty() {
            return;
        }
        match self {
            Self::Overwrite(at, bytes) => {
                let at = at.index(file.len());
                for (old, new) in file[at..].iter_mut().zip(bytes) {
                    *old = *new;
                }
            }
            Self::Insert(at, bytes) => {
                let at = at.index(file.len());
                file.splice(at..at, bytes.iter().copied());
            }
            Self::Delete(at, len) => {
                let at = at.index(file.len());
                let end = file.len().min(at + len);
                file.drain(at..end);
            }
            Self::Truncate(at) => file.truncate(at.index(file.len())),
            Self::Copy(from, to, len) => {
                let (from, to) = (from.index(file.len()), to.index(file.len()));
                let len = (*len).min(file.len() - from.max(to));
                file.copy_within(from..from + len, to);
            }
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let bytes = || proptest::collection::vec(any::<u8>(), 1..9);
    prop_oneof![
        4 => (any::<Index>(), bytes()).prop_map(|(at, bytes)| Edit::Overwrite(at, bytes)),
        1 => (any::<Index>(), bytes()).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        1 => (any::<Index>(), 1..9_usize).prop_map(|(at, len)| Edit::Delete(at, len)),
        1 => any::<Index>().prop_map(Edit::Truncate),
        1 => (any::<Index>(), any::<Index>(), 1..64_usize)
            .prop_map(|(from, to, len)| Edit::Copy(from, to, len)),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let node = || any::<usize>();
    let bytes = proptest::collection::vec(any::<u8>(), 1..5);
    let tag = prop_oneof![
        Just(0x02_u8),
        Just(0x04),
        Just(0x05),
        Just(0x06),
        Just(0x24),
        Just(0x30),
        Just(0x31),
        Just(0x80),
        Just(0xA0),
        Just(0xA1)
    ];
    prop_oneof![
        3 => node().prop_map(Change::Duplicate),
        2 => node().prop_map(Change::Remove),
        2 => node().prop_map(Change::SwapWithNext),
        2 => (node(), node()).prop_map(|(at, other)| Change::Replace(at, other)),
        1 => (node(), tag).prop_map(|(at, tag)| Change::Tag(at, tag)),
        1 => (node(), bytes).prop_map(|(at, bytes)| Change::Append(at, bytes)),
        1 => (node(), node()).prop_map(|(at, len)| Change::Truncate(at, len)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn of_bytes(
        which in 0..4_usize,
        file in 0..8_usize,
        edits in proptest::collection::vec(edit(), 1..5),
    ) {
        let specimen = &specimens()[which];
        let mut changed = specimen.document.clone();
        // Half of them change EF.SOD.
        match GROUPS.get(file) {
            Some(group) => {
                let mut bytes = changed.group(*group).unwrap().to_vec();
                edits.iter().for_each(|edit| edit.apply(&mut bytes));
                changed.set(*group, bytes);
            }
            None => edits.iter().for_each(|edit| edit.apply(&mut changed.sod)),
        }
        hold(specimen, &changed);
        assert_located(specimen, &changed);
    }

    #[test]
    fn of_structure(
        which in 0..4_usize,
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let specimen = &specimens()[which];
        let mut root = Node::parse(&specimen.document.sod);
        changes.iter().for_each(|change| root.apply(change));
        let mut changed = specimen.document.clone();
        changed.sod = root.write();
        hold(specimen, &changed);
        assert_located(specimen, &changed);
    }
}

/// A refusal names a file and a place in it, and prints nothing personal; so
/// do the readers of data groups, whatever they are given.
fn assert_located(specimen: &Specimen, changed: &SimulatedDocument) {
    if let Err(failure) = super::verdict(specimen, changed) {
        let file = failure.file.expect("a file is at fault");
        let length = match file {
            ElementaryFile::Dg(group) => changed.group(group).unwrap().len(),
            _ => changed.sod.len(),
        };
        assert!(failure.offset.is_none_or(|offset| offset <= length), "{failure}");
        let printed = format!("{failure} {failure:?}");
        assert!(!printed.contains("ERIKSSON") && !printed.contains("L898902C3"), "{printed}");
    }
    let offset_of = |group| -> Option<(usize, usize)> {
        let file = changed.group(group).unwrap();
        let offset = match group {
            DataGroup::DG1 => match Dg1::parse(file, NOW).err()? {
                dg1::Error::Structure(error) => error.offset,
                dg1::Error::Mrz { offset, .. } => offset,
            },
            DataGroup::DG2 => match Dg2::parse(file).err()? {
                dg2::Error::Structure(error) => error.offset,
                dg2::Error::Unsupported { offset, .. } => offset,
            },
            DataGroup::DG14 => Dg14::parse(file).err()?.0.offset,
            _ => match Dg15::parse(file).err()? {
                dg15::Error::Structure(error) => error.offset,
                dg15::Error::Key(offset) => offset,
            },
        };
        Some((offset, file.len()))
    };
    for group in GROUPS {
        if let Some((offset, length)) = offset_of(group) {
            assert!(offset <= length, "{group}: {offset} of {length}");
        }
    }
}

/// Else the changes above would be refused for being no file at all.
#[test]
fn a_tree_written_again_is_the_same_document() {
    for specimen in specimens() {
        let mut again = specimen.document.clone();
        again.sod = Node::parse(&again.sod).write();
        assert_eq!(hold(specimen, &again), Held::Same, "{}", specimen.name);
    }
}

/// Else nothing shows that a harmless change is let pass, and the rule would
/// hold for a verifier that refuses everything.
#[test]
fn some_changes_do_not_matter() {
    let specimen = &specimens()[0];
    let mut same = 0;
    let whole = Node::parse(&specimen.document.sod);
    for at in 0..whole.count() - 1 {
        let mut root = whole.clone();
        root.apply(&Change::Duplicate(at));
        let mut changed = specimen.document.clone();
        changed.sod = root.write();
        same += usize::from(hold(specimen, &changed) == Held::Same);
    }
    // The certificate, and the announced digest.
    assert_eq!(same, 2);
}

/// A swap of files between groups, and of whole files between documents.
#[test]
fn files_are_not_exchangeable() {
    let [first, second, ..] = specimens() else { panic!("four specimens") };
    for group in GROUPS {
        for other in GROUPS {
            let mut changed = first.document.clone();
            changed.set(group, first.document.group(other).unwrap().to_vec());
            let expected = if group == other { Held::Same } else { Held::Refused };
            assert_eq!(hold(first, &changed), expected, "{group} {other}");
        }
    }
    let mut changed = first.document.clone();
    changed.sod = second.document.sod.clone();
    assert_eq!(hold(first, &changed), Held::Refused);
}
