//! Changes one value in the text of a configuration file. Every other byte stays: comments, order and blank lines.

use std::ops::Range;

use toml_edit::{Document, Item, Table, Value};

use super::key::toml_text;

/// The text of a file with another text value at a line and a column, as [`SourcePlace`](super::SourcePlace) counts them; `None` if no
/// text value begins there.
#[must_use]
pub fn with_text_at(file_text: &str, line: usize, column: usize, value: &str) -> Option<String> {
    let offset = offset_of(file_text, line, column)?;
    let document = Document::parse(file_text).ok()?;
    let span = in_table(document.as_table(), offset)?;
    let (before, after) = (file_text.get(..span.start)?, file_text.get(span.end..)?);
    Some(format!("{before}{}{after}", toml_text(value)))
}

/// The byte at which a character of a line begins.
fn offset_of(text: &str, line: usize, column: usize) -> Option<usize> {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let mut letters = text.get(before..)?.char_indices();
    let (within, _) = letters.nth(column.checked_sub(1)?)?;
    before.checked_add(within)
}

/// The span of the text value that begins at a byte.
fn in_table(table: &Table, offset: usize) -> Option<Range<usize>> {
    table.iter().find_map(|(_, item)| in_item(item, offset))
}

fn in_item(item: &Item, offset: usize) -> Option<Range<usize>> {
    match item {
        Item::None => None,
        Item::Value(value) => in_value(value, offset),
        Item::Table(table) => in_table(table, offset),
        Item::ArrayOfTables(tables) => tables.iter().find_map(|table| in_table(table, offset)),
    }
}

fn in_value(value: &Value, offset: usize) -> Option<Range<usize>> {
    match value {
        Value::String(_) => value.span().filter(|span| span.start == offset),
        Value::Array(items) => items.iter().find_map(|item| in_value(item, offset)),
        Value::InlineTable(table) => table.iter().find_map(|(_, value)| in_value(value, offset)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::with_text_at;

    const FILE: &str = "# așa\n[[device]] # first\r\nuri = 'none' # the printer\n\n[[device]]\nname = \"Ă\"\n  uri=\"a\\\"b\"\nlist = [ { uri = \"x\" } ]\n";

    #[test]
    fn only_the_value_at_the_place_is_changed() {
        for (line, column, from, to) in [
            (3, 7, "'none'", "\"new \\\" value\""),
            (7, 7, "\"a\\\"b\"", "\"new \\\" value\""),
            (8, 18, "\"x\"", "\"new \\\" value\""),
        ] {
            let changed = with_text_at(FILE, line, column, "new \" value").unwrap();
            assert_eq!(changed, FILE.replacen(from, to, 1), "{line}:{column}");
        }
    }

    #[test]
    fn a_place_without_a_text_value_changes_nothing() {
        for (line, column) in [(0, 1), (1, 0), (1, 1), (3, 8), (8, 8), (99, 1), (3, 999)] {
            assert_eq!(
                with_text_at(FILE, line, column, "x"),
                None,
                "{line}:{column}"
            );
        }
        assert_eq!(with_text_at("uri = ", 1, 7, "x"), None);
    }
}
