//! The load of many tills.
fn main() {}
