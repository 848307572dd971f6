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
    let payments = &family.payments;
    let Some(letter) = written else {
        let meaning = meant.unwrap_or(usual);
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
        return shown(reader, section, None, letter.unwrap_or(CASH));
    };
    let right = payments.letter_of(meant.unwrap_or(usual));
    match payments.meaning_of(letter) {
        None => refuse(
            reader,
            section,
            format!(
                "is {letter:?}, which a {} printer does not have",
                family.name
            ),
            format!("it has: {}", payments.in_words()),
        ),
        Some(meaning)
            if meant.is_some_and(|meant| meant != meaning)
                || (meant.is_none() && meaning.is_special()) =>
        {
            let advice = right.map_or_else(String::new, |right| {
                format!("{right:?} for {}, or ", meant.unwrap_or(usual).name())
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
        Some(_) => {}
    }
    letter
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
