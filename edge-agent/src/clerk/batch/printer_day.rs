//! What people and clocks do at the printer itself: its own Z-report is noticed and booked, a swapped printer is noticed and stopped.

use std::sync::Arc;

use ferrotill_core::event::ClosedByPrinter;
use ferrotill_core::seal::{PrinterCounters, PrinterDay, Seal};
use ferrotill_core::till::Command;
use ferrotill_device::printer::{Baseline, ClosedDay, Connected};
use uuid::Uuid;

use super::super::device_state::QueuedOrder;
use super::{Effect, Tills, document_id};
use crate::order::{OrderForm, OrderKind};
use crate::seal::printer::job::stored;
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// Holds the printer's counters against those that the books know.
    ///
    /// While a document is outstanding nothing is concluded: it is settled first, and the Z-report that is seen may be its own.
    pub(super) fn look_at_the_day(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        if !self.on_printer(false) {
            // It prints slips, and its own day is no part of the law's.
            return Ok(());
        }
        let device_state = &mut self.devices[index];
        if device_state.current().outstanding().is_some() {
            return Ok(());
        }
        let Some(now) = device_state.baseline.clone() else {
            return Ok(());
        };
        let Some(seen) = device_state.seen.clone() else {
            device_state.seen = Some(now);
            return Ok(());
        };
        match stored(&now).day_since(&stored(&seen)) {
            PrinterDay::Open => {}
            PrinterDay::Lost => tracing::error!(
                device = %device_state.device,
                "the printer's counters went back from {seen:?} to {now:?}: its memory was lost or exchanged; call the service"
            ),
            PrinterDay::Closed => {
                device_state.swapped = false;
                self.book_its_report(batch, index, &seen, &now, effects)?;
                self.show_objections(index);
            }
            PrinterDay::Another => {
                if self.is_swapped(index, &seen, &now) {
                    // What is known of the open shift's printer stays known, so that it is recognised when it is back.
                    return Ok(());
                }
                tracing::warn!(
                    device = %self.devices[index].device,
                    "printer {} is taken into use in the place of {}", now.serial, seen.serial
                );
            }
        }
        let device_state = &mut self.devices[index];
        device_state.seen = Some(now);
        if std::mem::take(&mut device_state.swapped) {
            self.show_objections(index);
        }
        Ok(())
    }

    /// Another printer is no matter between two shifts, or where the address names it. Otherwise the shift waits for its own.
    fn is_swapped(&mut self, index: usize, seen: &Baseline, now: &Baseline) -> bool {
        let device_state = &mut self.devices[index];
        let meant = device_state.serial.as_ref() == Some(&now.serial);
        if meant || device_state.current().shift().is_none() {
            return false;
        }
        if !std::mem::replace(&mut device_state.swapped, true) {
            tracing::error!(
                device = %device_state.device,
                "printer {} (memory {}) is connected, and the open shift is on printer {} (memory {}): nothing is printed; \
                 connect that one and close the day, or name the new one's serial number in the address (serial={})",
                now.serial, now.fiscal_memory, seen.serial, seen.fiscal_memory, now.serial
            );
            self.show_objections(index);
        }
        true
    }

    /// A printer has come: its rates are held against the configured ones.
    pub(super) fn look_at_the_rates(&mut self, index: usize, connected: &Connected) {
        if !self.on_printer(false) {
            return;
        }
        let device_state = &mut self.devices[index];
        let today = self.setting.guard.now().local_day();
        let mut configured = [None; 8];
        for (place, code) in (b'A'..=b'H').enumerate() {
            let code = ferrotill_core::tax::TaxCode::new(code);
            let group = code.and_then(|code| {
                device_state
                    .current()
                    .configuration()
                    .taxes
                    .group(code, today)
            });
            configured[place] = group.map(|group| group.rate.ten_thousandths());
        }
        device_state.rates = Some(connected.groups);
        device_state.rates_unlike = connected
            .rates_unlike(&configured)
            .iter()
            // A group that is not told is disabled, and its sales are the printer's to refuse.
            .filter(|difference| difference.printer.is_some())
            .map(ToString::to_string)
            .collect();
        if !device_state.rates_unlike.is_empty() {
            tracing::error!(
                device = %device_state.device,
                "the printer has other tax rates than the configuration, and receipts in these groups are refused: {}",
                device_state.rates_unlike.join("; ")
            );
        }
        self.show_objections(index);
    }

    /// Tells the board what keeps receipts off a printer that is there.
    fn show_objections(&self, index: usize) {
        let device_state = &self.devices[index];
        let swapped = device_state.swapped.then(|| {
            "another printer is connected than the one that the open shift is on".to_owned()
        });
        let objections = swapped
            .into_iter()
            .chain(device_state.rates_unlike.iter().cloned())
            .collect();
        Arc::clone(&self.setting.live_status).printer_objections(device_state.device, objections);
    }

    /// The printer has closed its day: so is the till's shift, with a Z-report like any other, and it is noted why.
    ///
    /// A shift of alternative receipts alone has no part in the printer's day, which may have been closed before it was opened.
    fn book_its_report(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        seen: &Baseline,
        now: &Baseline,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let device_state = &mut self.devices[index];
        let day = device_state
            .last_z
            .clone()
            .filter(|day| Some(day.z_number) == now.z_number);
        let shift = device_state.current().shift();
        let document = if shift.is_some_and(|shift| !shift.is_alternative()) {
            // It is the report of the day in which the earlier counters were read.
            device_state.baseline = Some(seen.clone());
            let document = self.close_shift(batch, index, &counters_of(seen, now, day.as_ref()));
            self.devices[index].baseline = Some(now.clone());
            effects.push(Effect::WakeSender);
            Some(document?)
        } else {
            None
        };
        tracing::warn!(
            device = %self.devices[index].device,
            "the printer has closed its day on its own (Z-report {}, last known {}); {}",
            number(now.z_number),
            number(seen.z_number),
            if document.is_some() { "the shift is closed with it" } else { "no shift of its documents was open" }
        );
        let note = ClosedByPrinter {
            at: self.setting.guard.now(),
            document: document.map(document_id),
            z_number_known: stored(seen).z_number,
            day: day.as_ref().map_or("", |day| day.day.as_str()),
            now: stored(now),
        };
        match self.decide(batch, index, &Command::NoteClosed(note))? {
            Ok(_) => Ok(()),
            Err(refusal) => Err(impossible(&refusal)),
        }
    }

    fn close_shift(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        seal: &Seal<'_>,
    ) -> Result<Uuid, StoreError> {
        let device_state = &self.devices[index];
        let form = OrderForm {
            id: Uuid::now_v7(),
            point_of_sale: device_state.point_of_sale,
            kind: OrderKind::Report { z: true },
            echo: String::new(),
            found: String::new(),
        };
        let id = form.id;
        let entry = QueuedOrder {
            fingerprint: form.fingerprint(device_state.device),
            form,
            unique: Uuid::now_v7(),
            callers: Vec::new(),
            attempts: 0,
        };
        if let Err((refusal, _)) = self.reserve(batch, index, &entry, false)? {
            return Err(impossible(&refusal));
        }
        match self.decide(batch, index, &Command::Settle(document_id(id), *seal))? {
            Ok(_) => Ok(id),
            Err(refusal) => Err(impossible(&refusal)),
        }
    }
}

/// The number of a Z-report, for people.
fn number(z_number: Option<u32>) -> String {
    z_number.map_or_else(|| "of unknown number".to_owned(), |z| z.to_string())
}

/// What is known of the printer's own report: its number where the document before it is known, its sums where it is the last one.
fn counters_of(seen: &Baseline, now: &Baseline, day: Option<&ClosedDay>) -> Seal<'static> {
    let is_next = |last: u32, next: u32| last.checked_add(1) == Some(next);
    let counters = day
        .filter(|day| {
            seen.z_number
                .is_some_and(|seen| is_next(seen, day.z_number))
        })
        .map(|day| PrinterCounters {
            z_number: day.z_number,
            sales: day.groups,
            refunds: None,
            cash: None,
            cash_in: None,
            cash_out: None,
            receipts: None,
        });
    Seal::Printer {
        document: if is_next(seen.last_document, now.last_document) {
            now.last_document
        } else {
            0
        },
        fiscal_receipt: None,
        counters,
    }
}

/// A shift that is open can be closed, and nothing is outstanding: both were looked at just before.
fn impossible(refusal: &ferrotill_core::refusal::Refusal) -> StoreError {
    StoreError::NotBooked { refusal: *refusal }
}
