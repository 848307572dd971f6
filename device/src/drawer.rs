//! Cash drawers: the pulse that opens one, and whether it is open, if the hardware reports it.
//!
//! There are three ways to open a drawer: the command of a fiscal printer, which reports nothing of the drawer ([`FiscalDrawer`]);
//! `ESC p` of a receipt printer, which is executed after everything before it; and `DLE DC4`, which is executed at once
//! ([`Kick`], both in [`crate::driver::escpos`]).

use crate::fault::Fault;
use crate::printer::{Baseline, FiscalPrinter, Job, Outcome, Watch};

/// A cash drawer.
pub trait CashDrawer {
    /// Sends the pulse. Returns the state after it, if the hardware reports it.
    ///
    /// # Errors
    ///
    /// Why the pulse was not sent, or [`Fault::NotExecuted`] if it was sent and the drawer stayed closed.
    fn open(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, Fault>;

    /// Whether it is open.
    ///
    /// # Errors
    ///
    /// Why the device could not be asked.
    fn state(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, Fault>;
}

/// What is known of a drawer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawerState {
    /// It is open.
    Open,
    /// It is closed.
    Closed,
    /// There is no sensor, or its wiring is not configured.
    NotSensed,
}

/// How the sensor of a drawer is wired to pin 3 of its connector. It depends on the drawer, not on the printer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sensor {
    /// Not wired, or not known.
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
    /// `ESC p`: after everything that was sent before it, and confirmed. Refused while the printer cannot print:
    /// otherwise the drawer would open when paper is loaded, with nobody at it.
    #[default]
    InTurn,
    /// `DLE DC4`: at once, without paper too.
    AtOnce,
}

/// The drawer of a fiscal printer, opened by the printer's own command. None of their protocols has a sensor.
pub struct FiscalDrawer<'a> {
    printer: &'a mut dyn FiscalPrinter,
    baseline: Baseline,
}

impl<'a> FiscalDrawer<'a> {
    /// The drawer of this printer; `baseline` is the printer's last settled one.
    pub fn new(printer: &'a mut dyn FiscalPrinter, baseline: Baseline) -> Self {
        Self { printer, baseline }
    }
}

impl CashDrawer for FiscalDrawer<'_> {
    fn open(&mut self, watch: &mut dyn Watch) -> Result<DrawerState, Fault> {
        match self.printer.perform(&Job::Drawer, &self.baseline, watch) {
            Outcome::Registered(_) => Ok(DrawerState::NotSensed),
            Outcome::NotRegistered(refused) => Err(refused.fault),
            Outcome::Unknown(fault) => Err(fault),
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
