//! The HTTP APIs: the compatible APIs and our own routes. All of them translate requests into the same orders, and documents of
//! the same journal into answers.

pub mod admission;
pub mod auth;
pub mod cashier;
pub mod clients;
mod deliveries;
pub mod described;
pub mod dialect;
pub mod ereceipt;
pub mod error_types;
pub mod fiscalbox;
pub mod fiscalcloud;
pub mod html;
pub mod json;
pub mod lanes;
mod late_router;
pub mod link_misses;
mod long_answer;
pub(crate) mod nearest;
pub mod origin;
pub mod outcome;
pub mod own;
pub mod problem;
mod provider_payment;
pub mod readiness;
pub mod reference;
pub mod replay;
pub mod response;
pub mod service;
pub mod settings;
pub mod sign_at;
pub mod sim;
mod tax_office;
pub mod token;
mod token_login;
pub(crate) mod words;
pub mod wrong_signatures;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::response::Response;
use tower::Service as _;

use crate::config::Mode;
use crate::listener::UnreadRequest;
use crate::status::NUMBERS_SOON;
use crate::time::clock::iso_utc;
use dialect::{Dialect, Rejection};
use ereceipt::ERECEIPT;
use fiscalbox::FISCALBOX;
use fiscalcloud::FISCALCLOUD;
use late_router::LateRouter;
use origin::OriginPolicy;
use problem::Problem;
use reference::ApiReference;
use service::Service;
use sign_at::SIGN_AT;

/// The compatible APIs of this build.
pub static DIALECTS: &[Dialect] = &[FISCALCLOUD, SIGN_AT, FISCALBOX, ERECEIPT];

/// All routes of the agent with these APIs; `more` contains the routes of a simulator, and `pages` those of the pages for people.
pub fn router(
    service: &Arc<Service>,
    served: &[&'static Dialect],
    more: Router,
    pages: impl FnOnce() -> Router + Send + 'static,
) -> Router {
    let policy = OriginPolicy::new(
        &service.settings.allowed_origins,
        &service.settings.host_names,
        served,
    );
    let late = Arc::new(LateRoutes::new(service, served, more, pages));
    let router = own::router(Arc::clone(service))
        .method_not_allowed_fallback(wrong_method)
        .fallback(move |request: Request| {
            let mut routes = late.of(request.uri().path());
            async move { routes.call(request).await }
        });
    // A layer of a router is put around each of its routes; around the whole it is one.
    Router::new()
        .fallback_service(router)
        .layer(map_response_with_state(
            Arc::clone(service),
            with_what_is_left,
        ))
        .layer(from_fn_with_state(Arc::new(policy), origin::check))
}

/// The routes that no start waits for: those of each API, and all others.
struct LateRoutes {
    apis: Vec<(&'static Dialect, LateRouter)>,
    others: LateRouter,
}

impl LateRoutes {
    fn new(
        service: &Arc<Service>,
        served: &[&'static Dialect],
        more: Router,
        pages: impl FnOnce() -> Router + Send + 'static,
    ) -> Self {
        let all: Arc<[&'static Dialect]> = served.into();
        let api = |dialect: &'static Dialect| {
            let (service, all) = (Arc::clone(service), Arc::clone(&all));
            let make = move || with_refusals((dialect.router)(service), all);
            (dialect, LateRouter::new(make))
        };
        let apis = served.iter().map(|dialect| api(dialect)).collect();
        let service = Arc::clone(service);
        let others = LateRouter::new(move || {
            let routes = other_routes(&service, &all, more).merge(pages());
            with_refusals(routes, all)
        });
        Self { apis, others }
    }

    /// The routes among which that of a path is.
    fn of(&self, path: &str) -> Router {
        let mut apis = self.apis.iter();
        let api = apis.find(|(dialect, _)| dialect.has(path));
        api.map_or(&self.others, |(_, routes)| routes).routes()
    }
}

/// Routes that answer in the form of the right API to what is no route.
fn with_refusals(routes: Router, apis: Arc<[&'static Dialect]>) -> Router {
    routes
        .method_not_allowed_fallback(wrong_method)
        .fallback(move |method: Method, uri: Uri| nothing_here(method, uri, apis))
}

/// The routes below the prefix of no API, without our own and without the pages for people.
fn other_routes(service: &Arc<Service>, served: &[&'static Dialect], more: Router) -> Router {
    let reference = ApiReference::new(served, more.has_routes());
    let simulated = service.modules.simulated().cloned();
    let switches = if more.has_routes() || simulated.is_some() {
        sim::module::router(simulated.clone()).merge(sim::providers::router(simulated))
    } else {
        Router::new()
    };
    let mut router = Router::new()
        .merge(switches)
        .merge(more)
        .merge(reference::router(Arc::clone(service), reference));
    if service.settings.mode == Mode::Test {
        router = router.merge(sim::deliveries::router(Arc::clone(service)));
    }
    if let Some(bank) = &service.bank {
        let currency = service.profile.facts().currency;
        router = router.merge(sim::bank_terminal::router(Arc::clone(bank), currency));
    }
    if served.iter().any(|dialect| dialect.name == ERECEIPT.name) {
        router = router.merge(ereceipt::local_router(Arc::clone(service)));
    }
    router
}

/// Adds headers with the remaining time of selling without the authority, if it is limited, with the remaining numbers for
/// alternative receipts, if few are left, and with the time at which the law ends an open shift, from two hours before.
async fn with_what_is_left(
    State(service): State<Arc<Service>>,
    mut response: Response,
) -> Response {
    if let Some(seconds) = service.offline_remaining_s() {
        response
            .headers_mut()
            .insert("X-Offline-Remaining-Seconds", HeaderValue::from(seconds));
    }
    if let Some(left) = service
        .live_status
        .fewest_numbers_left()
        .filter(|left| *left <= NUMBERS_SOON)
    {
        response
            .headers_mut()
            .insert("X-Alternative-Numbers-Left", HeaderValue::from(left));
    }
    let soon = service
        .live_status
        .next_shift_end(service.guard.now().utc_ms);
    if let Some(ends_ms) = soon
        && let Ok(ends) = HeaderValue::try_from(iso_utc(ends_ms))
    {
        response.headers_mut().insert("X-Shift-Ends", ends);
    }
    response
}

/// The answer to a path that is no route, in the form of the API whose paths begin like it.
async fn nothing_here(method: Method, uri: Uri, apis: Arc<[&'static Dialect]>) -> Response {
    let path = uri.path();
    let prefixes: Vec<&str> = apis.iter().map(|dialect| dialect.prefix).collect();
    let prefixes = prefixes.join(", ");
    let tables = apis.iter().map(|dialect| dialect.table);
    let operations = tables
        .chain([own::described::TABLE])
        .flat_map(|table| table.operations);
    let similar = nearest::nearest(path, operations.map(|operation| operation.path));
    let similar = similar.map_or_else(String::new, |similar| format!(" ({similar} is similar)"));
    let message =
        format!("{path}: is not a path of this agent; its APIs are under {prefixes}{similar}");
    let rejection = Rejection {
        path: path.to_owned(),
        status: StatusCode::NOT_FOUND,
        problem: Problem::new("NotFound", message),
        may_create: matches!(method, Method::POST | Method::PUT),
    };
    match apis.iter().find(|dialect| dialect.has(path)) {
        Some(dialect) => (dialect.reject)(&rejection),
        None => rejection.problem.response(rejection.status),
    }
}

/// The answer to a request that the listener has not read, in the form of its API; `None` if its path is below no prefix.
#[must_use]
pub fn refuse_unread(unread: &UnreadRequest<'_>) -> Option<Response> {
    let rejection = Rejection {
        path: unread.path.to_owned(),
        status: unread.status,
        problem: Problem::new(unread.error_type, unread.message),
        may_create: true,
    };
    dialect_of(unread.path).map(|dialect| (dialect.reject)(&rejection))
}

/// The other header in which the answers of a path have the id of their request.
#[must_use]
pub fn other_id_header(path: &str) -> Option<&'static str> {
    dialect_of(path).and_then(|dialect| dialect.other_id_header)
}

fn dialect_of(path: &str) -> Option<&'static Dialect> {
    DIALECTS.iter().find(|dialect| dialect.has(path))
}

/// The answer to a method that a route of our own does not have. The router adds the header `Allow`.
async fn wrong_method(method: Method, uri: Uri) -> Response {
    let message = format!(
        "{method} {}: has the wrong method; the header Allow names the right ones",
        uri.path()
    );
    Problem::new("MethodNotAllowed", message).response(StatusCode::METHOD_NOT_ALLOWED)
}
