//! `GS v 0`: an image, one bit per dot, rows from the top.

use super::escpos_control::{DC4, DLE, ENQ, EOT, GS};

/// An image for the print head: a black dot is a bit that is set, and the leftmost dot is the highest bit of its byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    width_bytes: usize,
    rows: Vec<Vec<u8>>,
}

/// The width of the widest image, in bytes: 1024 dots, more than any head of 80 or 112 mm paper has.
pub const WIDTH_BYTES_MAX: usize = 128;
/// The largest number of rows in one command. A taller image is sent in bands, so that the height's bytes stay small.
pub const ROWS_MAX: usize = 240;
/// The bytes of a command before the dots.
const HEADER_BYTES: usize = 8;

impl Raster {
    /// A white image.
    ///
    /// `None` if the image would have no dots or be wider than [`WIDTH_BYTES_MAX`].
    #[must_use]
    pub fn new(width_dots: usize, height: usize) -> Option<Self> {
        let width_bytes = width_dots.div_ceil(8);
        let fits = (1..=WIDTH_BYTES_MAX).contains(&width_bytes) && height > 0;
        fits.then(|| Self {
            width_bytes,
            rows: vec![vec![0; width_bytes]; height],
        })
    }

    /// The width of the image in bytes.
    #[must_use]
    pub fn width_bytes(&self) -> usize {
        self.width_bytes
    }

    /// The height of the image in dots.
    #[must_use]
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Makes a dot black; one outside the image is ignored.
    pub fn set(&mut self, x: usize, y: usize) {
        let bit = u32::try_from(x & 7).unwrap_or(0);
        if let Some(byte) = self.rows.get_mut(y).and_then(|row| row.get_mut(x >> 3)) {
            *byte |= 0x80_u8.wrapping_shr(bit);
        }
    }

    /// Whether a dot is black.
    #[must_use]
    pub fn is_set(&self, x: usize, y: usize) -> bool {
        let bit = u32::try_from(x & 7).unwrap_or(0);
        self.rows
            .get(y)
            .and_then(|row| row.get(x >> 3))
            .is_some_and(|byte| byte & 0x80_u8.wrapping_shr(bit) != 0)
    }

    /// The image as images below each other, each with a command of at most `bytes_max` bytes, so that a printer with a small buffer
    /// takes it in parts. A part has one row at least.
    #[must_use]
    pub fn bands(&self, bytes_max: usize) -> Vec<Self> {
        let room = bytes_max.saturating_sub(HEADER_BYTES);
        let rows = room.checked_div(self.width_bytes).unwrap_or(1).max(1);
        self.rows
            .chunks(rows)
            .map(|rows| Self {
                width_bytes: self.width_bytes,
                rows: rows.to_vec(),
            })
            .collect()
    }

    /// The image that a printer received: `data` is row after row.
    pub(super) fn of(width_bytes: usize, data: &[u8]) -> Option<Self> {
        (width_bytes > 0).then(|| Self {
            width_bytes,
            rows: data.chunks(width_bytes).map(<[u8]>::to_vec).collect(),
        })
    }

    /// Appends `GS v 0`, in bands.
    ///
    /// Two bytes in a row that look like a real-time request are avoided: between two rows by beginning a new band, inside a row
    /// by changing one dot of the second byte, which nobody sees.
    pub(super) fn emit_into(&self, out: &mut Vec<u8>) {
        let mut band: Vec<u8> = Vec::new();
        let mut rows: u8 = 0;
        for row in &self.rows {
            let mut row = row.clone();
            part(&mut row);
            let clash = is_request(band.last().copied(), row.first().copied());
            if usize::from(rows) >= ROWS_MAX || clash {
                self.emit_band(out, &band, rows);
                band.clear();
                rows = 0;
            }
            band.extend(row);
            rows = rows.saturating_add(1);
        }
        if rows > 0 {
            self.emit_band(out, &band, rows);
        }
    }

    fn emit_band(&self, out: &mut Vec<u8>, band: &[u8], rows: u8) {
        // A printer may receive a wider image than our driver sends.
        let [low, high] = u16::try_from(self.width_bytes)
            .unwrap_or(u16::MAX)
            .to_le_bytes();
        out.extend([GS, b'v', b'0', 0, low, high, rows, 0]);
        out.extend_from_slice(band);
    }
}

/// Changes one dot wherever a row contains a real-time request.
fn part(row: &mut [u8]) {
    let mut before = None;
    for byte in row {
        if is_request(before, Some(*byte)) {
            // 04 becomes 06, 05 becomes 07 and 14 becomes 16: one more dot beside a black dot becomes black.
            *byte |= 0x02;
        }
        before = Some(*byte);
    }
}

fn is_request(first: Option<u8>, second: Option<u8>) -> bool {
    first == Some(DLE) && matches!(second, Some(EOT | ENQ | DC4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::tracer::hexadecimal;

    fn image(width_bytes: usize, data: &[u8]) -> Raster {
        Raster::of(width_bytes, data).unwrap()
    }

    fn emitted(raster: &Raster) -> Vec<u8> {
        let mut out = Vec::new();
        raster.emit_into(&mut out);
        out
    }

    #[test]
    fn dots_and_bytes() {
        let mut raster = Raster::new(12, 2).unwrap();
        raster.set(0, 0);
        raster.set(11, 1);
        raster.set(99, 99);
        assert!(raster.is_set(0, 0) && !raster.is_set(1, 0) && raster.is_set(11, 1));
        assert_eq!(
            hexadecimal(&emitted(&raster)),
            "1D 76 30 00 02 00 02 00 80 00 00 10"
        );
        assert_eq!(Raster::new(0, 1), None);
        assert_eq!(Raster::new(1_025, 1), None);
    }

    #[test]
    fn real_time_requests_in_images_are_split() {
        assert_eq!(
            hexadecimal(&emitted(&image(4, &[0x10, 0x04, 0x10, 0x14]))),
            "1D 76 30 00 04 00 01 00 10 06 10 16"
        );
        // If the bytes are in two rows, the image is sent in two bands, and no dot is changed.
        assert_eq!(
            hexadecimal(&emitted(&image(1, &[0x10, 0x05]))),
            "1D 76 30 00 01 00 01 00 10 1D 76 30 00 01 00 01 00 05"
        );
    }

    #[test]
    fn no_image_contains_a_real_time_request() {
        let mut state = 7_u64;
        for width in 1..=WIDTH_BYTES_MAX {
            let height = 1 + (width * 7) % 600;
            let data: Vec<u8> = (0..width * height)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    [DLE, EOT, ENQ, DC4, 0, 0xFF][usize::try_from(state % 6).unwrap()]
                })
                .collect();
            let bytes = emitted(&image(width, &data));
            assert!(
                !bytes
                    .windows(2)
                    .any(|pair| is_request(Some(pair[0]), Some(pair[1])))
            );
        }
    }
}
