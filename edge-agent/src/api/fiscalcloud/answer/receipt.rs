//! Converts the receipt of a sale or a return to JSON.

use ferrotill_core::receipt::{Line, Modifier, Payment, Receipt, ReceiptKind};
use ferrotill_core::scale::Decimal;
use ferrotill_core::seal::Seal;
use ferrotill_core::{Amount, Currency};
use uuid::Uuid;

use super::absent;
use super::format::{row_number, series_and_number};
use super::sealed::{AnswerContext, Form, Members, SealedDocument};
use crate::api::json::JsonValue;
use crate::object;

/// The JSON members that only receipts have.
pub(super) fn receipt_members(
    document: &SealedDocument<'_>,
    receipt: &Receipt<'_>,
    form: Form,
    context: AnswerContext<'_>,
) -> Members {
    let money = |amount: Amount| JsonValue::from(amount.display(context.currency));
    let mut members: Members = vec![
        ("zReportId".into(), context.z_report.into()),
        ("totalAmount".into(), money(receipt.total)),
        ("subTotalAmount".into(), money(receipt.sub_total)),
        ("totalPaid".into(), money(receipt.paid)),
        (
            "totalAmountModifications".into(),
            money(receipt.modification),
        ),
        ("totalChange".into(), money(receipt.change)),
    ];
    let email = document.contact("emailAddress", |contact| contact.email.clone());
    let phone = document.contact("phoneNumber", |contact| contact.phone.clone());
    members.push((
        "print".into(),
        absent::given(document.echoed("print"), true),
    ));
    members.push((
        "sendToEmail".into(),
        absent::given(document.echoed("sendToEmail"), false),
    ));
    members.push(("emailAddress".into(), email));
    members.push((
        "sendToPhone".into(),
        absent::given(document.echoed("sendToPhone"), false),
    ));
    members.push(("phoneNumber".into(), phone));
    let text = |text: &str| {
        if text.is_empty() {
            JsonValue::Null
        } else {
            text.into()
        }
    };
    members.push(("additionalHeaderText".into(), text(receipt.header)));
    members.push(("additionalFooterText".into(), text(receipt.footer)));
    members.extend(lists(document, receipt, context.currency));
    if let (ReceiptKind::Refund { original }, Form::Own) = (receipt.kind, form) {
        members.push((
            "originalReceiptId".into(),
            Uuid::from_bytes(original.0).into(),
        ));
        members.push(("printOnServer".into(), true.into()));
        members.push(("pdfPrintFormSettings".into(), JsonValue::Null));
        members.push(("imagePrintFormSettings".into(), JsonValue::Null));
    }
    if let (Seal::Range { series, .. }, Some(number)) =
        (&document.sealed.seal, series_and_number(&document.sealed))
    {
        members.push(("series".into(), (*series).into()));
        members.push(("seriesAndNumber".into(), number.into()));
    }
    members
}

/// The lists of lines, payments and modifiers of a receipt.
fn lists(document: &SealedDocument<'_>, receipt: &Receipt<'_>, currency: Currency) -> Members {
    let items = receipt.lines.iter().enumerate();
    let items = items.map(|(index, line)| item(index, &line, document, currency));
    let payments = receipt.payments.iter().enumerate();
    let payments =
        payments.map(|(index, payment)| self::payment(index, &payment, document, currency));
    let modifiers = receipt.modifiers.iter().enumerate();
    let modifiers = modifiers.map(|(index, modifier)| {
        let (mode, value) = modifier_parts(modifier.modifier, currency);
        object! { "rowNumber" => row_number(index), "mode" => mode, "value" => value }
    });
    vec![
        ("items".into(), JsonValue::Array(items.collect())),
        ("payments".into(), JsonValue::Array(payments.collect())),
        (
            "amountModifications".into(),
            JsonValue::Array(modifiers.collect()),
        ),
    ]
}

fn item(
    index: usize,
    line: &Line<'_>,
    document: &SealedDocument<'_>,
    currency: Currency,
) -> JsonValue {
    let money = |amount: Amount| amount.display(currency);
    let echo = document.echo.get("items").and_then(|items| items.at(index));
    let (mode, value): (JsonValue, JsonValue) = line.modifier.map_or(
        (
            JsonValue::Null,
            JsonValue::from(Amount::ZERO.display(currency)),
        ),
        |modifier| {
            let (mode, value) = modifier_parts(modifier, currency);
            (mode.into(), value.into())
        },
    );
    object! {
        "rowNumber" => row_number(index),
        "goodId" => echo.and_then(|echo| echo.get("goodId")).cloned().unwrap_or(JsonValue::Null),
        "name" => line.name,
        "quantity" => line.quantity.display(),
        "price" => money(line.price),
        "amountBeforeModification" => money(line.before_modification),
        "amount" => money(line.amount),
        "modifierMode" => mode,
        "modifierValue" => value,
        "taxGroupCode" => tax_groups(line),
        "taxRate" => line.group.rate.display(),
        "taxRatePresentation" => format!("{}%", line.group.rate.display()),
        "taxAmount" => money(line.tax),
        "finalAmount" => money(line.final_amount),
        "finalTaxAmount" => money(line.final_tax),
        "comment" => (echo.and_then(|echo| echo.get("comment")) == Some(&JsonValue::Bool(true))).then_some(line.comment),
    }
}

/// The letters of all tax groups of a line (`"AF"`), as a return of the line names them.
fn tax_groups(line: &Line<'_>) -> String {
    line.taxes()
        .map(|tax| char::from(tax.group.code.letter()))
        .collect()
}

fn payment(
    index: usize,
    payment: &Payment<'_>,
    document: &SealedDocument<'_>,
    currency: Currency,
) -> JsonValue {
    let echo = document
        .echo
        .get("payments")
        .and_then(|payments| payments.at(index));
    let found = document
        .found
        .get("terminals")
        .and_then(|terminals| terminals.at(index));
    let echoed = |name: &str| {
        echo.and_then(|echo| echo.get(name))
            .cloned()
            .unwrap_or(JsonValue::Null)
    };
    let found_or_echoed =
        |found_name: &str, name: &str| match found.and_then(|found| found.get(found_name)) {
            Some(value) => value.clone(),
            None => echoed(name),
        };
    object! {
        "rowNumber" => row_number(index),
        "typeCode" => payment.code,
        "typeName" => payment.name,
        "amount" => payment.amount.display(currency),
        "change" => payment.change.display(currency),
        "useBankTerminal" => echoed("useBankTerminal"),
        "bankTerminal" => match echoed("bankTerminal") {
            JsonValue::Null => found_or_echoed("terminal", "bankTerminal"),
            named => named,
        },
        "bankTerminalCurrency" => echoed("bankTerminalCurrency"),
        "bankTerminalRRN" => found_or_echoed("rrn", "bankTerminalRRN"),
        "bankTerminalOperationNumber" => found_or_echoed("operation", "bankTerminalOperationNumber"),
        "bankTerminalPrintData" => print_rows(&found_or_echoed("slip", "bankTerminalPrintData")),
    }
}

/// The rows of a bank terminal's slip as the vendor's schema has them: it lost all members of a row but its type, and it is closed. What
/// the caller gave beside the type is stored and not answered.
fn print_rows(given: &JsonValue) -> JsonValue {
    let JsonValue::Array(rows) = given else {
        return JsonValue::Null;
    };
    let rows = rows.iter().map(|row| {
        let kind = match row.get("type") {
            Some(JsonValue::Text(kind)) if ROW_TYPES.contains(&kind.as_str()) => kind.as_str(),
            _ => "Text",
        };
        object! { "type" => kind }
    });
    JsonValue::Array(rows.collect())
}

/// The types of a printed row in the vendor's schema.
const ROW_TYPES: [&str; 7] = [
    "Text",
    "Image",
    "QRCode",
    "Separator",
    "EmptyRow",
    "PageBreak",
    "OpenCashDrawer",
];

fn modifier_parts(modifier: Modifier, currency: Currency) -> (&'static str, Decimal) {
    match modifier {
        Modifier::Percent(hundredths) => ("ByPercent", Decimal::new(i64::from(hundredths), 2)),
        Modifier::Amount(amount) => ("ByAmount", amount.display(currency)),
    }
}
