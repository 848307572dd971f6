//! Reads the body of a sale.

use ferrotill_core::Amount;
use ferrotill_core::receipt::Modifier;
use ferrotill_core::refusal::Refusal;

use super::echoed::EchoedFields;
use super::lines::{lines, modifier};
use super::parsed::Parsed;
use super::payments::payments;
use super::shared::{base, delivery, entries, printed};
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::fiscalcloud::problem::NUMBER_NOT_NEXT;
use crate::api::fiscalcloud::route::SaleRoute;
use crate::api::fiscalcloud::rules;
use crate::api::json::{FaultList, Fields, JsonValue, shortened};
use crate::order::{ChosenNumber, OrderDraft, OrderKind, ReceiptMode};

/// Reads the body of a sale.
pub(in crate::api::fiscalcloud) fn sale(
    body: &JsonValue,
    route: SaleRoute,
    context: RequestContext<'_>,
) -> Parsed {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let mut head = base(&mut fields);
    let mut echoed = EchoedFields::default();
    let mut draft = OrderDraft::default();
    let print = fields.boolean("print");
    head.paper = head.paper.with_print(print);
    echoed.keep("print", print);
    delivery(&mut fields, &mut echoed);
    draft.header = printed(&mut fields, "additionalHeaderText").into();
    draft.footer = printed(&mut fields, "additionalFooterText").into();
    lines(&mut fields, &mut draft, &mut echoed, false, context);
    payments(
        &mut fields,
        &mut draft,
        &mut echoed,
        route == SaleRoute::Sale,
        context,
    );
    let limit = context.profile.facts().modifiers_max;
    let modifications = entries(&mut fields, "amountModifications", limit, |given, limit| {
        Refusal::TooManyModifiers { given, limit }
    });
    for (index, node) in modifications.iter().enumerate() {
        let mut modification = Fields::of(
            node,
            &format!("amountModifications[{index}]"),
            fields.faults(),
        );
        let modifier = modifier(&mut modification, "mode", "value");
        draft
            .modifiers
            .push(modifier.unwrap_or(Modifier::Amount(Amount::ZERO)));
        modification.finish();
    }
    let (mode, number) = mode(&mut fields, &mut echoed, route, context);
    fields.finish();
    if !faults.is_empty() {
        rules::add_faults(&draft, context, &mut faults);
    }
    let kind = OrderKind::Sale {
        draft,
        mode,
        number,
        print: print.unwrap_or(true),
    };
    echoed.parsed(kind, head, faults, context)
}

/// The mode of the receipt, and the number that the caller has chosen for an alternative receipt.
fn mode(
    fields: &mut Fields<'_, '_>,
    echoed: &mut EchoedFields,
    route: SaleRoute,
    context: RequestContext<'_>,
) -> (ReceiptMode, Option<ChosenNumber>) {
    let (mode, name) = match route {
        SaleRoute::Receipt => return (ReceiptMode::FiscalOnly, None),
        SaleRoute::Alternative => (ReceiptMode::AlternativeOnly, "seriesAndNumber"),
        SaleRoute::Sale => {
            let choices = [
                ("FiscalReceiptOnly", ReceiptMode::FiscalOnly),
                ("AlternativeReceiptOnly", ReceiptMode::AlternativeOnly),
                (
                    "FiscalThenAlternativeReceipt",
                    ReceiptMode::FiscalThenAlternative,
                ),
            ];
            (
                fields.choice("receiptMode", &choices).unwrap_or_default(),
                "alternativeReceiptSeriesAndNumber",
            )
        }
    };
    // Generated clients send the empty text for a number that was not chosen.
    echoed.number = fields.text(name).filter(|text| !text.is_empty());
    let number = echoed.number.as_deref().and_then(|text| {
        let number = rules::series_and_number(text, context.device);
        if number.is_none() {
            let sentence = format!(
                "is {:?}, which is no series of at most 10 letters with a number of at most 9 digits; leave the number out, and the till chooses it",
                shortened(text)
            );
            fields.fault(name, NUMBER_NOT_NEXT, sentence);
        }
        number
    });
    (mode, number)
}
