//! Commands of Daisy printers for operators, payments, departments, the journal, the modem and the fiscal memory.
//!
//! Manuals: Daisy Tech, V1.8.1, 2023, and V1.0, 2019.

use super::departments::Sold;
use super::{DONE, ascii, encoded};
use crate::emulator::isl::calendar::DAY;
use crate::emulator::isl::journal::{PrintedDocument, PrintedKind};
use crate::emulator::isl::memory::{Closure, CountedSum, FiscalReceipt, Tallies};
use crate::emulator::isl::printer::{Answered, Printer};
use crate::emulator::isl::report_commands::parse_date;
use crate::emulator::isl::service_commands::RATES_SINCE;
use crate::emulator::isl::text_report::{TextReport, UnsentLines};
use crate::wire::cause::Cause;
use crate::wire::codepage;
use crate::wire::fields::{decimal, parse_count};
use crate::wire::isl_service::Service;

/// The name of the firmware of the first edition of the manual.
pub(super) const FIRST_EDITION: &str = "daisy-1.0";
/// The answer to a command that was not carried out.
const FAILED: &[u8] = b"F";
/// The number of departments (constant 16 of 80h).
const DEPARTMENTS: u32 = 50;
/// The largest number of digits of a price in a department that no host has programmed.
const PRICE_DIGITS: u32 = 8;
/// The largest number of characters of a name (constant 11 of 80h).
const NAME_MAX: usize = 22;
/// The number of lines for which the electronic journal has room.
const JOURNAL_LINES: usize = 3_000_000;

const REFUSED: Option<Answered> = Some(Err((Cause::NotPermitted, None)));

fn cut(name: &str) -> String {
    name.chars().take(NAME_MAX).collect()
}

/// A department: its name, the place of its tax group, and the largest number of digits of a price.
pub(super) struct Department {
    pub(super) name: String,
    pub(super) group: u8,
    digits: u32,
}

impl Department {
    /// The department with this number. The departments 1 to 8 belong to the groups А to З as long as no host programs them; the others
    /// have to be programmed.
    pub(super) fn of(printer: &Printer, number: u32) -> Option<Self> {
        if let Some(kept) = printer.memory().settings.get(&department_key(number)) {
            let mut fields = kept.splitn(3, ',');
            return Some(Self {
                group: u8::try_from(parse_count(fields.next()?)?).ok()?,
                digits: parse_count(fields.next()?)?,
                name: fields.next()?.to_owned(),
            });
        }
        (1..=8).contains(&number).then_some(Self {
            name: format!("DEPARTAMENT {number}"),
            group: u8::try_from(number.saturating_sub(1)).ok()?,
            digits: PRICE_DIGITS,
        })
    }

    /// Whether the department may sell: without a number of digits it may not.
    pub(super) const fn sells(&self) -> bool {
        self.digits > 0
    }
}

fn department_key(number: u32) -> String {
    format!("DEPARTMENT {number:02}")
}

/// 83h: `P` programs a department, `R` reads it.
pub(in crate::emulator::isl) fn departments(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let text = codepage::decode(data);
    if let Some(number) = text.strip_prefix('R') {
        let number = parse_count(number)?;
        let answer = Department::of(printer, number).map(|read| reported(printer, number, &read));
        return Some(Ok(
            answer.map_or_else(|| FAILED.to_vec(), |answer| encoded(&answer))
        ));
    }
    let (number, rest) = text.strip_prefix('P')?.split_once(',')?;
    let number = parse_count(number)?;
    let (name, figures) = rest.split_once('\n')?;
    let mut fields = figures.split(',');
    let group = group_of(fields.next()?)?;
    let _price = fields.next()?;
    let digits = fields.next().map_or(Some(0), parse_count)?;
    let has_sold = Sold::in_receipts(printer.receipts_of_day(), Some(number)) != Sold::default();
    if !(1..=DEPARTMENTS).contains(&number) || has_sold {
        return Some(Ok(FAILED.to_vec()));
    }
    let kept = format!("{group},{digits},{}", cut(name));
    printer.memory.settings.insert(department_key(number), kept);
    Some(Ok(b"P".to_vec()))
}

/// The place of a tax group by its Cyrillic letter.
fn group_of(letter: &str) -> Option<u32> {
    let place = "АБВГДЕЖЗ"
        .chars()
        .position(|known| letter.chars().eq([known]))?;
    u32::try_from(place).ok()
}

/// `P,DeptNum,Name LF TaxGroup,Price,Amount,Total,PerAmount,PerTotal,MaxDigits`, and `,PaymentType` since V1.8.1. The periodic report is
/// that of all days.
fn reported(printer: &Printer, number: u32, department: &Department) -> String {
    let sales = |receipt: &&FiscalReceipt| !receipt.refund;
    let today = Sold::in_receipts(printer.receipts_of_day().filter(sales), Some(number));
    let ever = Sold::in_receipts(printer.receipts().iter().filter(sales), Some(number));
    let group = "АБВГДЕЖЗ".chars().nth(usize::from(department.group));
    let sold = |sold: Sold| format!("{},{}", decimal(sold.quantity, 3), decimal(sold.amount, 2));
    format!(
        "P,{number},{}\n{},0.00,{},{},{}{}",
        department.name,
        group.unwrap_or('А'),
        sold(today),
        sold(ever),
        department.digits,
        if printer.firmware() == FIRST_EDITION {
            ""
        } else {
            ",1"
        }
    )
}

/// 97h: `P` names a payment, `R` reads it. V1.0 numbers the payments from 1; since V1.8.1 number 0 is cash, which cannot be changed.
pub(in crate::emulator::isl) fn payments(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    const USUAL: [&str; 5] = [
        "В БРОЙ\t1.00000,0",
        "С ЧЕК\t1.00000,1",
        "КАРТА\t1.00000,7",
        "ПЛАЩАНЕ 3\t1.00000,2",
        "ПЛАЩАНЕ 4\t1.00000,3",
    ];
    let text = codepage::decode(data);
    let key = |number: usize| format!("PAYMENT {number}");
    let first = usize::from(printer.firmware() == FIRST_EDITION);
    let number_of = |text: &str| usize::try_from(parse_count(text)?).ok();
    if let Some(number) = text.strip_prefix('R') {
        let number = number_of(number)?;
        let Some(usual) = USUAL.get(number).filter(|_| number >= first) else {
            return REFUSED;
        };
        let kept = printer.memory().settings.get(&key(number));
        let payment = kept.map_or(*usual, String::as_str);
        return Some(Ok(encoded(&format!("{number},{payment}"))));
    }
    let (number, rest) = text.strip_prefix('P')?.split_once(',')?;
    let number = number_of(number)?;
    let (name, rate) = rest.split_once('\t').unwrap_or((rest, "1.00000,0"));
    rate.split_once(',')?;
    if !(1..USUAL.len()).contains(&number) {
        return REFUSED;
    }
    let kept = format!("{}\t{rate}", cut(name));
    printer.memory.settings.insert(key(number), kept);
    DONE
}

/// 66h: the name of an operator, and which refunds he may open: of returns, of errors, of a lower tax base. After his first document of a
/// day the name stays.
pub(in crate::emulator::isl) fn operator(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let text = codepage::decode(data);
    let (head, rights) = match text.split_once('\t') {
        None => (text.as_str(), None),
        Some((head, rights)) => (head, Some(rights)),
    };
    let mut fields = head.splitn(3, ',');
    let operator = parse_count(fields.next()?)?;
    let password = fields.next()?;
    let name = fields.next()?;
    let rights: Vec<&str> = rights.map_or_else(Vec::new, |rights| rights.split(',').collect());
    let are_flags = rights.iter().all(|right| matches!(*right, "0" | "1"));
    if rights.len() > 3 || !are_flags {
        return None;
    }
    if !(1..=printer.protocol.seller.operator_max).contains(&operator) {
        return REFUSED;
    }
    if password != printer.password_of(operator) {
        return Some(Err((Cause::Password, None)));
    }
    if receipts_of(printer, operator) > 0 {
        return Some(Err((Cause::ReceiptsAfterZ, None)));
    }
    let settings = &mut printer.memory.settings;
    settings.insert(format!("OperName {operator}"), cut(name));
    if !rights.is_empty() {
        let mut kept = ["0"; 3];
        for (kept, right) in kept.iter_mut().zip(rights) {
            *kept = right;
        }
        settings.insert(format!("OperRights {operator}"), kept.join(","));
    }
    DONE
}

/// The number of receipts of an operator in the day. Sales belong to the usual operator, refunds to the one that may open them.
fn receipts_of(printer: &Printer, operator: u32) -> u32 {
    let tallies = printer.memory().day.tallies;
    let mut count = 0_u32;
    if operator == printer.protocol.seller.operator {
        count = count.saturating_add(tallies.sales.count);
    }
    if is_of_refunds(printer, operator) {
        count = count.saturating_add(tallies.refunds.count);
    }
    count
}

fn is_of_refunds(printer: &Printer, operator: u32) -> bool {
    let refund = printer.protocol.seller.refund;
    refund.is_some_and(|(number, _)| number == operator)
}

/// 70h: what an operator has done in the day, and his rights.
pub(in crate::emulator::isl) fn about_operator(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let number = parse_count(ascii(data)?)?;
    if !(1..=printer.protocol.seller.operator_max).contains(&number) {
        return REFUSED;
    }
    let is_seller = number == printer.protocol.seller.operator;
    let tallies = if is_seller {
        printer.memory().day.tallies
    } else {
        Tallies::default()
    };
    let pair = |tally: CountedSum| format!("{};{}", tally.count, decimal(tally.sum, 2));
    let refunds = |reason: u8| {
        let mut sum = CountedSum::default();
        let of_reason = printer
            .receipts_of_day()
            .filter(|receipt| receipt.refund_reason() == Some(reason));
        for receipt in of_reason.filter(|_| is_of_refunds(printer, number)) {
            sum.add(receipt.total);
        }
        pair(sum)
    };
    let answer = format!(
        "{},{},{},{},{},{}\t{},{},{},{}",
        receipts_of(printer, number),
        pair(tallies.sales),
        pair(tallies.discounts),
        pair(tallies.surcharges),
        pair(tallies.voids),
        printer.operator_name(number),
        rights_of(printer, number),
        refunds(1),
        refunds(0),
        refunds(2)
    );
    Some(Ok(encoded(&answer)))
}

/// The refunds that an operator may open: of returns, of errors, of a lower tax base.
fn rights_of(printer: &Printer, operator: u32) -> String {
    let kept = printer
        .memory()
        .settings
        .get(&format!("OperRights {operator}"));
    let usual = if is_of_refunds(printer, operator) {
        "1,1,1"
    } else {
        "0,0,0"
    };
    kept.map_or_else(|| usual.to_owned(), String::clone)
}

/// C2h: the modem, the tax office and the SIM card; everything works.
pub(in crate::emulator::isl) fn terminal(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    let answer = match data {
        b"T" => "0,100,1,284010000000001,89359010000000000001,350000000000001",
        b"W" => "0",
        b"I" | b"S" => "284010000000001,359880000001,0",
        [b'C', pin @ ..] if !pin.is_empty() && pin.iter().all(u8::is_ascii_digit) => "",
        _ => return None,
    };
    Some(Ok(answer.as_bytes().to_vec()))
}

/// C3h: `S` prints a summary of the electronic journal, `R PrnType,Bgn,End` prints documents of it, and with `1` behind them sends their
/// lines instead. Analytical data (`A`) and the change of the journal (`I`) are not emulated.
pub(in crate::emulator::isl) fn journal(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let text = ascii(data)?;
    if text == "S" {
        let documents = printer.journal.all().count();
        return Some(copied(printer, &[vec![format!("КЛЕН: {documents}")]]));
    }
    let fields: Vec<&str> = text.strip_prefix('R')?.split(',').collect();
    let (chosen, is_sent) = match fields.as_slice() {
        [kind, first, last] => (chosen(kind, first, last)?, false),
        [kind, first, last, "1"] => (chosen(kind, first, last)?, true),
        _ => return None,
    };
    let documents = printer.journal.all().filter(|document| chosen(document));
    if is_sent {
        printer.text_report = TextReport::Made(UnsentLines::of_journal(documents));
        return DONE;
    }
    let copies: Vec<Vec<String>> = documents.map(|document| document.lines.clone()).collect();
    Some(copied(printer, &copies))
}

/// Prints copies, which are no documents of their own.
fn copied(printer: &mut Printer, copies: &[Vec<String>]) -> Answered {
    if let Err(cause) = printer.closed().and_then(|()| printer.printing()) {
        return Err((cause, None));
    }
    for copy in copies {
        printer.tape.push(copy);
    }
    Ok(Vec::new())
}

/// The documents that a kind of report of the journal prints: all, Z-reports or fiscal receipts; by number, Z-report or date.
fn chosen(kind: &str, first: &str, last: &str) -> Option<impl Fn(&PrintedDocument) -> bool> {
    let (documents, order) = match kind {
        "1" | "2" | "3" => ('A', kind),
        "11" | "12" | "13" => ('Z', kind.get(1..)?),
        "21" | "22" | "23" => ('F', kind.get(1..)?),
        _ => return None,
    };
    let (first, last) = if order == "3" {
        let end = parse_date(last)?.checked_add(DAY)?.checked_sub(1)?;
        (parse_date(first)?, end)
    } else {
        (
            i64::from(parse_count(first)?),
            i64::from(parse_count(last)?),
        )
    };
    let by_number = order == "1";
    let by_date = order == "3";
    Some(move |document: &PrintedDocument| {
        let place = match (by_number, by_date) {
            (true, _) => i64::from(document.number),
            (_, true) => document.at,
            _ => i64::from(document.z_number),
        };
        let is_kind = match documents {
            'Z' => document.kind == PrintedKind::ZReport,
            'F' => matches!(
                document.kind,
                PrintedKind::Sale | PrintedKind::Refund | PrintedKind::Cancelled
            ),
            _ => true,
        };
        is_kind && (first..=last).contains(&place)
    })
}

/// 45h `5`: the free lines of the electronic journal and all its lines. 45h `8` and `9` print the departments.
pub(in crate::emulator::isl) fn daily(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    match data {
        b"5" => {
            let lines = printer.journal.all().map(|document| document.lines.len());
            let free = JOURNAL_LINES.saturating_sub(lines.sum());
            Some(Ok(format!("{free},{JOURNAL_LINES}").into_bytes()))
        }
        b"8" | b"9" => Some(print(printer, "ОТЧЕТ ДЕПАРТАМЕНТИ", Vec::new())),
        _ => None,
    }
}

/// 99h: the report that follows within five seconds is sent line by line.
pub(in crate::emulator::isl) fn report_as_text(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if !data.is_empty() {
        return None;
    }
    printer.text_report = TextReport::AskedAt(printer.now());
    DONE
}

/// 32h: prints the rates of a period and returns them.
pub(in crate::emulator::isl) fn rates(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let dates = ascii(data)?;
    let mut dates = dates.split(',').filter(|date| !date.is_empty());
    if !dates.all(|date| parse_date(date).is_some()) {
        return None;
    }
    let answer = format!("P,{},{RATES_SINCE}", rate_list(printer));
    Some(print(printer, "ДАНЪЧНИ СТАВКИ", answer.into_bytes()))
}

fn print(printer: &mut Printer, title: &'static str, answer: Vec<u8>) -> Answered {
    match printer.service(Service::Report(title)) {
        Ok(_) => Ok(answer),
        Err(refused) => Err((refused.cause, None)),
    }
}

fn rate_list(printer: &Printer) -> String {
    let rates = printer.memory().rates;
    let rates = rates.map(|rate| rate.map_or_else(|| "-1.00".to_owned(), |rate| decimal(rate, 2)));
    rates.join(",")
}

/// 72h: the fiscal memory by the numbers of Z-reports.
pub(in crate::emulator::isl) fn memory_by_number(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let question = Question::of(ascii(data)?)?;
    let first = parse_count(question.first)?;
    let last = question.last.map_or(Some(first), parse_count)?;
    Some(question.answer(printer, |closure| (first..=last).contains(&closure.number)))
}

/// 92h: the fiscal memory by the dates of Z-reports.
pub(in crate::emulator::isl) fn memory_by_date(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let question = Question::of(ascii(data)?)?;
    let first = parse_date(question.first)?;
    let last = question.last.map_or(Some(first), parse_date)?;
    let end = last.checked_add(DAY)?;
    Some(question.answer(printer, |closure| (first..end).contains(&closure.at)))
}

/// What 72h and 92h ask for: `First[,Options[,Last]]`.
struct Question<'a> {
    first: &'a str,
    option: &'a str,
    last: Option<&'a str>,
}

impl<'a> Question<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let fields: Vec<&str> = text.split(',').collect();
        let (first, option, last) = match fields.as_slice() {
            [first] => (*first, "0", None),
            [first, option] | [first, option, ""] => (*first, *option, None),
            [first, option, last] => (*first, *option, Some(*last)),
            _ => return None,
        };
        let is_range = matches!(option, "4" | "5" | "6");
        let is_one = matches!(option, "0" | "1" | "2" | "3");
        ((is_one && last.is_none()) || is_range).then_some(Self {
            first,
            option,
            last,
        })
    }

    /// The sums of the Z-reports that fit; without a range those of the first one.
    fn answer(&self, printer: &Printer, fits: impl Fn(&Closure) -> bool) -> Answered {
        let mut closures = printer.memory().closures.iter().filter(|one| fits(one));
        let Some(first) = closures.next() else {
            return Ok(b"E".to_vec());
        };
        if self.option == "3" {
            return Ok(format!("P,{}", rate_list(printer)).into_bytes());
        }
        let mut sums = [first.day.sales, first.day.refunds];
        if matches!(self.option, "4" | "5" | "6") {
            for closure in closures {
                for (sums, more) in sums
                    .iter_mut()
                    .zip([closure.day.sales, closure.day.refunds])
                {
                    for (sum, more) in sums.iter_mut().zip(more) {
                        *sum = sum.saturating_add(more);
                    }
                }
            }
        }
        let written = sums.map(|gross| {
            let taxes = printer.taxes(gross);
            let figures: Vec<String> = gross
                .iter()
                .zip(taxes)
                .map(|(gross, tax)| match self.option {
                    "1" | "5" => gross.saturating_sub(tax),
                    "2" | "6" => tax,
                    _ => *gross,
                })
                .map(|figure| decimal(figure, 2))
                .collect();
            figures.join(",")
        });
        Ok(format!("P,{}", written.join(",")).into_bytes())
    }
}
