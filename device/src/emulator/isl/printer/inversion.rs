//! Which inferences a printer turns round; `inverted` beside this folder does it.

use std::collections::BTreeSet;

use super::Printer;

/// What is turned round, and how far the counters in the answers are from those in the memory because of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::emulator::isl) struct Inverted {
    /// The names of the inferences.
    pub(in crate::emulator::isl) names: BTreeSet<String>,
    /// The number of documents that the number of the last document leaves out.
    pub(in crate::emulator::isl) hidden_documents: u32,
    /// What is added to the number of the next fiscal receipt.
    pub(in crate::emulator::isl) fiscal: i64,
    /// What is added to the number of the day's receipts.
    pub(in crate::emulator::isl) day_receipts: i64,
    /// The withdrawals that a Z-report has not cleared.
    pub(in crate::emulator::isl) kept_withdrawals: i64,
}

impl Printer {
    /// Whether an inference is turned round.
    pub(in crate::emulator::isl) fn inverts(&self, name: &str) -> bool {
        self.inverted.names.contains(name)
    }
}
