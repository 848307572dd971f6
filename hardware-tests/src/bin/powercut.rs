//! Cuts the power and fails disk calls, as many times as wanted: `powercut --states 100000 [--seed S] [--steps N]`.
//!
//! Exit codes: 0 no violation, 1 a violation with its seed, 2 used wrongly.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use ferrotill_hardware_tests::powercut::{cut_power, fail_every_call, wear};

fn main() -> ExitCode {
    let (code, text) = match play() {
        Ok(text) => (0, text),
        Err(failure) => failure,
    };
    // If there is no standard output, only the exit code remains.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::from(code)
}

fn play() -> Result<String, (u8, String)> {
    let (mut states, mut seed, mut steps) = (20_000, 1_u64, 60);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let usage = || {
            (
                2,
                format!("{name} needs a number; see the head of this file"),
            )
        };
        let value = arguments.next().ok_or_else(usage)?;
        match name.as_str() {
            "--states" => states = value.parse().map_err(|_| usage())?,
            "--seed" => seed = value.parse().map_err(|_| usage())?,
            "--steps" => steps = value.parse().map_err(|_| usage())?,
            _ => {
                return Err((
                    2,
                    format!("{name} is not known; known are --states, --seed, --steps"),
                ));
            }
        }
    }
    let violated = |violation| (1, violation);
    let started = Instant::now();
    let calls = fail_every_call(seed, steps).map_err(violated)?;
    let cuts = cut_power(seed, states, steps).map_err(violated)?;
    let worn = wear(20).map_err(violated)?;
    Ok(format!(
        "{} power cuts and {} failing calls in {} s, over {} acknowledged commits: nothing lost, nothing out of order\n\
         a hundred sales of ten lines: {} syncs, {} KiB written",
        cuts.states,
        calls.states,
        started.elapsed().as_secs(),
        cuts.commits + calls.commits,
        worn.syncs,
        worn.bytes / 1_024
    ))
}
