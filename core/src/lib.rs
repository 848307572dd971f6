//! Ferrotill's fiscal core: what the law allows and demands, as pure functions over plain values.
//!
//! ```text
//! Draft ──compute──► Receipt          amounts, taxes and change, exactly; or every fault with its place
//! Command ──decide──► Event           Till::decide gives an Event or a numbered Refusal, and changes nothing
//! Event ──apply──► Till               Till::apply cannot fail; live operation, replay and recovery run these same two functions
//! ```
//!
//! The core has no allocator, no floating point, no clock and no IO. Start reading at [`till`].
//!
//! The rest of this page is the crate's `README.md`.
//!
#![doc = include_str!("../README.md")]
#![no_std]
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
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod amount;
mod blank;
pub mod budget;
pub mod clock_guard;
pub mod counters;
pub mod document;
pub mod duty;
pub mod event;
pub mod facts;
pub mod id;
pub mod numbers;
pub mod packed;
pub mod payment;
pub mod printer_time;
pub mod profile;
pub mod quantity;
pub mod receipt;
pub mod reconciliation;
pub mod refusal;
pub mod rounding;
pub mod scale;
pub mod seal;
pub mod shift;
pub mod tax;
pub mod till;
pub mod time;
pub mod totals;

pub use amount::{Amount, Currency};
pub use blank::is_blank;
pub use quantity::Quantity;
pub use refusal::Refusal;
pub use rounding::{Rounding, RoundingMode};
pub use till::Till;
