//! Keys that tests share, because large RSA keys take seconds to make.

use std::sync::{Arc, Mutex, OnceLock};

use emrtd::sim::{IssuingState, KeyKind, PrivateKey, StateKeys, StateProfile};

use crate::shared::NOW;

/// Whose key it is: a document signer must not have the key of its CSCA.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Csca,
    EarlierCsca,
    Signer,
    ListSigner,
}

type Slot = Arc<OnceLock<PrivateKey>>;

fn key(owner: Owner, kind: KeyKind) -> PrivateKey {
    static POOL: Mutex<Vec<(Owner, KeyKind, Slot)>> = Mutex::new(Vec::new());
    let slot = {
        let mut pool = POOL.lock().unwrap();
        let known = pool.iter().find(|(whose, what, _)| (*whose, *what) == (owner, kind));
        match known {
            Some((_, _, slot)) => slot.clone(),
            None => {
                let slot = Slot::default();
                pool.push((owner, kind, slot.clone()));
                slot
            }
        }
    };
    // The pool is free meanwhile, so only tests that need this very key wait.
    slot.get_or_init(|| PrivateKey::generate(kind).unwrap()).clone()
}

/// A state with shared keys, which is quick to found.
pub(crate) fn state(profile: StateProfile) -> IssuingState {
    found(profile, Owner::Csca)
}

/// The same state before it changed the key of its CSCA.
pub(crate) fn earlier_state(profile: StateProfile) -> IssuingState {
    found(profile, Owner::EarlierCsca)
}

fn found(profile: StateProfile, csca: Owner) -> IssuingState {
    let keys = StateKeys {
        csca: key(csca, profile.csca),
        signer: key(Owner::Signer, profile.signer),
        list_signer: key(Owner::ListSigner, KeyKind::Ec(emrtd::crypto::Curve::P256, true)),
    };
    IssuingState::with_keys(profile, NOW, keys).unwrap()
}
