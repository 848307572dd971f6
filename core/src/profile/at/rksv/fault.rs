//! Why a signed receipt cannot be made or read. Numbers are never reused.

use core::fmt;

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $number:literal $name:ident $({ $($field:ident : $type:ty),+ })? => $message:literal;)+) => {
        /// Why a signed receipt cannot be made or read.
        ///
        /// Where several apply, the lower number goes first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $doc])+ $name $({ $(#[doc = "The value that the message names."] $field: $type),+ })?,)+
        }

        impl Fault {
            /// Number and name of every fault, in order.
            pub const ALL: &'static [(u16, &'static str)] = &[$(($number, stringify!($name))),+];

            /// The number.
            #[must_use]
            pub const fn number(&self) -> u16 {
                match self { $(Self::$name { .. } => $number),+ }
            }
        }

        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$name $({ $($field),+ })? => write!(f, $message)),+ }
            }
        }
    };
}

faults! {
    /// A cash box id or receipt id of no or too many bytes.
    1 IdLength { given: usize, limit: usize } => "the id has {given} bytes; it needs 1 to {limit}";
    /// A cash box id or receipt id with `_`, a control character, or a blank at its edge (2.1).
    2 IdCharacter { at: usize } => "the id has a character at byte {at} that the code cannot carry: no \"_\", no control character, no blank at the edge";
    /// A serial that does not go with its suite: hexadecimal digits of a certificate, or `U:`, `S:` or `G:`, a company, `-` and a key id (2.1).
    3 SerialMalformed => "the serial of the signature unit is malformed";
    /// An AES key that is not the Base64 of 32 bytes (§ 5 Abs. 3, Anlage Z 8).
    4 KeyMalformed => "the AES key is not the Base64 text of 32 bytes";
    /// A counter of fewer than 5 or more than 8 bytes (2.4).
    5 CounterWidth { given: u8 } => "the turnover counter cannot have {given} bytes; 5 to 8 are allowed";

    /// A receipt before the Startbeleg (§ 6 Abs. 2).
    10 NotStarted => "the register has no Startbeleg yet";
    /// A second Startbeleg.
    11 AlreadyStarted => "the register has its Startbeleg already";
    /// A receipt after the Schlussbeleg (§ 17 Abs. 8).
    12 Closed => "the register has its Schlussbeleg; it makes no more receipts";
    /// The unit signs again after an outage, and the Sammelbeleg has to be the first that it signs (§ 17 Abs. 4).
    13 SammelbelegDue => "the Sammelbeleg of the outage has to be signed first";
    /// A Sammelbeleg without an outage.
    14 SammelbelegNotDue => "there was no outage that a Sammelbeleg would close";
    /// A Monatsbeleg where the year ends: that is the Jahresbeleg (§ 8 Abs. 3).
    15 JahresbelegDue => "the receipt that ends this month is the Jahresbeleg";
    /// An amount on a receipt that has to be zero (§ 6 Abs. 2, § 8 Abs. 2, § 17 Abs. 4 and 8).
    16 AmountsNotZero => "this kind of receipt has amounts of zero only";
    /// A time without the country's offset (60 or 120 minutes), before 2015-09-01 or after the year 9999 (2.1, 3).
    17 TimeInvalid => "the time is not a local time of the register's country";
    /// A turnover that the counter's bytes cannot hold (2.4).
    18 CounterOverflow { bytes: u8 } => "the turnover no longer fits into a counter of {bytes} bytes";

    /// A payload that is not the next one of the register: another chain value, or another cash box.
    20 NotNext => "the receipt does not continue the register's chain";
    /// A kind of receipt that is not valid without a signature (2.5).
    21 SignatureNeeded => "this kind of receipt needs a signature";
    /// A payload whose counter element is not that of its kind (2.4).
    22 KindMismatch => "the counter element does not go with this kind of receipt";

    /// A code that is not one; the element counts from 0 for the suite to 12 for the signature, 13 for a wrong number of elements.
    30 Malformed { element: u8 } => "element {element} of the code is malformed";
    /// A compact form that is not three parts of Base64url with the one header, or needs more room than was lent.
    31 CompactMalformed => "the compact form is malformed";
}

impl core::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn numbers_rise() {
        assert!(Fault::ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
