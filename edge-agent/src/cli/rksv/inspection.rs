//! `rksv inspection`: what an inspector asks for, in one ZIP file: a Nullbeleg of this moment (§ 8 Abs. 2), the protocols (DEP, § 7), every
//! line, change and void (§ 131 BAO), and the registers, signature units and outages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use ferrotill_core::event::{Event, RegistrationStep};
use ferrotill_store::{Reader, StoreError};
use uuid::Uuid;

use super::export::{
    CashBoxOfTill, FolderArguments, Wanted, cash_boxes, digest_of, open, write_protocol,
};
use super::inspection_rows::{FORM, write_rows};
use super::{orders, unopened, zip};
use crate::api::json::JsonValue;
use crate::cli::export::table::{Cell, Table};
use crate::cli::{CliFailure, CliOutput, Exit};
use crate::config::Config;
use crate::object;
use crate::time::clock::{iso_utc, system_ms};

/// The arguments of `rksv inspection`.
#[derive(Debug, Args)]
pub(super) struct RksvInspectionArguments {
    /// The ZIP file; it must not exist.
    #[arg(long, value_name = "ZIP")]
    out: PathBuf,
    /// Makes no Nullbeleg: the agent does not run.
    #[arg(long)]
    without_receipt: bool,
    #[command(flatten)]
    folder: FolderArguments,
}

const REGISTERS: &[&str] = &[
    "device_id",
    "cash_box",
    "begun_at",
    "last_copy_at",
    "last_receipt",
    "turnover_cents",
    "state",
];
const UNITS: &[&str] = &[
    "serial",
    "provider",
    "adopted_at",
    "certificate",
    "registered",
];
const OUTAGES: &[&str] = &["serial", "began_at", "ended_at", "reported"];

pub(super) fn run(
    arguments: &RksvInspectionArguments,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let (config, reader) = open(&arguments.folder)?;
    let out = &arguments.out;
    if out.exists() {
        let text = anyhow!("{} exists; give another name with --out", out.display());
        return Err(CliFailure::new(Exit::Usage, text));
    }
    let cash_boxes = cash_boxes(&config, &reader)?;
    let receipts = null_receipts(arguments, &config, &reader, &cash_boxes, output)?;
    let work = out.with_extension("part");
    fs::create_dir(&work).map_err(|error| unopened(&work, error))?;
    let written = write_all(&work, (&config, &reader), &cash_boxes, receipts).and_then(|names| {
        zip::write(out, &work, &names).map_err(|error| unopened(out, error))?;
        Ok(names)
    });
    // The parts are in the file now, or worth nothing without it.
    let _ = fs::remove_dir_all(&work);
    let names = written?;
    let digest = digest_of(out).map_err(|error| unopened(out, error))?;
    output.json(&object! {
        "file" => out.display().to_string(),
        "sha256" => digest.clone(),
        "members" => JsonValue::Array(names.iter().map(|name| name.clone().into()).collect()),
    });
    output.text(&format!(
        "{}: {} files (SHA-256 {digest})",
        out.display(),
        names.len()
    ));
    Ok(Exit::Done)
}

/// Has a Nullbeleg made for each register that is in use.
fn null_receipts(
    arguments: &RksvInspectionArguments,
    config: &Config,
    reader: &Reader,
    cash_boxes: &[CashBoxOfTill],
    output: CliOutput,
) -> Result<Vec<JsonValue>, CliFailure> {
    let mut made = Vec::new();
    if arguments.without_receipt {
        return Ok(made);
    }
    for cash_box in cash_boxes {
        if is_out_of_use(reader, cash_box.device).map_err(CliFailure::failed)? {
            continue;
        }
        let wanted = object! { "order" => "null_receipt" };
        let receipt = orders::order(config, cash_box.device, &wanted).map_err(|failure| {
            failure.after("no Nullbeleg can be made; start the agent, or give --without-receipt")
        })?;
        let field = |name| receipt.get(name).map_or("", JsonValue::scalar).to_owned();
        output.text(&format!(
            "Nullbeleg {} of cash box {}: {}",
            field("receipt"),
            field("cash_box"),
            field("qr")
        ));
        made.push(receipt);
    }
    Ok(made)
}

/// Whether the cash box of a device has come to its end.
fn is_out_of_use(reader: &Reader, device: Uuid) -> Result<bool, StoreError> {
    let registrations = reader.registrations()?;
    Ok(registrations.iter().any(|registration| {
        registration.step == RegistrationStep::CashBoxEnds && registration.device == device
    }))
}

/// Writes the files, and returns their names in the order of the ZIP file.
fn write_all(
    work: &Path,
    (config, reader): (&Config, &Reader),
    cash_boxes: &[CashBoxOfTill],
    receipts: Vec<JsonValue>,
) -> Result<Vec<String>, CliFailure> {
    let unwritten = |error: io::Error| unopened(work, error);
    let mut names = Vec::new();
    let mut counts = Vec::new();
    for cash_box in cash_boxes {
        let name = format!("dep7-{}.json", cash_box.device);
        let exported = write_protocol(
            reader,
            cash_box.device,
            &Wanted::default(),
            &work.join(&name),
        )?;
        counts.push(object! {
            "cash_box" => cash_box.id.clone(),
            "device_id" => cash_box.device,
            "protocol" => name.clone(),
            "receipts" => exported.receipts,
        });
        names.push(name);
    }
    names.push(write_rows(work, (config, reader), cash_boxes)?);
    names.push(registers(work, reader, cash_boxes)?);
    names.push(units(work, reader)?);
    names.push(outages(work, reader)?);
    let mut files = Vec::new();
    for name in &names {
        let digest = digest_of(&work.join(name)).map_err(unwritten)?;
        files.push(object! { "file" => name.clone(), "sha256" => digest });
    }
    let manifest = object! {
        "made_at" => iso_utc(system_ms()),
        "program" => env!("CARGO_PKG_VERSION"),
        "owner" => config.till.owner.organization_name.clone(),
        "owner_number" => config.till.owner.idnx.clone(),
        "cash_boxes" => JsonValue::Array(counts),
        "null_receipts" => JsonValue::Array(receipts),
        "files" => JsonValue::Array(files),
    };
    fs::write(work.join(MANIFEST), format!("{manifest}\n")).map_err(unwritten)?;
    names.insert(0, MANIFEST.to_owned());
    Ok(names)
}

const MANIFEST: &str = "manifest.json";

fn time(at_ms: Option<i64>) -> Cell {
    at_ms.map_or(Cell::Empty, |at_ms| Cell::text(iso_utc(at_ms)))
}

fn yes(is: bool) -> Cell {
    Cell::text(if is { "yes" } else { "no" })
}

fn registers(
    work: &Path,
    reader: &Reader,
    cash_boxes: &[CashBoxOfTill],
) -> Result<String, CliFailure> {
    let failed = |error: StoreError| CliFailure::failed(error);
    let backups = reader.protocol_backups().map_err(failed)?;
    let mut rows = Vec::new();
    for cash_box in cash_boxes {
        let device = cash_box.device;
        let backup = backups.iter().find(|backup| backup.device == device);
        let (mut last, mut turnover) = (String::new(), 0_i64);
        reader
            .each_signed(device, |_, event| {
                if let Some((receipt, amount)) = super::inspection_rows::receipt_of(event) {
                    last = receipt;
                    turnover = turnover.saturating_add(amount);
                }
                std::ops::ControlFlow::Continue(())
            })
            .map_err(failed)?;
        let is_over = is_out_of_use(reader, device).map_err(failed)?;
        rows.push(vec![
            Cell::text(device.to_string()),
            Cell::text(cash_box.id.clone()),
            time(backup.map(|backup| backup.begun_ms)),
            time(backup.and_then(|backup| backup.made_ms)),
            Cell::text(last),
            Cell::whole(turnover),
            Cell::text(if is_over { "out of use" } else { "in use" }),
        ]);
    }
    table(work, "registers", REGISTERS, rows)
}

fn units(work: &Path, reader: &Reader) -> Result<String, CliFailure> {
    let failed = |error: StoreError| CliFailure::failed(error);
    let mut rows = Vec::new();
    for registration in reader.registrations().map_err(failed)? {
        if registration.step != RegistrationStep::Unit {
            continue;
        }
        let unit = reader
            .with_event(registration.subject_seq, |event| match event {
                Event::UnitAdopted(unit) => Some((unit.provider, unit.certificate)),
                _ => None,
            })
            .map_err(failed)?
            .flatten();
        let Some((provider, certificate)) = unit else {
            continue;
        };
        rows.push(vec![
            Cell::text(registration.subject),
            Cell::text(format!("AT{provider}")),
            time(Some(registration.due_ms)),
            yes(certificate),
            yes(registration.state == ferrotill_store::RegistrationState::Done),
        ]);
    }
    table(work, "units", UNITS, rows)
}

fn outages(work: &Path, reader: &Reader) -> Result<String, CliFailure> {
    let failed = |error: StoreError| CliFailure::failed(error);
    let mut rows = Vec::new();
    for outage in reader.unit_outages().map_err(failed)? {
        let subject = format!("{}_{}", outage.serial, outage.began_ms);
        let told = reader
            .registration(RegistrationStep::UnitFails, &subject)
            .map_err(failed)?;
        let is_told =
            told.is_some_and(|told| told.state == ferrotill_store::RegistrationState::Done);
        rows.push(vec![
            Cell::text(outage.serial),
            time(Some(outage.began_ms)),
            time(outage.ended_ms),
            yes(is_told),
        ]);
    }
    table(work, "outages", OUTAGES, rows)
}

fn table(
    work: &Path,
    name: &str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
) -> Result<String, CliFailure> {
    let write = || {
        let mut table = Table::begin(work, name, FORM, columns)?;
        for row in rows {
            table.row(&row)?;
        }
        table.end()
    };
    let written = write().map_err(|error| unopened(work, error))?;
    Ok(written.file_name)
}
