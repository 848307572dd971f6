//! Finds the line of the original that a returned line means, by all that the caller has copied of that line.

use super::part::{Left, SoldLine};
use super::{Draft, DraftLine, Line, LineTotals, Modifier, Original, OriginalLine};
use crate::amount::Amount;
use crate::quantity::Quantity;
use crate::rounding::Rounding;

/// The line of the original that a returned line means, and what is left of it.
pub(super) struct Found<'o> {
    pub(super) place: usize,
    pub(super) sold: SoldLine<'o>,
    pub(super) left: Left,
}

impl Found<'_> {
    /// The quantity by which a returned line exceeds what is left; zero if it does not.
    ///
    /// Once a part was given back for less than its share, the amounts alone bound the later ones for which the caller gives the
    /// amount.
    pub(super) fn quantity_missing(&self, line: &DraftLine<'_>) -> Quantity {
        let limit = if self.left.reduced && line.final_amount.is_some() {
            self.sold.quantity()
        } else {
            self.left.quantity
        };
        let missing = line.quantity.checked_sub(limit);
        missing.unwrap_or(line.quantity).max(Quantity::ZERO)
    }
}

/// How badly a line of the original fits a returned line. The fields are compared in their order; the smallest value fits best, and
/// of equal ones the earlier line is taken.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
struct Misfit {
    /// The good: 0 the same, 1 not known, 2 another one.
    good: u8,
    /// The caller gave a discount or surcharge, and the line has another one.
    modifier: bool,
    /// The quantity that is missing for the return.
    quantity: Quantity,
    /// The amount that is missing for the return, in minor units.
    amount: u64,
    /// The sum of the differences to the amounts that the caller gave, in minor units, without what rounding explains.
    beyond_rounding: u64,
    /// The caller gave the row of another line.
    position: bool,
    /// The sum of all differences to the amounts that the caller gave, in minor units.
    difference: u64,
    /// The line has something that the caller left out: a good, a discount or surcharge, or a second tax group.
    left_out: bool,
    /// The caller gave another comment.
    comment: bool,
    /// The quantity is not the whole rest of the line.
    rest: bool,
}

/// The line of the original that a returned line means. Only a line with the same name, price and tax groups can be it.
///
/// `earlier` are the lines of this return that were computed before. A line that has not enough left is taken only if no other
/// line fits as well in what identifies it, so that a refusal can name what is left.
pub(super) fn find_original<'o>(
    draft: &Draft<'_>,
    line: &DraftLine<'_>,
    original: &'o Original<'_>,
    earlier: &[LineTotals],
    rounding: Rounding,
) -> Option<Found<'o>> {
    let mut best: Option<(Misfit, Found<'o>)> = None;
    for (place, candidate) in original.lines.iter().enumerate() {
        let Some(all_groups) = groups_named(line.tax_group, &candidate.line) else {
            continue;
        };
        if candidate.line.name != line.name
            || candidate.line.price != line.price
            || candidate.line.voided
        {
            continue;
        }
        let (quantity, amount) = returned_until(draft, candidate, place, earlier)?;
        let sold = SoldLine::new(&candidate.line, rounding)?;
        let left = sold.left(quantity, amount)?;
        let found = Found { place, sold, left };
        let misfit = misfit(line, candidate, &found, all_groups)?;
        if misfit == Misfit::default() {
            // No later line fits better.
            return Some(found);
        }
        if best.as_ref().is_none_or(|(least, _)| misfit < *least) {
            best = Some((misfit, found));
        }
    }
    best.map(|(_, found)| found)
}

/// The quantity and the amount that earlier returns and earlier lines of this return have taken of a line.
fn returned_until(
    draft: &Draft<'_>,
    candidate: &OriginalLine<'_>,
    place: usize,
    earlier: &[LineTotals],
) -> Option<(Quantity, Amount)> {
    let start = (candidate.returned_quantity, candidate.returned_amount);
    draft
        .lines
        .iter()
        .zip(earlier)
        .filter(|(_, computed)| computed.original.map(usize::from) == Some(place))
        .try_fold(start, |(quantity, amount), (taken, computed)| {
            Some((
                quantity.checked_add(taken.quantity)?,
                amount.checked_add(computed.final_amount)?,
            ))
        })
}

fn misfit(
    line: &DraftLine<'_>,
    candidate: &OriginalLine<'_>,
    found: &Found<'_>,
    all_groups: bool,
) -> Option<Misfit> {
    let quantity = found.quantity_missing(line);
    let most = found.sold.most(found.left, line.quantity);
    let final_amount = match line.final_amount {
        Some(given) => given,
        None => found
            .sold
            .due(found.left, line.quantity)
            .unwrap_or_default(),
    };
    let missing = final_amount
        .minor()
        .saturating_sub(most.unwrap_or_default().minor());
    let amount = if quantity.is_positive() {
        0
    } else {
        u64::try_from(missing).unwrap_or(0)
    };
    let differences = if quantity.is_positive() || amount > 0 {
        Differences::default()
    } else {
        Differences::of(line, found, final_amount)?
    };
    let own = own_modifier(candidate.line.modifier);
    Some(Misfit {
        good: match (line.copied.good, candidate.good) {
            (Some(given), Some(sold)) if given == sold => 0,
            (Some(_), Some(_)) => 2,
            _ => 1,
        },
        modifier: line
            .modifier
            .is_some_and(|given| !same_modifier(given, own, found, line.quantity)),
        quantity,
        amount,
        beyond_rounding: differences.beyond_rounding,
        position: line
            .copied
            .position
            .is_some_and(|position| usize::from(position) != found.place),
        difference: differences.sum,
        left_out: !all_groups
            || (line.modifier.is_none() && own.is_some())
            || (line.copied.good.is_none() && candidate.good.is_some()),
        comment: !line.comment.is_empty() && line.comment != candidate.line.comment,
        rest: line.quantity != found.left.quantity,
    })
}

/// How far the amounts that the caller gave are from those that a line would give back, in minor units.
#[derive(Default)]
struct Differences {
    sum: u64,
    beyond_rounding: u64,
}

impl Differences {
    fn of(line: &DraftLine<'_>, found: &Found<'_>, final_amount: Amount) -> Option<Self> {
        let due = found.sold.due(found.left, line.quantity);
        let mut differences = Self::default();
        let due = due.unwrap_or(found.left.amount);
        differences.add(line.final_amount, [due; 2], AMOUNT_ROUNDING);
        let copied = line.copied;
        if copied.amount.is_some() || copied.tax.is_some() || copied.final_tax.is_some() {
            let part = found.sold.part(found.left, line.quantity, final_amount)?;
            // A part that pays back the whole amount takes all figures of the line with it, and the caller has copied the share of the
            // quantity.
            let share = found.sold.shares(line.quantity)?;
            differences.add(copied.amount, [part.amount, share.amount], AMOUNT_ROUNDING);
            differences.add(copied.tax, [part.tax, share.tax], TAX_ROUNDING);
            differences.add(
                copied.final_tax,
                [part.final_tax, share.final_tax],
                TAX_ROUNDING,
            );
        }
        Some(differences)
    }

    /// Adds the difference to the nearer one of two computed amounts.
    fn add(&mut self, given: Option<Amount>, computed: [Amount; 2], rounding: u64) {
        let apart = given.map_or(0, |given| {
            let [one, other] = computed.map(|computed| given.minor().abs_diff(computed.minor()));
            one.min(other)
        });
        self.sum = self.sum.saturating_add(apart);
        self.beyond_rounding = self
            .beyond_rounding
            .saturating_add(apart.saturating_sub(rounding));
    }
}

/// The largest difference, in minor units, between the share of a quantity and the same share in a row of parts.
const AMOUNT_ROUNDING: u64 = 1;
/// The same for a tax, which is rounded from amounts that are rounded too.
const TAX_ROUNDING: u64 = 3;

/// A discount or surcharge; none if it is zero.
fn own_modifier(modifier: Option<Modifier>) -> Option<Modifier> {
    modifier.filter(|modifier| match modifier {
        Modifier::Percent(hundredths) => *hundredths != 0,
        Modifier::Amount(amount) => !amount.is_zero(),
    })
}

/// Whether a given discount or surcharge is that of the line. An absolute one may be given in proportion to the quantity.
fn same_modifier(
    given: Modifier,
    own: Option<Modifier>,
    found: &Found<'_>,
    quantity: Quantity,
) -> bool {
    match (own_modifier(Some(given)), own) {
        (Some(Modifier::Amount(given)), Some(Modifier::Amount(own))) => {
            found.sold.is_share(given, own, quantity)
        }
        (given, own) => given == own,
    }
}

/// Whether a text names tax groups of a line: `Some(true)` with all letters in any order, or without a text; `Some(false)` with the
/// first of several letters, as some callers know a line's group; `None` if the text means other groups.
fn groups_named(text: Option<&str>, line: &Line<'_>) -> Option<bool> {
    let Some(text) = text else {
        return Some(true);
    };
    let letters = || line.taxes().map(|tax| tax.group.code.letter());
    let all = text.len() == letters().count()
        && letters().all(|letter| text.bytes().any(|given| given == letter));
    if all {
        return Some(true);
    }
    let mut expected = letters();
    (!text.is_empty() && text.bytes().all(|letter| expected.next() == Some(letter)))
        .then_some(false)
}
