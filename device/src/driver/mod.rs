//! The drivers, and the address that chooses one.
//!
//! [`isl`] drives every printer of [`crate::family`], whatever its table says.

pub mod isl;
mod line;
mod uri;

pub use uri::{DriverUri, DriverUriError};

use std::hash::{BuildHasher, Hasher, RandomState};

use self::uri::{Family, Transport};
use crate::port::PortOpener;
use crate::printer::FiscalPrinter;

/// The printer at an address. Nothing is opened yet: that is [`FiscalPrinter::connect`].
#[must_use]
pub fn open(uri: &DriverUri) -> Box<dyn FiscalPrinter> {
    let opener: Box<dyn PortOpener> = match uri.transport() {
        #[cfg(feature = "serial")]
        Transport::Serial { path, baud } => {
            Box::new(crate::port::serial::SerialOpener::new(path.clone(), *baud))
        }
        Transport::Tcp { address } => Box::new(crate::port::tcp::TcpOpener::new(address.clone())),
    };
    match uri.family() {
        Family::Isl(protocol) => Box::new(isl::IslPrinter::new(protocol, opener, some_seq())),
    }
}

/// A first sequence number that differs from start to start (spec 0.2): the standard library's own randomness is enough.
fn some_seq() -> u8 {
    let [first, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    first
}
