//! `/metrics`: figures in the Prometheus text format.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::health::unsent;
use crate::api::service::Service;

/// Figures in the Prometheus text format: all lines of one name stand together, below what it means.
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
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{lines}");
        }
        text
    }
}

/// A few figures in the Prometheus text format.
pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let mut gauges = Gauges::default();
    let mut gauge = |name, help, labels: &str, value| gauges.add(name, help, labels, value);
    if let Ok(unsent) = unsent(&service).await {
        gauge(
            "ferrotill_unsent_documents",
            "Documents that the tax office has not acknowledged.",
            "",
            unsent.documents.into(),
        );
        gauge(
            "ferrotill_refused_documents",
            "Unsent documents that the tax office has refused.",
            "",
            unsent.refused.into(),
        );
        let now_ms = service.guard.now().utc_ms;
        let age_s = |since_ms: i64| now_ms.saturating_sub(since_ms).max(0) / 1_000;
        gauge(
            "ferrotill_unsent_oldest_seconds",
            "Age of the oldest document that the tax office has not acknowledged.",
            "",
            unsent.oldest_ms.map_or(0, age_s),
        );
        gauge(
            "ferrotill_unsent_sold_minor_units",
            "What was sold in documents that the tax office has not acknowledged, gross.",
            "",
            unsent.sold,
        );
        if let Some(at_ms) = unsent.last_acknowledged_ms {
            gauge(
                "ferrotill_last_acknowledged_timestamp_seconds",
                "When the tax office took the newest document that it has taken.",
                "",
                at_ms / 1_000,
            );
        }
    }
    if let Some(seconds) = service.offline_remaining_s() {
        gauge(
            "ferrotill_offline_remaining_seconds",
            "Time until the nearest limit of selling without the tax office.",
            "",
            seconds,
        );
    }
    gauge(
        "ferrotill_clock_trusted",
        "1 while nothing is wrong with the machine's clock.",
        "",
        service.guard.trouble().is_none().into(),
    );
    let state = service.live_status.office().state;
    for name in ["online", "suspect", "offline", "recovering"] {
        gauge(
            "ferrotill_office_state",
            "1 for the state that the till is in with the tax office.",
            &format!("{{state=\"{name}\"}}"),
            (state == name).into(),
        );
    }
    if let Ok(count) = service.read(|reader| reader.reconciliation_count()).await {
        gauge(
            "ferrotill_z_reports_differing",
            "Z-reports whose documents, printer and tax office do not agree.",
            "",
            count.differing.into(),
        );
    }
    let offline = i64::from(service.live_status.sells_alternative());
    gauge(
        "ferrotill_offline",
        "1 while sales get alternative receipts.",
        "",
        offline,
    );
    for device in &service.config.devices {
        if let Some(left) = service.live_status.numbers_left(device.id) {
            gauge(
                "ferrotill_alternative_numbers_left",
                "Numbers that are left for alternative receipts.",
                &format!("{{device=\"{}\"}}", device.id),
                i64::try_from(left).unwrap_or(i64::MAX),
            );
        }
        let printer = service.live_status.printer(device.id);
        let connected = i64::from(printer.connected);
        let labels = format!("{{device=\"{}\"}}", device.id);
        gauge(
            "ferrotill_printer_connected",
            "1 while the printer answers.",
            &labels,
            connected,
        );
        gauge(
            "ferrotill_printer_needs_a_person",
            "1 while a document waits for somebody to say what stands on the paper.",
            &labels,
            printer.unproven.is_some().into(),
        );
        if let Some(stock) = service.live_status.stock(device.id) {
            gauge(
                "ferrotill_fiscal_numbers_left",
                "Reserved fiscal numbers that no document has.",
                &labels,
                i64::try_from(stock.left).unwrap_or(i64::MAX),
            );
        }
    }
    let mut response = gauges.text().into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::Gauges;

    #[test]
    fn all_lines_of_a_figure_stand_together() {
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
