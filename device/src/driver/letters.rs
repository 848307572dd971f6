//! The letters of a printer's code pages, and a text as the printer gets it.

use super::uri::{DriverUri, Family};
use crate::wire::codepage;
use crate::wire::codepage::run::encode_in;
use crate::wire::codepage::table::CodePage;
use crate::wire::escpos_profile::EscposProfile;

/// One code page of a printer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLetters {
    /// The name of the page, as printers' manuals write it.
    pub name: &'static str,
    /// The bytes from 80h and their letters; a byte without a letter, and one whose letter shows nothing, is left out.
    pub letters: Vec<(u8, char)>,
}

/// The code pages in which texts for the printer at an address are encoded, the preferred one first. Of a receipt printer whose
/// profile the address does not name, they are those of the usual profile.
#[must_use]
pub fn code_pages(uri: &DriverUri) -> Vec<PageLetters> {
    pages(uri)
        .into_iter()
        .map(|page| PageLetters {
            name: page.name(),
            letters: (0x80..=0xFF)
                .map(|byte| (byte, page.letter_of(byte)))
                .filter(|(_, letter)| !shows_nothing(*letter))
                .collect(),
        })
        .collect()
}

/// A text as the printer at an address prints it: letters that its pages do not have are replaced.
#[must_use]
pub fn as_printed(uri: &DriverUri, text: &str) -> String {
    match uri.family() {
        Family::Isl(..) => codepage::decode(&codepage::encode(text)),
        Family::Escpos(_) => encode_in(text, &pages(uri))
            .cells
            .iter()
            .map(|cell| cell.page.unwrap_or(CodePage::Cp437).letter_of(cell.byte))
            .collect(),
    }
}

fn pages(uri: &DriverUri) -> Vec<CodePage> {
    match uri.family() {
        Family::Isl(..) => vec![CodePage::Cp1251],
        Family::Escpos(options) => options.profile.unwrap_or(EscposProfile::USUAL).code_pages(),
    }
}

fn shows_nothing(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{A0}' | '\u{AD}' | '\u{FFFD}')
}

#[cfg(test)]
mod tests {
    use super::{as_printed, code_pages};
    use crate::driver::DriverUri;
    use crate::wire::codepage;

    fn uri(text: &str) -> DriverUri {
        DriverUri::parse(text).unwrap()
    }

    #[test]
    fn every_letter_of_the_page_is_sent_as_the_byte_beside_it() {
        let fiscal = uri("datecs+tcp://127.0.0.1:1");
        let pages = code_pages(&fiscal);
        let [page] = pages.as_slice() else {
            panic!("{pages:?}");
        };
        assert_eq!((page.name, page.letters.len()), ("CP1251", 125));
        for (byte, letter) in &page.letters {
            assert_eq!(codepage::encode(&letter.to_string()), [*byte], "{letter}");
        }
        assert_eq!(as_printed(&fiscal, "Brânză ʻ ß Ў"), "Branza ‘ ss Ў");
    }

    #[test]
    fn a_receipt_printer_has_the_pages_of_its_profile() {
        let printer = uri("escpos+tcp://127.0.0.1:1?profile=rp326");
        let names: Vec<_> = code_pages(&printer).iter().map(|page| page.name).collect();
        assert_eq!(names[..3], ["CP1251", "CP1250", "CP1252"]);
        assert_eq!(as_printed(&printer, "Țară ß Ў"), "Ţară ß Ў");
    }
}
