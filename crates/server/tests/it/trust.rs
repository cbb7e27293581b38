//! What changes in the trust store holds for the next check of a running server.

use domain::time::Timestamp;
use emrtd::UnixSeconds;
use emrtd::lds::DataGroup;
use emrtd::sim::{DocumentProfile, Holder as Person, IssuingState, StateProfile};
use emrtd::trust::{Certificate, Crl};
use phone::{
    Confirmation, Connection, Holder, Outcome, Phone, PhoneDocument, Progress, ShareChoice,
};
use protocol::{HandoffContext, HandoffLink, SecretBytes, ShareRequest};
use server::clock::Clock;
use store::{TrustItem, TrustKind, TrustSource, TrustUpdate};
use testkit::{RelyingParty, TestServer};

struct Agreeable;

impl Holder for Agreeable {
    fn confirm(&mut self, _: &HandoffContext) -> Option<Confirmation> {
        Some(Confirmation::Mine)
    }

    fn choose(&mut self, _: &ShareRequest) -> ShareChoice {
        ShareChoice::All
    }

    fn progress(&mut self, _: Progress) -> Connection {
        Connection::Keep
    }
}

/// A server, a relying party, and a state that the server does not know yet.
struct Scene {
    server: TestServer,
    rp: RelyingParty,
    state: IssuingState,
    now: Timestamp,
}

impl Scene {
    async fn start() -> Self {
        let server = TestServer::start().await;
        let rp = server.relying_party().await;
        let now = server.clock.now();
        let state =
            IssuingState::new(StateProfile::utopia(), UnixSeconds(now.as_seconds())).unwrap();
        Self { server, rp, state, now }
    }

    /// Whether a passport of the state is accepted now.
    async fn accepts(&self) -> bool {
        let document = self.state.issue(&Person::example(), &DocumentProfile::passport()).unwrap();
        let group = |group| document.group(group).unwrap().to_vec();
        let files = [
            ("DG1.bin", group(DataGroup::DG1)),
            ("DG2.bin", group(DataGroup::DG2)),
            ("EF_SOD.bin", document.sod.clone()),
        ];
        let document = PhoneDocument::from_files(files).unwrap();
        let session = self.rp.session(&[("family_name", true)]).await;
        let handoff = self.rp.handoff(&session.id).await;
        let link = HandoffLink::parse(&handoff.link(&self.server.url())).unwrap();
        let selfie = || SecretBytes::from(b"selfie".to_vec());
        let selfies = [selfie(), selfie(), selfie()];
        let phone = Phone::new(link, "phone".into(), "1.0".to_owned(), document, selfies);
        let url = self.server.url().parse().unwrap();
        let outcome = phone.run_with(&url, &mut Agreeable).await.unwrap();
        matches!(outcome, Outcome::Shared { .. })
    }

    /// Puts items into a source and takes others away.
    async fn update(&self, put: Vec<TrustItem>, withdrawn: Vec<[u8; 32]>) {
        let store = self.server.store();
        let generation = store.trust_generation().await.unwrap();
        let source = TrustSource { name: "test".into(), edition: None, imported_at: self.now };
        let update = TrustUpdate { generation, source, put, withdrawn, superseded: Vec::new() };
        store.update_trust(update).await.unwrap();
    }

    fn item(&self, kind: TrustKind, fingerprint: [u8; 32], der: &[u8]) -> TrustItem {
        TrustItem {
            fingerprint,
            kind,
            der: der.to_vec(),
            source: "test".into(),
            verified: true,
            imported_at: self.now,
        }
    }

    fn csca(&self) -> TrustItem {
        let fingerprint = Certificate::from_der(self.state.csca()).unwrap().fingerprint();
        self.item(TrustKind::Csca, fingerprint, self.state.csca())
    }

    fn crl(&self, serials: &[&[u8]]) -> TrustItem {
        let at = UnixSeconds(self.now.as_seconds());
        let der = self.state.crl(serials, at, Some(at.plus_days(30))).unwrap();
        self.item(TrustKind::Crl, Crl::from_der(&der).unwrap().fingerprint(), &der)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_and_a_withdrawal_count_from_the_next_check_on() {
    let scene = Scene::start().await;
    assert!(!scene.accepts().await, "nobody knows the state");
    scene.update(vec![scene.csca()], Vec::new()).await;
    assert!(scene.accepts().await);
    assert!(scene.accepts().await, "with the chain known");
    scene.update(Vec::new(), vec![scene.csca().fingerprint]).await;
    assert!(!scene.accepts().await, "what was proven before counts no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_counts_from_the_next_check_on() {
    let scene = Scene::start().await;
    scene.update(vec![scene.csca(), scene.crl(&[])], Vec::new()).await;
    assert!(scene.accepts().await);
    scene.update(vec![scene.crl(&[scene.state.document_signer_serial()])], Vec::new()).await;
    assert!(!scene.accepts().await, "the signer is revoked, though its chain is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_csca_counts_from_the_next_check_on() {
    let scene = Scene::start().await;
    scene.update(vec![scene.csca()], Vec::new()).await;
    assert!(scene.accepts().await);
    let serial = Certificate::from_der(scene.state.csca()).unwrap().serial().to_vec();
    scene.update(vec![scene.crl(&[&serial])], Vec::new()).await;
    assert!(!scene.accepts().await);
}
