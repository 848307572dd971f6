//! Who has ordered something at the dashboard: the journal has it before the order is carried out.

use ferrotill_core::event::PersonActed;
use tokio::sync::oneshot;

use super::super::answer::ResourceOutcome;
use super::{Effect, Tills, document_id};
use crate::order::PersonNote;
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// Writes who orders what.
    pub(super) fn on_person(
        &mut self,
        batch: &mut Batch<'_>,
        note: &PersonNote,
        reply: oneshot::Sender<ResourceOutcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let acted = PersonActed {
            at: self.settings.guard.now(),
            act: note.act,
            document: note.document.map(document_id),
            subject: &note.subject,
            by: &note.by,
        };
        // The caller is answered too if the store cannot be written: `roll_back` replaces the outcome of every caller.
        let written = batch.append_person_act(acted);
        effects.push(Effect::ResourceChanged(vec![reply], ResourceOutcome::Done));
        written
    }
}
