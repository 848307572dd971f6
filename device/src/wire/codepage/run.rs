//! Text as runs of bytes, each in a code page that the printer has.
//!
//! A page is kept as long as it has the letters. If it must change, the page that covers the longest part of the rest is used.
//! ASCII is the same in all pages and changes nothing.

use super::fold::{Cyrillic, latin, nearest};
use super::table::CodePage;

/// One place of a printed line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The page that gives the byte its meaning; `None` for ASCII, which every page has.
    pub page: Option<CodePage>,
    /// The byte of the cell, never a control character.
    pub byte: u8,
}

/// A text as cells of a printed line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// The cells of the text, one per printed place.
    pub cells: Vec<Cell>,
    /// The number of letters that are in no page and have no replacement; each of them is a `?` cell.
    pub missing: usize,
}

/// Encodes text in the pages that a printer has, the preferred one first.
///
/// A letter is searched in the page in use, in the other pages, among similar letters, and in Latin, in this order.
/// Control characters become spaces: inside text they would be commands.
#[must_use]
pub fn encode_in(text: &str, pages: &[CodePage]) -> Encoded {
    let letters: Vec<char> = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let language = Cyrillic::of(text);
    let mut encoded = Encoded::default();
    let mut current = None;
    let mut rest = letters.as_slice();
    while let Some((letter, after)) = rest.split_first() {
        if let Some(cell) = native(*letter, rest, pages, &mut current) {
            encoded.cells.push(cell);
        } else if let Some(cells) = substitute(*letter, language, pages, &mut current) {
            encoded.cells.extend(cells);
        } else {
            encoded.missing = encoded.missing.saturating_add(1);
            encoded.cells.push(ascii(b'?'));
        }
        rest = after;
    }
    encoded
}

/// The cell of the letter itself, in the page in use or in the page that covers the longest part from here.
fn native(
    letter: char,
    rest: &[char],
    pages: &[CodePage],
    current: &mut Option<CodePage>,
) -> Option<Cell> {
    if matches!(letter, ' '..='~') {
        return u8::try_from(u32::from(letter)).ok().map(ascii);
    }
    let mut page = current.filter(|page| page.byte_of(letter).is_some());
    if page.is_none() {
        let mut longest = 0;
        for candidate in pages {
            let lasts = rest
                .iter()
                .take_while(|letter| candidate.byte_of(**letter).is_some())
                .count();
            if lasts > longest {
                longest = lasts;
                page = Some(*candidate);
            }
        }
    }
    let page = page?;
    *current = Some(page);
    page.byte_of(letter).map(|byte| Cell {
        page: Some(page),
        byte,
    })
}

/// The replacement for a letter that no page has.
fn substitute(
    letter: char,
    language: Cyrillic,
    pages: &[CodePage],
    current: &mut Option<CodePage>,
) -> Option<Vec<Cell>> {
    nearest(letter)
        .iter()
        .copied()
        .chain(latin(letter, language))
        .find_map(|word| spelled(word, pages, current))
}

/// The cells of all letters of a substitute; `None` if a page for one of them is missing.
fn spelled(word: &str, pages: &[CodePage], current: &mut Option<CodePage>) -> Option<Vec<Cell>> {
    let letters: Vec<char> = word.chars().collect();
    let mut cells = Vec::with_capacity(letters.len());
    let mut page = *current;
    let mut rest = letters.as_slice();
    while let Some((letter, after)) = rest.split_first() {
        cells.push(native(*letter, rest, pages, &mut page)?);
        rest = after;
    }
    *current = page;
    Some(cells)
}

const fn ascii(byte: u8) -> Cell {
    Cell { page: None, byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as a printer with these pages prints it.
    fn printed(text: &str, pages: &[CodePage]) -> String {
        encode_in(text, pages)
            .cells
            .iter()
            .map(|cell| cell.page.unwrap_or(CodePage::Cp437).letter_of(cell.byte))
            .collect()
    }

    const EUROPE: &[CodePage] = &[CodePage::Cp437, CodePage::Cp852, CodePage::Cp866];
    const WINDOWS: &[CodePage] = &[CodePage::Cp1252, CodePage::Cp1250, CodePage::Cp1251];

    #[test]
    fn every_language_on_every_printer() {
        for (text, pages, expected) in [
            // These texts are Romanian.
            ("Pâine și țuică", EUROPE, "Pâine şi ţuică"),
            ("Pâine și țuică", WINDOWS, "Pâine şi ţuică"),
            ("Pâine și țuică", &[CodePage::Cp866][..], "Paine si tuica"),
            ("Pâine și țuică", &[CodePage::Cp858][..], "Pâine si tuica"),
            // These texts are Russian.
            ("Хлеб «Ёлка» №5", EUROPE, "Хлеб «Ёлка» №5"),
            ("Хлеб «Ёлка» №5", WINDOWS, "Хлеб «Ёлка» №5"),
            ("Хлеб «Ёлка»", &[CodePage::Cp437][..], "Khleb «Yolka»"),
            // These texts are Ukrainian: CP866 has neither і nor ґ.
            ("Київ, ґанок, п'ять", WINDOWS, "Київ, ґанок, п'ять"),
            ("Ґанок і Київ", EUROPE, "Ганок i Київ"),
            ("Її Київ", &[][..], "Yii Kyiv"),
            // These texts are Uzbek, in both alphabets. Of its special letters CP1251 has only ў.
            (
                "Ўрик, қовун, ғишт, ҳолва",
                WINDOWS,
                "Ўрик, ковун, гишт, холва",
            ),
            ("Ўрик қовун", EUROPE, "Ўрик ковун"),
            ("Ўрик қовун", &[][..], "O'rik qovun"),
            ("oʻrik, gʻisht, sanʼat", EUROPE, "o'rik, g'isht, san'at"),
            ("oʻrik, sanʼat", WINDOWS, "o‘rik, san’at"),
            // These texts contain signs.
            ("5 € — „да“…", &[CodePage::Cp866][..], "5 EUR - \"да\"..."),
            ("a\tb\nc\u{1B}d", EUROPE, "a b c d"),
        ] {
            assert_eq!(printed(text, pages), expected, "{text}");
            assert_eq!(encode_in(text, pages).missing, 0, "{text}");
        }
    }

    #[test]
    fn unknown_letters_are_counted() {
        let encoded = encode_in("ჩაი 茶", EUROPE);
        assert_eq!((encoded.missing, encoded.cells.len()), (4, 5));
    }

    #[test]
    fn a_page_is_kept_as_long_as_it_has_the_letters() {
        let changes = |text: &str| {
            let mut pages: Vec<_> = encode_in(text, WINDOWS)
                .cells
                .into_iter()
                .filter_map(|cell| cell.page)
                .collect();
            pages.dedup();
            pages
        };
        // â is in 1252 too, but 1250 has the whole word; the § after the word is in both pages.
        assert_eq!(changes("pâină §"), [CodePage::Cp1250]);
        assert_eq!(changes("â è ă"), [CodePage::Cp1252, CodePage::Cp1250]);
        assert_eq!(changes("Хлеб «белый», і ще"), [CodePage::Cp1251]);
        assert_eq!(changes("plain text"), []);
    }

    #[test]
    fn no_control_byte_is_emitted() {
        let all: String = (0..0x3000).filter_map(char::from_u32).collect();
        for pages in [EUROPE, WINDOWS, CodePage::ALL, &[]] {
            for cell in encode_in(&all, pages).cells {
                assert!(cell.byte >= 0x20 && cell.byte != 0x7F, "{cell:?}");
            }
        }
    }
}
