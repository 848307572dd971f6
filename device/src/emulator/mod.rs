//! The printer's side of the wire. Skeleton of the library surface; bodies follow.

mod rig;
mod snapshot;

pub use rig::{Cable, ClockSource, Cover, Family, FaultKind, FaultOrder, Power, Rig, RigOptions};
pub use snapshot::{ReceiptSnapshot, Snapshot};
