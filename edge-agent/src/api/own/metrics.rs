//! `/metrics`: figures in the Prometheus text format, from the live status alone.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::watch;
use crate::api::auth::refused_calls;
use crate::api::service::Service;
use crate::config::Device;
use crate::status::problems::{HealthProblem, ProblemKind};
use ferrotill_store::UnsentCount;

/// Collects figures in the Prometheus text format. All lines of one metric follow its help text.
#[derive(Default)]
struct Gauges(Vec<Gauge>);

struct Gauge {
    name: &'static str,
    help: &'static str,
    lines: String,
}

impl Gauges {
    fn add(&mut self, name: &'static str, help: &'static str, labels: &str, value: i64) {
        let line = format!("{name}{labels} {value}\n");
        match self.0.iter_mut().find(|gauge| gauge.name == name) {
            Some(gauge) => gauge.lines.push_str(&line),
            None => self.0.push(Gauge {
                name,
                help,
                lines: line,
            }),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for Gauge { name, help, lines } in &self.0 {
            // Writing to a string cannot fail.
            let kind = if name.ends_with("_total") {
                "counter"
            } else {
                "gauge"
            };
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{lines}");
        }
        text
    }
}

/// `GET /metrics`.
pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    watch::note(&service);
    let mut gauges = Gauges::default();
    add_problems(&mut gauges, &service.live_status.problems().list());
    let figures = service.live_status.store().figures;
    add_unsent(&mut gauges, &figures.unsent, service.guard.now().utc_ms);
    if let Some(seconds) = service.offline_remaining_s() {
        gauges.add(
            "ferrotill_offline_remaining_seconds",
            "Time until the nearest limit of selling without the authority.",
            "",
            seconds,
        );
    }
    gauges.add(
        "ferrotill_refused_calls_total",
        "Calls that this process has refused because of their signature.",
        "",
        i64::try_from(refused_calls()).unwrap_or(i64::MAX),
    );
    gauges.add(
        "ferrotill_clock_trusted",
        "1 while nothing is wrong with the machine's clock.",
        "",
        service.guard.trouble().is_none().into(),
    );
    let state = service.live_status.office().state;
    for name in ["online", "suspect", "offline", "recovering"] {
        gauges.add(
            "ferrotill_office_state",
            "1 for the state of the connection to the authority.",
            &format!("{{state=\"{name}\"}}"),
            (state == name).into(),
        );
    }
    gauges.add(
        "ferrotill_z_reports_differing",
        "Z-reports whose documents, printer and authority do not agree.",
        "",
        figures.z_reports.differing.into(),
    );
    gauges.add(
        "ferrotill_offline",
        "1 while sales get alternative receipts.",
        "",
        service.live_status.sells_alternative().into(),
    );
    for device in &service.settings.devices {
        add_device(&mut gauges, &service, device);
    }
    let mut response = gauges.text().into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4"),
    );
    response
}

/// Adds for each kind of problem how many there are: one for each device, or one for the whole till.
fn add_problems(gauges: &mut Gauges, problems: &[HealthProblem]) {
    for kind in ProblemKind::ALL {
        let count = problems.iter().filter(|problem| problem.kind == *kind);
        gauges.add(
            "ferrotill_problem",
            "Problems of this kind, as /healthz lists them.",
            &format!(
                "{{id=\"{}\",severity=\"{}\"}}",
                kind.id(),
                kind.severity.name()
            ),
            i64::try_from(count.count()).unwrap_or(i64::MAX),
        );
    }
}

/// Adds the figures about documents that the authority has not acknowledged.
fn add_unsent(gauges: &mut Gauges, unsent: &UnsentCount, now_ms: i64) {
    gauges.add(
        "ferrotill_unsent_documents",
        "Documents that the authority has not acknowledged.",
        "",
        unsent.documents.into(),
    );
    gauges.add(
        "ferrotill_refused_documents",
        "Unsent documents that the authority has refused.",
        "",
        unsent.refused.into(),
    );
    gauges.add(
        "ferrotill_laid_aside_documents",
        "Documents that are not sent to the authority, because an operator has laid them aside.",
        "",
        unsent.laid_aside.into(),
    );
    let age_s = |since_ms: i64| now_ms.saturating_sub(since_ms).max(0) / 1_000;
    gauges.add(
        "ferrotill_unsent_oldest_seconds",
        "Age of the oldest document that the authority has not acknowledged.",
        "",
        unsent.oldest_ms.map_or(0, age_s),
    );
    gauges.add(
        "ferrotill_unsent_sold_minor_units",
        "Gross sales in documents that the authority has not acknowledged.",
        "",
        unsent.sold,
    );
    if let Some(at_ms) = unsent.last_acknowledged_ms {
        gauges.add(
            "ferrotill_last_acknowledged_timestamp_seconds",
            "Time of the newest acknowledgement by the authority.",
            "",
            at_ms / 1_000,
        );
    }
}

/// Adds the figures of a device and its printer.
fn add_device(gauges: &mut Gauges, service: &Service, device: &Device) {
    let labels = format!("{{device=\"{}\"}}", device.id);
    if let Some(left) = service.live_status.numbers_left(device.id) {
        gauges.add(
            "ferrotill_alternative_numbers_left",
            "Numbers that are left for alternative receipts.",
            &labels,
            i64::try_from(left).unwrap_or(i64::MAX),
        );
    }
    let printer = service.live_status.printer(device.id);
    gauges.add(
        "ferrotill_printer_connected",
        "1 while the printer answers.",
        &labels,
        printer.connected.into(),
    );
    gauges.add(
        "ferrotill_printer_needs_a_person",
        "1 while a document waits for an operator's declaration.",
        &labels,
        printer.unproven.is_some().into(),
    );
    if let Some(left) = service.live_status.module_left(device.id) {
        let mut add = |name, says, value: Option<i64>| {
            if let Some(value) = value {
                gauges.add(name, says, &labels, value);
            }
        };
        add(
            "ferrotill_module_unsent_receipts",
            "Receipts that the fiscal module has not sent.",
            Some(left.unsent.into()),
        );
        add(
            "ferrotill_module_receipts_left",
            "Further receipts that have room in the fiscal module.",
            left.receipts.map(i64::from),
        );
        add(
            "ferrotill_module_reports_left",
            "Further reports that have room in the fiscal module.",
            left.reports.map(i64::from),
        );
        add(
            "ferrotill_module_hours_left",
            "Hours that the oldest receipt that is not sent may still wait.",
            left.hours,
        );
    }
    if let Some(stock) = service.live_status.stock(device.id) {
        gauges.add(
            "ferrotill_fiscal_numbers_left",
            "Reserved fiscal numbers that no document has used.",
            &labels,
            i64::try_from(stock.left).unwrap_or(i64::MAX),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::Gauges;

    #[test]
    fn all_lines_of_a_name_are_in_one_place() {
        let mut gauges = Gauges::default();
        for device in ["{device=\"a\"}", "{device=\"b\"}"] {
            gauges.add("left", "What is left.", device, 1);
            gauges.add("connected", "Whether it is there.", device, 0);
        }
        assert_eq!(
            gauges.text(),
            "# HELP left What is left.\n# TYPE left gauge\nleft{device=\"a\"} 1\nleft{device=\"b\"} 1\n\
             # HELP connected Whether it is there.\n# TYPE connected gauge\nconnected{device=\"a\"} 0\nconnected{device=\"b\"} 0\n"
        );
    }
}
