//! Receipts that the core computes, and their paper.

use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::Facts;
use ferrotill_core::receipt::{
    Draft, DraftLine, DraftPayment, Line, LineTotals, Modifier, Original, OriginalLine, Receipt,
    ReceiptKind, Rules, Scratch,
};
use ferrotill_core::refusal::{IgnoreFaults, Refusal};
use ferrotill_core::tax::TaxTable;
use ferrotill_core::time::Day;
use ferrotill_core::{Amount, Quantity};
use ferrotill_render::{
    Block, PaperHeading, PaperRow, PaperWidth, PrintedSeller, ReceiptView, Words, blocks, rows,
};

/// A country with its default tax table, cash (code 0) and a card (code 1).
pub(crate) struct Law {
    pub(crate) facts: &'static Facts,
    taxes: TaxTable,
    payments: PaymentTable,
}

impl Law {
    pub(crate) fn new(facts: &'static Facts, [cash, card]: [&str; 2]) -> Self {
        let payment = |code, name: &str, cash| PaymentType {
            code,
            name: name.try_into().unwrap(),
            cash,
            printer_letter: b'P',
            open_drawer: cash,
        };
        let types = [payment(0, cash, true), payment(1, card, false)];
        Self {
            facts,
            taxes: facts.tax_table(),
            payments: PaymentTable::new(types.into_iter()).unwrap(),
        }
    }

    /// Computes a draft and hands the receipt over.
    pub(crate) fn compute<T>(
        &self,
        draft: Draft<'_>,
        kind: ReceiptKind,
        original: Option<&Original<'_>>,
        then: impl FnOnce(&Receipt<'_>) -> T,
    ) -> Result<T, Refusal> {
        let rules = Rules {
            facts: self.facts,
            taxes: &self.taxes,
            payments: &self.payments,
            day: Day::of_date(2026, 11, 28),
        };
        let mut lines = vec![LineTotals::default(); draft.lines.len()];
        let mut bytes = vec![0; 20_000];
        let scratch = Scratch {
            lines: &mut lines,
            bytes: &mut bytes,
        };
        draft
            .compute(kind, original, rules, scratch, &mut IgnoreFaults)
            .map(|receipt| then(&receipt))
    }

    /// The rows of a receipt on a paper with so many columns.
    pub(crate) fn paper(
        &self,
        receipt: &Receipt<'_>,
        title: &str,
        seller: &PrintedSeller,
        columns: usize,
    ) -> Vec<PaperRow> {
        on_paper(&self.blocks(receipt, title, seller), columns)
    }

    /// The blocks of a receipt.
    pub(crate) fn blocks(
        &self,
        receipt: &Receipt<'_>,
        title: &str,
        seller: &PrintedSeller,
    ) -> Vec<Block> {
        let heading = PaperHeading {
            title,
            number: "ABC00000001",
            seal: "",
            copy: false,
            date: "28.11.2026",
            time: "13:52:30",
            seller,
        };
        let words = Words::of(self.facts.language);
        let view = ReceiptView::of(receipt, heading, self.facts.currency, words);
        blocks(&view)
    }
}

/// The rows of blocks on a paper with so many columns.
pub(crate) fn on_paper(blocks: &[Block], columns: usize) -> Vec<PaperRow> {
    let width = PaperWidth {
        columns,
        large: true,
        letters: &|text| text.chars().count(),
    };
    rows(blocks, width)
}

/// A line of goods; quantity in thousandths, price in minor units.
pub(crate) fn line<'a>(
    name: &'a str,
    quantity: i64,
    price: i64,
    group: &'a str,
    modifier: Option<Modifier>,
) -> DraftLine<'a> {
    DraftLine {
        name,
        quantity: Quantity::from_thousandths(quantity),
        price: Amount::from_minor(price),
        tax_group: Some(group),
        modifier,
        ..DraftLine::default()
    }
}

/// A payment in minor units: code 0 is cash, 1 is a card.
pub(crate) fn pay(code: i32, amount: i64) -> DraftPayment {
    DraftPayment {
        code: Some(code),
        amount: Amount::from_minor(amount),
    }
}

/// The lines of a sale of which nothing was returned yet.
pub(crate) fn originals<'a>(lines: &[Line<'a>]) -> Vec<OriginalLine<'a>> {
    lines
        .iter()
        .map(|line| OriginalLine {
            line: line.clone(),
            returned_quantity: Quantity::from_thousandths(0),
            returned_amount: Amount::ZERO,
            good: None,
        })
        .collect()
}
