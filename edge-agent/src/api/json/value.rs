//! A JSON value, and how JSON text is read.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fault::RequestFault;
use super::syntax::in_words;
use crate::api::lanes::WorkThread;

/// A JSON value. A number is kept as its text, so that it never becomes a float.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonValue {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as the text contains it, such as `8.10`.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    Array(Vec<JsonValue>),
    /// An object with its members in their order.
    Object(Vec<(Cow<'static, str>, JsonValue)>),
}

/// The largest nesting depth of a JSON text.
const DEPTH_MAX: usize = 16;
/// The largest number of items in any list of a body. The lists of each operation have lower limits.
pub const LIST_ITEMS_MAX: usize = 1_024;
/// The largest body in bytes that is read on the thread that serves all connections.
pub const SHORT_BODY_BYTES_MAX: usize = 4 * 1_024;

impl JsonValue {
    /// Reads a JSON text.
    ///
    /// # Errors
    ///
    /// A text that says what is wrong with the JSON, and where.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        Self::read(text, usize::MAX)
    }

    /// Reads the body of a request. A byte order mark before it is skipped.
    ///
    /// A list with more than [`LIST_ITEMS_MAX`] items is cut after one item more, so that its reader can see that there are too many.
    /// The rest of the list is only checked to be JSON.
    ///
    /// Reading a long body takes long, so it is done on a thread for long work.
    ///
    /// # Errors
    ///
    /// The fault `MalformedJson`.
    pub fn of_body(body: &[u8], _thread: &WorkThread) -> Result<Self, RequestFault> {
        Self::of_any_body(body)
    }

    /// Reads a body as [`Self::of_body`] does, on any thread. A body of more than [`SHORT_BODY_BYTES_MAX`] bytes is a fault.
    ///
    /// # Errors
    ///
    /// The fault `MalformedJson` or `BodyTooLarge`.
    pub fn of_short_body(body: &[u8]) -> Result<Self, RequestFault> {
        if body.len() > SHORT_BODY_BYTES_MAX {
            return Err(RequestFault {
                path: "body".to_owned(),
                code: "BodyTooLarge",
                sentence: format!("is larger than {SHORT_BODY_BYTES_MAX} bytes"),
            });
        }
        Self::of_any_body(body)
    }

    fn of_any_body(body: &[u8]) -> Result<Self, RequestFault> {
        Self::read(without_byte_order_mark(body), LIST_ITEMS_MAX).map_err(|error| RequestFault {
            path: "body".to_owned(),
            code: "MalformedJson",
            sentence: format!("is not JSON: {error}"),
        })
    }

    fn read(text: &[u8], items_max: usize) -> Result<Self, String> {
        let raw: &RawValue =
            serde_json::from_slice(text).map_err(|error| in_words(&error, text))?;
        Self::from_raw(raw, DEPTH_MAX, items_max)
    }

    fn from_raw(raw: &RawValue, depth: usize, items_max: usize) -> Result<Self, String> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| format!("is deeper than {DEPTH_MAX} levels"))?;
        let text = raw.get();
        let message = |error: serde_json::Error| in_words(&error, text.as_bytes());
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'"') => Self::Text(serde_json::from_str(text).map_err(message)?),
            Some(b'[') => {
                let mut reader = serde_json::Deserializer::from_str(text);
                let items = Items { max: items_max }
                    .deserialize(&mut reader)
                    .map_err(message)?;
                Self::Array(
                    items
                        .into_iter()
                        .map(|item| Self::from_raw(item, depth, items_max))
                        .collect::<Result<_, _>>()?,
                )
            }
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text).map_err(message)?;
                let member = |(name, value)| {
                    Ok::<_, String>((Cow::Owned(name), Self::from_raw(value, depth, items_max)?))
                };
                Self::Object(members.into_iter().map(member).collect::<Result<_, _>>()?)
            }
            _ => Self::Number(text.to_owned()),
        })
    }

    /// The member of an object with exactly this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The item of a list at this index.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Self> {
        match self {
            Self::Array(items) => items.get(index),
            _ => None,
        }
    }

    /// A value by its path of names: `data.fiscalReceipt.totalAmount`.
    #[must_use]
    pub fn path(&self, path: &str) -> Option<&Self> {
        path.split('.')
            .try_fold(self, |node, name| match name.parse::<usize>() {
                Ok(index) => node.at(index),
                Err(_) => node.get(name),
            })
    }

    /// The text of a string or a number; empty for any other value.
    #[must_use]
    pub fn scalar(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            _ => "",
        }
    }

    /// True if [`JsonValue::of_body`] has cut a list in this value.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        match self {
            Self::Array(items) => items.len() > LIST_ITEMS_MAX || items.iter().any(Self::is_cut),
            Self::Object(members) => members.iter().any(|(_, value)| value.is_cut()),
            _ => false,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// The body without a UTF-8 byte order mark at its beginning. Some client libraries write one.
#[must_use]
pub fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// Reads a list and keeps at most `max` items plus one.
struct Items {
    max: usize,
}

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while items.len() <= self.max {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(items),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(items)
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = object.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
