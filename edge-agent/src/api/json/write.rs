//! Writes JSON: conversions to a JSON value, and a JSON value as text.

use std::fmt;

use ferrotill_core::scale;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::value::JsonValue;

impl Serialize for JsonValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(text) => RawValue::from_string(text.clone())
                .map_err(|error| serde::ser::Error::custom(error.to_string()))?
                .serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
        }
    }
}

impl fmt::Display for JsonValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl From<bool> for JsonValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for JsonValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for JsonValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for JsonValue {
    fn from(id: Uuid) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<scale::Decimal> for JsonValue {
    fn from(decimal: scale::Decimal) -> Self {
        Self::Number(decimal.to_string())
    }
}

macro_rules! whole_numbers {
    ($($number:ty),+) => { $(impl From<$number> for JsonValue {
        fn from(number: $number) -> Self {
            Self::Number(number.to_string())
        }
    })+ };
}

whole_numbers!(i32, i64, u8, u32, u64, usize);

impl<T: Into<JsonValue>> From<Option<T>> for JsonValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<JsonValue>> From<Vec<T>> for JsonValue {
    fn from(items: Vec<T>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

/// Makes a JSON object from its members: `object! { "success" => true, "data" => JsonValue::Null }`.
#[macro_export]
macro_rules! object {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::api::json::JsonValue::Object(vec![$((::std::borrow::Cow::from($name), $crate::api::json::JsonValue::from($value))),*])
    };
}
