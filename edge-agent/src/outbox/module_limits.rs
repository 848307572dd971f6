//! The limits of fiscal modules: a module keeps receipts that it cannot send, for some time and in some number, and then refuses further ones.
//!
//! Each module is asked now and then. What it has left is shown, and a person is told before the limit. A module sends its receipts by itself;
//! it is asked to do so too, because some wait for that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use uuid::Uuid;

use crate::seal::fiscal_module::{ModuleCall, Modules, Operation};
use crate::status::problems::{HealthProblem, ProblemKind};
use crate::status::{LiveStatus, ModuleLeft};
use crate::time::clock::{Clock, local};

/// Looks after the limits of the modules of a till.
#[derive(Debug)]
pub struct ModuleLimits {
    modules: Modules,
    devices: Vec<(Uuid, String)>,
    stored_max: Duration,
    live_status: Arc<LiveStatus>,
    clock: Arc<Clock>,
    looked_at: Option<Instant>,
    /// Since when a device has receipts that are not sent, and when it was asked to send them.
    waiting: BTreeMap<Uuid, Waiting>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    since_ms: i64,
    asked_ms: i64,
}

/// How often the modules are asked.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often a module is asked to send.
const SEND_EVERY_MS: i64 = 300_000;
/// A module with room for fewer reports is replaced soon.
const REPORTS_FEW: u32 = 30;
const HOUR_MS: i64 = 3_600_000;

impl ModuleLimits {
    /// Looks after the modules of these devices, given with their names.
    #[must_use]
    pub fn new(
        modules: Modules,
        devices: Vec<(Uuid, String)>,
        stored_max: Duration,
        live_status: Arc<LiveStatus>,
        clock: Arc<Clock>,
    ) -> Self {
        Self {
            modules,
            devices,
            stored_max,
            live_status,
            clock,
            looked_at: None,
            waiting: BTreeMap::new(),
        }
    }

    /// Asks the modules, if it is time for that.
    pub fn turn(&mut self) {
        let now = self.clock.monotonic();
        let is_due = |at: Instant| now.saturating_duration_since(at) >= LOOK_EVERY;
        if !self.looked_at.is_none_or(is_due) {
            return;
        }
        self.looked_at = Some(now);
        for (device, name) in self.devices.clone() {
            self.look(device, &name);
        }
    }

    fn look(&mut self, device: Uuid, name: &str) {
        let Some(module) = self.modules.of(device).cloned() else {
            return;
        };
        // A module that does not answer is a problem of its own.
        let Ok(info) = module.call(&ModuleCall::new(Operation::Info)) else {
            return;
        };
        let now_ms = self.clock.now().utc_ms;
        let unsent = number(&info, "receipt_count").unwrap_or(0);
        let left_of = |used: u32, limit: &str| {
            let limit = number(&info, limit).filter(|limit| *limit > 0)?;
            Some(limit.saturating_sub(used))
        };
        let hours = (unsent > 0).then(|| self.hours_left(device, &info, now_ms));
        let left = ModuleLeft {
            unsent,
            receipts: left_of(unsent, "receipt_max_count"),
            reports: left_of(
                number(&info, "zreport_count").unwrap_or(0),
                "zreport_max_count",
            ),
            hours,
        };
        self.live_status.set_module_left(device, left);
        if unsent == 0 {
            self.waiting.remove(&device);
        } else if self.is_to_send(device, now_ms) {
            drop(module.call(&ModuleCall::new(Operation::SendReceipt)));
        }
        let problems = self.live_status.problems();
        match self.trouble(&left, number(&info, "receipt_max_count")) {
            None => problems.clear(ProblemKind::MODULE_LIMIT, Some(device)),
            Some((says, fix)) => problems.raise(HealthProblem {
                kind: ProblemKind::MODULE_LIMIT,
                device: Some(device),
                since_ms: now_ms,
                says: format!("the fiscal module of {name}: {says}"),
                fix,
            }),
        }
    }

    /// How many whole hours the oldest receipt may still wait. A module that does not tell its time has it since the till knows of it.
    fn hours_left(&mut self, device: Uuid, info: &Value, now_ms: i64) -> i64 {
        let told = info.get("first_unacknowledged_receipt_time");
        let told = told.and_then(Value::as_str).and_then(|text| {
            let time = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
            let apart = local(self.clock.now()).duration_since(time);
            i64::try_from(apart.as_millis()).ok()
        });
        let waiting = self.waiting.entry(device).or_insert(Waiting {
            since_ms: now_ms,
            asked_ms: i64::MIN,
        });
        let waits_ms = told.unwrap_or_else(|| now_ms.saturating_sub(waiting.since_ms));
        let limit_ms = i64::try_from(self.stored_max.as_millis()).unwrap_or(i64::MAX);
        limit_ms
            .saturating_sub(waits_ms)
            .checked_div(HOUR_MS)
            .unwrap_or(0)
            .max(0)
    }

    fn is_to_send(&mut self, device: Uuid, now_ms: i64) -> bool {
        let Some(waiting) = self.waiting.get_mut(&device) else {
            return false;
        };
        let is_due = now_ms.saturating_sub(waiting.asked_ms) >= SEND_EVERY_MS;
        if is_due {
            waiting.asked_ms = now_ms;
        }
        is_due
    }

    /// What a person must do before a limit: half of the time is used, a fifth of the room is left, or few reports have room.
    fn trouble(&self, left: &ModuleLeft, receipts_max: Option<u32>) -> Option<(String, String)> {
        let hours_max = self.stored_max.as_secs().checked_div(3_600).unwrap_or(0);
        let half = i64::try_from(hours_max / 2).unwrap_or(i64::MAX);
        let fifth = receipts_max.unwrap_or(0) / 5;
        let is_late = left.hours.is_some_and(|hours| hours <= half);
        let is_full = left.receipts.is_some_and(|receipts| receipts <= fifth);
        if is_late || is_full {
            let room = match left.receipts {
                Some(receipts) => format!("{receipts} further ones have room"),
                None => "the module does not tell its room".to_owned(),
            };
            let says = format!(
                "{} receipts are not sent, {room}, and it refuses receipts in {} hours",
                left.unsent,
                left.hours.unwrap_or(0)
            );
            let fix = "the shop: connect the module to the internet before then; if it is connected, call the operator of fiscal data (OFD)";
            return Some((says, fix.to_owned()));
        }
        if left.reports.is_some_and(|reports| reports <= REPORTS_FEW) {
            let says = format!(
                "{} further reports have room; then no shift can be opened",
                left.reports.unwrap_or(0)
            );
            let fix = "the owner: have the service replace the module before then";
            return Some((says, fix.to_owned()));
        }
        None
    }
}

/// A number, which some devices write as a text.
fn number(info: &Value, name: &str) -> Option<u32> {
    match info.get(name)? {
        Value::String(text) => text.parse().ok(),
        node => node.as_u64().and_then(|number| u32::try_from(number).ok()),
    }
}
