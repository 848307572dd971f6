//! Fuzzes JSON: any bytes give a value or an error, and a value that is written and read again is the same.
#![no_main]

use ferrotill::api::json::JsonValue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(value) = JsonValue::parse(body) else {
        return;
    };
    let written = value.to_string();
    let again = JsonValue::parse(written.as_bytes()).expect("what was written can be read");
    assert_eq!(again, value);
});
