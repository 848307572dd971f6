//! The dashboard: pages for people at `/`. Every page is made by the till, loads nothing from elsewhere, and works without a script; the
//! script only keeps the state of an open page up to date.
//!
//! "Can I sell" is shown to everybody. Everything else is for a person who has signed in with a PIN, and each change is a form with the
//! token of the person's session.

pub mod events;
pub mod form;
pub mod lockout;
pub mod pages;
pub mod session;
pub mod visitor;
pub mod words;

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use ferrotill_core::event::PersonAct;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use uuid::Uuid;

use crate::api::service::Service;
use crate::clerk::ResourceOutcome;
use crate::config::Mode;
use crate::order::PersonNote;
use lockout::Lockout;
use session::Sessions;

/// What all pages work with.
#[derive(Debug)]
pub struct Dashboard {
    service: Arc<Service>,
    sessions: Sessions,
    lockout: Lockout,
    /// The places for open streams of events.
    streams: Arc<Semaphore>,
    /// The places for people who are signing in: the work for one PIN needs some megabytes.
    signing_in: Arc<Semaphore>,
    /// The switches of the simulator, in TEST mode.
    simulator: Option<Router>,
    /// True when the agent stops: open streams end then.
    stopping: watch::Sender<bool>,
}

impl Dashboard {
    /// The dashboard of a till. `simulator` has the switches of a simulator, if there is one.
    #[must_use]
    pub fn new(service: Arc<Service>, simulator: Router) -> Self {
        let has_simulator = simulator.has_routes() && service.settings.mode == Mode::Test;
        Self {
            sessions: Sessions::new(&service.settings.data_dir),
            lockout: Lockout::default(),
            streams: Arc::new(Semaphore::new(events::STREAMS_MAX)),
            signing_in: Arc::new(Semaphore::new(SIGNING_IN_MAX)),
            simulator: has_simulator.then_some(simulator),
            stopping: watch::Sender::new(false),
            service,
        }
    }

    /// Ends all open streams.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// The till's time in seconds since the epoch.
    fn now_s(&self) -> i64 {
        self.service.guard.now().utc_ms.div_euclid(1_000)
    }

    fn is_live(&self) -> bool {
        self.service.settings.mode == Mode::Live
    }

    /// A place for the work on a PIN; `None` if too many wait for one.
    fn sign_in_turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.signing_in).try_acquire_owned().ok()
    }

    /// Writes to the journal who orders what, before it is carried out.
    ///
    /// # Errors
    ///
    /// Why it is not written, for the person; then nothing may be carried out.
    async fn note(
        &self,
        act: PersonAct,
        document: Option<Uuid>,
        (subject, by): (&str, &str),
    ) -> Result<(), String> {
        let note = PersonNote {
            act,
            document,
            subject: subject.to_owned(),
            by: by.to_owned(),
        };
        match self.service.note_person(note).await {
            ResourceOutcome::Done => Ok(()),
            ResourceOutcome::NotKnown(why) | ResourceOutcome::Failed(why) => Err(why),
            _ => Err("the order was not written to the journal".to_owned()),
        }
    }

    /// Looks whether the first PIN was changed.
    fn people_changed(&self) {
        self.service.look_for_first_pin();
    }
}

/// The routes of the dashboard.
pub fn router(dashboard: Arc<Dashboard>) -> Router {
    Router::new()
        .route("/", get(pages::overview::start))
        .route("/kiosk", get(pages::overview::kiosk))
        .route("/sign-in", get(to_start).post(pages::sign_in::sign_in))
        .route("/sign-out", get(to_start).post(pages::sign_in::sign_out))
        .route(
            "/pin",
            get(pages::sign_in::pin).post(pages::sign_in::change_pin),
        )
        .route(
            "/people",
            get(pages::people::show).post(pages::people::change),
        )
        .route("/receipts", get(pages::receipts::list))
        .route(
            "/reports",
            get(pages::reports::show).post(pages::reports::make),
        )
        .route("/documents/{id}", get(pages::document::show))
        .route("/documents/{id}/paper", get(pages::document::paper))
        .route("/documents/{id}/copy", post(pages::document::copy))
        .route("/documents/{id}/settlement", post(pages::document::settle))
        .route(
            "/printers/{id}/go-on",
            get(pages::others::show).post(pages::others::go_on),
        )
        .route(
            "/simulator",
            get(pages::simulator::show).post(pages::simulator::set),
        )
        .route("/ui/events", get(events::events))
        .route(
            "/ui/style.css",
            get(|| async { asset("text/css; charset=utf-8", STYLE) }),
        )
        .route(
            "/ui/live.js",
            get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .route(
            "/ui/icon.svg",
            get(|| async { asset("image/svg+xml", ICON) }),
        )
        .with_state(dashboard)
}

/// Whoever loads the address of a form again comes to the start.
async fn to_start() -> Response {
    pages::frame::redirect("/")
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "max-age=300"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/live.js");
const ICON: &str = include_str!("assets/icon.svg");
/// So many people may wait for the work on their PIN; it is done one after the other.
const SIGNING_IN_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use crate::api::own::described::TABLE;

    /// The routes of the till itself are found first, so that a page with the same path would never be shown.
    #[test]
    fn no_page_has_the_path_of_a_route_for_programs() {
        let source = include_str!("mod.rs");
        let routes = source.split(".route(").skip(1);
        let paths = routes.filter_map(|route| route.split('"').nth(1));
        let paths: Vec<&str> = paths.filter(|path| path.starts_with('/')).collect();
        assert!(paths.contains(&"/printers/{id}/go-on"), "{paths:?}");
        for path in paths {
            for operation in TABLE.operations {
                assert!(!operation.has_path(path), "{path} and {}", operation.path);
            }
        }
    }
}
