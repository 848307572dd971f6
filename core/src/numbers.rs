//! Numbers that were reserved for the till in advance: which comes next, how many are left, and when to ask for more.

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// Whether enough reserved numbers are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Supply {
    /// More numbers than the threshold are left.
    Plenty,
    /// Some numbers are left, but not more than the threshold: warn, or ask the authority for more.
    SoonUsedUp,
    /// No number is left.
    UsedUp,
}

impl Supply {
    /// Compares how many numbers are left with a threshold.
    #[must_use]
    pub const fn of(left: u64, threshold: u64) -> Self {
        if left == 0 {
            Self::UsedUp
        } else if left <= threshold {
            Self::SoonUsedUp
        } else {
            Self::Plenty
        }
    }
}

/// Numbers from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first number of the span.
    pub first: u64,
    /// The last number of the span.
    pub last: u64,
}

impl Span {
    /// The count of the numbers in the span, at most `u64::MAX`; 0 if `last` is below `first`.
    #[must_use]
    pub const fn count(self) -> u64 {
        match self.last.checked_sub(self.first) {
            Some(steps) => steps.saturating_add(1),
            None => 0,
        }
    }
}

/// The largest number of spans in one grant.
pub const GRANT_SPANS_MAX: usize = 8;
/// The largest number of spans that the till keeps.
const POOL_SPANS_MAX: usize = 16;

/// Fiscal numbers that the authority has reserved for this till, used in the order of the grants (`docs/protocols/online-ecr.md`).
///
/// The numbers of each grant must be above those of all earlier grants. This prevents that a number is used twice, although used
/// spans are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalNumbers {
    spans: heapless::Vec<Span, POOL_SPANS_MAX>,
    highest: Option<u64>,
}

impl FiscalNumbers {
    /// The fiscal number that comes next.
    ///
    /// # Errors
    ///
    /// [`Refusal::FiscalNumbersUsedUp`].
    pub fn next(&self) -> Result<u64, Refusal> {
        self.spans
            .first()
            .map(|span| span.first)
            .ok_or(Refusal::FiscalNumbersUsedUp)
    }

    /// The count of fiscal numbers that are left, at most `u64::MAX`.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.spans
            .iter()
            .fold(0, |sum: u64, span| sum.saturating_add(span.count()))
    }

    /// The highest fiscal number that was ever granted.
    #[must_use]
    pub const fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether enough fiscal numbers are left: at most `threshold` are few.
    #[must_use]
    pub fn supply(&self, threshold: u64) -> Supply {
        Supply::of(self.left(), threshold)
    }

    /// Checks that a grant can be taken over.
    ///
    /// # Errors
    ///
    /// [`Refusal::FiscalNumbersClash`] if a span ends before it begins, is not above all earlier numbers, or if there is no room.
    pub fn check(&self, grant: &[Span]) -> Result<(), Refusal> {
        let mut highest = self.highest;
        for span in grant {
            let ascends = highest.is_none_or(|highest| span.first > highest);
            if span.first > span.last || !ascends {
                return Err(Refusal::FiscalNumbersClash);
            }
            highest = Some(span.last);
        }
        let room = self.spans.capacity().saturating_sub(self.spans.len());
        if grant.len() > room {
            return Err(Refusal::FiscalNumbersClash);
        }
        Ok(())
    }

    /// Takes a grant that was checked; spans for which there is no room are left out.
    pub(crate) fn take_grant(&mut self, grant: &[Span]) {
        for span in grant {
            self.spans.push(*span).unwrap_or(());
            self.highest = Some(self.highest.map_or(span.last, |high| high.max(span.last)));
        }
    }

    /// Removes the next number from the reserved ones, and returns true, if it is this number.
    pub(crate) fn take(&mut self, number: u64) -> bool {
        let Some(span) = self.spans.first_mut() else {
            return false;
        };
        if span.first != number {
            return false;
        }
        if span.first == span.last {
            self.spans.remove(0);
        } else {
            span.first = number.saturating_add(1);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{FiscalNumbers, Span, Supply};
    use crate::Refusal;

    fn span(first: u64, last: u64) -> Span {
        Span { first, last }
    }

    #[test]
    fn numbers_are_used_in_the_order_of_the_grants() {
        let mut numbers = FiscalNumbers::default();
        assert_eq!(numbers.next(), Err(Refusal::FiscalNumbersUsedUp));
        numbers.take_grant(&[span(100, 101), span(200, 200)]);
        for (number, left) in [(100, 2), (101, 1), (200, 0)] {
            assert_eq!(numbers.next(), Ok(number));
            assert!(numbers.take(number));
            assert_eq!(numbers.left(), left);
        }
        assert_eq!(numbers.next(), Err(Refusal::FiscalNumbersUsedUp));
        // Used spans are not kept, but their numbers cannot be granted again.
        let clash = Err(Refusal::FiscalNumbersClash);
        assert_eq!(numbers.check(&[span(100, 300)]), clash);
        assert_eq!(numbers.check(&[span(201, 300)]), Ok(()));
        assert_eq!(numbers.check(&[span(302, 301)]), clash);
        assert_eq!(numbers.check(&[span(300, 310), span(305, 400)]), clash);
        let many: std::vec::Vec<_> = (0..17).map(|n| span(1000 + n, 1000 + n)).collect();
        assert_eq!(numbers.check(&many), clash);
    }

    #[test]
    fn a_supply_is_plenty_then_low_then_used_up() {
        let of = |left| Supply::of(left, 50);
        assert_eq!(
            [of(51), of(50), of(1), of(0)],
            [
                Supply::Plenty,
                Supply::SoonUsedUp,
                Supply::SoonUsedUp,
                Supply::UsedUp
            ]
        );
        assert_eq!(
            span(0, u64::MAX).count(),
            u64::MAX,
            "the true count would be one more, which does not fit"
        );
    }

    extern crate std;
}
