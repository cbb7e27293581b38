//! The audit trail: what is told, by whom, in which order; and that it verifies.

use std::convert::Infallible;
use std::time::Duration;

use domain::attempt::{FailureCode, VerdictCode};
use domain::audit::{Action, Actor, Entry, Head, Record, Verifier};
use domain::branding::{Edit, LightAccent};
use domain::id::OrganizationId;
use domain::key::KeyedHash;
use domain::organization::{ApiKey, Scope};
use domain::policy::{FaceMatch, Policy, RevocationPolicy};
use domain::session::{SESSION_LIFETIME, Session, Transition};
use store::{StoreError, TrustItem, TrustKind};

use crate::world::{Database, NOW, World};

/// The whole trail, linked, and found to be what was written.
pub(crate) async fn trail(world: &World) -> Vec<Record> {
    while world.store.count_unlinked_audit().await.unwrap() > 0 {
        world.store.link_audit(2).await.unwrap();
    }
    let mut verifier = Verifier::new(world.keys.audit_chain(), None);
    let mut records = Vec::new();
    loop {
        // Pages as small as can be, so that their seams are met.
        let page = world.store.read_audit(verifier.head().number, 2).await.unwrap();
        if page.is_empty() {
            assert_eq!(world.store.audit_head().await, Ok(verifier.head()));
            return records;
        }
        for record in page {
            verifier.next(&record).unwrap();
            records.push(record);
        }
    }
}

/// Actor, action and code of each record.
fn told(records: &[Record]) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let line = |record: &Record| {
        let [actor, action, .., code] = &record.columns;
        format!("{} {} {}", text(actor), text(action), text(code)).trim_end().to_owned()
    };
    records.iter().map(line).collect()
}

pub(crate) async fn a_verification_is_told_in_order(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let key = world.api_key_id();
    let session = world.new_session(&organization);
    let by = Actor::RelyingParty(key.clone());
    world.store.create_session(session.clone(), by.clone()).await.unwrap();
    let id = session.id;
    world.mint(&id, NOW).await.unwrap();
    // The same token again: nothing happened.
    world.mint(&id, NOW).await.unwrap();
    let later = NOW + Duration::from_secs(61);
    let handoff = world.mint(&id, later).await.unwrap();
    for _ in 0..2 {
        let hello = world.hello(&id, &handoff, "device");
        let unit = move |session: Session| session.hello(hello.clone(), later);
        world.store.session(&id, later, unit).await.unwrap().unwrap();
    }
    let attempt = handoff.attempt.clone();
    let unit = move |session: Session| {
        let fence = session.fence;
        session.reject(&attempt, fence, VerdictCode::DocumentExpired, later)
    };
    world.store.session(&id, later, unit).await.unwrap().unwrap();
    world.mint(&id, later).await.unwrap();
    let cancel = move |session: Session| Ok::<_, Infallible>(session.cancel(later));
    world.store.session_by(by, &id, later, cancel).await.unwrap().unwrap();
    // It is over: nothing happens any more.
    world.cancel(&id, later).await;

    let records = trail(&world).await;
    let rejected = FailureCode::from(VerdictCode::DocumentExpired).as_str();
    let expected = [
        "operator organization.created".to_owned(),
        format!("key:{key} session.created"),
        "anyone handoff.minted".to_owned(),
        "anyone handoff.minted".to_owned(),
        "phone attempt.superseded".to_owned(),
        "phone handoff.claimed".to_owned(),
        "phone handoff.resumed".to_owned(),
        format!("phone attempt.failed {rejected}"),
        "anyone handoff.minted".to_owned(),
        format!("key:{key} attempt.failed session_cancelled"),
        format!("key:{key} session.cancelled"),
    ];
    assert_eq!(told(&records), expected);
    let times: Vec<_> = records.iter().map(|record| record.at).collect();
    assert_eq!(times, [vec![NOW; 3], vec![later; 8]].concat());
    for record in &records {
        assert_eq!(record.organization(), Some(organization.as_str()));
    }
    assert!(records[1..].iter().all(|record| record.columns[3].as_deref() == Some(id.as_str())));
    assert_eq!(records[5].columns[4].as_deref(), Some(handoff.attempt.as_str()));
}

pub(crate) async fn every_operator_and_relying_party_is_told_of(database: &dyn Database) {
    let world = World::new(database).await;
    world.store.bind_master_secret(world.keys.check_value(), NOW).await.unwrap();
    world.store.bind_master_secret(world.keys.check_value(), NOW).await.unwrap();
    let organization = world.organization().await;
    let policy = Policy {
        face_match: FaceMatch::Off,
        revocation: RevocationPolicy::Strict,
        ..Policy::default()
    };
    world.store.set_policy(&organization, policy, NOW).await.unwrap();
    world.store.set_policy(&organization, policy, NOW).await.unwrap();
    let colour = LightAccent::new("#7a1030".parse().unwrap()).unwrap();
    let edits =
        [Edit::Accent(Some(colour)), Edit::Terms(Some("https://bank.example".parse().unwrap()))];
    for _ in 0..2 {
        world.store.edit_branding(&organization, edits.to_vec(), NOW).await.unwrap();
    }
    let key = api_key(&world, &organization);
    world.store.create_api_key(key.clone()).await.unwrap();
    world.store.revoke_api_key(&key.id, NOW).await.unwrap();
    world.store.revoke_api_key(&key.id, NOW).await.unwrap();
    let endpoint = world.endpoint(&organization, None).await.id;
    let by = || Actor::RelyingParty(key.id.clone());
    let rename = |endpoint: &mut domain::webhook::Endpoint| endpoint.name = None;
    world.store.update_endpoint(&organization, &endpoint, by(), rename).await.unwrap();
    let secret = "sealed".to_owned();
    world.store.set_endpoint_secret(&organization, &endpoint, secret, by(), NOW).await.unwrap();
    let shown = Action::EndpointSecretRevealed;
    let entry = Entry::endpoint(shown, &organization, &endpoint, by(), NOW);
    world.store.append_audit(entry).await.unwrap();
    let encryption = world.new_key(&endpoint, "a");
    let id = encryption.id.clone();
    world.store.add_encryption_key(&organization, encryption, by()).await.unwrap();
    for active in [true, false, false, true] {
        let switched = world.store.set_encryption_key_active(&organization, &id, active, by(), NOW);
        switched.await.unwrap();
    }
    world.store.delete_endpoint(&organization, &endpoint, by(), NOW).await.unwrap();
    let item = TrustItem {
        fingerprint: [1; 32],
        kind: TrustKind::Csca,
        der: vec![1],
        source: "a file of /home/erika".into(),
        verified: true,
        imported_at: NOW,
    };
    world.store.import_trust(vec![item.clone()]).await.unwrap();
    world.store.import_trust(vec![item]).await.unwrap();

    let records = trail(&world).await;
    let rp = format!("key:{}", key.id);
    let expected = [
        "server master_secret.bound".to_owned(),
        "operator organization.created".to_owned(),
        "operator policy.changed revocation=strict".to_owned(),
        "operator branding.changed accent".to_owned(),
        "operator branding.changed terms".to_owned(),
        "operator api_key.created".to_owned(),
        "operator api_key.revoked".to_owned(),
        "operator endpoint.created".to_owned(),
        format!("{rp} endpoint.changed"),
        format!("{rp} endpoint.secret_rotated"),
        format!("{rp} endpoint.secret_revealed"),
        format!("{rp} encryption_key.added"),
        format!("{rp} encryption_key.disabled"),
        format!("{rp} encryption_key.enabled"),
        format!("{rp} endpoint.deleted"),
        "operator trust.changed".to_owned(),
    ];
    assert_eq!(told(&records), expected);
    let object = |at: usize| records[at].columns[5].as_deref();
    assert_eq!((object(5), object(7)), (Some(key.id.as_str()), Some(endpoint.as_str())));
    assert_eq!((object(11), object(15)), (Some(id.as_str()), Some("generation:1")));
}

fn api_key(world: &World, organization: &OrganizationId) -> ApiKey {
    ApiKey {
        id: world.api_key_id(),
        organization: organization.clone(),
        name: "Erika's key".into(),
        hash: KeyedHash([9; 32]),
        scopes: vec![Scope::SessionsRead],
        created_at: NOW,
        revoked_at: None,
    }
}

pub(crate) async fn what_changes_nothing_is_not_told(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let session = world.session(&organization).await;
    let before = trail(&world).await.len();
    let refused = |_: Session| Err::<Transition<()>, _>("refused");
    assert_eq!(world.store.session(&session, NOW, refused).await.unwrap().unwrap_err(), "refused");
    let twin = Session { organization, ..world.read(&session).await };
    assert!(world.store.create_session(twin, Actor::Server).await.is_err());
    let panics = |_: Session| -> Result<Transition<()>, Infallible> { panic!("a unit panics") };
    assert!(world.store.session(&session, NOW, panics).await.is_err());
    let nobody = world.id(OrganizationId::random);
    assert_eq!(
        world.store.set_policy(&nobody, Policy::default(), NOW).await,
        Err(StoreError::NotFound("organization"))
    );
    assert_eq!(trail(&world).await.len(), before);
    // An expiry is told though the unit refused.
    let end = NOW + SESSION_LIFETIME;
    assert_eq!(world.store.session(&session, end, refused).await.unwrap().unwrap_err(), "refused");
    assert_eq!(told(&trail(&world).await[before..]), ["server session.expired"]);
}

pub(crate) async fn units_side_by_side_make_one_chain(database: &dyn Database) {
    let (world, beside) = (World::new(database).await, World::beside(database).await);
    let organization = world.organization().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..60 {
        let side = if number % 2 == 0 { &world } else { &beside };
        let (store, session) = (side.store.clone(), side.new_session(&organization));
        tasks.spawn(async move {
            store.create_session(session, Actor::Server).await.unwrap();
            store.link_audit(7).await.unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let records = trail(&world).await;
    assert_eq!(records.len(), 61);
    assert_ne!(records[60].head(), Head::START);
}
