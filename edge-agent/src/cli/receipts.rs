//! `receipts`: lists the documents of the till from its data folder, or writes the paper of one of them. An agent may run meanwhile.

use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::{Amount, Currency};
use uuid::Uuid;

use super::data_folder::unreadable;
use super::period::PeriodArguments;
use super::receipt_form::FormArguments;
use super::words::counted;
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides};
use crate::object;
use crate::paper::printed_number;
use crate::time::clock::{iso_utc, shown, zone_of};
use ferrotill_store::{Reader, StoredDocument};

/// The arguments of `receipts`.
#[derive(Debug, Args)]
pub struct ReceiptsArguments {
    #[command(flatten)]
    form: FormArguments,
    #[command(flatten)]
    period: PeriodArguments,
    /// The id of the device, instead of all of them.
    #[arg(long, value_name = "ID")]
    device: Option<Uuid>,
    /// The kind of document: `sale`, `alternative_receipt`, `refund`, `cash_in`, `cash_out`, `x_report`, `z_report`,
    /// `nonfiscal_receipt`, or `all`. May be given several times; without it, sales, alternative receipts and refunds are listed.
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The data folder, instead of the configured one.
    #[arg(long)]
    data: Option<PathBuf>,
}

pub(super) fn run(arguments: &ReceiptsArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: None,
        data_dir: arguments.data.clone(),
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let facts = check(&config)?.facts();
    if let Some(written) = arguments.form.write(&config, facts, output) {
        return written;
    }
    let zone = config.till.zone(facts);
    let zone = zone_of(zone).map_err(CliFailure::failed)?;
    let limits = arguments.period.limits(&zone)?;
    let kinds = kinds(&arguments.kind)?;
    let mut listed = Vec::new();
    let mut count = 0_u64;
    let reader = Reader::new(&config.till.data_dir);
    reader
        .each_within(arguments.device, &kinds, limits, |stored| {
            count = count.saturating_add(1);
            if output.json {
                listed.extend(entry(&stored, facts.currency));
            } else {
                output.text(&line(&stored, facts.currency));
            }
            ControlFlow::Continue(())
        })
        .map_err(|error| unreadable(&config.till.data_dir, error))?;
    if count == 0
        && let Some(device) = arguments.device
    {
        refuse_unknown_device(device, &config, &reader)?;
    }
    output.json(&object! {
        "count" => count,
        "currency" => facts.currency.code(),
        "receipts" => JsonValue::Array(listed),
    });
    if !output.json {
        output.text(&counted(count, "document"));
    }
    Ok(Exit::Done)
}

/// Refuses a device that neither the configuration nor any document names, so that a misspelt id is not taken for a device without
/// documents.
pub(super) fn refuse_unknown_device(
    device: Uuid,
    config: &Config,
    reader: &Reader,
) -> Result<(), CliFailure> {
    let mut has_document = false;
    let always = (i64::MIN, i64::MAX);
    reader
        .each_within(Some(device), &DocumentKind::ALL, always, |_| {
            has_document = true;
            ControlFlow::Break(())
        })
        .map_err(|error| unreadable(&config.till.data_dir, error))?;
    if has_document || config.devices.iter().any(|known| known.id == device) {
        return Ok(());
    }
    let known: Vec<String> = config.devices.iter().map(|it| it.id.to_string()).collect();
    let text = anyhow!(
        "--device: there is no device {device}; give one of {}",
        known.join(", ")
    );
    Err(CliFailure::new(Exit::Usage, text))
}

/// The kinds of documents with these names.
fn kinds(names: &[String]) -> Result<Vec<DocumentKind>, CliFailure> {
    if names.is_empty() {
        use DocumentKind::{AlternativeSale, Refund, Sale};
        return Ok(vec![Sale, AlternativeSale, Refund]);
    }
    let mut wanted = Vec::new();
    for name in names {
        let of_name = DocumentKind::ALL
            .into_iter()
            .filter(|kind| name == "all" || kind.name() == name);
        let before = wanted.len();
        wanted.extend(of_name);
        if wanted.len() == before {
            let known = DocumentKind::ALL.map(DocumentKind::name).join(", ");
            let text =
                anyhow!("there is no kind of document {name:?}; give one of {known}, or all");
            return Err(CliFailure::new(Exit::Usage, text));
        }
    }
    Ok(wanted)
}

/// The amount of a sealed document: the total of a receipt, the amount of a cash operation (below zero for cash out), and the gross
/// sales of a report; `None` for a text.
fn amount_of(stored: &StoredDocument) -> Option<Amount> {
    match stored.reserved()?.body {
        Body::Receipt(receipt) => Some(receipt.total),
        Body::Cash(amount) => Some(amount),
        Body::Amounts(receipt) => receipt.total(),
        Body::Nonfiscal(_) => None,
        Body::Report(_) => Some(stored.sealed()?.report?.shift.sales.receipts.amount),
    }
}

fn entry(stored: &StoredDocument, currency: Currency) -> Option<JsonValue> {
    let (row, sealed) = (&stored.row, stored.sealed()?);
    Some(object! {
        "id" => row.id,
        "device_id" => row.device,
        "kind" => row.kind.name(),
        "number" => sealed.number,
        "current_number" => sealed.current_number,
        "z_number" => row.z_number,
        "legal_number" => printed_number(&sealed.seal),
        "at" => iso_utc(row.at),
        "amount" => amount_of(stored).map(|amount| amount.display(currency)),
        "print_error" => row.print_error.clone(),
    })
}

fn line(stored: &StoredDocument, currency: Currency) -> String {
    let row = &stored.row;
    let at = stored
        .reserved()
        .map(|reserved| shown(reserved.at))
        .unwrap_or_default();
    let legal = stored
        .sealed()
        .and_then(|sealed| printed_number(&sealed.seal));
    let amount = amount_of(stored).map(|amount| amount.display(currency).to_string());
    format!(
        "{:>8}  {at}  {:<20} {:>14}  {}{}",
        row.number.unwrap_or_default(),
        row.kind.name().replace('_', " "),
        amount.unwrap_or_default(),
        row.id,
        legal.map_or_else(String::new, |legal| format!("  {legal}")),
    )
}
