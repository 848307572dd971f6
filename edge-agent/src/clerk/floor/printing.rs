//! The printer's side: documents are given to it and settled by it, and slips and pulses in between.

use std::sync::Arc;

use ferrotill_core::document::Body;
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::Command;
use ferrotill_device::Fault;
use uuid::Uuid;

use super::super::desk::{Active, Answer, Entry, Hearing, Printing, Slip, Waiter};
use super::{Effect, Floor, document_id};
use crate::job::{baseline_of, job_of, seal_of, slip_of};
use crate::order::{OrderForm, OrderKind, ReceiptMode};
use crate::printer::{Document, News, Settled, Task};
use crate::store::{Batch, StoreError, StoredDocument};

impl Floor {
    pub(super) fn give_to_printer(
        &mut self,
        batch: &Batch<'_>,
        index: usize,
        seq: i64,
        entry: Entry,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Some(row) = batch.request(self.desks[index].device, document_id(entry.form.id))? else {
            return Ok(());
        };
        debug_assert_eq!(
            row.reserved_seq, seq,
            "the request leads to the document just reserved"
        );
        let stored_document = batch.document(row)?;
        let document = self.document_of(batch, index, &stored_document, false)?;
        let desk = &mut self.desks[index];
        desk.active = Some(Active {
            id: entry.form.id,
            fingerprint: entry.fingerprint,
            form: Some(entry.form),
            waiters: entry.waiters,
            attempts: entry.attempts,
        });
        if let Some(document) = document {
            desk.printing = Printing::Document;
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
    ) -> Result<Option<Document>, StoreError> {
        let Some(reserved) = stored_document.reserved() else {
            return Ok(None);
        };
        let original = match &reserved.body {
            Body::Receipt(Receipt {
                kind: ReceiptKind::Refund { original },
                ..
            }) => match batch.request(self.desks[index].device, *original)? {
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
        Ok(job.zip(baseline).map(|(job, baseline)| Document {
            id: stored_document.row.id,
            job,
            books: self.desks[index].books(&baseline, cancel_decided),
            baseline,
        }))
    }

    /// Gives a free printer what does not need the books: slips and pulses.
    pub(super) fn advance_printer(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let desk = &mut self.desks[index];
        if !desk.printer_free() {
            return;
        }
        if let Some(slip) = desk.slips.pop_front() {
            let task = Box::new(Task::Slip(slip.id, slip.job.clone()));
            effects.push(Effect::Print(index, task));
            desk.printing = Printing::Slip(Box::new(slip));
        } else if let Some(pulse) = desk.pulses.pop_front() {
            desk.printing = Printing::Drawer(pulse);
            effects.push(Effect::Print(index, Box::new(Task::Drawer)));
        }
    }

    pub(super) fn hear_printer(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        news: News,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let board = Arc::clone(&self.setting.board);
        let desk = &mut self.desks[index];
        match news {
            News::Ready(connected) => {
                tracing::info!(device = %desk.device, model = connected.model, port = connected.address, "the printer is there");
                board.printer_ready(desk.device, &connected);
                if let Some(clock) = &connected.clock {
                    self.setting.guard.printer_says(clock);
                }
                desk.baseline = Some(connected.baseline.clone());
                self.look_at_the_rates(index, &connected);
            }
            News::LastZ(day) => desk.last_z = Some(*day),
            News::Counters(counters) => {
                // A document that is on its way there finds them out by itself.
                if !matches!(desk.printing, Printing::Document) {
                    desk.baseline = Some(*counters);
                }
            }
            News::Lost(words) => {
                tracing::warn!(device = %desk.device, "the printer cannot be reached: {words}");
                board.printer_lost(desk.device, &words);
                if !matches!(desk.printing, Printing::Document) {
                    desk.baseline = None;
                }
                // A pulse that comes late opens a drawer that nobody watches.
                for reply in desk.pulses.drain(..) {
                    effects.push(Effect::Drawer(reply, Err(words.clone())));
                }
            }
            News::SlipDone(_, words, after) => {
                desk.baseline = after;
                if let Printing::Slip(slip) = std::mem::take(&mut desk.printing) {
                    batch.note_print_error(slip.reserved_seq, words.as_deref())?;
                    effects.push(Effect::Tell(
                        slip.waiters,
                        Answer::Registered {
                            id: slip.id,
                            replayed: false,
                        },
                    ));
                }
            }
            News::DrawerDone(words, after) => {
                desk.baseline = after;
                if let Printing::Drawer(reply) = std::mem::take(&mut desk.printing) {
                    effects.push(Effect::Drawer(reply, words.map_or(Ok(()), Err)));
                }
            }
            News::Unproven(id, fault) => self.show_unproven(index, id, fault),
            News::Kept(id, words) => {
                self.answer_declaring(index, id, &Hearing::CanStillSay(words), effects);
            }
            News::Left(declaration, fault) => {
                self.book_declaration(batch, index, &declaration, fault, effects)?;
            }
            News::Settled(id, settled) => {
                // What the printer can say itself goes first, whatever a person says at this very moment.
                self.answer_declaring(index, id, &Hearing::NotOutstanding, effects);
                self.settle(batch, index, id, settled, effects)?;
            }
        }
        Ok(())
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
        let desk = &mut self.desks[index];
        desk.printing = Printing::Nothing;
        let active = desk.active.take_if(|active| active.id == id);
        let outcome = match settled {
            Settled::Registered(registered) => {
                desk.baseline = Some(registered.after.clone());
                self.setting.board.printer_answers(desk.device);
                let command = Command::Settle(document_id(id), seal_of(&registered));
                let last_z = self.desks[index].current().last_z();
                let outcome = self.decide(batch, index, &command)?;
                let desk = &mut self.desks[index];
                if desk.current().last_z() != last_z {
                    // It was our own Z-report that closed the printer's day.
                    desk.seen = Some(registered.after);
                }
                if outcome.is_ok() {
                    Self::after_seal(id, active, effects);
                }
                outcome
            }
            Settled::NotRegistered(not_registered) => {
                desk.baseline.clone_from(&not_registered.after);
                if desk.baseline.is_some() {
                    self.setting.board.printer_answers(desk.device);
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

    pub(super) fn after_seal(id: Uuid, active: Option<Active>, effects: &mut Vec<Effect>) {
        effects.push(Effect::WakeSender);
        let Some(active) = active else { return };
        let answer = Answer::Registered {
            id,
            replayed: false,
        };
        effects.push(Effect::Tell(active.waiters, answer));
    }

    /// A fiscal attempt is settled as not registered: the caller is told, or gets what it asked for in this case.
    fn after_void(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        active: Option<Active>,
        (fault, message): (Fault, String),
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Some(Active {
            form,
            waiters,
            fingerprint,
            attempts,
            ..
        }) = active
        else {
            return Ok(());
        };
        let error = format!("{fault:?}");
        let Some(form) = form else {
            effects.push(Effect::Tell(
                waiters,
                Answer::NotRegistered { error, message },
            ));
            return Ok(());
        };
        let desk = &mut self.desks[index];
        let has_alternative = desk.current().configuration().alternative_receipts;
        let mode = form.mode();
        let attempts = attempts + 1;
        let entry = Entry {
            form,
            fingerprint,
            unique: Uuid::now_v7(),
            waiters,
            attempts,
        };
        if fault == Fault::BaselineDiffers && desk.baseline.is_some() && attempts < ATTEMPTS_MAX {
            // Somebody used the printer by hand. Nothing was begun, and its counters are known now.
            desk.queue.push_front(entry);
            return Ok(());
        }
        if mode == ReceiptMode::FiscalThenAlternative && has_alternative {
            return match self.try_reserve(batch, index, &entry, true, true)? {
                Ok(seq) => {
                    self.issue_alternative(batch, index, seq, entry.form, entry.waiters, effects)
                }
                Err(refused) => self.refuse(batch, entry, refused, effects),
            };
        }
        effects.push(Effect::Tell(
            entry.waiters,
            Answer::NotRegistered { error, message },
        ));
        Ok(())
    }

    /// An alternative receipt is legal with its number, in the same transaction as its reservation; its paper comes after.
    pub(super) fn issue_alternative(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        reserved_seq: i64,
        form: OrderForm,
        waiters: Vec<Waiter>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = form.id;
        let (print, wanted) = match &form.kind {
            OrderKind::Sale { print, number, .. } => (*print, number.clone()),
            _ => (false, None),
        };
        let wanted = wanted
            .as_ref()
            .map(|(series, number)| (series.as_str(), *number));
        let (series, number, number_length) =
            match self.desks[index].current().next_alternative(wanted) {
                Ok(Seal::Range {
                    series,
                    number,
                    number_length,
                }) => (series.to_owned(), number, number_length),
                // The reservation was admitted with this very question, in this batch.
                other => {
                    return Err(StoreError::Number {
                        found: format!("{other:?}"),
                    });
                }
            };
        let seal = Seal::Range {
            series: &series,
            number,
            number_length,
        };
        if let Err(refusal) = self.decide(batch, index, &Command::Settle(document_id(id), seal))? {
            return Err(StoreError::Number {
                found: refusal.to_string(),
            });
        }
        effects.push(Effect::WakeSender);
        if !print {
            effects.push(Effect::Tell(
                waiters,
                Answer::Registered {
                    id,
                    replayed: false,
                },
            ));
            return Ok(());
        }
        if self.desks[index].baseline.is_none() {
            batch.note_print_error(
                reserved_seq,
                Some("the printer cannot be reached; print a duplicate once it can"),
            )?;
            effects.push(Effect::Tell(
                waiters,
                Answer::Registered {
                    id,
                    replayed: false,
                },
            ));
            return Ok(());
        }
        let Some(row) = batch.request(self.desks[index].device, document_id(id))? else {
            return Ok(());
        };
        let document = batch.document(row)?;
        let facts = self.setting.profile.facts();
        if let Some(Body::Receipt(receipt)) = document.reserved().map(|reserved| reserved.body) {
            let numbered = format!(
                "{series}{number:0width$}",
                width = usize::from(number_length)
            );
            let job = slip_of(
                facts.alternative_receipt_title,
                &numbered,
                &receipt,
                facts.currency,
            );
            // Until the slip is out, and also if the power goes before, the document says that its paper is missing.
            batch.note_print_error(reserved_seq, Some("the slip is not printed yet"))?;
            let slip = Slip {
                id,
                reserved_seq,
                job,
                waiters,
            };
            effects.push(Effect::Slip(index, Box::new(slip)));
        }
        Ok(())
    }
}

/// An order is given to the printer so often at most.
const ATTEMPTS_MAX: u8 = 3;
