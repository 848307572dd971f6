//! Blocks as a picture: PNG with sixteen shades of grey, black on white.
//!
//! The picture is drawn and packed in strips, so that a long one needs no more memory than a short one.

use std::collections::HashMap;
use std::io::Write as _;

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};

use crate::face::{ACCENT_BACK, Face, OpenFace, is_accent};
use crate::fault::FormFault;
use crate::layout::Block;
use crate::sheet::{BASELINE, Drawn, FormSize, Placed, Sheet, cells_wide, number};

/// The largest number of pixels of a picture. A document that would need more is drawn smaller, with all its measures in the same
/// proportion.
pub const PIXELS_MAX: u32 = 16_000_000;

/// The picture of a document, as the bytes of a PNG file. The measures are pixels.
///
/// # Errors
///
/// The picture could not be packed.
pub fn png(blocks: &[Block], size: FormSize) -> Result<Vec<u8>, FormFault> {
    let sheet = Sheet::of(blocks, size);
    let scale = scale_of(&sheet);
    let (width, height) = (pixels(sheet.width * scale), pixels(sheet.height * scale));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Four);
    // Most of the time of a picture was spent on packing it well. This packs runs of like rows, which is most of a paper: each row
    // is written as its difference to the row above it.
    encoder.set_compression(png::Compression::Fastest);
    let fault = |error: png::EncodingError| FormFault(error.to_string());
    let mut writer = encoder.write_header().map_err(fault)?;
    let mut packed = writer.stream_writer().map_err(fault)?;
    let mut drawing = Drawing::new(scale)?;
    let mut strip = Strip {
        width: index(width),
        first: 0,
        ink: vec![0; index(width).saturating_mul(STRIP_ROWS)],
    };
    let mut bytes: Vec<u8> = Vec::with_capacity(index(width));
    let mut first: u32 = 0;
    while first < height {
        let rows = index(height - first).min(STRIP_ROWS);
        strip.first = i64::from(first);
        strip.ink.fill(0);
        for placed in &sheet.placed {
            drawing.draw(placed, &mut strip);
        }
        for row in strip.ink.chunks(strip.width.max(1)).take(rows) {
            bytes.clear();
            bytes.extend(row.chunks(2).map(pair));
            packed
                .write_all(&bytes)
                .map_err(|error| FormFault(error.to_string()))?;
        }
        first = first.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX));
    }
    packed.finish().map_err(fault)?;
    writer.finish().map_err(fault)?;
    Ok(file)
}

/// The number of rows that are drawn at once.
const STRIP_ROWS: usize = 64;

/// By how much a sheet is drawn smaller, so that its picture has at most [`PIXELS_MAX`] pixels.
fn scale_of(sheet: &Sheet) -> f32 {
    let most = number(PIXELS_MAX);
    let area = sheet.width * sheet.height;
    if area <= most {
        return 1.0;
    }
    // A picture has whole pixels, so one row and one column may be added to the exact measures.
    (most / area).sqrt() * 0.999
}

/// Two pixels in one byte. White is 15, and there is white beside the last pixel of an odd row.
fn pair(ink: &[u8]) -> u8 {
    match *ink {
        [left, right] => !((left & 0xF0) | (right >> 4)),
        [left] => !(left & 0xF0),
        _ => u8::MAX,
    }
}

/// Some rows of the picture. Ink is 0 on white and 255 on black.
struct Strip {
    width: usize,
    /// The row of the picture that is the first row here.
    first: i64,
    ink: Vec<u8>,
}

impl Strip {
    fn rows(&self) -> i64 {
        i64::try_from(STRIP_ROWS).unwrap_or(i64::MAX)
    }

    /// The pixels of a row of the picture from a column on; none if the row is not here. A column left of the picture counts as the
    /// first one.
    fn pixels_from(&mut self, x: i64, y: i64) -> &mut [u8] {
        let x = usize::try_from(x).unwrap_or(0).min(self.width);
        let Ok(y) = usize::try_from(y.saturating_sub(self.first)) else {
            return &mut [];
        };
        let begin = y.saturating_mul(self.width);
        let end = begin.saturating_add(self.width);
        self.ink
            .get_mut(begin.saturating_add(x)..end)
            .unwrap_or_default()
    }

    /// Adds a row of ink. What stands left of the picture is cut off.
    fn add_row(&mut self, x: i64, y: i64, ink: &[u8]) {
        let cut = usize::try_from(x.saturating_neg()).unwrap_or(0);
        let ink = ink.get(cut..).unwrap_or_default();
        for (pixel, ink) in self.pixels_from(x, y).iter_mut().zip(ink) {
            *pixel = pixel.saturating_add(*ink);
        }
    }

    fn fill(&mut self, (left, top): (i64, i64), (right, bottom): (i64, i64)) {
        let last = bottom.min(self.first.saturating_add(self.rows()));
        let count = usize::try_from(right.saturating_sub(left.max(0))).unwrap_or(0);
        for y in top.max(self.first)..last {
            let row = self.pixels_from(left, y);
            let count = count.min(row.len());
            row.iter_mut()
                .take(count)
                .for_each(|pixel| *pixel = u8::MAX);
        }
    }
}

/// A letter as pixels.
struct LetterPicture {
    /// The first column, from the place of the letter.
    left: i64,
    /// The first row, from the line of the letters.
    top: i64,
    width: usize,
    ink: Vec<u8>,
}

/// The face, the glyph, the letter size, and the quarter of a pixel where it begins.
type LetterKey = (Face, u32, u32, u8);

/// Draws on strips; each letter is computed once.
struct Drawing {
    scale: f32,
    regular: OpenFace,
    bold: OpenFace,
    letters: HashMap<LetterKey, LetterPicture>,
    /// The outline of each glyph in each size. A letter stands at up to four parts of a pixel.
    outlines: HashMap<(Face, u32, u32), Outline>,
}

impl Drawing {
    fn new(scale: f32) -> Result<Self, FormFault> {
        let open =
            |face| OpenFace::open(face).ok_or_else(|| FormFault(format!("no letters of {face:?}")));
        Ok(Self {
            scale,
            regular: open(Face::Regular)?,
            bold: open(Face::Bold)?,
            letters: HashMap::new(),
            outlines: HashMap::new(),
        })
    }

    fn draw(&mut self, placed: &Placed, strip: &mut Strip) {
        let top = whole((placed.top * self.scale).floor());
        let bottom = whole(((placed.top + placed.height) * self.scale).ceil());
        // A letter may be higher than its row by a part of a row.
        let around = bottom.saturating_sub(top);
        if bottom.saturating_add(around) < strip.first
            || top.saturating_sub(around) >= strip.first.saturating_add(strip.rows())
        {
            return;
        }
        let left = placed.left * self.scale;
        match &placed.drawn {
            Drawn::Rule { width, thickness } => {
                let right = whole((left + width * self.scale).round());
                let thick = whole((thickness * self.scale).round()).max(1);
                strip.fill(
                    (whole(left.round()), top),
                    (right, top.saturating_add(thick)),
                );
            }
            Drawn::Dots { bitmap, dot, .. } => {
                let dot = dot * self.scale;
                let top = placed.top * self.scale;
                for (x, y, count) in bitmap.runs() {
                    let edge = |from: f32, dots: u32| whole((from + number(dots) * dot).round());
                    strip.fill(
                        (edge(left, x), edge(top, y)),
                        (edge(left, x + count), edge(top, y + 1)),
                    );
                }
            }
            Drawn::Row { text, size, face } => {
                let size = size * self.scale;
                let line = whole((placed.top * self.scale + BASELINE * size).round());
                self.text(text, (left, line), (size, *face), strip);
            }
        }
    }

    fn text(
        &mut self,
        text: &str,
        (left, line): (f32, i64),
        (size, face): (f32, Face),
        strip: &mut Strip,
    ) {
        let mut cell = 0_usize;
        for letter in text.chars() {
            let mut x = left + cells_wide(cell) * size;
            if is_accent(letter) {
                x -= ACCENT_BACK * size;
            } else {
                cell = cell.saturating_add(1);
            }
            if letter == ' ' {
                continue;
            }
            let quarters = whole((x * 4.0).round());
            let (pixel, quarter) = (quarters.div_euclid(4), quarters.rem_euclid(4));
            let open = match face {
                Face::Regular => &self.regular,
                Face::Bold => &self.bold,
            };
            let glyph = open.glyph(letter);
            let quarter = u8::try_from(quarter).unwrap_or(0);
            let key = (face, glyph.to_u32(), size.to_bits(), quarter);
            let shift = f32::from(quarter) / 4.0;
            let outlines = &mut self.outlines;
            let picture = self.letters.entry(key).or_insert_with(|| {
                let outline = outlines
                    .entry((face, glyph.to_u32(), size.to_bits()))
                    .or_insert_with(|| Outline::of(open, glyph, size));
                letter_picture(outline, shift)
            });
            for (row, y) in picture
                .ink
                .chunks(picture.width.max(1))
                .zip(line.saturating_add(picture.top)..)
            {
                strip.add_row(pixel.saturating_add(picture.left), y, row);
            }
        }
    }
}

fn letter_picture(outline: &Outline, shift: f32) -> LetterPicture {
    let mut left = f32::INFINITY;
    let mut right = f32::NEG_INFINITY;
    let mut top = f32::INFINITY;
    let mut bottom = f32::NEG_INFINITY;
    for place in outline.curves.iter().flatten() {
        (left, right) = (left.min(place.x), right.max(place.x));
        (top, bottom) = (top.min(place.y), bottom.max(place.y));
    }
    if left > right {
        return LetterPicture {
            left: 0,
            top: 0,
            width: 0,
            ink: Vec::new(),
        };
    }
    // One pixel of room at each edge keeps the curves inside of the raster.
    let (left, top) = ((left + shift).floor() - 1.0, top.floor() - 1.0);
    let width = side(right + shift - left);
    let height = side(bottom - top);
    let mut raster = Rasterizer::new(width, height);
    for [from, over, to] in outline.curves.iter().copied() {
        let at = |place: Point| point(place.x + shift - left, place.y - top);
        raster.draw_quad(at(from), at(over), at(to));
    }
    let mut ink = Vec::with_capacity(width.saturating_mul(height));
    raster.for_each_pixel(|_, covered| ink.push(shade(covered)));
    LetterPicture {
        left: whole(left),
        top: whole(top),
        width,
        ink,
    }
}

/// The outline of a letter as quadratic curves, with rows counted downwards.
#[derive(Default)]
struct Outline {
    curves: Vec<[Point; 3]>,
    begin: Point,
    at: Point,
}

impl Outline {
    /// The outline of a glyph; without curves if the face has none for it.
    fn of(face: &OpenFace, glyph: skrifa::GlyphId, size: f32) -> Self {
        let mut outline = Self::default();
        let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
        let drawn = face
            .outlines
            .get(glyph)
            .and_then(|glyph| glyph.draw(settings, &mut outline).ok());
        match drawn {
            Some(_) => outline,
            None => Self::default(),
        }
    }

    fn curve(&mut self, over: Point, to: Point) {
        self.curves.push([self.at, over, to]);
        self.at = to;
    }

    fn line(&mut self, to: Point) {
        let over = point(
            f32::midpoint(self.at.x, to.x),
            f32::midpoint(self.at.y, to.y),
        );
        self.curve(over, to);
    }
}

impl OutlinePen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.begin = point(x, -y);
        self.at = self.begin;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.line(point(x, -y));
    }

    fn quad_to(&mut self, over_x: f32, over_y: f32, x: f32, y: f32) {
        self.curve(point(over_x, -over_y), point(x, -y));
    }

    /// The faces have no cubic curves; a straight line would show one that a later face has.
    fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, x: f32, y: f32) {
        self.line(point(x, -y));
    }

    fn close(&mut self) {
        self.line(self.begin);
    }
}

/// The number of pixels that a measure needs.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn pixels(measure: f32) -> u32 {
    (measure.ceil() as u32).max(1)
}

/// The side of a raster that has so many pixels, and one more at its end.
fn side(measure: f32) -> usize {
    index(pixels(measure)).saturating_add(1)
}

#[allow(clippy::cast_possible_truncation)]
const fn whole(measure: f32) -> i64 {
    measure as i64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn shade(covered: f32) -> u8 {
    (covered.abs().min(1.0) * 255.0) as u8
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
