//! The page people land on. Plain: who asks, for what, the way to the phone, and what became of it.

mod assets;
mod case;
mod consent;
mod document;
mod form;
mod handoff;
mod helper;
mod home;
mod live;
mod open;
mod page;
mod present;
mod qr;
mod reader;
mod refusal;
mod same_origin;
mod screen;
mod steps;
mod theme;
mod user_code;
mod well_known;

use axum::Router;

use crate::app::App;

pub(crate) use refusal::explain;

/// The routes of the page and its files.
pub(crate) fn routes() -> Router<App> {
    page::routes()
        .merge(steps::routes())
        .merge(home::routes())
        .merge(handoff::routes())
        .merge(live::routes())
        .merge(open::routes())
        .merge(user_code::routes())
        .merge(well_known::routes())
        .merge(assets::routes())
        .merge(helper::routes())
        .merge(theme::routes())
}
