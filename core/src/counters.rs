//! Counters that outlive the shift: since 1 January, and since the first document.
//!
//! Like the counters of a shift these counters are kept by kind of document, tax group and payment type. Their size is bounded,
//! however many rates and payment types there are over the years: a group is summed by its letter over all its rates, and payment
//! types beyond the sixteenth are summed together.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::document::Body;
use crate::receipt::{Receipt, ReceiptKind};
use crate::refusal::Refusal;
use crate::shift::{Running, Tally};
use crate::tax::TaxCode;
use crate::totals::PaymentTotals;

/// The turnover of one tax group letter over all the rates that it has had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterTotal {
    /// The gross turnover. The whole amount of a line with several taxes counts under each of its letters.
    pub amount: Amount,
    /// The tax included in this turnover, as the sum of the receipts' lines.
    pub tax: Amount,
}

/// The turnover of sales or of refunds over many shifts; sales and refunds are never netted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongTurnover {
    /// The number of receipts and their gross sum.
    pub receipts: Tally,
    /// The tax included in the receipts, as the sum of their lines.
    pub tax: Amount,
    /// The sum that cash rounding added (above zero) or subtracted.
    pub rounding: Amount,
    /// The payments less change, by payment type: the first sixteen types that were used.
    pub payments: PaymentTotals,
    /// The payments with all further payment types together.
    pub other_payments: Amount,
    letters: [LetterTotal; 8],
}

impl LongTurnover {
    /// The turnover of a tax group letter.
    #[must_use]
    pub fn of_letter(&self, code: TaxCode) -> LetterTotal {
        self.letters
            .get(usize::from(code.place()))
            .copied()
            .unwrap_or_default()
    }

    /// Checks that every sum has room. The sum of a letter or a payment type is never above the sum of the receipts, so it is
    /// enough to check that one.
    fn admit(&self, receipt: &Receipt<'_>) -> Result<(), Refusal> {
        self.receipts.admit(receipt.total)?;
        let rounding = self.rounding.checked_add(receipt.rounded_by());
        let turnover = self.receipts.amount.checked_add(receipt.total);
        turnover
            .zip(rounding)
            .and_then(|(turnover, rounding)| turnover.checked_add(rounding))
            .map_or(Err(Refusal::CounterExhausted), |_| Ok(()))
    }

    /// Counts a receipt that was admitted.
    fn count(&mut self, receipt: &Receipt<'_>) {
        self.receipts.add(receipt.total).unwrap_or(());
        add_to(&mut self.tax, receipt.tax);
        add_to(&mut self.rounding, receipt.rounded_by());
        for line in receipt.lines.iter().filter(|line| !line.voided) {
            for tax in line.taxes() {
                let place = usize::from(tax.group.code.place());
                if let Some(letter) = self.letters.get_mut(place) {
                    add_to(&mut letter.amount, line.final_amount);
                    add_to(&mut letter.tax, tax.final_tax);
                }
            }
        }
        for payment in receipt.payments.iter() {
            let kept = payment
                .amount
                .checked_sub(payment.change)
                .unwrap_or(Amount::ZERO);
            // The sum fits, because the receipt was admitted. Only a place for one more payment type can be missing.
            if self
                .payments
                .add(payment.code, payment.cash, kept)
                .is_none()
            {
                add_to(&mut self.other_payments, kept);
            }
        }
    }
}

/// Counters over many shifts, by kind of document, tax group and payment type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// The fiscal sales.
    pub sales: LongTurnover,
    /// The refunds.
    pub refunds: LongTurnover,
    /// The alternative receipts, which the fiscal counters do not include.
    pub alternative: Tally,
    /// The cash put into the drawer.
    pub cash_in: Tally,
    /// The cash taken out of the drawer, as a positive sum.
    pub cash_out: Tally,
}

impl Counters {
    /// The gross sales and the tax included in them, as a report shows them.
    #[must_use]
    pub const fn running(&self) -> Running {
        Running {
            amount: self.sales.receipts.amount,
            tax: self.sales.tax,
        }
    }

    /// Checks that a document can be counted.
    pub(crate) fn admit(&self, body: &Body<'_>) -> Result<(), Refusal> {
        match body {
            Body::Receipt(receipt) => match receipt.kind {
                ReceiptKind::Sale => self.sales.admit(receipt),
                ReceiptKind::Refund { .. } => self.refunds.admit(receipt),
                ReceiptKind::AlternativeSale => self.alternative.admit(receipt.total),
            },
            Body::Cash(amount) if amount.is_negative() => {
                let out = amount.checked_neg().ok_or(Refusal::CounterExhausted)?;
                self.cash_out.admit(out)
            }
            Body::Cash(amount) => self.cash_in.admit(*amount),
            Body::Report(_) | Body::Nonfiscal(_) | Body::Amounts(_) => Ok(()),
        }
    }

    /// Counts a document that was admitted.
    pub(crate) fn count(&mut self, body: &Body<'_>) {
        let tallied = match body {
            Body::Receipt(receipt) => match receipt.kind {
                ReceiptKind::Sale => {
                    self.sales.count(receipt);
                    None
                }
                ReceiptKind::Refund { .. } => {
                    self.refunds.count(receipt);
                    None
                }
                ReceiptKind::AlternativeSale => self.alternative.add(receipt.total),
            },
            Body::Cash(amount) if amount.is_negative() => amount
                .checked_neg()
                .and_then(|amount| self.cash_out.add(amount)),
            Body::Cash(amount) => self.cash_in.add(*amount),
            Body::Report(_) | Body::Nonfiscal(_) | Body::Amounts(_) => None,
        };
        tallied.unwrap_or(());
    }

    /// Copies the counters field by field, so that there is no second copy on the stack.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.sales.clone_from(&other.sales);
        self.refunds.clone_from(&other.refunds);
        self.alternative = other.alternative;
        self.cash_in = other.cash_in;
        self.cash_out = other.cash_out;
    }
}

/// Adds an amount that was admitted. A sum that would overflow keeps its value.
fn add_to(sum: &mut Amount, part: Amount) {
    *sum = sum.checked_add(part).unwrap_or(*sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shift::tests::{MOST, bodies, receipt};

    fn tallies(counters: &mut Counters) -> [&mut Tally; 5] {
        [
            &mut counters.sales.receipts,
            &mut counters.refunds.receipts,
            &mut counters.alternative,
            &mut counters.cash_in,
            &mut counters.cash_out,
        ]
    }

    #[test]
    fn a_full_counter_refuses_only_what_it_counts() {
        let full = Err(Refusal::CounterExhausted);
        for place in 0..5 {
            let mut sum = Counters::default();
            tallies(&mut sum)[place].amount = Amount::from_minor(MOST - 5);
            let mut count = Counters::default();
            tallies(&mut count)[place].count = u32::MAX;
            for other in 0..5 {
                let ours = other == place;
                assert_eq!(sum.admit(&bodies(5)[other]), Ok(()));
                assert_eq!(
                    sum.admit(&bodies(6)[other]),
                    if ours { full } else { Ok(()) }
                );
                assert_eq!(
                    count.admit(&bodies(1)[other]),
                    if ours { full } else { Ok(()) }
                );
            }
        }
    }

    #[test]
    fn cash_rounding_needs_room_too() {
        let mut counters = Counters::default();
        counters.sales.receipts.amount = Amount::from_minor(MOST - 5);
        let sale = |rounding| Body::Receipt(receipt(ReceiptKind::Sale, 3, rounding));
        assert_eq!(counters.admit(&sale(2)), Ok(()));
        assert_eq!(counters.admit(&sale(3)), Err(Refusal::CounterExhausted));
    }
}
