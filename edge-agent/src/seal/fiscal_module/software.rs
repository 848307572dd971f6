//! A fiscal module in memory and in a file: for TEST tills and for the emulator.
//!
//! It keeps the rules of a device: one open shift, times that only go on, room for 858 receipts that are not sent and 832 reports, a limit of
//! hours for receipts that are not sent, and sums from which refunds are taken. Its receipts are worth nothing.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::faults::ModuleTrouble;
pub use super::faults::ModuleTroubleKind;
use super::marking;
use super::memory::{ModuleMemory, RegisteredReceipt, ShiftFigures, TurnoverFigures};
use super::order::{ModuleOrder, compact_time};
use super::software_providers::SimulatedProviders;
use super::statuses::{Generation, ModuleStatus};
use super::{CallFault, FiscalModule, ModuleCall, ModuleError, Operation};
use crate::locked::Locked;
use crate::time::clock::{Clock, local};

/// The most receipts that are not sent.
pub const RECEIPTS_MAX: usize = 858;
/// The most reports.
pub const REPORTS_MAX: usize = 832;
/// How long a receipt may wait until it is sent, in hours, unless the configuration has another limit.
pub const STORED_HOURS_MAX: u64 = 48;
/// The most receipts of a shift.
const SHIFT_RECEIPTS_MAX: u32 = 29_999;
/// How far the time of a call may be from the module's clock.
const TIME_APART_MAX_S: u64 = 300;

/// How a simulated module is set up.
#[derive(Clone, Debug)]
pub struct SoftwareOptions {
    /// The number of the module.
    pub terminal: String,
    /// The generation of its program.
    pub generation: Generation,
    /// How long a receipt may wait until it is sent.
    pub stored_max: Duration,
    /// The file of the memory; `None` keeps it in memory only.
    pub file: Option<PathBuf>,
}

/// A simulated module.
#[derive(Debug)]
pub struct SoftwareModule {
    options: SoftwareOptions,
    pub(super) clock: Arc<Clock>,
    pub(super) state: Locked<State>,
    /// The payment providers behind it.
    pub(super) providers: SimulatedProviders,
    /// What the module is, apart from its memory.
    pub(super) device: Locked<DeviceState>,
}

/// What a simulated module is, apart from its memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceState {
    /// The generation of its program.
    pub(super) generation: Generation,
    /// How far its clock is ahead, in seconds.
    pub(super) clock_ahead_s: i64,
    /// Whether its device puts every answer into a second envelope that the documents show in one.
    pub(super) wraps_as_documented: bool,
    /// Until when it has no power.
    pub(super) off_until: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) memory: ModuleMemory,
    pub(super) troubles: Vec<ModuleTrouble>,
    /// Whether the operator of fiscal data can be reached.
    pub(super) online: bool,
    /// The texts that were printed, newest last.
    printed: Vec<String>,
    pub(super) drawer_pulses: u32,
}

impl SoftwareModule {
    /// Opens a module with the memory of its file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not the memory of a module.
    pub fn open(options: SoftwareOptions, clock: Arc<Clock>) -> io::Result<Self> {
        let memory = match &options.file {
            Some(file) => ModuleMemory::load(file, &options.terminal)?,
            None => ModuleMemory::new(&options.terminal),
        };
        let device = DeviceState {
            generation: options.generation,
            clock_ahead_s: 0,
            wraps_as_documented: false,
            off_until: None,
        };
        let providers = SimulatedProviders::open(options.file.as_deref())?;
        Ok(Self {
            options,
            clock,
            providers,
            device: Locked::new(device),
            state: Locked::new(State {
                memory,
                troubles: Vec::new(),
                online: true,
                printed: Vec::new(),
                drawer_pulses: 0,
            }),
        })
    }

    /// The generation of the module's program.
    pub(super) fn generation(&self) -> Generation {
        self.device.lock().generation
    }

    /// The applet's version, as answers tell it.
    pub(super) fn applet(&self) -> &'static str {
        match self.generation() {
            Generation::Decimal => "0323",
            Generation::Text => "v4.0.0",
        }
    }

    fn refused(&self, status: ModuleStatus, doing: &str) -> ModuleError {
        status.error(self.generation(), doing)
    }

    /// The time of the module's clock, `YYYYMMDDHHMMSS`, and the same in the form of its answers.
    pub(super) fn now(&self) -> (String, String) {
        let ahead = jiff::SignedDuration::from_secs(self.device.lock().clock_ahead_s);
        let now = local(self.clock.now());
        let now = now.checked_add(ahead).unwrap_or(now);
        let shown = now.strftime("%Y-%m-%d %H:%M:%S").to_string();
        (now.strftime("%Y%m%d%H%M%S").to_string(), shown)
    }

    /// Checks the time of a call: near the module's clock, and after the last operation.
    fn check_time(
        &self,
        memory: &ModuleMemory,
        time: &str,
        (past, doing): (ModuleStatus, &str),
    ) -> Result<(), ModuleError> {
        let (now, shown) = self.now();
        if seconds_between(time, &now).is_none_or(|apart| apart.unsigned_abs() > TIME_APART_MAX_S) {
            let text =
                format!("Invalid time, time should be before or equal to current time: {shown}");
            return Err(ModuleError::new(104, text));
        }
        if time <= memory.last_time.as_str() {
            return Err(self.refused(past, doing));
        }
        Ok(())
    }

    fn execute(&self, state: &mut State, call: &ModuleCall) -> Result<Value, ModuleError> {
        match call.operation {
            Operation::Create => self.register(state, &call.body, false),
            Operation::Refuse => self.register(state, &call.body, true),
            Operation::Last if state.memory.last.is_null() => {
                Err(self.refused(ModuleStatus::NotFound, "failed to get last order"))
            }
            Operation::Last => Ok(state.memory.last.clone()),
            Operation::PrintLast => Ok(Value::Null),
            Operation::SendReceipt => {
                if state.online {
                    state.memory.unsent.clear();
                }
                Ok(Value::Null)
            }
            Operation::Open => self.open_shift(&mut state.memory, call),
            Operation::Close => self.close_shift(&mut state.memory, call),
            Operation::ShiftInfo => self.shift_info(&state.memory, call),
            Operation::Info => Ok(self.info(&state.memory)),
            Operation::Drawer => {
                state.drawer_pulses = state.drawer_pulses.saturating_add(1);
                Ok(Value::Null)
            }
            Operation::Banner => {
                state.printed.push(call.body.to_string());
                Ok(Value::Null)
            }
            Operation::Marking => marking::check(&state.memory.marks, &call.body),
            // These are answered by the providers.
            Operation::Provider(_) => Ok(Value::Null),
        }
    }

    /// The module has room for one more receipt.
    fn check_room(&self, memory: &ModuleMemory, doing: &str) -> Result<(), ModuleError> {
        if memory.unsent.len() >= RECEIPTS_MAX {
            return Err(self.refused(ModuleStatus::ReceiptsFull, doing));
        }
        let (now, _) = self.now();
        let limit = i64::try_from(self.options.stored_max.as_secs()).unwrap_or(i64::MAX);
        let oldest = memory.unsent.first();
        let waits = oldest.and_then(|oldest| seconds_between(oldest, &now));
        if waits.is_some_and(|waits| waits > limit) {
            return Err(self.refused(ModuleStatus::StoredTooLong, doing));
        }
        Ok(())
    }

    fn register(
        &self,
        state: &mut State,
        body: &Value,
        refund: bool,
    ) -> Result<Value, ModuleError> {
        const DOING: &str = "failed to register receipt";
        let order = ModuleOrder::read(body, refund)?;
        let memory = &mut state.memory;
        if memory.open.is_none() {
            return Err(self.refused(ModuleStatus::NotOpen, DOING));
        }
        self.check_time(memory, &order.time, (ModuleStatus::ReceiptTimePast, DOING))?;
        self.check_room(memory, DOING)?;
        if order.cash == 0 && order.card == 0 {
            return Err(self.refused(ModuleStatus::TotalZero, DOING));
        }
        let sums = [order.cash, order.card, order.vat];
        if refund {
            if !state.online {
                return Err(ModuleError::new(103, "Network error"));
            }
            self.check_refund(memory, sums)?;
        }
        let number = memory.receipts.saturating_add(1);
        let full = memory.open.as_mut().is_none_or(|shift| {
            let count = shift.sales.count.saturating_add(shift.refunds.count);
            if count >= SHIFT_RECEIPTS_MAX {
                return true;
            }
            shift.count(number, sums, refund);
            false
        });
        if full {
            return Err(self.refused(ModuleStatus::TooManyReceipts, DOING));
        }
        memory.receipts = number;
        for (sum, amount) in memory.accumulators.iter_mut().zip(sums) {
            let amount = if refund {
                amount.saturating_neg()
            } else {
                amount
            };
            *sum = sum.saturating_add(amount);
        }
        memory.last_time.clone_from(&order.time);
        marking::note(&mut memory.marks, body, refund);
        if !state.online {
            memory.unsent.push(order.time.clone());
        }
        let sign = fiscal_sign(&memory.terminal, number, &order);
        Ok(self.registered(memory, body, (order, sign), refund))
    }

    /// Notes a registered receipt, and makes the answer.
    fn registered(
        &self,
        memory: &mut ModuleMemory,
        body: &Value,
        (order, sign): (ModuleOrder, String),
        refund: bool,
    ) -> Value {
        let (terminal, number, at) = (memory.terminal.clone(), memory.receipts, &order.time);
        let link = format!("https://ofd.soliq.uz/check?t={terminal}&r={number}&c={at}&s={sign}");
        memory.last = json!({
            "order": body,
            "fiscalOrder": null,
            "result": {
                "TerminalID": terminal,
                "ReceiptSeq": number,
                "DateTime": at,
                "FiscalSign": sign,
                "AppletVersion": self.applet(),
                "QRCodeURL": link,
                "cash_box_number": null,
            },
            "isRefund": refund,
        });
        memory.note(RegisteredReceipt {
            number,
            kind: order.kind.to_owned(),
            total: order.cash.saturating_add(order.card),
            fiscal_sign: sign.clone(),
            uuid: order.uuid,
        });
        json!({
            "terminal_id": terminal,
            "receipt_count": number,
            "date_time": at,
            "fiscal_sign": sign,
            "applet_version": self.applet(),
            "qr_url": link,
            "cash_box_number": null,
        })
    }

    /// A refund takes no more than the module has counted.
    fn check_refund(&self, memory: &ModuleMemory, sums: [i64; 3]) -> Result<(), ModuleError> {
        let statuses = [
            ModuleStatus::NotEnoughCash,
            ModuleStatus::NotEnoughCard,
            ModuleStatus::NotEnoughVat,
        ];
        for ((counted, wanted), status) in memory.accumulators.iter().zip(sums).zip(statuses) {
            if wanted > *counted {
                return Err(self.refused(status, "failed to register receipt"));
            }
        }
        Ok(())
    }

    fn time_of(call: &ModuleCall) -> Result<String, ModuleError> {
        let time = call.parameter("time");
        compact_time(time.ok_or_else(|| ModuleError::new(104, "INVALID_ARGUMENT: time"))?)
    }

    fn open_shift(
        &self,
        memory: &mut ModuleMemory,
        call: &ModuleCall,
    ) -> Result<Value, ModuleError> {
        const DOING: &str = "failed to open zreport";
        let time = Self::time_of(call)?;
        if memory.open.is_some() {
            return Err(self.refused(ModuleStatus::AlreadyOpen, DOING));
        }
        self.check_time(memory, &time, (ModuleStatus::OpenTimePast, DOING))?;
        if memory.closed.len() >= REPORTS_MAX {
            return Err(self.refused(ModuleStatus::ReportsFull, DOING));
        }
        let shown = shown_time(&time);
        memory.open = Some(ShiftFigures {
            number: memory.last_closed().saturating_add(1),
            open_time: shown.clone(),
            ..ShiftFigures::default()
        });
        memory.last_time = time;
        Ok(json!({ "time": shown, "applet_version": self.applet() }))
    }

    fn close_shift(
        &self,
        memory: &mut ModuleMemory,
        call: &ModuleCall,
    ) -> Result<Value, ModuleError> {
        const DOING: &str = "failed to close zreport";
        let closes = call.body.get("close_zreport").and_then(Value::as_bool);
        if closes == Some(false) {
            return self.shift_info(memory, &ModuleCall::new(Operation::ShiftInfo));
        }
        let time = Self::time_of(call)?;
        let Some(open) = &memory.open else {
            return Err(self.refused(ModuleStatus::AlreadyClosed, DOING));
        };
        if open.sales.count == 0 && open.refunds.count == 0 {
            return Err(self.refused(ModuleStatus::EmptyShift, DOING));
        }
        self.check_time(memory, &time, (ModuleStatus::CloseTimePast, DOING))?;
        let shift = ShiftFigures {
            close_time: shown_time(&time),
            ..open.clone()
        };
        let data = self.figures(memory, &shift, false);
        memory.closed.push(shift);
        memory.open = None;
        memory.last_time = time;
        Ok(data)
    }

    fn shift_info(&self, memory: &ModuleMemory, call: &ModuleCall) -> Result<Value, ModuleError> {
        const DOING: &str = "failed to get zreport info";
        let Some(back) = call.parameter("number").filter(|number| *number != "0") else {
            let next = ShiftFigures {
                number: memory.last_closed().saturating_add(1),
                ..ShiftFigures::default()
            };
            let shift = memory.open.as_ref().unwrap_or(&next);
            return Ok(self.figures(memory, shift, memory.open.is_some()));
        };
        let shift = back
            .parse()
            .ok()
            .and_then(|back: usize| memory.closed.len().checked_sub(back))
            .and_then(|place| memory.closed.get(place));
        let shift = shift.ok_or_else(|| self.refused(ModuleStatus::NotFound, DOING))?;
        Ok(self.figures(memory, shift, false))
    }

    /// Carries out a call, and writes the memory before the answer.
    fn execute_and_store(
        &self,
        state: &mut State,
        call: &ModuleCall,
    ) -> Result<Value, ModuleError> {
        let before = state.memory.clone();
        let data = self.execute(state, call)?;
        if let Some(file) = &self.options.file
            && !matches!(
                call.operation,
                Operation::Info | Operation::ShiftInfo | Operation::Last | Operation::Marking
            )
            && let Err(error) = state.memory.store(file)
        {
            state.memory = before;
            return Err(ModuleError::new(303, format!("SAVE_ORDER_ERROR: {error}")));
        }
        Ok(data)
    }
}

impl SoftwareModule {
    /// True while the module has no power.
    fn is_off(&self) -> bool {
        let until = self.device.lock().off_until;
        until.is_some_and(|until| self.clock.monotonic() < until)
    }

    /// Carries out a call that a trouble strikes.
    fn call_in_trouble(
        &self,
        mut state: MutexGuard<'_, State>,
        call: &ModuleCall,
        trouble: ModuleTrouble,
    ) -> Result<Value, CallFault> {
        let fault = trouble.fault();
        match trouble.kind {
            ModuleTroubleKind::DropRequest | ModuleTroubleKind::Error => return Err(fault),
            ModuleTroubleKind::PowerCut => {
                self.lose_power(&mut state, &trouble);
                return Err(fault);
            }
            _ => {}
        }
        let data = match self.execute_and_store(&mut state, call) {
            Ok(data) => data,
            Err(refused) => {
                if trouble.kind != ModuleTroubleKind::Delay {
                    trouble.put_back(&mut state.troubles);
                }
                return Err(CallFault::Refused(refused));
            }
        };
        match trouble.kind {
            ModuleTroubleKind::PowerCutAfter => {
                self.lose_power(&mut state, &trouble);
                Err(fault)
            }
            ModuleTroubleKind::ForgetLast => {
                state.memory.last = Value::Null;
                Ok(data)
            }
            ModuleTroubleKind::Delay => {
                drop(state);
                std::thread::sleep(Duration::from_millis(trouble.ms));
                Ok(data)
            }
            _ => Err(fault),
        }
    }

    /// The power fails: the module forgets its last receipt, and does not answer for a while.
    fn lose_power(&self, state: &mut State, trouble: &ModuleTrouble) {
        state.memory.last = Value::Null;
        let until = self
            .clock
            .monotonic()
            .checked_add(Duration::from_millis(trouble.ms));
        self.device.lock().off_until = until;
    }
}

impl FiscalModule for SoftwareModule {
    fn call(&self, call: &ModuleCall) -> Result<Value, CallFault> {
        if self.is_off() {
            return Err(CallFault::Lost("the fiscal module has no power".to_owned()));
        }
        if let Operation::Provider(asked) = call.operation {
            return self.providers.call(asked, call);
        }
        let mut state = self.state.lock();
        match ModuleTrouble::take(&mut state.troubles, call.operation) {
            None => {
                let data = self.execute_and_store(&mut state, call);
                data.map_err(CallFault::Refused)
            }
            Some(trouble) => self.call_in_trouble(state, call, trouble),
        }
    }

    fn address(&self) -> String {
        "module:software".to_owned()
    }

    fn family(&self) -> &'static str {
        "module"
    }
}

impl ShiftFigures {
    /// Counts a receipt: cash, other payments and tax.
    fn count(&mut self, number: u32, [cash, card, vat]: [i64; 3], refund: bool) {
        if self.first == 0 {
            self.first = number;
        }
        self.last = number;
        let side = if refund {
            &mut self.refunds
        } else {
            &mut self.sales
        };
        *side = TurnoverFigures {
            count: side.count.saturating_add(1),
            cash: side.cash.saturating_add(cash),
            card: side.card.saturating_add(card),
            vat: side.vat.saturating_add(vat),
        };
    }
}

/// Twelve digits that depend on everything in the receipt.
fn fiscal_sign(terminal: &str, number: u32, order: &ModuleOrder) -> String {
    let text = format!("{terminal}|{number}|{order:?}");
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(12)
        .map(|byte| char::from(b'0'.saturating_add(byte.checked_rem(10).unwrap_or(0))))
        .collect()
}

/// 14 digits as `yyyy-MM-dd HH:mm:ss`.
pub(super) fn shown_time(compact: &str) -> String {
    match civil(compact) {
        Some(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        None => compact.to_owned(),
    }
}

fn civil(compact: &str) -> Option<jiff::civil::DateTime> {
    jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", compact).ok()
}

/// The seconds from one time to another, both as 14 digits.
fn seconds_between(from: &str, to: &str) -> Option<i64> {
    Some(civil(to)?.duration_since(civil(from)?).as_secs())
}
