//! The tables of `cases/`: one line per case, for a fiscal expert to read and extend (`cases/README.md`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write as _;
use std::path::Path;

use ferrotill_core::id::DocumentId;
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::{Facts, by_code};
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{
    Draft, DraftLine, DraftPayment, Line, LineTotals, Modifier, Original, OriginalLine, Prices,
    Receipt, ReceiptKind, Rules, Scratch,
};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::scale::{self, Decimal, ScaleFault};
use ferrotill_core::tax::{TaxRate, TaxTable};
use ferrotill_core::time::Day;
use ferrotill_core::totals::TaxTotals;
use ferrotill_core::{Amount, Currency, Quantity, Refusal};

#[test]
fn moldova() {
    check("md.txt", 150, &mut Law::default(), Law::case);
}

#[test]
fn austria() {
    check("at.txt", 80, &mut Law::default(), Law::case);
}

#[test]
fn ukraine() {
    check("ua.txt", 80, &mut Law::default(), Law::case);
}

#[test]
fn numbers_in_and_out() {
    check("scale.txt", 50, &mut (), |(), left, right| {
        let said = scaled(left);
        (said == right)
            .then_some(())
            .ok_or(format!("it says {said:?}"))
    });
}

/// Checks that each word of the right side can make a case fail.
#[test]
fn a_wrong_line_fails() {
    let mut law = Law::default();
    for line in ["country MD", "day 2026-11-21"] {
        assert!(law.directive(line));
    }
    for right in [
        "total 1.01",
        "total 1.00, tax 0.16",
        "total 1.00, sub 1.01",
        "total 1.00, mod 0.01",
        "total 1.00, change 0.01",
        "total 1.00, round 0.01",
        "total 1.00, lines 0.99",
        "total 1.00, lines 1.00 0.00",
        "total 1.00, taxes 0.16",
        "total 1.00, A 1.00 0.16",
        "total 1.00, B 0.00 0.00",
        "total 1.00, differs 1.00",
        "refused Underpaid",
        "total 1.00, colour red",
    ] {
        assert!(law.case("A 1 x 1.00", right).is_err(), "{right}");
    }
    assert_eq!(law.case("A 1 x 1.00", "total 1.00, tax 0.17"), Ok(()));
    assert!(
        law.case("A 0 x 1.00", "refused PriceNotPositive").is_err()
            && law.case("A 0 x 1.00", "total 1.00").is_err()
    );
}

/// Runs a table and fails with the list of all wrong cases.
fn check<T: Directives>(
    file: &str,
    cases_min: usize,
    context: &mut T,
    case: fn(&mut T, &str, &str) -> Result<(), String>,
) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(file);
    let table = std::fs::read_to_string(&path).unwrap();
    let (mut cases, mut faults) = (0, String::new());
    for (index, line) in table.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || context.directive(line) {
            continue;
        }
        cases += 1;
        let verdict = match line.split_once(" => ") {
            Some((left, right)) => case(context, left, right),
            None => Err("has no =>".to_owned()),
        };
        if let Err(why) = verdict {
            writeln!(faults, "{file}:{}: {line}\n    {why}", index + 1).unwrap();
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
    assert!(cases >= cases_min, "{file} has too few cases: {cases}");
}

/// The directives of a table, which apply to all lines below them.
trait Directives {
    fn directive(&mut self, _line: &str) -> bool {
        false
    }
}

impl Directives for () {}

/// The country and day by whose law the lines of a table are computed.
struct Law {
    facts: &'static Facts,
    taxes: TaxTable,
    payments: PaymentTable,
    day: Day,
}

impl Default for Law {
    fn default() -> Self {
        let payment = |code, name: &str, cash| PaymentType {
            code,
            name: name.try_into().unwrap(),
            cash,
            printer_letter: b'P',
            open_drawer: cash,
        };
        let types = [payment(CASH, "cash", true), payment(CARD, "card", false)];
        Self {
            facts: by_code("MD").unwrap().facts(),
            taxes: TaxTable::default(),
            payments: PaymentTable::new(types.into_iter()).unwrap(),
            day: Day::LAST,
        }
    }
}

const CASH: i32 = 0;
const CARD: i32 = 1;

impl Directives for Law {
    fn directive(&mut self, line: &str) -> bool {
        match line.split_once(' ') {
            Some(("country", code)) => {
                self.facts = by_code(code).unwrap().facts();
                self.taxes = self.facts.tax_table();
            }
            Some(("day", date)) => {
                let mut parts = date.split('-').map(|part| part.parse::<u16>().unwrap());
                let (year, month, day) = (
                    parts.next().unwrap(),
                    parts.next().unwrap(),
                    parts.next().unwrap(),
                );
                self.day = Day::of_date(year, month.try_into().unwrap(), day.try_into().unwrap());
            }
            _ => return false,
        }
        true
    }
}

/// A part of the left side of a case: a sale, or a return of that sale.
#[derive(Default)]
struct Part<'t> {
    lines: Vec<DraftLine<'t>>,
    prices: Prices,
    modifiers: Vec<Modifier>,
    payments: Vec<DraftPayment>,
}

/// The figures of a computed receipt.
struct Figures {
    sums: Vec<(&'static str, Amount)>,
    lines: Vec<Line<'static>>,
    groups: TaxTotals,
}

impl Law {
    fn case(&mut self, left: &str, right: &str) -> Result<(), String> {
        let wanted: Vec<&str> = right.split(", ").collect();
        let total = wanted
            .iter()
            .find_map(|word| word.strip_prefix("total "))
            .map(|text| self.amount(text));
        let mut parts = left.split(" -> ");
        let sale = self.part(parts.next().unwrap(), &[]);
        let returns: Vec<_> = parts.collect();
        let due = if returns.is_empty() { total } else { None };
        let mut outcome = self.compute(sale, None, due);
        let mut taken: Vec<(u16, Quantity, Amount)> = Vec::new();
        let sold = outcome
            .as_ref()
            .map_or(Vec::new(), |sold| sold.lines.clone());
        for (index, back) in returns.iter().enumerate() {
            outcome.map_err(|refusal| format!("before {back:?}: {refusal}"))?;
            let due = if index + 1 == returns.len() {
                total
            } else {
                None
            };
            let part = self.part(back, &sold);
            let left: Vec<_> = (0..)
                .zip(&sold)
                .map(|(place, line)| {
                    let of_line = || taken.iter().filter(|(of, ..)| *of == place);
                    OriginalLine {
                        line: line.clone(),
                        returned_quantity: of_line()
                            .fold(Quantity::ZERO, |sum, (_, quantity, _)| {
                                sum.checked_add(*quantity).unwrap()
                            }),
                        returned_amount: of_line().fold(Amount::ZERO, |sum, (.., amount)| {
                            sum.checked_add(*amount).unwrap()
                        }),
                        good: None,
                    }
                })
                .collect();
            let original = Original {
                kind: OriginalKind::Fiscal,
                number_unknown: false,
                lines: &left,
            };
            outcome = self.compute(part, Some(&original), due);
            if let Ok(figures) = &outcome {
                taken.extend(figures.lines.iter().filter_map(|line| {
                    Some((line.original_line?, line.quantity, line.final_amount))
                }));
            }
        }
        match outcome {
            Ok(figures) => wanted
                .iter()
                .try_for_each(|word| self.holds(word, &figures)),
            Err(refusal) if right == format!("refused {}", refusal.name()) => Ok(()),
            Err(refusal) => Err(format!("refused {}: {refusal}", refusal.name())),
        }
    }

    /// Checks one word of the right side of a case.
    fn holds(&self, word: &str, figures: &Figures) -> Result<(), String> {
        let (name, values) = word.split_once(' ').unwrap_or((word, ""));
        let wanted: Vec<_> = values
            .split(' ')
            .filter_map(|value| self.facts.currency.read(value).ok())
            .collect();
        let is = |found: Vec<Amount>| {
            let said: Vec<_> = found
                .iter()
                .map(|amount| amount.display(self.facts.currency).to_string())
                .collect();
            if found == wanted {
                Ok(())
            } else {
                Err(format!("{name} is {}", said.join(" ")))
            }
        };
        if let Some((_, sum)) = figures.sums.iter().find(|(sum, _)| *sum == name) {
            return is(vec![*sum]);
        }
        match name {
            "lines" => is(figures.lines.iter().map(|line| line.final_amount).collect()),
            "taxes" => is(figures.lines.iter().map(|line| line.final_tax).collect()),
            "differs" if figures.sums[0].1 != wanted[0] => Ok(()),
            "differs" => Err("it is the total of the document".to_owned()),
            letter if letter.len() == 1 => {
                let group = figures
                    .groups
                    .entries()
                    .find(|total| total.group.code.to_string() == letter);
                is(group.map_or(Vec::new(), |total| vec![total.amount, total.tax]))
            }
            _ => Err(format!("{word:?} was wanted")),
        }
    }

    fn compute(
        &self,
        mut part: Part<'_>,
        original: Option<&Original<'_>>,
        due: Option<Amount>,
    ) -> Result<Figures, Refusal> {
        let rules = Rules {
            facts: self.facts,
            taxes: &self.taxes,
            payments: &self.payments,
            day: self.day,
        };
        let compute = |part: &Part<'_>| {
            let (mut lines, mut bytes) = ([LineTotals::default(); 40], [0; 8192]);
            let scratch = Scratch {
                lines: &mut lines,
                bytes: &mut bytes,
            };
            let draft = Draft {
                lines: &part.lines,
                prices: part.prices,
                modifiers: &part.modifiers,
                payments: &part.payments,
                ..Draft::default()
            };
            let kind = match original {
                None => ReceiptKind::Sale,
                Some(_) => ReceiptKind::Refund {
                    original: DocumentId([0; 16]),
                },
            };
            draft
                .compute(kind, original, rules, scratch, &mut IgnoreFaults)
                .map(|receipt| figures(&receipt))
        };
        if !part.payments.is_empty() {
            return compute(&part);
        }
        // A card pays the total of the right side. If that total belongs to a later part, the card pays the total that the
        // refusal names.
        let mut pay = |minor| {
            part.payments = vec![DraftPayment {
                code: Some(CARD),
                amount: Amount::from_minor(minor),
            }];
            compute(&part)
        };
        let total = match (due, pay(1)) {
            (Some(due), _) => due.minor(),
            (None, Err(Refusal::Underpaid { total, .. } | Refusal::RefundUneven { total, .. })) => {
                scale::parse(&total.to_string(), 2).unwrap()
            }
            (None, outcome) => return outcome,
        };
        pay(total)
    }

    fn part<'t>(&self, text: &'t str, sold: &[Line<'static>]) -> Part<'t> {
        let mut part = Part::default();
        for item in text.split(';') {
            let words: Vec<&'t str> = item.split_whitespace().collect();
            match words.as_slice() {
                ["net"] => part.prices = Prices::TaxExcluded,
                ["all", modifier] => part.modifiers.push(self.modifier(modifier)),
                ["cash", amount] => part.payments.push(self.payment(CASH, amount)),
                ["card", amount] => part.payments.push(self.payment(CARD, amount)),
                ["pay", code, amount] => part
                    .payments
                    .push(self.payment(code.parse().unwrap(), amount)),
                ["back", line, quantity, rest @ ..] => {
                    let place: usize = line.trim_end_matches(':').parse().unwrap();
                    let original = &sold[place - 1];
                    part.lines.push(DraftLine {
                        name: original.name,
                        price: original.price,
                        quantity: Quantity::read(quantity).unwrap(),
                        final_amount: match rest {
                            ["of", amount] => Some(self.amount(amount)),
                            _ => None,
                        },
                        ..DraftLine::default()
                    });
                }
                [group, quantity, "x", price, rest @ ..] => {
                    let modifier = rest.iter().find(|word| **word != "void");
                    part.lines.push(DraftLine {
                        name: NAMES[part.lines.len()],
                        quantity: Quantity::read(quantity).unwrap(),
                        price: self.amount(price),
                        modifier: modifier.map(|text| self.modifier(text)),
                        tax_group: Some(group),
                        voided: rest.contains(&"void"),
                        ..DraftLine::default()
                    });
                }
                other => panic!("not a part of a receipt: {other:?}"),
            }
        }
        part
    }

    fn amount(&self, text: &str) -> Amount {
        self.facts.currency.read(text).unwrap()
    }

    fn payment(&self, code: i32, amount: &str) -> DraftPayment {
        DraftPayment {
            code: Some(code),
            amount: self.amount(amount),
        }
    }

    fn modifier(&self, text: &str) -> Modifier {
        let text = text.trim_start_matches('+');
        match text.strip_suffix('%') {
            Some(percent) => {
                Modifier::Percent(scale::parse(percent, 2).unwrap().try_into().unwrap())
            }
            None => Modifier::Amount(self.amount(text)),
        }
    }
}

/// The lines have different names, so that a return finds the line.
const NAMES: [&str; 8] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
];

fn figures(receipt: &Receipt<'_>) -> Figures {
    let mut groups = TaxTotals::default();
    let lines: Vec<Line<'static>> = receipt
        .lines
        .iter()
        .map(|line| Line {
            name: NAMES.iter().find(|name| **name == line.name).unwrap(),
            comment: "",
            more_taxes: line.more_taxes.clone(),
            ..line
        })
        .collect();
    for line in &lines {
        for tax in line.taxes() {
            groups
                .add(tax.group, line.final_amount, tax.final_tax)
                .unwrap();
        }
    }
    Figures {
        sums: vec![
            ("total", receipt.total),
            ("tax", receipt.tax),
            ("sub", receipt.sub_total),
            ("mod", receipt.modification),
            ("change", receipt.change),
            ("round", receipt.rounded_by()),
        ],
        lines,
        groups,
    }
}

/// The result of a line of `scale.txt`.
fn scaled(left: &str) -> String {
    let words: Vec<&str> = left.split(' ').collect();
    let currency = |name: &str| {
        *[Currency::MDL, Currency::EUR, Currency::UAH]
            .iter()
            .find(|currency| currency.code() == name)
            .unwrap()
    };
    let integer = |text: &str| text.parse::<i64>().unwrap();
    let places = |text: &str| text.trim_start_matches('/').parse::<u8>().unwrap();
    fn said<T: ToString>(outcome: Result<T, ScaleFault<'_>>) -> String {
        outcome.map_or_else(|fault| fault.to_string(), |value| value.to_string())
    }
    let decimal = |amount: Amount, name: &str| amount.display(currency(name));
    match words.as_slice() {
        ["quantity", value, "out", to] => said(Quantity::read(value).unwrap().scaled(places(to))),
        ["quantity", value, from] => said(
            Quantity::from_scaled(integer(value), places(from)).map(|quantity| quantity.display()),
        ),
        ["quantity", value] => said(Quantity::read(value).map(|quantity| quantity.display())),
        ["rate", value, "out", to] => said(TaxRate::read(value).unwrap().scaled(places(to))),
        ["rate", value, from] => {
            said(TaxRate::from_scaled(integer(value), places(from)).map(TaxRate::display))
        }
        ["rate", value] => said::<Decimal>(TaxRate::read(value).map(TaxRate::display)),
        [name, value, "out", to] => {
            let amount = currency(name).read(value).unwrap();
            said(amount.scaled(currency(name), places(to)))
        }
        [name, value, from] => said(
            currency(name)
                .amount_of(integer(value), places(from))
                .map(|amount| decimal(amount, name)),
        ),
        [name, value] => said(
            currency(name)
                .read(value)
                .map(|amount| decimal(amount, name)),
        ),
        other => panic!("not a case of scale: {other:?}"),
    }
}
