//! A draft being computed: the amounts of a sale, its modifiers and its payments.

use super::spread::spread;
use super::{
    Draft, DraftLine, Line, LineTotals, Modifier, Original, Payment, Receipt, ReceiptKind,
    ReceiptModifier, Rules, Scratch,
};
use crate::amount::Amount;
use crate::packed::Packed;
use crate::payment::PaymentTable;
use crate::profile::Facts;
use crate::quantity::Quantity;
use crate::refusal::{Faults, Field, FirstFault, Place, Refusal};
use crate::scale::Decimal;
use crate::tax::{TaxCode, TaxGroup, TaxRate};

impl<'a> Draft<'a> {
    /// Computes the receipt, or tells every fault with its place.
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
        let mut work = Work {
            draft: self,
            rules,
            faults: FirstFault::new(faults),
            amounts_known: true,
        };
        work.check_shape();
        work.faults.verdict().or_else(|refusal| match refusal {
            // Too many lines leave no room to go on; anything else does.
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
            // A return's lines carry their share of the sale's modifiers already.
            Some(_) => work.sum(totals, |line| line.final_amount),
        };
        let tax = work.sum(totals, |line| line.final_tax);
        if work.amounts_known && !total.is_positive() && !self.lines.is_empty() {
            work.faults.report(Place::Lines, Refusal::NothingToPay);
        }
        let (paid, change) = work.pay(total, original.is_some());
        work.faults.verdict()?;

        let totals: &[LineTotals] = totals;
        let (lines, bytes) = Packed::pack(
            bytes,
            self.lines
                .iter()
                .zip(totals)
                .map(|(line, computed)| computed.line(line)),
        )?;
        let (modifiers, bytes) = Packed::pack(bytes, work.modifier_amounts(sub_total))?;
        let (payments, _) = Packed::pack(bytes, self.paid_with(rules.payments, change))?;
        Ok(Receipt {
            kind,
            lines,
            modifiers,
            payments,
            sub_total,
            modification: total.checked_sub(sub_total).ok_or(work.too_large())?,
            total,
            tax,
            paid,
            change,
            header: self.header,
            footer: self.footer,
        })
    }

    /// The payments with their types; the change stands at the last cash payments, because only cash gives change.
    fn paid_with(
        &self,
        types: &'a PaymentTable,
        change: Amount,
    ) -> impl Iterator<Item = Result<Payment<'a>, Refusal>> + use<'a, '_> {
        self.payments
            .iter()
            .enumerate()
            .map(move |(index, payment)| {
                let payment_type = types.get(payment.code).ok_or(Refusal::PaymentTypeUnknown {
                    given: payment.code,
                })?;
                let later_cash = self
                    .payments
                    .iter()
                    .skip(index.saturating_add(1))
                    .filter(|later| types.get(later.code).is_some_and(|later| later.cash))
                    .fold(0_i64, |sum, later| sum.saturating_add(later.amount.minor()));
                let left = change.minor().saturating_sub(later_cash).max(0);
                let own = if payment_type.cash {
                    left.min(payment.amount.minor())
                } else {
                    0
                };
                Ok(Payment {
                    code: payment.code,
                    name: &payment_type.name,
                    cash: payment_type.cash,
                    printer_letter: payment_type.printer_letter,
                    open_drawer: payment_type.open_drawer,
                    amount: payment.amount,
                    change: Amount::from_minor(own),
                })
            })
    }
}

impl LineTotals {
    fn line<'a>(&self, draft: &DraftLine<'a>) -> Result<Line<'a>, Refusal> {
        Ok(Line {
            name: draft.name,
            quantity: draft.quantity,
            price: draft.price,
            modifier: draft.modifier,
            group: TaxGroup {
                code: self.code.ok_or(Refusal::TaxGroupMissing)?,
                rate: self.rate,
            },
            before_modification: self.before,
            amount: self.amount,
            tax: self.tax,
            final_amount: self.final_amount,
            final_tax: self.final_tax,
            comment: draft.comment,
            original_line: self.original.and_then(|line| u16::try_from(line).ok()),
        })
    }
}

/// One draft being computed: faults are told as they are found, and the work goes on as far as it makes sense.
pub(super) struct Work<'d, 'a, 'f> {
    pub(super) draft: &'d Draft<'a>,
    pub(super) rules: Rules<'d>,
    pub(super) faults: FirstFault<'f>,
    /// No line's amount is unknown, so that faults of the total are worth telling.
    pub(super) amounts_known: bool,
}

impl Work<'_, '_, '_> {
    pub(super) fn money(&self, amount: Amount) -> Decimal {
        amount.display(self.rules.facts.currency)
    }

    fn too_large(&self) -> Refusal {
        Refusal::AmountTooLarge {
            limit: self.money(self.rules.facts.amount_max),
        }
    }

    pub(super) fn line_fault(&mut self, index: usize, field: Field, refusal: Refusal) {
        self.faults.report(Place::Line(index, field), refusal);
    }

    fn check_text(&mut self, place: Place, text: &str) {
        let limit = self.rules.facts.text_bytes_max;
        if text.len() > limit {
            self.faults.report(
                place,
                Refusal::TextTooLong {
                    given: text.len(),
                    limit,
                },
            );
        }
    }

    /// Counts and texts: what can be told before any arithmetic.
    fn check_shape(&mut self) {
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
        self.check_text(Place::Text, self.draft.header);
        self.check_text(Place::Text, self.draft.footer);
    }

    /// A line's own faults; `None` where its amount cannot be known.
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
        if !line.price.is_positive() {
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

    /// The tax group of a line of a sale; a fault leaves the amount known and only the tax unknown.
    fn group_of(&mut self, index: usize, line: &DraftLine<'_>) -> Option<TaxGroup> {
        let Some(text) = line.tax_group else {
            self.line_fault(index, Field::TaxGroup, Refusal::TaxGroupMissing);
            return None;
        };
        let group = TaxCode::from_text(text).and_then(|code| self.rules.taxes.group(code));
        if group.is_none() {
            self.line_fault(index, Field::TaxGroup, Refusal::TaxGroupUnknown);
        }
        group
    }

    pub(super) fn tax_inside(&self, amount: Amount, rate: TaxRate) -> Amount {
        // The tax is smaller than the amount, so that it always fits.
        rate.included_in(amount, self.rules.facts.rounding)
            .unwrap_or(Amount::ZERO)
    }

    fn sell_lines(&mut self, totals: &mut [LineTotals]) {
        let draft = self.draft;
        for (index, (line, computed)) in draft.lines.iter().zip(totals.iter_mut()).enumerate() {
            *computed = LineTotals::default();
            let group = self.group_of(index, line);
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
            if amount.is_negative() {
                self.amounts_known = false;
                self.line_fault(
                    index,
                    Field::Modifier,
                    Refusal::NegativeAmount {
                        amount: self.money(amount),
                    },
                );
                continue;
            }
            computed.before = before;
            computed.amount = amount;
            computed.final_amount = amount;
            computed.code = group.map(|group| group.code);
            computed.rate = group.map_or(TaxRate::default(), |group| group.rate);
            computed.tax = self.tax_inside(amount, computed.rate);
            computed.final_tax = computed.tax;
        }
    }

    fn sum(&mut self, totals: &[LineTotals], of: impl Fn(&LineTotals) -> Amount) -> Amount {
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

    /// The receipt's modifiers, one after another, each spread over the lines. Returns the total.
    fn apply_modifiers(&mut self, totals: &mut [LineTotals], sub_total: Amount) -> Amount {
        let mut total = sub_total;
        for (index, modifier) in self.draft.modifiers.iter().enumerate() {
            if !self.amounts_known {
                return total;
            }
            let change = modifier.of(total, self.rules.facts);
            let new_total = change.and_then(|change| total.checked_add(change));
            let refusal = match (change, new_total) {
                (Some(change), Some(new_total)) if new_total <= self.rules.facts.amount_max => {
                    if new_total.is_negative() {
                        Refusal::NegativeAmount {
                            amount: self.money(new_total),
                        }
                    } else if total.is_zero() && !change.is_zero() {
                        Refusal::NothingToSpreadOver
                    } else if spread(totals, total, change).is_some() {
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
        for line in totals.iter_mut() {
            line.final_tax = self.tax_inside(line.final_amount, line.rate);
        }
        total
    }

    /// What each modifier came to, computed again in the same order.
    fn modifier_amounts(
        &self,
        sub_total: Amount,
    ) -> impl Iterator<Item = Result<ReceiptModifier, Refusal>> {
        let mut total = sub_total;
        self.draft.modifiers.iter().map(move |modifier| {
            let amount = modifier
                .of(total, self.rules.facts)
                .ok_or(self.too_large())?;
            total = total.checked_add(amount).ok_or(self.too_large())?;
            Ok(ReceiptModifier {
                modifier: *modifier,
                amount,
            })
        })
    }

    /// Checks the payments and returns what is paid and the change.
    fn pay(&mut self, total: Amount, refund: bool) -> (Amount, Amount) {
        if self.draft.payments.is_empty() {
            self.faults.report(Place::Payments, Refusal::NoPayments);
            return (Amount::ZERO, Amount::ZERO);
        }
        let (mut paid, mut cash, mut known) = (Amount::ZERO, Amount::ZERO, self.amounts_known);
        for (index, payment) in self.draft.payments.iter().enumerate() {
            let payment_type = self.rules.payments.get(payment.code);
            if payment_type.is_none() {
                known = false;
                let refusal = Refusal::PaymentTypeUnknown {
                    given: payment.code,
                };
                self.faults
                    .report(Place::Payment(index, Field::Type), refusal);
            }
            if !payment.amount.is_positive() {
                known = false;
                let refusal = Refusal::PaymentNotPositive {
                    given: self.money(payment.amount),
                };
                self.faults
                    .report(Place::Payment(index, Field::Amount), refusal);
                continue;
            }
            match paid
                .checked_add(payment.amount)
                .filter(|paid| *paid <= self.rules.facts.amount_max)
            {
                Some(sum) => paid = sum,
                None => {
                    known = false;
                    self.faults
                        .report(Place::Payment(index, Field::Amount), self.too_large());
                }
            }
            if payment_type.is_some_and(|payment_type| payment_type.cash) {
                cash = cash.checked_add(payment.amount).unwrap_or(cash);
            }
        }
        let change = paid.checked_sub(total).unwrap_or(Amount::ZERO);
        if known {
            self.check_change(paid, total, change, cash, refund);
        }
        (paid, change)
    }

    fn check_change(
        &mut self,
        paid: Amount,
        total: Amount,
        change: Amount,
        cash: Amount,
        refund: bool,
    ) {
        let (paid, total) = (self.money(paid), self.money(total));
        if refund && !change.is_zero() {
            self.faults
                .report(Place::Payments, Refusal::RefundUneven { paid, total });
        } else if change.is_negative() {
            self.faults
                .report(Place::Payments, Refusal::Underpaid { paid, total });
        } else if change > cash {
            let refusal = Refusal::ChangeExceedsCash {
                change: self.money(change),
                cash: self.money(cash),
            };
            self.faults.report(Place::Payments, refusal);
        }
    }
}

impl Modifier {
    /// What the modifier comes to on an amount, rounded by itself: the new amount is the sum.
    fn of(self, base: Amount, facts: &Facts) -> Option<Amount> {
        match self {
            Self::Amount(amount) => Some(amount),
            Self::Percent(hundredths) => facts
                .rounding
                .multiply_divide(base.minor(), i64::from(hundredths), 10_000)
                .map(Amount::from_minor),
        }
    }
}
