//! `POST /registers/{id}`: what a person orders of the register of signed receipts of a device.
//!
//! The request is signed like a sale. A receipt over zero that is ordered twice is made twice, which is allowed; every other order has the
//! same effect however often it is carried out.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::event::RegistrationStep;
use ferrotill_core::profile::signed::{Code, Form, Kind, PAYLOAD_BYTES_MAX, Signature};
use uuid::Uuid;

use super::operations;
use super::operator::{Repetition, Rules, answer, id_of, name_of, no_answer};
use crate::api::auth::AuthorizedClient;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::lanes::Lane;
use crate::api::problem::Problem;
use crate::api::response::json_response;
use crate::api::service::Service;
use crate::clerk::{Message, RegisterOrder, ResourceOutcome};
use crate::config::Permission;
use crate::object;
use ferrotill_store::{SignedPage, SignedReceipt};

/// The largest order in bytes.
const BODY_BYTES_MAX: usize = 4 * 1_024;

const RULES: Rules = Rules {
    permission: Permission::Settings,
    bytes_max: BODY_BYTES_MAX,
    needed: "an order",
    // A recorded order must not close a register later.
    repetition: Repetition::Refused,
};

pub(super) async fn order(
    State(service): State<Arc<Service>>,
    id: operations::PathId,
    request: Request,
) -> Response {
    let read = |_: &AuthorizedClient<'_>, body: &[u8]| Ok((id_of(id)?, read(body)?));
    let carry_out = async |(device, wanted)| match wanted {
        Wanted::Checked { receipt, by } => check(&service, device, &receipt, by).await,
        Wanted::Order(order) => carry_out(&service, device, order).await,
    };
    answer(&service, request, &RULES, read, carry_out).await
}

/// An order as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Order(RegisterOrder),
    /// The receipt that was checked has its cash box in the till.
    Checked {
        receipt: String,
        by: String,
    },
}

/// Reads an order and reports all its faults at once.
fn read(body: &[u8]) -> Result<Wanted, FaultList> {
    let body = JsonValue::of_short_body(body)?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&body, "", &mut faults);
    let wanted = match fields.text("order").unwrap_or_default().as_str() {
        "null_receipt" => Some(Wanted::Order(RegisterOrder::NullReceipt)),
        "closing_receipt" => Some(Wanted::Order(RegisterOrder::Close)),
        "backup_made" => {
            let receipts = fields
                .decimal("receipts", 0)
                .and_then(|number| u64::try_from(number).ok());
            if receipts.is_none() {
                let sentence = "is needed: the number of receipts in the copy";
                fields.fault("receipts", "Missing", sentence);
            }
            let sha256 = fields.text("sha256").and_then(|text| digest_of(&text));
            if sha256.is_none() {
                let sentence = "is needed: the SHA-256 of the copy, 64 hexadecimal digits";
                fields.fault("sha256", "Missing", sentence);
            }
            receipts.zip(sha256).map(|(receipts, sha256)| {
                Wanted::Order(RegisterOrder::BackedUp { receipts, sha256 })
            })
        }
        "receipt_checked" => {
            let receipt = fields.text("receipt").unwrap_or_default().trim().to_owned();
            if receipt.is_empty() {
                let sentence = "is needed: the id of the receipt that was checked";
                fields.fault("receipt", "Missing", sentence);
            }
            let by = name_of(
                &mut fields,
                "is needed: the name of the person who has had the receipt checked",
            );
            Some(Wanted::Checked { receipt, by })
        }
        "" if fields.member("order").is_none() => {
            fields.fault("order", "Missing", ORDERS);
            None
        }
        _ => {
            fields.fault("order", "UnknownValue", ORDERS);
            None
        }
    };
    fields.finish();
    match wanted {
        Some(wanted) if faults.is_empty() => Ok(wanted),
        _ => Err(faults),
    }
}

const ORDERS: &str = "is one of null_receipt, closing_receipt, backup_made, receipt_checked";

/// The 32 bytes of a SHA-256 in hexadecimal digits.
fn digest_of(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// Notes that a person has had a receipt checked, if the receipt is one that must be.
async fn check(service: &Arc<Service>, device: Uuid, receipt: &str, by: String) -> Response {
    let identity = service.read(Lane::Lists, move |reader| reader.identity(device));
    let subject = match identity.await {
        Ok(identity) => format!("{}_{receipt}", identity.fiscal_number),
        Err(error) => return Problem::from(error).response(StatusCode::SERVICE_UNAVAILABLE),
    };
    let wanted = subject.clone();
    let known = service.read(Lane::Lists, move |reader| {
        reader.registration(RegistrationStep::Receipt, &wanted)
    });
    match known.await {
        Ok(Some(_)) => carry_out(service, device, RegisterOrder::Checked { subject, by }).await,
        Ok(None) => {
            let message = format!(
                "receipt: {receipt} is no receipt of this register that must be checked; these are the start receipt, the receipt of each year and the closing receipt"
            );
            Problem::new("UnknownId", message).response(StatusCode::NOT_FOUND)
        }
        Err(error) => Problem::from(error).response(StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// Gives an order to the clerk, and waits for its receipt.
async fn carry_out(service: &Arc<Service>, device: Uuid, order: RegisterOrder) -> Response {
    let kind = match order {
        RegisterOrder::NullReceipt => Some(Kind::Null),
        RegisterOrder::Close => Some(Kind::Schluss),
        RegisterOrder::BackedUp { .. } | RegisterOrder::Checked { .. } => None,
    };
    let message = |reply| Message::OrderOfRegister {
        device,
        order,
        reply,
    };
    let deadline = service.deadline(service.settings.answer_timeout);
    let (status, code, message) = match service.ask(message, deadline).await {
        Ok(ResourceOutcome::Done) => {
            return match kind {
                None => json_response(StatusCode::OK, &object! { "done" => true }),
                Some(kind) => newest(service, device, kind).await,
            };
        }
        Ok(ResourceOutcome::Unknown) => (
            StatusCode::NOT_FOUND,
            "UnknownId",
            "id: belongs to no register of signed receipts of this till".to_owned(),
        ),
        Ok(ResourceOutcome::Failed(why)) => (StatusCode::CONFLICT, "RegisterOutOfUse", why),
        Ok(ResourceOutcome::NotKnown(why)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "BooksUnwritable",
            format!("store: {why}; send the request again"),
        ),
        Ok(other) => (
            StatusCode::CONFLICT,
            "RegisterOutOfUse",
            format!("the register does not carry out the order: {other:?}"),
        ),
        Err(none) => no_answer(
            none,
            "because another receipt waits for its signature; send the request again",
        ),
    };
    Problem::new(code, message).response(status)
}

/// The newest receipt of a kind.
async fn newest(service: &Arc<Service>, device: Uuid, kind: Kind) -> Response {
    let found = service.read(Lane::Lists, move |reader| {
        let mut found = None;
        let page = SignedPage {
            kinds: &[kind],
            descending: true,
            offset: 0,
            limit: 1,
        };
        reader.each_signed_on_page(device, page, |receipt| {
            found = Some(receipt);
            ControlFlow::Break(())
        })?;
        Ok(found)
    });
    match found.await {
        Ok(Some(receipt)) => json_response(StatusCode::OK, &shown(&receipt)),
        Ok(None) => json_response(StatusCode::OK, &object! { "done" => true }),
        Err(error) => Problem::from(error).response(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn shown(receipt: &SignedReceipt) -> JsonValue {
    let mut room = [0; PAYLOAD_BYTES_MAX];
    match Code::parse_compact(&receipt.compact, &mut room) {
        Ok(code) => object! {
            "done" => true,
            "kind" => receipt.kind.label(),
            "cash_box" => code.payload.cash_box.as_str(),
            "receipt" => code.payload.receipt.as_str(),
            "at" => code.payload.at.to_string(),
            "signed" => code.signature != Signature::Failed,
            "qr" => code.display(Form::Qr).to_string(),
        },
        Err(_) => object! { "done" => true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_with_all_its_faults_at_once() {
        let digest = "ab".repeat(32);
        for (body, faults) in [
            ("{}", &["order Missing"][..]),
            (r#"{"order":"print"}"#, &["order UnknownValue"]),
            (
                r#"{"order":"backup_made","sha256":"12"}"#,
                &["receipts Missing", "sha256 Missing"],
            ),
            (
                r#"{"order":"receipt_checked","by":" "}"#,
                &["receipt Missing", "by Empty"],
            ),
            (
                r#"{"order":"null_receipt","why":"x"}"#,
                &["why UnknownField"],
            ),
        ] {
            let found: Vec<String> = match read(body.as_bytes()) {
                Ok(wanted) => panic!("{body}: {wanted:?}"),
                Err(found) => found
                    .iter()
                    .map(|fault| format!("{} {}", fault.path, fault.code))
                    .collect(),
            };
            assert_eq!(found, faults, "{body}");
        }
        let body = format!(r#"{{"order":"backup_made","receipts":7,"sha256":"{digest}"}}"#);
        let order = RegisterOrder::BackedUp {
            receipts: 7,
            sha256: [0xAB; 32],
        };
        assert_eq!(read(body.as_bytes()).unwrap(), Wanted::Order(order));
    }
}
