//! Reads the payments of a sale or a return.

use ferrotill_core::Amount;
use ferrotill_core::refusal::Refusal;
use uuid::Uuid;

use super::echoed::EchoedFields;
use super::shared::{MONEY, entries};
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::json::{Fields, JsonValue, LIST_ITEMS_MAX};
use crate::config::{BankTerminal, Mode};
use crate::object;
use crate::order::{OrderDraft, TerminalPayment};

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
        let print_data = payment.member("bankTerminalPrintData");
        if print_data.is_some_and(JsonValue::is_cut) {
            let sentence = format!("has a list of more than {LIST_ITEMS_MAX} entries");
            payment.fault("bankTerminalPrintData", "TooManyItems", sentence);
        }
        let named = payment.uuid("bankTerminal");
        if uses_terminal && terminal == Some(true) {
            let used = terminal_of(&mut payment, code, named, context);
            let position = u8::try_from(index).unwrap_or(u8::MAX);
            echoed
                .terminals
                .payments
                .extend(used.map(|terminal| TerminalPayment { position, terminal }));
        }
        echoed.payments.push(object! {
            "useBankTerminal" => terminal,
            "bankTerminal" => named,
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

/// The terminal of a payment: the named one, or the only one. Generated clients send the nil UUID where they name none.
fn terminal_of(
    payment: &mut Fields<'_, '_>,
    code: Option<i32>,
    named: Option<Uuid>,
    context: RequestContext<'_>,
) -> Option<Uuid> {
    let types = &context.device.payment_types;
    let is_cash = match code {
        Some(code) => types.iter().any(|kind| kind.code == code && kind.cash),
        None => true,
    };
    if is_cash {
        payment.fault(
            "useBankTerminal",
            "BankTerminalForCash",
            "is true for a payment in cash; give the typeCode of a card payment, or send useBankTerminal false",
        );
        return None;
    }
    let named = named.filter(|named| !named.is_nil());
    match (named, context.bank_terminals) {
        (_, []) if context.mode == Mode::Live => payment.fault(
            "useBankTerminal",
            "NoBankTerminal",
            "no bank terminal is configured; take the payment on a terminal of your own and send useBankTerminal false",
        ),
        // The simulated terminal of a TEST till stands for every terminal.
        (_, []) => return Some(BankTerminal::STAND_IN),
        (Some(named), terminals) if terminals.iter().any(|terminal| terminal.id == named) => {
            return Some(named);
        }
        (Some(_), _) => payment.fault(
            "bankTerminal",
            "UnknownBankTerminal",
            "is no bank terminal of this shop; give the id of one, as bankTerminalsIDList of the device lists them",
        ),
        (None, [only]) => return Some(only.id),
        (None, _) => payment.fault(
            "bankTerminal",
            "BankTerminalMissing",
            "is needed, because the shop has several bank terminals; give the id of one, as bankTerminalsIDList of the device lists them",
        ),
    }
    None
}
