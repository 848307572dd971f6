//! The same jobs for every printer: the emulated one in each test run, and a real one when a port is given.
//!
//! [`admit`] comes first: a fiscalised printer is turned away unless its serial number is listed, because what it prints counts.
//! [`run`] plays the jobs through [`FiscalPrinter`], the way the agent does, and compares the printer's counters with what was asked.

mod cases;
mod error_text;
mod journal;
pub mod measure;
pub mod powercut;
mod rig;
pub mod simulation;
mod stage;
mod suite;

pub use rig::{RigFile, RigFileError, TurnedAway, admit};
pub use stage::{NoSwitches, Switches, Verdict};
pub use suite::{Case, Report, run};

#[doc(no_inline)]
pub use ferrotill_device::FiscalPrinter;
