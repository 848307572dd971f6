//! The layers of a configuration: files, environment and flags, laid over each other.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::fault::{ConfigError, Place};
use super::reader::Reader;
use super::tree::{Entry, Node, Value, lay_over, read_file};
use super::{Overrides, sections};

/// The file and `conf.d/*.toml` beside it, in the order of their names.
pub(super) fn files(path: &Path, reader: &mut Reader) -> Result<Node, ConfigError> {
    let mut tree = file(path, reader)?;
    for path in companions(path)? {
        let above = file(&path, reader)?;
        lay_over(&mut tree, above, "");
    }
    Ok(tree)
}

/// `FERROTILL_TILL_MODE` and the like. A variable that no key has is a fault: a misspelt one would be silently ignored.
pub(super) fn environment(
    tree: &mut Node,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    reader: &mut Reader,
) {
    let mut variables: Vec<(String, String)> = variables
        .into_iter()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            name.starts_with(PREFIX)
                .then(|| (name, value.to_string_lossy().into_owned()))
        })
        .collect();
    variables.sort();
    for (name, text) in variables {
        let place = Place::Environment(name.clone());
        match variable(&name) {
            Some((section, key)) => {
                let value = value_of(section, key, text, &place);
                lay_over(tree, nested(section, key, value, &place), "");
            }
            None => {
                let allowed: Vec<String> = sections::SCALARS
                    .iter()
                    .map(|(section, key)| variable_name(section, key))
                    .collect();
                reader.fault(
                    &place,
                    String::new(),
                    "is not a variable of the configuration",
                    format!("allowed are {}", allowed.join(", ")),
                );
            }
        }
    }
}

/// `--listen` and `--data`.
pub(super) fn flags(tree: &mut Node, overrides: &Overrides) {
    if let Some(listen) = &overrides.listen {
        let place = Place::Flag("--listen");
        let value = Value::Text(listen.clone());
        lay_over(tree, nested("api", "listen", value, &place), "");
    }
    if let Some(data_dir) = &overrides.data_dir {
        let place = Place::Flag("--data");
        let value = Value::Text(data_dir.to_string_lossy().into_owned());
        lay_over(tree, nested("till", "data_dir", value, &place), "");
    }
}

fn file(path: &Path, reader: &mut Reader) -> Result<Node, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    Ok(read_file(&text, path).unwrap_or_else(|fault| {
        // The other files are still read, so that their faults are told in the same breath.
        let place = fault.place.clone();
        reader.faults.push(fault);
        Node {
            place,
            value: Value::Table(Vec::new()),
        }
    }))
}

fn companions(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let folder = path.parent().unwrap_or(Path::new("")).join("conf.d");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |source| ConfigError::Unreadable {
        path: folder.clone(),
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn variable_name(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}_{key}").to_uppercase()
}

fn variable(name: &str) -> Option<(&'static str, &'static str)> {
    sections::SCALARS
        .iter()
        .copied()
        .find(|(section, key)| variable_name(section, key) == name)
}

/// A variable is text; it becomes what its key wants. Text that does not fit stays text and is refused by the reader.
fn value_of(section: &str, key: &str, text: String, place: &Place) -> Value {
    if (section, key) == ("api", "allowed_origins") {
        let origins = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        return Value::List(
            origins
                .map(|origin| Node {
                    place: place.clone(),
                    value: Value::Text(origin.to_owned()),
                })
                .collect(),
        );
    }
    if sections::is_integer(key)
        && let Ok(number) = text.trim().parse()
    {
        return Value::Integer(number);
    }
    Value::Text(text)
}

fn nested(section: &str, key: &str, value: Value, place: &Place) -> Node {
    let node = |value| Node {
        place: place.clone(),
        value,
    };
    let entry = |key: &str, node| Entry {
        key: key.to_owned(),
        place: place.clone(),
        node,
    };
    let inner = node(Value::Table(vec![entry(key, node(value))]));
    node(Value::Table(vec![entry(section, inner)]))
}

const PREFIX: &str = "FERROTILL_";
