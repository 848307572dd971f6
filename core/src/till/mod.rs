//! The till: how it decides about commands, and how decided events change its state. Start reading here.
//!
//! [`Till::decide`] gives an [`Event`] or a numbered [`Refusal`] for a [`Command`], from the state of the till, and changes
//! nothing. [`Till::apply`] takes an event into the state and cannot fail. Live operation, replay and recovery all use these two
//! functions.
//!
//! A document has two events. `Reserved` is stored before anything is sent to a printer, an authority or the caller.
//! `Sealed` (the document is legal now, and gets its numbers) or `Voided` (it was not registered) follows.
//! Between the two the document is outstanding. Only one document is outstanding at a time,
//! so that recovery can find out from the printer what became of it.
//! An alternative receipt, which a number of a range makes legal at once, may be reserved and sealed meanwhile.

mod admit;
mod apply;
mod command;
mod counters;
mod digest;
mod numbers;
mod others;
mod pools;
mod printer_evidence;
mod ranges;
mod settle;
mod signing;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::blank::is_blank;
use crate::counters::Counters;
use crate::document::{Body, DocumentKind, ReportKind};
use crate::event::{
    Adopted, CancelDecided, ClockSet, ClosedByPrinter, Configuration, Declared, Event,
    NumbersGranted, TerminalAnswered, TerminalAsked, UnitAdopted, Voided,
};
use crate::id::DocumentId;
use crate::numbers::Span;
use crate::profile::Profile;
use crate::receipt::{Receipt, ReceiptKind, Scratch};
use crate::refusal::{Faults, Refusal};
use crate::seal::StoredBaseline;
use crate::shift::Shift;
use crate::time::Moment;

pub use command::{Command, Known, Order, Wish};
use counters::TillCounters;
use others::Others;
use pools::Pools;
use printer_evidence::PrinterEvidence;
pub use ranges::RangeUse;
use settle::{lay_aside, lay_card_aside};
pub use signing::{PreparedReceipt, SignedReceipts, not_signable};

/// The state of one till. The size of the state is bounded, however much the till has sold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Till {
    configuration: Configuration,
    counters: TillCounters,
    /// The counters as they will be once the outstanding document is sealed; equal to `counters` if none is outstanding. An alternative
    /// receipt beside it is counted in both.
    counters_after: TillCounters,
    last_number: u32,
    last_z: u32,
    /// The ranges in force. After rows of version 1 also the ranges that were in force before: at most 16, as that version allowed.
    range_uses: heapless::Vec<RangeUse, 16>,
    fiscal_numbers: Pools,
    outstanding: Option<Outstanding>,
    /// An alternative receipt that was reserved while a document of the printer is outstanding. The same batch seals it.
    beside: Option<DocumentId>,
    printer_evidence: PrinterEvidence,
    latest: Option<Moment>,
    signed: SignedReceipts,
    /// Fiscal receipts of the printer that this till has not made.
    others: Others,
}

impl Till {
    /// Version of a snapshot's encoding. A snapshot with another version is discarded and made again from the journal.
    pub const SNAPSHOT_VERSION: u16 = 9;

    /// Gives the event that follows from a command, or the reason why the command is refused. The state of the till is not
    /// changed.
    ///
    /// `faults` gets every fault of a draft with its place.
    ///
    /// # Errors
    ///
    /// If several refusals apply, a repeated id comes before the faults of the draft, and these come before the state of the
    /// till.
    pub fn decide<'a>(
        &'a self,
        profile: &dyn Profile,
        command: &Command<'a>,
        known: &Known<'_>,
        now: Moment,
        scratch: Scratch<'a>,
        faults: &mut dyn Faults,
    ) -> Result<Event<'a>, Refusal> {
        let at = self.latest.map_or(now, |latest| latest.later(now));
        match command {
            Command::SetClock(set) => self.set_clock(set),
            Command::Adopt(configuration) => {
                self.decide_configuration(configuration, known.range_next)
            }
            Command::TakeNumbers(spans) => self.decide_numbers(spans, at),
            Command::Reserve(order) => {
                let at = self.time_of_next_document(now);
                self.reserve(profile, order, known, at, scratch, faults)
            }
            Command::DecideCancel(id) => {
                self.outstanding_of(*id)?;
                Ok(Event::CancelDecided(CancelDecided { id: *id, at }))
            }
            Command::Settle(id, seal) => self.settle(profile.facts(), *id, seal, at),
            Command::Void(id, fault, reason) => {
                self.outstanding_of(*id)?;
                Ok(Event::Voided(Voided {
                    id: *id,
                    at,
                    fault: *fault,
                    reason,
                }))
            }
            Command::NoteClosed(closed) => {
                // An outstanding document is settled first, because it may be the Z-report that closed the printer's day.
                if self.outstanding.is_some() {
                    return Err(Refusal::DeviceUnsettled);
                }
                Ok(Event::ClosedByPrinter(ClosedByPrinter { at, ..*closed }))
            }
            Command::Declare(declared) => self.declare(declared, at),
            Command::LayAside(aside) => lay_aside(aside, at),
            Command::AdoptUnit(unit) => Ok(Event::UnitAdopted(UnitAdopted { at, ..*unit })),
            Command::PrepareReceipt(receipt) => self.prepare_receipt(receipt, at),
            Command::SignReceipt(receipt) => self.sign_receipt(receipt, at),
            Command::AskTerminal(asked) => Ok(Event::TerminalAsked(TerminalAsked { at, ..*asked })),
            Command::KeepAnswer(answered) => Ok(Event::TerminalAnswered(TerminalAnswered {
                at,
                ..*answered
            })),
            Command::LayCardAside(aside) => lay_card_aside(aside, at),
            Command::NoteOthers(noted) => self.note_others(noted, at),
        }
    }

    // Each kind of event is made in a function of its own, so that no stack frame contains more than one event: a configuration
    // and the figures of a report take about 2 KiB each (`cross/stack-frames`).
    #[inline(never)]
    fn decide_configuration<'a>(
        &self,
        wanted: &Configuration,
        folder_next: Option<&[u32]>,
    ) -> Result<Event<'a>, Refusal> {
        Ok(Event::ConfigurationAdopted(Adopted {
            configuration: wanted.clone(),
            next: self.next_of_ranges(wanted, folder_next)?,
        }))
    }

    #[inline(never)]
    fn decide_numbers<'a>(&self, spans: &[Span], at: Moment) -> Result<Event<'a>, Refusal> {
        self.fiscal_numbers.numbers().check(spans)?;
        let spans = heapless::Vec::from_slice(spans).map_err(|_| Refusal::FiscalNumbersClash)?;
        Ok(Event::NumbersGranted(NumbersGranted { at, spans }))
    }

    /// The time of a new document: later than every event before it, because an authority may refuse two documents of one time.
    fn time_of_next_document(&self, now: Moment) -> Moment {
        self.latest.map_or(now, |latest| latest.next().later(now))
    }

    /// The documents of one shift never go back in time, so the time goes back only between two shifts.
    fn set_clock<'a>(&self, set: &ClockSet<'a>) -> Result<Event<'a>, Refusal> {
        if is_blank(set.by) {
            return Err(Refusal::DeclarationUnsigned);
        }
        let (given, limit) = (set.by.len(), Declared::BY_BYTES_MAX);
        if given > limit {
            return Err(Refusal::TextTooLong { given, limit });
        }
        if self.outstanding.is_some() {
            return Err(Refusal::DeviceUnsettled);
        }
        let goes_back = self
            .latest
            .is_some_and(|latest| set.at.utc_ms < latest.utc_ms);
        if goes_back && self.counters.shift.is_some() {
            return Err(Refusal::ClockBackInShift);
        }
        Ok(Event::ClockSet(*set))
    }

    fn outstanding_of(&self, id: DocumentId) -> Result<&Outstanding, Refusal> {
        self.outstanding
            .as_ref()
            .filter(|outstanding| outstanding.id == id)
            .ok_or(Refusal::NotOutstanding)
    }

    /// Whether all documents of the open shift went to this printer, and none of them was settled by an operator's declaration.
    ///
    /// Only then can the printer's day sums be compared with the journal's to find out what became of another document.
    #[must_use]
    pub fn sums_are_of(&self, printer: &StoredBaseline<'_>) -> bool {
        self.printer_evidence.sums_are_of(printer)
    }

    /// Whether the last Z-report of this till was printed on this printer and took exactly one document number.
    ///
    /// If it did, and the printer has as many new documents as new Z-reports, nothing else was printed.
    #[must_use]
    pub fn z_takes_a_number_on(&self, printer: &StoredBaseline<'_>) -> bool {
        self.printer_evidence.z_takes_a_number_on(printer)
    }

    /// What the till remembers of the receipts that a signature unit signs.
    #[must_use]
    pub const fn signed(&self) -> &SignedReceipts {
        &self.signed
    }

    /// The configuration in force.
    #[must_use]
    pub const fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The open shift; `None` if no shift is open.
    #[must_use]
    pub const fn shift(&self) -> Option<&Shift> {
        self.counters.shift.as_ref()
    }

    /// When the first receipt of the open shift was decided; `None` if it has no receipt. The law's limit of a shift counts from here.
    #[must_use]
    pub const fn first_receipt(&self) -> Option<Moment> {
        self.counters.first_receipt
    }

    /// Cash in the drawer.
    #[must_use]
    pub const fn cash(&self) -> Amount {
        self.counters.cash
    }

    /// Counters since 1 January of the last document's year.
    #[must_use]
    pub const fn year(&self) -> &Counters {
        &self.counters.year
    }

    /// Counters since the first document.
    #[must_use]
    pub const fn grand(&self) -> &Counters {
        &self.counters.grand
    }

    /// Whether a document can be reserved now, as far as the outstanding document allows it.
    ///
    /// While a document of the printer is outstanding, only an alternative receipt can: the printer has no part in it.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeviceUnsettled`].
    pub fn admits_beside(&self, kind: DocumentKind) -> Result<(), Refusal> {
        let free = match &self.outstanding {
            None => true,
            Some(outstanding) => {
                self.beside.is_none()
                    && outstanding.on_printer()
                    && kind == DocumentKind::AlternativeSale
            }
        };
        if free {
            Ok(())
        } else {
            Err(Refusal::DeviceUnsettled)
        }
    }

    /// The document that is reserved and neither sealed nor voided. An alternative receipt that is sealed beside it is not meant.
    #[must_use]
    pub const fn outstanding(&self) -> Option<&Outstanding> {
        self.outstanding.as_ref()
    }

    /// The moment of the last event of a shift; no later document has an earlier moment. The configuration and the granted fiscal numbers
    /// are no part of a shift, so a first start can take them before it knows the time.
    #[must_use]
    pub const fn latest(&self) -> Option<Moment> {
        self.latest
    }

    /// The ranges of alternative receipts that the till knows, each with its next number, in the order of their use.
    #[must_use]
    pub fn range_uses(&self) -> &[RangeUse] {
        &self.range_uses
    }
}

/// A document that is reserved and neither sealed nor voided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outstanding {
    /// The id of the outstanding document.
    pub id: DocumentId,
    /// The kind of the outstanding document.
    kind: Kind,
    /// Whether the document is to be cancelled on the printer.
    pub cancel_decided: bool,
    /// Whether an alternative receipt was reserved beside the document and after it.
    overtaken: bool,
}

impl Outstanding {
    /// Whether the fiscal printer makes the document legal. An alternative receipt is legal by its number, whether it is printed or
    /// not, and a non-fiscal receipt needs nothing.
    #[must_use]
    pub const fn on_printer(&self) -> bool {
        !matches!(self.kind, Kind::Alternative | Kind::Nonfiscal)
    }
}

/// The kinds of documents that differ in how they are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Receipt,
    Alternative,
    Cash,
    Report(ReportKind),
    Nonfiscal,
}

impl Kind {
    const fn of(body: &Body<'_>) -> Self {
        match body {
            Body::Receipt(Receipt {
                kind: ReceiptKind::AlternativeSale,
                ..
            }) => Self::Alternative,
            Body::Receipt(_) | Body::Amounts(_) => Self::Receipt,
            Body::Cash(_) => Self::Cash,
            Body::Report(kind) => Self::Report(*kind),
            Body::Nonfiscal(_) => Self::Nonfiscal,
        }
    }
}
