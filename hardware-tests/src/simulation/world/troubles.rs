//! The faults that happen in a shop, and their repair.

use ferrotill_device::Paper;
use ferrotill_device::emulator::{FaultKind, FaultOrder};
use ferrotill_disk::{DiskCall, DiskFault};

use super::super::line::{LineFault, ReceiptMoment};
use super::super::network::NetworkFault;
use super::super::printers::PrinterLine;
use super::{Checked, World};

impl World {
    /// Causes a random fault, or repairs one.
    pub(super) fn trouble(&mut self) -> Checked {
        if self.random.below(3) != 0 || self.is_being_set_up() {
            return Ok(());
        }
        self.tally.troubles += 1;
        let place = self.random.below(self.tills.len());
        let line = self.tills.get(place).map(|till| till.line.line.clone());
        let Some(line) = line else { return Ok(()) };
        match self.random.below(36) {
            0..=7 => self.disturb(place, &line),
            8..=13 => self.plan_fault(place),
            14..=18 => {
                repair(&line);
                self.note(format!("printer {place}: repaired"));
            }
            19 => line.with(|emulator| emulator.set_power(false)),
            20..=22 if self.outage => {
                // It takes nothing all day: it cannot be reached, or refuses everything.
                let fault = if self.random.coin() {
                    NetworkFault::Refuses
                } else {
                    NetworkFault::Down
                };
                self.network.set(fault);
                self.note(format!("network: {fault:?}"));
            }
            20..=22 => {
                let place = self.random.below(NetworkFault::ALL.len());
                let fault = NetworkFault::ALL
                    .get(place)
                    .copied()
                    .unwrap_or(NetworkFault::None);
                self.network.set(fault);
                self.note(format!("network: {fault:?}"));
            }
            23 | 24 => {
                let calls = i64::try_from(self.random.below(60)).unwrap_or(0);
                if let Some(agent) = &self.agent {
                    agent.life.ends_after(calls);
                }
                self.note(format!("the agent dies after {calls} calls of a port"));
            }
            25 | 26 => {
                let kind = DiskCall::ALL.get(self.random.below(DiskCall::ALL.len()));
                let trouble = DiskFault {
                    kind: *kind.unwrap_or(&DiskCall::Write),
                    after: self.random.below(20),
                    for_ever: self.random.coin(),
                };
                self.disk.fail(Some(trouble));
                self.disk_fault_steps = 1 + u32::try_from(self.random.below(6)).unwrap_or(0);
                self.note(format!(
                    "disk: {trouble:?} for {} steps",
                    self.disk_fault_steps
                ));
            }
            27 => {
                let wrong_ms =
                    i64::try_from(self.random.below(14_400_000)).unwrap_or(0) - 7_200_000;
                self.clock.set_wrong(wrong_ms);
                self.note(format!("the machine's clock is wrong by {wrong_ms} ms"));
            }
            28 => self.report_at_keyboard(place),
            29..=32 => {
                self.rush = Some(place);
                self.note(format!("till {place}: a rush"));
            }
            _ => self.crash("between two steps")?,
        }
        Ok(())
    }

    /// True in a shop whose machine's clock is wrong by days until two clocks have agreed for the first time and the till has stored it:
    /// nothing fails meanwhile, because with the printer gone and the office silent nothing could tell the till the time.
    pub(super) const fn is_being_set_up(&self) -> bool {
        self.shop.starts_days_ahead() && !self.was_set_up
    }

    /// Plans a fault for the next frames of a printer, whatever commands they carry.
    fn disturb(&mut self, place: usize, line: &PrinterLine) {
        let kind = FaultKind::ALL.get(self.random.below(FaultKind::ALL.len()));
        let kind = *kind.unwrap_or(&FaultKind::DropAnswer);
        let times = if self.random.coin() { 1 } else { 6 };
        line.with(|emulator| {
            emulator.add_fault(FaultOrder {
                kind,
                command: None,
                times,
                ms: 700,
            });
        });
        self.note(format!("printer {place}: {} x{times}", kind.name()));
    }

    /// Plans a fault of the line for the next moment of a random kind.
    fn plan_fault(&mut self, place: usize) {
        let moment = ReceiptMoment::ALL.get(self.random.below(ReceiptMoment::ALL.len()));
        let moment = *moment.unwrap_or(&ReceiptMoment::Closed);
        let frames = 1 + u32::try_from(self.random.below(24)).unwrap_or(0);
        let line_fault = match self.random.below(4) {
            0 => LineFault::AnswersLost(frames),
            1 => LineFault::FramesLost(frames),
            2 => LineFault::PowerBlink,
            _ => LineFault::AgentDies(i64::from(frames / 2)),
        };
        let Some(till) = self.tills.get(place) else {
            return;
        };
        if self.random.below(3) == 0 {
            // The agent is killed during a sale, and again while the receipt is being cancelled.
            till.line.plan(
                ReceiptMoment::Sold,
                LineFault::AgentDies(i64::from(frames / 4)),
            );
            till.line.plan(
                ReceiptMoment::Cancelled,
                LineFault::AgentDies(i64::from(frames / 8)),
            );
        } else {
            till.line.plan(moment, line_fault);
        }
        self.note(format!(
            "printer {place}: {line_fault:?} at {moment:?}, or the agent dies"
        ));
    }

    /// Prints a report at the keyboard of a printer, whatever printer and agent are doing.
    pub(super) fn report_at_keyboard(&mut self, place: usize) {
        let Some(till) = self.tills.get(place) else {
            return;
        };
        let z = self.random.coin();
        let pressed = till.line.line.with(|emulator| {
            let printer = emulator.printer_mut();
            if z {
                printer.keyboard_z()
            } else {
                printer.keyboard_x()
            }
        });
        self.note(format!(
            "printer {place}: key pressed, Z: {z}, done: {pressed}"
        ));
    }
}

/// Repairs power, cable, paper and cover.
pub(super) fn repair(line: &PrinterLine) {
    line.with(|emulator| {
        if !emulator.printer().is_on() {
            emulator.set_power(true);
        }
        emulator.set_plugged(true);
        emulator.printer_mut().set_paper(Paper::Ok);
        emulator.printer_mut().set_cover_open(false);
    });
}
