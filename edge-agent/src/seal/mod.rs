//! What makes a reserved document legal. Today that is the fiscal printer; the numbers of a range and reserved fiscal numbers are
//! taken inside the clerk's batch.

pub mod printer;
