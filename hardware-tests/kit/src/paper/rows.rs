//! From lines of text to texts, figures and lines of goods.

use ferrotill_core::scale::parse;

/// A part of a paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A text that no figure follows.
    Text(String),
    /// An amount with the words before it, and the letters of the tax groups behind it.
    Figure {
        name: String,
        amount: i64,
        letters: String,
    },
    /// Quantity × price and their amount, with the words before them.
    Goods {
        name: String,
        quantity: i64,
        price: i64,
        amount: i64,
        letters: String,
    },
    /// A local date and a local time in a line of their own.
    Moment(String, String),
}

/// The parts of a paper. `included_in` is the word between the rate of a tax and the amount that includes the tax.
pub(super) fn parts<'a>(lines: impl IntoIterator<Item = &'a str>, included_in: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut pending: Vec<String> = Vec::new();
    for line in lines {
        let words: Vec<String> = line.split_whitespace().map(without_accents).collect();
        let Some(first) = words.first() else {
            continue;
        };
        if is_rule(first) || is_date(first) {
            end_text(&mut parts, &mut pending);
        }
        if is_rule(first) {
            continue;
        }
        pending.extend(words);
        let part = moment(&pending)
            .or_else(|| goods(&pending))
            .or_else(|| figure(&pending, included_in));
        if let Some(part) = part {
            pending.clear();
            parts.push(part);
        }
    }
    end_text(&mut parts, &mut pending);
    parts
}

fn end_text(parts: &mut Vec<Part>, pending: &mut Vec<String>) {
    if !pending.is_empty() {
        parts.push(Part::Text(pending.join(" ")));
        pending.clear();
    }
}

fn is_rule(word: &str) -> bool {
    word.len() >= 8 && word.bytes().all(|byte| byte == b'-')
}

/// `28.11.2026`.
fn is_date(word: &str) -> bool {
    has_digits(word, '.', &[2, 2, 4])
}

/// `13:52:30`.
fn is_time(word: &str) -> bool {
    has_digits(word, ':', &[2, 2, 2])
}

fn has_digits(word: &str, between: char, lengths: &[usize]) -> bool {
    let parts: Vec<&str> = word.split(between).collect();
    parts.len() == lengths.len()
        && parts.iter().zip(lengths).all(|(part, length)| {
            part.len() == *length && part.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn moment(words: &[String]) -> Option<Part> {
    let [date, time] = words else { return None };
    (is_date(date) && is_time(time)).then(|| Part::Moment(date.clone(), time.clone()))
}

fn goods(words: &[String]) -> Option<Part> {
    let (words, letters) = without_letters(words);
    let [name @ .., quantity, times, price, amount] = words else {
        return None;
    };
    (times == "x").then_some(())?;
    Some(Part::Goods {
        name: name.join(" "),
        quantity: thousandths(quantity)?,
        price: hundredths(price)?,
        amount: hundredths(amount)?,
        letters,
    })
}

fn figure(words: &[String], included_in: &str) -> Option<Part> {
    let (words, letters) = without_letters(words);
    let [name @ .., amount] = words else {
        return None;
    };
    let amount = hundredths(amount)?;
    let goes_on = match name {
        [.., times] if times == "x" => true,
        [.., rate, word] => rate.ends_with('%') && word == included_in,
        _ => false,
    };
    (!goes_on).then(|| Part::Figure {
        name: name.join(" "),
        amount,
        letters,
    })
}

/// The words before the letters of tax groups, and these letters.
fn without_letters(words: &[String]) -> (&[String], String) {
    match words {
        [before @ .., last]
            if last.len() <= 4
                && last.bytes().all(|byte| byte.is_ascii_uppercase())
                && before.last().is_some_and(|word| hundredths(word).is_some()) =>
        {
            (before, last.clone())
        }
        _ => (words, String::new()),
    }
}

/// An amount with two decimals, as a whole number of hundredths; `None` if the text is something else.
#[must_use]
pub fn hundredths(text: &str) -> Option<i64> {
    exactly(text, 2)
}

/// A quantity with three decimals, as a whole number of thousandths; `None` if the text is something else.
#[must_use]
pub fn thousandths(text: &str) -> Option<i64> {
    exactly(text, 3)
}

fn exactly(text: &str, decimals: u8) -> Option<i64> {
    let (_, behind) = text.split_once('.')?;
    let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    (behind.len() == usize::from(decimals) && text.bytes().all(is_plain))
        .then(|| parse(text, decimals).ok())
        .flatten()
}

/// A text as a printer without the letters of the language prints it.
#[must_use]
pub fn without_accents(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            'ă' | 'â' => 'a',
            'Ă' | 'Â' => 'A',
            'î' => 'i',
            'Î' => 'I',
            'ș' | 'ş' => 's',
            'Ș' | 'Ş' => 'S',
            'ț' | 'ţ' => 't',
            'Ț' | 'Ţ' => 'T',
            'ü' => 'u',
            'Ü' => 'U',
            'ä' => 'a',
            'Ä' => 'A',
            'ö' => 'o',
            'Ö' => 'O',
            other => other,
        })
        .collect()
}
