//! A JSON value, and how JSON text is read.

use std::borrow::Cow;

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
        let mut reader = CheckedText {
            rest: raw.get(),
            items_max,
        };
        reader.value(DEPTH_MAX)
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

/// The rest of a text that is known to be JSON. It is read once, from its beginning to its end; the library has no such way that keeps
/// the digits of a number.
struct CheckedText<'a> {
    rest: &'a str,
    /// The number of items of a list that are kept, less one.
    items_max: usize,
}

impl<'a> CheckedText<'a> {
    fn value(&mut self, depth: usize) -> Result<JsonValue, String> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| format!("is deeper than {DEPTH_MAX} levels"))?;
        Ok(match self.next() {
            b'"' => JsonValue::Text(self.text()?),
            b'[' => JsonValue::Array(self.items(depth)?),
            b'{' => JsonValue::Object(self.members(depth)?),
            _ => match self.word() {
                "null" => JsonValue::Null,
                "true" => JsonValue::Bool(true),
                "false" => JsonValue::Bool(false),
                number => JsonValue::Number(number.to_owned()),
            },
        })
    }

    fn items(&mut self, depth: usize) -> Result<Vec<JsonValue>, String> {
        let mut items = Vec::new();
        while self.goes_on(b']') {
            if items.len() > self.items_max {
                self.skip();
            } else {
                items.push(self.value(depth)?);
            }
        }
        Ok(items)
    }

    fn members(&mut self, depth: usize) -> Result<Vec<(Cow<'static, str>, JsonValue)>, String> {
        let mut members = Vec::new();
        while self.goes_on(b'}') {
            let name = self.text()?;
            self.next();
            self.step(1);
            members.push((Cow::Owned(name), self.value(depth)?));
        }
        Ok(members)
    }

    /// Steps over the bracket or comma here. Returns false, and steps over the end, if the list or object ends here.
    fn goes_on(&mut self, end: u8) -> bool {
        if self.next() != end {
            self.step(1);
        }
        let goes_on = self.next() != end;
        if !goes_on {
            self.step(1);
        }
        goes_on
    }

    /// Skips a value.
    fn skip(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.next() {
                b'"' => self.step(string_length(self.rest)),
                b'[' | b'{' => {
                    open = open.saturating_add(1);
                    self.step(1);
                    continue;
                }
                b']' | b'}' => {
                    open = open.saturating_sub(1);
                    self.step(1);
                }
                b',' | b':' => {
                    self.step(1);
                    continue;
                }
                _ => drop(self.word()),
            }
            if open == 0 || self.rest.is_empty() {
                return;
            }
        }
    }

    /// The text in quotes here.
    fn text(&mut self) -> Result<String, String> {
        let (quoted, rest) = split(self.rest, string_length(self.rest));
        self.rest = rest;
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
        if inner.contains('\\') {
            // Half of a character in an escape is found only now.
            serde_json::from_str(quoted).map_err(|error| in_words(&error, quoted.as_bytes()))
        } else {
            Ok(inner.to_owned())
        }
    }

    /// The number or the word here.
    fn word(&mut self) -> &'a str {
        let ends = |byte: u8| byte.is_ascii_whitespace() || b",:]}".contains(&byte);
        let length = self.rest.bytes().position(ends);
        let (word, rest) = split(self.rest, length.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// Steps over white space, and returns the byte behind it; zero at the end.
    fn next(&mut self) -> u8 {
        self.rest = self.rest.trim_ascii_start();
        self.rest.bytes().next().unwrap_or(0)
    }

    fn step(&mut self, bytes: usize) {
        self.rest = split(self.rest, bytes).1;
    }
}

/// The length of the text in quotes at the beginning, with its quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

/// The two parts of a text. A place outside the text, or within a letter, counts as its end.
fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}
