//! Claims of a proven document.

use std::time::Duration;

use domain::claim::{Claim, ClaimContext, ClaimValue, value};
use domain::entropy::Entropy;
use domain::id::OrganizationId;
use domain::key::Keys;
use domain::policy::Policy;
use domain::time::Timestamp;
use domain::verdict::{Accepted, FaceMatchMissing};
use emrtd::sim::Holder;

use crate::proof::{NOW, judge, prove};

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

#[test]
fn an_age_is_claimed_from_the_birthday_on() {
    let (keys, organization) = (Keys::derive(&[1; 32]), OrganizationId::random(&mut Zeros));
    // Born on 1974-08-12: 52 on 2026-08-12.
    let document = prove(&Holder::example());
    let birthday = Timestamp(1_786_492_800_000);
    let age = |years, now| {
        let context = ClaimContext { organization: &organization, keys: &keys, now };
        value(Claim::AgeOver(years), &document, context)
    };
    assert_eq!(age(52, birthday - Duration::from_millis(1)), ClaimValue::Bool(false));
    assert_eq!(age(52, birthday), ClaimValue::Bool(true));
    assert_eq!(age(53, birthday), ClaimValue::Bool(false));
}

#[test]
fn the_document_id_differs_between_organizations() {
    struct Counter(u8);
    impl Entropy for Counter {
        fn fill(&mut self, buffer: &mut [u8]) {
            self.0 += 1;
            buffer.fill(self.0);
        }
    }
    let (keys, document) = (Keys::derive(&[1; 32]), prove(&Holder::example()));
    let mut entropy = Counter(0);
    let mut id = || {
        let organization = OrganizationId::random(&mut entropy);
        let context = ClaimContext { organization: &organization, keys: &keys, now: NOW };
        value(Claim::KayleDocumentId, &document, context)
    };
    assert!(id() != id());
}

#[test]
fn nothing_is_accepted_without_the_face_match_that_the_policy_asks_for() {
    let proven = judge(&Holder::example(), Policy::default()).ok().unwrap();
    let refused = Accepted::without_face_match(proven);
    assert_eq!(refused.err(), Some(FaceMatchMissing));
}
