//! Counts how often the threads of the program wake up while nothing happens at the till.
//!
//! The system counts how often a thread waits of its own accord, and each such wait ends with a wake-up. All waits of a till at rest have
//! fixed lengths, so their number in a minute is the same every time, but for two reasons that are taken away here:
//!
//! - A thread that sends a message wakes the receiver while it still holds the lock of the channel. On another processor the receiver
//!   is often fast enough to wait for that lock. So the program has one processor, and no thread is interrupted for one that wakes
//!   up (the policy `batch`).
//! - The answer of a fast printer is there before the thread waits for it, or not. So the line has the speed of a real one, and every
//!   part of an answer is waited for.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::figures::Row;
use super::kept::{Count, KeptCounts, compared};
use super::outside::{Office, OutsideTill, Setup};
use super::process::Programs;
use super::{MeasurePlan, Measured};
use crate::error_text::with_sources;

const NAME: &str = "minute_at_rest.wake_ups";
const MINUTE: Duration = Duration::from_secs(60);
/// How many minutes are counted. The median of them counts, because a minute may have one more look at the printer's counters, and a
/// moment in which the machine stands still.
const MINUTES: usize = 3;
/// What starts the program on one processor with the policy `batch`.
const ALONE: [&str; 6] = ["taskset", "-c", "0", "chrt", "--batch", "0"];
/// How long the till is left alone before the first minute.
const BEFORE: Duration = Duration::from_secs(8);

/// How often each thread of a process has woken up, by the thread's id.
pub(super) struct Wakeups(BTreeMap<u32, (String, u64)>);

impl Wakeups {
    /// The wake-ups since the process began.
    pub(super) fn of(process: u32) -> Measured<Self> {
        let folder = format!("/proc/{process}/task");
        let mut woken = BTreeMap::new();
        for thread in std::fs::read_dir(&folder).map_err(with_sources)? {
            let id = thread.map_err(with_sources)?.file_name();
            let id = id.to_string_lossy().parse::<u32>().map_err(with_sources)?;
            let path = format!("{folder}/{id}/status");
            // A thread that has ended meanwhile does not belong to the rest.
            let Ok(status) = std::fs::read_to_string(&path) else {
                continue;
            };
            let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
            let count = line("voluntary_ctxt_switches:").and_then(|it| it.trim().parse().ok());
            let (Some(name), Some(count)) = (line("Name:"), count) else {
                return Err(format!("{path} has no count of waits"));
            };
            woken.insert(id, (name.trim().to_owned(), count));
        }
        Ok(Self(woken))
    }

    /// The wake-ups since an earlier moment.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let threads = self.0.iter().map(|(id, (name, count))| {
            let before = earlier.0.get(id).map_or(0, |(_, count)| *count);
            (*id, (name.clone(), count.saturating_sub(before)))
        });
        Self(threads.collect())
    }

    /// The wake-ups of all threads.
    pub(super) fn all(&self) -> u64 {
        self.0.values().map(|(_, count)| count).sum()
    }

    /// The threads that woke up, each with its count.
    fn listed(&self) -> String {
        let threads = self.0.values().filter(|(_, count)| *count > 0);
        let threads = threads.map(|(name, count)| format!("{name} {count}"));
        threads.collect::<Vec<_>>().join(", ")
    }
}

/// Counts the wake-ups of a till at rest.
pub(super) fn wakeups(
    wanted: &MeasurePlan,
    folder: &Path,
    counts: &mut Vec<Count>,
) -> Measured<Vec<Row>> {
    let what = "wake-ups of the threads of a till at rest in a minute";
    let [first, others @ ..] = ALONE;
    for tool in [first, "chrt"] {
        if Command::new(tool).arg("--version").output().is_err() {
            let why = format!("{tool} is not installed");
            return Ok(vec![Row::not_measured(what, "within 5 %", &why)]);
        }
    }
    let programs = Programs::of(wanted)?;
    let mut command = Command::new(first);
    command.args(others).arg(programs.agent());
    let setup = Setup {
        office: Office::Up,
        baud: Some(9_600),
        ..Setup::NEW
    };
    let mut till = OutsideTill::new(folder, setup)?;
    till.start(&mut command)?;
    till.sell_many(1, 2)?;
    till.drained(Duration::from_secs(60))?;
    // The program's timers of a connection do not belong to the rest.
    till.hang_up();
    std::thread::sleep(BEFORE);
    let process = till.program()?.id();
    let mut minutes = Vec::new();
    for _ in 0..MINUTES {
        let (begun, before) = (Instant::now(), Wakeups::of(process)?);
        std::thread::sleep(MINUTE);
        let woken = Wakeups::of(process)?.since(&before);
        // On a busy machine this thread may sleep longer than it asked for.
        let passed = u64::try_from(begun.elapsed().as_millis()).map_err(with_sources)?;
        minutes.push((woken.all() * 100 * 60_000 / passed.max(1), woken.listed()));
    }
    till.stop()?;
    minutes.sort();
    let (hundredths, parts) = minutes.swap_remove(MINUTES / 2);
    let count = Count {
        name: NAME,
        hundredths,
        parts,
    };
    let row = compared(what, &KeptCounts::read()?, &count);
    counts.push(count);
    Ok(vec![row])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wait_of_a_thread_is_counted() {
        let process = std::process::id();
        let (go, going) = std::sync::mpsc::channel();
        let (done, is_done) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("sleeper".to_owned());
        let thread = thread.spawn(move || {
            going.recv().unwrap();
            // A sleep that is over before the thread has begun to wait is no wait, so there are some more than are asked for.
            (0..8).for_each(|_| std::thread::sleep(Duration::from_millis(10)));
            done.send(()).unwrap();
            // The thread lives until it has been counted.
            let _ = ended.recv();
        });
        let before = Wakeups::of(process).unwrap();
        go.send(()).unwrap();
        is_done.recv().unwrap();
        let woken = Wakeups::of(process).unwrap().since(&before);
        drop(end);
        thread.unwrap().join().unwrap();
        let of_sleeper = woken.0.values().find(|(name, _)| name == "sleeper");
        let count = of_sleeper.map(|(_, count)| *count).unwrap();
        assert!(count >= 5, "{count}");
        assert!(woken.all() >= count);
        assert!(woken.listed().contains("sleeper "), "{}", woken.listed());
    }
}
