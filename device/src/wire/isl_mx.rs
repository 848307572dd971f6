//! The data of Datecs MX commands, as far as they differ from those of X, and their answers after the error code.
//!
//! Manual: Datecs, "FP protocol", Bucharest, 27.11.2017, commands 48, 49, 50, 51, 53, 54, 56, 64, 65, 69, 83, 103, 110, 149, 255.
//! Amounts are minor units here and decimals on the line. The machine has seven tax groups: A to E, other taxes, exempt.

use super::codepage;
use super::fields::{decimal, parse_count, parse_decimal};
use super::isl_counters::{DayPayments, LastZ};
use super::isl_payment::{PaymentRequest, ReceiptCounters};
use super::isl_receipt::{Open, Sale, SubtotalSums};
use super::isl_report::{DailyReport, Rates, ReceiptSums};
use super::isl_x::{TAB, emit, parse};
use super::isl_x_receipt::{self, mode_and_amount, payment_of};

/// The number of tax groups.
const GROUPS: usize = 7;
/// The unit of every sale. The unit may not be empty, and has at most six characters.
const UNIT: &str = "buc";
/// The largest number of characters of a unit.
const UNIT_MAX: usize = 6;

/// Writes the parameters of 30h: `Op,Pwd,Till,Invoice,ClientTAXN,AirPortID`. The last two stay empty.
#[must_use]
pub fn emit_open(open: &Open) -> Vec<u8> {
    let mut data = isl_x_receipt::emit_open(open);
    data.extend_from_slice(&[TAB; 2]);
    data
}

/// Writes the parameters of 30h as the maker's Moldovan samples do: `Op,Pwd,Till`.
#[must_use]
pub fn emit_short_open(open: &Open) -> Vec<u8> {
    emit(&[
        open.operator.to_string(),
        open.password.clone(),
        open.till.to_string(),
    ])
}

/// Reads three to six parameters of 30h. A unique sale number in the third place is an error, as on a Romanian DP-25MX.
#[must_use]
pub fn parse_open(data: &[u8]) -> Option<Open> {
    let fields = parse(data)?;
    let [operator, password, till, rest @ ..] = fields.as_slice() else {
        return None;
    };
    let client = rest.get(1).map_or("", String::as_str);
    if rest.len() > 3 || client.chars().count() > 18 {
        return None;
    }
    let invoice = match rest {
        [] => "",
        // The fourth of four parameters of the Moldovan samples is the buyer's number.
        [buyer] if buyer.bytes().all(|byte| byte.is_ascii_digit()) => "",
        [invoice, ..] => invoice,
    };
    isl_x_receipt::parse_open(&emit(&[operator, password, till, invoice]))
}

/// Writes the answer of every command of a receipt: `SlipNumber,nZrep,nFNum`.
#[must_use]
pub fn emit_numbers(counters: &ReceiptCounters) -> Vec<u8> {
    emit(&[
        counters.document.unwrap_or(0).to_string(),
        counters.z_number.unwrap_or(0).to_string(),
        counters.fiscal.to_string(),
    ])
}

/// Reads the answer of every command of a receipt: the three numbers, or the document number alone, as in the service and training
/// modes.
#[must_use]
pub fn parse_numbers(data: &[u8]) -> Option<ReceiptCounters> {
    let fields = parse(data)?;
    let (document, z_number, fiscal) = match fields.as_slice() {
        [document] => (document, None, 0),
        [document, z_number, fiscal, ..] => {
            (document, Some(parse_count(z_number)?), parse_count(fiscal)?)
        }
        _ => return None,
    };
    Some(ReceiptCounters {
        all: 0,
        fiscal,
        document: Some(parse_count(document)?),
        z_number,
    })
}

/// Writes the parameters of 31h: `Name,TaxCd,Price,Qty,DiscType,DiscValue,Department,Unit`. Department 0 is none.
#[must_use]
pub fn emit_sale(sale: &Sale) -> Vec<u8> {
    let mut data = isl_x_receipt::emit_sale(sale);
    data.extend_from_slice(&emit(&[UNIT]));
    data
}

/// Reads the parameters of 31h. Department and unit may not be empty, and there are seven tax groups.
#[must_use]
pub fn parse_sale(data: &[u8]) -> Option<Sale> {
    let fields = parse(data)?;
    let [_, tax, _, _, _, _, department, unit] = fields.as_slice() else {
        return None;
    };
    parse_count(department).filter(|number| *number <= 99)?;
    if unit.is_empty() || unit.chars().count() > UNIT_MAX {
        return None;
    }
    parse_count(tax).filter(|code| (1..=7).contains(code))?;
    isl_x_receipt::parse_sale(data)
}

/// Writes the answer of 33h: `Slip,Subtotal,TaxA..G`.
#[must_use]
pub fn emit_sums(sums: &SubtotalSums) -> Vec<u8> {
    let mut fields = vec![
        sums.document.unwrap_or(0).to_string(),
        decimal(sums.total, 2),
    ];
    fields.extend(seven(&sums.groups));
    emit(&fields)
}

/// Reads the answer of 33h.
#[must_use]
pub fn parse_sums(data: &[u8]) -> Option<SubtotalSums> {
    let fields = parse(data)?;
    let [document, total, groups @ ..] = fields.as_slice() else {
        return None;
    };
    Some(SubtotalSums {
        document: parse_count(document),
        total: parse_decimal(total, 2)?,
        groups: read_seven(groups)?,
    })
}

/// The letters for the payment modes 0 to 6 and 8. Mode 7 pays out cash from a card, and mode 9 is a foreign currency.
pub const MODES: [(char, &str); 8] = [
    ('P', "0"),
    ('N', "1"),
    ('D', "2"),
    ('I', "3"),
    ('J', "4"),
    ('K', "5"),
    ('L', "6"),
    ('M', "8"),
];

/// Writes the parameters of 35h: `PaidMode,Amount`.
#[must_use]
pub fn emit_payment(payment: &PaymentRequest) -> Vec<u8> {
    let (mode, amount) = mode_and_amount(&MODES, payment);
    emit(&[mode, &amount])
}

/// Reads the parameters of 35h.
#[must_use]
pub fn parse_payment(data: &[u8]) -> Option<PaymentRequest> {
    let fields = parse(data)?;
    let [mode, amount] = fields.as_slice() else {
        return None;
    };
    payment_of(&MODES, mode, amount)
}

/// Writes the parameters of 36h and 2Ah: a line of text, and six attributes that stay empty.
#[must_use]
pub fn emit_text(text: &[u8]) -> Vec<u8> {
    let mut data = text.to_vec();
    data.extend_from_slice(&[TAB; 7]);
    data
}

/// Reads the parameters of 36h and 2Ah: a line of text and up to six attributes.
#[must_use]
pub fn parse_text(data: &[u8]) -> Option<Vec<u8>> {
    let fields = parse(data)?;
    let text = fields.first()?;
    (fields.len() <= 7).then(|| codepage::encode(text))
}

/// Writes the answer of 67h: `SumA..F,SumExceptat,Inv`.
#[must_use]
pub fn emit_receipt_sums(sums: &ReceiptSums) -> Vec<u8> {
    let mut fields: Vec<String> = seven(&sums.groups).collect();
    fields.push(u8::from(sums.invoice).to_string());
    emit(&fields)
}

/// Reads the answer of 67h.
#[must_use]
pub fn parse_receipt_sums(data: &[u8]) -> Option<ReceiptSums> {
    let fields = parse(data)?;
    let [groups @ .., invoice] = fields.as_slice() else {
        return None;
    };
    Some(ReceiptSums {
        can_void: true,
        groups: read_seven(groups)?,
        invoice: flag(invoice)?,
        refund: false,
    })
}

/// Writes the answer of 45h: `nRep,TotA..F,TotExceptat,TotSInv,VatSInv`.
#[must_use]
pub fn emit_daily(report: &DailyReport) -> Vec<u8> {
    let mut fields = vec![report.closure.to_string()];
    fields.extend(seven(&report.groups));
    fields.extend(["0.00".to_owned(), "0.00".to_owned()]);
    emit(&fields)
}

/// Reads the answer of 45h. The sums of simplified invoices are part of the groups' sums. The machine has no refunds.
#[must_use]
pub fn parse_daily(data: &[u8]) -> Option<DailyReport> {
    let fields = parse(data)?;
    let [number, groups @ .., _, _] = fields.as_slice() else {
        return None;
    };
    Some(DailyReport {
        closure: parse_count(number)?,
        grand_total: 0,
        groups: read_seven(groups)?,
        refunds: None,
    })
}

/// Writes the answer of 40h: `nRep,SumA..G,SumSInv,Date`.
#[must_use]
pub fn emit_last_z(last: &LastZ) -> Vec<u8> {
    let pair = |from: usize| last.date.get(from..from.saturating_add(2));
    let date = format!(
        "{}-{}-20{} 22:00:00",
        pair(0).unwrap_or_default(),
        pair(2).unwrap_or_default(),
        pair(4).unwrap_or_default()
    );
    let mut fields = vec![last.closure.to_string()];
    fields.extend(seven(&last.groups));
    fields.extend(["0.00".to_owned(), date]);
    emit(&fields)
}

/// Reads the answer of 40h, whose date is `DD-MM-YYYY hh:mm:ss`, perhaps with ` DST`.
#[must_use]
pub fn parse_last_z(data: &[u8]) -> Option<LastZ> {
    let fields = parse(data)?;
    let [number, groups @ .., _, date] = fields.as_slice() else {
        return None;
    };
    let (date, _) = date.split_once(' ')?;
    let parts: Vec<&str> = date.split('-').collect();
    let [day, month, year] = parts.as_slice() else {
        return None;
    };
    let digits = format!("{day}{month}{}", year.strip_prefix("20")?);
    let is_date = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some(LastZ {
        closure: parse_count(number)?,
        groups: read_seven(groups)?,
        date: is_date.then_some(digits)?,
    })
}

/// Writes the answer of 41h: `nRep,SumA..G`. The number is that of the current day, which is not used here.
#[must_use]
pub fn emit_day_groups(groups: &[i64; 8]) -> Vec<u8> {
    let mut fields = vec!["1".to_owned()];
    fields.extend(seven(groups));
    emit(&fields)
}

/// Reads the answer of 41h.
#[must_use]
pub fn parse_day_groups(data: &[u8]) -> Option<[i64; 8]> {
    let fields = parse(data)?;
    let (number, groups) = fields.split_first()?;
    parse_count(number)?;
    read_seven(groups)
}

/// The places of the [`MODES`] among the ten sums of 6Eh.
const PAYMENT_PLACES: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 8];
/// The number of sums in the answer of 6Eh with type 0.
const PAYMENT_FIELDS: usize = 10;

/// Writes the answer of 6Eh with type 0: `Pay1..Pay9,ForeignPay`.
#[must_use]
pub fn emit_day_payments(day: &DayPayments) -> Vec<u8> {
    let mut fields = vec!["0.00".to_owned(); PAYMENT_FIELDS];
    for (place, sum) in PAYMENT_PLACES.iter().zip(day.payments) {
        if let Some(field) = fields.get_mut(*place) {
            *field = decimal(sum, 2);
        }
    }
    emit(&fields)
}

/// Reads the answer of 6Eh with type 0. The sums of the modes 7 and 9, which a till does not use, are not returned.
#[must_use]
pub fn parse_day_payments(data: &[u8]) -> Option<DayPayments> {
    let fields = parse(data)?;
    if fields.len() != PAYMENT_FIELDS {
        return None;
    }
    let mut payments = [0; 8];
    for (payment, place) in payments.iter_mut().zip(PAYMENT_PLACES) {
        *payment = parse_decimal(fields.get(place)?, 2)?;
    }
    Some(DayPayments {
        payments,
        closure: 0,
        next_receipt: None,
    })
}

/// A rate from which on a tax group has no percentage: 100.00 is exempt, 100.01 not taxable, 100.02 disabled.
const NO_RATE: i64 = 10_000;
/// The rate of a disabled group.
const RATE_DISABLED: i64 = 10_002;

/// Writes the answer of 32h: `nZreport,TaxA..G,DateTime`.
#[must_use]
pub fn emit_rates(rates: &Rates) -> Vec<u8> {
    let mut fields = vec!["1".to_owned()];
    fields.extend(seven(
        &rates.rates.map(|rate| rate.unwrap_or(RATE_DISABLED)),
    ));
    fields.push("01-01-26 08:00:00".to_owned());
    emit(&fields)
}

/// Reads the answer of 32h. Exempt groups, groups that are not taxable and disabled groups have no rate.
#[must_use]
pub fn parse_rates(data: &[u8]) -> Option<Rates> {
    let fields = parse(data)?;
    let [number, groups @ .., _] = fields.as_slice() else {
        return None;
    };
    parse_count(number)?;
    rates_of(groups, GROUPS)
}

/// Writes the data of 53h: `TaxA..E`.
#[must_use]
pub fn emit_rates_set(rates: &Rates) -> Vec<u8> {
    let fields = rates.rates.iter().take(5);
    let fields: Vec<String> = fields
        .map(|rate| decimal(rate.unwrap_or(RATE_DISABLED), 2))
        .collect();
    emit(&fields)
}

/// Reads the data of 53h.
#[must_use]
pub fn parse_rates_set(data: &[u8]) -> Option<Rates> {
    rates_of(&parse(data)?, 5)
}

fn rates_of(fields: &[String], count: usize) -> Option<Rates> {
    let mut rates = [None; 8];
    if fields.len() != count {
        return None;
    }
    for (rate, field) in rates.iter_mut().zip(fields) {
        *rate = Some(parse_decimal(field, 2)?).filter(|rate| *rate < NO_RATE);
    }
    Some(Rates {
        rates,
        currency: String::new(),
    })
}

/// Writes the number of a last document as the number of the next one.
#[must_use]
pub fn emit_next(last: &u32) -> Vec<u8> {
    emit(&[last.saturating_add(1).to_string()])
}

/// Reads the number of the next document, and returns that of the last one.
#[must_use]
pub fn parse_next(data: &[u8]) -> Option<u32> {
    match parse(data)?.as_slice() {
        [next] => parse_count(next)?.checked_sub(1),
        _ => None,
    }
}

/// Writes a text as the only parameter.
#[must_use]
pub fn emit_value(value: &String) -> Vec<u8> {
    emit(&[value])
}

/// Reads a text that is the only parameter.
#[must_use]
pub fn parse_value(data: &[u8]) -> Option<String> {
    match parse(data)?.as_slice() {
        [value] => Some(value.trim().to_owned()),
        _ => None,
    }
}

/// The numbers of a machine and of its owner (7Bh `1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The number of the fiscal memory ("Serie Fiscala").
    pub fiscal_number: String,
    /// The taxpayer's number.
    pub tax_number: String,
}

/// Writes the answer of 7Bh `1`: `SerialNumber,FiscalNumber,Header1,Header2,TaxNumber`.
#[must_use]
pub fn emit_registration(numbers: &Registration) -> Vec<u8> {
    emit(&[
        "",
        numbers.fiscal_number.as_str(),
        "",
        "",
        &numbers.tax_number,
    ])
}

/// Reads the answer of 7Bh `1`. A Bulgarian machine has two more lines of the header behind the five fields.
#[must_use]
pub fn parse_registration(data: &[u8]) -> Option<Registration> {
    let fields = parse(data)?;
    let [_, fiscal_number, _, _, tax_number, ..] = fields.as_slice() else {
        return None;
    };
    Some(Registration {
        fiscal_number: fiscal_number.trim().to_owned(),
        tax_number: tax_number.trim().to_owned(),
    })
}

fn flag(field: &str) -> Option<bool> {
    match field {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn seven(groups: &[i64; 8]) -> impl Iterator<Item = String> {
    groups.iter().take(GROUPS).map(|sum| decimal(*sum, 2))
}

/// Reads exactly seven sums.
fn read_seven(fields: &[String]) -> Option<[i64; 8]> {
    let mut groups = [0; 8];
    if fields.len() != GROUPS {
        return None;
    }
    for (group, field) in groups.iter_mut().zip(fields) {
        *group = parse_decimal(field, 2)?;
    }
    Some(groups)
}

#[cfg(test)]
mod tests;
