//! The answers of Datecs classic printers whose form depends on the firmware: the last Z-report, the day's payments, the identity.
//!
//! Each function reads one form and refuses every other one, so that an answer fits one form only. The forms, with their sources,
//! are rows of the families' tables ([`crate::family`]).
//! Amounts are minor units.

use super::codepage;
use super::fields::{parse_count, parse_minor, signed};

/// The last Z-report (40h).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastZ {
    /// The number of the Z-report, 0 before the first one.
    pub closure: u32,
    /// The sums of the Z-report by tax group, in minor units.
    pub groups: [i64; 8],
    /// The date of the Z-report, `DDMMYY`.
    pub date: String,
}

impl LastZ {
    /// Writes `P,NNNN,TaxA…TaxH,DDMMYY`, or `F` before the first Z-report.
    #[must_use]
    pub fn emit_field(&self) -> Vec<u8> {
        self.emit_after("P,")
    }

    /// Reads `P,NNNN,TaxA…,DDMMYY`, with one to eight groups.
    #[must_use]
    pub fn parse_field(data: &[u8]) -> Option<Self> {
        Self::parse_plain(data.strip_prefix(b"P,")?, 1)
    }

    /// Writes `PNNNN,TaxA…TaxH,DDMMYY`, or `F` before the first Z-report.
    #[must_use]
    pub fn emit_glued(&self) -> Vec<u8> {
        self.emit_after("P")
    }

    /// Reads `PNNNN,TaxA…,DDMMYY`, with one to eight groups.
    #[must_use]
    pub fn parse_glued(data: &[u8]) -> Option<Self> {
        Self::parse_plain(data.strip_prefix(b"P")?, 1)
    }

    /// Writes `NNNN,TaxA…TaxH,DDMMYY`.
    #[must_use]
    pub fn emit_bare(&self) -> Vec<u8> {
        format!("{:04},{},{}", self.closure, sums(&self.groups), self.date).into_bytes()
    }

    /// Reads `NNNN,TaxA…TaxH,DDMMYY`, with eight groups.
    #[must_use]
    pub fn parse_bare(data: &[u8]) -> Option<Self> {
        Self::parse_plain(data, 8)
    }

    /// Writes `NNNN,Total,TaxA…TaxH,DDMMYY`.
    #[must_use]
    pub fn emit_with_total(&self) -> Vec<u8> {
        let total = self
            .groups
            .iter()
            .fold(0, |total, group| i64::saturating_add(total, *group));
        let total = signed(total, SUM_WIDTH);
        let groups = sums(&self.groups);
        format!("{:04},{total},{groups},{}", self.closure, self.date).into_bytes()
    }

    /// Reads `NNNN,Total,TaxA…TaxH,DDMMYY`, with eight groups.
    #[must_use]
    pub fn parse_with_total(data: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(data).ok()?;
        let fields: Vec<&str> = text.split(',').collect();
        let [number, total, groups @ .., date] = fields.as_slice() else {
            return None;
        };
        parse_minor(total)?;
        Self::of_fields(number, groups, date, 8)
    }

    fn emit_after(&self, prefix: &str) -> Vec<u8> {
        if self.closure == 0 {
            return b"F".to_vec();
        }
        [prefix.as_bytes(), &self.emit_bare()].concat()
    }

    fn parse_plain(data: &[u8], least: usize) -> Option<Self> {
        let text = core::str::from_utf8(data).ok()?;
        let fields: Vec<&str> = text.split(',').collect();
        let [number, groups @ .., date] = fields.as_slice() else {
            return None;
        };
        Self::of_fields(number, groups, date, least)
    }

    fn of_fields(number: &str, groups: &[&str], date: &str, least: usize) -> Option<Self> {
        let is_date = date.len() == 6 && date.bytes().all(|byte| byte.is_ascii_digit());
        if !is_date || groups.len() < least {
            return None;
        }
        Some(Self {
            closure: parse_count(number)?,
            groups: read_sums(groups)?,
            date: date.to_owned(),
        })
    }
}

/// The day's payments (6Eh): `Cash,Credit,Debit,Cheque,P1…P4,Closure,Receipt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayPayments {
    /// The day's payments in minor units, in the order of the family's [`Payments::day`](crate::family::Payments::day).
    pub payments: [i64; 8],
    /// The number that the next Z-report will have.
    pub closure: u32,
    /// The number that the next fiscal receipt will have, if the family reports it here.
    pub next_receipt: Option<u32>,
}

/// The payment letters of group A in the order of their sums in the answer of 6Eh:
/// cash, credit, debit card, cheque, and the four extra types.
pub const DAY_PAYMENT_LETTERS: [char; 8] = ['P', 'N', 'D', 'C', 'I', 'J', 'K', 'L'];

impl DayPayments {
    /// Writes the ten fields.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let next = self.next_receipt.unwrap_or(0);
        format!("{},{:04},{next:04}", sums(&self.payments), self.closure).into_bytes()
    }

    /// Reads the ten fields and nothing else.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(data).ok()?;
        let fields: Vec<&str> = text.split(',').collect();
        let [payments @ .., closure, next] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            payments: (payments.len() == 8).then(|| read_sums(payments))??,
            closure: parse_count(closure)?,
            next_receipt: Some(parse_count(next)?),
        })
    }

    /// Writes `P,` and the ten fields.
    #[must_use]
    pub fn emit_field(&self) -> Vec<u8> {
        [b"P,", self.emit().as_slice()].concat()
    }

    /// Reads `P,` and the ten fields.
    #[must_use]
    pub fn parse_field(data: &[u8]) -> Option<Self> {
        Self::parse(data.strip_prefix(b"P,")?)
    }

    /// Writes `P` directly before the ten fields.
    #[must_use]
    pub fn emit_glued(&self) -> Vec<u8> {
        [b"P", self.emit().as_slice()].concat()
    }

    /// Reads `P` directly before the ten fields.
    #[must_use]
    pub fn parse_glued(data: &[u8]) -> Option<Self> {
        Self::parse(data.strip_prefix(b"P")?)
    }
}

/// A document that was issued (74h of Daisy), as the device writes it into the document's QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedDocument {
    /// Whether the document is a fiscal one.
    pub fiscal: bool,
    /// The contents of its QR code; `None` if the document has none, so that nothing is known of it.
    pub code: Option<IssuedCode>,
}

/// The contents of the QR code of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCode {
    /// The kind of document: 0 is a sale, 1 to 3 are refunds, and every other number is another document.
    pub kind: u32,
    /// The number of the fiscal memory.
    pub memory: String,
    /// The number of the document.
    pub number: u32,
    /// The date (`YYYY-MM-DD`) and the time (`HH:MM:SS`) of the document.
    pub at: (String, String),
    /// The sum of the document in minor units; 0 for a cancelled receipt.
    pub sum: i64,
}

impl IssuedCode {
    /// The date and time as `DD-MM-YYYY HH:MM:SS`; another form of the date is not changed.
    #[must_use]
    pub fn stamp(&self) -> String {
        let (date, time) = &self.at;
        let parts: Vec<&str> = date.split('-').collect();
        match parts.as_slice() {
            [year, month, day] => format!("{day}-{month}-{year} {time}"),
            _ => format!("{date} {time}"),
        }
    }

    /// Whether the document is a sale receipt.
    #[must_use]
    pub const fn is_sale(&self) -> bool {
        self.kind == 0
    }

    /// Whether the document is a refund receipt.
    #[must_use]
    pub const fn is_refund(&self) -> bool {
        matches!(self.kind, 1..=3)
    }
}

/// The identity of a device (5Ah).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The name of the model.
    pub name: String,
    /// The firmware: revision, date and time.
    pub firmware: String,
    /// The checksum of the firmware.
    pub checksum: String,
    /// The state of the configuration switches.
    pub switches: String,
    /// The serial number of the device.
    pub serial: String,
    /// The number of the device's fiscal memory; empty if the firmware does not report it.
    pub fiscal_memory: String,
}

impl DeviceInfo {
    /// Writes `Name,FwRev FwDate FwTime,Chk,Sw,Serial,FM`.
    #[must_use]
    pub fn emit_six(&self) -> Vec<u8> {
        codepage::encode(&format!(
            "{},{},{},{},{},{}",
            self.name, self.firmware, self.checksum, self.switches, self.serial, self.fiscal_memory
        ))
    }

    /// Reads `Name,FwRev FwDate FwTime,Chk,Sw,Serial,FM`.
    #[must_use]
    pub fn parse_six(data: &[u8]) -> Option<Self> {
        let [name, firmware, checksum, switches, serial, memory] = comma_fields(data)?;
        Self::of([name, firmware, checksum, switches, serial, memory])
    }

    /// Writes `Model,Type,Firmware,Chk,Sw,Serial,FM`.
    #[must_use]
    pub fn emit_seven(&self) -> Vec<u8> {
        codepage::encode(&format!(
            "{},A,{},{},{},{},{}",
            self.name, self.firmware, self.checksum, self.switches, self.serial, self.fiscal_memory
        ))
    }

    /// Reads `Model,Type,Firmware,Chk,Sw,Serial,FM`.
    #[must_use]
    pub fn parse_seven(data: &[u8]) -> Option<Self> {
        let [name, _, firmware, checksum, switches, serial, memory] = comma_fields(data)?;
        Self::of([name, firmware, checksum, switches, serial, memory])
    }

    /// Writes `Name,FwRev FwDate FwTime,Chk,Sw,Serial`, with the serial number filled with blanks to twelve characters in front.
    #[must_use]
    pub fn emit_five(&self) -> Vec<u8> {
        codepage::encode(&format!(
            "{},{},{},{},{:>12}",
            self.name, self.firmware, self.checksum, self.switches, self.serial
        ))
    }

    /// Reads `Name,FwRev FwDate FwTime,Chk,Sw,Serial`: the device does not report its fiscal memory.
    #[must_use]
    pub fn parse_five(data: &[u8]) -> Option<Self> {
        let [name, firmware, checksum, switches, serial] = comma_fields(data)?;
        Self::of([name, firmware, checksum, switches, serial, String::new()])
    }

    /// The identity of these fields: name, firmware, checksum, switches, serial number, fiscal memory. `None` if there is no serial
    /// number, or if the switches stand in its place.
    pub(super) fn of(fields: [String; 6]) -> Option<Self> {
        let [name, firmware, checksum, switches, serial, fiscal_memory] = fields;
        let are_switches = serial.bytes().all(|byte| matches!(byte, b'0' | b'1'));
        (!are_switches).then_some(Self {
            name,
            firmware,
            checksum,
            switches,
            serial,
            fiscal_memory,
        })
    }
}

/// The fields of an answer without the blanks around them; `None` unless there are exactly this many.
fn comma_fields<const COUNT: usize>(data: &[u8]) -> Option<[String; COUNT]> {
    let fields: Vec<String> = codepage::decode(data)
        .split(',')
        .map(|field| field.trim().to_owned())
        .collect();
    fields.try_into().ok()
}

/// The number of characters of a sum in the answers of 40h and 6Eh, its sign included.
const SUM_WIDTH: usize = 12;

fn sums(amounts: &[i64; 8]) -> String {
    amounts.map(|amount| signed(amount, SUM_WIDTH)).join(",")
}

/// Reads at most eight sums.
fn read_sums(fields: &[&str]) -> Option<[i64; 8]> {
    let mut amounts = [0; 8];
    if fields.len() > amounts.len() {
        return None;
    }
    for (amount, field) in amounts.iter_mut().zip(fields) {
        *amount = parse_minor(field)?;
    }
    Some(amounts)
}
