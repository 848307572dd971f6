//! The core's arithmetic compared with an independent one that uses exact fractions: no difference of even one minor unit.
//!
//! `FERROTILL_RECEIPTS=3000000 cargo test --release -p ferrotill-core --test reference` compares millions;
//! `FERROTILL_SEED` repeats a run that failed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod law;

use std::env;

use ferrotill_core::id::DocumentId;
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::{ALL, Facts};
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{
    Draft, DraftLine, DraftPayment, Line, LineTotals, Modifier, Original, OriginalLine, Prices,
    Receipt, ReceiptKind, Rules, Scratch,
};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::tax::TaxTable;
use ferrotill_core::time::Day;
use ferrotill_core::{Amount, Quantity, Refusal};
use law::{
    Charge, Rates, below_zero, both, change_of, half_away, largest_remainder, rates_of, ratio,
    taxes_of, taxes_of_sum,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};

#[test]
fn no_receipt_differs_by_one_minor_unit() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = number("FERROTILL_SEED").unwrap_or(0x5eed_0003);
    let receipts = number("FERROTILL_RECEIPTS").unwrap_or(100_000);
    let laws: Vec<Law> = ALL
        .iter()
        .map(|profile| Law::new(profile.facts()))
        .collect();
    let (mut sold, mut refused, mut returned) = (0_u64, 0_u64, 0_u64);
    for index in 0..receipts {
        let mut dice = Dice(seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let law = &laws[dice.below(laws.len())];
        let case = Case::random(&mut dice, law);
        let place = || format!("FERROTILL_SEED={seed} receipt {index} ({})", law.facts.code);
        match (compute(law, &case), reference(law, &case)) {
            (Ok(found), Some(wanted)) => {
                assert_eq!(found, wanted, "{}\n{case:#?}", place());
                sold += 1;
                if index % 4 == 0 {
                    returned += return_in_parts(law, &case, &mut dice, &place);
                }
            }
            (Err(_), None) => refused += 1,
            (found, wanted) => panic!("{}: {found:?} and {wanted:?}\n{case:#?}", place()),
        }
    }
    println!(
        "{sold} receipts and {returned} returns agreed to the minor unit, {refused} were refused by both"
    );
    assert!(sold > receipts / 2, "too few receipts were sold: {sold}");
}

/// A country with its default table.
struct Law {
    facts: &'static Facts,
    taxes: TaxTable,
    payments: PaymentTable,
    day: Day,
}

impl Law {
    fn new(facts: &'static Facts) -> Self {
        let payment = |code, cash| PaymentType {
            code,
            name: "x".try_into().unwrap(),
            cash,
            printer_letter: b'P',
            open_drawer: cash,
        };
        Self {
            facts,
            taxes: facts.tax_table(),
            payments: PaymentTable::new([payment(0, true), payment(1, false)].into_iter()).unwrap(),
            day: Day::of_date(2026, 11, 21),
        }
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            facts: self.facts,
            taxes: &self.taxes,
            payments: &self.payments,
            day: self.day,
        }
    }
}

#[derive(Debug)]
struct Case {
    lines: Vec<DraftLine<'static>>,
    prices: Prices,
    modifiers: Vec<Modifier>,
    /// The part of the total that a card pays, in percent; cash pays the rest.
    card_percent: i64,
    more_cash: i64,
}

/// The figures that the core and the reference compute.
#[derive(Debug, PartialEq)]
struct Figures {
    lines: Vec<[i64; 4]>,
    sub_total: i64,
    total: i64,
    tax: i64,
    rounding: i64,
    change: i64,
}

impl Case {
    fn random(dice: &mut Dice, law: &Law) -> Self {
        let groups: Vec<char> = law
            .facts
            .groups
            .iter()
            .map(|group| char::from(group.code.letter()))
            .collect();
        let lines = NAMES[..1 + dice.below(NAMES.len())]
            .iter()
            .map(|name| {
                let first = groups[dice.below(groups.len())];
                let second = groups[dice.below(groups.len())];
                let two = law.facts.taxes_per_line_max > 1 && dice.below(3) == 0 && first != second;
                DraftLine {
                    name,
                    quantity: Quantity::from_thousandths(dice.biased(2_000_000).max(1)),
                    price: Amount::from_minor(dice.biased(500_000).max(1)),
                    modifier: dice.modifier(),
                    tax_group: Some(letters(first, two.then_some(second))),
                    voided: dice.below(12) == 0,
                    ..DraftLine::default()
                }
            })
            .collect();
        let prices = if dice.below(3) == 0 {
            Prices::TaxExcluded
        } else {
            Prices::TaxIncluded
        };
        let count = dice.below(4);
        Self {
            lines,
            prices,
            modifiers: (0..count).filter_map(|_| dice.modifier()).collect(),
            card_percent: [0, 0, 50, 100][dice.below(4)],
            more_cash: dice.biased(5000),
        }
    }

    /// Payments that cover a total: a part by card, and cash for the rest and a little more.
    fn payments(&self, total: i64) -> Vec<DraftPayment> {
        let card = total * self.card_percent / 100;
        let mut payments = Vec::new();
        for (code, minor) in [(1, card), (0, total - card)] {
            let more = if code == 0 && minor > 0 {
                // The cash is enough for the cash rounding too.
                50 + self.more_cash
            } else {
                0
            };
            if minor > 0 {
                payments.push(DraftPayment {
                    code: Some(code),
                    amount: Amount::from_minor(minor + more),
                });
            }
        }
        payments
    }
}

/// Each line has a name of its own, so that a return finds it.
const NAMES: [&str; 8] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
];

/// The letters of the tax groups as text with a static lifetime, such as `"AF"`; there are only few different texts.
fn letters(first: char, second: Option<char>) -> &'static str {
    const ALL: &str = "ABACADAEAFAGAHBABCBDBEBFBGBHCACBCDCECFCGCHDADBDCDEDFDGDHEAEBECEDEFEGEHFAFBFCFDFEFGFHGAGBGCGDGEGFGHHAHBHCHDHEHFHG";
    let place = |pair: &str| {
        (0..ALL.len())
            .step_by(2)
            .find(|at| ALL[*at..].starts_with(pair))
            .unwrap()
    };
    match second {
        Some(second) => {
            let at = place(&format!("{first}{second}"));
            &ALL[at..at + 2]
        }
        None => {
            let at = place(&first.to_string());
            &ALL[at..=at]
        }
    }
}

fn compute(law: &Law, case: &Case) -> Result<Figures, Refusal> {
    let rules = law.rules();
    let mut room = [LineTotals::default(); 8];
    let mut compute_sums = |payments: &[DraftPayment]| {
        let draft = Draft {
            lines: &case.lines,
            prices: case.prices,
            modifiers: &case.modifiers,
            payments,
            ..Draft::default()
        };
        draft.compute_sums(None, rules, &mut room, &mut IgnoreFaults)
    };
    let total = match compute_sums(&[DraftPayment {
        code: Some(1),
        amount: Amount::from_minor(1),
    }]) {
        Err(Refusal::Underpaid { total, .. }) => {
            ferrotill_core::scale::parse(&total.to_string(), 2).unwrap()
        }
        Ok(sums) => sums.total.minor(),
        Err(refusal) => return Err(refusal),
    };
    let sums = compute_sums(&case.payments(total))?;
    Ok(Figures {
        lines: room[..case.lines.len()]
            .iter()
            .map(|line| {
                [
                    line.before_modification(),
                    line.amount(),
                    line.final_amount(),
                    line.final_tax(),
                ]
                .map(Amount::minor)
            })
            .collect(),
        sub_total: sums.sub_total.minor(),
        total: sums.total.minor(),
        tax: sums.tax.minor(),
        rounding: sums.rounding.map_or(0, |line| line.amount.minor()),
        change: sums.change.minor(),
    })
}

/// Returns the sale of a case in two or three returns and compares each returned line with the reference. Gives the number of
/// returns.
fn return_in_parts(law: &Law, case: &Case, dice: &mut Dice, place: &dyn Fn() -> String) -> u64 {
    let draft = Draft {
        lines: &case.lines,
        prices: case.prices,
        modifiers: &case.modifiers,
        ..Draft::default()
    };
    let sold = receipt(law, draft, None, |receipt| {
        receipt.lines.iter().map(owned).collect::<Vec<_>>()
    });
    let (sold, rates) = (sold.unwrap(), rates_of(law, case));
    // The quantity and the amount that were returned of each line.
    let mut taken = vec![(0_i64, 0_i64); sold.len()];
    let count = 2 + dice.below(2);
    let mut returned = 0;
    for part in 1..=count {
        let mut back = Vec::new();
        let mut wanted = Vec::new();
        for (index, line) in sold.iter().enumerate().filter(|(_, line)| !line.voided) {
            let rest = line.quantity.thousandths() - taken[index].0;
            let quantity = if part == count {
                rest
            } else {
                dice.biased(rest.max(1)).min(rest)
            };
            if quantity > 0 {
                back.push(DraftLine {
                    name: line.name,
                    price: line.price,
                    quantity: Quantity::from_thousandths(quantity),
                    ..DraftLine::default()
                });
                wanted.push((
                    index,
                    part_of(line, &rates[index], taken[index].0, quantity),
                ));
            }
        }
        let left: Vec<OriginalLine<'_>> = sold
            .iter()
            .zip(&taken)
            .map(|(line, (quantity, amount))| OriginalLine {
                line: line.clone(),
                returned_quantity: Quantity::from_thousandths(*quantity),
                returned_amount: Amount::from_minor(*amount),
                good: None,
            })
            .collect();
        let original = Original {
            kind: OriginalKind::Fiscal,
            number_unknown: false,
            lines: &left,
        };
        let draft = Draft {
            lines: &back,
            ..Draft::default()
        };
        let found = receipt(law, draft, Some(&original), |receipt| {
            receipt
                .lines
                .iter()
                .map(|line| of_line(&line))
                .collect::<Vec<_>>()
        });
        match found {
            Ok(found) => {
                let wanted_parts: Vec<_> = wanted.iter().map(|(_, part)| *part).collect();
                assert_eq!(found, wanted_parts, "{} return {part}\n{case:#?}", place());
                for ((index, part), line) in wanted.iter().zip(&back) {
                    taken[*index].0 += line.quantity.thousandths();
                    taken[*index].1 += part[1];
                }
                returned += 1;
            }
            // A return that is worth nothing cannot be paid out.
            Err(refusal) => assert!(
                wanted.iter().all(|(_, part)| part[1] == 0),
                "{} return {part}: {refusal:?}\n{case:#?}",
                place()
            ),
        }
    }
    returned
}

/// The receipt of a draft, of which a card pays the total.
fn receipt<T>(
    law: &Law,
    draft: Draft<'_>,
    original: Option<&Original<'_>>,
    look: impl Fn(&Receipt<'_>) -> T,
) -> Result<T, Refusal> {
    let compute = |minor| {
        let (mut lines, mut bytes) = ([LineTotals::default(); 8], [0; 2048]);
        let scratch = Scratch {
            lines: &mut lines,
            bytes: &mut bytes,
        };
        let payments = [DraftPayment {
            code: Some(1),
            amount: Amount::from_minor(minor),
        }];
        let draft = Draft {
            payments: &payments,
            ..draft
        };
        let kind = match original {
            None => ReceiptKind::Sale,
            Some(_) => ReceiptKind::Refund {
                original: DocumentId([0; 16]),
            },
        };
        draft
            .compute(kind, original, law.rules(), scratch, &mut IgnoreFaults)
            .map(|receipt| look(&receipt))
    };
    match compute(1) {
        Err(Refusal::Underpaid { total, .. } | Refusal::RefundUneven { total, .. }) => {
            compute(ferrotill_core::scale::parse(&total.to_string(), 2).unwrap())
        }
        outcome => outcome,
    }
}

fn owned(line: Line<'_>) -> Line<'static> {
    Line {
        name: NAMES.into_iter().find(|name| *name == line.name).unwrap(),
        comment: "",
        more_taxes: line.more_taxes.clone(),
        ..line
    }
}

/// The figures of a returned line: amount, final amount, tax, final tax, and the final tax of the second tax group.
fn of_line(line: &Line<'_>) -> [i64; 5] {
    let second = line
        .taxes()
        .nth(1)
        .map_or(Amount::ZERO, |tax| tax.final_tax);
    [
        line.amount,
        line.final_amount,
        line.tax,
        line.final_tax,
        second,
    ]
    .map(Amount::minor)
}

/// The figures of a part of a line, in fractions: what the line has given back after the part less what it had before.
fn part_of(line: &Line<'_>, rates: &Rates, before: i64, quantity: i64) -> [i64; 5] {
    let [amount, final_amount, tax, final_tax, second] = of_line(line).map(BigInt::from);
    let until = |quantity: i64| {
        let share = |of: &BigInt| {
            half_away(
                &(BigRational::from(of.clone()) * ratio(quantity, line.quantity.thousandths())),
            )
        };
        let returned = share(&final_amount);
        if final_amount.is_positive() && returned == final_amount {
            // The rest of the quantity is worth nothing.
            return [
                amount.clone(),
                returned,
                tax.clone(),
                final_tax.clone(),
                second.clone(),
            ];
        }
        let least = &final_tax - (&final_amount - &returned);
        let inside = both(taxes_of_sum(
            &returned,
            rates,
            Charge::Inside(Prices::TaxIncluded),
        ))
        .max(least)
        .min(final_tax.clone());
        let of_second = if final_tax.is_zero() {
            BigInt::zero()
        } else {
            BigRational::new(&inside * &second, final_tax.clone())
                .floor()
                .to_integer()
        };
        [share(&amount), returned, share(&tax), inside, of_second]
    };
    let (before, after) = (until(before), until(before + quantity));
    let parts: Vec<i64> = after
        .iter()
        .zip(&before)
        .map(|(after, before)| (after - before).to_i64().unwrap())
        .collect();
    parts.try_into().unwrap()
}

/// Computes the receipt in fractions by the text of the law. The function shares no code with the core except the tables.
fn reference(law: &Law, case: &Case) -> Option<Figures> {
    let max = BigInt::from(law.facts.amount_max.minor());
    let limited = |amount: BigInt| (!amount.is_negative() && amount <= max).then_some(amount);
    let rates = rates_of(law, case);
    let mut befores = Vec::new();
    let mut amounts = Vec::new();
    for line in &case.lines {
        let product = ratio(line.price.minor(), 1) * ratio(line.quantity.thousandths(), 1000);
        let before = limited(half_away(&product))?;
        let amount = limited(&before + change_of(line.modifier, &before))?;
        if below_zero(line.modifier, &before) {
            return None;
        }
        befores.push(before);
        amounts.push(if line.voided { BigInt::zero() } else { amount });
    }
    let charge = match case.prices {
        Prices::TaxIncluded => Charge::Inside(case.prices),
        Prices::TaxExcluded => Charge::OnTop,
    };
    let taxes = taxes_of(law, case, &rates, &amounts, charge);
    if case.prices == Prices::TaxExcluded {
        for (amount, tax) in amounts.iter_mut().zip(&taxes) {
            *amount += tax;
        }
    }
    let sub_total = limited(amounts.iter().sum())?;
    let mut total = sub_total.clone();
    let mut finals = amounts.clone();
    for modifier in &case.modifiers {
        let change = change_of(Some(*modifier), &total);
        if (total.is_zero() && !change.is_zero()) || below_zero(Some(*modifier), &total) {
            return None;
        }
        total = limited(&total + &change)?;
        let parts = largest_remainder(&change, &finals);
        for (amount, part) in finals.iter_mut().zip(parts) {
            *amount += part;
        }
    }
    if total.is_zero() {
        return None;
    }
    let final_taxes = if case.modifiers.is_empty() {
        taxes
    } else {
        taxes_of(law, case, &rates, &finals, Charge::Inside(case.prices))
    };
    let whole = |amount: &BigInt| amount.to_i64().unwrap();
    let payments = case.payments(whole(&total));
    let sum = |code: i32| -> i64 {
        let of_code = payments.iter().filter(|payment| payment.code == Some(code));
        of_code.map(|payment| payment.amount.minor()).sum()
    };
    let in_cash = whole(&total) - sum(1);
    let rounding = match law.facts.cash_rounding {
        Some(_) if sum(0) > 0 => whole(&half_away(&ratio(in_cash, 50))) * 50 - in_cash,
        _ => 0,
    };
    // The buyer hands over more than the limit allows.
    limited(BigInt::from(sum(0) + sum(1)))?;
    let tax: BigInt = final_taxes.iter().sum();
    Some(Figures {
        lines: (0..case.lines.len())
            .map(|place| {
                [&befores, &amounts, &finals, &final_taxes].map(|column| whole(&column[place]))
            })
            .collect(),
        sub_total: whole(&sub_total),
        total: whole(&total),
        tax: whole(&tax),
        rounding,
        // Cash beside payments that cover the total goes back as it came and is no payment.
        change: if in_cash == 0 {
            0
        } else {
            sum(0) - in_cash - rounding
        },
    })
}

/// The random generator SplitMix64 (S. Vigna), so that a run can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(count).unwrap()).unwrap()
    }

    /// A number from zero to a limit; numbers at which arithmetic often fails occur more often.
    fn biased(&mut self, limit: i64) -> i64 {
        const EDGES: [i64; 14] = [0, 1, 2, 3, 5, 49, 50, 99, 100, 499, 500, 999, 1000, 1001];
        match self.below(4) {
            0 => EDGES[self.below(EDGES.len())].min(limit),
            1 => i64::try_from(self.next() % 100).unwrap(),
            2 => limit - i64::try_from(self.next() % 100).unwrap(),
            _ => i64::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap(),
        }
    }

    fn modifier(&mut self) -> Option<Modifier> {
        let sign = if self.below(3) == 0 { 1 } else { -1 };
        match self.below(4) {
            0 => Some(Modifier::Amount(Amount::from_minor(
                sign * self.biased(300),
            ))),
            1 => {
                let percent = i32::try_from(sign * self.biased(10_002)).unwrap();
                Some(Modifier::Percent(percent))
            }
            _ => None,
        }
    }
}
