//! The words of a printed receipt in each language.

/// The words of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The language's ISO 639 code.
    pub language: &'static str,
    /// What stands before the seller's tax number.
    pub seller_number: &'static str,
    /// The title of a return.
    pub returned: &'static str,
    /// What stands before the number of the receipt that a return gives back.
    pub of_receipt: &'static str,
    /// Marks a paper that is printed again.
    pub copy: &'static str,
    /// An amount that makes a line or a receipt cheaper.
    pub discount: &'static str,
    /// An amount that makes a line or a receipt dearer.
    pub surcharge: &'static str,
    /// What takes the amount of a cancelled line away.
    pub voided: &'static str,
    /// The sum of the lines, before what changes the whole receipt.
    pub sub_total: &'static str,
    /// What the buyer owes.
    pub total: &'static str,
    /// What the buyer pays after the cash rounding.
    pub to_pay: &'static str,
    /// What the buyer gets back.
    pub change: &'static str,
    /// The tax.
    pub tax: &'static str,
    /// Stands between the rate of a tax and the amount in which the tax is included.
    pub included_in: &'static str,
}

impl Words {
    /// The words of every language.
    pub const ALL: &[Self] = &[ROMANIAN, UKRAINIAN, GERMAN, ENGLISH];

    /// The words of a language; the English ones if the language is not known here.
    #[must_use]
    pub fn of(language: &str) -> &'static Self {
        Self::ALL
            .iter()
            .find(|words| words.language == language)
            .unwrap_or(&ENGLISH)
    }
}

const ROMANIAN: Words = Words {
    language: "ro",
    seller_number: "Cod fiscal",
    returned: "RETUR",
    of_receipt: "Bonul",
    copy: "COPIE",
    discount: "Reducere",
    surcharge: "Majorare",
    voided: "Anulat",
    sub_total: "SUBTOTAL",
    total: "TOTAL",
    to_pay: "DE PLATĂ",
    change: "REST",
    tax: "TVA",
    included_in: "din",
};

const UKRAINIAN: Words = Words {
    language: "uk",
    seller_number: "Код",
    returned: "ПОВЕРНЕННЯ",
    of_receipt: "Чек",
    copy: "КОПІЯ",
    discount: "Знижка",
    surcharge: "Надбавка",
    voided: "Анульовано",
    sub_total: "ПІДСУМОК",
    total: "СУМА",
    to_pay: "ДО СПЛАТИ",
    change: "РЕШТА",
    tax: "ПДВ",
    included_in: "з",
};

const GERMAN: Words = Words {
    language: "de",
    seller_number: "UID",
    returned: "RÜCKGABE",
    of_receipt: "Beleg",
    copy: "KOPIE",
    discount: "Rabatt",
    surcharge: "Aufschlag",
    voided: "Storniert",
    sub_total: "ZWISCHENSUMME",
    total: "SUMME",
    to_pay: "ZU ZAHLEN",
    change: "RÜCKGELD",
    tax: "USt",
    included_in: "aus",
};

const ENGLISH: Words = Words {
    language: "en",
    seller_number: "Tax number",
    returned: "RETURN",
    of_receipt: "Receipt",
    copy: "COPY",
    discount: "Discount",
    surcharge: "Surcharge",
    voided: "Cancelled",
    sub_total: "SUBTOTAL",
    total: "TOTAL",
    to_pay: "TO PAY",
    change: "CHANGE",
    tax: "VAT",
    included_in: "in",
};

#[cfg(test)]
mod tests {
    use super::Words;
    use ferrotill_core::profile::ALL;

    #[test]
    fn every_country_has_the_words_of_its_language() {
        for profile in ALL {
            let language = profile.facts().language;
            assert_eq!(Words::of(language).language, language);
        }
    }
}
