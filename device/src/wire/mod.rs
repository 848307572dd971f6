//! Parse and emit: what goes over the line, in both directions.
//!
//! Nothing here knows what money is, reads a clock or does IO.
//! The drivers use one direction of every file and the emulator the other, so that both speak through the same code;
//! the frames recorded in `tests/transcripts` are what keeps that code to the manual.

pub mod codepage;
pub mod fields;
pub mod isl;
pub mod isl_payment;
pub mod isl_receipt;
pub mod isl_report;
pub mod isl_status;
