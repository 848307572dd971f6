//! How long a signed read takes, beside a bare axum handler that answers the same bytes.

use std::path::Path;
use std::process::Command;

use super::calls::{Line, body_of, sale_call, signed_get};
use super::figures::{Hundredths, Nanoseconds, Row, Thousands, Times, median, ratio};
use super::instructions::{self, Callgrind};
use super::outside::Setup;
use super::process::{Programs, RunningProgram};
use super::{MeasurePlan, Measured};
use crate::error_text::with_sources;

const BLOCK: usize = 100;
const ROUND: usize = 10;

/// Measures two reads: one answered from memory, and one of a receipt in the store. The client has one processor for itself, and the
/// two servers, which take turns, share another one.
pub(super) fn get(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    let programs = Programs::with_bare(wanted)?;
    let ours = RunningProgram::agent(&programs, folder)?;
    let (id, sale) = sale_call(&ours.address().to_string(), 10, "AlternativeReceiptOnly");
    Line::new(ours.address())?.good_call(&sale)?;
    let pinned = pin_client().and_then(|()| pin(ours.id(), SERVER_PROCESSOR));
    let mut rows = Vec::new();
    for (what, path) in [
        (
            "signed request to answer, nothing stored: `GET /api/v1/devices`",
            "/api/v1/devices".to_owned(),
        ),
        (
            "the same for a ten-line receipt out of the store: `GET /api/v1/alternativereceipts/{id}`",
            format!("/api/v1/alternativereceipts/{id}"),
        ),
    ] {
        rows.push(match &pinned {
            Ok(()) => beside_bare(wanted, &programs, (&ours, folder), what, &path)?,
            Err(why) => Row::not_measured(what, "at most 1.3×", why),
        });
    }
    ours.stop()?;
    rows.push(instructions_of_a_read(&programs, folder)?);
    Ok(rows)
}

/// Counts the instructions of a GET that stores nothing. At most so many are as good as the ratio above.
fn instructions_of_a_read(programs: &Programs, folder: &Path) -> Measured<Row> {
    const LIMIT: u64 = 85_000;
    let what = "instructions of `GET /api/v1/devices`";
    let target = "at most 85,000, or the ratio above";
    if let Some(why) = instructions::missing() {
        return Ok(Row::not_measured(what, target, why));
    }
    let place = super::made(folder, "instructions")?;
    let mut running = Callgrind::start(programs, &place, Setup::NEW)?;
    let (_, get) = running.sale_and_get()?;
    running.stop()?;
    let measured = Thousands(get).to_string();
    Ok(Row::at_most(what, target, (get, LIMIT), "–", measured))
}

const CLIENT_PROCESSOR: &str = "0";
const SERVER_PROCESSOR: &str = "1";

/// Keeps this thread on one processor.
fn pin_client() -> Measured {
    let thread = std::fs::read_link("/proc/thread-self").map_err(with_sources)?;
    let id = thread
        .file_name()
        .and_then(|name| name.to_str()?.parse().ok());
    pin(id.ok_or("this thread has no number")?, CLIENT_PROCESSOR)
}

/// Keeps the thread of the client, or all threads of a server, on a processor.
fn pin(id: u32, processor: &str) -> Measured {
    let mut command = Command::new("taskset");
    // With `-a` every thread of a process.
    let every = if processor == SERVER_PROCESSOR {
        &["-a"][..]
    } else {
        &[]
    };
    command.args(every);
    command.args(["-c", "-p", processor, &id.to_string()]);
    let output = command
        .output()
        .map_err(|error| format!("taskset: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "taskset: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

fn beside_bare(
    wanted: &MeasurePlan,
    programs: &Programs,
    (ours, folder): (&RunningProgram, &Path),
    what: &'static str,
    path: &str,
) -> Measured<Row> {
    let signed = signed_get(path, &ours.address().to_string());
    let mut our_line = Line::new(ours.address())?;
    let answer = our_line.good_call(&signed)?.to_vec();
    let body = body_of(&answer).ok_or("an answer without a body")?;
    let file = folder.join("answer.json");
    std::fs::write(&file, body).map_err(with_sources)?;
    let theirs = RunningProgram::bare_answer(programs, &file, path)?;
    pin(theirs.id(), SERVER_PROCESSOR)?;
    let bare = theirs.address();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {bare}\r\n\r\n");
    let mut bare_line = Line::new(bare)?;
    let (mut ratios, mut ours_p50, mut bare_p50) = (vec![], vec![], vec![]);
    for _ in 0..wanted.times(15) {
        let [mut ours, mut bare] = [Times::default(), Times::default()];
        for _ in 0..ROUND {
            for _ in 0..BLOCK {
                ours.push(our_line.timed(&signed)?);
            }
            for _ in 0..BLOCK {
                bare.push(bare_line.timed(request.as_bytes())?);
            }
        }
        ratios.push(ratio(ours.p50(), bare.p50()));
        ours_p50.push(ours.p50());
        bare_p50.push(bare.p50());
    }
    theirs.stop()?;
    let middle = median(ratios);
    let baseline = format!(
        "a bare axum handler, the same {} bytes, client and server on a processor each: {}",
        body.len(),
        Nanoseconds(median(bare_p50))
    );
    let measured = format!("{}×: {}", Hundredths(middle), Nanoseconds(median(ours_p50)));
    Ok(if path.ends_with("devices") {
        Row::at_most(what, "at most 1.3×", (middle, 130), baseline, measured).timed()
    } else {
        Row::without_target(what, baseline, measured).timed()
    })
}
