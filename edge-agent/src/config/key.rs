//! One row of the table of configuration keys.

use std::fmt;

/// A table of the configuration file, and its keys.
#[derive(Debug)]
pub struct SectionRow {
    /// The section's path without the positions in lists, such as `till` or `device.tax_groups`; empty for the file itself.
    pub path: &'static str,
    /// Whether the section is one table or a list of tables.
    pub form: SectionForm,
    /// How the sample file shows the section.
    pub sample: SectionSample,
    /// What the section is for, in one plain sentence.
    pub says: &'static str,
    /// The keys of the section. The sections below it are rows of their own.
    pub keys: &'static [KeyRow],
}

impl SectionRow {
    /// The last part of the section's path.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    /// The path of the section above this one; empty for the file itself.
    #[must_use]
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }

    /// The row of the key with this name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static KeyRow> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// One table or a list of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionForm {
    /// One table, written as `[path]`.
    Table,
    /// A list of tables, written as `[[path]]`. A file in `conf.d` changes the table that has the same value under the key
    /// `identity`, and adds a table
    /// with a new value. Without such a key the whole list is replaced.
    Tables {
        /// The key that tells one table of the list from another.
        identity: Option<&'static str>,
        /// The largest number of tables in the list.
        most: usize,
    },
}

/// How the sample file shows a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionSample {
    /// The section's header, and its keys below.
    Header,
    /// The section's header and its keys, all behind `#`.
    HeaderOff,
    /// One line with this text, among the keys of the section above it.
    Inline(&'static str),
    /// One line with this text behind `#`, among the keys of the section above it.
    InlineOff(&'static str),
}

/// One key of the configuration.
#[derive(Debug)]
pub struct KeyRow {
    /// The key's name in its section.
    pub name: &'static str,
    /// Which values the key takes.
    pub kind: ValueKind,
    /// The value that applies if the key is not written.
    pub preset: Preset,
    /// True if an environment variable can set the key; see [`environment_name`].
    pub environment: bool,
    /// True if a running program takes a new value of the key without a restart.
    pub reloadable: bool,
    /// How the sample file shows the key.
    pub sample: SampleLine,
    /// What the key is for, in one plain sentence.
    pub says: &'static str,
}

/// Makes a row of the table. The key has no environment variable, and the sample file shows its preset behind `#` if it has
/// one.
pub(super) const fn key(
    name: &'static str,
    kind: ValueKind,
    preset: Preset,
    says: &'static str,
) -> KeyRow {
    KeyRow {
        name,
        kind,
        preset,
        environment: false,
        reloadable: false,
        sample: SampleLine::Preset,
        says,
    }
}

/// Makes a row as [`key`] does; a running program takes a new value of the key at a reload.
pub(super) const fn reloadable_key(
    name: &'static str,
    kind: ValueKind,
    preset: Preset,
    says: &'static str,
) -> KeyRow {
    let mut row = key(name, kind, preset, says);
    row.reloadable = true;
    row
}

impl KeyRow {
    /// The same row, but an environment variable can set the key.
    pub(super) const fn environment(mut self) -> Self {
        self.environment = true;
        self
    }

    /// The same row, but the sample file sets the key to this value, written in TOML.
    pub(super) const fn set(mut self, value: &'static str) -> Self {
        self.sample = SampleLine::Set(value);
        self
    }

    /// The same row, but the sample file shows the key with this value behind `#`, written in TOML.
    pub(super) const fn off(mut self, value: &'static str) -> Self {
        self.sample = SampleLine::Off(value);
        self
    }

    /// The same row, but the sample file does not show the key.
    pub(super) const fn hidden(mut self) -> Self {
        self.sample = SampleLine::Hidden;
        self
    }
}

/// How the sample file shows a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleLine {
    /// The sample file shows the key with its preset behind `#`; a key without a preset is not shown.
    Preset,
    /// The sample file sets the key to this value, written in TOML.
    Set(&'static str),
    /// The sample file shows the key with this value behind `#`, written in TOML.
    Off(&'static str),
    /// The sample file does not show the key.
    Hidden,
}

/// Which values a key takes. The text of a variant says how the value is written, and messages about a wrong value repeat this
/// text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Text.
    Text(&'static str),
    /// Text on one line, with at most this many characters.
    Line(usize),
    /// Text that is secret: it is masked wherever the configuration is printed.
    Secret(&'static str),
    /// The address of a printer; its password is masked wherever the configuration is printed.
    PrinterUri(&'static str),
    /// The path of a file or folder; a relative one starts from the folder of the file in which it is written.
    Path(&'static str),
    /// A list of texts.
    Texts(&'static str),
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A whole number between these two numbers, both included.
    Integer(i64, i64),
    /// True or false.
    Flag,
    /// One letter between these two letters, both included.
    Letter(char, char),
}

impl ValueKind {
    /// How a value is written, as the end of a message such as "write …".
    #[must_use]
    pub fn hint(self) -> String {
        match self {
            Self::Text(words)
            | Self::Secret(words)
            | Self::PrinterUri(words)
            | Self::Path(words)
            | Self::Texts(words) => words.to_owned(),
            Self::Line(most) => format!("at most {most} characters in one line"),
            Self::Choice(values) => quoted(values, "or"),
            Self::Integer(first, last) => format!("a whole number from {first} to {last}"),
            Self::Flag => "true or false".to_owned(),
            Self::Letter(first, last) => format!("a letter from {first} to {last}"),
        }
    }
}

/// The values in quotes, separated by commas, with `word` before the last value: `"TEST" or "LIVE"`.
pub(super) fn quoted(values: &[&str], word: &str) -> String {
    let mut text = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            let last = index.saturating_add(1) == values.len();
            text.push_str(&if last {
                format!(" {word} ")
            } else {
                ", ".to_owned()
            });
        }
        text.push_str(&format!("{value:?}"));
    }
    text
}

/// The address of a printer with its password masked.
#[must_use]
pub fn without_password(uri: &str) -> String {
    let Some((address, query)) = uri.split_once('?') else {
        return uri.to_owned();
    };
    let pairs: Vec<&str> = query
        .split('&')
        .map(|pair| {
            if pair.starts_with("password=") {
                "password=****"
            } else {
                pair
            }
        })
        .collect();
    format!("{address}?{}", pairs.join("&"))
}

/// The value that applies if a key is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// There is no such value: the key must be written wherever its section is written.
    Required,
    /// The key has this text.
    Text(&'static str),
    /// The key has this number.
    Integer(i64),
    /// The key has this flag.
    Flag(bool),
    /// The key has an empty list.
    EmptyList,
    /// The key has a value that the program computes; the text says from what.
    Computed(&'static str),
    /// The key has no value; the text says what that means.
    Unset(&'static str),
}

impl Preset {
    /// The value written in TOML; `None` if it cannot be written in TOML.
    #[must_use]
    pub fn toml(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(toml_text(text)),
            Self::Integer(number) => Some(number.to_string()),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::EmptyList => Some("[]".to_owned()),
            Self::Required | Self::Computed(_) | Self::Unset(_) => None,
        }
    }
}

/// The environment variable of a key, such as `FERROTILL_TILL_MODE`.
#[must_use]
pub fn environment_name(section: &str, key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{section}_{key}")
        .replace('.', "_")
        .to_uppercase()
}

/// The beginning of the names of all environment variables of the configuration.
pub(super) const ENVIRONMENT_PREFIX: &str = "FERROTILL_";

/// A value as `config show` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownValue {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Flag(bool),
    /// A list.
    List(Vec<ShownValue>),
    /// A secret: it exists and is not shown.
    Masked,
    /// No value.
    Unset,
}

/// Writes the value as TOML; a masked or absent value is written in words.
impl fmt::Display for ShownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&toml_text(text)),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
            Self::Masked => f.write_str("(secret, not shown)"),
            Self::Unset => f.write_str("(not set)"),
        }
    }
}

/// A text as TOML writes it in one line.
pub(super) fn toml_text(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
