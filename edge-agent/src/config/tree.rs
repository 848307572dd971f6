//! The configuration as one tree of values. Each value has the place where it is written.
//!
//! Files, environment and flags become layers of this tree. The layers are merged before a value is read, so that a message can
//! name the one place that must change.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml_edit::{Document, InlineTable, Item, Table, Value as Parsed};

use super::fault::{ConfigFault, SourcePlace};
use super::key::SectionForm;
use super::schema;

/// A value and the place it came from.
#[derive(Clone, Debug)]
pub(super) struct TomlNode {
    pub(super) place: SourcePlace,
    pub(super) value: TomlValue,
}

/// A key, its place and its value.
#[derive(Clone, Debug)]
pub(super) struct TomlEntry {
    pub(super) key: String,
    pub(super) place: SourcePlace,
    pub(super) node: TomlNode,
}

/// A value in TOML. Of a floating-point number only the type is kept, because the configuration has no such numbers.
#[derive(Clone, Debug)]
pub(super) enum TomlValue {
    Text(String),
    Integer(i64),
    Flag(bool),
    Decimal,
    Date,
    List(Vec<TomlNode>),
    Table(Vec<TomlEntry>),
}

impl TomlValue {
    /// The kind of value, for the message "is …".
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
pub(super) fn read_file(text: &str, file: &Path) -> Result<TomlNode, Box<ConfigFault>> {
    let source = Source::new(text, file);
    match Document::parse(text) {
        Ok(document) => Ok(source.table(document.as_table(), source.place(0))),
        Err(error) => Err(Box::new(ConfigFault {
            place: source.place(error.span().map_or(0, |span| span.start)),
            key: String::new(),
            what: format!("is not TOML: {}", error.message().replace('\n', ", ")),
            remedy: "correct this line".to_owned(),
            is_denied: false,
            open_to_others: None,
        })),
    }
}

/// Merges an upper layer into a lower one. Tables are merged key by key. In a list of tables with an identity, a table with a
/// known identity is merged and one with a new identity is added. Every other value of the upper layer replaces the lower one.
pub(super) fn merge(lower: &mut TomlNode, upper: TomlNode, path: &str) {
    match (&mut lower.value, upper.value) {
        (TomlValue::Table(entries), TomlValue::Table(above)) => {
            for entry in above {
                let path = join(path, &entry.key);
                match entries.iter_mut().find(|below| below.key == entry.key) {
                    Some(below) => merge(&mut below.node, entry.node, &path),
                    None => entries.push(entry),
                }
            }
        }
        (TomlValue::List(items), TomlValue::List(above)) if identity_key(path).is_some() => {
            for item in above {
                let known = items.iter_mut().find(|below| {
                    identity(below, path).is_some_and(|id| identity(&item, path) == Some(id))
                });
                match known {
                    Some(below) => merge(below, item, ""),
                    None => items.push(item),
                }
            }
        }
        (_, value) => {
            *lower = TomlNode {
                place: upper.place,
                value,
            }
        }
    }
}

/// Joins a path and a key with a point: `till` and `mode` become `till.mode`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The key whose value identifies a table in a list of tables, so that several files can describe the same table.
fn identity_key(path: &str) -> Option<&'static str> {
    match schema::section(path)?.form {
        SectionForm::Tables { identity, .. } => identity,
        SectionForm::Table => None,
    }
}

fn identity<'a>(node: &'a TomlNode, path: &str) -> Option<&'a str> {
    let TomlValue::Table(entries) = &node.value else {
        return None;
    };
    let key = identity_key(path)?;
    let entry = entries.iter().find(|entry| entry.key == key)?;
    match &entry.node.value {
        TomlValue::Text(text) => Some(text),
        _ => None,
    }
}

/// The text of one file. It converts byte offsets to lines and columns.
struct Source<'a> {
    text: &'a str,
    file: Arc<Path>,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(text: &'a str, file: &Path) -> Self {
        let breaks = text.match_indices('\n');
        let later = breaks.map(|(at, _)| at.saturating_add(1));
        Self {
            text,
            file: Arc::from(file),
            lines: std::iter::once(0).chain(later).collect(),
        }
    }

    fn place(&self, offset: usize) -> SourcePlace {
        let line = self.lines.partition_point(|begin| *begin <= offset);
        let begin = line.checked_sub(1).and_then(|line| self.lines.get(line));
        let before = begin.and_then(|begin| self.text.get(*begin..offset));
        SourcePlace::File {
            file: Arc::clone(&self.file),
            line,
            column: before.unwrap_or_default().chars().count().saturating_add(1),
        }
    }

    /// The place of a span. A table that exists only because of dotted keys has no span, and gets the place of the table around
    /// it.
    fn at(&self, span: Option<Range<usize>>, around: &SourcePlace) -> SourcePlace {
        span.map_or_else(|| around.clone(), |span| self.place(span.start))
    }

    fn table(&self, table: &Table, place: SourcePlace) -> TomlNode {
        let entries = table
            .iter()
            .filter_map(|(key, item)| {
                let key_place = self.at(table.key(key).and_then(toml_edit::Key::span), &place);
                Some(TomlEntry {
                    key: key.to_owned(),
                    node: self.item(item, &key_place)?,
                    place: key_place,
                })
            })
            .collect();
        TomlNode {
            place,
            value: TomlValue::Table(entries),
        }
    }

    fn inline(&self, table: &InlineTable, place: SourcePlace) -> TomlNode {
        let entries = table
            .iter()
            .map(|(key, value)| {
                let key_place = self.at(table.key(key).and_then(toml_edit::Key::span), &place);
                TomlEntry {
                    key: key.to_owned(),
                    node: self.value(value, &key_place),
                    place: key_place,
                }
            })
            .collect();
        TomlNode {
            place,
            value: TomlValue::Table(entries),
        }
    }

    fn item(&self, item: &Item, around: &SourcePlace) -> Option<TomlNode> {
        let place = self.at(item.span(), around);
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.value(value, around)),
            Item::Table(table) => Some(self.table(table, place)),
            Item::ArrayOfTables(tables) => Some(TomlNode {
                value: TomlValue::List(
                    tables
                        .iter()
                        .map(|table| self.table(table, self.at(table.span(), &place)))
                        .collect(),
                ),
                place,
            }),
        }
    }

    fn value(&self, value: &Parsed, around: &SourcePlace) -> TomlNode {
        let place = self.at(value.span(), around);
        let value = match value {
            Parsed::String(text) => TomlValue::Text(text.value().clone()),
            Parsed::Integer(number) => TomlValue::Integer(*number.value()),
            Parsed::Boolean(flag) => TomlValue::Flag(*flag.value()),
            Parsed::Float(_) => TomlValue::Decimal,
            Parsed::Datetime(_) => TomlValue::Date,
            Parsed::Array(items) => {
                TomlValue::List(items.iter().map(|item| self.value(item, &place)).collect())
            }
            Parsed::InlineTable(table) => return self.inline(table, place),
        };
        TomlNode { place, value }
    }
}
