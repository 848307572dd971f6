//! Simulators of systems outside the till: for tests, for the demo, and for developers without access to an authority.

pub mod finanz_online;
pub mod fiscalbox;
pub mod signature_service;
pub mod tax_office;
