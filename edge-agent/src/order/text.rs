//! A text of a receipt: printed and stored without card numbers, and compared as the caller wrote it where an older program stored
//! it so.

use core::fmt;

use super::private::printable_text;

/// A text that a caller gave for a receipt, such as the name of a line.
///
/// Only [`Self::as_str`] may be printed or stored: card numbers are hidden in it. It is made together with the text, so that no text
/// can be used with a card number by mistake.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ReceiptText {
    printable: String,
    /// The text as the caller wrote it, if it contains a card number.
    said: Option<String>,
}

impl ReceiptText {
    /// The text with the middle digits of card numbers hidden.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.printable
    }

    /// The text as the caller wrote it, for the fingerprints of documents that were made before card numbers were hidden.
    pub(super) fn as_said(&self) -> &str {
        self.said.as_deref().unwrap_or(&self.printable)
    }
}

impl From<String> for ReceiptText {
    fn from(said: String) -> Self {
        match printable_text(&said) {
            Some(printable) => Self {
                printable,
                said: Some(said),
            },
            None => Self {
                printable: said,
                said: None,
            },
        }
    }
}

impl From<&str> for ReceiptText {
    fn from(said: &str) -> Self {
        said.to_owned().into()
    }
}

/// Shows no card number, because log lines contain values in this form.
impl fmt::Debug for ReceiptText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.printable, f)
    }
}

/// A text of a document in the form in which returns compare it: a document of an older program may contain a card number.
#[must_use]
pub fn comparable(stored: &str) -> Option<String> {
    printable_text(stored)
}

#[cfg(test)]
mod tests {
    use super::ReceiptText;

    #[test]
    fn what_is_printed_stored_and_logged_has_no_card_number() {
        let text = ReceiptText::from("Card 4111111111111111");
        assert_eq!(text.as_str(), "Card 411111******1111");
        assert_eq!(format!("{text:?}"), "\"Card 411111******1111\"");
        assert_eq!(text.as_said(), "Card 4111111111111111");
        assert_eq!(ReceiptText::from(text.as_str()).as_said(), text.as_str());
    }
}
