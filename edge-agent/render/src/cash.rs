//! What is shown of a cash operation.

use ferrotill_core::{Amount, Currency};

use crate::view::{Figure, HeadingView, PaperHeading, Writer};
use crate::words::Words;

/// A cash operation as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashView {
    /// The title, the number, the seller and the time.
    pub heading: HeadingView,
    /// The amount: above zero in, below zero out.
    pub amount: Figure,
    /// The cash in the drawer after the operation, if it is known.
    pub in_drawer: Option<Figure>,
}

impl CashView {
    /// The view of a cash operation, in the words of a language. `before` is the cash in the drawer before the operation.
    #[must_use]
    pub fn of(
        amount: Amount,
        before: Option<Amount>,
        heading: PaperHeading<'_>,
        currency: Currency,
        words: &Words,
    ) -> Self {
        let writer = Writer { currency, words };
        let title = if amount.is_negative() {
            words.cash_out
        } else {
            words.cash_in
        };
        let after = before.and_then(|before| before.checked_add(amount));
        Self {
            heading: writer.heading(heading, title),
            amount: writer.sum(words.total, amount),
            in_drawer: after.map(|after| writer.figure(words.in_drawer, after)),
        }
    }
}
