//! Simulates shops in which everything goes wrong: `simulate --seeds 1000 --days 2 [--seed S] [--country MD|AT|UZ]`.
//!
//! Without `--country`, each seed plays a shop with fiscal printers, and every fourth one also a shop whose receipts are signed (AT)
//! and a shop with fiscal modules (UZ).
//!
//! Without `--seed` the program plays the seeds from 1 up to the first violation; with `--seed` it plays only that seed. A
//! violation is printed with what happened before it, and its seed is played once more to show that the violation happens again at
//! the same step.
//! Deliberate bugs are patches, which `hardware-tests/teeth/run` searches for.
//!
//! Exit codes: 0 no violation, 1 a violation with its seed, 2 used wrongly.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use ferrotill_hardware_tests::simulation::{
    Tally, Violation, simulate, simulate_modules, simulate_signed,
};

fn main() -> ExitCode {
    let (code, text) = match play() {
        Ok(text) => (0, text),
        Err(failure) => failure,
    };
    // If there is no standard output, only the exit code remains.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::from(code)
}

/// Which shops the seeds play.
#[derive(Clone, Copy)]
enum Shops {
    Mixed,
    Printers,
    Signed,
    Modules,
}

/// Of so many seeds, one also plays a shop whose receipts are signed, and a shop with fiscal modules.
const ALL_ONE_IN: u64 = 4;

impl Shops {
    fn of(country: &str) -> Option<Self> {
        match country {
            "MD" => Some(Self::Printers),
            "AT" => Some(Self::Signed),
            "UZ" => Some(Self::Modules),
            _ => None,
        }
    }

    const fn argument(self) -> &'static str {
        match self {
            Self::Mixed => "",
            Self::Printers => " --country MD",
            Self::Signed => " --country AT",
            Self::Modules => " --country UZ",
        }
    }

    fn play(self, seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
        match self {
            Self::Printers => simulate(seed, days),
            Self::Signed => simulate_signed(seed, days),
            Self::Modules => simulate_modules(seed, days),
            Self::Mixed if seed.is_multiple_of(ALL_ONE_IN) => {
                let mut tally = simulate(seed, days)?;
                for more in [simulate_signed(seed, days)?, simulate_modules(seed, days)?] {
                    tally.steps += more.steps;
                    tally.orders += more.orders;
                    tally.registered += more.registered;
                    tally.crashes += more.crashes;
                    tally.troubles += more.troubles;
                    tally.declared += more.declared;
                    tally.trace ^= more.trace;
                }
                Ok(tally)
            }
            Self::Mixed => simulate(seed, days),
        }
    }
}

fn play() -> Result<String, (u8, String)> {
    let (mut seeds, mut days, mut only) = (100_u64, 2_u32, None);
    let mut shops = Shops::Mixed;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--bugs" {
            let words =
                "the deliberate bugs are patches; search for them with hardware-tests/teeth/run";
            return Err((2, words.to_owned()));
        }
        let usage = || {
            (
                2,
                format!("{name} needs a number; see the head of this file"),
            )
        };
        let value = arguments.next().ok_or_else(usage)?;
        if name == "--country" {
            shops = Shops::of(&value)
                .ok_or_else(|| (2, format!("{value}: known are MD, AT and UZ")))?;
            continue;
        }
        match name.as_str() {
            "--seeds" => seeds = value.parse().map_err(|_| usage())?,
            "--days" => days = value.parse().map_err(|_| usage())?,
            "--seed" => only = Some(value.parse().map_err(|_| usage())?),
            _ => {
                let known = "--seeds, --days, --seed, --country";
                return Err((2, format!("{name} is not known; known are {known}")));
            }
        }
    }
    let (first, last) = only.map_or((1, seeds), |seed| (seed, seed));
    let started = Instant::now();
    let (mut steps, mut registered, mut crashes, mut declared) = (0, 0, 0, 0);
    let mut trace = 0;
    for seed in first..=last {
        let tally = shops.play(seed, days).map_err(|violation| {
            let before = violation.before.join("\n");
            let again = match shops.play(seed, days) {
                Err(again) if (again.day, again.step) == (violation.day, violation.step) => {
                    "played again, the seed gives the same violation"
                }
                _ => "played again, the seed gives another violation: something in the simulation does not follow from the seed",
            };
            let command = format!("--seed {seed} --days {days}{}", shops.argument());
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
