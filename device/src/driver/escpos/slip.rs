//! A slip of lines, codes and images, and the interface of a printer for slips.

use std::sync::Arc;

use crate::printer::{Performed, Recovered, Watch};
use crate::wire::escpos::{Align, QrLevel};
use crate::wire::escpos_profile::EscposProfile;
use crate::wire::escpos_raster::Raster;

/// A part of a slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlipItem {
    /// A plain line; a longer one is wrapped between words.
    Line(String),
    /// A line with a style.
    Styled {
        /// The text of the line.
        text: String,
        /// The alignment of the line.
        align: Align,
        /// Whether the text is bold.
        bold: bool,
        /// Whether the text is twice as wide and as high.
        large: bool,
    },
    /// A line of dashes.
    Rule,
    /// A QR code in the middle.
    Qr {
        /// The content of the QR code; up to [`crate::wire::escpos::QR_BYTES_MAX`] bytes and no control characters.
        data: String,
        /// The width of one module of the QR code in dots, 1 to 16.
        module_dots: u8,
        /// The error correction of the QR code.
        level: QrLevel,
    },
    /// An image, at the left edge.
    Image(Raster),
    /// A picture in the middle, such as a logo.
    Picture(Arc<Raster>),
    /// This number of empty lines.
    Feed(u8),
    /// The upper half of the printer's code page with this number, byte by byte, with our own page's letters for comparison.
    CodePage(u8),
}

/// A printer for slips: text, alternative receipts, e-receipt slips with their code.
pub trait SlipPrinter: Send {
    /// Prints a slip and cuts it off.
    ///
    /// *Registered* means that the printer has confirmed it. [`Performed::NotBegun`] means that the slip was not begun, or not
    /// finished; the detail of the outcome says which of the two. *Unknown* means that the whole slip was sent and the printer cannot be
    /// asked, or has no paper; ask again.
    fn print(&mut self, slip: &[SlipItem], watch: &mut dyn Watch) -> Performed;

    /// Asks what became of a slip whose outcome was unknown. The slip is not printed again.
    ///
    /// [`Recovered::Unknown`] with [`Fault::Unclear`](crate::Fault::Unclear) is final: the printer does not know, and only the paper shows it.
    fn ask_again(&mut self, slip: &[SlipItem], watch: &mut dyn Watch) -> Recovered;
}

/// Draws a line of text that is in no code page, for letters such as Georgian or Chinese, which would otherwise be printed as
/// `?`.
///
/// The feature `font` contains such a font ([`Unifont`](super::Unifont)); the caller may give another one.
pub trait Rasteriser: Send {
    /// The line as an image not wider than `width_dots`, or `None` to have its missing letters printed as `?`.
    fn line(&mut self, text: &str, width_dots: usize) -> Option<Raster>;
}

/// A slip that shows the code pages of a profile, so that a person sees whether the printer uses the same numbers.
#[must_use]
pub fn code_page_test(profile: &EscposProfile) -> Vec<SlipItem> {
    let mut slip = vec![
        SlipItem::Styled {
            text: format!("Code pages: {}", profile.name),
            align: Align::Centre,
            bold: true,
            large: false,
        },
        SlipItem::Rule,
    ];
    for (number, _) in profile.pages {
        slip.push(SlipItem::CodePage(*number));
    }
    slip.push(SlipItem::Rule);
    for text in [
        "Română: ăâîșț ĂÂÎȘȚ",
        "Русский: Съешь ещё этих булок",
        "Українська: Їжак, ґанок, єдність",
        "Oʻzbekcha: oʻrik, gʻisht, sanʼat",
        "Ўзбекча: ўрик, қовун, ғишт, ҳолва",
    ] {
        slip.push(SlipItem::Line(text.to_owned()));
    }
    slip
}
