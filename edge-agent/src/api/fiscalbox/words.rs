//! The sentences of the API in its four languages. Codes and paths are the same in all of them.

use axum::http::{HeaderMap, header};

/// A language of sentences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    /// Russian.
    #[default]
    Russian,
    /// Uzbek in Latin letters.
    UzbekLatin,
    /// Uzbek in Cyrillic letters.
    UzbekCyrillic,
    /// English.
    English,
}

impl Language {
    /// The language that a caller prefers among those that there are, by `Accept-Language`; Russian without one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(header::ACCEPT_LANGUAGE);
        let wanted = wanted.and_then(|value| value.to_str().ok()).unwrap_or("");
        let mut best: Option<(u32, Self)> = None;
        for part in wanted.split(',') {
            let mut parts = part.split(';');
            let tag = parts.next().unwrap_or("").trim().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=").map(weight));
            let weight = weight.unwrap_or(1_000);
            let language = match tag.split('-').next() {
                Some("uz") if tag.contains("cyrl") => Self::UzbekCyrillic,
                Some("uz") => Self::UzbekLatin,
                Some("en") => Self::English,
                Some("ru") => Self::Russian,
                _ => continue,
            };
            if weight > 0 && best.is_none_or(|(other, _)| weight > other) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language).unwrap_or_default()
    }
}

/// A weight such as `0.8` in thousandths.
fn weight(text: &str) -> u32 {
    let parsed = ferrotill_core::scale::parse(text.trim(), 3).unwrap_or(0);
    u32::try_from(parsed).unwrap_or(0)
}

/// A sentence: Russian, Uzbek in Latin letters, English. `{0}` and `{1}` are replaced.
pub(super) type Sentence = [&'static str; 3];

/// A sentence in a language.
pub(super) fn say(sentence: &Sentence, language: Language, values: &[String]) -> String {
    let [russian, uzbek, english] = *sentence;
    let mut text = match language {
        Language::Russian => russian.to_owned(),
        Language::UzbekLatin => uzbek.to_owned(),
        Language::UzbekCyrillic => cyrillic(uzbek),
        Language::English => english.to_owned(),
    };
    for (place, value) in values.iter().enumerate() {
        text = text.replace(&format!("{{{place}}}"), value);
    }
    text
}

/// Pairs of letters that are one letter in Cyrillic, then single letters.
const PAIRS: &[(&str, &str)] = &[
    ("yo‘", "йў"),
    ("o‘", "ў"),
    ("g‘", "ғ"),
    ("sh", "ш"),
    ("ch", "ч"),
    ("yo", "ё"),
    ("yu", "ю"),
    ("ya", "я"),
    ("ye", "е"),
];
const LETTERS: &[(char, char)] = &[
    ('a', 'а'),
    ('b', 'б'),
    ('d', 'д'),
    ('e', 'е'),
    ('f', 'ф'),
    ('g', 'г'),
    ('h', 'ҳ'),
    ('i', 'и'),
    ('j', 'ж'),
    ('k', 'к'),
    ('l', 'л'),
    ('m', 'м'),
    ('n', 'н'),
    ('o', 'о'),
    ('p', 'п'),
    ('q', 'қ'),
    ('r', 'р'),
    ('s', 'с'),
    ('t', 'т'),
    ('u', 'у'),
    ('v', 'в'),
    ('x', 'х'),
    ('y', 'й'),
    ('z', 'з'),
    ('’', 'ъ'),
];

/// An Uzbek sentence in Cyrillic letters. Names of fields stand between backquotes and are left as they are.
fn cyrillic(latin: &str) -> String {
    let mut out = String::with_capacity(latin.len());
    for (place, part) in latin.split('`').enumerate() {
        if place > 0 {
            out.push('`');
        }
        if place.checked_rem(2) == Some(1) {
            out.push_str(part);
        } else {
            spell(part, &mut out);
        }
    }
    out
}

fn spell(mut rest: &str, out: &mut String) {
    let mut begins_word = true;
    while let Some(letter) = rest.chars().next() {
        let pair = PAIRS.iter().find(|(latin, _)| rest.starts_with(latin));
        let length = match pair {
            Some((latin, cyrillic)) => {
                out.push_str(cyrillic);
                latin.len()
            }
            None if letter == 'e' && begins_word => {
                out.push('э');
                1
            }
            None => {
                let found = LETTERS.iter().find(|(latin, _)| *latin == letter);
                out.push(found.map_or(letter, |(_, cyrillic)| *cyrillic));
                letter.len_utf8()
            }
        };
        begins_word = !letter.is_alphabetic();
        rest = rest.get(length..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, cyrillic};
    use axum::http::{HeaderMap, header};

    fn of(value: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, value.parse().unwrap());
        Language::of(&headers)
    }

    #[test]
    fn the_language_is_the_preferred_one_and_russian_without_one() {
        assert_eq!(Language::of(&HeaderMap::new()), Language::Russian);
        for (wanted, language) in [
            ("de", Language::Russian),
            ("uz", Language::UzbekLatin),
            ("uz-Cyrl-UZ", Language::UzbekCyrillic),
            ("uz-Latn", Language::UzbekLatin),
            ("en-US,en;q=0.9,ru;q=0.8", Language::English),
            ("en;q=0.2, ru;q=0.8", Language::Russian),
            ("en;q=0, uz;q=0.1", Language::UzbekLatin),
        ] {
            assert_eq!(of(wanted), language, "{wanted}");
        }
    }

    #[test]
    fn uzbek_is_written_in_cyrillic_letters_and_names_are_left_alone() {
        assert_eq!(
            cyrillic("`class_code` 17 ta raqam bo‘lishi shart"),
            "`class_code` 17 та рақам бўлиши шарт"
        );
        assert_eq!(cyrillic("emas, yo‘q"), "эмас, йўқ");
    }
}
