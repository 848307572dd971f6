//! The printer's side of the wire: an emulated printer that behaves as its maker's manual says.
//!
//! - [`Printer`] executes commands (`receipt_commands`, `slip_commands`, `report_commands`, `service_commands`) on a [`memory::Memory`] that a file can keep;
//! - [`journal`] keeps every document as it was printed;
//! - [`Emulator`] puts it at the end of a line that can be ordered to go wrong, without IO and on a given clock;
//! - [`EscposEmulator`] is a receipt printer, which has no fiscal memory, at the end of such a line;
//! - [`Rig`] runs that line on a pty in a thread of its own.
//!
//! It parses and emits through [`crate::wire`] and has no codec of its own.

mod calendar;
mod escpos;
pub mod journal;
mod line;
mod machine;
pub mod memory;
mod printer;
mod pty;
mod receipt_commands;
mod report_commands;
mod rig;
mod service_commands;
mod slip_commands;
mod snapshot;
mod store;
mod tape;
mod trouble;

pub use escpos::EscposEmulator;
pub use printer::{Printer, ResultCode, Room};
pub use rig::{Cable, ClockSource, Cover, Family, Power, Rig, RigOptions};
pub use snapshot::{ReceiptSnapshot, Snapshot};
pub use trouble::{Emulator, FaultKind, FaultOrder};
