//! The printer families: each is one table in one file here, and this is the index of them.
//!
//! A family says how its frames are cut, which status bit means what, what its commands are and how their data are written,
//! in both directions, and what its refusals are called.
//! The driver ([`crate::driver`]) reads one side of the table and the emulated printer ([`crate::emulator`]) the other;
//! neither of them asks which family it is.
//!
//! To add one, read `docs/ADDING-A-PRINTER.md`.

mod protocol;

pub mod datecs;
pub mod datecs_b;
pub mod datecs_x;
pub mod eltrade;

pub use protocol::{
    Codec, CommandRow, Errors, FamilyLimits, Model, NO_DATA, Optional, Payments, Protocol, Seller,
};

/// Every family, by the name that an address and `ferrotill emulator --family` take.
pub const FAMILIES: &[&Protocol] = &[
    &datecs::PROTOCOL,
    &datecs_b::PROTOCOL,
    &datecs_x::PROTOCOL,
    &eltrade::PROTOCOL,
];

/// The family of this name.
#[must_use]
pub fn of_name(name: &str) -> Option<&'static Protocol> {
    FAMILIES
        .iter()
        .find(|protocol| protocol.name == name)
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::cause::Cause;

    #[test]
    fn names_are_unique_and_found() {
        for protocol in FAMILIES {
            assert_eq!(of_name(protocol.name), Some(*protocol));
            let same = FAMILIES
                .iter()
                .filter(|other| other.name == protocol.name)
                .count();
            assert_eq!(same, 1, "{}", protocol.name);
        }
        assert_eq!(of_name("epson"), None);
    }

    #[test]
    fn every_table_is_consistent() {
        for protocol in FAMILIES {
            let name = protocol.name;
            assert_eq!(protocol.framing.status_len, protocol.status.len, "{name}");
            assert!(
                protocol
                    .payments
                    .day
                    .iter()
                    .all(|letter| protocol.payments.letters.contains(letter)),
                "{name}"
            );
            assert!(protocol.payments.letters.contains(&'P'), "{name}");
            assert!(protocol.payments.day.len() <= 8, "{name}");
            // The longest sale that the plan can make fits a frame.
            let text = protocol
                .limits
                .name
                .saturating_mul(protocol.limits.name_lines);
            assert!(text + 60 < protocol.framing.request_data_max, "{name}");
            if !matches!(protocol.errors, Errors::Silent) {
                assert_eq!(
                    protocol.code_of(Cause::PaymentStarted).1,
                    Cause::PaymentStarted
                );
            }
        }
    }
}
