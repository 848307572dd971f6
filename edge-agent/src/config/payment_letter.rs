//! The printer's letter of a payment type: each family books another kind of payment under the same letter.

use ferrotill_device::family::{PaymentMeaning, Protocol};

use super::key::ShownValue;
use super::reader::{Reader, Section};

/// The letters of the types of a device without a fiscal printer.
const CASH: char = 'P';
const CARD: char = 'D';

/// Reads `printer` and `means` of one payment type. A letter that the family does not have is a fault, and so is a letter of a
/// special kind of payment if `means` does not confirm it: it is a card's letter in another family.
pub(super) fn read(
    reader: &mut Reader,
    section: &Section<'_>,
    cash: bool,
    family: Option<&'static Protocol>,
) -> char {
    let meant = reader.choice(section, "means", &meanings());
    let written = reader.letter(section, "printer");
    let usual = if cash {
        PaymentMeaning::Cash
    } else {
        PaymentMeaning::Card
    };
    let Some(family) = family else {
        let letter = written.unwrap_or(if cash { CASH } else { CARD });
        return shown(reader, section, written, letter);
    };
    match written {
        Some(letter) => {
            check(reader, section, letter, meant, usual, family);
            letter
        }
        None => of_meaning(reader, section, meant.unwrap_or(usual), family),
    }
}

/// The letter of a meaning, if none is written.
fn of_meaning(
    reader: &mut Reader,
    section: &Section<'_>,
    meaning: PaymentMeaning,
    family: &Protocol,
) -> char {
    let payments = &family.payments;
    let letter = payments.letter_of(meaning);
    if letter.is_none() {
        reader.fault(
            &section.place_of("means"),
            section.path_of("means"),
            format!(
                "is {:?}, which a {} printer does not have",
                meaning.name(),
                family.name
            ),
            format!("it has: {}", payments.in_words()),
        );
    }
    shown(reader, section, None, letter.unwrap_or(CASH))
}

/// Refuses a letter that the family does not have, or that means something else.
fn check(
    reader: &mut Reader,
    section: &Section<'_>,
    letter: char,
    meant: Option<PaymentMeaning>,
    usual: PaymentMeaning,
    family: &Protocol,
) {
    let payments = &family.payments;
    let Some(meaning) = payments.meaning_of(letter) else {
        let what = format!(
            "is {letter:?}, which a {} printer does not have",
            family.name
        );
        let remedy = format!("it has: {}", payments.in_words());
        return refuse(reader, section, what, remedy);
    };
    let is_right = match meant {
        Some(meant) => meant == meaning,
        None => !meaning.is_special(),
    };
    if is_right {
        return;
    }
    let wanted = meant.unwrap_or(usual);
    let advice = payments
        .letter_of(wanted)
        .map_or_else(String::new, |right| {
            format!("{right:?} for {}, or ", wanted.name())
        });
    refuse(
        reader,
        section,
        format!(
            "is {letter:?}, which is {} on a {} printer",
            meaning.name(),
            family.name
        ),
        format!(
            "write {advice}means = {:?} if that is meant",
            meaning.name()
        ),
    );
}

fn refuse(reader: &mut Reader, section: &Section<'_>, what: String, remedy: String) {
    reader.fault(
        &section.place_of("printer"),
        section.path_of("printer"),
        what,
        remedy,
    );
}

fn shown(reader: &mut Reader, section: &Section<'_>, written: Option<char>, letter: char) -> char {
    if written.is_none() {
        reader.computed(section, "printer", ShownValue::Text(letter.to_string()));
    }
    letter
}

/// The texts of `means` with their meanings.
fn meanings() -> Vec<(&'static str, PaymentMeaning)> {
    PaymentMeaning::ALL
        .iter()
        .map(|meaning| (meaning.name(), *meaning))
        .collect()
}
