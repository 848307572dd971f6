//! Documents as an answer shows them, as the books with which a paper is compared.

use std::collections::BTreeMap;

use ferrotill::api::json::JsonValue;
use ferrotill_core::scale::parse;
use ferrotill_testkit::paper::{
    BookedLine, BookedReceipt, BookedTax, PaperWords, ReadCash, ReadReceipt, ReadReport,
    html_lines, without_accents,
};

use super::{Reply, value};

/// The text of a member; empty if it is null.
fn text(node: &JsonValue, path: &str) -> String {
    match value(node, path) {
        JsonValue::Text(text) | JsonValue::Number(text) => text.clone(),
        JsonValue::Null => String::new(),
        other => other.to_string(),
    }
}

/// An amount in hundredths.
pub fn money(node: &JsonValue, path: &str) -> i64 {
    parse(&text(node, path), 2).unwrap()
}

fn list<'n>(node: &'n JsonValue, path: &str) -> &'n [JsonValue] {
    match value(node, path) {
        JsonValue::Array(items) => items,
        other => panic!("{path}: {other}"),
    }
}

/// Date and time of a document as a paper shows them.
pub fn moment(document: &JsonValue) -> (String, String) {
    let shown = text(document, "dateTimePresentation");
    let (date, time) = shown.split_once(' ').unwrap();
    (date.to_owned(), time.to_owned())
}

/// The receipt of an answer. The number is that of the alternative receipt, the fiscal number, or the till's own.
pub fn booked(document: &JsonValue) -> BookedReceipt {
    let (date, time) = moment(document);
    let lines: Vec<BookedLine> = list(document, "items").iter().map(booked_line).collect();
    let more = value(document, "additionalData");
    let number = match (document.get("seriesAndNumber"), more.get("fiscalNumber")) {
        (Some(_), _) => text(document, "seriesAndNumber"),
        (None, Some(_)) => format!("# {}", text(more, "fiscalNumber")),
        (None, None) => text(document, "numberPresentation"),
    };
    let payments = list(document, "payments").iter();
    let payments = payments.map(|payment| (text(payment, "typeName"), money(payment, "amount")));
    let rounding = more.get("cashRounding");
    let (tax, taxes) = booked_taxes(document);
    BookedReceipt {
        number,
        date,
        time,
        sub_total: money(document, "subTotalAmount"),
        percents: list(document, "amountModifications")
            .iter()
            .filter_map(|modifier| percent(modifier, "mode", "value"))
            .collect(),
        modification: money(document, "totalAmountModifications"),
        total: money(document, "totalAmount"),
        rounding: rounding.map_or(0, |rounding| money(rounding, "amount")),
        payments: payments.filter(|(_, amount)| *amount != 0).collect(),
        change: money(document, "totalChange"),
        tax,
        taxes,
        lines,
    }
}

fn booked_line(item: &JsonValue) -> BookedLine {
    let before = money(item, "amountBeforeModification");
    let amount = money(item, "amount");
    BookedLine {
        name: text(item, "name"),
        quantity: parse(&text(item, "quantity"), 3).unwrap(),
        price: money(item, "price"),
        before,
        amount,
        percent: percent(item, "modifierMode", "modifierValue").filter(|_| amount != before),
        letters: text(item, "taxGroupCode"),
        comment: text(item, "comment"),
    }
}

/// The percentage of a modifier as a paper shows it; `None` if the modifier is an amount.
fn percent(node: &JsonValue, mode: &str, value: &str) -> Option<String> {
    let number = text(node, value);
    let number = number.trim_end_matches('0').trim_end_matches('.');
    (text(node, mode) == "ByPercent").then(|| format!("{number}%"))
}

/// The sum of all taxes, and the tax of each group. The answer has only the sum of the taxes of a line with several groups.
fn booked_taxes(document: &JsonValue) -> (i64, Vec<BookedTax>) {
    let mut sum = 0;
    let mut groups: BTreeMap<char, (i64, Option<i64>)> = BTreeMap::new();
    for item in list(document, "items") {
        let tax = money(item, "finalTaxAmount");
        sum += tax;
        let letters = text(item, "taxGroupCode");
        for letter in letters.chars() {
            let (gross, of_group) = groups.entry(letter).or_insert((0, Some(0)));
            *gross += money(item, "finalAmount");
            *of_group = of_group.filter(|_| letters.len() == 1).map(|all| all + tax);
        }
    }
    let groups = groups.into_iter();
    let taxes = groups.map(|(letter, (gross, tax))| BookedTax { letter, gross, tax });
    (sum, taxes.collect())
}

/// The text of the print form of a document, whatever its type.
pub fn form_lines(document: &JsonValue) -> Vec<String> {
    match value(document, "printFormContent") {
        JsonValue::Text(page) => html_lines(page),
        JsonValue::Array(rows) => rows
            .iter()
            .map(|row| match text(row, "type").as_str() {
                "Separator" => "-".repeat(16),
                "Text" => format!("{} {}", text(row, "text"), text(row, "textRight")),
                _ => String::new(),
            })
            .collect(),
        other => panic!("{other} is no form"),
    }
}

/// Reads the paper of a receipt, and compares its figures with the books; `what` names the paper in a failure.
pub fn read_receipt(
    what: &str,
    lines: &[impl AsRef<str>],
    words: &PaperWords,
    books: &BookedReceipt,
) -> ReadReceipt {
    let read = ReadReceipt::of(lines.iter().map(AsRef::as_ref), words);
    let wrong = [read.faults(), read.differences(books)].concat();
    let shown: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    assert!(wrong.is_empty(), "{what}: {wrong:#?}\n{}", shown.join("\n"));
    read
}

/// As [`read_receipt`], with the names, comments and percentages of the lines; for printers that have the letters of the names.
pub fn assert_receipt(
    what: &str,
    lines: &[impl AsRef<str>],
    words: &PaperWords,
    books: &BookedReceipt,
) -> ReadReceipt {
    let read = read_receipt(what, lines, words, books);
    let wrong = read.details_unlike(&books.lines);
    let shown: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    assert!(wrong.is_empty(), "{what}: {wrong:#?}\n{}", shown.join("\n"));
    read
}

/// Reads what a fiscal printer has printed of a receipt, and compares with the books what it shows: goods, sums and payments.
pub fn assert_fiscal_receipt(what: &str, lines: &[&str], books: &BookedReceipt) {
    let read = ReadReceipt::of_fiscal_printer(lines.iter().copied());
    let mut wrong = [read.faults(), read.lines_unlike(&books.lines)].concat();
    let amounts = |payments: &[(String, i64)]| {
        payments
            .iter()
            .map(|(_, amount)| *amount)
            .collect::<Vec<_>>()
    };
    let shown = (
        read.total,
        read.change.unwrap_or_default(),
        amounts(&read.payments),
    );
    let booked = (Some(books.total), books.change, amounts(&books.payments));
    if shown != booked {
        wrong.push(format!("{shown:?}, in the books {booked:?}"));
    }
    assert!(wrong.is_empty(), "{what}: {wrong:#?}\n{}", lines.join("\n"));
}

/// Reads the paper of a report, and compares it with the books.
pub fn assert_report(
    what: &str,
    lines: &[impl AsRef<str>],
    (words, has_levy): (&PaperWords, bool),
    [sales, in_drawer]: [&str; 2],
    report: &Reply,
) {
    let read = ReadReport::of(lines.iter().map(AsRef::as_ref), words);
    let faults = read.faults(has_levy);
    let shown: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    let shown = format!("{what}:\n{}", shown.join("\n"));
    assert!(faults.is_empty(), "{faults:#?} {shown}");
    let data = value(&report.body, "data");
    let moment = moment(data);
    assert_eq!((read.date.clone(), read.time.clone()), moment, "{shown}");
    let of_sales = read
        .section(sales)
        .unwrap_or_else(|| panic!("no sales: {shown}"));
    let booked = (
        money(data, "totalAmount"),
        Some(money(data, "totalTaxAmount")),
        Some(money(data, "totalNettoAmount")),
        text(data, "receiptCount").parse().ok(),
    );
    let found = (of_sales.total, of_sales.tax, of_sales.net, of_sales.count());
    assert_eq!(found, booked, "{shown}");
    // The paper has the groups in the order of their letters, and the answer in the order of the first sales.
    let mut taxes: Vec<i64> = of_sales.taxes.iter().map(|(_, tax)| *tax).collect();
    let mut booked: Vec<i64> = list(data, "taxItems")
        .iter()
        .map(|tax| money(tax, "taxAmount"))
        .collect();
    taxes.sort_unstable();
    booked.sort_unstable();
    assert_eq!(taxes, booked, "{shown}");
    for payment in list(data, "payments") {
        let paid = (text(payment, "typeName"), money(payment, "amount"));
        assert!(of_sales.others.contains(&paid), "{paid:?} {shown}");
    }
    let rounding = value(data, "additionalData").get("cashRounding");
    let rounding = rounding.map_or(0, |rounding| money(rounding, "salesAmount"));
    let paid: i64 = of_sales.others.iter().map(|(_, amount)| amount).sum();
    // The rounding has a row among the payments, and these are what was paid with it.
    assert_eq!(paid - rounding, of_sales.total + rounding, "{shown}");
    let cash = read
        .section(in_drawer)
        .unwrap_or_else(|| panic!("no cash: {shown}"));
    let moved: Vec<i64> = cash.others.iter().map(|(_, amount)| *amount).collect();
    let booked = [money(data, "cashInAmount"), money(data, "cashOutAmount")];
    assert_eq!(
        (cash.total, moved),
        (money(data, "finalBalance"), booked.to_vec()),
        "{shown}"
    );
}

/// Reads the paper of a cash operation, and compares it with the books.
pub fn assert_cash(what: &str, lines: &[impl AsRef<str>], words: &PaperWords, reply: &Reply) {
    let read = ReadCash::of(lines.iter().map(AsRef::as_ref), words);
    let data = value(&reply.body, "data");
    let shown: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    assert_eq!(
        (read.amount, (read.date, read.time)),
        (Some(money(data, "amount")), moment(data)),
        "{what}:\n{}",
        shown.join("\n")
    );
    // A till without a fiscal printer does not know the cash in its drawer.
    if let Some(in_drawer) = read.in_drawer {
        assert_eq!(in_drawer, money(data, "finalBalanceInformatory"), "{what}");
    }
}

/// Reads the paper of a non-fiscal receipt, and compares its number, its moment and its text with the books.
pub fn assert_nonfiscal(what: &str, lines: &[impl AsRef<str>], words: &PaperWords, reply: &Reply) {
    let read = ReadReceipt::of(lines.iter().map(AsRef::as_ref), words);
    let data = value(&reply.body, "data");
    let shown: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    let shown = format!("{what}:\n{}", shown.join("\n"));
    assert_eq!((read.date, read.time), moment(data), "{shown}");
    assert!(
        read.heading.contains(&text(data, "numberPresentation")),
        "{shown}"
    );
    let wanted = without_accents(&text(data, "text"));
    let wanted: Vec<&str> = wanted.split_whitespace().collect();
    assert!(read.texts.contains(&wanted.join(" ")), "{shown}");
}
