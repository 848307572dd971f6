//! A message to a person: what is wrong, where, why, and one thing to do about it.

use std::fmt;
use std::io;

/// What is wrong, where, why, and what to do: the four parts of every message that asks a person to do something.
///
/// None of the parts but the last contains a semicolon followed by a space, so that a reader of the whole text finds the last part:
/// [`Explanation::new`] writes a comma instead, as the text of a system's error may have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong, for example "the printer cannot be reached".
    pub what: &'static str,
    /// Where: a path, an address, a key of the configuration.
    pub place: String,
    /// Why.
    pub why: String,
    /// One thing that a person can do about it.
    pub fix: String,
}

impl Explanation {
    /// The four parts.
    pub fn new(
        what: &'static str,
        place: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            what,
            place: place.into().replace("; ", ", "),
            why: why.into().replace("; ", ", "),
            fix: fix.into(),
        }
    }

    /// The first three parts: what is wrong, where and why.
    #[must_use]
    pub fn says(&self) -> String {
        let Self {
            what, place, why, ..
        } = self;
        if place.is_empty() {
            return format!("{what}: {why}");
        }
        format!("{what}: {place}: {why}")
    }
}

impl Explanation {
    /// The message without its place, for callers on other machines.
    #[must_use]
    pub fn for_callers(&self) -> String {
        format!("{}: {}; {}", self.what, self.why, self.fix)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.says(), self.fix)
    }
}

/// Why a file or folder cannot be used, in words: the system's usual errors, and the system's own text for any other.
#[must_use]
pub fn why_of(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "the user of this program may not use it".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "its disk can only be read".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        io::ErrorKind::AlreadyExists => "a file is in its place".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::Explanation;

    #[test]
    fn the_advice_begins_at_the_first_semicolon() {
        let explained = Explanation::new("it fails", "a; b", "one; two", "do this; then that");
        let whole = explained.to_string();
        assert_eq!(
            whole.split_once("; "),
            Some(("it fails: a, b: one, two", "do this; then that"))
        );
    }
}
