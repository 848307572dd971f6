//! The configuration as one tree whose every value knows where it was written.
//!
//! Files, environment and flags become layers of this tree and are laid over each other before anything is read from it,
//! so that a message can name the one place that has to change.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml_edit::{Document, InlineTable, Item, Table, Value as Toml};

use super::fault::{Fault, Place};

/// A value and the place it came from.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A key, its place and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) node: Node,
}

/// What TOML can hold. A number with a point stays text: nothing here is ever a floating-point number.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Flag(bool),
    Decimal,
    Date,
    List(Vec<Node>),
    Table(Vec<Entry>),
}

impl Value {
    /// The kind in the words of the message "is …".
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Flag(_) => "true or false",
            Self::Decimal => "a number with a point",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads the text of one TOML file.
pub(super) fn read_file(text: &str, file: &Path) -> Result<Node, Fault> {
    let source = Source {
        text,
        file: Arc::from(file),
    };
    match Document::parse(text) {
        Ok(document) => Ok(source.table(document.as_table(), source.place(0))),
        Err(error) => Err(Fault {
            place: source.place(error.span().map_or(0, |span| span.start)),
            key: String::new(),
            what: format!("is not TOML: {}", error.message().replace('\n', ", ")),
            remedy: "correct this line".to_owned(),
        }),
    }
}

/// Lays one layer over another: tables are joined key by key, listed tables with the same identity are joined,
/// those with a new one are added, and everything else of the upper layer takes the place of the lower.
pub(super) fn lay_over(lower: &mut Node, upper: Node, path: &str) {
    match (&mut lower.value, upper.value) {
        (Value::Table(entries), Value::Table(above)) => {
            for entry in above {
                let path = join(path, &entry.key);
                match entries.iter_mut().find(|below| below.key == entry.key) {
                    Some(below) => lay_over(&mut below.node, entry.node, &path),
                    None => entries.push(entry),
                }
            }
        }
        (Value::List(items), Value::List(above)) if identity_key(path).is_some() => {
            for item in above {
                let known = items.iter_mut().find(|below| {
                    identity(below, path).is_some_and(|id| identity(&item, path) == Some(id))
                });
                match known {
                    Some(below) => lay_over(below, item, ""),
                    None => items.push(item),
                }
            }
        }
        (_, value) => {
            *lower = Node {
                place: upper.place,
                value,
            }
        }
    }
}

/// `till` and `mode` become `till.mode`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The key that tells one table of a list from another across files.
fn identity_key(path: &str) -> Option<&'static str> {
    match path {
        "device" => Some("id"),
        "api.clients" => Some("key"),
        _ => None,
    }
}

fn identity<'a>(node: &'a Node, path: &str) -> Option<&'a str> {
    let Value::Table(entries) = &node.value else {
        return None;
    };
    let key = identity_key(path)?;
    let entry = entries.iter().find(|entry| entry.key == key)?;
    match &entry.node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// One file's text, for turning byte offsets into lines and columns.
struct Source<'a> {
    text: &'a str,
    file: Arc<Path>,
}

impl Source<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place::File {
            file: Arc::clone(&self.file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The place of a span, or that of what surrounds it for a table that dotted keys imply.
    fn at(&self, span: Option<Range<usize>>, around: &Place) -> Place {
        span.map_or_else(|| around.clone(), |span| self.place(span.start))
    }

    fn table(&self, table: &Table, place: Place) -> Node {
        let entries = table
            .iter()
            .filter_map(|(key, item)| {
                let key_place = self.at(table.key(key).and_then(toml_edit::Key::span), &place);
                Some(Entry {
                    key: key.to_owned(),
                    node: self.item(item, &key_place)?,
                    place: key_place,
                })
            })
            .collect();
        Node {
            place,
            value: Value::Table(entries),
        }
    }

    fn inline(&self, table: &InlineTable, place: Place) -> Node {
        let entries = table
            .iter()
            .map(|(key, value)| {
                let key_place = self.at(table.key(key).and_then(toml_edit::Key::span), &place);
                Entry {
                    key: key.to_owned(),
                    node: self.value(value, &key_place),
                    place: key_place,
                }
            })
            .collect();
        Node {
            place,
            value: Value::Table(entries),
        }
    }

    fn item(&self, item: &Item, around: &Place) -> Option<Node> {
        let place = self.at(item.span(), around);
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.value(value, around)),
            Item::Table(table) => Some(self.table(table, place)),
            Item::ArrayOfTables(tables) => Some(Node {
                value: Value::List(
                    tables
                        .iter()
                        .map(|table| self.table(table, self.at(table.span(), &place)))
                        .collect(),
                ),
                place,
            }),
        }
    }

    fn value(&self, value: &Toml, around: &Place) -> Node {
        let place = self.at(value.span(), around);
        let value = match value {
            Toml::String(text) => Value::Text(text.value().clone()),
            Toml::Integer(number) => Value::Integer(*number.value()),
            Toml::Boolean(flag) => Value::Flag(*flag.value()),
            Toml::Float(_) => Value::Decimal,
            Toml::Datetime(_) => Value::Date,
            Toml::Array(items) => {
                Value::List(items.iter().map(|item| self.value(item, &place)).collect())
            }
            Toml::InlineTable(table) => return self.inline(table, place),
        };
        Node { place, value }
    }
}
