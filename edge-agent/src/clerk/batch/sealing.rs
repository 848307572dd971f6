//! The printer's side: documents are given to it and settled by it, and slips and pulses in between.

use ferrotill_core::document::Body;
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::till::Command;
use ferrotill_device::Fault;
use ferrotill_device::printer::Connected;
use uuid::Uuid;

use super::super::device_state::{
    Answer, DeclarationOutcome, Printing, QueuedOrder, SealingDocument,
};
use super::{Effect, Tills, document_id};
use crate::order::ReceiptMode;
use crate::seal::printer::job::{baseline_of, job_of, seal_of};
use crate::seal::printer::{News, SealingJob, Settled, Task};
use ferrotill_store::{Batch, StoreError, StoredDocument};

impl Tills {
    pub(super) fn give_to_printer(
        &mut self,
        batch: &Batch<'_>,
        index: usize,
        stored_document: &StoredDocument,
        entry: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let document = self.document_of(batch, index, stored_document, false)?;
        let device_state = &mut self.devices[index];
        device_state.active = Some(SealingDocument {
            id: entry.form.id,
            fingerprint: entry.fingerprint,
            form: Some(entry.form),
            callers: entry.callers,
            attempts: entry.attempts,
        });
        if let Some(document) = document {
            device_state.printing = Printing::Document;
            let task = Box::new(Task::Perform(document));
            effects.push(Effect::Print(index, task));
        }
        Ok(())
    }

    /// The printer's side of a reserved document.
    pub(super) fn document_of(
        &self,
        batch: &Batch<'_>,
        index: usize,
        stored_document: &StoredDocument,
        cancel_decided: bool,
    ) -> Result<Option<SealingJob>, StoreError> {
        let Some(reserved) = stored_document.reserved() else {
            return Ok(None);
        };
        let original = match &reserved.body {
            Body::Receipt(Receipt {
                kind: ReceiptKind::Refund { original },
                ..
            }) => match batch.request(self.devices[index].device, *original)? {
                Some(row) => Some(batch.document(row)?),
                None => None,
            },
            _ => None,
        };
        let job = job_of(
            &reserved,
            original.as_ref(),
            self.setting.profile.facts().currency,
        );
        let baseline = reserved.baseline.as_ref().map(baseline_of);
        Ok(job.zip(baseline).map(|(job, baseline)| SealingJob {
            id: stored_document.row.id,
            job,
            books: self.devices[index].books(&baseline, cancel_decided),
            baseline,
        }))
    }

    /// Gives a free printer what does not need the books: slips and pulses.
    pub(super) fn advance_printer(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let device_state = &mut self.devices[index];
        if !device_state.printer_free() {
            return;
        }
        if let Some(slip) = device_state.slips.pop_front() {
            let task = Box::new(Task::Slip(slip.id, slip.job.clone()));
            effects.push(Effect::Print(index, task));
            device_state.printing = Printing::Slip(Box::new(slip));
        } else if let Some(pulse) = device_state.pulses.pop_front() {
            device_state.printing = Printing::Drawer(pulse);
            effects.push(Effect::Print(index, Box::new(Task::Drawer)));
        }
    }

    pub(super) fn on_printer_news(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        news: News,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let device_state = &mut self.devices[index];
        match news {
            News::Ready(connected) => self.on_connected(index, &connected),
            News::LastZ(day) => device_state.last_z = Some(*day),
            News::Counters(counters) => {
                // A document that is on its way there finds them out by itself.
                if !matches!(device_state.printing, Printing::Document) {
                    device_state.baseline = Some(*counters);
                }
            }
            News::Lost(words) => self.on_connection_lost(index, &words, effects),
            News::SlipDone(_, words, after) => {
                device_state.baseline = after;
                if let Printing::Slip(slip) = std::mem::take(&mut device_state.printing) {
                    batch.note_print_error(slip.reserved_seq, words.as_deref())?;
                    effects.push(Effect::Respond(
                        slip.callers,
                        Answer::Registered {
                            id: slip.id,
                            replayed: false,
                        },
                    ));
                }
            }
            News::DrawerDone(words, after) => {
                device_state.baseline = after;
                if let Printing::Drawer(reply) = std::mem::take(&mut device_state.printing) {
                    effects.push(Effect::Drawer(reply, words.map_or(Ok(()), Err)));
                }
            }
            News::Unproven(id, fault) => self.show_unproven(index, id, fault),
            News::ReleaseRefused(id, words) => {
                self.answer_declaring(index, id, &DeclarationOutcome::CanStillSay(words), effects);
            }
            News::Released(declaration, fault) => {
                self.book_declaration(batch, index, &declaration, fault, effects)?;
            }
            News::Settled(id, settled) => {
                // What the printer can say itself goes first, whatever a person says at this very moment.
                self.answer_declaring(index, id, &DeclarationOutcome::NotOutstanding, effects);
                self.settle(batch, index, id, settled, effects)?;
            }
        }
        Ok(())
    }

    /// The printer is connected: its clock and its tax rates are read.
    fn on_connected(&mut self, index: usize, connected: &Connected) {
        let device_state = &mut self.devices[index];
        tracing::info!(device = %device_state.device, model = connected.model, port = connected.address, "the printer is connected");
        let live_status = &self.setting.live_status;
        live_status.printer_ready(device_state.device, connected);
        if let Some(clock) = &connected.clock {
            self.setting.guard.printer_says(clock);
        }
        device_state.baseline = Some(connected.baseline.clone());
        self.look_at_the_rates(index, connected);
    }

    /// The printer cannot be reached. A document that it is working on stays with it.
    fn on_connection_lost(&mut self, index: usize, words: &str, effects: &mut Vec<Effect>) {
        let device_state = &mut self.devices[index];
        tracing::warn!(device = %device_state.device, "the printer cannot be reached: {words}");
        let live_status = &self.setting.live_status;
        live_status.printer_lost(device_state.device, words);
        if !matches!(device_state.printing, Printing::Document) {
            device_state.baseline = None;
        }
        // A pulse that comes late opens a drawer that nobody watches.
        for reply in device_state.pulses.drain(..) {
            effects.push(Effect::Drawer(reply, Err(words.to_owned())));
        }
    }

    /// A document is settled on the printer: it gets its numbers, or it never was.
    pub(super) fn settle(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        id: Uuid,
        settled: Settled,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let device_state = &mut self.devices[index];
        device_state.printing = Printing::Nothing;
        let active = device_state.active.take_if(|active| active.id == id);
        let outcome = match settled {
            Settled::Registered(registered) => {
                device_state.baseline = Some(registered.after.clone());
                self.setting
                    .live_status
                    .printer_answers(device_state.device);
                let command = Command::Settle(document_id(id), seal_of(&registered));
                let last_z = self.devices[index].current().last_z();
                let outcome = self.decide(batch, index, &command)?;
                let device_state = &mut self.devices[index];
                if device_state.current().last_z() != last_z {
                    // It was our own Z-report that closed the printer's day.
                    device_state.seen = Some(registered.after);
                }
                if outcome.is_ok() {
                    Self::after_seal(id, active, effects);
                }
                outcome
            }
            Settled::NotRegistered(not_registered) => {
                device_state.baseline.clone_from(&not_registered.after);
                if device_state.baseline.is_some() {
                    self.setting
                        .live_status
                        .printer_answers(device_state.device);
                }
                let fault = not_registered.fault;
                let message = match not_registered.detail.as_str() {
                    "" => fault.to_string(),
                    detail => format!("{fault}: {detail}"),
                };
                let command = Command::Void(document_id(id), fault.code(), &message);
                let outcome = self.decide(batch, index, &command)?;
                // What the order becomes instead belongs to the shift that is open then.
                self.look_at_the_day(batch, index, effects)?;
                if outcome.is_ok() {
                    self.after_void(batch, index, active, (fault, message), effects)?;
                }
                outcome
            }
        };
        if let Err(refusal) = outcome {
            // It was written down before, and only nobody knew: see `Clerk::trouble`.
            tracing::warn!(%id, "a settled document is not outstanding any more: {refusal}");
        }
        Ok(())
    }

    pub(super) fn after_seal(id: Uuid, active: Option<SealingDocument>, effects: &mut Vec<Effect>) {
        effects.push(Effect::WakeSender);
        let Some(active) = active else { return };
        let answer = Answer::Registered {
            id,
            replayed: false,
        };
        effects.push(Effect::Respond(active.callers, answer));
    }

    /// A fiscal attempt is settled as not registered: the caller is told, or gets what it asked for in this case.
    fn after_void(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        active: Option<SealingDocument>,
        (fault, message): (Fault, String),
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Some(SealingDocument {
            form,
            callers,
            fingerprint,
            attempts,
            ..
        }) = active
        else {
            return Ok(());
        };
        let error = format!("{fault:?}");
        let Some(form) = form else {
            effects.push(Effect::Respond(
                callers,
                Answer::NotRegistered { error, message },
            ));
            return Ok(());
        };
        let device_state = &mut self.devices[index];
        let has_alternative = device_state.current().configuration().alternative_receipts;
        let mode = form.mode();
        let attempts = attempts + 1;
        let entry = QueuedOrder {
            form,
            fingerprint,
            unique: Uuid::now_v7(),
            callers,
            attempts,
        };
        if fault == Fault::BaselineDiffers
            && device_state.baseline.is_some()
            && attempts < ATTEMPTS_MAX
        {
            // Somebody used the printer by hand. Nothing was begun, and its counters are known now.
            device_state.queue.push_front(entry);
            return Ok(());
        }
        if mode == ReceiptMode::FiscalThenAlternative && has_alternative {
            return match self.reserve(batch, index, &entry, true)? {
                Ok(document) => self.issue_alternative(batch, index, &document, entry, effects),
                Err(refused) => self.refuse(batch, entry, refused, effects),
            };
        }
        effects.push(Effect::Respond(
            entry.callers,
            Answer::NotRegistered { error, message },
        ));
        Ok(())
    }
}

/// An order is given to the printer so often at most.
const ATTEMPTS_MAX: u8 = 3;
