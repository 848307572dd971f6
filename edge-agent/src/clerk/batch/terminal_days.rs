//! The days of bank terminals: a closeday settles them first, and an X-report shows their totals.
//!
//! The report is made whatever the terminals say. A terminal that is not settled is named on the report and in health.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::super::answer::{Answer, Caller, FiscalState};
use super::super::devices::DevicePlace;
use super::super::queue::{QueuedOrder, take_due};
use super::orders::clash;
use super::{Effect, Tills};
use crate::order::{OrderKind, TerminalDay, TerminalTotals};
use crate::payment::TerminalTask;
use crate::status::problems::{HealthProblem, ProblemKind};
use ferrotill_store::{Batch, StoreError};

/// How long a report waits for terminals at most. It also waits at most half of the time that its caller has left.
const DAY_WAIT: Duration = Duration::from_secs(5);

/// A report that waits for terminals.
#[derive(Debug)]
pub(super) struct HeldReport {
    pub(super) order: QueuedOrder,
    index: DevicePlace,
    waits_for: Vec<Uuid>,
    days: Vec<TerminalDay>,
    until: Instant,
}

impl Tills {
    /// Returns the order if it needs no answers of terminals, or has them. Otherwise the terminals are asked first.
    pub(super) fn settle_first(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        order: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<QueuedOrder>, StoreError> {
        let terminals = &order.form.terminals;
        if !terminals.with_report || terminals.days.is_some() {
            return Ok(Some(order));
        }
        let waits_for = self.settings.terminals.settled_at_closeday();
        if waits_for.is_empty() {
            return Ok(Some(order));
        }
        // No terminal is settled for a report that is refused.
        if let Err(refused) = self.admit(batch, index, &order, false)? {
            self.refuse(batch, order, refused, effects)?;
            return Ok(None);
        }
        let id = order.form.id;
        let is_z = matches!(order.form.kind, OrderKind::Report { z: true });
        for terminal in &waits_for {
            let task = if is_z {
                TerminalTask::Settle(id)
            } else {
                TerminalTask::Totals(id)
            };
            effects.push(Effect::AskTerminal(*terminal, task));
        }
        let now = self.monotonic();
        let deadlines = order.callers.iter().map(|caller| caller.deadline);
        let left = deadlines.max().map_or(DAY_WAIT, |deadline| {
            deadline
                .saturating_duration_since(now)
                .checked_div(2)
                .unwrap_or_default()
        });
        self.held_reports.push(HeldReport {
            order,
            index,
            waits_for,
            days: Vec::new(),
            until: self.after(left.min(DAY_WAIT)),
        });
        Ok(None)
    }

    /// An order that repeats a report which waits for terminals joins it. Returns the order if it repeats none.
    pub(super) fn join_held_report(
        &mut self,
        index: DevicePlace,
        order: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Option<QueuedOrder> {
        let device = self.devices[index].device;
        let mut held = self.held_reports.iter_mut();
        let id = order.form.id;
        let Some(held) = held.find(|held| held.order.form.id == id) else {
            return Some(order);
        };
        if !held.order.fingerprint.is_of(&order.form, device) {
            let clash = clash(FiscalState::Unknown);
            effects.push(Effect::Respond(order.callers, clash));
            return None;
        }
        let joined = order.callers.into_iter().map(|caller| Caller {
            joined: true,
            ..caller
        });
        held.order.callers.extend(joined);
        None
    }

    /// A terminal has answered for a report, or its answer comes too late for the report.
    pub(super) fn take_terminal_day(
        &mut self,
        report: Uuid,
        terminal: Uuid,
        totals: Result<TerminalTotals, String>,
    ) {
        let name = self.settings.terminals.name(terminal).unwrap_or_default();
        let name = name.to_owned();
        let mut held = self.held_reports.iter_mut();
        if let Some(held) = held.find(|held| held.order.form.id == report) {
            held.waits_for.retain(|waited| *waited != terminal);
            held.days.push(TerminalDay {
                terminal,
                name,
                totals,
            });
        }
        self.release_reports();
    }

    /// Puts reports back into the queue whose terminals have all answered, or whose waiting time is over.
    pub(super) fn release_reports(&mut self) {
        let now = self.monotonic();
        for mut held in std::mem::take(&mut self.held_reports) {
            if !held.waits_for.is_empty() && held.until > now {
                self.held_reports.push(held);
                continue;
            }
            for terminal in std::mem::take(&mut held.waits_for) {
                let name = self.settings.terminals.name(terminal).unwrap_or_default();
                held.days.push(TerminalDay {
                    terminal,
                    name: name.to_owned(),
                    totals: Err("it has not answered in time".to_owned()),
                });
            }
            self.note_settlement(&held);
            held.order.form.terminals.days = Some(held.days);
            self.devices[held.index].queue.put_back(held.order);
        }
    }

    /// Notes in health which terminals are not settled.
    fn note_settlement(&self, held: &HeldReport) {
        if !matches!(held.order.form.kind, OrderKind::Report { z: true }) {
            return;
        }
        let problems = self.settings.live_status.problems();
        for day in &held.days {
            let terminal = Some(day.terminal);
            match &day.totals {
                Ok(_) if problems.is_noted(ProblemKind::TERMINAL_UNSETTLED, terminal) => {
                    problems.clear(ProblemKind::TERMINAL_UNSETTLED, terminal);
                }
                Ok(_) => {}
                Err(reason) => problems.raise(HealthProblem {
                    kind: ProblemKind::TERMINAL_UNSETTLED,
                    device: terminal,
                    since_ms: self.settings.guard.now().utc_ms,
                    says: format!("the bank terminal {} is not settled: {reason}", day.name),
                    fix: "look at the terminal, and settle it there; the next closeday settles it too"
                        .to_owned(),
                }),
            }
        }
    }

    /// Answers callers whose report waits for terminals, shortly before their deadline.
    pub(super) fn answer_expired_report_callers(&mut self, effects: &mut Vec<Effect>) {
        let now = self.monotonic();
        for held in &mut self.held_reports {
            let callers = take_due(&mut held.order.callers, now);
            if !callers.is_empty() {
                let message =
                    "the bank terminals have not answered yet; repeat the request with the same id"
                        .to_owned();
                effects.push(Effect::Respond(callers, Answer::Unknown { message }));
            }
        }
    }

    /// The next moment at which a report no longer waits for terminals.
    pub(super) fn next_report_moment(&self) -> Option<Instant> {
        self.held_reports.iter().map(|held| held.until).min()
    }
}
