//! A printer whose commands are acknowledged (ZFP), and which does the opposite of what its driver infers; see `inverted`.

use super::inverted::{asked, fits};
use super::printer::{Answered, Printer};
use crate::wire::cause::Cause;

impl Printer {
    /// The reply to a command with an operator that is refused, and to a question that is answered in another form.
    pub(super) fn asked_reply(&self, number: u8, data: &[u8]) -> Option<Answered> {
        let table = self.protocol.asked.as_ref()?;
        let is_idle = self.memory.open.is_none();
        let refused = [
            ("slip_by_operator", fits(&table.slip_open, number, data)),
            ("cash_by_operator", fits(&table.cash, number, data)),
        ];
        if refused
            .iter()
            .any(|(name, is_it)| *is_it && self.inverts(name))
        {
            return Some(Err((Cause::NotPermitted, None)));
        }
        let in_another_form = [
            (
                "no_receipt_reported",
                is_idle && fits(&table.receipt, number, data),
            ),
            (
                "payment_types_reported",
                fits(&table.payment_types, number, data),
            ),
        ];
        in_another_form
            .iter()
            .any(|(name, is_it)| *is_it && self.inverts(name))
            .then(|| Ok(b"?".to_vec()))
    }

    /// A sale in a disabled group, as a sale in the first group.
    pub(super) fn sale_of_disabled_group(&self, number: u8, data: &[u8]) -> Option<(u8, Vec<u8>)> {
        let row = &self.protocol.sale;
        let mut sale = asked(row, number, data)?;
        if !self.inverts("disabled_group") || sale.group == 0 {
            return None;
        }
        sale.group = 0;
        Some((row.command, (row.ask.emit)(&sale)))
    }

    /// The answer to a question, with other figures.
    pub(super) fn of_asked(&self, number: u8, data: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
        let (table, inverted) = (self.protocol.asked.as_ref()?, &self.inverted);
        let hidden = inverted.hidden_documents;
        let last = &self.protocol.last_document;
        self.changed(last, number, data, answer, |last| {
            *last = last.saturating_sub(hidden);
        })
        .or_else(|| {
            self.changed(&table.last, number, data, answer, |last| {
                last.document = last.document.saturating_sub(hidden);
            })
        })
        .or_else(|| {
            self.changed(&table.receipt, number, data, answer, |receipt| {
                receipt.number = receipt.number.saturating_sub(hidden);
                if self.inverts("amounts_two_decimals") {
                    receipt.groups = receipt.groups.map(|sum| sum.saturating_mul(100));
                }
            })
        })
        .or_else(|| {
            self.changed(&table.receipt_code, number, data, answer, |code| {
                code.number = code.number.saturating_sub(hidden);
                if self.inverts("receipt_code_number") {
                    code.number = code.number.saturating_add(7);
                }
            })
        })
        .or_else(|| {
            self.changed(&table.receipt_payments, number, data, answer, |told| {
                let begun = self
                    .memory
                    .open
                    .as_ref()
                    .is_some_and(|it| it.payment_started);
                let turned = match begun {
                    true => "payments_of_receipt",
                    false => "payments_before_first",
                };
                if self.inverts(turned) {
                    let [cash, ..] = &mut told.sums;
                    *cash = cash.saturating_add(WRONG);
                }
            })
        })
        .or_else(|| self.of_registers(number, data, answer))
    }

    /// The answer about a register of the day, with other sums.
    fn of_registers(&self, number: u8, data: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
        let table = self.protocol.asked.as_ref()?;
        let [_, paid_in, taken_out, received, change] = &table.registers;
        let given = self.register('6').total();
        let day = &self.memory.day;
        self.changed(paid_in, number, data, answer, |told| {
            let [cash, ..] = &mut told.sums;
            if self.inverts("cash_registers_apart") {
                let sold = day.payments.iter().copied().fold(0, i64::saturating_add);
                *cash = cash.saturating_add(sold);
            }
        })
        .or_else(|| {
            self.changed(taken_out, number, data, answer, |told| {
                let [cash, ..] = &mut told.sums;
                *cash = cash.saturating_add(self.inverted.kept_withdrawals);
            })
        })
        .or_else(|| {
            self.changed(received, number, data, answer, |told| {
                let [cash, ..] = &mut told.sums;
                if self.inverts("received_with_change") {
                    *cash = cash.saturating_sub(given);
                }
                if self.inverts("refund_payments_apart") {
                    let refunds = day.refund_payments.iter().copied();
                    *cash = cash.saturating_sub(refunds.fold(0, i64::saturating_add));
                }
            })
        })
        .or_else(|| self.changed(change, number, data, answer, |_| {}))
    }
}

/// What is added to a sum that is wrong, in minor units.
const WRONG: i64 = 123;
