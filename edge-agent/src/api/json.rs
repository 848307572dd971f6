//! JSON in and out without a float: numbers stay the text that they are.
//!
//! [`Node`] is what a caller sent; [`Fields`] reads an object of it strictly (names in any case, unknown ones are faults)
//! and tells every fault with its path. [`Out`] is what a caller gets.

use std::fmt;

use ferrotill_core::scale;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

/// A fault of a request: where, its code, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path, such as `items[0].price`.
    pub path: String,
    /// The code, as in `errorType`.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub sentence: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.sentence)
    }
}

/// The faults of one request: the first [`FAULTS_MAX`] with their words, and the count of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultList {
    kept: Vec<Fault>,
    others: usize,
}

/// Faults that one answer names at most.
pub const FAULTS_MAX: usize = 100;

impl FaultList {
    /// Adds a fault, unless it is there already.
    pub fn push(&mut self, fault: Fault) {
        if self.kept.contains(&fault) {
            return;
        }
        if self.kept.len() < FAULTS_MAX {
            self.kept.push(fault);
        } else {
            self.others = self.others.saturating_add(1);
        }
    }

    /// Adds the faults of another list.
    pub fn append(&mut self, other: Self) {
        for fault in other.kept {
            self.push(fault);
        }
        self.others = self.others.saturating_add(other.others);
    }

    /// Whether there is no fault.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether some faults are counted only.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.others > 0
    }

    /// The faults that are kept, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.kept.iter()
    }

    /// The code of the first fault.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kept.first().map_or("BadRequest", |fault| fault.code)
    }

    /// One line for each fault that is kept, and one with the count of the others.
    #[must_use]
    pub fn message(&self) -> String {
        let mut lines: Vec<String> = self.kept.iter().map(Fault::to_string).collect();
        if self.others > 0 {
            lines.push(format!("body: has {} more faults", self.others));
        }
        lines.join("\n")
    }
}

impl From<Fault> for FaultList {
    fn from(fault: Fault) -> Self {
        Self {
            kept: vec![fault],
            others: 0,
        }
    }
}

/// A JSON value; numbers are their text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    Array(Vec<Node>),
    /// An object, in its order.
    Object(Vec<(String, Node)>),
}

/// Levels of a JSON text at most.
const DEPTH_MAX: usize = 16;
/// Items of one list of a body at most: every list of every operation is shorter.
pub const LIST_ITEMS_MAX: usize = 1_024;

impl Node {
    /// Reads a JSON text.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, and where.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        Self::read(text, usize::MAX)
    }

    /// Reads the body of a request. Of a list with more than [`LIST_ITEMS_MAX`] items it keeps one item more than these, so that its
    /// reader sees that there are too many; the others are only checked to be JSON.
    ///
    /// # Errors
    ///
    /// The fault `MalformedJson`.
    pub fn of_body(body: &[u8]) -> Result<Self, Fault> {
        Self::read(without_byte_order_mark(body), LIST_ITEMS_MAX).map_err(|words| Fault {
            path: "body".to_owned(),
            code: "MalformedJson",
            sentence: format!("is not JSON: {words}"),
        })
    }

    fn read(text: &[u8], items_max: usize) -> Result<Self, String> {
        let raw: &RawValue = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        Self::from_raw(raw, DEPTH_MAX, items_max)
    }

    fn from_raw(raw: &RawValue, depth: usize, items_max: usize) -> Result<Self, String> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| format!("is deeper than {DEPTH_MAX} levels"))?;
        let text = raw.get();
        let words = |error: serde_json::Error| error.to_string();
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'"') => Self::Text(serde_json::from_str(text).map_err(words)?),
            Some(b'[') => {
                let mut reader = serde_json::Deserializer::from_str(text);
                let items = Items { max: items_max }
                    .deserialize(&mut reader)
                    .map_err(words)?;
                Self::Array(
                    items
                        .into_iter()
                        .map(|item| Self::from_raw(item, depth, items_max))
                        .collect::<Result<_, _>>()?,
                )
            }
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text).map_err(words)?;
                let member = |(name, value)| {
                    Ok::<_, String>((name, Self::from_raw(value, depth, items_max)?))
                };
                Self::Object(members.into_iter().map(member).collect::<Result<_, _>>()?)
            }
            _ => Self::Number(text.to_owned()),
        })
    }

    /// A member of an object by its exact name.
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

    /// An item of a list.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Self> {
        match self {
            Self::Array(items) => items.get(index),
            _ => None,
        }
    }

    /// Whether a list in it had more items than are kept of a body.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        match self {
            Self::Array(items) => items.len() > LIST_ITEMS_MAX || items.iter().any(Self::is_cut),
            Self::Object(members) => members.iter().any(|(_, value)| value.is_cut()),
            _ => false,
        }
    }

    /// The same value on its way out.
    #[must_use]
    pub fn out(&self) -> Out {
        match self {
            Self::Null => Out::Null,
            Self::Bool(value) => Out::Bool(*value),
            Self::Number(text) => Out::Number(text.clone()),
            Self::Text(text) => Out::Text(text.clone()),
            Self::Array(items) => Out::Array(items.iter().map(Self::out).collect()),
            Self::Object(members) => Out::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone().into(), value.out()))
                    .collect(),
            ),
        }
    }

    fn kind(&self) -> &'static str {
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

/// A body without the UTF-8 byte order mark that may stand before its text.
#[must_use]
pub fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// Reads a list, and keeps at most one item more than `max`.
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

/// Reads one object strictly.
#[derive(Debug)]
pub struct Fields<'n, 'f> {
    path: String,
    members: &'n [(String, Node)],
    taken: Vec<bool>,
    faults: &'f mut FaultList,
}

impl<'n, 'f> Fields<'n, 'f> {
    /// The members of a value that is to be an object; anything else is a fault and reads as empty.
    pub fn of(node: &'n Node, path: &str, faults: &'f mut FaultList) -> Self {
        let members = match node {
            Node::Object(members) => members.as_slice(),
            other => {
                let path = if path.is_empty() { "body" } else { path };
                faults.push(Fault {
                    path: path.to_owned(),
                    code: "WrongType",
                    sentence: format!("is {}; an object is needed", other.kind()),
                });
                &[]
            }
        };
        Self {
            path: path.to_owned(),
            taken: vec![false; members.len()],
            members,
            faults,
        }
    }

    /// The path of a member.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Tells a fault of a member.
    pub fn fault(&mut self, name: &str, code: &'static str, sentence: impl Into<String>) {
        let path = self.path(name);
        self.faults.push(Fault {
            path,
            code,
            sentence: sentence.into(),
        });
    }

    /// Where faults of deeper objects go.
    pub fn faults(&mut self) -> &mut FaultList {
        self.faults
    }

    /// A member's value, whatever it is; `null` reads as absent.
    pub fn node(&mut self, name: &str) -> Option<&'n Node> {
        let mut found = None;
        let (mut asked_before, mut twice) = (false, false);
        for ((key, value), taken) in self.members.iter().zip(&mut self.taken) {
            if key.eq_ignore_ascii_case(name) {
                asked_before |= std::mem::replace(taken, true);
                twice |= found.is_some();
                found = Some(value);
            }
        }
        if twice && !asked_before {
            self.fault(name, "GivenTwice", "is given twice; give it once");
        }
        found.filter(|value| **value != Node::Null)
    }

    fn wrong_type(&mut self, name: &str, given: &Node, needed: &str) {
        self.fault(
            name,
            "WrongType",
            format!("is {}; {needed} is needed", given.kind()),
        );
    }

    /// A text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.node(name)? {
            Node::Text(text) => Some(text.clone()),
            other => {
                self.wrong_type(name, other, "a text");
                None
            }
        }
    }

    /// A boolean.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.node(name)? {
            Node::Bool(value) => Some(*value),
            other => {
                self.wrong_type(name, other, "true or false");
                None
            }
        }
    }

    /// A decimal number, scaled by ten to the power of `places`.
    pub fn decimal(&mut self, name: &str, places: u8) -> Option<i64> {
        match self.node(name)? {
            Node::Number(text) => match scale::parse(text, places) {
                Ok(value) => Some(value),
                Err(error) => {
                    let code = match error {
                        scale::ScaleError::NotANumber => "NotANumber",
                        scale::ScaleError::TooManyDecimals { .. } => "TooManyDecimals",
                        scale::ScaleError::TooLarge => "NumberTooLarge",
                    };
                    self.fault(name, code, format!("{} {error}", shortened(text)));
                    None
                }
            },
            other => {
                self.wrong_type(name, other, "a number");
                None
            }
        }
    }

    /// A whole number of 32 bits.
    pub fn integer(&mut self, name: &str) -> Option<i32> {
        let value = self.decimal(name, 0)?;
        let narrow = i32::try_from(value);
        if narrow.is_err() {
            self.fault(name, "NumberTooLarge", format!("{value} is too large"));
        }
        narrow.ok()
    }

    /// A UUID.
    pub fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let text = self.text(name)?;
        let uuid = Uuid::try_parse(&text);
        if uuid.is_err() {
            self.fault(
                name,
                "NotAUuid",
                "is not a UUID; write it as 497f6eca-6276-4993-bfeb-53cbbbba6f08",
            );
        }
        uuid.ok()
    }

    /// One of some names.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let choice = choices
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(&text))
            .map(|(_, value)| *value);
        if choice.is_none() {
            let allowed = choices
                .iter()
                .map(|(key, _)| *key)
                .collect::<Vec<_>>()
                .join(", ");
            self.fault(
                name,
                "UnknownValue",
                format!("is {:?}; allowed are {allowed}", shortened(&text)),
            );
        }
        choice
    }

    /// A list, as far as [`Node::of_body`] keeps it.
    pub fn list(&mut self, name: &str) -> &'n [Node] {
        match self.node(name) {
            None => &[],
            Some(Node::Array(items)) => items,
            Some(other) => {
                self.wrong_type(name, other, "a list");
                &[]
            }
        }
    }

    /// Takes members that are known and not used.
    pub fn known(&mut self, names: &[&str]) {
        for name in names {
            self.node(name);
        }
    }

    /// Every member that was not asked for is a fault.
    pub fn finish(mut self) {
        let unknown: Vec<String> = self
            .members
            .iter()
            .zip(&self.taken)
            .filter(|(_, taken)| !**taken)
            .map(|((name, _), _)| shortened(name))
            .collect();
        for name in unknown {
            self.fault(
                &name,
                "UnknownField",
                "is not a field of this request; remove it or correct its name",
            );
        }
    }
}

/// A text of a caller's, short enough for an error message.
#[must_use]
pub fn shortened(text: &str) -> String {
    let end = text.char_indices().nth(60).map(|(end, _)| end);
    match end.and_then(|end| text.get(..end)) {
        Some(start) => format!("{start}…"),
        None => text.to_owned(),
    }
}

/// A JSON value on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as its text: exactly these digits.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    Array(Vec<Out>),
    /// An object, in this order.
    Object(Vec<(std::borrow::Cow<'static, str>, Out)>),
}

impl Serialize for Out {
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

impl fmt::Display for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl From<bool> for Out {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Out {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Out {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for Out {
    fn from(id: Uuid) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<scale::Decimal> for Out {
    fn from(decimal: scale::Decimal) -> Self {
        Self::Number(decimal.to_string())
    }
}

macro_rules! whole_numbers {
    ($($number:ty),+) => { $(impl From<$number> for Out {
        fn from(number: $number) -> Self {
            Self::Number(number.to_string())
        }
    })+ };
}

whole_numbers!(i32, i64, u8, u32, u64, usize);

impl<T: Into<Out>> From<Option<T>> for Out {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Out>> From<Vec<T>> for Out {
    fn from(items: Vec<T>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

/// An object from its members: `object! { "success" => true, "data" => Out::Null }`.
#[macro_export]
macro_rules! object {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::api::json::Out::Object(vec![$((::std::borrow::Cow::from($name), $crate::api::json::Out::from($value))),*])
    };
}

#[cfg(test)]
mod tests {
    use super::{FAULTS_MAX, Fault, FaultList, Fields, LIST_ITEMS_MAX, Node, Out};

    #[test]
    fn a_number_keeps_its_digits_in_both_directions() {
        let text = br#"{"a":[8.10,1e2,-0.000,12345678901234567890.123],"b":null,"c":"\u0103\n","d":{"e":true}}"#;
        let node = Node::parse(text).unwrap();
        assert_eq!(
            node.out().to_string(),
            "{\"a\":[8.10,1e2,-0.000,12345678901234567890.123],\"b\":null,\"c\":\"ă\\n\",\"d\":{\"e\":true}}"
        );
    }

    #[test]
    fn malformed_and_deep_texts_are_refused() {
        for text in [
            "",
            "{",
            "{\"a\":}",
            "[1,]",
            "{\"a\":1}x",
            "NaN",
            "'a'",
            "{\"a\":01}",
        ] {
            assert!(Node::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Node::parse("[".repeat(40).as_bytes()).is_err());
        let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
        assert!(
            Node::parse(deep.as_bytes())
                .unwrap_err()
                .contains("16 levels")
        );
    }

    #[test]
    fn names_match_in_any_case_and_every_fault_has_its_path() {
        let node = Node::parse(
            br#"{"Name":1,"PRICE":8.105,"price":1,"flag":"x","id":"no","mode":"bypercent","what":0,"count":3.5}"#,
        )
        .unwrap();
        let mut faults = FaultList::default();
        let mut fields = Fields::of(&node, "items[0]", &mut faults);
        assert_eq!(fields.text("name"), None);
        assert_eq!(fields.decimal("price", 2), Some(100));
        assert_eq!(fields.boolean("flag"), None);
        assert_eq!(fields.uuid("id"), None);
        assert_eq!(fields.choice("mode", &[("ByPercent", 1)]), Some(1));
        assert_eq!(fields.integer("count"), None);
        fields.finish();
        let told: Vec<String> = faults
            .iter()
            .map(|fault| format!("{} {}", fault.path, fault.code))
            .collect();
        assert_eq!(
            told,
            [
                "items[0].name WrongType",
                "items[0].price GivenTwice",
                "items[0].flag WrongType",
                "items[0].id NotAUuid",
                "items[0].count TooManyDecimals",
                "items[0].what UnknownField",
            ]
        );
    }

    #[test]
    fn a_list_of_a_body_is_kept_up_to_one_item_above_the_limit() {
        let list = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        for (count, kept, cut) in [
            (LIST_ITEMS_MAX, LIST_ITEMS_MAX, false),
            (LIST_ITEMS_MAX + 1, LIST_ITEMS_MAX + 1, true),
            (80_000, LIST_ITEMS_MAX + 1, true),
        ] {
            let body = format!("{{\"a\":[{}]}}", list(count));
            let node = Node::of_body(body.as_bytes()).unwrap();
            let inner = node.get("a").and_then(|list| list.at(0)).unwrap();
            let Node::Array(items) = inner else {
                panic!("{inner:?}");
            };
            assert_eq!((items.len(), node.is_cut()), (kept, cut), "{count}");
        }
        // What is not kept must still be JSON.
        let broken = list(80_000).replacen("{}]", "{]", 1);
        assert_eq!(
            Node::of_body(broken.as_bytes()).unwrap_err().code,
            "MalformedJson"
        );
    }

    #[test]
    fn each_fault_is_named_once_and_the_hundred_and_first_is_counted() {
        let mut faults = FaultList::default();
        for index in [0].into_iter().chain(0..FAULTS_MAX + 7) {
            faults.push(Fault {
                path: format!("items[{index}]"),
                code: "WrongType",
                sentence: "is a number; an object is needed".to_owned(),
            });
        }
        let message = faults.message();
        let lines: Vec<&str> = message.lines().collect();
        assert_eq!(lines.len(), FAULTS_MAX + 1);
        assert_eq!(lines[99], "items[99]: is a number; an object is needed");
        assert_eq!(lines[100], "body: has 7 more faults");
    }

    #[test]
    fn an_object_is_written_in_its_order() {
        let out = object! { "b" => 1_u32, "a" => Option::<u32>::None, "list" => vec!["x"] };
        assert_eq!(out.to_string(), "{\"b\":1,\"a\":null,\"list\":[\"x\"]}");
        assert_eq!(Out::Number("1.10".into()).to_string(), "1.10");
    }
}
