//! Reads values out of a TOML document and collects every fault.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, Table as Parsed, Value};

use super::ConfigFaults;

/// A document, and the faults that were found so far.
pub(super) struct Reader {
    text: String,
    name: String,
    folder: PathBuf,
    document: Document<String>,
    faults: RefCell<Vec<String>>,
}

/// A table of the document; an absent one has no values.
pub(super) struct Table<'r> {
    reader: &'r Reader,
    path: String,
    table: Option<&'r Parsed>,
}

impl Reader {
    pub(super) fn new(text: &str, name: &str, folder: &Path) -> Result<Self, ConfigFaults> {
        let document = Document::parse(text.to_owned()).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let what = error.message().replace('\n', ", ");
            ConfigFaults(vec![format!(
                "{name}:{}: is not TOML: {what}",
                line_of(text, at)
            )])
        })?;
        Ok(Self {
            text: text.to_owned(),
            name: name.to_owned(),
            folder: folder.to_owned(),
            document,
            faults: RefCell::default(),
        })
    }

    pub(super) fn root(&self, known: &[&str]) -> Table<'_> {
        let root = Table {
            reader: self,
            path: String::new(),
            table: Some(self.document.as_table()),
        };
        root.refuse_others(known);
        root
    }

    /// Ends the reading: an error if there was a fault.
    pub(super) fn faults(&self) -> Result<(), ConfigFaults> {
        let faults = self.faults.take();
        if faults.is_empty() {
            return Ok(());
        }
        Err(ConfigFaults(faults))
    }
}

impl<'r> Table<'r> {
    /// A table in this one; absent is the same as empty.
    pub(super) fn table(&self, key: &str, known: &[&str]) -> Table<'r> {
        self.optional_table(key, known).unwrap_or(Table {
            reader: self.reader,
            path: self.path_of(key),
            table: None,
        })
    }

    pub(super) fn optional_table(&self, key: &str, known: &[&str]) -> Option<Table<'r>> {
        let item = self.item(key)?;
        let Some(table) = item.as_table() else {
            self.fault(key, "must be a table");
            return None;
        };
        let table = Table {
            reader: self.reader,
            path: self.path_of(key),
            table: Some(table),
        };
        table.refuse_others(known);
        Some(table)
    }

    /// Adds a fault of a key.
    pub(super) fn fault(&self, key: &str, what: &str) {
        let at = self
            .item(key)
            .and_then(Item::span)
            .or_else(|| self.table.and_then(Parsed::span))
            .map_or(0, |span| span.start);
        let fault = format!(
            "{}:{}: {}: {what}",
            self.reader.name,
            line_of(&self.reader.text, at),
            self.path_of(key)
        );
        self.reader.faults.borrow_mut().push(fault);
    }

    /// A text that must be there; empty after a fault.
    pub(super) fn text(&self, key: &str) -> String {
        match self.value(key) {
            Some(Value::String(text)) => text.value().clone(),
            Some(_) => {
                self.fault(key, "must be a text");
                String::new()
            }
            None => {
                self.fault(key, "is missing");
                String::new()
            }
        }
    }

    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let list = match self.value(key) {
            None => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.fault(key, "must be a list of texts");
                return Vec::new();
            }
        };
        let texts: Vec<String> = list
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect();
        if texts.len() != list.len() {
            self.fault(key, "must be a list of texts");
        }
        texts
    }

    pub(super) fn number(&self, key: &str, default: usize, range: RangeInclusive<usize>) -> usize {
        let found = match self.value(key) {
            None => return default,
            Some(value) => value.as_integer(),
        };
        let number = found.and_then(|number| usize::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                let what = format!(
                    "must be a whole number from {} to {}",
                    range.start(),
                    range.end()
                );
                self.fault(key, &what);
                default
            }
        }
    }

    pub(super) fn address(&self, key: &str) -> SocketAddr {
        let text = self.text(key);
        let parsed = text.parse();
        parsed.unwrap_or_else(|_| {
            if !text.is_empty() {
                self.fault(key, "must be an address with a port, such as 0.0.0.0:8443");
            }
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    pub(super) fn folder(&self, key: &str) -> PathBuf {
        self.reader.folder.join(self.text(key))
    }

    /// A file that need not be named, and what `read` makes of it.
    pub(super) fn file<T>(
        &self,
        key: &str,
        read: impl Fn(&Path) -> io::Result<T>,
    ) -> Option<(PathBuf, T)> {
        self.value(key)?;
        let name = self.text(key);
        if name.is_empty() {
            return None;
        }
        let path = self.reader.folder.join(name);
        match read(&path) {
            Ok(content) => Some((path, content)),
            Err(error) => {
                self.fault(key, &format!("{} cannot be read: {error}", path.display()));
                None
            }
        }
    }

    fn refuse_others(&self, known: &[&str]) {
        for (key, _) in self.table.into_iter().flat_map(Parsed::iter) {
            if !known.contains(&key) {
                let what = format!("is not known here; known are: {}", known.join(", "));
                self.fault(key, &what);
            }
        }
    }

    fn item(&self, key: &str) -> Option<&'r Item> {
        self.table.and_then(|table| table.get(key))
    }

    fn value(&self, key: &str) -> Option<&'r Value> {
        let item = self.item(key)?;
        if item.as_value().is_none() {
            self.fault(key, "must be a value");
        }
        item.as_value()
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            return key.to_owned();
        }
        format!("{}.{key}", self.path)
    }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
