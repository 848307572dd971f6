//! Health: is it alive, is it ready, and how are the printer and the office.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use ferrotill_core::Amount;
use ferrotill_core::budget::{AtTheEnd, Budget, ClockTrouble, Left};

use crate::api::json::JsonValue;
use crate::api::{App, answer};
use crate::clock::iso_utc;
use crate::object;
use crate::store::UnsentCount;

/// Ready to take a sale: the books can be read. The office and the printer may be away.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    match unsent(&app).await {
        Ok(_) => (StatusCode::OK, "ready\n").into_response(),
        Err(words) => (StatusCode::SERVICE_UNAVAILABLE, format!("{words}\n")).into_response(),
    }
}

pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    let (status, unsent) = match unsent(&app).await {
        Ok(unsent) => (
            StatusCode::OK,
            object! {
                "documents" => unsent.documents,
                "refused" => unsent.refused,
                "oldest" => unsent.oldest_ms.map(iso_utc),
                "sold" => Amount::from_minor(unsent.sold)
                    .display(app.profile.facts().currency)
                    .to_string(),
                "last_acknowledged" => unsent.last_acknowledged_ms.map(iso_utc),
            },
        ),
        Err(words) => (
            StatusCode::SERVICE_UNAVAILABLE,
            object! { "error" => words },
        ),
    };
    let printers = app.config.devices.iter().map(|device| {
        let printer = app.board.printer(device.id);
        object! {
            "device_id" => device.id,
            "name" => device.name.clone(),
            "connected" => printer.connected,
            "model" => printer.model,
            "serial_number" => printer.serial,
            "fiscal_memory" => printer.fiscal_memory,
            "firmware" => printer.firmware,
            "port" => printer.port,
            "trouble" => printer.trouble,
            "needs_a_person" => printer.unproven.map(|(id, _)| id),
            "objections" => JsonValue::Array(printer.objections.into_iter().map(JsonValue::from).collect()),
            "alternative_numbers_left" => app.board.numbers_left(device.id),
        }
    });
    let office = app.board.office();
    let trouble = app.guard.trouble().map(|trouble| match trouble {
        ClockTrouble::Behind { by_ms } => format!("{} s behind", by_ms / 1_000),
        ClockTrouble::Leapt { by_ms } => format!("{} s ahead", by_ms / 1_000),
    });
    let z_reports = match app.read(|reader| reader.account_count()).await {
        Ok(count) => object! {
            "differing" => count.differing,
            "unacknowledged" => count.unacknowledged,
            // Above nought: the books are older than they once were, and `ferrotill verify` says more.
            "anchors_set_aside" => app.reader.anchors_set_aside(),
        },
        Err(error) => object! { "error" => error.to_string() },
    };
    let body = object! {
        "status" => if status == StatusCode::OK { "ok" } else { "trouble" },
        "mode" => app.config.till.mode.to_string(),
        "office" => object! { "state" => office.state, "reason" => office.reason },
        "offline" => offline(&app),
        "clock" => object! {
            "now" => iso_utc(app.guard.now().utc_ms),
            "witnessed" => app.guard.is_sure(),
            "machine_clock" => trouble.unwrap_or_else(|| "right".to_owned()),
        },
        "unsent" => unsent,
        "z_reports" => z_reports,
        "printers" => JsonValue::Array(printers.collect()),
    };
    answer(status, &body)
}

/// What is left of the budgets of selling without the tax office, the law's and the owner's.
fn offline(app: &App) -> JsonValue {
    let budgets = app.budgets();
    let figures = |(budget, left): (&Budget, Left)| {
        let seconds = |left_ms: Option<i64>| left_ms.map(|ms| ms / 1_000);
        object! {
            "stretch_s" => seconds(left.stretch_ms),
            "month_s" => seconds(left.month_ms),
            "unsent_age_s" => seconds(left.unsent_ms),
            "unsent_documents" => left.documents,
            "at_the_end" => match budget.at_the_end {
                AtTheEnd::Stop => "refuse",
                AtTheEnd::Report => "warn",
            },
            "used_up" => left.is_used_up(),
        }
    };
    let [law, house] = budgets.map(figures);
    object! {
        "counting" => app.guard.is_offline(),
        "remaining_s" => app.offline_remaining_s(),
        "law" => law,
        "owner" => house,
    }
}

pub(super) async fn unsent(app: &Arc<App>) -> Result<UnsentCount, String> {
    app.read(|reader| reader.unsent())
        .await
        .map_err(|error| error.to_string())
}
