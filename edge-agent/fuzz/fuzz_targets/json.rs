//! JSON bodies: any bytes are a tree or an error in words, and what was read is the same after it was written.
#![no_main]

use ferrotill::api::json::Node;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(node) = Node::parse(body) else {
        return;
    };
    let written = node.out().to_string();
    let again = Node::parse(written.as_bytes()).expect("what was written can be read");
    assert_eq!(again.out().to_string(), written);
});
