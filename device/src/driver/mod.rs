//! The printer families, and the address that chooses one.
//!
//! A family is one module here, its rows in the two tables below, and its row in `device/README.md`.

pub mod datecs;
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
        Family::Datecs => Box::new(datecs::Datecs::new(opener, some_seq())),
    }
}

/// A first sequence number that differs from start to start (spec 0.2): the standard library's own randomness is enough.
fn some_seq() -> u8 {
    let [first, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    first
}
