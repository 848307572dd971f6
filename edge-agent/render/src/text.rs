//! Blocks as the rows of a paper.
//!
//! No text is lost: what does not fit one row continues in the next one. A text is broken between words, and inside a word only if
//! the word alone is longer than a row.

use crate::layout::{Align, Block, Emphasis};

/// One row of a paper. The spaces that place the text are part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperRow {
    /// The text, without spaces at its end.
    pub text: String,
    /// How strongly the text is printed. A [large](Emphasis::Large) text has at most half as many letters as the paper has columns.
    pub emphasis: Emphasis,
}

/// The width of a paper.
#[derive(Clone, Copy)]
pub struct PaperWidth<'a> {
    /// The number of letters of a row; 0 counts as 1.
    pub columns: usize,
    /// Whether the printer prints large letters. If not, a [large](Emphasis::Large) text is bold.
    pub large: bool,
    /// The number of letters with which the printer prints a text. It differs from the number of characters where the printer
    /// writes one character with several letters, such as `Щ` with `Shch`.
    pub letters: &'a dyn Fn(&str) -> usize,
}

/// The rows of blocks.
#[must_use]
pub fn rows(blocks: &[Block], width: PaperWidth<'_>) -> Vec<PaperRow> {
    blocks
        .iter()
        .flat_map(|block| match block {
            Block::Rule => vec![plain("-".repeat(width.columns.max(1)))],
            Block::Text {
                text,
                align,
                emphasis,
            } => text_rows(text, *align, *emphasis, width),
            Block::Columns {
                left,
                right,
                emphasis,
            } => column_rows(left, right, *emphasis, width),
            Block::Qr { text, letters } => {
                let printed = letters.as_ref().unwrap_or(text);
                text_rows(printed, Align::Centre, Emphasis::Plain, width)
            }
            Block::Logo(_) => Vec::new(),
        })
        .collect()
}

fn plain(text: String) -> PaperRow {
    PaperRow {
        text,
        emphasis: Emphasis::Plain,
    }
}

/// The emphasis that a text of so many letters can have, and the number of columns in it.
fn fitting(emphasis: Emphasis, letters: usize, width: PaperWidth<'_>) -> (Emphasis, usize) {
    let half = width.columns / 2;
    match emphasis {
        Emphasis::Large if width.large && letters <= half => (Emphasis::Large, half),
        Emphasis::Large => (Emphasis::Bold, width.columns),
        other => (other, width.columns),
    }
}

fn text_rows(text: &str, align: Align, emphasis: Emphasis, width: PaperWidth<'_>) -> Vec<PaperRow> {
    let (emphasis, columns) = fitting(emphasis, (width.letters)(text), width);
    wrapped(text, PaperWidth { columns, ..width })
        .into_iter()
        .map(|part| {
            let indent = match align {
                Align::Left => 0,
                Align::Centre => columns.saturating_sub((width.letters)(&part)) / 2,
            };
            PaperRow {
                text: format!("{}{part}", " ".repeat(indent)),
                emphasis,
            }
        })
        .collect()
}

fn column_rows(
    left: &str,
    right: &str,
    emphasis: Emphasis,
    width: PaperWidth<'_>,
) -> Vec<PaperRow> {
    let right_letters = (width.letters)(right);
    let needed = (width.letters)(left)
        .saturating_add(1)
        .saturating_add(right_letters);
    let (emphasis, columns) = fitting(emphasis, needed, width);
    let mut parts = wrapped(left, PaperWidth { columns, ..width });
    if right_letters > columns {
        // A long text, such as a signature, has rows of its own.
        let rest = wrapped(right, PaperWidth { columns, ..width });
        parts.extend(rest.into_iter().map(|part| {
            let gap = columns.saturating_sub((width.letters)(&part));
            format!("{}{part}", " ".repeat(gap))
        }));
        let rows = parts.into_iter().filter(|part| !part.is_empty());
        return rows.map(|text| PaperRow { text, emphasis }).collect();
    }
    let last = parts.pop().unwrap_or_default();
    let used = (width.letters)(&last).saturating_add(right_letters);
    let (last, gap) = if used < columns {
        (last, columns.saturating_sub(used))
    } else {
        parts.push(last);
        (String::new(), columns.saturating_sub(right_letters))
    };
    let end = format!("{last}{}{right}", " ".repeat(gap));
    parts.push(end.trim_end().to_owned());
    parts
        .into_iter()
        .map(|text| PaperRow { text, emphasis })
        .collect()
}

/// The parts of a text that fit a row; at least one. A text that fits keeps all its spaces, except those at its end.
fn wrapped(text: &str, width: PaperWidth<'_>) -> Vec<String> {
    let fits = |part: &str| (width.letters)(part) <= width.columns.max(1);
    let text = text.trim_end();
    if fits(text) {
        return vec![text.to_owned()];
    }
    let mut parts = Vec::new();
    let mut part = String::new();
    for word in text.split_whitespace() {
        let longer = if part.is_empty() {
            word.to_owned()
        } else {
            format!("{part} {word}")
        };
        if fits(&longer) {
            part = longer;
            continue;
        }
        if !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        }
        for letter in word.chars() {
            let mut longer = part.clone();
            longer.push(letter);
            if !part.is_empty() && !fits(&longer) {
                parts.push(std::mem::take(&mut part));
            }
            part.push(letter);
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn width(columns: usize) -> PaperWidth<'static> {
        PaperWidth {
            columns,
            large: true,
            letters: &|text| text.chars().count(),
        }
    }

    fn texts(rows: Vec<PaperRow>) -> Vec<String> {
        rows.into_iter().map(|row| row.text).collect()
    }

    #[test]
    fn a_figure_that_is_longer_than_a_row_is_broken_at_the_right_edge() {
        let rows = column_rows("Key", "1234567890", Emphasis::Plain, width(8));
        assert_eq!(texts(rows), ["Key", "12345678", "      90"]);
        let rows = column_rows("", "12345678901", Emphasis::Large, width(8));
        assert_eq!(texts(rows), ["12345678", "     901"]);
    }

    #[test]
    fn text_is_broken_between_words_and_a_long_word_inside() {
        let wrap = |text: &str| wrapped(text, width(8));
        assert_eq!(wrap("Paine de secara"), ["Paine de", "secara"]);
        assert_eq!(wrap("1234567890"), ["12345678", "90"]);
        assert_eq!(wrap("ab 1234567890 c"), ["ab", "12345678", "90 c"]);
        assert_eq!(wrap("a    b"), ["a    b"], "spaces of the caller stay");
        assert_eq!(wrap(""), [""]);
        assert_eq!(wrapped("ab", width(0)), ["a", "b"]);
    }

    #[test]
    fn an_amount_stands_at_the_right_edge_also_below_a_long_name() {
        let rows =
            |left: &str, right: &str| texts(column_rows(left, right, Emphasis::Plain, width(12)));
        assert_eq!(rows("TOTAL", "8.10"), ["TOTAL   8.10"]);
        assert_eq!(rows("TOTAL MD", "8.10"), ["TOTAL MD", "        8.10"]);
        assert_eq!(
            rows("a card of the shop", "8.10"),
            ["a card of", "the shop", "        8.10"]
        );
        assert_eq!(rows("", "8.10 "), ["       8.10"], "no space at the end");
    }

    #[test]
    fn a_large_text_that_does_not_fit_is_bold() {
        let row = |text: &str| text_rows(text, Align::Centre, Emphasis::Large, width(16)).remove(0);
        assert_eq!(
            (row("BON").text.as_str(), row("BON").emphasis),
            ("  BON", Emphasis::Large)
        );
        assert_eq!(row("BON DE PLATA").emphasis, Emphasis::Bold);
    }

    #[test]
    fn a_letter_that_is_printed_as_several_takes_their_room() {
        let shown = PaperWidth {
            columns: 10,
            large: false,
            letters: &|text| {
                text.chars()
                    .map(|letter| if letter == 'Щ' { 4 } else { 1 })
                    .sum()
            },
        };
        assert_eq!(
            texts(column_rows("Щ", "1.00", Emphasis::Plain, shown)),
            ["Щ  1.00"]
        );
    }
}
