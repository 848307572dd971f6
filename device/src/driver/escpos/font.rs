//! A font for letters that no code page has: the alphabets and signs of GNU Unifont, without Chinese characters and Korean syllables,
//! which would be two megabytes (`build.rs` has the list).
//!
//! The cells of the font are 8 or 16 dots wide and 16 high; a line is drawn twice as large if it fits. Letters are placed from
//! left to right without shaping, so Arabic text is not readable.

use super::slip::Rasteriser;
use crate::wire::escpos_raster::Raster;

include!(concat!(env!("OUT_DIR"), "/unifont.rs"));

/// GNU Unifont as a [`Rasteriser`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Unifont;

/// Height of a cell in dots.
const CELL_HEIGHT: usize = 16;
/// The largest number of lines of one text; further lines are not printed.
const LINES_MAX: usize = 40;

/// The dots of a letter.
#[derive(Clone, Copy)]
enum Glyph {
    Narrow(&'static [u8; 16]),
    Wide(&'static [u16; 16]),
}

impl Glyph {
    fn of(letter: char) -> Option<Self> {
        fn find<T>(table: &'static [(char, T)], letter: char) -> Option<&'static T> {
            let at = table.binary_search_by_key(&letter, |(one, _)| *one).ok()?;
            table.get(at).map(|(_, rows)| rows)
        }
        find(&NARROW, letter)
            .map(Self::Narrow)
            .or_else(|| find(&WIDE, letter).map(Self::Wide))
    }

    /// In dots.
    fn width(self) -> usize {
        match self {
            Self::Narrow(_) => 8,
            Self::Wide(_) => 16,
        }
    }

    fn has_dot(self, x: usize, y: usize) -> bool {
        // The dots of a row stand on the left of 16 bits.
        let row = match self {
            Self::Narrow(rows) => rows.get(y).map(|row| u16::from(*row) << 8),
            Self::Wide(rows) => rows.get(y).copied(),
        };
        row.is_some_and(|row| x < 16 && row & (0x8000 >> x) != 0)
    }
}

impl Rasteriser for Unifont {
    fn line(&mut self, text: &str, width_dots: usize) -> Option<Raster> {
        let glyphs: Option<Vec<_>> = text
            .chars()
            .filter(|letter| !letter.is_control())
            .map(Glyph::of)
            .collect();
        let glyphs = glyphs.filter(|glyphs| !glyphs.is_empty())?;
        let width: usize = glyphs.iter().map(|glyph| glyph.width()).sum();
        let times = if width.checked_mul(2)? <= width_dots {
            2
        } else {
            1
        };
        // The position of each glyph, in dots before they are enlarged.
        let room = width_dots.checked_div(times)?;
        let (mut x, mut row) = (0_usize, 0_usize);
        let mut places = Vec::with_capacity(glyphs.len());
        for glyph in &glyphs {
            let wide = glyph.width();
            if wide > room {
                return None;
            }
            if x.checked_add(wide)? > room {
                x = 0;
                row = row.checked_add(1).filter(|row| *row < LINES_MAX)?;
            }
            places.push((x, row));
            x = x.checked_add(wide)?;
        }
        let height = row
            .checked_add(1)?
            .checked_mul(CELL_HEIGHT)?
            .checked_mul(times)?;
        let mut raster = Raster::new(width_dots, height)?;
        for (glyph, (left, row)) in glyphs.iter().zip(places) {
            let top = row.checked_mul(CELL_HEIGHT)?;
            for y in 0..CELL_HEIGHT {
                for x in (0..glyph.width()).filter(|x| glyph.has_dot(*x, y)) {
                    let (x, y) = (left.checked_add(x)?, top.checked_add(y)?);
                    dot(&mut raster, x, y, times)?;
                }
            }
        }
        Some(raster)
    }
}

/// Draws a dot, `times` as wide and as high.
fn dot(raster: &mut Raster, x: usize, y: usize, times: usize) -> Option<()> {
    for across in 0..times {
        for down in 0..times {
            let x = x.checked_mul(times)?.checked_add(across)?;
            let y = y.checked_mul(times)?.checked_add(down)?;
            raster.set(x, y);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{Rasteriser, Unifont};

    /// The image as text, for comparison.
    fn drawn(text: &str, width: usize) -> Vec<String> {
        let raster = Unifont.line(text, width).unwrap();
        (0..raster.height())
            .map(|y| {
                (0..width)
                    .map(|x| if raster.is_set(x, y) { '#' } else { '.' })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn a_letter_is_drawn_twice_as_large_where_it_fits() {
        // The glyph is the Georgian letter "chin", as the font has it.
        let small = drawn("ჩ", 8);
        assert_eq!(small.len(), 16);
        assert!(small.iter().any(|row| row.contains('#')));
        let large = drawn("ჩ", 16);
        assert_eq!(large.len(), 32);
        for (y, row) in large.iter().enumerate() {
            let doubled: String = small[y / 2].chars().flat_map(|dot| [dot, dot]).collect();
            assert_eq!(*row, doubled);
        }
    }

    #[test]
    fn a_long_line_continues_in_the_next_row() {
        let rows = drawn("ჩაი და თაფლი", 24);
        assert_eq!(rows.len(), 4 * 16);
        assert_eq!(rows[..16], drawn("ჩაი", 24)[..16]);
        // A wide letter takes two cells, and no letter is cut at the end of a line.
        assert_eq!(drawn("ああ", 24).len(), 2 * 16);
    }

    #[test]
    fn letters_that_it_cannot_draw_become_question_marks() {
        assert!(Unifont.line("", 576).is_none());
        assert!(Unifont.line("あ", 8).is_none());
        assert!(Unifont.line("\u{10FFFF}", 576).is_none());
        assert!(Unifont.line("茶", 576).is_none());
        assert!(Unifont.line(&"あ".repeat(2_000), 576).is_none());
    }
}
