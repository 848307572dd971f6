//! The text of an error for a person.

use std::error::Error;

/// The text of an error, followed by the texts of all its sources.
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
