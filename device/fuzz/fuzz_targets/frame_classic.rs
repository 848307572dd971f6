//! Any bytes are cut into frames of groups A and B; what is taken for a frame comes back as it was.
#![no_main]

use ferrotill_device::wire::isl::FRAMING;
use libfuzzer_sys::fuzz_target;

#[path = "../frames.rs"]
mod frames;

fuzz_target!(|bytes: &[u8]| frames::check(FRAMING, bytes));
