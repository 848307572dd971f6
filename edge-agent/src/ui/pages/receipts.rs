//! `/receipts`: the documents of the till, newest first.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::Amount;
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_store::{StoreError, StoredDocument};

use super::super::Dashboard;
use super::super::visitor::Visitor;
use super::super::words::Words;
use super::frame::{Frame, notice};
use super::state::{amount_head, figure, local_time};
use crate::api::html::escaped;
use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::config::Device;
use crate::people::Right;

/// The documents on one page.
const PAGE: u32 = 25;
/// The documents on the overview.
const RECENT: u32 = 5;
/// The largest number of documents that can be skipped: the store counts them one by one.
const SKIPPED_MAX: u32 = 1_000_000;

/// `/receipts`.
pub async fn list(State(dashboard): State<Arc<Dashboard>>, visitor: Visitor) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Look) {
        return *response;
    }
    let words = visitor.words;
    let start: u32 = visitor.query.text("start").parse().unwrap_or(0);
    let start = start.min(SKIPPED_MAX);
    let made = dashboard.service.work(Lane::Lists, move |service, _| {
        let mut text = String::new();
        for device in &service.settings.devices {
            text.push_str(&table(service, device, (start, PAGE), words)?);
        }
        Ok::<_, StoreError>(text)
    });
    let tables = made
        .await
        .unwrap_or_else(|error| notice("bad", &error.to_string()));
    let mut body = format!("<h1>{}</h1>\n{tables}<p class=row>", words.page_receipts);
    if let Some(newer) = start.checked_sub(PAGE) {
        let _ = write!(
            body,
            "<a class=\"button quiet\" href=\"/receipts?start={newer}\">{}</a>",
            words.newer
        );
    }
    let _ = writeln!(
        body,
        "<a class=\"button quiet\" href=\"/receipts?start={}\">{}</a></p>",
        start.saturating_add(PAGE),
        words.older
    );
    Frame::new(&visitor, &dashboard, words.page_receipts).page(StatusCode::OK, &body)
}

/// The last documents, for the overview.
pub async fn recent(dashboard: &Arc<Dashboard>, visitor: &Visitor) -> String {
    let words = visitor.words;
    let made = dashboard.service.work(Lane::Lists, move |service, _| {
        let mut text = format!("<h2>{}</h2>\n", words.last_receipts);
        for device in &service.settings.devices {
            text.push_str(&table(service, device, (0, RECENT), words)?);
        }
        Ok::<_, StoreError>(text)
    });
    let table = made
        .await
        .unwrap_or_else(|error| notice("bad", &error.to_string()));
    format!(
        "{table}<p><a href=\"/receipts\">{}</a></p>\n",
        words.all_receipts
    )
}

fn table(
    service: &Service,
    device: &Device,
    page: (u32, u32),
    words: &Words,
) -> Result<String, StoreError> {
    let mut rows = String::new();
    service
        .reader
        .each_on_page(device.id, &DocumentKind::ALL, page, |stored, _| {
            rows.push_str(&row(service, &stored, words));
            ControlFlow::Continue(())
        })?;
    let name = escaped(&device.name);
    if rows.is_empty() {
        return Ok(format!(
            "<p class=quiet>{name}: {}</p>\n",
            words.no_documents
        ));
    }
    Ok(format!(
        "<div class=scroll tabindex=0 role=region aria-label=\"{name}\"><table class=\"list documents\"><caption>{name}</caption><thead><tr><th scope=col>{}</th><th scope=col>{}</th><th scope=col>{}</th><th scope=col class=money>{}</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n",
        words.number,
        words.time,
        words.kind,
        amount_head(service, words.amount)
    ))
}

fn row(service: &Service, stored: &StoredDocument, words: &Words) -> String {
    let row = &stored.row;
    let number = row
        .number
        .map_or_else(String::new, |number| number.to_string());
    let amount = amount_of(stored).map_or_else(String::new, |amount| figure(service, amount));
    let missing = if row.print_error.is_some() {
        format!("<br><span class=quiet>{}</span>", words.print_failed)
    } else {
        String::new()
    };
    format!(
        "<tr><td><a href=\"/documents/{}\">{number}</a></td><td>{}</td><td>{}{missing}</td><td class=money>{amount}</td></tr>\n",
        row.id,
        local_time(service, row.at),
        kind_name(row.kind, words),
    )
}

/// The amount of a document; `None` if it has none, or if it is not known yet.
#[must_use]
pub fn amount_of(stored: &StoredDocument) -> Option<Amount> {
    match stored.reserved()?.body {
        Body::Receipt(receipt) => Some(receipt.total),
        Body::Cash(amount) => Some(amount),
        Body::Nonfiscal(_) => None,
        Body::Amounts(receipt) => receipt.total(),
        Body::Report(_) => {
            let figures = stored.sealed().and_then(|sealed| sealed.report);
            figures.map(|figures| figures.shift.sales.receipts.amount)
        }
    }
}

/// The name of a kind of document.
#[must_use]
pub fn kind_name(kind: DocumentKind, words: &Words) -> &'static str {
    match kind {
        DocumentKind::Sale => words.kind_sale,
        DocumentKind::AlternativeSale => words.kind_alternative,
        DocumentKind::Refund => words.kind_refund,
        DocumentKind::CashIn => words.kind_cash_in,
        DocumentKind::CashOut => words.kind_cash_out,
        DocumentKind::XReport => words.kind_x,
        DocumentKind::ZReport => words.kind_z,
        DocumentKind::NonfiscalReceipt => words.kind_nonfiscal,
        DocumentKind::AmountsReceipt => words.kind_amounts,
    }
}
