//! The FiscalBox-compatible API under `/fiscalbox` (docs/api/fiscalbox.md).
//!
//! Every answer has the status 200 and the envelope `{data, error, is_success}`. The API has no authentication of its own, so it answers
//! callers on this machine, callers whose address the configuration names, and callers with a token.

mod asked;
mod billing;
mod compare;
mod described;
mod envelope;
mod faults;
mod guard;
mod marking;
mod orders;
mod outcome;
mod payments;
mod repeats;
mod request;
mod route;
mod shift;
mod units;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;

use tokio::sync::Semaphore;

use super::dialect::{Dialect, Rejection};
use super::response::with_operation;
use super::service::Service;
use crate::authority::billing::Billing;
use crate::clerk::FiscalState;
use crate::config::Device;
use envelope::{failure, failure_with};
use faults::ApiError;
use marking::ClassTable;
use repeats::Repeats;
use route::{NoRoute, Route, route};
use words::Language;

/// The FiscalBox API.
pub const FISCALBOX: Dialect = Dialect {
    name: NAME,
    prefix: PREFIX,
    router,
    table: described::TABLE,
    is_served: described::is_served,
    reject,
    authenticates: false,
    creates_registers: false,
    other_id_header: None,
};

const NAME: &str = "fiscalbox";
/// The path below which all operations are.
const PREFIX: &str = "/fiscalbox";
/// The largest body in bytes. The listener has a limit of its own; this limit applies in tests without a listener.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The code of a caller that may not call.
const NOT_ALLOWED: i64 = 444;
/// The name of [`NOT_ALLOWED`], with which its message begins.
const NOT_ALLOWED_NAME: &str = "INVALID_SUBSCRIPTION_MULTI__USER";
/// The code of a device that does not work.
const NOT_WORKING: i64 = 101;
/// The code of a wrong argument.
const INVALID_ARGUMENT: i64 = 104;
/// The most callers that ask the billing at a time.
const BILLING_CALLS_MAX: usize = 2;

/// What the operations work with.
#[derive(Debug)]
struct Shop {
    service: Arc<Service>,
    repeats: Arc<Repeats>,
    /// The goods codes that receipts may have; `None` if only their form is checked.
    classes: Option<ClassTable>,
    /// The billing; `None` if it is not configured.
    billing: Option<Arc<Billing>>,
    /// Limits how many callers ask the billing at a time.
    billing_calls: Arc<Semaphore>,
}

fn router(service: Arc<Service>) -> Router {
    let file = service.settings.fiscalbox.classes_file.clone();
    let classes = file.and_then(|file| match std::fs::read_to_string(&file) {
        Ok(text) => Some(ClassTable::parse(&text)),
        Err(error) => {
            tracing::error!(file = %file.display(), %error, "the table of goods codes cannot be read; codes are checked for their form alone");
            None
        }
    });
    let settings = &service.settings;
    let billing = settings.fiscalbox.billing.clone();
    let billing = billing.map(|config| Arc::new(Billing::new(config, &settings.data_dir)));
    let shop = Shop {
        billing,
        billing_calls: Arc::new(Semaphore::new(BILLING_CALLS_MAX)),
        service,
        repeats: Arc::default(),
        classes,
    };
    Router::new()
        .route("/fiscalbox/{*operation}", axum::routing::any(handle))
        .with_state(Arc::new(shop))
}

/// The answer to a request that is refused before its route is known.
fn reject(rejection: &Rejection) -> Response {
    let code = match rejection.status {
        StatusCode::FORBIDDEN => NOT_ALLOWED,
        StatusCode::SERVICE_UNAVAILABLE => NOT_WORKING,
        _ => INVALID_ARGUMENT,
    };
    let message = &rejection.problem.message;
    let error = ApiError {
        code,
        message: match code {
            NOT_ALLOWED => format!("{NOT_ALLOWED_NAME}: {message}"),
            _ => message.clone(),
        },
        data: Some(rejection.problem.code.to_string()),
    };
    let response = failure_with(rejection.status, &error);
    // GET closes the shift, too.
    let (_, path) = device_of(&rejection.path);
    if rejection.may_create || route(&Method::GET, path) == Ok(Route::Close) {
        with_operation(response, None, FiscalState::Unknown)
    } else {
        response
    }
}

async fn handle(State(shop): State<Arc<Shop>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (wanted, path) = device_of(parts.uri.path());
    let found = route(&parts.method, path);
    let creates = matches!(found, Ok(Route::Order { .. } | Route::Close));
    let stated = |response| {
        if creates {
            with_operation(response, None, FiscalState::Unknown)
        } else {
            response
        }
    };
    if let Err(error) = guard::admit(&shop.service, &parts) {
        return stated(failure_with(StatusCode::FORBIDDEN, &error));
    }
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let error = error(INVALID_ARGUMENT, "the body is too large", "BodyTooLarge");
        return stated(failure_with(StatusCode::PAYLOAD_TOO_LARGE, &error));
    };
    let route = match found {
        Ok(route) => route,
        Err(reason) => return no_route(reason, parts.uri.path()),
    };
    let mut devices = shop.service.settings.devices.iter();
    let device = match wanted {
        None => devices.next(),
        Some(wanted) => devices.find(|device| device.id.to_string() == wanted),
    };
    let Some(device) = device.cloned() else {
        return failure(&error(
            102,
            "FISCAL_MODULE_NOT_INITIALIZED",
            "UnknownDevice",
        ));
    };
    let call = Call {
        device,
        language: Language::of(&parts.headers),
        query: parts.uri.query().unwrap_or_default().to_owned(),
    };
    match route {
        Route::Order { refund } => orders::make(&shop, &call, refund, &body).await,
        Route::Open => shift::open(&shop, &call).await,
        Route::Close => {
            let posts = parts.method == Method::POST;
            shift::close(&shop, &call, (posts, &body)).await
        }
        Route::Ask(operation) => asked::ask(&shop, &call, operation).await,
        Route::Banner => asked::banner(&shop, &call, &body).await,
        Route::Marking => marking::validate(&shop, &call, &body).await,
        Route::Provider(asked) => payments::ask(&shop, &call, asked, &body).await,
        Route::SettlePayment => payments::settle(&shop, &call, &body).await,
        Route::Compare => compare::compare(&shop, &call).await,
        Route::BillingLogin => billing::login(&shop, &call, &body).await,
        Route::BillingCount => billing::count(&shop, &call).await,
    }
}

/// The device that a path names, and the path of the operation: `/fiscalbox/device/{id}/order/create` is an operation of that device, and
/// without it an operation is one of the first device.
fn device_of(path: &str) -> (Option<&str>, &str) {
    let named = path
        .strip_prefix(PREFIX)
        .and_then(|path| path.strip_prefix("/device/"))
        .and_then(|path| path.split_once('/'));
    match named {
        Some((device, path)) => (Some(device), path),
        None => (None, path),
    }
}

/// A call whose route is known.
struct Call {
    device: Device,
    language: Language,
    query: String,
}

impl Call {
    /// The value of a parameter of the query.
    fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self
            .query
            .split('&')
            .filter_map(|part| part.split_once('='));
        let (_, value) = pairs.find(|(key, _)| *key == name)?;
        Some(decoded(value))
    }
}

/// A value of a query, with `%` and `+` decoded.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            (other, _) => {
                bytes.push(*other);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn no_route(reason: NoRoute, path: &str) -> Response {
    match reason {
        NoRoute::UnknownPath => {
            let text =
                format!("{path}: is not an operation of this agent; /docs lists the operations");
            failure_with(
                StatusCode::NOT_FOUND,
                &error(INVALID_ARGUMENT, &text, "UnknownOperation"),
            )
        }
        NoRoute::WrongMethod(allowed) => {
            let text = format!("{path}: has the wrong method; use {allowed}");
            let response = failure_with(
                StatusCode::METHOD_NOT_ALLOWED,
                &error(INVALID_ARGUMENT, &text, "MethodNotAllowed"),
            );
            super::response::with_allowed_methods(response, allowed)
        }
    }
}

/// An error with a code, a sentence, and the name of the error type.
fn error(code: i64, message: &str, name: &str) -> ApiError {
    ApiError {
        code,
        message: message.to_owned(),
        data: Some(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{decoded, device_of};

    #[test]
    fn a_time_in_a_query_is_read_in_both_forms() {
        for text in ["2024-01-09%2015:53:15", "2024-01-09+15:53:15"] {
            assert_eq!(decoded(text), "2024-01-09 15:53:15");
        }
        assert_eq!(decoded("%zz%2"), "%zz%2");
    }

    #[test]
    fn a_path_may_name_the_device() {
        let named = device_of("/fiscalbox/device/17/order/create/");
        assert_eq!(named, (Some("17"), "order/create/"));
        let first = device_of("/fiscalbox/order/create");
        assert_eq!(first, (None, "/fiscalbox/order/create"));
    }
}
