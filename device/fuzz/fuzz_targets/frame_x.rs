//! Any bytes are cut into frames of X; what is taken for a frame comes back as it was.
#![no_main]

use ferrotill_device::wire::isl_x::FRAMING;
use libfuzzer_sys::fuzz_target;

#[path = "../frames.rs"]
mod frames;

fuzz_target!(|bytes: &[u8]| frames::check(FRAMING, bytes));
