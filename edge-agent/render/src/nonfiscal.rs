//! What is shown of a non-fiscal receipt.

use crate::view::{HeadingView, PaperHeading, Writer};
use crate::words::Words;
use ferrotill_core::Currency;

/// A non-fiscal receipt as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonfiscalView {
    /// The title, the number, the seller and the time.
    pub heading: HeadingView,
    /// The lines of the text, as the caller has broken them.
    pub text: Vec<String>,
}

impl NonfiscalView {
    /// The view of a non-fiscal receipt with this text, in the words of a language.
    #[must_use]
    pub fn of(text: &str, heading: PaperHeading<'_>, currency: Currency, words: &Words) -> Self {
        let writer = Writer { currency, words };
        Self {
            heading: writer.heading(heading, words.nonfiscal),
            text: text.lines().map(str::to_owned).collect(),
        }
    }
}
