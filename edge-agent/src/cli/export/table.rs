//! One table of an export as a file: CSV as the spreadsheets of a language read it, or JSON.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use clap::ValueEnum;
use sha2::{Digest as _, Sha256};

use crate::api::json::JsonValue;

/// The form of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TableForm {
    /// One CSV file a table, with a byte order mark, for spreadsheets.
    Csv,
    /// One JSON file a table: an array of objects.
    Json,
}

/// The language whose spreadsheets read the CSV files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TableLocale {
    /// Romanian: semicolons and decimal commas.
    Ro,
    /// Russian: semicolons and decimal commas.
    Ru,
    /// Ukrainian: semicolons and decimal commas.
    Uk,
    /// Uzbek: semicolons and decimal commas.
    Uz,
    /// German: semicolons and decimal commas.
    De,
    /// English: commas and decimal points.
    En,
}

impl TableLocale {
    const fn separator(self) -> char {
        match self {
            Self::En => ',',
            _ => ';',
        }
    }

    /// The locale of a language; English for a language without one.
    pub(in crate::cli) fn of(language: &str) -> Self {
        let short = language.split('-').next().unwrap_or_default();
        Self::from_str(short, true).unwrap_or(Self::En)
    }
}

/// A value in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Cell {
    Empty,
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A decimal number with a point.
    Decimal(String),
}

impl Cell {
    pub(in crate::cli) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(in crate::cli) fn decimal(number: impl ToString) -> Self {
        Self::Decimal(number.to_string())
    }

    pub(in crate::cli) fn whole(number: impl Into<i64>) -> Self {
        Self::Whole(number.into())
    }

    fn csv(&self, locale: TableLocale) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Whole(number) => number.to_string(),
            Self::Decimal(number) if locale == TableLocale::En => number.clone(),
            Self::Decimal(number) => number.replace('.', ","),
            Self::Text(text) => quoted(text, locale.separator()),
        }
    }

    fn json(&self) -> JsonValue {
        match self {
            Self::Empty => JsonValue::Null,
            Self::Whole(number) => JsonValue::from(*number),
            Self::Decimal(number) => JsonValue::Number(number.clone()),
            Self::Text(text) => JsonValue::Text(text.clone()),
        }
    }
}

/// A text as a spreadsheet takes it. A text that a spreadsheet would take for a formula gets an apostrophe in front.
fn quoted(text: &str, separator: char) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = match is_formula {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    if text.contains([separator, '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

/// A table that is being written.
pub(in crate::cli) struct Table {
    pub(in crate::cli) file_name: String,
    columns: &'static [&'static str],
    form: (TableForm, TableLocale),
    file: BufWriter<File>,
    digest: Sha256,
    bytes: u64,
    pub(in crate::cli) rows: u64,
}

/// A table that is complete.
pub(in crate::cli) struct WrittenTable {
    pub(in crate::cli) file_name: String,
    pub(in crate::cli) rows: u64,
    pub(in crate::cli) bytes: u64,
    pub(in crate::cli) sha256: String,
}

impl Table {
    pub(in crate::cli) fn begin(
        folder: &Path,
        name: &str,
        form: (TableForm, TableLocale),
        columns: &'static [&'static str],
    ) -> io::Result<Self> {
        let end = match form.0 {
            TableForm::Csv => "csv",
            TableForm::Json => "json",
        };
        let file_name = format!("{name}.{end}");
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .open(folder.join(&file_name))?;
        let mut table = Self {
            file_name,
            columns,
            form,
            file: BufWriter::new(file),
            digest: Sha256::new(),
            bytes: 0,
            rows: 0,
        };
        match form {
            (TableForm::Csv, locale) => {
                let separator = locale.separator().to_string();
                table.put(&format!("\u{feff}{}\r\n", columns.join(&separator)))?;
            }
            (TableForm::Json, _) => table.put("[")?,
        }
        Ok(table)
    }

    /// Writes a row with a value for each column.
    pub(in crate::cli) fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns.len());
        let text = match self.form {
            (TableForm::Csv, locale) => {
                let cells: Vec<String> = cells.iter().map(|cell| cell.csv(locale)).collect();
                format!("{}\r\n", cells.join(&locale.separator().to_string()))
            }
            (TableForm::Json, _) => {
                let members = self.columns.iter().zip(cells);
                let members = members.map(|(name, cell)| ((*name).into(), cell.json()));
                let row = JsonValue::Object(members.collect());
                format!("{}\n{row}", if self.rows == 0 { "" } else { "," })
            }
        };
        self.rows = self.rows.saturating_add(1);
        self.put(&text)
    }

    pub(in crate::cli) fn end(mut self) -> io::Result<WrittenTable> {
        if self.form.0 == TableForm::Json {
            self.put("\n]\n")?;
        }
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        let digest = self.digest.finalize();
        let sha256 = digest.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Ok(WrittenTable {
            file_name: self.file_name,
            rows: self.rows,
            bytes: self.bytes,
            sha256,
        })
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        self.digest.update(text.as_bytes());
        self.bytes = self.bytes.saturating_add(text.len() as u64);
        self.file.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, TableLocale};

    #[test]
    fn a_cell_is_written_as_the_spreadsheets_of_a_language_read_it() {
        for (cell, ro, en) in [
            (Cell::decimal("-12.50"), "-12,50", "-12.50"),
            (Cell::whole(7), "7", "7"),
            (Cell::Empty, "", ""),
            (Cell::text("a;b"), "\"a;b\"", "a;b"),
            (Cell::text("a,b"), "a,b", "\"a,b\""),
            (Cell::text("5\" disk"), "\"5\"\" disk\"", "\"5\"\" disk\""),
            (Cell::text("=1+1"), "'=1+1", "'=1+1"),
            (Cell::text("-5"), "'-5", "'-5"),
        ] {
            assert_eq!(cell.csv(TableLocale::Ro), ro);
            assert_eq!(cell.csv(TableLocale::En), en);
        }
        assert_eq!(TableLocale::of("uz-Latn"), TableLocale::Uz);
        assert_eq!(TableLocale::of("fr"), TableLocale::En);
    }
}
