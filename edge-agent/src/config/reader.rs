//! Takes typed values out of the tree and notes every fault on the way, so that all of them are told at once.
//!
//! A faulty value reads as absent; what is built from it never leaves the module, because a reading with faults
//! ends in an error.

use std::ops::RangeInclusive;

use super::fault::{Fault, Place};
use super::tree::{Entry, Node, Value, join};

/// A value with its place, for the checks that look at more than one value.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// One table of the tree and its path.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    pub(super) path: String,
    pub(super) place: Place,
    entries: &'a [Entry],
}

impl<'a> Section<'a> {
    /// A table with nothing in it, standing in for one that is absent.
    pub(super) fn empty(path: &str, place: Place) -> Self {
        Self {
            path: path.to_owned(),
            place,
            entries: &[],
        }
    }

    /// The path of one of its keys.
    pub(super) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Whether the key was written, well or badly.
    pub(super) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    /// Where the key's value stands, or else the table itself.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.node(key)
            .map_or_else(|| self.place.clone(), |node| node.place.clone())
    }

    fn node(&self, key: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
    }
}

/// Collects faults and warnings while values are taken out.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Fault>,
}

impl Reader {
    /// Notes a fault.
    pub(super) fn fault(
        &mut self,
        place: &Place,
        key: String,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.faults.push(Fault {
            place: place.clone(),
            key,
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// Notes something to tell a person that does not stop the program.
    pub(super) fn warn(
        &mut self,
        place: &Place,
        key: String,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.warnings.push(Fault {
            place: place.clone(),
            key,
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// The node as a table that holds no other keys than these.
    pub(super) fn section<'a>(
        &mut self,
        node: &'a Node,
        path: String,
        keys: &[&str],
    ) -> Option<Section<'a>> {
        let Value::Table(entries) = &node.value else {
            self.wrong_kind(node, path, "must be a table");
            return None;
        };
        let section = Section {
            path,
            place: node.place.clone(),
            entries,
        };
        for entry in entries {
            if !keys.contains(&entry.key.as_str()) {
                self.fault(
                    &entry.place,
                    section.path_of(&entry.key),
                    "is not a key of the configuration",
                    format!("allowed here: {}", keys.join(", ")),
                );
            }
        }
        Some(section)
    }

    /// A table under a key; an absent one is empty.
    pub(super) fn child<'a>(
        &mut self,
        parent: &Section<'a>,
        key: &str,
        keys: &[&str],
    ) -> Section<'a> {
        parent
            .node(key)
            .and_then(|node| self.section(node, parent.path_of(key), keys))
            .unwrap_or_else(|| Section::empty(&parent.path_of(key), parent.place.clone()))
    }

    /// The tables of a list under a key; an absent list is empty.
    pub(super) fn children<'a>(
        &mut self,
        parent: &Section<'a>,
        key: &str,
        keys: &[&str],
    ) -> Vec<Section<'a>> {
        let path = parent.path_of(key);
        let mut sections = Vec::new();
        for (index, node) in self.items(parent, key, "must be a list of tables") {
            sections.extend(self.section(node, format!("{path}[{index}]"), keys));
        }
        sections
    }

    /// The texts of a list under a key.
    pub(super) fn texts(&mut self, parent: &Section<'_>, key: &str) -> Vec<Found<String>> {
        let path = parent.path_of(key);
        let mut texts = Vec::new();
        for (index, node) in self.items(parent, key, "must be a list of texts") {
            match &node.value {
                Value::Text(text) => texts.push(Found {
                    value: text.clone(),
                    place: node.place.clone(),
                }),
                _ => self.wrong_kind(node, format!("{path}[{index}]"), "must be text in quotes"),
            }
        }
        texts
    }

    /// Text under a key.
    pub(super) fn text(&mut self, section: &Section<'_>, key: &str) -> Option<Found<String>> {
        let node = section.node(key)?;
        match &node.value {
            Value::Text(text) => Some(Found {
                value: text.clone(),
                place: node.place.clone(),
            }),
            _ => {
                self.wrong_kind(node, section.path_of(key), "must be text in quotes");
                None
            }
        }
    }

    /// Text that must be there and must not be blank.
    pub(super) fn required_text(
        &mut self,
        section: &Section<'_>,
        key: &str,
        remedy: &str,
    ) -> Option<Found<String>> {
        if !section.has(key) {
            self.fault(
                &section.place,
                section.path_of(key),
                "is missing",
                format!("add it: {remedy}"),
            );
        }
        let found = self.text(section, key)?;
        if found.value.trim().is_empty() {
            self.fault(
                &found.place,
                section.path_of(key),
                "is empty",
                format!("write {remedy}"),
            );
            return None;
        }
        Some(found)
    }

    /// A whole number within bounds.
    pub(super) fn integer(
        &mut self,
        section: &Section<'_>,
        key: &str,
        allowed: RangeInclusive<i64>,
    ) -> Option<i64> {
        let node = section.node(key)?;
        let Value::Integer(number) = node.value else {
            self.wrong_kind(node, section.path_of(key), "must be a whole number");
            return None;
        };
        if allowed.contains(&number) {
            return Some(number);
        }
        self.fault(
            &node.place,
            section.path_of(key),
            format!("is {number}"),
            format!("allowed are {} to {}", allowed.start(), allowed.end()),
        );
        None
    }

    /// A whole number within bounds that must be there.
    pub(super) fn required_integer(
        &mut self,
        section: &Section<'_>,
        key: &str,
        allowed: RangeInclusive<i64>,
    ) -> Option<i64> {
        if !section.has(key) {
            self.fault(
                &section.place,
                section.path_of(key),
                "is missing",
                format!(
                    "add it: a whole number from {} to {}",
                    allowed.start(),
                    allowed.end()
                ),
            );
        }
        self.integer(section, key, allowed)
    }

    /// True or false.
    pub(super) fn flag(&mut self, section: &Section<'_>, key: &str) -> Option<bool> {
        let node = section.node(key)?;
        let Value::Flag(flag) = node.value else {
            self.wrong_kind(node, section.path_of(key), "must be true or false");
            return None;
        };
        Some(flag)
    }

    fn items<'a>(
        &mut self,
        parent: &Section<'a>,
        key: &str,
        rule: &str,
    ) -> impl Iterator<Item = (usize, &'a Node)> + use<'a> {
        let node = parent.node(key);
        let items: &'a [Node] = match node.map(|node| &node.value) {
            Some(Value::List(items)) => items,
            Some(_) => {
                if let Some(node) = node {
                    self.wrong_kind(node, parent.path_of(key), rule);
                }
                &[]
            }
            None => &[],
        };
        items.iter().enumerate()
    }

    fn wrong_kind(&mut self, node: &Node, key: String, rule: &str) {
        self.fault(
            &node.place,
            key,
            format!("is {}", node.value.kind()),
            format!("it {rule}"),
        );
    }
}
