//! Texts that show nothing.

/// Whether a text shows nothing when it is printed: it is empty, or has nothing but white space, control characters and characters that
/// are invisible by the Unicode standard (format characters, fillers, variation selectors).
///
/// ```
/// use ferrotill_core::is_blank;
///
/// assert!(is_blank("\u{1}\u{200B} \u{FEFF}"));
/// assert!(!is_blank("\u{200F}שלום"));
/// ```
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Unicode's property `Default_Ignorable_Code_Point`, the category `Cf`, and the blank pattern of Braille.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(
            character,
            '\u{AD}' | '\u{34F}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}' | '\u{8E2}'
                | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}'
                | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
                | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::is_blank;

    #[test]
    fn what_shows_nothing_is_blank() {
        for text in [
            "",
            " ",
            "\u{1}",
            "\u{200B}",
            "\t\n\u{7F}\u{85}",
            "\u{AD}\u{FEFF}",
            "\u{202E}\u{2066}",
            "\u{3164}",
            "\u{2800}",
            "\u{E0041}",
            "\u{A0}\u{2003}\u{3000}",
            "\u{FE0F}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in [
            "a",
            "\u{1}a",
            "\u{200B}.",
            "0",
            "—",
            "ё",
            "ж\u{301}",
            "\u{FFFD}",
        ] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
