//! Sealing by the fiscal printer: documents, slips and drawer requests go to its thread, and its news comes back.

use std::time::Duration;

use ferrotill_core::document::Body;
use ferrotill_core::printer_time::PrinterTime;
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::till::Command;
use ferrotill_core::time::Moment;
use ferrotill_device::Fault;
use ferrotill_device::printer::Connected;
use uuid::Uuid;

use super::super::answer::{Answer, DeclarationOutcome, DrawerOutcome};
use super::super::device_state::{Activity, BusyJob, DeviceState, SealingDocument};
use super::super::devices::DevicePlace;
use super::super::queue::QueuedOrder;
use super::orders::Reservation;
use super::{Effect, Tills, deliveries, document_id};
use crate::explanation::Explanation;
use crate::order::{OrderKind, ReceiptMode};
use crate::seal::printer::job::seal_of;
use crate::seal::printer::{DocumentSlip, News, Remark, SealingJob, Settled, Task};
use crate::seal::{NumberSeal, Preparation, Unsealed, WAITED_FOR};
use crate::status::problems::ProblemKind;
use ferrotill_store::{Batch, StoreError, StoredDocument};

impl Tills {
    /// Seals a reserved document at once, or gives it to the printer's thread after the commit.
    pub(super) fn begin(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        reservation: Reservation,
        entry: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Reservation {
            document,
            preparation,
        } = reservation;
        effects.extend(document.contact.iter().flat_map(deliveries::wake));
        let job = match preparation {
            Preparation::AtOnce(seal) => {
                return self.seal_at_once(batch, index, &document, &seal, entry, effects);
            }
            Preparation::Sign(job) => {
                return self.begin_signing(batch, index, &job, Some(entry), effects);
            }
            Preparation::Later(job) => job,
        };
        self.devices[index].activity = Activity::Unsettled(Box::new(SealingDocument {
            id: entry.form.id,
            fingerprint: entry.fingerprint,
            form: Some(entry.form),
            callers: entry.callers,
            attempts: entry.attempts,
            asked_in_vain: false,
            nobody_to_ask: None,
            declaration: None,
        }));
        effects.push(Effect::Print(index, Box::new(Task::Perform(*job))));
        Ok(())
    }

    /// Seals a document with a number of the till, and queues its slip if the order or the device asks for one.
    fn seal_at_once(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        document: &StoredDocument,
        seal: &NumberSeal,
        entry: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let settle = Command::Settle(document_id(entry.form.id), seal.seal());
        // The same till gave the number before the document was reserved in this batch, so that no refusal is expected.
        if let Err(refusal) = self.decide(batch, index, &settle)? {
            return Err(StoreError::Number {
                found: refusal.to_string(),
            });
        }
        if matches!(seal, NumberSeal::Journal)
            && matches!(entry.form.kind, OrderKind::Report { z: true })
            && self.needs_printer(false)
        {
            tracing::warn!(
                device = %self.devices[index].device,
                id = %entry.form.id,
                "the shift has alternative receipts only and the printer cannot be reached: the journal closes the shift, and no \
                 Z-report is printed"
            );
        }
        effects.push(Effect::WakeSender);
        let paper = if entry.form.on_paper {
            self.slip_after_seal(batch, index, document, seal, &entry.form.kind)?
        } else {
            None
        };
        self.print_after_seal(batch, index, document, entry, paper, effects)
    }

    /// The slip of a document that was just sealed with a number of the till, and the note that the document has until it is printed;
    /// `None` if the order or the device asks for none.
    fn slip_after_seal(
        &self,
        batch: &Batch<'_>,
        index: DevicePlace,
        document: &StoredDocument,
        seal: &NumberSeal,
        ordered: &OrderKind,
    ) -> Result<Option<(DocumentSlip, &'static str)>, StoreError> {
        let not_yet = match (seal, ordered) {
            (NumberSeal::Range { .. }, OrderKind::Sale { print: true, .. }) => {
                "the slip is not printed yet"
            }
            (NumberSeal::FiscalNumber(_), OrderKind::Sale { .. } | OrderKind::Refund { .. })
                if self.devices[index].printer.has_printer() =>
            {
                "the receipt is not printed yet"
            }
            (_, OrderKind::Nonfiscal { print: true, .. }) => "the text is not printed yet",
            _ => return Ok(None),
        };
        let row = batch.request_anywhere(document_id(document.row.id))?;
        let sealed = row.map(|row| batch.document(row)).transpose()?;
        let slip = sealed.and_then(|sealed| self.slip_of(index, &sealed, false));
        Ok(slip.map(|slip| (slip, not_yet)))
    }

    /// What the printer's thread needs to recover an outstanding document.
    ///
    /// `None` for a document that no printer takes part in, or whose original sale was not printed.
    pub(super) fn recovery_job_of(
        &self,
        batch: &Batch<'_>,
        index: DevicePlace,
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
        let prepared = self.device_sealer().prepare(&Unsealed {
            device: self.devices[index].device,
            till: self.devices[index].current_till(),
            reserved: &reserved,
            original: original.as_ref(),
            printer_ahead_ms: self.printer_ahead_ms(original.as_ref()),
            wanted: None,
            currency: self.settings.profile.facts().currency,
            seller: &self.settings.seller,
            facts: self.settings.profile.facts(),
            cancel_decided,
            given_up_at: self.after(WAITED_FOR.saturating_sub(self.age(reserved.at))),
            module_request: None,
        });
        Ok(match prepared {
            Ok(Preparation::Later(job)) => Some(*job),
            Ok(Preparation::AtOnce(_) | Preparation::Sign(_)) | Err(_) => None,
        })
    }

    /// The time since a moment of the journal, by the guarded clock.
    fn age(&self, moment: Moment) -> Duration {
        let since = self
            .settings
            .guard
            .now()
            .utc_ms
            .saturating_sub(moment.utc_ms);
        Duration::from_millis(u64::try_from(since).unwrap_or(0))
    }

    pub(super) fn on_printer_news(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        news: News,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let device_state = &mut self.devices[index];
        match news {
            News::Ready(connected) => self.on_connected(index, &connected),
            News::Remark(remark) => self.on_remark(index, remark),
            News::LastZ(day) => device_state.last_z = Some(*day),
            News::Counters(counters) => {
                // A document that the printer's thread works on brings the counters with its outcome.
                if !device_state.printer_has_document() {
                    device_state.baseline = Some(*counters);
                }
            }
            News::Lost(reason) => self.on_connection_lost(index, &reason, effects),
            News::SlipDone(id, reason, after) => {
                device_state.baseline = after;
                self.slip_done(batch, index, id, reason.as_deref(), effects)?;
            }
            News::DrawerDone(outcome, after) => {
                device_state.baseline = after;
                effects.extend(drawer_done(device_state, outcome));
            }
            News::Unproven(id, fault) => {
                device_state.set_asked_in_vain(true);
                self.report_unproven(index, id, fault);
            }
            News::ReleaseRefused(id, reason) => {
                self.answer_pending_declaration(
                    index,
                    id,
                    &DeclarationOutcome::CanStillSay(reason),
                    effects,
                );
            }
            News::NumberNotPrinted(id, last) => {
                let outcome = DeclarationOutcome::NumberNotPrinted(last);
                self.answer_pending_declaration(index, id, &outcome, effects);
            }
            News::Released(declaration, fault) => {
                // The printer's thread has dropped its counters too, and reads them when it connects again.
                device_state.baseline = None;
                effects.push(Effect::ConfirmOutcome(index, declaration.id));
                self.write_declaration(batch, index, &declaration, fault, effects)?;
            }
            News::Settled(id, settled) => {
                // An outcome that the printer has settled has priority over a declaration that arrives at the same moment.
                self.answer_pending_declaration(
                    index,
                    id,
                    &DeclarationOutcome::NotOutstanding,
                    effects,
                );
                self.settle(batch, index, id, *settled, effects)?;
            }
        }
        let device_state = &mut self.devices[index];
        if device_state.baseline.is_some() {
            device_state.printer_lost = None;
        }
        Ok(())
    }

    fn on_remark(&mut self, index: DevicePlace, remark: Remark) {
        let device_state = &mut self.devices[index];
        let live_status = &self.settings.live_status;
        match remark {
            Remark::UnknownAnswers(answers) => {
                live_status.printer_answers_unknown(device_state.device, &answers);
            }
            Remark::Condition(explained) => {
                if let Some(explained) = &explained {
                    tracing::warn!(event = "condition", problem = ProblemKind::PRINTER_CONDITION.id(), device = %device_state.device, "{explained}");
                }
                live_status.printer_condition(device_state.device, explained);
            }
            Remark::Doubts(doubts) => {
                for doubt in &doubts {
                    tracing::warn!(event = "objection", problem = ProblemKind::OBJECTIONS.id(), device = %device_state.device, "{doubt}");
                }
                device_state.doubts = doubts;
                self.publish_objections(index);
            }
            Remark::Clock(shown) => self.printer_clock_read(index, Some(shown)),
        }
    }

    /// The printer is connected. Its clock is given to the guarded clock, and its tax rates are compared with the configured ones.
    fn on_connected(&mut self, index: DevicePlace, connected: &Connected) {
        let device_state = &mut self.devices[index];
        tracing::info!(event = "condition", device = %device_state.device, model = connected.model, port = connected.address, "the printer is connected");
        let live_status = &self.settings.live_status;
        let outstanding = device_state.sealing().map(|sealing| sealing.id);
        live_status.printer_ready(device_state.device, connected, outstanding);
        if let Some(clock) = &connected.clock {
            self.settings
                .guard
                .printer_says(&connected.baseline.serial, clock);
        }
        device_state.baseline = Some(connected.baseline.clone());
        device_state.set_asked_in_vain(false);
        let clock = connected.clock.as_deref().and_then(PrinterTime::read);
        self.printer_clock_read(index, clock);
        self.check_printer_rates(index, connected);
        self.publish_objections(index);
        self.publish_nobody_to_ask(index);
    }

    /// The printer cannot be reached. Its thread keeps a document that it is working on and goes on asking.
    fn on_connection_lost(
        &mut self,
        index: DevicePlace,
        reason: &Explanation,
        effects: &mut Vec<Effect>,
    ) {
        let device_state = &mut self.devices[index];
        tracing::warn!(event = "condition", problem = ProblemKind::PRINTER.id(), device = %device_state.device, "{reason}");
        let live_status = &self.settings.live_status;
        live_status.printer_lost(device_state.device, reason);
        device_state.printer_lost = Some(reason.to_string());
        device_state.set_asked_in_vain(true);
        if !device_state.printer_has_document() {
            device_state.baseline = None;
        }
        // Drawer requests fail now: opened later, the drawer would be open while nobody watches it.
        for request in device_state.queue.take_drawer_requests() {
            let outcome = DrawerOutcome::NotOpened(reason.to_string());
            effects.push(Effect::Drawer(request.reply, outcome));
        }
    }

    /// The printer has settled a document: it is sealed and gets its numbers, or it is voided.
    pub(super) fn settle(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        id: Uuid,
        settled: Settled,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let device_state = &mut self.devices[index];
        let sealing = device_state.take_sealing(id);
        let live_status = &self.settings.live_status;
        live_status.outcome_known(device_state.device, id);
        effects.push(Effect::ConfirmOutcome(index, id));
        let outcome = match settled {
            Settled::Registered(registered) => {
                device_state.baseline = Some(registered.after.clone());
                self.settings
                    .live_status
                    .printer_answers(device_state.device);
                self.compare_printer_clock(index);
                let command = Command::Settle(document_id(id), seal_of(&registered));
                let last_z = self.devices[index].current_till().last_z();
                let outcome = self.decide(batch, index, &command)?;
                let device_state = &mut self.devices[index];
                if device_state.current_till().last_z() != last_z {
                    // The till's own Z-report has closed the printer's day. Without this line the till would take it for a
                    // Z-report that the printer made by itself.
                    device_state.known_counters = Some(registered.after);
                    self.counters_compared(index);
                }
                if outcome.is_ok() {
                    Self::after_seal(id, sealing, effects);
                }
                outcome
            }
            Settled::NotBegun(no_document) | Settled::Absent(_, no_document) => {
                device_state.baseline.clone_from(&no_document.after);
                if device_state.baseline.is_some() {
                    self.settings
                        .live_status
                        .printer_answers(device_state.device);
                }
                let fault = no_document.fault;
                let message = match no_document.detail.as_str() {
                    "" => fault.to_string(),
                    detail => format!("{fault}: {detail}"),
                };
                let command = Command::Void(document_id(id), fault.code(), &message);
                let outcome = self.decide(batch, index, &command)?;
                // The printer's day is checked first: an alternative receipt instead of the voided document belongs to the
                // shift that is open afterwards.
                self.check_printer_day(batch, index, effects)?;
                if outcome.is_ok() {
                    self.after_void(batch, index, sealing, (fault, message), effects)?;
                }
                outcome
            }
        };
        if let Err(refusal) = outcome {
            // An earlier batch wrote the outcome, although its commit returned an error (`Clerk::on_write_error`).
            tracing::warn!(%id, "a settled document is not outstanding any more: {refusal}");
        }
        Ok(())
    }

    /// After a seal: wakes the sender and answers the callers.
    pub(super) fn after_seal(
        id: Uuid,
        sealing: Option<SealingDocument>,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::WakeSender);
        let Some(sealing) = sealing else { return };
        let answer = Answer::Registered {
            id,
            replayed: false,
        };
        effects.push(Effect::Respond(sealing.callers, answer));
    }

    /// After a void: the order is tried again, or becomes an alternative receipt if its mode asks for that, or its callers get the
    /// answer that it is not registered.
    fn after_void(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        sealing: Option<SealingDocument>,
        (fault, message): (Fault, String),
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Some(SealingDocument {
            form,
            callers,
            fingerprint,
            attempts,
            ..
        }) = sealing
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
        let has_alternative = device_state
            .current_till()
            .configuration()
            .alternative_receipts;
        let mode = form.mode();
        let attempts = attempts.saturating_add(1);
        let entry = QueuedOrder {
            form,
            fingerprint,
            unique: Uuid::now_v7(),
            callers,
            attempts,
            is_decided: true,
        };
        if fault == Fault::BaselineDiffers
            && device_state.baseline.is_some()
            && attempts < ATTEMPTS_MAX
        {
            // The counters differed because the printer was used at its keyboard. Nothing was begun, and the counters are known now.
            device_state.queue.put_back(entry);
            return Ok(());
        }
        if mode == ReceiptMode::FiscalThenAlternative && has_alternative {
            return match self.reserve(batch, index, &entry, true)? {
                Ok(reservation) => self.begin(batch, index, reservation, entry, effects),
                Err(refused) => self.refuse(batch, entry, refused, effects),
            };
        }
        let card = match entry.form.terminals.is_paid() {
            true => {
                "; the money of the card has moved, and the till moves it back on the bank terminal"
            }
            false => "",
        };
        let message = format!("{message}{card}");
        effects.push(Effect::Respond(
            entry.callers,
            Answer::NotRegistered { error, message },
        ));
        Ok(())
    }
}

/// How often an order is given to the printer at most.
const ATTEMPTS_MAX: u8 = 3;

/// The answer to the caller whose drawer request the printer has ended.
fn drawer_done(device_state: &mut DeviceState, outcome: DrawerOutcome) -> Option<Effect> {
    match device_state.take_busy() {
        Some(BusyJob::Drawer(opening)) => {
            let reply = opening.reply?;
            Some(Effect::Drawer(reply, outcome))
        }
        _ => None,
    }
}
