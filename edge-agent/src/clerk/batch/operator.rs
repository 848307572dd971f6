//! A person's word on a document that its printer cannot prove (decision 0009).
//!
//! Only the printer's worker knows whether it can still be proved, and it may settle the document at this very moment. So the worker
//! is asked to let go of it, with the word; it comes back with the word, or keeps the document and says why. Whatever it has settled
//! before stands before that in the inbox, and wins.
//!
//! The word is durable with the end of the document, in one transaction, and its caller hears nothing before. After a crash anywhere
//! on the way the document is outstanding as before, and the printer is asked again.

use ferrotill_core::event::{Declared, PaperSays};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::Command;
use ferrotill_device::Fault;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::device_state::{Answer, DeclarationOutcome, PendingDeclaration, Printing};
use super::{Effect, Tills, document_id, respond_declaration};
use crate::order::Declaration;
use crate::seal::printer::Task;
use crate::seal::printer::job::baseline_of;
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// Asks the printer to let go of the document.
    pub(super) fn on_declaration(
        &mut self,
        declaration: Declaration,
        reply: oneshot::Sender<DeclarationOutcome>,
        effects: &mut Vec<Effect>,
    ) {
        let id = document_id(declaration.id);
        let place = self.devices.iter().position(|device_state| {
            let outstanding = device_state.current().outstanding();
            outstanding.is_some_and(|outstanding| outstanding.id == id)
        });
        let Some(index) = place else {
            effects.push(Effect::RespondDeclaration(
                vec![reply],
                DeclarationOutcome::NotOutstanding,
            ));
            return;
        };
        let device_state = &mut self.devices[index];
        if !matches!(device_state.printing, Printing::Document) {
            let words = "the printer has not been asked about it yet".to_owned();
            effects.push(Effect::RespondDeclaration(
                vec![reply],
                DeclarationOutcome::CanStillSay(words),
            ));
            return;
        }
        match &mut device_state.declaring {
            Some(declaring) if declaring.declaration == declaration => {
                declaring.replies.push(reply);
            }
            Some(_) => effects.push(Effect::RespondDeclaration(
                vec![reply],
                DeclarationOutcome::Contradicted,
            )),
            None => {
                let task = Box::new(Task::Release(Box::new(declaration.clone())));
                device_state.declaring = Some(PendingDeclaration {
                    declaration,
                    replies: vec![reply],
                });
                effects.push(Effect::Print(index, task));
            }
        }
    }

    /// Answers those who wait for what becomes of their word on a document.
    pub(super) fn answer_declaring(
        &mut self,
        index: usize,
        id: Uuid,
        hearing: &DeclarationOutcome,
        effects: &mut Vec<Effect>,
    ) {
        let device_state = &mut self.devices[index];
        if let Some(declaring) = device_state
            .declaring
            .take_if(|declaring| declaring.declaration.id == id)
        {
            effects.push(Effect::RespondDeclaration(
                declaring.replies,
                hearing.clone(),
            ));
        }
    }

    /// The books could not be written: those who wait are told so. A word that the printer has been given may still be booked.
    pub(super) fn fail_declarations(&mut self, words: &str) {
        for device_state in &mut self.devices {
            if let Some(declaring) = &mut device_state.declaring {
                let replies = std::mem::take(&mut declaring.replies);
                respond_declaration(replies, &DeclarationOutcome::Unknown(words.to_owned()));
            }
        }
    }

    /// People see which document waits for one of them, and what to do.
    pub(super) fn show_unproven(&self, index: usize, id: Uuid, fault: Fault) {
        let device = self.devices[index].device;
        let words = format!(
            "document {id} is not settled: {fault}; read the paper or the printer's own journal, then say what became of it: \
             `ferrotill settle {id} --registered` or `--not-registered`, with `--by` and your name"
        );
        tracing::error!(%device, "{words}");
        self.setting.live_status.printer_unproven(device, id, words);
    }

    /// The printer has let go of the document: the word is booked, with the end that it justifies.
    pub(super) fn book_declaration(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        declaration: &Declaration,
        fault: Fault,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Declaration { id, paper, by } = declaration;
        let why = fault.to_string();
        let word = Declared {
            id: document_id(*id),
            at: self.setting.guard.now(),
            paper: *paper,
            by,
            fault: fault.code(),
            why: &why,
        };
        let device_state = &mut self.devices[index];
        device_state.printing = Printing::Nothing;
        // The worker has dropped it too, and reads it anew.
        device_state.baseline = None;
        let active = device_state.active.take_if(|active| active.id == *id);
        if let Err(refusal) = self.decide(batch, index, &Command::Declare(word))? {
            // It was written down before, and only nobody knew: see `Clerk::trouble`.
            tracing::warn!(%id, "a declared document is not outstanding any more: {refusal}");
            self.answer_declaring(index, *id, &DeclarationOutcome::NotOutstanding, effects);
            return Ok(());
        }
        let message = format!("{by} has read that it was not printed; {why}");
        let command = match paper {
            PaperSays::Registered { document } => Command::Settle(
                word.id,
                Seal::Printer {
                    document: document.map_or(0, u32::from),
                    fiscal_receipt: None,
                    counters: None,
                },
            ),
            PaperSays::NotRegistered => Command::Void(word.id, word.fault, &message),
        };
        self.decide(batch, index, &command)?
            .map_err(|refusal| StoreError::NotBooked { refusal })?;
        let device = self.devices[index].device;
        // What a start would know: what the printer did on its own since shows against it when it is connected.
        let seen = batch.printer_counters(device, baseline_of)?;
        let device_state = &mut self.devices[index];
        device_state.seen = seen;
        tracing::warn!(%device, %id, %by, ?paper, "a person has settled a document: {why}");
        match paper {
            PaperSays::Registered { .. } => Self::after_seal(*id, active, effects),
            // It is tried in no other way: whoever reads the paper does it long after the buyer has gone.
            PaperSays::NotRegistered => effects.extend(active.map(|active| {
                let error = format!("{fault:?}");
                Effect::Respond(active.callers, Answer::NotRegistered { error, message })
            })),
        }
        self.answer_declaring(index, *id, &DeclarationOutcome::Booked, effects);
        Ok(())
    }
}
