//! Slips: the paper of a receipt that is legal without paper.

use ferrotill_core::facts::Facts;
use ferrotill_core::receipt::Receipt;
use ferrotill_core::time::Moment;
use ferrotill_device::printer::{FiscalPrinter, Job, TextLine, TextStyle};
use ferrotill_render::{
    Block, Emphasis, PaperWidth, PrintedSeller, ReceiptHeading, ReceiptView, Words, blocks, rows,
};

use crate::time::clock::local;

/// The slip of a receipt. It has no width until a printer prints it.
#[derive(Clone, Debug, Default)]
pub struct ReceiptSlip {
    blocks: Vec<Block>,
    opens_drawer: bool,
}

impl ReceiptSlip {
    /// The slip of a receipt that is not sealed by a fiscal printer. `title` may be empty; `number` is the number under which the
    /// receipt is legal, `at` the time of its seal. A copy says that it is one, and opens no drawer.
    #[must_use]
    pub fn of(
        (title, number, copy): (&str, &str, bool),
        at: Moment,
        receipt: &Receipt<'_>,
        seller: &PrintedSeller,
        facts: &Facts,
    ) -> Self {
        let at = local(at);
        let date = format!("{:02}.{:02}.{}", at.day(), at.month(), at.year());
        let time = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
        let heading = ReceiptHeading {
            title,
            number,
            copy,
            date: &date,
            time: &time,
            seller,
        };
        let words = Words::of(facts.language);
        let view = ReceiptView::of(receipt, heading, facts.currency, words);
        Self {
            blocks: blocks(&view),
            opens_drawer: !copy && receipt.payments.iter().any(|payment| payment.open_drawer),
        }
    }

    /// The slip of a return on a printer without refund receipts; `sale` is the printer's number of the receipt that is given back.
    #[must_use]
    pub fn of_return(
        sale: u32,
        at: Moment,
        receipt: &Receipt<'_>,
        seller: &PrintedSeller,
        facts: &Facts,
    ) -> Self {
        let number = format!("{} {sale}", Words::of(facts.language).of_receipt);
        Self::of(("", &number, false), at, receipt, seller, facts)
    }

    /// Whether a payment of the receipt opens the drawer. No printer does this by itself with a slip, because only a fiscal receipt
    /// tells it of payments.
    #[must_use]
    pub fn opens_drawer(&self) -> bool {
        self.opens_drawer
    }

    /// The job for a printer.
    #[must_use]
    pub fn job(&self, printer: &dyn FiscalPrinter) -> Job {
        Job::Text(self.lines(printer))
    }

    /// The rows for the paper of a printer.
    #[must_use]
    pub fn lines(&self, printer: &dyn FiscalPrinter) -> Vec<TextLine> {
        let paper = printer.text_paper();
        let width = PaperWidth {
            columns: paper.columns,
            large: paper.large,
            letters: &|text| printer.letters(text),
        };
        let rows = rows(&self.blocks, width).into_iter().map(|row| TextLine {
            text: row.text,
            style: match row.emphasis {
                Emphasis::Plain => TextStyle::Plain,
                Emphasis::Bold => TextStyle::Bold,
                Emphasis::Large => TextStyle::Large,
            },
        });
        rows.collect()
    }
}
