//! A wrong value of an option in an address, and the text that hides a password.

/// The text that replaces a password in everything that people read.
pub(super) const HIDDEN: &str = "****";

/// A value that an option does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OptionFault {
    /// The name of the option.
    pub(super) option: String,
    /// The value that was given.
    pub(super) given: String,
    /// The values that the option allows, as text.
    pub(super) allowed: String,
}
