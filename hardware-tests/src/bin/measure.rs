//! Measures speed and size, each figure beside its baseline, and prints the table of `docs/PERFORMANCE.md`:
//!
//! `cargo run --release -p ferrotill-hardware-tests --bin measure [-- --receipts 1000000] [--in DIR] [--books DIR] [--effort 100]
//! [--rest 600] [--program FILE] [--bare FILE] [--only GROUP,…] [--keep-counts yes]`
//!
//! `--in` names a folder on the file system to be measured (default: the file system of this program). `--books` names a folder
//! that keeps the stores with the long history for the next run; only copies of them are measured. `--effort` is the number of
//! repetitions in percent of the usual number, and `--rest` the seconds for which a till is left at rest. `--program` names another
//! build of the agent, and `--bare` one of the bare program; without them, today's sources are built. `--only` names groups of rows (`GROUPS`). `--keep-counts yes` replaces
//! the kept counts by those of this run.
//!
//! Exit codes: 0 every target met, 1 a target missed, inconclusive or not measured, 2 used wrongly.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ferrotill_hardware_tests::measure::{GROUPS, MeasurePlan, Rating, Row, load, measure};

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(words) => {
            say(&words);
            return ExitCode::from(2);
        }
    };
    say(&machine(&wanted));
    say(
        "| What | Baseline in the same run | Target | Measured | Verdict |\n| --- | --- | --- | --- | --- |",
    );
    let [mut missed, mut unknown] = [0_u32; 2];
    let outcome = measure(&wanted, &mut |row: &Row| {
        match row.rating() {
            Rating::Missed => missed += 1,
            Rating::Inconclusive | Rating::NotMeasured => unknown += 1,
            Rating::Met | Rating::NoTarget => {}
        }
        say(&row.to_string());
    });
    say(&format!("\nLoad average at the end: {}.", load_words()));
    match outcome {
        Ok(()) if missed + unknown == 0 => ExitCode::SUCCESS,
        Ok(()) => {
            say(&format!(
                "{missed} missed; {unknown} inconclusive or not measured."
            ));
            ExitCode::FAILURE
        }
        Err(words) => {
            say(&format!("not measured: {words}"));
            ExitCode::FAILURE
        }
    }
}

fn say(words: &str) {
    // If there is no standard output, only the exit code remains.
    let _ = writeln!(std::io::stdout(), "{words}");
}

fn wanted() -> Result<MeasurePlan, String> {
    let here = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut wanted = MeasurePlan {
        folder: here.parent().unwrap_or(Path::new(".")).to_owned(),
        receipts: 1_000_000,
        books: None,
        effort: 100,
        only: Vec::new(),
        program: None,
        bare: None,
        rest_s: 600,
        keep_counts: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("{name} needs a value; see the head of this file"))?;
        let number = || format!("{name} needs a number, not {value}");
        match name.as_str() {
            "--receipts" => wanted.receipts = value.parse().map_err(|_| number())?,
            "--effort" => wanted.effort = value.parse().map_err(|_| number())?,
            "--in" => wanted.folder = PathBuf::from(value),
            "--books" => wanted.books = Some(PathBuf::from(value)),
            "--only" => wanted.only = value.split(',').map(str::to_owned).collect(),
            "--program" => wanted.program = Some(PathBuf::from(value)),
            "--bare" => wanted.bare = Some(PathBuf::from(value)),
            "--rest" => wanted.rest_s = value.parse().map_err(|_| number())?,
            "--keep-counts" if value == "yes" => wanted.keep_counts = true,
            "--keep-counts" => return Err(format!("--keep-counts takes yes, not {value}")),
            _ => {
                let known = "--receipts, --in, --books, --effort, --rest, --program, --bare, --only, --keep-counts";
                return Err(format!("{name} is not known; known are {known}"));
            }
        }
    }
    let mut named = wanted.only.iter();
    match named.find(|group| !GROUPS.contains(&group.as_str())) {
        Some(unknown) => {
            let known = GROUPS.join(", ");
            Err(format!(
                "--only {unknown}: there is no such group; known are {known}"
            ))
        }
        None => Ok(wanted),
    }
}

/// Describes the machine, and how busy it is with other work.
fn machine(wanted: &MeasurePlan) -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unnamed processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{cores} × {model}; stores in {}; load average at the start: {}.\n",
        wanted.folder.display(),
        load_words()
    )
}

fn load_words() -> String {
    load().map_or("unknown".to_owned(), |load| {
        format!("{}.{:02}", load / 100, load % 100)
    })
}
