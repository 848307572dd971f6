//! Turns: which job of a device is begun next.
//!
//! Orders that need no printer are carried out at once. The printer gets one job of each kind in turn, so that slips do not hold up
//! documents, nor documents the drawer.

use super::super::device_state::{Activity, BusyJob, OpeningDrawer};
use super::super::devices::DevicePlace;
use super::super::queue::{ANSWER_MARGIN, DrawerRequest, Job, QueuedOrder};
use super::{Effect, Tills};
use crate::order::OrderForm;
use crate::seal::printer::{Permit, Task};
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// For each device: checks the printer's day, then begins jobs until one is unsettled or the rest must wait.
    pub(in crate::clerk) fn advance_all(
        &mut self,
        batch: &mut Batch<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        for index in self.devices.places() {
            // A Z-report that the printer made by itself is written first: the next document may open a new shift.
            self.check_printer_day(batch, index, effects)?;
            self.prepare_due_receipt(batch, index, effects)?;
            let settled = self.devices[index].take_until_settled();
            effects.extend(settled.into_iter().map(Effect::Settled));
            self.advance(batch, index, effects)?;
            self.decide_waiting(batch, index, effects)?;
        }
        Ok(())
    }

    /// Begins jobs of a device until a document is outstanding or all other jobs must wait.
    fn advance(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        while let Some(job) = self.next_job(index) {
            match job {
                Job::Order(order) => self.begin_order(batch, index, *order, effects)?,
                Job::Slip(slip) => {
                    let task = Box::new(Task::Slip(slip.id, slip.paper.clone()));
                    self.devices[index].activity = Activity::Busy(BusyJob::Slip(slip));
                    effects.push(Effect::Print(index, task));
                }
                Job::Drawer(request) => self.begin_drawer(index, request, effects),
            }
        }
        Ok(())
    }

    /// Takes the next job of a device that can be begun now.
    fn next_job(&mut self, index: DevicePlace) -> Option<Job> {
        // The queue is taken out of the state, because the question whether an order is ready looks at the rest of the state.
        let mut queue = std::mem::take(&mut self.devices[index].queue);
        let ready =
            queue.take_order(|form| self.is_ready(index, form) && !self.terminal_is_busy(form));
        let next = match ready {
            Some(order) => Some(Job::Order(Box::new(order))),
            None if self.devices[index].printer_free() => {
                let by_printer = self.needs_printer(false);
                queue.take_turn(|form| by_printer && !self.terminal_is_busy(form))
            }
            None => None,
        };
        self.devices[index].queue = queue;
        next
    }

    /// True if the order becomes a document that is sealed without the fiscal printer, and that waits for no other document.
    ///
    /// While a document of the printer is not settled, only an alternative receipt is begun, and only if nobody knows when the document
    /// will be settled: the printer may be destroyed.
    fn is_ready(&self, index: DevicePlace, form: &OrderForm) -> bool {
        let alternative = self.wants_alternative(index, form);
        let device_state = &self.devices[index];
        if device_state.current_till().signed().prepared().is_some() {
            return false;
        }
        if device_state.current_till().outstanding().is_some() {
            return alternative && device_state.unsettled_for_long();
        }
        !self.is_sealed_by_printer(index, form, alternative)
    }

    /// Reserves the document of an order, and seals it or gives it to the printer.
    fn begin_order(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        order: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Some(order) = self.pay_first(batch, index, order, effects)? else {
            return Ok(());
        };
        let Some(order) = self.settle_first(batch, index, order, effects)? else {
            return Ok(());
        };
        let alternative = self.wants_alternative(index, &order.form);
        if alternative && self.devices.len() > 1 {
            // In a test, two devices may share a range.
            self.adopt_of_device(batch, index)?;
        }
        match self.reserve(batch, index, &order, alternative)? {
            Err(refused) => {
                self.give_back(order.form.id);
                self.refuse(batch, order, refused, effects)
            }
            Ok(reservation) => {
                if let Some(reason) = order.form.terminal_failure() {
                    let reserved_seq = reservation.document.row.reserved_seq;
                    batch.note_print_error(reserved_seq, Some(&reason))?;
                }
                self.begin(batch, index, reservation, order, effects)
            }
        }
    }

    fn begin_drawer(
        &mut self,
        index: DevicePlace,
        request: DrawerRequest,
        effects: &mut Vec<Effect>,
    ) {
        let DrawerRequest { reply, deadline } = request;
        // At this moment the caller is answered, whatever the printer's thread does.
        let answered_at = deadline.checked_sub(ANSWER_MARGIN).unwrap_or(deadline);
        let permit = Permit::until(answered_at);
        let task = Box::new(Task::Drawer(permit.clone()));
        self.devices[index].activity = Activity::Busy(BusyJob::Drawer(OpeningDrawer {
            reply: Some(reply),
            deadline,
            permit,
        }));
        effects.push(Effect::Print(index, task));
    }
}
