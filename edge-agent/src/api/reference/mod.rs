//! The reference of the APIs: `/openapi.json`, `/docs` and `/docs/errors/{code}`, made from the table of operations and the list of
//! error types when they are asked for. None of them is kept in memory.

mod error_page;
mod openapi;
mod page;
mod responses;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::described::schema::Schemas;
use super::described::{DescribedOperation, OperationTable};
use super::dialect::Dialect;
use super::html::page_response;
use super::lanes::Lane;
use super::problem::Problem;
use super::service::Service;
use super::{error_types, own, sim};

/// What a till serves: compatible APIs, our own routes, and in the demo the simulator's switches.
#[derive(Clone, Debug)]
pub struct ApiReference {
    apis: Vec<&'static Dialect>,
    has_simulator: bool,
}

impl ApiReference {
    /// The reference of a till that serves these APIs.
    #[must_use]
    pub fn new(apis: &[&'static Dialect], has_simulator: bool) -> Self {
        Self {
            apis: apis.to_vec(),
            has_simulator,
        }
    }

    /// The operations that are served, in the order of the reference.
    #[must_use]
    pub fn operations(&self) -> Vec<&'static DescribedOperation> {
        let apis = self.apis.iter().flat_map(|api| {
            let operations = api.table.operations.iter();
            operations.filter(|operation| (api.is_served)(operation))
        });
        let own = self.own_tables().into_iter();
        apis.chain(own.flat_map(|table| table.operations)).collect()
    }

    fn own_tables(&self) -> Vec<OperationTable> {
        let simulator = self.has_simulator.then_some(sim::described::TABLE);
        [own::described::TABLE]
            .into_iter()
            .chain(simulator)
            .collect()
    }

    fn schemas(&self) -> Schemas {
        let apis = self.apis.iter().map(|api| api.table.schemas);
        let own = self.own_tables().into_iter().map(|table| table.schemas);
        Schemas::new(apis.chain(own))
    }

    /// The text of the OpenAPI 3.1 document.
    #[must_use]
    pub fn openapi(&self) -> String {
        openapi::document(&self.operations(), &self.schemas())
    }

    /// The page for people.
    #[must_use]
    pub fn page(&self) -> String {
        page::page(&self.operations(), &self.schemas())
    }
}

/// The routes of the reference.
pub fn router(service: Arc<Service>, reference: ApiReference) -> Router {
    Router::new()
        .route("/openapi.json", get(openapi))
        .route("/docs", get(docs))
        .route("/docs/errors", get(error_list))
        .route("/docs/errors/{code}", get(error))
        .with_state((service, Arc::new(reference)))
}

type Shared = (Arc<Service>, Arc<ApiReference>);

async fn openapi(State((service, reference)): State<Shared>) -> Response {
    let text = service.work(Lane::Unsigned, move |_, _| reference.openapi());
    ([(header::CONTENT_TYPE, "application/json")], text.await).into_response()
}

async fn docs(State((service, reference)): State<Shared>) -> Response {
    let page = service.work(Lane::Unsigned, move |_, _| reference.page());
    page_response(StatusCode::OK, page.await)
}

async fn error_list(State((service, _)): State<Shared>) -> Response {
    let page = service.work(Lane::Unsigned, |_, _| error_page::list());
    page_response(StatusCode::OK, page.await)
}

async fn error(State((service, _)): State<Shared>, Path(code): Path<String>) -> Response {
    let known = service.work(Lane::Unsigned, move |_, _| {
        let known = error_types::find(&code);
        (!known.is_empty()).then(|| error_page::page(&known))
    });
    match known.await {
        Some(page) => page_response(StatusCode::OK, page),
        None => Problem::new(
            "NotFound",
            "code: is no error type of this till; /docs/errors lists all of them",
        )
        .response(StatusCode::NOT_FOUND),
    }
}
