//! `config`: checks and prints a configuration, and prints the pages that are made from the table of keys.

mod set;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::client::{Client, url_of};
use super::{CliFailure, CliOutput, Exit, default_config};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::config::{
    Config, ConfigError, ConfigFault, ExplainedConfig, KeyInForce, KeyRow, Overrides, Preset,
    Secret, SectionForm, SectionRow, ShownValue, SourcePlace, ValueKind, environment_name, pages,
    schema, without_secrets,
};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `config`.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    #[command(subcommand)]
    task: ConfigTask,
}

/// The commands of `config`.
#[derive(Debug, Subcommand)]
enum ConfigTask {
    /// Checks the configuration; if it has faults, prints all of them and exits with 3.
    Check(SourceArguments),
    /// Prints every key with the value in force; secrets are masked.
    Show(ShowArguments),
    /// Changes keys in the configuration file, keeping comments and order, after the whole result was checked.
    Set(set::SetArguments),
    /// Prints the reference page of all keys in Markdown.
    Reference,
    /// Prints the sample configuration file.
    Sample,
    /// Prints the manual page ferrotill.toml(5).
    Man,
}

/// The configuration file.
#[derive(Debug, Args)]
struct SourceFile {
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
}

/// The configuration file, and the flags that override it.
#[derive(Debug, Args)]
struct SourceArguments {
    #[command(flatten)]
    file: SourceFile,
    /// The address that `run --listen` would use.
    #[arg(long)]
    listen: Option<String>,
    /// The data folder that `run --data` would use.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// The arguments of `config show`.
#[derive(Debug, Args)]
struct ShowArguments {
    #[command(flatten)]
    source: SourceArguments,
    /// Prints where each value comes from: flag, environment, file with line, or default.
    #[arg(long)]
    origin: bool,
}

pub(super) fn run(arguments: &ConfigArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    match &arguments.task {
        ConfigTask::Check(source) => {
            let explained = load(source)?;
            report_check(
                &explained.config,
                &restart_needed(&explained.config),
                output,
            );
        }
        ConfigTask::Show(arguments) => {
            let mut keys = load(&arguments.source)?.keys;
            add_sections_that_are_not_written(&mut keys);
            show(&keys, arguments, output);
        }
        ConfigTask::Set(arguments) => return set::run(arguments, output),
        ConfigTask::Reference if output.json => output.json(&table()),
        ConfigTask::Reference => page("reference", &pages::reference(), output),
        ConfigTask::Sample => page("sample", &pages::sample(), output),
        ConfigTask::Man => page("man", &pages::man(), output),
    }
    Ok(Exit::Done)
}

/// Reads the configuration and checks it as `run` does.
fn load(source: &SourceArguments) -> Result<ExplainedConfig, CliFailure> {
    let overrides = Overrides {
        listen: source.listen.clone(),
        data_dir: source.data.clone(),
    };
    let loaded = Config::explain(&source.file.config, &overrides, std::env::vars_os()).and_then(
        |explained| {
            check(&explained.config)?;
            Ok(explained)
        },
    );
    Ok(loaded?)
}

/// The keys whose new values need a restart, as the running agent has found at its last reload; none if no agent runs.
fn restart_needed(config: &Config) -> Vec<JsonValue> {
    let Ok(clock) = Clock::new(None) else {
        return Vec::new();
    };
    let url = url_of(config.api.listen);
    let client = Client::new(url, "", Secret::new(String::new()), None, Arc::new(clock));
    let health = client.hurried().look("/healthz").ok();
    match health.and_then(|health| health.body.get("restart_needed").cloned()) {
        Some(JsonValue::Array(keys)) => keys,
        _ => Vec::new(),
    }
}

fn report_check(config: &Config, restart_needed: &[JsonValue], output: CliOutput) {
    for warning in &config.warnings {
        output.text(&format!("warning: {warning}"));
    }
    output.text("the configuration has no faults");
    for key in restart_needed {
        output.text(&format!("{}: the new value needs a restart", key.scalar()));
    }
    let warnings = config.warnings.iter().map(fault_document);
    output.json(&object! {
        "ok" => true,
        "warnings" => JsonValue::Array(warnings.collect()),
        "restart_needed" => JsonValue::Array(restart_needed.to_vec()),
    });
}

fn show(keys: &[KeyInForce], arguments: &ShowArguments, output: CliOutput) {
    let main_file = &arguments.source.file.config;
    if output.json {
        let keys = keys.iter().map(|key| key_document(key, main_file));
        output.json(&object! { "keys" => JsonValue::Array(keys.collect()) });
        return;
    }
    for key in keys {
        let origin = if arguments.origin {
            format!("  # {}", origin_words(key, main_file))
        } else {
            String::new()
        };
        output.text(&format!("{} = {}{origin}", key.path, key.value.masked()));
    }
}

/// Adds the keys of the tables that are not written and have no values in force, so that every key is shown.
fn add_sections_that_are_not_written(keys: &mut Vec<KeyInForce>) {
    let mut absent = Vec::new();
    for (section, row) in schema::keys() {
        for table in tables_of(section, keys) {
            let path = match table.as_str() {
                "" => row.name.to_owned(),
                table => format!("{table}.{}", row.name),
            };
            if !keys.iter().any(|key| key.path == path) {
                absent.push(KeyInForce::absent(path, section.path, row));
            }
        }
    }
    keys.extend(absent);
}

/// The paths of a section's tables: of a list those that are written, otherwise the one in each table above it.
fn tables_of(section: &SectionRow, keys: &[KeyInForce]) -> BTreeSet<String> {
    if section.path.is_empty() {
        return BTreeSet::from([String::new()]);
    }
    if section.form == SectionForm::Table {
        let above = schema::section(section.parent());
        let above = above.map_or_else(BTreeSet::new, |above| tables_of(above, keys));
        let table = |above: String| match above.as_str() {
            "" => section.name().to_owned(),
            above => format!("{above}.{}", section.name()),
        };
        return above.into_iter().map(table).collect();
    }
    let of_section = keys.iter().filter(|key| key.section == section.path);
    of_section
        .filter_map(|key| Some(key.path.rsplit_once('.')?.0.to_owned()))
        .collect()
}

/// Prints the page for people, or one JSON document with the page for programs.
fn page(name: &'static str, text: &str, output: CliOutput) {
    if output.json {
        output.json(&JsonValue::Object(vec![(name.into(), text.into())]));
    } else {
        output.text(text.trim_end_matches('\n'));
    }
}

fn key_document(key: &KeyInForce, main_file: &Path) -> JsonValue {
    let (line, column) = match &key.place {
        Some(SourcePlace::File { line, column, .. }) => (Some(*line), Some(*column)),
        _ => (None, None),
    };
    let source = match &key.place {
        Some(SourcePlace::File { file, .. }) => Some(file.display().to_string()),
        Some(SourcePlace::Environment(name)) => Some(name.clone()),
        Some(SourcePlace::Flag(name)) => Some((*name).to_owned()),
        None => None,
    };
    object! {
        "key" => key.path.as_str(),
        "value" => value_document(&key.value),
        "masked" => key.value == ShownValue::Masked,
        "origin" => origin_kind(key, main_file),
        "source" => source,
        "line" => line,
        "column" => column,
    }
}

/// A value as JSON, without the secrets of an address.
pub(super) fn value_document(value: &ShownValue) -> JsonValue {
    match value {
        ShownValue::Text(text) => JsonValue::from(without_secrets(text)),
        ShownValue::Integer(number) => JsonValue::from(*number),
        ShownValue::Flag(flag) => JsonValue::from(*flag),
        ShownValue::List(items) => JsonValue::Array(items.iter().map(value_document).collect()),
        ShownValue::Masked | ShownValue::Unset => JsonValue::Null,
    }
}

fn origin_kind(key: &KeyInForce, main_file: &Path) -> &'static str {
    match &key.place {
        None => "default",
        Some(SourcePlace::Flag(_)) => "flag",
        Some(SourcePlace::Environment(_)) => "environment",
        Some(SourcePlace::File { file, .. }) if **file == *main_file => "file",
        Some(SourcePlace::File { .. }) => "conf.d",
    }
}

fn origin_words(key: &KeyInForce, main_file: &Path) -> String {
    match &key.place {
        None => "default".to_owned(),
        Some(place @ SourcePlace::File { .. }) => {
            format!("{} {place}", origin_kind(key, main_file))
        }
        Some(place) => place.to_string(),
    }
}

/// The document of an error of the configuration, with all its faults.
pub(super) fn error_document(error: &ConfigError) -> JsonValue {
    let (code, fix, faults): (_, _, &[ConfigFault]) = match error {
        ConfigError::Unreadable { .. } => (
            "configuration_unreadable",
            "check that the file exists and that this user may read it".to_owned(),
            &[],
        ),
        ConfigError::Faulty { faults } => {
            let fix = match faults.as_slice() {
                [only] => only.remedy.clone(),
                _ => "correct every fault; each one says how".to_owned(),
            };
            ("configuration_faulty", fix, faults)
        }
    };
    object! {
        "error" => object! {
            "code" => code,
            "message" => error.to_string(),
            "fix" => fix,
            "faults" => JsonValue::Array(faults.iter().map(fault_document).collect()),
        }
    }
}

fn fault_document(fault: &ConfigFault) -> JsonValue {
    object! {
        "place" => fault.place.to_string(),
        "key" => fault.key.as_str(),
        "message" => fault.what.as_str(),
        "fix" => fault.remedy.as_str(),
    }
}

/// The table of keys as one JSON document.
fn table() -> JsonValue {
    let sections = schema::SECTIONS.iter().map(|section| {
        let keys = section.keys.iter().map(|key| row(section, key));
        object! {
            "section" => section.path,
            "list" => section.form != SectionForm::Table,
            "says" => section.says,
            "keys" => JsonValue::Array(keys.collect()),
        }
    });
    object! { "sections" => JsonValue::Array(sections.collect()) }
}

fn row(section: &SectionRow, key: &KeyRow) -> JsonValue {
    object! {
        "key" => key.name,
        "kind" => kind_name(key.kind),
        "values" => key.kind.hint(),
        "required" => key.preset == Preset::Required,
        "default" => key.preset.toml(),
        "environment" => key.environment.then(|| environment_name(section.path, key.name)),
        "reloadable" => key.reloadable,
        "says" => key.says,
    }
}

const fn kind_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Text(_) | ValueKind::Line(_) | ValueKind::PrinterUri(_) => "text",
        ValueKind::Secret(_) => "secret",
        ValueKind::Path(_) => "path",
        ValueKind::Texts(_) => "list of texts",
        ValueKind::Choice(_) => "choice",
        ValueKind::Integer(..) => "integer",
        ValueKind::Flag => "flag",
        ValueKind::Letter(..) => "letter",
    }
}
