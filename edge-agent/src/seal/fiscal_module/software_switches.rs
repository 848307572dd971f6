//! The switches of a module in software: troubles, its connection, its clock, and what it shows.

use std::time::Duration;

use serde_json::{Value, json};

use super::ModuleError;
use super::faults::{ModuleTrouble, ModuleTroubleKind};
use super::provider::Provider;
use super::software::{RECEIPTS_MAX, SoftwareModule};
use super::software_providers::ProviderSwitch;
use super::statuses::Generation;
use crate::time::clock::local;

/// What a switch changes of a module; `None` changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleSetting {
    /// Whether the operator of fiscal data can be reached. If so, the stored receipts are sent.
    pub online: Option<bool>,
    /// The generation of the program.
    pub generation: Option<Generation>,
    /// How far the module's clock is ahead, in seconds.
    pub clock_ahead_s: Option<i64>,
    /// Whether every answer is in a second envelope that the documents show in one; otherwise only that of `zreport/info`.
    pub wraps_as_documented: Option<bool>,
    /// So many receipts are not sent.
    pub unsent: Option<usize>,
    /// The receipts that are not sent are so old, in hours.
    pub unsent_hours: Option<i64>,
    /// The module forgets its last receipt.
    pub forgets_last: bool,
}

impl SoftwareModule {
    /// Makes a trouble wait for its calls.
    pub fn trouble(
        &self,
        kind: ModuleTroubleKind,
        operation: Option<String>,
        times: u32,
        (error, ms): (ModuleError, u64),
    ) {
        self.state.lock().troubles.push(ModuleTrouble {
            kind,
            operation,
            times,
            error,
            ms,
        });
    }

    /// Drops all troubles that wait.
    pub fn without_trouble(&self) {
        self.state.lock().troubles.clear();
    }

    /// Whether the operator of fiscal data can be reached. If so, the stored receipts are sent.
    pub fn set_online(&self, online: bool) {
        let mut state = self.state.lock();
        state.online = online;
        if online {
            state.memory.unsent.clear();
        }
    }

    /// What the simulator shows: the open shift, what is not sent, and the newest receipts.
    #[must_use]
    pub fn shown(&self) -> Value {
        let state = self.state.lock();
        let memory = &state.memory;
        let receipts: Vec<Value> = memory
            .journal
            .iter()
            .map(|receipt| {
                json!({
                    "number": receipt.number,
                    "kind": receipt.kind,
                    "total": receipt.total,
                    "fiscal_sign": receipt.fiscal_sign,
                    "uuid": receipt.uuid,
                })
            })
            .collect();
        json!({
            "terminal_id": memory.terminal,
            "shift_open": memory.open.is_some(),
            "unsent": memory.unsent.len(),
            "z_number": memory.last_closed(),
            "drawer_pulses": state.drawer_pulses,
            "receipts": receipts,
        })
    }

    /// Whether every answer is in a second envelope that the documents show in one.
    #[must_use]
    pub fn wraps_as_documented(&self) -> bool {
        self.device.lock().wraps_as_documented
    }

    /// Changes what a payment provider does; `ms` is how late its answers come.
    pub fn switch_provider(&self, provider: Provider, switch: ProviderSwitch, ms: u64) {
        self.providers.switch_to(provider, switch, ms);
    }

    /// What the payment providers have done.
    #[must_use]
    pub fn shown_providers(&self) -> Value {
        self.providers.shown()
    }

    /// Changes what the module is and has.
    pub fn set(&self, setting: ModuleSetting) {
        {
            let mut device = self.device.lock();
            device.generation = setting.generation.unwrap_or(device.generation);
            device.wraps_as_documented = setting
                .wraps_as_documented
                .unwrap_or(device.wraps_as_documented);
            device.clock_ahead_s = setting.clock_ahead_s.unwrap_or(device.clock_ahead_s);
        }
        if let Some(online) = setting.online {
            self.set_online(online);
        }
        let (now, _) = self.now();
        let mut state = self.state.lock();
        if let Some(unsent) = setting.unsent {
            state.memory.unsent = vec![now; unsent.min(RECEIPTS_MAX)];
        }
        if let Some(hours) = setting.unsent_hours {
            let before = self.before_now(Duration::from_secs(
                u64::try_from(hours).unwrap_or(0).saturating_mul(3_600),
            ));
            for time in &mut state.memory.unsent {
                time.clone_from(&before);
            }
        }
        if setting.forgets_last {
            state.memory.last = Value::Null;
        }
    }

    /// The time of the module's clock some time ago, as 14 digits.
    fn before_now(&self, ago: Duration) -> String {
        let now = local(self.clock.now());
        let ago = jiff::SignedDuration::try_from(ago).unwrap_or_default();
        let before = now.checked_sub(ago).unwrap_or(now);
        before.strftime("%Y%m%d%H%M%S").to_string()
    }
}
