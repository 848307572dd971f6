//! Measures the speed and the size that matter on an embedded machine: every figure beside its baseline, in one run.
//!
//! Product and baseline alternate in blocks, so that other work on the machine slows both. The result is the median ratio of
//! several rounds. Syncs and bytes are counted and not timed, on the disk of `hardware-tests/disk`.

mod bare;
mod calls;
mod durable;
mod figures;
mod fill;
mod history;
mod process;
mod shop;

use std::path::{Path, PathBuf};

pub use figures::{Rating, Row};

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
}

impl MeasurePlan {
    fn times(&self, usual: usize) -> usize {
        (usual * self.effort / 100).max(1)
    }

    fn wants(&self, group: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == group)
    }
}

/// Measures the wanted groups, and hands over each row as soon as it is complete.
///
/// # Errors
///
/// The text says what could not be measured.
pub fn measure(wanted: &MeasurePlan, tell: &mut dyn FnMut(&Row)) -> Measured {
    let folder = tempfile::Builder::new()
        .prefix("measure-")
        .tempdir_in(&wanted.folder)
        .map_err(|error| format!("{}: {error}", wanted.folder.display()))?;
    let folder = folder.path();
    let mut tell_all = |rows: Vec<Row>| rows.iter().for_each(&mut *tell);
    if wanted.wants("sale") {
        tell_all(durable::sale(wanted, &made(folder, "sale")?)?);
    }
    if wanted.wants("rate") {
        tell_all(durable::rate(wanted, &made(folder, "rate")?)?);
    }
    if wanted.wants("wear") {
        tell_all(durable::wear(wanted)?);
    }
    if wanted.wants("get") {
        tell_all(calls::get(wanted, &made(folder, "get")?)?);
    }
    if wanted.wants("core") {
        tell_all(process::core()?);
    }
    if wanted.wants("start") {
        tell_all(process::start_and_size(wanted, &made(folder, "start")?)?);
    }
    if wanted.receipts > 0 && wanted.wants("history") {
        tell_all(history::history(wanted, &made(folder, "history")?)?);
    }
    Ok(())
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
