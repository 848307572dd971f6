//! The field `additionalData`: the printer's numbers, the cash rounding, and the reconciliation of a Z-report.

use std::borrow::Cow;

use ferrotill_core::document::Body;
use ferrotill_core::profile::signed::{Code, Form, PAYLOAD_BYTES_MAX, Signature};
use ferrotill_core::reconciliation::Reconciliation;
use ferrotill_core::seal::Seal;
use ferrotill_core::{Amount, Currency};

use super::sealed::{AnswerContext, Members, SealedDocument};
use crate::api::json::JsonValue;
use crate::object;
use ferrotill_store::{ReconciliationFigure, ZReconciliation};

/// The signed receipt of a document: its id, the id of its cash box, the text of its QR code, and whether it has a signature.
fn signature(seal: &Seal<'_>) -> Option<JsonValue> {
    let Seal::Signature { compact, .. } = *seal else {
        return None;
    };
    let mut room = [0; PAYLOAD_BYTES_MAX];
    let code = Code::parse_compact(compact, &mut room).ok()?;
    Some(object! {
        "cashBoxId" => code.payload.cash_box.as_str(),
        "receiptId" => code.payload.receipt.as_str(),
        "signed" => code.signature != Signature::Failed,
        "qr" => code.display(Form::Qr).to_string(),
    })
}

/// The values for which the FiscalCloud API has no fields of its own: the printer's numbers, the cash rounding, and the
/// reconciliation of a report.
pub(super) fn additional_data(
    document: &SealedDocument<'_>,
    context: AnswerContext<'_>,
) -> JsonValue {
    let SealedDocument {
        stored,
        reserved,
        sealed,
        ..
    } = document;
    let money = |amount: Amount| amount.display(context.currency);
    let printer = match &sealed.seal {
        Seal::Printer {
            document,
            fiscal_receipt,
            counters,
            printed_at,
        } => object! {
            "document" => *document,
            "fiscalReceipt" => *fiscal_receipt,
            "zNumber" => counters.map(|counters| counters.z_number),
            "serialNumber" => reserved.baseline.map(|baseline| baseline.serial),
            // The printer's own clock: `DD-MM-YY HH:MM:SS`, as on the paper.
            "printedAt" => printed_at.map(|at| at.to_string()),
        },
        _ => JsonValue::Null,
    };
    let mut members: Members = vec![("printer".into(), printer)];
    if let Seal::FiscalNumber { number, .. } = &sealed.seal {
        members.push(("fiscalNumber".into(), (*number).into()));
    }
    if let Some(module) = module(&sealed.seal) {
        members.push(("module".into(), module));
    }
    if let Some(signature) = signature(&sealed.seal) {
        members.push(("signature".into(), signature));
    }
    if let Body::Receipt(receipt) = &reserved.body
        && let Some(line) = receipt.rounding
    {
        let rounding = object! { "name" => line.name, "amount" => money(line.amount) };
        members.push(("cashRounding".into(), rounding));
    }
    members.extend(bank_terminals(document, context.currency));
    let Some(figures) = &sealed.report else {
        return JsonValue::Object(members);
    };
    let tally = |tally: ferrotill_core::shift::Tally| object! { "count" => tally.count, "amount" => money(tally.amount) };
    let reconciliation = reconciled(
        figures.reconciliation.as_ref(),
        stored.reconciliation.as_ref(),
        context.currency,
    );
    members.extend([
        ("zNumber".into(), figures.shift.z_number.into()),
        ("alternative".into(), tally(figures.shift.alternative)),
        ("refunds".into(), tally(figures.shift.refunds.receipts)),
        ("reconciliation".into(), reconciliation),
    ]);
    if let Some(name) = context.cash_rounding {
        let shift = &figures.shift;
        let rounding = object! {
            "name" => name,
            "salesAmount" => money(shift.sales.rounding),
            "refundsAmount" => money(shift.refunds.rounding),
        };
        members.push(("cashRounding".into(), rounding));
    }
    JsonValue::Object(members)
}

/// What a fiscal module has given a document; its report has a number of its own instead of those of a receipt.
fn module(seal: &Seal<'_>) -> Option<JsonValue> {
    let Seal::Module(module) = seal else {
        return None;
    };
    let (terminal, applet) = (module.terminal, module.applet);
    Some(match module.counters {
        Some(counters) => object! {
            "terminalId" => terminal,
            "appletVersion" => applet,
            "zNumber" => counters.z_number,
        },
        None => object! {
            "terminalId" => terminal,
            "appletVersion" => applet,
            "receipt" => module.receipt,
            "dateTime" => module.at,
            "fiscalSign" => module.sign,
            "qrUrl" => module.link,
        },
    })
}

/// The days of the bank terminals that a report has asked.
fn bank_terminals(
    document: &SealedDocument<'_>,
    currency: Currency,
) -> Option<(Cow<'static, str>, JsonValue)> {
    let Some(JsonValue::Array(terminals)) = document.found.get("bank_terminals") else {
        return None;
    };
    let terminals = terminals
        .iter()
        .map(|terminal| bank_terminal(terminal, currency));
    Some((
        "bankTerminals".into(),
        JsonValue::Array(terminals.collect()),
    ))
}

/// The day of a bank terminal: what it has moved, or why that is not known.
fn bank_terminal(day: &JsonValue, currency: Currency) -> JsonValue {
    let member = |name: &str| day.get(name).cloned().unwrap_or(JsonValue::Null);
    let money = |name: &str| match day.get(name) {
        Some(JsonValue::Number(minor)) => minor.parse().map_or(JsonValue::Null, |minor| {
            Amount::from_minor(minor).display(currency).into()
        }),
        _ => JsonValue::Null,
    };
    object! {
        "id" => member("id"),
        "name" => member("name"),
        "chargeCount" => member("charges"),
        "chargedAmount" => money("charged"),
        "refundCount" => member("refunds"),
        "refundedAmount" => money("refunded"),
        "error" => member("error"),
    }
}

/// Compares the journal with the printer, and a Z-report with the documents of its shift.
///
/// The authority's figures are known later, and only `/operations/{id}` shows them, because a repeated `closeday` gets the
/// first answer again.
fn reconciled(
    printer: Option<&Reconciliation>,
    account: Option<&ZReconciliation>,
    currency: Currency,
) -> JsonValue {
    if printer.is_none() && account.is_none() {
        return JsonValue::Null;
    }
    // The stored differences are those of the whole shift; a printer that was exchanged has counted a part of it.
    let printer = printer.filter(|_| !account.is_some_and(ZReconciliation::has_other_printers));
    let money = |amount: Amount| amount.display(currency);
    let groups = |differences: &[Amount; 8]| {
        let members = (b'A'..=b'H')
            .zip(differences)
            .filter(|(_, difference)| !difference.is_zero())
            .map(|(letter, difference)| {
                (
                    char::from(letter).to_string().into(),
                    money(*difference).into(),
                )
            })
            .collect();
        JsonValue::Object(members)
    };
    let figures = account.into_iter().flat_map(|account| &account.figures);
    let differences = figures
        .clone()
        .filter(|figure| !figure.agrees_at_the_till())
        .map(|figure| figure_members(figure, currency));
    let taxes = figures
        .filter(|figure| figure.may_differ_at_the_printer())
        .map(|figure| figure_members(figure, currency));
    object! {
        "agrees" => printer.is_none_or(Reconciliation::agrees)
            && account.is_none_or(ZReconciliation::agrees_at_the_till),
        "sales" => printer.map(|printer| groups(&printer.sales)),
        "refunds" => printer.and_then(|printer| printer.refunds.as_ref()).map(groups),
        "cash" => printer.and_then(|printer| printer.cash).map(money),
        "cashIn" => printer.and_then(|printer| printer.cash_in).map(money),
        "cashOut" => printer.and_then(|printer| printer.cash_out).map(money),
        "receipts" => printer.and_then(|printer| printer.receipts),
        "taxes" => JsonValue::Array(taxes.collect()),
        "differences" => JsonValue::Array(differences.collect()),
    }
}

/// One figure as documents, report and printer give it, and the documents that may explain a difference.
fn figure_members(figure: &ReconciliationFigure, currency: Currency) -> JsonValue {
    let documents = figure
        .suspects
        .iter()
        .map(|(number, id)| object! { "number" => *number, "id" => *id });
    let mut members: Members = vec![("subject".into(), figure.subject.clone().into())];
    let sides = [
        ("documents", Some(figure.documents)),
        ("report", figure.report),
        ("printer", figure.printer),
    ];
    for (side, value) in sides {
        let (name, value) = if figure.is_count() {
            (format!("{side}Count"), value.map(JsonValue::from))
        } else {
            let money = |value| JsonValue::from(Amount::from_minor(value).display(currency));
            (format!("{side}Amount"), value.map(money))
        };
        members.push((name.into(), value.unwrap_or(JsonValue::Null)));
    }
    members.push(("inQuestion".into(), JsonValue::Array(documents.collect())));
    JsonValue::Object(members)
}
