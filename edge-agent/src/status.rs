//! The live status: the state of the printers, of the authority and of the number stocks. Any thread can read it without asking the
//! clerk.

pub mod problems;

use std::collections::HashMap;
use std::sync::Condvar;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ferrotill_core::budget::Unsent;
use ferrotill_core::numbers::Supply;
use ferrotill_core::till::Till;
use ferrotill_device::printer::{Baseline, Connected};
use uuid::Uuid;

use crate::locked::Locked;
use problems::Problems;

/// The state of a printer.
#[derive(Clone, Debug, Default)]
pub struct PrinterState {
    /// The printer can be reached.
    pub connected: bool,
    /// The name of the printer's model.
    pub model: String,
    /// The printer's firmware version.
    pub firmware: String,
    /// The port on which the printer was found, with the speed of a serial line.
    pub port: String,
    /// The printer's serial number.
    pub serial: String,
    /// The number of the printer's fiscal memory.
    pub fiscal_memory: String,
    /// True if the printer is fiscalised: its receipts are fiscal documents for the authority.
    pub fiscalised: bool,
    /// Why the printer cannot be reached or cannot be used.
    pub trouble: Option<String>,
    /// The document that the printer cannot prove, and what an operator must do about it.
    pub unproven: Option<(Uuid, String)>,
    /// Why a connected printer gets no receipts, or not all: it is not the printer of the open shift, or its tax rates differ.
    pub objections: Vec<String>,
}

/// The state of the authority.
#[derive(Clone, Debug, Default)]
pub struct AuthorityState {
    /// The name of the state: online, suspect, offline or recovering.
    pub state: String,
    /// Why the authority is in this state.
    pub reason: String,
}

/// The fiscal numbers of a device, in a country whose law requires them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// How many numbers the authority has reserved that no document uses yet.
    pub left: u64,
    /// The highest number that the authority ever reserved for the device.
    pub highest: Option<u64>,
    /// The number of the last document that the device has sealed.
    pub last_document: u32,
}

/// The live status.
#[derive(Debug, Default)]
pub struct LiveStatus {
    unsent: Locked<Unsent>,
    stocks: Locked<HashMap<Uuid, Stock>>,
    stock_changed: Condvar,
    alternative_numbers: Locked<HashMap<Uuid, u64>>,
    printers: Locked<HashMap<Uuid, PrinterState>>,
    authority: Locked<AuthorityState>,
    sells_alternative: AtomicBool,
    problems: Problems,
}

impl LiveStatus {
    /// The state of a device's printer.
    #[must_use]
    pub fn printer(&self, device: Uuid) -> PrinterState {
        self.printers
            .lock()
            .get(&device)
            .cloned()
            .unwrap_or_default()
    }

    /// Notes that a printer was connected.
    pub fn printer_ready(&self, device: Uuid, connected: &Connected) {
        let Baseline {
            serial,
            fiscal_memory,
            ..
        } = &connected.baseline;
        let state = PrinterState {
            connected: true,
            model: connected.model.clone(),
            firmware: connected.firmware.clone(),
            port: connected.address.clone(),
            serial: serial.clone(),
            fiscal_memory: fiscal_memory.clone(),
            fiscalised: connected.condition.fiscalised,
            trouble: None,
            unproven: None,
            objections: Vec::new(),
        };
        self.printers.lock().insert(device, state);
    }

    /// Notes that a printer can be reached and has no document that it cannot prove.
    pub fn printer_answers(&self, device: Uuid) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = true;
        state.trouble = None;
        state.unproven = None;
    }

    /// Notes why a connected printer gets no receipts, or not all.
    pub fn printer_objections(&self, device: Uuid, objections: Vec<String>) {
        let mut printers = self.printers.lock();
        printers.entry(device).or_default().objections = objections;
    }

    /// Notes that a printer cannot be reached, and why.
    pub fn printer_lost(&self, device: Uuid, reason: &str) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = false;
        state.trouble = Some(reason.to_owned());
        state.unproven = None;
    }

    /// Notes that a printer cannot prove what became of a document; `instruction` says what an operator must do.
    pub fn printer_unproven(&self, device: Uuid, id: Uuid, instruction: String) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = false;
        state.trouble = Some(instruction.clone());
        state.unproven = Some((id, instruction));
    }

    /// What an operator must do about a document that its printer cannot prove; none if the document needs no operator.
    #[must_use]
    pub fn needs_a_person(&self, id: Uuid) -> Option<String> {
        let printers = self.printers.lock();
        printers
            .values()
            .filter_map(|state| state.unproven.as_ref())
            .find(|(unproven, _)| *unproven == id)
            .map(|(_, instruction)| instruction.clone())
    }

    /// The fiscal numbers of a device; none in a country whose law does not require them.
    #[must_use]
    pub fn stock(&self, device: Uuid) -> Option<Stock> {
        let stocks = self.stocks.lock();
        stocks.get(&device).copied()
    }

    /// Stores the fiscal numbers of a device, and wakes the threads that wait for a change.
    pub fn set_stock(&self, device: Uuid, stock: Stock) {
        let mut stocks = self.stocks.lock();
        if stocks.insert(device, stock) != Some(stock) {
            self.stock_changed.notify_all();
        }
    }

    /// Waits until the fiscal numbers of any device change, at most for `timeout`.
    pub fn wait_for_stock(&self, timeout: Duration) {
        let stocks = self.stocks.lock();
        // The caller checks the stock again in any case, so that a timeout needs no result of its own.
        drop(self.stock_changed.wait_timeout(stocks, timeout));
    }

    /// The state of the authority.
    #[must_use]
    pub fn office(&self) -> AuthorityState {
        self.authority.lock().clone()
    }

    /// Stores the new state of the authority; `alternative` says whether sales get alternative receipts in this state.
    pub fn authority_switched(&self, state: &str, reason: &str, alternative: bool) {
        *self.authority.lock() = AuthorityState {
            state: state.to_owned(),
            reason: reason.to_owned(),
        };
        self.sells_alternative.store(alternative, Ordering::Release);
    }

    /// The documents that the authority has not acknowledged yet.
    #[must_use]
    pub fn unsent(&self) -> Unsent {
        *self.unsent.lock()
    }

    /// Stores the count of documents that the authority has not acknowledged yet.
    pub fn unsent_counted(&self, unsent: Unsent) {
        *self.unsent.lock() = unsent;
    }

    /// How many numbers a device has left for alternative receipts; none if the device has no alternative receipts.
    #[must_use]
    pub fn numbers_left(&self, device: Uuid) -> Option<u64> {
        let numbers = self.alternative_numbers.lock();
        numbers.get(&device).copied()
    }

    /// The smallest count of numbers that any device has left for alternative receipts.
    #[must_use]
    pub fn fewest_numbers_left(&self) -> Option<u64> {
        let numbers = self.alternative_numbers.lock();
        numbers.values().copied().min()
    }

    /// Stores how many numbers a till has left for alternative receipts.
    pub fn count_numbers(&self, device: Uuid, till: &Till) {
        if till.configuration().alternative_receipts {
            self.numbers_counted(device, till.alternative_numbers_left());
        }
    }

    /// Stores how many numbers a device has left, and logs when few or none are left.
    fn numbers_counted(&self, device: Uuid, left: u64) {
        let mut numbers = self.alternative_numbers.lock();
        let before = numbers.insert(device, left);
        let supply = Supply::of(left, NUMBERS_SOON);
        if before.is_some_and(|before| Supply::of(before, NUMBERS_SOON) == supply) {
            return;
        }
        match supply {
            Supply::Plenty => {}
            Supply::SoonUsedUp => tracing::warn!(
                %device,
                "{left} numbers are left for alternative receipts; get a new range and write it into alternative_receipts_ranges"
            ),
            Supply::UsedUp => tracing::error!(
                %device,
                "no number is left for alternative receipts; get a new range and write it into alternative_receipts_ranges"
            ),
        }
    }

    /// What is wrong with the till and what to do about it.
    #[must_use]
    pub const fn problems(&self) -> &Problems {
        &self.problems
    }

    /// True if sales get alternative receipts in the present state of the authority, on devices that have such receipts.
    #[must_use]
    pub fn sells_alternative(&self) -> bool {
        self.sells_alternative.load(Ordering::Acquire)
    }
}

/// Below or at this count, the numbers for alternative receipts count as "soon used up".
pub const NUMBERS_SOON: u64 = 50;
