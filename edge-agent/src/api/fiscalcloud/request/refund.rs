//! Reads the body of a return.

use super::echoed::EchoedFields;
use super::lines::lines;
use super::parsed::Parsed;
use super::payments::payments;
use super::shared::{base, delivery};
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::fiscalcloud::rules;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::order::{OrderDraft, OrderKind, WITHDRAWAL};

/// Reads the body of a return.
///
/// If `uses_terminal` is true, the money may be given back on the bank terminal.
pub(in crate::api::fiscalcloud) fn refund(
    body: &JsonValue,
    uses_terminal: bool,
    context: RequestContext<'_>,
) -> Parsed {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let head = base(&mut fields);
    let mut echoed = EchoedFields::default();
    let mut draft = OrderDraft::default();
    let original = fields.uuid("originalReceiptId");
    if original.is_none() && fields.member("originalReceiptId").is_none() {
        fields.fault(
            "originalReceiptId",
            "Missing",
            "is needed; give the id of the receipt that is returned",
        );
    }
    echoed.keep(WITHDRAWAL, fields.boolean(WITHDRAWAL));
    echoed.keep("print", fields.boolean("print"));
    delivery(&mut fields, &mut echoed);
    lines(&mut fields, &mut draft, &mut echoed, true, context);
    payments(&mut fields, &mut draft, &mut echoed, uses_terminal, context);
    fields.finish();
    if !faults.is_empty() {
        rules::add_empty_lists(&draft, context, &mut faults);
    }
    let kind = OrderKind::Refund {
        original: original.unwrap_or_default(),
        draft,
    };
    echoed.parsed(kind, head, faults, context)
}
