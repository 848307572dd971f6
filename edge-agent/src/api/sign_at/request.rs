//! What bodies and queries of several operations have in common.

use ferrotill_core::event::ResourceState;

use super::problem::Failure;
use super::resource::envelope;
use crate::api::json::JsonValue;
use crate::api::service::Service;

/// The wanted state of a resource; `None` if the body names none.
pub(super) fn state_of(body: &JsonValue) -> Result<Option<ResourceState>, Failure> {
    match body.get("state") {
        None | Some(JsonValue::Null) => Ok(None),
        Some(JsonValue::Text(text)) => {
            let mut states = ResourceState::ALL.into_iter();
            let found = states.find(|state| state.name() == text.as_str());
            found
                .filter(|state| *state != ResourceState::Created)
                .map(Some)
                .ok_or_else(|| {
                    let names = ResourceState::ALL.map(ResourceState::name).join(", ");
                    Failure::invalid(format!(
                        "body.state should be equal to one of the allowed values: {names}"
                    ))
                })
        }
        Some(_) => Err(Failure::invalid("body.state should be string")),
    }
}

/// The pairs of a query, decoded.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// A part of a query without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                match (hex(ahead.next()), hex(ahead.next())) {
                    (Some(high), Some(low)) => {
                        let value = high.saturating_mul(16).saturating_add(low);
                        bytes.extend(u8::try_from(value));
                        rest = ahead;
                    }
                    _ => bytes.push(byte),
                }
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A whole number of a query; `None` if the query does not have it.
pub(super) fn number(pairs: &[(String, String)], name: &str) -> Result<Option<u64>, Failure> {
    let found = pairs.iter().find(|(known, _)| known == name);
    found
        .map(|(_, value)| {
            value
                .parse()
                .map_err(|_| Failure::invalid(format!("query.{name} should be integer")))
        })
        .transpose()
}

/// The part of a list that a caller wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) limit: u64,
    pub(super) offset: u64,
}

impl Window {
    /// `limit` (1 to 100, usually 100) and `offset` of a query.
    pub(super) fn of_query(query: &str) -> Result<Self, Failure> {
        let pairs = pairs(query);
        let limit = number(&pairs, "limit")?.unwrap_or(LIMIT_MAX);
        if limit == 0 || limit > LIMIT_MAX {
            return Err(Failure::invalid(format!(
                "query.limit should be >= 1 and <= {LIMIT_MAX}"
            )));
        }
        Ok(Self {
            limit,
            offset: number(&pairs, "offset")?.unwrap_or(0),
        })
    }

    /// A list with the wanted part of all entries; `count` is the number of all.
    pub(super) fn list(self, service: &Service, kind: &str, all: Vec<JsonValue>) -> JsonValue {
        let count = all.len();
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let data = all.into_iter().skip(offset).take(limit).collect();
        list(
            service,
            kind,
            data,
            u64::try_from(count).unwrap_or(u64::MAX),
        )
    }
}

/// A list in the form of the API.
pub(super) fn list(service: &Service, kind: &str, data: Vec<JsonValue>, count: u64) -> JsonValue {
    let mut members = envelope(service, None, kind);
    members.push(("data".into(), JsonValue::Array(data)));
    members.push(("count".into(), count.into()));
    JsonValue::Object(members)
}

const LIMIT_MAX: u64 = 100;
