//! An operator's correction of the time (decision 0023).
//!
//! The journal gets one event for each device, so that no document of the device is later than its next one without a reason that
//! the journal names. The guarded clock is set before the commit, because the commit stores it, and is put back if the commit fails.

use ferrotill_core::event::ClockSet;
use ferrotill_core::receipt::Scratch;
use ferrotill_core::refusal::{IgnoreFaults, Refusal};
use ferrotill_core::till::{Command, Known};
use tokio::sync::oneshot;

use super::super::devices::DevicePlace;
use super::super::message::ClockOutcome;
use super::{Effect, Tills};
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// Sets the time, unless a rule forbids it on any device. The caller is answered after the commit.
    pub(super) fn on_set_clock(
        &mut self,
        batch: &mut Batch<'_>,
        (at_ms, by): (i64, &str),
        reply: oneshot::Sender<ClockOutcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let decided = if self.settings.guard.is_shown(at_ms) {
            self.set_clock(batch, at_ms, by)
        } else {
            Ok(ClockOutcome::NotShown)
        };
        // The caller is answered too if the store cannot be written: `roll_back` replaces the outcome of every caller.
        let (outcome, result) = match decided {
            Ok(outcome) => (outcome, Ok(())),
            Err(error) => (ClockOutcome::Unknown(error.to_string()), Err(error)),
        };
        effects.push(Effect::ClockSet(reply, outcome));
        result
    }

    fn set_clock(
        &mut self,
        batch: &mut Batch<'_>,
        at_ms: i64,
        by: &str,
    ) -> Result<ClockOutcome, StoreError> {
        let before = self.settings.guard.now();
        let at = self.settings.clock.moment(at_ms);
        let command = Command::SetClock(ClockSet { before, at, by });
        let mut places = Vec::new();
        for index in self.devices.places() {
            match self.would_refuse(index, &command) {
                Ok(()) => places.push(index),
                // Nobody can close the shift of a device that is no longer configured, so it does not hold up the correction.
                Err(_) if self.devices[index].removed => {}
                Err(refusal) => {
                    let device = self.devices[index].device;
                    return Ok(ClockOutcome::Refused(device, refusal));
                }
            }
        }
        for index in places {
            self.decide(batch, index, &command)?
                .map_err(|refusal| StoreError::NotBooked { refusal })?;
        }
        let earlier = self.settings.guard.set(at_ms);
        self.clock_before.get_or_insert(earlier);
        tracing::warn!(%by, before_ms = before.utc_ms, at_ms, "an operator has set the time");
        Ok(ClockOutcome::Set)
    }

    /// Decides on a command without writing its event.
    fn would_refuse(&self, index: DevicePlace, command: &Command<'_>) -> Result<(), Refusal> {
        let scratch = Scratch {
            lines: &mut [],
            bytes: &mut [],
        };
        let known = Known::default();
        let till = self.devices[index].current_till();
        let now = self.settings.guard.now();
        let profile = self.settings.profile;
        till.decide(profile, command, &known, now, scratch, &mut IgnoreFaults)
            .map(drop)
    }
}
