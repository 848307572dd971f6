//! The printer's side of the wire: emulated printers that behave as their makers' manuals say.
//!
//! - `isl`: fiscal printers. [`Printer`] executes commands on a [`memory::Memory`] that a file can keep,
//!   and [`IslEmulator`] puts it at the end of a line;
//! - `escpos`: [`EscposEmulator`] is a receipt printer, which has no fiscal memory, at the end of such a line;
//! - `line` and `fault`: the line, without IO and on a given clock, and what can be ordered to go wrong on it;
//! - [`Rig`] runs either of them on a pty in a thread of its own.
//!
//! It parses and emits through [`crate::wire`] and has no codec of its own.

mod escpos;
mod fault;
mod isl;
mod line;
mod machine;
mod pty;
mod rig;
mod snapshot;
mod tape;
mod tcp;

pub use escpos::EscposEmulator;
pub use fault::{FaultKind, FaultOrder};
pub use isl::calendar::ClockSource;
pub use isl::{IslEmulator, Printer, ResultCode, Room, journal, memory};
pub use rig::{Cable, Cover, Family, Power, Rig, RigOptions};
pub use snapshot::{ReceiptSnapshot, Snapshot};
