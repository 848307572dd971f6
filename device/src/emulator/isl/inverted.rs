//! A printer that does the opposite of what a driver infers, for tests of `printer certify`.
//!
//! Each name is that of an inference in the driver's table.

use super::memory::OpenKind;
use super::printer::{Answered, Inverted, Printer};
use crate::family::{CommandRow, Errors};
use crate::wire::cause::Cause;
use crate::wire::isl_payment::{Paid, PaidCode};
use crate::wire::isl_report::LastError;

/// The inferences that can be turned round.
pub const INVERSIONS: &[&str] = &[
    "amounts_two_decimals",
    "cancel_after_payment",
    "cancelled_zero_sale",
    "cash_by_operator",
    "cash_question_in_receipt",
    "cash_question_quiet",
    "cash_registers_apart",
    "clock_set",
    "country_shown",
    "day_receipts_cancelled",
    "day_receipts_sale",
    "day_receipts_z_report",
    "disabled_group",
    "document_cancelled",
    "document_cash_in",
    "document_cash_out",
    "document_duplicate",
    "document_refund",
    "document_reported",
    "document_sale",
    "document_slip",
    "document_x_report",
    "document_z_report",
    "fiscal_cancelled",
    "fiscal_cash",
    "fiscal_refund",
    "fiscal_sale",
    "fiscal_slip",
    "fiscal_z_report",
    "larger_withdrawal",
    "last_z_before_first",
    "line_lengths",
    "no_receipt_reported",
    "no_refusal_reason",
    "open_amount",
    "open_refund",
    "open_sale",
    "payment_after_paid",
    "payment_types_reported",
    "payments_before_first",
    "payments_of_receipt",
    "payments_order",
    "rates_told",
    "reason_in_status",
    "receipt_code_number",
    "receipt_time",
    "received_with_change",
    "refund_groups",
    "refund_number_only",
    "refund_payments_apart",
    "refund_transaction",
    "refunds_not_reported",
    "refusal_reason",
    "registers_cleared",
    "slip_by_operator",
    "text_before_subtotal",
    "withdrawal_counted",
    "withdrawals_cleared",
    "x_report_keeps_day",
    "z_answer_number",
    "z_number_one_less",
    "z_report_closes_day",
];

/// What is added at first to the number of the next fiscal receipt, if an inference about it is turned round.
const FISCAL_FIRST: i64 = 100;

/// The state before a command.
struct Before {
    document: u32,
    open: Option<OpenKind>,
    day_receipts: u32,
    withdrawals: i64,
}

impl Printer {
    /// Turns inferences round. No change is made if a name is not in [`INVERSIONS`].
    ///
    /// # Errors
    ///
    /// The names that are not known.
    pub fn invert(&mut self, names: &[String]) -> Result<(), Vec<String>> {
        let unknown = names
            .iter()
            .filter(|name| !INVERSIONS.contains(&name.as_str()));
        let unknown: Vec<String> = unknown.cloned().collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        self.inverted = Inverted {
            names: names.iter().cloned().collect(),
            // A number that is too low stays above 0.
            fiscal: if names.iter().any(|name| name.starts_with("fiscal_")) {
                FISCAL_FIRST
            } else {
                0
            },
            ..Inverted::default()
        };
        Ok(())
    }

    /// Executes a command as [`execute`](Self::execute) does, unless an inference about it is turned round.
    pub(super) fn execute_inverted(&mut self, number: u8, data: &[u8]) -> Answered {
        if self.inverted.names.is_empty() {
            return self.execute(number, data);
        }
        if let Some(reply) = self.replied(number, data) {
            return reply;
        }
        let before = Before {
            document: self.memory.last_document,
            open: self.open_kind(),
            day_receipts: self.memory.day.fiscal_receipts,
            withdrawals: self.memory.day.cash_out,
        };
        let replaced = self.replaced(number, data);
        let (sent, sent_data) = replaced
            .as_ref()
            .map_or((number, data), |(number, data)| (*number, data.as_slice()));
        let answer = self.execute(sent, sent_data)?;
        if self.memory.last_document > before.document {
            self.note_document(number, data, &before);
        }
        Ok(self.rewritten(number, data, answer))
    }

    fn open_kind(&self) -> Option<OpenKind> {
        self.memory.open.as_ref().map(|open| open.kind)
    }

    /// The reply to a command that is refused, or accepted, against the inference.
    fn replied(&mut self, number: u8, data: &[u8]) -> Option<Answered> {
        if self.is_refused(number, data) {
            return Some(Err((Cause::NotPermitted, None)));
        }
        self.prepare(number, data);
        self.asked_reply(number, data)
            .or_else(|| self.cash_reply(number, data))
            .or_else(|| self.receipt_reply(number, data))
            .or_else(|| self.question_reply(number, data))
    }

    /// Whether a command is refused against the inference.
    fn is_refused(&self, number: u8, data: &[u8]) -> bool {
        let table = self.protocol;
        let refund = table
            .refund
            .as_ref()
            .and_then(|row| asked(row, number, data));
        let refund = refund.map(|refund| refund.origin.is_some());
        let open = self.memory.open.as_ref();
        let journal = table.journal_document.as_ref();
        let last = table.last_receipt.as_ref();
        let tells_time = journal.is_some_and(|row| fits(row, number, data))
            || last.is_some_and(|row| fits(row, number, data));
        let country = table.country_questions.as_ref().is_some_and(|questions| {
            fits(&questions.currency, number, data)
                || fits(&questions.last_fiscal, number, data)
                || fits(&questions.registration, number, data)
        });
        let asks_cash = asked(&table.cash, number, data) == Some(None);
        let too_early =
            open.is_some_and(|open| !open.payment_started) && fits(&table.text, number, data);
        let sale = asked(&table.sale, number, data);
        let is_long = sale.is_some_and(|sale| sale.text.len() >= table.limits.widths.name.sent);
        [
            ("open_sale", fits(&table.open, number, data)),
            ("open_refund", refund == Some(true)),
            ("refund_number_only", refund == Some(false)),
            ("cash_question_in_receipt", asks_cash && open.is_some()),
            ("text_before_subtotal", too_early),
            ("line_lengths", is_long),
            ("receipt_time", tells_time),
            ("country_shown", country),
            ("rates_told", fits(&table.rates, number, data)),
            ("clock_set", fits(&table.clock_set, number, data)),
        ]
        .iter()
        .any(|(name, is_it)| *is_it && self.inverts(name))
    }

    /// Changes the memory so that a command does what the inference denies.
    fn prepare(&mut self, number: u8, data: &[u8]) {
        let table = self.protocol;
        let asks_cash = asked(&table.cash, number, data) == Some(None);
        if asks_cash && self.memory.open.is_none() && self.inverts("cash_question_quiet") {
            self.memory.next_document();
        }
        if self.inverts("cancel_after_payment")
            && fits(&table.cancel, number, data)
            && let Some(open) = &mut self.memory.open
        {
            open.payments.clear();
            open.payment_started = false;
        }
    }

    /// Books a withdrawal that is larger than the cash in the drawer.
    fn cash_reply(&mut self, number: u8, data: &[u8]) -> Option<Answered> {
        let row = &self.protocol.cash;
        let amount = asked(row, number, data)??;
        let day = &mut self.memory.day;
        let left = day.cash.saturating_add(amount);
        if left >= 0 || !self.inverted.names.contains("larger_withdrawal") {
            return None;
        }
        day.cash = left;
        day.cash_out = day.cash_out.saturating_sub(amount);
        let told = self.cash(None);
        Some(self.written_by(row, told))
    }

    /// Accepts a payment of a receipt that is paid.
    fn receipt_reply(&self, number: u8, data: &[u8]) -> Option<Answered> {
        let row = &self.protocol.payment;
        let open = self.memory.open.as_ref()?;
        let is_paid = open.payment_started && open.tendered() >= open.total();
        let paid = Paid {
            code: PaidCode::Change,
            amount: 0,
        };
        if is_paid && self.inverts("payment_after_paid") && fits(row, number, data) {
            return row.answer.write(self.firmware, &paid).map(Ok);
        }
        None
    }

    /// Answers a question that is refused by the inference, or in another form.
    fn question_reply(&self, number: u8, data: &[u8]) -> Option<Answered> {
        let table = self.protocol;
        if self.inverts("refunds_not_reported") && (number, data) == (0x41, b"2".as_slice()) {
            let [sales, _] = &table.day_sales;
            let refunds = &self.memory.day.refunds;
            return sales.answer.write(self.firmware, refunds).map(Ok);
        }
        if number == 0x20 && self.inverts("no_refusal_reason") {
            return Some(Ok(b"0".to_vec()));
        }
        if let Errors::Asked(row) = &table.errors
            && self.inverts("refusal_reason")
            && fits(row, number, data)
        {
            let none = LastError {
                command: 0,
                code: 0,
                at: String::new(),
                text: String::new(),
            };
            return row.answer.write(self.firmware, &none).map(Ok);
        }
        let row = table.last_z.as_ref()?;
        (self.inverts("last_z_before_first")
            && self.memory.closures.is_empty()
            && fits(row, number, data))
        .then(|| Ok(b"?".to_vec()))
    }

    /// The command that is executed in place of another.
    fn replaced(&self, number: u8, data: &[u8]) -> Option<(u8, Vec<u8>)> {
        let table = self.protocol;
        let (x, z) = (&table.x_report, &table.z_report);
        if self.inverts("x_report_keeps_day") && fits(x, number, data) {
            return Some((z.command, (z.ask.emit)(&())));
        }
        if self.inverts("z_report_closes_day") && fits(z, number, data) {
            return Some((x.command, (x.ask.emit)(&())));
        }
        if let Some(replaced) = self.sale_of_disabled_group(number, data) {
            return Some(replaced);
        }
        let row = table.issued_document.as_ref()?;
        let asked = asked(row, number, data)??;
        let number = asked.saturating_add(self.inverted.hidden_documents);
        Some((row.command, (row.ask.emit)(&Some(number))))
    }

    /// Remembers by how much a document makes the counters in the answers differ from those in the memory.
    fn note_document(&mut self, number: u8, data: &[u8], before: &Before) {
        let table = self.protocol;
        let duplicate = table.duplicate.as_ref();
        let cash = asked(&table.cash, number, data).flatten();
        let is_z = fits(&table.z_report, number, data);
        let kind = if is_z {
            "z_report"
        } else if fits(&table.x_report, number, data) {
            "x_report"
        } else if let Some(amount) = cash {
            if amount < 0 { "cash_out" } else { "cash_in" }
        } else if number == table.cancel.command {
            "cancelled"
        } else if duplicate.is_some_and(|row| fits(row, number, data)) {
            "duplicate"
        } else {
            match before.open {
                Some(OpenKind::Sale) => "sale",
                Some(OpenKind::Refund) => "refund",
                Some(OpenKind::Slip) => "slip",
                None => return,
            }
        };
        let turned =
            |printer: &Self, group: &str, kind: &str| printer.inverts(&format!("{group}_{kind}"));
        let is_fiscal = matches!(kind, "sale" | "refund");
        let step: i64 = if is_fiscal { -1 } else { 1 };
        if turned(self, "document", kind) {
            let hidden = &mut self.inverted.hidden_documents;
            *hidden = hidden.saturating_add(1);
        }
        let counted = if kind == "cash_in" { "cash" } else { kind };
        if turned(self, "fiscal", counted) {
            self.inverted.fiscal = self.inverted.fiscal.saturating_add(step);
        }
        if is_z {
            if self.inverts("day_receipts_z_report") {
                let kept = i64::from(before.day_receipts);
                self.inverted.day_receipts = self.inverted.day_receipts.saturating_add(kept);
            } else {
                self.inverted.day_receipts = 0;
            }
            if self.inverts("withdrawals_cleared") || self.inverts("registers_cleared") {
                let kept = self.inverted.kept_withdrawals;
                self.inverted.kept_withdrawals = kept.saturating_add(before.withdrawals);
            }
        } else if turned(self, "day_receipts", kind) {
            self.inverted.day_receipts = self.inverted.day_receipts.saturating_add(step);
        }
    }

    /// The answer to a question, with other figures.
    fn rewritten(&self, number: u8, data: &[u8], answer: Vec<u8>) -> Vec<u8> {
        if self.protocol.asked.is_some() {
            return self.of_asked(number, data, &answer).unwrap_or(answer);
        }
        self.of_documents(number, data, &answer)
            .or_else(|| self.of_receipt(number, data, &answer))
            .or_else(|| self.of_day(number, data, &answer))
            .or_else(|| self.of_issued(number, data, &answer))
            .unwrap_or(answer)
    }

    /// The answer about the numbers of documents, with other figures.
    fn of_documents(&self, number: u8, data: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
        let (table, inverted) = (self.protocol, &self.inverted);
        self.changed(&table.last_document, number, data, answer, |last| {
            *last = last.saturating_sub(inverted.hidden_documents);
        })
        .or_else(|| {
            self.changed(table.day_receipts.as_ref()?, number, data, answer, |told| {
                *told = moved(*told, inverted.day_receipts);
            })
        })
        .or_else(|| {
            self.changed(table.next_fiscal.as_ref()?, number, data, answer, |next| {
                *next = moved(*next, inverted.fiscal);
            })
        })
    }

    /// The answer about the open receipt, with other figures.
    fn of_receipt(&self, number: u8, data: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
        let table = self.protocol;
        let kind = self.open_kind();
        self.changed(&table.transaction, number, data, answer, |told| {
            let hidden = self.inverted.hidden_documents;
            told.document = told.document.map(|last| last.saturating_sub(hidden));
            let is_refund = kind == Some(OpenKind::Refund);
            if is_refund && self.inverts("refund_transaction")
                || kind == Some(OpenKind::Sale) && self.inverts("open_amount")
            {
                told.amount = 0;
            }
            if self.inverts("amounts_two_decimals") {
                told.amount = told.amount.saturating_mul(100);
            }
        })
        .or_else(|| {
            self.changed(&table.receipt_sums, number, data, answer, |sums| {
                if kind == Some(OpenKind::Refund) && self.inverts("refund_groups") {
                    sums.groups = [0; 8];
                }
            })
        })
    }

    /// The answer about the day, the last one or the cash, with other figures.
    fn of_day(&self, number: u8, data: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
        let (table, inverted) = (self.protocol, &self.inverted);
        self.changed(&table.day_payments, number, data, answer, |day| {
            day.next_receipt = day.next_receipt.map(|next| moved(next, inverted.fiscal));
            if self.inverts("z_number_one_less") {
                day.closure = day.closure.saturating_add(5);
            }
            if self.inverts("payments_order") {
                day.payments.swap(0, 1);
            }
            if self.inverts("refund_payments_apart") {
                let refunds = self.memory.day.refund_payments;
                for (sum, refund) in day.payments.iter_mut().zip(refunds) {
                    *sum = sum.saturating_sub(refund);
                }
            }
        })
        .or_else(|| {
            self.changed(table.last_z.as_ref()?, number, data, answer, |last| {
                if self.inverts("z_answer_number") && last.closure > 0 {
                    last.closure = last.closure.saturating_add(1);
                }
            })
        })
        .or_else(|| {
            self.changed(&table.cash, number, data, answer, |cash| {
                cash.taken_out = if self.inverts("withdrawal_counted") {
                    0
                } else {
                    cash.taken_out.saturating_add(inverted.kept_withdrawals)
                };
            })
        })
    }

    /// The answer about a document, with other figures.
    fn of_issued(&self, number: u8, data: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
        let row = self.protocol.issued_document.as_ref()?;
        self.changed(row, number, data, answer, |issued| {
            let Some(code) = &mut issued.code else {
                return;
            };
            let hidden = self.inverted.hidden_documents;
            code.number = code.number.saturating_sub(hidden);
            if self.inverts("document_reported") {
                code.number = code.number.saturating_add(7);
            }
            if self.inverts("cancelled_zero_sale") && code.sum == 0 {
                code.sum = 100;
            }
        })
    }

    /// The answer of a row after a change; `None` if the request is not of the row.
    pub(super) fn changed<Q, A>(
        &self,
        row: &CommandRow<Q, A>,
        number: u8,
        data: &[u8],
        answer: &[u8],
        change: impl FnOnce(&mut A),
    ) -> Option<Vec<u8>> {
        if !fits(row, number, data) {
            return None;
        }
        let mut told = row.answer.read(answer)?;
        change(&mut told);
        row.answer.write(self.firmware, &told)
    }
}

pub(super) fn asked<Q, A>(row: &CommandRow<Q, A>, number: u8, data: &[u8]) -> Option<Q> {
    (row.command == number)
        .then(|| (row.ask.parse)(data))
        .flatten()
}

pub(super) fn fits<Q, A>(row: &CommandRow<Q, A>, number: u8, data: &[u8]) -> bool {
    asked(row, number, data).is_some()
}

fn moved(number: u32, by: i64) -> u32 {
    u32::try_from(i64::from(number).saturating_add(by)).unwrap_or(0)
}
