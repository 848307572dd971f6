//! Simulators of what stands outside the till: for tests, for the demo and for developers without a tax office.

pub mod tax_office;
