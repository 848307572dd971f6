//! The sale that a return refers to, as the journal contains it, and what was returned of it before.

use ferrotill_core::Amount;
use ferrotill_core::document::Body;
use ferrotill_core::quantity::Quantity;
use ferrotill_core::receipt::{Line, OriginalLine};
use ferrotill_core::seal::Seal;
use uuid::Uuid;

use crate::order::{comparable, goods_of};
use ferrotill_store::{Batch, StoreError, StoredDocument};

/// Names and comments of a sale's lines in the form in which returns compare them, where the stored text is another one.
pub(super) struct ComparableTexts(Vec<[Option<String>; 2]>);

impl ComparableTexts {
    pub(super) fn of(document: &StoredDocument) -> Self {
        let Some(Body::Receipt(receipt)) = document.reserved().map(|reserved| reserved.body) else {
            return Self(Vec::new());
        };
        let lines = receipt.lines.iter();
        Self(
            lines
                .map(|line| [line.name, line.comment].map(comparable))
                .collect(),
        )
    }

    /// A line with its texts in the form in which returns compare them.
    fn replace<'d>(&'d self, line: Line<'d>, place: usize) -> Line<'d> {
        let Some([name, comment]) = self.0.get(place) else {
            return line;
        };
        Line {
            name: name.as_deref().unwrap_or(line.name),
            comment: comment.as_deref().unwrap_or(line.comment),
            ..line
        }
    }
}

/// The lines of a sale, each with the quantity and the amount that were returned before.
pub(super) fn original_lines<'d>(
    batch: &Batch<'_>,
    document: &'d StoredDocument,
    texts: &'d ComparableTexts,
) -> Result<Vec<OriginalLine<'d>>, StoreError> {
    let Some(Body::Receipt(receipt)) = document.reserved().map(|reserved| reserved.body) else {
        return Ok(Vec::new());
    };
    let returned = batch.returned(document.row.reserved_seq)?;
    let goods = document.reserved().map(|reserved| goods_of(reserved.annex));
    let goods = goods.unwrap_or_default();
    Ok(receipt
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let taken = returned
                .iter()
                .find(|(place, ..)| usize::from(*place) == index);
            OriginalLine {
                line: texts.replace(line, index),
                returned_quantity: Quantity::from_thousandths(
                    taken.map_or(0, |(_, quantity, _)| *quantity),
                ),
                returned_amount: Amount::from_minor(taken.map_or(0, |(.., amount)| *amount)),
                good: goods.get(index).copied().flatten().map(Uuid::into_bytes),
            }
        })
        .collect())
}

/// True if an operator declared a document as printed without its number on the paper.
pub(super) fn number_unknown(document: &StoredDocument) -> bool {
    let sealed = document.sealed();
    sealed.is_some_and(|sealed| matches!(sealed.seal, Seal::Printer { document: 0, .. }))
}
