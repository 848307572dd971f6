//! Cash into the drawer, or out of it.

use ferrotill_core::Amount;

use super::echoed::EchoedFields;
use super::parsed::Parsed;
use super::shared::{MONEY, base};
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::order::OrderKind;

/// Reads an order to put cash into the drawer or to take cash out.
pub(in crate::api::fiscalcloud) fn cash(body: &JsonValue, context: RequestContext<'_>) -> Parsed {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let head = base(&mut fields);
    let amount = fields.decimal("amount", MONEY);
    if fields.member("amount").is_none() {
        fields.fault(
            "amount",
            "Missing",
            "is needed; give the amount that goes in (above zero) or out (below zero)",
        );
    }
    fields.finish();
    let kind = OrderKind::Cash(Amount::from_minor(amount.unwrap_or(0)));
    EchoedFields::default().parsed(kind, head, faults, context)
}
