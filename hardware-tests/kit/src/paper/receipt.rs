//! The paper of a receipt.

use super::books::{BookedLine, BookedReceipt};
use super::rows::{Part, parts, without_accents};
use super::words::PaperWords;

/// A receipt as its paper shows it.
#[derive(Clone, Debug, Default)]
pub struct ReadReceipt {
    /// The texts above the date: seller, title, number and seal.
    pub heading: String,
    /// Whether the paper says that it is a copy.
    pub is_copy: bool,
    /// The local date; empty if the paper has none.
    pub date: String,
    /// The local time; empty if the paper has none.
    pub time: String,
    /// The lines of goods.
    pub lines: Vec<ReadLine>,
    /// The sum of the lines, if the paper shows it.
    pub sub_total: Option<i64>,
    /// The discounts and surcharges of the whole receipt.
    pub changes: Vec<(String, i64)>,
    /// What the buyer owes; `None` if the paper does not say it.
    pub total: Option<i64>,
    /// The cash rounding.
    pub rounding: Option<i64>,
    /// What is paid after the cash rounding.
    pub to_pay: Option<i64>,
    /// The payments.
    pub payments: Vec<(String, i64)>,
    /// What is given back.
    pub change: Option<i64>,
    /// The tax of each group.
    pub taxes: Vec<ReadTax>,
    /// All other texts below the date.
    pub texts: String,
}

/// A line of goods on a paper.
#[derive(Clone, Debug, Default)]
pub struct ReadLine {
    /// The texts before the quantity: the end of it is the name.
    pub name: String,
    /// The quantity.
    pub quantity: i64,
    /// The price of one unit.
    pub price: i64,
    /// What stands beside quantity × price.
    pub amount: i64,
    /// The letters of the tax groups.
    pub letters: String,
    /// What changes the amount.
    pub changes: Vec<(String, i64)>,
    /// What the changes consist of (`-10.00% = -4.26`), where a fiscal printer prints one sum of all changes.
    pub notes: Vec<(String, i64)>,
}

/// The tax of a group on a paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadTax {
    /// The letter of the group.
    pub letter: char,
    /// The rate in ten-thousandths of a percent.
    pub rate: i64,
    /// The amount in which the tax is included.
    pub gross: i64,
    /// The tax.
    pub tax: i64,
}

impl ReadReceipt {
    /// Reads the paper of a receipt.
    #[must_use]
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>, words: &PaperWords) -> Self {
        let mut read = Self::default();
        for part in parts(lines, &words.included_in) {
            read.add(part, words);
        }
        read.is_copy = read.heading.contains(&words.copy);
        read
    }

    /// Reads the paper of a receipt that an emulated fiscal printer has made itself. Such a paper has no taxes, and the names of the
    /// payments are the printer's.
    #[must_use]
    pub fn of_fiscal_printer<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of(lines, &PaperWords::of_fiscal_printers())
    }

    fn add(&mut self, part: Part, words: &PaperWords) {
        match part {
            Part::Moment(date, time) if self.date.is_empty() => {
                self.heading = std::mem::take(&mut self.texts);
                (self.date, self.time) = (date, time);
            }
            Part::Moment(date, time) => self.text(&format!("{date} {time}")),
            Part::Text(text) => self.text(&text),
            Part::Goods {
                name,
                quantity,
                price,
                amount,
                letters,
            } => {
                self.text(&name);
                self.lines.push(ReadLine {
                    name,
                    quantity,
                    price,
                    amount,
                    letters,
                    ..ReadLine::default()
                });
            }
            Part::Figure { name, amount, .. } => self.figure(name, amount, words),
        }
    }

    fn text(&mut self, text: &str) {
        self.texts.push_str(text);
        self.texts.push(' ');
    }

    fn figure(&mut self, name: String, amount: i64, words: &PaperWords) {
        let is = |word: &str| ends_with(&name, word);
        if self.total.is_none() {
            match (self.sub_total, self.lines.last_mut()) {
                _ if is(&words.total) => self.total = Some(amount),
                (None, _) if is(&words.sub_total) => self.sub_total = Some(amount),
                (None, Some(line)) if name.ends_with('=') => {
                    line.notes.push((name.clone(), amount))
                }
                (None, Some(line)) => line.changes.push((name.clone(), amount)),
                _ => self.changes.push((name.clone(), amount)),
            }
        } else if is(&words.to_pay) {
            // What stands between the total and this row is the rounding.
            self.rounding = Some(self.payments.drain(..).map(|(_, amount)| amount).sum());
            self.to_pay = Some(amount);
        } else if is(&words.change) {
            self.change = Some(amount);
        } else if let Some(tax) = tax_of(&name, amount, words) {
            self.taxes.push(tax);
        } else {
            self.payments.push((name.clone(), amount));
        }
        self.text(&name);
    }

    /// Computes every sum of the paper again. Each fault is a sentence.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |what: &str, shown: i64, computed: i64| {
            if shown != computed {
                faults.push(format!("{what} is {shown} and should be {computed}"));
            }
        };
        for line in &self.lines {
            let product = rounded(i128::from(line.quantity) * i128::from(line.price), 1_000);
            check(&format!("{} × price", line.name), line.amount, product);
            if !line.notes.is_empty() {
                check(
                    &format!("the change of {}", line.name),
                    sum(&line.changes),
                    sum(&line.notes),
                );
            }
        }
        let of_lines: i64 = self.lines.iter().map(ReadLine::changed).sum();
        let sub_total = self.sub_total.unwrap_or(of_lines);
        check("the sum of the lines", sub_total, of_lines);
        let total = self.total.unwrap_or(i64::MIN);
        check("the total", total, sub_total + sum(&self.changes));
        let rounding = self.rounding.unwrap_or_default();
        let to_pay = self.to_pay.unwrap_or(total);
        check("what is to be paid", to_pay, total + rounding);
        let paid = sum(&self.payments) - self.change.unwrap_or_default();
        check("paid without the change", paid, to_pay);
        self.check_taxes(total, &mut check);
        faults
    }

    fn check_taxes(&self, total: i64, check: &mut impl FnMut(&str, i64, i64)) {
        if self.taxes.is_empty() || self.lines.iter().any(|line| line.letters.len() != 1) {
            return;
        }
        let gross = self.taxes.iter().map(|tax| tax.gross).sum();
        check("the sum of the taxed amounts", gross, total);
        for tax in &self.taxes {
            let parts = i128::from(tax.rate);
            let exact = rounded(i128::from(tax.gross) * parts, 1_000_000 + parts);
            // Each line is rounded by itself.
            let slack = i64::try_from(self.lines.len()).unwrap_or(i64::MAX);
            let near = tax.tax.clamp(exact - slack, exact + slack);
            check(&format!("the tax {}", tax.letter), tax.tax, near);
        }
    }

    /// Compares the paper with the books. Each difference is a sentence. A paper that shows no tax is not compared in its taxes.
    #[must_use]
    pub fn differences(&self, books: &BookedReceipt) -> Vec<String> {
        let mut differences = self.lines_unlike(&books.lines);
        let mut check = |what: &str, shown: String, booked: String| {
            if shown != booked {
                differences.push(format!("{what} is {shown} and in the books {booked}"));
            }
        };
        let money = |amount: i64| amount.to_string();
        if !books.date.is_empty() {
            let booked = format!("{} {}", books.date, books.time);
            check("the moment", format!("{} {}", self.date, self.time), booked);
        }
        let is_named = self.heading.contains(&books.number);
        check(
            "the number is there",
            is_named.to_string(),
            String::from("true"),
        );
        check(
            "the change",
            money(sum(&self.changes)),
            money(books.modification),
        );
        let percents: Vec<&String> = books.percents.iter().collect();
        let shown: Vec<&String> = percents
            .iter()
            .filter(|percent| {
                self.changes
                    .iter()
                    .any(|(name, _)| name.ends_with(percent.as_str()))
            })
            .copied()
            .collect();
        check(
            "the percents",
            format!("{shown:?}"),
            format!("{percents:?}"),
        );
        if let Some(sub_total) = self.sub_total {
            check(
                "the sum of the lines",
                money(sub_total),
                money(books.sub_total),
            );
        }
        check(
            "the total",
            format!("{:?}", self.total),
            format!("{:?}", Some(books.total)),
        );
        let rounding = self.rounding.unwrap_or_default();
        check("the rounding", money(rounding), money(books.rounding));
        let change = self.change.unwrap_or_default();
        check("what is given back", money(change), money(books.change));
        let named = books.payments.iter();
        let named = named.map(|(name, amount)| (without_accents(name), *amount));
        let payments: Vec<(String, i64)> = named.collect();
        check(
            "paid",
            format!("{:?}", self.payments),
            format!("{payments:?}"),
        );
        self.compare_taxes(books, &mut check);
        differences
    }

    fn compare_taxes(&self, books: &BookedReceipt, check: &mut impl FnMut(&str, String, String)) {
        let shown: i64 = self.taxes.iter().map(|tax| tax.tax).sum();
        check("the tax", shown.to_string(), books.tax.to_string());
        for booked in &books.taxes {
            let found = self.taxes.iter().find(|tax| tax.letter == booked.letter);
            let what = format!("the tax {}", booked.letter);
            check(
                &format!("the amount with {what}"),
                format!("{:?}", found.map(|tax| tax.gross)),
                format!("{:?}", Some(booked.gross)),
            );
            if let Some(tax) = booked.tax {
                check(
                    &what,
                    format!("{:?}", found.map(|tax| tax.tax)),
                    format!("{:?}", Some(tax)),
                );
            }
        }
        let count = |count: usize| count.to_string();
        check(
            "the taxes",
            count(self.taxes.len()),
            count(books.taxes.len()),
        );
    }

    /// Compares only the lines of goods with the books; for papers of fiscal printers, whose lines contain their part of the
    /// receipt's modifiers.
    #[must_use]
    pub fn lines_unlike(&self, books: &[BookedLine]) -> Vec<String> {
        let mut differences = Vec::new();
        if self.lines.len() != books.len() {
            differences.push(format!(
                "{} lines, in the books {}",
                self.lines.len(),
                books.len()
            ));
        }
        for (line, booked) in self.lines.iter().zip(books) {
            let shown = (
                line.quantity,
                line.price,
                line.amount,
                line.letters.as_str(),
            );
            let wanted = (
                booked.quantity,
                booked.price,
                booked.before,
                booked.letters.as_str(),
            );
            if shown != wanted {
                differences.push(format!("{}: {shown:?}, in the books {wanted:?}", line.name));
            }
        }
        differences
    }

    /// Compares what only the papers of this program show of each line: its name, its amount after its own modifier, the percentage and
    /// the comment.
    #[must_use]
    pub fn details_unlike(&self, books: &[BookedLine]) -> Vec<String> {
        let mut differences = Vec::new();
        for (line, booked) in self.lines.iter().zip(books) {
            let name = without_accents(&words_of(&booked.name));
            if !line.name.ends_with(&name) {
                differences.push(format!("{:?} should end with {name:?}", line.name));
            }
            if line.changed() != booked.amount {
                let shown = line.changed();
                differences.push(format!(
                    "{name} costs {shown}, in the books {}",
                    booked.amount
                ));
            }
            let has =
                |percent: &String| line.changes.iter().any(|(name, _)| name.ends_with(percent));
            if booked.percent.as_ref().is_some_and(|percent| !has(percent)) {
                differences.push(format!("{name} has no row for {:?}", booked.percent));
            }
            let comment = without_accents(&words_of(&booked.comment));
            if !self.texts.contains(&comment) {
                differences.push(format!("{name} has no comment {comment:?}"));
            }
        }
        differences
    }
}

impl ReadLine {
    /// The amount with all changes.
    #[must_use]
    pub fn changed(&self) -> i64 {
        self.amount + sum(&self.changes)
    }
}

/// Reads `… A 20% din 97.48`.
fn tax_of(name: &str, tax: i64, words: &PaperWords) -> Option<ReadTax> {
    let parts: Vec<&str> = name.split(' ').collect();
    let [.., word, letter, rate, included_in, gross] = parts.as_slice() else {
        return None;
    };
    if *word != words.tax || *included_in != words.included_in {
        return None;
    }
    Some(ReadTax {
        letter: letter.chars().next()?,
        rate: ferrotill_core::scale::parse(rate.strip_suffix('%')?, 4).ok()?,
        gross: super::rows::hundredths(gross)?,
        tax,
    })
}

/// Whether the last words of a name are this word.
fn ends_with(name: &str, word: &str) -> bool {
    name.strip_suffix(word)
        .is_some_and(|before| before.is_empty() || before.ends_with(' '))
}

fn words_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn sum(figures: &[(String, i64)]) -> i64 {
    figures.iter().map(|(_, amount)| amount).sum()
}

/// A quotient, rounded half away from zero.
fn rounded(number: i128, by: i128) -> i64 {
    let doubled = number * 2 + if number < 0 { -by } else { by };
    i64::try_from(doubled / (by * 2)).unwrap_or(i64::MAX)
}
