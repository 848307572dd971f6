//! The board that everybody reads: how the printers and the office are, without asking the clerk.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use ferrotill_device::printer::{Baseline, Connected};
use uuid::Uuid;

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
    /// What keeps receipts off it though it is there: another printer than the open shift's, other tax rates.
    pub objections: Vec<String>,
}

/// How the office is.
#[derive(Clone, Debug, Default)]
pub struct OfficeState {
    /// Name of the state.
    pub state: String,
    /// Why it was entered.
    pub reason: String,
}

/// The board.
#[derive(Debug, Default)]
pub struct Board {
    printers: Mutex<HashMap<Uuid, PrinterState>>,
    office: Mutex<OfficeState>,
    alternative: AtomicBool,
}

impl Board {
    /// How a printer is.
    #[must_use]
    pub fn printer(&self, device: Uuid) -> PrinterState {
        self.printers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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
            objections: Vec::new(),
        };
        self.printers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(device, state);
    }

    /// A printer that was not there answers again.
    pub fn printer_answers(&self, device: Uuid) {
        let mut printers = self.printers.lock().unwrap_or_else(PoisonError::into_inner);
        let state = printers.entry(device).or_default();
        state.connected = true;
        state.trouble = None;
    }

    /// What keeps receipts off a printer that is there.
    pub fn printer_objections(&self, device: Uuid, objections: Vec<String>) {
        let mut printers = self.printers.lock().unwrap_or_else(PoisonError::into_inner);
        printers.entry(device).or_default().objections = objections;
    }

    /// A printer is not there.
    pub fn printer_lost(&self, device: Uuid, words: &str) {
        let mut printers = self.printers.lock().unwrap_or_else(PoisonError::into_inner);
        let state = printers.entry(device).or_default();
        state.connected = false;
        state.trouble = Some(words.to_owned());
    }

    /// How the office is.
    #[must_use]
    pub fn office(&self) -> OfficeState {
        self.office
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The office is in another state; `alternative` says whether sales get alternative receipts in it.
    pub fn office_switched(&self, state: &str, reason: &str, alternative: bool) {
        *self.office.lock().unwrap_or_else(PoisonError::into_inner) = OfficeState {
            state: state.to_owned(),
            reason: reason.to_owned(),
        };
        self.alternative.store(alternative, Ordering::Release);
    }

    /// Sales get alternative receipts, where the device has them.
    #[must_use]
    pub fn sells_alternative(&self) -> bool {
        self.alternative.load(Ordering::Acquire)
    }
}
