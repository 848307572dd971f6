//! The next step of payments that their callers have left.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use ferrotill_core::scale::Decimal;
use ferrotill_core::seal::Seal;
use ferrotill_store::{ProviderPayment, ProviderPaymentState, Reader, StoreError};
use serde_json::json;

use super::Providers;
use crate::config::FiscalBoxConfig;
use crate::outbox::module_limits::ModuleLimits;
use crate::seal::fiscal_module::provider::{Provider, ProviderAction, ProviderCall};
use crate::seal::fiscal_module::{ModuleCall, Operation};
use crate::status::LiveStatus;
use crate::status::problems::{HealthProblem, ProblemKind};
use crate::time::guarded_clock::GuardedClock;

/// What the worker needs from the rest of the agent.
#[derive(Clone, Debug)]
pub struct ProviderParts {
    /// Asks the providers.
    pub providers: Arc<Providers>,
    /// Reads the store.
    pub reader: Reader,
    /// The limits.
    pub config: FiscalBoxConfig,
    /// The live status.
    pub live_status: Arc<LiveStatus>,
    /// The guarded clock.
    pub guard: Arc<GuardedClock>,
}

/// How often the worker looks at open payments.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A payment is left by its caller if nothing has happened to it for so long: callers wait at most two minutes for a status.
const LEFT_AFTER_MS: i64 = 150_000;
/// A payment whose outcome nobody can be asked about is a problem after so long.
const UNKNOWN_AFTER_MS: i64 = 5_000;
/// How long a shutdown waits for the thread.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);
/// The most payments that a problem names.
const NAMED_MAX: usize = 5;

/// The thread of the worker, which looks after the limits of the modules too. Dropping this value stops the thread.
#[derive(Debug)]
pub struct ProviderThread {
    stop: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl ProviderThread {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system cannot create a thread.
    pub fn start(parts: ProviderParts, mut limits: ModuleLimits) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let (running, ended) = channel();
        std::thread::Builder::new()
            .name("payments".to_owned())
            .spawn(move || {
                let _running = running;
                loop {
                    if let Err(error) = parts.turn() {
                        tracing::error!("the payments of providers cannot be read: {error}");
                    }
                    limits.turn();
                    if stopped.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            })?;
        Ok(Self {
            stop: Some(stop),
            ended,
        })
    }
}

impl Drop for ProviderThread {
    fn drop(&mut self) {
        self.stop = None;
        // A provider that does not answer delays the shutdown no longer than this.
        let _ = self.ended.recv_timeout(SHUTDOWN_GRACE);
    }
}

impl ProviderParts {
    /// Takes the next step of each open payment, and shows what a person must do.
    ///
    /// # Errors
    ///
    /// The payments cannot be read.
    pub fn turn(&self) -> Result<(), StoreError> {
        turn(self)
    }
}

fn turn(parts: &ProviderParts) -> Result<(), StoreError> {
    let mut left = Vec::new();
    for payment in parts.reader.open_provider_payments()? {
        if let Some(words) = next_step(parts, &payment)? {
            left.push(words);
        }
    }
    let problems = parts.live_status.problems();
    if left.is_empty() {
        problems.clear(ProblemKind::PROVIDER_PAYMENT, None);
        return Ok(());
    }
    let more = left.len().saturating_sub(NAMED_MAX);
    left.truncate(NAMED_MAX);
    let mut says = left.join("; ");
    if more > 0 {
        says.push_str(&format!("; and {more} more"));
    }
    problems.raise(HealthProblem {
        kind: ProblemKind::PROVIDER_PAYMENT,
        device: None,
        since_ms: parts.guard.now().utc_ms,
        says,
        fix: "look into the provider's own list; sell with the number of the payment, or give the money back there, and say so with POST /fiscalbox/payment/settle".to_owned(),
    });
    Ok(())
}

/// Takes the next step of a payment. Returns what a person must know, if the till has no step of its own.
fn next_step(
    parts: &ProviderParts,
    payment: &ProviderPayment,
) -> Result<Option<String>, StoreError> {
    let now = parts.guard.now().utc_ms;
    let quiet = now.saturating_sub(payment.changed_ms);
    let limit = |limit: Duration| i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
    let ProviderPayment {
        reference,
        provider,
        number,
        amount,
        ..
    } = payment;
    let amount = Decimal::new(amount.minor(), 2);
    let named = format!("{provider} {number} of {amount} (payment {reference})");
    if payment.state == ProviderPaymentState::Asked {
        if quiet >= LEFT_AFTER_MS && !number.is_empty() {
            ask_status(parts, payment);
        }
        let is_unknown = number.is_empty() && quiet >= UNKNOWN_AFTER_MS;
        return Ok(is_unknown.then(|| format!("it is not known whether {named} was paid")));
    }
    // Another question would replace this one in the table.
    if payment.step == ferrotill_core::event::ProviderStep::GiveBack.name() {
        let is_late = quiet >= UNKNOWN_AFTER_MS;
        return Ok(
            is_late.then(|| format!("it is not known whether the money of {named} was given back"))
        );
    }
    if payment.is_sealed && !payment.is_ended {
        let wants_link = Provider::of_name(provider).is_some_and(Provider::confirms);
        if !wants_link {
            parts.providers.confirm(payment, "");
        } else if quiet
            >= limit(if payment.reason.is_empty() {
                parts.config.confirm_after
            } else {
                parts.config.give_back_after
            })
            && let Some(link) = link_of(parts, payment)?
        {
            // A provider that has the link already takes it again.
            parts.providers.confirm(payment, &link);
        }
        let reason = &payment.reason;
        let is_refused = wants_link && !reason.is_empty();
        return Ok(is_refused
            .then(|| format!("{named}: the provider refuses the link of the receipt: {reason}")));
    }
    // An outstanding document may still be sealed.
    if payment.is_taken || quiet < limit(parts.config.give_back_after) {
        return Ok(None);
    }
    if payment.reason.is_empty() && parts.providers.give_back(payment) {
        return Ok(None);
    }
    let mut says = format!("{named} is paid and has no receipt");
    if !payment.reason.is_empty() {
        says.push_str(": ");
        says.push_str(&payment.reason);
    }
    Ok(Some(says))
}

/// The link of the receipt that is paid with a payment.
fn link_of(parts: &ProviderParts, payment: &ProviderPayment) -> Result<Option<String>, StoreError> {
    let Some(id) = payment.document else {
        return Ok(None);
    };
    let document = parts.reader.find(Some(payment.device), id)?;
    let seal = document.as_ref().and_then(|document| document.sealed());
    Ok(seal.and_then(|sealed| match sealed.seal {
        Seal::Module(module) => Some(module.link.to_owned()),
        _ => None,
    }))
}

/// Asks what became of a payment that was begun, and ends one that is too old.
fn ask_status(parts: &ProviderParts, payment: &ProviderPayment) {
    let Some(provider) = Provider::of_name(&payment.provider) else {
        return;
    };
    let Some(asked) = ProviderCall::of(provider, ProviderAction::Status) else {
        return;
    };
    let mut call = ModuleCall::new(Operation::Provider(asked));
    if provider == Provider::Scan2Pay {
        call = call.body(json!({ "order_id": payment.number }));
    } else {
        call = call.with("invoice_id", payment.number.as_str());
    }
    drop(parts.providers.carry_out(payment.device, asked, &call));
}
