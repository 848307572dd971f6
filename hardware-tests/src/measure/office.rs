//! Measures how soon a backlog is sent, and what a receipt costs on a slow line to the printer.

use std::path::Path;
use std::time::Duration;

use ferrotill::simulator::tax_office::AuthorityCondition;

use super::figures::{Hundredths, Nanoseconds, Row, Times};
use super::outside::{ALTERNATIVE, FISCAL, OutsideTill, Setup};
use super::process::Programs;
use super::{MeasurePlan, Measured};

/// Measures how long an authority that answers after a tenth of a second needs for a thousand documents.
pub(super) fn drain(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    const DOCUMENTS: usize = 1_000;
    const ANSWER_AFTER: Duration = Duration::from_millis(100);
    let documents = wanted.times(DOCUMENTS).min(DOCUMENTS);
    let mut till = OutsideTill::start_in(&Programs::of(wanted)?, folder, Setup::NEW)?;
    till.sell(10, FISCAL)?;
    till.drained(Duration::from_secs(60))?;
    till.set_authority(AuthorityCondition::Down, Duration::ZERO);
    for _ in 0..documents {
        till.sell(2, ALTERNATIVE)?;
    }
    till.set_authority(AuthorityCondition::Slow, ANSWER_AFTER);
    let took = till.drained(Duration::from_secs(400))?;
    till.stop()?;
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let limit = u64::try_from(documents).unwrap_or(u64::MAX) * 25;
    Ok(vec![
        Row::at_most(
            "a backlog of 1,000 documents, authority 100 ms away",
            "at most 25 s",
            (milliseconds, limit),
            format!("{documents} documents; the time until the till tries again is part of it"),
            format!("{} s", Hundredths(milliseconds / 10)),
        )
        .timed(),
    ])
}

/// Measures receipts of two and ten lines on slow lines to the printer, and counts their commands.
pub(super) fn papers(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    const COMMANDS_MAX: u64 = 8;
    let programs = Programs::of(wanted)?;
    let mut rows = Vec::new();
    for baud in [9_600, 115_200] {
        let data = super::made(folder, &baud.to_string())?;
        let setup = Setup {
            baud: Some(baud),
            ..Setup::NEW
        };
        let mut till = OutsideTill::start_in(&programs, &data, setup)?;
        till.sell_many(2, 2)?;
        for lines in [2, 10] {
            let before = till.rig.snapshot(false).commands;
            let mut times = Times::default();
            let receipts = wanted.times(7);
            for _ in 0..receipts {
                times.push(till.sell(lines, FISCAL)?);
            }
            let commands = till.rig.snapshot(false).commands - before;
            let commands = commands * 100 / u64::try_from(receipts).unwrap_or(1);
            let what = format!("receipt of {lines} lines at {baud} baud");
            let measured = format!(
                "{} commands; p50 {}",
                Hundredths(commands),
                Nanoseconds(times.p50())
            );
            // No other program that prints is part of this tree, so its time is no baseline here.
            let baseline = "no baseline of another program here";
            rows.push(match lines {
                2 => Row::at_most(
                    what,
                    "at most 8 commands",
                    (commands, COMMANDS_MAX * 100),
                    baseline,
                    measured,
                ),
                _ => Row::without_target(what, baseline, measured),
            });
        }
        till.stop()?;
    }
    Ok(rows)
}
