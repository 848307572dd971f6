//! A shop under everything that can go wrong: `simulate --seeds 1000 --days 2 [--seed S] [--bugs]`.
//!
//! Without `--seed` it plays the seeds from 1 up to the first violation; with it, that one alone. A violation is played once more, to
//! show that it comes again at the same step, and is told with what happened before it.
//! `--bugs` puts each deliberate bug into the seams in turn and tells after how many seeds it was found.
//!
//! Exit codes: 0 no violation (or every bug found), 1 a violation with its seed (or a bug not found), 2 used wrongly.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use ferrotill_hardware_tests::simulation::{Bug, simulate};

fn main() -> ExitCode {
    let (code, words) = match play() {
        Ok(words) => (0, words),
        Err(failure) => failure,
    };
    // Without a standard output the exit code has to do.
    let _ = writeln!(std::io::stdout(), "{words}");
    ExitCode::from(code)
}

fn play() -> Result<String, (u8, String)> {
    let (mut seeds, mut days, mut only, mut bugs) = (100_u64, 2_u32, None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--bugs" {
            bugs = true;
            continue;
        }
        let usage = || {
            (
                2,
                format!("{name} needs a number; see the head of this file"),
            )
        };
        let value = arguments.next().ok_or_else(usage)?;
        match name.as_str() {
            "--seeds" => seeds = value.parse().map_err(|_| usage())?,
            "--days" => days = value.parse().map_err(|_| usage())?,
            "--seed" => only = Some(value.parse().map_err(|_| usage())?),
            _ => {
                let known = "--seeds, --days, --seed, --bugs";
                return Err((2, format!("{name} is not known; known are {known}")));
            }
        }
    }
    if bugs {
        return find_bugs(seeds, days);
    }
    let (first, last) = only.map_or((1, seeds), |seed| (seed, seed));
    let started = Instant::now();
    let (mut steps, mut registered, mut crashes, mut declared) = (0, 0, 0, 0);
    let mut trace = 0;
    for seed in first..=last {
        let tally = simulate(seed, days, None).map_err(|violation| {
            let before = violation.before.join("\n");
            let again = match simulate(seed, days, None) {
                Err(again) if again == violation => "played again, it is the same",
                _ => "played again, it is another: something in the simulation has no seed",
            };
            let command = format!("--seed {seed} --days {days}");
            (1, format!("{before}\n{again}: {command}\n{violation}"))
        })?;
        steps += tally.steps;
        registered += tally.registered;
        crashes += tally.crashes;
        declared += tally.declared;
        trace = tally.trace;
    }
    let count = last.saturating_sub(first).saturating_add(1);
    Ok(format!(
        "{count} shops of {days} days in {} s: {steps} steps, {registered} orders registered, {crashes} crashes, \
         {declared} times a person read the paper, no violation; \
         trace of the last {trace:016x}",
        started.elapsed().as_secs()
    ))
}

fn find_bugs(seeds: u64, days: u32) -> Result<String, (u8, String)> {
    let (mut table, mut missed) = (String::new(), false);
    for bug in Bug::ALL {
        let started = Instant::now();
        let found = (1..=seeds).find_map(|seed| simulate(seed, days, Some(bug)).err());
        let took = started.elapsed().as_millis();
        let _ = match found {
            Some(violation) => writeln!(
                table,
                "| {bug:?} | {} | {took} ms | {} |",
                violation.seed, violation.words
            ),
            None => {
                missed = true;
                writeln!(table, "| {bug:?} | not in {seeds} | {took} ms | |")
            }
        };
    }
    if missed { Err((1, table)) } else { Ok(table) }
}
