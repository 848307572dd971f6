//! The sums that documents are counted into.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::event::{Body, DocumentKind};
use crate::receipt::{Receipt, ReceiptKind};
use crate::refusal::Refusal;
use crate::shift::{Running, Shift};
use crate::time::Moment;

/// Sums that documents are counted into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Books {
    pub(super) shift: Option<Shift>,
    pub(super) cash: Amount,
    year_of: i64,
    pub(super) year: Running,
    pub(super) grand: Running,
}

/// The numbers that a document gets if it opens a shift.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextNumbers {
    /// Of the document.
    pub(super) number: u32,
    /// Of its shift's Z-report.
    pub(super) z_number: u32,
}

impl Books {
    /// Says whether a document can be counted, and the number of its shift's Z-report. Copies nothing: the books are large.
    pub(super) fn admit(
        &self,
        body: &Body<'_>,
        at: Moment,
        next: NextNumbers,
    ) -> Result<u32, Refusal> {
        let full = Refusal::CounterExhausted;
        self.cash.checked_add(cash_into_drawer(body)).ok_or(full)?;
        if let Body::Receipt(receipt) = body
            && receipt.kind == ReceiptKind::Sale
        {
            let (mut year, mut grand) = (self.year_at(at), self.grand);
            year.add(receipt).ok_or(full)?;
            grand.add(receipt).ok_or(full)?;
        }
        match &self.shift {
            Some(shift) => {
                shift.documents.checked_add(1).ok_or(full)?;
                shift.admit(body)?;
                Ok(shift.z_number)
            }
            None => {
                Shift::admit_first(body)?;
                Ok(next.z_number)
            }
        }
    }

    /// Counts a document that was admitted; a number that does not fit is left as it was.
    pub(super) fn count(&mut self, body: &Body<'_>, at: Moment, next: NextNumbers) {
        self.year = self.year_at(at);
        self.year_of = self.year_of.max(at.local_year());
        let shift = self
            .shift
            .get_or_insert_with(|| Shift::open(next.z_number, next.number, at));
        shift.documents = shift.documents.saturating_add(1);
        let counted = match body {
            Body::Receipt(receipt) => {
                if receipt.kind == ReceiptKind::Sale {
                    self.year.add(receipt).unwrap_or(());
                    self.grand.add(receipt).unwrap_or(());
                }
                shift.count_receipt(receipt)
            }
            Body::Cash(amount) => shift.count_cash(*amount),
            Body::Report(_) => Some(()),
        };
        counted.unwrap_or(());
        self.cash = self
            .cash
            .checked_add(cash_into_drawer(body))
            .unwrap_or(self.cash);
    }

    /// Copies field by field, so that no second copy stands on the stack.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.shift.clone_from(&other.shift);
        self.cash = other.cash;
        self.year_of = other.year_of;
        self.year = other.year;
        self.grand = other.grand;
    }

    /// The year's sales at a moment: nothing yet, where it is a new year.
    fn year_at(&self, at: Moment) -> Running {
        if at.local_year() > self.year_of {
            Running::default()
        } else {
            self.year
        }
    }
}

/// What a document adds to the fiscal drawer; alternative receipts stand beside it, as the printer knows nothing of them.
fn cash_into_drawer(body: &Body<'_>) -> Amount {
    match body {
        Body::Receipt(receipt) if matches!(body.kind(), DocumentKind::Sale) => cash_kept(receipt),
        Body::Receipt(receipt) if matches!(body.kind(), DocumentKind::Refund) => {
            cash_kept(receipt).checked_neg().unwrap_or(Amount::ZERO)
        }
        Body::Cash(amount) => *amount,
        Body::Receipt(_) | Body::Report(_) => Amount::ZERO,
    }
}

pub(super) fn cash_out_of(body: &Body<'_>) -> Amount {
    cash_into_drawer(body)
        .checked_neg()
        .filter(|out| out.is_positive())
        .unwrap_or(Amount::ZERO)
}

/// Cash handed over less the change, which is never more (the receipt was refused otherwise).
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
