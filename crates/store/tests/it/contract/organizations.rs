//! Organizations and API keys.

use domain::audit::Actor;
use domain::branding::{
    Branding, DarkAccent, Edit, FrameAncestors, LightAccent, Logo, VerifiedDomain,
};
use domain::organization::{ApiKey, Organization, Scope};
use domain::policy::{
    BrowserBinding, ChipProofPolicy, DeviceProofPolicy, ExpiredDocuments, FaceMatch,
    MatchCodePolicy, Policy, RevocationPolicy, SameNetworkPolicy, UserCodePolicy,
};
use domain::session::Session;
use store::StoreError;

use crate::world::{Database, NOW, World};

pub(crate) async fn organizations_and_keys_round_trip(database: &dyn Database) {
    let world = World::new(database).await;
    let mut organization = world.new_organization();
    world.store.create_organization(organization.clone()).await.unwrap();
    let again = world.store.create_organization(organization.clone()).await;
    assert_eq!(again, Err(StoreError::Conflict("it exists already")));

    // Two policies that have no value in common, so that no column can stand for another.
    let strict = Policy {
        face_match: FaceMatch::Required,
        chip_proof: ChipProofPolicy::Required,
        revocation: RevocationPolicy::Strict,
        expired_documents: ExpiredDocuments::Refuse,
        browser_binding: BrowserBinding::WhenOpened,
        match_code: MatchCodePolicy::Required,
        device_proof: DeviceProofPolicy::Required,
        same_network: SameNetworkPolicy::Required,
        user_code: UserCodePolicy::Off,
    };
    let lenient = Policy {
        face_match: FaceMatch::Off,
        chip_proof: ChipProofPolicy::WhenAvailable,
        revocation: RevocationPolicy::Report,
        expired_documents: ExpiredDocuments::Report,
        browser_binding: BrowserBinding::Required,
        match_code: MatchCodePolicy::Off,
        device_proof: DeviceProofPolicy::WhenAvailable,
        same_network: SameNetworkPolicy::Report,
        user_code: UserCodePolicy::Offered,
    };
    for policy in [strict, lenient] {
        organization.policy = policy;
        world.store.set_policy(&organization.id, policy, NOW).await.unwrap();
        assert_eq!(
            world.store.read_organization(&organization.id).await,
            Ok(Some(organization.clone()))
        );
        let other = Organization { policy, ..world.new_organization() };
        world.store.create_organization(other.clone()).await.unwrap();
        let session = Session { policy, ..world.new_session(&other.id) };
        world.store.create_session(session.clone(), Actor::Server).await.unwrap();
        assert_eq!(world.read(&session.id).await, session);
        assert_eq!(world.store.read_organization(&other.id).await, Ok(Some(other)));
    }
    assert!(world.store.list_organizations().await.unwrap().contains(&organization));
    let nobody = world.new_organization().id;
    assert_eq!(world.store.read_organization(&nobody).await, Ok(None));
    assert_eq!(
        world.store.set_policy(&nobody, Policy::default(), NOW).await,
        Err(StoreError::NotFound("organization"))
    );
}

pub(crate) async fn keys_are_found_by_hash_and_revoked_for_good(database: &dyn Database) {
    let world = World::new(database).await;
    let organization = world.organization().await;
    let other = world.organization().await;
    let hash = world.keys.api_key_hash("kk_secret");
    let mut key = ApiKey {
        id: world.api_key_id(),
        organization: organization.clone(),
        name: "backend".into(),
        hash,
        scopes: Scope::ALL.to_vec(),
        created_at: NOW,
        revoked_at: None,
    };
    world.store.create_api_key(key.clone()).await.unwrap();
    let twin = ApiKey { id: world.api_key_id(), ..key.clone() };
    assert_eq!(
        world.store.create_api_key(twin).await,
        Err(StoreError::Conflict("it exists already"))
    );

    let (found, owner) = world.store.find_api_key(&hash).await.unwrap().unwrap();
    assert_eq!((&found, &owner.id), (&key, &organization));
    let unknown = world.keys.api_key_hash("kk_other");
    assert_eq!(world.store.find_api_key(&unknown).await, Ok(None));

    world.store.revoke_api_key(&key.id, NOW).await.unwrap();
    let later = NOW + std::time::Duration::from_secs(9);
    world.store.revoke_api_key(&key.id, later).await.unwrap();
    key.revoked_at = Some(NOW);
    assert_eq!(world.store.find_api_key(&hash).await.unwrap().unwrap().0, key);
    assert_eq!(world.store.list_api_keys(None).await, Ok(vec![key.clone()]));
    assert_eq!(world.store.list_api_keys(Some(&organization)).await, Ok(vec![key]));
    assert_eq!(world.store.list_api_keys(Some(&other)).await, Ok(vec![]));
    assert_eq!(
        world.store.revoke_api_key(&world.api_key_id(), NOW).await,
        Err(StoreError::NotFound("API key"))
    );
}

pub(crate) async fn what_they_look_like_round_trips(database: &dyn Database) {
    let world = World::new(database).await;
    let (organization, other) = (world.organization().await, world.organization().await);
    let read = || world.store.read_branding(&organization);
    assert_eq!(read().await, Ok(Branding::default()));
    assert_eq!(world.store.read_logo(&organization).await, Ok(None));

    let pixel = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";
    let logo = Logo::new(pixel.to_vec()).unwrap();
    let origins = ["https://bank.example", "https://shop.example"];
    let origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    let all = vec![
        Edit::Accent(Some(LightAccent::new("#7a1030".parse().unwrap()).unwrap())),
        Edit::AccentDark(Some(DarkAccent::new("#ff9fb5".parse().unwrap()).unwrap())),
        Edit::Logo(Some(logo.clone())),
        Edit::Terms(Some("https://bank.example/terms".parse().unwrap())),
        Edit::Privacy(Some("https://bank.example/privacy".parse().unwrap())),
        Edit::FrameAncestors(FrameAncestors::new(origins).unwrap()),
        Edit::VerifiedDomain(Some(VerifiedDomain {
            name: "bank.example".parse().unwrap(),
            at: NOW,
        })),
    ];
    let expected = all.iter().fold(Branding::default(), Branding::edited);
    assert_eq!(expected.differences(&Branding::default()).len(), all.len(), "each has a value");
    let edited = world.store.edit_branding(&organization, all.clone(), NOW).await;
    assert_eq!(edited, Ok(expected.clone()));
    assert_eq!(read().await, Ok(expected.clone()));
    assert_eq!(world.store.read_logo(&organization).await, Ok(Some(logo.clone())));
    assert_eq!(world.store.read_branding(&other).await, Ok(Branding::default()));

    // What is not named stays; nothing that stays is told of.
    let edits = vec![Edit::Terms(None), all[0].clone()];
    let edited = world.store.edit_branding(&organization, edits, NOW).await.unwrap();
    assert_eq!(edited, Branding { terms_url: None, ..expected.clone() });
    assert_eq!(world.store.read_logo(&organization).await, Ok(Some(logo)));
    let cleared = vec![
        Edit::Accent(None),
        Edit::AccentDark(None),
        Edit::Logo(None),
        Edit::Privacy(None),
        Edit::FrameAncestors(FrameAncestors::default()),
        Edit::VerifiedDomain(None),
    ];
    world.store.edit_branding(&organization, cleared, NOW).await.unwrap();
    assert_eq!(read().await, Ok(Branding::default()));
    assert_eq!(world.store.read_logo(&organization).await, Ok(None));

    let nobody = world.new_organization().id;
    assert_eq!(
        world.store.edit_branding(&nobody, all, NOW).await,
        Err(StoreError::NotFound("organization"))
    );
    assert_eq!(world.store.read_branding(&nobody).await, Ok(Branding::default()));
}
