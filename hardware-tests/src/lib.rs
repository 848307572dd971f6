//! The same jobs for every printer: each test run uses the emulated printer, and a real printer is used if a port is given.
//!
//! [`admit`] is called first: a fiscalised printer is refused unless its serial number is listed, because its receipts count for
//! the tax authority.
//! [`run`] sends the jobs through [`FiscalPrinter`], as the agent does, and compares the counters of the printer with the jobs.

mod cases;
mod error_text;
mod journal;
pub mod measure;
pub mod powercut;
mod rig;
mod signed;
pub mod simulation;
mod stage;
mod suite;

pub use rig::{PrinterNotListed, RigFile, RigFileError, admit};
pub use stage::{NoSwitches, Switches, Verdict};
pub use suite::{Case, Report, run};

#[doc(no_inline)]
pub use ferrotill_device::FiscalPrinter;
