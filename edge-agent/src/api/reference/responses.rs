//! The answers of the OpenAPI document.

use std::borrow::Cow;

use ferrotill_core::refusal::Refusal;
use ferrotill_device::fault::Fault;

use crate::api::described::schema::Schemas;
use crate::api::described::{DescribedOperation, Form, RefusalAnswer, States};
use crate::api::error_types::{self, name_of};
use crate::api::json::JsonValue;
use crate::object;

/// The members of an object that is being written.
pub(super) type Members = Vec<(Cow<'static, str>, JsonValue)>;

/// Headers that answers may have: name, type, meaning.
pub(super) const HEADERS: &[(&str, &str, &str)] = &[
    ("X-Request-Id", "text", "Names this call in the till's log."),
    (
        "X-Fiscal-State",
        "registered|not_registered|unknown",
        "What is known of the request id: its document exists, does not exist, or is not known yet.",
    ),
    (
        "X-Operation-Id",
        "uuid",
        "The request id, also if the till made it; missing if the id could not be read.",
    ),
    (
        "Idempotent-Replayed",
        "=true",
        "An earlier request with the same id made the document.",
    ),
    (
        "Retry-After",
        "int",
        "Seconds after which the same request may be sent again.",
    ),
    (
        "X-Shift-Ends",
        "time",
        "The time at which the law ends an open shift, from two hours before it.",
    ),
    (
        "X-Offline-Remaining-Seconds",
        "long",
        "How long the till may sell without the tax authority, if that is limited.",
    ),
    (
        "X-Alternative-Numbers-Left",
        "long",
        "How many numbers are left for alternative receipts, if they are few.",
    ),
];

/// The name of an answer among the components.
pub(super) fn component_name(refusal: &RefusalAnswer, states: States) -> String {
    let suffix = match states {
        States::Nothing => "",
        States::OfThePath => "OfId",
        States::OfTheDocument => "OfDocument",
    };
    format!("{}{suffix}", refusal.name)
}

/// The answer with status 200 of an operation.
pub(super) fn success(operation: &DescribedOperation, schemas: &Schemas) -> JsonValue {
    let mut members: Members = vec![("description".into(), "It is done.".into())];
    members.push(("headers".into(), headers(200, operation.states, false)));
    members.extend(content(operation.success, |schema| {
        if schema == "ApiResponse" {
            // The only answers without data.
            return DONE.to_owned();
        }
        schemas.example("", schema).to_string()
    }));
    JsonValue::Object(members)
}

const DONE: &str = r#"{"success":true,"message":"","fullExceptionMessage":"","errorType":null}"#;

/// All codes that an answer may have.
fn codes(refusal: &RefusalAnswer) -> Vec<String> {
    let mut codes: Vec<String> = refusal
        .errors
        .iter()
        .map(|code| (*code).to_owned())
        .collect();
    if refusal.any_refusal {
        codes.extend(Refusal::ALL.iter().map(|entry| entry.name.to_owned()));
        codes.extend(Fault::ALL.iter().map(|fault| name_of(*fault)));
        codes.sort_unstable();
        codes.dedup();
    }
    codes
}

/// An answer other than 200.
pub(super) fn refusal(refusal: &RefusalAnswer, states: States) -> JsonValue {
    let codes = codes(refusal);
    let mut members: Members = vec![
        ("description".into(), refusal.says.into()),
        (
            "headers".into(),
            headers(refusal.status, states, refusal.retries),
        ),
    ];
    let example = refusal
        .errors
        .first()
        .and_then(|code| error_types::find(code).into_iter().next());
    let example = example.map(|known| (known.code, format!("{} {}", known.says, known.fix)));
    members.extend(content(refusal.form, |schema| {
        let Some((code, message)) = &example else {
            return String::new();
        };
        let body = match schema {
            "ApiResponse" => object! {
                "success" => false,
                "message" => message.clone(),
                "fullExceptionMessage" => message.clone(),
                "errorType" => code.clone(),
            },
            "Problem" => object! { "error" => code.clone(), "message" => message.clone() },
            _ => return String::new(),
        };
        body.to_string()
    }));
    if !codes.is_empty() {
        let codes = codes.into_iter().map(JsonValue::from).collect();
        members.push(("x-error-types".into(), JsonValue::Array(codes)));
    }
    JsonValue::Object(members)
}

fn headers(status: u16, states: States, retries: bool) -> JsonValue {
    let mut names = vec!["X-Request-Id"];
    if states != States::Nothing {
        names.push("X-Fiscal-State");
    }
    if states == States::OfTheDocument {
        names.push("X-Operation-Id");
        if status == 200 {
            names.push("Idempotent-Replayed");
        }
    }
    if retries {
        names.push("Retry-After");
    }
    names.extend([
        "X-Shift-Ends",
        "X-Offline-Remaining-Seconds",
        "X-Alternative-Numbers-Left",
    ]);
    let mut members: Members = Vec::new();
    for name in names {
        let reference = format!("#/components/headers/{name}");
        members.push((name.into(), object! { "$ref" => reference }));
    }
    JsonValue::Object(members)
}

/// The member `content` of an answer; `example` gives an example of a schema, or nothing.
fn content(form: Form, example: impl Fn(&str) -> String) -> Option<(Cow<'static, str>, JsonValue)> {
    let reference = |name: &str| object! { "$ref" => format!("#/components/schemas/{name}") };
    let text = |kind: &'static str, schema| object! { kind => object! { "schema" => schema } };
    let content = match form {
        Form::Empty => return None,
        Form::Json(name) => with_example(reference(name), &example(name)),
        Form::OneOf(names) => {
            let choices = names.iter().map(|name| reference(name)).collect();
            let first = names.first().map_or_else(String::new, |name| example(name));
            with_example(object! { "anyOf" => JsonValue::Array(choices) }, &first)
        }
        Form::List(name) => {
            let schema = object! { "type" => "array", "items" => reference(name) };
            text("application/json", schema)
        }
        Form::AnyObject => text("application/json", object! { "type" => "object" }),
        Form::Text => text("text/plain", object! { "type" => "string" }),
        Form::Page => text("text/html", object! { "type" => "string" }),
    };
    Some(("content".into(), content))
}

fn with_example(schema: JsonValue, example: &str) -> JsonValue {
    let mut media: Members = vec![("schema".into(), schema)];
    if let Ok(example) = JsonValue::parse(example.as_bytes()) {
        media.push(("example".into(), example));
    }
    object! { "application/json" => JsonValue::Object(media) }
}
