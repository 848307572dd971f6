//! Converts X-reports and Z-reports to JSON.

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::event::ReportFigures;

use super::absent;
use super::format::row_number;
use super::sealed::{AnswerContext, Members};
use crate::api::json::JsonValue;
use crate::object;

pub(super) fn report_type(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::X => "XReport",
        ReportKind::Z => "ZReport",
    }
}

/// The JSON members that only reports have.
pub(super) fn report_members(
    kind: ReportKind,
    figures: &ReportFigures,
    last_receipt: Option<u32>,
    context: AnswerContext<'_>,
) -> Members {
    let money = |amount: Amount| JsonValue::from(amount.display(context.currency));
    let netto =
        |amount: Amount, tax: Amount| money(amount.checked_sub(tax).unwrap_or(Amount::ZERO));
    let sales = &figures.shift.sales;
    let untaxed = sales
        .groups
        .entries()
        .filter(|entry| entry.group.rate.ten_thousandths() == 0)
        .try_fold(Amount::ZERO, |sum, entry| sum.checked_add(entry.amount))
        .unwrap_or(Amount::ZERO);
    let payments = sales.payments.entries().enumerate().map(|(index, total)| {
        let name = context
            .device
            .payment_types
            .iter()
            .find(|payment| payment.code == total.code);
        object! {
            "rowNumber" => row_number(index),
            "typeCode" => total.code,
            "typeName" => absent::text(name.map(|payment| payment.name.clone())),
            "amount" => money(total.amount),
        }
    });
    let taxes = sales.groups.entries().enumerate().map(|(index, total)| {
        object! {
            "rowNumber" => row_number(index),
            "taxGroupCode" => total.group.code.to_string(),
            "taxRate" => total.group.rate.display(),
            "taxRatePresentation" => format!("{}%", total.group.rate.display()),
            "amount" => money(total.amount),
            "taxAmount" => money(total.tax),
        }
    });
    vec![
        ("type".into(), report_type(kind).into()),
        ("untaxedAmount".into(), money(untaxed)),
        ("totalAmount".into(), money(sales.receipts.amount)),
        ("totalTaxAmount".into(), money(sales.tax)),
        (
            "totalNettoAmount".into(),
            netto(sales.receipts.amount, sales.tax),
        ),
        ("cashInAmount".into(), money(figures.shift.cash_in.amount)),
        ("cashOutAmount".into(), money(figures.shift.cash_out.amount)),
        ("finalBalance".into(), money(figures.cash)),
        ("grandTotalAmount".into(), money(figures.grand.amount)),
        ("grandTotalTaxAmount".into(), money(figures.grand.tax)),
        (
            "grandTotalNettoAmount".into(),
            netto(figures.grand.amount, figures.grand.tax),
        ),
        ("annualTotalAmount".into(), money(figures.year.amount)),
        ("annualTotalTaxAmount".into(), money(figures.year.tax)),
        (
            "annualTotalNettoAmount".into(),
            netto(figures.year.amount, figures.year.tax),
        ),
        ("receiptCount".into(), sales.receipts.count.into()),
        ("lastReceiptNumber".into(), last_receipt.unwrap_or(0).into()),
        ("payments".into(), JsonValue::Array(payments.collect())),
        ("taxItems".into(), JsonValue::Array(taxes.collect())),
    ]
}
