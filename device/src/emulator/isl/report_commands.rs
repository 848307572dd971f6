//! The commands for reports, cash, settings and questions.

use super::calendar::{DAY, Moment, parse_stamp};
use super::journal::PrintedKind;
use super::memory::{Closure, LastReceipt, OpenKind, WorkingDay};
use super::printer::{Printer, Reply, in_answer};
use super::receipt_commands::divided;
use crate::emulator::tape::{centred, spread, sum};
use crate::family::Errors;
use crate::wire::cause::Cause;
use crate::wire::codepage;
use crate::wire::isl_counters::{DayPayments, DeviceInfo, LastZ};
use crate::wire::isl_report::{Cash, DailyReport, LastError, Rates, ReceiptSums, Transaction};

impl Printer {
    /// Executes 45h: the Z-report closes the day, the X-report does not.
    pub(super) fn daily_report(&mut self, closes: bool) -> Reply<DailyReport> {
        self.closed()?;
        self.printing()?;
        if closes && self.memory.closures_left() == 0 {
            return Err(Cause::FiscalMemoryFull.into());
        }
        let number = self.memory.z_number().saturating_add(1);
        let document = self.memory.next_document();
        let day = self.memory.day.clone();
        self.print_report(closes, number, document, &day);
        let report = DailyReport {
            closure: number,
            grand_total: self.memory.grand_total,
            groups: day.sales,
            refunds: Some(day.refunds),
        };
        if closes {
            self.memory.closures.push(Closure {
                number,
                document,
                at: self.now(),
                day,
            });
            self.memory.day = WorkingDay::default();
        }
        self.memory.last = LastReceipt::default();
        Ok(report)
    }

    fn print_report(&mut self, closes: bool, number: u32, document: u32, day: &WorkingDay) {
        let title = if closes { "RAPORT Z" } else { "RAPORT X" };
        let mut lines = vec![centred(&format!("{title} {number:04}"))];
        for (letter, (sold, refunded)) in ('A'..='H').zip(day.sales.iter().zip(day.refunds)) {
            if *sold != 0 || refunded != 0 {
                lines.push(sum(&format!("{letter} VANZARI"), *sold));
                lines.push(sum(&format!("{letter} STORNO"), refunded));
            }
        }
        lines.push(sum("NUMERAR IN SERTAR", day.cash));
        lines.push(sum("INTRARI", day.cash_in));
        lines.push(sum("IESIRI", day.cash_out));
        let stamp = self.stamp();
        lines.push(spread(&format!("{document:07}"), &stamp));
        let kind = if closes {
            PrintedKind::ZReport
        } else {
            PrintedKind::XReport
        };
        self.issue(document, kind, &lines);
    }

    /// Prints the Z-reports of the fiscal memory from one number to another.
    pub(super) fn memory_by_number(&mut self, first: u32, last: u32) -> Reply<()> {
        self.memory_report(first <= last, |closure| {
            (first..=last).contains(&closure.number)
        })
    }

    /// Prints the Z-reports of the fiscal memory from one day to another.
    pub(super) fn memory_by_date(&mut self, first: &str, last: &str) -> Reply<()> {
        let (Some(from), Some(to)) = (parse_date(first), parse_date(last)) else {
            return Err(Cause::Syntax.into());
        };
        let to = to.saturating_add(DAY);
        self.memory_report(from < to, |closure| (from..to).contains(&closure.at))
    }

    fn memory_report(&mut self, asked: bool, is_in: impl Fn(&Closure) -> bool) -> Reply<()> {
        if !asked {
            return Err(Cause::Syntax.into());
        }
        self.closed()?;
        self.printing()?;
        let document = self.memory.next_document();
        let mut lines = vec![centred("RAPORT MEMORIE FISCALA")];
        for closure in self.memory.closures.iter().filter(|one| is_in(one)) {
            let total = closure
                .day
                .sales
                .iter()
                .fold(0, |sum, group| i64::saturating_add(sum, *group));
            lines.push(sum(&format!("Z {:04}", closure.number), total));
        }
        lines.push(spread(&format!("{document:07}"), &self.stamp()));
        self.issue(document, PrintedKind::Other, &lines);
        Ok(())
    }

    /// Executes 46h: cash in (positive), cash out (negative), or a question.
    pub(super) fn cash(&mut self, amount: Option<i64>) -> Reply<Cash> {
        let amount = amount.unwrap_or(0);
        if amount == 0 {
            return Ok(self.cash_answer(true));
        }
        if let Err(open) = self.closed() {
            return Err(in_answer(open, self.cash_answer(false)));
        }
        self.printing()?;
        let day = &mut self.memory.day;
        let cash = day.cash.checked_add(amount).ok_or(Cause::Overflow)?;
        if amount < 0 && cash < 0 {
            return Err(in_answer(Cause::NotEnoughCash, self.cash_answer(false)));
        }
        day.cash = cash;
        let total = if amount > 0 {
            day.tallies.paid_in.add(amount);
            &mut day.cash_in
        } else {
            day.tallies.taken_out.add(amount);
            &mut day.cash_out
        };
        *total = total.saturating_add(amount.saturating_abs());
        let document = self.memory.next_document();
        let word = if amount > 0 {
            "SUME INTRATE"
        } else {
            "SUME IESITE"
        };
        let stamp = self.stamp();
        let lines = [sum(word, amount), spread(&format!("{document:07}"), &stamp)];
        self.issue(document, PrintedKind::Cash, &lines);
        self.memory.last = LastReceipt::default();
        self.pulse_of_option();
        Ok(self.cash_answer(true))
    }

    fn cash_answer(&self, done: bool) -> Cash {
        Cash {
            done,
            cash: self.memory.day.cash,
            paid_in: self.memory.day.cash_in,
            taken_out: self.memory.day.cash_out,
        }
    }

    /// Whether a payment and a cash operation open the drawer: 2Bh `X` is 0, or FFh `EcrSafeOpening` is 1. The option of a new
    /// emulated printer is off.
    fn opens_drawer(&self) -> bool {
        let set = |key: &str, on: &str| {
            self.memory
                .settings
                .get(key)
                .is_some_and(|value| value == on)
        };
        match self.protocol.errors {
            Errors::First => set(SAFE_OPENING, "1"),
            _ => set(&option_key(b'X'), "0"),
        }
    }

    /// Sends the pulse that belongs to a payment or a cash operation, if the printer's own option says so.
    pub(super) fn pulse_of_option(&mut self) {
        if self.opens_drawer() {
            self.memory.drawer_pulses = self.memory.drawer_pulses.saturating_add(1);
        }
    }

    /// Executes 6Ah: sends a pulse to the drawer.
    pub(super) fn drawer(&mut self) -> Reply<()> {
        self.memory.drawer_pulses = self.memory.drawer_pulses.saturating_add(1);
        Ok(())
    }

    /// Answers 4Ch: the current receipt or the last one.
    pub(super) fn transaction(&self, with_tender: bool) -> Transaction {
        let kind = self.memory.open.as_ref().map(|open| open.kind);
        let (items, amount, tender) = match &self.memory.open {
            Some(open) => (open.items(), open.total(), open.tendered()),
            None => (
                self.memory.last.items,
                self.memory.last.amount,
                self.memory.last.tender,
            ),
        };
        let last = self.memory.last_document;
        Transaction {
            open: kind.is_some(),
            items,
            amount,
            tender: with_tender.then_some(tender),
            document: Some(last.saturating_add(u32::from(kind.is_some()))),
            refund: kind == Some(OpenKind::Refund),
            slip: kind == Some(OpenKind::Slip),
            fiscal: Some(self.fiscal_number(kind == Some(OpenKind::Sale))),
        }
    }

    /// The number of the Z-report of the open or last fiscal receipt, and the receipt's number within its day.
    fn fiscal_number(&self, is_open: bool) -> (u32, u32) {
        let today = self.memory.day.fiscal_receipts;
        let z_number = self.memory.z_number();
        if is_open || today > 0 {
            let number = today.saturating_add(u32::from(is_open));
            return (z_number.saturating_add(1), number);
        }
        let last = self.memory.closures.last();
        (z_number, last.map_or(0, |last| last.day.fiscal_receipts))
    }

    /// Answers 67h: the sums of the current receipt.
    pub(super) fn receipt_sums(&self) -> ReceiptSums {
        let open = self
            .memory
            .open
            .as_ref()
            .filter(|open| open.kind != OpenKind::Slip);
        ReceiptSums {
            can_void: open.is_some_and(|open| !open.payment_started),
            groups: open.map_or([0; 8], |open| open.groups),
            invoice: false,
            refund: open.is_some_and(|open| open.kind == OpenKind::Refund),
        }
    }

    /// The number that the next fiscal receipt will have, counted since fiscalisation or since the last Z-report.
    pub(super) fn next_fiscal(&self) -> u32 {
        let receipts = if self.protocol.counts_for_ever {
            u32::try_from(self.receipts.len()).unwrap_or(u32::MAX)
        } else {
            self.memory.day.fiscal_receipts
        };
        receipts.saturating_add(1)
    }

    /// Answers 6Eh: the day's payments.
    pub(super) fn day_payments(&self) -> DayPayments {
        DayPayments {
            payments: self.memory.day.payments,
            closure: self.memory.z_number().saturating_add(1),
            next_receipt: Some(self.memory.day.fiscal_receipts.saturating_add(1)),
        }
    }

    /// Answers 40h: the last Z-report.
    pub(super) fn last_z(&self) -> LastZ {
        match self.memory.closures.last() {
            Some(closure) => LastZ {
                closure: closure.number,
                groups: closure.day.sales,
                date: Moment::of(closure.at).date(),
            },
            None => LastZ {
                closure: 0,
                groups: [0; 8],
                date: "000000".to_owned(),
            },
        }
    }

    /// The tax that is included in gross sums, by tax group.
    pub(super) fn taxes(&self, groups: [i64; 8]) -> [i64; 8] {
        let mut taxes = [0; 8];
        for ((tax, gross), rate) in taxes.iter_mut().zip(groups).zip(self.memory.rates) {
            let rate = rate.unwrap_or(0);
            *tax = gross
                .checked_mul(rate)
                .and_then(|product| divided(product, rate.saturating_add(10_000)))
                .unwrap_or(0);
        }
        taxes
    }

    /// Executes 3Dh: sets the clock, never before the last record of the fiscal memory.
    pub(super) fn clock_set(&mut self, text: &str) -> Reply<()> {
        let at = parse_stamp(text).ok_or(Cause::Syntax)?;
        self.closed()?;
        let last_closure = self.memory.closures.last().map(|closure| closure.at);
        let last_receipt = self.receipts.last().map(|receipt| receipt.at);
        if last_closure.max(last_receipt).is_some_and(|last| at < last) {
            return Err(Cause::DateBeforeLast.into());
        }
        self.memory.reset = false;
        self.memory.clock_offset_s = at.saturating_sub(self.source_now());
        Ok(())
    }

    /// Answers 5Ah: the identity of the printer.
    pub(super) fn device_info(&self) -> DeviceInfo {
        DeviceInfo {
            name: self.protocol.model.name.to_owned(),
            firmware: self.protocol.model.firmware.to_owned(),
            checksum: "FFFF".to_owned(),
            switches: "00000000".to_owned(),
            serial: self.memory.serial.clone(),
            fiscal_memory: self.memory.fiscal_memory.clone(),
        }
    }

    /// Answers 53h, 61h and 32h: the tax rates.
    pub(super) fn rates(&self) -> Rates {
        Rates {
            rates: self.memory.rates,
            currency: self.memory.currency.clone(),
        }
    }

    /// Executes 53h: sets the tax rates, only before the first receipt of the day.
    pub(super) fn rates_set(&mut self, new: Rates) -> Reply<Rates> {
        if self.memory.open.is_some() || self.memory.day.fiscal_receipts > 0 {
            return Err(Cause::ReceiptsAfterZ.into());
        }
        if new
            .rates
            .iter()
            .flatten()
            .any(|rate| !(0..10_000).contains(rate))
        {
            return Err(Cause::Syntax.into());
        }
        self.memory.rates = new.rates;
        if !new.currency.is_empty() {
            self.memory.currency = new.currency;
        }
        Ok(self.rates())
    }

    /// Answers 20h: the cause of the last refusal.
    pub(super) fn last_error_answer(&mut self, clear: bool) -> LastError {
        let (command, cause) = self.last_error;
        if clear {
            self.last_error = (0, None);
        }
        LastError {
            command: u32::from(command),
            code: cause.map_or(0, |cause| self.protocol.code_of(cause).0),
            at: self.stamp(),
            text: cause.map_or("", text_of).to_owned(),
        }
    }

    /// Executes 2Bh: header and footer lines and switches are stored and returned, and have no effect; `d1` adds the cause to
    /// every refusal.
    pub(super) fn options(&mut self, data: &[u8]) -> Reply<Vec<u8>> {
        match data {
            [b'd', on @ (b'0' | b'1')] => self.cause_in_data = *on == b'1',
            [b'I', b'd'] => return Ok(vec![if self.cause_in_data { b'1' } else { b'0' }]),
            [b'I', item] => {
                let kept = self.memory.settings.get(&option_key(*item));
                let usual = match item {
                    b'0'..=b'9' => "",
                    b'X' => "1",
                    _ => "0",
                };
                return Ok(codepage::encode(kept.map_or(usual, String::as_str)));
            }
            [item @ (b'0'..=b'7' | b'A'..=b'Z' | b'a'..=b'z'), value @ ..] => {
                let value = codepage::decode(value);
                self.memory.settings.insert(option_key(*item), value);
            }
            _ => return Err(Cause::Syntax.into()),
        }
        Ok(Vec::new())
    }
}

/// The variable of the option that opens the drawer.
const SAFE_OPENING: &str = "EcrSafeOpening 0";

fn option_key(item: u8) -> String {
    format!("2B {}", char::from(item))
}

/// The midnight at which the day `DDMMYY` begins, in seconds since 1970.
pub(super) fn parse_date(date: &str) -> Option<i64> {
    let pair = |from: usize| date.get(from..from.saturating_add(2));
    parse_stamp(&format!("{}-{}-{} 00:00", pair(0)?, pair(2)?, pair(4)?))
}

pub(super) const fn text_of(cause: Cause) -> &'static str {
    match cause {
        Cause::Syntax => "Syntax error",
        Cause::UnknownCommand => "Invalid command",
        Cause::Blocked | Cause::Locked => "Blocked",
        Cause::PaperOut => "Out of paper",
        Cause::Overflow => "Overflow",
        Cause::Password => "Wrong password",
        Cause::ReceiptOpen | Cause::RefundOpen | Cause::SlipOpen => "Receipt is open",
        Cause::NoReceiptOpen => "No receipt is open",
        Cause::DayTooLong => "More than 24 hours without Z",
        Cause::GroupDisabled => "Tax group disabled",
        Cause::TooManySales => "Too many sales",
        Cause::PaymentStarted => "Payment started",
        Cause::PaymentType => "Payment type not programmed",
        Cause::NotPaid => "Not fully paid",
        Cause::NotEnoughCash => "Not enough cash",
        _ => "Not permitted",
    }
}
