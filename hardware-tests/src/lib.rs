//! The same jobs for every printer: the emulated one in each test run, and a real one when a port is given.
//!
//! [`admit`] comes first: a fiscalised printer is turned away unless its serial number is listed, because what it prints counts.
//! [`run`] plays the jobs through [`FiscalPrinter`], the way the agent does, and compares the printer's counters with what was asked.

mod bookkeeping;
mod cases;
pub mod measure;
pub mod powercut;
mod rig;
pub mod simulation;
mod suite;

pub use rig::{RigFile, RigFileError, TurnedAway, admit};
pub use suite::{Case, NoSwitches, Report, Switches, Verdict, run};

#[doc(no_inline)]
pub use ferrotill_device::FiscalPrinter;
