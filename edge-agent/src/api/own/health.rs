//! `/readyz` and `/healthz`: whether the agent can sell, and the state of printers, authority and clock.
//!
//! Both are made from the live status. Anybody may call them, so they read neither the store nor the disk.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use ferrotill_core::Amount;
use ferrotill_core::budget::{AtTheEnd, Budget, Left};
use ferrotill_core::clock_guard::ClockTrouble;

use super::watch;
use crate::api::json::JsonValue;
use crate::api::response::json_response;
use crate::api::service::Service;
use crate::config::Device;
use crate::object;
use crate::status::audit::{AuditOutcome, AuditRecord};
use crate::status::problems::{HealthProblem, Severity};
use crate::time::clock::iso_utc;

/// The agent is ready if the last transaction was written, or a later one after an error, and no transaction hangs. It is ready
/// even if authority and printers cannot be reached.
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Response {
    let now = service.clock.monotonic();
    match service.live_status.why_not_ready(now) {
        None => (StatusCode::OK, "ready\n").into_response(),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

pub(super) async fn health(State(service): State<Arc<Service>>) -> Response {
    let (code, body) = health_of(&service);
    json_response(code, &body)
}

/// The status and the body of `/healthz`.
pub fn health_of(service: &Service) -> (StatusCode, JsonValue) {
    watch::note(service);
    let problems = service.live_status.problems().list();
    let worst = problems.iter().map(|problem| problem.kind.severity).max();
    let (status, code) = match worst {
        None | Some(Severity::Warning) => ("ok", StatusCode::OK),
        Some(Severity::Degraded) => ("degraded", StatusCode::OK),
        Some(Severity::Failing) => ("failing", StatusCode::SERVICE_UNAVAILABLE),
    };
    let store = service.live_status.store();
    let unsent = store.figures.unsent;
    let printers = service
        .settings
        .devices
        .iter()
        .map(|device| printer(service, device));
    let authority = service.live_status.office();
    let machine_clock = service.guard.trouble().map(|trouble| match trouble {
        ClockTrouble::Behind { by_ms } => format!("{} s behind", by_ms / 1_000),
        ClockTrouble::JumpedAhead { by_ms } => format!("{} s ahead", by_ms / 1_000),
    });
    let body = object! {
        "status" => status,
        "problems" => JsonValue::Array(problems.iter().map(problem).collect()),
        "mode" => service.settings.mode.to_string(),
        "configuration" => service.settings.digest.lock().to_string(),
        "office" => object! { "state" => authority.state, "reason" => authority.reason },
        "offline" => offline(service),
        "clock" => object! {
            "now" => iso_utc(service.guard.now().utc_ms),
            "witnessed" => service.guard.is_sure(),
            "machine_clock" => machine_clock.unwrap_or_else(|| "right".to_owned()),
        },
        "unsent" => object! {
            "documents" => unsent.documents,
            "refused" => unsent.refused,
            "laid_aside" => unsent.laid_aside,
            "oldest" => unsent.oldest_ms.map(iso_utc),
            "sold" => Amount::from_minor(unsent.sold)
                .display(service.profile.facts().currency)
                .to_string(),
            "last_acknowledged" => unsent.last_acknowledged_ms.map(iso_utc),
        },
        "z_reports" => object! {
            "differing" => store.figures.z_reports.differing,
            "unacknowledged" => store.figures.z_reports.unacknowledged,
            // A number above zero means that the store was replaced by an older copy at some time. `ferrotill verify` gives the
            // details.
            "anchors_set_aside" => store.anchors_set_aside,
        },
        "printers" => JsonValue::Array(printers.collect()),
        "audit" => audit(service),
        "restart_needed" => JsonValue::Array(
            service.live_status.restart_needed().into_iter().map(JsonValue::from).collect(),
        ),
    };
    (code, body)
}

/// The last audit of the till.
fn audit(service: &Service) -> JsonValue {
    let record = service.live_status.audit();
    let last = record.filter(|record| record.outcome != AuditOutcome::NotYet);
    let fault = last.as_ref().and_then(AuditRecord::fault);
    object! {
        "last" => last.as_ref().map(|record| iso_utc(record.at_ms)),
        "ok" => last.as_ref().map(|record| record.outcome == AuditOutcome::Good),
        "says" => fault,
    }
}

/// Something that is wrong with the till.
fn problem(problem: &HealthProblem) -> JsonValue {
    object! {
        "id" => problem.kind.id(),
        "device_id" => problem.device,
        "severity" => problem.kind.severity.name(),
        "since" => iso_utc(problem.since_ms),
        "says" => problem.says.clone(),
        "fix" => problem.fix.clone(),
    }
}

fn printer(service: &Service, device: &Device) -> JsonValue {
    let printer = service.live_status.printer(device.id);
    object! {
        "device_id" => device.id,
        "name" => device.name.clone(),
        "connected" => printer.connected,
        "model" => printer.model,
        "country" => Some(printer.country).filter(|country| !country.is_empty()),
        "serial_number" => printer.serial,
        "fiscal_memory" => printer.fiscal_memory,
        "firmware" => printer.firmware,
        "port" => printer.port,
        "trouble" => printer.trouble.or(printer.condition),
        "needs_a_person" => printer.unproven.map(|(id, _)| id),
        "objections" => JsonValue::Array(printer.objections.into_iter().map(|it| JsonValue::from(it.text)).collect()),
        "refuses_receipts" => printer.refuses_receipts,
        "missing" => JsonValue::Array(printer.missing.into_iter().map(JsonValue::from).collect()),
        "alternative_numbers_left" => service.live_status.numbers_left(device.id),
        "module" => module(service, device),
    }
}

/// What the fiscal module of a device has left; null without one.
fn module(service: &Service, device: &Device) -> JsonValue {
    match service.live_status.module_left(device.id) {
        None => JsonValue::Null,
        Some(left) => object! {
            "unsent_receipts" => left.unsent,
            "receipts_left" => left.receipts,
            "reports_left" => left.reports,
            "hours_left" => left.hours,
        },
    }
}

/// The remaining part of the law's and of the owner's limit for selling without the authority.
fn offline(service: &Service) -> JsonValue {
    let budgets = service.budgets();
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
    let [law, owner] = budgets.map(figures);
    object! {
        "counting" => service.guard.is_offline(),
        "remaining_s" => service.offline_remaining_s(),
        "law" => law,
        "owner" => owner,
    }
}
