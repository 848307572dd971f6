//! Splits any bytes into frames of groups A and B; a frame that was read is written as the same bytes.
#![no_main]

use ferrotill_device::wire::isl::FRAMING;
use libfuzzer_sys::fuzz_target;

#[path = "../frames.rs"]
mod frames;

fuzz_target!(|bytes: &[u8]| frames::check(FRAMING, bytes));
