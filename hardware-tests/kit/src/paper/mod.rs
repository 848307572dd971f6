//! Reads papers back as a customer or a bookkeeper does, and compares them with the books.
//!
//! Whatever made the paper, it is read as lines of text: a printer's roll, the rows of a print form, the text of a page
//! ([`html_lines`]) or of a PDF ([`pdf_lines`]). QR codes are read by a scanner ([`codes_of_png`]). Spaces that place a text do not
//! matter, and a figure may stand on the line below its name. Lines from edge to edge help to keep a text from the name of the next
//! figure; a paper without them is read, too.
//!
//! | Paper | Read by |
//! | --- | --- |
//! | a receipt, an alternative receipt, a return, a non-fiscal receipt, a copy | [`ReadReceipt::of`] |
//! | a receipt of an emulated fiscal printer | [`ReadReceipt::of_fiscal_printer`] |
//! | an X-report or a Z-report | [`ReadReport::of`] |
//! | a cash operation | [`ReadCash::of`] |
//!
//! All amounts are whole numbers of a hundredth of the currency, and all quantities of a thousandth.
//! `faults` of a paper computes its sums again, without the books; `differences` compares it with the books.
//! Both name everything that is wrong, and are empty if nothing is.

mod books;
mod html;
mod pdf;
mod picture;
mod receipt;
mod report;
mod rows;
mod words;

pub use books::{BookedLine, BookedReceipt, BookedTax};
pub use html::html_lines;
pub use pdf::pdf_lines;
pub use picture::{codes_of_page, codes_of_pdf, codes_of_png};
pub use receipt::{ReadLine, ReadReceipt, ReadTax};
pub use report::{ReadCash, ReadReport, ReadSection};
pub use rows::{hundredths, thousandths, without_accents};
pub use words::PaperWords;

/// The documents on the roll of an emulated fiscal printer, oldest first, each as its lines.
#[must_use]
pub fn documents_of(roll: &str) -> Vec<Vec<&str>> {
    let end = "-".repeat(ROLL_COLUMNS);
    let mut documents = vec![Vec::new()];
    for line in roll.lines() {
        if line == end {
            documents.push(Vec::new());
        } else if let Some(last) = documents.last_mut() {
            last.push(line);
        }
    }
    documents.retain(|document| !document.is_empty());
    documents
}

/// The columns of the roll of an emulated fiscal printer. Its slips have other widths, so that a line from edge to edge in a slip is
/// not the end of the document.
const ROLL_COLUMNS: usize = 42;
