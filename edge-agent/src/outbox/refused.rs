//! Refused documents: when each of them is sent again. Pure: times are milliseconds of any clock.
//!
//! A refused document waits for itself: neither its own pause nor a row of refusals ever delays a document that was not answered yet.

use std::collections::BTreeMap;

use super::backoff::Backoff;

/// The refused documents of one recipient.
#[derive(Debug)]
pub(super) struct RefusedDocuments {
    /// By journal row: the number of answers, and when the document is sent again.
    documents: BTreeMap<i64, (u32, u64)>,
    /// Refusals of repeated documents in a row.
    in_a_row: u32,
    /// No refused document is sent again before this time.
    not_before: u64,
    backoff: Backoff,
}

/// The longest pause in milliseconds before a refused document is sent again, up to [`OFTEN`] refusals.
const PAUSE_MS_MAX: u64 = 10_000;
/// After this many refusals of a document only a person can help, and [`OFTEN_PAUSE_MS_MAX`] applies.
const OFTEN: u32 = 40;
/// The longest pause in milliseconds before a document that was refused often is sent again.
pub(super) const OFTEN_PAUSE_MS_MAX: u64 = 300_000;
/// The longest pause in milliseconds between two repeated documents, if repeats are refused one after another.
const STEP_MS_MAX: u64 = 5_000;

impl RefusedDocuments {
    pub(super) const fn new(backoff: Backoff) -> Self {
        Self {
            documents: BTreeMap::new(),
            in_a_row: 0,
            not_before: 0,
            backoff,
        }
    }

    /// A document that was refused before the start, `attempts` times.
    pub(super) fn remember(&mut self, sealed_seq: i64, attempts: u32, again: u64) {
        self.documents.insert(sealed_seq, (attempts, again));
    }

    /// The document is refused now. Returns its pause in milliseconds.
    pub(super) fn refuse(&mut self, sealed_seq: i64, now: u64) -> u64 {
        let repeated = self.documents.contains_key(&sealed_seq);
        let (times, again) = self.documents.entry(sealed_seq).or_insert((0, now));
        *times = times.saturating_add(1);
        let longest_ms = if *times < OFTEN {
            PAUSE_MS_MAX
        } else {
            OFTEN_PAUSE_MS_MAX
        };
        let pause_ms = self.backoff.up_to(longest_ms).wait_ms(*times, None).max(1);
        *again = now.saturating_add(pause_ms);
        if repeated {
            self.in_a_row = self.in_a_row.saturating_add(1);
            let step_ms = self.backoff.up_to(STEP_MS_MAX).wait_ms(self.in_a_row, None);
            self.not_before = now.saturating_add(step_ms);
        }
        pause_ms
    }

    /// A document was acknowledged: the recipient accepts documents again.
    pub(super) fn acknowledged(&mut self, sealed_seq: i64) {
        self.documents.remove(&sealed_seq);
        self.in_a_row = 0;
        self.not_before = 0;
    }

    /// The document is not waiting any more.
    pub(super) fn forget(&mut self, sealed_seq: i64) {
        self.documents.remove(&sealed_seq);
    }

    /// The oldest refused document.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.documents.keys().next().copied()
    }

    /// The document that is due, and has been due for the longest time. `strict`: only the oldest document may be sent again.
    pub(super) fn due(&self, now: u64, strict: bool) -> Option<i64> {
        if now < self.not_before {
            return None;
        }
        let candidates = self
            .documents
            .iter()
            .take(if strict { 1 } else { usize::MAX });
        let due = candidates.filter(|(_, (_, again))| *again <= now);
        due.min_by_key(|(_, (_, again))| *again)
            .map(|(sealed_seq, _)| *sealed_seq)
    }

    /// When the next pause ends. Pauses that are over do not count: their documents wait for the next attempt.
    pub(super) fn next(&self, now: u64) -> u64 {
        let ends = self
            .documents
            .values()
            .map(|(_, again)| (*again).max(self.not_before));
        ends.filter(|end| *end > now).min().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_that_are_refused_one_after_another_are_paced_together() {
        let mut refused = RefusedDocuments::new(Backoff::new(1));
        for sealed_seq in 0..40 {
            refused.remember(sealed_seq, 3, 0);
        }
        let (mut now, mut sent) = (0, 0);
        while now < 60_000 {
            if let Some(sealed_seq) = refused.due(now, false) {
                refused.refuse(sealed_seq, now);
                sent += 1;
            }
            now += 10;
        }
        assert!((12..40).contains(&sent), "{sent} repeats in a minute");
        refused.acknowledged(0);
        assert!(refused.due(now, false).is_some(), "the pause is over");
        assert_eq!(refused.oldest(), Some(1));
        refused.refuse(1, now);
        refused.acknowledged(2);
        assert!(refused.due(now, false).is_some());
        assert_eq!(refused.due(now, true), None, "the oldest is not due");
    }

    #[test]
    fn a_document_that_was_refused_often_waits_longer() {
        let mut refused = RefusedDocuments::new(Backoff::new(1));
        let longest = |refused: &mut RefusedDocuments, times: u32| {
            let pauses = (0..times).map(|_| refused.refuse(7, 0));
            pauses.max().unwrap()
        };
        assert!(longest(&mut refused, OFTEN - 1) <= PAUSE_MS_MAX);
        assert!(longest(&mut refused, 30) > PAUSE_MS_MAX);
        assert!(refused.next(0) <= OFTEN_PAUSE_MS_MAX);
    }
}
