//! A return: each returned line is a part of a line of the original, bounded by its share of what is left of that line.

use super::compute::Work;
use super::matching::{Found, find_original};
use super::{DraftLine, LineTotals, Original, OriginalKind};
use crate::amount::Amount;
use crate::refusal::{Field, Place, Refusal};

impl Work<'_, '_, '_> {
    /// Computes the lines of a return.
    pub(super) fn return_lines(&mut self, totals: &mut [LineTotals], original: &Original<'_>) {
        let fault = match original.kind {
            OriginalKind::Fiscal => original
                .number_unknown
                .then_some(Refusal::OriginalWithoutNumber),
            OriginalKind::Alternative => Some(Refusal::OriginalAlternative),
            OriginalKind::Other => Some(Refusal::OriginalNotASale),
        };
        if let Some(refusal) = fault {
            self.amounts_known = false;
            self.faults.report(Place::Original, refusal);
            return;
        }
        let draft = self.draft;
        for (index, line) in draft.lines.iter().enumerate() {
            let computed = match self.check_line(index, line) {
                Some(before) => {
                    let earlier = totals.get(..index).unwrap_or(&[]);
                    self.return_line(index, line, before, original, earlier)
                }
                None => None,
            };
            if computed.is_none() {
                self.amounts_known = false;
            }
            if let Some(slot) = totals.get_mut(index) {
                *slot = computed.unwrap_or_default();
            }
        }
    }

    /// Computes one line of a return; `None` after a fault.
    fn return_line(
        &mut self,
        index: usize,
        line: &DraftLine<'_>,
        before: Amount,
        original: &Original<'_>,
        earlier: &[LineTotals],
    ) -> Option<LineTotals> {
        let rounding = self.rules.facts.rounding;
        let Some(found) = find_original(self.draft, line, original, earlier, rounding) else {
            self.line_fault(index, Field::Name, Refusal::ReturnLineUnknown);
            return None;
        };
        if line.voided {
            // The returned line is voided and returns nothing, so it refers to no line of the original either.
            return Some(LineTotals {
                before,
                groups: found.sold.groups(),
                ..LineTotals::default()
            });
        }
        let final_amount = self.returned_amount(index, line, &found)?;
        let part = found.sold.part(found.left, line.quantity, final_amount)?;
        self.check_copied(index, line, &found, (before, &part))?;
        Some(LineTotals {
            before,
            original: u16::try_from(found.place).ok(),
            ..part
        })
    }

    /// The figures that the caller has copied must be those of the line, in proportion to the quantity. They do not decide what is paid
    /// back: a figure that is far from it shows that another line is meant, or that the caller computes wrongly.
    fn check_copied(
        &mut self,
        index: usize,
        line: &DraftLine<'_>,
        found: &Found<'_>,
        (before, part): (Amount, &LineTotals),
    ) -> Option<()> {
        let copied = line.copied;
        let share = found.sold.shares(line.quantity)?;
        let mut agrees = true;
        for (field, given, computed) in [
            (Field::AmountBefore, copied.before, [before; 2]),
            (Field::Amount, copied.amount, [part.amount, share.amount]),
            (Field::Tax, copied.tax, [part.tax, share.tax]),
            (
                Field::FinalTax,
                copied.final_tax,
                [part.final_tax, share.final_tax],
            ),
        ] {
            let near = |computed: Amount| {
                given.is_none_or(|given| {
                    let apart = given.minor().abs_diff(computed.minor());
                    apart <= (computed.minor().unsigned_abs() / 100).max(COPIED_APART_MAX)
                })
            };
            if !computed.into_iter().any(near) {
                agrees = false;
                let [_, expected] = computed.map(|computed| self.money(computed));
                self.line_fault(index, field, Refusal::ReturnFigureDiffers { expected });
            }
        }
        if let Some(given) = copied.rate
            && let Some(rate) = found.sold.only_rate()
            && given != rate
        {
            agrees = false;
            let expected = rate.display();
            self.line_fault(
                index,
                Field::TaxRate,
                Refusal::ReturnFigureDiffers { expected },
            );
        }
        agrees.then_some(())
    }

    /// The amount that a line gives back: the amount that the caller gave, or the share of the quantity. A quantity or an amount
    /// that is too large is reported as a fault.
    fn returned_amount(
        &mut self,
        index: usize,
        line: &DraftLine<'_>,
        found: &Found<'_>,
    ) -> Option<Amount> {
        if found.quantity_missing(line).is_positive() {
            let refusal = Refusal::ReturnExceedsQuantity {
                left: found.left.quantity.display(),
            };
            self.line_fault(index, Field::Quantity, refusal);
            return None;
        }
        let most = found.sold.most(found.left, line.quantity)?;
        let final_amount = match line.final_amount {
            Some(given) => given,
            None => found.sold.due(found.left, line.quantity)?,
        };
        if final_amount > most || final_amount.is_negative() {
            let refusal = Refusal::ReturnExceedsAmount {
                left: self.money(most),
            };
            self.line_fault(index, Field::FinalAmount, refusal);
            return None;
        }
        Some(final_amount)
    }
}

/// The largest difference of a copied figure, in minor units, that a caller's own rounding explains; of larger figures, one hundredth.
const COPIED_APART_MAX: u64 = 5;
