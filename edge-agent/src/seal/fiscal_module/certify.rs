//! What the documents of FiscalBox leave open, tried one by one against a device: each inference has a procedure.
//!
//! The procedures register receipts, so they are for devices that are not fiscalised, or that are in the maker's test mode. They go on where
//! one is refuted, and leave the shift closed.

mod procedures;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::http::{DeviceLine, DeviceRequest, HttpModule};
use super::{CallFault, FiscalModule, ModuleCall, Operation};
use crate::locked::Locked;
use crate::time::clock::{Clock, local};
pub use procedures::INFERENCES;

/// An inference about a device: what this program relies on and no document of the maker says for certain.
#[derive(Clone, Copy, Debug)]
pub struct Inference {
    /// The name, for programs and for the table.
    pub id: &'static str,
    /// What is inferred.
    pub says: &'static str,
    /// Where this program relies on it: the place to change if it is refuted.
    pub place: &'static str,
    procedure: fn(&mut Trial<'_>) -> Finding,
}

/// What a procedure has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The device does what is inferred.
    Confirmed,
    /// The device does something else.
    Refuted(String),
    /// It could not be tried.
    NotTried(String),
}

/// A request to the device and its answer, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Method, path, query and body.
    pub request: String,
    /// The body of the answer, or why there is none.
    pub answer: String,
}

/// An inference that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The inference.
    pub inference: Inference,
    /// What was found.
    pub finding: Finding,
    /// What was sent and answered.
    pub exchanges: Vec<Exchange>,
}

/// The most bytes of an answer in a report.
const SHOWN_BYTES_MAX: usize = 4_000;
/// After this time a module's clock shows a later second.
const NEXT_SECOND: Duration = Duration::from_millis(1_100);
/// The price of a trial's receipt, in tiyin.
const PRICE: i64 = 500_000;

/// Remembers every request and its answer.
#[derive(Debug)]
struct RecordingLine {
    line: Box<dyn DeviceLine>,
    exchanges: Arc<Locked<Vec<Exchange>>>,
}

impl DeviceLine for RecordingLine {
    fn exchange(&self, request: &DeviceRequest<'_>) -> Result<Vec<u8>, CallFault> {
        let answer = self.line.exchange(request);
        let method = if request.body.is_some() {
            "POST"
        } else {
            "GET"
        };
        let query: Vec<String> = request
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut sent = format!("{method} {}", request.path);
        if !query.is_empty() {
            sent.push_str(&format!("?{}", query.join("&")));
        }
        if let Some(body) = request.body {
            sent.push_str(&format!(" {body}"));
        }
        let text = match &answer {
            Ok(bytes) => {
                let shown = bytes.get(..bytes.len().min(SHOWN_BYTES_MAX));
                String::from_utf8_lossy(shown.unwrap_or_default()).into_owned()
            }
            Err(fault) => format!("no answer: {fault:?}"),
        };
        self.exchanges.lock().push(Exchange {
            request: sent,
            answer: text,
        });
        answer
    }
}

/// What the procedures have made so far.
struct Trial<'t> {
    module: HttpModule,
    line: RecordingLine,
    exchanges: Arc<Locked<Vec<Exchange>>>,
    clock: &'t Clock,
    /// The last order and the data of its answer.
    sold: Option<(Value, Value)>,
    applet: String,
}

impl fmt::Debug for Trial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trial")
    }
}

/// Tries all inferences against the device at an address.
#[must_use]
pub fn certify(url: &str, timeout: Duration, clock: &Clock) -> Vec<Tried> {
    let exchanges: Arc<Locked<Vec<Exchange>>> = Arc::default();
    let line = || RecordingLine {
        line: HttpModule::network(url),
        exchanges: Arc::clone(&exchanges),
    };
    let mut trial = Trial {
        module: HttpModule::over(url, timeout, Box::new(line())),
        line: line(),
        exchanges: Arc::clone(&exchanges),
        clock,
        sold: None,
        applet: String::new(),
    };
    let mut tried = Vec::new();
    for inference in INFERENCES {
        let finding = (inference.procedure)(&mut trial);
        tried.push(Tried {
            inference: *inference,
            finding,
            exchanges: std::mem::take(&mut *exchanges.lock()),
        });
    }
    tried
}

impl Trial<'_> {
    fn call(&self, call: &ModuleCall) -> Result<Value, CallFault> {
        self.module.call(call)
    }

    fn ask(&self, operation: Operation) -> Result<Value, Finding> {
        self.call(&ModuleCall::new(operation))
            .map_err(|fault| not_tried(operation, &fault))
    }

    /// The number of the last receipt.
    fn sequence(&self) -> Result<i64, Finding> {
        let info = self.ask(Operation::Info)?;
        whole(&info, "current_receipt_seq")
            .ok_or_else(|| Finding::NotTried("info has no current_receipt_seq".to_owned()))
    }

    fn time(&self, ahead_s: i64) -> String {
        let now = local(self.clock.now());
        let time = now.checked_add(SignedDuration::from_secs(ahead_s));
        time.unwrap_or(now)
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    }

    /// An order now, in a later second than the one before it.
    fn order(&self, cash: i64, other: i64) -> Value {
        self.clock.wait(NEXT_SECOND);
        json!({
            "number": 1, "receipt_type": "order", "uuid": Uuid::new_v4().to_string(), "time": self.time(0),
            "cashier": "Ferrotill", "received_cash": cash, "change": 0, "received_card": 0,
            "products": [{
                "name": "Sinov", "barcode": "", "amount": 1000, "unit_name": "dona", "price": PRICE, "product_price": PRICE,
                "vat": 0, "vat_percent": 0, "discount": 0, "other": other, "labels": [],
                "class_code": "01905001001000000", "package_code": "1282556", "owner_type": 0,
            }],
        })
    }

    /// Sends an order, and tells by how much the number of the last receipt has grown.
    fn sell(
        &mut self,
        operation: Operation,
        order: &Value,
    ) -> Result<(Result<Value, CallFault>, i64), Finding> {
        let before = self.sequence()?;
        let told = self.call(&ModuleCall::new(operation).body(order.clone()));
        let grown = self.sequence()?.saturating_sub(before);
        if let (Ok(data), Operation::Create) = (&told, operation) {
            self.sold = Some((order.clone(), data.clone()));
        }
        Ok((told, grown))
    }

    fn sold(&self) -> Result<&(Value, Value), Finding> {
        let none = || Finding::NotTried("no sale was registered before".to_owned());
        self.sold.as_ref().ok_or_else(none)
    }

    /// Sends a request past the envelope, and reads the answer as JSON.
    fn raw(&self, path: &str) -> Result<Value, Finding> {
        let answer = self.line.exchange(&DeviceRequest {
            path,
            query: &[],
            body: None,
            timeout: Duration::from_secs(10),
        });
        let bytes = answer.map_err(|fault| Finding::NotTried(format!("{fault:?}")))?;
        serde_json::from_slice(&bytes)
            .map_err(|_| Finding::Refuted(format!("GET {path} is answered without JSON")))
    }

    /// The answer that was read last, as JSON.
    fn last_answer(&self) -> Value {
        let exchanges = self.exchanges.lock();
        let last = exchanges.last().map(|last| last.answer.clone());
        serde_json::from_str(&last.unwrap_or_default()).unwrap_or_default()
    }
}

fn not_tried(operation: Operation, fault: &CallFault) -> Finding {
    Finding::NotTried(format!("{}: {fault:?}", operation.path()))
}

fn whole(node: &Value, name: &str) -> Option<i64> {
    match node.get(name)? {
        Value::String(text) => text.parse().ok(),
        node => node.as_i64(),
    }
}

fn text(node: &Value, name: &str) -> String {
    match node.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(node) => node.to_string(),
    }
}

fn confirmed_if(is_so: bool, otherwise: impl FnOnce() -> String) -> Finding {
    if is_so {
        Finding::Confirmed
    } else {
        Finding::Refuted(otherwise())
    }
}

/// Lets a procedure end at the first thing that cannot be tried.
fn found(finding: Result<Finding, Finding>) -> Finding {
    finding.unwrap_or_else(|early| early)
}
