//! The figures of one side of a shift: their names, and their sums over documents, report and printer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ferrotill_core::Amount;
use ferrotill_core::document::Body;
use ferrotill_core::event::ReportFigures;
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::rounding::Rounding;
use ferrotill_core::seal::{ModuleCounters, PrinterCounters};
use ferrotill_core::shift::Turnover;
use ferrotill_core::tax::TaxRate;

/// A kind of turnover. Different kinds are never subtracted from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Side {
    Sales,
    Refunds,
    Deposits,
    Withdrawals,
    Alternative,
}

/// The kind of thing that a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Subject {
    Count(Side),
    Amount(Side),
    Group(Side, char),
    Tax(Side, char),
    Payment(Side, i32),
    /// The number of fiscal receipts, including refunds, as printers count them.
    FiscalReceipts,
    /// The cash in the drawer.
    Cash,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(side) => write!(f, "{side}{COUNT}"),
            Self::Amount(side) => write!(f, "{side}.amount"),
            Self::Group(side, group) => write!(f, "{side}.group.{group}"),
            Self::Tax(side, group) => write!(f, "{side}{TAX}{group}"),
            Self::Payment(side, code) => write!(f, "{side}.payment.{code}"),
            Self::FiscalReceipts => write!(f, "fiscal_receipts{COUNT}"),
            Self::Cash => f.write_str("cash"),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sales => "sales",
            Self::Refunds => "refunds",
            Self::Deposits => "deposits",
            Self::Withdrawals => "withdrawals",
            Self::Alternative => "alternative",
        })
    }
}

/// The end of the name of a figure that is a count.
pub(super) const COUNT: &str = ".count";
/// The part in the name of a figure that is a tax.
pub(super) const TAX: &str = ".tax.";

/// The figures of one side.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Sums(pub(super) BTreeMap<Subject, i64>);

impl Sums {
    fn add(&mut self, subject: Subject, amount: i64) {
        let sum = self.0.entry(subject).or_default();
        // The core has accepted every sum of the shift, so there is no overflow. An overflow would cause a difference.
        *sum = sum.saturating_add(amount);
    }

    pub(super) fn of(&self, subject: &Subject) -> Option<i64> {
        self.0.get(subject).copied()
    }

    /// Adds a document to the figures.
    pub(super) fn count(&mut self, body: &Body<'_>) {
        figures_of(body, &mut |subject, amount| self.add(subject, amount));
    }

    /// Adds the figures of a document ([`figures_of`]).
    pub(in super::super) fn add_all(&mut self, figures: &[(Subject, i64)]) {
        for (subject, amount) in figures {
            self.add(*subject, *amount);
        }
    }

    /// The figures of the Z-report.
    pub(super) fn of_report(figures: &ReportFigures) -> Self {
        let mut sums = Self::default();
        let shift = &figures.shift;
        let tallies = [
            (Side::Sales, shift.sales.receipts),
            (Side::Refunds, shift.refunds.receipts),
            (Side::Deposits, shift.cash_in),
            (Side::Withdrawals, shift.cash_out),
            (Side::Alternative, shift.alternative),
        ];
        for (side, tally) in tallies {
            sums.add(Subject::Count(side), i64::from(tally.count));
            sums.add(Subject::Amount(side), tally.amount.minor());
        }
        for (side, turnover) in [(Side::Sales, &shift.sales), (Side::Refunds, &shift.refunds)] {
            sums.add(Subject::FiscalReceipts, i64::from(turnover.receipts.count));
            for total in turnover.groups.entries() {
                let code = char::from(total.group.code.letter());
                sums.add(Subject::Group(side, code), total.amount.minor());
                sums.add(Subject::Tax(side, code), total.tax.minor());
            }
            for total in turnover.payments.entries() {
                sums.add(Subject::Payment(side, total.code), total.amount.minor());
            }
        }
        sums.add(Subject::Cash, figures.cash.minor());
        sums
    }

    /// The printer's figures, as far as the printer reports them. Tax groups that neither side has used are left out.
    pub(super) fn of_printer(figures: &ReportFigures, counters: &PrinterCounters) -> Self {
        let mut sums = Self::default();
        let shift = &figures.shift;
        sums.groups(Side::Sales, &counters.sales, &shift.sales);
        if let Some(refunds) = &counters.refunds {
            sums.groups(Side::Refunds, refunds, &shift.refunds);
        }
        let reported = [
            (Subject::Cash, counters.cash),
            (Subject::Amount(Side::Deposits), counters.cash_in),
            (Subject::Amount(Side::Withdrawals), counters.cash_out),
        ];
        for (subject, amount) in reported {
            if let Some(amount) = amount {
                sums.add(subject, amount.minor());
            }
        }
        if let Some(receipts) = counters.receipts {
            sums.add(Subject::FiscalReceipts, i64::from(receipts));
        }
        sums
    }

    /// The figures of a fiscal module, which counts no tax groups.
    pub(super) fn of_module(counters: &ModuleCounters) -> Self {
        let mut sums = Self::default();
        for (side, count, amount) in [
            (Side::Sales, counters.sales, counters.gross_sales()),
            (Side::Refunds, counters.refunds, counters.gross_refunds()),
        ] {
            sums.add(Subject::Count(side), i64::from(count));
            sums.add(Subject::FiscalReceipts, i64::from(count));
            sums.add(Subject::Amount(side), amount.minor());
        }
        sums
    }

    fn groups(&mut self, side: Side, counters: &[Amount; 8], ours: &Turnover) {
        for (letter, gross) in (b'A'..=b'H').zip(counters) {
            let code = char::from(letter);
            let rates: BTreeSet<u32> = ours
                .groups
                .entries()
                .filter(|total| total.group.code.letter() == letter)
                .map(|total| total.group.rate.ten_thousandths())
                .collect();
            if !gross.is_zero() || !rates.is_empty() {
                self.add(Subject::Group(side, code), gross.minor());
            }
            // If a tax group had two rates in one shift, its tax cannot be computed from the printer's gross turnover.
            if let (1, Some(rate)) = (rates.len(), rates.first())
                && let Some(rate) = TaxRate::from_ten_thousandths(*rate)
                && let Some(tax) = rate.included_in(*gross, Rounding::COMMERCIAL)
            {
                self.add(Subject::Tax(side, code), tax.minor());
            }
        }
        let sum = counters
            .iter()
            .fold(0_i64, |sum, gross| sum.saturating_add(gross.minor()));
        self.add(Subject::Amount(side), sum);
    }
}

/// Gives `add` what a document adds to the figures of its shift.
pub(in super::super) fn figures_of(body: &Body<'_>, add: &mut impl FnMut(Subject, i64)) {
    match body {
        Body::Receipt(receipt) => figures_of_receipt(receipt, add),
        Body::Cash(amount) => {
            let side = if amount.is_negative() {
                Side::Withdrawals
            } else {
                Side::Deposits
            };
            add(Subject::Count(side), 1);
            add(Subject::Amount(side), amount.minor().saturating_abs());
            add(Subject::Cash, amount.minor());
        }
        Body::Report(_) | Body::Nonfiscal(_) | Body::Amounts(_) => {}
    }
}

fn figures_of_receipt(receipt: &Receipt<'_>, add: &mut impl FnMut(Subject, i64)) {
    let (side, sign) = match receipt.kind {
        ReceiptKind::Sale => (Side::Sales, 1),
        ReceiptKind::Refund { .. } => (Side::Refunds, -1),
        ReceiptKind::AlternativeSale => {
            add(Subject::Count(Side::Alternative), 1);
            add(Subject::Amount(Side::Alternative), receipt.total.minor());
            return;
        }
    };
    add(Subject::Count(side), 1);
    add(Subject::FiscalReceipts, 1);
    add(Subject::Amount(side), receipt.total.minor());
    for line in receipt.lines.iter().filter(|line| !line.voided) {
        for tax in line.taxes() {
            let code = char::from(tax.group.code.letter());
            add(Subject::Group(side, code), line.final_amount.minor());
            add(Subject::Tax(side, code), tax.final_tax.minor());
        }
    }
    for payment in receipt.payments.iter() {
        let kept = payment
            .amount
            .minor()
            .saturating_sub(payment.change.minor());
        add(Subject::Payment(side, payment.code), kept);
        if payment.cash {
            add(Subject::Cash, kept.saturating_mul(sign));
        }
    }
}
