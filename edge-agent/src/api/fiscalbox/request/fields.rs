//! Reads members of an object, and notes what is wrong with them. Unknown members are taken.

use crate::api::fiscalbox::faults::{FaultKind, Faults};
use crate::api::json::JsonValue;

/// The members of an object, with the path of the object.
pub(in crate::api::fiscalbox) struct Members<'n, 'f> {
    node: &'n JsonValue,
    path: String,
    faults: &'f mut Faults,
}

impl<'n, 'f> Members<'n, 'f> {
    /// The members of a value at a path, which must be an object.
    pub(in crate::api::fiscalbox) fn of(
        node: &'n JsonValue,
        path: &str,
        faults: &'f mut Faults,
    ) -> Self {
        if !matches!(node, JsonValue::Object(_)) {
            let shown = if path.is_empty() { "body" } else { path };
            faults.push(shown, FaultKind::WrongType, vec!["{}".to_owned()]);
        }
        Self {
            node,
            path: path.to_owned(),
            faults,
        }
    }

    /// The path of a member.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Notes a fault of a member.
    pub(in crate::api::fiscalbox) fn fault(
        &mut self,
        name: &str,
        kind: FaultKind,
        values: &[String],
    ) {
        let path = self.path(name);
        self.faults.push(&path, kind, values.to_vec());
    }

    /// The faults, for objects inside this one.
    pub(super) const fn faults(&mut self) -> &mut Faults {
        self.faults
    }

    /// A member; null is read as absent.
    pub(in crate::api::fiscalbox) fn get(&self, name: &str) -> Option<&'n JsonValue> {
        self.node
            .get(name)
            .filter(|value| **value != JsonValue::Null)
    }

    fn missing(&mut self, name: &str) {
        self.fault(name, FaultKind::Missing, &[]);
    }

    /// A whole number that is not negative.
    pub(super) fn whole(&mut self, name: &str) -> Option<i64> {
        let JsonValue::Number(text) = self.get(name)? else {
            self.fault(name, FaultKind::WrongType, &["123".to_owned()]);
            return None;
        };
        // Programs that compute in floating point write 1000.0.
        let digits = text.strip_suffix(".0").unwrap_or(text);
        let Ok(value) = digits.parse::<i64>() else {
            self.fault(name, FaultKind::NotWhole, &[]);
            return None;
        };
        if value < 0 {
            self.fault(name, FaultKind::Negative, &[]);
            return None;
        }
        Some(value)
    }

    /// A whole number that must be there.
    pub(in crate::api::fiscalbox) fn needed_whole(&mut self, name: &str) -> Option<i64> {
        if self.get(name).is_none() {
            self.missing(name);
            return None;
        }
        self.whole(name)
    }

    /// A text of at most so many characters.
    pub(in crate::api::fiscalbox) fn text(&mut self, name: &str, limit: usize) -> Option<&'n str> {
        let JsonValue::Text(text) = self.get(name)? else {
            self.fault(name, FaultKind::WrongType, &["\"…\"".to_owned()]);
            return None;
        };
        if text.chars().count() > limit {
            self.fault(name, FaultKind::TooLong, &[limit.to_string()]);
            return None;
        }
        Some(text)
    }

    /// A text that must be there; it may be empty.
    pub(in crate::api::fiscalbox) fn needed_text(
        &mut self,
        name: &str,
        limit: usize,
    ) -> Option<&'n str> {
        if self.get(name).is_none() {
            self.missing(name);
            return None;
        }
        self.text(name, limit)
    }

    /// A text that some programs write as a number.
    pub(super) fn text_or_number(&mut self, name: &str) -> Option<&'n str> {
        match self.get(name)? {
            JsonValue::Text(text) | JsonValue::Number(text) => Some(text),
            _ => {
                self.fault(name, FaultKind::WrongType, &["\"…\"".to_owned()]);
                None
            }
        }
    }

    /// A text or number that must be there.
    pub(in crate::api::fiscalbox) fn needed_text_or_number(
        &mut self,
        name: &str,
    ) -> Option<&'n str> {
        if self.get(name).is_none() {
            self.missing(name);
            return None;
        }
        self.text_or_number(name)
    }

    /// The items of a list of at most so many.
    pub(in crate::api::fiscalbox) fn list(&mut self, name: &str, limit: usize) -> &'n [JsonValue] {
        match self.get(name) {
            None => &[],
            Some(JsonValue::Array(items)) if items.len() > limit => {
                self.fault(name, FaultKind::TooMany, &[limit.to_string()]);
                &[]
            }
            Some(JsonValue::Array(items)) => items,
            Some(_) => {
                self.fault(name, FaultKind::WrongType, &["[]".to_owned()]);
                &[]
            }
        }
    }
}
