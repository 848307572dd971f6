//! What goes wrong in a shop, and right again.

use ferrotill_device::Paper;
use ferrotill_device::emulator::{FaultKind, FaultOrder, IslEmulator};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_disk::{Kind, Trouble};

use super::super::bug::Bug;
use super::super::line::{Mishap, Moment};
use super::super::office::Weather;
use super::{Told, World};

impl World {
    /// Something goes wrong, or right again.
    pub(super) fn trouble(&mut self) -> Told {
        if self.dice.below(3) != 0 {
            return Ok(());
        }
        self.tally.troubles += 1;
        let place = self.dice.below(self.tills.len());
        let line = self.tills.get(place).map(|till| till.line.line.clone());
        let Some(line) = line else { return Ok(()) };
        match self.dice.below(32) {
            0..=7 => self.disturb(place, &line),
            8..=13 => self.lay(place),
            14..=18 => {
                repair(&line);
                self.note(format!("printer {place}: repaired"));
            }
            19 => line.with(|emulator| emulator.set_power(false)),
            20..=22 if !self.outage => {
                let place = self.dice.below(Weather::ALL.len());
                let weather = Weather::ALL.get(place).copied().unwrap_or(Weather::Fair);
                self.sky.set(weather);
                self.note(format!("office: {weather:?}"));
            }
            23 | 24 => {
                let calls = i64::try_from(self.dice.below(60)).unwrap_or(0);
                if let Some(agent) = &self.agent {
                    agent.life.ends_after(calls);
                }
                self.note(format!("the agent dies after {calls} calls of a port"));
            }
            25 | 26 => {
                let kind = Kind::ALL.get(self.dice.below(Kind::ALL.len()));
                let trouble = Trouble {
                    kind: *kind.unwrap_or(&Kind::Write),
                    after: self.dice.below(20),
                    for_ever: self.dice.coin(),
                };
                self.disk.fail(Some(trouble));
                self.disk_ill = 1 + u32::try_from(self.dice.below(6)).unwrap_or(0);
                self.note(format!("disk: {trouble:?} for {} steps", self.disk_ill));
            }
            27 => {
                let wrong_ms = i64::try_from(self.dice.below(14_400_000)).unwrap_or(0) - 7_200_000;
                self.clock.set_wrong(wrong_ms);
                self.note(format!("the machine's clock is wrong by {wrong_ms} ms"));
            }
            28 => self.press_a_key(place),
            _ => self.crash("between two steps")?,
        }
        Ok(())
    }

    /// Trouble for the next frames of a printer, whatever they are.
    fn disturb(&mut self, place: usize, line: &Loopback<IslEmulator>) {
        let kind = FaultKind::ALL.get(self.dice.below(FaultKind::ALL.len()));
        let kind = *kind.unwrap_or(&FaultKind::DropAnswer);
        let times = if self.dice.coin() { 1 } else { 6 };
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

    /// A mishap at the next moment of some kind: the right trouble at the right time.
    fn lay(&mut self, place: usize) {
        let moment = Moment::ALL.get(self.dice.below(Moment::ALL.len()));
        let moment = *moment.unwrap_or(&Moment::Closed);
        let frames = 1 + u32::try_from(self.dice.below(24)).unwrap_or(0);
        let mishap = match self.dice.below(4) {
            0 => Mishap::Silence(frames),
            1 => Mishap::Deafness(frames),
            2 => Mishap::Blink,
            _ => Mishap::Death(i64::from(frames / 2)),
        };
        let Some(till) = self.tills.get(place) else {
            return;
        };
        if self.dice.below(3) == 0 {
            // A sale that is interrupted is cancelled, and the agent dies of that.
            till.line
                .lay(Moment::Sold, Mishap::Death(i64::from(frames / 4)));
            till.line
                .lay(Moment::Cancelled, Mishap::Death(i64::from(frames / 8)));
        } else {
            till.line.lay(moment, mishap);
        }
        self.note(format!(
            "printer {place}: {mishap:?} at {moment:?}, or deaths"
        ));
    }

    /// Somebody asks for a report at the printer itself, whatever it and the agent are at.
    pub(super) fn press_a_key(&mut self, place: usize) {
        if self.bug.is_some_and(Bug::takes_the_sums_away) {
            // Then a key would blur what no bug has blurred.
            return;
        }
        let Some(till) = self.tills.get(place) else {
            return;
        };
        let z = self.dice.coin();
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

/// Power, cable, paper and cover are as they should be.
pub(super) fn repair(line: &Loopback<IslEmulator>) {
    line.with(|emulator| {
        if !emulator.printer().is_on() {
            emulator.set_power(true);
        }
        emulator.set_plugged(true);
        emulator.printer_mut().set_paper(Paper::Ok);
        emulator.printer_mut().set_cover_open(false);
    });
}
