//! Fiscal modules: they number and sign each receipt, and count the shift.
//!
//! - [`FiscalModule`]: a module as its callers see it: calls with JSON, whatever carries them;
//! - `statuses`: what modules refuse, by name, in both generations of their programs;
//! - `software`: a module in memory and in a file, for TEST tills and for the emulator;
//! - `http`: a module behind the HTTP API of its device;
//! - `composed`: the request of a receipt whose caller has not given it in the module's form;
//! - `certify`: what the documents leave open, tried against a device;
//! - `driver`: what the printer's thread asks of a module, and how it finds out what became of a receipt.
//!
//! A module is recovered as a printer is: its counters before a document are in the journal, and afterwards its counters and its last
//! receipt decide. Nothing is sent a second time on hope.

pub mod certify;
mod composed;
mod driver;
mod faults;
pub mod http;
pub mod marking;
mod memory;
mod order;
pub mod provider;
mod sealer;
pub mod software;
mod software_figures;
pub mod software_providers;
pub mod software_switches;
pub mod statuses;
mod units;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

pub use composed::payment_named_by;
pub use driver::ModuleDriver;
use provider::{Provider, ProviderAction, ProviderCall};
pub use sealer::FiscalModuleSealer;

/// What is asked of a module.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleCall {
    /// The operation.
    pub operation: Operation,
    /// The parameters of the query, by name.
    pub query: Vec<(String, String)>,
    /// The body; `Null` without one.
    pub body: Value,
}

/// The operations of a module and of its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Registers a sale, an advance payment or a sale on credit.
    Create,
    /// Registers a refund.
    Refuse,
    /// Prints the last receipt again.
    PrintLast,
    /// Tells the last receipt.
    Last,
    /// Sends the stored receipts.
    SendReceipt,
    /// Opens the shift.
    Open,
    /// Closes the shift, or shows its figures.
    Close,
    /// Tells the figures of a shift.
    ShiftInfo,
    /// Tells the state of the module.
    Info,
    /// Opens the drawer.
    Drawer,
    /// Prints a text.
    Banner,
    /// Checks marking codes.
    Marking,
    /// Asks a payment provider.
    Provider(ProviderCall),
}

impl Operation {
    /// All operations but those of payment providers.
    pub const ALL: [Self; 12] = [
        Self::Create,
        Self::Refuse,
        Self::PrintLast,
        Self::Last,
        Self::SendReceipt,
        Self::Open,
        Self::Close,
        Self::ShiftInfo,
        Self::Info,
        Self::Drawer,
        Self::Banner,
        Self::Marking,
    ];

    /// The path below the root of the module's API, without a slash at its ends.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Create => "order/create",
            Self::Refuse => "order/refuse",
            Self::PrintLast => "order/print",
            Self::Last => "order/last",
            Self::SendReceipt => "order/sendreceipt",
            Self::Open => "zreport/open",
            Self::Close => "zreport/close",
            Self::ShiftInfo => "zreport/info",
            Self::Info => "info",
            Self::Drawer => "print/open_cash_drawer",
            Self::Banner => "print/banner",
            Self::Marking => "okm/validation",
            Self::Provider(call) => call.path,
        }
    }

    /// The name that the simulator's switches give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Refuse => "refuse",
            Self::PrintLast => "print",
            Self::Last => "last",
            Self::SendReceipt => "sendreceipt",
            Self::Open => "open",
            Self::Close => "close",
            Self::ShiftInfo | Self::Info => "info",
            Self::Drawer => "drawer",
            Self::Banner => "banner",
            Self::Marking => "marking",
            Self::Provider(call) => call.provider.name(),
        }
    }

    /// The operation with a path, with or without slashes at its ends.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        let mut all = Self::ALL.into_iter();
        all.find(|operation| operation.path() == path)
            .or_else(|| ProviderCall::of_path(path).map(Self::Provider))
    }

    /// The methods with which devices take the operation.
    #[must_use]
    pub const fn methods(self) -> &'static str {
        match self {
            Self::Create | Self::Refuse | Self::Banner | Self::Marking => "POST",
            Self::Provider(call) if call.posts => "POST",
            Self::Close | Self::SendReceipt => "GET, POST",
            _ => "GET",
        }
    }

    /// Whether the data of an answer without an error are a success: those of a declined payment with UzQR are none.
    #[must_use]
    pub fn is_success(self, data: &Value) -> bool {
        let is_status = matches!(self, Self::Provider(call)
            if (call.provider, call.action) == (Provider::UzQr, ProviderAction::Status));
        !is_status || data.get("status").and_then(Value::as_u64) != Some(3)
    }

    /// True if the operation has a body.
    #[must_use]
    pub const fn has_body(self) -> bool {
        match self {
            Self::Create | Self::Refuse | Self::Close | Self::Banner | Self::Marking => true,
            Self::Provider(call) => call.posts,
            _ => false,
        }
    }
}

impl ModuleCall {
    /// A call without parameters and without a body.
    #[must_use]
    pub const fn new(operation: Operation) -> Self {
        Self {
            operation,
            query: Vec::new(),
            body: Value::Null,
        }
    }

    /// The call with a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// The call with a body.
    #[must_use]
    pub fn body(self, body: Value) -> Self {
        Self { body, ..self }
    }

    /// The value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut query = self.query.iter();
        query
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// An error as a module tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleError {
    /// The number. Its meaning depends on the generation of the module's program.
    pub code: i64,
    /// The text, which names the cause.
    pub message: String,
    /// More about the cause.
    pub data: Option<String>,
}

impl ModuleError {
    /// An error without more.
    #[must_use]
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the fiscal module answers {}: {}",
            self.code, self.message
        )
    }
}

/// Why a call has no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFault {
    /// The call was not sent: nothing has happened.
    NotSent(String),
    /// The call may have been carried out, and its answer was lost.
    Lost(String),
    /// The module has answered an error. That proves nothing: modules answer errors for receipts that they have registered.
    Refused(ModuleError),
}

/// A fiscal module, as its callers see it.
pub trait FiscalModule: Send + Sync + fmt::Debug {
    /// Carries out a call and returns its data.
    ///
    /// # Errors
    ///
    /// Why there is no data.
    fn call(&self, call: &ModuleCall) -> Result<Value, CallFault>;

    /// The address of the module, for people.
    fn address(&self) -> String;

    /// The name of the family, which stands in every baseline.
    fn family(&self) -> &'static str;
}

/// The fiscal modules of a till, by the ids of their devices.
#[derive(Clone, Debug, Default)]
pub struct Modules {
    all: BTreeMap<Uuid, Arc<dyn FiscalModule>>,
    /// The one in software, which the simulator's switches are for.
    simulated: Option<Arc<software::SoftwareModule>>,
}

impl Modules {
    /// Adds the module of a device.
    pub fn add(&mut self, device: Uuid, module: Arc<dyn FiscalModule>) {
        self.all.insert(device, module);
    }

    /// Adds a module in software.
    pub fn add_simulated(&mut self, device: Uuid, module: Arc<software::SoftwareModule>) {
        self.simulated = Some(Arc::clone(&module));
        self.all.insert(device, module);
    }

    /// The module of a device.
    #[must_use]
    pub fn of(&self, device: Uuid) -> Option<&Arc<dyn FiscalModule>> {
        self.all.get(&device)
    }

    /// The module in software, if there is one.
    #[must_use]
    pub const fn simulated(&self) -> Option<&Arc<software::SoftwareModule>> {
        self.simulated.as_ref()
    }
}
