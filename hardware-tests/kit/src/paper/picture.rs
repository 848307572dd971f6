//! What a scanner reads of the QR codes of a print form.

use rqrr::PreparedImage;

use super::pdf::picture_of_pdf;

/// The texts of the QR codes of a picture in PNG, from top to bottom.
///
/// # Panics
///
/// The file is no PNG, or a code on it cannot be read.
#[must_use]
pub fn codes_of_png(file: &[u8]) -> Vec<String> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut shades = vec![0; reader.output_buffer_size().expect("a picture of this size")];
    let info = reader.next_frame(&mut shades).expect("the pixels of a PNG");
    let samples = info.color_type.samples();
    let width = usize::try_from(info.width).expect("a width");
    let height = usize::try_from(info.height).expect("a height");
    // The first sample is the shade of grey, or the red of a colour.
    codes_of(width, height, |x, y| {
        let place = y * info.line_size + x * samples;
        shades.get(place).copied().unwrap_or(u8::MAX)
    })
}

/// The texts of the QR codes that a page of HTML draws, from top to bottom.
///
/// # Panics
///
/// A picture of the page has another path than horizontal runs of dots, or a code cannot be read.
#[must_use]
pub fn codes_of_page(page: &str) -> Vec<String> {
    let paths = page.split("<path d=\"").skip(1);
    let paths = paths.filter_map(|rest| Some(rest.split_once('"')?.0));
    paths.flat_map(codes_of_path).collect()
}

/// Reads a path of runs such as `M4 4h7v1h-7z`.
fn codes_of_path(path: &str) -> Vec<String> {
    let number = |text: &str| -> usize { text.parse().expect("a number of a path") };
    let run = |run: &str| {
        let (x, rest) = run.split_once(' ').expect("a place of a path");
        let (y, rest) = rest.split_once('h').expect("a run of a path");
        let (count, _) = rest.split_once('v').expect("a height of a path");
        (number(x), number(y), number(count))
    };
    let runs: Vec<_> = path.split('M').skip(1).map(run).collect();
    let right = runs.iter().map(|(x, _, count)| x + count).max();
    let below = runs.iter().map(|(_, y, _)| y + 1).max();
    // The path does not say how wide the white edge is.
    let side = right.max(below).unwrap_or(0) + EDGE;
    let is_black = |x: usize, y: usize| {
        (runs.iter()).any(|(from, row, count)| *row == y && (*from..from + count).contains(&x))
    };
    codes_of(side * DOT, side * DOT, |x, y| {
        if is_black(x / DOT, y / DOT) {
            0
        } else {
            u8::MAX
        }
    })
}

/// The white modules beside the last black one.
const EDGE: usize = 4;
/// The pixels of a module on each side.
const DOT: usize = 6;

/// The texts of the QR codes of a PDF, from top to bottom; `None` if there is no program here that draws a PDF.
#[must_use]
pub fn codes_of_pdf(file: &[u8]) -> Option<Vec<String>> {
    picture_of_pdf(file).map(|picture| codes_of_png(&picture))
}

fn codes_of(width: usize, height: usize, shade: impl FnMut(usize, usize) -> u8) -> Vec<String> {
    let mut picture = PreparedImage::prepare_from_greyscale(width, height, shade);
    let grids = picture.detect_grids();
    let read = |grid: &rqrr::Grid<_>| grid.decode().expect("a code that can be read").1;
    grids.iter().map(read).collect()
}
