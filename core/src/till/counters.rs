//! The counters of a till: the open shift, the drawer, the year and all time.

use serde::{Deserialize, Serialize};

use super::numbers::NextNumbers;
use crate::amount::Amount;
use crate::counters::Counters;
use crate::document::{Body, DocumentKind};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shift::Shift;
use crate::time::Moment;

/// The counters that each document is added to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TillCounters {
    pub(super) shift: Option<Shift>,
    /// When the first receipt of the open shift was decided; `None` if it has no receipt.
    pub(super) first_receipt: Option<Moment>,
    /// The non-fiscal receipts since the last Z-report. They open no shift, and have a number within it all the same.
    nonfiscal: u32,
    pub(super) cash: Amount,
    year_of: i64,
    pub(super) year: Counters,
    pub(super) grand: Counters,
}

impl TillCounters {
    /// Checks that a document can be counted, and gives the number of its shift's Z-report. The check copies no counters, because
    /// they are large.
    pub(super) fn admit(&self, body: &Body<'_>, next: NextNumbers) -> Result<u32, Refusal> {
        let full = Refusal::CounterExhausted;
        self.cash.checked_add(cash_into_drawer(body)).ok_or(full)?;
        self.current_number().checked_add(1).ok_or(full)?;
        // The counters of this year are never above those of all time, so they have room too.
        self.grand.admit(body)?;
        match &self.shift {
            Some(shift) => {
                shift.admit(body)?;
                Ok(shift.z_number)
            }
            None => {
                Shift::admit_first(body)?;
                Ok(next.z_number)
            }
        }
    }

    /// Counts a document that was admitted. A counter that would overflow keeps its value; [`Self::admit`] rules that out.
    pub(super) fn count(&mut self, body: &Body<'_>, at: Moment, next: NextNumbers) {
        if let Body::Nonfiscal(_) | Body::Amounts(_) = body {
            self.nonfiscal = self.nonfiscal.saturating_add(1);
            return;
        }
        if at.local_year() > self.year_of {
            self.year_of = at.local_year();
            self.year = Counters::default();
        }
        self.year.count(body);
        self.grand.count(body);
        let shift = self
            .shift
            .get_or_insert_with(|| Shift::open(next.z_number, next.number, at));
        shift.documents = shift.documents.saturating_add(1);
        let counted = match body {
            Body::Receipt(receipt) => shift.count_receipt(receipt),
            Body::Cash(amount) => shift.count_cash(*amount),
            Body::Report(_) | Body::Nonfiscal(_) | Body::Amounts(_) => Some(()),
        };
        counted.unwrap_or(());
        if let Body::Receipt(_) = body {
            self.first_receipt.get_or_insert(at);
        }
        self.cash = self
            .cash
            .checked_add(cash_into_drawer(body))
            .unwrap_or(self.cash);
    }

    /// The number of the last document since the last Z-report, of all kinds; 0 if there is none. No two documents between two Z-reports
    /// have the same number, and none is left out, whether a shift was open or not.
    pub(super) fn current_number(&self) -> u32 {
        let documents = self.shift.as_ref().map_or(0, |shift| shift.documents);
        documents.saturating_add(self.nonfiscal)
    }

    /// The shift is closed; the next document has the number 1 again.
    pub(super) fn close_shift(&mut self) -> Option<Shift> {
        self.cash = Amount::ZERO;
        self.nonfiscal = 0;
        self.first_receipt = None;
        self.shift.take()
    }

    /// Copies the counters field by field, so that there is no second copy on the stack.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.shift.clone_from(&other.shift);
        self.first_receipt = other.first_receipt;
        self.nonfiscal = other.nonfiscal;
        self.cash = other.cash;
        self.year_of = other.year_of;
        self.year.copy_from(&other.year);
        self.grand.copy_from(&other.grand);
    }
}

/// What a document adds to the fiscal drawer. Alternative receipts do not count there, because the printer does not print them as
/// fiscal receipts.
fn cash_into_drawer(body: &Body<'_>) -> Amount {
    match body {
        Body::Receipt(receipt) if matches!(body.kind(), DocumentKind::Sale) => cash_kept(receipt),
        Body::Receipt(receipt) if matches!(body.kind(), DocumentKind::Refund) => {
            cash_kept(receipt).checked_neg().unwrap_or(Amount::ZERO)
        }
        Body::Cash(amount) => *amount,
        Body::Receipt(_) | Body::Report(_) | Body::Nonfiscal(_) | Body::Amounts(_) => Amount::ZERO,
    }
}

/// The cash that a document takes out of the drawer; zero if it takes none.
pub(super) fn cash_out_of(body: &Body<'_>) -> Amount {
    cash_into_drawer(body)
        .checked_neg()
        .filter(|out| out.is_positive())
        .unwrap_or(Amount::ZERO)
}

/// Cash handed over less the change. The change is never larger than the cash, because such a receipt is refused.
fn cash_kept(receipt: &Receipt<'_>) -> Amount {
    receipt
        .payments
        .iter()
        .filter(|payment| payment.cash)
        .try_fold(Amount::ZERO, |sum, payment| {
            sum.checked_add(payment.amount)?.checked_sub(payment.change)
        })
        .unwrap_or(Amount::ZERO)
}
