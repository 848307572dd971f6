//! The live status: the state of the printers, of the authority, of the number stocks and of the store. Any thread can read it
//! without asking the clerk or the store.

pub mod at_work;
pub mod audit;
mod module_left;
pub mod objections;
mod observed;
pub mod problems;
mod reload;
mod stock;
mod taken_over;
#[cfg(test)]
mod tests;
mod unsendable;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Condvar};
use std::time::{Duration, Instant};

use ferrotill_core::Amount;
use ferrotill_core::budget::Unsent;
use ferrotill_core::numbers::Supply;
use ferrotill_core::till::Till;
use ferrotill_device::printer::{Baseline, Connected, UnknownAnswer};
use ferrotill_store::{ResourceBook, StoreError, StoreFigures};
use uuid::Uuid;

use crate::explanation::Explanation;
use crate::locked::Locked;
use audit::AuditRecord;
pub use module_left::ModuleLeft;
use objections::Objection;
use problems::{HealthProblem, ProblemKind, Problems, Severity};
pub use stock::Stock;
use unsendable::Unsendable;
pub use unsendable::UnsendableDocument;

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
    /// Why the connected printer cannot print now, for example that it has no paper.
    pub condition: Option<String>,
    /// The document that the printer cannot prove, and what an operator must do about it.
    pub unproven: Option<(Uuid, String)>,
    /// The document that waits for a person: it stays one while the printer is silent, when `unproven` is `None`, because a printer that
    /// answers again may prove it.
    pub waits: Option<Uuid>,
    /// Why a connected printer gets no receipts, or not all: it is not the printer of the open shift, or its tax rates differ. Also
    /// what its driver has to assume of it.
    pub objections: Vec<Objection>,
    /// True if the printer gets no receipts, or not all, because of an objection.
    pub refuses_receipts: bool,
    /// The names of the figures that the printer does not report: recovery works without them.
    pub missing: Vec<&'static str>,
    /// The country for which the printer was made, if printers of its family differ by country; `?` if the printer does not show it.
    pub country: &'static str,
}

/// The state of the authority.
#[derive(Clone, Debug, Default)]
pub struct AuthorityState {
    /// The name of the state: online, suspect, offline or recovering.
    pub state: String,
    /// Why the authority is in this state.
    pub reason: String,
}

/// The state of the store, as the clerk found it with its last transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreState {
    /// The writer's figures after its last commit.
    pub figures: StoreFigures,
    /// The number of anchors that were set aside because the journal did not have their row at a start.
    pub anchors_set_aside: usize,
    /// When the present transaction began; `None` between two transactions.
    transaction_since: Option<Instant>,
}

/// The live status.
#[derive(Debug, Default)]
pub struct LiveStatus {
    store: Locked<StoreState>,
    problems: Problems,
    /// The documents that cannot be sent.
    unsendable: Locked<Unsendable>,
    /// The kind of the problem of the till's time.
    clock_problem: Locked<Option<ProblemKind>>,
    /// The time of the clerk's last transaction, in milliseconds since the epoch: the time of new problems.
    noticed_ms: AtomicI64,
    stocks: Locked<HashMap<Uuid, Stock>>,
    stock_changed: Condvar,
    modules_left: Locked<HashMap<Uuid, ModuleLeft>>,
    alternative_numbers: Locked<HashMap<Uuid, u64>>,
    printers: Locked<HashMap<Uuid, PrinterState>>,
    authority: Locked<AuthorityState>,
    sells_alternative: AtomicBool,
    /// The epoch of another machine that has taken over this till; 0 if there is none.
    taken_over: AtomicU32,
    /// How often the clerk was asked since it has answered last.
    clerk_asked: AtomicU32,
    /// When the law ends the open shift of each device, in milliseconds since the epoch.
    shift_ends: Locked<HashMap<Uuid, i64>>,
    /// The resources of compatible APIs, after the last commit.
    resources: Locked<Arc<ResourceBook>>,
    /// The turnover counter of each register whose receipts are signed.
    turnovers: Locked<HashMap<Uuid, Amount>>,
    /// The serial of the first signature unit.
    unit_serial: Locked<Option<String>>,
    /// The last audit of the till.
    audit: Locked<Option<AuditRecord>>,
    /// The keys of the configuration whose new values need a restart.
    restart_needed: Locked<Vec<String>>,
}

impl LiveStatus {
    /// The resources of compatible APIs, after the last commit.
    #[must_use]
    pub fn resources(&self) -> Arc<ResourceBook> {
        Arc::clone(&self.resources.lock())
    }

    /// The turnover counter of a register whose receipts are signed.
    #[must_use]
    pub fn turnover(&self, device: Uuid) -> Option<Amount> {
        self.turnovers.lock().get(&device).copied()
    }

    /// Notes the turnover counter of a register.
    pub fn set_turnover(&self, device: Uuid, turnover: Amount) {
        self.turnovers.lock().insert(device, turnover);
    }

    /// The serial of the first signature unit.
    #[must_use]
    pub fn unit_serial(&self) -> Option<String> {
        self.unit_serial.lock().clone()
    }

    /// Notes the serial of the first signature unit.
    pub fn set_unit_serial(&self, serial: &str) {
        *self.unit_serial.lock() = Some(serial.to_owned());
    }

    /// Since when receipts have no signature, in milliseconds since the epoch; `None` if they have.
    #[must_use]
    pub fn outage_since_ms(&self) -> Option<i64> {
        let noted = self.problems.list().into_iter();
        noted
            .filter(|problem| problem.kind == ProblemKind::SIGNATURE_UNIT)
            .map(|problem| problem.since_ms)
            .min()
    }

    /// Notes the resources of compatible APIs.
    pub fn set_resources(&self, resources: ResourceBook) {
        *self.resources.lock() = Arc::new(resources);
    }

    /// The state of a device's printer.
    #[must_use]
    pub fn printer(&self, device: Uuid) -> PrinterState {
        self.printers
            .lock()
            .get(&device)
            .cloned()
            .unwrap_or_default()
    }

    /// Notes that a printer was connected; `outstanding` is the document of the device whose outcome is not known yet.
    ///
    /// What is known of its condition, and of what it does not fit, stays until the printer's thread and the clerk have said it again,
    /// which they do next.
    pub fn printer_ready(&self, device: Uuid, connected: &Connected, outstanding: Option<Uuid>) {
        let Baseline {
            serial,
            fiscal_memory,
            ..
        } = &connected.baseline;
        let mut printers = self.printers.lock();
        let before = printers.remove(&device).unwrap_or_default();
        let is_another = !before.serial.is_empty() && before.serial != *serial;
        let waits = before.waits.filter(|id| outstanding == Some(*id));
        let state = PrinterState {
            connected: true,
            model: connected.model.clone(),
            firmware: connected.firmware.clone(),
            port: connected.address.clone(),
            serial: serial.clone(),
            fiscal_memory: fiscal_memory.clone(),
            fiscalised: connected.condition.fiscalised,
            trouble: None,
            condition: before.condition,
            unproven: before.unproven.filter(|(id, _)| waits == Some(*id)),
            waits,
            objections: before.objections,
            refuses_receipts: before.refuses_receipts,
            missing: connected.missing.iter().map(|one| one.name()).collect(),
            country: connected.country,
        };
        printers.insert(device, state);
        drop(printers);
        self.problems.clear(PRINTER.kind, Some(device));
        if waits.is_none() {
            self.problems.clear(WAITS.kind, Some(device));
        }
        if is_another {
            self.problems.clear(ANSWER_UNKNOWN.kind, Some(device));
        }
    }

    /// Notes that it is known what became of a document: the printer has proved it, or a person has declared it.
    pub fn outcome_known(&self, device: Uuid, id: Uuid) {
        let mut printers = self.printers.lock();
        let waited = printers.get_mut(&device).and_then(|state| {
            let waited = state.waits.take_if(|waits| *waits == id);
            state.unproven.take_if(|(unproven, _)| *unproven == id);
            waited
        });
        drop(printers);
        if waited.is_some() {
            self.problems.clear(WAITS.kind, Some(device));
        }
    }

    /// Notes that a printer can be reached and has no document that it cannot prove.
    pub fn printer_answers(&self, device: Uuid) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = true;
        state.trouble = None;
        state.unproven = None;
        state.waits = None;
        drop(printers);
        self.problems.clear(PRINTER.kind, Some(device));
        self.problems.clear(WAITS.kind, Some(device));
    }

    /// Notes that a person has settled a document about which nobody could be asked; `connected` says whether the device's printer
    /// can be reached.
    pub fn person_settled(&self, device: Uuid, connected: bool) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = connected;
        state.trouble = None;
        state.unproven = None;
        state.waits = None;
        drop(printers);
        self.problems.clear(PRINTER.kind, Some(device));
        self.problems.clear(WAITS.kind, Some(device));
    }

    /// Notes that a printer has answered in forms that this build does not know, and logs their bytes.
    pub fn printer_answers_unknown(&self, device: Uuid, answers: &[UnknownAnswer]) {
        let model = self.printer(device).model;
        let answers: Vec<String> = answers.iter().map(ToString::to_string).collect();
        let says = format!(
            "the printer {model} has answered in a form that this build does not know, and the answer is not used: {}",
            answers.join("; ")
        );
        self.problems
            .raise(self.problem(&ANSWER_UNKNOWN, Some(device), says));
    }

    /// Notes why a connected printer cannot print now; `None` if it can.
    pub fn printer_condition(&self, device: Uuid, condition: Option<Explanation>) {
        self.explain_if(
            condition.as_ref(),
            ProblemKind::PRINTER_CONDITION,
            Some(device),
        );
        let mut printers = self.printers.lock();
        printers.entry(device).or_default().condition = condition.map(|it| it.to_string());
    }

    /// Notes that a printer cannot be reached, and why. A document that a person must declare goes on waiting for that.
    pub fn printer_lost(&self, device: Uuid, reason: &Explanation) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = false;
        state.trouble = Some(reason.to_string());
        state.unproven = None;
        drop(printers);
        self.explain_if(Some(reason), PRINTER.kind, Some(device));
        // The condition of a printer that does not answer is not known.
        self.printer_condition(device, None);
    }

    /// Notes that a printer cannot prove what became of a document; `instruction` says what an operator must do, and `answers`
    /// whether the printer has answered.
    pub fn printer_unproven(&self, device: Uuid, id: Uuid, instruction: String, answers: bool) {
        let mut printers = self.printers.lock();
        let state = printers.entry(device).or_default();
        state.connected = false;
        state.trouble = Some(instruction.clone());
        state.unproven = Some((id, instruction.clone()));
        state.waits = Some(id);
        drop(printers);
        if answers {
            self.problems.clear(PRINTER.kind, Some(device));
        }
        self.problems
            .note(self.problem(&WAITS, Some(device), instruction));
    }

    /// Forgets the printer of a device that is not in the configuration and has nothing left to do.
    pub fn device_settled(&self, device: Uuid) {
        self.printers.lock().remove(&device);
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
    ///
    /// `offline` says why the authority cannot be reached, if it is offline.
    pub fn authority_switched(
        &self,
        state: &str,
        reason: &str,
        alternative: bool,
        offline: Option<&Explanation>,
    ) {
        *self.authority.lock() = AuthorityState {
            state: state.to_owned(),
            reason: reason.to_owned(),
        };
        self.sells_alternative.store(alternative, Ordering::Release);
        self.explain_if(offline, ProblemKind::OFFICE_OFFLINE, None);
    }

    /// The documents that the authority has not acknowledged yet, as the offline budgets count them.
    #[must_use]
    pub fn unsent(&self) -> Unsent {
        let unsent = self.store().figures.unsent;
        Unsent {
            documents: unsent.documents,
            oldest_ms: unsent.oldest_ms,
        }
    }

    /// The state of the store.
    #[must_use]
    pub fn store(&self) -> StoreState {
        *self.store.lock()
    }

    /// Notes that the clerk begins a transaction; `utc_ms` is the guarded clock's time.
    pub fn transaction_begins(&self, now: Instant, utc_ms: i64) {
        self.noticed_ms.store(utc_ms, Ordering::Relaxed);
        self.store.lock().transaction_since = Some(now);
    }

    /// Notes that the clerk has committed a transaction. `proved` is true if the transaction wrote to the disk.
    pub fn transaction_committed(&self, figures: StoreFigures, proved: bool) {
        let before = {
            let mut store = self.store.lock();
            store.transaction_since = None;
            std::mem::replace(&mut store.figures, figures)
        };
        self.unsendable_committed();
        if proved {
            for kind in WRITE_PROBLEMS {
                self.problems.clear(*kind, None);
            }
        }
        if figures != before {
            self.figures_changed(figures);
        }
    }

    /// Notes that a transaction of the clerk failed, and why.
    pub fn transaction_failed(&self, error: &StoreError, explained: &Explanation) {
        self.store.lock().transaction_since = None;
        self.unsendable_rolled_back();
        let kind = write_problem(error);
        for other in WRITE_PROBLEMS.iter().filter(|other| **other != kind) {
            self.problems.clear(*other, None);
        }
        self.explain_if(Some(explained), kind, None);
    }

    /// Why no sale can be written at `now`; `None` if the last transaction was written and no transaction hangs.
    #[must_use]
    pub fn why_not_ready(&self, now: Instant) -> Option<String> {
        let failing = self
            .problems
            .list()
            .into_iter()
            .find(|problem| problem.kind.severity == Severity::Failing);
        let hangs = self
            .store()
            .transaction_since
            .is_some_and(|since| now.saturating_duration_since(since) >= TRANSACTION_HANGS_AFTER);
        match failing {
            Some(problem) => Some(problem.says),
            None if hangs => {
                Some("a transaction of the store does not end; check the disk".to_owned())
            }
            None => None,
        }
    }

    /// Stores how many anchors were set aside.
    pub fn anchors_counted(&self, set_aside: usize) {
        self.store.lock().anchors_set_aside = set_aside;
        // The start has noted the problem. It ends when a person has removed the anchors.
        if set_aside == 0 {
            self.problems.clear(ProblemKind::JOURNAL_CUT, None);
        }
    }

    /// Notes that a signed call that has ended could not be written to its file, or that the file could not be read, and why.
    pub fn calls_not_kept(&self, reason: &str) {
        let says = format!(
            "the signed calls that have ended cannot be kept in the file calls.ended: {reason}; after a restart such a call without a request id is not recognised"
        );
        self.problems
            .raise(self.problem(&CALLS_NOT_KEPT, None, says));
    }

    /// Notes that a signed call that has ended was written to its file.
    pub fn calls_kept(&self) {
        self.problems.clear(CALLS_NOT_KEPT.kind, None);
    }

    /// Notes whether sales wait until the PIN of the first start is changed.
    pub fn first_pin_waits(&self, waits: bool) {
        let says = || "the PIN of the first start was not changed".to_owned();
        self.note_if(waits, &FIRST_PIN, None, says);
    }

    fn figures_changed(&self, figures: StoreFigures) {
        let refused = figures.unsent.refused;
        let says = || format!("the authority has refused {refused} documents");
        self.count_if(refused > 0, &DOCUMENTS_REFUSED, None, says);
        let differing = figures.z_reports.newest_differing;
        let says = || {
            format!(
                "the newest Z-reports of {differing} devices differ from their documents, the printer or the authority"
            )
        };
        self.count_if(differing > 0, &Z_REPORT_DIFFERS, None, says);
    }

    fn problem(&self, problem: &KnownProblem, device: Option<Uuid>, says: String) -> HealthProblem {
        HealthProblem {
            kind: problem.kind,
            device,
            since_ms: self.noticed_ms.load(Ordering::Relaxed),
            says,
            fix: problem.fix.to_owned(),
        }
    }

    /// Notes a problem whose text has a count, so that it is logged only when it begins, or removes it.
    fn count_if(
        &self,
        is_there: bool,
        problem: &KnownProblem,
        device: Option<Uuid>,
        says: impl FnOnce() -> String,
    ) {
        if is_there {
            self.problems
                .raise_once(self.problem(problem, device, says()));
        } else {
            self.problems.clear(problem.kind, device);
        }
    }

    /// Notes a problem that is explained, and removes it if there is no explanation.
    fn explain_if(&self, explained: Option<&Explanation>, kind: ProblemKind, device: Option<Uuid>) {
        match explained {
            Some(explained) => self.problems.note(HealthProblem {
                kind,
                device,
                since_ms: self.noticed_ms.load(Ordering::Relaxed),
                says: explained.says(),
                fix: explained.fix.clone(),
            }),
            None => self.problems.clear(kind, device),
        }
    }

    /// Notes a problem if it is there, and removes it otherwise.
    fn note_if(
        &self,
        is_there: bool,
        problem: &KnownProblem,
        device: Option<Uuid>,
        says: impl FnOnce() -> String,
    ) {
        if is_there {
            self.problems.raise(self.problem(problem, device, says()));
        } else {
            self.problems.clear(problem.kind, device);
        }
    }

    /// Notes what is wrong with the till's time: kind, what is wrong, what to do about it. There is one such problem at a time.
    pub fn clock_problem(&self, problem: Option<(ProblemKind, String, String)>) {
        let mut known = self.clock_problem.lock();
        let is_over = |kind: &mut ProblemKind| problem.as_ref().is_none_or(|(new, ..)| new != kind);
        if let Some(kind) = known.take_if(is_over) {
            self.problems.clear(kind, None);
        }
        if let Some((kind, says, fix)) = problem {
            *known = Some(kind);
            self.problems.raise_once(HealthProblem {
                kind,
                device: None,
                since_ms: self.noticed_ms.load(Ordering::Relaxed),
                says,
                fix,
            });
        }
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

    /// Stores how many numbers a device has left for alternative receipts, and whether they are few.
    fn numbers_counted(&self, device: Uuid, left: u64) {
        let mut numbers = self.alternative_numbers.lock();
        numbers.insert(device, left);
        let supply = Supply::of(left, NUMBERS_SOON);
        let says = || format!("{left} numbers are left for alternative receipts");
        let is_low = supply != Supply::Plenty;
        self.count_if(is_low, &ALTERNATIVE_NUMBERS, Some(device), says);
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

/// The kind of problem that an error of the store is.
#[must_use]
pub fn write_problem(error: &StoreError) -> ProblemKind {
    match error {
        error if error.is_disk_full() => ProblemKind::DISK_FULL,
        StoreError::ChainBroken { .. } => ProblemKind::CHAIN_BROKEN,
        _ => ProblemKind::JOURNAL_UNWRITABLE,
    }
}

/// A problem that the live status notes itself, with what to do about it.
struct KnownProblem {
    kind: ProblemKind,
    fix: &'static str,
}

/// The problems that the next transaction that is written ends.
const WRITE_PROBLEMS: &[ProblemKind] = &[
    ProblemKind::JOURNAL_UNWRITABLE,
    ProblemKind::DISK_FULL,
    ProblemKind::CHAIN_BROKEN,
];
const PRINTER: KnownProblem = KnownProblem {
    kind: ProblemKind::PRINTER,
    fix: "check the printer, its power and its cable",
};
const WAITS: KnownProblem = KnownProblem {
    kind: ProblemKind::DOCUMENT_WAITS,
    fix: "read the paper, and declare what became of the document with `ferrotill settle`",
};
const ANSWER_UNKNOWN: KnownProblem = KnownProblem {
    kind: ProblemKind::PRINTER_ANSWER_UNKNOWN,
    fix: "send this text to us, with the model and the firmware of the printer; until then more documents may end as unknown after a lost answer",
};
const FIRST_PIN: KnownProblem = KnownProblem {
    kind: ProblemKind::FIRST_PIN,
    fix: "sign in at the dashboard and change the PIN, or use `ferrotill person pin`",
};
const ALTERNATIVE_NUMBERS: KnownProblem = KnownProblem {
    kind: ProblemKind::ALTERNATIVE_NUMBERS,
    fix: "get a new range and write it into alternative_receipts_ranges",
};
const DOCUMENTS_REFUSED: KnownProblem = KnownProblem {
    kind: ProblemKind::DOCUMENTS_REFUSED,
    fix: "the log says why each was refused; correct the cause, and the agent sends them again",
};
const Z_REPORT_DIFFERS: KnownProblem = KnownProblem {
    kind: ProblemKind::Z_REPORT_DIFFERS,
    fix: "run `ferrotill verify`, which names the documents in question",
};
const AUDIT_FAILED: KnownProblem = KnownProblem {
    kind: ProblemKind::AUDIT_FAILED,
    fix: "run `ferrotill verify` and `ferrotill status`, which say what to do about each finding; the next audit that finds nothing ends this problem",
};
const CALLS_NOT_KEPT: KnownProblem = KnownProblem {
    kind: ProblemKind::CALLS_NOT_KEPT,
    fix: "check the disk, its free space and the permissions of the file; the next call that ends tries again",
};
/// A transaction that takes longer than this counts as one that does not end.
const TRANSACTION_HANGS_AFTER: Duration = Duration::from_secs(10);
/// Below or at this count, the numbers for alternative receipts count as "soon used up".
pub const NUMBERS_SOON: u64 = 50;
