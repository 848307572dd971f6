//! Deadlines: a caller gets an answer before its timeout, and a job that nobody waits for any more is not begun.

use ferrotill_core::refusal::Refusal;

use super::super::answer::{Answer, DrawerOutcome, FiscalState};
use super::super::device_state::{Activity, BusyJob, DeviceState};
use super::super::queue::{Expired, JobKind, is_due, take_due};
use super::{Effect, Tills};

impl Tills {
    /// Answers callers shortly before their deadline. Jobs that nobody waits for afterwards leave the queue.
    pub(in crate::clerk) fn answer_expired_callers(&mut self, effects: &mut Vec<Effect>) {
        self.release_reports();
        self.answer_expired_card_callers(effects);
        self.answer_expired_report_callers(effects);
        let now = self.monotonic();
        for device_state in &mut self.devices {
            let reason = WaitReason::of(device_state);
            for expired in device_state.queue.take_expired(now) {
                effects.push(match expired {
                    Expired::Order {
                        callers,
                        still_wanted: true,
                        ..
                    } => Effect::Respond(callers, still_wanted()),
                    Expired::Order {
                        callers,
                        is_paid: true,
                        ..
                    } => Effect::Respond(callers, paid()),
                    Expired::Order {
                        callers,
                        is_decided: false,
                        ..
                    } => Effect::Respond(callers, not_looked_at()),
                    Expired::Order {
                        callers,
                        orders_before,
                        ..
                    } => Effect::Respond(callers, reason.answer(orders_before)),
                    Expired::Slip(answer, callers) => Effect::Respond(callers, answer),
                    Expired::Drawer(request) => {
                        let outcome = DrawerOutcome::NotOpened(reason.words().to_owned());
                        Effect::Drawer(request.reply, outcome)
                    }
                });
            }
            match &mut device_state.activity {
                Activity::Busy(BusyJob::Slip(slip)) => {
                    let answer = slip.late_answer();
                    effects.push(Effect::Respond(take_due(&mut slip.callers, now), answer));
                }
                Activity::Busy(BusyJob::Drawer(opening)) if is_due(opening.deadline, now) => {
                    if let Some(reply) = opening.reply.take() {
                        // The caller gets "not opened" only if the printer's thread can never begin the job.
                        let outcome = if opening.permit.withdraw() {
                            DrawerOutcome::NotOpened(BUSY.to_owned())
                        } else {
                            DrawerOutcome::Unknown(DRAWER_BEGUN.to_owned())
                        };
                        effects.push(Effect::Drawer(reply, outcome));
                    }
                }
                Activity::Busy(BusyJob::Drawer(_)) | Activity::Idle | Activity::Unsettled(_) => {}
            }
        }
    }
}

/// Why the jobs of a device wait.
enum WaitReason {
    /// A document is not settled.
    Unsettled,
    /// The printer is not connected, with the reason if an attempt to reach it has failed.
    Unreachable(Option<String>),
    /// Other jobs are before them.
    Busy { slips: usize },
}

impl WaitReason {
    fn of(device_state: &DeviceState) -> Self {
        if device_state.current_till().outstanding().is_some() {
            Self::Unsettled
        } else if device_state.baseline.is_none() {
            Self::Unreachable(device_state.printer_lost.clone())
        } else {
            let printing = matches!(device_state.activity, Activity::Busy(BusyJob::Slip(_)));
            Self::Busy {
                slips: device_state
                    .queue
                    .count(JobKind::Slip)
                    .saturating_add(usize::from(printing)),
            }
        }
    }

    /// The answer to the callers of an order that has left the queue.
    fn answer(&self, orders_before: usize) -> Answer {
        match self {
            Self::Unsettled => Answer::Refused {
                refusal: Refusal::DeviceUnsettled,
                faults: Vec::new(),
                state: FiscalState::NotRegistered,
            },
            Self::Unreachable(None) => Answer::Unknown {
                message: format!("the printer could not be reached in time; {REPEAT}"),
            },
            Self::Unreachable(Some(reason)) => Answer::Unknown {
                message: format!("{reason}; {REPEAT}"),
            },
            Self::Busy { slips } => Answer::Unknown {
                message: format!(
                    "the printer was busy until the end of the waiting time: {slips} slips and {orders_before} orders were in line with \
                     this one, which was not begun; {REPEAT}"
                ),
            },
        }
    }

    /// The reason for a caller whose drawer stays closed.
    const fn words(&self) -> &'static str {
        match self {
            Self::Unsettled => {
                "the printer has a document that is not settled yet; the drawer is not opened later"
            }
            Self::Unreachable(_) => {
                "the printer could not be reached in time; the drawer is not opened later"
            }
            Self::Busy { .. } => BUSY,
        }
    }
}

fn still_wanted() -> Answer {
    Answer::Unknown {
        message: "another caller still waits for the same request; repeat it with the same id"
            .to_owned(),
    }
}

/// The answer to a caller whose order waits for the printer after the card was charged.
fn paid() -> Answer {
    Answer::Unknown {
        message: format!(
            "the card payment is made, and the document waits for the printer; {REPEAT}"
        ),
    }
}

/// The answer to a caller whose waiting time was over before the order was decided. Its document may exist.
fn not_looked_at() -> Answer {
    Answer::Unknown {
        message: format!("the waiting time was over before the request was looked at; {REPEAT}"),
    }
}

/// The end of each answer to a caller whose order was not begun.
const REPEAT: &str = "repeat the request with the same id: this never makes a second document";
/// Why a drawer was not opened while the printer was reachable.
const BUSY: &str = "the printer was busy with other jobs; the drawer is not opened later";
/// The answer to a caller whose drawer request was begun.
const DRAWER_BEGUN: &str = "the printer was asked to open the drawer and has not answered in time; look whether the drawer is open";
