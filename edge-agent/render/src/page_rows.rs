//! The rows of the page for buyers: where the amounts of a row stand, and how many rows the whole page has on paper.

use crate::html::{class_of, escape};
use crate::layout::{Block, Emphasis};
use crate::page_items::{PageItem, PageSection};

/// An amount at the right edge, and the letters of tax groups behind it. All amounts of a paper keep the room of the letters free.
pub(crate) fn split_amount(right: &str) -> Option<(&str, &str)> {
    let end = right
        .find(|letter: char| !(letter.is_ascii_digit() || "-.,\u{a0}\u{202f}".contains(letter)))
        .unwrap_or(right.len());
    let (amount, letters) = right.split_at_checked(end)?;
    let decimals = amount.rsplit_once(['.', ',']).map(|(_, decimals)| decimals);
    let is_amount = decimals.is_some_and(|decimals| {
        decimals.len() == 2 && decimals.bytes().all(|digit| digit.is_ascii_digit())
    });
    let is_letters = letters.is_empty()
        || letters.strip_prefix(' ').is_some_and(|rest| {
            rest.chars()
                .all(|letter| letter == ' ' || letter.is_alphabetic())
        });
    (is_amount && is_letters).then(|| (amount, letters.trim()))
}

/// The most letters of tax groups behind an amount of a page.
pub(crate) fn letters_of(sections: &[PageSection]) -> usize {
    let items = sections.iter().flat_map(|section| &section.items);
    let letters = items.map(|item| match item {
        PageItem::Block(Block::Columns { right, .. }) => {
            split_amount(right).map_or(0, |(_, letters)| letters.chars().count())
        }
        _ => 0,
    });
    letters.max().unwrap_or(0)
}

/// Writes a row with a text at each edge. Where amounts have letters behind them, all amounts end in one column.
pub(crate) fn write_row(
    page: &mut String,
    (left, right): (&str, &str),
    emphasis: Emphasis,
    letters: usize,
) {
    page.push_str("<p class=\"r");
    if emphasis != Emphasis::Plain {
        page.push(' ');
        page.push_str(class_of(emphasis));
    }
    page.push_str("\"><span>");
    escape(page, left);
    // The space keeps the two apart where the text is copied or read aloud.
    page.push_str("</span> <span");
    if right.chars().count() > LONG_LETTERS {
        page.push_str(" class=\"o\"");
    }
    page.push('>');
    match split_amount(right) {
        Some((amount, own)) if letters > 0 => {
            escape(page, amount);
            page.push_str(if letters == 1 {
                "<i class=\"x\">"
            } else {
                "<i class=\"x y\">"
            });
            if !own.is_empty() {
                page.push(' ');
                escape(page, own);
            }
            page.push_str("</i>");
        }
        _ => escape(page, right),
    }
    page.push_str("</span></p>\n");
}

/// Whether the page is printed in two columns, because one column would not be on one sheet.
pub(crate) fn is_long(sections: &[PageSection]) -> bool {
    let filled = sections.iter().filter(|section| !section.items.is_empty());
    let rows = filled.map(|section| {
        let title = if section.title.is_empty() { 0 } else { 15 };
        section
            .items
            .iter()
            .map(tenths)
            .fold(SECTION_TENTHS.saturating_add(title), usize::saturating_add)
    });
    rows.fold(0, usize::saturating_add) > SHEET_TENTHS
}

/// The height of an item on paper, in tenths of a row.
fn tenths(item: &PageItem) -> usize {
    let text = |text: &str| {
        let rows = text.lines().map(|line| {
            let letters = line.chars().count();
            letters.div_ceil(LONG_LETTERS).max(1)
        });
        rows.fold(0, usize::saturating_add)
            .max(1)
            .saturating_mul(10)
    };
    match item {
        PageItem::Block(Block::Text {
            text: shown,
            emphasis,
            ..
        }) => match emphasis {
            Emphasis::Large => text(shown).saturating_mul(2),
            _ => text(shown),
        },
        PageItem::Block(Block::Columns { left, right, .. }) => {
            let both = left.chars().count().saturating_add(right.chars().count());
            if both > LONG_LETTERS {
                text(left).saturating_add(text(right))
            } else {
                10
            }
        }
        PageItem::Block(Block::Rule) => 10,
        PageItem::Block(Block::Qr { .. }) | PageItem::Code(_) => 120,
        PageItem::Block(Block::Logo(_)) | PageItem::Image { .. } => 60,
        PageItem::Right(shown) => text(shown),
        PageItem::Table(rows) => rows.len().saturating_mul(12),
        PageItem::Bars(..) => 42,
    }
}

/// From so many letters a text at the right edge has rows of its own, in which it stands at the left.
const LONG_LETTERS: usize = 34;
/// The space and the line between two sections.
const SECTION_TENTHS: usize = 13;
/// What one column of a sheet of A4 holds.
const SHEET_TENTHS: usize = 800;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_parted_from_its_letters() {
        assert_eq!(split_amount("37.00 A"), Some(("37.00", "A")));
        assert_eq!(
            split_amount("1\u{a0}037,00 AB"),
            Some(("1\u{a0}037,00", "AB"))
        );
        assert_eq!(split_amount("-3.10  "), Some(("-3.10", "")));
        assert_eq!(split_amount("9.80"), Some(("9.80", "")));
        for other in [
            "15:32:37",
            "29.11.2026",
            "29.11.2026 10:00:00",
            "7",
            "",
            "A",
            "9.80 1",
            "9.80A",
        ] {
            assert_eq!(split_amount(other), None, "{other}");
        }
    }

    #[test]
    fn amounts_with_and_without_letters_end_in_one_column() {
        let row = |right: &str, letters| {
            let mut page = String::new();
            write_row(&mut page, ("Tea", right), Emphasis::Bold, letters);
            page
        };
        let lettered = row("37.00 A", 1);
        assert!(
            lettered.contains("<span>37.00<i class=\"x\"> A</i></span>"),
            "{lettered}"
        );
        let plain = row("61.30  ", 1);
        assert!(
            plain.contains("<span>61.30<i class=\"x\"></i></span>"),
            "{plain}"
        );
        assert!(plain.starts_with("<p class=\"r b\">"), "{plain}");
        assert!(row("61.30", 0).contains("<span>61.30</span>"));
        assert!(row("15:32:37", 2).contains("<span>15:32:37</span>"));
        assert!(row(&"A".repeat(35), 0).contains("<span class=\"o\">"));
    }

    #[test]
    fn a_page_that_is_longer_than_a_sheet_has_two_columns() {
        let of = |count: usize| {
            let item = PageItem::Right("1.00".to_owned());
            [PageSection {
                title: String::new(),
                items: vec![item; count],
            }]
        };
        assert!(!is_long(&of(60)));
        assert!(is_long(&of(85)));
    }
}
