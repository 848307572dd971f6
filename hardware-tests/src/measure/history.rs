//! Measures what calls, a start and the memory cost with a thousand, a hundred thousand and a million receipts in the store.
//!
//! The stores are filled by the core's decisions. What is measured goes through HTTP to the released program, on copies of the stores.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::calls::{Line, sale_call};
use super::figures::{Hundredths, Nanoseconds, Row, Thousands, Times, median, ratio};
use super::fill::{Outbox, fill};
use super::instructions::{self, Callgrind};
use super::outside::{ALTERNATIVE, FISCAL, Office, OutsideTill, Setup};
use super::process::{
    Programs, RunningProgram, beside_first, memory, starts_in_turn, status_figure,
};
use super::{MeasurePlan, Measured};
use crate::error_text::with_sources;

const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];
/// How many sales are made in one store before the next store gets its turn.
const BLOCK: usize = 20;
const BLOCKS: usize = 10;
/// How many Z-reports a round has; each closes a shift of a few sales.
const REPORTS: usize = 30;
const SHIFT: u32 = 3;
const ROUNDS: usize = 5;
/// How many callers sell together before the memory is measured, and how many receipts.
const CALLERS: usize = 64;
const TOGETHER: usize = 40_000;
/// How long the acknowledgements of a round may take.
const DRAINED_WITHIN: Duration = Duration::from_secs(120);

const INSTRUCTIONS: &str = "instructions of an HTTP sale of ten lines, with the longest history";
const MEMORY_OF_MANY: &str =
    "memory (RSS) with the longest history, after 40,000 receipts from 64 callers";
const VERIFY: &str = "`verify` of the longest history";

/// A store with a given number of receipts, and what was measured with it.
struct Books {
    receipts: u32,
    /// The kept store, which is never measured.
    kept: PathBuf,
    /// The copy that is measured.
    folder: PathBuf,
    z_reports: u32,
    till: Option<OutsideTill>,
    sales: Times,
    reports: Times,
    lists: Vec<(String, u64)>,
}

pub(super) fn history(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    let programs = Programs::with_bare(wanted)?;
    let mut books = filled(wanted, folder)?;
    let mut rows = instructions_of(&programs, folder, &books)?;
    for one in &mut books {
        let setup = Setup {
            z_reports: one.z_reports,
            ..Setup::NEW
        };
        one.till = Some(OutsideTill::start_in(&programs, &one.folder, setup)?);
        sell(one, BLOCK, &mut Times::default())?;
        one.till()?.close_day()?;
    }
    let ratios = rounds(wanted, &mut books)?;
    for one in &mut books {
        one.lists = lists(wanted, one)?;
        one.till()?.drained(DRAINED_WITHIN)?;
        one.till()?.stop()?;
        one.till = None;
    }
    rows.push(lists_beside_smallest(&books));
    let empty = super::made(folder, "empty")?;
    let mut folders = vec![empty.as_path()];
    folders.extend(books.iter().map(|one| one.folder.as_path()));
    let starts = beside_first(&starts_in_turn(wanted, &programs, &folders)?);
    for (place, one) in books.iter().enumerate() {
        let (start, start_ratio) = starts.get(place + 1).copied().unwrap_or_default();
        let (idle, worked) = memory(&programs, &one.folder)?;
        rows.push(Row::without_target(
            "the store at a size",
            format!("{} receipts, {} Z-reports", Thousands(one.receipts.into()), Thousands(one.z_reports.into())),
            format!(
                "{} MiB; sale p50 {}, p99 {}; Z p50 {}, p99 {}; start {}; {idle} KiB, {worked} KiB after 200 sales",
                size_of(&one.kept) / 1_048_576,
                Nanoseconds(one.sales.p50()),
                Nanoseconds(one.sales.p99()),
                Nanoseconds(one.reports.p50()),
                Nanoseconds(one.reports.p99()),
                Nanoseconds(start),
            ),
        ).timed());
        if place + 1 == books.len() {
            let first = books.first().map_or(0, |one| one.receipts);
            let (empty_start, _) = starts.first().copied().unwrap_or_default();
            rows.extend(longest_history(
                (one, first),
                (empty_start, start, start_ratio),
                ratios.get(place).copied().unwrap_or_default(),
            ));
            rows.push(memory_of_many(wanted, &programs, one)?);
            // The other rows are worth more than this one.
            rows.push(
                verified(&programs, one)
                    .unwrap_or_else(|why| Row::not_measured(VERIFY, "at most 2×, 20 MB", &why)),
            );
        }
    }
    Ok(rows)
}

/// Counts the instructions of a sale and of pages of a list in the smallest and in the largest store.
fn instructions_of(programs: &Programs, folder: &Path, books: &[Books]) -> Measured<Vec<Row>> {
    let target = "at most 1.1×, and at most 1.9 million";
    if let Some(why) = instructions::missing() {
        return Ok(vec![Row::not_measured(INSTRUCTIONS, target, why)]);
    }
    let mut counted = Vec::new();
    for one in [books.first(), books.last()].into_iter().flatten() {
        let copy = super::made(folder, &format!("instructions-{}", one.receipts))?;
        copy_books(&one.kept, &copy)?;
        let setup = Setup {
            z_reports: one.z_reports,
            ..Setup::NEW
        };
        let mut running = Callgrind::start(programs, &copy, setup)?;
        let (sale, _) = running.sale_and_get()?;
        let page = |start: u32| format!("/api/v1/receipts?startIndex={start}&count=100");
        let first = running.read(&page(0))?;
        let last = running.read(&page(one.receipts.saturating_sub(100)))?;
        running.stop()?;
        fs::remove_dir_all(&copy).map_err(with_sources)?;
        counted.push((one.receipts, sale, [first, last]));
    }
    let (small, large) = (counted.first().copied(), counted.last().copied());
    let ((few, small, few_pages), (many, large, many_pages)) =
        small.zip(large).ok_or("there are no books")?;
    let times = ratio(large, small);
    let is_missed = times > 110 || large > 1_900_000;
    let beside = |small: u64, large: u64| {
        let few = Thousands(few.into());
        let many = Thousands(many.into());
        (
            format!("at {few} receipts: {}", Thousands(small)),
            format!(
                "{}×: {} at {many} receipts",
                Hundredths(ratio(large, small)),
                Thousands(large)
            ),
        )
    };
    let (baseline, measured) = beside(small, large);
    let sale = Row::at_most(
        INSTRUCTIONS,
        target,
        (u64::from(is_missed), 0),
        baseline,
        measured,
    );
    let pages = ["first", "last"].into_iter().zip(few_pages).zip(many_pages);
    let pages = pages.map(|((page, small), large)| {
        let what = format!("instructions of `GET receipts`, {page} page of 100");
        let (baseline, measured) = beside(small, large);
        Row::without_target(what, baseline, measured)
    });
    Ok([sale].into_iter().chain(pages).collect())
}

/// Sells and closes days in every store in turn. Returns the median ratios of a sale and of a Z-report to those of the smallest
/// store.
fn rounds(wanted: &MeasurePlan, books: &mut [Books]) -> Measured<Vec<(u64, u64)>> {
    let (mut sale_ratios, mut report_ratios) =
        (vec![Vec::new(); books.len()], vec![Vec::new(); books.len()]);
    for _ in 0..wanted.times(ROUNDS) {
        let [mut sales, mut reports] = [
            vec![Times::default(); books.len()],
            vec![Times::default(); books.len()],
        ];
        for _ in 0..BLOCKS {
            for (one, times) in books.iter_mut().zip(&mut sales) {
                sell(one, BLOCK, times)?;
            }
        }
        for _ in 0..REPORTS {
            for (one, times) in books.iter_mut().zip(&mut reports) {
                one.till()?.sell_many(SHIFT, 3)?;
                times.push(one.till()?.close_day()?);
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
    (one, first): (&Books, u32),
    (empty_start, start, start_ratio): (u64, u64, u64),
    (sales, reports): (u64, u64),
) -> Vec<Row> {
    let at = format!("at {} receipts", Thousands(one.receipts.into()));
    let start = Row::at_most(
        "start to ready, with the longest history",
        "at most 1.3×",
        (start_ratio, 130),
        format!(
            "start to ready with an empty database: {}",
            Nanoseconds(empty_start)
        ),
        format!("{}×: {} {at}", Hundredths(start_ratio), Nanoseconds(start)),
    );
    let p99s = [
        (
            "p99 of an HTTP sale of ten lines with the longest history",
            sales,
        ),
        ("p99 of a Z-report with the longest history", reports),
    ];
    let p99s = p99s.map(|(what, ratio)| {
        Row::at_most(
            what,
            "at most 1.3×",
            (ratio, 130),
            format!("at {} receipts", Thousands(first.into())),
            format!("{}× {at}", Hundredths(ratio)),
        )
    });
    let rows = [start].into_iter().chain(p99s);
    rows.map(Row::timed).collect()
}

/// The median times of pages of lists, in nanoseconds.
fn lists(wanted: &MeasurePlan, books: &mut Books) -> Measured<Vec<(String, u64)>> {
    let receipts = books.receipts;
    let z_reports = books.z_reports;
    let till = books.till()?;
    let mut measured = Vec::new();
    for (kind, documents) in [
        ("receipts", receipts),
        ("reports", z_reports),
        ("cashoperations", 0),
    ] {
        for (page, start) in [
            ("first", 0),
            ("middle", documents / 2),
            ("last", documents.saturating_sub(100)),
        ] {
            let mut times = Times::default();
            for _ in 0..wanted.times(21) {
                times.push(till.get(&format!("/api/v1/{kind}?startIndex={start}&count=100"))?);
            }
            measured.push((format!("`{kind}`, {page} page"), times.p50()));
        }
    }
    Ok(measured)
}

fn lists_beside_smallest(books: &[Books]) -> Row {
    let (first, last) = (books.first(), books.last());
    let pairs = first.zip(last).map(|(first, last)| {
        let pages = last.lists.iter().zip(&first.lists);
        pages
            .map(|((page, large), (_, small))| (large.saturating_sub(*small), page, *large, *small))
            .max()
    });
    let what = "`GET` of lists, any page, with the longest history";
    let target = "every page at most 10 ms beyond";
    match pairs.flatten() {
        Some((beyond, page, large, small)) => Row::at_most(
            what,
            target,
            (beyond, 10_000_000),
            format!(
                "the same page at {} receipts: {}",
                Thousands(first.map_or(0, |one| one.receipts).into()),
                Nanoseconds(small)
            ),
            format!(
                "the slowest of nine, {page}: {} beyond: {}",
                Nanoseconds(beyond),
                Nanoseconds(large)
            ),
        )
        .timed(),
        None => Row::not_measured(what, target, "there are no books"),
    }
}

/// The memory after many callers have sold many receipts together.
fn memory_of_many(wanted: &MeasurePlan, programs: &Programs, books: &Books) -> Measured<Row> {
    let running = RunningProgram::agent(programs, &books.folder)?;
    let address = running.address();
    let each = wanted.times(TOGETHER) / CALLERS;
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            std::thread::spawn(move || -> Measured {
                let mut line = Line::new(address)?;
                let host = address.to_string();
                for _ in 0..each {
                    line.good_call(&sale_call(&host, 10, ALTERNATIVE).1)?;
                }
                Ok(())
            })
        })
        .collect();
    for caller in callers {
        let ended = caller.join();
        ended.map_err(|_| "a caller has panicked".to_owned())??;
    }
    std::thread::sleep(Duration::from_secs(2));
    let resident = running.resident()?;
    running.stop()?;
    Ok(Row::at_most(
        MEMORY_OF_MANY,
        "at most 16 MB",
        (resident, 16_000_000 / 1_024),
        "–",
        format!(
            "{resident} KiB at {} receipts, after {} more",
            Thousands(books.receipts.into()),
            Thousands(u64::try_from(each * CALLERS).unwrap_or(u64::MAX))
        ),
    ))
}

/// Measures `verify` beside a bare program that reads and hashes every row of the same database.
fn verified(programs: &Programs, books: &Books) -> Measured<Row> {
    let database = books.folder.join("ferrotill.db");
    let (bare, _) = ended(Command::new(programs.bare()).arg("read").arg(&database))?;
    let config = books.folder.join("measure.toml");
    let mut verify = Command::new(programs.agent());
    let (ours, memory) = ended(verify.arg("verify").arg("--config").arg(&config))?;
    let nanoseconds = |took: Duration| u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    let (bare, ours) = (nanoseconds(bare), nanoseconds(ours));
    let times = ratio(ours, bare);
    let is_missed = times > 200 || memory > 20_000_000 / 1_024;
    let row = Row::at_most(
        VERIFY,
        "at most 2×, 20 MB",
        (u64::from(is_missed), 0),
        format!("reading and hashing every row: {}", Nanoseconds(bare)),
        format!(
            "{}×: {}, {memory} KiB at {} receipts",
            Hundredths(times),
            Nanoseconds(ours),
            Thousands(books.receipts.into())
        ),
    );
    Ok(row.timed())
}

/// Runs a program to its end. Returns how long it ran, and the most memory that it was seen to have, in KiB.
fn ended(command: &mut Command) -> Measured<(Duration, u64)> {
    let begun = Instant::now();
    let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = silent.spawn().map_err(with_sources)?;
    let mut memory = 0;
    loop {
        if let Some(status) = child.try_wait().map_err(with_sources)? {
            return match status.success() {
                true => Ok((begun.elapsed(), memory)),
                false => Err(format!("{command:?}: {status}")),
            };
        }
        // The program may end between the two questions.
        memory = memory.max(status_figure(child.id(), "VmHWM:").unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Books {
    fn till(&mut self) -> Measured<&mut OutsideTill> {
        self.till
            .as_mut()
            .ok_or_else(|| "the till is closed".to_owned())
    }
}

fn sell(books: &mut Books, sales: usize, times: &mut Times) -> Measured {
    let till = books.till()?;
    for _ in 0..sales {
        times.push(till.sell(10, FISCAL)?);
    }
    // The authority acknowledges all documents, so that no store has a longer outbox than another.
    till.drained(DRAINED_WITHIN).map(drop)
}

/// Fills stores of every size up to the wanted one, and copies them.
fn filled(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Books>> {
    let mut sizes: Vec<u32> = SIZES
        .into_iter()
        .filter(|size| *size < wanted.receipts)
        .collect();
    sizes.push(wanted.receipts);
    let mut books: Vec<Books> = Vec::new();
    for receipts in sizes {
        let shorter = books.last().map(|one| one.kept.clone());
        let (kept, z_reports) = kept_books(
            wanted,
            folder,
            receipts,
            Outbox::Acknowledged,
            shorter.as_deref(),
        )?;
        let copy = super::made(folder, &format!("measured-{receipts}"))?;
        copy_books(&kept, &copy)?;
        books.push(Books {
            receipts,
            kept,
            folder: copy,
            z_reports,
            till: None,
            sales: Times::default(),
            reports: Times::default(),
            lists: Vec::new(),
        });
    }
    Ok(books)
}

/// A store with this number of receipts, which is filled if it is not kept from an earlier run, and the number of its Z-reports. A new
/// store is begun as a copy of a shorter one, if there is one.
fn kept_books(
    wanted: &MeasurePlan,
    folder: &Path,
    receipts: u32,
    outbox: Outbox,
    shorter: Option<&Path>,
) -> Measured<(PathBuf, u32)> {
    let kept = wanted.books.as_deref().unwrap_or(folder);
    let name = match outbox {
        Outbox::Acknowledged => format!("books-{receipts}"),
        Outbox::Unsent => format!("books-{receipts}-unsent"),
    };
    let place = super::made(kept, &name)?;
    if let Some(shorter) = shorter
        && !place.join("ferrotill.db").exists()
    {
        copy_books(shorter, &place)?;
    }
    let z_reports = fill(&place, receipts, outbox)?;
    Ok((place, z_reports))
}

/// Measures the endpoints of health and a start with many unsent documents, beside the same store without unsent ones.
pub(super) fn unsent(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    const DOCUMENTS: u32 = 100_000;
    const PATHS: [&str; 3] = ["/readyz", "/healthz", "/metrics"];
    let programs = Programs::of(wanted)?;
    let mut folders = Vec::new();
    let mut slowest = Vec::new();
    for outbox in [Outbox::Acknowledged, Outbox::Unsent] {
        let (kept, z_reports) = kept_books(wanted, folder, DOCUMENTS, outbox, None)?;
        let copy = super::made(folder, &format!("copy-{outbox:?}"))?;
        copy_books(&kept, &copy)?;
        let setup = Setup {
            office: Office::Away,
            z_reports,
            ..Setup::NEW
        };
        let mut till = OutsideTill::start_in(&programs, &copy, setup)?;
        let mut medians = Vec::new();
        for path in PATHS {
            let mut times = Times::default();
            for _ in 0..wanted.times(51) {
                times.push(till.get(path)?);
            }
            medians.push(times.p50());
        }
        till.stop()?;
        slowest.push(medians);
        folders.push(copy);
    }
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let starts = beside_first(&starts_in_turn(wanted, &programs, &folders)?);
    let beyond = slowest.first().zip(slowest.last()).map(|(none, many)| {
        let paths = PATHS.iter().zip(many.iter().zip(none));
        paths
            .map(|(path, (many, none))| (many.saturating_sub(*none), *path, *many, *none))
            .max()
            .unwrap_or_default()
    });
    let (beyond, path, many, none) = beyond.unwrap_or_default();
    let (start_none, _) = starts.first().copied().unwrap_or_default();
    let (start_many, times) = starts.last().copied().unwrap_or_default();
    let rows = [
        Row::at_most(
            "`/readyz`, `/healthz`, `/metrics` with 100,000 unsent documents",
            "at most 2 ms beyond",
            (beyond, 2_000_000),
            format!("with none: {}", Nanoseconds(none)),
            format!(
                "the slowest, `{path}`: {} beyond: {}",
                Nanoseconds(beyond),
                Nanoseconds(many)
            ),
        ),
        Row::at_most(
            "start to ready with 100,000 unsent documents",
            "at most 1.3×",
            (times, 130),
            format!("with none: {}", Nanoseconds(start_none)),
            format!("{}×: {}", Hundredths(times), Nanoseconds(start_many)),
        ),
    ];
    Ok(rows.map(Row::timed).to_vec())
}

/// Copies the store of a till that is closed.
fn copy_books(from: &Path, to: &Path) -> Measured {
    for entry in fs::read_dir(from).map_err(with_sources)? {
        let entry = entry.map_err(with_sources)?;
        if entry.file_type().map_err(with_sources)?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).map_err(with_sources)?;
        }
    }
    Ok(())
}

fn size_of(folder: &Path) -> u64 {
    fs::metadata(folder.join("ferrotill.db")).map_or(0, |data| data.len())
}
