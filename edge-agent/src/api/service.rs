//! The only door from HTTP to the clerk and the store: what every route works with.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use ferrotill_core::budget::{Budget, Left};
use ferrotill_core::profile::Profile;
use ferrotill_device::printer::Job;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::auth::SignatureInfo;
use super::lanes::{Lane, Lanes, WorkThread};
use super::link_misses::LinkMisses;
use super::outcome::{Outcome, Told};
use super::problem::Problem;
use super::replay::{Earlier, ReplayOutcome, Replays};
use super::settings::ApiSettings;
use super::token::Tokens;
use super::wrong_signatures::WrongSignatures;
use crate::clerk::{
    Answer, ClerkHandle, DrawerOutcome, FiscalState, Message, ResourceOutcome, WaitingOrder,
};
use crate::config::Device;
use crate::deliver::Deliveries;
use crate::listener::WhenWritten;
use crate::order::fingerprint::RequestFingerprint;
use crate::order::resource::{ReceiptNote, ResourceWish};
use crate::order::{OrderForm, PersonNote};
use crate::outbox::providers::Providers;
use crate::outbox::registrations::Registrations;
use crate::paper::DocumentPaper;
use crate::payment::simulated::SimulatedBank;
use crate::people::People;
use crate::receipt_link::ReceiptLinks;
use crate::seal::fiscal_module::{CallFault, ModuleCall, Modules};
use crate::seal::printer::DocumentSlip;
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::{
    BuyerContact, EReceiptChange, EReceiptOutcome, Reader, RequestState, StoreError,
};

/// The shared state that every route works with.
#[derive(Debug)]
pub struct Service {
    /// What the routes know of the configuration.
    pub settings: ApiSettings,
    /// The country's law.
    pub profile: &'static dyn Profile,
    /// Sends messages to the clerk.
    pub clerk_handle: ClerkHandle,
    /// Reads the store.
    pub reader: Reader,
    /// What callers may ask of the registrations at the authority; `None` if the configuration names no web services.
    pub registrations: Option<Arc<Registrations>>,
    /// The machine's clock.
    pub clock: Arc<Clock>,
    /// The guarded clock: the agent's time.
    pub guard: Arc<GuardedClock>,
    /// The owner's own limit for selling without the authority.
    pub owner_budget: Budget,
    /// The live status of printers, authority and number stocks.
    pub live_status: Arc<LiveStatus>,
    /// The signed calls that must not be carried out again.
    pub replays: Replays,
    /// What sends receipts to buyers.
    pub deliveries: Arc<Deliveries>,
    /// The wrong signatures of the last minute.
    pub wrong_signatures: WrongSignatures,
    /// The bank behind the simulated terminals of a TEST till.
    pub bank: Option<Arc<SimulatedBank>>,
    /// The fiscal modules of the devices that have one.
    pub modules: Modules,
    /// Asks the payment providers behind the fiscal modules; `None` without a fiscal module.
    pub providers: Option<Arc<Providers>>,
    /// The places for long work.
    pub lanes: Lanes,
    /// The tokens of callers that have logged in.
    pub tokens: Tokens,
    /// The addresses of public receipts.
    pub links: ReceiptLinks,
    /// The requests of the last minute for public receipts that do not exist.
    pub link_misses: LinkMisses,
    /// The people who may use the dashboard.
    pub people: People,
    /// The number of protocols that are being written for callers.
    pub exports: AtomicUsize,
}

/// The signature of a call that orders a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedOrder {
    /// The signature.
    pub signature: SignatureInfo,
    /// True if the caller gave a request id. Without one, the id is made from the signature.
    pub has_id: bool,
}

/// What is printed without being the paper of a document.
#[derive(Clone, Debug)]
pub enum Printout {
    /// A paper of the agent.
    Paper(DocumentPaper),
    /// A report that the printer makes by itself.
    OwnReport(Job),
}

/// Why the clerk has not answered a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The agent is stopping.
    Stopping,
    /// The deadline has passed before the clerk answered.
    TooLate,
}

impl Service {
    /// Does long work in a lane: reading a body, reading the store, writing an answer.
    pub async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        lane: Lane,
        work: impl FnOnce(&Self, &WorkThread) -> T + Send + 'static,
    ) -> T {
        let service = Arc::clone(self);
        self.lanes
            .work(lane, move |thread| work(&service, thread))
            .await
    }

    /// Asks the fiscal module of a device, when no document of the device is outstanding: what it tells meanwhile may be over at once.
    /// `None` if that is not before the deadline, or if the device has no module.
    pub async fn ask_module(
        self: &Arc<Self>,
        device: Uuid,
        call: ModuleCall,
        deadline: Instant,
    ) -> Option<Result<serde_json::Value, CallFault>> {
        let module = Arc::clone(self.modules.of(device)?);
        let settled = self.ask(|reply| Message::WhenSettled { device, reply }, deadline);
        settled.await.ok()?;
        let asked = self.work(Lane::Lists, move |_, _| module.call(&call));
        self.within(deadline, asked).await
    }

    /// Reads the store in a lane.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        lane: Lane,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.reader.clone();
        self.lanes.work(lane, move |_| read(&reader)).await
    }

    /// Waits for something until `deadline`; `None` if it did not come in time.
    pub async fn within<T>(&self, deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
        let wait = deadline.saturating_duration_since(self.clock.monotonic());
        tokio::time::timeout(wait, future).await.ok()
    }

    /// Sends the clerk a message and waits for its answer until `deadline`.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if the clerk does not answer in time.
    pub async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> Message,
        deadline: Instant,
    ) -> Result<T, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        self.clerk_handle.send(message(reply));
        match self.within(deadline, answer).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(_)) => Err(NoAnswer::Stopping),
            None => Err(NoAnswer::TooLate),
        }
    }

    /// Gives an order for a device to the clerk and waits for the outcome until `deadline`.
    pub async fn submit(&self, device: Uuid, form: OrderForm, deadline: Instant) -> Outcome {
        let id = form.id;
        if self.people.may_wait() && self.look_for_first_pin() {
            let problem = Problem::new("FirstPinUnchanged", FIRST_PIN_UNCHANGED);
            let state = FiscalState::NotRegistered;
            return Outcome::new(id, Told::NotAsked { problem, state });
        }
        let message = |reply| Message::Order {
            device,
            form: Box::new(form),
            deadline,
            reply,
        };
        let answer = match self.ask(message, deadline).await {
            Ok(answer) => answer,
            Err(NoAnswer::Stopping) => Answer::Unknown {
                message: "the agent is stopping".to_owned(),
            },
            Err(NoAnswer::TooLate) => {
                let trouble = self.live_status.printer(device).trouble;
                let trouble = trouble.map_or_else(String::new, |trouble| format!(" ({trouble})"));
                Answer::Unknown {
                    message: format!(
                        "the printer has not answered yet{trouble}; the agent keeps asking it, and a request with the same id waits for the \
                         same outcome"
                    ),
                }
            }
        };
        Outcome::of(id, answer)
    }

    /// Gives a wish for a resource to the clerk and waits for the outcome until `deadline`.
    pub async fn change_resource(&self, wish: ResourceWish, deadline: Instant) -> ResourceOutcome {
        let wish = Box::new(wish);
        self.resource_outcome(|reply| Message::ChangeResource { wish, reply }, deadline)
            .await
    }

    /// Replaces the data that a caller keeps with a receipt.
    pub async fn note_receipt(&self, note: ReceiptNote, deadline: Instant) -> ResourceOutcome {
        let note = Box::new(note);
        self.resource_outcome(|reply| Message::NoteReceipt { note, reply }, deadline)
            .await
    }

    /// Gives a change of uploaded receipts to the clerk and waits for the outcome.
    pub async fn change_ereceipt(&self, change: EReceiptChange) -> EReceiptOutcome {
        let deadline = self.deadline(self.settings.answer_timeout);
        let change = Box::new(change);
        let answer = self.ask(|reply| Message::EReceipt { change, reply }, deadline);
        answer.await.unwrap_or_else(|why| {
            let why = match why {
                NoAnswer::Stopping => "the agent is stopping",
                NoAnswer::TooLate => "the change was not finished in time",
            };
            EReceiptOutcome::NotKnown(why.to_owned())
        })
    }

    /// Writes to the journal who orders something at the dashboard, before it is carried out.
    pub async fn note_person(&self, note: PersonNote) -> ResourceOutcome {
        let note = Box::new(note);
        let deadline = self.deadline(self.settings.answer_timeout);
        self.resource_outcome(|reply| Message::NotePerson { note, reply }, deadline)
            .await
    }

    async fn resource_outcome(
        &self,
        message: impl FnOnce(oneshot::Sender<ResourceOutcome>) -> Message,
        deadline: Instant,
    ) -> ResourceOutcome {
        self.ask(message, deadline).await.unwrap_or_else(|why| {
            let why = match why {
                NoAnswer::Stopping => "the agent is stopping",
                NoAnswer::TooLate => "the change was not finished in time",
            };
            ResourceOutcome::NotKnown(why.to_owned())
        })
    }

    /// [`Self::submit`] for a signed call. The same bytes sent again are not carried out a second time.
    pub async fn submit_signed(
        self: &Arc<Self>,
        device: &Device,
        form: OrderForm,
        call: SignedOrder,
        deadline: Instant,
    ) -> Outcome {
        let SignedOrder { signature, has_id } = call;
        let forgotten = !has_id && self.replays.may_be_forgotten(signature);
        let outcome = match self.replays.begin(signature) {
            Ok(request) => {
                if forgotten && self.state_of(form.id).await != FiscalState::NotRegistered {
                    request.end(ReplayOutcome::Remember);
                    return signature_used(form.id, self.state_of(form.id).await);
                }
                let outcome = self.submit(device.id, form, deadline).await;
                request.end(remembered(&outcome, has_id));
                outcome
            }
            Err(Earlier::Ended) if !has_id => {
                return signature_used(form.id, self.state_of(form.id).await);
            }
            Err(_) => {
                self.first_outcome(device.id, form, signature, deadline)
                    .await
            }
        };
        if has_id {
            return outcome;
        }
        let service = Arc::clone(self);
        outcome.when_written(WhenWritten::new(move || {
            service.replays.answered(signature)
        }))
    }

    /// The outcome of the first call with this signature. Nothing is carried out.
    async fn first_outcome(
        self: &Arc<Self>,
        device: Uuid,
        form: OrderForm,
        signature: SignatureInfo,
        deadline: Instant,
    ) -> Outcome {
        let id = form.id;
        while self.replays.is_in_progress(signature) || self.waits(id).await == Some(true) {
            if self.clock.monotonic() >= deadline {
                break;
            }
            tokio::time::sleep(REPEAT_PAUSE).await;
        }
        match self.state_of(id).await {
            // The clerk compares this call with the call that made the document, and makes no second one.
            FiscalState::Registered => self.submit(device, form, deadline).await,
            FiscalState::Unknown => Outcome::of(
                id,
                Answer::Unknown {
                    message:
                        "the outcome of the first request with this signature is not known yet"
                            .to_owned(),
                },
            ),
            FiscalState::NotRegistered => signature_used(id, FiscalState::NotRegistered),
        }
    }

    /// The outcome of an order that repeats a request with a document, whatever today's configuration says of the order; `None`
    /// if the order is no such repetition. Nothing is carried out.
    pub async fn repeated(self: &Arc<Self>, device: Uuid, form: &OrderForm) -> Option<Outcome> {
        let id = form.id;
        let find = self.read(Lane::Sales, move |reader| reader.find(None, id));
        let row = find.await.ok().flatten()?.row;
        let repeats = row.state == RequestState::Sealed
            && RequestFingerprint::of_row(&row).is_of(form, device);
        repeats.then(|| Outcome::new(id, Told::Document { replayed: true }))
    }

    /// Marks the signature of a request that makes no document as used.
    fn use_signature_once(&self, signature: SignatureInfo) -> Result<(), Problem> {
        match self.replays.begin(signature) {
            Ok(request) => {
                request.end(ReplayOutcome::Remember);
                Ok(())
            }
            Err(_) => {
                let message = "Api-Signature: was used before, by a request that has ended; to try again, sign the request with the current time";
                Err(Problem::new("SignatureReplayed", message))
            }
        }
    }

    /// Opens the drawer of a device. The same bytes sent again do not open it a second time.
    ///
    /// # Errors
    ///
    /// The [`Problem`] that the caller is told.
    pub async fn open_drawer(
        &self,
        device: &Device,
        signature: SignatureInfo,
    ) -> Result<(), Problem> {
        self.use_signature_once(signature)?;
        let deadline = self.deadline(device.answer_timeout);
        let message = |reply| Message::Drawer {
            device: device.id,
            deadline,
            reply,
        };
        let outcome = match self.ask(message, deadline).await {
            Ok(outcome) => outcome,
            Err(NoAnswer::Stopping) => DrawerOutcome::Unknown("the agent is stopping".to_owned()),
            Err(NoAnswer::TooLate) => {
                DrawerOutcome::Unknown("the printer has not answered in time".to_owned())
            }
        };
        let (error, reason) = match outcome {
            DrawerOutcome::Opened => return Ok(()),
            DrawerOutcome::NotOpened(reason) => ("DrawerNotOpened", reason),
            DrawerOutcome::Unknown(reason) => ("OutcomeUnknown", reason),
        };
        Err(Problem::new(error, format!("printer: {reason}")))
    }

    /// Prints the slip of a document of a device again, marked as a copy. The same bytes sent again print nothing.
    ///
    /// # Errors
    ///
    /// The [`Problem`] that the caller is told.
    pub async fn print_duplicate(
        &self,
        device: &Device,
        id: Uuid,
        signature: SignatureInfo,
    ) -> Result<(), Problem> {
        self.use_signature_once(signature)?;
        self.print_copy(device, id).await
    }

    /// Prints the slip of a document of a device again, marked as a copy. Each call prints once more.
    ///
    /// # Errors
    ///
    /// The [`Problem`] that the caller is told.
    pub async fn print_copy(&self, device: &Device, id: Uuid) -> Result<(), Problem> {
        let deadline = self.deadline(device.answer_timeout);
        let message = |reply| Message::Duplicate {
            device: device.id,
            id,
            deadline,
            reply,
        };
        self.printed(message, deadline, None).await
    }

    /// Prints a paper that belongs to no document. The same bytes sent again print nothing.
    ///
    /// # Errors
    ///
    /// The [`Problem`] that the caller is told.
    pub async fn print_paper(
        &self,
        device: &Device,
        printout: Printout,
        signature: SignatureInfo,
    ) -> Result<(), Problem> {
        self.use_signature_once(signature)?;
        let deadline = self.deadline(device.answer_timeout);
        let message = |reply| Message::Paper {
            device: device.id,
            paper: Box::new(match printout {
                Printout::Paper(paper) => paper.into(),
                Printout::OwnReport(job) => DocumentSlip::of_job(job),
            }),
            deadline,
            reply,
        };
        self.printed(message, deadline, Some("ReportNotPrinted"))
            .await
    }

    /// Waits until a paper is printed. `code` is the error code if it is not, instead of the clerk's own.
    async fn printed(
        &self,
        message: impl FnOnce(oneshot::Sender<Answer>) -> Message,
        deadline: Instant,
        code: Option<&'static str>,
    ) -> Result<(), Problem> {
        let unknown = |reason: &str| Problem::new("OutcomeUnknown", format!("printer: {reason}"));
        match self.ask(message, deadline).await {
            Ok(Answer::Registered { .. }) => Ok(()),
            Ok(Answer::NotRegistered { error, message }) => {
                let code = code.map_or(error, str::to_owned);
                Err(Problem::new(code, message))
            }
            Ok(Answer::Unknown { message }) => Err(unknown(&message)),
            Ok(Answer::Refused { .. } | Answer::Unavailable { .. }) => {
                Err(unknown("the till did not decide on the paper"))
            }
            Err(NoAnswer::Stopping) => Err(unknown("the agent is stopping")),
            Err(NoAnswer::TooLate) => Err(unknown("the printer has not answered in time")),
        }
    }

    /// Orders a copy of a sealed document for a buyer. With a signature, the same bytes sent again order nothing.
    ///
    /// # Errors
    ///
    /// The [`Problem`] that the caller is told.
    pub async fn send_copy(
        self: &Arc<Self>,
        document: Uuid,
        contact: BuyerContact,
        signature: Option<SignatureInfo>,
    ) -> Result<(), Problem> {
        if let Some(signature) = signature {
            self.use_signature_once(signature)?;
        }
        let ordered = self.work(Lane::Sales, move |service, _| {
            let (reply, ordered) = sync_channel(1);
            service.clerk_handle.send(Message::OrderCopy {
                document,
                contact: Box::new(contact),
                reply,
            });
            ordered.recv_timeout(service.settings.answer_timeout)
        });
        if ordered.await == Ok(true) {
            return Ok(());
        }
        let message = "store: the copy could not be ordered; send the request again";
        Err(Problem::new("BooksUnwritable", message))
    }

    /// Looks whether the PIN that the till has made was changed, if sales wait for that. Returns true while they wait.
    pub fn look_for_first_pin(&self) -> bool {
        let waits = self.people.waits_for_first_pin();
        self.live_status.first_pin_waits(waits);
        waits
    }

    /// The deadline of a wait that begins now.
    #[must_use]
    pub fn deadline(&self, wait: Duration) -> Instant {
        let now = self.clock.monotonic();
        now.checked_add(wait).unwrap_or(now)
    }

    /// The law's limit and the owner's limit for selling without the authority, each with its remaining part.
    #[must_use]
    pub fn budgets(&self) -> [(&Budget, Left); 2] {
        let unsent = self.live_status.unsent();
        [&self.profile.facts().offline, &self.owner_budget]
            .map(|budget| (budget, self.guard.left(budget, unsent)))
    }

    /// Seconds until the nearest time limit for selling without the authority.
    #[must_use]
    pub fn offline_remaining_s(&self) -> Option<i64> {
        self.budgets()
            .into_iter()
            .filter_map(|(_, left)| left.least_ms())
            .min()
            .map(|left_ms| left_ms / 1_000)
    }

    /// The fiscal state of a request id, from the queue and the store.
    pub async fn state_of(self: &Arc<Self>, id: Uuid) -> FiscalState {
        // The queue is asked before the store: an order that is reserved in between is found in the store.
        let waits = self.waits(id).await;
        let found = self
            .read(Lane::Sales, move |reader| reader.find(None, id))
            .await;
        state_from(
            waits,
            found.map(|found| found.map(|stored| stored.row.state)),
        )
    }

    /// Whether an order with this id waits in the queue or is being printed; `None` while the clerk stops.
    pub async fn waits(&self, id: Uuid) -> Option<bool> {
        let waiting = self.waiting_order(id).await.ok()?;
        Some(waiting.is_some())
    }

    /// The order with this id that waits in the queue or is being sealed; `None` if there is no such order.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Stopping`] while the clerk stops.
    pub async fn waiting_order(&self, id: Uuid) -> Result<Option<WaitingOrder>, NoAnswer> {
        let (reply, waiting) = oneshot::channel();
        self.clerk_handle.send(Message::Waiting { id, reply });
        waiting.await.map_err(|_| NoAnswer::Stopping)
    }
}

/// The fiscal state of a request id whose order waits in the queue or does not (`None`: the clerk stops), and whose document the
/// store has in this state.
///
/// A sealed document is registered even if an order with its id waits: such an order repeats the request and makes no second
/// document. An order that waits and has no document may still become one.
fn state_from(
    waits: Option<bool>,
    stored: Result<Option<RequestState>, StoreError>,
) -> FiscalState {
    match (stored, waits) {
        (Ok(Some(RequestState::Sealed)), _) => FiscalState::Registered,
        (Ok(Some(RequestState::Voided) | None), Some(false)) => FiscalState::NotRegistered,
        (Ok(Some(RequestState::Voided | RequestState::Reserved) | None) | Err(_), _) => {
            FiscalState::Unknown
        }
    }
}

/// What is remembered of a call with this outcome.
fn remembered(outcome: &Outcome, has_id: bool) -> ReplayOutcome {
    match (&outcome.told, outcome.state(), has_id) {
        // The clerk did nothing with the call.
        (Told::Busy(_), ..) => ReplayOutcome::Forget,
        // The document of the id answers a repetition.
        (Told::Document { .. }, _, true) => ReplayOutcome::Forget,
        (_, FiscalState::Registered | FiscalState::Unknown, false) => ReplayOutcome::UntilAnswered,
        _ => ReplayOutcome::Remember,
    }
}

/// The refusal of a call whose signature was used before; `state` is the state of the first call's id.
fn signature_used(id: Uuid, state: FiscalState) -> Outcome {
    let advice = match state {
        FiscalState::Registered => format!(
            "by a request that made the document {id}; if this is another request, sign it with the current time, and give each request an id of its own"
        ),
        FiscalState::Unknown => format!(
            "by a request whose outcome is not known yet; to ask for the outcome, repeat the request with the id {id}, and give each request an id of its own"
        ),
        FiscalState::NotRegistered => format!(
            "by a request that made no document; to try again, sign the request with the current time, with the id {id} or one of its own"
        ),
    };
    let problem = Problem::new(
        "SignatureReplayed",
        format!("Api-Signature: was used before, {advice}"),
    );
    Outcome::new(id, Told::NotAsked { problem, state })
}

const FIRST_PIN_UNCHANGED: &str = "till: sells nothing until the PIN that it has made at its first start is changed; sign in at the dashboard and change it, or use `ferrotill person pin`";
/// The pause between two checks whether the first request has ended.
const REPEAT_PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_document_is_registered_even_while_a_repetition_of_its_request_waits() {
        use FiscalState::{NotRegistered, Registered, Unknown};
        use RequestState::{Reserved, Sealed, Voided};
        for (stored, [waits, does_not_wait, clerk_stops]) in [
            (Some(Sealed), [Registered, Registered, Registered]),
            (Some(Reserved), [Unknown, Unknown, Unknown]),
            (Some(Voided), [Unknown, NotRegistered, Unknown]),
            (None, [Unknown, NotRegistered, Unknown]),
        ] {
            assert_eq!(state_from(Some(true), Ok(stored)), waits, "{stored:?}");
            assert_eq!(
                state_from(Some(false), Ok(stored)),
                does_not_wait,
                "{stored:?}"
            );
            assert_eq!(state_from(None, Ok(stored)), clerk_stops, "{stored:?}");
        }
    }
}
