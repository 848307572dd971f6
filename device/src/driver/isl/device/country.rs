//! Finds the country for which a machine was made, where the machines of one family differ by country.

use super::Device;
use super::questions::optional;
use crate::family::CountryQuestions;
use crate::fault::Fault;
use crate::printer::Watch;

/// What a machine told of its country. A question that was refused has no answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct CountryFacts {
    /// Whether the identity has the number of a fiscal memory, as that of a Bulgarian machine.
    memory: bool,
    /// The taxpayer's number.
    tax_number: Option<String>,
    /// The name of the currency.
    currency: Option<String>,
    /// A number that only Bulgarian machines have.
    bulgarian: Option<String>,
}

impl CountryFacts {
    /// The country, if the answers show one and none shows another.
    fn country(&self) -> Option<&'static str> {
        let currency = self.currency.as_deref().map(str::to_uppercase);
        let currency = currency.as_deref().unwrap_or_default();
        let tax_number = self.tax_number.as_deref().unwrap_or_default();
        let digits = tax_number.bytes().filter(u8::is_ascii_digit).count();
        // A Romanian number is written `CIF: RO12345678`; a Moldovan one has thirteen digits.
        let is_romanian = tax_number.contains("RO") || tax_number.contains("CIF");
        let is_number =
            |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let found = [
            ("RO", is_romanian || currency.contains("RON")),
            (
                "MD",
                currency.contains("MDL") || (!is_romanian && digits == 13),
            ),
            (
                "BG",
                self.bulgarian.as_ref().is_some_and(is_number)
                    || (self.memory && is_bulgarian_currency(currency)),
            ),
        ];
        let mut found = found.iter().filter(|(_, is_shown)| *is_shown);
        match (found.next(), found.next()) {
            (Some((country, _)), None) => Some(country),
            _ => None,
        }
    }
}

fn is_bulgarian_currency(currency: &str) -> bool {
    ["BGN", "ЛВ", "EUR"]
        .iter()
        .any(|name| currency.contains(name))
}

impl Device {
    /// Chooses the table of the country of the machine that was just connected: of the option `country`, or of the country that the
    /// machine's answers show, or the usual table of the family.
    pub(super) fn choose_country(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        let family = self.family;
        let Some(questions) = family.country_questions else {
            return Ok(());
        };
        let serial = self.identity().map(|identity| identity.serial.clone());
        if self.country_of.is_none() || self.country_of != serial {
            let country = self.find_country(&questions, watch)?;
            self.country = country.unwrap_or(UNKNOWN);
            self.protocol = family.of_country(self.country);
            self.country_of = serial;
        }
        if let Some(identity) = &mut self.identity
            && identity.fiscal_memory.is_empty()
        {
            identity.fiscal_memory.clone_from(&self.fiscal_number);
        }
        Ok(())
    }

    fn find_country(
        &mut self,
        questions: &CountryQuestions,
        watch: &mut dyn Watch,
    ) -> Result<Option<&'static str>, Fault> {
        let registration = optional(self.ask(&questions.registration, &(), watch))?;
        self.fiscal_number = registration
            .as_ref()
            .map_or_else(String::new, |numbers| numbers.fiscal_number.clone());
        if let Some(country) = self.options.country() {
            return Ok(Some(country));
        }
        let facts = CountryFacts {
            memory: self
                .identity()
                .is_some_and(|identity| !identity.fiscal_memory.is_empty()),
            tax_number: registration.map(|numbers| numbers.tax_number),
            currency: optional(self.ask(&questions.currency, &(), watch))?,
            bulgarian: optional(self.ask(&questions.bulgarian, &(), watch))?,
        };
        let country = facts.country();
        watch.trace(&format!("= country {}: {facts:?}", country.unwrap_or("?")));
        Ok(country)
    }
}

/// The country of a machine whose answers show none, or more than one.
const UNKNOWN: &str = "?";

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(
        memory: bool,
        tax_number: &str,
        currency: &str,
        bulgarian: Option<&str>,
    ) -> CountryFacts {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        CountryFacts {
            memory,
            tax_number: text(tax_number),
            currency: text(currency),
            bulgarian: bulgarian.map(str::to_owned),
        }
    }

    #[test]
    fn one_witness_is_enough_and_witnesses_of_two_countries_are_not() {
        for (facts, country) in [
            (facts(false, "CIF: RO18547290", "LEI", None), Some("RO")),
            (facts(false, "", "RON", None), Some("RO")),
            (facts(false, "RO18547290", "", None), Some("RO")),
            (facts(false, "1003600012346", "LEI", None), Some("MD")),
            (facts(false, "", "MDL", None), Some("MD")),
            (facts(true, "BG123456789", "", Some("17")), Some("BG")),
            (facts(true, "", "лв.", None), Some("BG")),
            (facts(true, "", "EUR", None), Some("BG")),
            // The leu is the currency of two countries, and a fiscal memory alone shows none.
            (facts(false, "", "LEI", None), None),
            (facts(true, "", "", None), None),
            (facts(false, "", "EUR", None), None),
            (facts(false, "", "", Some("")), None),
            (facts(true, "CIF: RO18547290", "", Some("17")), None),
            (facts(false, "1003600012346", "RON", None), None),
        ] {
            assert_eq!(facts.country(), country, "{facts:?}");
        }
    }
}
