//! Blocks as one picture of SVG with real text: it can be copied and read aloud, and loads nothing.
//!
//! A viewer draws the text in a face of its own; the width of each row is fixed, so that the columns stand where they stand in the
//! other forms.

use std::fmt::Write as _;

use crate::face::{Face, cells};
use crate::html::escape;
use crate::layout::{Block, title_of};
use crate::sheet::{BASELINE, Drawn, FormSize, Placed, Sheet, cells_wide};

/// The picture of a document. `language` is the ISO 639 code of its words. The first text that is not plain is its title.
#[must_use]
pub fn svg(blocks: &[Block], language: &str, size: FormSize) -> String {
    let sheet = Sheet::of(blocks, size);
    let (width, height) = (sheet.width, sheet.height.ceil());
    let mut page = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" xml:lang=\"");
    escape(&mut page, language);
    // Writing to a text does not fail.
    let _ = writeln!(
        page,
        "\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">"
    );
    page.push_str("<title>");
    escape(&mut page, title_of(blocks));
    page.push_str("</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    page.push_str(
        "<g fill=\"#111\" font-family=\"'Noto Sans Mono','DejaVu Sans Mono',Consolas,monospace\">\n",
    );
    for placed in &sheet.placed {
        draw(&mut page, placed);
    }
    page.push_str("</g>\n</svg>\n");
    page
}

fn draw(page: &mut String, placed: &Placed) {
    let Placed { left, top, .. } = placed;
    match &placed.drawn {
        Drawn::Rule { width, thickness } => {
            let _ = writeln!(
                page,
                "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{thickness:.2}\"/>"
            );
        }
        Drawn::Row { text, size, face } => {
            let y = top + BASELINE * size;
            let width = cells_wide(cells(text)) * size;
            let weight = match face {
                Face::Regular => "",
                Face::Bold => " font-weight=\"bold\"",
            };
            let _ = write!(
                page,
                "<text x=\"{left:.2}\" y=\"{y:.2}\" font-size=\"{size}\"{weight} textLength=\"{width:.2}\" \
                 lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">"
            );
            escape(page, text);
            page.push_str("</text>\n");
        }
        Drawn::Dots { bitmap, dot, says } => {
            let _ = write!(
                page,
                "<g transform=\"translate({left:.2} {top:.2}) scale({dot})\" shape-rendering=\"crispEdges\">"
            );
            if !says.is_empty() {
                page.push_str("<title>");
                escape(page, says);
                page.push_str("</title>");
            }
            let _ = writeln!(page, "<path d=\"{}\"/></g>", bitmap.path());
        }
    }
}
