//! The answers of Daisy commands about the day, the documents and the machine, as far as they differ from those of Datecs classic.
//!
//! Manuals: Daisy Tech, "Protocol for communication between fiscal devices and personal computer", V1.8.1, 2023, commands 62, 64, 65,
//! 69, 70, 90, 97, 110, 113, 116, 128; the Bulgarian edition V1.0, 2019.
//! Amounts are minor units here, and decimals or minor units on the line.

use super::codepage;
use super::fields::{decimal, parse_count, parse_decimal};
use super::isl_counters::{DayPayments, DeviceInfo, IssuedCode, IssuedDocument, LastZ};
use super::isl_daisy::FIRST_GROUP;
use super::isl_receipt::groups;
use super::isl_report::{Cash, DailyReport, LineLengths, Rates};

/// The rate of a tax group in which nothing can be sold.
const FORBIDDEN: &str = "-1.00";

/// Writes the answer of 45h: `Closure,Tax1…8,StTax1…8`.
#[must_use]
pub fn emit_daily(report: &DailyReport) -> Vec<u8> {
    let sums = sixteen(&report.groups, &report.refunds.unwrap_or_default());
    format!("{:04},{sums}", report.closure).into_bytes()
}

/// Reads the answer of 45h.
#[must_use]
pub fn parse_daily(data: &[u8]) -> Option<DailyReport> {
    let text = core::str::from_utf8(data).ok()?;
    let (closure, sums) = text.split_once(',')?;
    let (sales, refunds) = parse_sixteen(sums)?;
    Some(DailyReport {
        closure: parse_count(closure)?,
        grand_total: 0,
        groups: sales,
        refunds: Some(refunds),
    })
}

/// Writes the answer of 40h: `No,Tax1…8,StTax1…8,DDMMYY`, without refunds.
#[must_use]
pub fn emit_last_z(last: &LastZ) -> Vec<u8> {
    let sums = sixteen(&last.groups, &[0; 8]);
    format!("{:04},{sums},{}", last.closure, last.date).into_bytes()
}

/// Reads the answer of 40h.
#[must_use]
pub fn parse_last_z(data: &[u8]) -> Option<LastZ> {
    let text = core::str::from_utf8(data).ok()?;
    let (number, rest) = text.split_once(',')?;
    let (sums, date) = rest.rsplit_once(',')?;
    let is_date = date.len() == 6 && date.bytes().all(|byte| byte.is_ascii_digit());
    let (sales, _) = parse_sixteen(sums)?;
    is_date.then_some(LastZ {
        closure: parse_count(number)?,
        groups: sales,
        date: date.to_owned(),
    })
}

/// Writes the sales of the answer of 41h: `Tax1…8,StTax1…8`.
#[must_use]
pub fn emit_day_sales(sales: &[i64; 8]) -> Vec<u8> {
    sixteen(sales, &[0; 8]).into_bytes()
}

/// Reads the sales of the answer of 41h.
#[must_use]
pub fn parse_day_sales(data: &[u8]) -> Option<[i64; 8]> {
    parse_sixteen(core::str::from_utf8(data).ok()?).map(|(sales, _)| sales)
}

/// Writes the refunds of the answer of 41h.
#[must_use]
pub fn emit_day_refunds(refunds: &[i64; 8]) -> Vec<u8> {
    sixteen(&[0; 8], refunds).into_bytes()
}

/// Reads the refunds of the answer of 41h.
#[must_use]
pub fn parse_day_refunds(data: &[u8]) -> Option<[i64; 8]> {
    parse_sixteen(core::str::from_utf8(data).ok()?).map(|(_, refunds)| refunds)
}

fn sixteen(sales: &[i64; 8], refunds: &[i64; 8]) -> String {
    let both: Vec<String> = sales
        .iter()
        .chain(refunds)
        .map(|sum| decimal(*sum, 2))
        .collect();
    both.join(",")
}

fn parse_sixteen(text: &str) -> Option<([i64; 8], [i64; 8])> {
    let fields: Vec<&str> = text.split(',').collect();
    let (sales, refunds) = fields.split_at_checked(8)?;
    if refunds.len() != 8 {
        return None;
    }
    Some((
        groups(&mut sales.iter().copied())?,
        groups(&mut refunds.iter().copied())?,
    ))
}

/// Writes the answer of 6Eh: `Cash,Pay1…Pay4,ZRepNo,DocNo,InvoiceNo`. The number of the last Z-report is one less than that of the
/// next one; the numbers of the next document and invoice are not part of [`DayPayments`], and are written as 0.
#[must_use]
pub fn emit_day_payments(day: &DayPayments) -> Vec<u8> {
    let sums: Vec<String> = day
        .payments
        .iter()
        .take(5)
        .map(|sum| format!("{sum:010}"))
        .collect();
    let last = day.closure.saturating_sub(1);
    format!("{},{last:04},000000,0000000000", sums.join(",")).into_bytes()
}

/// Reads the answer of 6Eh: its last three fields are the number of the last Z-report, of the next document and of the next invoice,
/// whatever the number of payments is.
#[must_use]
pub fn parse_day_payments(data: &[u8]) -> Option<DayPayments> {
    let text = core::str::from_utf8(data).ok()?;
    let fields: Vec<&str> = text.split(',').collect();
    let [sums @ .., last_z, next_document, next_invoice] = fields.as_slice() else {
        return None;
    };
    if sums.len() < 5 {
        return None;
    }
    parse_count(next_document)?;
    parse_count(next_invoice)?;
    Some(DayPayments {
        payments: groups(&mut sums.iter().copied())?,
        closure: parse_count(last_z)?.checked_add(1)?,
        next_receipt: None,
    })
}

/// Writes the answer of 46h: `P|F,Cash,In,Out`.
#[must_use]
pub fn emit_cash(cash: &Cash) -> Vec<u8> {
    let code = if cash.done { 'P' } else { 'F' };
    let sums = [cash.cash, cash.paid_in, cash.taken_out].map(|sum| decimal(sum, 2));
    format!("{code},{}", sums.join(",")).into_bytes()
}

/// Writes the answer of 71h: a number of six digits.
#[must_use]
pub fn emit_document(number: u32) -> Vec<u8> {
    format!("{number:06}").into_bytes()
}

/// Writes the data of 74h: nothing for the last document; otherwise the number of a document, of which V1.8.1 says that it is
/// "decremented by one".
#[must_use]
pub fn emit_issued_question(number: Option<u32>) -> Vec<u8> {
    number.map_or_else(Vec::new, |number| number.to_string().into_bytes())
}

/// Reads the data of 74h.
#[must_use]
pub fn parse_issued_question(data: &[u8]) -> Option<Option<u32>> {
    if data.is_empty() {
        return Some(None);
    }
    parse_count(core::str::from_utf8(data).ok()?).map(Some)
}

/// Writes the answer of 74h: `P F|S , Type,FM*No*YYYY-MM-DD*HH:MM:SS*Sum`, or `XXXXX` for a document without a code.
#[must_use]
pub fn emit_issued(document: &IssuedDocument) -> Vec<u8> {
    let letter = if document.fiscal { 'F' } else { 'S' };
    let code = match &document.code {
        None => "XXXXX".to_owned(),
        Some(code) => format!(
            "{},{}*{:06}*{}*{}*{}",
            code.kind,
            code.memory,
            code.number,
            code.at.0,
            code.at.1,
            decimal(code.sum, 2)
        ),
    };
    format!("P{letter},{code}").into_bytes()
}

/// Reads the answer of 74h.
#[must_use]
pub fn parse_issued(data: &[u8]) -> Option<IssuedDocument> {
    let text = core::str::from_utf8(data).ok()?;
    let (fiscal, code) = match text.split_at_checked(3)? {
        ("PF,", code) => (true, code),
        ("PS,", code) => (false, code),
        _ => return None,
    };
    let code = match code {
        "XXXXX" => None,
        code => {
            let (kind, code) = code.split_once(',')?;
            let parts: Vec<&str> = code.split('*').collect();
            let [memory, number, date, time, sum] = parts.as_slice() else {
                return None;
            };
            Some(IssuedCode {
                kind: parse_count(kind)?,
                memory: (*memory).to_owned(),
                number: parse_count(number)?,
                at: ((*date).to_owned(), (*time).to_owned()),
                sum: parse_decimal(sum, 2)?,
            })
        }
    };
    Some(IssuedDocument { fiscal, code })
}

/// Writes the answer of 5Ah: `FwRev DD-MM-YYYY HH:MM,Chk,Sw,Country,Serial,FM`.
#[must_use]
pub fn emit_device_info(info: &DeviceInfo) -> Vec<u8> {
    write_info(&info.firmware, info)
}

/// Reads the answer of 5Ah in which three words describe the firmware, and nothing the model, unless it has the form of V1.0.
#[must_use]
pub fn parse_device_info(data: &[u8]) -> Option<DeviceInfo> {
    read_without_model(data).filter(|info| !is_in_digits(&info.firmware))
}

/// Writes the answer of 5Ah: `FwRev DDMMYY HHMM,Chk,Sw,Country,Serial,FM`, with four letters of the version of the firmware.
#[must_use]
pub fn emit_device_info_in_digits(info: &DeviceInfo) -> Vec<u8> {
    let mut words = info.firmware.split(' ');
    let version: String = words.next().unwrap_or("").chars().take(4).collect();
    let digits = |word: &str| -> String { word.chars().filter(char::is_ascii_digit).collect() };
    let date = digits(words.next().unwrap_or(""));
    let time = digits(words.next().unwrap_or(""));
    // DDMMYYYY without the century.
    let date = match date.split_at_checked(4) {
        Some((day, year)) if year.len() == 4 => format!("{day}{}", year.get(2..).unwrap_or("")),
        _ => date,
    };
    write_info(&format!("{version} {date} {time}"), info)
}

/// Reads the answer of 5Ah in the form of V1.0: date and time of the firmware are six and four digits.
#[must_use]
pub fn parse_device_info_in_digits(data: &[u8]) -> Option<DeviceInfo> {
    read_without_model(data).filter(|info| is_in_digits(&info.firmware))
}

fn read_without_model(data: &[u8]) -> Option<DeviceInfo> {
    let (words, info) = read_info(data)?;
    (words.len() == 3).then(|| DeviceInfo {
        name: MAKER.to_owned(),
        firmware: words.join(" "),
        ..info
    })
}

/// Whether date and time of the firmware are six and four digits.
fn is_in_digits(firmware: &str) -> bool {
    let words: Vec<&str> = firmware.split(' ').collect();
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(words.as_slice(), [_, date, time]
        if date.len() == 6 && time.len() == 4 && are_digits(date) && are_digits(time))
}

/// Writes the answer of 5Ah: `Model FwRev FwDate FwTime,Chk,Sw,Country,Serial,FM`.
#[must_use]
pub fn emit_device_info_with_model(info: &DeviceInfo) -> Vec<u8> {
    write_info(&format!("{} {}", info.name, info.firmware), info)
}

/// Reads the answer of 5Ah in which the model is the first of four words.
#[must_use]
pub fn parse_device_info_with_model(data: &[u8]) -> Option<DeviceInfo> {
    let (words, info) = read_info(data)?;
    match words.split_first()? {
        (name, firmware) if firmware.len() == 3 => Some(DeviceInfo {
            name: name.clone(),
            firmware: firmware.join(" "),
            ..info
        }),
        _ => None,
    }
}

/// The name of a machine that does not report its model.
const MAKER: &str = "Daisy";
/// The number of Bulgaria in the answer of 5Ah.
const BULGARIA: &str = "6";

fn write_info(words: &str, info: &DeviceInfo) -> Vec<u8> {
    // The manuals have four digits.
    let switches: String = info.switches.chars().take(4).collect();
    codepage::encode(&format!(
        "{words},{},{switches},{BULGARIA},{},{}",
        info.checksum, info.serial, info.fiscal_memory
    ))
}

/// The words of the first field, and the other five fields. The fourth field is the number of a country, so that an answer of Datecs,
/// which has six fields too, does not fit.
fn read_info(data: &[u8]) -> Option<(Vec<String>, DeviceInfo)> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let [words, checksum, switches, country, serial, memory] = fields.as_slice() else {
        return None;
    };
    if country.len() > 2 || parse_count(country).is_none() || serial.is_empty() {
        return None;
    }
    let words = words.split(' ').map(str::to_owned).collect();
    let info = DeviceInfo {
        name: String::new(),
        firmware: String::new(),
        checksum: (*checksum).to_owned(),
        switches: (*switches).to_owned(),
        serial: (*serial).to_owned(),
        fiscal_memory: (*memory).to_owned(),
    };
    Some((words, info))
}

/// The shortest and the longest line that a machine can have, in characters.
const LINE: core::ops::RangeInclusive<usize> = 10..=64;
/// The number of constants; V1.0 says 25 or 26.
const CONSTANTS: core::ops::RangeInclusive<usize> = 25..=26;

/// Writes the 26 constants of 80h: only the lengths of a comment (10) and of a name (11) are those of `lengths`.
#[must_use]
pub fn emit_constants(lengths: LineLengths) -> Vec<u8> {
    let LineLengths { text, name } = lengths;
    let head = [&b"384,144,5,8,,,"[..], &[FIRST_GROUP], b",8,"].concat();
    let columns = text.saturating_add(4);
    let tail = format!("{columns},{text},{name},8,8,0,13,50,30000,1,1,0,20,12,0,0,0,0");
    [head, tail.into_bytes()].concat()
}

/// Reads the constants of 80h: the length of a comment (10) and of a name (11). A name is cut at the shorter of the two.
#[must_use]
pub fn parse_constants(data: &[u8]) -> Option<LineLengths> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(',').collect();
    if !CONSTANTS.contains(&fields.len()) {
        return None;
    }
    let length = |place: usize| {
        let length = usize::try_from(parse_count(fields.get(place)?)?).ok()?;
        LINE.contains(&length).then_some(length)
    };
    let comment = length(9)?;
    Some(LineLengths {
        text: comment,
        name: length(10)?.min(comment),
    })
}

/// Writes the answer of 61h: eight rates, `-1.00` for a group in which nothing can be sold.
#[must_use]
pub fn emit_rates(rates: &Rates) -> Vec<u8> {
    let rates = rates
        .rates
        .map(|rate| rate.map_or_else(|| FORBIDDEN.to_owned(), |rate| decimal(rate, 2)));
    rates.join(",").into_bytes()
}

/// Reads one to eight rates, as in the answer of 61h and in the data of 60h.
#[must_use]
pub fn parse_rates(data: &[u8]) -> Option<Rates> {
    let text = core::str::from_utf8(data).ok()?;
    let mut rates = [None; 8];
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    if fields.len() > rates.len() {
        return None;
    }
    for (rate, field) in rates.iter_mut().zip(fields) {
        let figure = parse_decimal(field, 2)?;
        *rate = (figure >= 0).then_some(figure);
    }
    Some(Rates {
        rates,
        currency: String::new(),
    })
}

/// Writes the answer of 3Eh with points in the date, as V1.8.1 does.
#[must_use]
pub fn emit_clock_with_points(clock: &str) -> Vec<u8> {
    clock.replacen('-', ".", 2).into_bytes()
}

/// Reads the answer of 3Eh with points in the date: the result has dashes, as in every other family.
#[must_use]
pub fn parse_clock_with_points(data: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(data).ok()?;
    is_clock(text, '.').then(|| text.replacen('.', "-", 2))
}

/// Reads the answer of 3Eh with dashes in the date.
#[must_use]
pub fn parse_clock(data: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(data).ok()?;
    is_clock(text, '-').then(|| text.to_owned())
}

fn is_clock(text: &str, mark: char) -> bool {
    let shape: String = text
        .chars()
        .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
        .collect();
    shape == format!("00{mark}00{mark}00 00:00:00")
}
