//! The same jobs for every printer: the emulated one in each test run, and a real one when a port is given.
//!
//! [`admit`] comes first: a fiscalised printer is refused unless its serial number is listed, because what it prints counts.
//! [`run`] sends the jobs through [`FiscalPrinter`], as the agent does, and compares the counters of the printer with the jobs.

mod cases;
mod error_text;
mod journal;
pub mod measure;
pub mod powercut;
mod rig;
pub mod simulation;
mod stage;
mod suite;

pub use rig::{PrinterNotListed, RigFile, RigFileError, admit};
pub use stage::{NoSwitches, Switches, Verdict};
pub use suite::{Case, Report, run};

#[doc(no_inline)]
pub use ferrotill_device::FiscalPrinter;
