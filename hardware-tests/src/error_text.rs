//! An error as a person reads it.

use std::error::Error;

/// The text of an error with those of all its sources.
pub(crate) fn with_sources(error: impl Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
