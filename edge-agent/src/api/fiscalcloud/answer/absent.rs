//! Values that are not known and that the vendor's schema does not let be null.
//!
//! A client that was generated from the schema throws on a null there, after the sale is made. So an absent value is written as
//! the zero of its type. A time has no truthful zero; its member is left out.

use uuid::Uuid;

use crate::api::json::JsonValue;

/// A text, or the empty text.
pub(in crate::api::fiscalcloud) fn text<T: Into<JsonValue>>(value: Option<T>) -> JsonValue {
    value.map_or_else(|| "".into(), Into::into)
}

/// A UUID, or the nil UUID.
pub(in crate::api::fiscalcloud) fn uuid(value: Option<Uuid>) -> JsonValue {
    value.unwrap_or_default().into()
}

/// A value that the caller gave with the request, or what the vendor's server takes for a value that was not given.
pub(super) fn given(echoed: JsonValue, default: bool) -> JsonValue {
    match echoed {
        JsonValue::Bool(_) => echoed,
        _ => default.into(),
    }
}
