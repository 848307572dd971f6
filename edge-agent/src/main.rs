//! Ferrotill.
fn main() {}
