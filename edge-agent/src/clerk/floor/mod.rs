//! The shop floor: what happens to a message inside a batch.

mod day;
mod declared;
mod numbered;
mod orders;
mod patience;
mod printing;

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

use super::desk::{Active, Answer, Desk, Hearing, Printing, Slip, Waiter};
use super::{Message, OfficeNews};
use crate::board::Board;
use crate::clock::Clock;
use crate::guard::GuardedClock;
use crate::job::baseline_of;
use crate::printer::{News, PrinterTask, Task};
use crate::store::{Batch, Store, StoreError};

/// What the floor works with and never changes.
#[derive(Debug)]
pub struct Setting {
    /// The country's law.
    pub profile: &'static dyn Profile,
    /// The machine's clocks, for deadlines.
    pub clock: Arc<Clock>,
    /// The guarded clock: the time of documents, and what is spent of the budgets.
    pub guard: Arc<GuardedClock>,
    /// The owner's own budget of selling without the office.
    pub house: Budget,
    /// The board that everybody reads.
    pub board: Arc<Board>,
    /// Wakes the sender of documents.
    pub wake_sender: Arc<Notify>,
}

/// A device as it is to be set up.
#[derive(Debug)]
pub struct DeskPlan {
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
    Tell(Vec<Waiter>, Answer),
    /// A task for a desk's printer.
    Print(usize, Box<Task>),
    /// A slip for a desk's printer, once it is free.
    Slip(usize, Box<Slip>),
    /// A decision is durable.
    Decided(SyncSender<bool>),
    /// An answer about the drawer.
    Drawer(oneshot::Sender<Result<(), String>>, Result<(), String>),
    /// An answer about a person's word.
    Heard(Vec<oneshot::Sender<Hearing>>, Hearing),
    /// There is something new in the outbox.
    WakeSender,
}

/// All desks.
#[derive(Debug)]
pub(super) struct Floor {
    setting: Arc<Setting>,
    desks: Vec<Desk>,
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
/// Rows of the journal between two snapshots of a till.
const SNAPSHOT_EVERY: i64 = 256;
/// While nothing else is written, the clock is stored so often: more may be lost of neither the highest time nor the budgets.
const CLOCK_STORED_EVERY: Duration = Duration::from_secs(60);

impl Floor {
    pub(super) fn open(
        store: &Store,
        setting: Arc<Setting>,
        plans: Vec<DeskPlan>,
    ) -> Result<Self, StoreError> {
        let mut desks = Vec::with_capacity(plans.len());
        let mut configurations = Vec::with_capacity(plans.len());
        for plan in plans {
            let till = store.load_till(plan.device)?;
            setting.board.count_numbers(plan.device, &till);
            let seen = store.printer_counters(plan.device, baseline_of)?;
            desks.push(Desk {
                point_of_sale: plan.point_of_sale,
                serial: plan.serial,
                seen,
                ..Desk::new(plan.device, till, plan.printer)
            });
            configurations.push(plan.configuration);
        }
        let lines = vec![LineTotals::default(); setting.profile.facts().lines_max];
        let clock_stored = setting.clock.monotonic();
        Ok(Self {
            setting,
            desks,
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
        for index in 0..self.desks.len() {
            if *self.desks[index].till.configuration() != self.plans[index] {
                let plan = self.plans[index].clone();
                let outcome = self.decide(batch, index, &Command::Adopt(&plan))?;
                if let Err(refusal) = outcome {
                    return Err(StoreError::Configuration {
                        device: self.desks[index].device,
                        refusal,
                    });
                }
            }
        }
        Ok(())
    }

    /// Finds out what became of documents that were given to a printer before the start, or before trouble with the books.
    pub(super) fn take_up(
        &mut self,
        batch: &Batch<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        for index in 0..self.desks.len() {
            let desk = &self.desks[index];
            if matches!(desk.printing, Printing::Document) {
                continue;
            }
            let Some(outstanding) = desk.current().outstanding() else {
                continue;
            };
            let cancel_decided = outstanding.cancel_decided;
            let Some(row) = batch.request(desk.device, outstanding.id)? else {
                continue;
            };
            let stored_document = batch.document(row)?;
            let Some(document) =
                self.document_of(batch, index, &stored_document, cancel_decided)?
            else {
                continue;
            };
            let desk = &mut self.desks[index];
            desk.active = Some(Active {
                id: document.id,
                fingerprint: Fingerprint(stored_document.row.fingerprint),
                form: None,
                waiters: Vec::new(),
                attempts: 0,
            });
            desk.printing = Printing::Document;
            tracing::info!(id = %document.id, "asking the printer what became of an outstanding document");
            let task = Box::new(Task::Recover(document));
            effects.push(Effect::Print(index, task));
        }
        Ok(())
    }

    /// Printers without an outstanding document may begin; the others were told to find out first.
    pub(super) fn begin(&mut self) {
        for desk in &self.desks {
            desk.printer.ask(Task::Begin);
        }
    }

    /// Gives free printers the slips and pulses that came out of a batch.
    pub(super) fn print_idle(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for index in 0..self.desks.len() {
            self.advance_printer(index, &mut effects);
        }
        effects
    }

    /// The batch is durable: the copies of the tills become the tills.
    pub(super) fn keep(&mut self) {
        for desk in &mut self.desks {
            if let Some(till) = desk.working.take() {
                desk.till = till;
                self.setting.board.count_numbers(desk.device, &desk.till);
            }
        }
        self.tell_stock();
    }

    /// The batch is not durable, or nobody knows: callers are told so, and what was not let out is forgotten.
    pub(super) fn give_up(&mut self, effects: Vec<Effect>, kept: &[Message], words: &str) {
        let answer = Answer::Unknown {
            message: words.to_owned(),
        };
        self.give_up_words(words);
        for effect in effects {
            match effect {
                Effect::Tell(waiters, _) => tell(waiters, &answer),
                Effect::Heard(replies, _) => heard(replies, &Hearing::Unknown(words.to_owned())),
                // It was not asked, and nobody waits for it any more.
                Effect::Print(index, task) if matches!(*task, Task::Leave(_)) => {
                    self.desks[index].declaring = None;
                }
                Effect::Print(index, _) => self.desks[index].take_back(),
                Effect::Slip(_, slip) => tell(slip.waiters, &answer),
                Effect::WakeSender => {}
                Effect::Decided(reply) => reply.send(false).unwrap_or(()),
                Effect::Drawer(reply, _) => drop(reply.send(Err(words.to_owned()))),
            }
        }
        for desk in &mut self.desks {
            desk.working = None;
            let waiters = desk.take_waiters();
            tell(waiters, &answer);
            // What the printer works on is in the books since an earlier batch; anything else may never have been.
            desk.active = desk
                .active
                .take_if(|_| matches!(desk.printing, Printing::Document));
        }
        for message in kept {
            if let Message::Printer(device, News::Settled(..) | News::Left(..)) = message
                && let Some(desk) = self.desks.iter_mut().find(|desk| desk.device == *device)
            {
                // The printer has settled it, or let go of it; the message will be tried again.
                desk.printing = Printing::Document;
            }
        }
    }

    /// Reads the tills again.
    pub(super) fn reload(&mut self, store: &Store) -> Result<(), StoreError> {
        for desk in &mut self.desks {
            desk.working = None;
            desk.till = store.load_till(desk.device)?;
            desk.seen = store.printer_counters(desk.device, baseline_of)?;
        }
        Ok(())
    }

    pub(super) fn monotonic(&self) -> Instant {
        self.setting.clock.monotonic()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.desks
            .iter()
            .filter_map(Desk::next_deadline)
            .min()
            .and_then(|deadline| deadline.checked_sub(patience::MARGIN))
    }

    /// Carries out what had to wait for the commit.
    pub(super) fn let_out(&mut self, effect: Effect) {
        match effect {
            Effect::Tell(waiters, answer) => tell(waiters, &answer),
            Effect::Print(index, task) => self.desks[index].printer.ask(*task),
            Effect::Slip(index, slip) => self.desks[index].slips.push_back(*slip),
            Effect::Decided(reply) => reply.send(true).unwrap_or(()),
            Effect::Drawer(reply, outcome) => drop(reply.send(outcome)),
            Effect::Heard(replies, hearing) => heard(replies, &hearing),
            Effect::WakeSender => self.setting.wake_sender.notify_one(),
        }
    }

    /// Counts what waits to be told, once for a batch, at its end; the next one goes on from there.
    pub(super) fn count_unsent(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        self.unsent = batch.unsent()?;
        self.setting.board.unsent_counted(self.unsent);
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
        for desk in &mut self.desks {
            if seq.saturating_sub(desk.snapshot_seq) >= SNAPSHOT_EVERY {
                desk.snapshot_seq = seq;
                batch.snapshot(desk.device, desk.working.as_ref().unwrap_or(&desk.till))?;
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
                let waiter = Waiter {
                    reply,
                    deadline,
                    joined: false,
                };
                match self.desk(device) {
                    Some(index) => self.take_order(batch, index, *form, waiter, effects),
                    None => {
                        let message = "the agent has no such device".to_owned();
                        effects.push(Effect::Tell(vec![waiter], Answer::Unavailable { message }));
                        Ok(())
                    }
                }
            }
            Message::Drawer { device, reply } => {
                match self.desk(device) {
                    Some(index) if self.desks[index].printer_there() => {
                        self.desks[index].pulses.push_back(reply);
                    }
                    Some(_) => effects.push(Effect::Drawer(
                        reply,
                        Err("the printer cannot be reached; check its cable and power".to_owned()),
                    )),
                    None => effects.push(Effect::Drawer(
                        reply,
                        Err("the agent has no such device".to_owned()),
                    )),
                }
                Ok(())
            }
            Message::Waiting { id, reply } => {
                let waits = self
                    .desks
                    .iter_mut()
                    .any(|desk| desk.waiting_for(id).is_some());
                let _ = reply.send(waits);
                Ok(())
            }
            Message::Declare { declaration, reply } => {
                self.hear_declaration(*declaration, reply, effects);
                Ok(())
            }
            Message::Printer(device, news) => match self.desk(device) {
                Some(index) => self.hear_printer(batch, index, news, effects),
                None => Ok(()),
            },
            Message::DecideCancel(device, id, reply) => {
                let decided = match self.desk(device) {
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
            Message::Office(news) => self.hear_office(batch, news),
            Message::Numbers(device, spans) => self.take_numbers(batch, device, &spans),
            Message::Stop => Ok(()),
        }
    }

    fn desk(&self, device: Uuid) -> Option<usize> {
        self.desks.iter().position(|desk| desk.device == device)
    }

    fn hear_office(&mut self, batch: &mut Batch<'_>, news: OfficeNews) -> Result<(), StoreError> {
        let now = self.setting.guard.now();
        match news {
            OfficeNews::Acknowledged { sealed_seqs } => {
                self.setting.guard.office_answers();
                for sealed_seq in sealed_seqs {
                    batch.acknowledge(sealed_seq, now.utc_ms)?;
                }
                // What is told makes room for the sales of this very batch.
                self.count_unsent(batch)
            }
            OfficeNews::Gone => {
                self.setting.guard.office_gone();
                Ok(())
            }
            OfficeNews::Refused { sealed_seq, words } => batch.note_refusal(sealed_seq, &words),
            OfficeNews::Switched { from, to, reason } => {
                match to {
                    "online" => self.setting.guard.office_answers(),
                    "offline" => self.setting.guard.office_gone(),
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
        Self::Tell(
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

fn tell(waiters: Vec<Waiter>, answer: &Answer) {
    for waiter in waiters {
        let mut answer = answer.clone();
        if let Answer::Registered { replayed, .. } = &mut answer {
            // Whoever joined somebody else's wait sent the same request again.
            *replayed = *replayed || waiter.joined;
        }
        // A caller who has gone asks again with the same id.
        drop(waiter.reply.send(answer));
    }
}

fn heard(replies: Vec<oneshot::Sender<Hearing>>, hearing: &Hearing) {
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
