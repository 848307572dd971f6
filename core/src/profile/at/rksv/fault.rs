//! Why a signed receipt cannot be made or read. Numbers are never reused.

use core::fmt;

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $number:literal $name:ident $({ $($field:ident : $type:ty),+ })? => $message:literal;)+) => {
        /// Why a signed receipt cannot be made or read.
        ///
        /// If several apply, the lower number goes first.
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
    /// A cash box id or receipt id that is empty or too long.
    1 IdLength { given: usize, limit: usize } => "the id has {given} bytes; it needs 1 to {limit}";
    /// A cash box id or receipt id with `_`, a control character, or a space at its beginning or end.
    2 IdCharacter { at: usize } => "the id has a character at byte {at} that is not allowed: \"_\", a control character, or a space at the beginning or end";
    /// A serial that does not fit its suite: hexadecimal digits of a certificate, or `U:`, `S:` or `G:`, a company, `-` and a key id.
    3 SerialMalformed => "the serial of the signature unit must be hexadecimal digits, or in a closed system U:, S: or G:, a company number, - and a key id";
    /// An AES key that is not the Base64 of 32 bytes (§ 5 Abs. 3, Anlage Z 8).
    4 KeyMalformed => "the AES key is not the Base64 text of 32 bytes";
    /// A counter of fewer than 5 or more than 8 bytes.
    5 CounterWidth { given: u8 } => "the turnover counter cannot have {given} bytes; 5 to 8 are allowed";

    /// A receipt before the Startbeleg (§ 6 Abs. 2).
    10 NotStarted => "the register has no Startbeleg yet";
    /// A second Startbeleg.
    11 AlreadyStarted => "the register already has its Startbeleg";
    /// A receipt after the Schlussbeleg (§ 17 Abs. 8), or after the register was taken out of use without one.
    12 Closed => "the register is out of use, and there are no more receipts";
    /// After an outage the first receipt that the unit signs must be the Sammelbeleg (§ 17 Abs. 4).
    13 SammelbelegDue => "the Sammelbeleg of the outage must be signed first";
    /// A Sammelbeleg without an outage.
    14 SammelbelegNotDue => "there is no outage that a Sammelbeleg could end";
    /// A Monatsbeleg at the end of the year, where the Jahresbeleg is needed (§ 8 Abs. 3).
    15 JahresbelegDue => "this month is ended by the Jahresbeleg, not by a Monatsbeleg";
    /// An amount on a receipt that must be zero (§ 6 Abs. 2, § 8 Abs. 2, § 17 Abs. 4 and 8).
    16 AmountsNotZero => "all amounts of this kind of receipt must be zero";
    /// A time without the country's offset (60 or 120 minutes), before 2015-09-01 or after the year 9999.
    17 TimeInvalid => "the time is not Austrian local time, or not between 2015-09-01 and the year 9999";
    /// A turnover that does not fit into the bytes of the counter.
    18 CounterOverflow { bytes: u8 } => "the turnover no longer fits into a counter of {bytes} bytes";

    /// A payload that is not the next one of the register: another chain value, or another cash box.
    20 NotNext => "the receipt does not continue the register's chain";
    /// A kind of receipt that is not valid without a signature.
    21 SignatureNeeded => "this kind of receipt needs a signature";
    /// A payload whose counter element is not that of its kind.
    22 KindMismatch => "the counter element does not fit this kind of receipt";

    /// A text that is not a code. `element` is 0 for the suite to 12 for the signature, and 13 for a wrong number of elements.
    30 Malformed { element: u8 } => "element {element} of the code is malformed";
    /// A compact form that is not three parts of Base64url with the one header, or does not fit into the memory that the caller provides.
    31 CompactMalformed => "the compact form is malformed";
}

impl core::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn numbers_ascend() {
        assert!(Fault::ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
