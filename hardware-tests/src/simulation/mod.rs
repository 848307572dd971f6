//! A shop in one thread, driven by one seed: callers with retries, the real clerk, store and drivers, emulated printers, the stand-in
//! of the tax office, and everything going wrong.
//!
//! ```text
//! callers ──orders──► Clerk::turn ──► Store on ferrotill-disk      cuts, failing writes
//!                        │ ▲
//!                     Worker::turn ──► IslPrinter ──► IslEmulator      lost frames, power, paper, cover
//!                        └─► outbox ──► letters, form, stand-in     down, refuses, loses answers
//! ```
//!
//! Only ports, disk, network and time are replaced. The same seed plays the same shop: the same steps with the same trace.
//! What no seed governs are the journal's key and the documents' ids over all tills, which nothing here depends on.

mod bug;
mod callers;
mod driver;
mod goods;
mod line;
mod office;
mod shop;
mod world;

use std::fmt;

pub use bug::Bug;

/// What a run came to.
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
    /// Troubles of printers and the disk.
    pub troubles: u64,
    /// Times that a person said what a printer could not prove.
    pub declared: u64,
    /// A digest of everything that happened, in its order.
    pub trace: u64,
}

/// What must not happen, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The seed that plays it again.
    pub seed: u64,
    /// The day, from 1.
    pub day: u32,
    /// The step, from the start.
    pub step: u64,
    /// What happened.
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
pub fn simulate(seed: u64, days: u32, bug: Option<Bug>) -> Result<Tally, Box<Violation>> {
    world::play(seed, days, bug)
}
