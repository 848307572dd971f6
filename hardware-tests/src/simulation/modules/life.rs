//! What stands between the simulated agent and its fiscal modules, and between its payments and the journal: the agent may be killed before
//! and after each call, and a device's line loses requests and answers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::body::{Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use ferrotill::clerk::{Clerk, ClerkHandle, Message, ProviderNews};
use ferrotill::order::provider::ProviderNewsOutcome;
use ferrotill::outbox::providers::PaymentJournal;
use ferrotill::seal::fiscal_module::http::{DeviceLine, DeviceRequest};
use ferrotill::seal::fiscal_module::software::SoftwareModule;
use ferrotill::seal::fiscal_module::{CallFault, FiscalModule, ModuleCall};
use ferrotill::seal::printer::{Listener, News};
use ferrotill::simulator::fiscalbox::respond;
use serde_json::Value;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::super::line::Life;

/// The clerk of a running agent, once it is open.
pub(super) type ClerkSlot = Arc<Mutex<Option<Weak<Mutex<Clerk>>>>>;

fn turn(slot: &ClerkSlot) {
    let clerk = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(clerk) = clerk.as_ref().and_then(Weak::upgrade) {
        let mut clerk = clerk.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = clerk.turn(None);
    }
}

/// A module that an agent can ask only while it lives. What it has carried out for an agent that was killed stays carried out.
#[derive(Debug)]
pub(super) struct MortalModule {
    pub(super) module: Arc<dyn FiscalModule>,
    pub(super) life: Life,
}

impl FiscalModule for MortalModule {
    fn call(&self, call: &ModuleCall) -> Result<Value, CallFault> {
        if self.life.spend().is_err() {
            return Err(CallFault::NotSent("the agent was killed".to_owned()));
        }
        let answer = self.module.call(call);
        if self.life.spend().is_err() {
            return Err(CallFault::Lost("the agent was killed".to_owned()));
        }
        answer
    }

    fn address(&self) -> String {
        self.module.address()
    }

    fn family(&self) -> &'static str {
        self.module.family()
    }
}

/// A fault of the line to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineFault {
    /// The device cannot be reached.
    Refused,
    /// The request is lost.
    RequestLost,
    /// The device carries the request out, and its answer is lost.
    AnswerLost,
    /// The device carries the request out, and its answer ends in its middle.
    AnswerCut,
}

/// The line to an emulated device: its requests and answers are those of HTTP, without a socket.
#[derive(Clone)]
pub(super) struct SimulatedLine {
    pub(super) module: Arc<SoftwareModule>,
    pub(super) runtime: Arc<Runtime>,
    pub(super) faults: Arc<Mutex<Vec<LineFault>>>,
}

impl fmt::Debug for SimulatedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedLine")
    }
}

impl SimulatedLine {
    fn faults(&self) -> std::sync::MutexGuard<'_, Vec<LineFault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Strikes the next request.
    pub(super) fn strike(&self, fault: LineFault) {
        self.faults().push(fault);
    }

    pub(super) fn mend(&self) {
        self.faults().clear();
    }

    fn carry(&self, request: &DeviceRequest<'_>) -> Result<Vec<u8>, CallFault> {
        let lost = |text: &str| CallFault::Lost(text.to_owned());
        let query: Vec<String> = request
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace(' ', "%20")))
            .collect();
        let uri: Uri = format!("{}?{}", request.path, query.join("&"))
            .parse()
            .map_err(|_| CallFault::NotSent("the address is no address".to_owned()))?;
        let mut headers = HeaderMap::new();
        let (method, body) = match request.body {
            Some(body) => {
                let kind = HeaderValue::from_static("application/json; charset=UTF-8");
                headers.insert(header::CONTENT_TYPE, kind);
                (Method::POST, Bytes::copy_from_slice(body.as_bytes()))
            }
            None => (Method::GET, Bytes::new()),
        };
        let module = Arc::clone(&self.module);
        self.runtime.block_on(async {
            let response = respond(module, method, uri, headers, body).await;
            if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                return Err(lost("the device has ended the connection"));
            }
            let body = to_bytes(response.into_body(), usize::MAX).await;
            body.map(|bytes| bytes.to_vec())
                .map_err(|_| lost("the answer has no end"))
        })
    }
}

impl DeviceLine for SimulatedLine {
    fn exchange(&self, request: &DeviceRequest<'_>) -> Result<Vec<u8>, CallFault> {
        let fault = self.faults().pop();
        let lost = || CallFault::Lost("the answer was lost".to_owned());
        match fault {
            None => self.carry(request),
            Some(LineFault::Refused) => Err(CallFault::NotSent("no route to host".to_owned())),
            Some(LineFault::RequestLost) => Err(lost()),
            Some(LineFault::AnswerLost) => {
                let _ = self.carry(request)?;
                Err(lost())
            }
            Some(LineFault::AnswerCut) => {
                let mut body = self.carry(request)?;
                body.truncate(body.len() / 2);
                Ok(body)
            }
        }
    }
}

/// Stores what happens to payments by a turn of the clerk.
pub(super) struct ShopJournal {
    pub(super) clerk_handle: ClerkHandle,
    pub(super) clerk: ClerkSlot,
    pub(super) life: Life,
    /// How many references were made.
    pub(super) references: Arc<AtomicU64>,
}

impl fmt::Debug for ShopJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShopJournal")
    }
}

impl PaymentJournal for ShopJournal {
    fn store(&self, news: ProviderNews) -> ProviderNewsOutcome {
        if self.life.spend().is_err() {
            return ProviderNewsOutcome::Unknown;
        }
        let (reply, answer) = sync_channel(1);
        let message = Message::Provider(Box::new(news), reply);
        self.clerk_handle.send(message);
        turn(&self.clerk);
        let outcome = answer.try_recv();
        match self.life.spend() {
            Ok(()) => outcome.unwrap_or(ProviderNewsOutcome::Unknown),
            Err(_) => ProviderNewsOutcome::Unknown,
        }
    }

    fn new_reference(&self) -> Uuid {
        let number = self.references.fetch_add(1, Ordering::Relaxed);
        Uuid::from_u128(0x7061_7900_0000 + u128::from(number))
    }
}

/// Receives the news of a module's worker during the worker's turn.
pub(super) struct ModuleListener {
    pub(super) clerk_handle: ClerkHandle,
    pub(super) device: Uuid,
    pub(super) life: Life,
}

impl Listener for ModuleListener {
    fn send(&self, news: News) {
        if !self.life.is_over() {
            self.clerk_handle.send(Message::Printer(self.device, news));
        }
    }

    fn decide_cancel(&self, _id: Uuid) -> bool {
        // A fiscal module has no receipt that could be cancelled.
        false
    }
}
