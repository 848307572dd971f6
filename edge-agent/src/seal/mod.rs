//! Seals: what makes a reserved document legal. This folder contains the fiscal printer.
//! The numbers of alternative receipts and the fiscal numbers that the authority reserved are assigned in the clerk's batch.

pub mod printer;
