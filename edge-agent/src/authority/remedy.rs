//! What to do about a refused document: a table of the authority's error texts, each with a remedy.
//!
//! The texts are those of the published description ("Answers" in `docs/protocols/online-ecr.md`).
//! The authority puts numbers and names into them. So a text is recognized by its fixed words, and upper or lower case does not matter.

use std::fmt;

/// What helps against a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Send the same document again later.
    Retry,
    /// Correct the cause of this one refusal. Other documents are not affected.
    Repair,
    /// The authority will refuse every document of this device, until a person corrects the cause at the tax authority or in the configuration.
    Stop,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retry => "retry",
            Self::Repair => "repair",
            Self::Stop => "stop",
        })
    }
}

/// A known error text.
#[derive(Clone, Copy, Debug)]
pub struct KnownRefusal {
    /// Words that the text contains, all of them, in lower case.
    pub words: &'static [&'static str],
    /// What helps against the refusal.
    pub remedy: Remedy,
    /// One thing that a person can do.
    pub advice: &'static str,
}

/// The table row that fits a refusal's text. A text that is not in the table gets [`Remedy::Repair`].
#[must_use]
pub fn remedy_of(refusal: &str) -> KnownRefusal {
    let lower = refusal.to_lowercase();
    let fits = |known: &&KnownRefusal| known.words.iter().all(|word| lower.contains(word));
    KNOWN.iter().find(fits).copied().unwrap_or(UNKNOWN)
}

const UNKNOWN: KnownRefusal = KnownRefusal {
    words: &[],
    remedy: Remedy::Repair,
    advice: "ask the tax authority what is wrong with this document; it is sent again until the tax authority accepts it",
};

const fn known(
    words: &'static [&'static str],
    remedy: Remedy,
    advice: &'static str,
) -> KnownRefusal {
    KnownRefusal {
        words,
        remedy,
        advice,
    }
}

/// Every known error text. The first row that fits is used.
#[rustfmt::skip]
pub const KNOWN: &[KnownRefusal] = &[
    known(&["device", "token", "not found"], Remedy::Stop, "register the device at the tax authority, or correct till.registration_number"),
    known(&["certificate not found"], Remedy::Stop, "renew the device's certificate at the tax authority"),
    known(&["no_cert_found"], Remedy::Stop, "renew the device's certificate at the tax authority"),
    known(&["no_object_found"], Remedy::Stop, "register the shop at the tax authority"),
    known(&["device not active"], Remedy::Stop, "have the tax authority activate the device"),
    known(&["errors in the signature"], Remedy::Stop, "correct [upstream.online_ecr] signature; the tax authority does not accept this one"),
    known(&["is not a valid json"], Remedy::Stop, "update the program: the tax authority cannot read its documents"),
    known(&["payment type", "not found"], Remedy::Stop, "have the tax authority add the payment type, or correct payment_types"),
    known(&["tax rates must be equal"], Remedy::Stop, "give each letter of tax_groups the rate that the tax authority has for it"),
    known(&["wrong_date_time"], Remedy::Repair, "check the till's clock and time zone"),
    known(&["incorrect date and time"], Remedy::Repair, "check the till's clock and time zone"),
    known(&["date/time less than last document"], Remedy::Repair, "a later document of the shift arrived before this one; ask the tax authority to enter this one by hand"),
    known(&["shift is too long"], Remedy::Repair, "close each shift before it is too long; inform the tax authority about this one"),
    known(&["not unique"], Remedy::Repair, "the tax authority already has a document with this number: compare both documents there"),
    known(&["not reserved"], Remedy::Repair, "the tax authority has not reserved this fiscal number: compare the till's numbers with the tax authority's"),
    known(&["parent"], Remedy::Retry, "the original sale must arrive first"),
    known(&["no document with fiscal number"], Remedy::Retry, "the original sale must arrive first"),
    known(&["too big"], Remedy::Repair, "more is returned than was sold; compare with the sale"),
    known(&["no item with name"], Remedy::Repair, "the sale at the tax authority has no such item; compare with the sale"),
    known(&["not equal to real amount"], Remedy::Repair, "the sums are not equal; report this document as a defect"),
    known(&["validation error"], Remedy::Repair, "a field has a wrong value; report this document as a defect"),
    known(&["wrong_operation"], Remedy::Repair, "the tax authority does not accept this kind of document; report it as a defect"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_text_has_its_remedy() {
        use Remedy::{Repair, Retry, Stop};
        #[rustfmt::skip]
        let texts = [
            ("device with the given token not found", Stop),
            ("certificate not found", Stop),
            ("Device not active", Stop),
            ("Errors in the signature", Stop),
            ("taxTotals[sale] is not a valid JSON", Stop),
            ("payments[sale] is not a valid JSON", Stop),
            ("totals[sale] is not a valid JSON", Stop),
            ("Payments validation error", Repair),
            ("Taxes validation error", Repair),
            ("Totals validation error", Repair),
            ("incorrect date and time of operation", Repair),
            ("shift with fiscal number 4 is not unique for the device", Repair),
            ("shift is too long (device 567765, shift 4)", Repair),
            ("document number not unique", Repair),
            ("date/time less than last document", Repair),
            ("tax rates must be equal per code", Stop),
            ("amount of item Water too big", Repair),
            ("no item with name Water and unit pcs", Repair),
            ("payment type with payment code GOLD not found", Stop),
            ("total amount not equal to real amount", Repair),
            ("paid amount not equal to real amount", Repair),
            ("NO_OBJECT_FOUND", Stop),
            ("NO_CERT_FOUND", Stop),
            ("WRONG_DATE_TIME", Repair),
            ("WRONG_DATE_TIME_FOR_LAST_INV", Repair),
            ("WRONG_OPERATION", Repair),
            ("MISSING_PARENT_FISCAL_NUM", Retry),
        ];
        for (text, remedy) in texts {
            let known = remedy_of(text);
            assert_eq!(known.remedy, remedy, "{text}");
            assert!(!known.words.is_empty(), "{text} is not known");
        }
        let other = remedy_of("OTHER");
        assert_eq!((other.remedy, other.words.is_empty()), (Repair, true));
    }

    #[test]
    fn no_row_is_hidden_by_an_earlier_row_with_another_remedy() {
        for (place, known) in KNOWN.iter().enumerate() {
            let text = known.words.join(" ");
            let found = KNOWN
                .iter()
                .position(|other| other.words.iter().all(|word| text.contains(word)));
            assert!(
                found == Some(place) || KNOWN[found.unwrap()].remedy == known.remedy,
                "{text}"
            );
        }
    }
}
