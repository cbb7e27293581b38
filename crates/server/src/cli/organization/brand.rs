//! `kayle org brand` and `kayle org verify-domain`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use domain::branding::{
    Branding, Colour, DarkAccent, DomainName, Edit, FrameAncestor, FrameAncestors, LightAccent,
    Logo, MAX_LOGO_BYTES, VerifiedDomain, WebUrl,
};
use domain::id::OrganizationId;
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::not_found;
use crate::cli::StoreArgs;
use crate::cli::failure::{Code, Failure};
use crate::cli::outcome::Outcome;
use crate::cli::workspace::Workspace;
use crate::iso::iso;
use crate::target::{GuardedResolver, TargetRules};

/// Where a domain says to which organization it belongs.
const FILE: &str = "kayle-verification.txt";

/// The longest such file, in bytes.
const MAX_FILE_BYTES: usize = 4096;

/// What pages of an organization look like, beside its name.
#[derive(Debug, Args)]
pub(in crate::cli) struct BrandArgs {
    /// The organization.
    #[arg(value_name = "ID")]
    id: OrganizationId,
    /// Colour of buttons and links on light pages.
    #[arg(long, value_name = "#RRGGBB")]
    accent: Option<String>,
    /// The same on dark pages [default: the light one, as light as it needs to be].
    #[arg(long, value_name = "#RRGGBB")]
    accent_dark: Option<String>,
    /// Logo: PNG, WebP or an SVG that only draws, up to 8192 bytes.
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
    /// The organization's terms.
    #[arg(long, value_name = "URL")]
    terms: Option<String>,
    /// Its privacy notice.
    #[arg(long, value_name = "URL")]
    privacy: Option<String>,
    /// Origins whose pages may show ours in a frame; they replace those of before.
    #[arg(long, value_name = "ORIGIN")]
    frame_ancestor: Vec<String>,
    /// What to forget.
    #[arg(long, value_name = "NAME")]
    clear: Vec<Member>,
    #[command(flatten)]
    store: StoreArgs,
}

/// Finds out whether a domain belongs to an organization.
#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyDomainArgs {
    /// The organization.
    #[arg(value_name = "ID")]
    id: OrganizationId,
    /// The domain, as example.com.
    #[arg(value_name = "DOMAIN")]
    domain: String,
    /// How long to wait for it, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Member {
    Accent,
    AccentDark,
    Logo,
    Terms,
    Privacy,
    FrameAncestors,
    Domain,
}

impl Member {
    fn cleared(self) -> Edit {
        match self {
            Self::Accent => Edit::Accent(None),
            Self::AccentDark => Edit::AccentDark(None),
            Self::Logo => Edit::Logo(None),
            Self::Terms => Edit::Terms(None),
            Self::Privacy => Edit::Privacy(None),
            Self::FrameAncestors => Edit::FrameAncestors(FrameAncestors::default()),
            Self::Domain => Edit::VerifiedDomain(None),
        }
    }
}

pub(super) async fn brand(args: &BrandArgs) -> Result<Outcome, Failure> {
    let edits = edits(args)?;
    if edits.is_empty() {
        return Err(refused("nothing is to be changed", "see `kayle org brand --help`"));
    }
    let workspace = Workspace::open(&args.store).await?;
    let organization =
        workspace.store.read_organization(&args.id).await?.ok_or_else(|| not_found(&args.id))?;
    let branding = workspace.store.edit_branding(&args.id, edits, workspace.now()).await?;
    workspace.close().await?;
    let mut json = to_json(&branding);
    json["id"] = args.id.as_str().into();
    Ok(Outcome::done(format!("{}: {}", organization.name, in_words(&branding)), json))
}

pub(super) async fn verify_domain(args: &VerifyDomainArgs) -> Result<Outcome, Failure> {
    let name: DomainName = parsed("the domain", &args.domain)?;
    let workspace = Workspace::open(&args.store).await?;
    let organization =
        workspace.store.read_organization(&args.id).await?.ok_or_else(|| not_found(&args.id))?;
    let url = name.well_known(FILE);
    let line = format!("kayle-organization={}", args.id);
    let text = read(&url, Duration::from_secs(args.timeout)).await;
    let text = text.map_err(|what| unproven(&url, &what, &line))?;
    if !text.lines().any(|found| found.trim() == line) {
        return Err(unproven(&url, "it names other organizations or none", &line));
    }
    let at = workspace.now();
    let domain = VerifiedDomain { name: name.clone(), at };
    let edit = Edit::VerifiedDomain(Some(domain.clone()));
    workspace.store.edit_branding(&args.id, vec![edit], at).await?;
    workspace.close().await?;
    Ok(Outcome::done(
        format!(
            "{name} belongs to {} ({}); shown until {}",
            organization.name,
            args.id,
            iso(domain.shown_until()),
        ),
        json!({
            "id": args.id.as_str(),
            "domain": name.as_str(),
            "verified_at": iso(at),
            "shown_until": iso(domain.shown_until()),
        }),
    ))
}

/// For lists.
pub(super) fn in_words(branding: &Branding) -> String {
    let values = [
        ("accent", branding.accent.map(|accent| accent.colour().to_string())),
        ("accent_dark", branding.accent_dark.map(|accent| accent.colour().to_string())),
        ("logo", branding.logo.map(|logo| logo.media_type.as_str().to_owned())),
        ("terms", branding.terms_url.as_ref().map(|url| url.as_str().to_owned())),
        ("privacy", branding.privacy_url.as_ref().map(|url| url.as_str().to_owned())),
        ("frame_ancestors", frame_ancestors(branding)),
        ("domain", branding.verified_domain.as_ref().map(domain_in_words)),
    ];
    let set = |(name, value): (&str, Option<String>)| value.map(|value| format!("{name}={value}"));
    let set: Vec<String> = values.into_iter().filter_map(set).collect();
    if set.is_empty() { "-".to_owned() } else { set.join(" ") }
}

pub(super) fn to_json(branding: &Branding) -> Value {
    json!({
        "accent": branding.accent.map(|accent| accent.colour().to_string()),
        "accent_dark": branding.accent_dark.map(|accent| accent.colour().to_string()),
        "logo": branding.logo.map(|logo| json!({
            "media_type": logo.media_type.as_str(),
            "sha256": domain::key::hex(&logo.digest),
        })),
        "terms_url": branding.terms_url.as_ref().map(WebUrl::as_str),
        "privacy_url": branding.privacy_url.as_ref().map(WebUrl::as_str),
        "frame_ancestors": branding.frame_ancestors.iter().collect::<Vec<_>>(),
        "domain": branding.verified_domain.as_ref().map(|domain| json!({
            "name": domain.name.as_str(),
            "verified_at": iso(domain.at),
            "shown_until": iso(domain.shown_until()),
        })),
    })
}

fn domain_in_words(domain: &VerifiedDomain) -> String {
    format!("{} (shown until {})", domain.name, iso(domain.shown_until()))
}

fn frame_ancestors(branding: &Branding) -> Option<String> {
    let origins: Vec<&str> = branding.frame_ancestors.iter().collect();
    (!origins.is_empty()).then(|| origins.join(","))
}

/// Clears come first, so that what is cleared and given is there afterwards.
fn edits(args: &BrandArgs) -> Result<Vec<Edit>, Failure> {
    let mut edits: Vec<Edit> = args.clear.iter().map(|member| member.cleared()).collect();
    if let Some(text) = &args.accent {
        let colour: Colour = parsed("--accent", text)?;
        let accent = LightAccent::new(colour).map_err(|error| unreadable("--accent", &error))?;
        edits.push(Edit::Accent(Some(accent)));
    }
    if let Some(text) = &args.accent_dark {
        let colour: Colour = parsed("--accent-dark", text)?;
        let accent =
            DarkAccent::new(colour).map_err(|error| unreadable("--accent-dark", &error))?;
        edits.push(Edit::AccentDark(Some(accent)));
    }
    if let Some(path) = &args.logo {
        edits.push(Edit::Logo(Some(logo(path)?)));
    }
    if let Some(text) = &args.terms {
        edits.push(Edit::Terms(Some(parsed("--terms", text)?)));
    }
    if let Some(text) = &args.privacy {
        edits.push(Edit::Privacy(Some(parsed("--privacy", text)?)));
    }
    if !args.frame_ancestor.is_empty() {
        let origin = |text: &String| parsed::<FrameAncestor>("--frame-ancestor", text);
        let origins = args.frame_ancestor.iter().map(origin).collect::<Result<_, _>>()?;
        let origins = FrameAncestors::new(origins)
            .map_err(|error| refused(error, "name only sites that need it"))?;
        edits.push(Edit::FrameAncestors(origins));
    }
    Ok(edits)
}

fn logo(path: &Path) -> Result<Logo, Failure> {
    let file = std::fs::File::open(path).map_err(|error| Failure::file(path, &error))?;
    let mut bytes = Vec::new();
    // One byte more than is taken tells a file that is too large.
    let limit = u64::try_from(MAX_LOGO_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(|error| Failure::file(path, &error))?;
    Logo::new(bytes).map_err(|error| {
        refused(
            format!("{} {error}", path.display()),
            "take a still PNG or WebP, or a plain SVG, of up to 8192 bytes",
        )
    })
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    what: &str,
    text: &str,
) -> Result<T, Failure> {
    text.parse().map_err(|error| refused(format!("{what} {error}"), "see `kayle org --help`"))
}

fn unreadable(what: &str, error: &domain::branding::ContrastError) -> Failure {
    refused(format!("{what}: {error}"), format!("take {}", error.nearest))
}

fn refused(message: impl std::fmt::Display, hint: impl Into<String>) -> Failure {
    Failure::new(Code::Branding, message.to_string(), hint)
}

fn unproven(url: &str, what: &str, line: &str) -> Failure {
    Failure::new(
        Code::Domain,
        format!("{url}: {what}"),
        format!("let this address answer with a text that has the line {line}"),
    )
}

fn broken(error: &reqwest::Error) -> String {
    let what = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "no connection",
        _ => "the connection broke",
    };
    what.to_owned()
}

/// Reads a short text: no redirects, which would prove another domain; no proxy; for names on the
/// internet only addresses on the internet.
async fn read(url: &str, within: Duration) -> Result<String, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let rules = TargetRules::for_public_url(&url);
    let client = reqwest::Client::builder()
        .dns_resolver(GuardedResolver::new(rules))
        .redirect(Policy::none())
        .timeout(within)
        .no_proxy()
        .referer(false)
        .user_agent(concat!("kayle/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| error.to_string())?;
    let mut answer: Response = client.get(url).send().await.map_err(|error| broken(&error))?;
    if answer.status() != StatusCode::OK {
        return Err(format!("the answer is {}, and redirects are not followed", answer.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > MAX_FILE_BYTES {
            return Err(format!("it is longer than {MAX_FILE_BYTES} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}
