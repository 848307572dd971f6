//! Reads the body of a non-fiscal receipt.

use super::echoed::EchoedFields;
use super::parsed::Parsed;
use super::shared::{base, email};
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::order::OrderKind;

/// Reads a text to print. It may be empty.
pub(in crate::api::fiscalcloud) fn nonfiscal(
    body: &JsonValue,
    context: RequestContext<'_>,
) -> Parsed {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let mut head = base(&mut fields);
    let mut echoed = EchoedFields::default();
    let print = fields.boolean("print");
    head.paper = head.paper.with_print(print);
    echoed.keep("print", print);
    email(&mut fields, &mut echoed);
    let text = fields.text("text").unwrap_or_default();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        let sentence = format!("has {lines} lines; {LINES_MAX} are allowed");
        fields.fault("text", "TooManyTextLines", sentence);
    }
    fields.finish();
    let kind = OrderKind::Nonfiscal {
        text: text.into(),
        print: print.unwrap_or(true),
    };
    echoed.parsed(kind, head, faults, context)
}

/// The largest number of lines of the text: a printer needs about ten seconds for so many.
const LINES_MAX: usize = 100;
