//! The OpenAPI 3.1 document.

use std::fmt::Write as _;

use super::responses::{HEADERS, Members, component_name, refusal, success};
use crate::api::described::schema::{Schemas, type_json};
use crate::api::described::{Access, DescribedOperation, Form, RefusalAnswer, States};
use crate::api::json::JsonValue;
use crate::object;

/// The text of the document of these operations. Each part is written as soon as it is made, so that the whole never is in memory as
/// values.
pub(super) fn document(operations: &[&'static DescribedOperation], schemas: &Schemas) -> String {
    let mut text = String::with_capacity(TEXT_BYTES);
    text.push_str("{\"openapi\":\"3.1.0\"");
    member(&mut text, "info", &info());
    let servers = JsonValue::Array(vec![object! { "url" => "/" }]);
    member(&mut text, "servers", &servers);
    member(&mut text, "tags", &tags(operations));
    text.push_str(",\"paths\":{");
    let mut paths: Vec<&str> = Vec::new();
    for operation in operations {
        if !paths.contains(&operation.path) {
            paths.push(operation.path);
            let same_path = operations
                .iter()
                .filter(|other| other.path == operation.path);
            member(&mut text, operation.path, &path_json(same_path, schemas));
        }
    }
    text.push_str("},\"components\":{");
    member(&mut text, "securitySchemes", &security_schemes());
    member(&mut text, "headers", &headers());
    text.push_str(",\"responses\":{");
    for (name, answer, states) in refusals(operations) {
        member(&mut text, &name, &refusal(answer, states));
    }
    text.push_str("},\"schemas\":{");
    for name in schemas.reached(names(operations)) {
        member(&mut text, &name, &schemas.json(&name));
    }
    text.push_str("}}}");
    text
}

/// About the length of the document.
const TEXT_BYTES: usize = 300 * 1_024;

/// Adds a member to the object at the end of a text.
fn member(text: &mut String, name: &str, value: &JsonValue) {
    if !text.ends_with('{') {
        text.push(',');
    }
    // Writing to a string cannot fail.
    let _ = write!(text, "{}:{value}", JsonValue::from(name));
}

fn info() -> JsonValue {
    object! {
        "title" => "Ferrotill",
        "version" => env!("CARGO_PKG_VERSION"),
        "description" => INTRODUCTION,
        "license" => object! { "name" => "MIT OR Apache-2.0", "identifier" => "MIT OR Apache-2.0" },
    }
}

const INTRODUCTION: &str = "All operations of this till. Calls that make a document have an id of their own: the same call with the same id never makes a second \
document. The header X-Fiscal-State says what is known of the id. A signed call has the headers Api-Key, Api-Timestamp and Api-Signature: the lower-case \
hexadecimal HMAC-SHA256, with the client's secret as key, of device id, point of sale id, timestamp, method, path with query, and body, one after the \
other. Members of bodies are read in any case, and numbers may be texts. The codes of errors are explained at /docs/errors/{code}.";

fn tags(operations: &[&'static DescribedOperation]) -> JsonValue {
    let mut groups: Vec<&str> = Vec::new();
    for operation in operations {
        if !groups.contains(&operation.group) {
            groups.push(operation.group);
        }
    }
    let tags = groups.into_iter().map(|group| object! { "name" => group });
    JsonValue::Array(tags.collect())
}

/// The operations of one path.
fn path_json<'o>(
    operations: impl Iterator<Item = &'o &'static DescribedOperation>,
    schemas: &Schemas,
) -> JsonValue {
    let methods = operations.map(|operation| {
        let method = operation.method.to_ascii_lowercase();
        (method.into(), operation_json(operation, schemas))
    });
    JsonValue::Object(methods.collect())
}

fn operation_json(operation: &DescribedOperation, schemas: &Schemas) -> JsonValue {
    let mut members: Members = vec![
        (
            "tags".into(),
            JsonValue::Array(vec![operation.group.into()]),
        ),
        ("operationId".into(), operation_id(operation).into()),
        ("summary".into(), operation.says.into()),
    ];
    if !operation.more.is_empty() {
        members.push(("description".into(), operation.more.into()));
    }
    if operation.access == Access::Token {
        let token = object! { "Token" => JsonValue::Array(Vec::new()) };
        members.push(("security".into(), JsonValue::Array(vec![token])));
    } else if operation.access != Access::Open {
        let scheme = |name: &'static str| (name.into(), JsonValue::Array(Vec::new()));
        let all = ["ApiKey", "ApiTimestamp", "ApiSignature"].map(scheme);
        let all = JsonValue::Object(all.into_iter().collect());
        members.push(("security".into(), JsonValue::Array(vec![all])));
    }
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        members.push(("parameters".into(), JsonValue::Array(parameters)));
    }
    if let Some(body) = &operation.body {
        let reference = format!("#/components/schemas/{}", body.schema);
        let reference = object! { "$ref" => reference };
        let schema = match body.is_list {
            true => object! { "type" => "array", "items" => reference },
            false => reference,
        };
        let mut media: Members = vec![("schema".into(), schema)];
        if let Ok(example) = JsonValue::parse(body.example.as_bytes()) {
            media.push(("example".into(), example));
        }
        let body = object! {
            "required" => body.is_needed,
            "content" => object! { "application/json" => JsonValue::Object(media) },
        };
        members.push(("requestBody".into(), body));
    }
    let mut responses: Members = vec![("200".into(), success(operation, schemas))];
    for refusal in operation.refusals {
        let name = component_name(refusal, operation.states);
        let reference = object! { "$ref" => format!("#/components/responses/{name}") };
        responses.push((refusal.status.to_string().into(), reference));
    }
    members.push(("responses".into(), JsonValue::Object(responses)));
    JsonValue::Object(members)
}

/// The name of an operation for generated clients: `postOperationsSale`, `getReceiptsReceiptId`.
pub(super) fn operation_id(operation: &DescribedOperation) -> String {
    let mut id = operation.method.to_ascii_lowercase();
    let parts = operation.path.split(['/', '.', '{', '}']);
    for part in parts.filter(|part| !part.is_empty() && !["api", "v1"].contains(part)) {
        let mut letters = part.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.extend(letters);
    }
    id
}

fn parameters(operation: &DescribedOperation) -> Vec<JsonValue> {
    let header = |name: &str, is_needed: bool, says: &str| {
        object! {
            "name" => name,
            "in" => "header",
            "required" => is_needed,
            "description" => says,
            "schema" => type_json("uuid"),
        }
    };
    let (device, point_of_sale) = match operation.access {
        Access::Open | Access::Token | Access::Signed => (None, false),
        Access::SignedMaybeForDevice => (Some(false), false),
        Access::SignedForDevice => (Some(true), false),
        Access::SignedForPointOfSale => (Some(true), true),
    };
    let mut parameters = Vec::new();
    if let Some(is_needed) = device {
        parameters.push(header("Api-DeviceId", is_needed, "The device."));
    }
    if point_of_sale {
        let says = "The point of sale; it may be left out where the device has one.";
        parameters.push(header("Api-PointOfSaleId", false, says));
    }
    for name in path_parameters(operation.path) {
        parameters.push(object! {
            "name" => name,
            "in" => "path",
            "required" => true,
            "schema" => type_json(if name.ends_with("id") || name.ends_with("Id") { "uuid" } else { "text" }),
        });
    }
    for parameter in operation.parameters {
        parameters.push(object! {
            "name" => parameter.name,
            "in" => "query",
            "description" => parameter.says,
            "schema" => type_json(parameter.kind),
        });
    }
    parameters
}

fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn security_schemes() -> JsonValue {
    let header = |name: &str, says: &str| {
        object! { "type" => "apiKey", "in" => "header", "name" => name, "description" => says }
    };
    object! {
        "Token" => object! { "type" => "http", "scheme" => "bearer" },
        "ApiKey" => header("Api-Key", "The key of the client."),
        "ApiTimestamp" => header("Api-Timestamp", "Milliseconds since 1970-01-01 UTC, at most ten minutes off the till's clock."),
        "ApiSignature" => header("Api-Signature", "The signature, see the introduction."),
    }
}

fn headers() -> JsonValue {
    let headers = HEADERS.iter().map(|(name, kind, says)| {
        let header = object! { "description" => *says, "schema" => type_json(kind) };
        ((*name).into(), header)
    });
    JsonValue::Object(headers.collect())
}

/// The answers other than 200, each once, in order of their names.
fn refusals(
    operations: &[&'static DescribedOperation],
) -> Vec<(String, &'static RefusalAnswer, States)> {
    let mut kept: Vec<(String, &RefusalAnswer, States)> = Vec::new();
    for operation in operations {
        for answer in operation.refusals {
            let name = component_name(answer, operation.states);
            if !kept.iter().any(|(known, ..)| *known == name) {
                kept.push((name, *answer, operation.states));
            }
        }
    }
    kept.sort_by(|one, other| one.0.cmp(&other.0));
    kept
}

/// The names of the schemas that operations name.
pub(super) fn names(operations: &[&'static DescribedOperation]) -> Vec<String> {
    let mut names = Vec::new();
    for operation in operations {
        names.extend(operation.body.iter().map(|body| body.schema.to_owned()));
        let refusals = operation.refusals.iter().map(|refusal| refusal.form);
        for form in refusals.chain([operation.success]) {
            match form {
                Form::Json(name) | Form::List(name) => names.push(name.to_owned()),
                Form::OneOf(some) => names.extend(some.iter().map(|name| (*name).to_owned())),
                Form::AnyObject | Form::Text | Form::Page | Form::Empty => {}
            }
        }
    }
    names
}
