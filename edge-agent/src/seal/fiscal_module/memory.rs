//! What a simulated module remembers, and the file that keeps it over restarts.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secret_file::give_to_owner;

/// The memory of a module.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ModuleMemory {
    /// The number of the module.
    pub(super) terminal: String,
    /// The closed shifts, oldest first.
    pub(super) closed: Vec<ShiftFigures>,
    /// The open shift; `None` if none is open.
    pub(super) open: Option<ShiftFigures>,
    /// The number of the last receipt.
    pub(super) receipts: u32,
    /// The times of the receipts that are not sent, oldest first.
    pub(super) unsent: Vec<String>,
    /// The time of the last operation, `YYYYMMDDHHMMSS`; empty before the first one.
    pub(super) last_time: String,
    /// The sums of cash, other payments and tax of all sales, less those of all refunds.
    pub(super) accumulators: [i64; 3],
    /// The last receipt, as `order/last` tells it.
    pub(super) last: Value,
    /// The marking codes that are sold.
    #[serde(default)]
    pub(super) marks: BTreeSet<String>,
    /// The newest receipts, for the simulator.
    pub(super) journal: Vec<RegisteredReceipt>,
}

/// The figures of a shift, in tiyin.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ShiftFigures {
    /// The number of the shift.
    pub(super) number: u32,
    /// When the shift was opened, `yyyy-MM-dd HH:mm:ss`.
    pub(super) open_time: String,
    /// When the shift was closed; empty while it is open.
    pub(super) close_time: String,
    /// The number of the first receipt; 0 without one.
    pub(super) first: u32,
    /// The number of the last receipt; 0 without one.
    pub(super) last: u32,
    /// The sales.
    pub(super) sales: TurnoverFigures,
    /// The refunds.
    pub(super) refunds: TurnoverFigures,
}

/// Sums of receipts, in tiyin.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct TurnoverFigures {
    /// The number of receipts.
    pub(super) count: u32,
    /// The cash.
    pub(super) cash: i64,
    /// The other payments.
    pub(super) card: i64,
    /// The value added tax.
    pub(super) vat: i64,
}

/// A receipt, as the simulator shows it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct RegisteredReceipt {
    /// The number of the receipt.
    pub(super) number: u32,
    /// `sale`, `refund`, `prepaid` or `credit`.
    pub(super) kind: String,
    /// The sum of the payments, in tiyin.
    pub(super) total: i64,
    /// The fiscal sign.
    pub(super) fiscal_sign: String,
    /// The id that the caller gave.
    pub(super) uuid: Option<String>,
}

/// The newest receipts that the simulator shows.
const JOURNAL_MAX: usize = 1_000;

impl ModuleMemory {
    /// Reads the memory from its file; a file that does not exist is a new module.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not the memory of a module.
    pub(super) fn load(path: &Path, terminal: &str) -> io::Result<Self> {
        match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::new(terminal)),
            Err(error) => Err(error),
        }
    }

    /// The memory of a new module.
    #[must_use]
    pub(super) fn new(terminal: &str) -> Self {
        Self {
            terminal: terminal.to_owned(),
            ..Self::default()
        }
    }

    /// Writes the memory to its file, so that a crash leaves the old or the new one.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    pub(super) fn store(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        give_to_owner(&file, path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&new, path)
    }

    /// Adds a receipt to those that the simulator shows.
    pub(super) fn note(&mut self, receipt: RegisteredReceipt) {
        if self.journal.len() >= JOURNAL_MAX {
            self.journal.remove(0);
        }
        self.journal.push(receipt);
    }

    /// The number of the last closed shift; 0 before the first one.
    #[must_use]
    pub(super) fn last_closed(&self) -> u32 {
        self.closed.last().map_or(0, |shift| shift.number)
    }
}
