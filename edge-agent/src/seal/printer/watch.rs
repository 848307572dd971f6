//! What a running job asks of its caller: that a decision is durable before it is carried out.

use ferrotill_device::printer::Watch;
use uuid::Uuid;

use super::Listener;

/// Makes the decision to cancel durable before it is carried out, once.
pub(super) struct JournalingWatch<'l> {
    pub(super) listener: &'l dyn Listener,
    pub(super) id: Uuid,
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
}

/// For receipts that are nobody's: nothing to make durable.
pub(super) struct Silent;

impl Watch for Silent {
    fn about_to_cancel(&mut self) -> bool {
        true
    }

    fn trace(&mut self, line: &str) {
        tracing::debug!(target: "ferrotill::seal::printer", "{line}");
    }
}
