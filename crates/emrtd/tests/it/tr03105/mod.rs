//! The test cases on EF.SOD of BSI TR-03105 part 5.1, unit LDS_H.
//!
//! Each case is a test named by its id. The documents are made by the
//! simulated states; nothing is copied from the test plan but the ids.
//! `docs/TR-03105.md` is written from these tables and checked against them.

mod algorithms;
mod security_object;
mod signed_data;
mod signer_certificate;
mod table;

use emrtd::lds::DataGroup;
use emrtd::sim::{
    CertificateFlaw, DocumentProfile, Flaw, Holder, IssuingState, KeyKind, SimulatedDocument,
    StateProfile,
};
use emrtd::trust::{Certificate, TrustStore};
use emrtd::verify::{PassiveFailure, PassiveReason, Tolerated, passive};

use crate::keys;
use crate::shared::NOW;
use crate::trust::vouched;

/// A test case and what becomes of it.
struct Case {
    /// The name of its test: the id in lower case.
    name: &'static str,
    module: &'static str,
    /// What it is about, in our words.
    purpose: &'static str,
    there: There,
    here: Verdict,
    /// Why the verdict is another one than there, or what else to know.
    remark: &'static str,
    make: fn() -> Attempt,
}

/// What the test plan expects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum There {
    Success,
    Failure,
    /// It is now in the ICAO test plan under this id. Its title tells that it
    /// is a document to be refused, or to be accepted.
    Moved(&'static str),
}

/// What `emrtd` finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Genuine,
    /// Genuine; the report names the rules it breaks.
    Noting(&'static [Tolerated]),
    /// Genuine; the report names a data group the chip does not have.
    NotGiven(DataGroup),
    Refused(PassiveReason),
}

/// A document and whom the verifier trusts.
struct Attempt {
    document: SimulatedDocument,
    trust: TrustStore,
}

/// Declares cases and a test for each:
/// `name: purpose, there => here, remark, how it is made;`
macro_rules! cases {
    ($($name:ident: $purpose:literal, $there:expr => $here:expr, $remark:literal, $make:expr;)*) => {
        pub(super) const CASES: &[super::Case] = &[$(
            super::Case {
                name: stringify!($name),
                module: module_path!(),
                purpose: $purpose,
                there: $there,
                here: $here,
                remark: $remark,
                make: $make,
            },
        )*];
        $(
            #[test]
            fn $name() {
                super::check(CASES, stringify!($name));
            }
        )*
    };
}
use cases;

fn check(cases: &[Case], name: &str) {
    let case = cases.iter().find(|case| case.name == name).unwrap();
    let attempt = (case.make)();
    let found = match judge(attempt) {
        Ok(verdict) => verdict,
        Err(failure) => {
            // Nothing of a refused document counts as proven.
            assert_eq!(failure.report.proven, []);
            Verdict::Refused(failure.reason)
        }
    };
    match (case.here, found) {
        (Verdict::Noting(expected), Verdict::Noting(noted)) => assert_eq!(expected, noted),
        (expected, found) => assert_eq!(expected, found, "{name}"),
    }
}

fn judge(attempt: Attempt) -> Result<Verdict, PassiveFailure> {
    let proof = passive(attempt.document.into_files(), &attempt.trust, NOW)?;
    let proof = proof.require_valid_signer(NOW)?.into_document(NOW)?;
    let report = proof.report();
    Ok(match (report.tolerated.as_slice(), report.not_given.as_slice()) {
        ([], []) => Verdict::Genuine,
        ([], [group]) => Verdict::NotGiven(*group),
        (noted, _) => Verdict::Noting(noted.to_vec().leak()),
    })
}

/// The default of the test plan: PSS with SHA-256, RSA-3072 over RSA-2048.
fn rsa() -> StateProfile {
    StateProfile {
        csca: KeyKind::Rsa(3072),
        signer: KeyKind::Rsa(2048),
        pss: true,
        ..StateProfile::utopia()
    }
}

/// The data groups of the default configuration of the test plan.
fn passport() -> DocumentProfile {
    let file = |number, bytes: &[u8]| (DataGroup::new(number).unwrap(), bytes.to_vec());
    DocumentProfile {
        more_groups: vec![
            file(3, &[0x63, 0x00]),
            file(4, &[0x76, 0x00]),
            file(14, &[0x6E, 0x02, 0x31, 0x00]),
        ],
        ..DocumentProfile::passport()
    }
}

fn attempt(state: &IssuingState, profile: &DocumentProfile) -> Attempt {
    let csca = Certificate::from_der(state.csca()).unwrap();
    Attempt {
        document: state.issue(&Holder::example(), profile).unwrap(),
        trust: TrustStore::builder().add_csca(csca, vouched()).build(),
    }
}

/// A document of the default state with a flaw in EF.SOD.
fn flawed(flaw: Flaw) -> Attempt {
    attempt(&keys::state(rsa()), &DocumentProfile { flaw, ..passport() })
}

/// A good document of a state whose document signer certificate has a flaw.
fn signed_by(signer_flaw: CertificateFlaw) -> Attempt {
    attempt(&keys::state(StateProfile { signer_flaw, ..rsa() }), &passport())
}
