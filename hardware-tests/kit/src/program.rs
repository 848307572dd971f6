//! The program that black-box tests start.
//!
//! Tests start the program that cargo has built with them. With the environment variable [`OTHER_PROGRAM`] they start another one,
//! such as the program of an older commit: a test that reproduces a fault must fail there. The emulated printer and the simulated
//! authority always come from today's program, so that both programs meet the same printer and the same authority.

use std::path::PathBuf;

/// The environment variable with the path of the program that the tests start instead of the one that cargo has built. Its name
/// does not begin with `FERROTILL_`, because the program refuses variables with that beginning that it does not know.
pub const OTHER_PROGRAM: &str = "TEST_PROGRAM";

/// The commands that play the world around a till.
const SIMULATORS: [&str; 2] = ["authority", "emulator"];

/// The path in [`OTHER_PROGRAM`], if it is set.
#[must_use]
pub fn other() -> Option<PathBuf> {
    std::env::var_os(OTHER_PROGRAM).map(PathBuf::from)
}

/// The program to test. `built` is the one that cargo has built: `env!("CARGO_BIN_EXE_ferrotill")` in a test of the agent.
#[must_use]
pub fn tested(built: &str) -> PathBuf {
    other().unwrap_or_else(|| built.into())
}

/// The program for a command line: the one to test, or the one that cargo has built if the command is a simulator.
#[must_use]
pub fn for_arguments(built: &str, arguments: &[&str]) -> PathBuf {
    let command = arguments
        .iter()
        .find(|argument| !argument.starts_with("--"));
    match command {
        Some(command) if SIMULATORS.contains(command) => built.into(),
        _ => tested(built),
    }
}
