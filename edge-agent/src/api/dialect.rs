//! What every compatible API has in common: its name, the place of its routes, and its refusal before a route is known.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

use super::described::{DescribedOperation, OperationTable};
use super::problem::Problem;
use super::service::Service;

/// A compatible API: a translation of its JSON into orders, and of documents into its answers.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The name of the API, as `[api] serve` and the demo write it.
    pub name: &'static str,
    /// The path below which all routes of the API are.
    pub prefix: &'static str,
    /// Makes the routes of the API.
    pub router: fn(Arc<Service>) -> Router,
    /// The operations of the API.
    pub table: OperationTable,
    /// True if this build has a route for an operation of the table.
    pub is_served: fn(&DescribedOperation) -> bool,
    /// Whether callers are authenticated by signature or token. An API without it has operations with GET that change something.
    pub authenticates: bool,
    /// Whether callers create cash registers.
    pub creates_registers: bool,
    /// Another header in which answers have the id of their request, beside `X-Request-Id`.
    pub other_id_header: Option<&'static str>,
    /// Answers a request under [`Dialect::prefix`] that is refused before its route is known.
    pub reject: fn(&Rejection) -> Response,
}

impl Dialect {
    /// True if a path is below the prefix of the API.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        path.strip_prefix(self.prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The method that finds the operation of a request, where operations with GET change nothing: HEAD asks for the answer of GET, of which
/// the connection sends the head alone.
pub(super) fn operation_method(method: &Method) -> &str {
    match *method {
        Method::HEAD => "GET",
        _ => method.as_str(),
    }
}

/// The header by which a request came through a proxy.
pub(super) fn forwarding_header(headers: &HeaderMap) -> Option<&'static str> {
    let names = [
        ("x-forwarded-for", "X-Forwarded-For"),
        ("forwarded", "Forwarded"),
    ];
    let mut found = names.iter().filter(|(name, _)| headers.contains_key(*name));
    found.next().map(|(_, name)| *name)
}

/// A request that was refused before its route was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The path of the request.
    pub path: String,
    /// The status of the answer.
    pub status: StatusCode,
    /// Why the request was refused.
    pub problem: Problem,
    /// True if the request may be a creating operation. Its body was not read, so the state of its id is unknown.
    pub may_create: bool,
}
