//! Countries: what the law of each allows and demands, and who makes its receipts legal.
//!
//! A country is one file or folder here and one entry of [`ALL`]. No other part of the core names a country.

pub mod at;
mod md;
mod ua;
mod uz;

use core::fmt::{self, Write};

use crate::document::{Body, DocumentKind};
use crate::duty::Duty;
use crate::refusal::Refusal;
use crate::tax::{DatedRate, TaxCode, TaxRate};
use crate::time::{Day, Moment};

/// Receipts that a signature unit signs. One country has them so far, and its form is the only one.
pub use at::rksv as signed;

pub use crate::facts::{CashRounding, DefaultGroup, Facts, SealPlan};
pub use at::AUSTRIA;
pub use md::MOLDOVA;
pub use ua::UKRAINE;
pub use uz::UZBEKISTAN;

/// What differs between the laws of countries. All methods are pure.
///
/// A rule that can be a number, a table or a choice is data of [`Facts`] and no method.
pub trait Profile: Sync + fmt::Debug {
    /// The data of the country.
    fn facts(&self) -> &'static Facts;

    /// Checks a document against the rules of the country that [`Facts`] cannot express. The till has checked the document
    /// against the facts before, and reserves it only if this method accepts it too.
    ///
    /// # Errors
    ///
    /// The rule that the document breaks.
    fn admit(&self, body: &Body<'_>, at: Moment) -> Result<(), Refusal> {
        let _ = (body, at);
        Ok(())
    }

    /// Writes the text that a signature unit signs for a receipt. `payload` is what the law makes part of the signature, in the
    /// form in which the journal stores it.
    ///
    /// # Errors
    ///
    /// [`TextError`]: the country has no signed receipts, the payload cannot be read, or `out` has an error.
    fn sealed_text(&self, payload: &str, out: &mut dyn Write) -> Result<(), TextError> {
        let _ = (payload, out);
        Err(TextError::NotSigned)
    }

    /// Writes the text of the check code (QR code) that is printed on a sealed receipt. `seal` is payload and signature, in the
    /// form in which the journal stores them.
    ///
    /// # Errors
    ///
    /// [`TextError`]: the country has no such code, the seal cannot be read, or `out` has an error.
    fn check_text(&self, seal: &str, out: &mut dyn Write) -> Result<(), TextError> {
        let _ = (seal, out);
        Err(TextError::NotSigned)
    }

    /// What must be told to whom when a document of this kind is sealed. The list is the same for ever: `verify` rebuilds the
    /// outbox with it.
    fn duties(&self, kind: DocumentKind) -> &'static [Duty];
}

/// Why a profile gives no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// The country's law does not ask for a signature.
    NotSigned,
    /// The stored text is not of the country's form.
    Unreadable,
    /// The text could not be written, because there is not enough room for it.
    NoRoom,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSigned => "the receipts of this country are not signed",
            Self::Unreadable => "the stored signature is not of the country's form",
            Self::NoRoom => "there is not enough room for the text",
        })
    }
}

impl core::error::Error for TextError {}

impl From<fmt::Error> for TextError {
    fn from(_: fmt::Error) -> Self {
        Self::NoRoom
    }
}

/// Every country's profile.
pub static ALL: [&dyn Profile; 4] = [&AUSTRIA, &MOLDOVA, &UKRAINE, &UZBEKISTAN];

/// The profile of an ISO 3166 code.
#[must_use]
pub fn by_code(code: &str) -> Option<&'static dyn Profile> {
    ALL.into_iter().find(|profile| profile.facts().code == code)
}

/// A rate in hundredths of a percent that applies on every day.
const fn always(hundredths: u32) -> DatedRate {
    from(Day::FIRST, hundredths)
}

/// A rate in hundredths of a percent that applies from a day on.
const fn from(day: Day, hundredths: u32) -> DatedRate {
    DatedRate {
        from: day,
        rate: match TaxRate::from_ten_thousandths(hundredths.saturating_mul(100)) {
            Some(rate) => rate,
            None => TaxRate::ZERO,
        },
    }
}

/// The tax code of a letter in a profile. A wrong letter gives `A`; a test finds that, because `A` is used twice then.
const fn letter(letter: u8) -> TaxCode {
    match TaxCode::new(letter) {
        Some(code) => code,
        None => TaxCode::A,
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, TextError};
    use crate::document::DocumentKind;
    use crate::facts::SealPlan;
    use crate::tax::TAXES_PER_LINE_MAX;

    #[test]
    fn a_country_has_signed_texts_and_check_codes_exactly_if_its_law_has_them() {
        for profile in ALL {
            let mut text = heapless::String::<16>::new();
            let expected = match profile.facts().seal_plan {
                SealPlan::Signature => TextError::Unreadable,
                SealPlan::Printer | SealPlan::FiscalNumber | SealPlan::FiscalModule => {
                    TextError::NotSigned
                }
            };
            assert_eq!(profile.sealed_text("-", &mut text), Err(expected));
            let expected = match profile.facts().seal_plan {
                SealPlan::FiscalModule => TextError::Unreadable,
                _ => expected,
            };
            assert_eq!(profile.check_text("-", &mut text), Err(expected));
        }
    }

    #[test]
    fn a_recipient_is_told_of_a_document_once_and_never_of_an_x_report() {
        for profile in ALL {
            assert_eq!(profile.duties(DocumentKind::XReport), []);
            for kind in DocumentKind::ALL {
                let duties = profile.duties(kind);
                for (place, duty) in duties.iter().enumerate() {
                    let same = |other: &&super::Duty| other.recipient == duty.recipient;
                    assert_eq!(duties.iter().filter(same).count(), 1, "{place} {kind:?}");
                }
            }
        }
    }

    #[test]
    fn the_facts_of_every_country_are_consistent() {
        for profile in ALL {
            let facts = profile.facts();
            assert_eq!(
                facts.tax_table().entries().count(),
                facts.groups.len(),
                "{}: the groups contradict each other",
                facts.code
            );
            assert!((1..=TAXES_PER_LINE_MAX).contains(&facts.taxes_per_line_max));
            assert!(facts.lines_max <= usize::from(u16::MAX));
            assert!(facts.price_max.is_positive() && facts.amount_max.is_positive());
        }
    }
}
