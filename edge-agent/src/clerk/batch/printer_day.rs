//! Changes at the printer that did not come from the agent: a Z-report that the printer made by itself, another printer, other tax
//! rates.

use std::sync::Arc;

use ferrotill_core::event::ClosedByPrinter;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::{PrinterCounters, PrinterDay, Seal};
use ferrotill_core::shift::Shift;
use ferrotill_core::tax::TaxRate;
use ferrotill_core::till::Command;
use ferrotill_device::printer::{Baseline, ClosedDay, Connected, RateDifference};
use uuid::Uuid;

use super::super::devices::DevicePlace;
use super::super::queue::QueuedOrder;
use super::{Effect, Tills, document_id};
use crate::order::{OrderForm, OrderKind, Said, TerminalUse};
use crate::seal::printer::Task;
use crate::seal::printer::job::stored_baseline;
use crate::status::objections::ObjectionKind;
use crate::status::problems::{HealthProblem, ProblemKind};
use ferrotill_store::{Batch, StoreError};

/// What to do about a printer whose counters are ahead of the journal.
const PRINTER_AHEAD_FIX: &str = "if the printer has served this till before, its journal was lost or an older copy was put back: run `ferrotill verify`, and put the newest backup back; a printer that comes from elsewhere needs nothing";

impl Tills {
    /// Compares the printer's counters with the last known ones, and writes a Z-report that the printer made by itself to the journal.
    ///
    /// Does nothing while a document is outstanding: the document is settled first, and a new Z-report may be that document.
    pub(super) fn check_printer_day(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        if !self.needs_printer(false) {
            // This printer only prints slips. Its Z-reports have no legal meaning.
            return Ok(());
        }
        let device_state = &mut self.devices[index];
        if device_state.current_till().outstanding().is_some() {
            return Ok(());
        }
        let Some(now) = device_state.baseline.clone() else {
            return Ok(());
        };
        let Some(known) = device_state.known_counters.clone() else {
            device_state.known_counters = Some(now.clone());
            device_state.meets_printer = true;
            self.note_unknown_history(index, &now);
            return Ok(());
        };
        if now.numbers().are_of_one_printer(known.numbers()) {
            self.find_receipts_of_others(batch, index, &known, &now)?;
        }
        self.note_receipts_of_others(index, &known, &now);
        let device_state = &mut self.devices[index];
        match stored_baseline(&now).day_since(&stored_baseline(&known)) {
            PrinterDay::Open => {}
            PrinterDay::Lost => self.raise(
                index,
                ProblemKind::PRINTER_COUNTERS_BACK,
                format!(
                    "the printer's counters went back from document {} and Z-report {} to document {} and Z-report {}: its memory was lost \
                     or exchanged",
                    known.last_document,
                    number_or_unknown(known.z_number),
                    now.last_document,
                    number_or_unknown(now.z_number),
                ),
                "call the service of the printer, and compare its last documents with `ferrotill verify`",
            ),
            PrinterDay::Closed => {
                device_state.printer_swapped = false;
                self.record_printer_z_report(batch, index, &known, &now, effects)?;
                self.publish_objections(index);
            }
            PrinterDay::Another => {
                if self.detect_swapped_printer(index, &known, &now) {
                    // The counters of the shift's printer are kept, so that the till recognises that printer when it is
                    // connected again.
                    return Ok(());
                }
                self.counters_compared(index);
                tracing::warn!(
                    device = %self.devices[index].device,
                    "printer {} is taken into use in the place of {}", now.serial, known.serial
                );
            }
        }
        let device_state = &mut self.devices[index];
        device_state.meets_printer = true;
        device_state.known_counters = Some(now);
        if std::mem::take(&mut device_state.printer_swapped) {
            self.publish_objections(index);
        }
        Ok(())
    }

    /// The journal has no document of this device on a printer. A printer that has closed days or printed receipts has a history
    /// that the journal does not have.
    fn note_unknown_history(&self, index: DevicePlace, now: &Baseline) {
        let closed_days = now.z_number.unwrap_or(0);
        if closed_days > 0 || now.next_fiscal_receipt > 1 {
            self.raise(
                index,
                ProblemKind::PRINTER_AHEAD,
                format!(
                    "printer {} has {closed_days} Z-reports and is before fiscal receipt {}, and the journal has no document of this device",
                    now.serial, now.next_fiscal_receipt
                ),
                PRINTER_AHEAD_FIX,
            );
        }
    }

    /// Counters that are ahead of the journal by more than what the till itself can have printed meanwhile: one fiscal receipt, and
    /// one Z-report.
    fn note_receipts_of_others(&self, index: DevicePlace, known: &Baseline, now: &Baseline) {
        if !now.numbers().are_of_one_printer(known.numbers()) || self.knows_of_others(index, now) {
            return;
        }
        let (known_z, z) = (known.z_number.unwrap_or(0), now.z_number.unwrap_or(0));
        let days = z.saturating_sub(known_z);
        let receipts = now
            .next_fiscal_receipt
            .saturating_sub(known.next_fiscal_receipt);
        let far_days = known.z_number.is_some() && days > 1;
        // The count of receipts begins again with each day, and some printers do not report it.
        let far_receipts = days == 0 && known.next_fiscal_receipt > 0 && receipts > 1;
        if far_days || far_receipts {
            self.raise(
                index,
                ProblemKind::PRINTER_AHEAD,
                format!(
                    "printer {} has Z-report {z} and is before fiscal receipt {}, and the journal has Z-report {known_z} and receipt {} before its last document",
                    now.serial, now.next_fiscal_receipt, known.next_fiscal_receipt
                ),
                PRINTER_AHEAD_FIX,
            );
        }
    }

    /// The Z-report has compared the documents of its shift with the printer, or another printer is in use: what the former counters
    /// did not fit is over.
    pub(super) fn counters_compared(&self, index: DevicePlace) {
        let (device, problems) = (
            Some(self.devices[index].device),
            self.settings.live_status.problems(),
        );
        problems.clear(ProblemKind::PRINTER_AHEAD, device);
        problems.clear(ProblemKind::PRINTER_COUNTERS_BACK, device);
    }

    fn raise(&self, index: DevicePlace, kind: ProblemKind, says: String, fix: &str) {
        self.settings.live_status.problems().raise(HealthProblem {
            kind,
            device: Some(self.devices[index].device),
            since_ms: self.settings.guard.now().utc_ms,
            says,
            fix: fix.to_owned(),
        });
    }

    /// True if another printer is connected than the one of the open shift, which is then marked and logged.
    ///
    /// Between two shifts, and in a shift of which no printer has printed anything, any printer is accepted. A printer whose serial number the configured address names is accepted at
    /// any time.
    fn detect_swapped_printer(
        &mut self,
        index: DevicePlace,
        known: &Baseline,
        now: &Baseline,
    ) -> bool {
        let device_state = &mut self.devices[index];
        let configured = device_state.configured_serial.as_ref() == Some(&now.serial);
        let shift = device_state.current_till().shift();
        if configured || shift.is_none_or(Shift::is_alternative) {
            return false;
        }
        if !std::mem::replace(&mut device_state.printer_swapped, true) {
            tracing::error!(
                event = "objection",
                problem = ProblemKind::OBJECTIONS.id(),
                device = %device_state.device,
                "printer {} (memory {}) is connected, and the open shift is on printer {} (memory {}): nothing is printed; \
                 connect the shift's printer and close the day, or write the new printer's serial number into the address (serial={})",
                now.serial, now.fiscal_memory, known.serial, known.fiscal_memory, now.serial
            );
            self.publish_objections(index);
        }
        true
    }

    /// Compares the tax rates of a printer that was just connected with the configured ones.
    pub(super) fn check_printer_rates(&mut self, index: DevicePlace, connected: &Connected) {
        if !self.needs_printer(false) {
            return;
        }
        let configured = self.configured_rates(index);
        // The rates of today may be others than those with which the printer was connected.
        self.send_rates(index, configured);
        let device_state = &mut self.devices[index];
        device_state.printer_rates = Some(connected.groups);
        device_state.rate_differences = connected
            .rates_unlike(&configured)
            .iter()
            // A group without a rate is disabled or could not be read. The printer itself refuses its sales.
            .filter_map(rate_objection)
            .collect();
        if !device_state.rate_differences.is_empty() {
            tracing::error!(
                event = "objection",
                problem = ProblemKind::OBJECTIONS.id(),
                device = %device_state.device,
                "receipts in these tax groups are refused: {}",
                device_state.rate_differences.join("; ")
            );
        }
        self.publish_objections(index);
    }

    /// The rates of today of the till's tax groups A to H, in ten-thousandths of a percent.
    fn configured_rates(&self, index: DevicePlace) -> [Option<u32>; 8] {
        let today = self.settings.guard.now().local_day();
        let taxes = &self.devices[index].current_till().configuration().taxes;
        let mut configured = [None; 8];
        for (code, rate) in (b'A'..=b'H').zip(&mut configured) {
            let code = ferrotill_core::tax::TaxCode::new(code);
            let group = code.and_then(|code| taxes.group(code, today));
            *rate = group.map(|group| group.rate.ten_thousandths());
        }
        configured
    }

    /// Gives the printer's thread the configured rates of the tax groups, unless it has them.
    fn send_rates(&mut self, index: DevicePlace, configured: [Option<u32>; 8]) {
        let device_state = &mut self.devices[index];
        if device_state.sent_rates != configured {
            device_state.sent_rates = configured;
            device_state.printer.ask(Task::Rates(configured));
        }
    }

    /// Gives each printer's thread the configured rates, before it gets its first other task.
    pub(in crate::clerk) fn send_all_rates(&mut self) {
        for index in self.devices.places() {
            let configured = self.configured_rates(index);
            self.send_rates(index, configured);
        }
    }

    /// Writes to the live status why a connected printer gets no receipts, or not all, and what is doubtful about it.
    pub(super) fn publish_objections(&self, index: DevicePlace) {
        let device_state = &self.devices[index];
        let of_kind = |kind: ObjectionKind| move |text: &String| kind.because(text.as_str());
        let swapped = device_state.printer_swapped.then(|| {
            ObjectionKind::OtherPrinter
                .because("the connected printer is not the printer of the open shift")
        });
        let rates = device_state.rate_differences.iter();
        let doubts = device_state.doubts.iter();
        let clock = device_state.clock_differs.iter();
        let objections = swapped
            .into_iter()
            .chain(rates.map(of_kind(ObjectionKind::TaxRate)))
            .chain(doubts.map(of_kind(ObjectionKind::Assumed)))
            .chain(clock.map(of_kind(ObjectionKind::Clock)))
            .collect();
        let live_status = Arc::clone(&self.settings.live_status);
        live_status.printer_objections(device_state.device, objections);
    }

    /// The printer has closed its day by itself. Closes the till's shift with a Z-report too, and notes the cause in the journal.
    ///
    /// A shift that has only alternative receipts stays open: the printer may have closed its day before that shift began.
    fn record_printer_z_report(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        known: &Baseline,
        now: &Baseline,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let device_state = &mut self.devices[index];
        let day = device_state
            .last_z
            .clone()
            .filter(|day| Some(day.z_number) == now.z_number);
        let shift = device_state.current_till().shift();
        let document = if shift.is_some_and(|shift| !shift.is_alternative()) {
            // The Z-report is reserved with the counters from before it.
            device_state.baseline = Some(known.clone());
            let document = self.close_shift(
                batch,
                index,
                &seal_of_printer_report(known, now, day.as_ref()),
            );
            self.devices[index].baseline = Some(now.clone());
            effects.push(Effect::WakeSender);
            Some(document?)
        } else {
            None
        };
        tracing::warn!(
            device = %self.devices[index].device,
            "the printer has made a Z-report by itself (number {}, last known number {}); {}",
            z_number_text(now.z_number),
            z_number_text(known.z_number),
            if document.is_some() { "the till's shift is closed too" } else { "no shift with documents on this printer was open" }
        );
        let note = ClosedByPrinter {
            at: self.settings.guard.now(),
            document: document.map(document_id),
            z_number_known: stored_baseline(known).z_number,
            day: day.as_ref().map_or("", |day| day.day.as_str()),
            now: stored_baseline(now),
        };
        match self.decide(batch, index, &Command::NoteClosed(note))? {
            Ok(_) => Ok(()),
            Err(refusal) => Err(not_recorded(&refusal)),
        }
    }

    /// Reserves and seals a Z-report that closes the till's shift. Returns its id.
    fn close_shift(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        seal: &Seal<'_>,
    ) -> Result<Uuid, StoreError> {
        let device_state = &self.devices[index];
        let form = OrderForm {
            id: Uuid::now_v7(),
            point_of_sale: device_state.point_of_sale,
            kind: OrderKind::Report { z: true },
            echo: String::new(),
            found: String::new(),
            on_paper: true,
            terminals: TerminalUse::default(),
            said: Said::default(),
            contact: None,
        };
        let id = form.id;
        let entry = QueuedOrder {
            fingerprint: form.fingerprint(device_state.device),
            form,
            unique: Uuid::now_v7(),
            callers: Vec::new(),
            attempts: 0,
            is_decided: true,
        };
        if let Err((refusal, _)) = self.reserve(batch, index, &entry, false)? {
            return Err(not_recorded(&refusal));
        }
        match self.decide(batch, index, &Command::Settle(document_id(id), *seal))? {
            Ok(_) => Ok(id),
            Err(refusal) => Err(not_recorded(&refusal)),
        }
    }
}

/// The number of a Z-report as text.
fn z_number_text(z_number: Option<u32>) -> String {
    z_number.map_or_else(|| "unknown".to_owned(), |z| z.to_string())
}

/// The seal of a Z-report that the printer made by itself.
///
/// The seal has the document's number only if the printer has made exactly one document since the earlier counters. The seal
/// has the day's sums only if the printer's memory reported them for the Z-report directly after the earlier one.
fn seal_of_printer_report(
    known: &Baseline,
    now: &Baseline,
    day: Option<&ClosedDay>,
) -> Seal<'static> {
    let is_next = |last: u32, next: u32| last.checked_add(1) == Some(next);
    let counters = day
        .filter(|day| {
            known
                .z_number
                .is_some_and(|earlier| is_next(earlier, day.z_number))
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
        document: if is_next(known.last_document, now.last_document) {
            now.last_document
        } else {
            0
        },
        fiscal_receipt: None,
        counters,
        printed_at: None,
    }
}

/// An error for a refusal that cannot happen: the caller has checked that a shift is open and that nothing is outstanding.
fn not_recorded(refusal: &ferrotill_core::refusal::Refusal) -> StoreError {
    StoreError::NotBooked { refusal: *refusal }
}

/// The objection to a printer with another rate, in the words of the refusal that a receipt gets; `None` if the printer has no rate.
fn rate_objection(difference: &RateDifference) -> Option<String> {
    let refusal = Refusal::PrinterRateDiffers {
        group: difference.group,
        till: TaxRate::from_ten_thousandths(difference.till)?.display(),
        printer: TaxRate::from_ten_thousandths(difference.printer?)?.display(),
    };
    Some(format!("{refusal}; {}", refusal.hint()))
}

fn number_or_unknown(number: Option<u32>) -> String {
    number.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
}
