//! Closing a shift by the books: the Z-report of a shift in which no printer has a part, while the printer is gone.
//!
//! A till may sell on alternative receipts alone while its printer is away for days. No printer has counted anything of such a shift, so
//! that none can confirm it, and the shift must be closed before the legal limit of its length stops all sales.

use ferrotill_core::seal::Seal;
use ferrotill_core::till::Command;

use super::super::answer::Answer;
use super::super::queue::QueuedOrder;
use super::{Effect, Tills, document_id};
use crate::order::{OrderForm, OrderKind};
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// True if the order is a Z-report that the journal seals: the printer is gone, and no document of the shift is on a printer.
    pub(super) fn is_closed_by_books(&self, index: usize, form: &OrderForm) -> bool {
        let device_state = &self.devices[index];
        let shift = device_state.current_till().shift();
        matches!(form.kind, OrderKind::Report { z: true })
            && self.needs_printer(false)
            && device_state.printer_gone()
            && shift.is_some_and(|shift| shift.is_alternative())
    }

    /// Seals a Z-report by the journal.
    pub(super) fn close_by_books(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        order: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = order.form.id;
        let settle = Command::Settle(document_id(id), Seal::Journal);
        self.decide(batch, index, &settle)?
            .map_err(|refusal| StoreError::NotBooked { refusal })?;
        tracing::warn!(
            device = %self.devices[index].device,
            %id,
            "the shift has alternative receipts only and the printer cannot be reached: the journal closes the shift, and no Z-report is \
             printed"
        );
        effects.push(Effect::WakeSender);
        let answer = Answer::Registered {
            id,
            replayed: false,
        };
        effects.push(Effect::Respond(order.callers, answer));
        Ok(())
    }
}
