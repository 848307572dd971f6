//! `config set`: changes keys in the configuration file, after the whole result was checked.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::anyhow;
use clap::Args;

use super::{SourceFile, value_document};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::api::nearest::nearest;
use crate::cli::{CliFailure, CliOutput, Exit};
use crate::config::{
    ChangedFile, Config, ExplainedConfig, KeyInForce, KeyPath, NotSet, Overrides, SectionForm,
    ShownValue, SourcePlace, ValueKind, WrongPosition, schema, toml_value, with_key,
};
use crate::explanation::{Explanation, why_of};
use crate::object;
use crate::secret_file::replace_file;

/// The arguments of `config set`.
#[derive(Debug, Args)]
pub(super) struct SetArguments {
    /// The key, such as `upstream.url` or `device[0].name`, and its value; several pairs are written together or not at all. The value `-` is read from standard input, which keeps a secret out of the list of processes.
    #[arg(required = true, num_args = 2.., value_names = ["KEY", "VALUE"], allow_negative_numbers = true)]
    pairs: Vec<String>,
    #[command(flatten)]
    file: SourceFile,
    /// Says what would be written, and writes nothing.
    #[arg(long)]
    dry_run: bool,
}

/// A key and its value before and after.
struct Change<'a> {
    path: String,
    before: Option<&'a KeyInForce>,
    after: &'a KeyInForce,
    /// The value as it is written in the file differs from the one before, or was not written there.
    is_new: bool,
}

pub(super) fn run(arguments: &SetArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let file = &arguments.file.config;
    let wanted = wanted(&arguments.pairs)?;
    let text = fs::read_to_string(file)
        .map_err(|error| unusable("the configuration cannot be read", file, &error))?;
    // A configuration with faults may be what a person wants to correct. Then the values before are not known.
    let before = explained(file, None).ok();
    let mut changed = text.clone();
    for (path, value) in &wanted {
        changed = with_key(&changed, path, value)
            .map_err(|reason| not_set(&reason, path, file, before.as_ref()))?;
    }
    let changed_file = ChangedFile {
        path: file,
        text: &changed,
    };
    let after = explained(file, Some(changed_file))?;
    check(&after.config)?;
    let mut changes = Vec::new();
    for (path, _) in &wanted {
        changes.push(change(path, file, before.as_ref(), &after)?);
    }
    let is_new = changed != text && changes.iter().any(|change| change.is_new);
    let written = is_new && !arguments.dry_run;
    if written {
        replace_file(file, changed.as_bytes())
            .map_err(|error| unusable("the configuration cannot be written", file, &error))?;
    }
    let of_written = changes.iter().filter(|change| written && change.is_new);
    let needs_restart = of_written.clone().any(|it| !it.after.row.reloadable);
    let next = match (written, needs_restart) {
        (false, _) => "Nothing is written.",
        (true, true) => {
            "A till that runs uses the value after its restart: sudo systemctl restart ferrotill"
        }
        (true, false) => {
            "A till that runs uses the value after a reload: sudo systemctl reload ferrotill"
        }
    };
    say(&changes, &after.config, (next, written), output);
    let documents = changes.iter().map(document).collect();
    output.json(&object! {
        "file" => file.display().to_string(),
        "changes" => JsonValue::Array(documents),
        "written" => written,
        "restart" => needs_restart,
        "reload" => written && !needs_restart,
    });
    Ok(Exit::Done)
}

fn say(changes: &[Change<'_>], config: &Config, (next, written): (&str, bool), output: CliOutput) {
    for change in changes {
        let after = change.after.value.masked();
        let place = place_of(change.after);
        output.text(&match (change.is_new, written) {
            (false, _) => format!("{}: is {after} already ({place})", change.path),
            (true, true) => format!(
                "{} = {after} ({place}), before {}",
                change.path,
                was(change)
            ),
            (true, false) => format!(
                "{}: would write {after} ({place}), now {}",
                change.path,
                was(change)
            ),
        });
    }
    for warning in &config.warnings {
        output.warning(&warning.to_string());
    }
    output.text(next);
}

/// The value before the change, in words.
fn was(change: &Change<'_>) -> String {
    match change.before {
        Some(before) if before.place.is_none() && before.value != ShownValue::Unset => {
            format!("{} (default)", before.value.masked())
        }
        Some(before) => before.value.masked().to_string(),
        None => ShownValue::Unset.to_string(),
    }
}

fn document(change: &Change<'_>) -> JsonValue {
    let before = change.before.map(|before| value_document(&before.value));
    object! {
        "key" => change.path.as_str(),
        "before" => before.unwrap_or(JsonValue::Null),
        "value" => value_document(&change.after.value),
        "masked" => change.after.value == ShownValue::Masked,
        "changed" => change.is_new,
    }
}

fn place_of(key: &KeyInForce) -> String {
    key.place
        .as_ref()
        .map_or_else(|| "default".to_owned(), ToString::to_string)
}

/// The keys and their values, written in TOML.
fn wanted(pairs: &[String]) -> Result<Vec<(KeyPath, String)>, CliFailure> {
    let mut wanted: Vec<(KeyPath, String)> = Vec::new();
    for pair in pairs.chunks(2) {
        let [key, typed] = pair else {
            let key = pair.first().map_or("", String::as_str);
            return Err(usage(format!(
                "{key}: the value is missing; write KEY VALUE, each value after its key"
            )));
        };
        let (path, kind) = known_key(key)?;
        if wanted.iter().any(|(other, _)| *other == path) {
            return Err(usage(format!("{key}: is given twice; write it once")));
        }
        let typed = match typed.as_str() {
            "-" => from_standard_input(key)?,
            typed => typed.to_owned(),
        };
        wanted.push((path, toml_value(kind, &typed)));
    }
    Ok(wanted)
}

/// The longest value that is read from standard input, in bytes.
const VALUE_BYTES_MAX: u64 = 64 * 1024;

fn from_standard_input(key: &str) -> Result<String, CliFailure> {
    let mut typed = String::new();
    io::stdin()
        .take(VALUE_BYTES_MAX.saturating_add(1))
        .read_to_string(&mut typed)
        .map_err(|error| usage(format!("{key}: standard input cannot be read: {error}")))?;
    if u64::try_from(typed.len()).unwrap_or(u64::MAX) > VALUE_BYTES_MAX {
        return Err(usage(format!(
            "{key}: the value is longer than {VALUE_BYTES_MAX} bytes"
        )));
    }
    Ok(typed.trim_end_matches(['\r', '\n']).to_owned())
}

/// The path of a key of the table of keys, and its kind.
fn known_key(key: &str) -> Result<(KeyPath, ValueKind), CliFailure> {
    let unknown = || {
        let hint = nearest_key(key).map_or_else(
            || "`ferrotill config show` has all keys".to_owned(),
            |nearest| format!("the nearest one is {nearest}"),
        );
        usage(format!("{key}: is not a key of the configuration; {hint}"))
    };
    let path = KeyPath::parse(key).ok_or_else(unknown)?;
    let (_, row) = path.row().ok_or_else(unknown)?;
    match path.wrong_position() {
        None => Ok((path, row.kind)),
        Some(WrongPosition::Missing(list)) => Err(usage(format!(
            "{key}: {list} is a list; write the position of its table, {list}[0] for the first"
        ))),
        Some(WrongPosition::NoList(table)) => Err(usage(format!(
            "{key}: {table} is one table and no list; leave the position out"
        ))),
    }
}

/// The key that a person has probably meant, with a position for each list.
fn nearest_key(given: &str) -> Option<String> {
    let plain: String = {
        let mut within = false;
        let letters = given.chars().filter(|letter| match letter {
            '[' => {
                within = true;
                false
            }
            ']' => {
                within = false;
                false
            }
            _ => !within,
        });
        letters.collect()
    };
    let keys: Vec<(String, String)> = schema::keys()
        .map(|(section, key)| {
            let mut shown = String::new();
            let mut path = String::new();
            for name in section.path.split('.') {
                path = match path.as_str() {
                    "" => name.to_owned(),
                    above => format!("{above}.{name}"),
                };
                let is_list =
                    schema::section(&path).is_some_and(|row| row.form != SectionForm::Table);
                shown.push_str(&format!("{name}{}.", if is_list { "[0]" } else { "" }));
            }
            let path = format!("{path}.{}", key.name).replace('.', "/");
            (path, format!("{shown}{}", key.name))
        })
        .collect();
    let found = nearest(
        &plain.replace('.', "/"),
        keys.iter().map(|(path, _)| path.as_str()),
    )?;
    let found = keys.iter().find(|(path, _)| path == found)?;
    Some(found.1.clone())
}

/// What became of a key: its value must be in force, and must come from the file that was changed.
fn change<'a>(
    path: &KeyPath,
    file: &Path,
    before: Option<&'a ExplainedConfig>,
    after: &'a ExplainedConfig,
) -> Result<Change<'a>, CliFailure> {
    let path = path.to_string();
    let find = |explained: &'a ExplainedConfig| explained.keys.iter().find(|key| key.path == path);
    let elsewhere = |words: String| {
        let explained = Explanation::new(
            "the value would have no effect",
            path.clone(),
            words,
            "change it there, or remove it there first; nothing is written",
        );
        CliFailure::new(Exit::Configuration, anyhow!("{explained}"))
    };
    let after = find(after)
        .ok_or_else(|| elsewhere("another file has the table that is in force".to_owned()))?;
    match &after.place {
        Some(SourcePlace::File { file: of_key, .. }) if **of_key == *file => {}
        Some(SourcePlace::Environment(name)) => {
            return Err(elsewhere(format!(
                "the environment variable {name} sets the key, and wins"
            )));
        }
        Some(place) => return Err(elsewhere(format!("{place} sets the key, and wins"))),
        None => {
            return Err(elsewhere(
                "another file has the table that is in force".to_owned(),
            ));
        }
    }
    let before = before.and_then(find);
    // Whether a secret is another one than before is not looked at here: it is written again.
    let is_new = before.is_none_or(|before| {
        before.place.is_none() || before.value != after.value || after.value == ShownValue::Masked
    });
    Ok(Change {
        path,
        before,
        after,
        is_new,
    })
}

fn not_set(
    reason: &NotSet,
    path: &KeyPath,
    file: &Path,
    before: Option<&ExplainedConfig>,
) -> CliFailure {
    let file = file.display();
    match reason {
        NotSet::NotToml => CliFailure::new(
            Exit::Configuration,
            anyhow!(
                "{file}: is not TOML; correct it with an editor, `ferrotill config check` names the line"
            ),
        ),
        NotSet::NoTable(table) => {
            let path = path.to_string();
            let of_other_file = before.and_then(|before| {
                let begin = format!("{table}.");
                let mut keys = before.keys.iter();
                keys.find(|key| key.path.starts_with(&begin) && key.place.is_some())
            });
            match of_other_file {
                Some(key) => CliFailure::new(
                    Exit::Configuration,
                    anyhow!(
                        "{path}: {file} has no {table}, which is in another file ({}); change it there",
                        place_of(key)
                    ),
                ),
                None => usage(format!(
                    "{path}: {file} has no {table}; add the table with an editor, and then set its keys"
                )),
            }
        }
    }
}

/// The configuration, as it is or as it would be.
fn explained(file: &Path, changed: Option<ChangedFile<'_>>) -> Result<ExplainedConfig, CliFailure> {
    let overrides = Overrides::default();
    Ok(Config::explain_changed(
        file,
        changed,
        &overrides,
        std::env::vars_os(),
    )?)
}

fn usage(text: String) -> CliFailure {
    CliFailure::new(Exit::Usage, anyhow!("{text}"))
}

fn unusable(what: &'static str, file: &Path, error: &io::Error) -> CliFailure {
    let (code, fix) = match error.kind() {
        io::ErrorKind::PermissionDenied => (Exit::Permission, "run the command with sudo"),
        io::ErrorKind::NotFound => (
            Exit::Configuration,
            "make it with `ferrotill init`, or name another file with --config",
        ),
        _ => (Exit::Failed, "look at the file and at the disk"),
    };
    let explained = Explanation::new(what, file.display().to_string(), why_of(error), fix);
    CliFailure::new(code, anyhow!("{explained}"))
}
