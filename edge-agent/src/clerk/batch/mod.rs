//! One batch: how the clerk handles messages inside a transaction, and what it sends after the commit.

mod adoption;
mod aside;
mod books;
mod clock;
mod deadlines;
mod deliveries;
mod document_lines;
mod effect;
mod encoded;
mod fiscal_numbers;
mod identity;
mod left_behind;
mod operator;
mod orders;
mod originals;
mod others;
mod people;
mod printer_clock;
mod printer_day;
mod providers;
mod recipients;
mod register_orders;
mod registrations;
mod resources;
mod sealing;
mod signing;
mod slip;
mod terminal_days;
mod terminals;
mod trouble;
mod turns;
mod upkeep;
mod waiting;

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use ferrotill_core::budget::{Budget, Unsent};
use ferrotill_core::event::{Configuration, Event};
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::Profile;
use ferrotill_core::receipt::LineTotals;
use ferrotill_core::till::Command;
use ferrotill_render::PrintedSeller;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::Message;
use super::answer::{
    Answer, AnswerReply, Caller, DeclarationOutcome, DrawerOutcome, DroppedReplies,
};
use super::card_order::CardOrder;
use super::device_state::DeviceState;
use super::devices::{DevicePlace, Devices};
use super::queue::{ANSWER_MARGIN, DrawerRequest, Job, QUEUE_MAX, is_due};
use crate::order::OrderForm;
use crate::payment::Terminals;
use crate::seal::printer::job::baseline_of;
use crate::seal::printer::{News, PrinterTask};
use crate::seal::signature::Signatures;
use crate::status::LiveStatus;
use crate::status::problems::ProblemKind;
use crate::time::clock::Clock;
use crate::time::guarded_clock::{ClockBefore, GuardedClock};
pub use deliveries::BuyerDeliveries;
use document_lines::DocumentLine;
pub(super) use effect::Effect;
use encoded::Encoded;
use ferrotill_store::{Batch, DeviceIdentity, Freeze, ResourceBook, Store, StoreError};
use terminal_days::HeldReport;
use upkeep::publish_shift;

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
    /// What signs receipts; `None` where the law has no receipts signed.
    pub signatures: Option<Arc<Signatures>>,
    /// The bank terminals.
    pub terminals: Terminals,
    /// What sends receipts to buyers, if anything does.
    pub deliveries: Option<Arc<dyn BuyerDeliveries>>,
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

/// The state of all devices, and the buffers that a batch uses.
#[derive(Debug)]
pub(super) struct Tills {
    settings: Arc<ClerkSettings>,
    devices: Devices,
    /// The resources of compatible APIs after the last commit.
    resources: ResourceBook,
    /// The resources with the changes of the running batch; `None` if it has none.
    resources_uncommitted: Option<ResourceBook>,
    /// The requests with open operations of bank terminals.
    card_orders: Vec<CardOrder>,
    /// Whether there were some after the last commit.
    had_card_orders: bool,
    /// The reports that wait for bank terminals.
    held_reports: Vec<HeldReport>,
    /// The documents that the authority has not acknowledged yet.
    unsent: Unsent,
    /// The guarded clock before a correction in this batch, which is taken back if the batch cannot be written.
    clock_before: Option<ClockBefore>,
    /// The callers that the present batch has dropped without an answer.
    dropped: DroppedReplies,
    /// When the guarded clock was last stored.
    clock_stored_at: Instant,
    /// Whether the stored clock knows that two clocks have agreed on the time.
    established_is_stored: bool,
    /// When the contacts of buyers whose time is over were last erased; `None` since the start.
    contacts_erased_at: Option<Instant>,
    line_scratch: Vec<LineTotals>,
    byte_scratch: Vec<u8>,
    event_buffer: Vec<u8>,
    /// The lines of the log about the documents of this batch, which are written after the commit.
    document_lines: Vec<DocumentLine>,
}

/// The size of the buffer for one encoded event. 512 lines with names and comments of 400 bytes fit in.
const EVENT_BYTES_MAX: usize = 512 * 1024;
/// The answer to a caller that names a device which the configuration does not contain.
const NO_SUCH_DEVICE: &str = "the agent has no such device";

impl Tills {
    pub(super) fn open(
        store: &Store,
        settings: Arc<ClerkSettings>,
        plans: Vec<DevicePlan>,
    ) -> Result<Self, StoreError> {
        let mut devices: Vec<DeviceState> = Vec::with_capacity(plans.len());
        let signatures = settings.signatures.as_deref();
        let resources = store.resources()?;
        settings.live_status.set_resources(resources.clone());
        if let Some(unit) = signatures.and_then(|it| it.units().next_unit())
            && let Ok(identity) = unit.identity()
        {
            settings.live_status.set_unit_serial(identity.serial());
        }
        for plan in plans {
            let till = store.load_till(plan.device)?;
            if signatures.is_some() {
                let turnover = till.signed().register().counter();
                settings.live_status.set_turnover(plan.device, turnover);
            }
            settings.live_status.count_numbers(plan.device, &till);
            publish_shift(&settings, plan.device, &till);
            others::publish_at_start(&settings, plan.device, &till);
            let known_counters = store.printer_counters(plan.device, baseline_of)?;
            devices.push(DeviceState {
                point_of_sale: plan.point_of_sale,
                configured_serial: plan.serial,
                of_api: signatures.is_some_and(|it| it.is_of_api(plan.device)),
                wanted: Some(Box::new((plan.configuration, plan.identity))),
                known_counters,
                ..DeviceState::new(plan.device, till, plan.printer)
            });
        }
        devices.extend(left_behind::devices(store, &settings, &devices)?);
        let line_scratch = vec![LineTotals::default(); settings.profile.facts().lines_max];
        let clock_stored_at = settings.clock.monotonic();
        let established_is_stored = settings.guard.is_established();
        let mut tills = Self {
            settings,
            devices: Devices::new(devices),
            resources,
            resources_uncommitted: None,
            card_orders: Vec::new(),
            had_card_orders: false,
            held_reports: Vec::new(),
            unsent: Unsent::default(),
            clock_before: None,
            dropped: DroppedReplies::default(),
            clock_stored_at,
            established_is_stored,
            contacts_erased_at: None,
            line_scratch,
            byte_scratch: vec![0; EVENT_BYTES_MAX],
            event_buffer: vec![0; EVENT_BYTES_MAX],
            document_lines: Vec::new(),
        };
        tills.load_card_orders(store)?;
        Ok(tills)
    }

    /// Replaces the tills by their changed copies after the batch was committed.
    pub(super) fn commit(&mut self) {
        self.clock_before = None;
        self.dropped.close();
        for line in self.document_lines.drain(..) {
            line.write();
        }
        for device_state in &mut self.devices {
            device_state.met_printer |= std::mem::take(&mut device_state.meets_printer);
            if let Some(till) = device_state.uncommitted.take() {
                device_state.till = till;
                if device_state.removed {
                    continue;
                }
                let (device, live_status) = (device_state.device, &self.settings.live_status);
                live_status.count_numbers(device, &device_state.till);
                if self.settings.signatures.is_some() {
                    let turnover = device_state.till.signed().register().counter();
                    live_status.set_turnover(device, turnover);
                }
                publish_shift(&self.settings, device, &device_state.till);
                if device_state.till.last_number() > 0 {
                    let problems = live_status.problems();
                    problems.clear(ProblemKind::DEVICE_UNKNOWN, Some(device));
                }
            }
        }
        self.publish_resources();
        self.publish_card_orders();
        self.publish_left_behind();
        self.publish_number_stock();
    }

    /// Reads the tills again from the store.
    pub(super) fn reload(&mut self, store: &Store) -> Result<(), StoreError> {
        for device_state in &mut self.devices {
            device_state.uncommitted = None;
            device_state.meets_printer = false;
            device_state.till = store.load_till(device_state.device)?;
            device_state.known_counters =
                store.printer_counters(device_state.device, baseline_of)?;
        }
        self.resources = store.resources()?;
        self.resources_uncommitted = None;
        self.load_card_orders(store)?;
        self.reload_left_behind(store)
    }

    pub(super) fn monotonic(&self) -> Instant {
        self.settings.clock.monotonic()
    }

    /// The instant when this much time will have passed.
    fn after(&self, wait: Duration) -> Instant {
        let now = self.monotonic();
        now.checked_add(wait).unwrap_or(now)
    }

    /// How long the clerk may wait for a message: until a caller must be answered, or until the clock must be stored,
    /// at most a minute.
    pub(super) fn wait_time(&self) -> Duration {
        let now = self.monotonic();
        let callers = self
            .devices
            .iter()
            .filter_map(DeviceState::next_deadline)
            .chain(self.next_terminal_deadline())
            .min()
            .and_then(|deadline| deadline.checked_sub(ANSWER_MARGIN));
        let stored_for = now.saturating_duration_since(self.clock_stored_at);
        let clock = self
            .clock_stored_every()
            .saturating_sub(stored_for)
            .min(upkeep::CLOCK_STORED_EVERY);
        let moments = [
            callers,
            self.next_terminal_moment(),
            self.next_report_moment(),
        ];
        moments.into_iter().flatten().min().map_or(clock, |moment| {
            moment.saturating_duration_since(now).min(clock)
        })
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
                let caller = self.caller(reply, deadline);
                self.on_order(batch, device, *form, caller, effects)
            }
            Message::Duplicate {
                device,
                id,
                deadline,
                reply,
            } => {
                let caller = self.caller(reply, deadline);
                self.on_duplicate(batch, (device, id), caller, effects)
            }
            request @ (Message::Paper { .. } | Message::Drawer { .. }) => {
                self.on_printer_request(request, effects);
                Ok(())
            }
            question @ (Message::Waiting { .. }
            | Message::WhenSettled { .. }
            | Message::HealthCheck) => {
                self.on_question(question);
                Ok(())
            }
            Message::Declare { declaration, reply } => {
                self.on_declaration(batch, *declaration, reply, effects)
            }
            Message::LayAside { request, reply } => {
                self.on_lay_aside(batch, &request, reply, effects)
            }
            message @ (Message::ChangeResource { .. }
            | Message::NoteReceipt { .. }
            | Message::EReceipt { .. }
            | Message::OrderOfRegister { .. }) => self.on_resource(batch, message, effects),
            Message::NotePerson { note, reply } => self.on_person(batch, &note, reply, effects),
            Message::GoOn { device, by, reply } => {
                self.on_go_on(batch, device, &by, reply, effects)
            }
            Message::SetClock { at_ms, by, reply } => {
                self.on_set_clock(batch, (at_ms, &by), reply, effects)
            }
            message @ (Message::DeliveryEnded { .. } | Message::OrderCopy { .. }) => {
                self.on_delivery(batch, message, effects)
            }
            Message::Printer(device, news) => self.on_news(batch, device, news, effects),
            Message::Signed(device, signed) => self.on_signed(batch, device, &signed, effects),
            Message::Terminal(news) => self.on_terminal_news(batch, news, effects),
            Message::DecideCancel(device, id, reply) => {
                self.on_decide_cancel(batch, device, id, reply, effects)
            }
            Message::Authority(news) => self.on_authority_news(batch, news),
            Message::Numbers(device, spans) => self.take_numbers(batch, device, &spans),
            Message::Provider(news, reply) => self.on_provider_news(batch, &news, reply, effects),
            Message::Registration(news) => self.on_registration_news(batch, &news, effects),
            Message::Stop => Ok(()),
        }
    }

    /// Handles what callers and persons want of resources, receipts and registers.
    fn on_resource(
        &mut self,
        batch: &mut Batch<'_>,
        message: Message,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        match message {
            Message::ChangeResource { wish, reply } => {
                self.on_resource_wish(batch, &wish, reply, effects)
            }
            Message::OrderOfRegister {
                device,
                order,
                reply,
            } => self.on_register_order(batch, device, order, reply, effects),
            Message::NoteReceipt { note, reply } => {
                self.on_receipt_note(batch, &note, reply, effects)
            }
            Message::EReceipt { change, reply } => {
                let outcome = batch.change_ereceipt(self.settings.guard.now(), &change)?;
                effects.push(Effect::EReceipt(reply, outcome));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Handles news from the printer of a device. News of a device that was removed are dropped.
    fn on_news(
        &mut self,
        batch: &mut Batch<'_>,
        device: Uuid,
        news: News,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        match self.index_of(device) {
            Some(index) => self.on_printer_news(batch, index, news, effects),
            None => Ok(()),
        }
    }

    /// Handles a question that changes nothing.
    fn on_question(&mut self, question: Message) {
        match question {
            Message::HealthCheck => self.answer_health_check(),
            Message::Waiting { id, reply } => drop(reply.send(self.waiting_order(id))),
            // The caller of a device that does not exist gets no answer.
            Message::WhenSettled { device, reply } => {
                if let Some(index) = self.index_of(device) {
                    self.devices[index].wait_until_settled(reply);
                }
            }
            _ => {}
        }
    }

    /// Handles a request that the printer carries out and that makes no document.
    fn on_printer_request(&mut self, request: Message, effects: &mut Vec<Effect>) {
        match request {
            Message::Paper {
                device,
                paper,
                deadline,
                reply,
            } => {
                let caller = self.caller(reply, deadline);
                self.on_paper(device, *paper, caller, effects);
            }
            Message::Drawer {
                device,
                deadline,
                reply,
            } => self.on_drawer(device, DrawerRequest { reply, deadline }, effects),
            _ => {}
        }
    }

    /// A caller that has not joined another one.
    fn caller(&self, reply: oneshot::Sender<Answer>, deadline: Instant) -> Caller {
        Caller {
            reply: AnswerReply::new(reply, &self.dropped),
            deadline,
            joined: false,
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
        effects.push(Effect::Decided(reply, decided));
        Ok(())
    }

    fn index_of(&self, device: Uuid) -> Option<DevicePlace> {
        self.devices
            .place_of(|device_state| device_state.device == device && !device_state.removed)
    }
}

fn respond(callers: Vec<Caller>, answer: &Answer) {
    for caller in callers {
        let mut answer = answer.clone();
        if let Answer::Registered { replayed, .. } = &mut answer {
            // A caller that joined an earlier caller has repeated that caller's request.
            *replayed = *replayed || caller.joined;
        }
        caller.reply.send(answer);
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
        Event::LossAccepted(accepted) => accepted.at,
        Event::ClockSet(set) => set.at,
        Event::LaidAside(aside) => aside.at,
        Event::UnitAdopted(unit) => unit.at,
        Event::ReceiptPrepared(receipt) => receipt.at,
        Event::ReceiptSigned(receipt) => receipt.at,
        Event::TerminalAsked(asked) => asked.at,
        Event::TerminalAnswered(answered) => answered.at,
        Event::CardLaidAside(aside) => aside.at,
        Event::RegistrationWanted(wanted) => wanted.at,
        Event::RegistrationAnswered(answered) => answered.at,
        Event::ResourceChanged(changed) => changed.at,
        Event::ReceiptNoted(noted) => noted.at,
        Event::ReceiptUploaded(uploaded) => uploaded.at,
        Event::LookChanged(changed) => changed.at,
        Event::HospitalityChanged(changed) => changed.at,
        Event::ProtocolBackedUp(backup) => backup.at,
        Event::RegisterRetired(retired) => retired.at,
        Event::ProviderAsked(asked) => asked.at,
        Event::ProviderAnswered(answered) => answered.at,
        Event::ProviderUsed(used) => used.at,
        Event::PersonActed(acted) => acted.at,
        Event::ReceiptsOfOthers(noted) => noted.at,
    };
    Some(moment.utc_ms)
}
