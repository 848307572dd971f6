//! What `verify` costs beside reading and hashing every row of the same database, and what the pages of lists cost.
//!
//! `cargo bench -p ferrotill-hardware-tests --bench verify -- [RECEIPTS] [FOLDER]`
//!
//! The store has days of 370 receipts of three lines with a Z-report each, all acknowledged. It is kept in the folder, if one is named.
//! `verify` and the bare program take turns, and medians are printed.
#![allow(
    clippy::print_stdout,
    reason = "the figures are printed for the person who started the measurement"
)]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use ferrotill_bare::hash_every_row;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::Mode;
use ferrotill_core::profile::MOLDOVA;
use ferrotill_hardware_tests::measure::fill::{DEVICE, Outbox, fill};
use ferrotill_store::Reader;
use ferrotill_store::verify::{VerifyRange, Wanted, verify};

type Done<T = ()> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 5;

fn main() -> Done {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let receipts: u32 = arguments.next().map_or(Ok(20_000), |count| count.parse())?;
    let kept = arguments.next();
    let own = tempfile::tempdir()?;
    let folder = kept.as_deref().map_or(own.path(), Path::new);
    std::fs::create_dir_all(folder)?;
    let reports = fill(folder, receipts, Outbox::Acknowledged)?;
    let wanted = Wanted {
        folder,
        profile: &MOLDOVA,
        mode: Mode::Test,
        devices: &[DEVICE],
        range: VerifyRange::ALL,
    };
    let (mut bare, mut ours, mut rows) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        hash_every_row(&folder.join("ferrotill.db"))?;
        bare.push(began.elapsed());
        let began = Instant::now();
        let verified = verify(&wanted)?;
        ours.push(began.elapsed());
        rows = verified.rows;
        if !verified.flaws.is_empty() {
            return Err(format!("flaws: {:?}", verified.flaws).into());
        }
    }
    let (bare, ours) = (median(bare), median(ours));
    println!(
        "verify, {receipts} receipts, {rows} rows: {ours:?}; reading and hashing every row: {bare:?}; {:.2}×; {}",
        ours.as_secs_f64() / bare.as_secs_f64(),
        most_memory().unwrap_or_default()
    );
    pages(folder, receipts, reports)
}

/// The median times of the first, the middle and the last page of lists.
fn pages(folder: &Path, receipts: u32, reports: u32) -> Done {
    use DocumentKind::{AlternativeSale, CashIn, CashOut, Refund, Sale, XReport, ZReport};
    let lists: [(&str, &[DocumentKind], u32); 3] = [
        ("receipts", &[Sale, Refund], receipts),
        ("reports", &[XReport, ZReport], reports),
        (
            "receipts and cash",
            &[Sale, Refund, AlternativeSale, CashIn, CashOut],
            receipts,
        ),
    ];
    let reader = Reader::new(folder);
    for (name, kinds, count) in lists {
        for (page, start) in [
            ("first", 0),
            ("middle", count / 2),
            ("last", count.saturating_sub(100)),
        ] {
            let (mut times, mut shown) = (Vec::new(), 0);
            for _ in 0..21 {
                let began = Instant::now();
                shown = 0;
                reader.each_on_page(DEVICE, kinds, (start, 100), |_, _| {
                    shown += 1;
                    ControlFlow::Continue(())
                })?;
                times.push(began.elapsed());
            }
            println!(
                "{name}, {page} page, {shown} documents: {:?}",
                median(times)
            );
        }
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The most memory that this process has had, as Linux says it.
fn most_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.to_owned())
}
