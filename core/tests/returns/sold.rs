//! A sale and its returns, which are booked as the store books them.

use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::{ALL, Facts};
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{
    CopiedLine, Draft, DraftLine, DraftPayment, Line, LineTotals, Original, OriginalLine, Receipt,
    ReceiptKind, Rules, Scratch,
};
use ferrotill_core::refusal::{Faults, Place, Refusal};
use ferrotill_core::scale;
use ferrotill_core::time::Day;
use ferrotill_core::{Amount, Quantity};

use crate::shop::{CollectFaults, configuration, pay};

pub(crate) const DAY: Day = Day::of_date(2026, 11, 21);
pub(crate) const CASH: i32 = 0;
pub(crate) const CARD: i32 = 1;

pub(crate) fn minor(minor: i64) -> Amount {
    Amount::from_minor(minor)
}

/// A sale, and what its returns have taken of each line so far.
pub(crate) struct Sold {
    pub(crate) country: usize,
    /// The texts and lists of the receipt are kept for the whole test, so that its lines can be used beside it.
    pub(crate) lines: Vec<Line<'static>>,
    pub(crate) goods: Vec<Option<[u8; 16]>>,
    pub(crate) total: i64,
    pub(crate) returned: Vec<(i64, i64)>,
}

/// What a return has given back: for each line the place in the original and its amounts, and the cash rounding.
pub(crate) type Back = (Vec<Line<'static>>, i64, i64);

/// A refusal with all its faults.
pub(crate) type Refused = (Refusal, Vec<(Place, Refusal)>);

pub(crate) fn facts(country: usize) -> &'static Facts {
    ALL[country].facts()
}

pub(crate) fn compute<T>(
    country: usize,
    draft: Draft<'_>,
    original: Option<&Original<'_>>,
    faults: &mut dyn Faults,
    look: impl FnOnce(&Receipt<'_>) -> T,
) -> Result<T, Refusal> {
    let (taxes, payments) = (facts(country).tax_table(), configuration().payments);
    let rules = Rules {
        facts: facts(country),
        taxes: &taxes,
        payments: &payments,
        day: DAY,
    };
    let (mut lines, mut bytes) = ([LineTotals::default(); 16], [0; 4096]);
    let scratch = Scratch {
        lines: &mut lines,
        bytes: &mut bytes,
    };
    let kind = match original {
        None => ReceiptKind::Sale,
        Some(_) => ReceiptKind::Refund {
            original: DocumentId([0; 16]),
        },
    };
    draft
        .compute(kind, original, rules, scratch, faults)
        .map(|receipt| look(&receipt))
}

/// The lines of a receipt, with names that live longer than it.
pub(crate) fn lines_of(receipt: &Receipt<'_>) -> Vec<Line<'static>> {
    let lines = receipt.lines.iter();
    lines
        .map(|line| Line {
            name: NAMES.into_iter().find(|name| *name == line.name).unwrap(),
            comment: "",
            more_taxes: line.more_taxes.clone(),
            ..line
        })
        .collect()
}

pub(crate) const NAMES: [&str; 2] = ["loaf", "milk"];

impl Sold {
    /// Sells for the exact total by card; `None` if the sale is refused.
    pub(crate) fn sell(country: usize, draft: Draft<'_>) -> Option<Self> {
        let sell = |total| {
            let draft = Draft {
                payments: &[pay(CARD, total)],
                ..draft
            };
            compute(
                country,
                draft,
                None,
                &mut CollectFaults::default(),
                |receipt| (lines_of(receipt), receipt.total.minor()),
            )
        };
        let (lines, total) = match sell(1) {
            Err(Refusal::Underpaid { total, .. }) => {
                sell(scale::parse(&total.to_string(), 2).unwrap()).unwrap()
            }
            sold => sold.ok()?,
        };
        let goods = draft.lines.iter().map(|line| line.copied.good).collect();
        let returned = vec![(0, 0); lines.len()];
        Some(Self {
            country,
            lines,
            goods,
            total,
            returned,
        })
    }

    pub(crate) fn quantity_left(&self, place: usize) -> i64 {
        let line = &self.lines[place];
        if line.voided {
            0
        } else {
            line.quantity.thousandths() - self.returned[place].0
        }
    }

    pub(crate) fn try_return(
        &self,
        lines: &[DraftLine<'_>],
        payments: &[DraftPayment],
        faults: &mut dyn Faults,
    ) -> Result<Back, Refusal> {
        let lines_left: Vec<OriginalLine<'_>> = self
            .lines
            .iter()
            .zip(&self.returned)
            .zip(&self.goods)
            .map(|((line, (quantity, amount)), good)| OriginalLine {
                line: line.clone(),
                returned_quantity: Quantity::from_thousandths(*quantity),
                returned_amount: minor(*amount),
                good: *good,
            })
            .collect();
        let original = Original {
            kind: OriginalKind::Fiscal,
            number_unknown: false,
            lines: &lines_left,
        };
        let draft = Draft {
            lines,
            payments,
            ..Draft::default()
        };
        compute(self.country, draft, Some(&original), faults, |receipt| {
            assert_eq!(
                receipt.paid.minor(),
                receipt.total.minor() + receipt.rounded_by().minor()
            );
            (
                lines_of(receipt),
                receipt.total.minor(),
                receipt.rounded_by().minor(),
            )
        })
    }

    /// Returns lines, of which a card gets at most `by_card` and the drawer pays the rest. The returned parts are booked as the
    /// store books them. Gives the refusal and all its faults if the return is refused for anything but its payments.
    pub(crate) fn give_back(
        &mut self,
        lines: &[DraftLine<'_>],
        by_card: i64,
    ) -> Result<(Back, i64), Refused> {
        let mut faults = CollectFaults::default();
        let first = self.try_return(lines, &[pay(CARD, 1)], &mut faults);
        let total = match first {
            Ok((_, total, _)) => total,
            Err(Refusal::RefundUneven { total, .. }) => {
                scale::parse(&total.to_string(), 2).unwrap()
            }
            Err(refusal) => return Err((refusal, faults.0)),
        };
        let card = by_card.min(total);
        let in_cash = total - card;
        let coins = facts(self.country).cash_rounding;
        let cash = coins.map_or(in_cash, |law| {
            law.rule.round(minor(in_cash)).unwrap().minor()
        });
        let payments = [(CARD, card), (CASH, cash)];
        let payments = payments.into_iter().filter(|(_, amount)| *amount > 0);
        let payments: Vec<_> = payments.map(|(code, amount)| pay(code, amount)).collect();
        // An amount in cash below half of the smallest coin cannot be paid out; the card gets it.
        let (card, payments) = if cash == 0 && in_cash > 0 {
            (total, vec![pay(CARD, total)])
        } else {
            (card, payments)
        };
        let back = self.try_return(lines, &payments, &mut CollectFaults::default());
        let back = back.unwrap();
        for line in &back.0 {
            let taken = &mut self.returned[usize::from(line.original_line.unwrap())];
            taken.0 += line.quantity.thousandths();
            taken.1 += line.final_amount.minor();
        }
        Ok((back, card))
    }

    /// A draft of a part of a line, with everything that the caller can copy of the line in proportion to the quantity.
    pub(crate) fn copy(&self, place: usize, thousandths: i64) -> DraftLine<'static> {
        let line = &self.lines[place];
        let share = |amount: Amount| {
            facts(self.country)
                .rounding
                .multiply_divide(amount.minor(), thousandths, line.quantity.thousandths())
                .map(minor)
        };
        DraftLine {
            name: line.name,
            quantity: Quantity::from_thousandths(thousandths),
            price: line.price,
            modifier: line.modifier,
            tax_group: Some(letters(line)),
            copied: CopiedLine {
                good: self.goods[place],
                position: u16::try_from(place).ok(),
                amount: share(line.amount),
                tax: share(line.tax),
                final_tax: share(line.final_tax),
                before: share(line.before_modification),
                rate: line
                    .taxes()
                    .next()
                    .filter(|_| line.taxes().count() == 1)
                    .map(|tax| tax.group.rate),
            },
            ..DraftLine::default()
        }
    }
}

/// The letters of a line's tax groups.
pub(crate) fn letters(line: &Line<'_>) -> &'static str {
    const ALL: [&str; 11] = ["A", "B", "C", "D", "E", "F", "G", "H", "AF", "BF", "CF"];
    let letters = line.taxes().map(|tax| tax.group.code.letter());
    let text = String::from_utf8(letters.collect()).unwrap();
    ALL.into_iter().find(|known| *known == text).unwrap()
}

/// The figures of a line that the parts must add up to: own amount and tax, final amount and tax, and both taxes by group.
pub(crate) fn figures(line: &Line<'_>) -> [i64; 8] {
    let mut figures = [0; 8];
    figures[..2].copy_from_slice(&[line.amount.minor(), line.final_amount.minor()]);
    for (index, tax) in line.taxes().enumerate() {
        figures[2 + index] = tax.tax.minor();
        figures[5 + index] = tax.final_tax.minor();
    }
    figures
}
