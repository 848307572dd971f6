//! What one row of the table of configuration keys says.

use std::fmt;

/// A table of the configuration file, and its keys.
#[derive(Debug)]
pub struct SectionRow {
    /// Its path without the positions in lists, such as `till` or `device.tax_groups`; empty for the file itself.
    pub path: &'static str,
    /// One table or a list of tables.
    pub form: SectionForm,
    /// How the sample file shows it.
    pub sample: SectionSample,
    /// What it is for, in one plain sentence.
    pub says: &'static str,
    /// Its keys; the sections below it are rows of their own.
    pub keys: &'static [KeyRow],
}

impl SectionRow {
    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    /// The path of the section above it; empty for the file itself.
    #[must_use]
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }

    /// The row of a key.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static KeyRow> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// One table or a list of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionForm {
    /// `[path]`.
    Table,
    /// `[[path]]`. A file in `conf.d` changes the table that has the same value under the key `identity`, and adds a table
    /// with a new value. Without such a key the whole list is replaced.
    Tables {
        /// The key that tells one table of the list from another.
        identity: Option<&'static str>,
    },
}

/// How the sample file shows a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionSample {
    /// Its header, and its keys below.
    Header,
    /// Its header and its keys, all behind `#`.
    HeaderOff,
    /// One line among the keys of the section above it.
    Inline(&'static str),
    /// The same line behind `#`.
    InlineOff(&'static str),
}

/// One key of the configuration.
#[derive(Debug)]
pub struct KeyRow {
    /// Its name in its section.
    pub name: &'static str,
    /// Which values it takes.
    pub kind: ValueKind,
    /// What holds where it is not written.
    pub preset: Preset,
    /// Whether an environment variable can set it; see [`environment_name`].
    pub environment: bool,
    /// Whether a running program takes a new value without a restart.
    pub reloadable: bool,
    /// How the sample file shows it.
    pub sample: SampleLine,
    /// What it is for, in one plain sentence.
    pub says: &'static str,
}

/// A row of the table. It has no environment variable, and the sample file shows its preset behind `#` if it has one.
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

impl KeyRow {
    /// An environment variable can set it.
    pub(super) const fn environment(mut self) -> Self {
        self.environment = true;
        self
    }

    /// The sample file sets it to this value, in TOML.
    pub(super) const fn set(mut self, value: &'static str) -> Self {
        self.sample = SampleLine::Set(value);
        self
    }

    /// The sample file shows this value behind `#`, in TOML.
    pub(super) const fn off(mut self, value: &'static str) -> Self {
        self.sample = SampleLine::Off(value);
        self
    }

    /// The sample file does not show it.
    pub(super) const fn hidden(mut self) -> Self {
        self.sample = SampleLine::Hidden;
        self
    }
}

/// How the sample file shows a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleLine {
    /// With its preset, behind `#`; not at all where it has none.
    Preset,
    /// With this value in TOML.
    Set(&'static str),
    /// With this value in TOML, behind `#`.
    Off(&'static str),
    /// Not at all.
    Hidden,
}

/// Which values a key takes. The words say how a value is written; messages about a wrong value repeat them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Text.
    Text(&'static str),
    /// Text on one line, with at most so many characters.
    Line(usize),
    /// Text that nothing shows: it is masked wherever the configuration is printed.
    Secret(&'static str),
    /// The address of a printer; its password is masked wherever the configuration is printed.
    PrinterUri(&'static str),
    /// The path of a file or folder; a relative one starts from the folder of the file in which it is written.
    Path(&'static str),
    /// A list of texts.
    Texts(&'static str),
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A whole number from the first to the second, both included.
    Integer(i64, i64),
    /// True or false.
    Flag,
    /// One letter from the first to the second, both included.
    Letter(char, char),
}

impl ValueKind {
    /// How a value is written, for a message such as "write …".
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

/// `"TEST" or "LIVE"`: the values in quotes, with a word before the last one.
pub(super) fn quoted(values: &[&str], word: &str) -> String {
    let mut text = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            let last = index + 1 == values.len();
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
pub(super) fn without_password(uri: &str) -> String {
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

/// What holds where a key is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Nothing: the key must be written wherever its section is.
    Required,
    /// This text.
    Text(&'static str),
    /// This number.
    Integer(i64),
    /// This flag.
    Flag(bool),
    /// An empty list.
    EmptyList,
    /// A value that the program computes; the words say from what.
    Computed(&'static str),
    /// No value; the words say what that means.
    Unset(&'static str),
}

impl Preset {
    /// The value in TOML, if there is one that can be written down.
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

/// How the names of all environment variables of the configuration begin.
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

/// As TOML would write it; a masked or absent value in words.
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
fn toml_text(text: &str) -> String {
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
