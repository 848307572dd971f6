//! Converts a stored document to JSON: the whole document, or its short form in a list.

use ferrotill_core::Amount;
use ferrotill_core::document::{Body, DocumentKind};
use uuid::Uuid;

use super::absent;
use super::format::{date_time, series_and_number};
use super::receipt::receipt_members;
use super::reconciliation::additional_data;
use super::report::{report_members, report_type};
use super::sealed::{AnswerContext, Form, Members, SealedDocument};
use crate::api::fiscalcloud::print_form::PrintForm;
use crate::api::json::JsonValue;
use crate::object;
use crate::time::clock::shown;
use ferrotill_store::StoredDocument;

/// The whole document as JSON; `None` if the document is not sealed.
pub(in crate::api::fiscalcloud) fn document(
    stored: &StoredDocument,
    form: Form,
    context: AnswerContext<'_>,
) -> Option<JsonValue> {
    let document = SealedDocument::of(stored)?;
    let mut members = head(&document, context);
    match &document.reserved.body {
        Body::Receipt(receipt) => {
            members.extend(receipt_members(&document, receipt, form, context))
        }
        Body::Cash(amount) => {
            members.push(("zReportId".into(), context.z_report.into()));
            members.push(("amount".into(), amount.display(context.currency).into()));
            // The cash in the drawer after the operation: the printer's count before the operation plus the amount of the
            // operation.
            let before = document.reserved.baseline.map(|baseline| baseline.cash);
            let balance = before.and_then(|before| before.checked_add(*amount));
            members.push((
                "finalBalanceInformatory".into(),
                balance
                    .unwrap_or(Amount::ZERO)
                    .display(context.currency)
                    .into(),
            ));
        }
        Body::Report(kind) => {
            let figures = document.sealed.report.as_ref()?;
            members.extend(report_members(
                *kind,
                figures,
                document.stored.last_receipt,
                context,
            ));
        }
        Body::Nonfiscal(text) => members.extend(nonfiscal_members(&document, text)),
        // The API has no such documents.
        Body::Amounts(_) => return None,
    }
    Some(JsonValue::Object(members))
}

/// The JSON members that only non-fiscal receipts have.
fn nonfiscal_members(document: &SealedDocument<'_>, text: &str) -> Members {
    vec![
        (
            "print".into(),
            absent::given(document.echoed("print"), true),
        ),
        (
            "sendToEmail".into(),
            absent::given(document.echoed("sendToEmail"), false),
        ),
        (
            "emailAddress".into(),
            document.contact("emailAddress", |contact| contact.email.clone()),
        ),
        ("text".into(), text.into()),
    ]
}

/// The answer of `operations/sale`.
pub(in crate::api::fiscalcloud) fn sale(
    stored: &StoredDocument,
    context: AnswerContext<'_>,
) -> Option<JsonValue> {
    let dto = document(stored, Form::Own, context)?;
    let alternative = stored.row.kind == DocumentKind::AlternativeSale;
    let (fiscal, other) = if alternative {
        (JsonValue::Null, dto)
    } else {
        (dto, JsonValue::Null)
    };
    Some(object! {
        "receiptType" => if alternative { "AlternativeReceipt" } else { "FiscalReceipt" },
        "fiscalReceipt" => fiscal,
        "alternativeReceipt" => other,
    })
}

/// The short form of a document in a list; `None` if it is not sealed.
pub(in crate::api::fiscalcloud) fn short(
    stored: &StoredDocument,
    context: AnswerContext<'_>,
) -> Option<JsonValue> {
    let document = SealedDocument::of(stored)?;
    let sealed = &document.sealed;
    let at = document.reserved.at;
    let mut members: Members = vec![
        ("id".into(), stored.row.id.into()),
        (
            "pointOfSaleId".into(),
            Uuid::from_bytes(document.reserved.point_of_sale.0).into(),
        ),
        ("authorUserName".into(), document.author().into()),
        ("number".into(), sealed.number.into()),
        (
            "numberPresentation".into(),
            format!("{:08}", sealed.number).into(),
        ),
        ("currentNumber".into(), sealed.current_number.into()),
        (
            "currentNumberPresentation".into(),
            format!("{:04}", sealed.current_number).into(),
        ),
        ("dateTime".into(), date_time(at).into()),
        ("dateTimePresentation".into(), shown(at).into()),
    ];
    match &document.reserved.body {
        Body::Receipt(receipt) => {
            members.push((
                "totalAmount".into(),
                receipt.total.display(context.currency).into(),
            ));
            if let Some(number) = series_and_number(sealed) {
                members.push(("seriesAndNumber".into(), number.into()));
            }
        }
        Body::Cash(amount) => {
            members.push(("amount".into(), amount.display(context.currency).into()))
        }
        Body::Report(kind) => {
            let total = sealed
                .report
                .as_ref()
                .map(|figures| figures.shift.sales.receipts.amount);
            members.push(("type".into(), report_type(*kind).into()));
            members.push((
                "totalAmount".into(),
                total
                    .unwrap_or(Amount::ZERO)
                    .display(context.currency)
                    .into(),
            ));
        }
        // The API lists no such documents.
        Body::Nonfiscal(text) => members.push(("text".into(), (*text).into())),
        Body::Amounts(_) => return None,
    }
    Some(JsonValue::Object(members))
}

/// The JSON members that documents of every kind have.
fn head(document: &SealedDocument<'_>, context: AnswerContext<'_>) -> Members {
    let SealedDocument {
        stored,
        reserved,
        sealed,
        ..
    } = document;
    let point_of_sale = Uuid::from_bytes(reserved.point_of_sale.0);
    let code = context
        .device
        .points_of_sale
        .iter()
        .find(|point| point.id == point_of_sale);
    let owner = context.owner;
    let [media_type, content] = PrintForm::members(context.print_form);
    let address = context.device.address.clone();
    let address = address.or_else(|| owner.address.clone());
    vec![
        ("fiscalDeviceId".into(), stored.row.device.into()),
        ("id".into(), stored.row.id.into()),
        ("uniqueId".into(), stored.row.unique_id.into()),
        ("authorId".into(), JsonValue::Null),
        ("authorUserName".into(), document.author().into()),
        ("number".into(), sealed.number.into()),
        (
            "numberPresentation".into(),
            format!("{:08}", sealed.number).into(),
        ),
        ("currentNumber".into(), sealed.current_number.into()),
        (
            "currentNumberPresentation".into(),
            format!("{:04}", sealed.current_number).into(),
        ),
        ("dateTime".into(), date_time(reserved.at).into()),
        ("dateTimePresentation".into(), shown(reserved.at).into()),
        (
            "organizationName".into(),
            absent::text(owner.organization_name.clone()),
        ),
        ("idnx".into(), absent::text(owner.idnx.clone())),
        ("address".into(), absent::text(address)),
        ("pointOfSaleId".into(), point_of_sale.into()),
        (
            "pointOfSaleCode".into(),
            absent::text(code.map(|point| point.code.clone())),
        ),
        ("mevId".into(), absent::uuid(None)),
        ("mevDateTime".into(), JsonValue::Null),
        ("mevDateTimePresentation".into(), "".into()),
        ("printFormMediaType".into(), media_type),
        ("printFormContent".into(), content),
        (
            "printErrorMessage".into(),
            stored.row.print_error.clone().into(),
        ),
        ("licenseMessage".into(), JsonValue::Null),
        (
            "additionalData".into(),
            additional_data(document, context).to_string().into(),
        ),
    ]
}
