//! Finds the country for which a machine was made, where the machines of one family differ by country.

use super::Device;
use super::questions::optional;
use crate::family::{CountryFacts, CountryQuestions};
use crate::fault::Fault;
use crate::printer::Watch;

impl Device {
    /// Chooses the table of the country of the machine that was just connected: of the option `country`, or of the country that the
    /// machine's answers show, or the usual table of the family.
    pub(super) fn choose_country(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        let family = self.family;
        let Some(questions) = family.country_questions else {
            return Ok(());
        };
        let serial = self.identity();
        let serial = serial.map(|identity| identity.serial.clone().into_boxed_str());
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

    /// What the driver assumes of a machine whose answers show no country.
    pub(in crate::driver::isl) fn country_doubt(&self) -> Option<&'static str> {
        (self.country == UNKNOWN).then_some(
            "the printer does not show for which country it was made, so the Romanian form of its commands is used; write \
             country=ro, country=md or country=bg into its address",
        )
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
            last_fiscal: optional(self.ask(&questions.last_fiscal, &(), watch))?,
        };
        let country = self.family.country_of(&facts);
        watch.trace(&format!("= country {}: {facts:?}", country.unwrap_or("?")));
        Ok(country)
    }
}

/// The country of a machine whose answers show none, or more than one.
const UNKNOWN: &str = "?";
