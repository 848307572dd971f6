//! Health: is it alive, is it ready, and how are the printer and the office.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use ferrotill_core::Amount;
use ferrotill_core::budget::{AtTheEnd, Budget, ClockTrouble, Left};

use super::json::JsonValue;
use super::{App, answer};
use crate::clock::iso_utc;
use crate::object;
use crate::store::UnsentCount;

/// The routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// Ready to take a sale: the books can be read. The office and the printer may be away.
async fn ready(State(app): State<Arc<App>>) -> Response {
    match unsent(&app).await {
        Ok(_) => (StatusCode::OK, "ready\n").into_response(),
        Err(words) => (StatusCode::SERVICE_UNAVAILABLE, format!("{words}\n")).into_response(),
    }
}

async fn health(State(app): State<Arc<App>>) -> Response {
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
async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut gauges = Gauges::default();
    let mut gauge = |name, help, labels: &str, value| gauges.add(name, help, labels, value);
    if let Ok(unsent) = unsent(&app).await {
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
        let now_ms = app.guard.now().utc_ms;
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
    if let Some(seconds) = app.offline_remaining_s() {
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
        app.guard.trouble().is_none().into(),
    );
    let state = app.board.office().state;
    for name in ["online", "suspect", "offline", "recovering"] {
        gauge(
            "ferrotill_office_state",
            "1 for the state that the till is in with the tax office.",
            &format!("{{state=\"{name}\"}}"),
            (state == name).into(),
        );
    }
    if let Ok(count) = app.read(|reader| reader.account_count()).await {
        gauge(
            "ferrotill_z_reports_differing",
            "Z-reports whose documents, printer and tax office do not agree.",
            "",
            count.differing.into(),
        );
    }
    let offline = i64::from(app.board.sells_alternative());
    gauge(
        "ferrotill_offline",
        "1 while sales get alternative receipts.",
        "",
        offline,
    );
    for device in &app.config.devices {
        if let Some(left) = app.board.numbers_left(device.id) {
            gauge(
                "ferrotill_alternative_numbers_left",
                "Numbers that are left for alternative receipts.",
                &format!("{{device=\"{}\"}}", device.id),
                i64::try_from(left).unwrap_or(i64::MAX),
            );
        }
        let printer = app.board.printer(device.id);
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
        if let Some(stock) = app.board.stock(device.id) {
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

async fn unsent(app: &Arc<App>) -> Result<UnsentCount, String> {
    app.read(|reader| reader.unsent())
        .await
        .map_err(|error| error.to_string())
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
