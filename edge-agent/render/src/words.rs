//! The words of a printed document in each language.
//!
//! The word lists are the files of the folder `words` in the syntax of Fluent; the build makes the constants of this module of them, so
//! that nothing is read at run time. A list without one of the words, or with another one, does not compile
//! ([decision 0036](https://github.com/ferrotill/ferrotill/blob/main/docs/decisions/0036-make-word-lists-of-fluent-files-at-build-time.md)).

include!(concat!(env!("OUT_DIR"), "/word_lists.rs"));

/// The words of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The language's ISO 639 code, with the ISO 15924 code of its letters if it is written in several.
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
    /// The tax of one group: `{$group}` is its letter and rate, `{$gross}` the amount in which the tax is included.
    pub tax_of_group: &'static str,
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
    /// The lines for the cashier.
    pub cashier: CashierWords,
}

/// What an answer that refuses something means to the person at the till. A line has at most [`CASHIER_LETTERS_MAX`] letters, so that it
/// fits the display of a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashierWords {
    /// The outcome of the operation is not known yet.
    pub outcome_unknown: &'static str,
    /// An earlier document has no known outcome yet.
    pub unsettled: &'static str,
    /// The shift is longer than the law allows.
    pub shift_too_long: &'static str,
    /// No shift is open.
    pub shift_not_open: &'static str,
    /// The limit of selling without the authority is used up.
    pub offline_limit: &'static str,
    /// The connected printer is another one, or not set up as the till.
    pub other_printer: &'static str,
    /// The drawer has not enough cash.
    pub cash_missing: &'static str,
    /// The payments do not fit the total.
    pub payment: &'static str,
    /// A price, a quantity or a discount is not possible.
    pub amounts: &'static str,
    /// The receipt has too many lines or too long texts.
    pub too_long: &'static str,
    /// The sale that is returned is not there or cannot be returned.
    pub original: &'static str,
    /// More is returned than was sold.
    pub returned: &'static str,
    /// There is no number for the receipt.
    pub numbers: &'static str,
    /// The printer has no paper, or its cover is open.
    pub paper: &'static str,
    /// The printer cannot be reached.
    pub printer_away: &'static str,
    /// The printer refuses, and a person must look at it.
    pub printer_fault: &'static str,
    /// The request was carried out before, or its id belongs to another one.
    pub made_before: &'static str,
    /// The till has too much to do, or stops.
    pub busy: &'static str,
    /// The till itself has a fault.
    pub till_fault: &'static str,
    /// The caller has no right: its key, its time or its permission.
    pub refused_caller: &'static str,
    /// The program has sent wrong data.
    pub program: &'static str,
    /// The bank terminal has not taken the payment.
    pub terminal: &'static str,
    /// The fiscal module needs the class code of an item, and the till does not have it.
    pub class_code: &'static str,
    /// The address or the phone number of the buyer is wrong.
    pub contact: &'static str,
}

/// The largest number of letters of a line for the cashier.
pub const CASHIER_LETTERS_MAX: usize = 60;

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
    /// The title of a report of several Z-reports.
    pub periodic: &'static str,
    /// Stands before the count of Z-reports.
    pub z_reports: &'static str,
    /// What a printer's sum is above the till's.
    pub difference: &'static str,
}

impl Words {
    /// The words of every language.
    pub const ALL: &[Self] = WORD_LISTS;

    /// The words of a language; `None` if there is no list of this language. `uz` is Uzbek in Latin letters.
    #[must_use]
    pub fn known(language: &str) -> Option<&'static Self> {
        let language = if language == "uz" {
            "uz-Latn"
        } else {
            language
        };
        Self::ALL.iter().find(|words| words.language == language)
    }

    /// The words of a language; the English ones if the language is not known here.
    #[must_use]
    pub fn of(language: &str) -> &'static Self {
        Self::known(language).unwrap_or(ENGLISH)
    }

    /// What stands between the rate of a tax and the amount in which the tax is included.
    #[must_use]
    pub fn included_in(&self) -> &'static str {
        let after = self.tax_of_group.split_once("{$group}");
        let between = after.and_then(|(_, rest)| rest.split_once("{$gross}"));
        between.map_or("", |(word, _)| word.trim())
    }

    /// The name of the tax of one group.
    #[must_use]
    pub(crate) fn tax_of(&self, group: &str, gross: &str) -> String {
        let named = self.tax_of_group.replace("{$group}", group);
        named.replace("{$gross}", gross)
    }
}

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

    #[test]
    fn there_are_words_in_seven_languages() {
        let languages: Vec<&str> = Words::ALL.iter().map(|words| words.language).collect();
        assert_eq!(
            languages,
            ["de", "en", "ro", "ru", "uk", "uz-Cyrl", "uz-Latn"]
        );
        assert_eq!(Words::of("uz").language, "uz-Latn");
        assert_eq!(Words::of("xx").language, "en");
    }

    #[test]
    fn the_tax_of_a_group_is_named_in_the_order_of_the_language() {
        let name = |language| Words::of(language).tax_of("A 20%", "37.64");
        assert_eq!(name("ro"), "TVA A 20% din 37.64");
        assert_eq!(name("uz-Latn"), "QQS A 20% summadan 37.64");
    }
}
