//! `kayle key`.

use clap::Subcommand;
use domain::id::{ApiKeyId, OrganizationId};
use domain::organization::{ApiKey, Scope};
use serde_json::{Value, json};
use store::StoreError;

use super::failure::{Code, Failure};
use super::outcome::Outcome;
use super::workspace::{self, Workspace};
use super::{StoreArgs, organization, table};
use crate::iso::iso;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Create an API key. It is shown once: only its keyed hash is kept.
    Create {
        /// The organization it speaks for.
        #[arg(long, value_name = "ID")]
        org: OrganizationId,
        /// A name for people, such as the system that will use it.
        #[arg(long)]
        name: String,
        /// What it may do; writing implies reading in the same area. Scopes: sessions:read,
        /// sessions:write, webhooks:read, webhooks:write, analytics:read.
        #[arg(long, value_name = "SCOPE,…", value_delimiter = ',', required = true)]
        scope: Vec<String>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List API keys, revoked ones too. The keys themselves are not shown.
    List {
        /// Only the keys of this organization.
        #[arg(long, value_name = "ID")]
        org: Option<OrganizationId>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Revoke an API key, at once and for good.
    Revoke {
        /// The id of the key (not the key itself).
        id: ApiKeyId,
        #[command(flatten)]
        store: StoreArgs,
    },
}

pub(super) async fn run(command: KeyCommand) -> Result<Outcome, Failure> {
    match command {
        KeyCommand::Create { org, name, scope, store } => create(org, &name, &scope, &store).await,
        KeyCommand::List { org, store } => list(org.as_ref(), &store).await,
        KeyCommand::Revoke { id, store } => revoke(&id, &store).await,
    }
}

async fn create(
    organization: OrganizationId,
    name: &str,
    scopes: &[String],
    store: &StoreArgs,
) -> Result<Outcome, Failure> {
    let (name, scopes) = (organization::name_of(name)?, parse_scopes(scopes)?);
    let workspace = Workspace::open(store).await?;
    workspace
        .store
        .read_organization(&organization)
        .await?
        .ok_or_else(|| organization::not_found(&organization))?;
    let (key, secret) = workspace.create_api_key(organization, name, scopes).await?;
    workspace.close().await?;
    let mut json = to_json(&key);
    if let Value::Object(members) = &mut json {
        members.insert("key".into(), secret.reveal().into());
    }
    let human = format!(
        "{}\n\nThis is the key {} ({}). It is shown only now; keep it where secrets are kept.",
        secret.reveal(),
        key.name,
        key.id
    );
    Ok(Outcome::done(human, json))
}

async fn list(
    organization: Option<&OrganizationId>,
    store: &StoreArgs,
) -> Result<Outcome, Failure> {
    let workspace = Workspace::open(store).await?;
    let keys = workspace.store.list_api_keys(organization).await?;
    workspace.close().await?;
    let heading = ["ID", "ORGANIZATION", "CREATED", "STATE", "SCOPES", "NAME"].map(str::to_owned);
    let rows = keys.iter().map(|key| {
        [
            key.id.to_string(),
            key.organization.to_string(),
            iso(key.created_at),
            if key.revoked_at.is_some() { "revoked" } else { "active" }.to_owned(),
            scope_names(key).join(","),
            key.name.clone(),
        ]
    });
    let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
    let human = match keys.is_empty() {
        true => "no keys; create one with `kayle key create`".to_owned(),
        false => table::columns(&rows),
    };
    let json: Vec<Value> = keys.iter().map(to_json).collect();
    Ok(Outcome::done(human, json!({ "keys": json })))
}

async fn revoke(id: &ApiKeyId, store: &StoreArgs) -> Result<Outcome, Failure> {
    let workspace = Workspace::open(store).await?;
    match workspace.store.revoke_api_key(id, workspace.now()).await {
        Err(StoreError::NotFound(_)) => return Err(not_found(id)),
        other => other?,
    }
    let keys = workspace.store.list_api_keys(None).await?;
    workspace.close().await?;
    let key = keys.into_iter().find(|key| key.id == *id).ok_or_else(|| not_found(id))?;
    Ok(Outcome::done(format!("revoked key {} ({})", key.name, key.id), to_json(&key)))
}

fn parse_scopes(names: &[String]) -> Result<Vec<Scope>, Failure> {
    let mut scopes = Vec::new();
    for name in names {
        let scope = Scope::parse(name.trim()).map_err(|error| {
            Failure::new(Code::Scope, error.to_string(), "see `kayle key create --help`")
        })?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes.sort_unstable();
    Ok(scopes)
}

fn not_found(id: &ApiKeyId) -> Failure {
    Failure::new(
        Code::NotFound,
        format!("there is no key {id}"),
        format!("`kayle key list` shows them; {}", workspace::WHICH_DATA),
    )
}

fn scope_names(key: &ApiKey) -> Vec<&'static str> {
    key.scopes.iter().map(|scope| scope.as_str()).collect()
}

fn to_json(key: &ApiKey) -> Value {
    json!({
        "id": key.id.as_str(),
        "organization_id": key.organization.as_str(),
        "name": key.name,
        "scopes": scope_names(key),
        "created_at": iso(key.created_at),
        "revoked_at": key.revoked_at.map(iso),
    })
}
