use std::path::{Path, PathBuf};

use phone::{DocumentError, ElementaryFile, PhoneDocument};

fn files(names: &[(&'static str, &[u8])]) -> Vec<(&'static str, Vec<u8>)> {
    names.iter().map(|(name, bytes)| (*name, bytes.to_vec())).collect()
}

#[test]
fn dumps_are_recognised_by_their_names() {
    use ElementaryFile::{Com, DataGroup, Sod};
    for (name, file) in [
        ("EF_SOD.bin", Some(Sod)),
        ("SOD_cms.der", Some(Sod)),
        ("sod.bin", Some(Sod)),
        ("EF_COM.bin", Some(Com)),
        ("DG1.bin", Some(DataGroup(1))),
        ("dg15.BIN", Some(DataGroup(15))),
        ("EF_DG2.bin", Some(DataGroup(2))),
        ("Datagroup14.bin", Some(DataGroup(14))),
        ("ef0101.bin", Some(DataGroup(1))),
        ("ef0102.bin", Some(DataGroup(2))),
        ("ef010E.bin", Some(DataGroup(14))),
        ("ef010F.bin", Some(DataGroup(15))),
        ("ef011D.bin", Some(Sod)),
        ("ef011E.bin", Some(Com)),
        ("passport/files\\DG2.bin", Some(DataGroup(2))),
        ("DG0.bin", None),
        ("DG17.bin", None),
        ("DG999.bin", None),
        ("ef0111.bin", None),
        ("ef01zz.bin", None),
        ("INFO.txt", None),
        ("dsc.der", None),
        ("", None),
    ] {
        assert_eq!(ElementaryFile::from_name(name), file, "{name}");
    }
}

#[test]
fn a_document_takes_what_it_needs() {
    let document = PhoneDocument::from_files(files(&[
        ("INFO.txt", b"hello"),
        ("DG3.bin", b"\x63\x00"),
        ("DG1.bin", b"\x61\x01a"),
        ("DG2.bin", b"\x75\x01b"),
        ("EF_SOD.bin", b"\x77\x01c"),
        ("DG14.bin", b"\x6e\x01d"),
    ]))
    .unwrap();
    assert_eq!(document.dg1.as_slice(), b"\x61\x01a");
    assert_eq!(document.sod.as_slice(), b"\x77\x01c");
    assert_eq!(document.dg14.unwrap().as_slice(), b"\x6e\x01d");
    assert_eq!(document.dg15, None);
}

#[test]
fn a_bare_signature_is_wrapped_as_ef_sod() {
    let sod = |len: usize| {
        let mut cms = vec![0x30];
        cms.resize(len, 0);
        PhoneDocument::from_files([
            ("DG1.bin", vec![0x61]),
            ("DG2.bin", vec![0x75]),
            ("SOD_cms.der", cms),
        ])
        .unwrap()
        .sod
    };
    for (len, header) in [
        (1, vec![0x77, 1]),
        (127, vec![0x77, 127]),
        (128, vec![0x77, 0x81, 128]),
        (1_857, vec![0x77, 0x82, 0x07, 0x41]),
        (65_536, vec![0x77, 0x83, 1, 0, 0]),
    ] {
        let sod = sod(len);
        assert_eq!(sod.len(), header.len() + len);
        assert!(sod.as_slice().starts_with(&header));
        assert_eq!(sod.as_slice()[header.len()], 0x30);
    }
}

#[test]
fn unusable_files_are_named() {
    use ElementaryFile::{DataGroup, Sod};
    let whole: &[(&'static str, &[u8])] =
        &[("DG1.bin", b"\x61"), ("DG2.bin", b"\x75"), ("SOD.bin", b"\x77")];
    let missing = |at: usize| {
        let mut files = files(whole);
        files.remove(at);
        PhoneDocument::from_files(files)
    };
    assert_eq!(missing(0), Err(DocumentError::Missing(DataGroup(1))));
    assert_eq!(missing(1), Err(DocumentError::Missing(DataGroup(2))));
    assert_eq!(missing(2), Err(DocumentError::Missing(Sod)));
    let plus = |name, bytes: &[u8]| {
        let mut files = files(whole);
        files.push((name, bytes.to_vec()));
        PhoneDocument::from_files(files)
    };
    assert_eq!(plus("ef0101.bin", b"\x61"), Err(DocumentError::Duplicate(DataGroup(1))));
    assert_eq!(plus("DG14.bin", b""), Err(DocumentError::Empty(DataGroup(14))));
    assert_eq!(
        plus("DG15.bin", b"\x30\x00"),
        Err(DocumentError::WrongTag { file: DataGroup(15), expected: 0x6f, found: 0x30 })
    );
}

#[test]
fn debug_output_shows_no_bytes() {
    let document = PhoneDocument::from_files(files(&[
        ("DG1.bin", b"\x61P<UTOERIKSSON"),
        ("DG2.bin", b"\x75"),
        ("SOD.bin", b"\x77"),
    ]))
    .unwrap();
    let shown = format!("{document:?}");
    assert!(shown.contains("dg1: [14 bytes]") && !shown.contains("80, 60"));
}

/// Every published specimen with DG1, DG2 and EF.SOD makes a document.
#[test]
fn published_specimens_are_read() {
    let shared = std::env::var_os("KAYLE_SHARED_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let specimens = shared.join("data/specimens");
    if !specimens.is_dir() {
        eprintln!("skipped: no specimens at {}", specimens.display());
        return;
    }
    let mut whole = 0;
    for source in ["gmrtd", "jmrtd", "pymrtd"] {
        for folder in specimens.join(source).read_dir().unwrap() {
            let folder = folder.unwrap().path();
            let files = folder.read_dir().unwrap().map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, std::fs::read(entry.path()).unwrap())
            });
            match PhoneDocument::from_files(files) {
                Ok(document) => {
                    whole += 1;
                    assert!(document.sod.len() > 1_000);
                }
                Err(DocumentError::Missing(_)) => {}
                Err(error) => panic!("{}: {error}", folder.display()),
            }
        }
    }
    assert!(whole >= 8, "only {whole} specimens were read");
}
