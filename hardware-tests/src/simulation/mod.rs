//! A shop in one thread, driven by one seed: callers with retries, the real clerk, store and drivers, emulated printers, the simulator
//! of the tax authority, and everything that can go wrong.
//!
//! ```text
//! callers ──orders──► Clerk::turn ──► Store on ferrotill-disk      cuts, failing writes
//!                        │ ▲
//!                     Worker::turn ──► IslPrinter ──► IslEmulator      lost frames, power, paper, cover
//!                        └─► outbox ──► sender ──► authority       down, refuses, loses answers
//! ```
//!
//! Only ports, disk, network and time are replaced. The same seed plays the same shop: the same steps with the same trace.
//! Only the key of the journal and the unique ids of documents do not come from the seed; nothing here depends on them.

mod callers;
mod goods;
mod line;
mod network;
mod shop_config;
mod world;

use std::fmt;

use ferrotill_disk::Syncs;

/// What happened in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Steps.
    pub steps: u64,
    /// Orders that callers made.
    pub orders: u64,
    /// Orders that were registered.
    pub registered: u64,
    /// Crashes and power cuts of the agent.
    pub crashes: u64,
    /// Faults of printers, disk, network and clock.
    pub troubles: u64,
    /// Declarations of operators about documents that a printer could not prove.
    pub declared: u64,
    /// A digest of everything that happened, in order.
    pub trace: u64,
}

/// Something that must not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The seed that repeats it.
    pub seed: u64,
    /// The day, from 1.
    pub day: u32,
    /// The step, from the start.
    pub step: u64,
    /// What is wrong.
    pub words: String,
    /// What happened before, the newest last.
    pub before: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed, day, step, ..
        } = self;
        write!(f, "seed {seed}, day {day}, step {step}: {}", self.words)
    }
}

/// Plays days of a shop.
///
/// # Errors
///
/// The first violation.
pub fn simulate(seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
    simulate_on(Syncs::Kept, seed, days)
}

/// [`simulate`] on a disk that does what it says, or ignores its syncs: the control, on which a violation must be found.
///
/// # Errors
///
/// The first violation.
pub fn simulate_on(syncs: Syncs, seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
    world::play(syncs, seed, days)
}
