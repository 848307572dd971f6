//! A shop in one thread, driven by one seed: callers with retries, the real clerk, store and drivers, emulated printers, the simulator
//! of the tax authority, and everything that can go wrong.
//!
//! ```text
//! callers ──orders──► Clerk::turn ──► Store on ferrotill-disk      cuts, failing writes
//!                        │ ▲
//!                     Worker::turn ──► IslPrinter ──► Relay ──► IslEmulator   lost frames, power, paper, cover, firmware
//!                        └─► outbox ──► sender ──► authority       down, refuses, loses answers
//! ```
//!
//! Only ports, disk, network and time are replaced by simulated ones. Two runs with one seed play the same shop: the same steps with the
//! same trace.
//! Only the key of the journal and the unique ids of documents do not come from the seed; no result of the simulation depends on
//! them.

mod callers;
mod goods;
mod line;
mod modules;
mod network;
mod printers;
mod shop_config;
mod signed;
mod world;

use std::fmt;

use ferrotill_disk::Syncs;

/// Counts of what happened in a run of the simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many steps were played.
    pub steps: u64,
    /// How many orders the callers made.
    pub orders: u64,
    /// How many orders were registered.
    pub registered: u64,
    /// How many times the agent crashed, with or without a power cut.
    pub crashes: u64,
    /// How many faults of printers, disk, network and clock happened.
    pub troubles: u64,
    /// How many declarations operators made about documents that a printer could not prove.
    pub declared: u64,
    /// A digest of everything that happened, in order. Two runs with the same trace were the same.
    pub trace: u64,
}

/// A violation: something happened in the simulation that must never happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The seed that repeats the violation.
    pub seed: u64,
    /// The day of the violation, counted from 1.
    pub day: u32,
    /// The step of the violation, counted from the start of the run.
    pub step: u64,
    /// The text that says what is wrong.
    pub words: String,
    /// Notes on what happened before the violation, the newest last.
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

/// Plays some days of the shop that a seed describes.
///
/// # Errors
///
/// The first violation.
pub fn simulate(seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
    simulate_on(Syncs::Kept, seed, days)
}

/// Plays some days of a shop whose law has receipts signed: several registers, their signature units, and everything that can go wrong with
/// them. The judge is the check of the exported protocols.
///
/// # Errors
///
/// The first violation.
pub fn simulate_signed(seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
    simulate_signed_on(Syncs::Kept, seed, days)
}

/// [`simulate_signed`] with a choice of what the disk's syncs do. If the syncs are ignored (the control), a violation must be found.
///
/// # Errors
///
/// The first violation.
pub fn simulate_signed_on(syncs: Syncs, seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
    signed::play(syncs, seed, days)
}

/// Plays some days of a shop whose law has fiscal modules seal receipts: tills, modules in software and behind devices, payment providers,
/// and everything that can go wrong with them. The judge compares module, journal and providers.
///
/// # Errors
///
/// The first violation.
pub fn simulate_modules(seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
    simulate_modules_on(Syncs::Kept, seed, days)
}

/// [`simulate_modules`] with a choice of what the disk's syncs do. If the syncs are ignored (the control), a violation must be found.
///
/// # Errors
///
/// The first violation.
pub fn simulate_modules_on(syncs: Syncs, seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
    modules::play(syncs, seed, days)
}

/// [`simulate`] with a choice of what the disk's syncs do. If the syncs are ignored (the control), a violation must be found.
///
/// # Errors
///
/// The first violation.
pub fn simulate_on(syncs: Syncs, seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
    world::play(syncs, seed, days)
}
