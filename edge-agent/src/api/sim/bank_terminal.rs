//! `/sim/bank_terminal`: the switch of the simulated bank terminals, and what the bank behind them has carried out.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use ferrotill_core::event::TerminalOperation;
use ferrotill_core::{Amount, Currency};
use uuid::Uuid;

use super::{done, read, refuse};
use crate::api::json::JsonValue;
use crate::api::response::json_response;
use crate::object;
use crate::payment::simulated::{BankOperation, SimulatedBank, TerminalSwitch};

/// The routes of `/sim/bank_terminal`.
pub fn router(bank: Arc<SimulatedBank>, currency: Currency) -> Router {
    Router::new()
        .route("/sim/bank_terminal", get(show).put(set))
        .with_state((bank, currency))
}

type BankState = State<(Arc<SimulatedBank>, Currency)>;

/// The largest number of operations that are shown: the newest.
const SHOWN_MAX: usize = 1_000;

async fn show(State((bank, currency)): BankState) -> Response {
    let operations = bank.operations();
    let newest = operations.len().saturating_sub(SHOWN_MAX);
    let shown = operations
        .iter()
        .skip(newest)
        .map(|known| operation(known, currency));
    let body = object! {
        "state" => bank.switch().name(),
        "balance" => balance(&operations).display(currency),
        "settlements" => bank.settlements(),
        "operations" => JsonValue::Array(shown.collect()),
    };
    json_response(StatusCode::OK, &body)
}

fn operation(known: &BankOperation, currency: Currency) -> JsonValue {
    let voids = match known.job.operation {
        TerminalOperation::Void(of) => Some(Uuid::from_bytes(of.0)),
        TerminalOperation::Charge | TerminalOperation::Refund => None,
    };
    object! {
        "reference" => known.job.reference,
        "terminal" => known.terminal,
        "kind" => known.job.operation.name(),
        "amount" => known.job.amount.display(currency),
        "voids" => voids,
        "voided" => known.is_voided,
        "settled" => known.is_settled,
    }
}

/// What the bank owes the shop: the charges less the refunds, without those that were undone.
fn balance(operations: &[BankOperation]) -> Amount {
    let mut balance = 0_i64;
    for known in operations.iter().filter(|known| !known.is_voided) {
        let amount = known.job.amount.minor();
        balance = match known.job.operation {
            TerminalOperation::Charge => balance.saturating_add(amount),
            TerminalOperation::Refund => balance.saturating_sub(amount),
            TerminalOperation::Void(_) => balance,
        };
    }
    Amount::from_minor(balance)
}

async fn set(State((bank, _)): BankState, body: Bytes) -> Response {
    read(&body, |fields| {
        if fields.member("state").is_none() {
            fields.fault("state", "Missing", "is needed");
        }
        fields.named("state", &TerminalSwitch::ALL)
    })
    .map_or_else(
        |faults| refuse(&faults),
        |switch| {
            switch.into_iter().for_each(|switch| bank.switch_to(switch));
            done()
        },
    )
}
