//! An error with all its sources, in one line.

use std::error::Error;

/// The text of the error, then the texts of its sources, separated by colons.
#[must_use]
pub fn chain_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::chain_of;

    #[derive(Debug, thiserror::Error)]
    #[error("the file cannot be read")]
    struct Unreadable(#[source] io::Error);

    #[test]
    fn the_line_contains_all_sources() {
        let error = Unreadable(io::Error::other("no such file"));
        assert_eq!(chain_of(&error), "the file cannot be read: no such file");
    }
}
