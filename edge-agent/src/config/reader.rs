//! Takes typed values out of the tree, by the rules of the table of keys, and collects every fault.
//!
//! A faulty value is treated as absent. No other module sees the result, because a reading with faults ends in an error.

use ferrotill_core::is_blank;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fault::{ConfigError, ConfigFault, SourcePlace};
use super::key::{
    KeyRow, Preset, SectionForm, SectionRow, ShownValue, ValueKind, quoted, without_password,
};
use super::schema;
use super::tree::{TomlEntry, TomlNode, TomlValue, join};
use ferrotill_core::event::Mode;

/// A value with its place, for the checks that compare several values.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) place: SourcePlace,
}

/// One table of the tree, its path, and its row in the table of keys.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    pub(super) path: String,
    pub(super) place: SourcePlace,
    pub(super) row: &'static SectionRow,
    entries: &'a [TomlEntry],
}

impl<'a> Section<'a> {
    /// A section that is not written: all its keys have their presets.
    pub(super) fn absent(path: String, place: SourcePlace, row: &'static SectionRow) -> Self {
        Self {
            path,
            place,
            row,
            entries: &[],
        }
    }

    /// The path of a key of this section.
    pub(super) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// True if the key is written, whether its value is right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.node(key).is_some()
    }

    /// The place of the key's value; if the key is not written, the place of the table.
    pub(super) fn place_of(&self, key: &str) -> SourcePlace {
        self.node(key)
            .map_or_else(|| self.place.clone(), |node| node.place.clone())
    }

    fn node(&self, key: &str) -> Option<&'a TomlNode> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
    }
}

/// One key with its value and the place where the value is written.
#[derive(Clone, Debug)]
pub struct KeyInForce {
    /// The key path, such as `device[0].name`.
    pub path: String,
    /// The path of the key's section in the table of keys.
    pub section: &'static str,
    /// The key's row in the table of keys.
    pub row: &'static KeyRow,
    /// The key's value.
    pub value: ShownValue,
    /// The place where the value is written; `None` for a default.
    pub place: Option<SourcePlace>,
    /// Tells the value from another one, also where the value is not shown.
    pub(super) mark: u64,
}

impl KeyInForce {
    /// The key of a section that is not written and has no values in force.
    #[must_use]
    pub fn absent(path: String, section: &'static str, row: &'static KeyRow) -> Self {
        Self {
            path,
            section,
            row,
            value: ShownValue::Unset,
            place: None,
            mark: preset_mark(row),
        }
    }

    /// True if the value is the one that applies without being written.
    pub(super) fn is_default(&self) -> bool {
        self.mark == preset_mark(self.row)
    }

    /// The path of the table that contains the key, such as `device[0]`.
    fn table(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(table, _)| table)
    }
}

/// Groups the keys by table and sorts the keys of each table as in the table of keys. The tables keep the order of reading.
pub(super) fn sorted(mut keys: Vec<KeyInForce>) -> Vec<KeyInForce> {
    let mut tables = BTreeMap::new();
    for key in &keys {
        let next = tables.len();
        tables.entry(key.table().to_owned()).or_insert(next);
    }
    keys.sort_by_cached_key(|key| {
        let row = schema::section(key.section).and_then(|section| {
            let mut rows = section.keys.iter();
            rows.position(|row| row.name == key.row.name)
        });
        (tables.get(key.table()).copied(), row)
    });
    keys
}

/// Collects faults, warnings and the keys in force while values are taken out.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) faults: Vec<ConfigFault>,
    pub(super) warnings: Vec<ConfigFault>,
    pub(super) in_force: Vec<KeyInForce>,
}

/// Methods for faults and warnings.
impl Reader {
    /// Adds a fault to the list.
    pub(super) fn fault(
        &mut self,
        place: &SourcePlace,
        key: String,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.faults.push(ConfigFault {
            place: place.clone(),
            key,
            what: what.into(),
            remedy: remedy.into(),
            is_denied: false,
            open_to_others: None,
        });
    }

    /// Adds the fault of a value that names a file which cannot be read. `remedy` is for a file that is missing or broken.
    pub(super) fn unreadable(
        &mut self,
        (place, key): (&SourcePlace, String),
        path: &Path,
        error: &io::Error,
        remedy: impl Into<String>,
    ) {
        let is_denied = error.kind() == io::ErrorKind::PermissionDenied;
        let remedy = match is_denied {
            true => "give the file to the user who runs the till, such as with chown, or run the command as the user to whom it belongs, such as with sudo".to_owned(),
            false => remedy.into(),
        };
        self.faults.push(ConfigFault {
            place: place.clone(),
            key,
            what: format!("{} cannot be read: {error}", path.display()),
            remedy,
            is_denied,
            open_to_others: None,
        });
    }

    /// Adds that other users may read a file with a secret: a fault of a LIVE till, and a warning of a TEST till.
    pub(super) fn open_to_others(
        &mut self,
        (place, key): (&SourcePlace, String),
        path: &Path,
        mode: Mode,
    ) {
        let fault = ConfigFault {
            place: place.clone(),
            key,
            what: format!("{} can be read by other users", path.display()),
            remedy: format!("run chmod 600 {}", path.display()),
            is_denied: false,
            open_to_others: Some(path.to_owned()),
        };
        match mode {
            Mode::Live => self.faults.push(fault),
            Mode::Test => self.warnings.push(fault),
        }
    }

    /// Adds a warning, which a person should read and which does not stop the program.
    pub(super) fn warn(
        &mut self,
        place: &SourcePlace,
        key: String,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.warnings.push(ConfigFault {
            place: place.clone(),
            key,
            what: what.into(),
            remedy: remedy.into(),
            is_denied: false,
            open_to_others: None,
        });
    }

    /// Returns all faults as one error, or nothing if there are none.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Faulty {
                faults: self.faults,
            })
        }
    }

    fn wrong_kind(&mut self, node: &TomlNode, key: String, rule: &str) {
        self.fault(
            &node.place,
            key,
            format!("is {}", node.value.kind()),
            format!("it {rule}"),
        );
    }
}

/// Methods that read sections.
impl Reader {
    /// The whole tree as a section.
    pub(super) fn root<'a>(&mut self, tree: &'a TomlNode) -> Option<Section<'a>> {
        self.section(tree, String::new(), &schema::ROOT)
    }

    /// The node as a section; a key or section that its row does not contain is a fault.
    fn section<'a>(
        &mut self,
        node: &'a TomlNode,
        path: String,
        row: &'static SectionRow,
    ) -> Option<Section<'a>> {
        let TomlValue::Table(entries) = &node.value else {
            self.wrong_kind(node, path, "must be a table");
            return None;
        };
        let section = Section {
            path,
            place: node.place.clone(),
            row,
            entries,
        };
        let names = || {
            let keys = row.keys.iter().map(|key| key.name);
            keys.chain(schema::below(row).map(SectionRow::name))
        };
        for entry in entries {
            if !names().any(|name| name == entry.key) {
                let allowed: Vec<&str> = names().collect();
                self.fault(
                    &entry.place,
                    section.path_of(&entry.key),
                    "is not a key of the configuration",
                    format!("allowed here: {}", allowed.join(", ")),
                );
            }
        }
        Some(section)
    }

    /// The section under a key; if it is not written, all its keys have their presets.
    pub(super) fn child<'a>(&mut self, parent: &Section<'a>, name: &str) -> Section<'a> {
        let path = parent.path_of(name);
        let row = self.row_below(parent, name);
        parent
            .node(name)
            .and_then(|node| self.section(node, path.clone(), row))
            .unwrap_or_else(|| Section::absent(path, parent.place.clone(), row))
    }

    /// The tables of a list under a key; if it is not written, there are none.
    pub(super) fn children<'a>(&mut self, parent: &Section<'a>, name: &str) -> Vec<Section<'a>> {
        let row = self.row_below(parent, name);
        let path = parent.path_of(name);
        let items: &'a [TomlNode] = match parent.node(name) {
            None => &[],
            Some(node) => match &node.value {
                TomlValue::List(items) => items,
                _ => {
                    self.wrong_kind(node, path.clone(), "must be a list of tables");
                    &[]
                }
            },
        };
        if let SectionForm::Tables { most, .. } = row.form
            && let Some(too_many) = items.get(most)
        {
            self.fault(
                &too_many.place,
                format!("{path}[{most}]"),
                format!(
                    "is one of {} tables, and there is room for {most}",
                    items.len()
                ),
                format!("write at most {most}"),
            );
        }
        let mut sections = Vec::new();
        for (index, node) in items.iter().enumerate() {
            sections.extend(self.section(node, format!("{path}[{index}]"), row));
        }
        sections
    }

    fn row_below(&mut self, parent: &Section<'_>, name: &str) -> &'static SectionRow {
        let row = schema::section(&join(parent.row.path, name));
        row.unwrap_or_else(|| {
            self.not_in_the_table(parent, name);
            &schema::ROOT
        })
    }
}

/// Methods that read values. Each returns `None` for a faulty value, and for a key that is not written and has no preset.
impl Reader {
    /// Reads text of any kind. Required text must contain more than spaces.
    pub(super) fn text(&mut self, section: &Section<'_>, name: &str) -> Option<Found<String>> {
        let (row, node) = self.take(section, name)?;
        let Some(node) = node else {
            let Preset::Text(text) = row.preset else {
                return None;
            };
            return Some(Found {
                value: text.to_owned(),
                place: section.place.clone(),
            });
        };
        let TomlValue::Text(text) = &node.value else {
            self.wrong_kind(node, section.path_of(name), "must be text in quotes");
            return None;
        };
        let fault = match row.kind {
            ValueKind::Line(most)
                if text.chars().count() > most || text.chars().any(char::is_control) =>
            {
                Some("does not fit on one line")
            }
            ValueKind::Path(_) if text.trim().is_empty() => Some("is empty"),
            ValueKind::Choice(_) => None,
            _ if row.preset == Preset::Required && is_blank(text) => {
                Some("is empty or shows nothing")
            }
            _ => None,
        };
        if let Some(what) = fault {
            let remedy = format!("write {}", row.kind.hint());
            self.fault(&node.place, section.path_of(name), what, remedy);
            return None;
        }
        Some(Found {
            value: text.clone(),
            place: node.place.clone(),
        })
    }

    /// Reads a path. A relative path starts from the folder of the file in which it is written.
    pub(super) fn path(&mut self, section: &Section<'_>, name: &str) -> Option<Found<PathBuf>> {
        let Found { value, place } = self.text(section, name)?;
        let path = match place.folder() {
            Some(folder) => folder.join(&value),
            None => PathBuf::from(&value),
        };
        Some(Found { value: path, place })
    }

    /// Reads one text of a choice and returns its meaning. `meanings` contains every text that the table allows.
    pub(super) fn choice<T: Copy>(
        &mut self,
        section: &Section<'_>,
        name: &str,
        meanings: &[(&str, T)],
    ) -> Option<T> {
        let found = self.text(section, name)?;
        let row = section.row.key(name)?;
        let ValueKind::Choice(allowed) = row.kind else {
            self.not_in_the_table(section, name);
            return None;
        };
        if !allowed.iter().eq(meanings.iter().map(|(text, _)| text)) {
            self.not_in_the_table(section, name);
        }
        let meaning = meanings.iter().find(|(text, _)| *text == found.value);
        if meaning.is_none() {
            self.fault(
                &found.place,
                section.path_of(name),
                format!("is {:?}", found.value),
                format!("allowed are {}", quoted(allowed, "and")),
            );
        }
        meaning.map(|(_, meaning)| *meaning)
    }

    /// Reads a list of texts.
    pub(super) fn texts(&mut self, section: &Section<'_>, name: &str) -> Vec<Found<String>> {
        let Some((_, Some(node))) = self.take(section, name) else {
            return Vec::new();
        };
        let path = section.path_of(name);
        let TomlValue::List(items) = &node.value else {
            self.wrong_kind(node, path, "must be a list of texts");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for (index, node) in items.iter().enumerate() {
            match &node.value {
                TomlValue::Text(text) => texts.push(Found {
                    value: text.clone(),
                    place: node.place.clone(),
                }),
                _ => self.wrong_kind(node, format!("{path}[{index}]"), "must be text in quotes"),
            }
        }
        texts
    }

    /// Reads a whole number within the bounds of its row.
    pub(super) fn number<T: TryFrom<i64>>(
        &mut self,
        section: &Section<'_>,
        name: &str,
    ) -> Option<T> {
        let (row, node) = self.take(section, name)?;
        let ValueKind::Integer(first, last) = row.kind else {
            self.not_in_the_table(section, name);
            return None;
        };
        let (number, place) = match (node, row.preset) {
            (None, Preset::Integer(number)) => (number, section.place.clone()),
            (None, _) => return None,
            (Some(node), _) => {
                let TomlValue::Integer(number) = node.value else {
                    self.wrong_kind(node, section.path_of(name), "must be a whole number");
                    return None;
                };
                (number, node.place.clone())
            }
        };
        let fitting = T::try_from(number)
            .ok()
            .filter(|_| (first..=last).contains(&number));
        if fitting.is_none() {
            self.fault(
                &place,
                section.path_of(name),
                format!("is {number}"),
                format!("allowed are {first} to {last}"),
            );
        }
        fitting
    }

    /// Reads a whole number of milliseconds.
    pub(super) fn milliseconds(&mut self, section: &Section<'_>, name: &str) -> Option<Duration> {
        self.number(section, name).map(Duration::from_millis)
    }

    /// Reads a whole number of seconds.
    pub(super) fn seconds(&mut self, section: &Section<'_>, name: &str) -> Option<Duration> {
        self.number(section, name).map(Duration::from_secs)
    }

    /// Reads true or false; a faulty value is read as false.
    pub(super) fn flag(&mut self, section: &Section<'_>, name: &str) -> bool {
        let Some((row, node)) = self.take(section, name) else {
            return false;
        };
        match (node.map(|node| (&node.value, node)), row.preset) {
            (None, Preset::Flag(flag)) => flag,
            (Some((TomlValue::Flag(flag), _)), _) => *flag,
            (Some((_, node)), _) => {
                self.wrong_kind(node, section.path_of(name), "must be true or false");
                false
            }
            (None, _) => false,
        }
    }

    /// Reads one letter within the bounds of its row.
    pub(super) fn letter(&mut self, section: &Section<'_>, name: &str) -> Option<char> {
        let found = self.text(section, name)?;
        let row = section.row.key(name)?;
        let ValueKind::Letter(first, last) = row.kind else {
            self.not_in_the_table(section, name);
            return None;
        };
        let mut letters = found.value.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None)
                if (first..=last).contains(&letter) && letter.is_ascii_alphabetic() =>
            {
                Some(letter)
            }
            _ => {
                self.fault(
                    &found.place,
                    section.path_of(name),
                    format!("is {:?}", found.value),
                    format!("write one letter from {first} to {last}"),
                );
                None
            }
        }
    }

    /// Notes the value that the program has computed for a key that is not written, so that `config show` can print it.
    pub(super) fn computed(&mut self, section: &Section<'_>, name: &str, value: ShownValue) {
        let path = section.path_of(name);
        let key = self.in_force.iter_mut().rev().find(|key| key.path == path);
        if let Some(key) = key.filter(|key| key.place.is_none()) {
            key.value = value;
        }
    }

    /// The row of a key and its written node, which is noted for `config show`. A required key that is not written is a fault.
    fn take<'a>(
        &mut self,
        section: &Section<'a>,
        name: &str,
    ) -> Option<(&'static KeyRow, Option<&'a TomlNode>)> {
        let Some(row) = section.row.key(name) else {
            self.not_in_the_table(section, name);
            return None;
        };
        let node = section.node(name);
        if node.is_none() && row.preset == Preset::Required {
            self.fault(
                &section.place,
                section.path_of(name),
                "is missing",
                format!("add it: {}", row.kind.hint()),
            );
        }
        self.in_force.push(KeyInForce {
            path: section.path_of(name),
            section: section.row.path,
            row,
            value: node.map_or_else(|| preset(row), |node| shown(&node.value, row.kind)),
            place: node.map(|node| node.place.clone()),
            mark: node.map_or_else(|| preset_mark(row), |node| mark(&node.value)),
        });
        Some((row, node))
    }

    /// The reader and the table of keys contradict each other, which is a mistake in this program. Every reading reports the
    /// mistake, so that no test can miss it.
    fn not_in_the_table(&mut self, section: &Section<'_>, name: &str) {
        self.fault(
            &section.place,
            section.path_of(name),
            "is read in another way than the table of keys says",
            "report this mistake of the program",
        );
    }
}

fn preset(row: &KeyRow) -> ShownValue {
    match row.preset {
        Preset::Text(text) => ShownValue::Text(text.to_owned()),
        Preset::Integer(number) => ShownValue::Integer(number),
        Preset::Flag(flag) => ShownValue::Flag(flag),
        Preset::EmptyList => ShownValue::List(Vec::new()),
        Preset::Required | Preset::Computed(_) | Preset::Unset(_) => ShownValue::Unset,
    }
}

/// Tells one value from another within this process. The mark of a secret does not show it.
fn mark(value: &TomlValue) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash_value(value, &mut hasher);
    hasher.finish()
}

fn hash_value(value: &TomlValue, hasher: &mut DefaultHasher) {
    match value {
        TomlValue::Text(text) => (0_u8, text).hash(hasher),
        TomlValue::Integer(number) => (1_u8, number).hash(hasher),
        TomlValue::Flag(flag) => (2_u8, flag).hash(hasher),
        TomlValue::List(items) => {
            (3_u8, items.len()).hash(hasher);
            for item in items {
                hash_value(&item.value, hasher);
            }
        }
        // No key has such a value.
        TomlValue::Decimal | TomlValue::Date | TomlValue::Table(_) => 4_u8.hash(hasher),
    }
}

fn preset_mark(row: &KeyRow) -> u64 {
    match row.preset {
        Preset::Text(text) => mark(&TomlValue::Text(text.to_owned())),
        Preset::Integer(number) => mark(&TomlValue::Integer(number)),
        Preset::Flag(flag) => mark(&TomlValue::Flag(flag)),
        Preset::EmptyList => mark(&TomlValue::List(Vec::new())),
        Preset::Required | Preset::Computed(_) | Preset::Unset(_) => mark(&TomlValue::Decimal),
    }
}

fn shown(value: &TomlValue, kind: ValueKind) -> ShownValue {
    match value {
        _ if matches!(kind, ValueKind::Secret(_)) => ShownValue::Masked,
        TomlValue::Text(text) if matches!(kind, ValueKind::PrinterUri(_)) => {
            ShownValue::Text(without_password(text))
        }
        TomlValue::Text(text) => ShownValue::Text(text.clone()),
        TomlValue::Integer(number) => ShownValue::Integer(*number),
        TomlValue::Flag(flag) => ShownValue::Flag(*flag),
        TomlValue::List(items) => {
            ShownValue::List(items.iter().map(|item| shown(&item.value, kind)).collect())
        }
        // No key has a value of these types: reading reports a fault, and the value is not shown.
        TomlValue::Decimal | TomlValue::Date | TomlValue::Table(_) => ShownValue::Unset,
    }
}
