//! What is shown of an X-report or a Z-report. Every amount is one of the report's own figures, or the difference of two of them:
//!
//! - the payments of a section add up to its total and its cash rounding;
//! - the total of a section without its tax is what stands beside "without tax".

use ferrotill_core::document::ReportKind;
use ferrotill_core::event::ReportFigures;
use ferrotill_core::shift::{Running, Tally, Turnover};
use ferrotill_core::tax::TaxGroup;
use ferrotill_core::{Amount, Currency};

use crate::view::{Figure, HeadingView, PaperHeading, Writer, minus};
use crate::words::Words;

/// A sum, and what it consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureSection {
    /// The sum, with the count of its documents in the name if it is a sum of documents.
    pub total: Figure,
    /// What the sum consists of, and its tax.
    pub figures: Vec<Figure>,
}

/// A report as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportView {
    /// The title with the number of the Z-report, the number, the seller and the time.
    pub heading: HeadingView,
    /// When the shift began.
    pub shift: String,
    /// Sales, returns, alternative receipts, cash, and the sales of the year and of all time. Returns and alternative receipts are
    /// not shown if there are none.
    pub sections: Vec<FigureSection>,
}

/// The names of a report that are part of the configuration or the law.
#[derive(Clone, Copy)]
pub struct ReportNames<'a> {
    /// The name of the payment type with a code; the code is shown if the type has no name any more.
    pub payment: &'a dyn Fn(i32) -> Option<String>,
    /// The name of the law's cash rounding, if the law has one.
    pub rounding: Option<&'a str>,
    /// The local moment when the shift began.
    pub shift_began: &'a str,
}

impl ReportView {
    /// The view of a report, in the words of a language.
    #[must_use]
    pub fn of(
        (kind, figures): (ReportKind, &ReportFigures),
        heading: PaperHeading<'_>,
        names: ReportNames<'_>,
        currency: Currency,
        words: &Words,
    ) -> Self {
        let writer = Writer { currency, words };
        let title = match kind {
            ReportKind::X => words.report.x.to_owned(),
            ReportKind::Z => format!("{} {}", words.report.z, figures.shift.z_number),
        };
        let shift = &figures.shift;
        let mut sections = vec![turnover(writer, words.report.sales, &shift.sales, names)];
        if shift.refunds.receipts.count > 0 {
            sections.push(turnover(
                writer,
                words.report.refunds,
                &shift.refunds,
                names,
            ));
        }
        if shift.alternative.count > 0 {
            sections.push(FigureSection {
                total: tally(writer, words.report.alternative, shift.alternative),
                figures: Vec::new(),
            });
        }
        sections.push(FigureSection {
            total: writer.figure(words.in_drawer, figures.cash),
            figures: vec![
                tally(writer, words.cash_in, shift.cash_in),
                tally(writer, words.cash_out, shift.cash_out),
            ],
        });
        sections.push(running(writer, words.report.year, figures.year));
        sections.push(running(writer, words.report.grand, figures.grand));
        Self {
            heading: writer.heading(heading, &title),
            shift: format!("{} {}", words.report.shift_since, names.shift_began),
            sections,
        }
    }
}

pub(crate) fn tally(writer: Writer<'_>, name: &str, tally: Tally) -> Figure {
    writer.figure(&format!("{name} ({})", tally.count), tally.amount)
}

fn turnover(
    writer: Writer<'_>,
    name: &str,
    turnover: &Turnover,
    names: ReportNames<'_>,
) -> FigureSection {
    let groups = turnover.groups.entries();
    let payments = turnover.payments.entries();
    turnover_section(
        writer,
        (name, turnover.receipts, turnover.tax),
        groups
            .map(|entry| (entry.group, entry.amount, entry.tax))
            .collect(),
        payments.map(|payment| (payment.code, payment.amount)),
        turnover.rounding,
        names,
    )
}

/// The section of sales or returns: their sum, the tax of each group, the payments, and the cash rounding if there is any.
pub(crate) fn turnover_section(
    writer: Writer<'_>,
    (name, receipts, tax): (&str, Tally, Amount),
    groups: Vec<(TaxGroup, Amount, Amount)>,
    payments: impl Iterator<Item = (i32, Amount)>,
    rounding: Amount,
    names: ReportNames<'_>,
) -> FigureSection {
    let mut figures = writer.tax_figures(groups);
    figures.extend(without_tax(writer, receipts.amount, tax));
    figures.extend(payments.map(|(code, amount)| {
        let name = (names.payment)(code);
        writer.figure(&name.unwrap_or_else(|| code.to_string()), amount)
    }));
    if let (Some(name), false) = (names.rounding, rounding.is_zero()) {
        figures.push(writer.figure(name, rounding));
    }
    FigureSection {
        total: tally(writer, name, receipts),
        figures,
    }
}

fn running(writer: Writer<'_>, name: &str, sum: Running) -> FigureSection {
    FigureSection {
        total: writer.figure(name, sum.amount),
        figures: without_tax(writer, sum.amount, sum.tax).into(),
    }
}

/// The tax in a sum, and the sum without it.
fn without_tax(writer: Writer<'_>, sum: Amount, tax: Amount) -> [Figure; 2] {
    let words = writer.words;
    [
        writer.figure(words.tax, tax),
        writer.figure(words.report.net, minus(sum, tax)),
    ]
}
