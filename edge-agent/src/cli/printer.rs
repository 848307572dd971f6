//! `printer`: what a person does with a printer or a fiscal module that is not in use yet.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::{CliFailure, CliOutput, Exit, log};
use crate::api::json::JsonValue;
use crate::explanation::Explanation;
use crate::object;
use crate::seal::fiscal_module::certify::{Finding, Tried, certify};
use crate::time::clock::Clock;

/// The arguments of `printer`.
#[derive(Debug, Args)]
pub struct PrinterArguments {
    #[command(subcommand)]
    task: PrinterTask,
}

#[derive(Debug, Subcommand)]
enum PrinterTask {
    /// Tries, one by one, what this program infers about a device and no document of its maker says, and writes a report.
    Certify(CertifyArguments),
}

/// The arguments of `printer certify`.
#[derive(Debug, Args)]
struct CertifyArguments {
    /// The device: `fiscalbox+http://HOST:PORT`.
    #[arg(long)]
    uri: String,
    /// The file of the report, with every request and every answer.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// Says that the device is not fiscalised or in the maker's test mode: receipts are registered in it.
    #[arg(long)]
    test_device: bool,
    /// The time zone of the device's clock.
    #[arg(long, default_value = "Asia/Tashkent", value_name = "ZONE")]
    time_zone: String,
}

/// What the address of a FiscalBox device begins with.
const FISCALBOX: &str = "fiscalbox+";
/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn run(arguments: &PrinterArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::ERROR);
    let PrinterTask::Certify(arguments) = &arguments.task;
    let usage = |text: String| CliFailure::new(Exit::Usage, anyhow!("{text}"));
    let url = arguments.uri.strip_prefix(FISCALBOX);
    let Some(url) = url.filter(|url| url.starts_with("http://")) else {
        return Err(usage(format!(
            "--uri {}: only FiscalBox devices can be certified: write fiscalbox+http://HOST:PORT",
            arguments.uri
        )));
    };
    if !arguments.test_device {
        return Err(usage(
            "--test-device: is missing. Receipts are registered in the device; give it only if the device is not fiscalised or in the maker's test mode"
                .to_owned(),
        ));
    }
    let clock = Clock::new(Some(&arguments.time_zone)).map_err(|error| {
        usage(format!(
            "--time-zone: {error}; give a name such as Asia/Tashkent"
        ))
    })?;
    let tried = certify(url, TIMEOUT, &clock);
    let document = object! {
        "uri" => arguments.uri.as_str(),
        "program" => env!("CARGO_PKG_VERSION"),
        "inferences" => JsonValue::Array(tried.iter().map(|it| json(it, true)).collect()),
    };
    fs::write(&arguments.report, document.to_string()).map_err(|error| {
        let explained = Explanation::new(
            "the report cannot be written",
            arguments.report.display().to_string(),
            error.to_string(),
            "give --report a file in a folder that you may write",
        );
        CliFailure::failed(anyhow!("{explained}"))
    })?;
    Ok(show(&tried, arguments, output))
}

/// Shows what was found, for people and for programs.
fn show(tried: &[Tried], arguments: &CertifyArguments, output: CliOutput) -> Exit {
    let count = |is_it: fn(&Finding) -> bool| tried.iter().filter(|it| is_it(&it.finding)).count();
    let refuted = count(|finding| matches!(finding, Finding::Refuted(_)));
    let confirmed = count(|finding| *finding == Finding::Confirmed);
    let left = tried
        .len()
        .saturating_sub(refuted)
        .saturating_sub(confirmed);
    for it in tried {
        let (name, seen) = words(&it.finding);
        let id = it.inference.id;
        output.text(&match seen {
            "" => format!("{name:<10} {id}: {}", it.inference.says),
            seen => format!(
                "{name:<10} {id}: {}\n           seen: {seen}\n           place: {}",
                it.inference.says, it.inference.place
            ),
        });
    }
    output.text(&format!(
        "{confirmed} confirmed, {refuted} refuted, {left} not tried; the report is in {}",
        arguments.report.display()
    ));
    output.json(&object! {
        "confirmed" => confirmed,
        "refuted" => refuted,
        "not_tried" => left,
        "inferences" => JsonValue::Array(tried.iter().map(|it| json(it, false)).collect()),
    });
    if refuted > 0 {
        Exit::Failed
    } else {
        Exit::Done
    }
}

fn words(finding: &Finding) -> (&'static str, &str) {
    match finding {
        Finding::Confirmed => ("confirmed", ""),
        Finding::Refuted(seen) => ("refuted", seen),
        Finding::NotTried(reason) => ("not_tried", reason),
    }
}

fn json(tried: &Tried, with_exchanges: bool) -> JsonValue {
    let (name, seen) = words(&tried.finding);
    let exchanges = tried.exchanges.iter().filter(|_| with_exchanges);
    let exchanges = exchanges.map(|exchange| {
        object! { "request" => exchange.request.as_str(), "answer" => exchange.answer.as_str() }
    });
    object! {
        "id" => tried.inference.id,
        "says" => tried.inference.says,
        "place" => tried.inference.place,
        "finding" => name,
        "seen" => seen,
        "exchanges" => JsonValue::Array(exchanges.collect()),
    }
}
