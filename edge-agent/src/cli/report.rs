//! `x` and `z`: order a report from the running agent.

use clap::Args;
use ferrotill_store::{Reader, StoreError};

use super::ordering::{Counter, OrderArguments, field};
use super::{CliFailure, CliOutput, Exit, shop_clock};
use crate::api::readiness::shift_in_words;
use crate::config::Permission;
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `x` and `z`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    #[command(flatten)]
    order: OrderArguments,
}

/// A kind of report.
#[derive(Clone, Copy, Debug)]
pub(super) enum Report {
    X,
    Z,
}

pub(super) fn run(
    report: Report,
    arguments: &ReportArguments,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let counter = Counter::open(&arguments.order)?;
    let operation = match report {
        Report::X => "operations/intermediatetotals",
        Report::Z => "operations/closeday",
    };
    let body = object! { "id" => counter.id }.to_string();
    if arguments.order.till.dry_run {
        let shop_clock = shop_clock(&counter.config)?;
        let (shift, is_open) = shift(&counter, &shop_clock).map_err(CliFailure::failed)?;
        let says = match report {
            Report::X => format!("an X-report would be printed, and closes nothing: {shift}"),
            Report::Z if is_open => format!("a Z-report would close the day: {shift}"),
            Report::Z => format!("a Z-report would be refused: {shift}"),
        };
        return counter.show_only((operation, &body), &says, output);
    }
    let order = (Permission::Report, operation, body.as_str());
    let sentence = |data: &_| match report {
        Report::X => format!("X-report: {}", field(data, "totalAmount")),
        Report::Z => {
            let says = format!(
                "Z-report {}: {}",
                field(data, "additionalData.zNumber"),
                field(data, "totalAmount")
            );
            match field(data, "additionalData.reconciliation.agrees") {
                "false" => format!(
                    "{says}; the printer counted something else than the till: `ferrotill verify` names the documents in question"
                ),
                _ => says,
            }
        }
    };
    counter.order(order, sentence, output)
}

/// The shift that a report would be about, and whether it is open.
fn shift(counter: &Counter, shop_clock: &Clock) -> Result<(String, bool), StoreError> {
    let reader = Reader::new(&counter.config.till.data_dir);
    let is_open = reader.open_shift(counter.device.id)?.is_some();
    Ok((
        shift_in_words(&reader, &counter.device, shop_clock)?,
        is_open,
    ))
}
