//! `/sim/printer`, `/sim/clock`, `/sim/bank_terminal`, `/sim/module`, `/sim/providers` and `/sim/signature_unit`: the switches of the simulator. They exist in TEST mode
//! only.

pub mod bank_terminal;
pub mod clock;
pub mod deliveries;
pub mod described;
pub mod module;
pub mod printer;
pub mod providers;
pub mod signature_unit;

use axum::http::StatusCode;
use axum::response::Response;

use super::json::{FaultList, Fields, JsonValue};
use super::problem::Problem;
use super::response::json_response;
use crate::object;

/// The path below which all switches are.
pub(super) const PREFIX: &str = "/sim/";

/// Reads the body of a simulator request strictly and reports all its faults at once. If there is a fault, no switch is
/// changed.
fn read<T>(body: &[u8], take: impl FnOnce(&mut Fields<'_, '_>) -> T) -> Result<T, FaultList> {
    let body = JsonValue::of_short_body(body)?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&body, "", &mut faults);
    let value = take(&mut fields);
    fields.finish();
    if faults.is_empty() {
        Ok(value)
    } else {
        Err(faults)
    }
}

/// A whole number that is not below a least one.
fn at_least(fields: &mut Fields<'_, '_>, name: &str, least: i32) -> Option<i32> {
    let value = fields.integer(name)?;
    if value < least {
        let sentence = format!("is {value}; at least {least} is needed");
        fields.fault(name, "UnknownValue", sentence);
        return None;
    }
    Some(value)
}

fn refuse(faults: &FaultList) -> Response {
    Problem::from(faults).response(StatusCode::BAD_REQUEST)
}

fn done() -> Response {
    json_response(StatusCode::OK, &object! { "ok" => true })
}
