//! The troubles that a simulated module makes on demand.

use super::{CallFault, ModuleError, Operation};

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleTroubleKind {
    /// The call is lost before it is carried out.
    DropRequest,
    /// The call is carried out, and its answer is lost.
    DropAnswer,
    /// The call is carried out, and the answer is an error.
    ErrorAfterCommit,
    /// The call is not carried out, and the answer is an error.
    Error,
    /// The answer comes late.
    Delay,
    /// The power fails before the call is carried out: the module forgets its last receipt.
    PowerCut,
    /// The power fails after the call was carried out and before its answer: the module forgets its last receipt.
    PowerCutAfter,
    /// The call is carried out and answered, and the module forgets its last receipt.
    ForgetLast,
}

/// A trouble that waits for its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModuleTrouble {
    /// The kind.
    pub(super) kind: ModuleTroubleKind,
    /// The name of the operations that it strikes; `None` for all.
    pub(super) operation: Option<String>,
    /// How many calls it strikes.
    pub(super) times: u32,
    /// The error that is answered.
    pub(super) error: ModuleError,
    /// How late an answer comes, in milliseconds.
    pub(super) ms: u64,
}

impl ModuleTrouble {
    /// Takes the first trouble that strikes an operation.
    pub(super) fn take(troubles: &mut Vec<Self>, operation: Operation) -> Option<Self> {
        let strikes = |trouble: &Self| {
            let wanted = trouble.operation.as_deref();
            wanted.is_none_or(|name| name == operation.name())
        };
        let place = troubles.iter().position(strikes)?;
        let trouble = troubles.get_mut(place)?;
        trouble.times = trouble.times.saturating_sub(1);
        let taken = trouble.clone();
        if taken.times == 0 {
            troubles.remove(place);
        }
        Some(taken)
    }

    /// Puts a trouble back that has not struck, because the module has refused the call.
    pub(super) fn put_back(self, troubles: &mut Vec<Self>) {
        let left = self.times;
        match troubles.first_mut().filter(|first| **first == self) {
            Some(first) => first.times = left.saturating_add(1),
            None => troubles.insert(
                0,
                Self {
                    times: left.saturating_add(1),
                    ..self
                },
            ),
        }
    }

    /// What the caller gets instead of the data.
    pub(super) fn fault(&self) -> CallFault {
        match self.kind {
            ModuleTroubleKind::ErrorAfterCommit | ModuleTroubleKind::Error => {
                CallFault::Refused(self.error.clone())
            }
            _ => CallFault::Lost("the answer of the fiscal module was lost".to_owned()),
        }
    }
}
