//! Reads the payments of a sale or a return.

use ferrotill_core::Amount;
use ferrotill_core::refusal::Refusal;

use super::echoed::EchoedFields;
use super::shared::{MONEY, entries};
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::json::{Fields, JsonValue, LIST_ITEMS_MAX};
use crate::config::Mode;
use crate::object;
use crate::order::OrderDraft;

/// Reads the list of payments. If `uses_terminal` is true, a payment may be made at the bank terminal.
pub(super) fn payments(
    fields: &mut Fields<'_, '_>,
    draft: &mut OrderDraft,
    echoed: &mut EchoedFields,
    uses_terminal: bool,
    context: RequestContext<'_>,
) {
    let limit = context.profile.facts().payments_max;
    let given = entries(fields, "payments", limit, |given, limit| {
        Refusal::TooManyPayments { given, limit }
    });
    for (index, node) in given.iter().enumerate() {
        let mut payment = Fields::of(node, &format!("payments[{index}]"), fields.faults());
        if payment.member("amount").is_none() {
            payment.fault("amount", "Missing", "is needed");
        }
        let code = payment.integer("typeCode");
        let amount = payment.decimal("amount", MONEY);
        let terminal = payment.boolean("useBankTerminal");
        if uses_terminal && terminal == Some(true) && context.mode == Mode::Live {
            payment.fault(
                "useBankTerminal",
                "NoBankTerminal",
                "no bank terminal is configured; take the payment on a terminal of your own and send useBankTerminal false",
            );
        }
        let print_data = payment.member("bankTerminalPrintData");
        if print_data.is_some_and(JsonValue::is_cut) {
            let sentence = format!("has a list of more than {LIST_ITEMS_MAX} entries");
            payment.fault("bankTerminalPrintData", "TooManyItems", sentence);
        }
        echoed
            .terminals
            .push(uses_terminal && terminal == Some(true));
        echoed.payments.push(object! {
            "useBankTerminal" => terminal,
            "bankTerminal" => payment.uuid("bankTerminal"),
            "bankTerminalCurrency" => payment.text("bankTerminalCurrency"),
            "bankTerminalRRN" => payment.text("bankTerminalRRN"),
            "bankTerminalOperationNumber" => payment.text("bankTerminalOperationNumber"),
            "bankTerminalPrintData" => print_data.cloned().unwrap_or(JsonValue::Null),
        });
        payment.finish();
        // A value that could not be read has been reported as a fault. The default value keeps the positions of the other
        // payments.
        let amount = Amount::from_minor(amount.unwrap_or(1));
        draft.payments.push((code, amount));
    }
}
