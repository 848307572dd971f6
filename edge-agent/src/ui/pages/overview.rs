//! `/` and `/kiosk`: whether the till can sell.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::super::Dashboard;
use super::super::visitor::Visitor;
use super::frame::{Frame, live, notice};
use super::state;
use crate::api::lanes::Lane;
use crate::people::Right;

/// `/`: the overview for a person who has signed in, otherwise the kiosk view with the form for signing in.
pub async fn start(State(dashboard): State<Arc<Dashboard>>, visitor: Visitor) -> Response {
    if visitor.session.is_none() {
        return super::sign_in::kiosk_page(&dashboard, &visitor, StatusCode::OK, None).await;
    }
    if let Err(response) = visitor.needs(&dashboard, Right::Look) {
        return *response;
    }
    let words = visitor.words;
    let made = dashboard.service.work(Lane::Lists, move |service, _| {
        state::overview(service, words)
    });
    let body = match made.await {
        Ok(made) => made,
        Err(error) => notice("bad", &error.to_string()),
    };
    let recent = super::receipts::recent(&dashboard, &visitor).await;
    let body = format!("{}{recent}", live("/ui/events?view=overview", &body));
    Frame::new(&visitor, &dashboard, visitor.words.page_overview).page(StatusCode::OK, &body)
}

/// `/kiosk`: for a screen that everybody sees.
pub async fn kiosk(State(dashboard): State<Arc<Dashboard>>, mut visitor: Visitor) -> Response {
    // Nothing of a session may be seen on this screen.
    visitor.session = None;
    let words = visitor.words;
    let made = dashboard.service.work(Lane::Unsigned, move |service, _| {
        state::kiosk(service, words)
    });
    let body = live("/ui/events?view=kiosk", &made.await);
    Frame::new(&visitor, &dashboard, visitor.words.page_kiosk).page(StatusCode::OK, &body)
}
