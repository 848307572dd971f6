//! 70h and 72h: what the memory says about an operator and about one Z-report or several.

use super::ascii;
use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::memory::{Closure, CountedSum, Tallies};
use crate::emulator::isl::printer::{Answered, Printer};
use crate::wire::cause::Cause;
use crate::wire::codepage;
use crate::wire::fields::{decimal, parse_count};

/// 70h: all receipts of the day belong to the family's usual operator.
pub(in crate::emulator::isl) fn operator(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let text = ascii(data)?;
    let (number, refunds) = match text.split_once(',') {
        None => (text, false),
        Some((number, "1")) => (number, true),
        Some(_) => return None,
    };
    let number = parse_count(number)?;
    let seller = printer.protocol.seller;
    if !(1..=seller.operator_max).contains(&number) {
        return Some(Err((Cause::Syntax, None)));
    }
    let tallies = if number == seller.operator {
        printer.memory().day.tallies
    } else {
        Tallies::default()
    };
    let pair = |tally: CountedSum| format!("{};{}", tally.count, decimal(tally.sum, 2));
    let name = printer.operator_name(number);
    let mut fields = if refunds {
        let nothing = CountedSum::default();
        vec![
            tallies.refunds.count.to_string(),
            pair(tallies.refunds),
            pair(tallies.refunds),
            pair(nothing),
            pair(nothing),
        ]
    } else {
        vec![
            tallies.sales.count.to_string(),
            pair(tallies.sales),
            pair(tallies.discounts),
            pair(tallies.surcharges),
            pair(tallies.voids),
        ]
    };
    fields.push(name);
    // The maker's class DP25_BGR reads the answers of 6Eh and 70h without the result code of the manual.
    if printer.protocol.name == "datecs-b" && printer.firmware() != "dp25-sdk" {
        fields.insert(0, "P".to_owned());
    }
    Some(Ok(codepage::encode(&fields.join(","))))
}

/// 72h `Rec1,Type[,Rec2]`: `P` and the data of a Z-report or of a period, or `E` if there is no such Z-report.
pub(in crate::emulator::isl) fn closure(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields: Vec<&str> = ascii(data)?.split(',').collect();
    let (first, kind, last) = match fields.as_slice() {
        [first, kind] | [first, kind, ""] => (parse_count(first)?, *kind, None),
        [first, kind, last] => (parse_count(first)?, *kind, Some(parse_count(last)?)),
        _ => return None,
    };
    let closures: Vec<Closure> = printer
        .memory()
        .closures
        .iter()
        .filter(|closure| (first..=last.unwrap_or(first)).contains(&closure.number))
        .cloned()
        .collect();
    let Some(newest) = closures.last() else {
        return Some(Ok(b"E".to_vec()));
    };
    let at = Moment::of(newest.at).stamp();
    let sums = groups(&closures);
    let with_head = |groups: [i64; 8]| {
        let head = match last {
            None => format!("{},{}", newest.number, receipts(&closures)),
            Some(_) => period_head(&closures),
        };
        format!("P,{head},{}", groups.map(|sum| decimal(sum, 2)).join(","))
    };
    let net = || {
        let mut net = sums;
        for (sum, tax) in net.iter_mut().zip(printer.taxes(sums)) {
            *sum = sum.saturating_sub(tax);
        }
        net
    };
    let answer = match kind {
        "0" => format!("P,1,{},{at}", rates(printer)),
        "1" => with_head(sums),
        "2" => with_head(net()),
        "3" => with_head(printer.taxes(sums)),
        "4" => format!("P,{},1,0,1,{at}", newest.number),
        "5" => format!("P,{},{at}", rates(printer)),
        "7" => format!("P,{}", payments(&closures)),
        "8" => format!("P,{}", changes(&closures)),
        "9" => format!("P,{}", cash(&closures)),
        "10" => {
            let until: Vec<Closure> = printer
                .memory()
                .closures
                .iter()
                .filter(|closure| closure.number <= first)
                .cloned()
                .collect();
            let groups = groups(&until);
            let total = |groups: [i64; 8]| {
                groups
                    .iter()
                    .fold(0, |sum, one| i64::saturating_add(sum, *one))
            };
            let tax = printer.taxes(groups);
            format!("P,{},{}", decimal(total(groups), 2), decimal(total(tax), 2))
        }
        // No Z-report of this printer contains a reset, fuel or pumps.
        "6" | "11" | "12" | "13" | "14" | "15" => "E".to_owned(),
        _ => return None,
    };
    Some(Ok(answer.into_bytes()))
}

fn rates(printer: &Printer) -> String {
    let rates = printer.memory().rates;
    let enabled = rates
        .map(|rate| if rate.is_some() { "1" } else { "0" })
        .concat();
    let percents = rates.map(|rate| decimal(rate.unwrap_or(0), 2)).join(",");
    format!("2,{enabled},{percents}")
}

fn groups(closures: &[Closure]) -> [i64; 8] {
    let mut sums = [0_i64; 8];
    for closure in closures {
        for (sum, sold) in sums.iter_mut().zip(closure.day.sales) {
            *sum = sum.saturating_add(sold);
        }
    }
    sums
}

fn receipts(closures: &[Closure]) -> u32 {
    closures.iter().fold(0, |sum, closure| {
        u32::saturating_add(sum, closure.day.fiscal_receipts)
    })
}

fn tally(closures: &[Closure], of: fn(&Closure) -> CountedSum) -> String {
    let all = closures
        .iter()
        .map(of)
        .fold(CountedSum::default(), |sum, one| CountedSum {
            count: sum.count.saturating_add(one.count),
            sum: sum.sum.saturating_add(one.sum),
        });
    format!("{},{}", all.count, decimal(all.sum, 2))
}

/// `ClCnt,VR,VE,VT,SR,SE,ST`; this printer does not keep the reasons of refunds, so all count as returns.
fn period_head(closures: &[Closure]) -> String {
    let refunds = tally(closures, |closure| closure.day.tallies.refunds);
    let (count, sum) = refunds.split_once(',').unwrap_or(("0", "0.00"));
    format!("{},{count},0,0,{sum},0.00,0.00", closures.len())
}

/// `CashP,CardP,CredP,CheqP` and eleven more: the letters P, D, N, C, I to L, m to s.
fn payments(closures: &[Closure]) -> String {
    // The order of the day's payments is cash, credit, card, cheque, and the four others.
    let order = [0, 2, 1, 3, 4, 5, 6, 7];
    let mut fields: Vec<String> = order
        .iter()
        .map(|place: &usize| {
            let sum = closures.iter().fold(0_i64, |sum, closure| {
                let paid = closure.day.payments.get(*place).copied();
                sum.saturating_add(paid.unwrap_or(0))
            });
            decimal(sum, 2)
        })
        .collect();
    fields.resize(15, "0.00".to_owned());
    fields.join(",")
}

fn changes(closures: &[Closure]) -> String {
    [
        tally(closures, |closure| closure.day.tallies.discounts),
        tally(closures, |closure| closure.day.tallies.surcharges),
        tally(closures, |closure| closure.day.tallies.voids),
        tally(closures, |closure| closure.day.tallies.cancelled),
    ]
    .join(",")
}

fn cash(closures: &[Closure]) -> String {
    [
        tally(closures, |closure| closure.day.tallies.paid_in),
        tally(closures, |closure| closure.day.tallies.taken_out),
    ]
    .join(",")
}
