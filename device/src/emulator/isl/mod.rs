//! Emulated fiscal printers of the ISL families, with a memory, a journal and a working day.
//!
//! - [`Printer`] executes commands (`receipt_commands`, `slip_commands`, `report_commands`, `service_commands`,
//!   `zfp_commands`);
//! - [`memory`] is the printer's permanent memory, and `store` keeps that memory in a file;
//! - [`journal`] keeps every document as it was printed;
//! - [`sources`] names who describes each command, and `hosts` executes those that only other drivers send;
//! - `inverted` and `inverted_zfp` do the opposite of what a driver infers;
//! - `text_report` sends a report line by line instead of printing it;
//! - [`IslEmulator`] connects the printer to a line for which faults can be ordered.

pub(super) mod calendar;
mod emulator;
mod hosts;
mod inverted;
mod inverted_zfp;
pub mod journal;
pub mod memory;
mod printer;
mod receipt_commands;
mod report_commands;
mod service_commands;
mod slip_commands;
mod snapshot;
pub(super) mod sources;
mod store;
mod text_report;
mod zfp_commands;

pub use emulator::IslEmulator;
pub use inverted::INVERSIONS;
pub use printer::{Printer, Room};
