//! `tax_groups` of a device: a letter, its legal bucket, and its rates with their first days.

use ferrotill_core::facts::{DefaultGroup, Facts};
use ferrotill_core::scale;
use ferrotill_core::tax::{Bucket, DatedRate, RATES_MAX, TaxRate};
use ferrotill_core::time::Day;

use super::reader::{Reader, Section};
use super::values::{require_items, used_twice};

/// One tax group of a device. The letter, the legal bucket and the rates are independent of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxGroupConfig {
    /// The group's letter, from A to H.
    pub code: char,
    /// The legal bucket of the group, if it is written; see [`TaxGroupConfig::bucket_in`].
    pub bucket: Option<Bucket>,
    /// The group's tax rates in the order of their first days. A single rate that begins on [`Day::FIRST`] has always been in
    /// force.
    pub rates: Vec<DatedRate>,
}

impl TaxGroupConfig {
    /// The rate in force on a day.
    #[must_use]
    pub fn rate_on(&self, day: Day) -> Option<TaxRate> {
        let in_force = self.rates.iter().rev().find(|dated| dated.from <= day)?;
        Some(in_force.rate)
    }

    /// The legal bucket of the group. If none is written, it is the one that the law of the country gives to the letter with the group's
    /// latest rate; else the one that the law gives to the rate alone. If the law gives the rate to several buckets or to none, a rate of
    /// zero is zero-rated and every other rate is standard.
    #[must_use]
    pub fn bucket_in(&self, law: &Facts) -> Bucket {
        if let Some(bucket) = self.bucket {
            return bucket;
        }
        let latest = self.rates.last().map_or(TaxRate::ZERO, |dated| dated.rate);
        let with_rate =
            |group: &&DefaultGroup| group.rates.iter().any(|dated| dated.rate == latest);
        let known = || law.groups.iter().filter(with_rate);
        let of_letter = known().find(|group| char::from(group.code.letter()) == self.code);
        if let Some(group) = of_letter {
            return group.bucket;
        }
        match (known().next(), known().nth(1)) {
            (Some(only), None) => only.bucket,
            _ => Bucket::of_rate(latest),
        }
    }

    /// True if goods of the group are without tax, which is another thing than a rate of zero.
    #[must_use]
    pub fn is_exempt(&self, law: &Facts) -> bool {
        self.bucket_in(law) == Bucket::Exempt
    }
}

/// Reads the tax groups of a device. A rate that never changed is written as `rate`. Rates that change on a day are written as
/// `rates`.
pub(super) fn tax_groups(reader: &mut Reader, device: &Section<'_>) -> Vec<TaxGroupConfig> {
    let sections = reader.children(device, "tax_groups");
    require_items(
        reader,
        device,
        "tax_groups",
        sections.is_empty(),
        "{ code = \"A\", rate = \"20.00\" }",
    );
    let mut groups: Vec<TaxGroupConfig> = Vec::new();
    for section in sections {
        let code = reader.letter(&section, "code");
        let bucket = reader.choice(&section, "bucket", &BUCKETS);
        let rates = rates(reader, &section);
        if let Some(code) = code
            && groups.iter().any(|group| group.code == code)
        {
            used_twice(reader, &section, "code", &code, "tax group");
        }
        let taxed = rates.iter().any(|dated| !dated.rate.is_zero());
        if let Some(untaxed) = bucket.filter(|bucket| taxed && !bucket.is_taxed()) {
            reader.fault(
                &section.place_of("bucket"),
                section.path_of("bucket"),
                format!("{:?} has no rate above zero", name_of(untaxed)),
                "write rate = \"0\", or the bucket of the rate",
            );
        }
        if let Some(code) = code {
            groups.push(TaxGroupConfig {
                code,
                bucket,
                rates,
            });
        }
    }
    groups
}

fn rates(reader: &mut Reader, group: &Section<'_>) -> Vec<DatedRate> {
    if !group.has("rates") {
        // A group without `rate` and without `rates` has no rate at all.
        if !group.has("rate") {
            reader.fault(
                &group.place,
                group.path_of("rate"),
                "is missing",
                "add it: percent as text with two decimals, such as \"20.00\"",
            );
        }
        let rate = rate(reader, group);
        let always = rate.map(|rate| DatedRate {
            from: Day::FIRST,
            rate,
        });
        return always.into_iter().collect();
    }
    if group.has("rate") {
        reader.fault(
            &group.place_of("rate"),
            group.path_of("rate"),
            "is written beside rates",
            "write rate alone if it never changed, or rates alone",
        );
    }
    let sections = reader.children(group, "rates");
    if sections.is_empty() {
        reader.fault(
            &group.place_of("rates"),
            group.path_of("rates"),
            "has no rate",
            format!(
                "write one to {RATES_MAX}, such as {{ from = \"2026-07-01\", rate = \"4.90\" }}"
            ),
        );
    }
    let mut rates: Vec<DatedRate> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let from = day(reader, section, index == 0);
        let rate = rate(reader, section);
        let (Some(from), Some(rate)) = (from, rate) else {
            continue;
        };
        if rates.last().is_some_and(|earlier| earlier.from >= from) {
            reader.fault(
                &section.place_of("from"),
                section.path_of("from"),
                "is not after the day before it",
                "write the rates in the order of their days",
            );
        }
        rates.push(DatedRate { from, rate });
    }
    rates
}

/// Reads the first day of a rate. Only the first rate of a group may be written without a day: it has always been in force.
fn day(reader: &mut Reader, section: &Section<'_>, first: bool) -> Option<Day> {
    let Some(found) = reader.text(section, "from") else {
        if first && !section.has("from") {
            return Some(Day::FIRST);
        }
        if !section.has("from") {
            reader.fault(
                &section.place,
                section.path_of("from"),
                "is missing",
                "add it: a day such as \"2026-07-01\"",
            );
        }
        return None;
    };
    let date = found.value.parse::<jiff::civil::Date>().ok();
    let day = date.and_then(|date| {
        Some(Day::of_date(
            u16::try_from(date.year()).ok()?,
            u8::try_from(date.month()).ok()?,
            u8::try_from(date.day()).ok()?,
        ))
    });
    if day.is_none() {
        reader.fault(
            &found.place,
            section.path_of("from"),
            format!("{:?} is not a day", found.value),
            "write year, month and day, such as \"2026-07-01\"",
        );
    }
    day
}

/// Reads a percentage, which is decimal text from 0 to 100 with at most two decimals.
fn rate(reader: &mut Reader, section: &Section<'_>) -> Option<TaxRate> {
    let remedy = "write percent as text with two decimals, such as \"20.00\"";
    let found = reader.text(section, "rate")?;
    // Printers and the authority accept two decimals of a percentage, while the core counts with four.
    match scale::parse(&found.value, 2).map(|hundredths| TaxRate::from_scaled(hundredths, 2)) {
        Ok(Ok(rate)) => Some(rate),
        Err(error @ scale::ScaleError::TooManyDecimals { .. }) => {
            reader.fault(
                &found.place,
                section.path_of("rate"),
                format!("{:?} {error}", found.value),
                remedy,
            );
            None
        }
        _ => {
            reader.fault(
                &found.place,
                section.path_of("rate"),
                format!("{:?} is not a percentage from 0 to 100", found.value),
                remedy,
            );
            None
        }
    }
}

fn name_of(bucket: Bucket) -> &'static str {
    BUCKETS
        .iter()
        .find(|(_, known)| *known == bucket)
        .map_or("", |(name, _)| name)
}

const BUCKETS: [(&str, Bucket); Bucket::ALL.len()] = [
    ("standard", Bucket::Standard),
    ("reduced", Bucket::Reduced),
    ("second_reduced", Bucket::SecondReduced),
    ("special", Bucket::Special),
    ("zero", Bucket::Zero),
    ("exempt", Bucket::Exempt),
    ("out_of_scope", Bucket::OutOfScope),
];
