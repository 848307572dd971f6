//! How the data of one command or answer are written and read.

/// The functions that write and read the data of a command or an answer.
pub struct Codec<T: 'static> {
    /// Writes a value as data.
    pub emit: fn(&T) -> Vec<u8>,
    /// Reads a value from data; `None` if the data cannot be read.
    pub parse: fn(&[u8]) -> Option<T>,
}

impl<T> Clone for Codec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Codec<T> {}

/// A codec that writes nothing and ignores any data.
pub const NO_DATA: Codec<()> = Codec {
    emit: |()| Vec::new(),
    parse: |_| Some(()),
};
