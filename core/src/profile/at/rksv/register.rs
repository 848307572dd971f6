//! The register: which receipt may follow which (§ 6 to § 9, § 17).

use serde::{Deserialize, Serialize};

use super::amounts::BucketSums;
use super::code::{Code, Signature};
use super::counter::{AesKey, CounterField, CounterWidth, EncryptedCounter};
use super::element::{CashBoxId, ReceiptId, SignatureUnit};
use super::fault::Fault;
use super::payload::{ChainValue, Payload};
use super::timestamp::Timestamp;
use crate::amount::Amount;
use crate::time::Moment;

/// The kind of a receipt. The code has no element for it; only amounts, counter element and signature show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A sale. If all five amounts are zero, the checkers treat it as a Nullbeleg.
    Standard,
    /// A void: its amounts are counted, but the receipt does not show the counter (§ 7 Abs. 2, § 10 Abs. 3).
    Storno,
    /// A training: its amounts are not counted (§ 8 Abs. 1, § 10 Abs. 3). The void of a training is a training too.
    Training,
    /// Startbeleg: the first receipt, with amounts of zero (§ 6 Abs. 2).
    Start,
    /// Nullbeleg for any other purpose, for example at an inspection.
    Null,
    /// Monatsbeleg: the receipt that ends a month (§ 8 Abs. 2).
    Monats,
    /// Jahresbeleg: the receipt that ends December, or the season, and is checked by 15 February (§ 8 Abs. 3).
    Jahres,
    /// Schlussbeleg: the last receipt (§ 17 Abs. 8).
    Schluss,
    /// Sammelbeleg: the first receipt that is signed after an outage (§ 17 Abs. 4).
    Sammel,
}

impl Kind {
    /// Whether all amounts of this kind of receipt must be zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        !matches!(self, Self::Standard | Self::Storno | Self::Training)
    }

    /// Whether this kind of receipt is not valid without a signature.
    #[must_use]
    pub const fn needs_signature(self) -> bool {
        matches!(self, Self::Start | Self::Jahres | Self::Sammel)
    }

    /// The name that is printed on the receipt; empty for a sale (§ 11 Abs. 3).
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Standard => "",
            Self::Storno => "Stornobeleg",
            Self::Training => "Trainingsbeleg",
            Self::Start => "Startbeleg",
            Self::Null => "Nullbeleg",
            Self::Monats => "Monatsbeleg",
            Self::Jahres => "Jahresbeleg",
            Self::Schluss => "Schlussbeleg",
            Self::Sammel => "Sammelbeleg",
        }
    }

    fn fits(self, counter: &CounterField) -> bool {
        match self {
            Self::Storno => matches!(counter, CounterField::Storno),
            Self::Training => matches!(counter, CounterField::Training),
            _ => matches!(counter, CounterField::Encrypted(_)),
        }
    }
}

/// A cash box as it is registered with the tax authority (§ 16 Abs. 1).
#[derive(Clone, Copy, Debug)]
pub struct CashBox<'a> {
    /// The id of the cash box.
    pub id: CashBoxId<'a>,
    /// The key of the cash box; no other cash box has the same key.
    pub key: &'a AesKey,
    /// The width of the turnover counter.
    pub width: CounterWidth,
}

/// A receipt that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The kind of the receipt.
    pub kind: Kind,
    /// The id of the receipt, never used before in this cash box.
    pub receipt: ReceiptId<'a>,
    /// The signature unit. The receipt names the unit even if the unit does not work.
    pub unit: SignatureUnit<'a>,
    /// The five amounts of the receipt.
    pub sums: BucketSums,
    /// The moment of the receipt.
    pub at: Moment,
}

/// The state of a cash box. The size of the state is bounded, however much the cash box has sold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    phase: Phase,
    counter: Amount,
    previous: ChainValue,
    latest: Option<Timestamp>,
    outage_since: Option<Timestamp>,
    month_open: Option<Month>,
    year_open: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    #[default]
    New,
    Open,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Month {
    year: u16,
    month: u8,
}

impl Month {
    const fn of(at: Timestamp) -> Self {
        Self {
            year: at.year(),
            month: at.month(),
        }
    }
}

impl Register {
    /// Gives the payload that must be signed, or the reason why nothing may be signed. The register is not changed.
    ///
    /// Store the payload before the unit gets it: from then on its receipt id is used.
    /// Its time is never before the time of the last receipt: in the hour that is repeated in autumn it stays at that time.
    ///
    /// # Errors
    ///
    /// The fault with the lowest number of those that apply, from [`Fault::NotStarted`] on.
    pub fn prepare<'a>(
        &self,
        cash_box: &CashBox<'a>,
        request: &Request<'a>,
    ) -> Result<Payload<'a>, Fault> {
        let kind = request.kind;
        self.check_phase(kind)?;
        self.check_outage(kind)?;
        let at = self.time_of(request.at);
        if kind == Kind::Monats && at.is_ok_and(|at| self.month_end(at) == Kind::Jahres) {
            return Err(Fault::JahresbelegDue);
        }
        if kind.is_zero() && !request.sums.all_zero() {
            return Err(Fault::AmountsNotZero);
        }
        let at = at?;
        let counter = self.counter_after(kind, &request.sums, cash_box.width)?;
        // A Stornobeleg does not show the counter. The counter is encrypted anyway, so that a counter that does not fit is
        // refused here and not at the next receipt.
        let encrypted = EncryptedCounter::encrypt(
            cash_box.key,
            cash_box.id,
            request.receipt,
            counter,
            cash_box.width,
        )?;
        Ok(Payload {
            unit: request.unit,
            cash_box: cash_box.id,
            receipt: request.receipt,
            at,
            sums: request.sums,
            counter: match kind {
                Kind::Storno => CounterField::Storno,
                Kind::Training => CounterField::Training,
                _ => CounterField::Encrypted(encrypted),
            },
            previous: self.chain_value(cash_box.id),
        })
    }

    /// Makes the code of a payload and its signature, or gives the reason why that is not allowed. The register is not changed.
    ///
    /// # Errors
    ///
    /// [`Fault::SammelbelegDue`], [`Fault::AmountsNotZero`], [`Fault::NotNext`], [`Fault::SignatureNeeded`], [`Fault::KindMismatch`],
    /// and [`Fault::NotStarted`], [`Fault::AlreadyStarted`] or [`Fault::Closed`].
    pub fn seal<'a>(
        &self,
        kind: Kind,
        payload: &Payload<'a>,
        signature: Signature,
    ) -> Result<Code<'a>, Fault> {
        self.check_phase(kind)?;
        self.check_outage(kind)?;
        if signature != Signature::Failed && !self.asks_unit(kind) {
            return Err(Fault::SammelbelegDue);
        }
        if kind.is_zero() && !payload.sums.all_zero() {
            return Err(Fault::AmountsNotZero);
        }
        if payload.previous != self.chain_value(payload.cash_box) {
            return Err(Fault::NotNext);
        }
        if signature == Signature::Failed && kind.needs_signature() {
            return Err(Fault::SignatureNeeded);
        }
        if !kind.fits(&payload.counter) {
            return Err(Fault::KindMismatch);
        }
        Ok(Code {
            payload: *payload,
            signature,
        })
    }

    /// Takes a sealed receipt into the register. This cannot fail, because [`Self::seal`] has checked the receipt.
    pub fn take(&mut self, kind: Kind, code: &Code<'_>) {
        let at = code.payload.at;
        if kind != Kind::Training {
            let counted = code.payload.sums.total();
            let after = counted.and_then(|total| self.counter.checked_add(total));
            debug_assert!(after.is_some(), "prepare has checked the sum");
            self.counter = after.unwrap_or(self.counter);
        }
        self.previous = code.chain_value();
        self.latest = Some(at);
        self.phase = match kind {
            Kind::Schluss => Phase::Closed,
            _ => Phase::Open,
        };
        match code.signature {
            Signature::Failed => {
                self.outage_since.get_or_insert(at);
            }
            Signature::Made(_) if kind == Kind::Sammel => self.outage_since = None,
            Signature::Made(_) => {}
        }
        match kind {
            Kind::Monats => self.month_open = None,
            Kind::Jahres => (self.month_open, self.year_open) = (None, None),
            _ => {
                self.month_open.get_or_insert(Month::of(at));
                self.year_open.get_or_insert(at.year());
            }
        }
    }

    /// Takes the register out of use without a Schlussbeleg.
    pub const fn retire(&mut self) {
        self.phase = Phase::Closed;
    }

    /// Whether the register is out of use: it has its Schlussbeleg, or was taken out of use without one.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Whether the signature unit is asked to sign. During an outage the unit is asked to sign only the Sammelbeleg; all other
    /// receipts have no signature.
    ///
    /// The checkers accept one other signed receipt before the Sammelbeleg, but fail if the unit fails again right after it.
    #[must_use]
    pub fn asks_unit(&self, kind: Kind) -> bool {
        self.outage_since.is_none() || kind == Kind::Sammel
    }

    /// The Monatsbeleg or Jahresbeleg that is due, because a month with receipts has ended without it (§ 8 Abs. 2 and 3).
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Kind> {
        let month_ended = self.month_open.is_some_and(|month| month < Month::of(now));
        let year_ended = self.year_open.is_some_and(|year| year < now.year());
        (self.phase == Phase::Open && (month_ended || year_ended)).then(|| self.month_end(now))
    }

    /// The kind of receipt that ends the open month, or the current month if none is open: the Jahresbeleg for December and for a past year.
    #[must_use]
    pub fn month_end(&self, now: Timestamp) -> Kind {
        let month = self.month_open.unwrap_or(Month::of(now));
        let year = self.year_open.unwrap_or(month.year);
        if month.month == 12 || month.year < now.year() || year < now.year() {
            Kind::Jahres
        } else {
            Kind::Monats
        }
    }

    /// The turnover counter after the last receipt (§ 8 Abs. 1).
    #[must_use]
    pub const fn counter(&self) -> Amount {
        self.counter
    }

    /// The time of the first receipt without a signature that no Sammelbeleg follows yet. An outage of 48 hours must be reported.
    #[must_use]
    pub const fn outage_since(&self) -> Option<Timestamp> {
        self.outage_since
    }

    /// The time of the last receipt.
    #[must_use]
    pub const fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// The chain value that the next receipt carries.
    #[must_use]
    pub fn chain_value(&self, cash_box: CashBoxId<'_>) -> ChainValue {
        match self.phase {
            Phase::New => ChainValue::of(cash_box.as_str()),
            Phase::Open | Phase::Closed => self.previous,
        }
    }

    fn check_phase(&self, kind: Kind) -> Result<(), Fault> {
        match (self.phase, kind) {
            (Phase::New, Kind::Start) => Ok(()),
            (Phase::New, _) => Err(Fault::NotStarted),
            (_, Kind::Start) => Err(Fault::AlreadyStarted),
            (Phase::Closed, _) => Err(Fault::Closed),
            (Phase::Open, _) => Ok(()),
        }
    }

    fn check_outage(&self, kind: Kind) -> Result<(), Fault> {
        match (self.outage_since, kind) {
            (Some(_), Kind::Jahres) => Err(Fault::SammelbelegDue),
            (None, Kind::Sammel) => Err(Fault::SammelbelegNotDue),
            _ => Ok(()),
        }
    }

    fn time_of(&self, moment: Moment) -> Result<Timestamp, Fault> {
        let at = Timestamp::of(moment)?;
        Ok(self.latest.map_or(at, |latest| latest.max(at)))
    }

    fn counter_after(
        &self,
        kind: Kind,
        sums: &BucketSums,
        width: CounterWidth,
    ) -> Result<Amount, Fault> {
        if kind == Kind::Training {
            return Ok(self.counter);
        }
        sums.total()
            .and_then(|total| self.counter.checked_add(total))
            .ok_or(Fault::CounterOverflow {
                bytes: width.bytes(),
            })
    }
}
