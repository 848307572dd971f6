//! The till's journal rows as the rows of a batch. A row follows from the journal alone, so that the same batch can be made again at any
//! time.

use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::ReportFigures;
use ferrotill_core::profile::Profile;
use ferrotill_core::shift::Turnover;
use ferrotill_hub_protocol::{
    Batch, Currency, Difference, Hash, Recorded, Row, RowKind, RowState, Sum, ZReport,
};
use ferrotill_store::{HubRow, RestoredRow, SealedRow};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What rows need beside the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowForm {
    /// The till's id at the hub.
    pub(super) till: Uuid,
    /// The currency of every amount.
    pub(super) currency: Currency,
    /// The law of the country: it says which documents are sent to the authority.
    pub(super) profile: &'static dyn Profile,
}

impl RowForm {
    /// The row with a sequence.
    pub(super) fn row(&self, sequence: u64, told: &HubRow) -> Row {
        let row = match told {
            HubRow::Sealed(sealed) => self.sealed(sequence, sealed),
            HubRow::Restored(restored) => self.restored(sequence, restored),
        };
        if Batch::rows_that_fit(std::slice::from_ref(&row)).is_ok() {
            return row;
        }
        // A document that is larger than a row may be is told without its recorded form. Its numbers and amounts are there.
        Row {
            recorded: Vec::new(),
            ..row
        }
    }

    fn sealed(&self, sequence: u64, sealed: &SealedRow) -> Row {
        let document = &sealed.document;
        let row = &document.row;
        let seal = document.sealed();
        let offset = document
            .reserved()
            .map_or(0, |reserved| reserved.at.offset_minutes);
        let (reserved_version, reserved) = document.reserved_bytes();
        let recorded_seal = document.sealed_bytes();
        let events = [Some((RESERVED, (reserved_version, reserved)))]
            .into_iter()
            .chain([recorded_seal.map(|seal| (SEALED, seal))])
            .flatten();
        let report = seal.as_ref().and_then(|sealed| sealed.report.as_ref());
        let kind = kind_of(row.kind);
        Row {
            sequence,
            journal_row: sealed.seq.unsigned_abs(),
            device: row.device,
            document: row.unique_id,
            at_ms: row.at.clamp(AT_MS_MIN, AT_MS_MAX),
            utc_offset_min: offset.clamp(-OFFSET_MIN_MAX, OFFSET_MIN_MAX),
            kind,
            series: String::new(),
            number: row.number.map(u64::from),
            currency: self.currency,
            total: match row.kind {
                DocumentKind::Refund => sealed.amount.saturating_neg(),
                _ => sealed.amount,
            },
            state: if self.profile.duties(row.kind).is_empty() {
                RowState::Sent
            } else {
                RowState::Sealed
            },
            z_number: (!matches!(
                row.kind,
                DocumentKind::NonfiscalReceipt | DocumentKind::AmountsReceipt
            ))
            .then_some(row.z_number),
            z_report: match (kind, report) {
                (RowKind::ZReport, Some(figures)) => Some(z_report(figures)),
                (RowKind::ZReport, None) => Some(ZReport {
                    documents: 0,
                    sums: Vec::new(),
                    differences: Vec::new(),
                }),
                _ => None,
            },
            recorded: events
                .map(|(event, (version, bytes))| Recorded {
                    event,
                    version,
                    bytes: bytes.to_vec().into(),
                })
                .collect(),
        }
    }

    fn restored(&self, sequence: u64, restored: &RestoredRow) -> Row {
        let (at_ms, offset) = restored.at;
        Row {
            sequence,
            journal_row: restored.seq.unsigned_abs(),
            device: Uuid::nil(),
            document: restore_id(self.till, restored),
            at_ms: at_ms.clamp(AT_MS_MIN, AT_MS_MAX),
            utc_offset_min: offset.clamp(-OFFSET_MIN_MAX, OFFSET_MIN_MAX),
            kind: RowKind::Restored,
            series: String::new(),
            number: None,
            currency: self.currency,
            total: 0,
            state: RowState::Sent,
            z_number: None,
            z_report: None,
            recorded: restored
                .events
                .iter()
                .map(|(event, version, bytes)| Recorded {
                    event: *event,
                    version: *version,
                    bytes: bytes.clone().into(),
                })
                .collect(),
        }
    }

    /// A batch of consecutive rows of one epoch; as many of them as fit. `None` if there is none.
    pub(super) fn batch(
        &self,
        (epoch, first, before): (u32, u64, Hash),
        told: &[HubRow],
    ) -> Result<Option<(Batch, i64)>, ferrotill_hub_protocol::Fault> {
        let mut rows: Vec<Row> = Vec::new();
        for (sequence, row) in (first..).zip(told) {
            rows.push(self.row(sequence, row));
        }
        let count = Batch::rows_that_fit(&rows)?;
        rows.truncate(count);
        let Some(last) = count.checked_sub(1).and_then(|last| told.get(last)) else {
            return Ok(None);
        };
        Batch::new(self.till, epoch, before, rows).map(|batch| Some((batch, last.seq())))
    }
}

/// The id of a restore: it is the same each time that its row is made.
fn restore_id(till: Uuid, restored: &RestoredRow) -> Uuid {
    let mut digest = Sha256::new();
    digest.update(b"ferrotill hub restore 1");
    digest.update(till.as_bytes());
    digest.update(restored.epoch.to_be_bytes());
    digest.update(restored.seq.to_be_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

const fn kind_of(kind: DocumentKind) -> RowKind {
    match kind {
        DocumentKind::Sale => RowKind::Sale,
        DocumentKind::AlternativeSale => RowKind::AlternativeSale,
        DocumentKind::Refund => RowKind::Refund,
        DocumentKind::CashIn => RowKind::CashIn,
        DocumentKind::CashOut => RowKind::CashOut,
        DocumentKind::XReport => RowKind::XReport,
        DocumentKind::ZReport => RowKind::ZReport,
        DocumentKind::NonfiscalReceipt => RowKind::NonfiscalReceipt,
        DocumentKind::AmountsReceipt => RowKind::AmountsReceipt,
    }
}

/// The sums of a Z-report, and its differences from the printer.
fn z_report(figures: &ReportFigures) -> ZReport {
    let shift = &figures.shift;
    let mut sums = Sums::default();
    sums.turnover("sales", &shift.sales);
    sums.turnover("refunds", &shift.refunds);
    sums.add("alternative receipts", shift.alternative.amount.minor());
    sums.add("cash in", shift.cash_in.amount.minor());
    sums.add("cash out", shift.cash_out.amount.minor());
    sums.add("cash in drawer", figures.cash.minor());
    ZReport {
        documents: shift.documents,
        differences: differences(figures, &sums),
        sums: sums.0,
    }
}

#[derive(Default)]
struct Sums(Vec<Sum>);

impl Sums {
    /// Adds to the sum with a name.
    fn add(&mut self, name: &str, amount: i64) {
        match self.0.iter_mut().find(|sum| sum.name == name) {
            Some(sum) => sum.amount = sum.amount.saturating_add(amount),
            None => self.0.push(Sum {
                name: name.to_owned(),
                amount,
            }),
        }
    }

    fn turnover(&mut self, name: &str, turnover: &Turnover) {
        self.add(name, turnover.receipts.amount.minor());
        self.add(&format!("{name} tax"), turnover.tax.minor());
        for total in turnover.groups.entries() {
            let name = format!("{name} group {}", total.group.code);
            self.add(&name, total.amount.minor());
        }
        for total in turnover.payments.entries() {
            let name = format!("{name} payment {}", total.code);
            self.add(&name, total.amount.minor());
        }
    }

    fn of(&self, name: &str) -> i64 {
        let sum = self.0.iter().find(|sum| sum.name == name);
        sum.map_or(0, |sum| sum.amount)
    }
}

/// What the printer has counted otherwise, as the sealed report has it.
fn differences(figures: &ReportFigures, sums: &Sums) -> Vec<Difference> {
    let Some(found) = &figures.reconciliation else {
        return Vec::new();
    };
    let shift = &figures.shift;
    let mut compared: Vec<(String, i64, i64)> = Vec::new();
    let sides = [("sales", Some(found.sales)), ("refunds", found.refunds)];
    for (name, groups) in sides {
        for (letter, difference) in ('A'..='H').zip(groups.into_iter().flatten()) {
            let name = format!("{name} group {letter}");
            let till = sums.of(&name);
            compared.push((name, till, difference.minor()));
        }
    }
    let in_cash = [
        ("cash in drawer", found.cash),
        ("cash in", found.cash_in),
        ("cash out", found.cash_out),
    ];
    for (name, difference) in in_cash {
        let difference = difference.map_or(0, |difference| difference.minor());
        compared.push((name.to_owned(), sums.of(name), difference));
    }
    let receipts = i64::from(shift.sales.receipts.count)
        .saturating_add(i64::from(shift.refunds.receipts.count));
    compared.push((
        "receipts".to_owned(),
        receipts,
        found.receipts.unwrap_or_default(),
    ));
    let differing = compared
        .into_iter()
        .filter(|(_, _, difference)| *difference != 0);
    differing
        .map(|(name, till, difference)| Difference {
            side: "printer".to_owned(),
            name,
            till,
            other: till.saturating_sub(difference),
        })
        .collect()
}

/// The number of the event `Reserved` in the journal.
const RESERVED: u16 = 2;
/// The number of the event `Sealed` in the journal.
const SEALED: u16 = 4;
/// The times that a row may have: from 2000 to 2199. A till without a clock can be outside.
const AT_MS_MIN: i64 = 946_684_800_000;
const AT_MS_MAX: i64 = 7_258_118_400_000 - 1;
const OFFSET_MIN_MAX: i16 = 24 * 60 - 1;
