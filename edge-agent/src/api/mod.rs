//! HTTP: the compatible APIs and our own routes, all translations into the same orders and out of the same journal.

pub mod auth;
pub mod fiscalcloud;
pub mod json;
pub mod operations;
pub mod origin;
pub mod own;
pub mod replay;
pub mod settlement;
pub mod sim;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::response::{IntoResponse, Response};
use ferrotill_core::budget::{Budget, Left};
use ferrotill_core::profile::Profile;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::board::{Board, NUMBERS_SOON};
use crate::clerk::{ClerkDoor, FiscalState, Message};
use crate::clock::Clock;
use crate::config::Config;
use crate::guard::GuardedClock;
use crate::store::{Reader, RequestState, StoreError};
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
    /// The guarded clock.
    pub guard: Arc<GuardedClock>,
    /// The owner's own budget of selling without the office.
    pub house: Budget,
    /// The board that everybody reads.
    pub board: Arc<Board>,
    /// The signed calls that ended without a document.
    pub replays: replay::Replays,
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

impl App {
    /// The law's budget and the owner's, with what is left of each.
    #[must_use]
    pub fn budgets(&self) -> [(&Budget, Left); 2] {
        let unsent = self.board.unsent();
        [&self.profile.facts().offline, &self.house]
            .map(|budget| (budget, self.guard.left(budget, unsent)))
    }

    /// Seconds that are left of the nearest limit in time.
    #[must_use]
    pub fn offline_remaining_s(&self) -> Option<i64> {
        self.budgets()
            .into_iter()
            .filter_map(|(_, left)| left.least_ms())
            .min()
            .map(|left_ms| left_ms / 1_000)
    }

    /// What is known of a request id: an order that still waits for its turn may yet be sold, whatever the books say.
    pub async fn state_of(self: &Arc<Self>, id: Uuid) -> FiscalState {
        if self.waits(id).await != Some(false) {
            return FiscalState::Unknown;
        }
        let found = self.read(move |reader| reader.find(None, id)).await;
        match found.map(|found| found.map(|stored| stored.row.state)) {
            Ok(Some(RequestState::Sealed)) => FiscalState::Registered,
            Ok(Some(RequestState::Reserved)) | Err(_) => FiscalState::Unknown,
            Ok(Some(RequestState::Voided) | None) => FiscalState::NotRegistered,
        }
    }

    /// Whether an order with this id waits for its turn or is being printed; `None` while the clerk stops.
    pub async fn waits(&self, id: Uuid) -> Option<bool> {
        let (reply, waiting) = oneshot::channel();
        self.door.tell(Message::Waiting { id, reply });
        waiting.await.ok()
    }
}

/// All routes of the agent, and those that a simulator has beside them.
pub fn router(app: &Arc<App>, more: Router) -> Router {
    Router::new()
        .merge(more)
        .merge(fiscalcloud::router(Arc::clone(app)))
        .merge(operations::router(Arc::clone(app)))
        .merge(settlement::router(Arc::clone(app)))
        .merge(own::router(Arc::clone(app)))
        .fallback(nothing_here)
        .layer(map_response_with_state(
            Arc::clone(app),
            with_offline_remaining,
        ))
        .layer(from_fn_with_state(
            Arc::new(origin::Visitors::new(&app.config.api, app.config.till.mode)),
            origin::check,
        ))
}

/// Every answer says how much longer the till may sell without the tax office, where anything limits it, and how many numbers for
/// alternative receipts are left, where they come to their end.
async fn with_offline_remaining(State(app): State<Arc<App>>, mut response: Response) -> Response {
    if let Some(seconds) = app.offline_remaining_s() {
        response
            .headers_mut()
            .insert("X-Offline-Remaining-Seconds", HeaderValue::from(seconds));
    }
    if let Some(left) = app
        .board
        .fewest_numbers_left()
        .filter(|left| *left <= NUMBERS_SOON)
    {
        response
            .headers_mut()
            .insert("X-Alternative-Numbers-Left", HeaderValue::from(left));
    }
    response
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
