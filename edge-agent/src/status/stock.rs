//! The fiscal numbers that a device has left.

/// The fiscal numbers of a device, in a country whose law requires them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// How many numbers the authority has reserved that no document uses yet.
    pub left: u64,
    /// Counts the numbers under which the authority has known the device: the others of these figures are about the last one.
    pub pool: u32,
    /// The highest number that the authority ever reserved for the device.
    pub highest: Option<u64>,
    /// The number of the last document that the device has sealed.
    pub last_document: u32,
}
