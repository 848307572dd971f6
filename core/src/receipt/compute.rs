//! The computation of a draft: first the sums, in memory that the caller provides, then the receipt.

use super::{
    Draft, DraftLine, Line, LineTotals, Original, Prices, Receipt, ReceiptKind, Rules, Scratch,
    Sums,
};
use crate::amount::Amount;
use crate::packed::Packed;
use crate::refusal::{Faults, Field, FirstFault, Place, Refusal};
use crate::scale::Decimal;
use crate::tax::{LineTax, LineTaxSums};

impl<'a> Draft<'a> {
    /// Computes the receipt, or reports every fault with its place to `faults`.
    ///
    /// # Errors
    ///
    /// The refusal with the lowest number among the faults.
    pub fn compute(
        &self,
        kind: ReceiptKind,
        original: Option<&Original<'_>>,
        rules: Rules<'a>,
        scratch: Scratch<'a>,
        faults: &mut dyn Faults,
    ) -> Result<Receipt<'a>, Refusal> {
        let Scratch { lines: room, bytes } = scratch;
        let sums = self.compute_sums(original, rules, room, faults)?;
        let (lines, bytes) = Packed::pack(
            bytes,
            self.lines
                .iter()
                .zip(&*room)
                .map(|(line, computed)| computed.line(line)),
        )?;
        let (modifiers, bytes) = Packed::pack(bytes, self.modifier_amounts(rules, sums.sub_total))?;
        let (payments, _) = Packed::pack(
            bytes,
            self.paid_with(rules.payments, sums.paid, sums.change),
        )?;
        Ok(Receipt {
            kind,
            lines,
            modifiers,
            payments,
            // The lines of a return are parts of the lines of a sale, whose amounts include the tax.
            prices: match original {
                None => self.prices,
                Some(_) => Prices::TaxIncluded,
            },
            sub_total: sums.sub_total,
            modification: sums.modification,
            total: sums.total,
            tax: sums.tax,
            rounding: sums.rounding,
            paid: sums.paid,
            change: sums.change,
            header: self.header,
            footer: self.footer,
        })
    }

    /// Computes the amounts only: those of each line into `room`, which has one place for each line, and the sums.
    ///
    /// # Errors
    ///
    /// The refusal with the lowest number among the faults; [`Refusal::ScratchTooSmall`] if `room` has fewer places than there are lines.
    pub fn compute_sums(
        &self,
        original: Option<&Original<'_>>,
        rules: Rules<'_>,
        room: &mut [LineTotals],
        faults: &mut dyn Faults,
    ) -> Result<Sums, Refusal> {
        let mut work = Work {
            draft: self,
            rules,
            faults: FirstFault::new(faults),
            amounts_known: true,
        };
        work.check_shape();
        work.faults.verdict().or_else(|refusal| match refusal {
            // With too many lines there is no memory to compute further. After other faults the computation goes on, to report
            // further faults.
            Refusal::TooManyLines { .. } => Err(refusal),
            _ => Ok(()),
        })?;
        let totals = room
            .get_mut(..self.lines.len())
            .ok_or(Refusal::ScratchTooSmall)?;
        match original {
            None => work.sell_lines(totals),
            Some(original) => work.return_lines(totals, original),
        }
        let sub_total = work.sum(totals, |line| line.amount);
        let total = match original {
            None => work.apply_modifiers(totals, sub_total),
            // The lines of a return already contain their part of the sale's modifiers.
            Some(_) => work.sum(totals, |line| line.final_amount),
        };
        let tax = work.sum(totals, |line| line.final_tax);
        if work.amounts_known && !total.is_positive() && !self.lines.is_empty() {
            work.faults.report(Place::Lines, Refusal::NothingToPay);
        }
        let settlement = work.pay(total, original.is_some());
        work.faults.verdict()?;
        Ok(Sums {
            sub_total,
            modification: total.checked_sub(sub_total).ok_or(work.too_large())?,
            total,
            tax,
            rounding: settlement.rounding,
            paid: settlement.paid,
            change: settlement.change,
        })
    }
}

impl LineTotals {
    /// The sums of the taxes in the amount and in the final amount.
    fn taxes(&self) -> [LineTaxSums; 2] {
        let pair = |tax: Amount, levies: Amount| LineTaxSums {
            levies,
            others: tax.checked_sub(levies).unwrap_or(tax),
        };
        [
            pair(self.tax, self.levies),
            pair(self.final_tax, self.final_levies),
        ]
    }

    fn line<'a>(&self, draft: &DraftLine<'a>) -> Result<Line<'a>, Refusal> {
        let mut groups = self.groups.iter();
        let group = groups.next().ok_or(Refusal::TaxGroupMissing)?;
        let mut more_taxes = heapless::Vec::new();
        let [taxes, final_taxes] = self
            .part
            .unwrap_or_else(|| self.taxes().map(|taxes| self.groups.share(taxes)));
        let shares = taxes.into_iter().zip(final_taxes).skip(1);
        for (group, (tax, final_tax)) in groups.zip(shares) {
            let more = LineTax {
                group,
                tax,
                final_tax,
            };
            // The list has room for all tax groups that a line can have.
            more_taxes.push(more).unwrap_or(());
        }
        Ok(Line {
            name: draft.name,
            quantity: draft.quantity,
            price: draft.price,
            modifier: draft.modifier,
            group,
            more_taxes,
            before_modification: self.before,
            amount: self.amount,
            tax: self.tax,
            final_amount: self.final_amount,
            final_tax: self.final_tax,
            comment: draft.comment,
            original_line: self.original,
            voided: draft.voided,
        })
    }
}

/// One draft that is being computed. Faults are reported when they are found, and the computation goes on to find further ones.
pub(super) struct Work<'d, 'a, 'f> {
    pub(super) draft: &'d Draft<'a>,
    pub(super) rules: Rules<'d>,
    pub(super) faults: FirstFault<'f>,
    /// Whether the amounts of all lines are known, so that faults of the total are real.
    pub(super) amounts_known: bool,
}

impl Work<'_, '_, '_> {
    pub(super) fn money(&self, amount: Amount) -> Decimal {
        amount.display(self.rules.facts.currency)
    }

    pub(super) fn too_large(&self) -> Refusal {
        self.rules.facts.too_large()
    }

    pub(super) fn line_fault(&mut self, index: usize, field: Field, refusal: Refusal) {
        self.faults.report(Place::Line(index, field), refusal);
    }

    pub(super) fn sum(
        &mut self,
        totals: &[LineTotals],
        of: impl Fn(&LineTotals) -> Amount,
    ) -> Amount {
        let sum = totals
            .iter()
            .try_fold(Amount::ZERO, |sum, line| sum.checked_add(of(line)));
        match sum.filter(|sum| *sum <= self.rules.facts.amount_max) {
            Some(sum) => sum,
            None => {
                self.amounts_known = false;
                self.faults.report(Place::Lines, self.too_large());
                Amount::ZERO
            }
        }
    }
}
