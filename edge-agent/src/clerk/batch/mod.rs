//! The shop floor: what happens to a message inside a batch.

mod alternative;
mod deadlines;
mod fiscal_numbers;
mod operator;
mod orders;
mod printer_day;
mod sealing;
mod slip;

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use ferrotill_core::budget::{Budget, Unsent};
use ferrotill_core::event::{Configuration, Event, Switched};
use ferrotill_core::id::{DocumentId, Fingerprint};
use ferrotill_core::profile::Profile;
use ferrotill_core::receipt::LineTotals;
use ferrotill_core::till::Command;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::device_state::{
    Answer, Caller, DeclarationOutcome, DeviceState, DrawerPulse, Printing, SealingDocument, Slip,
};
use super::{AuthorityNews, Message};
use crate::order::OrderForm;
use crate::seal::printer::job::baseline_of;
use crate::seal::printer::{News, PrinterTask, Task};
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::{Batch, Store, StoreError};

/// What the floor works with and never changes.
#[derive(Debug)]
pub struct ClerkSettings {
    /// The country's law.
    pub profile: &'static dyn Profile,
    /// The machine's clocks, for deadlines.
    pub clock: Arc<Clock>,
    /// The guarded clock: the time of documents, and what is spent of the budgets.
    pub guard: Arc<GuardedClock>,
    /// The owner's own budget of selling without the office.
    pub owner_budget: Budget,
    /// The board that everybody reads.
    pub live_status: Arc<LiveStatus>,
    /// Wakes the sender of documents.
    pub wake_sender: Arc<Notify>,
}

/// A device as it is to be set up.
#[derive(Debug)]
pub struct DevicePlan {
    /// Its id.
    pub device: Uuid,
    /// Its tables.
    pub configuration: Configuration,
    /// Its printer's task.
    pub printer: PrinterTask,
    /// Where a Z-report is booked that the printer makes on its own.
    pub point_of_sale: Uuid,
    /// The serial number that the printer's address names.
    pub serial: Option<String>,
}

/// What is let out once the batch is durable.
#[derive(Debug)]
pub(super) enum Effect {
    /// An answer to one or more callers.
    Respond(Vec<Caller>, Answer),
    /// A task for a desk's printer.
    Print(usize, Box<Task>),
    /// A slip for a desk's printer, once it is free.
    Slip(usize, Box<Slip>),
    /// A decision is durable.
    Decided(SyncSender<bool>),
    /// An answer about the drawer.
    Drawer(oneshot::Sender<Result<(), String>>, Result<(), String>),
    /// An answer about a person's word.
    RespondDeclaration(Vec<oneshot::Sender<DeclarationOutcome>>, DeclarationOutcome),
    /// There is something new in the outbox.
    WakeSender,
}

/// All desks.
#[derive(Debug)]
pub(super) struct Tills {
    setting: Arc<ClerkSettings>,
    devices: Vec<DeviceState>,
    plans: Vec<Configuration>,
    /// What waits to be told to the office.
    unsent: Unsent,
    /// When the clock was last stored.
    clock_stored: Instant,
    lines: Vec<LineTotals>,
    bytes: Vec<u8>,
    room: Vec<u8>,
}

/// Bytes for one event: 512 lines with names and comments of 400 bytes, and room to spare.
const EVENT_BYTES_MAX: usize = 512 * 1024;
/// What a caller is told who names a device that the configuration does not have.
const NO_SUCH_DEVICE: &str = "the agent has no such device";
/// Rows of the journal between two snapshots of a till.
const SNAPSHOT_EVERY: i64 = 256;
/// While nothing else is written, the clock is stored so often: more may be lost of neither the highest time nor the budgets.
const CLOCK_STORED_EVERY: Duration = Duration::from_secs(60);

impl Tills {
    pub(super) fn open(
        store: &Store,
        setting: Arc<ClerkSettings>,
        plans: Vec<DevicePlan>,
    ) -> Result<Self, StoreError> {
        let mut devices = Vec::with_capacity(plans.len());
        let mut configurations = Vec::with_capacity(plans.len());
        for plan in plans {
            let till = store.load_till(plan.device)?;
            setting.live_status.count_numbers(plan.device, &till);
            let seen = store.printer_counters(plan.device, baseline_of)?;
            devices.push(DeviceState {
                point_of_sale: plan.point_of_sale,
                serial: plan.serial,
                seen,
                ..DeviceState::new(plan.device, till, plan.printer)
            });
            configurations.push(plan.configuration);
        }
        let lines = vec![LineTotals::default(); setting.profile.facts().lines_max];
        let clock_stored = setting.clock.monotonic();
        Ok(Self {
            setting,
            devices,
            plans: configurations,
            unsent: Unsent::default(),
            clock_stored,
            lines,
            bytes: vec![0; EVENT_BYTES_MAX],
            room: vec![0; EVENT_BYTES_MAX],
        })
    }

    /// Adopts the configuration where it has changed.
    pub(super) fn adopt(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        for index in 0..self.devices.len() {
            if *self.devices[index].till.configuration() != self.plans[index] {
                let plan = self.plans[index].clone();
                let outcome = self.decide(batch, index, &Command::Adopt(&plan))?;
                if let Err(refusal) = outcome {
                    return Err(StoreError::Configuration {
                        device: self.devices[index].device,
                        refusal,
                    });
                }
            }
        }
        Ok(())
    }

    /// Finds out what became of documents that were given to a printer before the start, or before trouble with the books.
    pub(super) fn resume_outstanding(
        &mut self,
        batch: &Batch<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        for index in 0..self.devices.len() {
            let device_state = &self.devices[index];
            if matches!(device_state.printing, Printing::Document) {
                continue;
            }
            let Some(outstanding) = device_state.current().outstanding() else {
                continue;
            };
            let cancel_decided = outstanding.cancel_decided;
            let Some(row) = batch.request(device_state.device, outstanding.id)? else {
                continue;
            };
            let stored_document = batch.document(row)?;
            let Some(document) =
                self.document_of(batch, index, &stored_document, cancel_decided)?
            else {
                continue;
            };
            let device_state = &mut self.devices[index];
            device_state.active = Some(SealingDocument {
                id: document.id,
                fingerprint: Fingerprint(stored_document.row.fingerprint),
                form: None,
                callers: Vec::new(),
                attempts: 0,
            });
            device_state.printing = Printing::Document;
            tracing::info!(id = %document.id, "asking the printer what became of an outstanding document");
            let task = Box::new(Task::Recover(document));
            effects.push(Effect::Print(index, task));
        }
        Ok(())
    }

    /// Printers without an outstanding document may begin; the others were told to find out first.
    pub(super) fn begin(&mut self) {
        for device_state in &self.devices {
            device_state.printer.ask(Task::Begin);
        }
    }

    /// Gives free printers the slips and pulses that came out of a batch.
    pub(super) fn start_idle_printers(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for index in 0..self.devices.len() {
            self.advance_printer(index, &mut effects);
        }
        effects
    }

    /// The batch is durable: the copies of the tills become the tills.
    pub(super) fn commit(&mut self) {
        for device_state in &mut self.devices {
            if let Some(till) = device_state.working.take() {
                device_state.till = till;
                self.setting
                    .live_status
                    .count_numbers(device_state.device, &device_state.till);
            }
        }
        self.publish_number_stock();
    }

    /// The batch is not durable, or nobody knows: callers are told so, and what was not let out is forgotten.
    pub(super) fn roll_back(&mut self, effects: Vec<Effect>, kept: &[Message], words: &str) {
        let answer = Answer::Unknown {
            message: words.to_owned(),
        };
        self.fail_declarations(words);
        for effect in effects {
            match effect {
                Effect::Respond(callers, _) => respond(callers, &answer),
                Effect::RespondDeclaration(replies, _) => {
                    respond_declaration(replies, &DeclarationOutcome::Unknown(words.to_owned()))
                }
                // It was not asked, and nobody waits for it any more.
                Effect::Print(index, task) if matches!(*task, Task::Release(_)) => {
                    self.devices[index].declaring = None;
                }
                Effect::Print(index, _) => self.devices[index].take_back(),
                Effect::Slip(_, slip) => respond(slip.callers, &answer),
                Effect::WakeSender => {}
                Effect::Decided(reply) => reply.send(false).unwrap_or(()),
                Effect::Drawer(reply, _) => drop(reply.send(Err(words.to_owned()))),
            }
        }
        for device_state in &mut self.devices {
            device_state.working = None;
            let callers = device_state.take_waiters();
            respond(callers, &answer);
            // What the printer works on is in the books since an earlier batch; anything else may never have been.
            device_state.active = device_state
                .active
                .take_if(|_| matches!(device_state.printing, Printing::Document));
        }
        for message in kept {
            if let Message::Printer(device, News::Settled(..) | News::Released(..)) = message
                && let Some(device_state) = self
                    .devices
                    .iter_mut()
                    .find(|device_state| device_state.device == *device)
            {
                // The printer has settled it, or let go of it; the message will be tried again.
                device_state.printing = Printing::Document;
            }
        }
    }

    /// Reads the tills again.
    pub(super) fn reload(&mut self, store: &Store) -> Result<(), StoreError> {
        for device_state in &mut self.devices {
            device_state.working = None;
            device_state.till = store.load_till(device_state.device)?;
            device_state.seen = store.printer_counters(device_state.device, baseline_of)?;
        }
        Ok(())
    }

    pub(super) fn monotonic(&self) -> Instant {
        self.setting.clock.monotonic()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.devices
            .iter()
            .filter_map(DeviceState::next_deadline)
            .min()
            .and_then(|deadline| deadline.checked_sub(deadlines::MARGIN))
    }

    /// Carries out what had to wait for the commit.
    pub(super) fn release_effect(&mut self, effect: Effect) {
        match effect {
            Effect::Respond(callers, answer) => respond(callers, &answer),
            Effect::Print(index, task) => self.devices[index].printer.ask(*task),
            Effect::Slip(index, slip) => self.devices[index].slips.push_back(*slip),
            Effect::Decided(reply) => reply.send(true).unwrap_or(()),
            Effect::Drawer(reply, outcome) => drop(reply.send(outcome)),
            Effect::RespondDeclaration(replies, hearing) => respond_declaration(replies, &hearing),
            Effect::WakeSender => self.setting.wake_sender.notify_one(),
        }
    }

    /// Counts what waits to be told, once for a batch, at its end; the next one goes on from there.
    pub(super) fn count_unsent(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        self.unsent = batch.unsent()?;
        self.setting.live_status.unsent_counted(self.unsent);
        Ok(())
    }

    /// Stores what the clock remembers, with whatever else is written, and once in a while by itself.
    pub(super) fn store_clock(
        &mut self,
        batch: &mut Batch<'_>,
        written: bool,
    ) -> Result<(), StoreError> {
        let now = self.monotonic();
        if written || now.saturating_duration_since(self.clock_stored) >= CLOCK_STORED_EVERY {
            self.clock_stored = now;
            // A look is a step: the time until now is charged before it is stored.
            self.setting.guard.now();
            batch.store_clock(&self.setting.guard.remembered())?;
        }
        Ok(())
    }

    /// Stores the tills as they are after so many rows, whoever wrote them: a quiet device must not replay a busy one's day.
    pub(super) fn snapshot(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        let seq = batch.seq();
        for device_state in &mut self.devices {
            if seq.saturating_sub(device_state.snapshot_seq) >= SNAPSHOT_EVERY {
                device_state.snapshot_seq = seq;
                batch.snapshot(
                    device_state.device,
                    device_state.working.as_ref().unwrap_or(&device_state.till),
                )?;
            }
        }
        Ok(())
    }

    pub(super) fn handle(
        &mut self,
        batch: &mut Batch<'_>,
        message: Message,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        match message {
            Message::Order {
                device,
                form,
                deadline,
                reply,
            } => {
                let caller = Caller {
                    reply,
                    deadline,
                    joined: false,
                };
                self.on_order(batch, device, *form, caller, effects)
            }
            Message::Drawer { device, reply } => {
                self.on_drawer(device, reply, effects);
                Ok(())
            }
            Message::Waiting { id, reply } => {
                let waits = self
                    .devices
                    .iter_mut()
                    .any(|device_state| device_state.waiting_for(id).is_some());
                let _ = reply.send(waits);
                Ok(())
            }
            Message::Declare { declaration, reply } => {
                self.on_declaration(*declaration, reply, effects);
                Ok(())
            }
            Message::Printer(device, news) => match self.index_of(device) {
                Some(index) => self.on_printer_news(batch, index, news, effects),
                None => Ok(()),
            },
            Message::DecideCancel(device, id, reply) => {
                self.on_decide_cancel(batch, device, id, reply, effects)
            }
            Message::Authority(news) => self.on_authority_news(batch, news),
            Message::Numbers(device, spans) => self.take_numbers(batch, device, &spans),
            Message::Stop => Ok(()),
        }
    }

    fn on_order(
        &mut self,
        batch: &mut Batch<'_>,
        device: Uuid,
        form: OrderForm,
        caller: Caller,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Some(index) = self.index_of(device) else {
            let message = NO_SUCH_DEVICE.to_owned();
            effects.push(Effect::Respond(
                vec![caller],
                Answer::Unavailable { message },
            ));
            return Ok(());
        };
        self.take_order(batch, index, form, caller, effects)
    }

    fn on_drawer(&mut self, device: Uuid, reply: DrawerPulse, effects: &mut Vec<Effect>) {
        let words = match self.index_of(device) {
            Some(index) if self.devices[index].printer_there() => {
                self.devices[index].pulses.push_back(reply);
                return;
            }
            Some(_) => "the printer cannot be reached; check its cable and power",
            None => NO_SUCH_DEVICE,
        };
        effects.push(Effect::Drawer(reply, Err(words.to_owned())));
    }

    /// A printer is about to cancel a document: the answer goes out once the decision is durable.
    fn on_decide_cancel(
        &mut self,
        batch: &mut Batch<'_>,
        device: Uuid,
        id: Uuid,
        reply: SyncSender<bool>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let decided = match self.index_of(device) {
            Some(index) => self
                .decide(batch, index, &Command::DecideCancel(document_id(id)))?
                .is_ok(),
            None => false,
        };
        effects.push(if decided {
            Effect::Decided(reply)
        } else {
            Effect::refuse(reply)
        });
        Ok(())
    }

    fn index_of(&self, device: Uuid) -> Option<usize> {
        self.devices
            .iter()
            .position(|device_state| device_state.device == device)
    }

    fn on_authority_news(
        &mut self,
        batch: &mut Batch<'_>,
        news: AuthorityNews,
    ) -> Result<(), StoreError> {
        let now = self.setting.guard.now();
        match news {
            AuthorityNews::Acknowledged { sealed_seqs } => {
                self.setting.guard.authority_answered();
                for sealed_seq in sealed_seqs {
                    batch.acknowledge(sealed_seq, now.utc_ms)?;
                }
                // What is told makes room for the sales of this very batch.
                self.count_unsent(batch)
            }
            AuthorityNews::Gone => {
                self.setting.guard.authority_gone();
                Ok(())
            }
            AuthorityNews::Refused { sealed_seq, words } => batch.note_refusal(sealed_seq, &words),
            AuthorityNews::Switched { from, to, reason } => {
                match to {
                    "online" => self.setting.guard.authority_answered(),
                    "offline" => self.setting.guard.authority_gone(),
                    _ => {}
                }
                let event = Event::Switched(Switched {
                    at: now,
                    from,
                    to,
                    reason: &reason,
                });
                let encoded = Encoded::of(&event, &mut self.room).ok_or(StoreError::TooLarge)?;
                // The office is the same for all devices.
                batch
                    .append(Uuid::nil(), now.utc_ms, &event, &encoded.payload)
                    .map(drop)
            }
        }
    }
}

impl Effect {
    /// A decision that was not made.
    fn refuse(reply: SyncSender<bool>) -> Self {
        let _ = reply.send(false);
        Self::Respond(
            Vec::new(),
            Answer::Unknown {
                message: String::new(),
            },
        )
    }
}

/// An event with its encoding.
struct Encoded {
    kind: u16,
    payload: Vec<u8>,
}

impl Encoded {
    fn of(event: &Event<'_>, room: &mut [u8]) -> Option<Self> {
        let payload = event.encode(room).ok()?.to_vec();
        Some(Self {
            kind: event.kind(),
            payload,
        })
    }

    fn event(&self) -> Result<Event<'_>, ferrotill_core::event::EventError> {
        Event::decode(self.kind, Event::VERSION, &self.payload)
    }
}

fn respond(callers: Vec<Caller>, answer: &Answer) {
    for caller in callers {
        let mut answer = answer.clone();
        if let Answer::Registered { replayed, .. } = &mut answer {
            // Whoever joined somebody else's wait sent the same request again.
            *replayed = *replayed || caller.joined;
        }
        // A caller who has gone asks again with the same id.
        drop(caller.reply.send(answer));
    }
}

fn respond_declaration(
    replies: Vec<oneshot::Sender<DeclarationOutcome>>,
    hearing: &DeclarationOutcome,
) {
    for reply in replies {
        // Whoever has gone asks again.
        drop(reply.send(hearing.clone()));
    }
}

fn document_id(id: Uuid) -> DocumentId {
    DocumentId(*id.as_bytes())
}

fn moment_of(event: &Event<'_>) -> Option<i64> {
    let moment = match event {
        Event::ConfigurationAdopted(_) => return None,
        Event::Reserved(reserved) => reserved.at,
        Event::CancelDecided(decided) => decided.at,
        Event::Sealed(sealed) => sealed.at,
        Event::Voided(voided) => voided.at,
        Event::Switched(switched) => switched.at,
        Event::NumbersGranted(granted) => granted.at,
        Event::ClosedByPrinter(closed) => closed.at,
        Event::Declared(declared) => declared.at,
    };
    Some(moment.utc_ms)
}
