//! Deadlines: a caller gets an answer before its timeout, and an order whose callers have all timed out is dropped unsold.

use std::time::Duration;

use ferrotill_core::refusal::Refusal;

use super::super::device_state::{Answer, Caller, FiscalState, PrinterWork};
use super::{Effect, Tills};

impl Tills {
    /// Answers callers shortly before their deadline, and drops queued orders for which no caller waits any more.
    pub(in crate::clerk) fn answer_expired_callers(&mut self, effects: &mut Vec<Effect>) {
        let now = self.monotonic();
        let due = |caller: &Caller| {
            caller
                .deadline
                .checked_sub(ANSWER_MARGIN)
                .is_none_or(|end| end <= now)
        };
        for device_state in &mut self.devices {
            let unsettled = device_state.current_till().outstanding().is_some();
            let answer = if unsettled {
                Answer::Refused {
                    refusal: Refusal::DeviceUnsettled,
                    faults: Vec::new(),
                    state: FiscalState::NotRegistered,
                }
            } else {
                Answer::Unknown {
                    message: PRINTER_UNREACHABLE.to_owned(),
                }
            };
            for entry in &mut device_state.queue {
                let (due, waiting) = entry.callers.drain(..).partition(due);
                entry.callers = waiting;
                // The order may still be sold, because other callers wait for it.
                let answer = if entry.callers.is_empty() {
                    answer.clone()
                } else {
                    still_wanted()
                };
                effects.push(Effect::Respond(due, answer));
            }
            device_state.queue.retain(|entry| !entry.callers.is_empty());
            let printing = match &mut device_state.printer_work {
                PrinterWork::Slip(slip) => Some(&mut **slip),
                _ => None,
            };
            for slip in device_state.slips.iter_mut().chain(printing) {
                let (due, waiting) = slip.callers.drain(..).partition(due);
                slip.callers = waiting;
                effects.push(Effect::Respond(
                    due,
                    Answer::Registered {
                        id: slip.id,
                        replayed: false,
                    },
                ));
            }
        }
    }
}

fn still_wanted() -> Answer {
    Answer::Unknown {
        message: "another caller still waits for the same request; repeat it with the same id"
            .to_owned(),
    }
}

/// How long before its deadline a caller is answered, so that the answer arrives in time.
pub(super) const ANSWER_MARGIN: Duration = Duration::from_millis(100);

/// The answer to a caller whose deadline comes while the printer cannot be reached.
const PRINTER_UNREACHABLE: &str = "the printer could not be reached in time; repeat the request with the same id: this never makes a second document";
