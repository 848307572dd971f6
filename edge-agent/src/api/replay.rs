//! Remembers signed requests that ended without a document: a second request with the same signature is not carried out.
//!
//! A request that made a document is not remembered here: a repetition has the same request id and gets the same document.
//! Requests that were refused, and requests that the printer did not carry out, are remembered.
//! Their caller may use the id again with a new signature. An attacker who has only recorded such a request cannot sign,
//! and so cannot cause a receipt for a sale that the shop has given up.
//!
//! The signatures are kept in memory, and their number is limited. After a restart of the agent, or after more than
//! [`REMEMBERED_MAX`] such requests within the
//! window of the timestamp, a recorded request is accepted until its timestamp is too old.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::auth::SignatureInfo;

/// The signatures of the requests that are in progress or ended without a document.
#[derive(Debug, Default)]
pub struct Replays {
    requests: Mutex<BTreeMap<SignatureInfo, Stage>>,
}

/// Whether a request is in progress or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    InProgress,
    Ended,
}

/// What is remembered of a request that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// The signature is remembered, because it must not be used a second time.
    Remember,
    /// The signature is forgotten: a document of this id answers a repetition, or the clerk did nothing with the request.
    Forget,
}

/// The error for a signature that was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureUsed;

/// A request in progress. If this value is dropped, the request has ended: its caller has disconnected.
#[derive(Debug)]
pub struct InProgress<'r> {
    replays: &'r Replays,
    signature: SignatureInfo,
    outcome: ReplayOutcome,
}

impl Replays {
    /// Begins a request.
    ///
    /// # Errors
    ///
    /// [`SignatureUsed`] if a request with this signature is in progress, or has ended without a document.
    pub fn begin(&self, signature: SignatureInfo) -> Result<InProgress<'_>, SignatureUsed> {
        let mut requests = self.requests();
        if requests.contains_key(&signature) {
            return Err(SignatureUsed);
        }
        // The list is full, so the oldest signature is dropped: its timestamp will be the first one that is too old to be
        // accepted.
        if requests.len() >= REMEMBERED_MAX {
            requests.pop_first();
        }
        requests.insert(signature, Stage::InProgress);
        Ok(InProgress {
            replays: self,
            signature,
            outcome: ReplayOutcome::Remember,
        })
    }

    /// True if a request with this signature has not ended yet.
    #[must_use]
    pub fn is_in_progress(&self, signature: SignatureInfo) -> bool {
        self.requests().get(&signature) == Some(&Stage::InProgress)
    }

    fn requests(&self) -> MutexGuard<'_, BTreeMap<SignatureInfo, Stage>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InProgress<'_> {
    /// Ends the request and remembers or forgets its signature.
    pub fn end(mut self, outcome: ReplayOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        let mut requests = self.replays.requests();
        match self.outcome {
            ReplayOutcome::Forget => {
                requests.remove(&self.signature);
            }
            ReplayOutcome::Remember => {
                if let Some(stage) = requests.get_mut(&self.signature) {
                    *stage = Stage::Ended;
                }
            }
        }
    }
}

/// The largest number of remembered signatures. They need about 200 KiB.
pub const REMEMBERED_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::{REMEMBERED_MAX, ReplayOutcome, Replays, SignatureUsed};
    use crate::api::auth::SignatureInfo;

    #[test]
    fn a_call_that_ended_without_a_document_is_in_progress_once() {
        let replays = Replays::default();
        let signature = SignatureInfo::new(1, "a");
        let request = replays.begin(signature).unwrap();
        assert!(replays.is_in_progress(signature));
        assert_eq!(replays.begin(signature).unwrap_err(), SignatureUsed);
        request.end(ReplayOutcome::Remember);
        assert!(!replays.is_in_progress(signature));
        assert_eq!(replays.begin(signature).unwrap_err(), SignatureUsed);
        assert!(replays.begin(SignatureInfo::new(2, "a")).is_ok());
        assert!(replays.begin(SignatureInfo::new(1, "b")).is_ok());
    }

    #[test]
    fn a_dropped_request_has_ended_and_one_with_a_document_is_forgotten() {
        let replays = Replays::default();
        let signature = SignatureInfo::new(1, "a");
        drop(replays.begin(signature).unwrap());
        assert_eq!(replays.begin(signature).unwrap_err(), SignatureUsed);
        let sold = SignatureInfo::new(1, "b");
        replays.begin(sold).unwrap().end(ReplayOutcome::Forget);
        assert!(replays.begin(sold).is_ok());
    }

    #[test]
    fn the_oldest_signature_is_dropped_first() {
        let replays = Replays::default();
        let signature = |at_ms: usize| SignatureInfo::new(i64::try_from(at_ms).unwrap(), "a");
        for at_ms in 0..=REMEMBERED_MAX {
            replays
                .begin(signature(at_ms))
                .unwrap()
                .end(ReplayOutcome::Remember);
        }
        assert!(replays.begin(signature(1)).is_err());
        assert!(replays.begin(signature(REMEMBERED_MAX)).is_err());
        assert!(
            replays.begin(signature(0)).is_ok(),
            "the oldest was dropped"
        );
    }
}
