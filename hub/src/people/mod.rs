//! Pages and JSON for people.

mod api;
pub mod export;
mod html;
mod language;
mod pages;
pub mod password;
mod query;
mod sign_in;
mod visitor;
pub mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::store::Store;

/// What the routes work with.
#[derive(Debug)]
struct PeopleRoutes {
    store: Arc<Store>,
    has_tls: bool,
    /// Passwords that are compared at a time: each takes some megabytes.
    passwords: Semaphore,
    /// Exports that run at a time: each holds a connection to the database.
    exports: Arc<Semaphore>,
}

/// The routes for people.
pub fn router(store: Arc<Store>, has_tls: bool) -> Router {
    let shared = Arc::new(PeopleRoutes {
        store,
        has_tls,
        passwords: Semaphore::new(2),
        exports: Arc::new(Semaphore::new(2)),
    });
    Router::new()
        .route("/", get(pages::overview))
        .route("/tills", get(pages::tills))
        .route("/tills/{id}", get(pages::till))
        .route("/z", get(pages::z_reports))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .route("/healthz", get(api::health))
        .route("/openapi.json", get(api::document))
        .route("/api/v1/overview", get(api::overview))
        .route("/api/v1/tills", get(api::tills))
        .route("/api/v1/tills/{id}", get(api::till))
        .route("/api/v1/z", get(api::z_reports))
        .route("/api/v1/documents", get(api::documents))
        .fallback(api::not_found)
        .method_not_allowed_fallback(api::wrong_method)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(shared)
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("assets/style.css"))
}

async fn icon() -> Response {
    asset("image/svg+xml", include_str!("assets/icon.svg"))
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "max-age=3600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::OK, headers, text).into_response()
}

const FORM_BYTES_MAX: usize = 4 * 1024;
