//! A shift and its running counters, so that a Z-report takes the same time after ten receipts and after ten million.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::document::Body;
use crate::packed::Packed;
use crate::receipt::{Line, Payment, Receipt, ReceiptKind};
use crate::refusal::Refusal;
use crate::time::Moment;
use crate::totals::PaymentTotals;
use crate::totals::TaxTotals;

/// The count of some documents and the sum of their amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The count of the documents.
    pub count: u32,
    /// The sum of the documents' amounts.
    pub amount: Amount,
}

impl Tally {
    pub(crate) fn add(&mut self, amount: Amount) -> Option<()> {
        let count = self.count.checked_add(1)?;
        self.amount = self.amount.checked_add(amount)?;
        self.count = count;
        Some(())
    }

    pub(crate) fn admit(mut self, amount: Amount) -> Result<(), Refusal> {
        self.add(amount).ok_or(Refusal::CounterExhausted)
    }
}

/// The turnover of sales or of refunds; sales and refunds are never netted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turnover {
    /// The number of receipts and their gross sum.
    pub receipts: Tally,
    /// The tax included in the receipts, as the sum of their lines.
    pub tax: Amount,
    /// The turnover by tax group and rate.
    pub groups: TaxTotals,
    /// The payments less change by payment type; all types together are the sum of the receipts plus the cash rounding.
    pub payments: PaymentTotals,
    /// The sum that cash rounding added (above zero) or subtracted.
    pub rounding: Amount,
}

impl Turnover {
    fn add(&mut self, receipt: &Receipt<'_>) -> Option<()> {
        self.receipts.add(receipt.total)?;
        self.tax = self.tax.checked_add(receipt.tax)?;
        self.rounding = self.rounding.checked_add(receipt.rounded_by())?;
        self.add_lines(receipt.lines)?;
        self.add_payments(receipt.payments)
    }

    /// Checks that every sum has room. A group or a payment type is never above the sum of the receipts, so it is enough to check
    /// the sum of the receipts.
    fn admit(&self, receipt: &Receipt<'_>) -> Result<(), Refusal> {
        let full = Refusal::CounterExhausted;
        self.receipts.admit(receipt.total)?;
        let rounding = self
            .rounding
            .checked_add(receipt.rounded_by())
            .ok_or(full)?;
        let kept = self.receipts.amount.checked_add(receipt.total);
        kept.and_then(|kept| kept.checked_add(rounding))
            .ok_or(full)?;
        if !self.groups.have_room_for(receipt) {
            return Err(Refusal::TooManyTaxGroups);
        }
        if !self.payments.have_room_for(receipt.payments) {
            return Err(Refusal::TooManyPaymentTypes);
        }
        Ok(())
    }

    fn add_lines(&mut self, lines: Packed<'_, Line<'_>>) -> Option<()> {
        lines
            .iter()
            .filter(|line| !line.voided)
            .try_for_each(|line| {
                line.taxes().try_for_each(|tax| {
                    self.groups.add(tax.group, line.final_amount, tax.final_tax)
                })
            })
    }

    fn add_payments(&mut self, payments: Packed<'_, Payment<'_>>) -> Option<()> {
        payments.iter().try_for_each(|payment| {
            let kept = payment.amount.checked_sub(payment.change)?;
            self.payments.add(payment.code, payment.cash, kept)
        })
    }
}

/// A shift: the time from the first document to the Z-report, with its counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// The number that the shift's Z-report will have; unique on the device.
    pub z_number: u32,
    /// The moment when the shift's first document was decided.
    pub opened: Moment,
    /// The number of documents of the shift so far, of all kinds but non-fiscal receipts.
    pub documents: u32,
    /// The number of the shift's first document.
    pub first_number: u32,
    /// The fiscal sales of the shift.
    pub sales: Turnover,
    /// The refunds of the shift.
    pub refunds: Turnover,
    /// The alternative receipts of the shift, which the fiscal counters do not include.
    pub alternative: Tally,
    /// The cash put into the drawer.
    pub cash_in: Tally,
    /// The cash taken out of the drawer, as a positive sum.
    pub cash_out: Tally,
}

impl Shift {
    pub(crate) fn open(z_number: u32, first_number: u32, opened: Moment) -> Self {
        Self {
            z_number,
            opened,
            documents: 0,
            first_number,
            sales: Turnover::default(),
            refunds: Turnover::default(),
            alternative: Tally::default(),
            cash_in: Tally::default(),
            cash_out: Tally::default(),
        }
    }

    /// Whether the shift has alternative receipts only, so that no printer has printed anything of it.
    #[must_use]
    pub const fn is_alternative(&self) -> bool {
        self.documents == self.alternative.count
    }

    /// Counts a receipt. If a counter does not fit, the result is `None` and the shift must not be used any more.
    pub(crate) fn count_receipt(&mut self, receipt: &Receipt<'_>) -> Option<()> {
        match receipt.kind {
            ReceiptKind::Sale => self.sales.add(receipt),
            ReceiptKind::AlternativeSale => self.alternative.add(receipt.total),
            ReceiptKind::Refund { .. } => self.refunds.add(receipt),
        }
    }

    /// Checks that a document can be counted: every sum fits, and there is room for its groups and payment types.
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

    /// Checks in the same way that the document that opens a shift can be counted.
    pub(crate) fn admit_first(body: &Body<'_>) -> Result<(), Refusal> {
        match body {
            Body::Receipt(receipt) if receipt.kind != ReceiptKind::AlternativeSale => {
                Turnover::default().admit(receipt)
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn count_cash(&mut self, amount: Amount) -> Option<()> {
        if amount.is_negative() {
            self.cash_out.add(amount.checked_neg()?)
        } else {
            self.cash_in.add(amount)
        }
    }
}

/// The gross sales since 1 January or since the first document, as a report shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The gross sales.
    pub amount: Amount,
    /// The tax included in the gross sales.
    pub tax: Amount,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::id::DocumentId;
    use crate::packed::Packed;
    use crate::receipt::{Prices, RoundingLine};

    pub(crate) const MOST: i64 = i64::MAX;

    /// One document body for each counter, in the order of [`tallies`].
    pub(crate) fn bodies(minor: i64) -> [Body<'static>; 5] {
        let amount = Amount::from_minor(minor);
        [
            Body::Receipt(receipt(ReceiptKind::Sale, minor, 0)),
            Body::Receipt(receipt(refund(), minor, 0)),
            Body::Receipt(receipt(ReceiptKind::AlternativeSale, minor, 0)),
            Body::Cash(amount),
            Body::Cash(amount.checked_neg().unwrap()),
        ]
    }

    pub(crate) fn refund() -> ReceiptKind {
        ReceiptKind::Refund {
            original: DocumentId([1; 16]),
        }
    }

    /// A receipt with sums and without lines.
    pub(crate) fn receipt(kind: ReceiptKind, total: i64, rounding: i64) -> Receipt<'static> {
        let total = Amount::from_minor(total);
        Receipt {
            kind,
            lines: Packed::EMPTY,
            modifiers: Packed::EMPTY,
            payments: Packed::EMPTY,
            prices: Prices::TaxIncluded,
            sub_total: total,
            modification: Amount::ZERO,
            total,
            tax: Amount::ZERO,
            rounding: (rounding != 0).then_some(RoundingLine {
                name: "",
                amount: Amount::from_minor(rounding),
            }),
            paid: total,
            change: Amount::ZERO,
            header: "",
            footer: "",
        }
    }

    fn shift() -> Shift {
        let opened = Moment {
            utc_ms: 0,
            offset_minutes: 0,
        };
        Shift::open(1, 1, opened)
    }

    fn tallies(shift: &mut Shift) -> [&mut Tally; 5] {
        [
            &mut shift.sales.receipts,
            &mut shift.refunds.receipts,
            &mut shift.alternative,
            &mut shift.cash_in,
            &mut shift.cash_out,
        ]
    }

    #[test]
    fn each_body_is_counted_in_its_own_counter() {
        for (place, body) in bodies(7).iter().enumerate() {
            let mut shift = shift();
            let counted = match body {
                Body::Receipt(receipt) => shift.count_receipt(receipt),
                Body::Cash(amount) => shift.count_cash(*amount),
                Body::Report(_) | Body::Nonfiscal(_) | Body::Amounts(_) => None,
            };
            assert_eq!(counted, Some(()));
            for (other, tally) in tallies(&mut shift).into_iter().enumerate() {
                let minor = if other == place { 7 } else { 0 };
                let count = u32::from(other == place);
                assert_eq!((tally.count, tally.amount.minor()), (count, minor));
            }
        }
    }

    #[test]
    fn a_full_counter_refuses_only_what_it_counts() {
        let full = Err(Refusal::CounterExhausted);
        for place in 0..5 {
            let mut sum = shift();
            tallies(&mut sum)[place].amount = Amount::from_minor(MOST - 5);
            let mut count = shift();
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
        let mut shift = shift();
        shift.sales.receipts.amount = Amount::from_minor(MOST - 5);
        let sale = |rounding| Body::Receipt(receipt(ReceiptKind::Sale, 3, rounding));
        assert_eq!(shift.admit(&sale(2)), Ok(()));
        assert_eq!(shift.admit(&sale(3)), Err(Refusal::CounterExhausted));
        shift.sales.receipts.amount = Amount::ZERO;
        shift.sales.rounding = Amount::from_minor(MOST - 5);
        assert_eq!(shift.admit(&sale(2)), Ok(()));
        assert_eq!(shift.admit(&sale(6)), Err(Refusal::CounterExhausted));
    }

    #[test]
    fn payments_are_counted_by_type_and_without_their_change() {
        let mut room = [0; 256];
        let payment = |code, cash, amount, change| {
            Ok(Payment {
                code,
                name: "",
                cash,
                printer_letter: b'P',
                open_drawer: false,
                amount: Amount::from_minor(amount),
                change: Amount::from_minor(change),
            })
        };
        let given = [payment(1, false, 1_000, 0), payment(0, true, 1_500, 642)];
        let (payments, _) = Packed::pack(&mut room, given.into_iter()).unwrap();
        let sale = Receipt {
            payments,
            ..receipt(ReceiptKind::Sale, 1_858, 0)
        };
        let mut shift = shift();
        for _ in 0..2 {
            assert_eq!(shift.count_receipt(&sale), Some(()));
        }
        let mut counted = shift.sales.payments.entries();
        for expected in [(1, false, 2_000), (0, true, 1_716)] {
            let total = counted.next().unwrap();
            let found = (total.code, total.cash, total.amount.minor());
            assert_eq!(found, expected);
        }
        assert!(counted.next().is_none());
    }

    #[test]
    fn a_first_document_with_too_many_payment_types_is_refused_unless_it_is_an_alternative_receipt()
    {
        let mut room = [0; 1_024];
        let payments = (0..17).map(|code| {
            Ok(Payment {
                code,
                name: "",
                cash: false,
                printer_letter: b'D',
                open_drawer: false,
                amount: Amount::from_minor(1),
                change: Amount::ZERO,
            })
        });
        let (payments, _) = Packed::pack(&mut room, payments).unwrap();
        let many = |kind| {
            Body::Receipt(Receipt {
                payments,
                ..receipt(kind, 17, 0)
            })
        };
        let refused = Err(Refusal::TooManyPaymentTypes);
        assert_eq!(Shift::admit_first(&many(ReceiptKind::Sale)), refused);
        assert_eq!(Shift::admit_first(&many(refund())), refused);
        let beside = many(ReceiptKind::AlternativeSale);
        assert_eq!(Shift::admit_first(&beside), Ok(()));
    }
}
