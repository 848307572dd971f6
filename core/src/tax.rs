//! Tax groups and their rates.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::rounding::Rounding;
use crate::scale::{Decimal, ScaleFault, Unit};
use crate::time::Day;

/// The letter of a tax group, `A` to `H`: what a caller names and what stands on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct TaxCode(u8);

impl TaxCode {
    /// The first of them.
    pub const A: Self = Self(b'A');

    /// The code of a letter, or `None` outside of `A` to `H`.
    #[must_use]
    pub const fn new(letter: u8) -> Option<Self> {
        if matches!(letter, b'A'..=b'H') {
            Some(Self(letter))
        } else {
            None
        }
    }

    /// The code in a text of exactly one letter.
    #[must_use]
    pub const fn from_text(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [letter] => Self::new(*letter),
            _ => None,
        }
    }

    /// The letter.
    #[must_use]
    pub const fn letter(self) -> u8 {
        self.0
    }

    /// 0 for `A` to 7 for `H`: the place of the group in a fiscal printer's own table.
    #[must_use]
    pub const fn place(self) -> u8 {
        self.0.wrapping_sub(b'A')
    }
}

impl TryFrom<u8> for TaxCode {
    type Error = &'static str;

    fn try_from(letter: u8) -> Result<Self, Self::Error> {
        Self::new(letter).ok_or("a tax code is a letter from A to H")
    }
}

impl From<TaxCode> for u8 {
    fn from(code: TaxCode) -> Self {
        code.0
    }
}

impl fmt::Display for TaxCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(self.0))
    }
}

/// A tax rate in ten-thousandths of a percent: `200_000` is 20 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxRate(u32);

impl TaxRate {
    /// No tax.
    pub const ZERO: Self = Self(0);
    /// 100 %.
    const WHOLE: u32 = 1_000_000;

    /// The rate, or `None` above 100 %.
    #[must_use]
    pub const fn from_ten_thousandths(rate: u32) -> Option<Self> {
        if rate <= Self::WHOLE {
            Some(Self(rate))
        } else {
            None
        }
    }

    /// Ten-thousandths of a percent.
    #[must_use]
    pub const fn ten_thousandths(self) -> u32 {
        self.0
    }

    /// Reads decimal text in percent with at most four decimals: `20`, `4.90`, `5.5555`.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] says what was given and what would fit.
    pub fn read(text: &str) -> Result<Self, ScaleFault<'_>> {
        UNIT.read(text).map(Self::held)
    }

    /// Takes an integer that is scaled by ten to the power of `places`: `(2000, 2)` is 20 %.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] says what was given and what would fit.
    pub fn from_scaled(value: i64, places: u8) -> Result<Self, ScaleFault<'static>> {
        UNIT.take(value, places).map(Self::held)
    }

    /// The rate as an integer scaled by ten to the power of `places`: 20 % is `2000` with two.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] where digits would be lost.
    pub fn scaled(self, places: u8) -> Result<i64, ScaleFault<'static>> {
        UNIT.give(i64::from(self.0), places)
    }

    /// No tax.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The tax inside a gross amount: `gross × rate / (100 % + rate)` (spec/fiscalcloud.md, A.7).
    #[must_use]
    pub fn included_in(self, gross: Amount, rounding: Rounding) -> Option<Amount> {
        let whole = i64::from(Self::WHOLE).checked_add(i64::from(self.0))?;
        rounding
            .multiply_divide(gross.minor(), i64::from(self.0), whole)
            .map(Amount::from_minor)
    }

    /// The tax on top of a net amount: `net × rate / 100 %`.
    ///
    /// With a step of one minor unit, `included_in` of the sum gives the same tax back: what rounding moved is less than half a unit there.
    #[must_use]
    pub fn added_to(self, net: Amount, rounding: Rounding) -> Option<Amount> {
        rounding
            .multiply_divide(net.minor(), i64::from(self.0), i64::from(Self::WHOLE))
            .map(Amount::from_minor)
    }

    /// Several taxes on the same base, as one rate.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The rate as decimal text in percent: with two decimals where they say it all (`8.00`), else with four (`5.5555`).
    #[must_use]
    pub fn display(self) -> Decimal {
        match self.scaled(2) {
            Ok(hundredths) => Decimal::new(hundredths, 2),
            Err(_) => Decimal::new(i64::from(self.0), 4),
        }
    }

    /// A value that [`UNIT`] has let through.
    fn held(rate: i64) -> Self {
        Self(u32::try_from(rate).unwrap_or(Self::WHOLE))
    }
}

const UNIT: Unit = Unit {
    name: "a rate",
    places: 4,
    min: 0,
    max: 1_000_000,
};

/// What the law calls a tax group: where its turnover is reported. The letter is the till's, the rate the day's, the bucket the law's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Bucket {
    /// The standard rate.
    Standard,
    /// The reduced rate, or the first of them.
    Reduced,
    /// The second reduced rate.
    SecondReduced,
    /// A special rate.
    Special,
    /// Taxed at zero: the tax of the purchases can be claimed.
    Zero,
    /// Exempt from the tax.
    Exempt,
    /// Outside of the tax's scope: vouchers, deposits, money of third parties.
    OutOfScope,
}

impl Bucket {
    /// Every bucket, in the order of its place.
    pub const ALL: [Self; 7] = [
        Self::Standard,
        Self::Reduced,
        Self::SecondReduced,
        Self::Special,
        Self::Zero,
        Self::Exempt,
        Self::OutOfScope,
    ];

    /// Its place in [`Bucket::ALL`].
    #[must_use]
    pub const fn place(self) -> usize {
        match self {
            Self::Standard => 0,
            Self::Reduced => 1,
            Self::SecondReduced => 2,
            Self::Special => 3,
            Self::Zero => 4,
            Self::Exempt => 5,
            Self::OutOfScope => 6,
        }
    }

    /// A rate above zero is possible in it.
    #[must_use]
    pub const fn is_taxed(self) -> bool {
        !matches!(self, Self::Zero | Self::Exempt | Self::OutOfScope)
    }

    /// The bucket of a group of which only the rate is known: zero-rated at nothing, else standard.
    #[must_use]
    pub const fn of_rate(rate: TaxRate) -> Self {
        if rate.is_zero() {
            Self::Zero
        } else {
            Self::Standard
        }
    }
}

/// A tax group with the rate of a day: as it applies to a line, and stands in the receipt for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxGroup {
    /// Its letter.
    pub code: TaxCode,
    /// Its rate.
    pub rate: TaxRate,
    /// Its legal bucket.
    pub bucket: Bucket,
}

impl TaxGroup {
    /// A group of which only letter and rate are known.
    #[must_use]
    pub const fn new(code: TaxCode, rate: TaxRate) -> Self {
        Self {
            code,
            rate,
            bucket: Bucket::of_rate(rate),
        }
    }
}

/// A rate and the first day that it holds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedRate {
    /// The first day.
    pub from: Day,
    /// The rate.
    pub rate: TaxRate,
}

/// A tax group of the table: a letter, its legal bucket, and its rates in the order of their days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxEntry {
    code: TaxCode,
    bucket: Bucket,
    rates: heapless::Vec<DatedRate, 4>,
}

impl TaxEntry {
    /// An entry, or `None` without rates, with more than four, with days that do not ascend,
    /// or with a rate above zero in a bucket that has none.
    #[must_use]
    pub fn new(code: TaxCode, bucket: Bucket, rates: &[DatedRate]) -> Option<Self> {
        let ascend = rates
            .iter()
            .zip(rates.iter().skip(1))
            .all(|(earlier, later)| earlier.from < later.from);
        let fits = bucket.is_taxed() || rates.iter().all(|dated| dated.rate.is_zero());
        if rates.is_empty() || !ascend || !fits {
            return None;
        }
        let rates = heapless::Vec::from_slice(rates).ok()?;
        Some(Self {
            code,
            bucket,
            rates,
        })
    }

    /// Its letter.
    #[must_use]
    pub const fn code(&self) -> TaxCode {
        self.code
    }

    /// Its legal bucket.
    #[must_use]
    pub const fn bucket(&self) -> Bucket {
        self.bucket
    }

    /// Its rates, in the order of their days.
    #[must_use]
    pub fn rates(&self) -> &[DatedRate] {
        &self.rates
    }

    /// The group with the rate of a day; `None` before the first.
    #[must_use]
    pub fn on(&self, day: Day) -> Option<TaxGroup> {
        let in_force = self.rates.iter().rev().find(|dated| dated.from <= day)?;
        Some(TaxGroup {
            code: self.code,
            rate: in_force.rate,
            bucket: self.bucket,
        })
    }
}

/// The tax groups in force, at most eight: as many as a fiscal printer has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxTable(heapless::Vec<TaxEntry, 8>);

impl TaxTable {
    /// A table of groups whose rates hold since ever, or `None` with more than eight groups, the same letter twice
    /// or a rate above zero in a bucket that has none.
    #[must_use]
    pub fn new(groups: &[TaxGroup]) -> Option<Self> {
        Self::dated(groups.iter().map(|group| {
            let since_ever = DatedRate {
                from: Day::FIRST,
                rate: group.rate,
            };
            TaxEntry::new(group.code, group.bucket, &[since_ever])
        }))
    }

    /// A table, or `None` with more than eight entries, the same letter twice, or an entry that is none.
    pub fn dated(entries: impl Iterator<Item = Option<TaxEntry>>) -> Option<Self> {
        let mut table = heapless::Vec::<TaxEntry, 8>::new();
        for entry in entries {
            let entry = entry?;
            if table.iter().any(|present| present.code == entry.code) {
                return None;
            }
            table.push(entry).ok()?;
        }
        Some(Self(table))
    }

    /// The entry of a letter.
    #[must_use]
    pub fn entry(&self, code: TaxCode) -> Option<&TaxEntry> {
        self.0.iter().find(|entry| entry.code == code)
    }

    /// The group of a letter with the rate of a day.
    #[must_use]
    pub fn group(&self, code: TaxCode, day: Day) -> Option<TaxGroup> {
        self.entry(code)?.on(day)
    }

    /// The entries in their order.
    pub fn entries(&self) -> impl Iterator<Item = &TaxEntry> {
        self.0.iter()
    }
}

/// One of the taxes on a line: its share of the line's whole tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// The group.
    pub group: TaxGroup,
    /// Its share of the tax inside the line's amount.
    pub tax: Amount,
    /// Its share of the tax inside the line's final amount.
    pub final_tax: Amount,
}

/// Taxes on one line at most.
pub const TAXES_PER_LINE_MAX: usize = 3;

/// The groups that a line is in; the first is the one that a fiscal printer is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineGroups {
    groups: [Option<TaxGroup>; TAXES_PER_LINE_MAX],
    /// All rates on the same base, as one.
    rate: TaxRate,
}

impl LineGroups {
    /// Adds a group; `None` where there is no room or the letter is there already.
    pub(crate) fn push(&mut self, group: TaxGroup) -> Option<()> {
        if self.iter().any(|present| present.code == group.code) {
            return None;
        }
        let free = self.groups.iter_mut().find(|place| place.is_none())?;
        *free = Some(group);
        self.rate = self.rate.plus(group.rate);
        Some(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = TaxGroup> + '_ {
        self.groups.iter().flatten().copied()
    }

    /// All its rates on the same base, as one.
    pub(crate) const fn rate(&self) -> TaxRate {
        self.rate
    }

    /// Shares of a whole tax in proportion to the rates: whole units by rate, and what is left to the earlier groups.
    pub(crate) fn share(&self, whole: Amount) -> [Amount; TAXES_PER_LINE_MAX] {
        let mut shares = [Amount::ZERO; TAXES_PER_LINE_MAX];
        let all = i64::from(self.rate().ten_thousandths());
        let down = Rounding::DOWN;
        let mut left = whole;
        for (group, share) in self.iter().zip(&mut shares) {
            let part = down
                .multiply_divide(whole.minor(), i64::from(group.rate.ten_thousandths()), all)
                .map_or(Amount::ZERO, Amount::from_minor);
            *share = part;
            left = left.checked_sub(part).unwrap_or(left);
        }
        let unit = Amount::from_minor(left.minor().signum());
        for share in shares.iter_mut().take(self.iter().count()) {
            if left.is_zero() {
                break;
            }
            *share = share.checked_add(unit).unwrap_or(*share);
            left = left.checked_sub(unit).unwrap_or(Amount::ZERO);
        }
        shares
    }
}

/// Whether the tax is rounded line by line, or once for each group of a receipt and then spread over its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxRounding {
    /// Each line's tax is rounded; a group's tax is their sum.
    PerLine,
    /// A group's tax is rounded once; each line has its share, by largest remainder.
    PerGroup,
}
