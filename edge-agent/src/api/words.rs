//! Counts in words.

use std::fmt::Display;

/// A count with its noun: `1 return`, `2 returns`.
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// How many documents wait: `1 document waits`.
pub(crate) fn waiting<N: Display + PartialEq + From<u8>>(count: N) -> String {
    let verb = if count == N::from(1) { "waits" } else { "wait" };
    format!("{} {verb}", counted(count, "document"))
}
