//! The papers of reports and of cash operations.

use super::receipt::sum;
use super::rows::{Part, parts};
use super::words::PaperWords;

/// A report as its paper shows it.
#[derive(Clone, Debug, Default)]
pub struct ReadReport {
    /// The texts above the date: seller, title with the number of the Z-report, number and seal.
    pub heading: String,
    /// Whether the paper says that it is a copy.
    pub is_copy: bool,
    /// The local date.
    pub date: String,
    /// The local time.
    pub time: String,
    /// The sections from top to bottom.
    pub sections: Vec<ReadSection>,
}

/// A sum of a report, and what it consists of.
#[derive(Clone, Debug, Default)]
pub struct ReadSection {
    /// The name, with the count of the documents in brackets if the sum is one of documents.
    pub name: String,
    /// The sum.
    pub total: i64,
    /// The tax of each group: letter with rate and the amount that includes the tax, and the tax.
    pub taxes: Vec<(String, i64)>,
    /// The tax of all groups.
    pub tax: Option<i64>,
    /// The sum without the tax.
    pub net: Option<i64>,
    /// All other figures: payments and the cash rounding, or the cash that was put in and taken out.
    pub others: Vec<(String, i64)>,
}

impl ReadReport {
    /// Reads the paper of a report. The paper needs its lines from edge to edge, because these begin a section.
    #[must_use]
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>, words: &PaperWords) -> Self {
        let lines: Vec<&str> = lines.into_iter().collect();
        let is_rule = |line: &&str| {
            let line = line.trim();
            line.len() >= 8 && line.bytes().all(|byte| byte == b'-')
        };
        let mut blocks = lines.split(is_rule);
        let mut read = Self::default();
        for part in parts(
            blocks.next().into_iter().flatten().copied(),
            &words.included_in,
        ) {
            match part {
                Part::Moment(date, time) if read.date.is_empty() => {
                    (read.date, read.time) = (date, time);
                }
                Part::Text(text) if read.date.is_empty() => read.heading.push_str(&text),
                _ => {}
            }
        }
        read.is_copy = read.heading.contains(&words.copy);
        read.sections = blocks
            .map(|block| ReadSection::of(parts(block.iter().copied(), &words.included_in), words))
            .collect();
        read
    }

    /// Computes every sum of the paper again. Each fault is a sentence. `has_levy` says that a line can have several taxes, so that the
    /// amounts with tax do not add up to the sum.
    #[must_use]
    pub fn faults(&self, has_levy: bool) -> Vec<String> {
        self.sections
            .iter()
            .flat_map(|section| section.faults(has_levy))
            .collect()
    }

    /// The section whose name begins with this word.
    #[must_use]
    pub fn section(&self, word: &str) -> Option<&ReadSection> {
        let word = super::rows::without_accents(word);
        self.sections
            .iter()
            .find(|section| section.name.starts_with(&word))
    }
}

impl ReadSection {
    fn of(parts: Vec<Part>, words: &PaperWords) -> Self {
        let mut read = Self::default();
        let figures = parts.into_iter().filter_map(|part| match part {
            Part::Figure { name, amount, .. } => Some((name, amount)),
            _ => None,
        });
        for (name, amount) in figures {
            if read.name.is_empty() {
                (read.name, read.total) = (name, amount);
            } else if name == words.tax {
                read.tax = Some(amount);
            } else if name == words.net {
                read.net = Some(amount);
            } else if name.contains(&format!("% {} ", words.included_in)) {
                read.taxes.push((name, amount));
            } else {
                read.others.push((name, amount));
            }
        }
        read
    }

    /// The count of the documents.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        let (_, count) = self.name.rsplit_once('(')?;
        count.strip_suffix(')')?.parse().ok()
    }

    fn faults(&self, has_levy: bool) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |what: &str, shown: i64, computed: i64| {
            if shown != computed {
                let name = &self.name;
                faults.push(format!(
                    "{what} of {name} is {shown} and should be {computed}"
                ));
            }
        };
        let (Some(tax), Some(net)) = (self.tax, self.net) else {
            return faults;
        };
        check("the sum", self.total, tax + net);
        if self.taxes.is_empty() {
            return faults;
        }
        check("the tax", tax, sum(&self.taxes));
        if !has_levy {
            let gross = self.taxes.iter().filter_map(|(name, _)| {
                super::rows::hundredths(name.rsplit(' ').next().unwrap_or_default())
            });
            check("the taxed amount", gross.sum(), self.total);
        }
        faults
    }
}

/// A cash operation as its paper shows it.
#[derive(Clone, Debug, Default)]
pub struct ReadCash {
    /// The texts above the date.
    pub heading: String,
    /// Whether the paper says that it is a copy.
    pub is_copy: bool,
    /// The local date.
    pub date: String,
    /// The local time.
    pub time: String,
    /// The amount: above zero in, below zero out.
    pub amount: Option<i64>,
    /// The cash in the drawer after the operation.
    pub in_drawer: Option<i64>,
}

impl ReadCash {
    /// Reads the paper of a cash operation.
    #[must_use]
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>, words: &PaperWords) -> Self {
        let mut read = Self::default();
        for part in parts(lines, &words.included_in) {
            match part {
                Part::Moment(date, time) if read.date.is_empty() => {
                    (read.date, read.time) = (date, time);
                }
                Part::Text(text) if read.date.is_empty() => read.heading.push_str(&text),
                Part::Figure { name, amount, .. } if name == words.total => {
                    read.amount = Some(amount);
                }
                Part::Figure { name, amount, .. } if name == words.in_drawer => {
                    read.in_drawer = Some(amount);
                }
                _ => {}
            }
        }
        read.is_copy = read.heading.contains(&words.copy);
        read
    }
}
