//! An operator's declaration of a document that its printer cannot prove (decision 0009).
//!
//! Only the printer's thread knows whether the printer can still prove the outcome, and it may settle the document at this moment.
//! So the clerk asks the thread to release the document. The thread either releases it or refuses with a reason.
//! If the thread has settled the document before, that message is earlier in the clerk's inbox, and the declaration has no effect.
//!
//! The declaration and the seal or void of the document are written in one transaction, and the caller is answered after the commit.
//! If the agent crashes before the commit, the document is still outstanding, and the printer is asked again after the start.

use ferrotill_core::event::{Declared, PaperSays};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::Command;
use ferrotill_device::Fault;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::answer::{Answer, DeclarationOutcome};
use super::super::device_state::{PendingDeclaration, SealingDocument};
use super::super::devices::DevicePlace;
use super::{Effect, Tills, document_id, respond_declaration};
use crate::order::Declaration;
use crate::seal::printer::Task;
use crate::seal::printer::job::baseline_of;
use crate::status::problems::ProblemKind;
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// Asks the printer's thread to release the document that an operator has declared.
    ///
    /// If nobody can be asked about the document, the declaration is written at once.
    pub(super) fn on_declaration(
        &mut self,
        batch: &mut Batch<'_>,
        declaration: Declaration,
        reply: oneshot::Sender<DeclarationOutcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = document_id(declaration.id);
        let place = self.devices.place_of(|device_state| {
            let outstanding = device_state.current_till().outstanding();
            outstanding.is_some_and(|outstanding| outstanding.id == id)
        });
        let Some(index) = place else {
            effects.push(Effect::RespondDeclaration(
                vec![reply],
                DeclarationOutcome::NotOutstanding,
            ));
            return Ok(());
        };
        let Some(sealing) = self.devices[index].sealing_mut() else {
            let reason = "the printer has not been asked about this document yet".to_owned();
            effects.push(Effect::RespondDeclaration(
                vec![reply],
                DeclarationOutcome::CanStillSay(reason),
            ));
            return Ok(());
        };
        if let Some(fault) = sealing.nobody_to_ask {
            sealing.declaration = Some(PendingDeclaration {
                declaration: declaration.clone(),
                replies: vec![reply],
            });
            return self.write_declaration(batch, index, &declaration, fault, effects);
        }
        match &mut sealing.declaration {
            Some(pending_declaration) if pending_declaration.declaration == declaration => {
                pending_declaration.replies.push(reply);
            }
            Some(_) => effects.push(Effect::RespondDeclaration(
                vec![reply],
                DeclarationOutcome::Contradicted,
            )),
            None => {
                let task = Box::new(Task::Release(Box::new(declaration.clone())));
                sealing.declaration = Some(PendingDeclaration {
                    declaration,
                    replies: vec![reply],
                });
                effects.push(Effect::Print(index, task));
            }
        }
        Ok(())
    }

    /// Answers the callers of the pending declaration, if it is about the document with this id.
    pub(super) fn answer_pending_declaration(
        &mut self,
        index: DevicePlace,
        id: Uuid,
        outcome: &DeclarationOutcome,
        effects: &mut Vec<Effect>,
    ) {
        let sealing = self.devices[index].sealing_mut();
        let declaration = sealing
            .filter(|sealing| sealing.id == id)
            .and_then(|sealing| sealing.declaration.take());
        effects.extend(
            declaration.map(|declaration| {
                Effect::RespondDeclaration(declaration.replies, outcome.clone())
            }),
        );
    }

    /// The store could not be written. The callers of pending declarations get the answer that the outcome is unknown.
    /// A declaration that the printer's thread already has may still be written later.
    pub(super) fn fail_declarations(&mut self, reason: &str) {
        for device_state in &mut self.devices {
            if let Some(sealing) = device_state.sealing_mut()
                && let Some(pending_declaration) = &mut sealing.declaration
            {
                let replies = std::mem::take(&mut pending_declaration.replies);
                respond_declaration(replies, &DeclarationOutcome::Unknown(reason.to_owned()));
            }
        }
    }

    /// Writes to the live status which document needs an operator, with what the operator must do.
    pub(super) fn report_unproven(&self, index: DevicePlace, id: Uuid, fault: Fault) {
        let device_state = &self.devices[index];
        let device = device_state.device;
        let answers = fault != Fault::PrinterGone
            && device_state
                .sealing()
                .is_some_and(|sealing| sealing.nobody_to_ask.is_none());
        let instruction = format!(
            "document {id} is not settled: {fault}; read the paper or the printer's own journal, then declare what became of the \
             document: `ferrotill settle {id} --registered` or `--not-registered`, with `--by` and your name"
        );
        tracing::error!(event = "repair", problem = ProblemKind::DOCUMENT_WAITS.id(), %device, %id, "{instruction}");
        let live_status = &self.settings.live_status;
        live_status.printer_unproven(device, id, instruction, answers);
    }

    /// Writes to the live status, again after the printer was connected, that nobody can be asked about the outstanding document.
    pub(super) fn publish_nobody_to_ask(&self, index: DevicePlace) {
        let device_state = &self.devices[index];
        if let Some(sealing) = device_state.sealing()
            && let Some(fault) = sealing.nobody_to_ask
        {
            self.report_unproven(index, sealing.id, fault);
        }
    }

    /// Writes to the live status that a person has settled a document about which nobody could be asked.
    fn publish_settled_by_person(&self, index: DevicePlace, sealing: Option<&SealingDocument>) {
        if sealing.is_some_and(|sealing| sealing.nobody_to_ask.is_some()) {
            let device_state = &self.devices[index];
            let connected = device_state.baseline.is_some();
            let live_status = &self.settings.live_status;
            live_status.person_settled(device_state.device, connected);
        }
    }

    /// The printer's thread has released the document, or nobody can be asked about it. Writes the declaration, and the seal or void
    /// that it justifies, and answers the callers of the declaration.
    pub(super) fn write_declaration(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        declaration: &Declaration,
        fault: Fault,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Declaration { id, paper, by } = declaration;
        let why = fault.to_string();
        let declared = Declared {
            id: document_id(*id),
            at: self.settings.guard.now(),
            paper: *paper,
            by,
            fault: fault.code(),
            why: &why,
        };
        if let Err(refusal) = self.decide(batch, index, &Command::Declare(declared))? {
            // An earlier batch wrote the outcome, although its commit returned an error (`Clerk::on_write_error`).
            tracing::warn!(%id, "a declared document is not outstanding any more: {refusal}");
            let outcome = DeclarationOutcome::NotOutstanding;
            self.answer_pending_declaration(index, *id, &outcome, effects);
            let device_state = &mut self.devices[index];
            device_state.take_sealing(*id);
            let live_status = &self.settings.live_status;
            live_status.outcome_known(device_state.device, *id);
            return Ok(());
        }
        let message = format!("{by} has declared that the document was not printed; {why}");
        let command = match paper {
            PaperSays::Registered { document } => Command::Settle(
                declared.id,
                Seal::Printer {
                    document: document.map_or(0, u32::from),
                    fiscal_receipt: None,
                    counters: None,
                    printed_at: None,
                },
            ),
            PaperSays::NotRegistered => Command::Void(declared.id, declared.fault, &message),
        };
        self.decide(batch, index, &command)?
            .map_err(|refusal| StoreError::NotBooked { refusal })?;
        let device = self.devices[index].device;
        self.settled_left_behind(batch, index)?;
        // As after a start: when the printer is connected, its counters are compared with the last ones in the journal.
        let known_counters = batch.printer_counters(device, baseline_of)?;
        self.devices[index].known_counters = known_counters;
        self.answer_pending_declaration(index, *id, &DeclarationOutcome::Booked, effects);
        let sealing = self.devices[index].take_sealing(*id);
        self.settings.live_status.outcome_known(device, *id);
        self.publish_settled_by_person(index, sealing.as_ref());
        tracing::warn!(event = "repair", %device, %id, %by, ?paper, "an operator's declaration has settled a document that the printer could not prove: {why}");
        match paper {
            PaperSays::Registered { .. } => Self::after_seal(*id, sealing, effects),
            // No alternative receipt is made: the operator reads the paper long after the buyer has left.
            PaperSays::NotRegistered => effects.extend(sealing.map(|sealing| {
                let error = format!("{fault:?}");
                Effect::Respond(sealing.callers, Answer::NotRegistered { error, message })
            })),
        }
        Ok(())
    }
}
