//! JSON bodies: any bytes are a tree or an error in words, and what was read is the same after it was written.
#![no_main]

use ferrotill::api::json::JsonValue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(node) = JsonValue::parse(body) else {
        return;
    };
    let written = node.to_string();
    let again = JsonValue::parse(written.as_bytes()).expect("what was written can be read");
    assert_eq!(again, node);
});
