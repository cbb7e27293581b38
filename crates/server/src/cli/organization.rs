//! `kayle org`.

mod brand;

use clap::Subcommand;
use domain::branding::Branding;
use domain::id::OrganizationId;
use domain::organization::Organization;
use domain::policy::Policy;
use domain::share::alters_others;
use serde_json::{Value, json};

use super::failure::{Code, Failure};
use super::outcome::Outcome;
use super::workspace::{self, Workspace};
use super::{StoreArgs, table};
use crate::iso::iso;

const MAX_NAME_CHARACTERS: usize = 120;

#[derive(Debug, Subcommand)]
pub(super) enum OrgCommand {
    /// Create an organization.
    Create {
        /// The name that people are shown when it asks for their data.
        name: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List all organizations with their policies and what they look like.
    List {
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Set policies of an organization; sessions that exist keep those they were created under.
    ///
    /// face_match=required (the default: the chip's portrait must be matched with a selfie) or off
    /// (no match is made, and the assurance of every verdict says so).
    ///
    /// chip_proof=when_available (the default: a proof that the chip is no copy is asked for where
    /// document and phone can give one) or required (a document without one is refused).
    ///
    /// revocation=report (the default) or strict (a document whose signer is not found in a current
    /// revocation list is refused).
    ///
    /// expired_documents=refuse (the default) or report (they are accepted, and the assurance says
    /// so).
    ///
    /// browser_binding=when_opened (the default: once the page was opened in a browser, only that
    /// browser may ask for links until a phone has come), required (before that, nobody may but the
    /// page) or off (whoever knows the session's id may).
    ///
    /// match_code=when_supported (the default: a phone that can, asks which code the page shows),
    /// required (a phone that cannot is refused) or off.
    ///
    /// device_proof=when_available (the default) or required (a phone that does not prove its key
    /// is refused).
    ///
    /// same_network=report (the default) or required (a phone that is not seen in the network of
    /// the page is refused).
    ///
    /// user_code=offered (the default: who cannot scan may ask the page for a code to type) or off.
    Set {
        /// The organization.
        #[arg(value_name = "ID")]
        id: OrganizationId,
        /// Policies to set.
        #[arg(value_name = "KEY=VALUE", required = true)]
        assignments: Vec<String>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Set what the pages of an organization look like, beside its name.
    ///
    /// Colours need a contrast of 4.5:1 to the page; where one has not, the nearest shade that has it
    /// is named. A logo may be PNG, WebP or SVG, the latter without scripts and references. With
    /// --frame-ancestor our pages may be shown in a frame on those sites, and nowhere else.
    Brand(Box<brand::BrandArgs>),
    /// Find out whether a domain belongs to an organization; people are shown it then.
    ///
    /// https://DOMAIN/.well-known/kayle-verification.txt must have the line
    /// kayle-organization=ID. It is read once, now.
    VerifyDomain(brand::VerifyDomainArgs),
}

pub(super) async fn run(command: OrgCommand) -> Result<Outcome, Failure> {
    match command {
        OrgCommand::Create { name, store } => create(&name, &store).await,
        OrgCommand::List { store } => list(&store).await,
        OrgCommand::Set { id, assignments, store } => set(&id, &assignments, &store).await,
        OrgCommand::Brand(args) => brand::brand(&args).await,
        OrgCommand::VerifyDomain(args) => brand::verify_domain(&args).await,
    }
}

async fn create(name: &str, store: &StoreArgs) -> Result<Outcome, Failure> {
    let name = name_of(name)?;
    let workspace = Workspace::open_or_create(store).await?;
    let organization = workspace.create_organization(name, Policy::default()).await?;
    workspace.close().await?;
    Ok(Outcome::done(
        format!("created organization {} ({})", organization.id, organization.name),
        to_json(&organization, &Branding::default()),
    ))
}

async fn list(store: &StoreArgs) -> Result<Outcome, Failure> {
    let workspace = Workspace::open(store).await?;
    let mut organizations = Vec::new();
    for organization in workspace.store.list_organizations().await? {
        let branding = workspace.store.read_branding(&organization.id).await?;
        organizations.push((organization, branding));
    }
    workspace.close().await?;
    let heading = ["ID", "CREATED", "POLICIES", "BRANDING", "NAME"].map(str::to_owned);
    let rows = organizations.iter().map(|(organization, branding)| {
        [
            organization.id.to_string(),
            iso(organization.created_at),
            policies(organization),
            brand::in_words(branding),
            organization.name.clone(),
        ]
    });
    let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
    let human = match organizations.is_empty() {
        true => "no organizations; create one with `kayle org create NAME`".to_owned(),
        false => table::columns(&rows),
    };
    let json: Vec<Value> = organizations
        .iter()
        .map(|(organization, branding)| to_json(organization, branding))
        .collect();
    Ok(Outcome::done(human, json!({ "organizations": json })))
}

async fn set(
    id: &OrganizationId,
    assignments: &[String],
    store: &StoreArgs,
) -> Result<Outcome, Failure> {
    let assign = |policy: Policy| {
        assignments.iter().try_fold(policy, |policy, assignment| policy.assign(assignment))
    };
    // Refuse what can never be set before anything is opened.
    assign(Policy::default()).map_err(|error| {
        Failure::new(Code::Policy, error.to_string(), "see `kayle org set --help`")
    })?;
    let workspace = Workspace::open(store).await?;
    let organization = workspace.store.read_organization(id).await?.ok_or_else(|| not_found(id))?;
    let policy = assign(organization.policy).unwrap_or(organization.policy);
    workspace.store.set_policy(id, policy, workspace.now()).await?;
    let branding = workspace.store.read_branding(id).await?;
    workspace.close().await?;
    let organization = Organization { policy, ..organization };
    Ok(Outcome::done(
        format!("{}: {}", organization.name, policies(&organization)),
        to_json(&organization, &branding),
    ))
}

pub(super) fn name_of(text: &str) -> Result<String, Failure> {
    let name = text.trim();
    if name.is_empty()
        || name.chars().count() > MAX_NAME_CHARACTERS
        || name.chars().any(alters_others)
        || !name.chars().any(char::is_alphanumeric)
    {
        return Err(Failure::usage(
            "the name must have 1 to 120 characters, a letter or digit among them, and no control \
             character, none without a width and none that sets the direction of text",
            "people see it when they are asked for their data",
        ));
    }
    Ok(name.to_owned())
}

fn policies(organization: &Organization) -> String {
    organization.policy.entries().map(|(key, value)| format!("{key}={value}")).join(" ")
}

fn to_json(organization: &Organization, branding: &Branding) -> Value {
    let policies: serde_json::Map<String, Value> = organization
        .policy
        .entries()
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect();
    json!({
        "id": organization.id.as_str(),
        "name": organization.name,
        "policies": policies,
        "branding": brand::to_json(branding),
        "created_at": iso(organization.created_at),
    })
}

pub(super) fn not_found(id: &OrganizationId) -> Failure {
    Failure::new(
        Code::NotFound,
        format!("there is no organization {id}"),
        format!("`kayle org list` shows them; {}", workspace::WHICH_DATA),
    )
}
