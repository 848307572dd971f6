//! The layout of each kind of document: which blocks follow each other. A block has no width yet.

use std::sync::Arc;

use crate::bitmap::Bitmap;
use crate::cash::CashView;
use crate::nonfiscal::NonfiscalView;
use crate::period::PeriodView;
use crate::report::{FigureSection, ReportView};
use crate::view::{Figure, HeadingView, LineView, ReceiptView};

/// How strongly a text is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emphasis {
    /// As all other text.
    #[default]
    Plain,
    /// Bold.
    Bold,
    /// Bold, twice as wide and twice as high. Text that would not fit one row in this size is bold only.
    Large,
}

/// Where a text stands between the edges of the paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// At the left edge.
    #[default]
    Left,
    /// In the middle.
    Centre,
}

/// A part of a paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A text that may take several rows.
    Text {
        /// The text, without line breaks.
        text: String,
        /// Where the text stands.
        align: Align,
        /// How strongly the text is printed.
        emphasis: Emphasis,
    },
    /// A text at the left edge and a text at the right edge of the same row.
    Columns {
        /// The text at the left edge; it may take several rows.
        left: String,
        /// The text at the right edge of the last of these rows.
        right: String,
        /// How strongly both are printed.
        emphasis: Emphasis,
    },
    /// A line from edge to edge.
    Rule,
    /// A QR code in the middle. Where no picture can be printed, its letters are printed.
    Qr {
        /// What a scanner reads.
        text: String,
        /// The letters in place of the picture; `None` if they are the text of the code.
        letters: Option<String>,
    },
    /// The shop's logo in the middle. It is left out where no picture can be printed.
    Logo(Arc<Bitmap>),
}

impl Block {
    /// The same block with other texts.
    pub(crate) fn with_texts(&self, change: impl Fn(&str) -> String) -> Self {
        let mut block = self.clone();
        match &mut block {
            Self::Text { text, .. } => *text = change(text),
            Self::Columns { left, right, .. } => {
                *left = change(left);
                *right = change(right);
            }
            Self::Rule | Self::Qr { .. } | Self::Logo(_) => {}
        }
        block
    }
}

/// The place of the block that is the title of a form: the first text that is not plain.
pub(crate) fn title_block(blocks: &[Block]) -> Option<usize> {
    blocks.iter().position(
        |block| matches!(block, Block::Text { emphasis, .. } if *emphasis != Emphasis::Plain),
    )
}

/// The title of a form; empty if no text is emphasised.
pub(crate) fn title_of(blocks: &[Block]) -> &str {
    match title_block(blocks).and_then(|place| blocks.get(place)) {
        Some(Block::Text { text, .. }) => text,
        _ => "",
    }
}

/// The blocks of a receipt.
#[must_use]
pub fn blocks(view: &ReceiptView) -> Vec<Block> {
    let mut page = Page {
        blocks: Vec::new(),
        letters: view
            .lines
            .iter()
            .map(|line| line.groups.chars().count())
            .max()
            .unwrap_or(0),
    };
    page.heading(&view.heading);
    page.texts(&view.header);
    page.blocks.push(Block::Rule);
    for line in &view.lines {
        page.line(line);
    }
    page.blocks.push(Block::Rule);
    page.sums(view);
    if !view.taxes.is_empty() {
        page.blocks.push(Block::Rule);
        page.figures(&view.taxes);
    }
    if !view.footer.is_empty() {
        page.blocks.push(Block::Rule);
        page.texts(&view.footer);
    }
    page.blocks
}

/// The blocks of a cash operation.
#[must_use]
pub fn cash_blocks(view: &CashView) -> Vec<Block> {
    let mut page = Page::default();
    page.heading(&view.heading);
    page.blocks.push(Block::Rule);
    page.strong(&view.amount);
    page.figures(view.in_drawer.as_slice());
    page.blocks
}

/// The blocks of a non-fiscal receipt.
#[must_use]
pub fn nonfiscal_blocks(view: &NonfiscalView) -> Vec<Block> {
    let mut page = Page::default();
    page.heading(&view.heading);
    page.blocks.push(Block::Rule);
    page.texts(&view.text);
    page.blocks
}

/// The blocks of a periodic report.
#[must_use]
pub fn period_blocks(view: &PeriodView) -> Vec<Block> {
    let mut page = Page::default();
    page.heading(&view.heading);
    page.sections(&view.reports);
    page.blocks.push(Block::Rule);
    page.text(&view.count);
    page.sections(&view.sums);
    page.blocks
}

/// The blocks of a report.
#[must_use]
pub fn report_blocks(view: &ReportView) -> Vec<Block> {
    let mut page = Page::default();
    page.heading(&view.heading);
    page.text(&view.shift);
    page.sections(&view.sections);
    page.blocks
}

/// The blocks so far.
#[derive(Default)]
struct Page {
    blocks: Vec<Block>,
    /// The number of letters of tax groups behind an amount. All amounts keep this room free, so that their decimals stand in one
    /// column.
    letters: usize,
}

impl Page {
    fn heading(&mut self, view: &HeadingView) {
        let mut centred = |texts: &[String], emphasis| {
            self.blocks.extend(texts.iter().map(|text| Block::Text {
                text: text.clone(),
                align: Align::Centre,
                emphasis,
            }));
        };
        centred(&view.seller, Emphasis::Plain);
        centred(&view.title, Emphasis::Large);
        centred(std::slice::from_ref(&view.number), Emphasis::Bold);
        centred(&view.seal, Emphasis::Plain);
        self.blocks.push(Block::Columns {
            left: view.date.clone(),
            right: view.time.clone(),
            emphasis: Emphasis::Plain,
        });
    }

    fn line(&mut self, line: &LineView) {
        self.text(&line.name);
        self.amount(
            &format!("{} x {}", line.quantity, line.price),
            &line.amount,
            &line.groups,
            Emphasis::Plain,
        );
        self.figures(&line.changes);
        self.texts(&line.comment);
    }

    fn sums(&mut self, view: &ReceiptView) {
        self.figures(view.sub_total.as_slice());
        self.figures(&view.changes);
        self.strong(&view.total);
        self.figures(view.rounding.as_slice());
        if let Some(to_pay) = &view.to_pay {
            self.strong(to_pay);
        }
        self.figures(&view.payments);
        self.figures(view.change.as_slice());
    }

    fn figures(&mut self, figures: &[Figure]) {
        for figure in figures {
            self.amount(&figure.name, &figure.amount, "", Emphasis::Plain);
        }
    }

    fn sections(&mut self, sections: &[FigureSection]) {
        for FigureSection { total, figures } in sections {
            self.blocks.push(Block::Rule);
            self.strong(total);
            self.figures(figures);
        }
    }

    fn strong(&mut self, figure: &Figure) {
        self.amount(&figure.name, &figure.amount, "", Emphasis::Bold);
    }

    /// A row with an amount, and with the letters of the tax groups behind it.
    fn amount(&mut self, name: &str, amount: &str, groups: &str, emphasis: Emphasis) {
        let room = self.letters;
        let right = if room == 0 {
            amount.to_owned()
        } else {
            format!("{amount} {groups:room$}")
        };
        self.blocks.push(Block::Columns {
            left: name.to_owned(),
            right,
            emphasis,
        });
    }

    fn texts(&mut self, texts: &[String]) {
        for text in texts {
            self.text(text);
        }
    }

    fn text(&mut self, text: &str) {
        self.blocks.push(Block::Text {
            text: text.to_owned(),
            align: Align::Left,
            emphasis: Emphasis::Plain,
        });
    }
}
