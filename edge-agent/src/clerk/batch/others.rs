//! Fiscal receipts of a printer that this till has not made, found when the agent meets the printer after a start (decision 0063).
//!
//! An older copy of a data folder cannot see the machine that sells from a restored backup. It sees the printer, whose counters are ahead.
//! Receipts that are made at the printer's keys while the agent runs are lawful, and are a problem in health only.

use ferrotill_core::Amount;
use ferrotill_core::event::{OthersStep, ReceiptsOfOthers};
use ferrotill_core::seal::PrinterDay;
use ferrotill_core::till::{Command, Till};
use ferrotill_device::printer::Baseline;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::answer::ResourceOutcome;
use super::super::device_state::DeviceState;
use super::super::devices::DevicePlace;
use super::{ClerkSettings, Effect, Tills};
use crate::seal::printer::job::stored_baseline;
use crate::status::problems::{HealthProblem, ProblemKind};
use ferrotill_store::{Batch, ExpectedReceipts, StoreError};

impl Tills {
    /// Compares the counters of the printer with the journal, once after each start. The printer is that of the last document.
    pub(super) fn find_receipts_of_others(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        known: &Baseline,
        now: &Baseline,
    ) -> Result<(), StoreError> {
        let device_state = &mut self.devices[index];
        if device_state.met_printer || std::mem::replace(&mut device_state.meets_printer, true) {
            return Ok(());
        }
        let (device, till) = (device_state.device, device_state.current_till());
        if till.has_receipts_of_others() || till.accepts_others_until(now.last_document) {
            return Ok(());
        }
        let Some(expected) = batch.expected_receipts(device)? else {
            return Ok(());
        };
        let receipts = receipts_of_others(&self.devices[index], expected, known, now);
        if receipts == 0 {
            return Ok(());
        }
        let noted = ReceiptsOfOthers {
            at: self.settings.guard.now(),
            step: OthersStep::Found { receipts },
            now: stored_baseline(now),
        };
        self.decide(batch, index, &Command::NoteOthers(noted))?
            .map_err(|refusal| StoreError::NotBooked { refusal })?;
        tracing::warn!(%device, receipts, "printer {} is before fiscal receipt {} (Z-report {:?}), and the journal explains {} (Z-report {:?})", now.serial, now.next_fiscal_receipt, now.z_number, expected.next, known.z_number);
        publish(&self.settings, device);
        Ok(())
    }

    /// Whether the counters of the printer are no news: a person must decide about its receipts, or has accepted them.
    pub(super) fn knows_of_others(&self, index: DevicePlace, now: &Baseline) -> bool {
        let till = self.devices[index].current_till();
        till.has_receipts_of_others() || till.accepts_others_until(now.last_document)
    }

    /// A person says that a device goes on. The caller is answered after the commit.
    pub(super) fn on_go_on(
        &mut self,
        batch: &mut Batch<'_>,
        device: Uuid,
        by: &str,
        reply: oneshot::Sender<ResourceOutcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        // The caller is answered too if the store cannot be written: `roll_back` replaces the outcome of every caller.
        let (outcome, result) = match self.go_on(batch, device, by) {
            Ok(outcome) => (outcome, Ok(())),
            Err(error) => (ResourceOutcome::NotKnown(error.to_string()), Err(error)),
        };
        effects.push(Effect::ResourceChanged(vec![reply], outcome));
        result
    }

    fn go_on(
        &mut self,
        batch: &mut Batch<'_>,
        device: Uuid,
        by: &str,
    ) -> Result<ResourceOutcome, StoreError> {
        let Some(index) = self.index_of(device) else {
            return Ok(ResourceOutcome::Unknown);
        };
        let device_state = &self.devices[index];
        if !device_state.current_till().has_receipts_of_others() {
            let why = "the printer of this device has no fiscal receipts that wait for a person";
            return Ok(ResourceOutcome::Failed(why.to_owned()));
        }
        let read = device_state.baseline.as_ref();
        let Some(now) = read.or(device_state.known_counters.as_ref()).cloned() else {
            let why = "the counters of the printer are not known; connect it, and send this again";
            return Ok(ResourceOutcome::Failed(why.to_owned()));
        };
        let noted = ReceiptsOfOthers {
            at: self.settings.guard.now(),
            step: OthersStep::Accepted { by },
            now: stored_baseline(&now),
        };
        match self.decide(batch, index, &Command::NoteOthers(noted))? {
            Ok(_) => {}
            Err(refusal) => return Ok(ResourceOutcome::Failed(refusal.to_string())),
        }
        let problems = self.settings.live_status.problems();
        problems.clear(ProblemKind::RECEIPTS_OF_OTHERS, Some(device));
        tracing::warn!(event = "repair", %device, by, "a person has decided that the device goes on, although printer {} has fiscal receipts that this till has not made", now.serial);
        Ok(ResourceOutcome::Done)
    }
}

/// Lists the problem of a till whose journal says that a person must decide.
pub(super) fn publish_at_start(settings: &ClerkSettings, device: Uuid, till: &Till) {
    if till.has_receipts_of_others() {
        publish(settings, device);
    }
}

fn publish(settings: &ClerkSettings, device: Uuid) {
    settings.live_status.problems().raise(HealthProblem {
        kind: ProblemKind::RECEIPTS_OF_OTHERS,
        device: Some(device),
        since_ms: settings.guard.now().utc_ms,
        says: "the printer has fiscal receipts that this till has not made; the device makes reports only until a person has decided".to_owned(),
        fix: format!(
            "if another machine sells with this printer, because this folder was restored there, take this machine out of use; if the receipts were made at the printer's keys, say so: `ferrotill settle {device} --go-on --by NAME`"
        ),
    });
}

/// How many fiscal receipts the counters prove that the journal does not have; 0 if they prove none.
fn receipts_of_others(
    device_state: &DeviceState,
    expected: ExpectedReceipts,
    known: &Baseline,
    now: &Baseline,
) -> u32 {
    let day = stored_baseline(now).day_since(&stored_baseline(known));
    if matches!(day, PrinterDay::Lost | PrinterDay::Another) {
        return 0;
    }
    let next = now.next_fiscal_receipt;
    if now.counts_receipts_for_ever() || (day == PrinterDay::Open && !expected.closed) {
        return match expected.next {
            0 => 0,
            expected => next.saturating_sub(expected),
        };
    }
    // Some firmware of a family whose counter begins again with each day counts for ever. The till's Z-report, which is later than the
    // known counters, is then the only document since.
    let only_z = now.last_document.saturating_sub(known.last_document) <= 1;
    if expected.closed && only_z && next == expected.next {
        return 0;
    }
    // The counter has begun again since the last document.
    let today = next.saturating_sub(1);
    if today == 0 && day == PrinterDay::Closed && closed_day_has_others(device_state, known, now) {
        return 1;
    }
    today
}

/// Whether the last Z-report, which the printer has made by itself, has sales that the journal does not have.
fn closed_day_has_others(device_state: &DeviceState, known: &Baseline, now: &Baseline) -> bool {
    let last_z = device_state.last_z.as_ref();
    let Some(day) = last_z.filter(|day| Some(day.z_number) == now.z_number) else {
        return false;
    };
    let till = device_state.current_till();
    let is_next = known.z_number.and_then(|z| z.checked_add(1)) == now.z_number;
    let shift = till
        .shift()
        .filter(|shift| is_next && !shift.is_alternative());
    let Some(shift) = shift else {
        // A whole day of others, or a day in which this till has printed nothing.
        return day.groups.iter().any(|amount| *amount > Amount::ZERO);
    };
    till.sums_are_of(&stored_baseline(known))
        && day
            .groups
            .iter()
            .zip(shift.sales.groups.by_letter())
            .any(|(printer, journal)| *printer > journal)
}
