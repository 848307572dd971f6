//! The number in the answer to a close: whether it shows that the receipt is the printer's last document.
//!
//! The answer has either the number of the document, or how many receipts the day has.
//! Both grow by one with each receipt, so the difference to the number of the last document stays the same until something else is
//! printed, or a Z-report begins a new day. Then the printer is asked, and the difference is learned again.

use crate::wire::isl_payment::ReceiptCounters;

/// What the answers to closes have told since the printer was connected.
#[derive(Default)]
pub(in crate::driver::isl) struct Closings {
    /// The number in the answer to the last close.
    told: Option<u32>,
    /// When the last close was answered, in milliseconds of the line.
    answered_ms: Option<u64>,
    /// How far the number of the last document was ahead of the number in such an answer.
    ahead: Option<i64>,
}

impl Closings {
    /// The printer has answered a close, at this time of the line; `None` if its answer has no numbers.
    pub(in crate::driver::isl) fn answered(
        &mut self,
        counters: Option<ReceiptCounters>,
        now_ms: Option<u64>,
    ) {
        self.answered_ms = now_ms;
        self.told = counters.map(|counters| counters.document.unwrap_or(counters.all));
    }

    /// The receipt was not closed by a command that was answered.
    pub(in crate::driver::isl) fn forget_answer(&mut self) {
        self.told = None;
        self.answered_ms = None;
    }

    /// Whether the last close was answered so shortly before this time of the line that the printer's clock still shows the receipt's
    /// time, whatever was printed since.
    pub(in crate::driver::isl) fn are_just_answered(&self, now_ms: Option<u64>) -> bool {
        let answered = self.answered_ms.zip(now_ms);
        answered.is_some_and(|(answered, now)| now.saturating_sub(answered) <= CLOCK_MS)
    }

    /// Whether the answer to the last close shows that this is the number of the last document.
    pub(in crate::driver::isl) fn show(&self, document: u32) -> bool {
        let ahead = self.told.map(|told| ahead_of(told, document));
        ahead.is_some() && ahead == self.ahead
    }

    /// The printer was asked after the last close, and this is the number of its last document.
    pub(in crate::driver::isl) fn learn(&mut self, document: u32) {
        self.ahead = self.told.map(|told| ahead_of(told, document));
    }
}

/// How long after the answer to a close the printer's clock shows the receipt's time, in milliseconds: its times have whole seconds.
const CLOCK_MS: u64 = 1_000;

fn ahead_of(told: u32, document: u32) -> i64 {
    i64::from(document).saturating_sub(i64::from(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn answer(all: u32, document: Option<u32>) -> Option<ReceiptCounters> {
        Some(ReceiptCounters {
            all,
            fiscal: all,
            document,
            z_number: None,
        })
    }

    #[test]
    fn only_an_answer_that_goes_on_with_the_last_one_shows_a_document() {
        let mut closings = Closings::default();
        assert!(!closings.show(0), "nothing was told");
        closings.answered(answer(7, None), Some(0));
        assert!(!closings.show(107), "nothing was learned");
        closings.learn(107);
        closings.answered(answer(8, None), Some(0));
        assert!(closings.show(108));
        assert!(!closings.show(109));
        // An X-report has taken 108, so the receipt is 109.
        assert!(!closings.show(107));
        // A Z-report has begun a new day.
        closings.answered(answer(1, None), Some(0));
        assert!(!closings.show(110));
        closings.learn(110);
        closings.answered(answer(2, None), Some(0));
        assert!(closings.show(111));
        closings.forget_answer();
        assert!(!closings.show(111), "the close was not answered");
    }

    #[test]
    fn a_printer_that_tells_the_number_of_the_document_or_none_at_all() {
        let mut closings = Closings::default();
        closings.answered(answer(1, Some(41)), Some(0));
        closings.learn(41);
        closings.answered(answer(1, Some(42)), Some(0));
        assert!(closings.show(42));
        assert!(!closings.show(43));
        // Every answer has the same number, so that none shows anything.
        closings.answered(answer(0, None), Some(0));
        closings.learn(43);
        closings.answered(answer(0, None), Some(0));
        assert!(!closings.show(44));
    }
}
