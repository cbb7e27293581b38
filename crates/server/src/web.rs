//! The page people land on. Plain: who asks, for what, the way to the phone, and what became of it.

mod assets;
mod page;
mod qr;

use axum::Router;

use crate::app::App;

/// The routes of the page and its files.
pub(crate) fn routes() -> Router<App> {
    page::routes().merge(assets::routes())
}
