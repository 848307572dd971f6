//! The two faces of the forms whose letters are drawn here: a subset of Noto Sans Mono (folder `fonts`, licence OFL 1.1).
//!
//! Every letter has one cell, 0.6 of the letter size wide. An accent that follows its letter is drawn over the letter and has no cell.
//! A letter that the faces do not have is shown as `□`.

use skrifa::charmap::Charmap;
use skrifa::outline::OutlineGlyphCollection;
use skrifa::{FontRef, GlyphId, MetadataProvider};

/// Which of the two faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Face {
    Regular,
    Bold,
}

/// The width of a cell, as a part of the letter size.
pub(crate) const CELL: f32 = 0.6;

/// How much an accent is moved back from the end of its letter's cell, as a part of the letter size. The outlines of accents are
/// centred at their origin.
pub(crate) const ACCENT_BACK: f32 = 0.3;

impl Face {
    /// The file of the face. It is part of the program's file, and its pages are in memory only while they are read.
    pub(crate) const fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../fonts/NotoSansMono-Regular.ttf"),
            Self::Bold => include_bytes!("../fonts/NotoSansMono-Bold.ttf"),
        }
    }
}

/// The tables of a face that are needed to draw letters.
pub(crate) struct OpenFace {
    letters: Charmap<'static>,
    /// The outlines of the letters.
    pub(crate) outlines: OutlineGlyphCollection<'static>,
}

impl OpenFace {
    /// Opens a face; `None` if its file could not be read, which a test excludes.
    pub(crate) fn open(face: Face) -> Option<Self> {
        let font = FontRef::new(face.file()).ok()?;
        Some(Self {
            letters: font.charmap(),
            outlines: font.outline_glyphs(),
        })
    }

    /// The glyph that shows a letter.
    pub(crate) fn glyph(&self, letter: char) -> GlyphId {
        let found = self.letters.map(letter);
        found
            .or_else(|| self.letters.map(UNKNOWN))
            .unwrap_or(GlyphId::NOTDEF)
    }
}

const UNKNOWN: char = '□';

/// Whether a letter is an accent over or under the letter before it.
pub(crate) const fn is_accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}')
}

/// The number of cells of a text.
pub(crate) fn cells(text: &str) -> usize {
    text.chars().filter(|letter| !is_accent(*letter)).count()
}

/// A text without the characters that have no form: a control character is a space, and a character without a width is left out.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .filter(|letter| {
            !matches!(
                letter,
                '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
                    | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            )
        })
        .map(|letter| match letter {
            control if control.is_control() => ' ',
            '\u{FFFE}' | '\u{FFFF}' => UNKNOWN,
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_faces_have_the_letters_of_the_languages() {
        let texts = [
            "ăâîșțĂÂÎȘȚ şţ",
            "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
            "ҐЄІЇ ґєії ’",
            "Oʻ oʻ Gʻ gʻ ʼ",
            "ЎҚҒҲ ўқғҳ",
            "ÄÖÜßẞ äöü „“ ‚‘",
            "€ ₴ ₽ ₸ ₺ ₼ ₾ № § ° ½ – — … × ± ≤ ≥",
        ];
        for face in [Face::Regular, Face::Bold] {
            let open = OpenFace::open(face).unwrap();
            let unknown = open.glyph('\u{10FFFF}');
            for letter in texts.concat().chars() {
                assert!(
                    open.letters
                        .map(letter)
                        .is_some_and(|glyph| glyph != unknown),
                    "{letter} in {face:?}"
                );
            }
        }
    }

    #[test]
    fn an_accent_after_its_letter_has_no_cell() {
        assert_eq!(cells("s\u{326}i a\u{306}"), cells("și ă"));
        assert_eq!(visible("a\u{0}b\u{200B}c\u{FEFF}\u{FFFF}"), "a bc□");
    }
}
