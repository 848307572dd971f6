//! HTTP: the compatible APIs and our own routes, all translations into the same orders and out of the same journal.

pub mod auth;
pub mod fiscalcloud;
pub mod json;
pub mod operations;
pub mod own;
pub mod sim;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ferrotill_core::profile::Profile;

use crate::board::Board;
use crate::clerk::{ClerkDoor, FiscalState};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{Reader, StoreError};
use json::Out;

/// What every route works with.
#[derive(Debug)]
pub struct App {
    /// The configuration.
    pub config: Config,
    /// The country's law.
    pub profile: &'static dyn Profile,
    /// The way to the clerk.
    pub door: ClerkDoor,
    /// The books.
    pub reader: Reader,
    /// The clock.
    pub clock: Arc<Clock>,
    /// The board that everybody reads.
    pub board: Arc<Board>,
}

impl App {
    /// Reads the books without holding up other callers.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.reader.clone();
        match tokio::task::spawn_blocking(move || read(&reader)).await {
            Ok(outcome) => outcome,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// All routes of the agent.
pub fn router(app: &Arc<App>) -> Router {
    Router::new()
        .merge(fiscalcloud::router(Arc::clone(app)))
        .merge(operations::router(Arc::clone(app)))
        .merge(own::router(Arc::clone(app)))
        .fallback(nothing_here)
}

async fn nothing_here(uri: axum::http::Uri) -> Response {
    let message = format!(
        "{}: there is nothing here; the API is under /api/v1",
        uri.path()
    );
    answer(
        StatusCode::NOT_FOUND,
        &crate::object! { "error" => "NotFound", "message" => message },
    )
}

/// A JSON answer.
#[must_use]
pub fn answer(status: StatusCode, body: &Out) -> Response {
    let mut response = (status, body.to_string()).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// The header that says what is known of the request id.
pub(crate) fn with_state(mut response: Response, state: FiscalState) -> Response {
    response
        .headers_mut()
        .insert("X-Fiscal-State", HeaderValue::from_static(state.name()));
    response
}
