//! What a file says about its own size is never believed.

use emrtd::lds::DataGroup;
use emrtd::lds::dg2::Dg2;
use emrtd::lds::sod::Sod;
use emrtd::sim::{DocumentProfile, Holder, StateProfile};
use emrtd::tlv::{Tag, tagged};
use emrtd::verify::PassiveReason;

use super::tree::{Change, Node};
use super::{Held, hold, specimens};
use crate::keys;

/// 4 GB, zero, indefinite, and off by one, at every place where a length could be.
#[test]
fn lengths_that_lie() {
    let lies: [&[u8]; 5] = [
        &[0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x84, 0x7F, 0xFF, 0xFF, 0xFF],
        &[0x84, 0x00, 0x00, 0x00, 0x00],
        &[0x80],
        &[0xFF],
    ];
    let specimen = &specimens()[0];
    let overwrite = |file: &mut Vec<u8>, at: usize, lie: &[u8]| {
        let end = file.len().min(at + lie.len());
        file.splice(at..end, lie.iter().copied());
    };
    for lie in lies {
        for at in 0..specimen.document.sod.len() {
            let mut changed = specimen.document.clone();
            overwrite(&mut changed.sod, at, lie);
            if changed.sod == specimen.document.sod {
                continue;
            }
            let held = hold(specimen, &changed);
            assert!(matches!(held, Held::Refused | Held::SignerIdNoted), "{lie:02x?} at {at}");
        }
        let file = specimen.document.group(DataGroup::DG2).unwrap();
        let length = Dg2::parse(file).unwrap().portrait().image().len();
        for at in 0..200 {
            let mut changed = file.to_vec();
            overwrite(&mut changed, at, lie);
            // Names of the record's owner are not looked at, so some are read.
            let read = Dg2::parse(&changed).map(|dg2| dg2.portrait().image().len());
            assert!(read.is_err() || read == Ok(length), "{lie:02x?} at {at}: {read:?} {length}");
        }
    }
    for by in [1, 0xFF] {
        for at in 0..specimen.document.sod.len() {
            let mut changed = specimen.document.clone();
            changed.sod[at] = changed.sod[at].wrapping_add(by);
            let held = hold(specimen, &changed);
            assert!(matches!(held, Held::Refused | Held::SignerIdNoted), "{by} at {at}");
        }
    }
}

/// The certificate and the announced digest may be there 32 times.
#[test]
fn sets_have_a_bound() {
    let specimen = &specimens()[0];
    let whole = Node::parse(&specimen.document.sod);
    let repeatable: Vec<usize> =
        (0..whole.count() - 1).filter(|at| held_after(&whole, *at, 1) == Held::Same).collect();
    assert_eq!(repeatable.len(), 2);
    for at in repeatable {
        assert_eq!(held_after(&whole, at, 31), Held::Same);
        assert_eq!(held_after(&whole, at, 32), Held::Refused);
    }
}

fn held_after(whole: &Node, at: usize, copies: usize) -> Held {
    let specimen = &specimens()[0];
    let mut root = whole.clone();
    for _ in 0..copies {
        // The copy comes first, so this is the same place again; the number of
        // nodes has grown, and `at` is below it.
        root.apply(&Change::Duplicate(at));
    }
    let mut changed = specimen.document.clone();
    changed.sod = root.write();
    hold(specimen, &changed)
}

#[test]
fn nesting_has_a_bound() {
    let definite = (0..100).fold(vec![0x05, 0x00], |inner, _| tagged(Tag::SEQUENCE, &inner));
    let indefinite = [[0x30, 0x80].repeat(10_000), [0, 0].repeat(10_000)].concat();
    let octets =
        (0..100).fold(vec![0x04, 0x00], |inner, _| tagged(Tag::OCTET_STRING_CONSTRUCTED, &inner));
    for deep in [definite, indefinite, octets] {
        assert!(Sod::parse(&deep).is_err());
        assert!(Sod::parse(&tagged(Tag(0x77), &deep)).is_err());
    }
}

#[test]
fn the_version_shown_before_anything_is_verified_is_a_short_number() {
    let state = keys::state(StateProfile::utopia());
    let trust = &specimens()[0].trust;
    for (version, good) in
        [("0108", true), ("1.8", true), ("123456789", false), ("<script>", false), ("1\n2", false)]
    {
        let profile =
            DocumentProfile { lds_version: Some(version.into()), ..DocumentProfile::passport() };
        let document = state.issue(&Holder::example(), &profile).unwrap();
        let found = emrtd::verify::passive(document.into_files(), trust, crate::shared::NOW);
        match found {
            Ok(_) => assert!(good, "{version}"),
            Err(failure) => {
                assert!(!good, "{version}");
                assert_eq!(failure.reason, PassiveReason::LdsObjectInvalid);
                assert!(!format!("{failure:?}").contains(version));
            }
        }
    }
}

/// A segment of no length would be read again and again.
#[test]
fn headers_of_images_end() {
    for image in [
        &[0xFF, 0xD8, 0xFF, 0xE0, 0, 0][..],
        &[0xFF, 0xD8, 0xFF, 0xE0, 0, 1],
        &[0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF],
        &[0xFF, 0x4F, 0xFF, 0x51],
        // The image would end before it begins.
        &[[0xFF, 0x4F, 0xFF, 0x51].as_slice(), &[0; 12], &[0xFF; 8]].concat(),
    ] {
        assert!(Dg2::parse(&Dg2::write(image, 0, 0)).is_err());
    }
}
