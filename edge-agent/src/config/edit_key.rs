//! Sets one key in the text of a configuration file, whether it is written there or not. Every other byte stays: comments, order and
//! blank lines.

use std::fmt;
use std::ops::Range;

use toml_edit::{Array, ArrayOfTables, Document, InlineTable, Item, Table, Value};

use super::key::{KeyRow, SectionForm, SectionRow, ValueKind, toml_text};
use super::schema;

/// The path of a key as a person writes it, such as `device[0].name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPath {
    /// The tables from the outside to the inside; a table of a list has its position.
    tables: Vec<(String, Option<usize>)>,
    key: String,
}

impl KeyPath {
    /// Reads a path; `None` if it has no such form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (tables, key) = text.rsplit_once('.')?;
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        let table = |part: &str| match part.split_once('[') {
            None => Some((part.to_owned(), None)),
            Some((name, position)) => {
                let position = position.strip_suffix(']')?.parse().ok()?;
                Some((name.to_owned(), Some(position)))
            }
        };
        let tables: Option<Vec<_>> = tables.split('.').map(table).collect();
        let tables = tables.filter(|tables| tables.iter().all(|(name, _)| is_name(name)))?;
        is_name(key).then(|| Self {
            tables,
            key: key.to_owned(),
        })
    }

    /// The path of the key's section in the table of keys.
    fn section(&self) -> String {
        self.path_of_tables(self.tables.len())
    }

    /// The path of the first tables, without positions.
    fn path_of_tables(&self, count: usize) -> String {
        let names = self.tables.iter().take(count).map(|(name, _)| &**name);
        names.collect::<Vec<_>>().join(".")
    }

    /// The rows of the key in the table of keys.
    #[must_use]
    pub fn row(&self) -> Option<(&'static SectionRow, &'static KeyRow)> {
        let section = schema::section(&self.section())?;
        Some((section, section.key(&self.key)?))
    }

    /// The list whose table the path does not choose, or the table for which it has a position, if there is one.
    #[must_use]
    pub fn wrong_position(&self) -> Option<WrongPosition> {
        (1..=self.tables.len()).find_map(|count| {
            let path = self.path_of_tables(count);
            let (_, position) = self.tables.get(count.checked_sub(1)?)?;
            let is_list = schema::section(&path)?.form != SectionForm::Table;
            match (is_list, position) {
                (true, None) => Some(WrongPosition::Missing(path)),
                (false, Some(_)) => Some(WrongPosition::NoList(path)),
                _ => None,
            }
        })
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, position) in &self.tables {
            f.write_str(name)?;
            if let Some(position) = position {
                write!(f, "[{position}]")?;
            }
            f.write_str(".")?;
        }
        f.write_str(&self.key)
    }
}

/// What is wrong with the positions of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongPosition {
    /// The list has several tables, and the path chooses none.
    Missing(String),
    /// The path has a position where there is only one table.
    NoList(String),
}

/// Why a key cannot be set in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSet {
    /// The text of the file is not TOML.
    NotToml,
    /// The file has no table at this path.
    NoTable(String),
}

/// A value as TOML writes it, from what a person has typed. What does not fit the kind of the key is written as a text, so that the
/// reader of the configuration says what is wrong with it.
#[must_use]
pub fn toml_value(kind: ValueKind, typed: &str) -> String {
    let trimmed = typed.trim();
    match kind {
        ValueKind::Integer(..) if trimmed.parse::<i64>().is_ok() => trimmed.to_owned(),
        ValueKind::Flag if trimmed.parse::<bool>().is_ok() => trimmed.to_owned(),
        ValueKind::Texts(_) => {
            let items = trimmed.split(',').map(str::trim);
            let items = items.filter(|item| !item.is_empty()).map(toml_text);
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        _ => toml_text(typed),
    }
}

/// The text of a file in which the key has this value, written in TOML.
///
/// # Errors
///
/// [`NotSet`], if the file has no place for the key.
pub fn with_key(file_text: &str, path: &KeyPath, value: &str) -> Result<String, NotSet> {
    let document = Document::parse(file_text).map_err(|_| NotSet::NotToml)?;
    let edit = Text(file_text);
    let mut place = TableNode::Table(document.as_table());
    let mut dotted = String::new();
    let mut in_list = false;
    for (index, (name, position)) in path.tables.iter().enumerate() {
        let no_table = || {
            let mut shown = path.path_of_tables(index.saturating_add(1));
            if let Some(position) = position {
                shown.push_str(&format!("[{position}]"));
            }
            NotSet::NoTable(shown)
        };
        let below = match (place.get(name), position) {
            (None, None) => {
                let missing = path.tables.get(index..).unwrap_or_default();
                if missing.iter().any(|(_, position)| position.is_some()) {
                    return Err(no_table());
                }
                return Ok(match place {
                    TableNode::Table(_) if !in_list => edit.with_section(path, value),
                    _ => {
                        let inner = missing.iter().skip(1).rev();
                        let inner = inner.fold(format!("{} = {value}", path.key), |value, it| {
                            format!("{} = {{ {value} }}", it.0)
                        });
                        edit.with_entry(&place, &dotted, name, &format!("{{ {inner} }}"))
                    }
                });
            }
            (None, Some(_)) => return Err(no_table()),
            (Some(below), position) => below.table(*position).ok_or_else(no_table)?,
        };
        match below {
            TableNode::Table(table) if table.is_dotted() => dotted.push_str(&format!("{name}.")),
            _ => dotted.clear(),
        }
        in_list |= position.is_some();
        place = below;
    }
    if let Some(below) = place.get(&path.key) {
        let span = below
            .span()
            .ok_or_else(|| NotSet::NoTable(path.section()))?;
        return Ok(edit.replaced(span, value));
    }
    match place {
        TableNode::Table(table) if table.is_implicit() && !table.is_dotted() => match in_list {
            true => Err(NotSet::NoTable(path.section())),
            false => Ok(edit.with_section(path, value)),
        },
        _ => Ok(edit.with_entry(&place, &dotted, &path.key, value)),
    }
}

/// A table, in one of the two forms of TOML.
#[derive(Clone, Copy)]
enum TableNode<'a> {
    Table(&'a Table),
    Inline(&'a InlineTable),
}

impl<'a> TableNode<'a> {
    fn get(self, key: &str) -> Option<Below<'a>> {
        match self {
            Self::Table(table) => match table.get(key)? {
                Item::None => None,
                Item::Value(value) => Some(Below::Value(value)),
                Item::Table(table) => Some(Below::Table(table)),
                Item::ArrayOfTables(tables) => Some(Below::Tables(tables)),
            },
            Self::Inline(table) => Some(Below::Value(table.get(key)?)),
        }
    }
}

/// What a table has at a key.
#[derive(Clone, Copy)]
enum Below<'a> {
    Value(&'a Value),
    Table(&'a Table),
    Tables(&'a ArrayOfTables),
}

impl<'a> Below<'a> {
    /// The table, or the one at a position of the list.
    fn table(self, position: Option<usize>) -> Option<TableNode<'a>> {
        match (self, position) {
            (Self::Table(table), None) => Some(TableNode::Table(table)),
            (Self::Value(Value::InlineTable(table)), None) => Some(TableNode::Inline(table)),
            (Self::Tables(tables), Some(position)) => tables.get(position).map(TableNode::Table),
            (Self::Value(Value::Array(items)), Some(position)) => in_array(items, position),
            _ => None,
        }
    }

    fn span(self) -> Option<Range<usize>> {
        match self {
            Self::Value(value) => value.span(),
            Self::Table(_) | Self::Tables(_) => None,
        }
    }
}

fn in_array(items: &Array, position: usize) -> Option<TableNode<'_>> {
    match items.get(position)? {
        Value::InlineTable(table) => Some(TableNode::Inline(table)),
        _ => None,
    }
}

/// The text of a file, and what can be changed in it.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl Text<'_> {
    fn replaced(self, span: Range<usize>, text: &str) -> String {
        let before = self.0.get(..span.start).unwrap_or_default();
        let after = self.0.get(span.end..).unwrap_or_default();
        format!("{before}{text}{after}")
    }

    /// The end of lines in this file.
    fn end_of_lines(self) -> &'static str {
        match self.0.contains("\r\n") {
            true => "\r\n",
            false => "\n",
        }
    }

    /// Adds a section with the key at the end of the file.
    fn with_section(self, path: &KeyPath, value: &str) -> String {
        let end = self.end_of_lines();
        let mut text = self.0.to_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(end);
        }
        if !text.is_empty() {
            text.push_str(end);
        }
        text.push_str(&format!(
            "[{}]{end}{} = {value}{end}",
            path.section(),
            path.key
        ));
        text
    }

    /// Adds an entry to a table that is written.
    fn with_entry(self, place: &TableNode<'_>, dotted: &str, key: &str, value: &str) -> String {
        match place {
            TableNode::Inline(table) => {
                let last = table.iter().filter_map(|(_, value)| value.span()).last();
                let (at, text) = match (last, table.span()) {
                    (Some(last), _) => (last.end, format!(", {key} = {value}")),
                    (None, Some(span)) => {
                        (span.start.saturating_add(1), format!(" {key} = {value} "))
                    }
                    // A table that was read from a text has a span.
                    (None, None) => (0, String::new()),
                };
                self.replaced(at..at, &text)
            }
            TableNode::Table(table) => {
                let at = self.place_in(table, key);
                let end = self.end_of_lines();
                let is_begin_of_line = self
                    .0
                    .get(..at)
                    .is_none_or(|before| before.is_empty() || before.ends_with('\n'));
                let before = if is_begin_of_line { "" } else { end };
                self.replaced(at..at, &format!("{before}{dotted}{key} = {value}{end}"))
            }
        }
    }

    /// The begin of the line where a new key of a table is written: after the line that shows it behind `#`, as the sample file does,
    /// or after the last key.
    fn place_in(self, table: &Table, key: &str) -> usize {
        let mut spans = Vec::new();
        values_of(table, &mut spans);
        let header = match table.is_dotted() {
            true => None,
            false => table.span().map(|span| self.after_line(span.end)),
        };
        if let Some(at) = header.and_then(|header| self.shown_in_comment(header, &spans, key)) {
            return at;
        }
        let last = spans.iter().map(|span| self.after_line(span.end)).max();
        last.or(header).unwrap_or(self.0.len())
    }

    /// The end of the line at which a byte stands.
    fn after_line(self, at: usize) -> usize {
        let rest = self.0.get(at..).unwrap_or_default();
        let length = rest
            .find('\n')
            .map_or(rest.len(), |end| end.saturating_add(1));
        at.saturating_add(length)
    }

    fn shown_in_comment(self, from: usize, values: &[Range<usize>], key: &str) -> Option<usize> {
        let mut at = from;
        for line in self.0.get(from..)?.split_inclusive('\n') {
            let begin = at;
            at = at.saturating_add(line.len());
            let is_within = |span: &Range<usize>| span.start < begin && begin < span.end;
            if values.iter().any(is_within) {
                continue;
            }
            let text = line.trim_start();
            let comment = text.strip_prefix('#').map(str::trim_start);
            if text.starts_with('[') || comment.is_some_and(|it| it.starts_with('[')) {
                return None;
            }
            let shown = comment.and_then(|comment| comment.strip_prefix(key));
            if shown.is_some_and(|rest| rest.trim_start().starts_with('=')) {
                return Some(at);
            }
        }
        None
    }
}

/// The spans of the values that are written below a table's header.
fn values_of(table: &Table, spans: &mut Vec<Range<usize>>) {
    for (_, item) in table {
        match item {
            Item::Value(value) => spans.extend(value.span()),
            Item::Table(below) if below.is_dotted() => values_of(below, spans),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyPath, NotSet, with_key};

    const FILE: &str = "# top\n[till]\ncountry = \"MD\" # the law\n#mode = \"TEST\"\n\n# the key of the cash desk\n[[api.clients]]\nkey = 'a'\nlist = [\n # url = 1\n 'x' ]\n[[device]] # first\nname = \"Ă\"\ntaxes = [ { code = \"A\" }, { } ]\n\n[upstream]\nurl.path = 1\n";

    fn set(key: &str, value: &str) -> Result<String, NotSet> {
        with_key(FILE, &KeyPath::parse(key).unwrap(), value)
    }

    #[test]
    fn only_the_key_is_changed_or_added() {
        for (key, value, from, to) in [
            ("till.country", "\"RO\"", "\"MD\" #", "\"RO\" #"),
            (
                "till.mode",
                "\"LIVE\"",
                "TEST\"\n",
                "TEST\"\nmode = \"LIVE\"\n",
            ),
            ("till.idnx", "\"1\"", "law\n", "law\nidnx = \"1\"\n"),
            ("api.clients[0].url", "2", "'x' ]\n", "'x' ]\nurl = 2\n"),
            ("device[0].name", "'B'", "\"Ă\"", "'B'"),
            (
                "device[0].taxes[0].rate",
                "1",
                "\"A\" }",
                "\"A\", rate = 1 }",
            ),
            ("device[0].taxes[1].rate", "1", "{ } ]", "{ rate = 1  } ]"),
            (
                "device[0].place.radius",
                "5",
                "{ } ]\n",
                "{ } ]\nplace = { radius = 5 }\n",
            ),
            (
                "upstream.url.host",
                "1",
                "path = 1\n",
                "path = 1\nurl.host = 1\n",
            ),
            (
                "api.listen",
                "\"a\"",
                "url.path = 1\n",
                "url.path = 1\n\n[api]\nlisten = \"a\"\n",
            ),
            (
                "ui.file",
                "\"a\"",
                "url.path = 1\n",
                "url.path = 1\n\n[ui]\nfile = \"a\"\n",
            ),
        ] {
            let changed = set(key, value).unwrap();
            assert_eq!(changed, FILE.replacen(from, to, 1), "{key}");
            assert!(toml_edit::Document::parse(changed).is_ok(), "{key}");
        }
    }

    #[test]
    fn a_table_that_is_not_there_is_named() {
        for (key, named) in [
            ("device[1].name", "device[1]"),
            ("device.name", "device"),
            ("till[0].mode", "till[0]"),
            ("hub[0].url", "hub[0]"),
        ] {
            assert_eq!(
                set(key, "1"),
                Err(NotSet::NoTable(named.to_owned())),
                "{key}"
            );
        }
        let path = KeyPath::parse("till.mode").unwrap();
        assert_eq!(with_key("[till", &path, "1"), Err(NotSet::NotToml));
    }

    #[test]
    fn the_end_of_lines_of_the_file_stays() {
        let path = KeyPath::parse("till.mode").unwrap();
        let changed = with_key("[till]\r\na = 1", &path, "2").unwrap();
        assert_eq!(changed, "[till]\r\na = 1\r\nmode = 2\r\n");
        assert_eq!(with_key("", &path, "2").unwrap(), "[till]\nmode = 2\n");
    }

    #[test]
    fn a_path_of_another_form_is_no_key() {
        for text in [
            "", "till", "till.", ".mode", "a[.b", "a[x].b", "a b.c", "a[0]]..b",
        ] {
            assert_eq!(KeyPath::parse(text), None, "{text}");
        }
    }
}
