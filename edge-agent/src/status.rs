//! The board that everybody reads: how the printers and the office are, without asking the clerk.

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

/// How a printer is.
#[derive(Clone, Debug, Default)]
pub struct PrinterState {
    /// It is there.
    pub connected: bool,
    /// Its model.
    pub model: String,
    /// Its firmware.
    pub firmware: String,
    /// Where it was found, with the speed of its line.
    pub port: String,
    /// Its serial number.
    pub serial: String,
    /// The number of its fiscal memory.
    pub fiscal_memory: String,
    /// It is fiscalised.
    pub fiscalised: bool,
    /// Why it is not there.
    pub trouble: Option<String>,
    /// The document that it cannot prove, and what a person is to do about it.
    pub unproven: Option<(Uuid, String)>,
    /// What keeps receipts off it though it is there: another printer than the open shift's, other tax rates.
    pub objections: Vec<String>,
}

/// How the office is.
#[derive(Clone, Debug, Default)]
pub struct AuthorityState {
    /// Name of the state.
    pub state: String,
    /// Why it was entered.
    pub reason: String,
}

/// How many fiscal numbers a device has, where its law asks for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Numbers that the office has reserved and no document has.
    pub left: u64,
    /// The highest number that it ever reserved for the device.
    pub highest: Option<u64>,
    /// Number of the device's last document.
    pub last_document: u32,
}

/// The board.
#[derive(Debug, Default)]
pub struct LiveStatus {
    unsent: Locked<Unsent>,
    stocks: Locked<HashMap<Uuid, Stock>>,
    stock_changed: Condvar,
    numbers: Locked<HashMap<Uuid, u64>>,
    printers: Locked<HashMap<Uuid, PrinterState>>,
    office: Locked<AuthorityState>,
    alternative: AtomicBool,
}

impl LiveStatus {
    /// How a printer is.
    #[must_use]
    pub fn printer(&self, device: Uuid) -> PrinterState {
        self.printers
            .lock()
            .get(&device)
            .cloned()
            .unwrap_or_default()
    }

    /// A printer is there.
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

    /// A printer that was not there answers again.
    pub fn printer_answers(&self, device: Uuid) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = true;
        state.trouble = None;
        state.unproven = None;
    }

    /// What keeps receipts off a printer that is there.
    pub fn printer_objections(&self, device: Uuid, objections: Vec<String>) {
        let mut printers = self.printers.lock();
        printers.entry(device).or_default().objections = objections;
    }

    /// A printer is not there.
    pub fn printer_lost(&self, device: Uuid, words: &str) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = false;
        state.trouble = Some(words.to_owned());
        state.unproven = None;
    }

    /// A printer cannot prove what became of a document; a person can say it.
    pub fn printer_unproven(&self, device: Uuid, id: Uuid, words: String) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = false;
        state.trouble = Some(words.clone());
        state.unproven = Some((id, words));
    }

    /// What a person is to do about a document that its printer cannot prove.
    #[must_use]
    pub fn needs_a_person(&self, id: Uuid) -> Option<String> {
        let printers = self.printers.lock();
        printers
            .values()
            .filter_map(|state| state.unproven.as_ref())
            .find(|(unproven, _)| *unproven == id)
            .map(|(_, words)| words.clone())
    }

    /// The fiscal numbers of a device, where its law asks for them.
    #[must_use]
    pub fn stock(&self, device: Uuid) -> Option<Stock> {
        let stocks = self.stocks.lock();
        stocks.get(&device).copied()
    }

    /// A device has this many fiscal numbers.
    pub fn set_stock(&self, device: Uuid, stock: Stock) {
        let mut stocks = self.stocks.lock();
        if stocks.insert(device, stock) != Some(stock) {
            self.stock_changed.notify_all();
        }
    }

    /// Waits until a stock changes, or so long.
    pub fn wait_for_stock(&self, patience: Duration) {
        let stocks = self.stocks.lock();
        // What woke it, and whether it was the end of the patience, is the same to the caller, who looks again.
        drop(self.stock_changed.wait_timeout(stocks, patience));
    }

    /// How the office is.
    #[must_use]
    pub fn office(&self) -> AuthorityState {
        self.office.lock().clone()
    }

    /// The office is in another state; `alternative` says whether sales get alternative receipts in it.
    pub fn authority_switched(&self, state: &str, reason: &str, alternative: bool) {
        *self.office.lock() = AuthorityState {
            state: state.to_owned(),
            reason: reason.to_owned(),
        };
        self.alternative.store(alternative, Ordering::Release);
    }

    /// What waits to be told to the office.
    #[must_use]
    pub fn unsent(&self) -> Unsent {
        *self.unsent.lock()
    }

    /// What waits to be told was counted.
    pub fn unsent_counted(&self, unsent: Unsent) {
        *self.unsent.lock() = unsent;
    }

    /// Numbers that a device has left for alternative receipts; none where it sells none.
    #[must_use]
    pub fn numbers_left(&self, device: Uuid) -> Option<u64> {
        let numbers = self.numbers.lock();
        numbers.get(&device).copied()
    }

    /// The fewest numbers that any device has left for alternative receipts.
    #[must_use]
    pub fn fewest_numbers_left(&self) -> Option<u64> {
        let numbers = self.numbers.lock();
        numbers.values().copied().min()
    }

    /// Counts the numbers that a till has left for alternative receipts.
    pub fn count_numbers(&self, device: Uuid, till: &Till) {
        if till.configuration().alternative_receipts {
            self.numbers_counted(device, till.alternative_numbers_left());
        }
    }

    /// The numbers of a device were counted; a person hears of it when they come to their end.
    fn numbers_counted(&self, device: Uuid, left: u64) {
        let mut numbers = self.numbers.lock();
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

    /// Sales get alternative receipts, where the device has them.
    #[must_use]
    pub fn sells_alternative(&self) -> bool {
        self.alternative.load(Ordering::Acquire)
    }
}

/// Numbers for alternative receipts that count as "soon used up".
pub const NUMBERS_SOON: u64 = 50;
