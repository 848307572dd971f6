//! What the till says about itself to the hub.

use ferrotill_hub_protocol::limits::{PROBLEMS_MAX, TEXT_BYTES_MAX};
use ferrotill_hub_protocol::{Currency, HealthProblem, HealthReport, Severity, Unsent};

use uuid::Uuid;

use super::HubParts;
use super::sender::HubSender;
use crate::status::problems::{self, ProblemKind};

/// The report of this moment.
pub(super) fn report_of(parts: &HubParts, sender: &HubSender, currency: Currency) -> HealthReport {
    let listed = parts.live_status.problems().list();
    let place = sender.place();
    let unsent = parts.live_status.store().figures.unsent;
    let last_sales = parts.devices.iter().filter_map(|device| {
        // Without the time of the last sale the report is still one.
        parts.reader.last_sale(*device).ok().flatten()
    });
    HealthReport {
        till: place.till,
        epoch: sender.epoch(),
        acknowledged: place.sequence,
        acknowledged_hash: place.hash,
        waiting: parts
            .reader
            .hub_backlog(place.row, BACKLOG_COUNTED_MAX)
            .unwrap_or_default(),
        at_ms: parts.guard.now().utc_ms,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ready: is_ready(parts, &listed),
        last_sale_ms: last_sales.max(),
        offline_since_ms: listed
            .iter()
            .find(|problem| problem.kind == ProblemKind::OFFICE_OFFLINE)
            .map(|problem| problem.since_ms),
        unsent: if unsent.documents == 0 {
            Vec::new()
        } else {
            vec![Unsent {
                currency,
                documents: unsent.documents.into(),
                total: unsent.sold,
            }]
        },
        problems: listed
            .iter()
            .take(PROBLEMS_MAX)
            .map(|problem| told(problem, parts.part_of))
            .collect(),
    }
}

/// Whether the till can sell: nothing stops all of it, and at least one device is not stopped.
fn is_ready(parts: &HubParts, listed: &[problems::HealthProblem]) -> bool {
    let stops_all = |problem: &problems::HealthProblem| {
        problem.kind.severity == problems::Severity::Failing
            || [ProblemKind::FIRST_PIN, ProblemKind::TILL_TAKEN_OVER].contains(&problem.kind)
    };
    let is_stopped = |device: &Uuid| {
        listed.iter().any(|problem| {
            problem.device == Some(*device) && STOPS_A_DEVICE.contains(&problem.kind)
        })
    };
    !listed.iter().any(stops_all) && !parts.devices.iter().all(is_stopped)
}

/// The problems with which a device makes no receipt.
const STOPS_A_DEVICE: [ProblemKind; 5] = [
    ProblemKind::PRINTER,
    ProblemKind::DOCUMENT_WAITS,
    ProblemKind::PRINTER_CONDITION,
    ProblemKind::SHIFT_TOO_LONG,
    ProblemKind::REGISTER_OUT_OF_USE,
];

fn told(
    problem: &problems::HealthProblem,
    part_of: fn(ProblemKind) -> &'static str,
) -> HealthProblem {
    let text = format!("{}; {}", problem.says, problem.fix).replace('\0', " ");
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    HealthProblem {
        id: problem.kind.id().to_owned(),
        part: part_of(problem.kind).to_owned(),
        severity: match problem.kind.severity {
            problems::Severity::Warning => Severity::Warning,
            problems::Severity::Degraded | problems::Severity::Failing => Severity::Error,
        },
        since_ms: problem.since_ms,
        text: text.get(..end).unwrap_or_default().to_owned(),
    }
}

/// So many waiting rows are counted; a longer backlog is told as this number.
pub(super) const BACKLOG_COUNTED_MAX: u32 = 100_000;
