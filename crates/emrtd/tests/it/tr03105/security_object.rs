//! The LDS security object and the data groups: cases 39 to 47, 69, 86 to 92.

use emrtd::crypto::DigestAlgorithm;
use emrtd::lds::DataGroup;
use emrtd::sim::{DocumentProfile, Flaw};
use emrtd::verify::PassiveReason as Reason;

use super::There::{Failure, Moved};
use super::Verdict::{Genuine, NotGiven, Refused};
use super::{Attempt, attempt, cases, flawed, passport, rsa};
use crate::keys;

cases! {
    lds_h_39: "The object has an unknown version", Moved("LDS_D_21") =>
        Refused(Reason::LdsObjectInvalid), "", || flawed(Flaw::ObjectVersion(2));
    lds_h_40: "The object has no version", Moved("LDS_D_22") =>
        Refused(Reason::LdsObjectInvalid), "", || flawed(Flaw::NoObjectVersion);
    lds_h_41: "The data groups are hashed with MD5", Moved("LDS_D_23") =>
        Refused(Reason::UnsupportedDigestAlgorithm), "The hashes are right.",
        || flawed(Flaw::Md5GroupHashes);
    lds_h_42: "The object names no digest", Moved("LDS_D_24") =>
        Refused(Reason::LdsObjectInvalid), "", || flawed(Flaw::NoObjectDigest);
    lds_h_43: "The hash of DG2 is of something else", Moved("LDS_D_25") =>
        Refused(Reason::DgHashMismatch), "", || flawed(Flaw::WrongGroupHash(DataGroup::DG2));
    lds_h_44: "DG1 is not listed", Moved("LDS_D_27") =>
        Refused(Reason::SodUndeclaredDgSupplied),
        "Without the file it is `required_dg_hash_missing`. The plan gives the id of case 48 too.",
        || flawed(Flaw::NoGroupHash(DataGroup::DG1));
    lds_h_45: "DG10 is listed, and the chip does not have it", Failure =>
        NotGiven(DG10),
        "What is proven is proven. A chip that hides a group cannot forge one; the report names \
         the group, and who needs it (DG14, DG15 for chip proofs) refuses with \
         `sod_declared_dg_missing`.",
        || flawed(Flaw::ExtraGroupHash(DG10));
    lds_h_46: "DG1 is listed under the number 255", Failure =>
        Refused(Reason::LdsObjectInvalid), "", || flawed(Flaw::WrongGroupNumber(DataGroup::DG1));
    lds_h_47: "DG2 is listed without a number", Failure =>
        Refused(Reason::LdsObjectInvalid), "", || flawed(Flaw::NoGroupNumber(DataGroup::DG2));
    lds_h_69: "DG2 is changed, and its hash in the object with it: signatures come first", Failure =>
        Refused(Reason::MessageDigestMismatch),
        "DG1 and DG2 are read from proven bytes only: there is no type for others.", changed_hash;
    lds_h_86: "LDS 1.8: version 1 with version information", Moved("LDS_D_35") => Genuine, "",
        || with_version(Some("0108"), Flaw::None);
    lds_h_87: "LDS 1.8 with version information, and version 0", Moved("LDS_D_36") =>
        Refused(Reason::LdsObjectInvalid), "", || with_version(Some("0108"), Flaw::ObjectVersion(0));
    lds_h_88: "LDS 1.7 without version information, and version 1", Moved("LDS_D_37") =>
        Refused(Reason::LdsObjectInvalid), "", || with_version(None, Flaw::ObjectVersion(1));
    lds_h_89: "A later LDS, 1.9", Moved("LDS_D_38") => Genuine,
        "The number informs; what is signed is read the same way.",
        || with_version(Some("0109"), Flaw::None);
    lds_h_90: "EF.SOD lists DG3, EF.COM and the chip do not", Failure => NotGiven(DG3),
        "As 45. Nobody signs EF.COM, so nothing is compared with it.",
        || bare(Flaw::ExtraGroupHash(DG3));
    lds_h_91: "EF.COM lists DG2, EF.SOD does not", Failure =>
        Refused(Reason::SodUndeclaredDgSupplied), "EF.COM is not looked at; DG2 is not signed.",
        || bare(Flaw::NoGroupHash(DataGroup::DG2));
    lds_h_92: "EF.SOD lists DG3 in place of the DG2 of EF.COM", Failure =>
        Refused(Reason::SodUndeclaredDgSupplied), "As 91.",
        || bare(Flaw::RenamedGroup(DataGroup::DG2, DG3));
}

const DG3: DataGroup = DataGroup::DG3;
const DG10: DataGroup = DataGroup::new(10).unwrap();

/// A document of DG1 and DG2 alone.
fn bare(flaw: Flaw) -> Attempt {
    attempt(&keys::state(rsa()), &DocumentProfile { flaw, ..DocumentProfile::passport() })
}

fn with_version(lds: Option<&str>, flaw: Flaw) -> Attempt {
    let lds_version = lds.map(str::to_owned);
    attempt(&keys::state(rsa()), &DocumentProfile { lds_version, flaw, ..passport() })
}

fn changed_hash() -> Attempt {
    let mut attempt = flawed(Flaw::None);
    let digest = |file: &[u8]| DigestAlgorithm::Sha256.digest(file).unwrap();
    let mut file = attempt.document.group(DataGroup::DG2).unwrap().to_vec();
    let old = digest(&file);
    *file.last_mut().unwrap() ^= 1;
    let sod = &mut attempt.document.sod;
    let at = sod.windows(old.len()).position(|window| window == old).unwrap();
    sod[at..at + old.len()].copy_from_slice(&digest(&file));
    attempt.document.set(DataGroup::DG2, file);
    attempt
}

/// Not in the test plan.
#[test]
fn a_data_group_listed_twice_is_refused() {
    let failure = super::judge(flawed(Flaw::RepeatedGroup(DataGroup::DG2))).unwrap_err();
    assert_eq!(failure.reason, Reason::LdsObjectInvalid);
}
