//! The words by which the figures of a paper are recognised.

use ferrotill_core::Currency;
use ferrotill_render::Words;

use super::rows::without_accents;

/// The words of the papers of one shop, without accents: printers without the letters of the language print them so.
#[derive(Clone, Debug)]
pub struct PaperWords {
    pub(super) copy: String,
    pub(super) sub_total: String,
    /// With the currency.
    pub(super) total: String,
    /// With the currency.
    pub(super) to_pay: String,
    pub(super) change: String,
    pub(super) tax: String,
    pub(super) included_in: String,
    pub(super) net: String,
    pub(super) in_drawer: String,
}

impl PaperWords {
    /// The words of a language, and the currency of the sums.
    #[must_use]
    pub fn of(language: &str, currency: Currency) -> Self {
        let words = Words::of(language);
        let word = |word: &str| without_accents(word);
        Self {
            copy: format!("({})", word(words.copy)),
            sub_total: word(words.sub_total),
            total: format!("{} {currency}", word(words.total)),
            to_pay: format!("{} {currency}", word(words.to_pay)),
            change: word(words.change),
            tax: word(words.tax),
            included_in: word(words.included_in()),
            net: word(words.report.net),
            in_drawer: word(words.in_drawer),
        }
    }

    /// The words on the receipts of the emulated fiscal printers.
    pub(super) fn of_fiscal_printers() -> Self {
        let words = Words::of("ro");
        Self {
            copy: String::from("DUPLICAT"),
            sub_total: String::from("SUBTOTAL"),
            total: String::from("TOTAL"),
            to_pay: String::from("DE PLATA"),
            change: String::from("REST"),
            tax: words.tax.to_owned(),
            included_in: words.included_in().to_owned(),
            net: without_accents(words.report.net),
            in_drawer: String::from("NUMERAR IN SERTAR"),
        }
    }
}
