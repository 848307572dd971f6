//! What is shown of the Z-reports of a period: their sums, and each of them if that is wanted.
//!
//! The sums are those of the Z-reports' own figures: sales and returns are never netted.

use ferrotill_core::event::ReportFigures;
use ferrotill_core::shift::{Tally, Turnover};
use ferrotill_core::tax::TaxGroup;
use ferrotill_core::{Amount, Currency};

use crate::report::{FigureSection, ReportNames, tally, turnover_section};
use crate::view::{Figure, HeadingView, PaperHeading, Writer, minus};
use crate::words::Words;

/// The sales or the returns of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeriodTurnover {
    /// The number of receipts and their gross sum.
    pub receipts: Tally,
    /// The tax in them.
    pub tax: Amount,
    /// Each tax group at each of its rates: gross and tax. There are as many as rates were in force.
    pub groups: Vec<(TaxGroup, Amount, Amount)>,
    /// The payments less change, by the code of the payment type.
    pub payments: Vec<(i32, Amount)>,
    /// What cash rounding added (above zero) or subtracted.
    pub rounding: Amount,
}

impl PeriodTurnover {
    fn add(&mut self, shift: &Turnover) {
        add_tally(&mut self.receipts, shift.receipts);
        add(&mut self.tax, shift.tax);
        add(&mut self.rounding, shift.rounding);
        for entry in shift.groups.entries() {
            let same = |(group, ..): &&mut (TaxGroup, Amount, Amount)| *group == entry.group;
            match self.groups.iter_mut().find(same) {
                Some((_, gross, tax)) => {
                    add(gross, entry.amount);
                    add(tax, entry.tax);
                }
                None => self.groups.push((entry.group, entry.amount, entry.tax)),
            }
        }
        for entry in shift.payments.entries() {
            match self
                .payments
                .iter_mut()
                .find(|(code, _)| *code == entry.code)
            {
                Some((_, sum)) => add(sum, entry.amount),
                None => self.payments.push((entry.code, entry.amount)),
            }
        }
    }
}

/// The sums of the Z-reports of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeriodSums {
    /// How many Z-reports the period has.
    pub reports: u32,
    /// The sales.
    pub sales: PeriodTurnover,
    /// The returns.
    pub refunds: PeriodTurnover,
    /// The alternative receipts.
    pub alternative: Tally,
    /// The cash put into the drawer.
    pub cash_in: Tally,
    /// The cash taken out of the drawer, as a positive sum.
    pub cash_out: Tally,
    /// The sum of the sales by the counters that the printer reported with each Z-report; `None` if a Z-report has none.
    pub printer_sales: Option<Amount>,
}

impl PeriodSums {
    /// Adds a Z-report; `printer_sales` are its sales by the printer's own counters, if the printer reported them.
    ///
    /// A sum that would overflow keeps its value. The counters of all time are larger than every sum here, and the core refuses a
    /// document that they have no room for.
    pub fn add(&mut self, report: &ReportFigures, printer_sales: Option<Amount>) {
        let before = if self.reports == 0 {
            Some(Amount::ZERO)
        } else {
            self.printer_sales
        };
        self.printer_sales = before
            .zip(printer_sales)
            .and_then(|(sum, more)| sum.checked_add(more));
        self.reports = self.reports.saturating_add(1);
        let shift = &report.shift;
        self.sales.add(&shift.sales);
        self.refunds.add(&shift.refunds);
        add_tally(&mut self.alternative, shift.alternative);
        add_tally(&mut self.cash_in, shift.cash_in);
        add_tally(&mut self.cash_out, shift.cash_out);
    }
}

fn add(sum: &mut Amount, more: Amount) {
    *sum = sum.checked_add(more).unwrap_or(*sum);
}

fn add_tally(sum: &mut Tally, more: Tally) {
    sum.count = sum.count.saturating_add(more.count);
    add(&mut sum.amount, more.amount);
}

/// A periodic report as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodView {
    /// The title, the period, the seller and the time.
    pub heading: HeadingView,
    /// Each Z-report; empty if only sums are wanted.
    pub reports: Vec<FigureSection>,
    /// How many Z-reports there are.
    pub count: String,
    /// The sums.
    pub sums: Vec<FigureSection>,
}

impl PeriodView {
    /// The view of a periodic report, in the words of a language. The number of the heading is the period.
    #[must_use]
    pub fn of(
        sums: &PeriodSums,
        reports: Vec<FigureSection>,
        heading: PaperHeading<'_>,
        names: ReportNames<'_>,
        currency: Currency,
        words: &Words,
    ) -> Self {
        let writer = Writer { currency, words };
        let mut sections = vec![section(writer, words.report.sales, &sums.sales, names)];
        if let Some(printed) = sums.printer_sales {
            let mut figures = Vec::new();
            if printed != sums.sales.receipts.amount {
                let difference = minus(printed, sums.sales.receipts.amount);
                figures.push(writer.figure(words.report.difference, difference));
            }
            sections.push(FigureSection {
                total: writer.figure(words.printer, printed),
                figures,
            });
        }
        if sums.refunds.receipts.count > 0 {
            sections.push(section(writer, words.report.refunds, &sums.refunds, names));
        }
        if sums.alternative.count > 0 {
            sections.push(FigureSection {
                total: tally(writer, words.report.alternative, sums.alternative),
                figures: Vec::new(),
            });
        }
        for (name, moved) in [
            (words.cash_in, sums.cash_in),
            (words.cash_out, sums.cash_out),
        ] {
            sections.push(FigureSection {
                total: tally(writer, name, moved),
                figures: Vec::new(),
            });
        }
        Self {
            heading: writer.heading(heading, words.report.periodic),
            reports,
            count: format!("{}: {}", words.report.z_reports, sums.reports),
            sums: sections,
        }
    }

    /// One Z-report of a detailed report: its number and its local day, its sales with their tax, and its returns.
    #[must_use]
    pub fn report(
        report: &ReportFigures,
        (number, day): (u32, &str),
        currency: Currency,
        words: &Words,
    ) -> FigureSection {
        let writer = Writer { currency, words };
        let shift = &report.shift;
        let groups = shift.sales.groups.entries();
        let groups = groups.map(|entry| (entry.group, entry.amount, entry.tax));
        let mut figures: Vec<Figure> = writer.tax_figures(groups.collect());
        if shift.refunds.receipts.count > 0 {
            figures.push(tally(writer, words.report.refunds, shift.refunds.receipts));
        }
        FigureSection {
            total: tally(
                writer,
                &format!("{} {number}, {day}", words.report.z),
                shift.sales.receipts,
            ),
            figures,
        }
    }
}

fn section(
    writer: Writer<'_>,
    name: &str,
    turnover: &PeriodTurnover,
    names: ReportNames<'_>,
) -> FigureSection {
    turnover_section(
        writer,
        (name, turnover.receipts, turnover.tax),
        turnover.groups.clone(),
        turnover.payments.iter().copied(),
        turnover.rounding,
        names,
    )
}
