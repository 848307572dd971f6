//! Signed receipts of the RKSV, as far as they need more than the core: signature units, the protocol (DEP), and its check.
//!
//! ```text
//! core Register ──Payload──► SigningUnit ──Code──► DepWriter ──► protocol (DEP)
//!                                                                   │
//! KeyMaterial (AES key, certificates or public keys) ──► check_dep ◄┘──► flaws, each with the number of its receipt
//! Scenario ──replay──► the same register, unit and writer, for the files of the official sample code
//! ```
//!
//! The rules, their order and the arithmetic are in `ferrotill_core::profile::at::rksv`; `docs/countries/at.md` gives the source of
//! each rule. Signatures are made and checked with `ring` (decision 0033).

// As in the agent: a panic would end a till, so no arithmetic may overflow, and no index may lie outside.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

mod certificate;
mod check;
mod dep_reader;
mod dep_writer;
mod der;
mod key_file;
mod key_streams;
mod material;
mod replay;
mod scenario;
mod unit;

pub use certificate::{CertificateUnreadable, P256PublicKey, UnitCertificate, certificate_ends};
pub use check::{DepChecked, DepFault, DepFlaw, FLAWS_MAX, check_dep};
pub use dep_writer::DepWriter;
pub use ferrotill_core::profile::at::rksv::CounterWidth;
pub use key_file::{KeyFileFault, UnitKeyFile, new_counter_key};
pub use material::{KeyKind, KeyMaterial, MaterialFault, UnitKey};
pub use replay::{PROVIDER_OF_TESTS, ReplayFault, Replayed, SystemKind, replay};
pub use scenario::{Scenario, ScenarioFault, ScenarioKind, ScenarioReceipt, UNITS_MAX};
pub use unit::{SigningUnit, SoftwareUnit, SwitchedUnit, UnitFault, seal_with};
