//! Functions that read and write the data on the line, in both directions.
//!
//! Nothing in this module computes with money, reads a clock or does IO. The drivers use one direction of every file and the
//! emulator the other, so that both use the same code; the frames recorded in `tests/transcripts` check that code against the
//! manuals.

pub mod cause;
pub mod codepage;
pub mod decoder;
pub mod escpos;
pub mod escpos_answer;
pub mod escpos_control;
pub mod escpos_decode;
pub mod escpos_profile;
pub mod escpos_raster;
pub mod fields;
pub mod framing;
pub mod isl;
pub mod isl_counters;
pub mod isl_daisy;
pub mod isl_daisy_report;
pub mod isl_mx;
pub mod isl_payment;
pub mod isl_receipt;
pub mod isl_report;
pub mod isl_service;
pub mod isl_status;
pub mod isl_x;
pub mod isl_x_receipt;
pub mod isl_x_report;
pub mod zfp;
pub mod zfp_frame;
pub mod zfp_payments;
pub mod zfp_receipt;
pub mod zfp_report;
