//! How a family whose machines differ by country finds the country of a machine.

use super::protocol::CommandRow;
use crate::wire::isl_mx::Registration;

/// The questions that show for which country a machine was made. A machine of another country refuses some of them.
#[derive(Clone, Copy)]
pub struct CountryQuestions {
    /// Asks for the number of the fiscal memory, if the answer about the identity does not have it, and for the taxpayer's number.
    pub registration: CommandRow<(), Registration>,
    /// Asks for the name of the currency.
    pub currency: CommandRow<(), String>,
    /// Asks for the number of the last fiscal document, which only the machines of some countries have.
    pub last_fiscal: CommandRow<(), String>,
}

/// What a machine told of its country. A question that was refused has no answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountryFacts {
    /// Whether the answer about the identity has the number of a fiscal memory.
    pub memory: bool,
    /// The taxpayer's number.
    pub tax_number: Option<String>,
    /// The name of the currency.
    pub currency: Option<String>,
    /// The number of the last fiscal document.
    pub last_fiscal: Option<String>,
}

impl CountryFacts {
    /// Whether the name of the currency contains one of these names; `names` are in capital letters.
    #[must_use]
    pub fn is_currency(&self, names: &[&str]) -> bool {
        let currency = self.currency.as_deref().map(str::to_uppercase);
        currency.is_some_and(|currency| names.iter().any(|name| currency.contains(name)))
    }
}
