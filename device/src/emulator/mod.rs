//! The printer's side of the protocols: emulated printers that behave as their makers' manuals say.
//!
//! - `isl`: fiscal printers. [`Printer`] executes commands on a [`memory::Memory`], which can be stored in a file,
//!   and [`IslEmulator`] connects it to a line;
//! - `escpos`: [`EscposEmulator`] is a receipt printer, which has no fiscal memory, at the end of a line;
//! - `line` and `fault`: the line, without IO and on a given clock, and the faults that can be ordered for it;
//! - [`Rig`] runs an emulated printer of either kind on a pty or a TCP port in a thread of its own.
//!
//! The emulator parses and emits through [`crate::wire`] and has no codec of its own.

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
pub use isl::sources::{CommandForm, FormSource, command_forms};
pub use isl::{INVERSIONS, IslEmulator, Printer, Room, journal, memory};
pub use rig::{Cable, Cover, Family, Power, Rig, RigOptions};
pub use snapshot::{ReceiptSnapshot, Snapshot};
