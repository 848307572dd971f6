//! The options of a fiscal printer's address: the operator who sells, and the printer that must answer.

use core::fmt;

use crate::driver::option::{HIDDEN, OptionFault};
use crate::family::{Protocol, Seller};
use crate::wire::isl_receipt::Open;

/// The options of a fiscal printer's address. An option that is not given has the value of a new printer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::driver) struct Options {
    operator: Option<u32>,
    password: Option<Password>,
    till: Option<u32>,
    refund_operator: Option<u8>,
    refund_password: Option<Password>,
    serial: Option<String>,
    country: Option<&'static str>,
}

/// An operator's password. The password is written into frames only.
#[derive(Clone, PartialEq, Eq)]
struct Password(Box<str>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The largest number of a till.
const TILL_MAX: u32 = 99_999;
/// The largest length of a serial number, in characters.
const SERIAL_MAX: usize = 32;

impl Options {
    /// Reads the fiscal printer's options of an address, within the limits of the family; returns the other options, which belong
    /// to the line.
    pub(in crate::driver) fn take(
        query: &str,
        protocol: &Protocol,
    ) -> Result<(Self, String), OptionFault> {
        let seller = &protocol.seller;
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
            let hidden = |allowed: String| wrong(HIDDEN, allowed);
            match name {
                "operator" => options.operator = Some(number(seller.operator_max)?),
                "till" => options.till = Some(number(TILL_MAX)?),
                "password" => options.password = Some(password(seller, value).map_err(hidden)?),
                "refund_operator" | "refund_password" if seller.refund.is_none() => {
                    return Err(wrong(
                        HIDDEN,
                        "none; in this family every operator may open refunds".to_owned(),
                    ));
                }
                "refund_operator" => {
                    options.refund_operator = u8::try_from(number(seller.operator_max)?).ok();
                }
                "refund_password" => {
                    options.refund_password = Some(password(seller, value).map_err(hidden)?);
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
                "country" => {
                    options.country =
                        Some(country(protocol, value).map_err(|allowed| wrong(value, allowed))?);
                }
                _ => rest.push(pair),
            }
        }
        Ok((options, rest.join("&")))
    }

    /// The options that differ from the default, as in an address; the password is hidden.
    pub(in crate::driver) fn query(&self) -> Vec<String> {
        let number =
            |name: &str, number: Option<u32>| number.map(|number| format!("{name}={number}"));
        [
            number("operator", self.operator),
            self.password
                .as_ref()
                .map(|password| format!("password={password:?}")),
            number("till", self.till),
            number("refund_operator", self.refund_operator.map(u32::from)),
            self.refund_password
                .as_ref()
                .map(|password| format!("refund_password={password:?}")),
            self.serial
                .as_ref()
                .map(|serial| format!("serial={serial}")),
            self.country
                .map(|country| format!("country={}", country.to_lowercase())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The serial number that the printer must have; `None` if any printer may answer.
    pub(in crate::driver) fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }

    /// The country of the machine, if the address names one.
    pub(super) const fn country(&self) -> Option<&'static str> {
        self.country
    }

    /// Whether a printer with this serial number is not the configured one.
    pub(super) fn is_another(&self, serial: &str) -> bool {
        self.serial.as_ref().is_some_and(|meant| meant != serial)
    }

    /// The operator, password and till with which sales or refunds are opened on this model.
    pub(super) fn seller(&self, usual: &Seller, model: &str, refund: bool) -> Open {
        let (operator, password) = match usual.refund {
            Some((operator, password)) if refund => (
                self.refund_operator.map_or(operator, u32::from),
                given(&self.refund_password, password),
            ),
            _ => (
                self.operator.unwrap_or(usual.operator),
                given(&self.password, usual.password_on(model)),
            ),
        };
        Open {
            operator,
            password,
            till: self.till.unwrap_or(usual.till),
            invoice: false,
            unique: String::new(),
        }
    }
}

fn given(password: &Option<Password>, usual: &str) -> String {
    match password {
        Some(Password(password)) => password.to_string(),
        None => usual.to_owned(),
    }
}

/// The password of an option; otherwise what is allowed.
fn password(seller: &Seller, value: &str) -> Result<Password, String> {
    let Some((fewest, most)) = seller.password_digits else {
        return Err("none; this family has no password".to_owned());
    };
    let fits =
        (fewest..=most).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| Password(value.into()))
        .ok_or_else(|| format!("{fewest} to {most} digits"))
}

/// The country of this name among the forms of a family; otherwise the names that are allowed.
fn country(protocol: &Protocol, name: &str) -> Result<&'static str, String> {
    let mut countries = protocol.countries.iter().map(|form| form.country);
    if let Some(country) = countries.find(|country| country.eq_ignore_ascii_case(name)) {
        return Ok(country);
    }
    let names: Vec<String> = protocol
        .countries
        .iter()
        .map(|form| form.country.to_lowercase())
        .collect();
    Err(if names.is_empty() {
        "none; this family has one form for all countries".to_owned()
    } else {
        names.join(", ")
    })
}
