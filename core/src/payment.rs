//! The payment types of a device.

use serde::{Deserialize, Serialize};

/// A payment type of the table in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentType {
    /// The code that callers use.
    pub code: i32,
    /// The name of the payment type, as it is printed and returned to callers.
    pub name: heapless::String<32>,
    /// Whether the payment type is cash: cash goes into the drawer, and change is given from it.
    pub cash: bool,
    /// The fiscal printer's letter for the payment type.
    pub printer_letter: u8,
    /// Whether the drawer opens for a payment of this type.
    pub open_drawer: bool,
}

/// The largest number of payment types of a device.
pub const PAYMENT_TYPES_MAX: usize = 16;

/// The payment types in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PaymentTable(heapless::Vec<PaymentType, PAYMENT_TYPES_MAX>);

impl PaymentTable {
    /// A table of these payment types, or `None` if there are more than sixteen types or a code is used twice.
    pub fn new(types: impl Iterator<Item = PaymentType>) -> Option<Self> {
        let mut table = heapless::Vec::<PaymentType, PAYMENT_TYPES_MAX>::new();
        for payment_type in types {
            if table
                .iter()
                .any(|present| present.code == payment_type.code)
            {
                return None;
            }
            table.push(payment_type).ok()?;
        }
        Some(Self(table))
    }

    /// A table with one type, cash with the code 0; `None` if the name is longer than 32 bytes.
    #[must_use]
    pub fn cash_only(name: &str) -> Option<Self> {
        let cash = PaymentType {
            code: 0,
            name: name.try_into().ok()?,
            cash: true,
            printer_letter: b'P',
            open_drawer: true,
        };
        Self::new(core::iter::once(cash))
    }

    /// The payment type with this code.
    #[must_use]
    pub fn get(&self, code: i32) -> Option<&PaymentType> {
        self.0.iter().find(|payment_type| payment_type.code == code)
    }

    /// The payment type that a payment names, or the first type of cash if it names none.
    #[must_use]
    pub fn chosen(&self, code: Option<i32>) -> Option<&PaymentType> {
        match code {
            Some(code) => self.get(code),
            None => self.0.iter().find(|payment_type| payment_type.cash),
        }
    }

    /// The payment types in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &PaymentType> {
        self.0.iter()
    }
}
