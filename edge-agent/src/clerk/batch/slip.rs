//! Slips: the paper of documents that are legal without paper.

use ferrotill_core::document::Body;
use uuid::Uuid;

use super::super::answer::Answer;
use super::super::device_state::BusyJob;
use super::super::devices::DevicePlace;
use super::super::queue::{Job, QueuedOrder, SLIPS_MAX, Slip};
use super::{Effect, Tills, document_id};
use crate::seal::printer::ReceiptSlip;
use ferrotill_store::{Batch, StoreError, StoredDocument};

impl Tills {
    /// Queues the slip of a sealed receipt. The callers are answered when the slip is printed, or at once if there is no slip.
    ///
    /// `paper` is the slip's title, the number printed on it, and the note that the document has until the slip is printed.
    pub(super) fn print_after_seal(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        document: &StoredDocument,
        entry: QueuedOrder,
        paper: Option<(&str, &str, &str)>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = entry.form.id;
        let reserved = document.reserved();
        let receipt = reserved.and_then(|reserved| match reserved.body {
            Body::Receipt(receipt) => Some((receipt, reserved.at)),
            _ => None,
        });
        let (Some((title, numbered, not_yet)), Some((receipt, reserved_at))) = (paper, receipt)
        else {
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        };
        let reserved_seq = document.row.reserved_seq;
        let device_state = &self.devices[index];
        let no_paper = if device_state.current_till().outstanding().is_some() {
            Some(UNSETTLED)
        } else {
            device_state.baseline.is_none().then_some(UNREACHABLE)
        };
        if no_paper.is_some() {
            batch.note_print_error(reserved_seq, no_paper)?;
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        }
        let sealed_at = document.sealed().map(|sealed| sealed.at);
        let slip = Box::new(Slip {
            id,
            paper: ReceiptSlip::of(
                (title, numbered),
                sealed_at.unwrap_or(reserved_at),
                &receipt,
                &self.settings.seller,
                self.settings.profile.facts(),
            ),
            callers: entry.callers,
        });
        match self.devices[index].queue.push(Job::Slip(slip)) {
            // The note stays on the document until the slip is printed, also after a power cut.
            None => batch.note_print_error(reserved_seq, Some(not_yet)),
            Some(no_room) => {
                let note = format!(
                    "{SLIPS_MAX} slips already wait for the printer; print a duplicate when they are printed"
                );
                batch.note_print_error(reserved_seq, Some(&note))?;
                if let Job::Slip(slip) = no_room {
                    effects.push(Effect::Respond(slip.callers, registered(id)));
                }
                Ok(())
            }
        }
    }

    /// The printer has printed the slip of the document with this id, or `reason` says why not.
    pub(super) fn slip_done(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        id: Uuid,
        reason: Option<&str>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        if let Some(BusyJob::Slip(slip)) = self.devices[index].take_busy() {
            effects.push(Effect::Respond(slip.callers, registered(slip.id)));
        }
        // The document is looked up, because the job is forgotten if an earlier batch with this news could not be written.
        match batch.request_anywhere(document_id(id))? {
            Some(row) => batch.note_print_error(row.reserved_seq, reason),
            None => Ok(()),
        }
    }
}

/// The note on a document whose slip could not be printed.
const UNREACHABLE: &str =
    "the printer cannot be reached; print a duplicate when it can be reached again";

/// The note on a document whose slip cannot be printed while its printer has another document.
const UNSETTLED: &str =
    "the printer has a document that is not settled yet; print a duplicate when it is settled";

const fn registered(id: Uuid) -> Answer {
    Answer::Registered {
        id,
        replayed: false,
    }
}
