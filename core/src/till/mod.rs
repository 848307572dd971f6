//! The till: what is decided, and what follows from it. Read this first.
//!
//! [`Till::decide`] is pure: it looks at the books, says yes with an [`Event`] or no with a numbered [`Refusal`], and changes nothing.
//! [`Till::apply`] takes an event into the books and cannot fail.
//! Live operation, replay and recovery run these same two functions.
//!
//! A document has two events: `Reserved` before anything outside hears of it, and `Sealed` (it is legal now, and gets its numbers)
//! or `Voided` (it did not come about). One document is outstanding at a time, so that what a printer did can always be told.

mod counters;
mod printer_evidence;
mod ranges;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::budget::Left;
use crate::counters::Counters;
use crate::document::{Body, DocumentKind, ReportKind};
use crate::event::{
    CancelDecided, ClosedByPrinter, Configuration, Declared, Event, NumbersGranted, ReportFigures,
    Reserved, Sealed, Voided,
};
use crate::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use crate::numbers::{FiscalNumbers, Span};
use crate::profile::Profile;
use crate::receipt::{Draft, Original, Receipt, ReceiptKind, Rules, Scratch};
use crate::reconciliation::Reconciliation;
use crate::refusal::{Faults, Field, FirstFault, Place, Refusal};
use crate::seal::{Baseline, Seal};
use crate::shift::Shift;
use crate::tax::{TaxGroup, TaxRate};
use crate::time::Moment;

use counters::{NextNumbers, TillCounters, cash_out_of};
use printer_evidence::PrinterEvidence;
pub use ranges::RangeUse;

/// What a caller wishes for.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// A fiscal receipt.
    Sale(Draft<'a>),
    /// An alternative receipt, with the next number or with this series and number.
    AlternativeSale(Draft<'a>, Option<(&'a str, u32)>),
    /// A return of goods of an earlier sale.
    Refund(DocumentId, Draft<'a>),
    /// Cash in (above zero) or out (below).
    Cash(Amount),
    /// A report.
    Report(ReportKind),
}

/// A wish with all that its document needs.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The document's id.
    pub id: DocumentId,
    /// Its id over all tills.
    pub unique: UniqueId,
    /// Digest of the command.
    pub fingerprint: Fingerprint,
    /// Its point of sale.
    pub point_of_sale: PointOfSaleId,
    /// What the caller's interface wants back with the document.
    pub annex: &'a [u8],
    /// What the printer said last; none where no printer takes part.
    pub baseline: Option<Baseline<'a>>,
    /// The wish.
    pub wish: Wish<'a>,
}

/// What the till may be asked to do.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// A configuration is to hold from here on.
    Adopt(&'a Configuration),
    /// The office has reserved these fiscal numbers for the till.
    TakeNumbers(&'a [Span]),
    /// A document is wished for.
    Reserve(Order<'a>),
    /// The outstanding document is to be cancelled on the printer.
    DecideCancel(DocumentId),
    /// The outstanding document is legal.
    Settle(DocumentId, Seal<'a>),
    /// The outstanding document did not come about; number and words of the fault.
    Void(DocumentId, u16, &'a str),
    /// The printer has closed its day without being asked; its `at` is set here.
    /// The till's own shift is closed by a Z-report beside it, in the same batch.
    NoteClosed(ClosedByPrinter<'a>),
    /// A person answers for the outstanding document; its `at` is set here.
    /// The document is settled or voided as it says right behind this, in the same batch.
    Declare(Declared<'a>),
}

/// What the store knows of the things that a command refers to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// The fingerprint that the request id's own document has, unless it was voided.
    pub request: Option<Fingerprint>,
    /// The original of a return, with what is left of it.
    pub original: Option<&'k Original<'k>>,
    /// What is left of the budgets of selling without the office; without its hours while it can be reached ([`Left::while_online`]).
    pub offline: Option<Left>,
    /// The printer is another one than the open shift is on, and nobody has said that it is meant to be.
    pub printer_swapped: bool,
    /// The printer's own rates of the groups A to H in ten-thousandths of a percent.
    /// A group without one is no matter here: the printer itself refuses to sell in it.
    pub printer_rates: Option<&'k [Option<u32>; 8]>,
}

/// A document between its two events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outstanding {
    /// Its id.
    pub id: DocumentId,
    /// Its kind.
    kind: Kind,
    /// It is to be cancelled on the printer.
    pub cancel_decided: bool,
}

/// What sealing depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Receipt,
    Alternative,
    Cash,
    Report(ReportKind),
}

/// A till: bounded, whatever it has sold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Till {
    configuration: Configuration,
    counters: TillCounters,
    /// The books as they will be once the outstanding document is sealed; the same as the books where there is none.
    counters_after: TillCounters,
    last_number: u32,
    last_z: u32,
    range_uses: heapless::Vec<RangeUse, 16>,
    fiscal_numbers: FiscalNumbers,
    outstanding: Option<Outstanding>,
    printer_evidence: PrinterEvidence,
    latest: Option<Moment>,
}

impl Till {
    /// Version of a till's own encoding, for snapshots: one of another version is made again from the journal.
    pub const SNAPSHOT_VERSION: u16 = 3;

    /// Says what follows from a command, or why not. Changes nothing.
    ///
    /// Every fault of a draft is told to `faults` with its place.
    ///
    /// # Errors
    ///
    /// The refusal that goes first: a repeated id, then the faults of the draft, then the state of the till.
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
            Command::Adopt(configuration) => self.decide_configuration(configuration),
            Command::TakeNumbers(spans) => self.decide_numbers(spans, at),
            Command::Reserve(order) => self.reserve(profile, order, known, at, scratch, faults),
            Command::DecideCancel(id) => {
                self.outstanding_of(*id)?;
                Ok(Event::CancelDecided(CancelDecided { id: *id, at }))
            }
            Command::Settle(id, seal) => self.settle(*id, seal, at),
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
                // A document on the printer is settled first: its own Z-report may be the one that is noticed.
                if self.outstanding.is_some() {
                    return Err(Refusal::DeviceUnsettled);
                }
                Ok(Event::ClosedByPrinter(ClosedByPrinter { at, ..*closed }))
            }
            Command::Declare(declared) => self.declare(declared, at),
        }
    }

    /// Takes an event into the books.
    pub fn apply(&mut self, event: &Event<'_>) {
        match event {
            Event::ConfigurationAdopted(configuration) => self.adopt(configuration),
            Event::Reserved(reserved) => self.take_reserved(reserved),
            Event::CancelDecided(decided) => {
                self.latest = Some(decided.at);
                if let Some(outstanding) = &mut self.outstanding {
                    outstanding.cancel_decided = true;
                }
            }
            Event::Sealed(sealed) => self.take_sealed(sealed),
            Event::Voided(voided) => {
                self.latest = Some(voided.at);
                self.outstanding = None;
                self.counters_after.copy_from(&self.counters);
            }
            Event::NumbersGranted(granted) => {
                self.latest = Some(granted.at);
                self.fiscal_numbers.take_grant(&granted.spans);
            }
            // The office is the same for all tills; who may sell what is asked anew at each sale.
            Event::Switched(_) => {}
            // The shift is closed by the Z-report that stands beside this.
            Event::ClosedByPrinter(closed) => self.latest = Some(closed.at),
            // The seal or the void stands behind this.
            Event::Declared(declared) => {
                self.latest = Some(declared.at);
                self.printer_evidence.declared();
            }
        }
    }

    /// The fiscal sums of the open shift are those of this printer's documents: all were given to it, and for none somebody's word
    /// counts. Then, and only then, its own sums of the day can be held against them to tell what became of another document.
    #[must_use]
    pub fn sums_are_of(&self, printer: &Baseline<'_>) -> bool {
        self.printer_evidence.sums_are_of(printer)
    }

    /// The last Z-report on this very printer took exactly one document number.
    /// Then as many new documents as Z-reports mean that nothing else was printed.
    #[must_use]
    pub fn z_takes_a_number_on(&self, printer: &Baseline<'_>) -> bool {
        self.printer_evidence.z_takes_a_number_on(printer)
    }

    /// The configuration in force.
    #[must_use]
    pub const fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The open shift.
    #[must_use]
    pub const fn shift(&self) -> Option<&Shift> {
        self.counters.shift.as_ref()
    }

    /// Cash in the drawer.
    #[must_use]
    pub const fn cash(&self) -> Amount {
        self.counters.cash
    }

    /// What was counted since 1 January of the last document's year.
    #[must_use]
    pub const fn year(&self) -> &Counters {
        &self.counters.year
    }

    /// What was counted since the first document.
    #[must_use]
    pub const fn grand(&self) -> &Counters {
        &self.counters.grand
    }

    /// The document between its two events.
    #[must_use]
    pub const fn outstanding(&self) -> Option<&Outstanding> {
        self.outstanding.as_ref()
    }

    /// The moment of the last event; no later document is before it.
    #[must_use]
    pub const fn latest(&self) -> Option<Moment> {
        self.latest
    }

    /// Number of the last document.
    #[must_use]
    pub const fn last_number(&self) -> u32 {
        self.last_number
    }

    /// Number of the last Z-report.
    #[must_use]
    pub const fn last_z(&self) -> u32 {
        self.last_z
    }

    /// How far the ranges of alternative receipts are used, in the order of their use.
    #[must_use]
    pub fn range_uses(&self) -> &[RangeUse] {
        &self.range_uses
    }

    // Each kind of event is made in a function of its own, so that no frame holds more than one of them:
    // a configuration and the figures of a report have about 2 KiB each (`cross/stack-frames`).
    #[inline(never)]
    fn decide_configuration<'a>(&self, wanted: &Configuration) -> Result<Event<'a>, Refusal> {
        self.check_configuration(wanted)?;
        Ok(Event::ConfigurationAdopted(wanted.clone()))
    }

    #[inline(never)]
    fn decide_numbers<'a>(&self, spans: &[Span], at: Moment) -> Result<Event<'a>, Refusal> {
        self.fiscal_numbers.check(spans)?;
        let spans = heapless::Vec::from_slice(spans).map_err(|_| Refusal::FiscalNumbersClash)?;
        Ok(Event::NumbersGranted(NumbersGranted { at, spans }))
    }

    #[inline(never)]
    fn reserve<'a>(
        &'a self,
        profile: &dyn Profile,
        order: &Order<'a>,
        known: &Known<'_>,
        at: Moment,
        scratch: Scratch<'a>,
        faults: &mut dyn Faults,
    ) -> Result<Event<'a>, Refusal> {
        if let Some(fingerprint) = known.request {
            let repeated = fingerprint == order.fingerprint;
            return Err(if repeated {
                Refusal::Repeated
            } else {
                Refusal::RequestIdClash
            });
        }
        let body = self.body(profile, order.wish, known, at, scratch, faults)?;
        if self.outstanding.is_some() {
            return Err(Refusal::DeviceUnsettled);
        }
        self.admit(profile, &body, order.wish, known, at, faults)?;
        let z_number = self.counters.admit(&body, self.next_numbers()?)?;
        Ok(Event::Reserved(Reserved {
            id: order.id,
            unique: order.unique,
            fingerprint: order.fingerprint,
            at,
            point_of_sale: order.point_of_sale,
            z_number,
            body,
            baseline: order.baseline,
            annex: order.annex,
        }))
    }

    /// The body of a document: everything of it that does not depend on the state of the till.
    fn body<'a>(
        &'a self,
        profile: &dyn Profile,
        wish: Wish<'a>,
        known: &Known<'_>,
        at: Moment,
        scratch: Scratch<'a>,
        faults: &mut dyn Faults,
    ) -> Result<Body<'a>, Refusal> {
        let rules = Rules {
            facts: profile.facts(),
            taxes: &self.configuration.taxes,
            payments: &self.configuration.payments,
            day: at.local_day(),
        };
        let receipt = match wish {
            Wish::Sale(draft) => draft.compute(ReceiptKind::Sale, None, rules, scratch, faults),
            Wish::AlternativeSale(draft, _) => {
                draft.compute(ReceiptKind::AlternativeSale, None, rules, scratch, faults)
            }
            Wish::Refund(original, draft) => {
                let Some(sold) = known.original else {
                    faults.fault(Place::Original, Refusal::OriginalUnknown);
                    return Err(Refusal::OriginalUnknown);
                };
                draft.compute(
                    ReceiptKind::Refund { original },
                    Some(sold),
                    rules,
                    scratch,
                    faults,
                )
            }
            Wish::Cash(amount) => {
                let mut first = FirstFault::new(faults);
                if amount.is_zero() {
                    first.report(Place::Amount, Refusal::NoCashMoved);
                }
                let limit = rules.facts.amount_max;
                if amount.minor().unsigned_abs() > limit.minor().unsigned_abs() {
                    let limit = limit.display(rules.facts.currency);
                    first.report(Place::Amount, Refusal::AmountTooLarge { limit });
                }
                return first.verdict().map(|()| Body::Cash(amount));
            }
            Wish::Report(kind) => return Ok(Body::Report(kind)),
        };
        receipt.map(Body::Receipt)
    }

    /// What the state of the till says to a body.
    fn admit(
        &self,
        profile: &dyn Profile,
        body: &Body<'_>,
        wish: Wish<'_>,
        known: &Known<'_>,
        at: Moment,
        faults: &mut dyn Faults,
    ) -> Result<(), Refusal> {
        let facts = profile.facts();
        if let (Body::Report(ReportKind::Z), None) = (body, &self.counters.shift) {
            return Err(Refusal::ShiftNotOpen);
        }
        if let (Body::Receipt(_) | Body::Cash(_), Some(shift)) = (body, &self.counters.shift) {
            let open_ms = at.utc_ms.saturating_sub(shift.opened.utc_ms);
            if facts.shift_ms_max.is_some_and(|limit| open_ms >= limit) {
                return Err(Refusal::ShiftTooLong {
                    hours: open_ms.div_euclid(3_600_000),
                });
            }
        }
        if let (Body::Receipt(_), Some(left)) = (body, known.offline) {
            facts.offline.admit(left)?;
        }
        if body.kind() != DocumentKind::AlternativeSale {
            if known.printer_swapped && self.counters.shift.is_some() {
                return Err(Refusal::PrinterSwapped);
            }
            if let (Body::Receipt(receipt), Some(rates)) = (body, known.printer_rates) {
                admit_rates(receipt, rates, faults)?;
            }
        }
        let mut first = FirstFault::new(faults);
        if let Wish::AlternativeSale(_, wanted) = wish
            && let Err(refusal) = self.next_alternative(wanted)
        {
            first.report(Place::Number, refusal);
        }
        let out = cash_out_of(body);
        if out > self.counters.cash {
            let money = |amount: Amount| amount.display(facts.currency);
            let place = if matches!(body, Body::Cash(_)) {
                Place::Amount
            } else {
                Place::Payments
            };
            first.report(
                place,
                Refusal::NotEnoughCash {
                    cash: money(self.counters.cash),
                    needed: money(out),
                },
            );
        }
        first.verdict()
    }

    fn next_numbers(&self) -> Result<NextNumbers, Refusal> {
        let after = |last: u32| last.checked_add(1).ok_or(Refusal::CounterExhausted);
        Ok(NextNumbers {
            number: after(self.last_number)?,
            z_number: after(self.last_z)?,
        })
    }

    fn outstanding_of(&self, id: DocumentId) -> Result<&Outstanding, Refusal> {
        self.outstanding
            .as_ref()
            .filter(|outstanding| outstanding.id == id)
            .ok_or(Refusal::NotOutstanding)
    }

    fn declare<'a>(&self, declared: &Declared<'a>, at: Moment) -> Result<Event<'a>, Refusal> {
        if !self.outstanding_of(declared.id)?.on_printer() {
            // It is legal with its number, whatever became of its paper.
            return Err(Refusal::SealMismatch);
        }
        let (given, limit) = (declared.by.len(), Declared::BY_BYTES_MAX);
        if declared.by.trim().is_empty() {
            return Err(Refusal::DeclarationUnsigned);
        }
        if given > limit {
            return Err(Refusal::TextTooLong { given, limit });
        }
        Ok(Event::Declared(Declared { at, ..*declared }))
    }

    #[inline(never)]
    fn settle<'a>(
        &'a self,
        id: DocumentId,
        seal: &Seal<'a>,
        at: Moment,
    ) -> Result<Event<'a>, Refusal> {
        let outstanding = self.outstanding_of(id)?;
        let number = self
            .last_number
            .checked_add(1)
            .ok_or(Refusal::CounterExhausted)?;
        match (outstanding.kind, seal) {
            (Kind::Alternative, Seal::Range { series, number, .. }) => {
                self.next_alternative(Some((series, *number)))?;
            }
            // A range's number for anything else would be a gap, and an alternative receipt without one would be none.
            (Kind::Alternative, _) | (_, Seal::Range { .. }) => return Err(Refusal::SealMismatch),
            // What changes a counter is told outside, and what is told outside has a seal.
            (Kind::Report(ReportKind::X), Seal::Journal) => {}
            (_, Seal::Journal) => return Err(Refusal::SealMismatch),
            _ => {}
        }
        if let Seal::FiscalNumber {
            number,
            reserved: true,
        } = seal
        {
            let next = self.fiscal_numbers.next()?;
            if next != *number {
                return Err(Refusal::FiscalNumberNotNext { next });
            }
        }
        let shift = self
            .counters_after
            .shift
            .as_ref()
            .ok_or(Refusal::ShiftNotOpen)?;
        Ok(Event::Sealed(Sealed {
            id,
            at,
            number,
            current_number: shift.documents,
            seal: *seal,
            report: match outstanding.kind {
                Kind::Report(_) => Some(self.figures(shift, seal)),
                _ => None,
            },
        }))
    }

    fn figures(&self, shift: &Shift, seal: &Seal<'_>) -> ReportFigures {
        let after = &self.counters_after;
        let counters = match seal {
            Seal::Printer { counters, .. } => counters.as_ref(),
            Seal::Range { .. } | Seal::FiscalNumber { .. } | Seal::Journal => None,
        };
        ReportFigures {
            shift: shift.clone(),
            cash: after.cash,
            year: after.year.running(),
            grand: after.grand.running(),
            reconciliation: counters
                .map(|counters| Reconciliation::of(shift, after.cash, counters)),
        }
    }

    fn take_reserved(&mut self, reserved: &Reserved<'_>) {
        self.latest = Some(reserved.at);
        self.outstanding = Some(Outstanding {
            id: reserved.id,
            kind: Kind::of(&reserved.body),
            cancel_decided: false,
        });
        self.printer_evidence.reserved(reserved.baseline.as_ref());
        self.counters_after.copy_from(&self.counters);
        // A reservation that was decided had its numbers.
        if let Ok(next) = self.next_numbers() {
            self.counters_after.count(&reserved.body, reserved.at, next);
        }
    }

    fn take_sealed(&mut self, sealed: &Sealed<'_>) {
        self.latest = Some(sealed.at);
        let Some(outstanding) = self.outstanding.take() else {
            return;
        };
        self.counters.copy_from(&self.counters_after);
        self.last_number = sealed.number;
        if let Seal::Range { series, number, .. } = sealed.seal {
            for range_use in &mut self.range_uses {
                if range_use.range.series == series && range_use.next == number {
                    range_use.next = number.saturating_add(1);
                }
            }
        }
        if let Seal::FiscalNumber {
            number,
            reserved: true,
        } = sealed.seal
        {
            self.fiscal_numbers.take(number);
        }
        if outstanding.kind == Kind::Report(ReportKind::Z) {
            // The printer's drawer begins the next day at nothing (spec/printers.md, 2, 46h; an inference, see docs/countries).
            self.counters.cash = Amount::ZERO;
            self.last_z = self
                .counters
                .shift
                .take()
                .map_or(self.last_z, |shift| shift.z_number);
            self.counters_after.copy_from(&self.counters);
            self.printer_evidence.z_report(&sealed.seal);
        }
    }
}

/// A receipt that the printer would print with other rates than these would not be the one in the journal.
fn admit_rates(
    receipt: &Receipt<'_>,
    rates: &[Option<u32>; 8],
    faults: &mut dyn Faults,
) -> Result<(), Refusal> {
    let mut first = FirstFault::new(faults);
    for (place, line) in receipt.lines.iter().enumerate() {
        let TaxGroup { code, rate, .. } = line.group;
        let told = rates.get(usize::from(code.place())).copied().flatten();
        if let Some(printer) = told.and_then(TaxRate::from_ten_thousandths)
            && printer != rate
            && !line.voided
        {
            let refusal = Refusal::PrinterRateDiffers {
                group: char::from(code.letter()),
                till: rate.display(),
                printer: printer.display(),
            };
            first.report(Place::Line(place, Field::TaxGroup), refusal);
        }
    }
    first.verdict()
}

impl Outstanding {
    /// The document takes part on the fiscal printer.
    #[must_use]
    pub const fn on_printer(&self) -> bool {
        !matches!(self.kind, Kind::Alternative)
    }
}

impl Kind {
    fn of(body: &Body<'_>) -> Self {
        match body {
            Body::Receipt(Receipt {
                kind: ReceiptKind::AlternativeSale,
                ..
            }) => Self::Alternative,
            Body::Receipt(_) => Self::Receipt,
            Body::Cash(_) => Self::Cash,
            Body::Report(kind) => Self::Report(*kind),
        }
    }
}
