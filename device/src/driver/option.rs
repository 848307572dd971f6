//! A wrong value of an option in an address, and the text that hides a password.

/// Replaces a password in everything that people read.
pub(super) const HIDDEN: &str = "****";

/// A value that an option does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OptionFault {
    /// The option.
    pub(super) option: String,
    /// Its value.
    pub(super) given: String,
    /// The allowed values.
    pub(super) allowed: String,
}
