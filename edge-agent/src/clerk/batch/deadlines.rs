//! Patience: nobody waits longer than they said, and nothing is sold behind a caller's back.

use std::time::Duration;

use ferrotill_core::refusal::Refusal;

use super::super::device_state::{Answer, Caller, FiscalState, Printing};
use super::{Effect, Tills};

impl Tills {
    /// Answers those whose patience ends, and takes orders that nobody waits for any more off the queue.
    pub(in crate::clerk) fn expire(&mut self, effects: &mut Vec<Effect>) {
        let now = self.monotonic();
        let due = |caller: &Caller| {
            caller
                .deadline
                .checked_sub(MARGIN)
                .is_none_or(|end| end <= now)
        };
        for device_state in &mut self.devices {
            let unsettled = device_state.current().outstanding().is_some();
            let answer = if unsettled {
                Answer::Refused {
                    refusal: Refusal::DeviceUnsettled,
                    faults: Vec::new(),
                    state: FiscalState::NotRegistered,
                }
            } else {
                Answer::Unknown {
                    message: PRINTER_NOT_THERE.to_owned(),
                }
            };
            for entry in &mut device_state.queue {
                let (due, waiting) = entry.callers.drain(..).partition(due);
                entry.callers = waiting;
                // An order that others still wait for may yet be sold.
                let answer = if entry.callers.is_empty() {
                    answer.clone()
                } else {
                    still_wanted()
                };
                effects.push(Effect::Respond(due, answer));
            }
            device_state.queue.retain(|entry| !entry.callers.is_empty());
            let printing = match &mut device_state.printing {
                Printing::Slip(slip) => Some(&mut **slip),
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

/// Callers get their answer so long before their patience ends, so that it still reaches them.
pub(super) const MARGIN: Duration = Duration::from_millis(100);

/// What a caller is told whose patience ended while the printer was being connected.
const PRINTER_NOT_THERE: &str = "the printer could not be reached in time; repeat the request with the same id, which is always safe";
