//! A passport of a simulated state that the server under test was told to trust.

use domain::time::Timestamp;
use emrtd::UnixSeconds;
use emrtd::lds::DataGroup;
use emrtd::sim::{DocumentProfile, Holder, IssuingState, StateProfile};
use emrtd::trust::Certificate;
use server::clock::Clock;
use store::{TrustItem, TrustKind};

use crate::TestServer;

/// The files of a simulated chip.
#[derive(Clone)]
pub struct Passport {
    /// EF.DG1
    pub dg1: Vec<u8>,
    /// EF.DG2
    pub dg2: Vec<u8>,
    /// EF.SOD
    pub sod: Vec<u8>,
    /// The holder's surname, as the zone has it.
    pub surname: String,
}

impl Passport {
    /// The same passport with another name in DG1; the check digits, which do not cover names,
    /// still hold.
    pub fn with_forged_dg1(&self) -> Self {
        let surname = self.surname.as_bytes();
        let mut dg1 = self.dg1.clone();
        let at = dg1.windows(surname.len()).position(|window| window == surname).unwrap();
        dg1[at] = if dg1[at] == b'Z' { b'Y' } else { b'Z' };
        Self { dg1, ..self.clone() }
    }
}

/// Issues a passport of Utopia and imports its CSCA certificate.
pub async fn simulated_passport(server: &TestServer) -> Passport {
    let now = server.clock.now();
    let at = UnixSeconds(now.as_seconds());
    let state = IssuingState::new(StateProfile::utopia(), at).unwrap();
    let holder = Holder::example();
    let document = state.issue(&holder, &DocumentProfile::passport()).unwrap();
    trust(server, state.csca(), now).await;
    let group = |group| document.group(group).unwrap().to_vec();
    Passport {
        dg1: group(DataGroup::DG1),
        dg2: group(DataGroup::DG2),
        surname: holder.surname,
        sod: document.sod,
    }
}

async fn trust(server: &TestServer, csca: &[u8], now: Timestamp) {
    let item = TrustItem {
        fingerprint: Certificate::from_der(csca).unwrap().fingerprint(),
        kind: TrustKind::Csca,
        der: csca.to_vec(),
        source: "test".to_owned(),
        verified: true,
        imported_at: now,
    };
    server.store().import_trust(vec![item]).await.unwrap();
}
