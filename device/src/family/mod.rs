//! The index of the printer families, of which each is one table in one file.
//!
//! The table of a family describes its frames, the meaning of its status bits, its commands with the form of their data
//! in both directions, and its error codes.
//! The driver ([`crate::driver`]) uses one direction of the table and the emulated printer ([`crate::emulator`]) the other;
//! neither of them contains code for a particular family.
//!
//! To add a family, read `docs/ADDING-A-PRINTER.md`.

mod classic_forms;
mod codec;
mod error_codes;
mod forms;
mod models;
mod payments;
mod protocol;

pub mod daisy;
pub mod datecs;
pub mod datecs_b;
pub mod datecs_mx;
pub mod datecs_x;
pub mod eltrade;
pub mod tremol;

pub use codec::{Codec, NO_DATA};
pub use forms::{AnswerForm, Answers, Firmware, Source};
pub use models::families_of_model;
pub use payments::{PaymentMeaning, Payments};
pub use protocol::{
    Asked, CommandRow, CountryFacts, CountryQuestions, Errors, FamilyLimits, LineWidth, Model,
    Optional, Protocol, ReceiptRules, Seller, TextWidths,
};

/// Every family, by its name in an address and in `ferrotill emulator --family`.
pub const FAMILIES: &[&Protocol] = &[
    &datecs::PROTOCOL,
    &datecs_b::PROTOCOL,
    &datecs_x::PROTOCOL,
    &datecs_mx::PROTOCOL,
    &eltrade::PROTOCOL,
    &daisy::PROTOCOL,
    &tremol::PROTOCOL,
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
            // An acknowledgement has two digits in place of the status bytes.
            if protocol.framing.replays() {
                assert_eq!(protocol.framing.status_len, protocol.status.len, "{name}");
            }
            assert!(
                protocol
                    .payments
                    .day
                    .iter()
                    .all(|letter| protocol.payments.meaning_of(*letter).is_some()),
                "{name}"
            );
            assert_eq!(
                protocol.payments.meaning_of('P'),
                Some(PaymentMeaning::Cash),
                "{name}"
            );
            let card = protocol.payments.letter_of(PaymentMeaning::Card);
            assert!(card.is_some(), "{name}");
            assert!(protocol.payments.day.len() <= 8, "{name}");
            // The longest sale that the plan can make must fit into a frame.
            let widths = protocol.limits.widths;
            let text = widths.name.sent.saturating_mul(widths.name_lines);
            assert!(text + 60 < protocol.framing.request_data_max, "{name}");
            for width in [widths.name, widths.receipt, widths.slip] {
                assert!(0 < width.sent && width.sent <= width.printed, "{name}");
            }
            if !matches!(protocol.errors, Errors::Silent) {
                assert_eq!(
                    protocol.code_of(Cause::PaymentStarted).1,
                    Cause::PaymentStarted
                );
            }
        }
    }
}
