//! Replacements for letters that a printer does not have.
//!
//! There are two tables, used in this order.
//! [`nearest`] keeps the alphabet: a Romanian `ș` becomes the `ş` of the old code pages and then a plain `s`, an Uzbek `қ` becomes `к`,
//! a Ukrainian `і` becomes the Latin `i` that looks the same.
//! [`latin`] changes the alphabet, for a printer without any Cyrillic, and follows the rules of the language,
//! because `г` is `h` in Kyiv and `g` in Tashkent.

use super::folded;

/// The language whose rules turn Cyrillic into Latin letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cyrillic {
    /// The rules for Russian, as in passports and on price tags; also for Bulgarian and every unknown language.
    #[default]
    Russian,
    /// The rules for Ukrainian: the cabinet's resolution 55 of 2010, with one spelling per letter.
    Ukrainian,
    /// The rules for Uzbek: the alphabet law's pairs of Cyrillic and Latin letters (1995).
    Uzbek,
}

impl Cyrillic {
    /// The language of a text by its special letters; Russian if there are none.
    #[must_use]
    pub fn of(text: &str) -> Self {
        for letter in text.chars() {
            match letter {
                'і' | 'І' | 'ї' | 'Ї' | 'є' | 'Є' | 'ґ' | 'Ґ' => return Self::Ukrainian,
                'ў' | 'Ў' | 'қ' | 'Қ' | 'ғ' | 'Ғ' | 'ҳ' | 'Ҳ' => return Self::Uzbek,
                _ => {}
            }
        }
        Self::Russian
    }
}

/// Similar letters, the nearest first. A printer may lack each of these letters too.
#[must_use]
pub fn nearest(letter: char) -> &'static [&'static str] {
    like_letter(letter)
        .or_else(|| like_sign(letter))
        .unwrap_or_else(|| without_accent(letter))
}

/// Similar letters for the letters of the supported languages.
fn like_letter(letter: char) -> Option<&'static [&'static str]> {
    Some(match letter {
        // Romanian letters have a comma below in the language, and a cedilla in every code page older than 2001.
        'ș' => &["ş", "s"],
        'Ș' => &["Ş", "S"],
        'ț' => &["ţ", "t"],
        'Ț' => &["Ţ", "T"],
        // These letters are Ukrainian.
        'і' => &["i"],
        'І' => &["I"],
        'ї' => &["ï"],
        'Ї' => &["Ï"],
        'є' => &["е"],
        'Є' => &["Е"],
        'ґ' => &["г"],
        'Ґ' => &["Г"],
        // These letters are Russian, and Uzbek in Cyrillic.
        'ё' => &["е"],
        'Ё' => &["Е"],
        'ў' => &["у"],
        'Ў' => &["У"],
        'қ' => &["к"],
        'Қ' => &["К"],
        'ғ' => &["г"],
        'Ғ' => &["Г"],
        'ҳ' => &["х"],
        'Ҳ' => &["Х"],
        _ => return None,
    })
}

/// Replacements for punctuation, currencies and other signs.
fn like_sign(letter: char) -> Option<&'static [&'static str]> {
    Some(match letter {
        // Uzbek in Latin letters has the turned comma of oʻ and gʻ, and the apostrophe.
        '\u{02BB}' => &["‘", "'"],
        '\u{02BC}' => &["’", "'"],
        '‘' | '’' | '‚' | '‹' | '›' | '′' => &["'"],
        '“' | '”' | '„' | '″' => &["\""],
        '«' | '»' => &["\""],
        '–' | '—' | '―' | '\u{2010}' | '\u{2011}' | '\u{2012}' | '−' => &["-"],
        '…' => &["..."],
        '•' | '·' => &["*"],
        '×' => &["x"],
        '½' => &["1/2"],
        '¼' => &["1/4"],
        '¾' => &["3/4"],
        '²' => &["2"],
        '³' => &["3"],
        '№' => &["No"],
        '€' => &["EUR"],
        '₽' => &["RUB"],
        '₴' => &["UAH"],
        '°' => &["o"],
        '©' => &["(c)"],
        '®' => &["(R)"],
        '™' => &["(TM)"],
        '\t' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' => &[" "],
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{FEFF}' => &[""],
        _ => return None,
    })
}

/// The letter below an accent.
fn without_accent(letter: char) -> &'static [&'static str] {
    match folded(letter) {
        "a" => &["a"],
        "A" => &["A"],
        "c" => &["c"],
        "C" => &["C"],
        "d" => &["d"],
        "D" => &["D"],
        "e" => &["e"],
        "E" => &["E"],
        "g" => &["g"],
        "G" => &["G"],
        "i" => &["i"],
        "I" => &["I"],
        "l" => &["l"],
        "L" => &["L"],
        "n" => &["n"],
        "N" => &["N"],
        "o" => &["o"],
        "O" => &["O"],
        "r" => &["r"],
        "R" => &["R"],
        "s" => &["s"],
        "S" => &["S"],
        "t" => &["t"],
        "T" => &["T"],
        "u" => &["u"],
        "U" => &["U"],
        "y" => &["y"],
        "Y" => &["Y"],
        "z" => &["z"],
        "Z" => &["Z"],
        "ss" => &["ss"],
        "ae" => &["ae"],
        "AE" => &["AE"],
        "oe" => &["oe"],
        "OE" => &["OE"],
        "" => &[""],
        _ => &[],
    }
}

/// A Cyrillic letter in ASCII, by the rules of a language. A capital of two letters is `Sh`, not `SH`.
#[must_use]
pub fn latin(letter: char, language: Cyrillic) -> Option<&'static str> {
    let own = match language {
        Cyrillic::Russian => None,
        Cyrillic::Ukrainian => ukrainian(letter),
        Cyrillic::Uzbek => uzbek(letter),
    };
    own.or_else(|| russian(letter))
}

fn ukrainian(letter: char) -> Option<&'static str> {
    Some(match letter {
        'Г' => "H",
        'г' => "h",
        'Ґ' => "G",
        'ґ' => "g",
        'Є' => "Ye",
        'є' => "ie",
        'И' => "Y",
        'и' => "y",
        'Ї' => "Yi",
        'ї' => "i",
        'Й' => "Y",
        'й' => "i",
        'Ь' | 'ь' => "",
        _ => return None,
    })
}

fn uzbek(letter: char) -> Option<&'static str> {
    Some(match letter {
        'Ж' => "J",
        'ж' => "j",
        'Х' => "X",
        'х' => "x",
        'Ц' => "S",
        'ц' => "s",
        'Ў' => "O'",
        'ў' => "o'",
        'Қ' => "Q",
        'қ' => "q",
        'Ғ' => "G'",
        'ғ' => "g'",
        'Ҳ' => "H",
        'ҳ' => "h",
        'Ъ' | 'ъ' => "'",
        'Ь' | 'ь' => "",
        _ => return None,
    })
}

fn russian(letter: char) -> Option<&'static str> {
    Some(match letter {
        'А' => "A",
        'а' => "a",
        'Б' => "B",
        'б' => "b",
        'В' => "V",
        'в' => "v",
        'Г' => "G",
        'г' => "g",
        'Д' => "D",
        'д' => "d",
        'Е' | 'Э' => "E",
        'е' | 'э' => "e",
        'Ё' => "Yo",
        'ё' => "yo",
        'Ж' => "Zh",
        'ж' => "zh",
        'З' => "Z",
        'з' => "z",
        'И' | 'І' => "I",
        'и' | 'і' => "i",
        'Й' => "Y",
        'й' => "y",
        'К' => "K",
        'к' => "k",
        'Л' => "L",
        'л' => "l",
        'М' => "M",
        'м' => "m",
        'Н' => "N",
        'н' => "n",
        'О' => "O",
        'о' => "o",
        'П' => "P",
        'п' => "p",
        'Р' => "R",
        'р' => "r",
        'С' => "S",
        'с' => "s",
        'Т' => "T",
        'т' => "t",
        'У' => "U",
        'у' => "u",
        'Ф' => "F",
        'ф' => "f",
        'Х' => "Kh",
        'х' => "kh",
        'Ц' => "Ts",
        'ц' => "ts",
        'Ч' => "Ch",
        'ч' => "ch",
        'Ш' => "Sh",
        'ш' => "sh",
        'Щ' => "Shch",
        'щ' => "shch",
        'Ъ' | 'ъ' | 'Ь' | 'ь' => "",
        'Ы' => "Y",
        'ы' => "y",
        'Ю' => "Yu",
        'ю' => "yu",
        'Я' => "Ya",
        'я' => "ya",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Cyrillic, latin};

    #[test]
    fn a_language_is_known_by_its_letters() {
        for (text, language) in [
            ("Хлеб", Cyrillic::Russian),
            ("Київ", Cyrillic::Ukrainian),
            ("Тўй", Cyrillic::Uzbek),
            ("Bread", Cyrillic::Russian),
        ] {
            assert_eq!(Cyrillic::of(text), language, "{text}");
        }
    }

    #[test]
    fn every_language_has_its_own_latin() {
        for (text, printed) in [
            ("Щука живая", "Shchuka zhivaya"),
            ("Гарячий Київ", "Haryachyi Kyiv"),
            (
                "Қовун, ғишт, ҳолва, ўрик, жўхори",
                "Qovun, g'isht, holva, o'rik, jo'xori",
            ),
        ] {
            let language = Cyrillic::of(text);
            let folded: String = text
                .chars()
                .map(|letter| latin(letter, language).map_or(letter.to_string(), str::to_owned))
                .collect();
            assert_eq!(folded, printed);
        }
    }
}
