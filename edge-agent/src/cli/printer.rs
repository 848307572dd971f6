//! `printer`: what a person does with a printer or a fiscal module that is not in use yet.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use ferrotill_device::DriverUri;
use ferrotill_device::driver::{certify, isl::certify as of_printer};

use super::{CliFailure, CliOutput, Exit, log};
use crate::api::json::JsonValue;
use crate::explanation::Explanation;
use crate::object;
use crate::seal::fiscal_module::certify as of_module;
use crate::time::clock::Clock;

/// The arguments of `printer`.
#[derive(Debug, Args)]
pub struct PrinterArguments {
    #[command(subcommand)]
    task: PrinterTask,
}

#[derive(Debug, Subcommand)]
enum PrinterTask {
    /// Tries, one by one, what this program infers about a device and no document of its maker says, and writes a report. It prints receipts and closes days, so it is for devices that are not in use.
    Certify(CertifyArguments),
}

/// The arguments of `printer certify`.
#[derive(Debug, Args)]
struct CertifyArguments {
    /// The device: `datecs+serial:///dev/ttyUSB0`, `datecs-x+tcp://HOST:PORT` and so on, or `fiscalbox+http://HOST:PORT`.
    #[arg(long)]
    uri: String,
    /// The file of the report, with every request and every answer.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// Says that the device is not fiscalised or in the maker's test mode: receipts are registered in it.
    #[arg(long)]
    test_device: bool,
    /// The time zone of a FiscalBox device's clock.
    #[arg(long, default_value = "Asia/Tashkent", value_name = "ZONE")]
    time_zone: String,
}

/// What the address of a FiscalBox device begins with.
const FISCALBOX: &str = "fiscalbox+";
/// How long an answer of a FiscalBox device is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What was found about one inference.
struct Row {
    id: &'static str,
    says: &'static str,
    /// The place of the code that changes if it is refuted.
    place: &'static str,
    /// The list that has the inference, and the number there; empty for a FiscalBox device.
    page: String,
    /// `confirmed`, `refuted` or `not_tried`.
    finding: &'static str,
    seen: String,
    /// What was sent and answered.
    conversation: JsonValue,
}

const CONFIRMED: &str = "confirmed";
const REFUTED: &str = "refuted";
const NOT_TRIED: &str = "not_tried";

pub(super) fn run(arguments: &PrinterArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::ERROR);
    let PrinterTask::Certify(arguments) = &arguments.task;
    refuse_other_file(arguments)?;
    let url = arguments.uri.strip_prefix(FISCALBOX);
    if let Some(url) = url {
        if !url.starts_with("http://") {
            return Err(usage(format!(
                "--uri {}: a FiscalBox device is written as fiscalbox+http://HOST:PORT",
                arguments.uri
            )));
        }
        refuse_device_in_use(arguments)?;
        let clock = Clock::new(Some(&arguments.time_zone)).map_err(|error| {
            usage(format!(
                "--time-zone: {error}; give a name such as Asia/Tashkent"
            ))
        })?;
        let tried = of_module::certify(url, TIMEOUT, &clock);
        let rows: Vec<Row> = tried.into_iter().map(row_of_module).collect();
        write(arguments, JsonValue::Null, JsonValue::Null, &rows)?;
        return Ok(show(&rows, Exit::Failed, arguments, output));
    }
    let uri = DriverUri::parse(&arguments.uri)
        .map_err(|error| usage(format!("--uri {}: {error}", arguments.uri)))?;
    refuse_device_in_use(arguments)?;
    let certified = certify(&uri).map_err(not_certified)?;
    let rows: Vec<Row> = certified
        .tried
        .iter()
        .map(|tried| row_of_printer(tried, certified.family))
        .collect();
    let device = object! {
        "family" => certified.family,
        "model" => certified.model.as_str(),
        "firmware" => certified.firmware.as_str(),
        "serial" => certified.serial.as_str(),
    };
    write(arguments, device, lines(&certified.frames), &rows)?;
    Ok(show(&rows, Exit::NotPrinted, arguments, output))
}

fn usage(text: String) -> CliFailure {
    CliFailure::new(Exit::Usage, anyhow!("{text}"))
}

/// A report of another device is not lost, and nothing is tried whose report could not be written.
fn refuse_other_file(arguments: &CertifyArguments) -> Result<(), CliFailure> {
    if !arguments.report.exists() {
        return Ok(());
    }
    Err(usage(format!(
        "--report: {} exists; give a new name",
        arguments.report.display()
    )))
}

fn refuse_device_in_use(arguments: &CertifyArguments) -> Result<(), CliFailure> {
    if arguments.test_device {
        return Ok(());
    }
    Err(usage(
        "--test-device: is missing. Receipts are registered in the device; give it only if the device is not fiscalised or in the maker's test mode"
            .to_owned(),
    ))
}

/// The reason why nothing was tried at a printer.
fn not_certified(reason: of_printer::NotCertified) -> CliFailure {
    let exit = match reason {
        of_printer::NotCertified::NoTable(_) => Exit::Usage,
        of_printer::NotCertified::Fiscalised => Exit::Refused,
        of_printer::NotCertified::NotReady(_) | of_printer::NotCertified::NotConnected(_) => {
            Exit::NotPrinted
        }
    };
    CliFailure::new(exit, anyhow!("nothing was tried: {reason}"))
}

fn row_of_module(tried: of_module::Tried) -> Row {
    let (finding, seen) = match tried.finding {
        of_module::Finding::Confirmed => (CONFIRMED, String::new()),
        of_module::Finding::Refuted(seen) => (REFUTED, seen),
        of_module::Finding::NotTried(why) => (NOT_TRIED, why),
    };
    let exchanges = tried.exchanges.iter().map(|exchange| {
        object! { "request" => exchange.request.as_str(), "answer" => exchange.answer.as_str() }
    });
    Row {
        id: tried.inference.id,
        says: tried.inference.says,
        place: tried.inference.place,
        page: String::new(),
        finding,
        seen,
        conversation: JsonValue::Array(exchanges.collect()),
    }
}

fn row_of_printer(tried: &of_printer::TriedInference, family: &str) -> Row {
    let (finding, seen) = match &tried.finding {
        of_printer::TrialFinding::Confirmed => (CONFIRMED, String::new()),
        of_printer::TrialFinding::Refuted(seen) => (REFUTED, seen.clone()),
        of_printer::TrialFinding::NotTried(why) => (NOT_TRIED, why.clone()),
    };
    Row {
        id: tried.inference.id,
        says: tried.inference.says,
        place: tried.inference.place,
        page: tried.inference.page(family),
        finding,
        seen,
        conversation: lines(&tried.frames),
    }
}

/// The lines of a transcript: frames in hexadecimal numbers, each with its content in the line below.
fn lines(transcript: &str) -> JsonValue {
    JsonValue::Array(transcript.lines().map(JsonValue::from).collect())
}

/// Writes the report.
fn write(
    arguments: &CertifyArguments,
    device: JsonValue,
    connection: JsonValue,
    rows: &[Row],
) -> Result<(), CliFailure> {
    let document = object! {
        "uri" => shown_uri(&arguments.uri),
        "program" => env!("CARGO_PKG_VERSION"),
        "device" => device,
        "connection" => connection,
        "inferences" => JsonValue::Array(rows.iter().map(|row| json(row, true)).collect()),
    };
    let file = fs::File::create_new(&arguments.report);
    let written = file.and_then(|mut file| file.write_all(document.to_string().as_bytes()));
    written.map_err(|error| {
        let explained = Explanation::new(
            "the report cannot be written",
            arguments.report.display().to_string(),
            error.to_string(),
            "give --report a file in a folder that you may write",
        );
        CliFailure::failed(anyhow!("{explained}"))
    })
}

/// The address without its password.
fn shown_uri(uri: &str) -> String {
    DriverUri::parse(uri).map_or_else(|_| uri.to_owned(), |uri| uri.to_string())
}

/// Shows what was found, for people and for programs; the result is `refuted` if something is refuted.
fn show(rows: &[Row], refuted: Exit, arguments: &CertifyArguments, output: CliOutput) -> Exit {
    let count = |finding| rows.iter().filter(|row| row.finding == finding).count();
    for row in rows {
        let Row {
            finding,
            id,
            says,
            place,
            page,
            seen,
            ..
        } = row;
        let mut text = format!("{finding:<10} {id}: {says}");
        if !seen.is_empty() {
            text.push_str(&format!(
                "\n           seen: {seen}\n           place: {place}"
            ));
            if !page.is_empty() {
                text.push_str(&format!("\n           page: {page}"));
            }
        }
        output.text(&text);
    }
    output.text(&format!(
        "{} confirmed, {} refuted, {} not tried; the report is in {}",
        count(CONFIRMED),
        count(REFUTED),
        count(NOT_TRIED),
        arguments.report.display()
    ));
    output.json(&object! {
        "confirmed" => count(CONFIRMED),
        "refuted" => count(REFUTED),
        "not_tried" => count(NOT_TRIED),
        "inferences" => JsonValue::Array(rows.iter().map(|row| json(row, false)).collect()),
    });
    if count(REFUTED) > 0 {
        refuted
    } else {
        Exit::Done
    }
}

fn json(row: &Row, with_conversation: bool) -> JsonValue {
    let conversation = if with_conversation {
        row.conversation.clone()
    } else {
        JsonValue::Array(Vec::new())
    };
    object! {
        "id" => row.id,
        "says" => row.says,
        "place" => row.place,
        "page" => row.page.as_str(),
        "finding" => row.finding,
        "seen" => row.seen.as_str(),
        "exchanges" => conversation,
    }
}
