//! 6Bh of Datecs X: the articles that a host programs. They are stored and reported, and nothing is sold by their numbers.

use super::DONE;
use crate::emulator::isl::printer::{Answered, Printer};
use crate::wire::cause::Cause;
use crate::wire::fields::{decimal, parse_count, parse_decimal};
use crate::wire::isl_x::{emit, parse};

/// The largest number of an article of a fiscal printer.
const NUMBER_MAX: u32 = 3_000;
/// The largest number of characters of an article's name.
const NAME_MAX: usize = 72;

/// The place of the stock among the stored fields: tax group, department, group, price type, price, stock, four barcodes, name,
/// unit.
const STOCK: usize = 5;

/// 6Bh with any of its options.
pub(in crate::emulator::isl) fn articles(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields = parse(data)?;
    let (option, rest) = fields.split_first()?;
    let number = |usual: u32| match rest {
        [] => Some(usual),
        [text] if text.is_empty() => Some(usual),
        [text, ..] => parse_count(text).filter(|number| (1..=NUMBER_MAX).contains(number)),
    };
    match option.as_str() {
        "I" => {
            let count = stored(printer).len().to_string();
            Some(Ok(emit(&[
                NUMBER_MAX.to_string(),
                count,
                NAME_MAX.to_string(),
            ])))
        }
        "P" => program(printer, rest),
        "A" => {
            let [_, quantity] = rest else { return None };
            change_stock(printer, number(0)?, quantity)
        }
        "D" => remove(printer, rest),
        "R" => Some(reported(printer, Some(number(0)?), true)),
        "F" | "f" => {
            let from = number(1)?;
            let first = stored(printer).into_iter().find(|one| *one >= from);
            printer.article = first.map(|first| (first, true));
            Some(reported(printer, first, option == "F"))
        }
        "L" | "l" => {
            let until = number(NUMBER_MAX)?;
            let last = stored(printer).into_iter().rev().find(|one| *one <= until);
            printer.article = last.map(|last| (last, false));
            Some(reported(printer, last, option == "L"))
        }
        "N" | "n" => {
            let (place, forward) = printer.article?;
            let numbers = stored(printer);
            let next = if forward {
                numbers.into_iter().find(|one| *one > place)
            } else {
                numbers.into_iter().rev().find(|one| *one < place)
            };
            printer.article = next.map(|next| (next, forward));
            Some(reported(printer, next, option == "N"))
        }
        "X" | "x" => {
            let used = stored(printer);
            let mut free = (1..=NUMBER_MAX).filter(|one| !used.contains(one));
            let from = number(if option == "X" { 1 } else { NUMBER_MAX })?;
            let found = if option == "X" {
                free.find(|one| *one >= from)
            } else {
                free.rfind(|one| *one <= from)
            };
            Some(found.map_or(Err((Cause::NotPermitted, None)), |found| {
                Ok(emit(&[found.to_string()]))
            }))
        }
        _ => None,
    }
}

fn key(number: u32) -> String {
    format!("PLU {number:06}")
}

/// The numbers of all stored articles, in order.
fn stored(printer: &Printer) -> Vec<u32> {
    printer
        .memory()
        .settings
        .keys()
        .filter_map(|key| parse_count(key.strip_prefix("PLU ")?))
        .collect()
}

/// Articles with sales only: there are none, as nothing is sold by number.
fn reported(printer: &Printer, number: Option<u32>, all: bool) -> Answered {
    let fields = number
        .filter(|_| all)
        .and_then(|number| Some((number, printer.memory().settings.get(&key(number))?)));
    let Some((number, fields)) = fields else {
        return Err((Cause::NotPermitted, None));
    };
    let fields: Vec<&str> = fields.split('\t').collect();
    let (before, after) = fields.split_at_checked(STOCK).unwrap_or((&fields, &[]));
    let number = number.to_string();
    let mut answer = vec![number.as_str()];
    answer.extend_from_slice(before);
    // The turnover and the quantity that was sold.
    answer.extend_from_slice(&["0.00", "0.000"]);
    answer.extend_from_slice(after);
    Ok(emit(&answer))
}

/// `PLU,TaxGr,Dep,Group,PriceType,Price,AddQty,Quantity,Bar1…Bar4,Name[,Unit]`.
fn program(printer: &mut Printer, fields: &[String]) -> Option<Answered> {
    let (head, rest) = fields.split_at_checked(6)?;
    let [number, tax, department, group, price_type, price] = head else {
        return None;
    };
    let number = parse_count(number).filter(|number| (1..=NUMBER_MAX).contains(number))?;
    let (name, unit) = match rest {
        [_, _, _, _, _, _, name] => (name, "0"),
        [_, _, _, _, _, _, name, unit] => (name, unit.as_str()),
        _ => return None,
    };
    let price = decimal(parse_decimal(price, 2)?, 2);
    let stock = rest.get(1).map_or("", String::as_str);
    let stock = if stock.is_empty() { "0.000" } else { stock };
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return None;
    }
    let mut kept = vec![
        tax.as_str(),
        department,
        group,
        price_type,
        price.as_str(),
        stock,
    ];
    kept.extend(rest.get(2..6)?.iter().map(String::as_str));
    kept.extend([name.as_str(), unit]);
    let kept = kept.join("\t");
    printer.memory.settings.insert(key(number), kept);
    DONE
}

fn change_stock(printer: &mut Printer, number: u32, quantity: &str) -> Option<Answered> {
    let quantity = decimal(parse_decimal(quantity, 3)?, 3);
    let Some(kept) = printer.memory.settings.get_mut(&key(number)) else {
        return Some(Err((Cause::NotPermitted, None)));
    };
    let mut fields: Vec<&str> = kept.split('\t').collect();
    *fields.get_mut(STOCK)? = &quantity;
    *kept = fields.join("\t");
    DONE
}

/// `First[,Last]`, or `A` for all articles.
fn remove(printer: &mut Printer, fields: &[String]) -> Option<Answered> {
    let (first, last) = match fields {
        [all] | [all, _] if all == "A" => (1, NUMBER_MAX),
        [first] => (parse_count(first)?, parse_count(first)?),
        [first, last] if last.is_empty() => (parse_count(first)?, parse_count(first)?),
        [first, last] => (parse_count(first)?, parse_count(last)?),
        _ => return None,
    };
    printer.memory.settings.retain(|name, _| {
        match name.strip_prefix("PLU ").and_then(parse_count) {
            Some(number) => !(first..=last).contains(&number),
            None => true,
        }
    });
    DONE
}
