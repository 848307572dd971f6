//! Remembers signed calls: the same bytes sent again are the same call.
//!
//! A call with a request id needs this memory only if it ended without a document: its document answers a repetition.
//! Its caller may use the id again with a new signature. An attacker who has only recorded the call cannot sign, and so cannot
//! cause a receipt for a sale that the shop has given up.
//!
//! A call without a request id is known by its signature alone, so two sales of one second may be the same bytes (decision 0020).
//! Until an answer to the call was written completely to its connection, a repetition gets the outcome of the first call.
//! Afterwards a repetition is refused visibly, so that neither a retry sells twice nor a second sale is lost.
//!
//! Calls that have ended for good are also in a file of the data folder, so a restart does not forget them. Their number is limited
//! to [`ENDED_CALLS_MAX`]; a call without a request id that is as old as a forgotten one, and has a document, is refused.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::auth::SignatureInfo;
use crate::locked::Locked;
use crate::status::LiveStatus;
use ferrotill_store::{ENDED_CALLS_MAX, EndedCalls};

/// The signed calls that are in progress, and those that have ended and must not be carried out again.
#[derive(Debug, Default)]
pub struct Replays(Locked<Calls>);

#[derive(Debug, Default)]
struct Calls {
    stages: BTreeMap<SignatureInfo, Earlier>,
    /// The time of the newest call that was forgotten, because too many calls were remembered.
    forgotten_ms: Option<i64>,
    /// The file of the calls, and where a problem with it is noted; `None` in tests.
    file: Option<(EndedCalls, Arc<LiveStatus>)>,
}

/// What became of an earlier call with the same signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// The call is in progress.
    InProgress,
    /// The call has ended, and no answer to it was written completely to its connection.
    Unanswered,
    /// The call has ended: its answer was written, or it made no document.
    Ended,
}

/// What is remembered of a call that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// The call must not be carried out a second time.
    Remember,
    /// The outcome belongs to the call until its answer was written ([`Replays::answered`]).
    UntilAnswered,
    /// The call is forgotten: a document of its id answers a repetition, or the clerk did nothing with the call.
    Forget,
}

/// A call in progress. If this value is dropped, its caller has disconnected, and the call has ended without an answer.
#[derive(Debug)]
pub struct InProgress<'r> {
    replays: &'r Replays,
    signature: SignatureInfo,
    outcome: ReplayOutcome,
}

impl Replays {
    /// The memory of a data folder, with the calls that ended before this start. If their file cannot be read or written, the till
    /// sells, and the live status names the problem.
    #[must_use]
    pub fn open(folder: &Path, live_status: Arc<LiveStatus>) -> Self {
        let (file, found) = EndedCalls::open(folder);
        let ended = found
            .calls
            .iter()
            .map(|record| (SignatureInfo::of_record(record), Earlier::Ended));
        let calls = Calls {
            stages: ended.collect(),
            forgotten_ms: found.forgotten_ms,
            file: Some((file, live_status)),
        };
        if let Some(error) = found.trouble {
            calls.note_trouble(&error);
        }
        Self(Locked::new(calls))
    }

    /// Begins a call.
    ///
    /// # Errors
    ///
    /// The stage of an earlier call with this signature.
    pub fn begin(&self, signature: SignatureInfo) -> Result<InProgress<'_>, Earlier> {
        let mut calls = self.0.lock();
        if let Some(earlier) = calls.stages.get(&signature) {
            return Err(*earlier);
        }
        // The memory is full, so the oldest call is forgotten: its timestamp will be the first one that is too old to be accepted.
        if calls.stages.len() >= ENDED_CALLS_MAX
            && let Some((oldest, _)) = calls.stages.pop_first()
        {
            calls.forgotten_ms = calls.forgotten_ms.max(Some(oldest.at_ms));
        }
        calls.stages.insert(signature, Earlier::InProgress);
        Ok(InProgress {
            replays: self,
            signature,
            outcome: ReplayOutcome::UntilAnswered,
        })
    }

    /// True if a call with this signature has not ended yet.
    #[must_use]
    pub fn is_in_progress(&self, signature: SignatureInfo) -> bool {
        self.0.lock().stages.get(&signature) == Some(&Earlier::InProgress)
    }

    /// True if a call as old as this one was forgotten, so that it is not known whether this call was answered.
    #[must_use]
    pub fn may_be_forgotten(&self, signature: SignatureInfo) -> bool {
        self.0.lock().forgotten_ms >= Some(signature.at_ms)
    }

    /// An answer to the call was written completely to its connection.
    pub fn answered(&self, signature: SignatureInfo) {
        self.0.lock().end(signature);
    }
}

impl Calls {
    /// Remembers that a call has ended, also after a restart.
    fn end(&mut self, signature: SignatureInfo) {
        if self.stages.insert(signature, Earlier::Ended) == Some(Earlier::Ended) {
            return;
        }
        let Some((file, live_status)) = &mut self.file else {
            return;
        };
        match file.append(&signature.record()) {
            Ok(()) => live_status.calls_kept(),
            Err(error) => self.note_trouble(&error),
        }
    }

    fn note_trouble(&self, error: &std::io::Error) {
        if let Some((_, live_status)) = &self.file {
            live_status.calls_not_kept(&error.to_string());
        }
    }
}

impl InProgress<'_> {
    /// Ends the call and remembers or forgets its signature.
    pub fn end(mut self, outcome: ReplayOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        let mut calls = self.replays.0.lock();
        match self.outcome {
            ReplayOutcome::Forget => {
                calls.stages.remove(&self.signature);
            }
            ReplayOutcome::Remember => calls.end(self.signature),
            ReplayOutcome::UntilAnswered => {
                if let Some(stage) = calls.stages.get_mut(&self.signature) {
                    *stage = Earlier::Unanswered;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Earlier, ReplayOutcome, Replays};
    use crate::api::auth::SignatureInfo;
    use ferrotill_store::ENDED_CALLS_MAX;

    #[test]
    fn a_call_that_ended_without_a_document_is_carried_out_once() {
        let replays = Replays::default();
        let signature = SignatureInfo::new(1, b"a");
        let request = replays.begin(signature).unwrap();
        assert!(replays.is_in_progress(signature));
        assert_eq!(replays.begin(signature).unwrap_err(), Earlier::InProgress);
        request.end(ReplayOutcome::Remember);
        assert!(!replays.is_in_progress(signature));
        assert_eq!(replays.begin(signature).unwrap_err(), Earlier::Ended);
        assert!(replays.begin(SignatureInfo::new(2, b"a")).is_ok());
        assert!(replays.begin(SignatureInfo::new(1, b"b")).is_ok());
        let sold = SignatureInfo::new(1, b"c");
        replays.begin(sold).unwrap().end(ReplayOutcome::Forget);
        assert!(replays.begin(sold).is_ok());
    }

    #[test]
    fn an_outcome_belongs_to_a_call_until_its_answer_was_written() {
        let replays = Replays::default();
        let signature = SignatureInfo::new(1, b"a");
        let request = replays.begin(signature).unwrap();
        request.end(ReplayOutcome::UntilAnswered);
        assert_eq!(replays.begin(signature).unwrap_err(), Earlier::Unanswered);
        replays.answered(signature);
        assert_eq!(replays.begin(signature).unwrap_err(), Earlier::Ended);
        // The caller of this call disconnects.
        let left = SignatureInfo::new(1, b"b");
        drop(replays.begin(left).unwrap());
        assert_eq!(replays.begin(left).unwrap_err(), Earlier::Unanswered);
    }

    #[test]
    fn a_call_that_has_ended_is_remembered_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let [answered, refused, unanswered, sold] =
            [b"a", b"b", b"c", b"d"].map(|text| SignatureInfo::new(1, text));
        {
            let replays = Replays::open(folder.path(), Arc::default());
            for (signature, outcome) in [
                (answered, ReplayOutcome::UntilAnswered),
                (refused, ReplayOutcome::Remember),
                (unanswered, ReplayOutcome::UntilAnswered),
                (sold, ReplayOutcome::Forget),
            ] {
                replays.begin(signature).unwrap().end(outcome);
            }
            replays.answered(answered);
        }
        let replays = Replays::open(folder.path(), Arc::default());
        for signature in [answered, refused] {
            assert_eq!(replays.begin(signature).unwrap_err(), Earlier::Ended);
        }
        for signature in [unanswered, sold] {
            assert!(replays.begin(signature).is_ok());
        }
    }

    #[test]
    fn the_oldest_signature_is_dropped_first() {
        let replays = Replays::default();
        let signature = |at_ms: usize| SignatureInfo::new(i64::try_from(at_ms).unwrap(), b"a");
        for at_ms in 0..ENDED_CALLS_MAX {
            replays
                .begin(signature(at_ms))
                .unwrap()
                .end(ReplayOutcome::Remember);
        }
        assert!(!replays.may_be_forgotten(signature(0)));
        let one_more = replays.begin(signature(ENDED_CALLS_MAX)).unwrap();
        one_more.end(ReplayOutcome::Remember);
        assert!(replays.begin(signature(1)).is_err());
        assert!(replays.begin(signature(ENDED_CALLS_MAX)).is_err());
        assert!(replays.may_be_forgotten(signature(0)));
        assert!(!replays.may_be_forgotten(signature(1)));
    }

    #[test]
    fn what_was_forgotten_stays_forgotten_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let signature = |at_ms: usize| SignatureInfo::new(i64::try_from(at_ms).unwrap(), b"a");
        let end = |replays: &Replays, at_ms: usize| {
            let call = replays.begin(signature(at_ms)).unwrap();
            call.end(ReplayOutcome::Remember);
        };
        let replays = Replays::open(folder.path(), Arc::default());
        for at_ms in 0..ENDED_CALLS_MAX + 2 {
            end(&replays, at_ms);
        }
        drop(replays);
        let replays = Replays::open(folder.path(), Arc::default());
        assert!(replays.may_be_forgotten(signature(1)));
        assert!(!replays.may_be_forgotten(signature(2)));
        assert!(replays.begin(signature(2)).is_err());
    }
}
