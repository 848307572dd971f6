//! Forms of Datecs X and MX printers that execute something.

use super::{DONE, ascii};
use crate::emulator::isl::journal::Chosen;
use crate::emulator::isl::printer::{Answered, Printer, written};
use crate::wire::cause::Cause;
use crate::wire::fields::{parse_count, parse_decimal};
use crate::wire::isl_payment::PaymentRequest;
use crate::wire::isl_report::Rates;
use crate::wire::isl_service::{Service, ServiceAnswer};
use crate::wire::isl_x::{TAB, emit, parse};
use crate::wire::isl_x_receipt::{MODES, parse_open, parse_sale};

/// The largest number of bytes on a line of the customer's display.
const DISPLAY_MAX: usize = 20;

/// 30h with three parameters, and with six, of which the last two are the buyer's tax number and an airport.
pub(in crate::emulator::isl) fn open(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields = parse(data)?;
    let (head, invoice) = match fields.as_slice() {
        [head @ .., _, _] if head.len() == 4 => (head.get(..3)?, head.last()?.as_str()),
        head if head.len() == 3 => (head, ""),
        _ => return None,
    };
    let mut usual = head.to_vec();
    usual.push(invoice.to_owned());
    let open = parse_open(&emit(&usual))?;
    let reply = printer.receipt_open(&open);
    Some(printer.written_by(&printer.protocol.open, reply))
}

/// 31h with the discount type 0 and the discount value 0.
pub(in crate::emulator::isl) fn sale_without_discount(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let mut fields = parse(data)?;
    let kind = fields.get(4)?;
    let value = fields.get(5).filter(|value| !value.is_empty())?;
    if !matches!(kind.as_str(), "" | "0") || parse_decimal(value, 2) != Some(0) {
        return None;
    }
    fields.get_mut(5)?.clear();
    let sale = parse_sale(&emit(&fields))?;
    let reply = printer.sale(&sale);
    Some(printer.written_by(&printer.protocol.sale, reply))
}

/// 35h without an amount, or with the amount zero: everything that is left is paid. Without a mode it is paid in cash.
pub(in crate::emulator::isl) fn pay_all(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields = parse(data)?;
    let (mode, amount) = match fields.as_slice() {
        [] => ("", ""),
        [mode] => (mode.as_str(), ""),
        [mode, amount] => (mode.as_str(), amount.as_str()),
        [mode, amount, kind] if kind.is_empty() => (mode.as_str(), amount.as_str()),
        _ => return None,
    };
    let mode = if mode.is_empty() { "0" } else { mode };
    let (letter, _) = MODES.iter().find(|(_, known)| *known == mode)?;
    if !amount.is_empty() && parse_decimal(amount, 2) != Some(0) {
        return None;
    }
    let payment = PaymentRequest {
        text: Vec::new(),
        mode: Some(*letter),
        amount: None,
    };
    let reply = printer.payment(&payment);
    Some(printer.written_by(&printer.protocol.payment, reply))
}

/// 21h and 3Fh: the customer's display is not emulated.
pub(in crate::emulator::isl) fn display(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    data.is_empty().then_some(DONE)?
}

/// 23h and 2Fh: a line of the customer's display.
pub(in crate::emulator::isl) fn display_text(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    match parse(data)?.as_slice() {
        [text] if text.chars().count() <= DISPLAY_MAX => DONE,
        _ => None,
    }
}

/// 50h: a tone.
pub(in crate::emulator::isl) fn sound(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    match parse(data)?.as_slice() {
        [hertz, milliseconds] => {
            let short = |text: &str| parse_count(text).filter(|number| *number <= 65_535);
            short(hertz).and(short(milliseconds)).and(DONE)
        }
        _ => None,
    }
}

/// 45h `E`: the report of the device, which is not a report of the day.
pub(in crate::emulator::isl) fn report_of_device(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    (data == emit(&["E"])).then(|| report(printer, "RAPORT ECR"))
}

fn report(printer: &mut Printer, title: &'static str) -> Answered {
    written(
        printer.service(Service::Report(title)),
        ServiceAnswer::emit_x,
    )
}

/// 47h: prints a report about the device; `2` returns what the tax office's server has received, which is nothing.
pub(in crate::emulator::isl) fn general_information(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    // The maker's class FP700X_BGR sends the number without its TAB.
    let with_tab = if data.ends_with(&[TAB]) {
        data.to_vec()
    } else {
        emit(&[ascii(data)?])
    };
    let fields = parse(&with_tab)?;
    match fields.first().map_or("0", String::as_str) {
        "2" => {
            let never = "01-01-2000 00:00:00";
            let answer = [
                never, never, "0", "0", "0", "0", "0", "0", "0", "0", never, "0", "0",
            ];
            Some(Ok(emit(&answer)))
        }
        "" | "0" | "1" | "3" | "4" | "6" | "9" | "10" => {
            Some(report(printer, "INFORMATII DIAGNOSTIC"))
        }
        "11" => DONE,
        _ => None,
    }
}

/// 69h: prints the operators from one number to another.
pub(in crate::emulator::isl) fn report_of_operators(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let fields = parse(data)?;
    let most = printer.protocol.seller.operator_max;
    let number = |place: usize, usual: u32| match fields.get(place).map(String::as_str) {
        None | Some("") => Some(usual),
        Some(text) => parse_count(text).filter(|number| (1..=most).contains(number)),
    };
    let clear = matches!(fields.get(2).map_or("", String::as_str), "" | "0" | "1");
    if number(0, 1)? > number(1, most)? || !clear || fields.len() > 3 {
        return None;
    }
    Some(report(printer, "RAPORT OPERATORI"))
}

/// 6Fh: prints the articles.
pub(in crate::emulator::isl) fn report_of_articles(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    match parse(data)?.as_slice() {
        [kind, _, _] if matches!(kind.as_str(), "0" | "1" | "2" | "3") => {
            Some(report(printer, "RAPORT ARTICOLE"))
        }
        _ => None,
    }
}

/// 53h with five rates; 100.02 disables a group.
pub(in crate::emulator::isl) fn five_rates(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields = parse(data)?;
    if fields.len() != 5 {
        return None;
    }
    let mut rates = [None; 8];
    for (rate, field) in rates.iter_mut().zip(&fields) {
        let hundredths = parse_decimal(field, 2)?;
        *rate = (hundredths < 10_000).then_some(hundredths);
    }
    let set = printer.rates_set(Rates {
        rates,
        currency: String::new(),
    });
    let row = printer.protocol.others.rates_set?;
    Some(printer.written_by(&row, set))
}

/// 65h: sets the password of an operator, who gives the old one, or operator 29 or 30 gives his.
pub(in crate::emulator::isl) fn password(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields = parse(data)?;
    let [operator, old, new] = fields.as_slice() else {
        return None;
    };
    let operator = parse_count(operator)?;
    let digits = (1..=8).contains(&new.len()) && new.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=printer.protocol.seller.operator_max).contains(&operator) || !digits {
        return None;
    }
    let allowed = [operator, 29, 30]
        .iter()
        .any(|one| printer.password_of(*one) == *old);
    if !allowed {
        return Some(Err((Cause::Password, None)));
    }
    let key = format!("OperPasw {operator}");
    printer.memory.settings.insert(key, new.clone());
    DONE
}

/// 7Dh `3` with the number of the document that is copied.
pub(in crate::emulator::isl) fn journal_copy(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let fields = parse(data)?;
    let [option, document, kind] = fields.as_slice() else {
        return None;
    };
    if option != "3" || document.is_empty() {
        return None;
    }
    let document = parse_count(document)?;
    parse_count(kind).filter(|kind| *kind <= 10)?;
    printer.journal.choose_these(Chosen {
        first: document,
        last: document,
        ..Chosen::ALL
    });
    Some(written(
        printer.service(Service::JournalPrint),
        ServiceAnswer::emit_x,
    ))
}
