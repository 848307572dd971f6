//! The commands that report, count cash, set and tell.

use super::calendar::{Moment, parse_stamp};
use super::memory::{Closure, Day, Kind, LastReceipt};
use super::printer::{Printer, Refusal, Reply, code};
use super::receipt_commands::divided;
use super::tape::{centred, spread, sum};
use crate::wire::fields::decimal;
use crate::wire::isl_report::{
    Cash, DailyReport, DayPayments, DeviceInfo, LastError, LastZ, Rates, ReceiptSums, Transaction,
    emit_document, emit_groups,
};

/// The drawer's pulse in milliseconds.
const PULSE_MS: core::ops::RangeInclusive<u32> = 5..=100;

impl Printer {
    /// 45h: `0` or nothing is Z, `2` is X; a suffix `N` keeps the operators' totals.
    pub(super) fn daily_report(&mut self, data: &[u8]) -> Reply {
        let closes = match data.strip_suffix(b"N").unwrap_or(data) {
            b"" | b"0" => true,
            b"2" => false,
            _ => return Err(Refusal::syntax()),
        };
        if self.memory.open.is_some() {
            return Err(Refusal::not_allowed(code::RECEIPT_OPEN));
        }
        self.printing()?;
        let number = self.memory.z_number().saturating_add(1);
        let document = self.memory.next_document();
        let day = self.memory.day.clone();
        self.print_report(closes, number, document, &day);
        let report = DailyReport {
            closure: number,
            grand_total: self.memory.grand_total,
            groups: day.sales,
        };
        if closes {
            self.memory.closures.push(Closure {
                number,
                document,
                at: self.now(),
                day,
            });
            self.memory.day = Day::default();
        }
        self.memory.last = LastReceipt::default();
        self.memory.may_duplicate = false;
        Ok(report.emit())
    }

    fn print_report(&mut self, closes: bool, number: u32, document: u32, day: &Day) {
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
        self.tape.push(&lines);
    }

    /// 46h: cash in (positive), out (negative), or a question.
    pub(super) fn cash(&mut self, data: &[u8]) -> Reply {
        let amount = Cash::parse_request(data)
            .ok_or_else(Refusal::syntax)?
            .unwrap_or(0);
        if amount == 0 {
            return Ok(self.cash_told(true));
        }
        if self.memory.open.is_some() {
            return Err(Refusal::in_data(self.cash_told(false), code::RECEIPT_OPEN));
        }
        self.printing()?;
        let day = &mut self.memory.day;
        let cash = day.cash.checked_add(amount).ok_or_else(Refusal::overflow)?;
        if amount < 0 && cash < 0 {
            return Err(Refusal::in_data(
                self.cash_told(false),
                code::NOT_ENOUGH_CASH,
            ));
        }
        day.cash = cash;
        let total = if amount > 0 {
            &mut day.cash_in
        } else {
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
        self.tape
            .push(&[sum(word, amount), spread(&format!("{document:07}"), &stamp)]);
        self.memory.last = LastReceipt::default();
        self.memory.may_duplicate = false;
        Ok(self.cash_told(true))
    }

    fn cash_told(&self, done: bool) -> Vec<u8> {
        Cash {
            done,
            cash: self.memory.day.cash,
            paid_in: self.memory.day.cash_in,
            taken_out: self.memory.day.cash_out,
        }
        .emit()
    }

    /// 6Ah.
    pub(super) fn drawer(&mut self, data: &[u8]) -> Reply {
        if !data.is_empty() && !number(data).is_some_and(|ms| PULSE_MS.contains(&ms)) {
            return Err(Refusal::syntax());
        }
        self.memory.drawer_pulses = self.memory.drawer_pulses.saturating_add(1);
        Ok(Vec::new())
    }

    /// 2Ch.
    pub(super) fn feed(&mut self, data: &[u8]) -> Reply {
        if !data.is_empty() && !number(data).is_some_and(|lines| (1..=99).contains(&lines)) {
            return Err(Refusal::syntax());
        }
        self.printing()?;
        Ok(Vec::new())
    }

    /// 4Ch: the current receipt or the last one; `T` adds what was tendered.
    pub(super) fn transaction(&self, data: &[u8]) -> Reply {
        let with_tender = match data {
            b"" => false,
            b"T" => true,
            _ => return Err(Refusal::syntax()),
        };
        let (items, amount, tender) = match &self.memory.open {
            Some(open) => (open.items(), open.total(), open.tendered()),
            None => (
                self.memory.last.items,
                self.memory.last.amount,
                self.memory.last.tender,
            ),
        };
        Ok(Transaction {
            open: self.memory.open.is_some(),
            items,
            amount,
            tender: with_tender.then_some(tender),
        }
        .emit())
    }

    /// 67h.
    pub(super) fn receipt_sums(&self) -> Reply {
        let open = self
            .memory
            .open
            .as_ref()
            .filter(|open| open.kind != Kind::Slip);
        Ok(ReceiptSums {
            can_void: open.is_some_and(|open| !open.payment_started),
            groups: open.map_or([0; 8], |open| open.groups),
            invoice: false,
        }
        .emit())
    }

    /// 71h.
    pub(super) fn document_number(&self) -> Vec<u8> {
        emit_document(self.memory.last_document)
    }

    /// 6Eh.
    pub(super) fn day_payments(&self) -> Vec<u8> {
        DayPayments {
            payments: self.memory.day.payments,
            closure: self.memory.z_number().saturating_add(1),
            next_receipt: self.memory.day.fiscal_receipts.saturating_add(1),
        }
        .emit()
    }

    /// 40h.
    pub(super) fn last_z(&self) -> Vec<u8> {
        match self.memory.closures.last() {
            Some(closure) => LastZ {
                closure: closure.number,
                groups: closure.day.sales,
                date: Moment::of(closure.at).date(),
            }
            .emit(),
            None => LastZ {
                closure: 0,
                groups: [0; 8],
                date: "000000".to_owned(),
            }
            .emit(),
        }
    }

    /// 41h: `0` or nothing sales, `1` their tax, `2` refunds, `3` their tax.
    pub(super) fn day_totals(&self, data: &[u8]) -> Reply {
        let day = &self.memory.day;
        Ok(emit_groups(match data {
            b"" | b"0" => day.sales,
            b"1" => self.taxes(day.sales),
            b"2" => day.refunds,
            b"3" => self.taxes(day.refunds),
            _ => return Err(Refusal::syntax()),
        }))
    }

    fn taxes(&self, groups: [i64; 8]) -> [i64; 8] {
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

    /// 3Dh: never before the last record of the fiscal memory.
    pub(super) fn clock_set(&mut self, data: &[u8]) -> Reply {
        let text = core::str::from_utf8(data).map_err(|_| Refusal::syntax())?;
        let at = parse_stamp(text).ok_or_else(Refusal::syntax)?;
        if self.memory.open.is_some() {
            return Err(Refusal::not_allowed(code::RECEIPT_OPEN));
        }
        let last_closure = self.memory.closures.last().map(|closure| closure.at);
        let last_receipt = self.receipts.last().map(|receipt| receipt.at);
        if last_closure.max(last_receipt).is_some_and(|last| at < last) {
            return Err(Refusal::not_allowed(code::DATE_BEFORE_LAST));
        }
        self.memory.clock_offset_s = at.saturating_sub(self.source_now());
        Ok(Vec::new())
    }

    /// 5Ah.
    pub(super) fn device_info(&self) -> Vec<u8> {
        DeviceInfo {
            name: "FP-700".to_owned(),
            firmware: "1.00BG 21NOV26 1000".to_owned(),
            checksum: "FFFF".to_owned(),
            switches: "00000000".to_owned(),
            serial: self.memory.serial.clone(),
            fiscal_memory: self.memory.fiscal_memory.clone(),
        }
        .emit()
    }

    /// 53h: reads without data; sets only before the first receipt of the day.
    pub(super) fn rates(&mut self, data: &[u8]) -> Reply {
        if !data.is_empty() {
            let new = Rates::parse(data).ok_or_else(Refusal::syntax)?;
            if self.memory.open.is_some() || self.memory.day.fiscal_receipts > 0 {
                return Err(Refusal::not_allowed(code::RECEIPTS_AFTER_Z));
            }
            if new
                .rates
                .iter()
                .flatten()
                .any(|rate| !(0..10_000).contains(rate))
            {
                return Err(Refusal::syntax());
            }
            self.memory.rates = new.rates;
            self.memory.currency = new.currency;
        }
        Ok(Rates {
            rates: self.memory.rates,
            currency: self.memory.currency.clone(),
        }
        .emit())
    }

    /// 61h.
    pub(super) fn rates_read(&self) -> Vec<u8> {
        self.memory
            .rates
            .map(|rate| decimal(rate.unwrap_or(0), 2))
            .join(",")
            .into_bytes()
    }

    /// 20h.
    pub(super) fn error_told(&mut self, data: &[u8]) -> Vec<u8> {
        let (command, code) = self.last_error;
        if data == b"CLEAR" {
            self.last_error = (0, 0);
        }
        LastError {
            command: u32::from(command),
            code,
            text: words(code).to_owned(),
        }
        .emit(&self.stamp())
    }

    /// 2Bh: header and footer lines and switches are taken and not used; `d1` tells the cause with every refusal.
    pub(super) fn options(&mut self, data: &[u8]) -> Reply {
        match data {
            [b'd', on @ (b'0' | b'1')] => self.cause_in_data = *on == b'1',
            [b'I', b'd'] => return Ok(vec![if self.cause_in_data { b'1' } else { b'0' }]),
            [b'I', _] => return Ok(b"0".to_vec()),
            [b'0'..=b'7' | b'A'..=b'Z' | b'a'..=b'z', ..] => {}
            _ => return Err(Refusal::syntax()),
        }
        Ok(Vec::new())
    }
}

fn number(data: &[u8]) -> Option<u32> {
    crate::wire::fields::parse_count(core::str::from_utf8(data).ok()?)
}

fn words(of: i64) -> &'static str {
    match of {
        0 => "",
        code::SYNTAX => "Syntax error",
        code::UNKNOWN_COMMAND => "Invalid command",
        code::BLOCKED => "Blocked",
        code::PAPER_OUT => "Out of paper",
        code::OVERFLOW => "Overflow",
        code::PASSWORD => "Wrong password",
        code::RECEIPT_OPEN => "Receipt is open",
        code::NO_RECEIPT_OPEN => "No receipt is open",
        code::DAY_TOO_LONG => "More than 24 hours without Z",
        code::GROUP_DISABLED => "Tax group disabled",
        code::TOO_MANY_SALES => "Too many sales",
        code::PAYMENT_STARTED => "Payment started",
        code::PAYMENT_TYPE => "Payment type not programmed",
        code::NOT_PAID => "Not fully paid",
        code::NOT_ENOUGH_CASH => "Not enough cash",
        _ => "Not permitted",
    }
}
