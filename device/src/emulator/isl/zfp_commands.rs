//! The questions and commands of ZFP (Tremol) that other families do not have: figures that are sent only when they are asked for.

use super::calendar::Moment;
use super::journal::PrintedKind;
use super::memory::{FiscalReceipt, OpenKind, OpenReceipt, WorkingDay};
use super::printer::{Printer, Reply};
use crate::family::Protocol;
use crate::wire::cause::Cause;
use crate::wire::isl_receipt::Open;
use crate::wire::isl_status::Status;
use crate::wire::zfp_payments::{PAYMENTS, PaymentSums, PaymentTypes};
use crate::wire::zfp_report::{
    CurrentReceipt, DayGroups, KIND_INVOICE, KIND_POSTPONED, KIND_REFUND, KIND_SALE, LastNumbers,
    ReceiptCode, Version,
};

/// The digit of a document that is not fiscal, in the answer of 73h.
const KIND_NOT_FISCAL: u8 = 2;

impl Printer {
    /// Refuses an operator with a wrong password; too many of them lock the printer.
    pub(super) fn admit(&mut self, open: &Open) -> Result<(), Cause> {
        if self.locked {
            return Err(Cause::Locked);
        }
        if open.password != self.password_of(open.operator) {
            self.wrong_passwords = self.wrong_passwords.saturating_add(1);
            self.locked = self.wrong_passwords >= super::receipt_commands::WRONG_PASSWORDS_MAX;
            return Err(Cause::Password);
        }
        self.wrong_passwords = 0;
        Ok(())
    }

    /// Executes 2Eh: opens a slip.
    pub(super) fn slip_open_by(&mut self, open: &Open) -> Reply<()> {
        self.closed()?;
        self.admit(open)?;
        acknowledged(self.slip_open())
    }

    /// Executes 3Bh: puts cash in or takes it out.
    pub(super) fn cash_by(&mut self, open: &Open, amount: i64) -> Reply<()> {
        self.admit(open)?;
        if amount == 0 {
            return Err(Cause::Zero.into());
        }
        acknowledged(self.cash(Some(amount)))
    }

    /// Executes 39h after a payment: the rest is paid in cash, and the receipt is closed. It is fiscal.
    pub(super) fn finish_receipt(&mut self) -> Reply<()> {
        self.printing()?;
        if let Some(open) = &mut self.memory.open {
            let rest = open.total().saturating_sub(open.tendered());
            if rest > 0 {
                open.payments.push(('P', rest));
            }
        }
        acknowledged(self.receipt_close())
    }

    /// Answers 72h: the open receipt.
    pub(super) fn current_receipt(&self) -> CurrentReceipt {
        let open = self
            .memory
            .open
            .as_ref()
            .filter(|open| open.kind != OpenKind::Slip);
        let Some(open) = open else {
            return CurrentReceipt {
                number: self.memory.last_document,
                ..CurrentReceipt::default()
            };
        };
        let rest = open.total().saturating_sub(open.tendered());
        CurrentReceipt {
            open: true,
            sales: open.items(),
            groups: open.groups,
            vat: open.form.vat,
            detailed: open.form.detailed,
            payment_begun: open.payment_started,
            paid: open.payment_started && rest <= 0,
            power_failed: has_lost_power(open),
            kind: kind_of(open),
            change: rest.min(0).saturating_neg(),
            number: self.memory.last_document.saturating_add(1),
        }
    }

    /// Answers 72h `P`: the payments of the current receipt; without one, those of the last.
    pub(super) fn receipt_payments(&self) -> PaymentSums {
        let open = self.memory.open.as_ref();
        let is_open = open.is_some_and(|open| open.kind != OpenKind::Slip);
        let current = open.filter(|open| {
            let is_begun = open.payment_started || !self.payments_of_receipt_before;
            open.kind != OpenKind::Slip && is_begun
        });
        let (payments, change) = match (current, self.receipts.last()) {
            (Some(open), _) => {
                let change = open.tendered().saturating_sub(open.total()).max(0);
                (open.payments.as_slice(), change)
            }
            (None, Some(last)) if self.last_cancelled().is_none() => {
                (last.payments.as_slice(), last.change)
            }
            (None, _) => (&[][..], 0),
        };
        let mut sums = self.by_type(payments);
        if self.payments_lack_change {
            let [cash, ..] = &mut sums;
            *cash = cash.saturating_sub(change);
        }
        PaymentSums {
            option: 'P',
            open: is_open,
            sums,
            operations: None,
            is_old: self.is_old(),
        }
    }

    /// The code of a receipt for the tax office.
    pub(super) fn code_of(&self, number: u32, at: i64, sum: i64) -> ReceiptCode {
        ReceiptCode {
            fiscal_memory: self.memory.fiscal_memory.clone(),
            number,
            at: qr_stamp(at),
            sum,
        }
    }

    /// Answers 72h `B`: the last fiscal receipt.
    pub(super) fn receipt_code(&self) -> Reply<ReceiptCode> {
        if self.cancelled_has_code
            && let Some((number, at)) = self.last_cancelled()
        {
            return Ok(self.code_of(number, at, 0));
        }
        let last = self.receipts.last().ok_or(Cause::NotPermitted)?;
        Ok(self.code_of(last.document, last.at, last.total))
    }

    /// The number and the time of the last receipt, if it was cancelled.
    fn last_cancelled(&self) -> Option<(u32, i64)> {
        let since = self.receipts.last().map_or(0, |last| last.document);
        self.documents_after(since)
            .filter(|document| document.kind == PrintedKind::Cancelled)
            .last()
            .map(|document| (document.number, document.at))
    }

    /// Answers 73h: the last Z-report and the last document.
    pub(super) fn last_numbers(&self) -> LastNumbers {
        let number = self.memory.last_document;
        let last_z = self.memory.closures.last();
        let kind = self
            .documents_after(number.saturating_sub(1))
            .last()
            .map(|document| document.kind);
        let last = self.receipts.last().filter(|last| last.document == number);
        let invoice = last.map_or(0, |last| u8::from(last.invoice));
        let date = |at: i64| Moment::of(at).long_stamp();
        let cut = |stamp: String, to: usize| stamp.get(..to).unwrap_or("").to_owned();
        LastNumbers {
            z_date: cut(date(last_z.map_or(0, |closure| closure.at)), 10),
            z_number: self.memory.z_number(),
            resets: 0,
            document: number,
            at: cut(date(self.receipts.last().map_or(0, |last| last.at)), 16),
            journal: "1".to_owned(),
            kind: Some(match kind {
                Some(PrintedKind::Sale | PrintedKind::Cancelled) => KIND_SALE | invoice,
                Some(PrintedKind::Refund) => KIND_REFUND | invoice,
                _ => KIND_NOT_FISCAL,
            }),
        }
    }

    /// The status with the bits that other families do not have: all of the open receipt, the day, the copy, the decimal point.
    pub(super) fn with_receipt_bits(&self, status: Status) -> Status {
        if self.protocol.asked.is_none() {
            return status;
        }
        let bits = |known: &[(bool, u8)]| {
            let set = known.iter().filter(|(is_set, _)| *is_set);
            set.fold(0, |bits, (_, bit)| bits | bit)
        };
        let open = self.memory.open.as_ref();
        let fiscal = open.filter(|open| open.kind != OpenKind::Slip);
        let form = fiscal.map(|open| open.form).unwrap_or_default();
        let memory = bits(&[(open.is_some_and(has_lost_power), POWER_FAILED)]);
        let day = bits(&[
            (self.memory.day != WorkingDay::default(), DAY_NOT_CLOSED),
            (self.memory.has_duplicate, COPY_PRINTED),
        ]);
        let receipt = bits(&[
            (fiscal.is_some(), RECEIPT_OPEN),
            (form.detailed, DETAILED),
            (form.vat, WITH_VAT),
            (fiscal.is_some_and(|open| open.invoice), INVOICE),
        ]);
        let of_receipt = RECEIPT_OPEN | DETAILED | WITH_VAT | INVOICE;
        [
            (0, POWER_FAILED, memory),
            (1, DAY_NOT_CLOSED | COPY_PRINTED, day),
            (2, of_receipt, receipt),
            (3, FRACTIONS, FRACTIONS),
        ]
        .into_iter()
        .fold(status, |status, (byte, mask, set)| {
            let others = status.number_in(byte) & !mask;
            status.with_number_in(byte, others | set)
        })
    }

    /// Answers 6Dh: the day's sales and refunds by tax group.
    pub(super) fn day_groups(&self) -> DayGroups {
        DayGroups {
            sales: self.memory.day.sales,
            refunds: self.memory.day.refunds,
        }
    }

    /// Answers 6Eh with this option.
    pub(super) fn register(&self, option: char) -> PaymentSums {
        let day = &self.memory.day;
        let sales = self.receipts_of_day().filter(|receipt| !receipt.refund);
        let change = sales
            .map(|receipt: &FiscalReceipt| receipt.change)
            .fold(0, i64::saturating_add);
        let mut sums = [0; PAYMENTS];
        let mut operations = None;
        match option {
            '0' | '4' => {
                let letters = self.protocol.payments.day.iter().copied();
                let kept: Vec<(char, i64)> = letters.zip(day.payments).collect();
                sums = self.by_type(&kept);
            }
            '2' => operations = Some((day.tallies.paid_in.count, day.cash_in)),
            '3' => operations = Some((day.tallies.taken_out.count, day.cash_out)),
            _ => {}
        }
        let [cash, ..] = &mut sums;
        *cash = match option {
            '0' => day.cash,
            '2' => day.cash_in,
            '3' => day.cash_out,
            '4' => cash.saturating_add(change),
            _ => change,
        };
        PaymentSums {
            option,
            open: false,
            sums,
            operations,
            is_old: self.is_old(),
        }
    }

    /// Answers 21h: the model.
    pub(super) fn version(&self) -> Version {
        Version {
            device_type: "2".to_owned(),
            certificate: "014".to_owned(),
            certified_at: "01-03-2019 10:00".to_owned(),
            model: if self.is_old() {
                MODEL_OF_OLD.to_owned()
            } else {
                self.protocol.model.name.to_owned()
            },
            firmware: self.protocol.model.firmware.to_owned(),
        }
    }

    /// Whether this is one of the older machines.
    pub(super) fn is_old(&self) -> bool {
        self.protocol.asked.is_some() && Some(self.firmware) != newest_of(self.protocol)
    }

    /// The letters of the payment types in the order of their numbers.
    fn numbered(&self) -> &'static [char] {
        if self.is_old() {
            LETTERS_OF_OLD
        } else {
            self.protocol.payments.day
        }
    }

    /// The letter of a payment whose number a newer machine has under another letter.
    pub(super) fn letter_of(&self, sent: char) -> char {
        if !self.is_old() {
            return sent;
        }
        let number = self
            .protocol
            .payments
            .day
            .iter()
            .position(|letter| *letter == sent);
        let letter = number.and_then(|number| self.numbered().get(number));
        letter.copied().unwrap_or('?')
    }

    /// Answers 64h: the payment types.
    pub(super) fn payment_types(&self) -> PaymentTypes {
        let (names, kinds) = if self.is_old() {
            let kinds = vec![None, Some(7), Some(1), Some(2), None];
            (NAMES_OF_OLD, Some(kinds))
        } else {
            (NAMES, None)
        };
        PaymentTypes {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            rate: "1.95583".to_owned(),
            kinds,
        }
    }

    /// The sums by payment type.
    pub(super) fn by_type(&self, payments: &[(char, i64)]) -> [i64; PAYMENTS] {
        let mut sums = [0_i64; PAYMENTS];
        for (letter, sum) in self.numbered().iter().zip(&mut sums) {
            *sum = payments
                .iter()
                .filter(|(known, _)| known == letter)
                .fold(0, |sum, (_, amount)| sum.saturating_add(*amount));
        }
        sums
    }
}

/// The names of the payment types.
const NAMES: &[&str] = &[
    "Лева",
    "Чек",
    "Талони",
    "В.Талони",
    "Амбалаж",
    "Обслужване",
    "Повреди",
    "Карта",
    "Банка",
    "Резерв 1",
    "Резерв 2",
    "Евро",
];
/// The names of the payment types of an older machine, with the maker's usual kinds.
const NAMES_OF_OLD: &[&str] = &["Лева", "Карта", "Чек", "Талони", "Евро"];
/// The letters of the types of an older machine: cash, card, cheque, coupon.
const LETTERS_OF_OLD: &[char] = &['P', 'D', 'Q', 'T'];

// Bits of the answer to 20h, in the order of its bytes.
const POWER_FAILED: u8 = 1 << 1;
const DAY_NOT_CLOSED: u8 = 1 << 3;
const COPY_PRINTED: u8 = 1 << 6;
const RECEIPT_OPEN: u8 = 1 << 1;
const DETAILED: u8 = 1 << 2;
const WITH_VAT: u8 = 1 << 3;
const INVOICE: u8 = 1 << 4;
const FRACTIONS: u8 = 1 << 4;

/// The model of an older machine: the makers' names of all of them end in `V2`.
const MODEL_OF_OLD: &str = "TREMOL FP01-KL V2";

/// Whether the power failed while the receipt was open.
fn has_lost_power(open: &OpenReceipt) -> bool {
    open.tape.iter().any(|line| line == "*VOLTAGE DROP*")
}

/// The digit of an open receipt in the answer of 72h.
fn kind_of(open: &OpenReceipt) -> u8 {
    let refund = open.kind == OpenKind::Refund;
    let parts = [
        (open.invoice, KIND_INVOICE),
        (open.form.postponed, KIND_POSTPONED),
        (refund, KIND_REFUND),
    ];
    let set = parts.into_iter().filter(|(is_set, _)| *is_set);
    set.fold(KIND_SALE, |kind, (_, part)| kind | part)
}

/// The firmware of the newest manual.
fn newest_of(protocol: &Protocol) -> Option<&'static str> {
    protocol.firmware.first().map(|newest| newest.name)
}

/// The outcome of a command without the figures that an acknowledgement does not have.
fn acknowledged<A>(reply: Reply<A>) -> Reply<()> {
    reply.map(|_| ()).map_err(|refused| refused.cause.into())
}

/// `YYYY-MM-DD hh:mm:ss`, as the code for the tax office has it.
fn qr_stamp(at: i64) -> String {
    let stamp = Moment::of(at).long_stamp();
    let part = |from: usize, to: usize| stamp.get(from..to).unwrap_or("");
    format!(
        "{}-{}-{} {}",
        part(6, 10),
        part(3, 5),
        part(0, 2),
        part(11, 19)
    )
}
