//! Counts flushes and bytes at a block device: a loop device with ext4 of its own, on which nothing else is stored.
//!
//! What the file system writes for itself is counted too. This needs root.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::figures::{Hundredths, Row};
use super::outside::{FISCAL, Office, OutsideTill, Setup};
use super::process::Programs;
use super::wakeups::Wakeups;
use super::{MeasurePlan, Measured};
use crate::error_text::with_sources;

/// The size of the file system: the log and the database of some hundred sales, and room.
const SIZE: u64 = 300 * 1024 * 1024;
/// How many sales precede, so that the log has its size.
const BEFORE: u32 = 110;
const SALES: u32 = 24;
/// The pause after a sale, in which a checkpoint may happen.
const PAUSE: Duration = Duration::from_millis(500);

const SALE_ALONE: &str = "flushes and bytes of a ten-line sale at the block device, a sale every half second, authority away";
const SALE_WITH_OFFICE: &str = "the same, each sale acknowledged by the authority";
const AT_REST: &str = "at rest: flushes and bytes at the block device";

/// A file system on a loop device. Dropping this value unmounts it.
struct LoopDisk {
    mounted: PathBuf,
    device: String,
}

impl LoopDisk {
    /// Makes the file system. The error is the reason why this is not possible here.
    fn make(folder: &Path) -> Measured<Self> {
        if !nix::unistd::Uid::effective().is_root() {
            return Err("a loop device needs root".to_owned());
        }
        let image = folder.join("loop.img");
        let file = std::fs::File::create(&image).map_err(with_sources)?;
        file.set_len(SIZE).map_err(with_sources)?;
        let image = image.display().to_string();
        run("mkfs.ext4", &["-q", "-F", &image])?;
        let device = run("losetup", &["--find", "--show", &image])?;
        let mounted = super::made(folder, "mounted")?;
        let disk = Self {
            mounted,
            device: device.trim().to_owned(),
        };
        let place = disk.mounted.display().to_string();
        run("mount", &[&disk.device, &place])?;
        disk.counts()?;
        Ok(disk)
    }

    /// How many flushes and how many KiB the device has been asked to write so far.
    fn counts(&self) -> Measured<(u64, u64)> {
        let name = self.device.trim_start_matches("/dev/");
        let path = format!("/sys/block/{name}/stat");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let fields: Vec<u64> = text
            .split_whitespace()
            .map_while(|field| field.parse().ok())
            .collect();
        match (fields.get(15), fields.get(6)) {
            // A sector of this file has 512 bytes.
            (Some(flushes), Some(sectors)) => Ok((*flushes, sectors / 2)),
            _ => Err(format!("{path} has no count of flushes")),
        }
    }

    /// What a piece of work costs.
    fn cost(&self, work: impl FnOnce() -> Measured) -> Measured<(u64, u64)> {
        let (flushes, bytes) = self.counts()?;
        work()?;
        let (flushes_after, bytes_after) = self.counts()?;
        Ok((flushes_after - flushes, bytes_after - bytes))
    }
}

impl Drop for LoopDisk {
    fn drop(&mut self) {
        // A step that was never done cannot be undone; then the error says nothing new.
        let _ = run("umount", &[&self.mounted.display().to_string()]);
        let _ = run("losetup", &["--detach", &self.device]);
    }
}

/// Runs a program of the system, and returns its output.
fn run(program: &str, arguments: &[&str]) -> Measured<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!(
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

/// Counts what a sale costs, without and with an authority that acknowledges it.
pub(super) fn flushes(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    let cases = [
        (SALE_ALONE, Office::Away, (230, 75)),
        (SALE_WITH_OFFICE, Office::Up, (330, 85)),
    ];
    let target = |(flushes, kib)| format!("at most {} and {kib} KiB", Hundredths(flushes));
    let disk = match LoopDisk::make(folder) {
        Ok(disk) => disk,
        Err(why) => {
            let not = |(what, _, limits)| Row::not_measured(what, target(limits), &why);
            return Ok(cases.map(not).to_vec());
        }
    };
    let programs = Programs::of(wanted)?;
    let mut rows = Vec::new();
    for (what, office, limits) in cases {
        let data = super::made(&disk.mounted, &format!("{office:?}"))?;
        let setup = Setup {
            office,
            ..Setup::NEW
        };
        let mut till = OutsideTill::start_in(&programs, &data, setup)?;
        till.sell_many(BEFORE, 10)?;
        std::thread::sleep(Duration::from_secs(3));
        let (flushes, kib) = disk.cost(|| {
            (0..SALES).try_for_each(|_| {
                till.sell(10, FISCAL)?;
                std::thread::sleep(PAUSE);
                Ok(())
            })
        })?;
        till.stop()?;
        let flushes = flushes * 100 / u64::from(SALES);
        let kib = kib / u64::from(SALES);
        let (flushes_max, kib_max) = limits;
        let is_missed = flushes > flushes_max || kib > kib_max;
        rows.push(Row::at_most(
            what,
            target(limits),
            (u64::from(is_missed), 0),
            format!("{SALES} sales"),
            format!("{} flushes, {kib} KiB", Hundredths(flushes)),
        ));
    }
    Ok(rows)
}

/// Counts what a till costs at which nothing happens.
pub(super) fn rest(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    let target = "at most 4 flushes and 100 KiB in ten minutes";
    let disk = match LoopDisk::make(folder) {
        Ok(disk) => disk,
        Err(why) => return Ok(vec![Row::not_measured(AT_REST, target, &why)]),
    };
    let data = super::made(&disk.mounted, "data")?;
    let mut till = OutsideTill::start_in(&Programs::of(wanted)?, &data, Setup::NEW)?;
    till.sell_many(20, 10)?;
    till.drained(Duration::from_secs(60))?;
    std::thread::sleep(Duration::from_secs(10));
    let process = till.program()?.id();
    let before = Wakeups::of(process)?;
    let seconds = wanted.rest_s;
    let (flushes, kib) = disk.cost(|| {
        std::thread::sleep(Duration::from_secs(seconds));
        Ok(())
    })?;
    let woken = Wakeups::of(process)?.since(&before).all();
    till.stop()?;
    let per_second = woken * 100 / seconds.max(1);
    let measured = format!(
        "{flushes} flushes, {kib} KiB; its threads were woken {} times per second",
        Hundredths(per_second)
    );
    let baseline = format!("{seconds} s, after 20 sales and 10 s");
    if seconds < 600 {
        return Ok(vec![Row::without_target(AT_REST, baseline, measured)]);
    }
    let ten_minutes = |count: u64| count * 600 / seconds;
    let is_missed = ten_minutes(flushes) > 4 || ten_minutes(kib) > 100;
    let row = Row::at_most(
        AT_REST,
        target,
        (u64::from(is_missed), 0),
        baseline,
        measured,
    );
    Ok(vec![row])
}
