//! The till: what is decided, and what follows from it. Read this first.
//!
//! [`Till::decide`] is pure: it looks at the books, says yes with an [`Event`] or no with a numbered [`Refusal`], and changes nothing.
//! [`Till::apply`] takes an event into the books and cannot fail.
//! Live operation, replay and recovery run these same two functions.
//!
//! A document has two events: `Reserved` before anything outside hears of it, and `Sealed` (it is legal now, and gets its numbers)
//! or `Voided` (it did not come about). One document is outstanding at a time, so that what a printer did can always be told.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::event::{
    Body, CancelDecided, Configuration, DocumentKind, Event, NumberRange, ReportFigures,
    ReportKind, Reserved, Sealed, Voided,
};
use crate::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use crate::profile::Profile;
use crate::receipt::{Draft, Original, Receipt, ReceiptKind, Rules, Scratch};
use crate::refusal::{Faults, FirstFault, Place, Refusal};
use crate::seal::{Baseline, Reconciliation, Seal};
use crate::shift::{Running, Shift};
use crate::time::Moment;

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
    /// A document is wished for.
    Reserve(Order<'a>),
    /// The outstanding document is to be cancelled on the printer.
    DecideCancel(DocumentId),
    /// The outstanding document is legal.
    Settle(DocumentId, Seal<'a>),
    /// The outstanding document did not come about; number and words of the fault.
    Void(DocumentId, u16, &'a str),
}

/// What the store knows of the things that a command refers to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// The fingerprint that the request id's own document has, unless it was voided.
    pub request: Option<Fingerprint>,
    /// The original of a return, with what is left of it.
    pub original: Option<&'k Original<'k>>,
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
    /// The books as they will be once it is sealed.
    after: Books,
}

/// What sealing depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Receipt,
    Alternative,
    Cash,
    Report(ReportKind),
}

/// Sums that documents are counted into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Books {
    shift: Option<Shift>,
    cash: Amount,
    year_of: i64,
    year: Running,
    grand: Running,
}

/// How far a range of numbers is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeUse {
    /// The range.
    pub range: NumberRange,
    /// The number that comes next; beyond the end when it is used up.
    pub next: u32,
}

/// A till: bounded, whatever it has sold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Till {
    configuration: Configuration,
    books: Books,
    last_number: u32,
    last_z: u32,
    range_uses: heapless::Vec<RangeUse, 16>,
    outstanding: Option<Outstanding>,
    latest: Option<Moment>,
}

impl Till {
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
            Command::Adopt(configuration) => {
                self.check_configuration(configuration)?;
                Ok(Event::ConfigurationAdopted((*configuration).clone()))
            }
            Command::Reserve(order) => self
                .reserve(profile, order, known, at, scratch, faults)
                .map(Event::Reserved),
            Command::DecideCancel(id) => {
                self.outstanding_of(*id)?;
                Ok(Event::CancelDecided(CancelDecided { id: *id, at }))
            }
            Command::Settle(id, seal) => self.settle(*id, *seal, at).map(Event::Sealed),
            Command::Void(id, fault, reason) => {
                self.outstanding_of(*id)?;
                Ok(Event::Voided(Voided {
                    id: *id,
                    at,
                    fault: *fault,
                    reason,
                }))
            }
        }
    }

    /// Takes an event into the books.
    pub fn apply(&mut self, event: &Event<'_>) {
        match event {
            Event::ConfigurationAdopted(configuration) => self.adopt(configuration),
            Event::Reserved(reserved) => {
                self.latest = Some(reserved.at);
                let after = self
                    .books_after(&reserved.body, reserved.at)
                    .unwrap_or_else(|_| self.books.clone());
                self.outstanding = Some(Outstanding {
                    id: reserved.id,
                    kind: Kind::of(&reserved.body),
                    cancel_decided: false,
                    after,
                });
            }
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
            }
            // The office is the same for all tills; who may sell what is asked anew at each sale.
            Event::Switched(_) => {}
        }
    }

    /// The configuration in force.
    #[must_use]
    pub const fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The open shift.
    #[must_use]
    pub const fn shift(&self) -> Option<&Shift> {
        self.books.shift.as_ref()
    }

    /// Cash in the drawer.
    #[must_use]
    pub const fn cash(&self) -> Amount {
        self.books.cash
    }

    /// The document between its two events.
    #[must_use]
    pub const fn outstanding(&self) -> Option<&Outstanding> {
        self.outstanding.as_ref()
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

    /// The seal of the next alternative receipt, of any series or of this one.
    ///
    /// # Errors
    ///
    /// [`Refusal::RangesUsedUp`], [`Refusal::NumberNotInRange`], [`Refusal::NumberNotNext`], [`Refusal::NoAlternativeReceipts`].
    pub fn next_alternative(&self, wanted: Option<(&str, u32)>) -> Result<Seal<'_>, Refusal> {
        if !self.configuration.alternative_receipts {
            return Err(Refusal::NoAlternativeReceipts);
        }
        let mut free = self.range_uses.iter().filter(|range_use| {
            range_use.next <= range_use.range.end
                && self.configuration.ranges.contains(&range_use.range)
        });
        let range_use = match wanted {
            None => free.next().ok_or(Refusal::RangesUsedUp)?,
            Some((series, number)) => {
                let range_use = free
                    .find(|range_use| {
                        range_use.range.series == series
                            && (range_use.range.start..=range_use.range.end).contains(&number)
                    })
                    .ok_or(Refusal::NumberNotInRange)?;
                if range_use.next != number {
                    return Err(Refusal::NumberNotNext {
                        next: range_use.next,
                    });
                }
                range_use
            }
        };
        Ok(Seal::Range {
            series: &range_use.range.series,
            number: range_use.next,
            number_length: range_use.range.number_length,
        })
    }

    fn reserve<'a>(
        &'a self,
        profile: &dyn Profile,
        order: &Order<'a>,
        known: &Known<'_>,
        at: Moment,
        scratch: Scratch<'a>,
        faults: &mut dyn Faults,
    ) -> Result<Reserved<'a>, Refusal> {
        if let Some(fingerprint) = known.request {
            let repeated = fingerprint == order.fingerprint;
            return Err(if repeated {
                Refusal::Repeated
            } else {
                Refusal::RequestIdClash
            });
        }
        let body = self.body(profile, order.wish, known, scratch, faults)?;
        if self.outstanding.is_some() {
            return Err(Refusal::DeviceUnsettled);
        }
        self.admit(profile, &body, order.wish, at, faults)?;
        let after = self.books_after(&body, at)?;
        Ok(Reserved {
            id: order.id,
            unique: order.unique,
            fingerprint: order.fingerprint,
            at,
            point_of_sale: order.point_of_sale,
            z_number: after
                .shift
                .as_ref()
                .map_or(self.last_z, |shift| shift.z_number),
            body,
            baseline: order.baseline,
            annex: order.annex,
        })
    }

    /// The body of a document: everything of it that does not depend on the state of the till.
    fn body<'a>(
        &'a self,
        profile: &dyn Profile,
        wish: Wish<'a>,
        known: &Known<'_>,
        scratch: Scratch<'a>,
        faults: &mut dyn Faults,
    ) -> Result<Body<'a>, Refusal> {
        let rules = Rules {
            facts: profile.facts(),
            taxes: &self.configuration.taxes,
            payments: &self.configuration.payments,
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
        at: Moment,
        faults: &mut dyn Faults,
    ) -> Result<(), Refusal> {
        let facts = profile.facts();
        if let (Body::Report(ReportKind::Z), None) = (body, &self.books.shift) {
            return Err(Refusal::ShiftNotOpen);
        }
        if let (Body::Receipt(_) | Body::Cash(_), Some(shift)) = (body, &self.books.shift) {
            let open_ms = at.utc_ms.saturating_sub(shift.opened.utc_ms);
            if open_ms >= facts.shift_ms_max {
                return Err(Refusal::ShiftTooLong {
                    hours: open_ms.div_euclid(3_600_000),
                });
            }
        }
        let mut first = FirstFault::new(faults);
        if let Wish::AlternativeSale(_, wanted) = wish
            && let Err(refusal) = self.next_alternative(wanted)
        {
            first.report(Place::Number, refusal);
        }
        let out = cash_out_of(body);
        if out > self.books.cash {
            let money = |amount: Amount| amount.display(facts.currency);
            let place = if matches!(body, Body::Cash(_)) {
                Place::Amount
            } else {
                Place::Payments
            };
            first.report(
                place,
                Refusal::NotEnoughCash {
                    cash: money(self.books.cash),
                    needed: money(out),
                },
            );
        }
        first.verdict()
    }

    fn books_after(&self, body: &Body<'_>, at: Moment) -> Result<Books, Refusal> {
        let number = self
            .last_number
            .checked_add(1)
            .ok_or(Refusal::CounterExhausted)?;
        let z_number = self
            .last_z
            .checked_add(1)
            .ok_or(Refusal::CounterExhausted)?;
        let mut books = self.books.clone();
        books.turn_year(at);
        let shift = books
            .shift
            .get_or_insert_with(|| Shift::open(z_number, number, at));
        shift.documents = shift
            .documents
            .checked_add(1)
            .ok_or(Refusal::CounterExhausted)?;
        books.count(body)?;
        Ok(books)
    }

    fn outstanding_of(&self, id: DocumentId) -> Result<&Outstanding, Refusal> {
        self.outstanding
            .as_ref()
            .filter(|outstanding| outstanding.id == id)
            .ok_or(Refusal::NotOutstanding)
    }

    fn settle<'a>(
        &'a self,
        id: DocumentId,
        seal: Seal<'a>,
        at: Moment,
    ) -> Result<Sealed<'a>, Refusal> {
        let outstanding = self.outstanding_of(id)?;
        let number = self
            .last_number
            .checked_add(1)
            .ok_or(Refusal::CounterExhausted)?;
        if let (Kind::Alternative, Seal::Range { series, number, .. }) = (outstanding.kind, &seal) {
            self.next_alternative(Some((series, *number)))?;
        }
        let after = &outstanding.after;
        let shift = after.shift.as_ref().ok_or(Refusal::ShiftNotOpen)?;
        let counters = match &seal {
            Seal::Printer { counters, .. } => counters.as_ref(),
            Seal::Range { .. } => None,
        };
        let report = matches!(outstanding.kind, Kind::Report(_)).then(|| ReportFigures {
            shift: shift.clone(),
            cash: after.cash,
            year: after.year,
            grand: after.grand,
            reconciliation: counters
                .map(|counters| Reconciliation::of(shift, after.cash, counters)),
        });
        Ok(Sealed {
            id,
            at,
            number,
            current_number: shift.documents,
            seal,
            report,
        })
    }

    fn take_sealed(&mut self, sealed: &Sealed<'_>) {
        self.latest = Some(sealed.at);
        let Some(outstanding) = self.outstanding.take() else {
            return;
        };
        self.books = outstanding.after;
        self.last_number = sealed.number;
        if let Seal::Range { series, number, .. } = sealed.seal {
            for range_use in &mut self.range_uses {
                if range_use.range.series == series && range_use.next == number {
                    range_use.next = number.saturating_add(1);
                }
            }
        }
        if outstanding.kind == Kind::Report(ReportKind::Z) {
            // The printer's drawer begins the next day at nothing (spec/printers.md, 2, 46h; an inference, see docs/countries).
            self.books.cash = Amount::ZERO;
            self.last_z = self
                .books
                .shift
                .take()
                .map_or(self.last_z, |shift| shift.z_number);
        }
    }

    fn check_configuration(&self, configuration: &Configuration) -> Result<(), Refusal> {
        let overlaps = configuration
            .ranges
            .iter()
            .enumerate()
            .any(|(index, range)| {
                range.start > range.end
                    || configuration.ranges.iter().take(index).any(|earlier| {
                        earlier.series == range.series
                            && earlier.start <= range.end
                            && range.start <= earlier.end
                    })
            });
        let same = |range: &NumberRange, range_use: &RangeUse| {
            range_use.range.series == range.series && range_use.range.start == range.start
        };
        let is_new = |range: &NumberRange| {
            !self
                .range_uses
                .iter()
                .any(|range_use| same(range, range_use))
        };
        let new_ranges = configuration
            .ranges
            .iter()
            .filter(|range| is_new(range))
            .count();
        let room = self
            .range_uses
            .capacity()
            .saturating_sub(self.range_uses.len());
        let cut = configuration.ranges.iter().any(|range| {
            self.range_uses.iter().any(|range_use| {
                let used = range_use.range.start..range_use.next;
                range_use.range.series == range.series
                    && !same(range, range_use)
                    && !used.is_empty()
                    && range.start < used.end
                    && used.start <= range.end
            })
        });
        // A range is known by its series and start, and may grow; another one over numbers that went out could give one of them again.
        if overlaps || cut || new_ranges > room {
            Err(Refusal::ConfigurationInvalid)
        } else {
            Ok(())
        }
    }

    fn adopt(&mut self, configuration: &Configuration) {
        for range in &configuration.ranges {
            let known = self.range_uses.iter_mut().find(|range_use| {
                range_use.range.series == range.series && range_use.range.start == range.start
            });
            match known {
                Some(range_use) => range_use.range = range.clone(),
                // `check_configuration` has made sure that there is room.
                None => self
                    .range_uses
                    .push(RangeUse {
                        range: range.clone(),
                        next: range.start,
                    })
                    .unwrap_or(()),
            }
        }
        self.configuration = configuration.clone();
    }
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

impl Books {
    fn turn_year(&mut self, at: Moment) {
        let year = at.local_year();
        if year > self.year_of {
            self.year_of = year;
            self.year = Running::default();
        }
    }

    fn count(&mut self, body: &Body<'_>) -> Result<(), Refusal> {
        let full = Refusal::TooManyTaxGroups;
        let shift = self.shift.as_mut().ok_or(Refusal::ShiftNotOpen)?;
        match body {
            Body::Receipt(receipt) => {
                shift.count_receipt(receipt).ok_or(full)?;
                if receipt.kind == ReceiptKind::Sale {
                    self.year.add(receipt).ok_or(Refusal::CounterExhausted)?;
                    self.grand.add(receipt).ok_or(Refusal::CounterExhausted)?;
                }
            }
            Body::Cash(amount) => shift.count_cash(*amount).ok_or(Refusal::CounterExhausted)?,
            Body::Report(_) => {}
        }
        self.cash = self
            .cash
            .checked_add(cash_into_drawer(body))
            .ok_or(Refusal::CounterExhausted)?;
        Ok(())
    }
}

/// What a document adds to the fiscal drawer; alternative receipts stand beside it, as the printer knows nothing of them.
fn cash_into_drawer(body: &Body<'_>) -> Amount {
    match body {
        Body::Receipt(receipt) if matches!(body.kind(), DocumentKind::Sale) => cash_kept(receipt),
        Body::Receipt(receipt) if matches!(body.kind(), DocumentKind::Refund) => {
            cash_kept(receipt).checked_neg().unwrap_or(Amount::ZERO)
        }
        Body::Cash(amount) => *amount,
        Body::Receipt(_) | Body::Report(_) => Amount::ZERO,
    }
}

fn cash_out_of(body: &Body<'_>) -> Amount {
    cash_into_drawer(body)
        .checked_neg()
        .filter(|out| out.is_positive())
        .unwrap_or(Amount::ZERO)
}

/// Cash handed over less the change, which is never more (the receipt was refused otherwise).
fn cash_kept(receipt: &Receipt<'_>) -> Amount {
    receipt
        .payments
        .iter()
        .filter(|payment| payment.cash)
        .try_fold(Amount::ZERO, |sum, payment| {
            sum.checked_add(payment.amount)?.checked_sub(payment.change)
        })
        .unwrap_or(Amount::ZERO)
}
