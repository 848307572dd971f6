//! A FiscalBox device over HTTP, with a module in software: the API of the device at the root.
//!
//! Every answer has the status 200 and the envelope. A call whose answer the module loses gets no answer: its connection is reset.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::tax_office::reset;
use crate::seal::fiscal_module::software::SoftwareModule;
use crate::seal::fiscal_module::{CallFault, FiscalModule, ModuleCall, ModuleError, Operation};

/// The largest body in bytes.
const BODY_BYTES_MAX: usize = 1_024 * 1_024;

/// The API of the device.
pub fn router(module: Arc<SoftwareModule>) -> Router {
    Router::new().fallback(handle).with_state(module)
}

async fn handle(
    State(module): State<Arc<SoftwareModule>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    respond(module, method, uri, headers, body).await
}

/// The answer of the device to a request; the status 503 if the connection is reset.
pub async fn respond(
    module: Arc<SoftwareModule>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(operation) = Operation::of_path(uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut methods = operation.methods().split(", ");
    if !methods.any(|allowed| allowed == method.as_str()) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let call = match read_call(operation, &method, &uri, &headers, &body) {
        Ok(call) => call,
        Err(error) => return answer(&envelope_of_error(&error)),
    };
    let asked = Arc::clone(&module);
    let carried_out = tokio::task::spawn_blocking(move || asked.call(&call)).await;
    match carried_out {
        // The answer about marking codes is no envelope of the API.
        Ok(Ok(data)) if operation == Operation::Marking => answer(&data),
        Ok(Ok(data)) => {
            let is_success = operation.is_success(&data);
            let is_wrapped = wraps(operation, module.wraps_as_documented());
            answer(&envelope(data, is_success, is_wrapped))
        }
        Ok(Err(CallFault::Refused(error))) => answer(&envelope_of_error(&error)),
        Ok(Err(CallFault::Lost(_) | CallFault::NotSent(_))) | Err(_) => reset(),
    }
}

/// Whether a success is put into a second envelope.
const fn wraps(operation: Operation, as_documented: bool) -> bool {
    match operation {
        Operation::ShiftInfo => true,
        Operation::Close | Operation::Last => as_documented,
        _ => false,
    }
}

/// Reads a call strictly: a body is JSON and says so.
fn read_call(
    operation: Operation,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<ModuleCall, ModuleError> {
    let wrong = |text: String| ModuleError::new(104, format!("INVALID_ARGUMENT: {text}"));
    let mut call = ModuleCall::new(operation);
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Query(query) = query.map_err(|error| wrong(error.to_string()))?;
    call.query = query;
    if *method != Method::POST || !operation.has_body() {
        return Ok(call);
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        return Err(wrong(format!("Content-Type is {kind:?}")));
    }
    if body.len() > BODY_BYTES_MAX {
        return Err(wrong("the body is too large".to_owned()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(call.body(value)),
        Ok(_) => Err(wrong("the body is no JSON object".to_owned())),
        Err(error) => Err(wrong(format!("the body is no JSON: {error}"))),
    }
}

fn envelope(data: Value, is_success: bool, is_wrapped: bool) -> Value {
    let plain = json!({ "data": data, "error": null, "is_success": is_success });
    if is_wrapped {
        json!({ "result": plain })
    } else {
        plain
    }
}

fn envelope_of_error(error: &ModuleError) -> Value {
    json!({
        "data": null,
        "error": { "code": error.code, "message": error.message, "data": error.data },
        "is_success": false,
    })
}

fn answer(body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];
    (kind, body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::{read_call, wraps};
    use crate::seal::fiscal_module::Operation;
    use axum::body::Bytes;
    use axum::http::{HeaderMap, Method, Uri};

    #[test]
    fn a_time_in_a_query_is_read_in_both_forms() {
        for text in ["2024-01-09%2015:53:15", "2024-01-09+15:53:15"] {
            let uri: Uri = format!("/zreport/open/?time={text}").parse().unwrap();
            let (headers, body) = (HeaderMap::new(), Bytes::new());
            let call = read_call(Operation::Open, &Method::GET, &uri, &headers, &body).unwrap();
            assert_eq!(call.parameter("time"), Some("2024-01-09 15:53:15"));
        }
    }

    #[test]
    fn only_the_figures_of_a_shift_are_always_in_a_second_envelope() {
        for as_documented in [false, true] {
            assert!(wraps(Operation::ShiftInfo, as_documented));
            assert!(!wraps(Operation::Create, as_documented));
            assert_eq!(wraps(Operation::Close, as_documented), as_documented);
        }
    }
}
