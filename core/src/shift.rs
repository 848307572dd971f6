//! A shift and its running counters, so that a Z-report costs the same at ten receipts and at ten million.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::event::Body;
use crate::packed::Packed;
use crate::payment::PaymentTotals;
use crate::receipt::{Line, Payment, Receipt, ReceiptKind};
use crate::refusal::Refusal;
use crate::tax::TaxTotals;
use crate::time::Moment;

/// How many, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Documents.
    pub count: u32,
    /// Their sum.
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

/// Turnover of one direction: sales and refunds are never netted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turnover {
    /// Receipts and their gross sum.
    pub receipts: Tally,
    /// The tax inside, as the sum of the receipts' lines.
    pub tax: Amount,
    /// By tax group and rate.
    pub groups: TaxTotals,
    /// By payment type, change taken off; their sum is the receipts' sum and the cash rounding.
    pub payments: PaymentTotals,
    /// What cash rounding added (above zero) or took away.
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

    /// Every sum has room: a group and a payment type never come to more than the receipts that they are part of.
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

/// A shift: from the first document to the Z-report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// The number that its Z-report will have; unique for the device.
    pub z_number: u32,
    /// When its first document was decided.
    pub opened: Moment,
    /// Documents in it so far, all kinds: the last `currentNumber`.
    pub documents: u32,
    /// Number of its first document.
    pub first_number: u32,
    /// Fiscal sales.
    pub sales: Turnover,
    /// Refunds.
    pub refunds: Turnover,
    /// Alternative receipts; they stand beside the fiscal counters.
    pub alternative: Tally,
    /// Cash put in.
    pub cash_in: Tally,
    /// Cash taken out, as a positive sum.
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

    /// Counts a receipt; `None` where a counter does not fit, and then the shift must be dropped.
    pub(crate) fn count_receipt(&mut self, receipt: &Receipt<'_>) -> Option<()> {
        match receipt.kind {
            ReceiptKind::Sale => self.sales.add(receipt),
            ReceiptKind::AlternativeSale => self.alternative.add(receipt.total),
            ReceiptKind::Refund { .. } => self.refunds.add(receipt),
        }
    }

    /// Says whether a document can be counted: every sum fits, and there is room for its groups and payment types.
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
            Body::Report(_) => Ok(()),
        }
    }

    /// The same for the document that opens a shift.
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

/// Gross sales since some beginning, as a report shows them; [`Counters`](crate::counters::Counters) tell them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Gross sales.
    pub amount: Amount,
    /// The tax inside.
    pub tax: Amount,
}
