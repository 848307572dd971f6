//! Measures the speed and the size that matter on an embedded machine: every figure beside its baseline, in one run.
//!
//! Product and baseline alternate in blocks, so that other work on the machine slows both. The result is the median ratio of
//! several rounds. If other programs use the machine meanwhile, times are inconclusive.
//!
//! What can be counted is counted and not timed: statements, syncs and bytes on the disk of `hardware-tests/disk`, flushes at a block
//! device, instructions by callgrind, wake-ups by the system. Counts say the same on a busy machine. The file `counts.txt` keeps them, for tests.

mod bare;
mod calls;
pub mod counted;
mod durable;
mod figures;
pub mod fill;
mod flushes;
mod history;
mod instructions;
pub mod kept;
mod noise;
mod office;
mod outside;
mod process;
mod reads;
mod shop;
mod wakeups;

use std::path::{Path, PathBuf};

pub use figures::{Rating, Row};
use kept::{Count, KeptCounts};
use noise::ProcessorTimes;

/// The result of a measurement; its error is a text.
pub(crate) type Measured<T = ()> = Result<T, String>;

/// The choice of what is measured, and how.
#[derive(Clone, Debug)]
pub struct MeasurePlan {
    /// The folder on the file system to be measured; a temporary folder for the stores is made in it.
    pub folder: PathBuf,
    /// How many receipts the long history has; 0 leaves its rows out.
    pub receipts: u32,
    /// A folder that keeps the long history for the next run.
    pub books: Option<PathBuf>,
    /// The number of repetitions, in percent of the usual number.
    pub effort: usize,
    /// The wanted groups of rows; an empty list means all groups.
    pub only: Vec<String>,
    /// The agent that is measured; without it, today's sources are built.
    pub program: Option<PathBuf>,
    /// The bare program that is compared with; without it, today's sources are built.
    pub bare: Option<PathBuf>,
    /// How many seconds a till is left at rest.
    pub rest_s: u64,
    /// Whether the counts of this run replace the kept ones.
    pub keep_counts: bool,
}

impl MeasurePlan {
    fn times(&self, usual: usize) -> usize {
        (usual * self.effort / 100).max(1)
    }

    fn wants(&self, group: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == group)
    }
}

/// The groups of rows, in their order.
pub const GROUPS: [&str; 15] = [
    "counts",
    "instructions",
    "wakeups",
    "flushes",
    "rest",
    "sale",
    "rate",
    "wear",
    "get",
    "core",
    "start",
    "papers",
    "drain",
    "unsent",
    "history",
];

/// Measures the wanted groups, and hands over each row as soon as its group is complete.
///
/// # Errors
///
/// The text says what could not be measured; the other groups were measured.
pub fn measure(wanted: &MeasurePlan, tell: &mut dyn FnMut(&Row)) -> Measured {
    let folder = tempfile::Builder::new()
        .prefix("measure-")
        .tempdir_in(&wanted.folder)
        .map_err(|error| format!("{}: {error}", wanted.folder.display()))?;
    let mut failures = Vec::new();
    let mut counts = Vec::new();
    for group in GROUPS.into_iter().filter(|group| wanted.wants(group)) {
        let place = made(folder.path(), group)?;
        let before = ProcessorTimes::now();
        let rows = rows_of(group, wanted, &place, &mut counts);
        let noise = ProcessorTimes::now()
            .zip(before)
            .and_then(|(now, before)| now.noise_since(before));
        match rows {
            Ok(rows) => rows.into_iter().for_each(|row| match &noise {
                Some(noise) => tell(&row.beside_others(noise)),
                None => tell(&row),
            }),
            Err(words) => failures.push(format!("{group}: {words}")),
        }
        // The stores of a group are large.
        std::fs::remove_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    }
    if wanted.keep_counts {
        KeptCounts::read()?.write(&counts)?;
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(failures.join("\n")),
    }
}

/// Measures one group.
fn rows_of(
    group: &str,
    wanted: &MeasurePlan,
    folder: &Path,
    counts: &mut Vec<Count>,
) -> Measured<Vec<Row>> {
    match group {
        "counts" => counted::rows(counts),
        "instructions" => instructions::instructions(wanted, folder, counts),
        "wakeups" => wakeups::wakeups(wanted, folder, counts),
        "flushes" => flushes::flushes(wanted, folder),
        "rest" => flushes::rest(wanted, folder),
        "sale" => durable::sale(wanted, folder),
        "rate" => durable::rate(wanted, folder),
        "wear" => durable::wear(wanted),
        "get" => reads::get(wanted, folder),
        "core" => process::core(),
        "start" => process::start_and_size(wanted, folder),
        "papers" => office::papers(wanted, folder),
        "drain" => office::drain(wanted, folder),
        "unsent" => history::unsent(wanted, folder),
        "history" if wanted.receipts > 0 => history::history(wanted, folder),
        "history" => Ok(Vec::new()),
        _ => Err("there is no such group".to_owned()),
    }
}

/// The machine's load average over the last minute, in hundredths.
#[must_use]
pub fn load() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let (whole, part) = text.split_whitespace().next()?.split_once('.')?;
    Some(whole.parse::<u64>().ok()? * 100 + part.parse::<u64>().ok()?)
}

fn made(folder: &Path, name: &str) -> Measured<PathBuf> {
    let made = folder.join(name);
    std::fs::create_dir_all(&made).map_err(|error| format!("{}: {error}", made.display()))?;
    Ok(made)
}
