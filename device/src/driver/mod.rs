//! The drivers, and the address that chooses one.
//!
//! [`isl`] drives every printer of [`crate::family`] by its table; [`escpos`] drives receipt printers, which are not fiscal.

pub mod escpos;
pub mod isl;
mod letters;
mod line;
mod option;
mod uri;

pub use letters::{PageLetters, as_printed, code_pages};
pub use uri::{DriverUri, DriverUriError};

use std::hash::{BuildHasher, Hasher, RandomState};

use self::uri::{Family, Transport};
use crate::family::Protocol;
use crate::fault::Fault;
use crate::port::PortOpener;
#[cfg(feature = "serial")]
use crate::port::serial::SerialOpener;
use crate::printer::FiscalPrinter;

/// The most memory of a driver between two jobs, without its port, in bytes: its session ([`crate::session::SESSION_BYTES_MAX`]),
/// the printer's identity, and the printer's last counters. Each text of the identity and the counters fits one frame. While a
/// job runs, the driver needs a few times the size of the job, which is freed at its end.
pub const DRIVER_BYTES_MAX: usize = 16 * 1024;

/// The printer at an address. [`FiscalPrinter::connect`] opens it.
#[must_use]
pub fn open(uri: &DriverUri) -> Box<dyn FiscalPrinter> {
    match uri.family() {
        Family::Isl(protocol, options) => Box::new(fiscal_printer(uri, protocol, options)),
        Family::Escpos(options) => Box::new(receipt_printer(opener(uri), *options)),
    }
}

/// The printer at an address, which is not connected while it is in its service or training mode: what it prints then is not fiscal.
#[must_use]
pub fn open_fiscal_only(uri: &DriverUri) -> Box<dyn FiscalPrinter> {
    match uri.family() {
        Family::Isl(protocol, options) => {
            Box::new(fiscal_printer(uri, protocol, options).fiscal_only())
        }
        Family::Escpos(_) => open(uri),
    }
}

/// Asks one harmless question once, at the speed of the address: whether a printer that understands the frames of this family is
/// there. Several families have the same frames ([`DriverUri::has_frames_of`]); [`open`] shows which of them the printer is of.
///
/// # Errors
///
/// The reason why the port cannot be opened, or why there was no answer.
pub fn answers(uri: &DriverUri, silence_ms: u64) -> Result<(), Fault> {
    match uri.family() {
        Family::Isl(protocol, _) => isl::answers(protocol, opener(uri), some_seq(), silence_ms),
        Family::Escpos(_) => escpos::answers(opener(uri), silence_ms),
    }
}

fn fiscal_printer(
    uri: &DriverUri,
    protocol: &'static Protocol,
    options: &isl::Options,
) -> isl::IslPrinter {
    isl::IslPrinter::with_options(protocol, opener(uri), options.clone(), some_seq())
}

/// The receipt printer at an address, for slips with more than text; `None` for a fiscal printer. The port is not opened yet.
#[must_use]
pub fn open_receipt_printer(uri: &DriverUri) -> Option<escpos::Escpos> {
    match uri.family() {
        Family::Isl(..) => None,
        Family::Escpos(options) => Some(receipt_printer(opener(uri), *options)),
    }
}

fn receipt_printer(opener: Box<dyn PortOpener>, options: escpos::Options) -> escpos::Escpos {
    let printer = escpos::Escpos::new(opener, options, some_seq());
    #[cfg(feature = "font")]
    let printer = printer.with_rasteriser(Box::new(escpos::Unifont));
    printer
}

/// Tries what the manuals of its family leave open at the printer of an address, which must not be fiscalised.
///
/// # Errors
///
/// The reason why nothing was tried.
pub fn certify(uri: &DriverUri) -> Result<isl::certify::Certified, isl::certify::NotCertified> {
    match uri.family() {
        Family::Isl(protocol, options) => {
            isl::certify::certify_with(protocol, opener(uri), options.clone(), some_seq())
        }
        Family::Escpos(_) => Err(isl::certify::NotCertified::NoTable(escpos::FAMILY)),
    }
}

fn opener(uri: &DriverUri) -> Box<dyn PortOpener> {
    match uri.transport() {
        #[cfg(feature = "serial")]
        Transport::Serial { path, baud } => Box::new(match baud {
            Some(baud) => SerialOpener::new(path.clone(), *baud),
            None => SerialOpener::searching(path.clone()),
        }),
        Transport::Tcp { address } => Box::new(crate::port::tcp::TcpOpener::new(address.clone())),
    }
}

/// Chooses a first sequence number that differs from start to start: the randomness of the standard library is enough.
fn some_seq() -> u8 {
    let [first, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    first
}
