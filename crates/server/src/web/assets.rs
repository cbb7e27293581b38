//! The page's own files, embedded in the binary.
//!
//! Each is served under a path that names the content of all of them, so that a browser keeps it and
//! asks for it once. The scripts import each other by relative paths and stay in the same version.
//! They are sent as they are in `assets/`, but for the lines that are comments or empty, and for what
//! lines begin with.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::key::hex;

use crate::app::App;
use crate::envelope::ApiError;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Kept for a year, and not asked for again when the page is loaded anew.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// Asked for each time: the name says nothing of the content.
const ASK_AGAIN: &str = "no-cache";

/// How much of the hash is in a path, in bytes.
const VERSION_BYTES: usize = 6;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: Bytes,
}

macro_rules! assets {
    ($($name:literal: $content_type:expr,)*) => {
        [$( Asset {
            name: $name,
            content_type: $content_type,
            body: sent(include_str!(concat!("../../assets/", $name))),
        }, )*]
    };
}

static ASSETS: LazyLock<[Asset; 6]> = LazyLock::new(|| {
    assets! {
        "page.css": STYLE,
        "page.js": SCRIPT,
        "live.js": SCRIPT,
        "pairing.js": SCRIPT,
        "ending.js": SCRIPT,
        "open.js": SCRIPT,
    }
});

/// What the page's script imports.
const MODULES: [&str; 3] = ["live.js", "pairing.js", "ending.js"];

/// Names the content of all files: 12 hex digits.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = openssl::sha::Sha256::new();
    for asset in &*ASSETS {
        for part in [asset.name.as_bytes(), &asset.body] {
            hash.update(&part.len().to_be_bytes());
            hash.update(part);
        }
    }
    hex(&hash.finish()[..VERSION_BYTES])
});

pub(super) fn routes() -> Router<App> {
    Router::new().route("/assets/{version}/{file}", get(file))
}

/// The path of a file: `/assets/<version>/<name>`.
pub(super) fn path(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// What the head of the page says of its scripts: the entry, and what it imports, so that all come
/// at once.
pub(super) fn page_scripts() -> String {
    let preloads: String = MODULES
        .iter()
        .map(|name| format!("<link rel=\"modulepreload\" href=\"{}\">", path(name)))
        .collect();
    format!("{preloads}<script type=\"module\" src=\"{}\"></script>", path("page.js"))
}

fn sent(source: &str) -> Bytes {
    let lines = source.split_inclusive('\n').map(str::trim_start);
    lines.filter(|line| !line.starts_with("//")).collect::<String>().into()
}

/// A page of another version of this server may still be open somewhere, or a newer one served by
/// another node: it gets the file that is here, and keeps it under no wrong name.
async fn file(Path((version, file)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == file) else {
        return ApiError::unknown_route().into_response();
    };
    let keep = if version == *VERSION { FOR_GOOD } else { ASK_AGAIN };
    let headers = [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, keep)];
    (headers, asset.body.clone()).into_response()
}
