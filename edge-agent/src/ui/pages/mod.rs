//! The pages of the dashboard.

pub mod document;
pub mod frame;
mod guard;
pub mod others;
pub mod overview;
pub mod people;
pub mod receipts;
pub mod reports;
pub mod sign_in;
pub mod simulator;
pub mod state;
