//! Slips: the paper of documents that are legal without paper.

use ferrotill_core::document::Body;
use uuid::Uuid;

use super::super::device_state::{Answer, QueuedOrder, Slip};
use super::{Effect, Tills};
use crate::seal::printer::job::slip_of;
use ferrotill_store::{Batch, StoreError, StoredDocument};

impl Tills {
    /// Queues the slip of a sealed receipt. The callers are answered when the slip is printed, or at once if there is no slip.
    ///
    /// `paper` is the slip's title, the number printed on it, and the note that the document has until the slip is printed.
    pub(super) fn print_after_seal(
        &self,
        batch: &mut Batch<'_>,
        index: usize,
        document: &StoredDocument,
        entry: QueuedOrder,
        paper: Option<(&str, &str, &str)>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = entry.form.id;
        let reserved = document.reserved();
        let receipt = reserved.and_then(|reserved| match reserved.body {
            Body::Receipt(receipt) => Some(receipt),
            _ => None,
        });
        let (Some((title, numbered, not_yet)), Some(receipt)) = (paper, receipt) else {
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        };
        let reserved_seq = document.row.reserved_seq;
        if self.devices[index].baseline.is_none() {
            batch.note_print_error(reserved_seq, Some(UNREACHABLE))?;
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        }
        let currency = self.settings.profile.facts().currency;
        // The note stays on the document until the slip is printed, also after a power cut.
        batch.note_print_error(reserved_seq, Some(not_yet))?;
        let slip = Slip {
            id,
            reserved_seq,
            job: slip_of(title, numbered, &receipt, currency),
            callers: entry.callers,
        };
        effects.push(Effect::Slip(index, Box::new(slip)));
        Ok(())
    }
}

/// The note on a document whose slip could not be printed.
const UNREACHABLE: &str =
    "the printer cannot be reached; print a duplicate when it can be reached again";

const fn registered(id: Uuid) -> Answer {
    Answer::Registered {
        id,
        replayed: false,
    }
}
