//! Callbacks of a running job: a decision to cancel must be on disk before the printer gets the command.

use ferrotill_device::printer::Watch;
use uuid::Uuid;

use super::Listener;

/// Stores the decision to cancel a document before the driver cancels it. A stored decision is not stored again.
pub(super) struct JournalingWatch<'l> {
    pub(super) listener: &'l dyn Listener,
    pub(super) id: Uuid,
    /// The decision is already stored.
    pub(super) decided: bool,
}

impl Watch for JournalingWatch<'_> {
    fn about_to_cancel(&mut self) -> bool {
        self.decided = self.decided || self.listener.decide_cancel(self.id);
        self.decided
    }

    fn trace(&mut self, line: &str) {
        tracing::debug!(target: "ferrotill::seal::printer", id = %self.id, "{line}");
    }

    fn is_traced(&self) -> bool {
        conversations_are_logged()
    }
}

/// For slips, the drawer, and open receipts that belong to no document: a decision to cancel needs no entry in the journal.
pub(super) struct LoggingWatch;

impl Watch for LoggingWatch {
    fn about_to_cancel(&mut self) -> bool {
        true
    }

    fn trace(&mut self, line: &str) {
        tracing::debug!(target: "ferrotill::seal::printer", "{line}");
    }

    fn is_traced(&self) -> bool {
        conversations_are_logged()
    }
}

/// Whether the log has the conversations with printers: each of their lines costs as much as a line of a receipt.
fn conversations_are_logged() -> bool {
    tracing::enabled!(target: "ferrotill::seal::printer", tracing::Level::DEBUG)
}
