//! Translates a place in an order, as the core names it, to the path of a field in a body.

use ferrotill_core::refusal::{Field, Place};

/// The path of the field for a place; `number_path` is the field with series and number of an alternative receipt.
pub(super) fn path_of(place: Place, number_path: &str) -> String {
    let line = |index: usize, field| {
        let name = match field {
            Field::Name => "name",
            Field::Quantity => "quantity",
            Field::Price => "price",
            Field::Modifier => "modifierValue",
            Field::TaxGroup => "taxGroupCode",
            Field::Comment => "comment",
            Field::FinalAmount => "finalAmount",
            Field::Type => "typeCode",
            Field::Amount => "amount",
        };
        format!("[{index}].{name}")
    };
    match place {
        Place::Lines => "items".to_owned(),
        Place::Line(index, field) => format!("items{}", line(index, field)),
        Place::Modifiers => "amountModifications".to_owned(),
        Place::Modifier(index) => format!("amountModifications[{index}].value"),
        Place::Payments => "payments".to_owned(),
        Place::Payment(index, field) => format!("payments{}", line(index, field)),
        Place::Original => "originalReceiptId".to_owned(),
        Place::Amount => "amount".to_owned(),
        Place::Number => number_path.to_owned(),
        Place::Header => "additionalHeaderText".to_owned(),
        Place::Footer => "additionalFooterText".to_owned(),
        Place::Text => "text".to_owned(),
    }
}
