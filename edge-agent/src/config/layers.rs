//! The layers of a configuration: files, environment and flags, merged in this order.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::fault::{ConfigError, SourcePlace};
use super::key::{ENVIRONMENT_PREFIX, KeyRow, SectionRow, ValueKind, environment_name};
use super::reader::Reader;
use super::schema;
use super::tree::{TomlEntry, TomlNode, TomlValue, merge, read_file};

/// Values of flags on the command line. They replace the values from every other layer.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The value of `--listen`.
    pub listen: Option<String>,
    /// The value of `--data`.
    pub data_dir: Option<PathBuf>,
}

/// A text that is read instead of what a file has now, so that a change is checked before it is written.
#[derive(Clone, Copy, Debug)]
pub struct ChangedFile<'a> {
    /// The path of the file, as the configuration names it.
    pub path: &'a Path,
    /// The text that the file is to have.
    pub text: &'a str,
}

/// Reads the configuration file and then `conf.d/*.toml` beside it, in the order of their names.
///
/// Files that are not TOML are reported alone: what they contain is not known, so no key can be called missing.
pub(super) fn files(
    path: &Path,
    changed: Option<ChangedFile<'_>>,
    reader: &mut Reader,
) -> Result<TomlNode, ConfigError> {
    let mut tree = file(path, changed, reader)?;
    for path in companions(path)? {
        let above = file(&path, changed, reader)?;
        merge(&mut tree, above, "");
    }
    if reader.faults.is_empty() {
        Ok(tree)
    } else {
        let faults = std::mem::take(&mut reader.faults);
        Err(ConfigError::Faulty { faults })
    }
}

/// Reads environment variables such as `FERROTILL_TILL_MODE`. An unknown variable with this prefix is a fault, because
/// otherwise a variable with a misspelt name would be ignored without a message.
pub(super) fn environment(
    tree: &mut TomlNode,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    reader: &mut Reader,
) {
    let mut variables: Vec<(String, String)> = variables
        .into_iter()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            name.starts_with(ENVIRONMENT_PREFIX)
                .then(|| (name, value.to_string_lossy().into_owned()))
        })
        .collect();
    variables.sort();
    for (name, text) in variables {
        let place = SourcePlace::Environment(name.clone());
        let known = environment_keys().find(|(section, key)| variable(section, key) == name);
        match known {
            Some((section, key)) => {
                let value = value_of(key.kind, text, &place);
                merge(tree, nested(section.path, key.name, value, &place), "");
            }
            None => {
                let allowed: Vec<String> = environment_keys()
                    .map(|(section, key)| variable(section, key))
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

/// Puts the values of `--listen` and `--data` into the tree.
pub(super) fn flags(tree: &mut TomlNode, overrides: &Overrides) {
    if let Some(listen) = &overrides.listen {
        let place = SourcePlace::Flag("--listen");
        let value = TomlValue::Text(listen.clone());
        merge(tree, nested("api", "listen", value, &place), "");
    }
    if let Some(data_dir) = &overrides.data_dir {
        let place = SourcePlace::Flag("--data");
        let value = TomlValue::Text(data_dir.to_string_lossy().into_owned());
        merge(tree, nested("till", "data_dir", value, &place), "");
    }
}

fn file(
    path: &Path,
    changed: Option<ChangedFile<'_>>,
    reader: &mut Reader,
) -> Result<TomlNode, ConfigError> {
    let text = match changed.filter(|changed| changed.path == path) {
        Some(changed) => changed.text.to_owned(),
        None => fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?,
    };
    Ok(read_file(&text, path).unwrap_or_else(|fault| {
        // The other files are still read, so that their faults are reported together with this fault.
        let place = fault.place.clone();
        reader.faults.push(*fault);
        TomlNode {
            place,
            value: TomlValue::Table(Vec::new()),
        }
    }))
}

fn companions(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let folder = path.parent().unwrap_or(Path::new("")).join(COMPANIONS);
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

/// The keys that have an environment variable.
fn environment_keys() -> impl Iterator<Item = (&'static SectionRow, &'static KeyRow)> {
    schema::keys().filter(|(_, key)| key.environment)
}

fn variable(section: &SectionRow, key: &KeyRow) -> String {
    environment_name(section.path, key.name)
}

/// An environment variable is text, which is converted to the type of its key. Text that cannot be converted stays text, and
/// the reader refuses it.
fn value_of(kind: ValueKind, text: String, place: &SourcePlace) -> TomlValue {
    match kind {
        ValueKind::Texts(_) => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            TomlValue::List(
                items
                    .map(|item| TomlNode {
                        place: place.clone(),
                        value: TomlValue::Text(item.to_owned()),
                    })
                    .collect(),
            )
        }
        ValueKind::Integer(..) => match text.trim().parse() {
            Ok(number) => TomlValue::Integer(number),
            Err(_) => TomlValue::Text(text),
        },
        ValueKind::Flag => match text.trim().parse() {
            Ok(flag) => TomlValue::Flag(flag),
            Err(_) => TomlValue::Text(text),
        },
        _ => TomlValue::Text(text),
    }
}

/// A tree that contains only this one key in its section.
fn nested(section: &str, key: &str, value: TomlValue, place: &SourcePlace) -> TomlNode {
    let node = |value| TomlNode {
        place: place.clone(),
        value,
    };
    let table = |key: &str, inner| {
        node(TomlValue::Table(vec![TomlEntry {
            key: key.to_owned(),
            place: place.clone(),
            node: inner,
        }]))
    };
    let keyed = table(key, node(value));
    section
        .rsplit('.')
        .fold(keyed, |inner, name| table(name, inner))
}

/// The name of the folder beside the configuration file whose files are merged over it.
const COMPANIONS: &str = "conf.d";
