//! `rksv`: exports the protocol of signed receipts (DEP) of a till, checks a protocol, and replays a scenario file. The last two need
//! neither an agent nor a configuration.

mod backup;
mod export;
mod inspection;
mod inspection_rows;
mod orders;
mod zip;

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{ArgGroup, Args, Subcommand};
use ferrotill_rksv::{
    CounterWidth, DepChecked, DepFlaw, DepWriter, KeyMaterial, Replayed, Scenario, SystemKind,
    check_dep, replay,
};

use super::{CliFailure, CliOutput, Exit};
use crate::api::json::JsonValue;
use crate::object;

/// The arguments of `rksv`.
#[derive(Debug, Args)]
pub struct RksvArguments {
    #[command(subcommand)]
    command: RksvCommand,
}

#[derive(Debug, Subcommand)]
enum RksvCommand {
    /// Checks an exported protocol (DEP): signatures, chain, turnover counter, ids, times, and the order of the receipts.
    Verify(RksvVerifyArguments),
    /// Replays a scenario file of the official sample code with software signature units, for tests. It writes
    /// `dep-export.json` and `cryptographicMaterialContainer.json`.
    Replay(RksvReplayArguments),
    /// Writes the protocol (DEP) of a cash box from the journal. An agent may run meanwhile.
    Export(export::RksvExportArguments),
    /// Writes the protocol (DEP) of every cash box and its SHA-256 into a folder, for the backup of each quarter.
    Backup(backup::RksvBackupArguments),
    /// Has the running agent make a receipt over zero (Nullbeleg), and prints its code.
    Null(orders::RksvNullArguments),
    /// Has the running agent make the closing receipt (Schlussbeleg): the cash box is out of use for ever.
    Close(orders::RksvCloseArguments),
    /// Notes that a person has had a receipt checked by the app of the tax authority.
    Checked(orders::RksvCheckedArguments),
    /// Writes what an inspector asks for into one ZIP file: a Nullbeleg of this moment, the protocol (DEP) of every cash box, every line,
    /// change and void (DEP 131), and the registers, units and outages.
    Inspection(inspection::RksvInspectionArguments),
    /// Makes the private keys of the configured signature units whose files do not exist.
    Key(export::RksvKeyArguments),
}

#[derive(Debug, Args)]
struct RksvVerifyArguments {
    /// The protocol: JSON with `Belege-Gruppe`.
    dep: PathBuf,
    /// The keys of the cash box: JSON with `base64AESKey` and `certificateOrPublicKeyMap`.
    #[arg(long, value_name = "FILE")]
    crypto: PathBuf,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("system").required(true)))]
struct RksvReplayArguments {
    /// The scenario.
    file: PathBuf,
    /// The folder for the two files; it is made if it does not exist.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The units have certificates (suite R1-AT100).
    #[arg(long, group = "system")]
    open: bool,
    /// The units have keys and no certificates (suite R1-AT0).
    #[arg(long, group = "system")]
    closed: bool,
    /// The number of bytes of the turnover counter.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(5..=8))]
    counter_bytes: u8,
}

pub(super) fn run(arguments: &RksvArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    match &arguments.command {
        RksvCommand::Verify(arguments) => verify(arguments, output),
        RksvCommand::Replay(arguments) => replay_file(arguments, output),
        RksvCommand::Export(arguments) => export::run(arguments, output),
        RksvCommand::Backup(arguments) => backup::run(arguments, output),
        RksvCommand::Null(arguments) => orders::null(arguments, output),
        RksvCommand::Close(arguments) => orders::close(arguments, output),
        RksvCommand::Checked(arguments) => orders::checked(arguments, output),
        RksvCommand::Inspection(arguments) => inspection::run(arguments, output),
        RksvCommand::Key(arguments) => export::new_keys(arguments, output),
    }
}

fn verify(arguments: &RksvVerifyArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let crypto = &arguments.crypto;
    let keys = KeyMaterial::read(open(crypto)?).map_err(|error| of_file(crypto, error))?;
    let dep = &arguments.dep;
    let checked = check_dep(open(dep)?, &keys).map_err(|error| not_a_protocol(dep, error))?;
    if output.json {
        output.json(&document(&checked));
    } else {
        report(&checked, output);
    }
    Ok(if checked.is_accepted() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// A protocol that is no JSON is reported as one fault, so that a program gets the same document.
fn not_a_protocol(path: &Path, error: serde_json::Error) -> CliFailure {
    let fault = object! {
        "code" => "protocol_unreadable",
        "receipt" => JsonValue::Null,
        "receipt_id" => JsonValue::Null,
        "place" => path.display().to_string(),
        "message" => error.to_string(),
    };
    let document = object! { "ok" => false, "faults" => JsonValue::Array(vec![fault]) };
    of_file(path, error).with_document(document)
}

fn report(checked: &DepChecked, output: CliOutput) {
    output.text(&format!(
        "{} receipts of cash box {}: {} without signature, {} voids, {} trainings; turnover counter {}",
        checked.receipts,
        checked.cash_box,
        checked.unsigned,
        checked.voids,
        checked.trainings,
        checked
            .counter
            .map_or_else(|| "not known".to_owned(), euro),
    ));
    for flaw in &checked.flaws {
        output.text(&format!("FAULT {}: {}", place(flaw), flaw.fault));
    }
    if checked.more_flaws > 0 {
        output.text(&format!("and {} more faults", checked.more_flaws));
    }
    if checked.unsigned_zero > 0 {
        output.text(&format!(
            "{} Nullbelege have no signature, which is allowed if none of them is a Jahresbeleg; the official checker reports each of them",
            checked.unsigned_zero
        ));
    }
    for serial in &checked.other_serials {
        output.text(&format!(
            "the certificate {serial} has another serial number inside than its name"
        ));
    }
    output.text(if checked.is_accepted() {
        "the protocol is in order"
    } else {
        "the protocol is NOT in order"
    });
}

fn document(checked: &DepChecked) -> JsonValue {
    let serials = checked.other_serials.iter();
    object! {
        "ok" => checked.is_accepted(),
        "cash_box" => checked.cash_box.clone(),
        "receipts" => checked.receipts,
        "unsigned" => checked.unsigned,
        "voids" => checked.voids,
        "trainings" => checked.trainings,
        "counter_cents" => checked.counter.map(|counter| counter.minor()),
        "faults" => JsonValue::Array(checked.flaws.iter().map(fault).collect()),
        "more_faults" => checked.more_flaws,
        "unsigned_zero" => checked.unsigned_zero,
        "other_serials" => JsonValue::Array(serials.map(|serial| serial.clone().into()).collect()),
    }
}

fn fault(flaw: &DepFlaw) -> JsonValue {
    let of_receipt = flaw.receipt > 0;
    object! {
        "code" => flaw.fault.code(),
        "receipt" => of_receipt.then_some(flaw.receipt),
        "receipt_id" => of_receipt.then(|| flaw.id.clone()),
        "place" => place(flaw),
        "message" => flaw.fault.to_string(),
    }
}

fn place(flaw: &DepFlaw) -> String {
    match (flaw.receipt, flaw.id.as_str()) {
        (0, _) => "the protocol".to_owned(),
        (number, "") => format!("receipt {number}"),
        (number, id) => format!("receipt {number} ({id})"),
    }
}

fn replay_file(arguments: &RksvReplayArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let file = &arguments.file;
    let text = fs::read_to_string(file).map_err(|error| unopened(file, error))?;
    let scenario = Scenario::read(&text).map_err(|error| of_file(file, error))?;
    let width = CounterWidth::new(arguments.counter_bytes).map_err(CliFailure::failed)?;
    let system = if arguments.closed {
        SystemKind::Closed
    } else {
        SystemKind::Open
    };
    let folder = &arguments.out;
    fs::create_dir_all(folder).map_err(|error| unopened(folder, error))?;
    let (dep, crypto) = (
        folder.join("dep-export.json"),
        folder.join("cryptographicMaterialContainer.json"),
    );
    // A replay that fails leaves no file under these names.
    let (dep_part, crypto_part) = (part(&dep), part(&crypto));
    let unwritten = |error| unopened(folder, error);
    let to = BufWriter::new(File::create(&dep_part).map_err(unwritten)?);
    let mut writer = DepWriter::new(to).map_err(unwritten)?;
    let replayed = replay(&scenario, system, width, &mut writer).map_err(|error| {
        // The half of a protocol is worth nothing; if it stays, its name says what it is.
        let _ = fs::remove_file(&dep_part);
        of_file(file, error)
    })?;
    writer.finish().map_err(unwritten)?;
    let mut container = Vec::new();
    replayed.keys.write(&mut container).map_err(unwritten)?;
    fs::write(&crypto_part, container).map_err(unwritten)?;
    fs::rename(&crypto_part, &crypto).map_err(unwritten)?;
    fs::rename(&dep_part, &dep).map_err(unwritten)?;
    report_replay(&replayed, &dep, &crypto, output);
    Ok(Exit::Done)
}

fn report_replay(replayed: &Replayed, dep: &Path, crypto: &Path, output: CliOutput) {
    output.json(&object! {
        "receipts" => replayed.receipts,
        "unsigned" => replayed.unsigned,
        "waited_for_sammelbeleg" => replayed.waited_for_sammelbeleg,
        "times_held" => replayed.times_held,
        "counter_cents" => replayed.counter.minor(),
        "dep" => dep.display().to_string(),
        "crypto" => crypto.display().to_string(),
    });
    output.text(&format!(
        "{} receipts, {} of them without signature; turnover counter {}: {} and {}",
        replayed.receipts,
        replayed.unsigned,
        euro(replayed.counter),
        dep.display(),
        crypto.display(),
    ));
    if replayed.waited_for_sammelbeleg > 0 {
        output.text(&format!(
            "{} receipts have no signature although their unit works in the scenario: after an outage this till signs nothing before the Sammelbeleg",
            replayed.waited_for_sammelbeleg
        ));
    }
    if replayed.times_held > 0 {
        output.text(&format!(
            "{} receipts have the time of the receipt before, because the scenario's time goes back",
            replayed.times_held
        ));
    }
}

/// The name of a file while it is written.
fn part(path: &Path) -> PathBuf {
    path.with_extension("json.part")
}

fn euro(amount: ferrotill_core::Amount) -> String {
    amount.display(ferrotill_core::Currency::EUR).to_string()
}

fn open(path: &Path) -> Result<BufReader<File>, CliFailure> {
    let file = File::open(path).map_err(|error| unopened(path, error))?;
    Ok(BufReader::new(file))
}

/// A file or folder that cannot be read or written.
fn unopened(path: &Path, error: io::Error) -> CliFailure {
    let code = match error.kind() {
        ErrorKind::PermissionDenied => Exit::Permission,
        _ => Exit::Failed,
    };
    let text = format!(
        "{} cannot be used; check the path and its permissions",
        path.display()
    );
    CliFailure::new(code, anyhow::Error::new(error).context(text))
}

/// A file whose content is wrong.
fn of_file(path: &Path, error: impl std::fmt::Display) -> CliFailure {
    let text = anyhow!(
        "{}: {error}; correct the file, or give another one",
        path.display()
    );
    CliFailure::failed(text)
}
