//! Trouble with the journal: what remains of a batch that could not be written.
//!
//! All jobs that wait are dropped, and their callers get the answer that the outcome is unknown. Two things remain: the document that an
//! earlier batch has given to the printer's thread, and a job without a document that this thread has. If the thread had settled the
//! document in the lost batch, it has kept the outcome, and reports it again when the next batch asks what became of the document.

use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::answer::{
    Answer, AsideOutcome, DeclarationOutcome, DrawerOutcome, ResourceOutcome,
};
use super::super::device_state::{Activity, BusyJob, DeviceState};
use super::super::message::{ClockOutcome, Message};
use super::super::queue::Job;
use super::{Effect, Tills, respond, respond_declaration};
use crate::explanation::Explanation;
use crate::order::provider::ProviderNewsOutcome;
use crate::seal::printer::Task;
use ferrotill_store::EReceiptOutcome;

impl Tills {
    /// Drops the changes and effects of a batch that could not be written.
    ///
    /// `outcomes` are the devices and ids of the documents whose outcomes the batch contained.
    pub(in crate::clerk) fn roll_back(
        &mut self,
        effects: Vec<Effect>,
        outcomes: &[(Uuid, Uuid)],
        explained: &Explanation,
    ) {
        let reason: &str = &explained.for_callers();
        let answer = Answer::Unknown {
            message: reason.to_owned(),
        };
        self.document_lines.clear();
        self.established_is_stored = false;
        self.fail_declarations(reason);
        if let Some(before) = self.clock_before.take() {
            self.settings.guard.undo(&before);
        }
        for effect in effects {
            match effect {
                Effect::Respond(callers, _) => respond(callers, &answer),
                Effect::RespondDeclaration(replies, _) => {
                    let outcome = DeclarationOutcome::Unknown(reason.to_owned());
                    respond_declaration(replies, &outcome);
                }
                // The printer's thread was not asked, and the callers of the declaration were answered above.
                Effect::Print(index, task) if matches!(*task, Task::Release(_)) => {
                    if let Some(sealing) = self.devices[index].sealing_mut() {
                        sealing.declaration = None;
                    }
                }
                // The printer's thread has not got the job that the device has begun in this batch.
                Effect::Print(index, _) => {
                    let begun = std::mem::take(&mut self.devices[index].activity);
                    drop_activity(begun, &answer, reason);
                }
                // What became of the drawer does not depend on the journal.
                Effect::Drawer(reply, outcome) => drop(reply.send(outcome)),
                Effect::Decided(reply, _) => reply.send(false).unwrap_or(()),
                Effect::ProviderNews(reply, _) => {
                    let _ = reply.send(ProviderNewsOutcome::Unknown);
                }
                // A caller whose connection has ended can send the correction again.
                Effect::ClockSet(reply, _) => {
                    drop(reply.send(ClockOutcome::Unknown(reason.to_owned())));
                }
                Effect::LaidAside(reply, _) => {
                    drop(reply.send(AsideOutcome::Unknown(reason.to_owned())));
                }
                // It is not known whether the order is in the store, so its channel looks.
                Effect::Deliver(channel) => self.wake_channel(channel),
                Effect::ResourceChanged(replies, _) => not_known(replies, reason),
                Effect::EReceipt(reply, _) => {
                    drop(reply.send(EReceiptOutcome::NotKnown(reason.to_owned())));
                }
                // The receipt is not prepared, or the next batch has it signed.
                Effect::Sign(_)
                | Effect::AskTerminal(..)
                | Effect::WakeSender
                | Effect::Settled(_)
                | Effect::RegistrationsChanged
                | Effect::ConfirmOutcome(..)
                | Effect::NoLongerUnsendable(..) => {}
            }
        }
        self.drop_all_jobs(outcomes, &answer, reason);
        respond(self.take_terminal_callers(), &answer);
        self.dropped.answer(&answer);
    }

    /// Drops the jobs of all devices, and the documents whose outcomes could not be written.
    fn drop_all_jobs(&mut self, outcomes: &[(Uuid, Uuid)], answer: &Answer, reason: &str) {
        for device_state in &mut self.devices {
            drop_jobs(device_state, answer, reason);
            // The printer's thread has finished these documents. The next batch asks the thread for the outcome.
            for (device, id) in outcomes {
                if *device == device_state.device {
                    device_state.take_sealing(*id);
                }
            }
        }
    }
}

impl Tills {
    /// Answers the sender of a message that was not handled, because the store cannot be written.
    pub(in crate::clerk) fn refuse_message(&self, message: Message, reason: &str) {
        let reason = reason.to_owned();
        match message {
            Message::Order { reply, .. }
            | Message::Duplicate { reply, .. }
            | Message::Paper { reply, .. } => {
                drop(reply.send(Answer::Unknown { message: reason }));
            }
            Message::Drawer { reply, .. } => drop(reply.send(DrawerOutcome::NotOpened(reason))),
            Message::Waiting { id, reply } => drop(reply.send(self.waiting_order(id))),
            Message::Declare { reply, .. } => {
                drop(reply.send(DeclarationOutcome::Unknown(reason)));
            }
            Message::LayAside { reply, .. } => drop(reply.send(AsideOutcome::Unknown(reason))),
            Message::ChangeResource { reply, .. }
            | Message::NoteReceipt { reply, .. }
            | Message::NotePerson { reply, .. }
            | Message::GoOn { reply, .. }
            | Message::OrderOfRegister { reply, .. } => {
                drop(reply.send(ResourceOutcome::NotKnown(reason)));
            }
            Message::EReceipt { reply, .. } => drop(reply.send(EReceiptOutcome::NotKnown(reason))),
            Message::SetClock { reply, .. } => drop(reply.send(ClockOutcome::Unknown(reason))),
            Message::DecideCancel(_, _, reply)
            | Message::DeliveryEnded { reply, .. }
            | Message::OrderCopy { reply, .. } => reply.send(false).unwrap_or(()),
            Message::Provider(_, reply) => {
                let _ = reply.send(ProviderNewsOutcome::Unknown);
            }
            // What these report is kept for the next transaction, or asked for again.
            Message::Printer(..)
            | Message::WhenSettled { .. }
            | Message::Terminal(_)
            | Message::Authority(_)
            | Message::Numbers(..)
            | Message::Registration(_)
            | Message::Signed(..)
            | Message::HealthCheck
            | Message::Stop => {}
        }
    }
}

/// Answers callers whose change of a resource could not be written.
fn not_known(replies: Vec<oneshot::Sender<ResourceOutcome>>, reason: &str) {
    for reply in replies {
        // A caller whose connection has ended can ask for the resource.
        drop(reply.send(ResourceOutcome::NotKnown(reason.to_owned())));
    }
}

/// Drops all jobs that wait for a device, and the changes of its till. The callers of the unsettled document are answered too, because its
/// outcome cannot be written now.
fn drop_jobs(device_state: &mut DeviceState, answer: &Answer, reason: &str) {
    device_state.uncommitted = None;
    for job in device_state.queue.take_all() {
        match job {
            Job::Order(order) => respond(order.callers, answer),
            // The document has a note that its slip is not printed.
            Job::Slip(slip) => respond(slip.callers, answer),
            Job::Drawer(request) => {
                let outcome = DrawerOutcome::NotOpened(reason.to_owned());
                drop(request.reply.send(outcome));
            }
        }
    }
    if let Some(sealing) = device_state.sealing_mut() {
        respond(std::mem::take(&mut sealing.callers), answer);
    }
    if let Some(signing) = device_state.signing.take() {
        respond(signing.callers, answer);
    }
    device_state.unit_asked = false;
}

/// Answers the callers of a job that was never given to the printer's thread.
fn drop_activity(activity: Activity, answer: &Answer, reason: &str) {
    match activity {
        Activity::Idle => {}
        Activity::Busy(BusyJob::Slip(slip)) => respond(slip.callers, answer),
        Activity::Busy(BusyJob::Drawer(opening)) => {
            if let Some(reply) = opening.reply {
                drop(reply.send(DrawerOutcome::NotOpened(reason.to_owned())));
            }
        }
        Activity::Unsettled(sealing) => respond(sealing.callers, answer),
    }
}
