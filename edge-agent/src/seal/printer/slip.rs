//! Slips: the paper of a document that is legal without the paper of a fiscal printer.

use std::sync::Arc;

use ferrotill_core::facts::Facts;
use ferrotill_core::receipt::Receipt;
use ferrotill_core::time::Moment;
use ferrotill_device::printer::{FiscalPrinter, Job, TextLine, TextStyle};
use ferrotill_device::wire::escpos_raster::Raster;
use ferrotill_render::{
    Bitmap, Block, Emphasis, PaperHeading, PaperRow, PaperWidth, PrintedSeller, rows,
};

use crate::paper::DocumentPaper;
use crate::time::clock::date_and_time;

/// The slip of a document, or a report that the printer makes by itself. It has no width until a printer prints it.
#[derive(Clone, Debug, Default)]
pub struct DocumentSlip {
    paper: DocumentPaper,
    /// The printer's own report, which is printed instead of the paper.
    own_report: Option<Job>,
}

impl From<DocumentPaper> for DocumentSlip {
    fn from(paper: DocumentPaper) -> Self {
        Self {
            paper,
            own_report: None,
        }
    }
}

impl DocumentSlip {
    /// A report that the printer makes by itself, from its fiscal memory.
    #[must_use]
    pub fn of_job(job: Job) -> Self {
        Self {
            paper: DocumentPaper::default(),
            own_report: Some(job),
        }
    }

    /// The slip of a return on a printer without refund receipts, which the printer seals only afterwards; `sale` is the printer's number of the receipt that is given back,
    /// and `slips` are those of bank terminals.
    #[must_use]
    pub fn of_return(
        sale: u32,
        at: Moment,
        (receipt, slips): (&Receipt<'_>, &[Vec<String>]),
        seller: &PrintedSeller,
        facts: &Facts,
    ) -> Self {
        let number = format!("{} {sale}", seller.words(facts.language).of_receipt);
        let (date, time) = date_and_time(at);
        let heading = PaperHeading {
            title: "",
            number: &number,
            seal: "",
            copy: false,
            date: &date,
            time: &time,
            seller,
        };
        DocumentPaper::of_receipt((receipt, slips), heading, facts, None).into()
    }

    /// Whether a payment of the receipt opens the drawer. No printer does this by itself with a slip, because only a fiscal receipt
    /// tells it of payments.
    #[must_use]
    pub const fn opens_drawer(&self) -> bool {
        self.paper.opens_drawer
    }

    /// The job for a printer.
    #[must_use]
    pub fn job(&self, printer: &dyn FiscalPrinter) -> Job {
        let own_report = self.own_report.clone();
        own_report.unwrap_or_else(|| Job::Text(self.lines(printer)))
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
        let mut lines = Vec::new();
        for block in &self.paper.blocks {
            match block {
                Block::Qr { text, .. } if text.len() <= paper.code_bytes_max => {
                    lines.push(TextLine {
                        text: text.clone(),
                        style: TextStyle::Code,
                        ..TextLine::default()
                    })
                }
                Block::Logo(logo) if paper.picture_dots > 0 => {
                    lines.extend(picture(logo, paper.picture_dots));
                }
                block => lines.extend(
                    rows(std::slice::from_ref(block), width)
                        .into_iter()
                        .map(line),
                ),
            }
        }
        lines
    }
}

/// A logo as a line of a slip. A logo that is wider than the paper is made narrower.
fn picture(logo: &Bitmap, dots: usize) -> Option<TextLine> {
    let logo = logo.fitting(u32::try_from(dots).unwrap_or(u32::MAX));
    let size = |side: u32| usize::try_from(side).ok();
    let mut raster = Raster::new(size(logo.width())?, size(logo.height())?)?;
    for y in 0..logo.height() {
        for x in (0..logo.width()).filter(|x| logo.is_black(*x, y)) {
            raster.set(size(x)?, size(y)?);
        }
    }
    Some(TextLine {
        picture: Some(Arc::new(raster)),
        ..TextLine::default()
    })
}

fn line(row: PaperRow) -> TextLine {
    TextLine {
        text: row.text,
        style: match row.emphasis {
            Emphasis::Plain => TextStyle::Plain,
            Emphasis::Bold => TextStyle::Bold,
            Emphasis::Large => TextStyle::Large,
        },
        picture: None,
    }
}
