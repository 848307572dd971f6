//! `export`: the documents of a time as tables for an accountant, with a check for gaps and a manifest.

mod gaps;
pub(in crate::cli) mod table;
mod tables;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use ferrotill_core::document::DocumentKind;
use uuid::Uuid;

use super::data_folder::{exit_of_file, unreadable};
use super::period::PeriodArguments;
use super::receipts::refuse_unknown_device;
use super::words::counted;
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides};
use crate::object;
use crate::time::clock::{iso_utc, system_ms, zone_of};
use ferrotill_store::Reader;
use gaps::{ExportGap, GapCheck};
use table::{TableForm, TableLocale, WrittenTable};
use tables::ExportTables;

/// The arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    #[command(flatten)]
    period: PeriodArguments,
    /// The id of the device, instead of all of them.
    #[arg(long, value_name = "ID")]
    device: Option<Uuid>,
    /// The form of the files.
    #[arg(long = "as", value_enum, default_value_t = TableForm::Csv)]
    form: TableForm,
    /// The language whose spreadsheets read the CSV files; without it, the language of the till's country.
    #[arg(long, value_enum)]
    locale: Option<TableLocale>,
    /// The folder for the files. It must be empty or not exist.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The data folder, instead of the configured one.
    #[arg(long)]
    data: Option<PathBuf>,
}

pub(super) fn run(arguments: &ExportArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: None,
        data_dir: arguments.data.clone(),
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let facts = check(&config)?.facts();
    let zone = config.till.zone(facts);
    let zone = zone_of(zone).map_err(CliFailure::failed)?;
    let limits = arguments.period.limits(&zone)?;
    let locale = arguments
        .locale
        .unwrap_or_else(|| TableLocale::of(facts.language));
    let reader = Reader::new(&config.till.data_dir);
    if let Some(device) = arguments.device {
        refuse_unknown_device(device, &config, &reader)?;
    }
    let out = &arguments.out;
    empty_folder(out)?;
    let unwritable = |error: io::Error| {
        let text = anyhow!(
            "{} cannot be written: {error}; check the disk, and give an empty folder",
            out.display()
        );
        CliFailure::new(exit_of_file(&error, Exit::Failed), text)
    };
    let mut tables =
        ExportTables::begin(out, (arguments.form, locale), facts.currency).map_err(unwritable)?;
    let mut check = GapCheck::new(facts.currency);
    let mut failed = None;
    reader
        .each_within(arguments.device, &DocumentKind::ALL, limits, |stored| {
            check.document(&stored);
            match tables.document(&stored) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
        .map_err(|error| unreadable(&config.till.data_dir, error))?;
    if let Some(error) = failed {
        return Err(unwritable(error));
    }
    reader
        .each_without_outcome(arguments.device, limits, |stored| {
            check.without_outcome(&stored)
        })
        .map_err(|error| unreadable(&config.till.data_dir, error))?;
    let gaps = check.end(&reader).map_err(CliFailure::failed)?;
    let written = tables.end().map_err(unwritable)?;
    let manifest = manifest(
        arguments,
        (facts.code, facts.currency.code()),
        &written,
        &gaps,
    );
    fs::write(out.join(MANIFEST), format!("{manifest}\n")).map_err(unwritable)?;
    report(out, &written, &gaps, output);
    output.json(&manifest);
    let faulty = gaps.iter().any(|gap| gap.is_fault);
    Ok(if faulty { Exit::Failed } else { Exit::Done })
}

/// The file that names the others with their SHA-256.
const MANIFEST: &str = "manifest.json";

/// Makes the folder, or refuses one that has something in it.
fn empty_folder(out: &Path) -> Result<(), CliFailure> {
    let unusable = |code, why: &str| {
        let text = anyhow!("{} {why}; give an empty folder with --out", out.display());
        CliFailure::new(code, text)
    };
    let not_done = |done: &str, error: io::Error| {
        let code = exit_of_file(&error, Exit::Usage);
        unusable(code, &format!("cannot be {done}: {error}"))
    };
    fs::create_dir_all(out).map_err(|error| not_done("made", error))?;
    let mut entries = fs::read_dir(out).map_err(|error| not_done("read", error))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(unusable(Exit::Usage, "has files in it")),
    }
}

fn manifest(
    arguments: &ExportArguments,
    (country, currency): (&str, &str),
    written: &[WrittenTable],
    gaps: &[ExportGap],
) -> JsonValue {
    let (from, to) = arguments.period.named();
    let files = written.iter().map(|table| {
        object! {
            "file" => table.file_name.clone(),
            "rows" => table.rows,
            "bytes" => table.bytes,
            "sha256" => table.sha256.clone(),
        }
    });
    object! {
        "complete" => !gaps.iter().any(|gap| gap.is_fault),
        "made_at" => iso_utc(system_ms()),
        "program" => env!("CARGO_PKG_VERSION"),
        "from" => from,
        "to" => to,
        "country" => country,
        "currency" => currency,
        "files" => JsonValue::Array(files.collect()),
        "gaps" => JsonValue::Array(gaps.iter().map(ExportGap::json).collect()),
    }
}

fn report(out: &Path, written: &[WrittenTable], gaps: &[ExportGap], output: CliOutput) {
    if output.json {
        return;
    }
    for table in written {
        let path = out.join(&table.file_name);
        output.text(&format!(
            "{}: {}",
            path.display(),
            counted(table.rows, "row")
        ));
    }
    output.text(&format!(
        "{}: the SHA-256 of each",
        out.join(MANIFEST).display()
    ));
    for gap in gaps {
        let mark = if gap.is_fault { "GAP" } else { "note" };
        output.text(&format!("{mark}: {}", gap.says()));
    }
    let is_empty = written.iter().all(|table| table.rows == 0);
    if is_empty && gaps.is_empty() {
        output
            .text("there is no document in this time; look at the month or the days that you gave");
    } else if gaps.is_empty() {
        output.text("no number and no Z-report is missing");
    }
}
