//! Slips: the paper of documents that are legal without paper.

use ferrotill_core::document::DocumentKind;
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
    /// Queues the slip of a sealed document. The callers are answered when the slip is printed, or at once if there is no slip.
    ///
    /// `paper` is the slip, and the note that the document has until the slip is printed.
    pub(super) fn print_after_seal(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        document: &StoredDocument,
        entry: QueuedOrder,
        paper: Option<(DocumentSlip, &str)>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = entry.form.id;
        let Some((slip, not_yet)) = paper else {
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        };
        let reserved_seq = document.row.reserved_seq;
        let again = printed_again(document.row.kind);
        if let Some(no_paper) = self.why_no_slip(index) {
            batch.note_print_error(reserved_seq, Some(&no_paper.says(again)))?;
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        }
        let slip = Box::new(Slip {
            id,
            paper: slip,
            callers: entry.callers,
            is_copy: false,
            ends_note: true,
        });
        match self.devices[index].queue.push(Job::Slip(slip)) {
            // The note stays on the document until the slip is printed, also after a power cut.
            None => batch.note_print_error(reserved_seq, Some(not_yet)),
            Some(no_room) => {
                batch.note_print_error(reserved_seq, Some(&NoPaper::NO_ROOM.says(again)))?;
                if let Job::Slip(slip) = no_room {
                    effects.push(Effect::Respond(slip.callers, registered(id)));
                }
                Ok(())
            }
        }
    }

    /// Why a slip cannot even wait for the printer now.
    fn why_no_slip(&self, index: DevicePlace) -> Option<NoPaper> {
        let device_state = &self.devices[index];
        if !device_state.printer.has_printer() {
            Some(NoPaper::NO_PRINTER)
        } else if device_state.current_till().outstanding().is_some() && !device_state.is_signing()
        {
            Some(NoPaper::UNSETTLED)
        } else {
            device_state
                .baseline
                .is_none()
                .then_some(NoPaper::UNREACHABLE)
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

    /// The slip of a document; without `copy`, `None` if a fiscal printer has made its paper.
    pub(super) fn slip_of(
        &self,
        index: DevicePlace,
        document: &StoredDocument,
        copy: bool,
    ) -> Option<DocumentSlip> {
        if !copy && is_printers(document) {
            return None;
        }
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
        let again = printed_again(document.row.kind);
        let Some(paper) = self.slip_of(index, document, true) else {
            return Err((vec![caller], NO_SLIP.to_owned()));
        };
        let ends_note = !is_printers(document);
        self.queue_paper(index, (document.row.id, paper, ends_note), again, caller)
    }

    /// A caller wants a paper printed that belongs to no document.
    pub(super) fn on_paper(
        &mut self,
        device: Uuid,
        paper: DocumentSlip,
        caller: Caller,
        effects: &mut Vec<Effect>,
    ) {
        let again = "ask for the paper again";
        let refused = match self.index_of(device) {
            Some(index) => {
                let paper = (Uuid::now_v7(), paper, false);
                self.queue_paper(index, paper, again, caller).err()
            }
            None => Some((vec![caller], NoPaper::NO_PRINTER.says(again))),
        };
        effects.extend(
            refused.map(|(callers, reason)| Effect::Respond(callers, not_printed(&reason))),
        );
    }

    /// Queues a paper that makes no document, or gives the callers back with the reason why not.
    fn queue_paper(
        &mut self,
        index: DevicePlace,
        (id, paper, ends_note): (Uuid, DocumentSlip, bool),
        again: &str,
        caller: Caller,
    ) -> Result<(), (Vec<Caller>, String)> {
        if let Some(no_paper) = self.why_no_slip(index) {
            return Err((vec![caller], no_paper.says(again)));
        }
        let slip = Box::new(Slip {
            id,
            paper,
            callers: vec![caller],
            is_copy: true,
            ends_note,
        });
        match self.devices[index].queue.push(Job::Slip(slip)) {
            Some(Job::Slip(slip)) => Err((slip.callers, NoPaper::NO_ROOM.says(again))),
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
        let (mut is_copy, mut ends_note) = (false, true);
        if let Some(BusyJob::Slip(slip)) = self.devices[index].take_busy() {
            (is_copy, ends_note) = (slip.is_copy, slip.ends_note);
            let answer = match reason {
                Some(reason) if is_copy => not_printed(reason),
                _ => registered(slip.id),
            };
            effects.push(Effect::Respond(slip.callers, answer));
        }
        // The document is looked up, because the job is forgotten if an earlier batch with this news could not be written.
        match batch.request_anywhere(document_id(id))? {
            // A copy that failed leaves the paper that the document has.
            Some(row) if is_copy && (row.print_error.is_none() || !ends_note) => Ok(()),
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

/// Whether a fiscal printer has made the paper of a document.
fn is_printers(document: &StoredDocument) -> bool {
    let sealed = document.sealed();
    sealed.is_some_and(|sealed| matches!(sealed.seal, Seal::Printer { .. }))
}

/// Why no copy is printed.
const NO_SLIP: &str = "this document has no paper that could be printed again";

/// Why a slip is not printed, and when it can be.
#[derive(Clone, Copy, Debug)]
struct NoPaper {
    reason: &'static str,
    again_when: &'static str,
}

impl NoPaper {
    const NO_PRINTER: Self = Self {
        reason: "this device has no printer",
        again_when: "it has one",
    };
    const UNREACHABLE: Self = Self {
        reason: "the printer cannot be reached",
        again_when: "it can be reached again",
    };
    const UNSETTLED: Self = Self {
        reason: "the printer has a document that is not settled yet",
        again_when: "it is settled",
    };
    const NO_ROOM: Self = Self {
        reason: "20 slips already wait for the printer",
        again_when: "they are printed",
    };

    /// The reason, and what to do about it.
    fn says(self, again: &str) -> String {
        let Self { reason, again_when } = self;
        format!("{reason}; {again} when {again_when}")
    }
}

const _: () = assert!(
    SLIPS_MAX == 20,
    "the text of NoPaper::NO_ROOM names the limit"
);

/// How a paper that was not printed is had after all.
const fn printed_again(kind: DocumentKind) -> &'static str {
    match kind {
        // The API has no duplicate of it.
        DocumentKind::NonfiscalReceipt => "send the text again, with another id,",
        _ => "print a duplicate",
    }
}

const fn registered(id: Uuid) -> Answer {
    Answer::Registered {
        id,
        replayed: false,
    }
}
