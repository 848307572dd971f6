//! What the agent finds about itself without a document, for `/healthz` and `/metrics`: clock, offline limits, and the end of shifts.

use ferrotill_core::budget::{AtTheEnd, Budget, Left};

use crate::api::service::Service;
use crate::status::problems::ProblemKind;
use crate::time::clock::iso_utc;
use crate::time::guarded_clock::ClockProblemKind;

/// Notes in the live status what is wrong now, and what is not wrong any more. Reads neither the store nor the disk.
pub fn note(service: &Service) {
    let live_status = &service.live_status;
    let now_ms = service.guard.now().utc_ms;
    live_status.noticed_at(now_ms);
    let clock = service.guard.problem();
    live_status.clock_problem(clock.map(|problem| {
        let kind = match problem.kind {
            ClockProblemKind::Unconfirmed => ProblemKind::CLOCK_UNCONFIRMED,
            ClockProblemKind::Ahead => ProblemKind::CLOCK_AHEAD,
        };
        (kind, problem.says, problem.fix)
    }));
    // Today's time without the authority does not count while it answers.
    let offline = service.guard.is_offline();
    let reached = |(budget, left): (&Budget, Left), texts: [&'static str; 2]| {
        let left = if offline { left } else { left.while_online() };
        let [stops, goes_on] = texts;
        left.is_used_up().then_some(match budget.at_the_end {
            AtTheEnd::Stop => stops,
            AtTheEnd::Report => goes_on,
        })
    };
    let [law, owner] = service.budgets();
    let limits = [
        reached(law, [LAW_STOPS, LAW_GOES_ON]),
        reached(owner, [OWNER_STOPS, OWNER_GOES_ON]),
    ];
    let limits: Vec<&str> = limits.into_iter().flatten().collect();
    live_status.offline_limits_reached(&limits);
    for device in &service.settings.devices {
        live_status.note_shift(device.id, &device.name, now_ms, iso_utc);
    }
}

const LAW_STOPS: &str =
    "the law's limit of selling without the authority is reached, and no fiscal documents are made";
const LAW_GOES_ON: &str = "the law's limit of selling without the authority is reached: the outage must be reported to the authority";
const OWNER_STOPS: &str = "the owner's limit of selling without the authority is reached, and no fiscal documents are made";
const OWNER_GOES_ON: &str =
    "the owner's limit of selling without the authority is reached; sales go on";
