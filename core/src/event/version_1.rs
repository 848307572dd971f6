//! The first encoding of the events that have a newer one. Rows in this encoding are read for ever and never written again.

use serde::Deserialize;

use crate::amount::Amount;
use crate::document::Body;
use crate::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use crate::seal::{PrinterCounters, StoredBaseline};
use crate::time::Moment;

/// The counters of a printer, without the printer's family.
#[derive(Deserialize)]
struct Baseline<'a> {
    serial: &'a str,
    fiscal_memory: &'a str,
    last_document: u32,
    next_fiscal_receipt: u32,
    z_number: u32,
    cash: Amount,
    cash_in: Amount,
    cash_out: Amount,
}

impl<'a> From<Baseline<'a>> for StoredBaseline<'a> {
    fn from(old: Baseline<'a>) -> Self {
        Self {
            family: Self::FAMILY_UNKNOWN,
            serial: old.serial,
            fiscal_memory: old.fiscal_memory,
            last_document: old.last_document,
            next_fiscal_receipt: old.next_fiscal_receipt,
            z_number: old.z_number,
            cash: old.cash,
            cash_in: old.cash_in,
            cash_out: old.cash_out,
        }
    }
}

/// Version 1 of [`super::Reserved`].
#[derive(Deserialize)]
pub(super) struct Reserved<'a> {
    id: DocumentId,
    unique: UniqueId,
    fingerprint: Fingerprint,
    at: Moment,
    point_of_sale: PointOfSaleId,
    z_number: u32,
    #[serde(borrow)]
    body: Body<'a>,
    #[serde(borrow)]
    baseline: Option<Baseline<'a>>,
    annex: &'a [u8],
}

impl<'a> From<Reserved<'a>> for super::Reserved<'a> {
    fn from(old: Reserved<'a>) -> Self {
        Self {
            id: old.id,
            unique: old.unique,
            fingerprint: old.fingerprint,
            fingerprint_form: 0,
            at: old.at,
            point_of_sale: old.point_of_sale,
            z_number: old.z_number,
            body: old.body,
            baseline: old.baseline.map(StoredBaseline::from),
            annex: old.annex,
        }
    }
}

/// Version 1 of [`super::ClosedByPrinter`].
#[derive(Deserialize)]
pub(super) struct ClosedByPrinter<'a> {
    at: Moment,
    document: Option<DocumentId>,
    z_number_known: u32,
    day: &'a str,
    #[serde(borrow)]
    now: Baseline<'a>,
}

impl<'a> From<ClosedByPrinter<'a>> for super::ClosedByPrinter<'a> {
    fn from(old: ClosedByPrinter<'a>) -> Self {
        Self {
            at: old.at,
            document: old.document,
            z_number_known: old.z_number_known,
            day: old.day,
            now: old.now.into(),
        }
    }
}

/// The seal of a document, without the printer's own time of the document.
#[derive(Deserialize)]
enum Seal<'a> {
    Printer {
        document: u32,
        fiscal_receipt: Option<u32>,
        counters: Option<PrinterCounters>,
    },
    Range {
        series: &'a str,
        number: u32,
        number_length: u8,
    },
    FiscalNumber {
        number: u64,
        reserved: bool,
    },
    Journal,
}

impl<'a> From<Seal<'a>> for crate::seal::Seal<'a> {
    fn from(old: Seal<'a>) -> Self {
        match old {
            Seal::Printer {
                document,
                fiscal_receipt,
                counters,
            } => Self::Printer {
                document,
                fiscal_receipt,
                counters,
                printed_at: None,
            },
            Seal::Range {
                series,
                number,
                number_length,
            } => Self::Range {
                series,
                number,
                number_length,
            },
            Seal::FiscalNumber { number, reserved } => Self::FiscalNumber { number, reserved },
            Seal::Journal => Self::Journal,
        }
    }
}

/// Version 1 of [`super::Sealed`].
#[derive(Deserialize)]
pub(super) struct Sealed<'a> {
    id: DocumentId,
    at: Moment,
    number: u32,
    current_number: u32,
    #[serde(borrow)]
    seal: Seal<'a>,
    report: Option<super::ReportFigures>,
}

impl<'a> From<Sealed<'a>> for super::Sealed<'a> {
    fn from(old: Sealed<'a>) -> Self {
        Self {
            id: old.id,
            at: old.at,
            number: old.number,
            current_number: old.current_number,
            seal: old.seal.into(),
            report: old.report,
        }
    }
}
