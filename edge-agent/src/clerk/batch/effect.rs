//! What the clerk does only after the commit of a batch.

use std::sync::mpsc::SyncSender;

use ferrotill_store::{DeliveryChannel, EReceiptOutcome};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::answer::{
    Answer, AsideOutcome, Caller, DeclarationOutcome, DrawerOutcome, ResourceOutcome,
};
use super::super::devices::DevicePlace;
use super::super::message::ClockOutcome;
use super::{Tills, respond, respond_declaration};
use crate::order::provider::ProviderNewsOutcome;
use crate::payment::TerminalTask;
use crate::seal::printer::Task;
use crate::seal::signature::units::SigningTask;

/// What the clerk does only after the commit of a batch, so that what others learn is on disk.
#[derive(Debug)]
pub(in crate::clerk) enum Effect {
    /// Answer one or more callers of an order.
    Respond(Vec<Caller>, Answer),
    /// Send a task to the printer of the device with this index.
    Print(DevicePlace, Box<Task>),
    /// Have a prepared receipt signed.
    Sign(SigningTask),
    /// Send a task to the thread of this bank terminal.
    AskTerminal(Uuid, TerminalTask),
    /// Tell the printer's thread of the device with this index that the outcome of the document with this id is in the journal.
    ConfirmOutcome(DevicePlace, Uuid),
    /// Say whether a decision, such as that of a printer's thread to cancel, is on disk.
    Decided(SyncSender<bool>, bool),
    /// Say what became of news of a payment of a provider.
    ProviderNews(SyncSender<ProviderNewsOutcome>, ProviderNewsOutcome),
    /// Answer a request to open the drawer.
    Drawer(oneshot::Sender<DrawerOutcome>, DrawerOutcome),
    /// Answer the callers of an operator's declaration.
    RespondDeclaration(Vec<oneshot::Sender<DeclarationOutcome>>, DeclarationOutcome),
    /// Answer the caller that has corrected the time.
    ClockSet(oneshot::Sender<ClockOutcome>, ClockOutcome),
    /// Answer the caller that has laid a document aside.
    LaidAside(oneshot::Sender<AsideOutcome>, AsideOutcome),
    /// Answer the callers that have changed a resource.
    ResourceChanged(Vec<oneshot::Sender<ResourceOutcome>>, ResourceOutcome),
    /// A caller gets the outcome of a change to uploaded receipts.
    EReceipt(oneshot::Sender<EReceiptOutcome>, EReceiptOutcome),
    /// Wake the sender: the outbox has changed.
    WakeSender,
    /// Tell a caller that no document of its device is outstanding.
    Settled(oneshot::Sender<()>),
    /// A receipt for a buyer waits on this channel.
    Deliver(DeliveryChannel),
    /// Says that something is to be registered, or that the authority has answered.
    RegistrationsChanged,
    /// The document with this id was laid aside, and does not go to this recipient any more.
    NoLongerUnsendable(Uuid, String),
}

impl Tills {
    /// Carries out one effect after the commit.
    pub(in crate::clerk) fn release_effect(&mut self, effect: Effect) {
        match effect {
            Effect::Respond(callers, answer) => respond(callers, &answer),
            Effect::Print(index, task) => self.devices[index].printer.ask(*task),
            Effect::Sign(task) => {
                if let Some(signatures) = &self.settings.signatures {
                    signatures.ask(task);
                }
            }
            Effect::ConfirmOutcome(index, id) => {
                self.devices[index].printer.ask(Task::Confirm(id));
            }
            Effect::AskTerminal(terminal, task) => self.settings.terminals.ask(terminal, task),
            Effect::Decided(reply, decided) => reply.send(decided).unwrap_or(()),
            Effect::ProviderNews(reply, outcome) => drop(reply.send(outcome)),
            Effect::Drawer(reply, outcome) => drop(reply.send(outcome)),
            Effect::RespondDeclaration(replies, outcome) => respond_declaration(replies, &outcome),
            Effect::Settled(reply) => drop(reply.send(())),
            Effect::RegistrationsChanged => {
                if let Some(signatures) = &self.settings.signatures {
                    signatures.registrations_changed();
                }
            }
            Effect::WakeSender => {
                let workers = self.settings.wake_senders.iter();
                workers.for_each(|worker| worker.notify_one());
            }
            Effect::Deliver(channel) => self.wake_channel(channel),
            Effect::ClockSet(reply, outcome) => drop(reply.send(outcome)),
            Effect::LaidAside(reply, outcome) => drop(reply.send(outcome)),
            Effect::ResourceChanged(replies, outcome) => {
                for reply in replies {
                    // A caller whose connection has ended can ask for the resource.
                    drop(reply.send(outcome.clone()));
                }
            }
            // A caller whose connection has ended can ask for what it has changed.
            Effect::EReceipt(reply, outcome) => drop(reply.send(outcome)),
            Effect::NoLongerUnsendable(id, recipient) => {
                self.settings.live_status.laid_aside(id, &recipient);
            }
        }
    }
}
