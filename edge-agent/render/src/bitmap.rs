//! Pictures of black and white dots on a paper: a QR code and the shop's logo.

use std::fmt::Write as _;
use std::io::Cursor;

use fast_qr::{ECL, QRBuilder};

use crate::fault::FormFault;

/// A picture of black and white dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    width: u32,
    height: u32,
    /// One bit for a dot, row by row without gaps; a black dot is 1.
    dots: Vec<u8>,
}

/// The largest logo: as wide as paper of 80 mm on a printer with 203 dots per inch.
pub const LOGO_WIDTH_MAX: u32 = 576;
/// The largest height of a logo.
pub const LOGO_HEIGHT_MAX: u32 = 400;
/// The largest file of a logo, in bytes.
pub const LOGO_BYTES_MAX: usize = 262_144;

/// Why a file is no logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoFault {
    /// The file is no PNG, or is damaged.
    NotPng(String),
    /// The file has more than [`LOGO_BYTES_MAX`] bytes.
    TooManyBytes,
    /// The picture is wider than [`LOGO_WIDTH_MAX`] or higher than [`LOGO_HEIGHT_MAX`]; its width and height.
    TooLarge(u32, u32),
}

impl std::fmt::Display for LogoFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotPng(why) => write!(f, "is no PNG that can be read: {why}"),
            Self::TooManyBytes => write!(f, "has more than {LOGO_BYTES_MAX} bytes"),
            Self::TooLarge(width, height) => {
                write!(f, "has {width} × {height} pixels")
            }
        }
    }
}

impl std::error::Error for LogoFault {}

/// The number of white modules around a QR code, which a scanner needs.
const QUIET: u32 = 4;

impl Bitmap {
    /// A white picture.
    #[must_use]
    pub fn white(width: u32, height: u32) -> Self {
        let dots = u64::from(width) * u64::from(height);
        let bytes = usize::try_from(dots.div_ceil(8)).unwrap_or(0);
        Self {
            width,
            height,
            dots: vec![0; bytes],
        }
    }

    /// The QR code of a text with its white edge, with error correction M; `None` if the text is too long for a QR code.
    #[must_use]
    pub fn of_qr(text: &str) -> Option<Self> {
        let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
        let modules = u32::try_from(code.size).ok()?;
        let side = modules + 2 * QUIET;
        let mut bitmap = Self::white(side, side);
        for (y, row) in (QUIET..).zip(code.data.chunks(code.size.max(1)).take(code.size)) {
            for (x, module) in (QUIET..).zip(row) {
                if module.value() {
                    bitmap.set(x, y);
                }
            }
        }
        Some(bitmap)
    }

    /// The logo in a PNG file. A pixel that is darker than half is black; a transparent one is white.
    ///
    /// # Errors
    ///
    /// The file is no PNG, or is too large.
    pub fn of_png(file: &[u8]) -> Result<Self, LogoFault> {
        if file.len() > LOGO_BYTES_MAX {
            return Err(LogoFault::TooManyBytes);
        }
        let fault = |error: png::DecodingError| LogoFault::NotPng(error.to_string());
        let limits = png::Limits {
            bytes: LOGO_MEMORY_MAX,
        };
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(file), limits);
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(fault)?;
        let (width, height) = (reader.info().width, reader.info().height);
        if width > LOGO_WIDTH_MAX || height > LOGO_HEIGHT_MAX {
            return Err(LogoFault::TooLarge(width, height));
        }
        let bytes = reader
            .output_buffer_size()
            .filter(|bytes| *bytes <= LOGO_MEMORY_MAX)
            .ok_or(LogoFault::TooLarge(width, height))?;
        let mut pixels = vec![0; bytes];
        let frame = reader.next_frame(&mut pixels).map_err(fault)?;
        let samples = frame.color_type.samples();
        let mut bitmap = Self::white(width, height);
        let row_bytes = frame.line_size.max(1);
        for (y, row) in (0..height).zip(pixels.chunks(row_bytes)) {
            for (x, pixel) in (0..width).zip(row.chunks(samples)) {
                if is_dark(pixel) {
                    bitmap.set(x, y);
                }
            }
        }
        Ok(bitmap)
    }

    /// The width in dots.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// The height in dots.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Whether a dot is black; one outside of the picture is not.
    #[must_use]
    pub fn is_black(&self, x: u32, y: u32) -> bool {
        let Some((byte, bit)) = self.place(x, y) else {
            return false;
        };
        self.dots.get(byte).is_some_and(|byte| byte & bit != 0)
    }

    pub(crate) fn set(&mut self, x: u32, y: u32) {
        if let Some((byte, bit)) = self.place(x, y)
            && let Some(byte) = self.dots.get_mut(byte)
        {
            *byte |= bit;
        }
    }

    fn place(&self, x: u32, y: u32) -> Option<(usize, u8)> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let dot = u64::from(y) * u64::from(self.width) + u64::from(x);
        let byte = usize::try_from(dot / 8).ok()?;
        Some((byte, 0x80 >> (dot % 8)))
    }

    /// The picture, made narrower if it is wider than so many dots, with its height in the same proportion. A dot is black if at least
    /// half of the dots in its place were.
    #[must_use]
    pub fn fitting(&self, width_max: u32) -> Self {
        let width = width_max.max(1);
        if self.width <= width {
            return self.clone();
        }
        let part = |of: u32, by: u32| u64::from(of) * u64::from(by);
        let to_u32 = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let height = to_u32(part(self.height, width) / u64::from(self.width)).max(1);
        let mut fitted = Self::white(width, height);
        // The first dot of the place of a dot, and the first one behind it.
        let place = |dot: u32, dots: u32, all: u32| {
            let first = to_u32(part(dot, all) / u64::from(dots));
            let behind = to_u32(part(dot + 1, all) / u64::from(dots));
            first..behind.max(first + 1)
        };
        for y in 0..height {
            for x in 0..width {
                let rows = place(y, height, self.height);
                let columns = place(x, width, self.width);
                let all = rows.len().saturating_mul(columns.len());
                let black = rows
                    .flat_map(|y| columns.clone().map(move |x| (x, y)))
                    .filter(|(x, y)| self.is_black(*x, *y))
                    .count();
                if black.saturating_mul(2) >= all {
                    fitted.set(x, y);
                }
            }
        }
        fitted
    }

    /// The picture with each dot as a square of so many dots.
    #[must_use]
    pub fn enlarged(&self, times: u32) -> Self {
        let times = times.max(1);
        let mut large = Self::white(
            self.width.saturating_mul(times),
            self.height.saturating_mul(times),
        );
        for y in 0..large.height {
            for x in (0..large.width).filter(|x| self.is_black(x / times, y / times)) {
                large.set(x, y);
            }
        }
        large
    }

    /// The black dots that are beside each other: column, row and number.
    pub(crate) fn runs(&self) -> Vec<(u32, u32, u32)> {
        let mut runs = Vec::new();
        for y in 0..self.height {
            let mut x = 0;
            while x < self.width {
                let from = x;
                while self.is_black(x, y) {
                    x += 1;
                }
                if x > from {
                    runs.push((from, y, x - from));
                }
                x += 1;
            }
        }
        runs
    }

    /// The black dots as the path of an SVG picture, one unit a dot.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for (x, y, count) in self.runs() {
            // Writing to a text does not fail.
            let _ = write!(path, "M{x} {y}h{count}v1h-{count}z");
        }
        path
    }

    /// The picture as the bytes of a PNG file.
    ///
    /// # Errors
    ///
    /// The picture could not be packed.
    pub fn png(&self) -> Result<Vec<u8>, FormFault> {
        let fault = |error: png::EncodingError| FormFault(error.to_string());
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().map_err(fault)?;
        let mut rows = Vec::new();
        for y in 0..self.height {
            for first in (0..self.width).step_by(8) {
                // White is 1, and there is white behind the last dot of a row.
                let byte = (0..8).fold(0_u8, |byte, bit| {
                    (byte << 1) | u8::from(!self.is_black(first + bit, y))
                });
                rows.push(byte);
            }
        }
        writer.write_image_data(&rows).map_err(fault)?;
        writer.finish().map_err(fault)?;
        Ok(file)
    }
}

/// The memory that the largest logo needs: eight bytes a pixel.
const LOGO_MEMORY_MAX: usize = 576 * 400 * 8;

/// Whether a pixel of grey, grey and alpha, colours, or colours and alpha is darker than half.
fn is_dark(pixel: &[u8]) -> bool {
    let (light, alpha) = match *pixel {
        [grey] => (u32::from(grey), 255),
        [grey, alpha] => (u32::from(grey), u32::from(alpha)),
        [red, green, blue, ref alpha @ ..] => {
            let light = u32::from(red) * 30 + u32::from(green) * 59 + u32::from(blue) * 11;
            (light / 100, alpha.first().map_or(255, |it| u32::from(*it)))
        }
        [] => (255, 255),
    };
    // What is transparent shows the white of the paper.
    light * alpha / 255 + (255 - alpha) < 128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_the_same_after_it_was_packed() {
        let code = Bitmap::of_qr("https://example.org/receipt/1").unwrap();
        assert_eq!(Bitmap::of_png(&code.png().unwrap()), Ok(code));
    }

    #[test]
    fn a_wide_picture_is_made_narrower_in_proportion() {
        let mut wide = Bitmap::white(400, 100);
        for x in 0..400 {
            for y in 0..100 {
                if x < 200 || y < 50 {
                    wide.set(x, y);
                }
            }
        }
        let narrow = wide.fitting(100);
        assert_eq!((narrow.width(), narrow.height()), (100, 25));
        assert!(narrow.is_black(0, 24) && narrow.is_black(49, 24) && narrow.is_black(99, 0));
        assert!(!narrow.is_black(50, 24) && !narrow.is_black(99, 13));
        assert_eq!(wide.fitting(400), wide);
        assert_eq!(wide.fitting(0).width(), 1);
        let large = narrow.enlarged(3);
        assert_eq!((large.width(), large.height()), (300, 75));
        assert!(large.is_black(149, 74) && !large.is_black(150, 74));
        assert_eq!(large.fitting(100), narrow);
    }

    #[test]
    fn dark_pixels_are_black_and_transparent_ones_are_white() {
        assert!(is_dark(&[0]) && is_dark(&[127]) && !is_dark(&[128]));
        assert!(is_dark(&[0, 255]) && !is_dark(&[0, 0]));
        assert!(is_dark(&[200, 0, 0]) && !is_dark(&[255, 255, 0]));
        assert!(is_dark(&[10, 10, 10, 255]) && !is_dark(&[10, 10, 10, 100]));
    }

    #[test]
    fn a_file_that_is_no_logo_is_refused() {
        assert!(matches!(
            Bitmap::of_png(b"GIF89a"),
            Err(LogoFault::NotPng(_))
        ));
        let long = vec![0; LOGO_BYTES_MAX + 1];
        assert_eq!(Bitmap::of_png(&long), Err(LogoFault::TooManyBytes));
        let wide = Bitmap::white(577, 1).png().unwrap();
        assert_eq!(Bitmap::of_png(&wide), Err(LogoFault::TooLarge(577, 1)));
        let whole = Bitmap::of_qr("a").unwrap().png().unwrap();
        for cut in 0..whole.len() {
            let _ = Bitmap::of_png(&whole[..cut]);
        }
    }
}
