//! Counts the instructions of a call by callgrind: the number depends on the program and not on the machine's other work.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::figures::Row;
use super::kept::{Count, KeptCounts, compared};
use super::outside::{FISCAL, OutsideTill, Setup};
use super::process::Programs;
use super::{MeasurePlan, Measured};
use crate::error_text::with_sources;

/// How many calls are counted.
const SALES: u32 = 20;
const READS: u32 = 200;
/// How many calls precede them, so that what is made once is made.
const BEFORE: u32 = 5;

const SALE: &str = "http_sale.instructions";
const GET: &str = "http_get.instructions";
const START: &str = "start.instructions";
/// How long the first work of a till takes in callgrind.
const SETTLED: Duration = Duration::from_secs(2);

/// Why instructions cannot be counted here.
pub(super) fn missing() -> Option<&'static str> {
    let found = ["valgrind", "callgrind_control"]
        .iter()
        .all(|tool| Command::new(tool).arg("--version").output().is_ok());
    (!found).then_some("valgrind is not installed")
}

/// A till that runs in callgrind.
pub(super) struct Callgrind {
    pub(super) till: OutsideTill,
    out: PathBuf,
    parts: u32,
    /// The instructions until the till was ready, and in the two seconds after that.
    pub(super) start: u64,
}

impl Callgrind {
    /// Sells a few receipts in the program as it is, and starts it again in callgrind.
    pub(super) fn start(programs: &Programs, folder: &Path, setup: Setup) -> Measured<Self> {
        let mut till = OutsideTill::start_in(programs, folder, setup)?;
        till.sell_many(BEFORE, 10)?;
        till.stop()?;
        let out = folder.join("callgrind");
        let mut command = Command::new("valgrind");
        command.arg("--tool=callgrind");
        command.arg(format!("--callgrind-out-file={}", out.display()));
        command.arg(programs.agent());
        till.start(&mut command)?;
        let mut running = Self {
            till,
            out,
            parts: 0,
            start: 0,
        };
        // What the till begins when it is ready belongs to its start, and it is not always done at once.
        std::thread::sleep(SETTLED);
        running.start = running.dumped()?;
        for _ in 0..BEFORE {
            running.till.sell(10, FISCAL)?;
            running.till.get("/api/v1/devices")?;
        }
        running.dumped()?;
        Ok(running)
    }

    /// The instructions since the last call of this function.
    fn dumped(&mut self) -> Measured<u64> {
        let id = self.till.program()?.id().to_string();
        let output = Command::new("callgrind_control")
            .args(["-d", &id])
            .output()
            .map_err(with_sources)?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("callgrind_control: {words}"));
        }
        self.parts += 1;
        let file = format!("{}.{}", self.out.display(), self.parts);
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
        let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let totals = totals.and_then(|figure| figure.trim().parse().ok());
        totals.ok_or_else(|| format!("{file} has no totals"))
    }

    /// The instructions of one ten-line sale, and of one GET that stores nothing.
    pub(super) fn sale_and_get(&mut self) -> Measured<(u64, u64)> {
        self.till.sell_many(SALES, 10)?;
        let sale = self.dumped()? / u64::from(SALES);
        for _ in 0..READS {
            self.till.get("/api/v1/devices")?;
        }
        let get = self.dumped()? / u64::from(READS);
        Ok((sale, get))
    }

    /// The instructions of one read of a path.
    pub(super) fn read(&mut self, path: &str) -> Measured<u64> {
        const PAGES: u32 = 5;
        self.till.get(path)?;
        self.dumped()?;
        for _ in 0..PAGES {
            self.till.get(path)?;
        }
        Ok(self.dumped()? / u64::from(PAGES))
    }

    pub(super) fn stop(mut self) -> Measured {
        self.till.stop()
    }
}

/// Counts the instructions of a sale, of a GET and of a start, on a new store.
pub(super) fn instructions(
    wanted: &MeasurePlan,
    folder: &Path,
    counts: &mut Vec<Count>,
) -> Measured<Vec<Row>> {
    let rows = [
        (SALE, "instructions of an HTTP sale of ten lines, new store"),
        (GET, "instructions of a signed GET that stores nothing"),
        (
            START,
            "instructions of a start on a small store and of its first two seconds",
        ),
    ];
    if let Some(why) = missing() {
        let not = |(_, what)| Row::not_measured(what, "–", why);
        return Ok(rows.map(not).to_vec());
    }
    let mut running = Callgrind::start(&Programs::of(wanted)?, folder, Setup::NEW)?;
    let start = running.start;
    let (sale, get) = running.sale_and_get()?;
    running.stop()?;
    let kept = KeptCounts::read()?;
    let mut table = Vec::new();
    for ((name, what), count) in rows.into_iter().zip([sale, get, start]) {
        let count = Count {
            name,
            hundredths: count * 100,
            parts: String::new(),
        };
        table.push(compared(what, &kept, &count));
        counts.push(count);
    }
    Ok(table)
}
