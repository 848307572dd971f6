//! The tables of an export, filled document by document.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::event::{Reserved, Sealed};
use ferrotill_core::receipt::Receipt;
use ferrotill_core::seal::Seal;
use ferrotill_core::{Amount, Currency};
use ferrotill_store::{ReconciliationFigure, StoredDocument};
use uuid::Uuid;

use super::table::{Cell, Table, TableForm, TableLocale, WrittenTable};
use crate::order::user_of;
use crate::paper::printed_number;
use crate::time::clock::local;

/// The tables that are being written.
pub(super) struct ExportTables {
    currency: Currency,
    documents: Table,
    lines: Table,
    payments: Table,
    taxes: Table,
    z_reports: Table,
    reconciliation: Table,
    folder: std::path::PathBuf,
    form: (TableForm, TableLocale),
    tax_sums: BTreeMap<TaxKey, TaxSum>,
    payment_sums: BTreeMap<PaymentKey, Amount>,
}

/// Day, device, kind of document, tax group, rate.
type TaxKey = (String, Uuid, &'static str, char, String);
/// Day, device, kind of document, code and name of the payment type.
type PaymentKey = (String, Uuid, &'static str, i32, String);

/// What the lines of a day add up to in one tax group.
#[derive(Clone, Copy, Default)]
struct TaxSum {
    gross: Amount,
    base: Amount,
    tax: Amount,
}

const DOCUMENTS: &[&str] = &[
    "device_id",
    "number",
    "current_number",
    "z_number",
    "kind",
    "date",
    "time",
    "legal_number",
    "printer_serial",
    "printer_document",
    "total",
    "tax",
    "cash_rounding",
    "user",
    "id",
];
const LINES: &[&str] = &[
    "device_id",
    "number",
    "line",
    "kind",
    "date",
    "name",
    "quantity",
    "price",
    "amount",
    "tax_groups",
    "rate",
    "tax",
];
const PAYMENTS: &[&str] = &[
    "device_id",
    "number",
    "payment",
    "kind",
    "date",
    "code",
    "name",
    "amount",
    "change",
    "kept",
];
const TAXES: &[&str] = &[
    "device_id",
    "number",
    "kind",
    "date",
    "tax_group",
    "rate",
    "gross",
    "base",
    "tax",
];
const Z_REPORTS: &[&str] = &[
    "device_id",
    "z_number",
    "number",
    "date",
    "time",
    "opened_date",
    "opened_time",
    "documents",
    "sales_count",
    "sales",
    "sales_tax",
    "refunds_count",
    "refunds",
    "refunds_tax",
    "alternative_count",
    "alternative",
    "cash_in",
    "cash_out",
    "cash_in_drawer",
    "agrees",
    "unacknowledged",
];
const RECONCILIATION: &[&str] = &[
    "device_id",
    "z_number",
    "figure",
    "documents",
    "report",
    "printer",
    "office",
    "agrees",
];
const TAX_TOTALS: &[&str] = &[
    "date",
    "device_id",
    "kind",
    "tax_group",
    "rate",
    "gross",
    "base",
    "tax",
];
const PAYMENT_TOTALS: &[&str] = &["date", "device_id", "kind", "code", "name", "amount"];

impl ExportTables {
    pub(super) fn begin(
        folder: &Path,
        form: (TableForm, TableLocale),
        currency: Currency,
    ) -> io::Result<Self> {
        let table = |name, columns| Table::begin(folder, name, form, columns);
        Ok(Self {
            currency,
            documents: table("documents", DOCUMENTS)?,
            lines: table("lines", LINES)?,
            payments: table("payments", PAYMENTS)?,
            taxes: table("taxes", TAXES)?,
            z_reports: table("z_reports", Z_REPORTS)?,
            reconciliation: table("reconciliation", RECONCILIATION)?,
            folder: folder.to_owned(),
            form,
            tax_sums: BTreeMap::new(),
            payment_sums: BTreeMap::new(),
        })
    }

    fn money(&self, amount: Amount) -> Cell {
        Cell::decimal(amount.display(self.currency))
    }

    /// Writes everything that the tables have of a sealed document.
    pub(super) fn document(&mut self, stored: &StoredDocument) -> io::Result<()> {
        let (Some(reserved), Some(sealed)) = (stored.reserved(), stored.sealed()) else {
            return Ok(());
        };
        let row = DocumentOfRow {
            device: stored.row.device,
            number: sealed.number,
            kind: stored.row.kind,
            day: days(&reserved).0,
        };
        self.head(stored, (&reserved, &sealed))?;
        match &reserved.body {
            Body::Receipt(receipt) => {
                self.lines(&row, receipt)?;
                self.payments(&row, receipt)
            }
            Body::Report(_) if row.kind == DocumentKind::ZReport => self.z_report(stored, &sealed),
            Body::Report(_) | Body::Cash(_) | Body::Nonfiscal(_) | Body::Amounts(_) => Ok(()),
        }
    }

    fn head(
        &mut self,
        stored: &StoredDocument,
        (reserved, sealed): (&Reserved<'_>, &Sealed<'_>),
    ) -> io::Result<()> {
        let (day, time) = days(reserved);
        let (total, tax, rounding) = match &reserved.body {
            Body::Receipt(receipt) => (
                self.money(receipt.total),
                self.money(receipt.tax),
                self.money(receipt.rounded_by()),
            ),
            Body::Cash(amount) => (self.money(*amount), Cell::Empty, Cell::Empty),
            Body::Report(_) => {
                let sales = sealed.report.as_ref().map(|report| &report.shift.sales);
                let sales = sales.map(|sales| self.money(sales.receipts.amount));
                (sales.unwrap_or(Cell::Empty), Cell::Empty, Cell::Empty)
            }
            Body::Amounts(receipt) => {
                let total = receipt
                    .total()
                    .map_or(Cell::Empty, |total| self.money(total));
                (total, Cell::Empty, Cell::Empty)
            }
            Body::Nonfiscal(_) => (Cell::Empty, Cell::Empty, Cell::Empty),
        };
        let printer = match sealed.seal {
            Seal::Printer {
                document,
                fiscal_receipt,
                ..
            } => Cell::whole(fiscal_receipt.unwrap_or(document)),
            _ => Cell::Empty,
        };
        let serial = reserved.baseline.map(|baseline| baseline.serial);
        let serial = serial.filter(|_| printer != Cell::Empty);
        let row = &stored.row;
        self.documents.row(&[
            Cell::text(row.device.to_string()),
            Cell::whole(sealed.number),
            Cell::whole(sealed.current_number),
            Cell::whole(row.z_number),
            Cell::text(row.kind.name()),
            Cell::text(day),
            Cell::text(time),
            printed_number(&sealed.seal).map_or(Cell::Empty, Cell::text),
            serial.map_or(Cell::Empty, Cell::text),
            printer,
            total,
            tax,
            rounding,
            user_of(reserved.annex).map_or(Cell::Empty, Cell::text),
            Cell::text(row.id.to_string()),
        ])
    }

    fn lines(&mut self, row: &DocumentOfRow, receipt: &Receipt<'_>) -> io::Result<()> {
        let mut of_receipt: BTreeMap<(char, String), TaxSum> = BTreeMap::new();
        for (index, line) in receipt.lines.iter().enumerate() {
            let mut groups = String::new();
            for tax in line.taxes() {
                let letter = char::from(tax.group.code.letter());
                groups.push(letter);
                let rate = tax.group.rate.display().to_string();
                let sum = of_receipt.entry((letter, rate)).or_default();
                add(&mut sum.gross, line.final_amount);
                add(&mut sum.base, line.tax_base(&tax, receipt.prices));
                add(&mut sum.tax, tax.final_tax);
            }
            let cells = [
                Cell::text(row.device.to_string()),
                Cell::whole(row.number),
                Cell::Whole(place(index)),
                Cell::text(row.kind.name()),
                Cell::text(row.day.clone()),
                Cell::text(line.name),
                Cell::decimal(line.quantity.display()),
                self.money(line.price),
                self.money(line.final_amount),
                Cell::text(groups),
                Cell::decimal(line.group.rate.display()),
                self.money(line.final_tax),
            ];
            self.lines.row(&cells)?;
        }
        for ((letter, rate), sum) in of_receipt {
            let cells = [
                Cell::text(row.device.to_string()),
                Cell::whole(row.number),
                Cell::text(row.kind.name()),
                Cell::text(row.day.clone()),
                Cell::text(letter),
                Cell::decimal(&rate),
                self.money(sum.gross),
                self.money(sum.base),
                self.money(sum.tax),
            ];
            self.taxes.row(&cells)?;
            let key = (row.day.clone(), row.device, row.kind.name(), letter, rate);
            let day = self.tax_sums.entry(key).or_default();
            add(&mut day.gross, sum.gross);
            add(&mut day.base, sum.base);
            add(&mut day.tax, sum.tax);
        }
        Ok(())
    }

    fn payments(&mut self, row: &DocumentOfRow, receipt: &Receipt<'_>) -> io::Result<()> {
        for (index, payment) in receipt.payments.iter().enumerate() {
            let kept = payment.amount.checked_sub(payment.change);
            let kept = kept.unwrap_or(payment.amount);
            let cells = [
                Cell::text(row.device.to_string()),
                Cell::whole(row.number),
                Cell::Whole(place(index)),
                Cell::text(row.kind.name()),
                Cell::text(row.day.clone()),
                Cell::whole(payment.code),
                Cell::text(payment.name),
                self.money(payment.amount),
                self.money(payment.change),
                self.money(kept),
            ];
            self.payments.row(&cells)?;
            let key = (
                row.day.clone(),
                row.device,
                row.kind.name(),
                payment.code,
                payment.name.to_owned(),
            );
            add(self.payment_sums.entry(key).or_default(), kept);
        }
        Ok(())
    }

    fn z_report(&mut self, stored: &StoredDocument, sealed: &Sealed<'_>) -> io::Result<()> {
        let (Some(reserved), Some(figures)) = (stored.reserved(), &sealed.report) else {
            return Ok(());
        };
        let device = Cell::text(stored.row.device.to_string());
        let shift = &figures.shift;
        let z_number = Cell::whole(shift.z_number);
        let (day, time) = days(&reserved);
        let (opened_day, opened_time) = day_and_time(shift.opened);
        let account = stored.reconciliation.as_ref();
        let yes = |agrees: bool| Cell::text(if agrees { "yes" } else { "no" });
        let cells = [
            device.clone(),
            z_number.clone(),
            Cell::whole(sealed.number),
            Cell::text(day),
            Cell::text(time),
            Cell::text(opened_day),
            Cell::text(opened_time),
            Cell::whole(shift.documents),
            Cell::whole(shift.sales.receipts.count),
            self.money(shift.sales.receipts.amount),
            self.money(shift.sales.tax),
            Cell::whole(shift.refunds.receipts.count),
            self.money(shift.refunds.receipts.amount),
            self.money(shift.refunds.tax),
            Cell::whole(shift.alternative.count),
            self.money(shift.alternative.amount),
            self.money(shift.cash_in.amount),
            self.money(shift.cash_out.amount),
            self.money(figures.cash),
            account.map_or(Cell::Empty, |account| yes(account.agrees())),
            account.map_or(Cell::Empty, |account| Cell::whole(account.unacknowledged)),
        ];
        self.z_reports.row(&cells)?;
        for figure in account.iter().flat_map(|account| &account.figures) {
            let side = |value: i64| self.figure(figure, value);
            let cells = [
                device.clone(),
                z_number.clone(),
                Cell::text(figure.subject.clone()),
                side(figure.documents),
                figure.report.map_or(Cell::Empty, side),
                figure.printer.map_or(Cell::Empty, side),
                figure.authority.map_or(Cell::Empty, side),
                if figure.agrees() && figure.other_printers != 0 {
                    // The printer was exchanged in the shift, and has counted the rest of its documents.
                    Cell::text("other printer")
                } else if figure.agrees() && !figure.is_equal_at_the_printer() {
                    // The printer rounds a tax per group, and a receipt rounds it per line: no fault, and not the same.
                    Cell::text("rounding")
                } else {
                    yes(figure.agrees())
                },
            ];
            self.reconciliation.row(&cells)?;
        }
        Ok(())
    }

    fn figure(&self, figure: &ReconciliationFigure, value: i64) -> Cell {
        if figure.is_count() {
            Cell::Whole(value)
        } else {
            self.money(Amount::from_minor(value))
        }
    }

    /// Writes the totals of the days, and ends all tables.
    pub(super) fn end(self) -> io::Result<Vec<WrittenTable>> {
        let money = |amount: Amount| Cell::decimal(amount.display(self.currency));
        let mut tax_totals = Table::begin(&self.folder, "tax_totals", self.form, TAX_TOTALS)?;
        for ((day, device, kind, letter, rate), sum) in self.tax_sums {
            tax_totals.row(&[
                Cell::text(day),
                Cell::text(device.to_string()),
                Cell::text(kind),
                Cell::text(letter),
                Cell::decimal(rate),
                money(sum.gross),
                money(sum.base),
                money(sum.tax),
            ])?;
        }
        let mut payment_totals =
            Table::begin(&self.folder, "payment_totals", self.form, PAYMENT_TOTALS)?;
        for ((day, device, kind, code, name), amount) in self.payment_sums {
            payment_totals.row(&[
                Cell::text(day),
                Cell::text(device.to_string()),
                Cell::text(kind),
                Cell::whole(code),
                Cell::text(name),
                money(amount),
            ])?;
        }
        let tables = [
            self.documents,
            self.lines,
            self.payments,
            self.taxes,
            self.z_reports,
            self.reconciliation,
            tax_totals,
            payment_totals,
        ];
        tables.into_iter().map(Table::end).collect()
    }
}

/// What every row of a document's parts begins with.
struct DocumentOfRow {
    device: Uuid,
    number: u32,
    kind: DocumentKind,
    day: String,
}

/// The place of a part in its document, counted from 1.
fn place(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1)
}

/// Adds an amount to a sum. The sums of a till are far below the limit, at which the sum stays.
fn add(sum: &mut Amount, amount: Amount) {
    *sum = sum.checked_add(amount).unwrap_or(*sum);
}

/// The local day and the local time of a document, as ISO 8601 writes them.
fn days(reserved: &Reserved<'_>) -> (String, String) {
    day_and_time(reserved.at)
}

fn day_and_time(at: ferrotill_core::time::Moment) -> (String, String) {
    let at = local(at);
    (
        format!("{:04}-{:02}-{:02}", at.year(), at.month(), at.day()),
        format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second()),
    )
}
