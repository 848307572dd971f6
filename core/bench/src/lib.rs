//! See `benches/receipt.rs`.
