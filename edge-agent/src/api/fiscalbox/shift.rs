//! Opens and closes the shift.

use axum::body::Bytes;
use axum::response::Response;
use uuid::Uuid;

use super::asked::{asked, till_time};
use super::envelope::{Wrapping, failure, success};
use super::faults::{FaultKind, Faults};
use super::outcome::error_of;
use super::request::Members;
use super::{Call, Shop};
use crate::api::json::{JsonValue, without_byte_order_mark};
use crate::api::lanes::Lane;
use crate::api::outcome::Told;
use crate::api::response::with_operation;
use crate::clerk::FiscalState;
use crate::order::{OrderForm, OrderKind, Said, TerminalUse};
use crate::seal::fiscal_module::{ModuleCall, Operation};

/// `GET zreport/open`. The module opens its shift; the shift of the books begins with its first document.
pub(super) async fn open(shop: &Shop, call: &Call) -> Response {
    if let Some(response) = missing_time(call) {
        return response;
    }
    let open = ModuleCall::new(Operation::Open).with("time", till_time(shop));
    match asked(shop, call, open).await {
        Ok(data) => success(data, Wrapping::Plain),
        Err(error) => failure(&error),
    }
}

/// The time must be there. Which time it is does not matter: the till gives its own.
fn missing_time(call: &Call) -> Option<Response> {
    if call.parameter("time").is_some_and(|time| !time.is_empty()) {
        return None;
    }
    let mut faults = Faults::default();
    faults.push("time", FaultKind::Missing, Vec::new());
    Some(failure(&faults.error(call.language)))
}

/// `GET` and `POST zreport/close`. With `close_zreport: false` it is an X-report.
pub(super) async fn close(shop: &Shop, call: &Call, body: &Bytes) -> Response {
    let unread = |response| with_operation(response, None, FiscalState::NotRegistered);
    if let Some(response) = missing_time(call) {
        return unread(response);
    }
    let mut faults = Faults::default();
    let z = match closes(shop, body, &mut faults).await {
        Some(z) if faults.is_empty() => z,
        _ => return unread(failure(&faults.error(call.language))),
    };
    let service = &shop.service;
    let deadline = service.deadline(call.device.answer_timeout);
    let form = report(call, z);
    let outcome = service.submit(call.device.id, form, deadline).await;
    if !matches!(outcome.told, Told::Document { .. }) {
        let response = failure(&error_of(&outcome.told));
        return outcome.with_headers(response);
    }
    // The closed shift is the module's last one; an X-report shows the open one.
    let figures = ModuleCall::new(Operation::ShiftInfo);
    let figures = if z {
        figures.with("number", "1")
    } else {
        figures
    };
    let response = match asked(shop, call, figures).await {
        Ok(data) => success(data, Wrapping::Plain),
        Err(error) => failure(&error),
    };
    outcome.with_headers(response)
}

/// Whether the shift is closed; a call without a body closes it.
async fn closes(shop: &Shop, body: &Bytes, faults: &mut Faults) -> Option<bool> {
    if without_byte_order_mark(body).is_empty() {
        return Some(true);
    }
    let body = body.clone();
    let read = shop.service.work(Lane::Sales, move |_, thread| {
        JsonValue::of_body(&body, thread)
    });
    let Ok(body) = read.await else {
        faults.push("body", FaultKind::MalformedJson, Vec::new());
        return None;
    };
    let mut fields = Members::of(&body, "", faults);
    fields.list("prices", 300);
    fields.list("banners", 300);
    match fields.get("close_zreport") {
        None => Some(true),
        Some(JsonValue::Bool(z)) => Some(*z),
        Some(_) => {
            fields.fault("close_zreport", FaultKind::WrongType, &["true".to_owned()]);
            None
        }
    }
}

fn report(call: &Call, z: bool) -> OrderForm {
    let points = call.device.points_of_sale.first();
    OrderForm {
        id: Uuid::new_v4(),
        point_of_sale: points.map_or_else(Uuid::nil, |point| point.id),
        kind: OrderKind::Report { z },
        echo: String::new(),
        found: String::new(),
        on_paper: false,
        terminals: TerminalUse::default(),
        contact: None,
        said: Said::default(),
    }
}
