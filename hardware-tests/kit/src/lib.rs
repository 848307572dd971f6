//! What tests of several crates share. No release build contains it.
//!
//! | Module | Holds |
//! | --- | --- |
//! | [`config`] | the text of a configuration file, section by section |
//! | [`printer`] | a printer that does what the test says, or registers everything at once |
//! | [`network`] | the connection to the tax authority, with everything that can be wrong with it |
//! | [`clock`] | a clock that a test moves |
//!
//! The tax authority itself is the simulator that `ferrotill authority` serves: tests need no other one.

pub mod clock;
pub mod config;
pub mod network;
pub mod printer;
