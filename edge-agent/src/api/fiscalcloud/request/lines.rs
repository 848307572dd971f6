//! Reads the lines of a sale or a return.

use ferrotill_core::receipt::{CopiedLine, Modifier};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::tax::TaxRate;
use ferrotill_core::{Amount, Quantity};
use uuid::Uuid;

use super::echoed::EchoedFields;
use super::goods::goods_of_item;
use super::shared::{MONEY, entries, printed};
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::json::{Fields, JsonValue};
use crate::object;
use crate::order::{OrderDraft, OrderLine};

/// Reads the list of lines.
pub(super) fn lines(
    fields: &mut Fields<'_, '_>,
    draft: &mut OrderDraft,
    echoed: &mut EchoedFields,
    refund: bool,
    context: RequestContext<'_>,
) {
    let limit = context.profile.facts().lines_max;
    let items = entries(fields, "items", limit, |given, limit| {
        Refusal::TooManyLines { given, limit }
    });
    for (index, item) in items.iter().enumerate() {
        let mut item = Fields::of(item, &format!("items[{index}]"), fields.faults());
        draft.lines.push(line(&mut item, echoed, (context, refund)));
        item.finish();
    }
}

fn line(
    fields: &mut Fields<'_, '_>,
    echoed: &mut EchoedFields,
    (context, refund): (RequestContext<'_>, bool),
) -> OrderLine {
    let needed = |fields: &mut Fields<'_, '_>, name: &str, places| {
        if fields.member(name).is_none() {
            fields.fault(name, "Missing", "is needed");
        }
        fields.decimal(name, places)
    };
    let good_id = fields.uuid("goodId");
    if context.module_goods().is_some() {
        let good = goods_of_item(fields, good_id, (context, refund));
        echoed.goods.push(good);
    }
    let quantity = needed(fields, "quantity", Quantity::DECIMALS);
    let price = needed(fields, "price", MONEY);
    let commented = fields.member("comment").is_some();
    let comment = printed(fields, "comment");
    echoed
        .items
        .push(object! { "goodId" => good_id, "comment" => commented });
    let (final_amount, copied) = if refund {
        let copied = copied(fields, good_id);
        (fields.decimal("finalAmount", MONEY), copied)
    } else {
        (None, CopiedLine::NONE)
    };
    OrderLine {
        name: printed(fields, "name").into(),
        // A value that could not be read has been reported as a fault. The default value causes no second fault.
        quantity: Quantity::from_thousandths(quantity.unwrap_or(Quantity::ONE.thousandths())),
        price: Amount::from_minor(price.unwrap_or(1)),
        modifier: modifier(fields, "modifierMode", "modifierValue"),
        // Generated clients send the empty text for what is not given.
        tax_group: fields.text("taxGroupCode").filter(|text| !text.is_empty()),
        comment: comment.into(),
        final_amount: given(final_amount),
        copied,
    }
}

/// Reads the fields that a line of a return may have because the caller copied the line from the receipt. They serve to find that
/// line, and the core compares each with the line that it found.
fn copied(fields: &mut Fields<'_, '_>, good_id: Option<Uuid>) -> CopiedLine {
    // A rate has four decimals of a percent.
    let rate = fields.decimal("taxRate", 4);
    fields.known(&["taxRatePresentation"]);
    let mut amount = |name| given(fields.decimal(name, MONEY));
    CopiedLine {
        good: good_id.map(Uuid::into_bytes),
        amount: amount("amount"),
        tax: amount("taxAmount"),
        final_tax: amount("finalTaxAmount"),
        before: amount("amountBeforeModification"),
        // Clients that do not compute a rate send 0.
        rate: rate
            .and_then(|rate| u32::try_from(rate).ok())
            .filter(|rate| *rate != 0)
            .and_then(TaxRate::from_ten_thousandths),
        position: row_position(fields.member("rowNumber")),
    }
}

/// An amount that a caller gave. Clients that do not compute an amount themselves send 0 for "not given".
fn given(amount: Option<i64>) -> Option<Amount> {
    amount.filter(|amount| *amount != 0).map(Amount::from_minor)
}

/// The index of a row from its number: the first row has the number one. Any other value is no position.
fn row_position(number: Option<&JsonValue>) -> Option<u16> {
    let JsonValue::Number(text) = number? else {
        return None;
    };
    text.parse::<u16>().ok()?.checked_sub(1)
}

/// Reads a discount or surcharge.
pub(super) fn modifier(
    fields: &mut Fields<'_, '_>,
    mode_name: &str,
    value_name: &str,
) -> Option<Modifier> {
    #[derive(Clone, Copy)]
    enum ModifierMode {
        Percent,
        Amount,
    }
    let given_mode = fields.member(mode_name).is_some();
    let mode = fields.choice(
        mode_name,
        &[
            ("ByPercent", ModifierMode::Percent),
            ("ByAmount", ModifierMode::Amount),
        ],
    );
    let given_value = fields.member(value_name).is_some();
    match mode {
        Some(_) if !given_value => {
            fields.fault(value_name, "Missing", format!("is needed with {mode_name}"));
            None
        }
        Some(ModifierMode::Percent) => {
            let hundredths = fields.decimal(value_name, PERCENT)?;
            let narrow = i32::try_from(hundredths)
                .ok()
                .filter(|hundredths| hundredths.unsigned_abs() <= PERCENT_MAX);
            if narrow.is_none() {
                fields.fault(value_name, "NumberTooLarge", "is beyond 10000 percent");
            }
            narrow.map(Modifier::Percent)
        }
        Some(ModifierMode::Amount) => fields
            .decimal(value_name, MONEY)
            .map(|minor| Modifier::Amount(Amount::from_minor(minor))),
        None => {
            let value = fields.decimal(value_name, MONEY);
            if !given_mode && value.is_some_and(|value| value != 0) {
                fields.fault(
                    mode_name,
                    "Missing",
                    format!("is needed with {value_name}; give ByPercent or ByAmount"),
                );
            }
            None
        }
    }
}

/// The number of decimals of percentages in the FiscalCloud API.
const PERCENT: u8 = 2;
/// The largest discount or surcharge, in hundredths of a percent: 10000 percent.
const PERCENT_MAX: u32 = 1_000_000;
