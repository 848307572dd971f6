//! What becomes of a refused document: each error text of the office mapped to what helps against it, as data.
//!
//! The texts are those of the published description (spec/online-ecr.md, C.6). The office writes them with numbers and names in
//! them, so that each is known by its fixed words, whatever their case.

use std::fmt;

/// What helps against a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Sending the same document again later.
    Retry,
    /// Correcting what stands behind this one document; the others go on.
    Repair,
    /// Nothing of this device will be taken before somebody has set it right at the office or in the configuration.
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
    /// Words that all stand in it, in lower case.
    pub words: &'static [&'static str],
    /// What helps.
    pub remedy: Remedy,
    /// One thing to do.
    pub advice: &'static str,
}

/// What helps against a refusal, and one thing to do. A text that is not known is one document's matter.
#[must_use]
pub fn remedy_of(refusal: &str) -> KnownRefusal {
    let lower = refusal.to_lowercase();
    let fits = |known: &&KnownRefusal| known.words.iter().all(|word| lower.contains(word));
    KNOWN.iter().find(fits).copied().unwrap_or(UNKNOWN)
}

const UNKNOWN: KnownRefusal = KnownRefusal {
    words: &[],
    remedy: Remedy::Repair,
    advice: "ask the tax office what is wrong with this document; it is sent again until it is taken",
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

/// Every error text that is known, the first that fits counts.
#[rustfmt::skip]
pub const KNOWN: &[KnownRefusal] = &[
    known(&["device", "token", "not found"], Remedy::Stop, "register the device at the tax office, or correct till.registration_number"),
    known(&["certificate not found"], Remedy::Stop, "renew the device's certificate at the tax office"),
    known(&["no_cert_found"], Remedy::Stop, "renew the device's certificate at the tax office"),
    known(&["no_object_found"], Remedy::Stop, "register the shop at the tax office"),
    known(&["device not active"], Remedy::Stop, "have the tax office activate the device"),
    known(&["errors in the signature"], Remedy::Stop, "correct [upstream.online_ecr] signature; the tax office does not know this one"),
    known(&["is not a valid json"], Remedy::Stop, "update the program: the tax office does not read its form"),
    known(&["payment type", "not found"], Remedy::Stop, "have the tax office add the payment type, or correct payment_types"),
    known(&["tax rates must be equal"], Remedy::Stop, "give each letter of tax_groups one rate, the tax office's"),
    known(&["wrong_date_time"], Remedy::Repair, "check the till's clock and time zone"),
    known(&["incorrect date and time"], Remedy::Repair, "check the till's clock and time zone"),
    known(&["date/time less than last document"], Remedy::Repair, "a later document of the shift came first; ask the tax office to take this one by hand"),
    known(&["shift is too long"], Remedy::Repair, "close the day within the longest shift; tell the tax office of this one"),
    known(&["not unique"], Remedy::Repair, "the number is at the tax office already: compare both documents there"),
    known(&["not reserved"], Remedy::Repair, "the fiscal number is not one of the tax office's: compare the pool with the office"),
    known(&["parent"], Remedy::Retry, "the sale that is taken back must arrive first"),
    known(&["no document with fiscal number"], Remedy::Retry, "the sale that is taken back must arrive first"),
    known(&["too big"], Remedy::Repair, "more is taken back than was sold; compare with the sale"),
    known(&["no item with name"], Remedy::Repair, "the sale at the tax office has no such item; compare with the sale"),
    known(&["not equal to real amount"], Remedy::Repair, "the sums do not fit; report this document as a defect"),
    known(&["validation error"], Remedy::Repair, "a field does not fit; report this document as a defect"),
    known(&["wrong_operation"], Remedy::Repair, "the kind of the document is not taken; report it as a defect"),
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
    fn no_text_hides_behind_another() {
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
