//! Ferrotill's device layer: exact wire protocols of fiscal printers, drivers that settle every command, and an emulator.
//!
//! The modules, from the agent's interface down to the bytes on the line:
//!
//! - [`printer`]: [`FiscalPrinter`], the jobs it carries out and the outcomes a job can have;
//! - [`judge`]: what a printer's counters prove of a job, and the only place that makes evidence of "no document";
//! - [`baseline`]: the identity and the counters of a printer before a job;
//! - [`fault`]: the faults between a till and its printer, one numbered list for all makers;
//! - [`family`]: the differences between families of printers, one table for each family, used by the driver and by the emulator;
//! - [`drawer`]: cash drawers, and whether they are open;
//! - [`driver`]: the drivers, chosen by a [`driver::DriverUri`];
//! - [`session`]: one request and its answer, without IO and without a clock;
//! - [`wire`]: functions that read and write the data on the line, in both directions;
//! - [`port`]: serial, TCP, loopback, and the ports that trace, replay or break another port;
//! - [`emulator`]: the printer's side of the same wire (feature `emulator`).
//!
//! A job whose outcome is unknown is never printed a second time: after a lost answer the driver asks the device
//! what became of the command. While the device cannot be asked, the outcome stays "unknown".
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::float_arithmetic
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

pub mod baseline;
pub mod drawer;
pub mod driver;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod family;
pub mod fault;
pub mod judge;
pub mod port;
pub mod printer;
pub mod session;
pub mod wire;

pub use driver::{DriverUri, DriverUriError};
pub use fault::Fault;
pub use printer::{
    AbsenceEvidence, Baseline, Condition, Connected, DaySums, FiscalPrinter, Job, JournalEvidence,
    LineJob, NoDocument, Paper, PaymentJob, Performed, PrinterFigure, PrinterPayment,
    PrinterReport, RateDifference, ReceiptJob, Recovered, RefundOf, Registered, UnknownAnswer,
    Watch,
};
