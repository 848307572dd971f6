//! The printer families, and the address that chooses one.
pub mod datecs;

use core::fmt;

use crate::printer::FiscalPrinter;

/// Where a printer is and what it speaks: `datecs+serial:///dev/ttyUSB0?baud=115200`, `datecs+tcp://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverUri {
    text: String,
}

impl DriverUri {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`DriverUriError`] names what is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, DriverUriError> {
        Ok(Self {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for DriverUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriverUriError {
    /// Nothing yet.
    Family(String),
}

impl fmt::Display for DriverUriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Family(given) => write!(f, "`{given}` is not a printer family"),
        }
    }
}

impl core::error::Error for DriverUriError {}

/// The printer at an address; the port is opened by [`FiscalPrinter::connect`].
#[must_use]
pub fn open(uri: &DriverUri) -> Box<dyn FiscalPrinter> {
    let _ = uri;
    Box::new(datecs::Datecs::new())
}
