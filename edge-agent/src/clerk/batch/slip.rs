//! Slips: the paper of documents that are legal without paper.

use ferrotill_core::document::Body;
use ferrotill_core::seal::Seal;
use uuid::Uuid;

use super::super::answer::{Answer, Caller};
use super::super::device_state::BusyJob;
use super::super::devices::DevicePlace;
use super::super::queue::{Job, QueuedOrder, SLIPS_MAX, Slip};
use super::{Effect, Tills, document_id};
use crate::paper::{DocumentPaper, PaperShop};
use crate::seal::printer::DocumentSlip;
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
        let slip = paper.and_then(|(title, numbered, not_yet)| {
            let slip = self.receipt_slip(document, (title, numbered))?;
            Some((slip, not_yet))
        });
        self.queue_slip(batch, index, document, entry, slip, effects)
    }

    /// Queues this slip of a sealed receipt, with the note that the document has until the slip is printed.
    pub(super) fn queue_slip(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        document: &StoredDocument,
        entry: QueuedOrder,
        slip: Option<(DocumentSlip, &str)>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = entry.form.id;
        let Some((slip, not_yet)) = slip else {
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        };
        let reserved_seq = document.row.reserved_seq;
        let no_paper = self.why_no_slip(index);
        if no_paper.is_some() {
            batch.note_print_error(reserved_seq, no_paper)?;
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        }
        let slip = Box::new(Slip {
            id,
            paper: slip,
            callers: entry.callers,
            is_copy: false,
        });
        match self.devices[index].queue.push(Job::Slip(slip)) {
            // The note stays on the document until the slip is printed, also after a power cut.
            None => batch.note_print_error(reserved_seq, Some(not_yet)),
            Some(no_room) => {
                batch.note_print_error(reserved_seq, Some(&no_room_for_slips()))?;
                if let Job::Slip(slip) = no_room {
                    effects.push(Effect::Respond(slip.callers, registered(id)));
                }
                Ok(())
            }
        }
    }

    /// The slip of a receipt that is not sealed by a fiscal printer: title and number. `None` if the document is no receipt.
    fn receipt_slip(
        &self,
        document: &StoredDocument,
        heading: (&str, &str),
    ) -> Option<DocumentSlip> {
        let reserved = document.reserved()?;
        let Body::Receipt(receipt) = &reserved.body else {
            return None;
        };
        let sealed_at = document.sealed().map(|sealed| sealed.at);
        Some(DocumentSlip::of(
            heading,
            sealed_at.unwrap_or(reserved.at),
            receipt,
            &self.settings.seller,
            self.settings.profile.facts(),
        ))
    }

    /// Why a slip cannot even wait for the printer now.
    fn why_no_slip(&self, index: DevicePlace) -> Option<&'static str> {
        let device_state = &self.devices[index];
        if device_state.current_till().outstanding().is_some() && !device_state.is_signing() {
            Some(UNSETTLED)
        } else {
            device_state.baseline.is_none().then_some(UNREACHABLE)
        }
    }

    /// A caller wants the slip of a sealed document printed again. It is marked as a copy, and makes no document.
    pub(super) fn on_duplicate(
        &mut self,
        batch: &mut Batch<'_>,
        (device, id): (Uuid, Uuid),
        caller: Caller,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let row = batch.request_anywhere(document_id(id))?;
        let row = row.filter(|row| row.device == device);
        let document = row.map(|row| batch.document(row)).transpose()?;
        let index = self.index_of(device);
        let refused = match index.zip(document) {
            Some((index, document)) => self.queue_copy(index, &document, caller).err(),
            None => Some((vec![caller], NO_SLIP.to_owned())),
        };
        effects.extend(
            refused.map(|(callers, reason)| Effect::Respond(callers, not_printed(&reason))),
        );
        Ok(())
    }

    /// The slip of a document that no fiscal printer has sealed, marked as a copy. `None` if a fiscal printer made its paper.
    fn copy_of(&self, index: DevicePlace, document: &StoredDocument) -> Option<DocumentSlip> {
        if matches!(document.sealed()?.seal, Seal::Printer { .. }) {
            return None;
        }
        self.paper_of(index, document, true)
    }

    /// The paper of a sealed document.
    pub(super) fn paper_of(
        &self,
        index: DevicePlace,
        document: &StoredDocument,
        copy: bool,
    ) -> Option<DocumentSlip> {
        let payments = &self.devices[index].current_till().configuration().payments;
        let shop = PaperShop {
            seller: &self.settings.seller,
            facts: self.settings.profile.facts(),
            payment_name: &|code| Some(payments.get(code)?.name.to_string()),
        };
        DocumentPaper::of(document, copy, shop).map(DocumentSlip::from)
    }

    /// Queues a copy, or gives the callers back with the reason why not.
    fn queue_copy(
        &mut self,
        index: DevicePlace,
        document: &StoredDocument,
        caller: Caller,
    ) -> Result<(), (Vec<Caller>, String)> {
        let paper = self.copy_of(index, document);
        let refused = match &paper {
            None => Some(NO_SLIP),
            Some(_) if !self.devices[index].printer.has_printer() => Some(NO_PRINTER),
            Some(_) => self.why_no_slip(index),
        };
        let (Some(paper), None) = (paper, refused) else {
            return Err((vec![caller], refused.unwrap_or(NO_SLIP).to_owned()));
        };
        let slip = Box::new(Slip {
            id: document.row.id,
            paper,
            callers: vec![caller],
            is_copy: true,
        });
        match self.devices[index].queue.push(Job::Slip(slip)) {
            Some(Job::Slip(slip)) => Err((slip.callers, no_room_for_slips())),
            _ => Ok(()),
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
        let mut is_copy = false;
        if let Some(BusyJob::Slip(slip)) = self.devices[index].take_busy() {
            is_copy = slip.is_copy;
            let answer = match reason {
                Some(reason) if is_copy => not_printed(reason),
                _ => registered(slip.id),
            };
            effects.push(Effect::Respond(slip.callers, answer));
        }
        // The document is looked up, because the job is forgotten if an earlier batch with this news could not be written.
        match batch.request_anywhere(document_id(id))? {
            // A copy that failed leaves the paper that the document has.
            Some(row) if is_copy && row.print_error.is_none() => Ok(()),
            Some(row) => batch.note_print_error(row.reserved_seq, reason),
            None => Ok(()),
        }
    }
}

/// The answer to a caller whose duplicate is not printed.
fn not_printed(reason: &str) -> Answer {
    Answer::NotRegistered {
        error: "DuplicateNotPrinted".to_owned(),
        message: format!("printer: {reason}"),
    }
}

fn no_room_for_slips() -> String {
    format!(
        "{SLIPS_MAX} slips already wait for the printer; print a duplicate when they are printed"
    )
}

/// Why a document has no slip that could be printed again.
const NO_SLIP: &str =
    "this document has no slip of the agent: the fiscal printer has made its paper";
/// Why nothing is printed on a device without a printer.
const NO_PRINTER: &str = "this device has no printer";

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
