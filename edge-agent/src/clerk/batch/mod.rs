//! One batch: how the clerk handles messages inside a transaction, and what it sends after the commit.

mod books;
mod clock;
mod deadlines;
mod fiscal_numbers;
mod identity;
mod left_behind;
mod operator;
mod orders;
mod originals;
mod printer_day;
mod recipients;
mod sealing;
mod slip;
mod trouble;
mod turns;
mod waiting;

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use ferrotill_core::budget::{Budget, Unsent};
use ferrotill_core::event::{Configuration, Event};
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::Profile;
use ferrotill_core::receipt::LineTotals;
use ferrotill_core::till::{Command, Known, Till};
use ferrotill_device::Fault;
use ferrotill_render::PrintedSeller;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::answer::{Answer, Caller, DeclarationOutcome, DrawerOutcome};
use super::device_state::{Activity, DeviceState, SealingDocument};
use super::devices::{DevicePlace, Devices};
use super::queue::{ANSWER_MARGIN, DrawerRequest, Job, QUEUE_MAX, is_due};
use super::{ClockOutcome, Message};
use crate::order::OrderForm;
use crate::order::fingerprint::RequestFingerprint;
use crate::seal::printer::job::baseline_of;
use crate::seal::printer::{PrinterTask, Task};
use crate::status::LiveStatus;
use crate::status::problems::{HealthProblem, ProblemKind};
use crate::time::clock::Clock;
use crate::time::guard::STORED_EVERY_MS;
use crate::time::guarded_clock::{ClockBefore, GuardedClock};
use ferrotill_store::{Batch, DeviceIdentity, Freeze, Store, StoreError, StoreFigures};

/// What the clerk needs beside the store and the devices. It stays the same while the agent runs.
#[derive(Debug)]
pub struct ClerkSettings {
    /// The rules of the country.
    pub profile: &'static dyn Profile,
    /// The machine's clock, for deadlines.
    pub clock: Arc<Clock>,
    /// The guarded clock: the time of documents, and how much of the offline limits is used.
    pub guard: Arc<GuardedClock>,
    /// The owner's own limit of selling without the authority.
    pub owner_budget: Budget,
    /// The live status, which any thread can read.
    pub live_status: Arc<LiveStatus>,
    /// What recipients are told of a document. The store calls it when a document is sealed.
    pub forms: Arc<dyn Freeze>,
    /// Wakes the workers of the outbox, one for each recipient, when it has new entries.
    pub wake_senders: Vec<Arc<Notify>>,
    /// How long the contact of a buyer is kept after its document, in milliseconds.
    pub contact_ms: i64,
    /// Who sells, as it is printed on slips.
    pub seller: PrintedSeller,
}

/// How a device is set up at the start.
#[derive(Debug)]
pub struct DevicePlan {
    /// The device's id.
    pub device: Uuid,
    /// The device's tax groups, payment types and number ranges.
    pub configuration: Configuration,
    /// The device's identity towards the authority.
    pub identity: DeviceIdentity,
    /// Sends tasks to the printer's thread.
    pub printer: PrinterTask,
    /// The point of sale that gets a Z-report which the printer made by itself.
    pub point_of_sale: Uuid,
    /// The serial number that the printer's configured address names, if it names one.
    pub serial: Option<String>,
}

/// What the clerk does only after the commit of a batch.
#[derive(Debug)]
pub(super) enum Effect {
    /// Answer one or more callers of an order.
    Respond(Vec<Caller>, Answer),
    /// Send a task to the printer of the device with this index.
    Print(DevicePlace, Box<Task>),
    /// Tell the printer's thread of the device with this index that the outcome of the document with this id is in the journal.
    ConfirmOutcome(DevicePlace, Uuid),
    /// Reply to a printer's thread that its decision to cancel is on disk.
    Decided(SyncSender<bool>),
    /// Answer a request to open the drawer.
    Drawer(oneshot::Sender<DrawerOutcome>, DrawerOutcome),
    /// Answer the callers of an operator's declaration.
    RespondDeclaration(Vec<oneshot::Sender<DeclarationOutcome>>, DeclarationOutcome),
    /// Answer the caller that has corrected the time.
    ClockSet(oneshot::Sender<ClockOutcome>, ClockOutcome),
    /// Wake the sender: the outbox has new entries.
    WakeSender,
}

/// The state of all devices, and the buffers that a batch uses.
#[derive(Debug)]
pub(super) struct Tills {
    settings: Arc<ClerkSettings>,
    devices: Devices,
    /// The configuration of each device, in the order of `devices`.
    configurations: Vec<Configuration>,
    /// The identity of each device, in the order of `devices`.
    identities: Vec<DeviceIdentity>,
    /// The documents that the authority has not acknowledged yet.
    unsent: Unsent,
    /// The guarded clock before a correction in this batch, which is taken back if the batch cannot be written.
    clock_before: Option<ClockBefore>,
    /// When the guarded clock was last stored.
    clock_stored_at: Instant,
    /// When the contacts of buyers whose time is over were last erased; `None` since the start.
    contacts_erased_at: Option<Instant>,
    line_scratch: Vec<LineTotals>,
    byte_scratch: Vec<u8>,
    event_buffer: Vec<u8>,
}

/// The size of the buffer for one encoded event. 512 lines with names and comments of 400 bytes fit in.
const EVENT_BYTES_MAX: usize = 512 * 1024;
/// The answer to a caller that names a device which the configuration does not contain.
const NO_SUCH_DEVICE: &str = "the agent has no such device";
/// Rows of the journal between two snapshots of a till.
const SNAPSHOT_EVERY: i64 = 256;
/// How often the clock is stored while nothing else is written to the store. A power cut loses at most this much of the clock's
/// progress.
const CLOCK_STORED_EVERY: Duration = Duration::from_millis(STORED_EVERY_MS.unsigned_abs());
/// How often it is checked whether the contacts of buyers must be erased.
const CONTACTS_ERASED_EVERY: Duration = Duration::from_secs(3_600);

impl Tills {
    pub(super) fn open(
        store: &Store,
        settings: Arc<ClerkSettings>,
        plans: Vec<DevicePlan>,
    ) -> Result<Self, StoreError> {
        let mut devices: Vec<DeviceState> = Vec::with_capacity(plans.len());
        let mut configurations = Vec::with_capacity(plans.len());
        let mut identities = Vec::with_capacity(plans.len());
        for plan in plans {
            let till = store.load_till(plan.device)?;
            settings.live_status.count_numbers(plan.device, &till);
            let known_counters = store.printer_counters(plan.device, baseline_of)?;
            devices.push(DeviceState {
                point_of_sale: plan.point_of_sale,
                configured_serial: plan.serial,
                known_counters,
                ..DeviceState::new(plan.device, till, plan.printer)
            });
            configurations.push(plan.configuration);
            identities.push(plan.identity);
        }
        devices.extend(left_behind::devices(store, &settings, &devices)?);
        let line_scratch = vec![LineTotals::default(); settings.profile.facts().lines_max];
        let clock_stored_at = settings.clock.monotonic();
        Ok(Self {
            settings,
            devices: Devices::new(devices),
            configurations,
            identities,
            unsent: Unsent::default(),
            clock_before: None,
            clock_stored_at,
            contacts_erased_at: None,
            line_scratch,
            byte_scratch: vec![0; EVENT_BYTES_MAX],
            event_buffer: vec![0; EVENT_BYTES_MAX],
        })
    }

    /// Writes the configuration of each device to the journal if it has changed.
    pub(super) fn adopt_configuration(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        for index in self.devices.places() {
            self.adopt_of_device(batch, index)?;
        }
        Ok(())
    }

    /// Writes a device's configuration to the journal if it has changed, or if another device has used numbers of its ranges.
    pub(super) fn adopt_of_device(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
    ) -> Result<(), StoreError> {
        // A device that is not configured any more has no configuration.
        let Some(configuration) = self.configurations.get(index.number()) else {
            return Ok(());
        };
        let till = self.devices[index].current_till();
        let changed = till.configuration() != configuration;
        if !changed && !numbers_were_used_elsewhere(batch, till)? {
            return Ok(());
        }
        let configuration = configuration.clone();
        // The numbers of a range belong to the data folder: another device may have used some of them.
        let range_next = configuration
            .ranges
            .iter()
            .map(|range| batch.next_of_range(range))
            .collect::<Result<Vec<_>, _>>()?;
        let known = Known {
            range_next: Some(&range_next),
            ..Known::default()
        };
        let adopt = Command::Adopt(&configuration);
        let adopted = self.decide_knowing(batch, index, &adopt, &known)?;
        adopted
            .map(drop)
            .map_err(|refusal| StoreError::Configuration {
                device: self.devices[index].device,
                refusal,
            })
    }

    /// Asks printers what became of documents that they got before the start, or before the store could not be written.
    pub(super) fn resume_outstanding(
        &mut self,
        batch: &Batch<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        for index in self.devices.places() {
            let device_state = &mut self.devices[index];
            let Some(outstanding) = device_state.current_till().outstanding() else {
                // A declaration was written, although its commit returned an error (`Clerk::on_write_error`).
                device_state.forget_document_without_printer();
                continue;
            };
            if !matches!(device_state.activity, Activity::Idle) {
                continue;
            }
            let cancel_decided = outstanding.cancel_decided;
            let Some(row) = batch.request(device_state.device, outstanding.id)? else {
                continue;
            };
            let stored_document = batch.document(row)?;
            let document = self
                .recovery_job_of(batch, index, &stored_document, cancel_decided)?
                .filter(|_| self.devices[index].printer.has_printer());
            self.devices[index].activity = Activity::Unsettled(Box::new(SealingDocument {
                id: stored_document.row.id,
                fingerprint: RequestFingerprint::of_row(&stored_document.row),
                form: None,
                callers: Vec::new(),
                attempts: 0,
                asked_in_vain: false,
                nobody_to_ask: document.is_none().then_some(Fault::NobodyToAsk),
                declaration: None,
            }));
            let Some(document) = document else {
                self.publish_nobody_to_ask(index);
                continue;
            };
            tracing::info!(id = %document.id, "asking the printer what became of an outstanding document");
            let task = Box::new(Task::Recover(document));
            effects.push(Effect::Print(index, task));
        }
        Ok(())
    }

    /// Lets the printers' threads connect. A printer with an outstanding document has got its recovery task before.
    pub(super) fn begin_printers(&mut self) {
        for device_state in &self.devices {
            device_state.printer.ask(Task::Begin);
        }
    }

    /// Replaces the tills by their changed copies after the batch was committed.
    pub(super) fn commit(&mut self) {
        self.clock_before = None;
        for device_state in &mut self.devices {
            if let Some(till) = device_state.uncommitted.take() {
                device_state.till = till;
                if device_state.removed {
                    continue;
                }
                let (device, live_status) = (device_state.device, &self.settings.live_status);
                live_status.count_numbers(device, &device_state.till);
                if device_state.till.last_number() > 0 {
                    let problems = live_status.problems();
                    problems.clear(ProblemKind::DEVICE_UNKNOWN, Some(device));
                }
            }
        }
        self.publish_left_behind();
        self.publish_number_stock();
    }

    /// Reads the tills again from the store.
    pub(super) fn reload(&mut self, store: &Store) -> Result<(), StoreError> {
        for device_state in &mut self.devices {
            device_state.uncommitted = None;
            device_state.till = store.load_till(device_state.device)?;
            device_state.known_counters =
                store.printer_counters(device_state.device, baseline_of)?;
        }
        self.reload_left_behind(store)
    }

    /// Says in the live status which snapshots were not believed.
    pub(super) fn note_distrusted_snapshots(&self, store: &Store) {
        for device in store.snapshots_not_believed() {
            self.settings.live_status.problems().raise(HealthProblem {
                kind: ProblemKind::SNAPSHOT_CHANGED,
                device: Some(device),
                since_ms: self.settings.guard.now().utc_ms,
                says: "the stored snapshot of the till was changed by somebody else; the till was made again from the journal".to_owned(),
                fix: "run `ferrotill verify`, and find out who can write the data folder".to_owned(),
            });
        }
    }

    pub(super) fn monotonic(&self) -> Instant {
        self.settings.clock.monotonic()
    }

    /// The instant when this much time will have passed.
    fn after(&self, wait: Duration) -> Instant {
        let now = self.monotonic();
        now.checked_add(wait).unwrap_or(now)
    }

    /// How long the clerk may wait for a message: until a caller must be answered, or until the clock must be stored.
    pub(super) fn wait_time(&self) -> Duration {
        let now = self.monotonic();
        let callers = self
            .devices
            .iter()
            .filter_map(DeviceState::next_deadline)
            .min()
            .and_then(|deadline| deadline.checked_sub(ANSWER_MARGIN));
        let stored_for = now.saturating_duration_since(self.clock_stored_at);
        let clock = CLOCK_STORED_EVERY.saturating_sub(stored_for);
        callers.map_or(clock, |deadline| {
            deadline.saturating_duration_since(now).min(clock)
        })
    }

    /// Carries out one effect after the commit.
    pub(super) fn release_effect(&mut self, effect: Effect) {
        match effect {
            Effect::Respond(callers, answer) => respond(callers, &answer),
            Effect::Print(index, task) => self.devices[index].printer.ask(*task),
            Effect::ConfirmOutcome(index, id) => {
                self.devices[index].printer.ask(Task::Confirm(id));
            }
            Effect::Decided(reply) => reply.send(true).unwrap_or(()),
            Effect::Drawer(reply, outcome) => drop(reply.send(outcome)),
            Effect::RespondDeclaration(replies, outcome) => respond_declaration(replies, &outcome),
            Effect::WakeSender => {
                let workers = self.settings.wake_senders.iter();
                workers.for_each(|worker| worker.notify_one());
            }
            Effect::ClockSet(reply, outcome) => drop(reply.send(outcome)),
        }
    }

    /// Counts the documents that the authority has not acknowledged yet. The next batch starts from this count.
    pub(super) fn count_unsent(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        self.unsent = batch.unsent()?;
        Ok(())
    }

    /// Notes in the live status that a transaction begins.
    pub(super) fn transaction_begins(&self) {
        let utc_ms = self.settings.guard.now().utc_ms;
        let now = self.monotonic();
        self.settings.live_status.transaction_begins(now, utc_ms);
    }

    /// Notes in the live status what the store contains after a commit.
    pub(super) fn committed(&self, figures: StoreFigures, written: bool) {
        self.settings
            .live_status
            .transaction_committed(figures, written);
    }

    /// Notes in the live status how many anchors were set aside.
    pub(super) fn anchors_counted(&self, set_aside: usize) {
        self.settings.live_status.anchors_counted(set_aside);
    }

    /// Stores the guarded clock if the batch writes something else (`written`), or if it was not stored for a minute.
    pub(super) fn store_clock(
        &mut self,
        batch: &mut Batch<'_>,
        written: bool,
    ) -> Result<(), StoreError> {
        let now = self.monotonic();
        if written || now.saturating_duration_since(self.clock_stored_at) >= CLOCK_STORED_EVERY {
            self.clock_stored_at = now;
            // Reading the guarded clock adds the time until now to the used offline limits.
            self.settings.guard.now();
            batch.store_clock(&self.settings.guard.remembered())?;
        }
        Ok(())
    }

    /// Erases the contacts of buyers whose time is over, some in each transaction and at most once an hour if none is left.
    pub(super) fn erase_contacts(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        let now = self.monotonic();
        if self.contacts_erased_at.is_some_and(|erased_at| {
            now.saturating_duration_since(erased_at) < CONTACTS_ERASED_EVERY
        }) {
            return Ok(());
        }
        let utc_ms = self.settings.guard.now().utc_ms;
        let before = utc_ms.saturating_sub(self.settings.contact_ms);
        if batch.erase_contacts(before)? {
            self.contacts_erased_at = Some(now);
        }
        Ok(())
    }

    /// Stores a snapshot of each till after 256 journal rows of any device.
    /// So a start never replays many rows for a device with few documents beside a busy device.
    pub(super) fn snapshot(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        let seq = batch.seq();
        for device_state in &mut self.devices {
            if seq.saturating_sub(device_state.snapshot_seq) >= SNAPSHOT_EVERY {
                device_state.snapshot_seq = seq;
                batch.snapshot(
                    device_state.device,
                    device_state
                        .uncommitted
                        .as_ref()
                        .unwrap_or(&device_state.till),
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
            Message::Duplicate {
                device,
                id,
                deadline,
                reply,
            } => {
                let caller = Caller {
                    reply,
                    deadline,
                    joined: false,
                };
                self.on_duplicate(batch, (device, id), caller, effects)
            }
            Message::Drawer {
                device,
                deadline,
                reply,
            } => {
                self.on_drawer(device, DrawerRequest { reply, deadline }, effects);
                Ok(())
            }
            Message::Waiting { id, reply } => {
                let _ = reply.send(self.waiting_order(id));
                Ok(())
            }
            Message::Declare { declaration, reply } => {
                self.on_declaration(batch, *declaration, reply, effects)
            }
            Message::SetClock { at_ms, by, reply } => {
                self.on_set_clock(batch, (at_ms, &by), reply, effects)
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

    fn on_drawer(&mut self, device: Uuid, request: DrawerRequest, effects: &mut Vec<Effect>) {
        let now = self.monotonic();
        let refused = match self.index_of(device) {
            None => Some((request, NO_SUCH_DEVICE.to_owned())),
            Some(_) if is_due(request.deadline, now) => Some((
                request,
                "the waiting time was over before the request was looked at".to_owned(),
            )),
            Some(index) if !self.devices[index].printer_reachable() => {
                let reason = "the printer cannot be reached; check its cable and power";
                Some((request, reason.to_owned()))
            }
            Some(index) => match self.devices[index].queue.push(Job::Drawer(request)) {
                Some(Job::Drawer(request)) => Some((
                    request,
                    format!("{QUEUE_MAX} requests already wait for this device"),
                )),
                _ => None,
            },
        };
        effects.extend(refused.map(|(request, reason)| {
            Effect::Drawer(request.reply, DrawerOutcome::NotOpened(reason))
        }));
    }

    /// A printer is about to cancel a document. Its thread gets the reply once the decision is on disk.
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

    fn index_of(&self, device: Uuid) -> Option<DevicePlace> {
        self.devices
            .place_of(|device_state| device_state.device == device && !device_state.removed)
    }
}

impl Effect {
    /// Replies at once that the decision to cancel was not made. The returned effect does nothing.
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
    fn of(event: &Event<'_>, buffer: &mut [u8]) -> Option<Self> {
        let payload = event.encode(buffer).ok()?.to_vec();
        Some(Self {
            kind: event.kind(),
            payload,
        })
    }

    fn event(&self) -> Result<Event<'_>, ferrotill_core::event::EventError> {
        Event::decode(self.kind, Event::version_of(self.kind), &self.payload)
    }
}

fn respond(callers: Vec<Caller>, answer: &Answer) {
    for caller in callers {
        let mut answer = answer.clone();
        if let Answer::Registered { replayed, .. } = &mut answer {
            // A caller that joined an earlier caller has repeated that caller's request.
            *replayed = *replayed || caller.joined;
        }
        // A caller whose connection has ended can repeat the request with the same id.
        drop(caller.reply.send(answer));
    }
}

fn respond_declaration(
    replies: Vec<oneshot::Sender<DeclarationOutcome>>,
    outcome: &DeclarationOutcome,
) {
    for reply in replies {
        // A caller whose connection has ended can send the declaration again.
        drop(reply.send(outcome.clone()));
    }
}

/// Whether another device has used numbers of the till's ranges while the till was out of the configuration.
fn numbers_were_used_elsewhere(batch: &Batch<'_>, till: &Till) -> Result<bool, StoreError> {
    for range_use in till.range_uses() {
        let last = batch.last_of_range(&range_use.range)?;
        if last.is_some_and(|last| last >= range_use.next) {
            return Ok(true);
        }
    }
    Ok(false)
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
        Event::Founded(founded) => founded.at,
        Event::DeviceIdentified(identified) => identified.at,
        Event::Restored(restored) => restored.at,
        Event::ClockSet(set) => set.at,
    };
    Some(moment.utc_ms)
}
