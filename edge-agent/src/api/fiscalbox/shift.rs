//! Opens and closes the shift.

use axum::body::Bytes;
use axum::response::Response;
use jiff::civil::DateTime;
use jiff::{Timestamp, Zoned};
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
    let faults = faults_of_time(call);
    if !faults.is_empty() {
        return failure(&faults.error(call.language));
    }
    let open = ModuleCall::new(Operation::Open).with("time", till_time(shop));
    match asked(shop, call, open).await {
        Ok(data) => success(data, Wrapping::Plain),
        Err(error) => failure(&error),
    }
}

/// The time must be there, and be one. Which time it is does not matter: the till gives its own.
fn faults_of_time(call: &Call) -> Faults {
    let mut faults = Faults::default();
    match call.parameter("time") {
        None => faults.push("time", FaultKind::Missing, Vec::new()),
        Some(time) if time.is_empty() => faults.push("time", FaultKind::Missing, Vec::new()),
        Some(time) if is_time(&time) => {}
        Some(_) => faults.push("time", FaultKind::TimeForm, Vec::new()),
    }
    faults
}

/// Whether a text is a time, in the documented form or in another one in which programs write times: with `T` between day and time,
/// with parts of a second, with a zone, or without seconds.
fn is_time(text: &str) -> bool {
    let text = text.trim();
    text.parse::<Timestamp>().is_ok()
        || text.parse::<Zoned>().is_ok()
        // A day alone is a time for the parser, too.
        || (text.contains(':') && text.parse::<DateTime>().is_ok())
}

/// `GET` and `POST zreport/close`. With `close_zreport: false` it is an X-report.
///
/// The body that is posted must say which of both is wanted.
pub(super) async fn close(shop: &Shop, call: &Call, (posts, body): (bool, &Bytes)) -> Response {
    let id = Uuid::new_v4();
    let mut faults = faults_of_time(call);
    let is_empty = without_byte_order_mark(body).is_empty();
    let z = if is_empty && !posts {
        Some(true)
    } else {
        closes(shop, body, &mut faults).await
    };
    let Some(z) = z.filter(|_| faults.is_empty()) else {
        let response = failure(&faults.error(call.language));
        return with_operation(response, Some(id), FiscalState::NotRegistered);
    };
    let service = &shop.service;
    let deadline = service.deadline(call.device.answer_timeout);
    let form = report(call, id, z);
    let outcome = service.submit(call.device.id, form, deadline).await;
    if !matches!(outcome.told, Told::Document { .. }) {
        let response = failure(&error_of(&outcome.told, call.language));
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

/// Whether the shift is closed, as the body says.
async fn closes(shop: &Shop, body: &Bytes, faults: &mut Faults) -> Option<bool> {
    if without_byte_order_mark(body).is_empty() {
        faults.push("close_zreport", FaultKind::Missing, Vec::new());
        return None;
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
        None => {
            fields.fault("close_zreport", FaultKind::Missing, &[]);
            None
        }
        Some(JsonValue::Bool(z)) => Some(*z),
        Some(_) => {
            fields.fault("close_zreport", FaultKind::WrongType, &["true".to_owned()]);
            None
        }
    }
}

fn report(call: &Call, id: Uuid, z: bool) -> OrderForm {
    let points = call.device.points_of_sale.first();
    OrderForm {
        id,
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

#[cfg(test)]
mod tests {
    use super::is_time;

    #[test]
    fn a_time_is_taken_in_every_form_in_which_programs_write_one() {
        for text in [
            "2024-01-09 15:53:15",
            "2024-01-09T15:53:15",
            "2024-01-09T15:53:15.123456",
            "2024-01-09T15:53:15Z",
            "2024-01-09T15:53:15.123+05:00",
            "2024-01-09T15:53:15+05:00[Asia/Tashkent]",
            "2024-01-09 15:53",
            " 2024-01-09 15:53:15 ",
        ] {
            assert!(is_time(text), "{text}");
        }
        for text in [
            "bogus",
            "2024-01-09",
            "15:53:15",
            "2024-13-09 15:53:15",
            "2024-01-09 25:53:15",
            "2024-01-09 15:53:15 and more",
            "0",
            "",
        ] {
            assert!(!is_time(text), "{text}");
        }
    }
}
