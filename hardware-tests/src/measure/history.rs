//! Measures what a sale, a Z-report, a start and the memory cost with a thousand, a hundred thousand and a million receipts in the
//! store.

use std::fs;
use std::path::{Path, PathBuf};

use ferrotill::order::{OrderKind, ReceiptMode};

use super::figures::{Hundredths, Nanoseconds, Row, Times, median, ratio};
use super::fill::fill;
use super::process::{Programs, beside_first, memory, starts_in_turn};
use super::shop::{LINES, TestShop, new_memory, sale};
use super::{MeasurePlan, Measured};
use crate::error_text::with_sources;

const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];
/// How many sales are made in one store before the next store gets its turn.
const BLOCK: usize = 20;
const ROUND: usize = 25;
/// How many Z-reports a round has; each closes a shift of a few sales.
const REPORTS: usize = 100;
const SHIFT: usize = 3;

/// A store with a given number of receipts.
struct Books {
    receipts: u32,
    folder: PathBuf,
    shop: Option<TestShop>,
    sales: Times,
    reports: Times,
}

pub(super) fn history(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    let programs = Programs::build()?;
    let mut books = filled(wanted, folder)?;
    let ratios = rounds(wanted, &mut books)?;
    for one in &mut books {
        one.shop()?.acknowledge_all()?;
        one.shop = None;
    }
    let empty = super::made(folder, "empty")?;
    let mut folders = vec![empty.as_path()];
    folders.extend(books.iter().map(|one| one.folder.as_path()));
    let starts = beside_first(&starts_in_turn(wanted, &programs, &folders)?);
    let mut rows = Vec::new();
    for (place, one) in books.iter().enumerate() {
        let (start, start_ratio) = starts.get(place + 1).copied().unwrap_or_default();
        let (idle, worked) = memory(&programs, &one.folder)?;
        rows.push(Row::without_target(
            "the store at a size",
            format!("{} receipts", one.receipts),
            format!(
                "{} MiB; sale p50 {}, p99 {}; Z p50 {}, p99 {}; start {}; {idle} KiB, {worked} KiB after 200 sales",
                size_of(&one.folder) / 1_048_576,
                Nanoseconds(one.sales.p50()),
                Nanoseconds(one.sales.p99()),
                Nanoseconds(one.reports.p50()),
                Nanoseconds(one.reports.p99()),
                Nanoseconds(start),
            ),
        ));
        if place + 1 == books.len() {
            let first = books.first().map_or(0, |one| one.receipts);
            let (empty_start, _) = starts.first().copied().unwrap_or_default();
            rows.extend(longest_history(
                one,
                first,
                (empty_start, start, start_ratio),
                ratios.get(place).copied().unwrap_or_default(),
                idle.max(worked),
                worked,
            ));
        }
    }
    Ok(rows)
}

/// Sells and closes days in every store in turn. Returns the median ratios of a sale and of a Z-report to those of the smallest
/// store.
fn rounds(wanted: &MeasurePlan, books: &mut [Books]) -> Measured<Vec<(u64, u64)>> {
    let (mut sale_ratios, mut report_ratios) =
        (vec![Vec::new(); books.len()], vec![Vec::new(); books.len()]);
    for _ in 0..wanted.times(7) {
        let [mut sales, mut reports] = [
            vec![Times::default(); books.len()],
            vec![Times::default(); books.len()],
        ];
        for _ in 0..ROUND {
            for (one, times) in books.iter().zip(&mut sales) {
                sell(one, BLOCK, times)?;
            }
        }
        for _ in 0..REPORTS {
            for (one, times) in books.iter().zip(&mut reports) {
                sell(one, SHIFT, &mut Times::default())?;
                times.push(one.shop()?.timed(OrderKind::Report { z: true })?);
            }
        }
        let p99_of = |times: &[Times], place: usize| times.get(place).map_or(0, Times::p99);
        for place in 0..books.len() {
            sale_ratios[place].push(ratio(p99_of(&sales, place), p99_of(&sales, 0)));
            report_ratios[place].push(ratio(p99_of(&reports, place), p99_of(&reports, 0)));
        }
        for (one, (sales, reports)) in books.iter_mut().zip(sales.iter().zip(&reports)) {
            one.sales.extend(sales);
            one.reports.extend(reports);
        }
    }
    let ratios = sale_ratios.into_iter().zip(report_ratios);
    Ok(ratios
        .map(|(sales, reports)| (median(sales), median(reports)))
        .collect())
}

/// The table rows about the longest history.
fn longest_history(
    one: &Books,
    first: u32,
    (empty_start, start, start_ratio): (u64, u64, u64),
    (sales, reports): (u64, u64),
    memory_max: u64,
    worked: u64,
) -> Vec<Row> {
    let mut rows = Vec::new();
    rows.push(Row::at_most(
        "start to ready, with the longest history",
        "at most 1.3×",
        (start_ratio, 130),
        format!(
            "start to ready with an empty database: {}",
            Nanoseconds(empty_start)
        ),
        format!(
            "{}×: {} at {} receipts",
            Hundredths(start_ratio),
            Nanoseconds(start),
            one.receipts
        ),
    ));
    for (what, ratio) in [
        ("p99 of a sale with the longest history", sales),
        ("p99 of a Z with the longest history", reports),
    ] {
        rows.push(Row::at_most(
            what,
            "at most 1.3×",
            (ratio, 130),
            format!("at {first} receipts"),
            format!("{}× at {} receipts", Hundredths(ratio), one.receipts),
        ));
    }
    rows.push(Row::at_most(
        "memory (RSS) with the longest history, after 200 sales",
        "at most 16 MB",
        (memory_max, 16_000_000 / 1_024),
        "–".to_owned(),
        format!("{worked} KiB at {} receipts", one.receipts),
    ));
    rows
}

impl Books {
    fn shop(&self) -> Measured<&TestShop> {
        self.shop
            .as_ref()
            .ok_or_else(|| "the shop is closed".to_owned())
    }
}

fn sell(books: &Books, sales: usize, times: &mut Times) -> Measured {
    let shop = books.shop()?;
    for _ in 0..sales {
        times.push(shop.timed(sale(LINES, ReceiptMode::FiscalOnly))?);
    }
    // The authority acknowledges all documents, so that no store has a longer outbox than another.
    shop.acknowledge_all()
}

/// Opens stores of every size up to the wanted one, and makes a few sales in each.
fn filled(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Books>> {
    let kept = wanted.books.as_deref().unwrap_or(folder);
    let mut sizes: Vec<u32> = SIZES
        .into_iter()
        .filter(|size| *size < wanted.receipts)
        .collect();
    sizes.push(wanted.receipts);
    let mut books: Vec<Books> = Vec::new();
    let mut reports = Vec::new();
    for receipts in sizes {
        let place = super::made(kept, &format!("books-{receipts}"))?;
        if let Some(shorter) = books.last()
            && !place.join("ferrotill.db").exists()
        {
            copy(&shorter.folder, &place)?;
        }
        reports.push(fill(&place, receipts)?);
        books.push(Books {
            receipts,
            shop: None,
            folder: place,
            sales: Times::default(),
            reports: Times::default(),
        });
    }
    for (one, z_number) in books.iter_mut().zip(reports) {
        // The printer's memory gets as many Z-reports as the store has.
        one.shop = Some(TestShop::open(&one.folder, &new_memory(z_number + 1))?);
        sell(one, BLOCK, &mut Times::default())?;
        one.shop()?.timed(OrderKind::Report { z: true })?;
    }
    Ok(books)
}

/// Copies the store of a shop whose writer is idle or has ended.
fn copy(from: &Path, to: &Path) -> Measured {
    for entry in fs::read_dir(from).map_err(with_sources)? {
        let entry = entry.map_err(with_sources)?;
        fs::copy(entry.path(), to.join(entry.file_name())).map_err(with_sources)?;
    }
    Ok(())
}

fn size_of(folder: &Path) -> u64 {
    fs::metadata(folder.join("ferrotill.db")).map_or(0, |data| data.len())
}
