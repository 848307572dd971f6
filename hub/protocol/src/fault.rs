//! Why bytes are no message, or a value cannot be sent.

use core::fmt;

/// Why bytes are no message, or a value cannot be sent. Each variant names the place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes end too early, or a value in them is not valid.
    Malformed {
        /// What the bytes should be.
        what: &'static str,
    },
    /// The bytes are another message.
    OtherMessage {
        /// What the bytes should be.
        expected: u8,
        /// The first byte; `None` if there is none.
        found: Option<u8>,
    },
    /// The message has a version that this program does not know.
    UnknownVersion {
        /// The version in the message.
        version: u8,
    },
    /// The bytes mean a message, but are not the bytes that this message has.
    NotCanonical,
    /// Something is too long.
    TooLong {
        /// What is too long, with its place.
        path: String,
        /// Its size.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// Something is not as it must be.
    Wrong {
        /// The place.
        path: String,
        /// What must be.
        must: &'static str,
    },
}

impl Fault {
    pub(crate) fn wrong(path: impl Into<String>, must: &'static str) -> Self {
        Self::Wrong {
            path: path.into(),
            must,
        }
    }

    /// Refuses `size` above `max`; the path is made only for a refusal.
    pub(crate) fn limit(
        size: usize,
        max: usize,
        path: impl FnOnce() -> String,
    ) -> Result<(), Self> {
        if size > max {
            return Err(Self::TooLong {
                path: path(),
                size,
                max,
            });
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { what } => write!(f, "the bytes are not a valid {what}"),
            Self::OtherMessage {
                expected,
                found: Some(found),
            } => write!(
                f,
                "the message is of kind {found}, and kind {expected} is expected"
            ),
            Self::OtherMessage { expected, .. } => {
                write!(f, "the message is empty, and kind {expected} is expected")
            }
            Self::UnknownVersion { version } => write!(
                f,
                "the message has version {version}, which this program does not know; update the older of till and hub"
            ),
            Self::NotCanonical => {
                f.write_str("the bytes are not the one encoding that the message has")
            }
            Self::TooLong { path, size, max } => write!(f, "{path}: {size}; {max} is the limit"),
            Self::Wrong { path, must } => write!(f, "{path}: {must}"),
        }
    }
}

impl core::error::Error for Fault {}
