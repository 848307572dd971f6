//! Measures sales on the disk: how long one takes, how many are possible in a second, and how much is written.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ferrotill::order::ReceiptMode;
use ferrotill_disk::{Disk, DiskCall};

use super::bare::{ANCHOR, BareFile};
use super::figures::{Hundredths, Nanoseconds, Row, Times, median, ratio};
use super::shop::{self, LINES, TestShop, new_memory, registered, sale_order};
use super::{MeasurePlan, Measured};
use crate::error_text::with_sources;

/// Sales and bare writes alternate in blocks of this size.
const BLOCK: usize = 25;
/// How many blocks make a round.
const ROUND: usize = 16;

const SALE: &str = "one durable sale without the printer's own time, one caller, p50";
const RATE: &str = "sales per second, 64 callers, journal only";

/// Why times of code in this process mean nothing.
fn slow_build() -> Option<&'static str> {
    cfg!(debug_assertions).then_some("this program was built without `--release`")
}

/// Measures one durable sale with a printer that takes no time, beside two bare durable writes of the same size.
pub(super) fn sale(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    if let Some(why) = slow_build() {
        return Ok(vec![Row::not_measured(SALE, "at most 1.5×", why)]);
    }
    let failed = |error: std::io::Error| format!("the bare file: {error}");
    // Twenty sales are too few for a checkpoint, so the disk counts only what the transactions write.
    let bytes = wear_of(20, false)?.in_commits / 20 / 2;
    let mut bare = BareFile::new(folder).map_err(failed)?;
    let shop = TestShop::open(folder, &new_memory(1))?;
    for _ in 0..50 {
        shop.timed(sale_of_ten(ReceiptMode::FiscalOnly))?;
    }
    let [mut all_ours, mut all_bare] = [Times::default(), Times::default()];
    let (mut ratios, mut anchors, mut ours_p50, mut bare_p50) = (vec![], vec![], vec![], vec![]);
    for _ in 0..wanted.times(25) {
        let [mut ours, mut same, mut anchor] =
            [Times::default(), Times::default(), Times::default()];
        for _ in 0..ROUND {
            for _ in 0..BLOCK {
                ours.push(shop.timed(sale_of_ten(ReceiptMode::FiscalOnly))?);
            }
            for (times, size) in [(&mut same, bytes), (&mut anchor, ANCHOR)] {
                for _ in 0..BLOCK {
                    let twice =
                        bare.write(size).map_err(failed)? + bare.write(size).map_err(failed)?;
                    times.push(twice);
                }
            }
        }
        ratios.push(ratio(ours.p50(), same.p50()));
        anchors.push(ratio(ours.p50(), anchor.p50()));
        ours_p50.push(ours.p50());
        bare_p50.push(same.p50());
        all_ours.extend(&ours);
        all_bare.extend(&same);
    }
    let middle = median(ratios);
    let (ours_late, bare_late) = (all_ours.p999(), all_bare.p999());
    let beyond = ours_late.saturating_sub(bare_late);
    let two = format!("two bare `pwrite + fdatasync` of {} KiB", bytes / 1_024);
    Ok(vec![
        Row::at_most(
            SALE,
            "at most 1.5×",
            (middle, 150),
            format!("{two}: {}", Nanoseconds(median(bare_p50))),
            format!("{}×: {}", Hundredths(middle), Nanoseconds(median(ours_p50))),
        )
        .timed(),
        Row::without_target(
            "the same sale beside two bare writes of 1 KiB",
            "two bare `pwrite + fdatasync` of 1 KiB".to_owned(),
            format!("{}×", Hundredths(median(anchors))),
        ),
        Row::at_most(
            "p99.9 of a sale with checkpoints running",
            "at most 5 ms beyond the baseline's",
            (beyond, 5_000_000),
            format!("{two}, p99.9: {}", Nanoseconds(bare_late)),
            format!(
                "{} beyond: {} of {} sales",
                Nanoseconds(beyond),
                Nanoseconds(ours_late),
                all_ours.len()
            ),
        )
        .timed(),
    ])
}

/// Measures sales of many callers with the journal alone, beside the rate of bare durable writes.
pub(super) fn rate(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    const CALLERS: usize = 64;
    if let Some(why) = slow_build() {
        return Ok(vec![Row::not_measured(RATE, "at least 3×", why)]);
    }
    let failed = |error: std::io::Error| format!("the bare file: {error}");
    let mut bare = BareFile::new(folder).map_err(failed)?;
    let shop = TestShop::open(folder, &new_memory(1))?;
    together(&shop, CALLERS, 500)?;
    let (mut ratios, mut rates, mut bares) = (vec![], vec![], vec![]);
    for _ in 0..wanted.times(15) {
        let mut anchor = Times::default();
        for _ in 0..200 {
            anchor.push(bare.write(ANCHOR).map_err(failed)?);
        }
        let sales = 2_000;
        let took = together(&shop, CALLERS, sales)?;
        let per_second = |count: usize, nanoseconds: u128| {
            let count = u128::try_from(count).unwrap_or(0);
            u64::try_from(count * 1_000_000_000 / nanoseconds.max(1)).unwrap_or(0)
        };
        let ours = per_second(sales, took.as_nanos());
        let theirs = per_second(anchor.len(), u128::from(anchor.sum()));
        ratios.push(ratio(ours, theirs));
        rates.push(ours);
        bares.push(theirs);
    }
    let middle = median(ratios);
    Ok(vec![
        Row::at_least(
            RATE,
            "at least 3×",
            (middle, 300),
            format!("bare `fdatasync` after 1 KiB: {} per second", median(bares)),
            format!("{}×: {} per second", Hundredths(middle), median(rates)),
        )
        .timed(),
    ])
}

/// Lets this number of callers sell this number of receipts together; each caller has one order at a time.
fn together(shop: &TestShop, callers: usize, sales: usize) -> Measured<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(with_sources)?;
    let left = Arc::new(AtomicUsize::new(sales));
    let begun = Instant::now();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::<Measured>::new();
        for _ in 0..callers {
            let (clerk_handle, left) = (shop.clerk_handle.clone(), Arc::clone(&left));
            tasks.spawn(async move {
                let one_less = |left: usize| left.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
                    .is_ok()
                {
                    let (order, answer) = sale_order(sale_of_ten(ReceiptMode::AlternativeOnly));
                    clerk_handle.send(order);
                    registered(answer.await)?;
                }
                Ok(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(with_sources)??;
        }
        Ok(begun.elapsed())
    })
}

fn sale_of_ten(mode: ReceiptMode) -> ferrotill::order::OrderKind {
    shop::sale(LINES, mode)
}

/// What a number of sales costs the disk.
struct Worn {
    syncs: usize,
    bytes: usize,
    /// How many of the bytes were written before the store was closed.
    in_commits: usize,
}

/// Sells ten-line receipts on a disk that counts its calls. The authority acknowledges each receipt before the next one, or none at
/// all.
fn wear_of(sales: usize, office: bool) -> Measured<Worn> {
    let memory = Path::new("/dev/shm");
    let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
    let folder = folder.map_err(with_sources)?;
    let disk = Disk::mount(folder.path());
    let shop = TestShop::open(folder.path(), &new_memory(1))?;
    // The first sale waits for the printer and opens the shift.
    shop.timed(sale_of_ten(ReceiptMode::FiscalOnly))?;
    disk.fail(None);
    let before = disk.bytes_written();
    for _ in 0..sales {
        shop.timed(sale_of_ten(ReceiptMode::FiscalOnly))?;
        if office {
            shop.acknowledge_all()?;
        }
    }
    let in_commits = disk.bytes_written() - before;
    // The maintenance thread's work is part of the wear, and ends when the shop is closed.
    drop(shop);
    let written = disk.bytes_written() - before;
    Ok(Worn {
        syncs: disk.calls(DiskCall::Sync),
        bytes: usize::try_from(written).unwrap_or(usize::MAX),
        in_commits: usize::try_from(in_commits).unwrap_or(usize::MAX),
    })
}

/// Measures how much a sale of ten lines writes to the SD card.
pub(super) fn wear(wanted: &MeasurePlan) -> Measured<Vec<Row>> {
    let sales = wanted.times(2_000).max(1_000);
    // The anchor is a file of its own: two syncs and less than a page for every 256 journal rows. A sale has two rows.
    let anchors = sales.div_ceil(128);
    let each = |worn: Worn| {
        let syncs = u64::try_from((worn.syncs + 2 * anchors) * 100 / sales).unwrap_or(u64::MAX);
        let bytes = u64::try_from((worn.bytes + 4_096 * anchors) / sales).unwrap_or(u64::MAX);
        let told = format!("{} flushes, {} KiB", Hundredths(syncs), bytes / 1_024);
        (syncs <= 210 && bytes <= 90 * 1_024, told)
    };
    let (kept, alone) = each(wear_of(sales, false)?);
    let (_, with_office) = each(wear_of(sales, true)?);
    let over = format!("counted over {sales} sales, checkpoints, snapshots and anchors included");
    Ok(vec![
        Row::at_most(
            "flushes and bytes written per ten-line sale",
            "at most 2.1 flushes, at most 90 KiB",
            (u64::from(!kept), 0),
            over.clone(),
            alone,
        ),
        Row::without_target(
            "the same, each sale acknowledged by the authority before the next one",
            over,
            with_office,
        ),
    ])
}
