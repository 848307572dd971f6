//! The questions of each family, and every form that their answers have in the family's table, so that a test can try each.

use std::sync::Arc;

use ferrotill_device::PrinterFigure;
use ferrotill_device::family::{
    AnswerForm, Answers, CommandRow, Errors, FAMILIES, Protocol, Source,
};

use crate::relay::{AnswerRewriter, Rewrite, Rewritten};

/// A question of a family, and what a relay makes of its answers.
#[derive(Clone)]
pub struct AnswerCell {
    /// The family.
    pub family: &'static Protocol,
    /// The name of the question.
    pub question: &'static str,
    /// The command that asks.
    pub command: u8,
    /// The shape of the answer, or what stands in its place.
    pub shape: String,
    /// Where the form is known from; `None` for what stands in its place.
    pub source: Option<Source>,
    /// The firmware that answers so.
    pub firmware: &'static [&'static str],
    /// Makes this answer of an answer of the emulated printer.
    pub rewrite: Rewrite,
    /// Whether the driver must read the answer.
    pub is_read: bool,
    /// The witness that is missing if the answer is not read.
    pub witness: Option<PrinterFigure>,
}

/// The question for the identity: serial number and fiscal memory.
pub const IDENTITY: &str = "identity";
/// The shape of an answer that refuses the question.
pub const REFUSED: &str = "F";
/// The shape of the answer of a printer that does not know the question.
pub const NOT_KNOWN: &str = "the command is not known";
/// The shape of an answer that no manual has.
pub const UNKNOWN_FORM: &str = "an unknown form";

impl AnswerCell {
    /// The relay of this cell.
    #[must_use]
    pub fn rewriter(&self) -> AnswerRewriter {
        AnswerRewriter::new(self.family, self.command, Arc::clone(&self.rewrite))
    }

    /// The name of the cell for a message: family, question and form.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}: {}", self.family.name, self.question, self.shape)
    }

    /// Whether a printer with this answer must not sell: it has no serial number, or no number that rises with every document.
    #[must_use]
    pub const fn is_below_the_floor(&self) -> bool {
        self.witness.is_none() && !self.is_read
    }
}

/// The answer without the error code of X.
fn body(family: &Protocol, data: &[u8]) -> Vec<u8> {
    match family.errors {
        Errors::First => data.strip_prefix(b"0\t").unwrap_or(data).to_vec(),
        _ => data.to_vec(),
    }
}

/// The answer as it is on the line: forms of X with fields that end with a TAB have an error code in front.
fn on_line(family: &Protocol, data: Vec<u8>) -> Vec<u8> {
    match family.errors {
        Errors::First if data.ends_with(b"\t") => [b"0\t", data.as_slice()].concat(),
        _ => data,
    }
}

fn cells_of<Q: 'static, A: 'static>(
    family: &'static Protocol,
    question: &'static str,
    row: &CommandRow<Q, A>,
    witness: Option<PrinterFigure>,
    cells: &mut Vec<AnswerCell>,
) {
    let answers: Answers<A> = row.answer;
    let mut push = |shape: &str, source, firmware, rewrite: Rewrite, is_read| {
        cells.push(AnswerCell {
            family,
            question,
            command: row.command,
            shape: shape.to_owned(),
            source,
            firmware,
            rewrite,
            is_read,
            witness,
        });
    };
    for form in answers.forms() {
        let form: &'static AnswerForm<A> = form;
        let rewrite: Rewrite = Arc::new(move |data| {
            let reported = answers.read(&body(family, data));
            Rewritten::Data(match reported {
                Some(reported) => on_line(family, (form.codec.emit)(&reported)),
                None => data.to_vec(),
            })
        });
        push(form.shape, Some(form.source), form.firmware, rewrite, true);
    }
    let unknown: Rewrite = Arc::new(|_| Rewritten::UnknownCommand);
    push(NOT_KNOWN, None, &[], unknown, false);
    for (shape, data) in [(REFUSED, b"F".as_slice()), (UNKNOWN_FORM, b"Q,1,2,3\t")] {
        let rewrite: Rewrite = Arc::new(move |_| Rewritten::Data(on_line(family, data.to_vec())));
        push(shape, None, &[], rewrite, false);
    }
}

/// Every cell: each question of each family with each form of its answer, and with what may stand in its place.
#[must_use]
pub fn answer_cells() -> Vec<AnswerCell> {
    FAMILIES
        .iter()
        .flat_map(|family| answer_cells_of(family))
        .collect()
}

/// The cells of one family.
#[must_use]
pub fn answer_cells_of(family: &'static Protocol) -> Vec<AnswerCell> {
    use PrinterFigure as Figure;
    let mut cells = Vec::new();
    let all = &mut cells;
    cells_of(family, IDENTITY, &family.device_info, None, all);
    if let Some(row) = &family.last_z {
        let witness = Some(Figure::LastZReport);
        cells_of(family, "last Z-report", row, witness, all);
    }
    let payments = &family.day_payments;
    let witness = Some(Figure::DayPayments);
    cells_of(family, "day's payments", payments, witness, all);
    let groups = Some(Figure::OpenReceiptGroups);
    cells_of(family, "open receipt", &family.receipt_sums, groups, all);
    let last = Some(Figure::LastReceipt);
    cells_of(family, "last receipt", &family.transaction, last, all);
    let [sales, _] = &family.day_sales;
    cells_of(family, "day's sales", sales, Some(Figure::DaySales), all);
    cells_of(family, "cash", &family.cash, Some(Figure::Cash), all);
    cells_of(family, "last document", &family.last_document, None, all);
    cells
}
