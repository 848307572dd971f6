//! What the manuals of a family leave open, tried one by one against a printer: each inference has a procedure.
//!
//! The procedures print and register receipts and close the day, so they are for printers that are not fiscalised, or that are in the
//! maker's training mode: a printer that reports anything else is not touched. The list of inferences is in `device/README.md`.
//!
//! - `table`: the inferences, with the places of the code that rely on them;
//! - `trial`: a connected printer, and what the procedures do with it;
//! - `receipts`, `counters`, `registers`, `acknowledged`: the procedures.

mod acknowledged;
mod counters;
mod receipts;
mod registers;
mod table;
mod trial;

use core::fmt;

pub use self::table::{FamilyInference, Listed, inferences};
use self::trial::Trial;
use super::options::Options;
use crate::driver::some_seq;
use crate::family::Protocol;
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::port::tracer::Transcript;

/// What a procedure has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrialFinding {
    /// The printer does what is inferred.
    Confirmed,
    /// The printer does something else.
    Refuted(String),
    /// It could not be tried.
    NotTried(String),
}

/// An inference that was tried.
#[derive(Clone, Debug)]
pub struct TriedInference {
    /// The inference.
    pub inference: &'static FamilyInference,
    /// What was found.
    pub finding: TrialFinding,
    /// The frames as hexadecimal numbers, each with its content as text in the line below ([`crate::port::tracer`]).
    pub frames: String,
}

/// A printer, and what was found at it.
#[derive(Clone, Debug)]
pub struct Certified {
    /// The family of the printer.
    pub family: &'static str,
    /// The model, as the printer reports it.
    pub model: String,
    /// The firmware, as the printer reports it.
    pub firmware: String,
    /// The serial number.
    pub serial: String,
    /// The frames of the connection.
    pub frames: String,
    /// All inferences of the family.
    pub tried: Vec<TriedInference>,
}

/// Why nothing was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotCertified {
    /// The family has no table of inferences.
    NoTable(&'static str),
    /// The printer reports that it is fiscalised.
    Fiscalised,
    /// A receipt or a slip is open, or the printer is not ready to print.
    NotReady(String),
    /// The printer cannot be reached.
    NotConnected(Fault),
}

impl fmt::Display for NotCertified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTable(family) => {
                write!(
                    f,
                    "the family `{family}` has no table of inferences; it exists for {}",
                    table::families().join(", ")
                )
            }
            Self::Fiscalised => f.write_str(
                "the printer reports that it is fiscalised and in its usual mode, so every receipt would be a fiscal document",
            ),
            Self::NotReady(why) => write!(f, "the printer is not ready: {why}"),
            Self::NotConnected(fault) => write!(f, "the printer cannot be reached: {fault}"),
        }
    }
}

impl core::error::Error for NotCertified {}

/// Tries all inferences of a family at the printer on a line, with the operator of a new printer.
///
/// # Errors
///
/// The reason why nothing was tried.
pub fn certify_on(
    protocol: &'static Protocol,
    line: Box<dyn PortOpener>,
) -> Result<Certified, NotCertified> {
    certify_with(protocol, line, Options::default(), some_seq())
}

/// Tries all inferences of a family at the printer on a line.
pub(in crate::driver) fn certify_with(
    protocol: &'static Protocol,
    line: Box<dyn PortOpener>,
    options: Options,
    first_seq: u8,
) -> Result<Certified, NotCertified> {
    let known: Vec<&'static FamilyInference> = inferences(protocol.name).collect();
    if known.is_empty() {
        return Err(NotCertified::NoTable(protocol.name));
    }
    let transcript = Transcript::default();
    let mut trial = Trial::connect(protocol, line, options, first_seq, transcript.clone())?;
    let (model, firmware, serial) = trial.identity();
    let mut certified = Certified {
        family: protocol.name,
        model,
        firmware,
        serial,
        frames: transcript.take(),
        tried: Vec::new(),
    };
    for inference in known {
        let finding = (inference.procedure)(&mut trial).unwrap_or_else(|early| early);
        trial.close_all();
        certified.tried.push(TriedInference {
            inference,
            finding,
            frames: transcript.take(),
        });
    }
    Ok(certified)
}
