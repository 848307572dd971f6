//! Cuts the power and fails disk calls, as many times as wanted: `powercut --states 100000 [--seed S] [--steps N] [--country MD|AT]`.
//!
//! MD is a shop with a fiscal printer, AT one whose receipts are signed. Without `--country` each of them gets this number of power cuts.
//! With `--control`, faults are planted, and a violation must be found each time.
//!
//! Exit codes: 0 no violation (with `--control`: each fault was found), 1 a violation with its seed, 2 used wrongly.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use ferrotill_disk::Syncs;
use ferrotill_hardware_tests::powercut::signed::{self, Planted};
use ferrotill_hardware_tests::powercut::{cut_power, cut_power_on, fail_every_call, wear};

fn main() -> ExitCode {
    let (code, text) = match play() {
        Ok(text) => (0, text),
        Err(failure) => failure,
    };
    // If there is no standard output, only the exit code remains.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::from(code)
}

/// What is played.
struct Wanted {
    states: usize,
    seed: u64,
    steps: usize,
    printers: bool,
    signed: bool,
    control: bool,
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted {
        states: 20_000,
        seed: 1,
        steps: 60,
        printers: true,
        signed: true,
        control: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--control" {
            wanted.control = true;
            continue;
        }
        let usage = || format!("{name} needs a number; see the head of this file");
        let value = arguments.next().ok_or_else(usage)?;
        match name.as_str() {
            "--states" => wanted.states = value.parse().map_err(|_| usage())?,
            "--seed" => wanted.seed = value.parse().map_err(|_| usage())?,
            "--steps" => wanted.steps = value.parse().map_err(|_| usage())?,
            "--country" => match value.as_str() {
                "MD" => wanted.signed = false,
                "AT" => wanted.printers = false,
                _ => return Err(format!("{value}: known are MD and AT")),
            },
            _ => {
                let known = "--states, --seed, --steps, --country, --control";
                return Err(format!("{name} is not known; known are {known}"));
            }
        }
    }
    Ok(wanted)
}

fn play() -> Result<String, (u8, String)> {
    let wanted = wanted().map_err(|words| (2, words))?;
    let mut lines = Vec::new();
    let played = if wanted.control {
        control(&wanted, &mut lines)
    } else {
        cut(&wanted, &mut lines)
    };
    match played {
        Ok(()) => Ok(lines.join("\n")),
        Err(violation) => {
            lines.push(violation);
            Err((1, lines.join("\n")))
        }
    }
}

fn cut(wanted: &Wanted, lines: &mut Vec<String>) -> Result<(), String> {
    let &Wanted {
        states,
        seed,
        steps,
        ..
    } = wanted;
    if wanted.printers {
        let started = Instant::now();
        let calls = fail_every_call(seed, steps)?;
        let cuts = cut_power(seed, states, steps)?;
        let worn = wear(20)?;
        lines.push(format!(
            "MD: {} power cuts and {} failing calls in {} s, over {} acknowledged commits: nothing lost, nothing out of order\n\
             MD: a hundred sales of ten lines: {} syncs, {} KiB written",
            cuts.states,
            calls.states,
            started.elapsed().as_secs(),
            cuts.commits + calls.commits,
            worn.syncs,
            worn.bytes / 1_024
        ));
    }
    if wanted.signed {
        let started = Instant::now();
        let cuts = signed::cut_power(Planted::Nothing, seed, states, steps)?;
        lines.push(format!(
            "AT: {} power cuts in {} s, over {} receipts that callers had: each protocol is whole, and no receipt id has two counters",
            cuts.states,
            started.elapsed().as_secs(),
            cuts.commits
        ));
    }
    Ok(())
}

/// Plants faults; an error if one of them is not found.
fn control(wanted: &Wanted, lines: &mut Vec<String>) -> Result<(), String> {
    let &Wanted {
        states,
        seed,
        steps,
        ..
    } = wanted;
    let mut found = |fault: &str, outcome: Result<_, String>| match outcome {
        Err(violation) => {
            lines.push(format!("{fault} is found: {violation}"));
            Ok(())
        }
        Ok(_) => Err(format!("{fault} is not found: the suite proves nothing")),
    };
    if wanted.printers {
        let ignored = cut_power_on(Syncs::Ignored, seed, states, steps);
        found("MD: a disk that ignores its syncs", ignored)?;
    }
    if wanted.signed {
        let ignored = signed::cut_power(Planted::IgnoredSyncs, seed, states, steps);
        found("AT: a disk that ignores its syncs", ignored)?;
        let second = signed::cut_power(Planted::SecondCounter, seed, states, steps);
        found("AT: a second turnover counter", second)?;
    }
    Ok(())
}
