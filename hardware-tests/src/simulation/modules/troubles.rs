//! What goes wrong at a shop with fiscal modules.

use ferrotill::seal::fiscal_module::provider::Provider;
use ferrotill::seal::fiscal_module::software::ModuleTroubleKind;
use ferrotill::seal::fiscal_module::software_providers::ProviderSwitch;
use ferrotill::seal::fiscal_module::software_switches::ModuleSetting;
use ferrotill::seal::fiscal_module::{FiscalModule as _, ModuleCall, ModuleError, Operation};
use ferrotill::time::clock::local;
use ferrotill_disk::{DiskCall, DiskFault};
use serde_json::Value;

use super::goods::{Means, request};
use super::life::LineFault;
use super::{Checked, ModuleWorld};

const KINDS: [ModuleTroubleKind; 7] = [
    ModuleTroubleKind::DropRequest,
    ModuleTroubleKind::DropAnswer,
    ModuleTroubleKind::ErrorAfterCommit,
    ModuleTroubleKind::Error,
    ModuleTroubleKind::PowerCut,
    ModuleTroubleKind::PowerCutAfter,
    ModuleTroubleKind::ForgetLast,
];
const OPERATIONS: [&str; 7] = [
    "create", "create", "refuse", "open", "close", "info", "last",
];
/// Errors that a module answers beside what it does: without a cause, of the newer programs, and with causes that a caller may answer by
/// another call.
const ERRORS: [(i64, &str); 6] = [
    (2, "Read timed out"),
    (103, "INTERNAL_ERROR"),
    (
        122,
        "9023 - ZREPORT_IS_ALREADY_CLOSED; failed to register receipt",
    ),
    (
        103,
        "9030 - DATETIME_IS_IN_THE_PAST; failed to execute command",
    ),
    (36_888, "ERROR_RECEIPT_TIME_PAST"),
    (36_909, "ERROR_ZREPORT_IS_NOT_OPEN"),
];
const LINE_FAULTS: [LineFault; 4] = [
    LineFault::Refused,
    LineFault::RequestLost,
    LineFault::AnswerLost,
    LineFault::AnswerCut,
];
const SWITCHES: [ProviderSwitch; 5] = [
    ProviderSwitch::Up,
    ProviderSwitch::Down,
    ProviderSwitch::Decline,
    ProviderSwitch::DropAnswer,
    ProviderSwitch::ErrorAfterCommit,
];

impl ModuleWorld {
    /// Causes a random fault, or repairs one.
    pub(super) fn trouble(&mut self) -> Checked {
        if self.random.below(3) != 0 {
            return Ok(());
        }
        self.tally.troubles += 1;
        let place = self.random.below(self.tills.len());
        match self.random.below(20) {
            0..=4 => self.trouble_module(place),
            5..=7 => self.switch_provider(place),
            8..=10 => {
                let calls = i64::try_from(self.random.below(14)).unwrap_or(0);
                if let Some(agent) = &self.agent {
                    agent.life.ends_after(calls);
                }
                self.note(format!("the agent will be killed in {calls} calls"));
            }
            11 => self.crash("between two steps", true)?,
            12 | 13 => {
                let kind = DiskCall::ALL.get(self.random.below(DiskCall::ALL.len()));
                let fault = DiskFault {
                    kind: *kind.unwrap_or(&DiskCall::Write),
                    after: self.random.below(20),
                    for_ever: self.random.coin(),
                };
                self.disk.fail(Some(fault));
                self.disk_fault_steps = 1 + u32::try_from(self.random.below(5)).unwrap_or(0);
                self.note(format!("disk: {fault:?}"));
            }
            14 | 15 => self.trouble_line(place),
            16 => self.set_module(place),
            17 => self.mend(),
            18 => self.foreign_receipt(place),
            _ => self.pass(200_000),
        }
        Ok(())
    }

    fn trouble_module(&mut self, place: usize) {
        let kind = KINDS.get(self.random.below(KINDS.len())).copied();
        let kind = kind.unwrap_or(ModuleTroubleKind::Error);
        let operation = OPERATIONS.get(self.random.below(OPERATIONS.len()));
        let operation = operation.copied().unwrap_or("create");
        let (code, text) = ERRORS
            .get(self.random.below(ERRORS.len()))
            .copied()
            .unwrap_or((2, ""));
        let ms = 1_000 + u64::try_from(self.random.below(30_000)).unwrap_or(0);
        if let Some(till) = self.tills.get(place) {
            let error = ModuleError::new(code, text);
            till.module
                .trouble(kind, Some(operation.to_owned()), 1, (error, ms));
        }
        self.note(format!("module {place}: {kind:?} in {operation}, {code}"));
    }

    fn switch_provider(&mut self, place: usize) {
        let provider = Provider::ALL.get(self.random.below(Provider::ALL.len()));
        let provider = provider.copied().unwrap_or(Provider::Click);
        let switch = SWITCHES.get(self.random.below(SWITCHES.len())).copied();
        let switch = switch.unwrap_or_default();
        if let Some(till) = self.tills.get(place) {
            till.module.switch_provider(provider, switch, 0);
        }
        self.note(format!("till {place}: {} is {switch:?}", provider.name()));
    }

    fn trouble_line(&mut self, place: usize) {
        let fault = LINE_FAULTS.get(self.random.below(LINE_FAULTS.len()));
        let fault = fault.copied().unwrap_or(LineFault::Refused);
        let count = 1 + self.random.below(3);
        if let Some(line) = self.tills.get(place).and_then(|till| till.line.as_ref()) {
            (0..count).for_each(|_| line.strike(fault));
            self.note(format!("line {place}: {fault:?} {count} times"));
        }
    }

    /// The module is offline, is full, has waited too long, has another clock, or forgets its last receipt.
    fn set_module(&mut self, place: usize) {
        let setting = match self.random.below(6) {
            0 | 1 => ModuleSetting {
                online: Some(false),
                ..ModuleSetting::default()
            },
            2 => ModuleSetting {
                online: Some(false),
                unsent: Some(858),
                ..ModuleSetting::default()
            },
            3 => ModuleSetting {
                online: Some(false),
                unsent: Some(3),
                unsent_hours: Some(60),
                ..ModuleSetting::default()
            },
            4 => ModuleSetting {
                clock_ahead_s: Some(if self.random.coin() { 900 } else { -900 }),
                ..ModuleSetting::default()
            },
            _ => ModuleSetting {
                forgets_last: true,
                ..ModuleSetting::default()
            },
        };
        if let Some(till) = self.tills.get(place) {
            till.module.set(setting);
        }
        self.note(format!("module {place}: {setting:?}"));
    }

    /// All modules, providers and lines work.
    pub(super) fn mend(&mut self) {
        for till in &self.tills {
            till.module.without_trouble();
            till.module.set(ModuleSetting {
                online: Some(true),
                clock_ahead_s: Some(0),
                ..ModuleSetting::default()
            });
            for provider in Provider::ALL {
                till.module.switch_provider(provider, ProviderSwitch::Up, 0);
            }
            if let Some(line) = &till.line {
                line.mend();
            }
        }
        self.note("everything is mended".to_owned());
    }

    /// Another program sells with the module, if its shift is open.
    fn foreign_receipt(&mut self, place: usize) {
        let number = self.purchases.len()
            + self
                .tills
                .iter()
                .map(|till| till.foreign.len())
                .sum::<usize>();
        let time = local(self.module_clock.now());
        let Some(till) = self.tills.get_mut(place) else {
            return;
        };
        let id = format!("foreign-{number}");
        let mut body = request(77_700, Means::Cash, "", None);
        if let Some(members) = body.as_object_mut() {
            members.insert("uuid".to_owned(), Value::from(id.clone()));
            let time = time.strftime("%Y-%m-%d %H:%M:%S").to_string();
            members.insert("time".to_owned(), Value::from(time));
        }
        let before = registered(&till.module.shown(), &id);
        let told = till
            .module
            .call(&ModuleCall::new(Operation::Create).body(body));
        let is_made = registered(&till.module.shown(), &id) != before;
        if is_made {
            till.foreign.insert(id);
            till.is_disturbed = true;
        }
        let told = told.is_ok();
        self.note(format!(
            "module {place}: another program sells: {is_made}, and is told so: {told}"
        ));
    }
}

/// How many receipts of a module have an id.
fn registered(shown: &Value, id: &str) -> usize {
    let receipts = shown.get("receipts").and_then(Value::as_array);
    let receipts = receipts.map(Vec::as_slice).unwrap_or_default();
    let has_id = |receipt: &&Value| receipt.get("uuid").and_then(Value::as_str) == Some(id);
    receipts.iter().filter(has_id).count()
}
