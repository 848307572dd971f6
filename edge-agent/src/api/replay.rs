//! SignatureInfo calls that ended without a document: sent again byte for byte, they start nothing.
//!
//! A call that got its document needs no place here: its request id (the caller's own, or the one that its signature gives it) holds
//! for ever. What is left is a call that was refused, or whose printer did not do it. Its id is free again for its caller, who signs
//! anew; whoever has only recorded the call cannot, and gets no receipt for a sale that the shop has given up.
//!
//! This is memory, and bounded. A start of the agent, or more than [`REMEMBERED_MAX`] such calls within the window of the timestamp,
//! opens what is left of the window again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::auth::SignatureInfo;

/// The calls that are remembered.
#[derive(Debug, Default)]
pub struct Replays {
    calls: Mutex<BTreeMap<SignatureInfo, Stage>>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    LookedAt,
    Ended,
}

/// What is to be remembered of a call that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It must not be looked at a second time.
    Keep,
    /// Nothing: its document answers for it, or nobody has looked at it.
    Forget,
}

/// The same bytes were looked at before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated;

/// A call that is looked at. One that is dropped without an end has ended: its caller has gone.
#[derive(Debug)]
pub struct Look<'r> {
    replays: &'r Replays,
    signature: SignatureInfo,
    outcome: Outcome,
}

impl Replays {
    /// Takes up a call.
    ///
    /// # Errors
    ///
    /// [`Repeated`] where it is being looked at, or has ended without a document.
    pub fn look(&self, signature: SignatureInfo) -> Result<Look<'_>, Repeated> {
        let mut calls = self.calls();
        if calls.contains_key(&signature) {
            return Err(Repeated);
        }
        // The oldest goes first: it is the next that its timestamp keeps out.
        if calls.len() >= REMEMBERED_MAX {
            calls.pop_first();
        }
        calls.insert(signature, Stage::LookedAt);
        Ok(Look {
            replays: self,
            signature,
            outcome: Outcome::Keep,
        })
    }

    /// Whether the first call with these bytes has not ended yet.
    #[must_use]
    pub fn is_looked_at(&self, signature: SignatureInfo) -> bool {
        self.calls().get(&signature) == Some(&Stage::LookedAt)
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<SignatureInfo, Stage>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Look<'_> {
    /// The call has ended.
    pub fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        let mut calls = self.replays.calls();
        match self.outcome {
            Outcome::Forget => {
                calls.remove(&self.signature);
            }
            Outcome::Keep => {
                if let Some(stage) = calls.get_mut(&self.signature) {
                    *stage = Stage::Ended;
                }
            }
        }
    }
}

/// Calls that are remembered at most: about 200 KiB.
pub const REMEMBERED_MAX: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::{Outcome, REMEMBERED_MAX, Repeated, Replays};
    use crate::api::auth::SignatureInfo;

    #[test]
    fn a_call_that_ended_without_a_document_is_looked_at_once() {
        let replays = Replays::default();
        let call = SignatureInfo::new(1, "a");
        let look = replays.look(call).unwrap();
        assert!(replays.is_looked_at(call));
        assert_eq!(replays.look(call).unwrap_err(), Repeated);
        look.end(Outcome::Keep);
        assert!(!replays.is_looked_at(call));
        assert_eq!(replays.look(call).unwrap_err(), Repeated);
        assert!(replays.look(SignatureInfo::new(2, "a")).is_ok());
        assert!(replays.look(SignatureInfo::new(1, "b")).is_ok());
    }

    #[test]
    fn a_call_whose_caller_has_gone_has_ended_and_one_with_a_document_is_forgotten() {
        let replays = Replays::default();
        let call = SignatureInfo::new(1, "a");
        drop(replays.look(call).unwrap());
        assert_eq!(replays.look(call).unwrap_err(), Repeated);
        let sold = SignatureInfo::new(1, "b");
        replays.look(sold).unwrap().end(Outcome::Forget);
        assert!(replays.look(sold).is_ok());
    }

    #[test]
    fn there_is_a_bound_and_the_oldest_goes_first() {
        let replays = Replays::default();
        let call = |at_ms: usize| SignatureInfo::new(i64::try_from(at_ms).unwrap(), "a");
        for at_ms in 0..=REMEMBERED_MAX {
            replays.look(call(at_ms)).unwrap().end(Outcome::Keep);
        }
        assert!(replays.look(call(1)).is_err());
        assert!(replays.look(call(REMEMBERED_MAX)).is_err());
        assert!(replays.look(call(0)).is_ok(), "the oldest was let go");
    }
}
