//! The printer's clock beside the till's time: an objection if they differ, and the time of a sale for a refund of it.

use ferrotill_core::printer_time::PrinterTime;

use super::super::device_state::PrinterClockReading;
use super::super::devices::DevicePlace;
use super::Tills;
use crate::explanation::Explanation;
use crate::status::problems::ProblemKind;
use crate::time::clock::seconds_apart;
use ferrotill_store::StoredDocument;

/// A printer's clock that differs from the till's time by more seconds than this is an objection. Two clocks agree within ten minutes
/// (decision 0023).
const DIFFERENCE_S_MAX: i64 = 10 * 60;

impl Tills {
    /// Keeps what the printer's clock shows now, and compares it with the till's time. `None` if the printer has no clock that can be
    /// read.
    pub(super) fn printer_clock_read(&mut self, index: DevicePlace, shown: Option<PrinterTime>) {
        self.devices[index].printer_clock = shown.map(|shown| PrinterClockReading {
            shown,
            read_at: self.monotonic(),
            moves: self.settings.clock.moves(),
        });
        self.compare_printer_clock(index);
    }

    /// Compares the printer's clock, as it was read last, with the till's time, and raises or ends the objection.
    ///
    /// While no two clocks agree on the time, nothing is compared: `/healthz` shows every clock then.
    pub(super) fn compare_printer_clock(&mut self, index: DevicePlace) {
        let now = self.monotonic();
        let till = self.settings.guard.confirmed();
        // The simulator moves the printer's clock with the till's.
        let moves = self.settings.clock.moves();
        let reading = self.devices[index]
            .printer_clock
            .filter(|reading| reading.moves == moves);
        let objection = reading.zip(till).and_then(|(reading, till)| {
            let since = now.saturating_duration_since(reading.read_at);
            let since_s = i64::try_from(since.as_secs()).ok()?;
            let ahead_s = seconds_apart(till, reading.shown)?.checked_add(since_s)?;
            (ahead_s.saturating_abs() > DIFFERENCE_S_MAX).then(|| {
                let device = self.devices[index].device;
                let port = self.settings.live_status.printer(device).port;
                objection(port, reading.shown, ahead_s).to_string()
            })
        });
        let device_state = &mut self.devices[index];
        match (&objection, &device_state.clock_differs) {
            (Some(objection), None) => {
                tracing::warn!(event = "objection", problem = ProblemKind::OBJECTIONS.id(), device = %device_state.device, "{objection}");
            }
            (None, Some(_)) => {
                tracing::info!(device = %device_state.device, "the printer's clock agrees with the till's time again");
            }
            _ => {}
        }
        if device_state.clock_differs != objection {
            device_state.clock_differs = objection;
            self.publish_objections(index);
        }
    }

    /// How far the clock of the printer that has printed this sale is ahead of the till's time, in milliseconds; 0 if it is not known.
    pub(super) fn printer_ahead_ms(&self, sale: Option<&StoredDocument>) -> i64 {
        let reserved = sale.and_then(StoredDocument::reserved);
        let baseline = reserved.and_then(|reserved| reserved.baseline);
        baseline
            .and_then(|baseline| self.settings.guard.printer_ahead_ms(baseline.serial))
            .unwrap_or(0)
    }
}

fn objection(port: String, shown: PrinterTime, ahead_s: i64) -> Explanation {
    let direction = if ahead_s > 0 { "ahead of" } else { "behind" };
    // To the nearest minute.
    let minutes = ahead_s.saturating_abs().saturating_add(30) / 60;
    Explanation::new(
        "the printer's clock is wrong",
        port,
        format!(
            "it shows {shown}, {minutes} minutes {direction} the till's time, and its receipts have that time"
        ),
        "set the printer's clock",
    )
}
