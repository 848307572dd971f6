//! Blocks on a sheet of a certain width: where each row stands. The picture and the PDF draw the same sheet.
//!
//! The unit is that of the form: a pixel in a picture and in SVG, a point (1/72 inch) in a PDF.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::bitmap::Bitmap;

use crate::face::{CELL, Face, cells, visible};
use crate::layout::{Block, Emphasis};
use crate::text::{PaperWidth, rows};

/// The measures of a form, in pixels or in points (1/72 inch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormSize {
    /// The width of the text. It has room for [`COLUMNS_MIN`] letters at least.
    pub content_width: u32,
    /// The margin at the left and at the right.
    pub horizontal_margin: u32,
    /// The margin at the top and at the bottom.
    pub vertical_margin: u32,
    /// The size of the letters. A letter is 0.6 of it wide, and a row is 1.3 of it high.
    pub font_size: u32,
    /// The width of the whole form. What it has beyond the text and the margins is added to both margins.
    pub width: u32,
}

/// The smallest number of letters in a row of a form.
pub const COLUMNS_MIN: u32 = 20;

/// What a caller says about the measures of a form, as it was said; a measure that is not given has its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WantedSize {
    /// The width of the text.
    pub content_width: Option<i32>,
    /// The margin at the left and at the right.
    pub horizontal_margin: Option<i32>,
    /// The margin at the top and at the bottom.
    pub vertical_margin: Option<i32>,
    /// The size of the letters.
    pub font_size: Option<i32>,
    /// The width of the whole form.
    pub width: Option<i32>,
}

/// The defaults and the limits of the measures of one type of form.
#[derive(Clone, Copy, Debug)]
pub struct SizeRules {
    /// The allowed widths of the text.
    pub content_width: (u32, u32),
    /// The largest margin.
    pub margin_max: u32,
    /// The allowed sizes of the letters.
    pub font_size: (u32, u32),
    /// The allowed widths of the whole form.
    pub width: (u32, u32),
    /// The default: width of the text, margin, smallest default size of the letters.
    defaults: (u32, u32, u32),
}

/// The measures of a PDF, in points. The default page is as wide as paper of 80 mm and has 42 letters in a row.
pub const PDF_SIZES: SizeRules = SizeRules {
    content_width: (72, 1_200),
    margin_max: 300,
    font_size: (4, 48),
    width: (72, 1_800),
    defaults: (204, 12, 7),
};

/// The measures of a picture, in pixels. The text is by default as wide as 72 mm on a printer with 203 dots per inch, and has 40
/// letters in a row.
pub const IMAGE_SIZES: SizeRules = SizeRules {
    content_width: (120, 2_000),
    margin_max: 500,
    font_size: (8, 96),
    width: (120, 2_400),
    defaults: (576, 16, 16),
};

/// The measures that a picture of SVG has by default.
impl Default for FormSize {
    fn default() -> Self {
        let (content_width, margin, _) = IMAGE_SIZES.defaults;
        Self {
            content_width,
            horizontal_margin: margin,
            vertical_margin: margin,
            font_size: content_width / LETTER_PART,
            width: content_width + 2 * margin,
        }
    }
}

/// The default letter size is this part of the text's width, which has then 40 letters in a row.
const LETTER_PART: u32 = 24;

/// A measure that is not allowed: the name of the measure, and what is wrong with it.
pub type SizeFault = (&'static str, String);

impl SizeRules {
    /// The measures that a caller wants, or everything that is wrong with them. The names of the faults are those of the FiscalCloud
    /// API.
    ///
    /// # Errors
    ///
    /// A measure is outside of its limits, the text has room for less than [`COLUMNS_MIN`] letters, or the whole form is narrower
    /// than the text and the margins.
    pub fn size(&self, wanted: WantedSize) -> Result<FormSize, Vec<SizeFault>> {
        let mut faults = Vec::new();
        let mut check = |name, value: Option<i32>, range: RangeInclusive<u32>| {
            let allowed = |value: &i32| u32::try_from(*value).is_ok_and(|it| range.contains(&it));
            if let Some(value) = value.filter(|value| !allowed(value)) {
                let (low, high) = (range.start(), range.end());
                faults.push((name, format!("is {value}; {low} to {high} is allowed")));
            }
        };
        let range = |(low, high): (u32, u32)| low..=high;
        check(
            "contentWidth",
            wanted.content_width,
            range(self.content_width),
        );
        check(
            "horizontalMargin",
            wanted.horizontal_margin,
            0..=self.margin_max,
        );
        check(
            "verticalMargin",
            wanted.vertical_margin,
            0..=self.margin_max,
        );
        check("fontSize", wanted.font_size, range(self.font_size));
        check("width", wanted.width, range(self.width));
        if !faults.is_empty() {
            return Err(faults);
        }
        self.fitting(wanted)
    }

    /// The measures, of which each is within its own limits.
    fn fitting(&self, wanted: WantedSize) -> Result<FormSize, Vec<SizeFault>> {
        let (default_width, default_margin, least_letter) = self.defaults;
        let given = |measure: Option<i32>| measure.and_then(|value| u32::try_from(value).ok());
        let whole = given(wanted.width);
        let horizontal_margin = given(wanted.horizontal_margin).unwrap_or(default_margin);
        let margins = horizontal_margin.saturating_mul(2);
        let content_width = match (given(wanted.content_width), whole) {
            (Some(content), _) => content,
            (None, Some(whole)) => whole
                .saturating_sub(margins)
                .clamp(self.content_width.0, self.content_width.1),
            (None, None) => default_width,
        };
        let needed = content_width.saturating_add(margins);
        let width = whole.unwrap_or(needed);
        let mut faults = Vec::new();
        if width < needed {
            faults.push((
                "width",
                format!("is {width}; the text and its margins need {needed}"),
            ));
        }
        let usual_letter = (content_width / LETTER_PART).max(least_letter);
        let font_size = given(wanted.font_size).unwrap_or(usual_letter.min(self.font_size.1));
        let size = FormSize {
            content_width,
            horizontal_margin,
            vertical_margin: given(wanted.vertical_margin).unwrap_or(default_margin),
            font_size,
            width,
        };
        if size.columns() < COLUMNS_MIN {
            let name = if wanted.font_size.is_some() {
                "fontSize"
            } else {
                "contentWidth"
            };
            let columns = size.columns();
            faults.push((
                name,
                format!("leaves room for {columns} letters in a row of {content_width}; {COLUMNS_MIN} are needed"),
            ));
        }
        if faults.is_empty() {
            Ok(size)
        } else {
            Err(faults)
        }
    }
}

impl FormSize {
    /// The number of letters in a row.
    #[must_use]
    pub fn columns(&self) -> u32 {
        // A letter is three fifths of its size wide.
        let room = self.content_width.saturating_mul(5);
        room / self.font_size.saturating_mul(3).max(1)
    }
}

/// Something on a sheet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    /// The number of the block that it belongs to.
    pub(crate) block: usize,
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) height: f32,
    pub(crate) drawn: Drawn,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Drawn {
    /// A row of text, with its letter size. It begins and ends with no space.
    Row { text: String, size: f32, face: Face },
    /// A line to the right, as wide and as thick as this.
    Rule { width: f32, thickness: f32 },
    /// A picture of dots, and the size of a dot. `says` is what it says; it is empty for decoration.
    Dots {
        bitmap: Arc<Bitmap>,
        dot: f32,
        says: String,
    },
}

/// The line of the letters below the top of a row, as a part of the letter size.
pub(crate) const BASELINE: f32 = 0.99;

/// The height of a row, as a part of the letter size.
const ROW: f32 = 1.3;

/// A document on a sheet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) margin: f32,
    /// From top to bottom.
    pub(crate) placed: Vec<Placed>,
}

impl Sheet {
    /// The sheet of blocks.
    pub(crate) fn of(blocks: &[Block], size: FormSize) -> Self {
        let letter = number(size.font_size);
        let columns = size.columns().max(1);
        let text_width = number(columns) * CELL * letter;
        let mut sheet = Self {
            width: number(size.width),
            height: number(size.vertical_margin),
            margin: number(size.vertical_margin),
            placed: Vec::new(),
        };
        let left = ((sheet.width - text_width) / 2.0).max(0.0);
        let paper = PaperWidth {
            columns: usize::try_from(columns).unwrap_or(usize::MAX),
            large: true,
            letters: &cells,
        };
        for (place, block) in blocks.iter().enumerate() {
            match block {
                Block::Rule => {
                    let thickness = letter / 16.0;
                    let height = letter * ROW / 2.0;
                    let top = sheet.height + (height - thickness) / 2.0;
                    sheet.placed.push(Placed {
                        block: place,
                        left,
                        top,
                        height: thickness,
                        drawn: Drawn::Rule {
                            width: text_width,
                            thickness,
                        },
                    });
                    sheet.height += height;
                }
                Block::Qr { text, .. } => match Bitmap::of_qr(text).map(Arc::new) {
                    Some(code) => {
                        let dot = qr_dot(text_width, &code);
                        sheet.picture(place, code, (dot, letter / 2.0), text);
                    }
                    None => sheet.texts(place, block, (left, letter), paper),
                },
                Block::Logo(logo) => {
                    let most = text_width / number(logo.width().max(1));
                    let dot = most.min(letter / LOGO_DOT_PART);
                    sheet.picture(place, Arc::clone(logo), (dot, letter / 2.0), "");
                }
                text => sheet.texts(place, text, (left, letter), paper),
            }
        }
        sheet.height += sheet.margin;
        sheet
    }

    /// Adds a picture in the middle, with room below it.
    fn picture(&mut self, place: usize, bitmap: Arc<Bitmap>, (dot, room): (f32, f32), says: &str) {
        let (width, height) = (number(bitmap.width()) * dot, number(bitmap.height()) * dot);
        self.placed.push(Placed {
            block: place,
            left: ((self.width - width) / 2.0).floor(),
            top: self.height.ceil(),
            height,
            drawn: Drawn::Dots {
                bitmap,
                dot,
                says: says.to_owned(),
            },
        });
        self.height = self.height.ceil() + height + room;
    }

    /// Adds the rows of a block of text.
    fn texts(
        &mut self,
        place: usize,
        block: &Block,
        (left, letter): (f32, f32),
        paper: PaperWidth<'_>,
    ) {
        let block = block.with_texts(visible);
        for row in rows(std::slice::from_ref(&block), paper) {
            let (size, face) = match row.emphasis {
                Emphasis::Plain => (letter, Face::Regular),
                Emphasis::Bold => (letter, Face::Bold),
                Emphasis::Large => (letter * 2.0, Face::Bold),
            };
            let height = size * ROW;
            let text = row.text.trim_start_matches(' ');
            let indent = row.text.len().saturating_sub(text.len());
            if !text.is_empty() {
                self.placed.push(Placed {
                    block: place,
                    left: left + cells_wide(indent) * size,
                    top: self.height,
                    height,
                    drawn: Drawn::Row {
                        text: text.to_owned(),
                        size,
                        face,
                    },
                });
            }
            self.height += height;
        }
    }
}

/// The size of a module: a QR code takes three quarters of the text's width, and all of it if a module would be smaller than three
/// units. A module has a whole number of units, so that its edges are sharp.
fn qr_dot(text_width: f32, code: &Bitmap) -> f32 {
    let modules = number(code.width().max(1));
    let usual = (text_width * 0.75 / modules).floor();
    if usual >= 3.0 {
        return usual;
    }
    (text_width / modules).floor().max(1.0)
}

/// The largest size of a dot of a logo is this part of the letter size: one pixel with the default letters of a picture.
const LOGO_DOT_PART: f32 = 24.0;

/// The width of so many cells, as a part of the letter size.
pub(crate) fn cells_wide(cells: usize) -> f32 {
    number(u32::try_from(cells).unwrap_or(u32::MAX)) * CELL
}

/// A whole number as a measure. Measures are far below the sixteen million up to which this is exact.
#[allow(clippy::cast_precision_loss)]
pub(crate) const fn number(value: u32) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_paper_of_80_mm() {
        let pdf = PDF_SIZES.size(WantedSize::default()).unwrap();
        assert_eq!((pdf.width, pdf.font_size, pdf.columns()), (228, 8, 42));
        let image = IMAGE_SIZES.size(WantedSize::default()).unwrap();
        assert_eq!(image, FormSize::default());
        assert_eq!((image.width, image.columns()), (608, 40));
    }

    #[test]
    fn the_text_of_a_narrow_picture_has_smaller_letters() {
        let wanted = WantedSize {
            width: Some(384),
            ..WantedSize::default()
        };
        let size = IMAGE_SIZES.size(wanted).unwrap();
        assert_eq!(
            (size.content_width, size.font_size, size.columns()),
            (352, 16, 36)
        );
    }

    #[test]
    fn every_bad_measure_is_named() {
        let names = |wanted| {
            let faults = IMAGE_SIZES.size(wanted).unwrap_err();
            faults.iter().map(|(name, _)| *name).collect::<Vec<_>>()
        };
        let wanted = WantedSize {
            content_width: Some(0),
            horizontal_margin: Some(501),
            vertical_margin: Some(501),
            font_size: Some(7),
            width: Some(2_401),
        };
        assert_eq!(
            names(wanted),
            [
                "contentWidth",
                "horizontalMargin",
                "verticalMargin",
                "fontSize",
                "width"
            ]
        );
        let narrow = WantedSize {
            content_width: Some(576),
            width: Some(600),
            font_size: Some(96),
            ..WantedSize::default()
        };
        assert_eq!(names(narrow), ["width", "fontSize"]);
        let tiny = WantedSize {
            content_width: Some(120),
            ..WantedSize::default()
        };
        assert_eq!(names(tiny), ["contentWidth"]);
    }
}
