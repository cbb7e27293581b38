//! The data folder and its database, opened for a command.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use domain::audit::Chain;
use domain::entropy::random_text;
use domain::id::{ApiKeyId, OrganizationId};
use domain::key::{Keys, Secret};
use domain::organization::{ApiKey, Organization, Scope};
use domain::policy::Policy;
use domain::time::Timestamp;
use store::{Location, OpenOptions, Store, Unobserved};

use super::StoreArgs;
use super::failure::{Code, Failure};
use super::master_secret::{self, MasterSecret};
use crate::clock::{Clock, SystemClock};
use crate::entropy::OsEntropy;
use crate::settings::Settings;
use crate::webhook::seal::JweSealer;

/// Said wherever something is not found.
pub(super) const WHICH_DATA: &str = "--data or --database may name another database";

pub(super) const DATABASE_FILE: &str = "kayle.db";

/// What API keys start with, and how many random characters follow (REFERENCE 1.1).
const API_KEY_PREFIX: &str = "kk_";
const API_KEY_CHARACTERS: usize = 32;

/// An open database.
pub(super) struct Workspace {
    pub(super) store: Store,
    keys: Keys,
}

impl Workspace {
    /// Opens the database, which must exist.
    pub(super) async fn open(args: &StoreArgs) -> Result<Self, Failure> {
        let settings = args.settings()?;
        existing(&settings)?;
        Self::open_prepared(settings).await
    }

    /// Opens the database, and makes it and its folder if they are absent.
    pub(super) async fn open_or_create(args: &StoreArgs) -> Result<Self, Failure> {
        Self::open_prepared(args.settings()?).await
    }

    async fn open_prepared(settings: Settings) -> Result<Self, Failure> {
        super::logging::start(&settings, "warn")?;
        let location = prepare(&settings)?;
        let keys = Keys::derive(&*master_secret(&settings)?);
        let store = Store::open(OpenOptions {
            location,
            entropy: Box::new(OsEntropy),
            sealer: Arc::new(JweSealer),
            chain: keys.audit_chain(),
            // A running server sees what other processes commit when it next reads.
            notify: Arc::new(|_| {}),
            observer: Arc::new(Unobserved),
        })
        .await?;
        // Before anything is written: what another master secret links would break the audit trail.
        store.bind_master_secret(keys.check_value(), SystemClock.now()).await?;
        Ok(Self { store, keys })
    }

    /// What links the audit trail.
    pub(super) fn chain(&self) -> Chain {
        self.keys.audit_chain()
    }

    pub(super) fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    /// Creates an organization.
    pub(super) async fn create_organization(
        &self,
        name: String,
        policy: Policy,
    ) -> Result<Organization, Failure> {
        create_organization(&self.store, name, policy, self.now()).await
    }

    /// Creates an API key of an organization that exists.
    pub(super) async fn create_api_key(
        &self,
        organization: OrganizationId,
        name: String,
        scopes: Vec<Scope>,
    ) -> Result<(ApiKey, Secret), Failure> {
        create_api_key(&self.store, &self.keys, organization, name, scopes, self.now()).await
    }

    pub(super) async fn close(self) -> Result<(), Failure> {
        Ok(self.store.close().await?)
    }
}

/// Creates an organization in an open store.
pub(super) async fn create_organization(
    store: &Store,
    name: String,
    policy: Policy,
    now: Timestamp,
) -> Result<Organization, Failure> {
    let organization =
        Organization { id: OrganizationId::random(&mut OsEntropy), name, policy, created_at: now };
    store.create_organization(organization.clone()).await?;
    Ok(organization)
}

/// Creates an API key in an open store.
pub(super) async fn create_api_key(
    store: &Store,
    keys: &Keys,
    organization: OrganizationId,
    name: String,
    scopes: Vec<Scope>,
    now: Timestamp,
) -> Result<(ApiKey, Secret), Failure> {
    let random = random_text(API_KEY_CHARACTERS, &mut OsEntropy);
    let secret = Secret::new(format!("{API_KEY_PREFIX}{random}"));
    let key = ApiKey {
        id: ApiKeyId::random(&mut OsEntropy),
        organization,
        name,
        hash: keys.api_key_hash(secret.reveal()),
        scopes,
        created_at: now,
        revoked_at: None,
    };
    store.create_api_key(key.clone()).await?;
    Ok((key, secret))
}

/// The database's place; its folder is made if it is absent.
pub(super) fn prepare(settings: &Settings) -> Result<Location, Failure> {
    make_folder(&settings.data)?;
    location(settings)
}

/// What links the audit trail, without a database. Under a master secret that was made for it every
/// trail would be altered, so it must exist.
pub(super) fn chain(settings: &Settings) -> Result<Chain, Failure> {
    let file = settings.master_key_file.as_deref();
    Ok(Keys::derive(&*master_secret::load_existing(file, &settings.data)?).audit_chain())
}

/// The master secret; made if it is absent, no file is named, and there is no database that was made
/// under one.
pub(super) fn master_secret(settings: &Settings) -> Result<MasterSecret, Failure> {
    let file = settings.master_key_file.as_deref();
    let is_made = |path: &Path| std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
    if matches!(location(settings)?, Location::Sqlite(path) if is_made(&path)) {
        return Ok(master_secret::load_existing(file, &settings.data)?);
    }
    Ok(master_secret::load(file, &settings.data, &mut OsEntropy)?)
}

/// The database's place; a file must exist.
pub(super) fn existing(settings: &Settings) -> Result<Location, Failure> {
    match location(settings)? {
        Location::Sqlite(path) if !path.exists() => Err(Failure::new(
            Code::NoData,
            format!("{}: no such database", path.display()),
            "`kayle serve` or `kayle org create` make it; --data or --database name another",
        )),
        found => Ok(found),
    }
}

/// The database's place.
pub(super) fn location(settings: &Settings) -> Result<Location, Failure> {
    let Some(database) = &settings.database else {
        return Ok(Location::Sqlite(settings.data.join(DATABASE_FILE)));
    };
    Location::parse(database).map_err(|error| {
        Failure::new(
            Code::Setting,
            format!("database: {error}"),
            "without this setting the database is kayle.db in the data folder",
        )
    })
}

/// Makes a folder that only its owner may enter.
pub(super) fn make_folder(path: &Path) -> Result<(), Failure> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Failure::file(path, &error))
}
