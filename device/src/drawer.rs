//! Cash drawers: the pulse that opens a drawer, and whether the drawer is open, if the hardware reports that.
//!
//! There are three ways to open a drawer: the command of a fiscal printer, which reports nothing of the drawer ([`FiscalDrawer`]);
//! `ESC p` of a receipt printer, which is executed after everything before it; and `DLE DC4`, which is executed at once
//! ([`Kick`], both in [`crate::driver::escpos`]).

use crate::fault::Fault;
use crate::printer::{Baseline, FiscalPrinter, Job, Performed, Watch};

/// A cash drawer.
pub trait CashDrawer {
    /// Sends the pulse. Returns the state of the drawer after the pulse, if the hardware reports it.
    ///
    /// # Errors
    ///
    /// The reason why the pulse was not sent, or [`Fault::NotExecuted`] if the pulse was sent and the drawer stayed closed.
    fn open(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, Fault>;

    /// Whether the drawer is open.
    ///
    /// # Errors
    ///
    /// The reason why the device could not be asked.
    fn state(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, Fault>;
}

/// The state of a cash drawer, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawerState {
    /// The drawer is open.
    Open,
    /// The drawer is closed.
    Closed,
    /// The drawer has no sensor, or the wiring of the sensor is not configured.
    NotSensed,
}

/// How the sensor of a drawer is wired to pin 3 of its connector. The wiring depends on the drawer, not on the printer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sensor {
    /// The sensor is not wired, or its wiring is not known.
    #[default]
    None,
    /// The pin is high while the drawer is open.
    HighIsOpen,
    /// The pin is low while the drawer is open.
    LowIsOpen,
}

impl Sensor {
    /// The state for this level of the pin.
    #[must_use]
    pub const fn state(self, pin_high: bool) -> DrawerState {
        match (self, pin_high) {
            (Self::None, _) => DrawerState::NotSensed,
            (Self::HighIsOpen, true) | (Self::LowIsOpen, false) => DrawerState::Open,
            (Self::HighIsOpen, false) | (Self::LowIsOpen, true) => DrawerState::Closed,
        }
    }
}

/// The command by which a receipt printer sends the pulse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kick {
    /// `ESC p`: the printer sends the pulse after it has executed everything that was sent before, and confirms it. The driver
    /// refuses this command while the printer cannot print, because otherwise the drawer would open later, when paper is loaded.
    #[default]
    InTurn,
    /// `DLE DC4`: the printer sends the pulse at once, also without paper.
    AtOnce,
}

/// The drawer of a fiscal printer, opened by the printer's own command. No protocol of a fiscal printer reports a drawer's
/// sensor.
pub struct FiscalDrawer<'a> {
    printer: &'a mut dyn FiscalPrinter,
    baseline: Baseline,
}

impl<'a> FiscalDrawer<'a> {
    /// The drawer of this printer; `baseline` is the printer's last settled baseline.
    pub fn new(printer: &'a mut dyn FiscalPrinter, baseline: Baseline) -> Self {
        Self { printer, baseline }
    }
}

impl CashDrawer for FiscalDrawer<'_> {
    fn open(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, Fault> {
        match self.printer.perform(&Job::Drawer, &self.baseline, watch) {
            Performed::Registered(_) => Ok(DrawerState::NotSensed),
            Performed::NotBegun(refused) | Performed::Absent(_, refused) => Err(refused.fault),
            Performed::Unknown(fault) => Err(fault),
        }
    }

    fn state(&mut self, _watch: &mut dyn Watch) -> Result<DrawerState, Fault> {
        Ok(DrawerState::NotSensed)
    }
}

#[cfg(test)]
mod tests {
    use super::{DrawerState, Sensor};

    #[test]
    fn the_state_depends_on_pin_and_wiring() {
        for (sensor, high, state) in [
            (Sensor::HighIsOpen, true, DrawerState::Open),
            (Sensor::HighIsOpen, false, DrawerState::Closed),
            (Sensor::LowIsOpen, true, DrawerState::Closed),
            (Sensor::LowIsOpen, false, DrawerState::Open),
            (Sensor::None, true, DrawerState::NotSensed),
        ] {
            assert_eq!(sensor.state(high), state);
        }
    }
}
