//! A shop in one thread, driven by one seed: callers with retries, the real clerk, store and drivers, emulated printers, the stand-in
//! of the tax office, and everything going wrong.
//!
//! ```text
//! callers ──orders──► Clerk::turn ──► Store on ferrotill-disk      cuts, failing writes
//!                        │ ▲
//!                     Worker::turn ──► IslPrinter ──► Emulator      lost frames, power, paper, cover
//!                        └─► outbox ──► letters, form, stand-in     down, refuses, loses answers
//! ```
//!
//! Only ports, disk, network and time are replaced. The same seed plays the same shop: the same steps with the same trace.
//! What no seed governs are the journal's key and the documents' ids over all tills, which nothing here depends on.

mod callers;
mod office;
mod printer;
mod world;

use std::fmt;

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

/// A deliberate mistake, put into a seam: the simulator must find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// After a lost answer the job is printed again at once.
    PrintAgainAtOnce,
    /// What is to be recovered is printed again on hope.
    PrintAgain,
    /// Recovery compares with the counters of now instead of those that were stored before.
    BaselineOfNow,
    /// Recovery says that nothing was printed, without asking.
    RecoveryGivesUp,
    /// Recovery is not told that the cancellation was decided.
    RecoveryForgetsDecision,
    /// No answer counts as "not registered".
    SilenceIsNo,
    /// No answer counts as "registered".
    SilenceIsYes,
    /// The decision to cancel is carried out before it is durable.
    CancelBeforeDurable,
    /// What the printer has settled is not told to the clerk.
    NewsIsLost,
    /// A document is ticked off when it is sent, whatever the answer.
    AcknowledgeOnSend,
    /// Each attempt to tell the office has a key of its own.
    NewKeyEachTime,
    /// A refused document is never sent again.
    RefusedIsForgotten,
    /// The disk says that it has synced, and has not.
    SyncIsIgnored,
    /// A start finds an older copy of the books.
    OlderBooks,
    /// The callers' answers are swapped: a yes is heard as a no.
    YesIsHeardAsNo,
    /// A caller is told yes before anything is in the books.
    AnswerBeforeCommit,
}

impl Bug {
    /// Every bug.
    pub const ALL: [Self; 16] = [
        Self::PrintAgainAtOnce,
        Self::PrintAgain,
        Self::BaselineOfNow,
        Self::RecoveryGivesUp,
        Self::RecoveryForgetsDecision,
        Self::SilenceIsNo,
        Self::SilenceIsYes,
        Self::CancelBeforeDurable,
        Self::NewsIsLost,
        Self::AcknowledgeOnSend,
        Self::NewKeyEachTime,
        Self::RefusedIsForgotten,
        Self::SyncIsIgnored,
        Self::OlderBooks,
        Self::YesIsHeardAsNo,
        Self::AnswerBeforeCommit,
    ];
}

/// Plays days of a shop.
///
/// # Errors
///
/// The first violation.
pub fn simulate(seed: u64, days: u32, bug: Option<Bug>) -> Result<Tally, Box<Violation>> {
    world::play(seed, days, bug)
}
