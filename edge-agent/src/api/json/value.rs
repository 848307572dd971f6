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

    /// Reads a text in one pass. Only what cannot be read is read again by the library, which says what is wrong and where.
    fn read(text: &[u8], items_max: usize) -> Result<Self, String> {
        let read = std::str::from_utf8(text).map_err(|_| None);
        let read = read.and_then(|whole| Reader::new(whole, items_max).whole().map_err(Some));
        read.map_err(|fault| {
            let checked: Result<&RawValue, _> = serde_json::from_slice(text);
            let library_says = checked.err().map(|error| in_words(&error, text));
            library_says
                .or(fault.map(Unreadable::in_words))
                .unwrap_or_else(|| Unreadable::Syntax.in_words())
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

/// Why a text cannot be read.
enum Unreadable {
    /// It is no JSON.
    Syntax,
    /// It is JSON, and has too many lists and objects inside each other.
    TooDeep,
    /// A text in it has an escape that is no character, in words.
    Escape(String),
}

impl Unreadable {
    fn in_words(self) -> String {
        match self {
            Self::Syntax => "this character cannot stand there".to_owned(),
            Self::TooDeep => format!("is deeper than {DEPTH_MAX} levels"),
            Self::Escape(words) => words,
        }
    }
}

/// Reads a JSON text once, from its beginning to its end, by the grammar of RFC 8259. The library has no way that keeps the digits of a
/// number and the order of members.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The number of items of a list that are kept, less one.
    items_max: usize,
}

impl<'a> Reader<'a> {
    const fn new(text: &'a str, items_max: usize) -> Self {
        Self {
            text,
            at: 0,
            items_max,
        }
    }

    /// The only value of the text.
    fn whole(mut self) -> Result<JsonValue, Unreadable> {
        let value = self.value(DEPTH_MAX)?;
        match self.next() {
            None => Ok(value),
            Some(_) => Err(Unreadable::Syntax),
        }
    }

    fn value(&mut self, depth: usize) -> Result<JsonValue, Unreadable> {
        let depth = depth.checked_sub(1).ok_or(Unreadable::TooDeep)?;
        match self.next().ok_or(Unreadable::Syntax)? {
            b'"' => self.quoted().map(JsonValue::Text),
            b'[' => self.items(depth).map(JsonValue::Array),
            b'{' => self.members(depth).map(JsonValue::Object),
            b'n' => self.word("null", JsonValue::Null),
            b't' => self.word("true", JsonValue::Bool(true)),
            b'f' => self.word("false", JsonValue::Bool(false)),
            _ => self.number().map(JsonValue::Number),
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<JsonValue>, Unreadable> {
        let mut items = Vec::new();
        self.step();
        if self.is_next(b']') {
            return Ok(items);
        }
        loop {
            let item = self.value(depth)?;
            if items.len() <= self.items_max {
                items.push(item);
            }
            if self.is_next(b']') {
                return Ok(items);
            }
            self.must_be(b',')?;
        }
    }

    fn members(&mut self, depth: usize) -> Result<Vec<(Cow<'static, str>, JsonValue)>, Unreadable> {
        let mut members = Vec::new();
        self.step();
        if self.is_next(b'}') {
            return Ok(members);
        }
        loop {
            if self.next() != Some(b'"') {
                return Err(Unreadable::Syntax);
            }
            let name = self.quoted()?;
            self.must_be(b':')?;
            members.push((Cow::Owned(name), self.value(depth)?));
            if self.is_next(b'}') {
                return Ok(members);
            }
            self.must_be(b',')?;
        }
    }

    /// The text in quotes here.
    fn quoted(&mut self) -> Result<String, Unreadable> {
        let start = self.at;
        let mut escaped = false;
        self.step();
        loop {
            match self.byte().ok_or(Unreadable::Syntax)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.step();
                }
                0..0x20 => return Err(Unreadable::Syntax),
                _ => {}
            }
            self.step();
        }
        self.step();
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        if escaped {
            // The library knows the escapes, and says which one is none.
            return serde_json::from_str(quoted)
                .map_err(|error| Unreadable::Escape(in_words(&error, quoted.as_bytes())));
        }
        let inner = quoted.get(1..quoted.len().saturating_sub(1));
        Ok(inner.unwrap_or_default().to_owned())
    }

    /// The number here, as its text.
    fn number(&mut self) -> Result<String, Unreadable> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.step();
        }
        match self.byte() {
            Some(b'0') => self.step(),
            _ => self.digits()?,
        }
        if self.byte() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.step();
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.step();
            }
            self.digits()?;
        }
        let number = self.text.get(start..self.at);
        Ok(number.unwrap_or_default().to_owned())
    }

    /// Steps over one digit or more.
    fn digits(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.step();
        }
        if self.at > start {
            Ok(())
        } else {
            Err(Unreadable::Syntax)
        }
    }

    fn word(&mut self, word: &str, value: JsonValue) -> Result<JsonValue, Unreadable> {
        let end = self.at.saturating_add(word.len());
        if self.text.get(self.at..end) != Some(word) {
            return Err(Unreadable::Syntax);
        }
        self.at = end;
        Ok(value)
    }

    /// Steps over this byte if it is the next one.
    fn is_next(&mut self, wanted: u8) -> bool {
        let is_next = self.next() == Some(wanted);
        if is_next {
            self.step();
        }
        is_next
    }

    /// Steps over this byte, which must be the next one.
    fn must_be(&mut self, wanted: u8) -> Result<(), Unreadable> {
        if self.is_next(wanted) {
            Ok(())
        } else {
            Err(Unreadable::Syntax)
        }
    }

    /// Steps over white space, and returns the byte behind it.
    fn next(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
        self.byte()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }
}
