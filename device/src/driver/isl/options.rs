//! What an address says of a fiscal printer beside where it is: who sells there, and which printer it must be.

use core::fmt;

use crate::driver::option::{HIDDEN, OptionFault};
use crate::family::Seller;
use crate::wire::isl_receipt::Open;

/// The options of a fiscal printer's address; what is not said is as the printer was delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::driver) struct Options {
    operator: Option<u32>,
    password: Option<Password>,
    till: Option<u32>,
    serial: Option<String>,
}

/// An operator's password. It is written nowhere but into a frame.
#[derive(Clone, PartialEq, Eq)]
struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The last till's number (spec 2, 30h).
const TILL_MAX: u32 = 99_999;
/// The longest serial number.
const SERIAL_MAX: usize = 32;

impl Options {
    /// Takes its own options out of an address's, within what the family takes; gives the rest, which are the line's.
    pub(in crate::driver) fn take(
        query: &str,
        seller: &Seller,
    ) -> Result<(Self, String), OptionFault> {
        let mut options = Self::default();
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let wrong = |given: &str, allowed: String| OptionFault {
                option: name.to_owned(),
                given: given.to_owned(),
                allowed,
            };
            let number = |last: u32| {
                let number = value
                    .parse()
                    .ok()
                    .filter(|number| (1..=last).contains(number));
                number.ok_or_else(|| wrong(value, format!("1 to {last}")))
            };
            match name {
                "operator" => options.operator = Some(number(seller.operator_max)?),
                "till" => options.till = Some(number(TILL_MAX)?),
                "password" => {
                    let Some((fewest, most)) = seller.password_digits else {
                        return Err(wrong(
                            HIDDEN,
                            "none; this family has no password".to_owned(),
                        ));
                    };
                    let fits = (fewest..=most).contains(&value.len())
                        && value.bytes().all(|byte| byte.is_ascii_digit());
                    if !fits {
                        return Err(wrong(HIDDEN, format!("{fewest} to {most} digits")));
                    }
                    options.password = Some(Password(value.to_owned()));
                }
                "serial" => {
                    let fits = (1..=SERIAL_MAX).contains(&value.len())
                        && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
                    if !fits {
                        return Err(wrong(
                            value,
                            format!("1 to {SERIAL_MAX} letters and digits"),
                        ));
                    }
                    options.serial = Some(value.to_owned());
                }
                _ => rest.push(pair),
            }
        }
        Ok((options, rest.join("&")))
    }

    /// What differs from the usual, in the form of an address; the password hidden.
    pub(in crate::driver) fn query(&self) -> Vec<String> {
        let number =
            |name: &str, number: Option<u32>| number.map(|number| format!("{name}={number}"));
        [
            number("operator", self.operator),
            self.password
                .as_ref()
                .map(|password| format!("password={password:?}")),
            number("till", self.till),
            self.serial
                .as_ref()
                .map(|serial| format!("serial={serial}")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The serial number that the printer must have.
    pub(in crate::driver) fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }

    /// A printer of this serial number is not the one that is meant.
    pub(super) fn is_another(&self, serial: &str) -> bool {
        self.serial.as_ref().is_some_and(|meant| meant != serial)
    }

    /// What the head of a receipt says of who sells, on this model.
    pub(super) fn seller(&self, usual: &Seller, model: &str) -> Open {
        Open {
            operator: self.operator.unwrap_or(usual.operator),
            password: match &self.password {
                Some(Password(password)) => password.clone(),
                None => usual.password_on(model).to_owned(),
            },
            till: self.till.unwrap_or(usual.till),
            invoice: false,
        }
    }
}
