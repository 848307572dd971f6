//! The code pages of receipt printers, one table each.
//!
//! Every page is ASCII up to 7Eh; its letters from 80h are below, 16 to a row, as the makers and the Unicode consortium list them.
//! `\u{FFFD}` is a place without a letter.

/// A code page that this crate supports, whatever number a printer gives to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodePage {
    /// IBM, the United States.
    Cp437,
    /// IBM, Western Europe.
    Cp850,
    /// IBM, Central Europe.
    Cp852,
    /// IBM, Cyrillic of all Slavic languages.
    Cp855,
    /// IBM, Western Europe with the euro.
    Cp858,
    /// IBM, Russian.
    Cp866,
    /// IBM, Ukrainian.
    Cp1125,
    /// ISO, Central Europe.
    Iso8859_2,
    /// Windows, Central Europe.
    Cp1250,
    /// Windows, Cyrillic.
    Cp1251,
    /// Windows, Western Europe.
    Cp1252,
}

impl CodePage {
    /// Every supported page.
    pub const ALL: &[Self] = &[
        Self::Cp437,
        Self::Cp850,
        Self::Cp852,
        Self::Cp855,
        Self::Cp858,
        Self::Cp866,
        Self::Cp1125,
        Self::Iso8859_2,
        Self::Cp1250,
        Self::Cp1251,
        Self::Cp1252,
    ];

    /// The name of the page, as printers' manuals write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cp437 => "CP437",
            Self::Cp850 => "CP850",
            Self::Cp852 => "CP852",
            Self::Cp855 => "CP855",
            Self::Cp858 => "CP858",
            Self::Cp866 => "CP866",
            Self::Cp1125 => "CP1125",
            Self::Iso8859_2 => "ISO8859-2",
            Self::Cp1250 => "CP1250",
            Self::Cp1251 => "CP1251",
            Self::Cp1252 => "CP1252",
        }
    }

    /// The byte of a letter, if the page has it. Control characters have none.
    #[must_use]
    pub fn byte_of(self, letter: char) -> Option<u8> {
        if matches!(letter, ' '..='~') {
            return u8::try_from(u32::from(letter)).ok();
        }
        if letter.is_ascii() || letter == NOTHING {
            return None;
        }
        self.upper()
            .chars()
            .position(|known| known == letter)
            .and_then(|place| u8::try_from(place.saturating_add(0x80)).ok())
    }

    /// The letter of a byte; U+FFFD for a place without one, and for control bytes.
    #[must_use]
    pub fn letter_of(self, byte: u8) -> char {
        match byte {
            0x20..=0x7E => char::from(byte),
            0x80..=0xFF => self
                .upper()
                .chars()
                .nth(usize::from(byte).saturating_sub(0x80))
                .unwrap_or(NOTHING),
            _ => NOTHING,
        }
    }

    /// The text of bytes in this page.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        bytes.iter().map(|byte| self.letter_of(*byte)).collect()
    }

    /// The letters of the bytes 80h to FFh.
    const fn upper(self) -> &'static str {
        match self {
            Self::Cp437 => CP437,
            Self::Cp850 => CP850,
            Self::Cp852 => CP852,
            Self::Cp855 => CP855,
            Self::Cp858 => CP858,
            Self::Cp866 => CP866,
            Self::Cp1125 => CP1125,
            Self::Iso8859_2 => ISO8859_2,
            Self::Cp1250 => CP1250,
            Self::Cp1251 => CP1251,
            Self::Cp1252 => CP1252,
        }
    }
}

/// The letter that marks a place without a letter.
const NOTHING: char = '\u{FFFD}';

const CP437: &str = "\
    ÇüéâäàåçêëèïîìÄÅ\
    ÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
    áíóúñÑªº¿⌐¬½¼¡«»\
    ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧\
    ╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    αßΓπΣσµτΦΘΩδ∞φε∩\
    ≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{00A0}\
";
const CP850: &str = "\
    ÇüéâäàåçêëèïîìÄÅ\
    ÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»\
    ░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤\
    ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\
    \u{00AD}±‗¾¶§÷¸°¨·¹³²■\u{00A0}\
";
const CP852: &str = "\
    ÇüéâäůćçłëŐőîŹÄĆ\
    ÉĹĺôöĽľŚśÖÜŤťŁ×č\
    áíóúĄąŽžĘę¬źČş«»\
    ░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
    └┴┬├─┼Ăă╚╔╩╦╠═╬¤\
    đĐĎËďŇÍÎě┘┌█▄ŢŮ▀\
    ÓßÔŃńňŠšŔÚŕŰýÝţ´\
    \u{00AD}˝˛ˇ˘§÷¸°¨˙űŘř■\u{00A0}\
";
const CP855: &str = "\
    ђЂѓЃёЁєЄѕЅіІїЇјЈ\
    љЉњЊћЋќЌўЎџЏюЮъЪ\
    аАбБцЦдДеЕфФгГ«»\
    ░▒▓│┤хХиИ╣║╗╝йЙ┐\
    └┴┬├─┼кК╚╔╩╦╠═╬¤\
    лЛмМнНоОп┘┌█▄Пя▀\
    ЯрРсСтТуУжЖвВьЬ№\
    \u{00AD}ыЫзЗшШэЭщЩчЧ§■\u{00A0}\
";
const CP858: &str = "\
    ÇüéâäàåçêëèïîìÄÅ\
    ÉæÆôöòûùÿÖÜø£Ø×ƒ\
    áíóúñÑªº¿®¬½¼¡«»\
    ░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤\
    ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\
    \u{00AD}±‗¾¶§÷¸°¨·¹³²■\u{00A0}\
";
const CP866: &str = "\
    АБВГДЕЖЗИЙКЛМНОП\
    РСТУФХЦЧШЩЪЫЬЭЮЯ\
    абвгдежзийклмноп\
    ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧\
    ╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    рстуфхцчшщъыьэюя\
    ЁёЄєЇїЎў°∙·√№¤■\u{00A0}\
";
const CP1125: &str = "\
    АБВГДЕЖЗИЙКЛМНОП\
    РСТУФХЦЧШЩЪЫЬЭЮЯ\
    абвгдежзийклмноп\
    ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧\
    ╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    рстуфхцчшщъыьэюя\
    ЁёҐґЄєІіЇї·√№¤■\u{00A0}\
";
const ISO8859_2: &str = "\
    \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\
    \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\
    \u{00A0}Ą˘Ł¤ĽŚ§¨ŠŞŤŹ\u{00AD}ŽŻ\
    °ą˛ł´ľśˇ¸šşťź˝žż\
    ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎ\
    ĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢß\
    ŕáâăäĺćçčéęëěíîď\
    đńňóôőö÷řůúűüýţ˙\
";
const CP1250: &str = "\
    €\u{FFFD}‚\u{FFFD}„…†‡\u{FFFD}‰Š‹ŚŤŽŹ\
    \u{FFFD}‘’“”•–—\u{FFFD}™š›śťžź\
    \u{00A0}ˇ˘Ł¤Ą¦§¨©Ş«¬\u{00AD}®Ż\
    °±˛ł´µ¶·¸ąş»Ľ˝ľż\
    ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎ\
    ĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢß\
    ŕáâăäĺćçčéęëěíîď\
    đńňóôőö÷řůúűüýţ˙\
";
const CP1251: &str = "\
    ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏ\
    ђ‘’“”•–—\u{FFFD}™љ›њќћџ\
    \u{00A0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{00AD}®Ї\
    °±Ііґµ¶·ё№є»јЅѕї\
    АБВГДЕЖЗИЙКЛМНОП\
    РСТУФХЦЧШЩЪЫЬЭЮЯ\
    абвгдежзийклмноп\
    рстуфхцчшщъыьэюя\
";
const CP1252: &str = "\
    €\u{FFFD}‚ƒ„…†‡ˆ‰Š‹Œ\u{FFFD}Ž\u{FFFD}\
    \u{FFFD}‘’“”•–—˜™š›œ\u{FFFD}žŸ\
    \u{00A0}¡¢£¤¥¦§¨©ª«¬\u{00AD}®¯\
    °±²³´µ¶·¸¹º»¼½¾¿\
    ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏ\
    ÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß\
    àáâãäåæçèéêëìíîï\
    ðñòóôõö÷øùúûüýþÿ\
";

#[cfg(test)]
mod tests {
    use super::{CodePage, NOTHING};

    #[test]
    fn every_page_has_128_places_and_comes_back_as_itself() {
        for page in CodePage::ALL {
            assert_eq!(page.upper().chars().count(), 128, "{}", page.name());
            for byte in 0x20..=0xFF {
                let letter = page.letter_of(byte);
                if letter != NOTHING {
                    assert_eq!(
                        page.byte_of(letter),
                        Some(byte),
                        "{} {byte:02X}",
                        page.name()
                    );
                }
            }
        }
    }

    #[test]
    fn letters_have_the_bytes_of_the_manuals() {
        for (page, letter, byte) in [
            (CodePage::Cp866, 'Б', 0x81),
            (CodePage::Cp866, 'ў', 0xF7),
            (CodePage::Cp1251, 'і', 0xB3),
            (CodePage::Cp1251, 'Ґ', 0xA5),
            (CodePage::Cp852, 'ţ', 0xEE),
            (CodePage::Cp852, 'ă', 0xC7),
            (CodePage::Cp1250, 'ş', 0xBA),
            (CodePage::Cp858, '€', 0xD5),
            (CodePage::Cp1252, '€', 0x80),
            (CodePage::Cp1125, 'ґ', 0xF3),
            (CodePage::Cp855, 'я', 0xDE),
        ] {
            assert_eq!(page.byte_of(letter), Some(byte), "{} {letter}", page.name());
        }
        assert_eq!(CodePage::Cp866.byte_of('і'), None);
        assert_eq!(CodePage::Cp852.byte_of('ș'), None);
        assert_eq!(CodePage::Cp437.byte_of('\n'), None);
    }
}
