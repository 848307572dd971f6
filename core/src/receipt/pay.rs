//! The payments of a receipt: they must cover the total, change is given in cash only, and cash may be rounded.

use super::compute::Work;
use super::{Draft, Payment, RoundingLine};
use crate::amount::Amount;
use crate::payment::PaymentTable;
use crate::refusal::{Field, Place, Refusal};

/// The sums of the payments.
#[derive(Default)]
pub(super) struct Settlement {
    pub(super) paid: Amount,
    pub(super) change: Amount,
    pub(super) rounding: Option<RoundingLine<'static>>,
}

impl Work<'_, '_, '_> {
    /// Checks the payments and computes rounding and change.
    pub(super) fn pay(&mut self, total: Amount, refund: bool) -> Settlement {
        if self.draft.payments.is_empty() {
            self.faults.report(Place::Payments, Refusal::NoPayments);
            return Settlement::default();
        }
        let (mut paid, mut cash, mut known) = (Amount::ZERO, Amount::ZERO, self.amounts_known);
        for (index, payment) in self.draft.payments.iter().enumerate() {
            let payment_type = self.rules.payments.chosen(payment.code);
            if payment_type.is_none() {
                known = false;
                let refusal = Refusal::PaymentTypeUnknown {
                    given: payment.code.unwrap_or_default(),
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
        if !known {
            return Settlement::default();
        }
        let rounding = self.cash_rounding(total, paid, cash);
        let owed = rounding
            .and_then(|line| total.checked_add(line.amount))
            .unwrap_or(total);
        let change = paid.checked_sub(owed).unwrap_or(Amount::ZERO);
        self.check_change(paid, owed, change, cash, refund);
        if cash.is_positive() && change == cash && rounding.is_none() {
            // The other payments cover the total. The cash goes back as it came, so that it is no payment: no fiscal printer takes one
            // after the total is paid.
            return Settlement {
                paid: owed,
                ..Settlement::default()
            };
        }
        Settlement {
            paid,
            change,
            rounding,
        }
    }

    /// Rounds the part of the total that is paid in cash to an amount that coins can pay.
    fn cash_rounding(
        &self,
        total: Amount,
        paid: Amount,
        cash: Amount,
    ) -> Option<RoundingLine<'static>> {
        let law = self.rules.facts.cash_rounding?;
        if cash.is_zero() || self.rules.day < law.from {
            return None;
        }
        let in_cash = total.checked_sub(paid.checked_sub(cash)?)?;
        if !in_cash.is_positive() {
            return None;
        }
        let amount = law.rule.round(in_cash)?.checked_sub(in_cash)?;
        (!amount.is_zero()).then_some(RoundingLine {
            name: law.name,
            amount,
        })
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

impl<'a> Draft<'a> {
    /// The payments with their types. The change is assigned to the last cash payments, because change is given in cash only.
    ///
    /// `paid` is less than the sum of the given payments if all cash goes back as it came: the amounts of cash are zero then.
    pub(super) fn paid_with(
        &self,
        types: &'a PaymentTable,
        paid: Amount,
        change: Amount,
    ) -> impl Iterator<Item = Result<Payment<'a>, Refusal>> + use<'a, '_> {
        let given = self.payments.iter().fold(0_i64, |sum, payment| {
            sum.saturating_add(payment.amount.minor())
        });
        let cash_goes_back = given > paid.minor();
        self.payments
            .iter()
            .enumerate()
            .map(move |(index, payment)| {
                let payment_type =
                    types
                        .chosen(payment.code)
                        .ok_or(Refusal::PaymentTypeUnknown {
                            given: payment.code.unwrap_or_default(),
                        })?;
                let later_cash = self
                    .payments
                    .iter()
                    .skip(index.saturating_add(1))
                    .filter(|later| types.chosen(later.code).is_some_and(|later| later.cash))
                    .fold(0_i64, |sum, later| sum.saturating_add(later.amount.minor()));
                let left = change.minor().saturating_sub(later_cash).max(0);
                let own = if payment_type.cash {
                    left.min(payment.amount.minor())
                } else {
                    0
                };
                Ok(Payment {
                    code: payment_type.code,
                    name: &payment_type.name,
                    cash: payment_type.cash,
                    printer_letter: payment_type.printer_letter,
                    open_drawer: payment_type.open_drawer,
                    amount: if payment_type.cash && cash_goes_back {
                        Amount::ZERO
                    } else {
                        payment.amount
                    },
                    change: Amount::from_minor(own),
                })
            })
    }
}
