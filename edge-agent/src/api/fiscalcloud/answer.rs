//! From a stored document to a FiscalCloud answer (spec/fiscalcloud.md, A.5).

use std::borrow::Cow;

use ferrotill_core::event::{Body, ReportFigures, ReportKind, Reserved, Sealed};
use ferrotill_core::receipt::{Line, Modifier, Payment, Receipt, ReceiptKind};
use ferrotill_core::scale::Decimal;
use ferrotill_core::seal::{Reconciliation, Seal};
use ferrotill_core::time::Moment;
use ferrotill_core::{Amount, Currency};
use uuid::Uuid;

use crate::api::json::JsonValue;
use crate::clock::local;
use crate::config::{Device, Owner};
use crate::object;
use crate::store::{Account, Figure, StoredDocument};

/// In which Dto a document is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Its own.
    Own,
    /// `operations/return` answers with a ReceiptDto, which has no field for the original.
    Receipt,
}

/// What an answer needs besides the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'s> {
    pub(super) device: &'s Device,
    pub(super) owner: &'s Owner,
    pub(super) currency: Currency,
    /// The Z-report of the document's shift, once there is one.
    pub(super) z_report: Option<Uuid>,
}

type Members = Vec<(Cow<'static, str>, JsonValue)>;

/// A sealed document, decoded.
struct Document<'d> {
    stored: &'d StoredDocument,
    reserved: Reserved<'d>,
    sealed: Sealed<'d>,
    /// What the caller gave, and what was found on the way.
    echo: JsonValue,
    found: JsonValue,
}

impl<'d> Document<'d> {
    fn of(stored: &'d StoredDocument) -> Option<Self> {
        let (reserved, sealed) = (stored.reserved()?, stored.sealed()?);
        let (echo, found) = match JsonValue::parse(reserved.annex) {
            Ok(JsonValue::Array(mut parts)) if parts.len() == 2 => {
                let found = parts.pop().unwrap_or(JsonValue::Null);
                (parts.pop().unwrap_or(JsonValue::Null), found)
            }
            _ => (JsonValue::Null, JsonValue::Null),
        };
        Some(Self {
            stored,
            reserved,
            sealed,
            echo,
            found,
        })
    }

    fn echoed(&self, name: &str) -> JsonValue {
        self.echo.get(name).cloned().unwrap_or(JsonValue::Null)
    }
}

/// The whole document as its Dto; `None` for one that is not sealed.
pub(super) fn document(
    stored: &StoredDocument,
    form: Form,
    setting: Setting<'_>,
) -> Option<JsonValue> {
    let document = Document::of(stored)?;
    let mut members = head(&document, setting);
    match &document.reserved.body {
        Body::Receipt(receipt) => {
            members.extend(receipt_members(&document, receipt, form, setting))
        }
        Body::Cash(amount) => {
            members.push(("zReportId".into(), setting.z_report.into()));
            members.push(("amount".into(), amount.display(setting.currency).into()));
            // The drawer as the printer counted it before, and this.
            let before = document.reserved.baseline.map(|baseline| baseline.cash);
            let balance = before.and_then(|before| before.checked_add(*amount));
            members.push((
                "finalBalanceInformatory".into(),
                balance
                    .map(|balance| balance.display(setting.currency))
                    .into(),
            ));
        }
        Body::Report(kind) => {
            let figures = document.sealed.report.as_ref()?;
            members.extend(report_members(
                *kind,
                figures,
                document.sealed.number,
                setting,
            ));
        }
    }
    Some(JsonValue::Object(members))
}

/// The answer of `operations/sale`.
pub(super) fn sale(stored: &StoredDocument, setting: Setting<'_>) -> Option<JsonValue> {
    let dto = document(stored, Form::Own, setting)?;
    let alternative = stored.row.kind == "alternative_receipt";
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

/// The document in a list.
pub(super) fn short(stored: &StoredDocument, setting: Setting<'_>) -> Option<JsonValue> {
    let document = Document::of(stored)?;
    let sealed = &document.sealed;
    let at = document.reserved.at;
    let mut members: Members = vec![
        ("id".into(), stored.row.id.into()),
        (
            "pointOfSaleId".into(),
            Uuid::from_bytes(document.reserved.point_of_sale.0).into(),
        ),
        ("authorUserName".into(), JsonValue::Null),
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
        (
            "dateTimePresentation".into(),
            date_time_presentation(at).into(),
        ),
    ];
    match &document.reserved.body {
        Body::Receipt(receipt) => {
            members.push((
                "totalAmount".into(),
                receipt.total.display(setting.currency).into(),
            ));
            if let Some(number) = series_and_number(sealed) {
                members.push(("seriesAndNumber".into(), number.into()));
            }
        }
        Body::Cash(amount) => {
            members.push(("amount".into(), amount.display(setting.currency).into()))
        }
        Body::Report(kind) => {
            let total = sealed
                .report
                .as_ref()
                .map(|figures| figures.shift.sales.receipts.amount);
            members.push(("type".into(), report_type(*kind).into()));
            members.push((
                "totalAmount".into(),
                total.map(|total| total.display(setting.currency)).into(),
            ));
        }
    }
    Some(JsonValue::Object(members))
}

/// What all documents share.
fn head(document: &Document<'_>, setting: Setting<'_>) -> Members {
    let Document {
        stored,
        reserved,
        sealed,
        ..
    } = document;
    let point_of_sale = Uuid::from_bytes(reserved.point_of_sale.0);
    let code = setting
        .device
        .points_of_sale
        .iter()
        .find(|point| point.id == point_of_sale);
    let owner = setting.owner;
    vec![
        ("fiscalDeviceId".into(), stored.row.device.into()),
        ("id".into(), stored.row.id.into()),
        ("uniqueId".into(), stored.row.unique_id.into()),
        ("authorId".into(), JsonValue::Null),
        ("authorUserName".into(), JsonValue::Null),
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
        (
            "dateTimePresentation".into(),
            date_time_presentation(reserved.at).into(),
        ),
        (
            "organizationName".into(),
            owner.organization_name.clone().into(),
        ),
        ("idnx".into(), owner.idnx.clone().into()),
        ("address".into(), owner.address.clone().into()),
        ("pointOfSaleId".into(), point_of_sale.into()),
        (
            "pointOfSaleCode".into(),
            code.map(|point| point.code.clone()).into(),
        ),
        ("mevId".into(), JsonValue::Null),
        ("mevDateTime".into(), JsonValue::Null),
        ("mevDateTimePresentation".into(), JsonValue::Null),
        ("printFormMediaType".into(), JsonValue::Null),
        ("printFormContent".into(), JsonValue::Null),
        (
            "printErrorMessage".into(),
            stored.row.print_error.clone().into(),
        ),
        ("licenseMessage".into(), JsonValue::Null),
        ("additionalData".into(), additional_data(document, setting)),
    ]
}

/// What this API has no field for: the printer's own numbers, and what stands beside a Z-report.
fn additional_data(document: &Document<'_>, setting: Setting<'_>) -> JsonValue {
    let Document {
        stored,
        reserved,
        sealed,
        ..
    } = document;
    let money = |amount: Amount| amount.display(setting.currency);
    let printer = match &sealed.seal {
        Seal::Printer {
            document,
            fiscal_receipt,
            counters,
        } => object! {
            "document" => *document,
            "fiscalReceipt" => *fiscal_receipt,
            "zNumber" => counters.map(|counters| counters.z_number),
            "serialNumber" => reserved.baseline.map(|baseline| baseline.serial),
        },
        Seal::Range { .. } | Seal::FiscalNumber { .. } | Seal::Books => JsonValue::Null,
    };
    let mut members: Members = vec![("printer".into(), printer)];
    if let Seal::FiscalNumber { number, .. } = &sealed.seal {
        members.push(("fiscalNumber".into(), (*number).into()));
    }
    let Some(figures) = &sealed.report else {
        return JsonValue::Object(members);
    };
    let tally = |tally: ferrotill_core::shift::Tally| object! { "count" => tally.count, "amount" => money(tally.amount) };
    let reconciliation = reconciled(
        figures.reconciliation.as_ref(),
        stored.account.as_ref(),
        setting.currency,
    );
    members.extend([
        ("zNumber".into(), figures.shift.z_number.into()),
        ("alternative".into(), tally(figures.shift.alternative)),
        ("refunds".into(), tally(figures.shift.refunds.receipts)),
        ("reconciliation".into(), reconciliation),
    ]);
    JsonValue::Object(members)
}

/// The books against the printer, and for a Z-report against the shift's documents one by one.
///
/// The tax office's side comes later and is shown by `/operations/{id}`: a repeat of `closeday` answers what the first did.
fn reconciled(
    printer: Option<&Reconciliation>,
    account: Option<&Account>,
    currency: Currency,
) -> JsonValue {
    if printer.is_none() && account.is_none() {
        return JsonValue::Null;
    }
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
            && account.is_none_or(Account::agrees_at_the_till),
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

/// A figure from the till's three sides, and the documents in question where they differ.
fn figure_members(figure: &Figure, currency: Currency) -> JsonValue {
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

fn receipt_members(
    document: &Document<'_>,
    receipt: &Receipt<'_>,
    form: Form,
    setting: Setting<'_>,
) -> Members {
    let money = |amount: Amount| JsonValue::from(amount.display(setting.currency));
    let mut members: Members = vec![
        ("zReportId".into(), setting.z_report.into()),
        ("totalAmount".into(), money(receipt.total)),
        ("subTotalAmount".into(), money(receipt.sub_total)),
        ("totalPaid".into(), money(receipt.paid)),
        (
            "totalAmountModifications".into(),
            money(receipt.modification),
        ),
        ("totalChange".into(), money(receipt.change)),
    ];
    for name in [
        "print",
        "sendToEmail",
        "emailAddress",
        "sendToPhone",
        "phoneNumber",
    ] {
        members.push((name.into(), document.echoed(name)));
    }
    let text = |text: &str| {
        if text.is_empty() {
            JsonValue::Null
        } else {
            text.into()
        }
    };
    members.push(("additionalHeaderText".into(), text(receipt.header)));
    members.push(("additionalFooterText".into(), text(receipt.footer)));
    let items = receipt
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| item(index, &line, document, setting.currency));
    members.push(("items".into(), JsonValue::Array(items.collect())));
    let payments = receipt
        .payments
        .iter()
        .enumerate()
        .map(|(index, payment)| self::payment(index, &payment, document, setting.currency));
    members.push(("payments".into(), JsonValue::Array(payments.collect())));
    let modifications = receipt
        .modifiers
        .iter()
        .enumerate()
        .map(|(index, modifier)| {
            let (mode, value) = modifier_parts(modifier.modifier, setting.currency);
            object! { "rowNumber" => row_number(index), "mode" => mode, "value" => value }
        });
    members.push((
        "amountModifications".into(),
        JsonValue::Array(modifications.collect()),
    ));
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

fn item(index: usize, line: &Line<'_>, document: &Document<'_>, currency: Currency) -> JsonValue {
    let money = |amount: Amount| amount.display(currency);
    let echo = document.echo.get("items").and_then(|items| items.at(index));
    let (mode, value) = line
        .modifier
        .map_or((JsonValue::Null, JsonValue::Null), |modifier| {
            let (mode, value) = modifier_parts(modifier, currency);
            (mode.into(), value.into())
        });
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
        "taxGroupCode" => line.group.code.to_string(),
        "taxRate" => line.group.rate.display(),
        "taxRatePresentation" => format!("{}%", line.group.rate.display()),
        "taxAmount" => money(line.tax),
        "finalAmount" => money(line.final_amount),
        "finalTaxAmount" => money(line.final_tax),
        "comment" => (echo.and_then(|echo| echo.get("comment")) == Some(&JsonValue::Bool(true))).then_some(line.comment),
    }
}

fn payment(
    index: usize,
    payment: &Payment<'_>,
    document: &Document<'_>,
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
        "bankTerminal" => echoed("bankTerminal"),
        "bankTerminalCurrency" => echoed("bankTerminalCurrency"),
        "bankTerminalRRN" => found_or_echoed("rrn", "bankTerminalRRN"),
        "bankTerminalOperationNumber" => found_or_echoed("operation", "bankTerminalOperationNumber"),
        "bankTerminalPrintData" => echoed("bankTerminalPrintData"),
    }
}

/// Rows count from one.
pub(super) const fn row_number(index: usize) -> usize {
    index.saturating_add(1)
}

fn modifier_parts(modifier: Modifier, currency: Currency) -> (&'static str, Decimal) {
    match modifier {
        Modifier::Percent(hundredths) => ("ByPercent", Decimal::new(i64::from(hundredths), 2)),
        Modifier::Amount(amount) => ("ByAmount", amount.display(currency)),
    }
}

fn report_type(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::X => "XReport",
        ReportKind::Z => "ZReport",
    }
}

fn report_members(
    kind: ReportKind,
    figures: &ReportFigures,
    number: u32,
    setting: Setting<'_>,
) -> Members {
    let money = |amount: Amount| JsonValue::from(amount.display(setting.currency));
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
        let name = setting
            .device
            .payment_types
            .iter()
            .find(|payment| payment.code == total.code);
        object! {
            "rowNumber" => row_number(index),
            "typeCode" => total.code,
            "typeName" => name.map(|payment| payment.name.clone()),
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
        ("lastReceiptNumber".into(), number.saturating_sub(1).into()),
        ("payments".into(), JsonValue::Array(payments.collect())),
        ("taxItems".into(), JsonValue::Array(taxes.collect())),
    ]
}

fn series_and_number(sealed: &Sealed<'_>) -> Option<String> {
    match sealed.seal {
        Seal::Range {
            series,
            number,
            number_length,
        } => Some(format!(
            "{series}{number:0width$}",
            width = usize::from(number_length)
        )),
        Seal::Printer { .. } | Seal::FiscalNumber { .. } | Seal::Books => None,
    }
}

/// ISO 8601 with the local offset and seven decimals, as this API writes it.
fn date_time(at: Moment) -> String {
    let civil = local(at);
    let offset = at.offset_minutes;
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.unsigned_abs() / 60, offset.unsigned_abs() % 60);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}0000{sign}{hours:02}:{minutes:02}",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second(),
        civil.millisecond(),
    )
}

fn date_time_presentation(at: Moment) -> String {
    let civil = local(at);
    format!(
        "{:02}.{:02}.{:04} {:02}:{:02}:{:02}",
        civil.day(),
        civil.month(),
        civil.year(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}
