//! LDIF as the ICAO PKD writes it: three collections, folded base64, versions.
//!
//! No public file exists; these have the shape of the directory's own, with
//! the contents of simulated states and of published master lists.

use std::fmt::Write as _;

use emrtd::sim::{IssuingState, StateProfile};
use emrtd::trust::ldif::Collection;
use emrtd::trust::{Import, ImportError, Importer, Item, ListSignature, SourceKind};
use openssl::base64::encode_block;

use super::{certificate, kind, utopia};
use crate::shared::{NOW, shared};

const BASE: &str = "dc=download,dc=pkd,dc=icao,dc=int";

/// One entry, its value folded as RFC 2849 has it.
fn entry(dn: &str, version: u32, attribute: &str, der: &[u8]) -> String {
    let value = format!("{attribute}:: {}", encode_block(der).replace('\n', ""));
    let folded: Vec<&str> =
        value.as_bytes().chunks(76).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
    format!(
        "dn: {dn},{BASE}\r\npkdVersion: {version}\r\n{}\r\nsn: 1\r\nobjectClass: top\r\n\
         objectClass: pkdDownload\r\n\r\n",
        folded.join("\r\n ")
    )
}

fn read_in_pieces(file: &str, size: usize, roots: &[emrtd::trust::Certificate]) -> Import {
    let mut importer = Importer::new(roots);
    for piece in file.as_bytes().chunks(size) {
        importer.push(piece);
    }
    importer.finish()
}

/// `icaopkd-001`: document signers and CRLs of two states.
fn signers_and_crls(states: &[&IssuingState]) -> String {
    let mut file = "version: 1\r\n# a comment\r\n\r\n".to_owned();
    for (state, number) in states.iter().zip(100..) {
        let country = &state.profile().country;
        let crl = state.crl(&[&[9]], NOW, Some(NOW.plus_days(1))).unwrap();
        let dn = format!("cn=CN\\=Signer\\,C\\={country}+sn=1,o=dsc,c={country},dc=data");
        file += &entry(&dn, number, "userCertificate;binary", state.document_signer());
        let dn = format!("cn=CN\\=CSCA\\,C\\={country},o=crl,c={country},dc=data");
        file += &entry(&dn, number, "certificateRevocationList;binary", &crl);
    }
    file
}

#[test]
fn signers_are_counted_and_lists_are_taken() {
    let (utopia, dystopia) =
        (utopia(), IssuingState::new(StateProfile::of("DYS", "DY"), NOW).unwrap());
    let file = signers_and_crls(&[&utopia, &dystopia]);
    for size in [1, 7, 4096, file.len()] {
        let import = read_in_pieces(&file, size, &[]);
        assert_eq!(import.accepted.iter().map(kind).collect::<Vec<_>>(), ["crl", "crl"], "{size}");
        assert_eq!(import.document_signers, 2);
        assert!(import.refused.is_empty());
        let directory = import.directory.unwrap();
        assert_eq!(directory.version, Some(101));
        assert_eq!(
            directory.collections.into_iter().collect::<Vec<_>>(),
            [Collection::SignersAndCrls]
        );
        assert!(!directory.has_changes);
    }
}

#[test]
fn master_lists_of_a_directory_are_judged_one_by_one() {
    let (utopia, dystopia) =
        (utopia(), IssuingState::new(StateProfile::of("DYS", "DY"), NOW).unwrap());
    let mut forged = dystopia.master_list(&[dystopia.csca()]).unwrap();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let lists = [
        (
            "UT",
            "pkdMasterListContent",
            utopia.master_list(&[utopia.csca(), dystopia.csca()]).unwrap(),
        ),
        (
            "DY",
            "CscaMasterListData",
            dystopia.master_list(&[dystopia.csca(), utopia.csca()]).unwrap(),
        ),
        ("XX", "pkdMasterListContent", forged),
    ];
    let file: String = lists
        .iter()
        .zip(7..)
        .map(|((country, attribute, list), version)| {
            entry(&format!("cn=CN\\=x,o=ml,c={country},dc=data"), version, attribute, list)
        })
        .collect();
    let roots = [certificate(utopia.csca())];
    let import = read_in_pieces(&file, 1000, &roots);
    assert_eq!(import.accepted.len(), 2, "each certificate once");
    assert!(import.accepted.iter().all(|item| item.verified), "by the list that is verified");
    assert_eq!(import.repeated, 2);
    let signatures: Vec<&ListSignature> =
        import.master_lists.iter().map(|(_, signature)| signature).collect();
    assert!(matches!(signatures[0], ListSignature::Verified { .. }));
    assert!(matches!(signatures[1], ListSignature::UnknownSigner { .. }));
    assert!(matches!(signatures[2], ListSignature::Invalid { .. }));
    assert!(matches!(import.refused[0].reason, ImportError::ListSignature(_)));
    assert_eq!(import.directory.unwrap().version, Some(9));

    // Verified counts also if the unverified list comes first.
    let turned: String = [&lists[1], &lists[0]]
        .iter()
        .map(|(country, attribute, list)| {
            entry(&format!("cn=x,o=ml,c={country},dc=data"), 1, attribute, list)
        })
        .collect();
    let import = read_in_pieces(&turned, 1000, &roots);
    assert!(import.accepted.iter().all(|item| item.verified));

    // An operator may ask for the list with the wrong signature, unverified.
    let mut importer = Importer::new(&[]).take_invalid_lists(true);
    importer.push(file.as_bytes());
    let import = importer.finish();
    assert!(import.refused.is_empty() && import.accepted.iter().all(|item| !item.verified));
}

#[test]
fn published_lists_in_a_directory_give_what_they_give_alone() {
    let names = ["DE_ML_2026-05-28-08-28-45.ml", "NL_ML_2026-07-22.ml", "IT_MasterListCSCA.ml"];
    let mut file = String::new();
    for (name, version) in names.iter().zip(200..) {
        let Some(list) = shared(&format!("masterlists/{name}")) else { return };
        let country = &name[..2];
        file += &entry(
            &format!("cn=x,o=ml,c={country},dc=data"),
            version,
            "pkdMasterListContent",
            &list,
        );
    }
    let root = super::root("DE_ROOT_CA_CSCA07.cer").unwrap();
    let import = read_in_pieces(&file, 64 << 10, &[root]);
    let verified = import.accepted.iter().filter(|item| item.verified).count();
    assert_eq!(verified, 580, "those of the German list");
    assert!(import.accepted.len() > 580);
    assert_eq!(import.accepted.len() + import.repeated, 580 + 411 + 323);
    assert_eq!(import.refused.len(), 8 + 10);
}

#[test]
fn what_does_not_conform_and_what_is_broken_does_no_harm() {
    let utopia = utopia();
    let dn = "cn=x,o=dsc,c=UT,dc=nc-data";
    let mut file = entry(dn, 3, "userCertificate;binary", utopia.document_signer());
    let _ = write!(
        file,
        "dn: cn=bad,o=dsc,c=UT,dc=nc-data,{BASE}\r\npkdConformanceText: broken\r\n\
         userCertificate;binary:: AAAA\r\n\r\n\
         dn: cn=url,{BASE}\r\nuserCertificate;binary:< file:///etc/passwd\r\n\r\n\
         dn:: Y249YmFzZTY0LG89Y3JsLGM9VVQsZGM9ZGF0YQ==\r\n\
         certificateRevocationList;binary:: MIIB"
    );
    let import = read_in_pieces(&file, 3, &[]);
    assert_eq!((import.accepted.len(), import.document_signers), (0, 1));
    assert_eq!(import.refused.len(), 3);
    assert!(import.refused.iter().all(|refused| refused.source.kind == SourceKind::Ldif));
    let collections: Vec<Collection> = import.directory.unwrap().collections.into_iter().collect();
    assert_eq!(collections, [Collection::SignersAndCrls, Collection::NonConformant]);
}

#[test]
fn a_file_of_changes_is_told_from_a_whole_one() {
    let utopia = utopia();
    let file =
        entry("cn=x,o=dsc,c=UT,dc=data", 3, "userCertificate;binary", utopia.document_signer())
            .replace("pkdVersion", "changetype: add\r\npkdVersion");
    assert!(read_in_pieces(&file, 100, &[]).directory.unwrap().has_changes);
}

#[test]
fn a_line_without_end_takes_bounded_memory() {
    let mut importer = Importer::new(&[]);
    importer.push(b"dn: cn=x,o=dsc,c=UT,dc=data\n");
    importer.push(&[b'#'; 5000]);
    importer.push(b"\nuserCertificate;binary:: ");
    let piece = vec![b'A'; 1 << 20];
    for _ in 0..40 {
        importer.push(&piece);
    }
    // The same, folded.
    importer.push(b"\ncertificateRevocationList;binary:: ");
    let mut folded = b"\n ".to_vec();
    folded.extend_from_slice(&piece);
    for _ in 0..40 {
        importer.push(&folded);
    }
    let import = importer.finish();
    let reasons: Vec<&ImportError> = import.refused.iter().map(|refused| &refused.reason).collect();
    assert_eq!(reasons, [&ImportError::Encoding("the value is too long"); 2]);
}

#[test]
fn millions_of_refusals_are_counted_not_kept() {
    let mut importer = Importer::new(&[]);
    importer.push(b"dn: cn=x\n");
    for _ in 0..5000 {
        importer.push(b"userCertificate;binary:: AAAA\n");
    }
    let import = importer.finish();
    assert_eq!(import.refused.len() + import.more_refused, 5000);
    assert!(import.refused.len() <= 1000);
}

#[test]
fn a_csca_alone_in_a_directory_is_not_vouched_for() {
    let utopia = utopia();
    let file = entry("cn=x,o=dsc,c=UT,dc=data", 1, "userCertificate;binary", utopia.csca());
    let import = read_in_pieces(&file, 100, &[certificate(utopia.csca())]);
    assert!(matches!(import.accepted[0].item, Item::Csca(_)));
    assert!(!import.accepted[0].verified);
}

#[test]
fn a_version_out_of_all_proportion_is_ignored() {
    let version = |text: &str| {
        let mut reader = emrtd::trust::ldif::Reader::default();
        reader
            .push(format!("dn: o=ml\npkdVersion: 7\npkdVersion: {text}\n").as_bytes(), &mut |_| {});
        reader.finish(&mut |_| {});
        reader.version()
    };
    assert_eq!(version("999999999"), Some(999_999_999));
    for huge in ["1000000000", "18446744073709551615", "18446744073709551616", "-1"] {
        assert_eq!(version(huge), Some(7), "{huge}");
    }
}
