//! `/reports`: X-reports, Z-reports, and the sales of the last Z-reports as a chart and as a table.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use ferrotill_core::Amount;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::PersonAct;
use ferrotill_store::StoreError;
use uuid::Uuid;

use super::super::Dashboard;
use super::super::visitor::Visitor;
use super::super::words::Words;
use super::frame::{Frame, form_begin, notice, redirect};
use super::state::{amount_head, figure, local_time, money};
use crate::api::html::escaped;
use crate::api::lanes::Lane;
use crate::api::outcome::Told;
use crate::api::service::Service;
use crate::config::Device;
use crate::order::{OrderForm, OrderKind, Said, TerminalUse};
use crate::people::Right;

/// The Z-reports that are shown.
const SHOWN: u32 = 31;

/// A Z-report as the page shows it.
struct Z {
    id: Uuid,
    number: u32,
    at_ms: i64,
    sales: Amount,
    refunds: Amount,
    cash: Amount,
    agrees: Option<bool>,
}

/// `/reports`.
pub async fn show(State(dashboard): State<Arc<Dashboard>>, visitor: Visitor) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Look) {
        return *response;
    }
    page(&dashboard, &visitor, StatusCode::OK, None).await
}

async fn page(
    dashboard: &Arc<Dashboard>,
    visitor: &Visitor,
    status: StatusCode,
    says: Option<String>,
) -> Response {
    let words = visitor.words;
    let mut body = format!("<h1>{}</h1>\n", words.page_reports);
    body.push_str(&says.map_or_else(String::new, |says| notice("bad", &says)));
    for device in &dashboard.service.settings.devices {
        let id = device.id;
        let read = dashboard.service.read(Lane::Lists, move |reader| {
            let open = reader.open_shift(id)?.is_some();
            let mut reports = Vec::new();
            reader.each_on_page(id, &[DocumentKind::ZReport], (0, SHOWN), |stored, _| {
                let figures = stored.sealed().and_then(|sealed| sealed.report);
                reports.extend(figures.map(|figures| {
                    Z {
                        id: stored.row.id,
                        number: figures.shift.z_number,
                        at_ms: stored.row.at,
                        sales: figures.shift.sales.receipts.amount,
                        refunds: figures.shift.refunds.receipts.amount,
                        cash: figures.cash,
                        agrees: stored
                            .reconciliation
                            .as_ref()
                            .map(ferrotill_store::ZReconciliation::agrees),
                    }
                }));
                ControlFlow::Continue(())
            })?;
            Ok::<_, StoreError>((open, reports))
        });
        match read.await {
            Ok((open, reports)) => {
                body.push_str(&of_device(&dashboard.service, visitor, device, open));
                body.push_str(&history(&dashboard.service, words, &reports));
            }
            Err(error) => body.push_str(&notice("bad", &error.to_string())),
        }
    }
    Frame::new(visitor, dashboard, words.page_reports).page(status, &body)
}

/// The buttons of a device.
fn of_device(service: &Service, visitor: &Visitor, device: &Device, open: bool) -> String {
    let words = visitor.words;
    let mut text = String::new();
    if service.settings.devices.len() > 1 {
        let _ = writeln!(text, "<h2>{}</h2>", escaped(&device.name));
    }
    if !open {
        let _ = writeln!(text, "<p class=quiet>{}</p>", words.no_shift_to_close);
        return text;
    }
    if !visitor.may(Right::Z) {
        return text;
    }
    // The id makes the same form, sent twice, one report.
    let fields = |kind: &str| {
        format!(
            "{}<input type=hidden name=id value=\"{}\"><input type=hidden name=device value=\"{}\"><input type=hidden name=kind value={kind}>",
            form_begin(visitor, "/reports"),
            Uuid::new_v4(),
            device.id
        )
    };
    let _ = writeln!(
        text,
        "<div class=two><section class=panel><h2>{}</h2><p>{}</p>{}<div class=row><button class=quiet>{}</button></div></form></section>\n<section class=panel><h2>{}</h2><p>{}</p>{}<label class=box><input type=checkbox name=sure value=yes required>{}</label><div class=row><button>{}</button></div></form></section></div>",
        words.kind_x,
        words.x_says,
        fields("x"),
        words.x_button,
        words.kind_z,
        words.z_says,
        fields("z"),
        words.z_sure,
        words.z_button
    );
    text
}

/// The chart and the table of the last Z-reports; `reports` has the newest first.
fn history(service: &Service, words: &Words, reports: &[Z]) -> String {
    let mut text = format!("<h2>{}</h2>\n", words.z_history);
    if reports.is_empty() {
        let _ = writeln!(text, "<p class=quiet>{}</p>", words.no_z);
        return text;
    }
    text.push_str(&chart(service, words, reports));
    let heads =
        [words.sales, words.returns, words.cash_drawer].map(|name| amount_head(service, name));
    let [sales, returns, drawer] = &heads;
    let _ = writeln!(
        text,
        "<div class=scroll tabindex=0 role=region aria-label=\"{}\"><table class=list><thead><tr><th scope=col>{}</th><th scope=col>{}</th><th scope=col class=money>{}</th><th scope=col class=money>{}</th><th scope=col class=money>{}</th><th scope=col>{}</th></tr></thead><tbody>",
        words.z_history, words.z_number, words.time, sales, returns, drawer, words.difference
    );
    for z in reports {
        let agrees = match z.agrees {
            Some(true) => words.agrees,
            Some(false) => words.differs,
            None => "",
        };
        let _ = writeln!(
            text,
            "<tr><td><a href=\"/documents/{}\">{}</a></td><td>{}</td><td class=money data-head=\"{sales}\">{}</td><td class=money data-head=\"{returns}\">{}</td><td class=money data-head=\"{drawer}\">{}</td><td data-head=\"{}\">{agrees}</td></tr>",
            z.id,
            z.number,
            local_time(service, z.at_ms),
            figure(service, z.sales),
            figure(service, z.refunds),
            figure(service, z.cash),
            words.difference,
        );
    }
    text + "</tbody></table></div>\n"
}

/// A bar for each Z-report, the oldest on the left. The table under it says the same in numbers.
fn chart(service: &Service, words: &Words, reports: &[Z]) -> String {
    let most = reports
        .iter()
        .map(|z| z.sales.minor())
        .max()
        .unwrap_or(0)
        .max(1);
    let count = u32::try_from(reports.len()).unwrap_or(1);
    let step = WIDTH.checked_div(count.max(7)).unwrap_or(1);
    let bar = (step / 10).saturating_mul(7).max(2);
    let mut text = format!(
        "<svg class=chart role=img aria-labelledby=chart-title viewBox=\"0 0 {WIDTH} {CHART_HEIGHT}\"><title id=chart-title>{}</title><line x1=0 y1={GROUND} x2={WIDTH} y2={GROUND}></line><text x=4 y=14>{}</text>",
        words.chart_title,
        money(service, Amount::from_minor(most))
    );
    for (place, z) in (0_u32..).zip(reports.iter().rev()) {
        let share = i128::from(z.sales.minor().max(0))
            .saturating_mul(i128::from(HEIGHT))
            .checked_div(i128::from(most));
        let height = share.and_then(|share| u32::try_from(share).ok());
        let height = height.unwrap_or(HEIGHT).clamp(1, HEIGHT);
        let x = place
            .saturating_mul(step)
            .saturating_add(step.saturating_sub(bar) / 2);
        let _ = write!(
            text,
            "<rect x={x} y={} width={bar} height={height} rx=2><title>{} {}: {}</title></rect>",
            GROUND.saturating_sub(height),
            words.z_number,
            z.number,
            money(service, z.sales)
        );
        if count <= 16 {
            let _ = write!(
                text,
                "<text x={} y={LABEL} text-anchor=middle>{}</text>",
                x.saturating_add(bar / 2),
                z.number
            );
        }
    }
    text + "</svg>\n"
}

/// The measures of the chart.
const WIDTH: u32 = 640;
const HEIGHT: u32 = 160;
const GROUND: u32 = 180;
const LABEL: u32 = 194;
const CHART_HEIGHT: u32 = 200;

/// `POST /reports`: makes an X-report or a Z-report. The same form, sent again, gets the same report.
pub async fn make(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    body: Bytes,
) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Z) {
        return *response;
    }
    let form = match visitor.posted(&dashboard, &body) {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let words = visitor.words;
    let z = match (form.text("kind"), form.text("sure")) {
        ("x", _) => Some(false),
        ("z", "yes") => Some(true),
        _ => None,
    };
    let wanted = Uuid::try_parse(form.text("device")).ok();
    let mut devices = dashboard.service.settings.devices.iter();
    let device = devices.find(|device| Some(device.id) == wanted).cloned();
    let (Some(z), Some(device), Ok(id)) = (z, device, Uuid::try_parse(form.text("id"))) else {
        let says = Some(words.faulty.to_owned());
        return page(&dashboard, &visitor, StatusCode::UNPROCESSABLE_ENTITY, says).await;
    };
    let act = if z {
        PersonAct::CloseDay
    } else {
        PersonAct::Report
    };
    if let Err(says) = dashboard.note(act, Some(id), ("", visitor.name())).await {
        return page(
            &dashboard,
            &visitor,
            StatusCode::SERVICE_UNAVAILABLE,
            Some(says),
        )
        .await;
    }
    let order = order(&device, id, z, visitor.name());
    let deadline = dashboard.service.deadline(device.answer_timeout);
    let outcome = dashboard.service.submit(device.id, order, deadline).await;
    match outcome.told {
        Told::Document { .. } => redirect(&format!("/documents/{id}")),
        Told::Unknown(_) => redirect(&format!("/documents/{id}")),
        Told::Refused { refusal, .. } => {
            let says = format!("{}: {refusal}; {}", words.not_done, refusal.hint());
            page(
                &dashboard,
                &visitor,
                StatusCode::UNPROCESSABLE_ENTITY,
                Some(says),
            )
            .await
        }
        Told::NotAsked { problem, .. } | Told::NotRegistered(problem) | Told::Busy(problem) => {
            let says = format!("{}: {}", words.not_done, problem.message);
            page(
                &dashboard,
                &visitor,
                StatusCode::UNPROCESSABLE_ENTITY,
                Some(says),
            )
            .await
        }
    }
}

fn order(device: &Device, id: Uuid, z: bool, by: &str) -> OrderForm {
    let point_of_sale = device.points_of_sale.first().map(|point| point.id);
    OrderForm {
        id,
        point_of_sale: point_of_sale.unwrap_or_default(),
        kind: OrderKind::Report { z },
        echo: r#"{"items":[],"payments":[]}"#.to_owned(),
        found: crate::object! { "user" => by }.to_string(),
        on_paper: true,
        terminals: TerminalUse {
            with_report: true,
            ..TerminalUse::default()
        },
        contact: None,
        said: Said::default(),
    }
}
