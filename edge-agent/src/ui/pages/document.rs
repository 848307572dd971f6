//! `/documents/{id}`: a document, its paper, what happened to it, and how to settle it if it waits for a person.

use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use ferrotill_core::event::{Declared, PaperSays, PersonAct};
use ferrotill_render::html;
use ferrotill_store::{
    DeliveryState, OperatorDeclaration, RequestState, StoreError, StoredAct, StoredDocument,
};
use uuid::Uuid;

use super::super::Dashboard;
use super::super::visitor::Visitor;
use super::super::words::{Words, filled};
use super::frame::{Frame, form_begin, notice, paper_response, redirect};
use super::receipts::{amount_of, kind_name};
use super::state::{local_time, money};
use crate::api::html::escaped;
use crate::api::lanes::Lane;
use crate::api::own::settlement::{self, Settlement};
use crate::api::service::Service;
use crate::order::Declaration;
use crate::paper::{DocumentPaper, PaperShop, printed_seller};
use crate::people::Right;

/// A document with all that the page shows of it.
struct Found {
    stored: StoredDocument,
    deliveries: Vec<DeliveryState>,
    declared: Option<OperatorDeclaration>,
    acts: Vec<StoredAct>,
}

/// `/documents/{id}`.
pub async fn show(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Look) {
        return *response;
    }
    let copied = visitor.query.text("copied") == "yes";
    let says = copied.then(|| ("good", visitor.words.copy_printed.to_owned()));
    page(&dashboard, &visitor, StatusCode::OK, &id, says).await
}

async fn page(
    dashboard: &Arc<Dashboard>,
    visitor: &Visitor,
    status: StatusCode,
    id: &str,
    says: Option<(&str, String)>,
) -> Response {
    let words = visitor.words;
    let found = match Uuid::try_parse(id) {
        Ok(id) => find(dashboard, id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(found)) => {
            let mut body = says.map_or_else(String::new, |(kind, says)| notice(kind, &says));
            body.push_str(&document(&dashboard.service, visitor, &found));
            Frame::new(visitor, dashboard, words.page_document).page(status, &body)
        }
        Ok(None) => visitor.refusal(dashboard, StatusCode::NOT_FOUND, words.not_found),
        Err(error) => visitor.refusal(
            dashboard,
            StatusCode::SERVICE_UNAVAILABLE,
            &error.to_string(),
        ),
    }
}

async fn find(dashboard: &Arc<Dashboard>, id: Uuid) -> Result<Option<Found>, StoreError> {
    let finding = dashboard.service.read(Lane::Lists, move |reader| {
        let Some(stored) = reader.find(None, id)? else {
            return Ok(None);
        };
        Ok(Some(Found {
            deliveries: reader.deliveries(stored.row.reserved_seq)?,
            declared: reader.declaration_of(&stored.row)?,
            acts: reader.person_acts(id)?,
            stored,
        }))
    });
    finding.await
}

fn document(service: &Service, visitor: &Visitor, found: &Found) -> String {
    let (words, stored) = (visitor.words, &found.stored);
    let row = &stored.row;
    let number = row
        .number
        .map_or_else(String::new, |number| format!(" {number}"));
    let state = match row.state {
        RequestState::Sealed => words.state_registered,
        RequestState::Voided => words.state_not_registered,
        RequestState::Reserved => words.state_unknown,
    };
    let mut text = format!("<h1>{}{number}</h1>\n", kind_name(row.kind, words));
    let waits = row.state == RequestState::Reserved;
    let instruction = waits
        .then(|| service.live_status.needs_a_person(row.id))
        .flatten();
    if let Some(instruction) = &instruction {
        text.push_str(&settlement_form(visitor, row.id, instruction));
    }
    text.push_str("<div class=two><div>\n<div class=scroll><table class=facts><tbody>");
    let amount = amount_of(stored).map(|amount| money(service, amount));
    for (name, value) in [
        (words.state, Some(state.to_owned())),
        (words.amount, amount),
        (words.time, Some(local_time(service, row.at))),
        (words.request_id, Some(row.id.to_string())),
        (words.print_failed, row.print_error.as_deref().map(escaped)),
    ] {
        if let Some(value) = value {
            let _ = write!(text, "<tr><th scope=row>{name}</th><td>{value}</td></tr>");
        }
    }
    text.push_str("</tbody></table></div>\n");
    text.push_str(&timeline(service, words, found));
    let trouble = waits
        .then(|| service.live_status.printer(row.device).trouble)
        .flatten();
    let voided = stored.voided().map(|voided| voided.reason.to_owned());
    let declared = found.declared.as_ref().map(|declared| declared.why.clone());
    let waiting = found
        .deliveries
        .iter()
        .filter(|delivery| delivery.acknowledged_ms.is_none());
    let refusals = waiting.filter_map(|delivery| {
        let refusal = delivery.refusal.as_ref()?;
        Some(format!("{}: {refusal}", delivery.recipient))
    });
    let said = [trouble, voided, declared].into_iter().flatten();
    let said: Vec<String> = said.chain(refusals).collect();
    if !said.is_empty() {
        let _ = write!(text, "<h2>{}</h2>", words.conversation);
        for said in said {
            let _ = write!(text, "<p lang=en>{}</p>", escaped(&said));
        }
        let _ = writeln!(text, "<p class=quiet>{}</p>", words.no_conversation);
    }
    text.push_str("</div>\n");
    text.push_str(&paper_part(visitor, stored));
    text + "</div>\n"
}

/// The paper of a sealed document, and the button for a copy.
fn paper_part(visitor: &Visitor, stored: &StoredDocument) -> String {
    if stored.sealed().is_none() {
        return String::new();
    }
    let (words, id) = (visitor.words, stored.row.id);
    let copy = format!(
        "{}<div class=row><button>{}</button></div></form>",
        form_begin(visitor, &format!("/documents/{id}/copy")),
        words.print_copy
    );
    format!(
        "<div><iframe class=paper src=\"/documents/{id}/paper\" title=\"{}\"></iframe>\n<p><a href=\"/documents/{id}/paper\">{}</a></p>{copy}</div>\n",
        words.paper, words.open_paper
    )
}

/// What happened to a document, in the order of time.
fn timeline(service: &Service, words: &Words, found: &Found) -> String {
    let stored = &found.stored;
    let mut events = vec![(stored.row.at, words.event_reserved.to_owned())];
    if let Some(declared) = &found.declared {
        let by = escaped(&declared.by);
        events.push((declared.at_ms, filled(words.event_declared, &[("by", &by)])));
    }
    if let Some(sealed) = stored.sealed() {
        events.push((sealed.at.utc_ms, words.event_sealed.to_owned()));
    }
    if let Some(voided) = stored.voided() {
        events.push((voided.at.utc_ms, words.event_voided.to_owned()));
    }
    for delivery in &found.deliveries {
        if let Some(at_ms) = delivery.acknowledged_ms {
            events.push((at_ms, words.event_acknowledged.to_owned()));
        }
        if let Some(at_ms) = delivery.laid_aside.as_ref().and_then(|note| note.at_ms) {
            events.push((at_ms, words.event_aside.to_owned()));
        }
    }
    for act in &found.acts {
        let word = match act.act {
            PersonAct::Copy => words.event_copied,
            _ => words.event_ordered,
        };
        events.push((act.at_ms, filled(word, &[("by", &escaped(&act.by))])));
    }
    events.sort_by_key(|(at_ms, _)| *at_ms);
    let mut text = format!("<h2>{}</h2><ol class=timeline>", words.timeline);
    for (at_ms, says) in events {
        let _ = write!(text, "<li>{}: {says}</li>", local_time(service, at_ms));
    }
    text + "</ol>\n"
}

/// The form with which a person says what became of a document.
fn settlement_form(visitor: &Visitor, id: Uuid, instruction: &str) -> String {
    let words = visitor.words;
    let mut text = format!(
        "<section class=panel><h2>{}</h2><p>{}</p>\n<details><summary>{}</summary><p lang=en>{}</p></details>\n",
        words.settle_title,
        words.settle_how,
        words.details,
        escaped(instruction)
    );
    if visitor.may(Right::Settle) {
        let _ = writeln!(
            text,
            "{}<fieldset><legend class=hidden>{}</legend><label class=box><input type=radio name=paper value=yes required>{}</label><label class=box><input type=radio name=paper value=no required>{}</label></fieldset><label>{}<input name=number inputmode=numeric maxlength=10 autocomplete=off></label><p class=quiet>{}</p><div class=row><button>{}</button></div></form>",
            form_begin(visitor, &format!("/documents/{id}/settlement")),
            words.settle_title,
            words.settle_yes,
            words.settle_no,
            words.settle_number,
            words.settle_warning,
            words.settle_send
        );
    } else {
        let _ = writeln!(text, "<p class=quiet>{}</p>", words.no_right);
    }
    text + "</section>\n"
}

/// `/documents/{id}/paper`: the paper as the print form has it, marked as a copy.
pub async fn paper(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Look) {
        return *response;
    }
    let made = dashboard.service.work(Lane::Lists, move |service, _| {
        let Ok(id) = Uuid::try_parse(&id) else {
            return Ok(None);
        };
        let stored = service.reader.find(None, id)?;
        Ok::<_, StoreError>(stored.and_then(|stored| paper_of(service, &stored)))
    });
    match made.await {
        Ok(Some(page)) => paper_response(page),
        Ok(None) => visitor.refusal(&dashboard, StatusCode::NOT_FOUND, visitor.words.not_found),
        Err(error) => visitor.refusal(
            &dashboard,
            StatusCode::SERVICE_UNAVAILABLE,
            &error.to_string(),
        ),
    }
}

fn paper_of(service: &Service, stored: &StoredDocument) -> Option<String> {
    let devices = &service.settings.devices;
    let device = devices.iter().find(|device| device.id == stored.row.device);
    let types = device.map_or(&[][..], |device| &device.payment_types);
    let shop = PaperShop {
        seller: &printed_seller(&service.settings.owner),
        facts: service.profile.facts(),
        payment_name: &|code| {
            let found = types.iter().find(|payment| payment.code == code);
            found.map(|payment| payment.name.clone())
        },
    };
    let paper = DocumentPaper::of(stored, true, shop)?;
    Some(html(&paper.blocks, paper.language))
}

/// `POST /documents/{id}/copy`: prints the paper again, marked as a copy.
pub async fn copy(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Look) {
        return *response;
    }
    if let Err(response) = visitor.posted(&dashboard, &body) {
        return *response;
    }
    let words = visitor.words;
    let found = match Uuid::try_parse(&id) {
        Ok(id) => find(&dashboard, id).await,
        Err(_) => Ok(None),
    };
    let service = &dashboard.service;
    let device = match &found {
        Ok(Some(found)) if found.stored.row.state == RequestState::Sealed => {
            let mut devices = service.settings.devices.iter();
            devices.find(|device| device.id == found.stored.row.device)
        }
        _ => None,
    };
    let (Ok(Some(found)), Some(device)) = (&found, device) else {
        return visitor.refusal(&dashboard, StatusCode::NOT_FOUND, words.not_found);
    };
    let document = found.stored.row.id;
    if let Err(says) = dashboard
        .note(PersonAct::Copy, Some(document), ("", visitor.name()))
        .await
    {
        let says = Some(("bad", says));
        return page(
            &dashboard,
            &visitor,
            StatusCode::SERVICE_UNAVAILABLE,
            &id,
            says,
        )
        .await;
    }
    match service.print_copy(device, document).await {
        Ok(()) => redirect(&format!("/documents/{document}?copied=yes")),
        Err(problem) => {
            let says = format!("{}: {}", words.print_failed, problem.message);
            page(
                &dashboard,
                &visitor,
                StatusCode::UNPROCESSABLE_ENTITY,
                &id,
                Some(("bad", says)),
            )
            .await
        }
    }
}

/// `POST /documents/{id}/settlement`: what the person has read on the paper. The journal keeps the name.
pub async fn settle(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Settle) {
        return *response;
    }
    let form = match visitor.posted(&dashboard, &body) {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let words = visitor.words;
    let number = form.text("number");
    let document: Option<NonZeroU32> = number.parse().ok();
    let paper = match (form.text("paper"), number.is_empty(), document) {
        ("yes", true, _) => Some(PaperSays::Registered { document: None }),
        ("yes", false, Some(document)) => Some(PaperSays::Registered {
            document: Some(document),
        }),
        ("no", true, _) => Some(PaperSays::NotRegistered),
        _ => None,
    };
    let (Some(paper), Ok(document)) = (paper, Uuid::try_parse(&id)) else {
        let says = Some(("bad", words.faulty.to_owned()));
        return page(
            &dashboard,
            &visitor,
            StatusCode::UNPROCESSABLE_ENTITY,
            &id,
            says,
        )
        .await;
    };
    let by = visitor.name().to_owned();
    debug_assert!(by.len() <= Declared::BY_BYTES_MAX);
    tracing::info!(id = %document, by, "a person wants to declare the outcome of a document at the dashboard: {paper:?}");
    let declaration = Declaration {
        id: document,
        paper,
        by,
    };
    match settlement::declare(&dashboard.service, declaration).await {
        Settlement::Done => redirect(&format!("/documents/{document}")),
        Settlement::Refused {
            status, problem, ..
        } => {
            page(
                &dashboard,
                &visitor,
                status,
                &id,
                Some(("bad", problem.message)),
            )
            .await
        }
    }
}
