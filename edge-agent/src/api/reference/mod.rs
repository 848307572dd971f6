//! The reference of the APIs: `/openapi.json`, `/docs` with a page for each API, and `/docs/errors/{code}`, made from the table of operations and the list of
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
        let parts = self.parts().into_iter();
        parts.flat_map(|part| part.operations).collect()
    }

    /// The tables with the operations that are served, one for each page.
    fn parts(&self) -> Vec<Part> {
        let apis = self.apis.iter().map(|api| {
            let operations = api.table.operations.iter();
            Part {
                table: api.table,
                operations: operations
                    .filter(|operation| (api.is_served)(operation))
                    .collect(),
            }
        });
        let simulator = self.has_simulator.then_some(sim::described::TABLE);
        let own = [own::described::TABLE].into_iter().chain(simulator);
        let own = own.map(|table| Part {
            table,
            operations: table.operations.iter().collect(),
        });
        apis.chain(own).collect()
    }

    fn schemas(&self) -> Schemas {
        Schemas::new(self.parts().iter().map(|part| part.table.schemas))
    }

    /// The text of the OpenAPI 3.1 document.
    #[must_use]
    pub fn openapi(&self) -> String {
        openapi::document(&self.operations(), &self.schemas())
    }

    /// The page `/docs` with a line for each operation.
    #[must_use]
    pub fn index(&self) -> String {
        page::index(&self.parts())
    }

    /// The names of the pages below `/docs`, one for each table.
    #[must_use]
    pub fn pages(&self) -> Vec<&'static str> {
        let parts = self.parts().into_iter();
        parts.map(|part| part.table.page).collect()
    }

    /// The page with the operations of one table; `None` if the till serves no table with this name.
    #[must_use]
    pub fn page(&self, name: &str) -> Option<String> {
        let parts = self.parts();
        let part = parts.iter().find(|part| part.table.page == name)?;
        Some(page::page(part, &self.schemas()))
    }
}

/// The operations of a table that are served.
struct Part {
    table: OperationTable,
    operations: Vec<&'static DescribedOperation>,
}

/// The routes of the reference.
pub fn router(service: Arc<Service>, reference: ApiReference) -> Router {
    Router::new()
        .route("/openapi.json", get(openapi))
        .route("/docs", get(docs))
        .route("/docs/{page}", get(api_page))
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
    let page = service.work(Lane::Unsigned, move |_, _| reference.index());
    page_response(StatusCode::OK, page.await)
}

async fn api_page(
    State((service, reference)): State<Shared>,
    Path(name): Path<String>,
) -> Response {
    let page = service.work(Lane::Unsigned, move |_, _| reference.page(&name));
    match page.await {
        Some(page) => page_response(StatusCode::OK, page),
        None => Problem::new(
            "NotFound",
            "page: is no API that this till serves; /docs lists all of them",
        )
        .response(StatusCode::NOT_FOUND),
    }
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
