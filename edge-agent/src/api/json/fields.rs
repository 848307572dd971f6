//! Reads an object of a request strictly, and collects its faults.

use std::borrow::Cow;

use ferrotill_core::scale;
use uuid::Uuid;

use super::fault::{FaultList, RequestFault};
use super::value::JsonValue;

/// Reads one object of a request strictly. Names match in any case; every fault is added to a list with its path.
#[derive(Debug)]
pub struct Fields<'n, 'f> {
    path: String,
    members: &'n [(Cow<'static, str>, JsonValue)],
    /// One flag for each member of the object: true if the member was read.
    asked_for: Vec<bool>,
    faults: &'f mut FaultList,
}

impl<'n, 'f> Fields<'n, 'f> {
    /// The members of a value, which must be an object. Any other value is a fault and is read as an empty object.
    pub fn of(value: &'n JsonValue, path: &str, faults: &'f mut FaultList) -> Self {
        let members = match value {
            JsonValue::Object(members) => members.as_slice(),
            other => {
                let path = if path.is_empty() { "body" } else { path };
                faults.push(RequestFault {
                    path: path.to_owned(),
                    code: "WrongType",
                    sentence: format!("is {}; an object is needed", other.kind()),
                });
                &[]
            }
        };
        Self {
            path: path.to_owned(),
            asked_for: vec![false; members.len()],
            members,
            faults,
        }
    }

    /// The path of a member, such as `items[0].price`.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Adds a fault for a member of this object.
    pub fn fault(&mut self, name: &str, code: &'static str, sentence: impl Into<String>) {
        let path = self.path(name);
        self.faults.push(RequestFault {
            path,
            code,
            sentence: sentence.into(),
        });
    }

    /// The list of faults, which objects inside this one add to as well.
    pub fn faults(&mut self) -> &mut FaultList {
        self.faults
    }

    /// The value of a member, of any type; `null` is read as absent.
    pub fn member(&mut self, name: &str) -> Option<&'n JsonValue> {
        let mut found = None;
        let (mut asked_before, mut twice) = (false, false);
        for ((key, value), asked_for) in self.members.iter().zip(&mut self.asked_for) {
            if key.eq_ignore_ascii_case(name) {
                asked_before |= std::mem::replace(asked_for, true);
                twice |= found.is_some();
                found = Some(value);
            }
        }
        if twice && !asked_before {
            self.fault(name, "GivenTwice", "is given twice; give it once");
        }
        found.filter(|value| **value != JsonValue::Null)
    }

    fn wrong_type(&mut self, name: &str, given: &JsonValue, needed: &str) {
        self.fault(
            name,
            "WrongType",
            format!("is {}; {needed} is needed", given.kind()),
        );
    }

    /// Reads a member that must be a text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.member(name)? {
            JsonValue::Text(text) => Some(text.clone()),
            other => {
                self.wrong_type(name, other, "a text");
                None
            }
        }
    }

    /// Reads a member that must be a boolean.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.member(name)? {
            JsonValue::Bool(value) => Some(*value),
            other => {
                self.wrong_type(name, other, "true or false");
                None
            }
        }
    }

    /// Reads a member that must be a decimal number. The result is the number times ten to the power of `places`.
    ///
    /// Callers compute in floating point, so 24.299999999999997 is read as 24.30 ([`scale::parse_double`]).
    pub fn decimal(&mut self, name: &str, places: u8) -> Option<i64> {
        self.number(name, places, scale::parse_double)
    }

    fn number(
        &mut self,
        name: &str,
        places: u8,
        parse: impl FnOnce(&str, u8) -> Result<i64, scale::ScaleError>,
    ) -> Option<i64> {
        match self.member(name)? {
            // Callers that build their bodies from texts write numbers as texts.
            JsonValue::Number(text) | JsonValue::Text(text) => match parse(text, places) {
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

    /// Reads a member that must be a whole number of 32 bits.
    pub fn integer(&mut self, name: &str) -> Option<i32> {
        let value = self.number(name, 0, scale::parse)?;
        let narrow = i32::try_from(value);
        if narrow.is_err() {
            self.fault(name, "NumberTooLarge", format!("{value} is too large"));
        }
        narrow.ok()
    }

    /// Reads a member that must be a UUID. The empty text is read as absent: generated clients send it.
    pub fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let text = self.text(name).filter(|text| !text.is_empty())?;
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

    /// Reads a member that must be one of the given names. A number is the position of a name, from 0: so a generated client
    /// without a converter writes it. The empty text is read as absent.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        if let JsonValue::Number(position) = self.member(name)?
            && let Ok(position) = position.parse::<usize>()
            && let Some((_, value)) = choices.get(position)
        {
            return Some(*value);
        }
        if self.member(name) == Some(&JsonValue::Text(String::new())) {
            return None;
        }
        self.named(name, choices)
    }

    /// Reads a member that must be one of the given names, and no position of a name.
    pub fn named<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
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

    /// Reads a member that must be a list. Only the items that [`JsonValue::of_body`] has kept are returned.
    pub fn list(&mut self, name: &str) -> &'n [JsonValue] {
        match self.member(name) {
            None => &[],
            Some(JsonValue::Array(items)) => items,
            Some(other) => {
                self.wrong_type(name, other, "a list");
                &[]
            }
        }
    }

    /// Accepts members that the program knows but does not use.
    pub fn known(&mut self, names: &[&str]) {
        for name in names {
            self.member(name);
        }
    }

    /// Adds a fault for each member of the object that the program has not read.
    pub fn finish(mut self) {
        let unknown: Vec<String> = self
            .members
            .iter()
            .zip(&self.asked_for)
            .filter(|(_, asked_for)| !**asked_for)
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

/// A text from a caller, shortened so that it fits into an error message.
#[must_use]
pub fn shortened(text: &str) -> String {
    let end = text.char_indices().nth(60).map(|(end, _)| end);
    match end.and_then(|end| text.get(..end)) {
        Some(start) => format!("{start}…"),
        None => text.to_owned(),
    }
}
