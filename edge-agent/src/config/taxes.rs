//! `tax_groups` of a device: a letter, its legal bucket, and its rates with the days that they begin on.

use ferrotill_core::scale;
use ferrotill_core::tax::{Bucket, DatedRate, TaxRate};
use ferrotill_core::time::Day;

use super::TaxGroup;
use super::device::{letter, require_items, twice};
use super::reader::{Reader, Section};

/// The groups of a device. One rate that holds since ever is `rate`; rates that change on a day are `rates`.
pub(super) fn tax_groups(reader: &mut Reader, device: &Section<'_>) -> Vec<TaxGroup> {
    let sections = reader.children(device, "tax_groups", &["code", "rate", "rates", "bucket"]);
    require_items(
        reader,
        device,
        "tax_groups",
        sections.is_empty(),
        "{ code = \"A\", rate = \"20.00\" }",
    );
    let mut groups: Vec<TaxGroup> = Vec::new();
    for section in sections {
        let code = letter(reader, &section, "code", 'A'..='H');
        let bucket = bucket(reader, &section);
        let rates = rates(reader, &section);
        if let Some(code) = code
            && groups.iter().any(|group| group.code == code)
        {
            twice(reader, &section, "code", &code);
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
            groups.push(TaxGroup {
                code,
                bucket,
                rates,
            });
        }
    }
    groups
}

/// What the law calls the group.
fn bucket(reader: &mut Reader, section: &Section<'_>) -> Option<Bucket> {
    let found = reader.text(section, "bucket")?;
    let bucket = BUCKETS.iter().find(|(name, _)| *name == found.value);
    if bucket.is_none() {
        let names: Vec<&str> = BUCKETS.iter().map(|(name, _)| *name).collect();
        reader.fault(
            &found.place,
            section.path_of("bucket"),
            format!("is {:?}", found.value),
            format!("allowed are {}", names.join(", ")),
        );
    }
    bucket.map(|(_, bucket)| *bucket)
}

fn rates(reader: &mut Reader, group: &Section<'_>) -> Vec<DatedRate> {
    if !group.has("rates") {
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
            "stands beside rates",
            "write rate alone if it never changed, or rates alone",
        );
    }
    let sections = reader.children(group, "rates", &["from", "rate"]);
    if sections.is_empty() || sections.len() > RATES_MAX {
        reader.fault(
            &group.place_of("rates"),
            group.path_of("rates"),
            format!("has {} rates", sections.len()),
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

/// The first day of a rate. The first rate of a group may be without one: it holds since ever.
fn day(reader: &mut Reader, section: &Section<'_>, first: bool) -> Option<Day> {
    if first && !section.has("from") {
        return Some(Day::FIRST);
    }
    let found = reader.required_text(section, "from", "a day such as \"2026-07-01\"")?;
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

/// Percent as decimal text with at most two decimals, up to a hundred.
fn rate(reader: &mut Reader, section: &Section<'_>) -> Option<TaxRate> {
    let remedy = "percent as text with two decimals, such as \"20.00\"";
    let found = reader.required_text(section, "rate", remedy)?;
    // Two decimals are what a printer and the tax office can take; four are what the core counts in.
    match scale::parse(&found.value, 2).map(|hundredths| TaxRate::from_scaled(hundredths, 2)) {
        Ok(Ok(rate)) => Some(rate),
        Err(error @ scale::ScaleError::TooManyDecimals { .. }) => {
            reader.fault(
                &found.place,
                section.path_of("rate"),
                format!("{:?} {error}", found.value),
                format!("write {remedy}"),
            );
            None
        }
        _ => {
            reader.fault(
                &found.place,
                section.path_of("rate"),
                format!("{:?} is not a percentage from 0 to 100", found.value),
                format!("write {remedy}"),
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

/// Rates of a group at most, as the core keeps them.
const RATES_MAX: usize = 4;

const BUCKETS: [(&str, Bucket); Bucket::ALL.len()] = [
    ("standard", Bucket::Standard),
    ("reduced", Bucket::Reduced),
    ("second_reduced", Bucket::SecondReduced),
    ("special", Bucket::Special),
    ("zero", Bucket::Zero),
    ("exempt", Bucket::Exempt),
    ("out_of_scope", Bucket::OutOfScope),
];
