//! Windows-1251, the printers' code page. Letters that it does not have are replaced by similar ones.
//!
//! 1251 has no Romanian letters: `ă â î ș ț` are printed as `a a i s t`, which every reader in Moldova understands.
//! Other letters are replaced as [`fold`] says, as on printers with several code pages; a letter without a replacement becomes `?`.
//!
//! For printers with more than one code page [`run`] splits a text over the pages, and [`table`] has the pages.

pub mod fold;
pub mod run;
pub mod table;

/// Text as Windows-1251 bytes.
///
/// Control characters become spaces: they would break a field or a frame.
#[must_use]
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match byte_of(letter) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(replacement(letter)),
        }
    }
    bytes
}

/// The nearest letters that Windows-1251 has; `?` if it has none.
fn replacement(letter: char) -> Vec<u8> {
    fold::nearest(letter)
        .iter()
        .find_map(|like| like.chars().map(byte_of).collect())
        .unwrap_or_else(|| vec![b'?'])
}

/// Windows-1251 bytes as text.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| letter_of(*byte)).collect()
}

/// The byte of one letter, if Windows-1251 has it.
#[must_use]
pub fn byte_of(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    match code {
        0x00..=0x1F | 0x7F => Some(b' '),
        0x20..=0x7E => u8::try_from(code).ok(),
        // А..я are consecutive in both code pages.
        0x0410..=0x044F => u8::try_from(code.wrapping_sub(0x0410).wrapping_add(0xC0)).ok(),
        _ => HIGH
            .iter()
            .position(|known| *known == letter)
            .and_then(|place| u8::try_from(place.saturating_add(0x80)).ok()),
    }
}

fn letter_of(byte: u8) -> char {
    match byte {
        0x00..=0x7F => char::from(byte),
        0xC0..=0xFF => {
            char::from_u32(u32::from(byte).wrapping_sub(0xC0).wrapping_add(0x0410)).unwrap_or('?')
        }
        _ => HIGH
            .get(usize::from(byte).wrapping_sub(0x80))
            .copied()
            .unwrap_or('?'),
    }
}

/// The letters from 80h to BFh. 98h is not assigned.
const HIGH: [char; 64] = [
    'Ђ', 'Ѓ', '‚', 'ѓ', '„', '…', '†', '‡', '€', '‰', 'Љ', '‹', 'Њ', 'Ќ', 'Ћ', 'Џ', 'ђ', '‘', '’',
    '“', '”', '•', '–', '—', '\u{98}', '™', 'љ', '›', 'њ', 'ќ', 'ћ', 'џ', '\u{A0}', 'Ў', 'ў', 'Ј',
    '¤', 'Ґ', '¦', '§', 'Ё', '©', 'Є', '«', '¬', '\u{AD}', '®', 'Ї', '°', '±', 'І', 'і', 'ґ', 'µ',
    '¶', '·', 'ё', '№', 'є', '»', 'ј', 'Ѕ', 'ѕ', 'ї',
];

/// The nearest letters that every alphabet has.
fn folded(letter: char) -> &'static str {
    match letter {
        'ă' | 'â' | 'á' | 'à' | 'ä' | 'ã' | 'å' | 'ą' | 'ā' => "a",
        'Ă' | 'Â' | 'Á' | 'À' | 'Ä' | 'Ã' | 'Å' | 'Ą' | 'Ā' => "A",
        'î' | 'í' | 'ì' | 'ï' | 'ī' | 'ı' => "i",
        'Î' | 'Í' | 'Ì' | 'Ï' | 'Ī' | 'İ' => "I",
        'ș' | 'ş' | 'š' | 'ś' => "s",
        'Ș' | 'Ş' | 'Š' | 'Ś' => "S",
        'ț' | 'ţ' | 'ť' => "t",
        'Ț' | 'Ţ' | 'Ť' => "T",
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' | 'ē' => "e",
        'É' | 'È' | 'Ê' | 'Ë' | 'Ę' | 'Ě' | 'Ē' => "E",
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ő' | 'ø' => "o",
        'Ó' | 'Ò' | 'Ô' | 'Ö' | 'Õ' | 'Ő' | 'Ø' => "O",
        'ú' | 'ù' | 'û' | 'ü' | 'ű' | 'ů' | 'ū' => "u",
        'Ú' | 'Ù' | 'Û' | 'Ü' | 'Ű' | 'Ů' | 'Ū' => "U",
        'ç' | 'ć' | 'č' => "c",
        'Ç' | 'Ć' | 'Č' => "C",
        'ñ' | 'ń' | 'ň' => "n",
        'Ñ' | 'Ń' | 'Ň' => "N",
        'ý' | 'ÿ' => "y",
        'Ý' => "Y",
        'ž' | 'ź' | 'ż' => "z",
        'Ž' | 'Ź' | 'Ż' => "Z",
        'ğ' => "g",
        'Ğ' => "G",
        'ł' => "l",
        'Ł' => "L",
        'ř' => "r",
        'Ř' => "R",
        'đ' => "d",
        'Đ' => "D",
        'ß' => "ss",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        '\u{2009}' | '\u{202F}' => " ",
        '\u{2011}' | '\u{2212}' => "-",
        '′' => "'",
        '″' => "\"",
        // A combining mark after its letter: only the letter remains.
        '\u{0300}'..='\u{036F}' => "",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::{byte_of, decode, encode};

    #[test]
    fn cyrillic_letters_are_kept() {
        assert_eq!(encode("Хлеб"), [0xD5, 0xEB, 0xE5, 0xE1]);
        assert_eq!(byte_of('Б'), Some(0xC1));
        assert_eq!(decode(&encode("Ёлка №5 «ї»")), "Ёлка №5 «ї»");
    }

    #[test]
    fn romanian_letters_are_replaced_and_unknown_ones_become_question_marks() {
        for (text, printed) in [
            ("Pâine și țuică, înghețată", "Paine si tuica, inghetata"),
            ("ŞŢşţ ÎÂĂ", "STst IAA"),
            ("a\u{0306}", "a"),
            ("2 × ½ kg, қовун ҳолва", "2 x 1/2 kg, ковун холва"),
            ("Oʻzbek „Ion” ₽", "O‘zbek „Ion” RUB"),
            ("茶 5 €", "? 5 €"),
            ("x\ty\n\u{7F}", "x y  "),
        ] {
            assert_eq!(decode(&encode(text)), printed);
        }
    }

    #[test]
    fn every_byte_comes_back_as_itself() {
        for byte in 0x20..=0xFF_u8 {
            if byte != 0x7F {
                assert_eq!(encode(&decode(&[byte])), [byte], "{byte:02X}");
            }
        }
    }
}
