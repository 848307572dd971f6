//! The lines of a sale and the modifiers of the whole receipt.

use super::compute::Work;
use super::spread::spread;
use super::{Draft, DraftLine, LineTotals, Modifier, ReceiptModifier, Rules};
use crate::amount::Amount;
use crate::blank::is_blank;
use crate::facts::Facts;
use crate::quantity::Quantity;
use crate::refusal::{Field, Place, Refusal};
use crate::scale::Decimal;
use crate::tax::{LineGroups, TaxCode, TaxGroup};

impl Work<'_, '_, '_> {
    fn check_text(&mut self, place: Place, text: &str) {
        let limit = self.rules.facts.text_bytes_max;
        let given = text.len();
        if given > limit {
            self.faults
                .report(place, Refusal::TextTooLong { given, limit });
        }
    }

    /// Checks the numbers of items and the lengths of texts, before any computation.
    pub(super) fn check_shape(&mut self) {
        let facts = self.rules.facts;
        let (lines, modifiers, payments) = (
            self.draft.lines.len(),
            self.draft.modifiers.len(),
            self.draft.payments.len(),
        );
        if lines == 0 {
            self.amounts_known = false;
            self.faults.report(Place::Lines, Refusal::NoLines);
        }
        if lines > facts.lines_max {
            self.faults.report(
                Place::Lines,
                Refusal::TooManyLines {
                    given: lines,
                    limit: facts.lines_max,
                },
            );
        }
        if modifiers > facts.modifiers_max {
            self.faults.report(
                Place::Modifiers,
                Refusal::TooManyModifiers {
                    given: modifiers,
                    limit: facts.modifiers_max,
                },
            );
        }
        if payments > facts.payments_max {
            self.faults.report(
                Place::Payments,
                Refusal::TooManyPayments {
                    given: payments,
                    limit: facts.payments_max,
                },
            );
        }
        self.check_text(Place::Header, self.draft.header);
        self.check_text(Place::Footer, self.draft.footer);
    }

    /// Checks a line and returns its amount before modifiers; `None` if a fault leaves the amount unknown.
    pub(super) fn check_line(&mut self, index: usize, line: &DraftLine<'_>) -> Option<Amount> {
        let facts = self.rules.facts;
        if line.name.trim().is_empty() {
            self.line_fault(index, Field::Name, Refusal::NameMissing);
        }
        self.check_text(Place::Line(index, Field::Name), line.name);
        self.check_text(Place::Line(index, Field::Comment), line.comment);
        let mut known = true;
        if !line.quantity.is_positive() {
            known = false;
            self.line_fault(
                index,
                Field::Quantity,
                Refusal::QuantityNotPositive {
                    given: line.quantity.display(),
                },
            );
        } else if line.quantity > facts.quantity_max {
            known = false;
            let refusal = Refusal::QuantityTooLarge {
                given: line.quantity.display(),
                limit: facts.quantity_max.display(),
            };
            self.line_fault(index, Field::Quantity, refusal);
        }
        // A line of price 0 stands beside paid ones. A surcharge would give it an amount that no price explains.
        let surcharged =
            matches!(line.modifier, Some(Modifier::Amount(amount)) if amount.is_positive());
        if line.price.is_negative() || (line.price.is_zero() && surcharged) {
            known = false;
            self.line_fault(
                index,
                Field::Price,
                Refusal::PriceNotPositive {
                    given: self.money(line.price),
                },
            );
        } else if line.price > facts.price_max {
            known = false;
            let refusal = Refusal::PriceTooLarge {
                given: self.money(line.price),
                limit: self.money(facts.price_max),
            };
            self.line_fault(index, Field::Price, refusal);
        }
        if !known {
            return None;
        }
        let before = facts
            .rounding
            .multiply_divide(
                line.price.minor(),
                line.quantity.thousandths(),
                Quantity::ONE.thousandths(),
            )
            .map(Amount::from_minor)
            .filter(|before| *before <= facts.amount_max);
        if before.is_none() {
            self.line_fault(index, Field::Price, self.too_large());
        }
        before
    }

    /// The tax groups of a line of a sale. After a fault in the tax groups the amount of the line is still known, but not its
    /// tax.
    fn groups_of(&mut self, index: usize, line: &DraftLine<'_>) -> LineGroups {
        let mut groups = LineGroups::default();
        let limit = self.rules.facts.taxes_per_line_max;
        let fault = match line.tax_group {
            // A device with one tax group needs no choice.
            None => match self.rules.taxes.only() {
                None => Some(Refusal::TaxGroupMissing),
                Some(entry) => match entry.on(self.rules.day) {
                    None => Some(Refusal::TaxGroupNotInForce),
                    Some(group) => groups
                        .push(group)
                        .map_or(Some(Refusal::TaxGroupMissing), |()| None),
                },
            },
            // If a line has one tax only, a longer text is the name of a group that does not exist.
            Some(text) if text.is_empty() || (text.len() > 1 && limit == 1) => {
                Some(Refusal::TaxGroupUnknown)
            }
            Some(text) if text.len() > limit => Some(Refusal::TooManyTaxes {
                given: text.len(),
                limit,
            }),
            Some(text) => text.bytes().find_map(|letter| match self.group_of(letter) {
                Err(refusal) => Some(refusal),
                Ok(group) => groups.push(group).map_or(
                    Some(Refusal::TooManyTaxes {
                        given: text.len(),
                        limit,
                    }),
                    |()| None,
                ),
            }),
        };
        if let Some(refusal) = fault {
            self.line_fault(index, Field::TaxGroup, refusal);
        }
        groups
    }

    fn group_of(&self, letter: u8) -> Result<TaxGroup, Refusal> {
        let entry = TaxCode::new(letter)
            .and_then(|code| self.rules.taxes.entry(code))
            .ok_or(Refusal::TaxGroupUnknown)?;
        entry.on(self.rules.day).ok_or(Refusal::TaxGroupNotInForce)
    }

    /// Computes the lines with their own modifiers and their tax.
    pub(super) fn sell_lines(&mut self, totals: &mut [LineTotals]) {
        let draft = self.draft;
        for (index, (line, computed)) in draft.lines.iter().zip(totals.iter_mut()).enumerate() {
            *computed = LineTotals::default();
            computed.groups = self.groups_of(index, line);
            // A line of a return has the name of a line that was sold, also by a build that took such names.
            if is_blank(line.name) && !line.name.trim().is_empty() {
                self.line_fault(index, Field::Name, Refusal::NameMissing);
            }
            let Some(before) = self.check_line(index, line) else {
                self.amounts_known = false;
                continue;
            };
            let change = line.modifier.map_or(Some(Amount::ZERO), |modifier| {
                modifier.of(before, self.rules.facts)
            });
            let amount = change.and_then(|change| before.checked_add(change));
            let Some(amount) = amount.filter(|amount| *amount <= self.rules.facts.amount_max)
            else {
                self.amounts_known = false;
                self.line_fault(index, Field::Modifier, self.too_large());
                continue;
            };
            if let Some(amount) = self.below_zero(line.modifier, before, amount) {
                self.amounts_known = false;
                self.line_fault(index, Field::Modifier, Refusal::NegativeAmount { amount });
                continue;
            }
            computed.before = before;
            computed.amount = if line.voided { Amount::ZERO } else { amount };
        }
        if self.tax_lines(totals).is_none() {
            self.amounts_known = false;
            self.faults.report(Place::Lines, self.too_large());
        }
    }

    /// The amount after a modifier, if it is below zero. A percentage below -100 % makes every amount negative, even if rounding
    /// gives zero; such an amount is given exactly, with four more decimals.
    fn below_zero(
        &self,
        modifier: Option<Modifier>,
        base: Amount,
        after: Amount,
    ) -> Option<Decimal> {
        if after.is_negative() {
            return Some(self.money(after));
        }
        let Some(Modifier::Percent(hundredths)) = modifier else {
            return None;
        };
        let left = i64::from(hundredths).checked_add(WHOLE_PERCENT)?;
        let exact = base.minor().checked_mul(left)?;
        let places = self.rules.facts.currency.exponent().checked_add(4)?;
        (exact < 0).then(|| Decimal::new(exact, places))
    }

    /// Applies the receipt's modifiers one after another, each divided over the lines. Returns the total.
    pub(super) fn apply_modifiers(
        &mut self,
        totals: &mut [LineTotals],
        sub_total: Amount,
    ) -> Amount {
        let mut total = sub_total;
        for (index, modifier) in self.draft.modifiers.iter().enumerate() {
            if !self.amounts_known {
                return total;
            }
            let change = modifier.of(total, self.rules.facts);
            let new_total = change.and_then(|change| total.checked_add(change));
            let refusal = match (change, new_total) {
                (Some(change), Some(new_total)) if new_total <= self.rules.facts.amount_max => {
                    if let Some(amount) = self.below_zero(Some(*modifier), total, new_total) {
                        Refusal::NegativeAmount { amount }
                    } else if total.is_zero() && !change.is_zero() {
                        Refusal::NothingToSpreadOver
                    } else if spread_change(totals, total, change).is_some() {
                        total = new_total;
                        continue;
                    } else {
                        self.too_large()
                    }
                }
                _ => self.too_large(),
            };
            self.amounts_known = false;
            self.faults.report(Place::Modifier(index), refusal);
        }
        if !self.draft.modifiers.is_empty() && self.tax_final_lines(totals).is_none() {
            self.amounts_known = false;
            self.faults.report(Place::Modifiers, self.too_large());
        }
        total
    }
}

impl Draft<'_> {
    /// The amount of each modifier, computed again in the same order.
    pub(super) fn modifier_amounts(
        &self,
        rules: Rules<'_>,
        sub_total: Amount,
    ) -> impl Iterator<Item = Result<ReceiptModifier, Refusal>> {
        let mut total = sub_total;
        let facts = rules.facts;
        self.modifiers.iter().map(move |modifier| {
            let amount = modifier.of(total, facts).ok_or(facts.too_large())?;
            total = total.checked_add(amount).ok_or(facts.too_large())?;
            Ok(ReceiptModifier {
                modifier: *modifier,
                amount,
            })
        })
    }
}

/// 100 %, in hundredths of a percent.
const WHOLE_PERCENT: i64 = 10_000;

impl Modifier {
    /// The amount by which the modifier changes `base`. This amount is rounded alone and then added to `base`.
    fn of(self, base: Amount, facts: &Facts) -> Option<Amount> {
        match self {
            Self::Amount(amount) => Some(amount),
            Self::Percent(hundredths) => facts
                .rounding
                .multiply_divide(base.minor(), i64::from(hundredths), WHOLE_PERCENT)
                .map(Amount::from_minor),
        }
    }
}

/// Divides a change of the total over the lines in proportion to their amounts.
fn spread_change(totals: &mut [LineTotals], total: Amount, change: Amount) -> Option<()> {
    spread(
        totals,
        change,
        total,
        |line| line.final_amount,
        |line, part| {
            line.final_amount = line.final_amount.checked_add(part)?;
            Some(())
        },
    )
}
