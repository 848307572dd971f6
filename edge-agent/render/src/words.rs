//! The words of a printed document in each language.

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
    /// Stands before the till's own number of a document that has no other number.
    pub document: &'static str,
    /// Stands before the serial number of the fiscal printer that sealed a document.
    pub printer: &'static str,
    /// The title of a text that is no receipt of the tax law.
    pub nonfiscal: &'static str,
    /// The title of cash that is put into the drawer, and its sum in a report.
    pub cash_in: &'static str,
    /// The title of cash that is taken out of the drawer, and its sum in a report.
    pub cash_out: &'static str,
    /// The cash in the drawer.
    pub in_drawer: &'static str,
    /// The words of reports only.
    pub report: ReportWords,
}

/// The words that only reports have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportWords {
    /// The title of an X-report.
    pub x: &'static str,
    /// The title of a Z-report; its number follows.
    pub z: &'static str,
    /// Stands before the moment when the shift began.
    pub shift_since: &'static str,
    /// The sum of the sales.
    pub sales: &'static str,
    /// The sum of the returns.
    pub refunds: &'static str,
    /// The sum of the alternative receipts.
    pub alternative: &'static str,
    /// A sum without its tax.
    pub net: &'static str,
    /// The sales since 1 January.
    pub year: &'static str,
    /// The sales since the till's first document.
    pub grand: &'static str,
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
    document: "Documentul",
    printer: "Imprimanta fiscală",
    nonfiscal: "BON NEFISCAL",
    cash_in: "INTRODUCERE NUMERAR",
    cash_out: "EXTRAGERE NUMERAR",
    in_drawer: "Numerar în casă",
    report: ReportWords {
        x: "RAPORT X",
        z: "RAPORT Z",
        shift_since: "Tura din",
        sales: "VÂNZĂRI",
        refunds: "RETURURI",
        alternative: "BONURI DE PLATĂ",
        net: "Fără TVA",
        year: "DE LA 1 IANUARIE",
        grand: "DE LA PRIMUL DOCUMENT",
    },
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
    document: "Документ",
    printer: "Фіскальний принтер",
    nonfiscal: "НЕФІСКАЛЬНИЙ ЧЕК",
    cash_in: "СЛУЖБОВЕ ВНЕСЕННЯ",
    cash_out: "СЛУЖБОВА ВИДАЧА",
    in_drawer: "Готівка в касі",
    report: ReportWords {
        x: "X-ЗВІТ",
        z: "Z-ЗВІТ",
        shift_since: "Зміна з",
        sales: "ПРОДАЖІ",
        refunds: "ПОВЕРНЕННЯ",
        alternative: "АЛЬТЕРНАТИВНІ ЧЕКИ",
        net: "Без ПДВ",
        year: "З 1 СІЧНЯ",
        grand: "З ПЕРШОГО ДОКУМЕНТА",
    },
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
    document: "Dokument",
    printer: "Fiskaldrucker",
    nonfiscal: "NICHTFISKALISCHER BELEG",
    cash_in: "EINLAGE",
    cash_out: "ENTNAHME",
    in_drawer: "Bargeld in der Lade",
    report: ReportWords {
        x: "X-BERICHT",
        z: "Z-BERICHT",
        shift_since: "Schicht seit",
        sales: "VERKÄUFE",
        refunds: "RÜCKGABEN",
        alternative: "ERSATZBELEGE",
        net: "Ohne USt",
        year: "SEIT 1. JÄNNER",
        grand: "SEIT DEM ERSTEN DOKUMENT",
    },
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
    document: "Document",
    printer: "Fiscal printer",
    nonfiscal: "NON-FISCAL RECEIPT",
    cash_in: "CASH IN",
    cash_out: "CASH OUT",
    in_drawer: "Cash in the drawer",
    report: ReportWords {
        x: "X-REPORT",
        z: "Z-REPORT",
        shift_since: "Shift since",
        sales: "SALES",
        refunds: "RETURNS",
        alternative: "ALTERNATIVE RECEIPTS",
        net: "Without VAT",
        year: "SINCE 1 JANUARY",
        grand: "SINCE THE FIRST DOCUMENT",
    },
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
