//! The limits of every JSON body: the items of its lists and the letters of its texts, also of members that the till does not know.

use std::fmt;

use crate::api::json::{FaultList, JsonValue, LIST_ITEMS_MAX, RequestFault, shortened};

/// The most letters of a text.
pub(super) const TEXT_LETTERS_MAX: usize = 4_000;

/// Where a value stands in a body.
#[derive(Clone, Copy)]
enum Place<'p> {
    Body,
    Member(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => Ok(()),
            Self::Member(Self::Body, name) => f.write_str(&shortened(name)),
            Self::Member(parent, name) => write!(f, "{parent}.{}", shortened(name)),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Adds a fault for each list with too many items. The program has read only one item more than the limit.
pub(super) fn check_lists(body: &JsonValue, faults: &mut FaultList) {
    walk(body, Place::Body, &mut |value, place| {
        if matches!(value, JsonValue::Array(items) if items.len() > LIST_ITEMS_MAX) {
            faults.push(RequestFault {
                path: place.to_string(),
                code: "TooManyItems",
                sentence: format!("should NOT have more than {LIST_ITEMS_MAX} items"),
            });
        }
    });
}

/// Adds a fault for each text with too many letters, unless a lower limit of its own has made one.
pub(super) fn check_texts(body: &JsonValue, faults: &mut FaultList) {
    walk(body, Place::Body, &mut |value, place| {
        // A text has at least as many bytes as letters.
        let JsonValue::Text(text) = value else { return };
        if text.len() <= TEXT_LETTERS_MAX || text.chars().count() <= TEXT_LETTERS_MAX {
            return;
        }
        let path = place.to_string();
        if faults.iter().all(|fault| fault.path != path) {
            faults.push(RequestFault {
                path,
                code: "Value",
                sentence: format!("should NOT be longer than {TEXT_LETTERS_MAX} characters"),
            });
        }
    });
}

fn walk(value: &JsonValue, place: Place<'_>, check: &mut impl FnMut(&JsonValue, Place<'_>)) {
    check(value, place);
    match value {
        JsonValue::Array(items) => {
            for (index, item) in items.iter().take(LIST_ITEMS_MAX).enumerate() {
                walk(item, Place::Item(&place, index), check);
            }
        }
        JsonValue::Object(members) => {
            for (name, member) in members {
                walk(member, Place::Member(&place, name), check);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_a_text_above_the_limits_are_named_with_their_path() {
        let (list, text) = ("1,".repeat(LIST_ITEMS_MAX), "ä".repeat(TEXT_LETTERS_MAX));
        let body = format!(
            r#"[{{"a":{{"b":[{list}1],"c":[0,"{text}ä"]}},"fits":["{text}"],"own":"{text}."}}]"#
        );
        let body = JsonValue::parse(body.as_bytes()).unwrap();
        let mut faults = FaultList::default();
        faults.push(RequestFault {
            path: "[0].own".to_owned(),
            code: "Value",
            sentence: "has a lower limit".to_owned(),
        });
        check_lists(&body, &mut faults);
        check_texts(&body, &mut faults);
        assert_eq!(
            faults.message(),
            "[0].own: has a lower limit\n[0].a.b: should NOT have more than 1024 items\n[0].a.c[1]: should NOT be longer than 4000 characters"
        );
    }
}
