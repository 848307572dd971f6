//! What a receipt printer prints: a slip of lines, codes and images, and the printer that takes one.

use crate::printer::{Outcome, Watch};
use crate::wire::escpos::{Align, QrLevel};
use crate::wire::escpos_profile::Profile;
use crate::wire::escpos_raster::Raster;

/// A part of a slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A plain line; a longer one is wrapped between words.
    Line(String),
    /// A line with a look.
    Styled {
        /// What it says.
        text: String,
        /// Where it stands.
        align: Align,
        /// Bold.
        bold: bool,
        /// Twice as wide and as high.
        large: bool,
    },
    /// A line of dashes.
    Rule,
    /// A QR code in the middle.
    Qr {
        /// What it says; up to [`crate::wire::escpos::QR_BYTES_MAX`] bytes and no control characters.
        data: String,
        /// Dots of one module, 1 to 16.
        module_dots: u8,
        /// How much of it may be lost.
        level: QrLevel,
    },
    /// An image, at the left edge.
    Image(Raster),
    /// Empty lines.
    Feed(u8),
    /// The upper half of the printer's code page with this number, byte by byte, with our own page's letters for comparison.
    CodePage(u8),
}

/// A printer that takes slips: text, alternative receipts, e-receipt slips with their code.
pub trait SlipPrinter: Send {
    /// Prints a slip and cuts it off.
    ///
    /// *Registered* means that the printer said it is on paper. *Not registered* means that it was not begun, or not finished:
    /// the detail says which. *Unknown* means that all of it was sent and the printer cannot be asked, or has no paper; ask again.
    fn print(&mut self, slip: &[Item], watch: &mut dyn Watch) -> Outcome;

    /// Asks what became of a slip whose outcome was unknown. Prints nothing.
    ///
    /// [`Outcome::Unknown`] with [`Fault::Unclear`](crate::Fault::Unclear) is final: the printer does not know, and only the paper shows it.
    fn ask_again(&mut self, slip: &[Item], watch: &mut dyn Watch) -> Outcome;
}

/// Draws a line of text that is in no code page, for letters such as Georgian or Chinese: the last resort before `?`.
///
/// With the feature `font` there is one ([`Unifont`](super::Unifont)); whoever has a nicer one lends it.
pub trait Rasteriser: Send {
    /// The line as an image not wider than `width_dots`, or `None` to have its missing letters printed as `?`.
    fn line(&mut self, text: &str, width_dots: usize) -> Option<Raster>;
}

/// A slip that shows the code pages of a profile, so that a person sees whether the printer's numbers are these.
#[must_use]
pub fn code_page_test(profile: &Profile) -> Vec<Item> {
    let mut slip = vec![
        Item::Styled {
            text: format!("Code pages: {}", profile.name),
            align: Align::Centre,
            bold: true,
            large: false,
        },
        Item::Rule,
    ];
    for (number, _) in profile.pages {
        slip.push(Item::CodePage(*number));
    }
    slip.push(Item::Rule);
    for text in [
        "Română: ăâîșț ĂÂÎȘȚ",
        "Русский: Съешь ещё этих булок",
        "Українська: Їжак, ґанок, єдність",
        "Oʻzbekcha: oʻrik, gʻisht, sanʼat",
        "Ўзбекча: ўрик, қовун, ғишт, ҳолва",
    ] {
        slip.push(Item::Line(text.to_owned()));
    }
    slip
}
