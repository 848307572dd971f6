//! What every resource and list of the API has.

use std::borrow::Cow;

use super::VERSION;
use crate::api::json::JsonValue;
use crate::api::service::Service;

/// The members of an object.
pub(super) type Members = Vec<(Cow<'static, str>, JsonValue)>;

/// What every resource and list has.
pub(super) fn envelope(service: &Service, kind: &str) -> Members {
    vec![
        ("_env".into(), service.settings.mode.to_string().into()),
        ("_type".into(), kind.into()),
        ("_version".into(), VERSION.into()),
    ]
}
