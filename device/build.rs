//! Makes the table of the dot letters: those glyphs of GNU Unifont that a receipt of this till can need.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

/// The letters that are drawn, as first and last: alphabets that need no shaping, punctuation, currencies, arrows, frames and kana.
/// The whole font has 57,000 glyphs and two megabytes, nine tenths of them Chinese characters and Korean syllables.
const DRAWN: [(char, char); 14] = [
    (' ', '\u{58F}'),         // Latin, phonetic letters, Greek, Cyrillic, Armenian
    ('\u{10A0}', '\u{10FF}'), // Georgian
    ('\u{1C80}', '\u{1CBF}'), // old Cyrillic, Georgian capitals
    ('\u{1D00}', '\u{1DBF}'), // phonetic letters
    ('\u{1E00}', '\u{1FFF}'), // Latin with two marks, Greek with marks
    ('\u{2000}', '\u{2BFF}'), // punctuation, currencies, arrows, mathematics, frames, pictures
    ('\u{2C60}', '\u{2C7F}'), // Latin
    ('\u{2DE0}', '\u{2E5F}'), // Cyrillic marks, punctuation
    ('\u{3000}', '\u{30FF}'), // kana
    ('\u{A640}', '\u{A69F}'), // Cyrillic
    ('\u{A720}', '\u{A7FF}'), // Latin
    ('\u{AB30}', '\u{AB6F}'), // Latin
    ('\u{FB00}', '\u{FB17}'), // Latin and Armenian pairs
    ('\u{FFFC}', '\u{FFFD}'), // the marks for what cannot be drawn
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_FONT").is_none() {
        return Ok(());
    }
    let (mut narrow, mut wide) = (String::new(), String::new());
    let (mut narrow_count, mut wide_count) = (0_u32, 0_u32);
    for letter in DRAWN.iter().flat_map(|(first, last)| *first..=*last) {
        match unifont::get_glyph(letter) {
            Some(unifont::Glyph::Halfwidth(rows)) => {
                writeln!(narrow, "({letter:?}, {rows:?}),")?;
                narrow_count += 1;
            }
            Some(unifont::Glyph::Fullwidth(rows)) => {
                writeln!(wide, "({letter:?}, {rows:?}),")?;
                wide_count += 1;
            }
            None => {}
        }
    }
    let code = format!(
        "/// Letters that are 8 dots wide, in order: each of the 16 rows is a byte, whose highest bit is the dot on the left.\n\
         static NARROW: [(char, [u8; 16]); {narrow_count}] = [\n{narrow}];\n\
         /// Letters that are 16 dots wide, in order.\n\
         static WIDE: [(char, [u16; 16]); {wide_count}] = [\n{wide}];\n"
    );
    let folder = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&folder).join("unifont.rs"), code)?;
    Ok(())
}
