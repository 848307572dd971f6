//! Ferrotill's fiscal core.
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

pub mod amount;
pub mod quantity;
pub mod scale;

pub use amount::{Amount, Currency};
pub use quantity::Quantity;
