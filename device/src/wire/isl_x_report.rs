//! The parameters of Datecs X commands about the device, its day and its documents, and their answers after the error code.
//!
//! Manual: Datecs X (group C), v2.08, commands 50, 62, 64, 65, 69, 70, 74, 76, 90, 94, 95, 103, 110, 255.
//! Amounts are minor units here and decimals on the line.

use super::fields::{decimal, parse_count, parse_decimal};
use super::isl_counters::{DayPayments, DeviceInfo, LastZ};
use super::isl_report::{Cash, DailyReport, LastFiscalReceipt, Rates, ReceiptSums, Transaction};
use super::isl_status::Status;
use super::isl_x::{TAB, emit, parse};
use super::isl_x_receipt::decimals;

/// Writes the answer of 4Ch: `IsOpen,Number,Items,Amount,Payed`, of the current receipt or the last one.
#[must_use]
pub fn emit_transaction(state: &Transaction) -> Vec<u8> {
    let open = match (state.open, state.slip, state.refund) {
        (false, _, _) => "0",
        (true, true, _) => "5",
        (true, _, true) => "3",
        (true, _, false) => "1",
    };
    emit(&[
        open,
        &state.document.unwrap_or(0).to_string(),
        &state.items.to_string(),
        &decimal(state.amount, 2),
        &decimal(state.tender.unwrap_or(0), 2),
    ])
}

/// Reads the five fields of the answer of 4Ch.
#[must_use]
pub fn parse_transaction(data: &[u8]) -> Option<Transaction> {
    let fields = parse(data)?;
    let [open, number, items, amount, paid] = fields.as_slice() else {
        return None;
    };
    transaction([open, number, items, amount, paid])
}

/// Writes the answer of 4Ch with the numbers of the fiscal receipt: `IsOpen,Number,FnumberRep,FNumber,Items,Amount,Payed`.
#[must_use]
pub fn emit_transaction_with_numbers(state: &Transaction) -> Vec<u8> {
    let (z_number, fiscal) = state.fiscal.unwrap_or_default();
    emit(&[
        if state.open { "1" } else { "0" },
        &state.document.unwrap_or(0).to_string(),
        &z_number.to_string(),
        &fiscal.to_string(),
        &state.items.to_string(),
        &decimal(state.amount, 2),
        &decimal(state.tender.unwrap_or(0), 2),
    ])
}

/// Reads the seven fields of the answer of 4Ch.
#[must_use]
pub fn parse_transaction_with_numbers(data: &[u8]) -> Option<Transaction> {
    let fields = parse(data)?;
    let [open, number, z_report, fiscal, items, amount, paid] = fields.as_slice() else {
        return None;
    };
    Some(Transaction {
        fiscal: Some((parse_count(z_report)?, parse_count(fiscal)?)),
        ..transaction([open, number, items, amount, paid])?
    })
}

fn transaction([open, number, items, amount, paid]: [&String; 5]) -> Option<Transaction> {
    Some(Transaction {
        open: match open.as_str() {
            "0" => false,
            "1" | "2" | "3" | "4" | "5" => true,
            _ => return None,
        },
        items: parse_count(items)?,
        amount: parse_decimal(amount, 2)?,
        tender: Some(parse_decimal(paid, 2)?),
        document: Some(parse_count(number)?),
        refund: matches!(open.as_str(), "2" | "3" | "4"),
        slip: open == "5",
        fiscal: None,
    })
}

/// Writes the answer of 67h: `SumA..H,Inv,InvNum,fStorno`.
#[must_use]
pub fn emit_receipt_sums(sums: &ReceiptSums) -> Vec<u8> {
    let flag = |on| if on { "1" } else { "0" }.to_owned();
    let mut fields: Vec<String> = sums.groups.map(|group| decimal(group, 2)).to_vec();
    fields.extend([flag(sums.invoice), "0".to_owned(), flag(sums.refund)]);
    emit(&fields)
}

/// Reads the answer of 67h.
#[must_use]
pub fn parse_receipt_sums(data: &[u8]) -> Option<ReceiptSums> {
    let fields = parse(data)?;
    let mut fields = fields.iter().map(String::as_str);
    Some(ReceiptSums {
        can_void: true,
        groups: decimals(&mut fields)?,
        invoice: fields.next()? == "1",
        refund: fields.nth(1)? == "1",
    })
}

/// Writes the parameters of 46h: type 0 is in, 1 is out; an amount of 0 is a question and prints nothing.
#[must_use]
pub fn emit_cash_request(amount: &Option<i64>) -> Vec<u8> {
    let amount = amount.unwrap_or(0);
    let kind = if amount < 0 { "1" } else { "0" };
    emit(&[kind, &decimal(amount.saturating_abs(), 2)])
}

/// Reads the parameters of 46h.
#[must_use]
pub fn parse_cash_request(data: &[u8]) -> Option<Option<i64>> {
    let fields = parse(data)?;
    let (kind, amount) = match fields.as_slice() {
        [kind] => (kind, ""),
        [kind, amount] => (kind, amount.as_str()),
        _ => return None,
    };
    let amount = match amount {
        "" => 0,
        figure => parse_decimal(figure, 2).filter(|amount| *amount >= 0)?,
    };
    let signed = match kind.as_str() {
        "0" => amount,
        "1" => amount.checked_neg()?,
        _ => return None,
    };
    Some((signed != 0).then_some(signed))
}

/// Writes the answer of 46h: `CashSum,In,Out`.
#[must_use]
pub fn emit_cash(cash: &Cash) -> Vec<u8> {
    emit(&[cash.cash, cash.paid_in, cash.taken_out].map(|sum| decimal(sum, 2)))
}

/// Reads the answer of 46h. After a failure there is an error code instead.
#[must_use]
pub fn parse_cash(data: &[u8]) -> Option<Cash> {
    let fields = parse(data)?;
    let [cash, paid_in, taken_out] = fields.as_slice() else {
        return None;
    };
    Some(Cash {
        done: true,
        cash: parse_decimal(cash, 2)?,
        paid_in: parse_decimal(paid_in, 2)?,
        taken_out: parse_decimal(taken_out, 2)?.checked_abs()?,
    })
}

/// Writes the answer of 45h: `nRep,TotA..H,StorA..H`.
#[must_use]
pub fn emit_daily(report: &DailyReport) -> Vec<u8> {
    let mut fields = vec![report.closure.to_string()];
    fields.extend(report.groups.map(|sum| decimal(sum, 2)));
    fields.extend(
        report
            .refunds
            .unwrap_or_default()
            .map(|sum| decimal(sum, 2)),
    );
    emit(&fields)
}

/// Reads the answer of 45h.
#[must_use]
pub fn parse_daily(data: &[u8]) -> Option<DailyReport> {
    let fields = parse(data)?;
    let mut fields = fields.iter().map(String::as_str);
    Some(DailyReport {
        closure: parse_count(fields.next()?)?,
        grand_total: 0,
        groups: decimals(&mut fields)?,
        refunds: Some(decimals(&mut fields)?),
    })
}

/// Writes the answer of 40h: `nRep,SumA..H,Date`.
#[must_use]
pub fn emit_last_z(last: &LastZ) -> Vec<u8> {
    let mut fields = vec![last.closure.to_string()];
    fields.extend(last.groups.map(|sum| decimal(sum, 2)));
    fields.push(dashed(&last.date));
    emit(&fields)
}

/// Reads the answer of 40h, whose date is `DD-MM-YY`.
#[must_use]
pub fn parse_last_z(data: &[u8]) -> Option<LastZ> {
    let fields = parse(data)?;
    let [number, groups @ .., date] = fields.as_slice() else {
        return None;
    };
    let digits = date.replace('-', "");
    if groups.len() != 8 || (dashed(&digits) != *date) {
        return None;
    }
    Some(LastZ {
        closure: parse_count(number)?,
        groups: decimals(&mut groups.iter().map(String::as_str))?,
        date: digits,
    })
}

/// Writes the answer of 41h: `nRep,SumA..H`. The number is that of the current day, which is not used here.
#[must_use]
pub fn emit_day_groups(groups: &[i64; 8]) -> Vec<u8> {
    let mut fields = vec!["1".to_owned()];
    fields.extend(groups.map(|sum| decimal(sum, 2)));
    emit(&fields)
}

/// Reads the answer of 41h.
#[must_use]
pub fn parse_day_groups(data: &[u8]) -> Option<[i64; 8]> {
    let fields = parse(data)?;
    decimals(&mut fields.iter().skip(1).map(String::as_str)).filter(|_| fields.len() > 1)
}

/// Writes the answer of 6Eh with type 0: `Pay1..Pay6,ForeignPay`.
#[must_use]
pub fn emit_day_payments(day: &DayPayments) -> Vec<u8> {
    let sums: Vec<String> = day
        .payments
        .iter()
        .take(7)
        .map(|sum| decimal(*sum, 2))
        .collect();
    emit(&sums)
}

/// Reads the answer of 6Eh with type 0.
#[must_use]
pub fn parse_day_payments(data: &[u8]) -> Option<DayPayments> {
    let fields = parse(data)?;
    if fields.len() < 6 {
        return None;
    }
    Some(DayPayments {
        payments: decimals(&mut fields.iter().map(String::as_str))?,
        closure: 0,
        next_receipt: None,
    })
}

/// Writes the answer of 5Ah: `Name,FwRev,FwDate,FwTime,Chk,Sw,Serial,FM`.
#[must_use]
pub fn emit_device_info(info: &DeviceInfo) -> Vec<u8> {
    let mut fields = device_fields(info);
    fields.push(info.fiscal_memory.clone());
    emit(&fields)
}

/// Writes the answer of 5Ah without the fiscal memory: `Name,FwRev,FwDate,FwTime,Chk,Sw,Serial`.
#[must_use]
pub fn emit_device_info_without_memory(info: &DeviceInfo) -> Vec<u8> {
    emit(&device_fields(info))
}

fn device_fields(info: &DeviceInfo) -> Vec<String> {
    let mut firmware = info.firmware.splitn(3, ' ').map(str::to_owned);
    let mut next = || firmware.next().unwrap_or_default();
    vec![
        info.name.clone(),
        next(),
        next(),
        next(),
        info.checksum.clone(),
        info.switches.clone(),
        info.serial.clone(),
    ]
}

/// Reads the eight fields of the answer of 5Ah.
#[must_use]
pub fn parse_device_info(data: &[u8]) -> Option<DeviceInfo> {
    let fields = parse(data)?;
    let [device @ .., memory] = fields.as_slice() else {
        return None;
    };
    device_info(device, memory)
}

/// Reads the seven fields of the answer of 5Ah: the device does not report its fiscal memory.
#[must_use]
pub fn parse_device_info_without_memory(data: &[u8]) -> Option<DeviceInfo> {
    device_info(&parse(data)?, "")
}

fn device_info(fields: &[String], memory: &str) -> Option<DeviceInfo> {
    let [name, revision, date, time, checksum, switches, serial] = fields else {
        return None;
    };
    let trimmed = |field: &str| field.trim().to_owned();
    DeviceInfo::of([
        trimmed(name),
        format!("{revision} {date} {time}"),
        checksum.clone(),
        switches.clone(),
        trimmed(serial),
        trimmed(memory),
    ])
}

/// Writes the answer of 32h: `nZreport,TaxA..H,EntDate`; 100.00 is a disabled group.
#[must_use]
pub fn emit_rates(rates: &Rates) -> Vec<u8> {
    let mut fields = vec!["1".to_owned()];
    fields.extend(
        rates
            .rates
            .map(|rate| decimal(rate.unwrap_or(RATE_DISABLED), 2)),
    );
    fields.push("01-01-26".to_owned());
    emit(&fields)
}

/// Reads the answer of 32h. A device with fewer tax groups sends fewer rates.
#[must_use]
pub fn parse_rates(data: &[u8]) -> Option<Rates> {
    let fields = parse(data)?;
    let mut rates = [None; 8];
    for (rate, field) in rates.iter_mut().zip(fields.iter().skip(1)) {
        if field.contains('-') {
            break;
        }
        *rate = Some(parse_decimal(field, 2)?).filter(|rate| *rate < RATE_DISABLED);
    }
    Some(Rates {
        rates,
        currency: String::new(),
    })
}

/// Writes the data of 53h: `TaxA..H,decimal_point`.
#[must_use]
pub fn emit_rates_set(rates: &Rates) -> Vec<u8> {
    let mut fields = rates
        .rates
        .map(|rate| decimal(rate.unwrap_or(RATE_DISABLED), 2))
        .to_vec();
    fields.push("2".to_owned());
    emit(&fields)
}

/// Reads the data of 53h.
#[must_use]
pub fn parse_rates_set(data: &[u8]) -> Option<Rates> {
    let fields = parse(data)?;
    if fields.len() != 9 || fields.last().is_none_or(|point| point != "2") {
        return None;
    }
    let mut rates = [None; 8];
    for (rate, field) in rates.iter_mut().zip(&fields) {
        *rate = Some(parse_decimal(field, 2)?).filter(|rate| *rate < RATE_DISABLED);
    }
    Some(Rates {
        rates,
        currency: String::new(),
    })
}

const RATE_DISABLED: i64 = 10_000;

/// Writes the answer of 4Ah: the status bytes as a parameter.
#[must_use]
pub fn emit_status(status: &Status) -> Vec<u8> {
    let mut data = status.bytes().to_vec();
    data.push(TAB);
    data
}

/// Reads the answer of 4Ah.
#[must_use]
pub fn parse_status(data: &[u8]) -> Option<Status> {
    Status::from_slice(data.strip_suffix(&[TAB])?)
}

/// Reads the answer of 3Eh without the mark of summer time.
#[must_use]
pub fn parse_clock(data: &[u8]) -> Option<String> {
    let fields = parse(data)?;
    let text = fields.first()?;
    let text = text.strip_suffix("DST").unwrap_or(text).trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Writes the answer of 7Bh `3`: `BonFiscal,DateTime,Znumber,Zdate`.
#[must_use]
pub fn emit_last_receipt(last: &LastFiscalReceipt) -> Vec<u8> {
    emit(&[
        &last.number.to_string(),
        &last.at,
        &last.z_number.to_string(),
        &last.z_at,
    ])
}

/// Reads the answer of 7Bh `3`. The time of the receipt must be there.
#[must_use]
pub fn parse_last_receipt(data: &[u8]) -> Option<LastFiscalReceipt> {
    let fields = parse(data)?;
    let [number, at, z_number, z_at] = fields.as_slice() else {
        return None;
    };
    (!at.is_empty()).then_some(LastFiscalReceipt {
        number: parse_count(number)?,
        at: at.clone(),
        z_number: parse_count(z_number)?,
        z_at: z_at.clone(),
    })
}

/// Writes a text as the only parameter.
#[must_use]
pub fn emit_one(text: &String) -> Vec<u8> {
    emit(&[text])
}

/// Writes a number as the only parameter.
#[must_use]
pub fn emit_number(number: &u32) -> Vec<u8> {
    emit(&[number.to_string()])
}

/// Reads a number that is the only parameter.
#[must_use]
pub fn parse_number(data: &[u8]) -> Option<u32> {
    match parse(data)?.as_slice() {
        [number] => parse_count(number),
        _ => None,
    }
}

/// Writes the date `DDMMYY` as `DD-MM-YY`.
#[must_use]
pub fn dashed(date: &str) -> String {
    match (date.get(..2), date.get(2..4), date.get(4..)) {
        (Some(day), Some(month), Some(year)) if date.len() == 6 => {
            format!("{day}-{month}-{year}")
        }
        _ => date.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transaction_of_the_manual() {
        let state = parse_transaction(b"1\t101\t2\t19.00\t0.00\t").unwrap();
        assert_eq!(
            (
                state.open,
                state.document,
                state.items,
                state.amount,
                state.tender
            ),
            (true, Some(101), 2, 1_900, Some(0))
        );
        assert_eq!(emit_transaction(&state), b"1\t101\t2\t19.00\t0.00\t");
        assert!(
            parse_transaction(b"3\t101\t2\t19.00\t0.00\t")
                .unwrap()
                .refund
        );
        assert!(parse_transaction(b"5\t101\t0\t0.00\t0.00\t").unwrap().slip);
        assert_eq!(parse_transaction(b"6\t101\t2\t19.00\t0.00\t"), None);
    }

    #[test]
    fn reports_come_back_as_they_were() {
        let groups = [1033, 825, 0, 0, 0, 0, 0, 5];
        let daily = DailyReport {
            closure: 3,
            grand_total: 0,
            groups,
            refunds: Some([1, 0, 0, 0, 0, 0, 0, 0]),
        };
        assert_eq!(parse_daily(&emit_daily(&daily)), Some(daily));
        let last = LastZ {
            closure: 3,
            groups,
            date: "211126".to_owned(),
        };
        assert_eq!(parse_last_z(&emit_last_z(&last)), Some(last));
        assert_eq!(parse_day_groups(&emit_day_groups(&groups)), Some(groups));
        assert_eq!(parse_day_groups(b"1\t"), None);
        let rates = Rates {
            rates: [Some(2000), Some(800), None, None, None, None, None, Some(0)],
            currency: String::new(),
        };
        assert_eq!(parse_rates(&emit_rates(&rates)), Some(rates.clone()));
        assert_eq!(parse_rates_set(&emit_rates_set(&rates)), Some(rates));
        let info = DeviceInfo {
            name: "FP-700X".to_owned(),
            firmware: "2.00BG 21NOV26 1000".to_owned(),
            checksum: "FFFF".to_owned(),
            switches: "00000000".to_owned(),
            serial: "DT700001".to_owned(),
            fiscal_memory: "02700001".to_owned(),
        };
        assert_eq!(parse_device_info(&emit_device_info(&info)), Some(info));
    }

    #[test]
    fn cash_is_asked_and_answered() {
        for (amount, data) in [
            (None, &b"0\t0.00\t"[..]),
            (Some(10_000), b"0\t100.00\t"),
            (Some(-500), b"1\t5.00\t"),
        ] {
            assert_eq!(emit_cash_request(&amount), data);
            assert_eq!(parse_cash_request(data), Some(amount));
        }
        assert_eq!(parse_cash_request(b"0\t\t"), Some(None));
        assert_eq!(parse_cash_request(b"2\t1.00\t"), None);
        let sums = ReceiptSums {
            can_void: true,
            groups: [1, 2, 3, 0, 0, 0, 0, 0],
            invoice: false,
            refund: true,
        };
        assert_eq!(parse_receipt_sums(&emit_receipt_sums(&sums)), Some(sums));
        assert_eq!(
            parse_clock(b"21-11-26 10:30:00 DST\t").unwrap(),
            "21-11-26 10:30:00"
        );
        assert_eq!(dashed("211126"), "21-11-26");
        let last = LastFiscalReceipt {
            number: 3,
            at: "28-11-26 04:37:31".to_owned(),
            z_number: 12,
            z_at: String::new(),
        };
        assert_eq!(emit_last_receipt(&last), b"3\t28-11-26 04:37:31\t12\t\t");
        assert_eq!(parse_last_receipt(&emit_last_receipt(&last)), Some(last));
        assert_eq!(parse_last_receipt(b"0\t\t12\t\t"), None);
        assert_eq!(parse_last_receipt(b"3\t28-11-26 04:37:31\t12\t"), None);
    }
}
