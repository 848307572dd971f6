//! The goods that callers buy. Their money is computed by the arithmetic of this file, so that the product is compared with another
//! calculation.

use ferrotill::order::{OrderDraft, OrderLine};
use ferrotill_core::receipt::{CopiedLine, Modifier};
use ferrotill_core::{Amount, Quantity};
use ferrotill_disk::SeededRandom;

/// The tax groups of the shop: letter, and rate in hundredths of a percent.
pub(super) const GROUPS: [(char, i64); 3] = [('A', 2_000), ('B', 800), ('C', 1_200)];
/// The code of the payment type for cards.
pub(super) const CARD: i32 = 1;

/// The name of the goods that are on some receipts twice, with and without a discount.
const LIKE: &str = "Lapte 1l";

/// A sold line.
#[derive(Clone, Debug)]
pub(super) struct Sold {
    name: String,
    price: i64,
    thousandths: i64,
    modifier: Option<Modifier>,
    /// The place of the line's tax group in [`GROUPS`].
    pub(super) group: usize,
    /// The amount of the line after all modifiers, in minor units.
    pub(super) amount: i64,
}

impl Sold {
    fn of(name: &str, price: i64, thousandths: i64, group: usize) -> Self {
        Self {
            name: name.to_owned(),
            price,
            thousandths,
            modifier: None,
            group,
            amount: nearest(price * thousandths, 1_000),
        }
    }

    fn modified(mut self, modifier: Modifier) -> Self {
        self.amount += match modifier {
            Modifier::Percent(hundredths) => nearest(self.amount * i64::from(hundredths), 10_000),
            Modifier::Amount(amount) => amount.minor(),
        };
        self.modifier = Some(modifier);
        self
    }

    /// The tax that the line's amount contains, in minor units.
    pub(super) fn tax(&self) -> i64 {
        let rate = GROUPS.get(self.group).map_or(0, |(_, rate)| *rate);
        nearest(self.amount * rate, 10_000 + rate)
    }

    /// The line as a caller sells it, or as it returns it. Only if another line may be like it, the caller copies the discount.
    /// Three pieces are returned piece by piece.
    fn ordered(&self, refund: bool) -> Vec<OrderLine> {
        let modifier = self.modifier.filter(|_| !refund || self.name == LIKE);
        let pieces = if refund && self.name == LIKE && self.thousandths == 3_000 {
            3
        } else {
            1
        };
        let line = OrderLine {
            name: self.name.as_str().into(),
            quantity: Quantity::from_thousandths(self.thousandths / pieces),
            price: Amount::from_minor(self.price),
            modifier,
            tax_group: GROUPS.get(self.group).map(|(letter, _)| letter.to_string()),
            comment: "".into(),
            final_amount: None,
            copied: CopiedLine::NONE,
        };
        (0..pieces).map(|_| line.clone()).collect()
    }
}

/// The goods of a receipt, and the money that is paid for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Goods {
    pub(super) lines: Vec<Sold>,
    modifiers: Vec<Modifier>,
    pub(super) total: i64,
    /// The part of the total that is paid by card, in minor units; the rest is paid in cash.
    pub(super) card: i64,
    /// Cash beyond the total, in minor units, which the buyer gets back as change.
    change: i64,
}

/// The part of a sale that is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    First,
    Rest,
}

impl Goods {
    /// The goods of the n-th order. No two orders of a run have the same total, and no two parts that can be returned have the same
    /// total.
    pub(super) fn new(number: usize, random: &mut SeededRandom) -> Self {
        let number = i64::try_from(number).unwrap_or(0);
        let total = 40_000 + 12 * number;
        let first = 1_001 + 4 * number;
        let group = random.below(GROUPS.len());
        let mut lines = vec![Sold::of(LIKE, first, 1_000, group)];
        match number % 3 {
            // The same goods once more, for half the price.
            0 => {
                let like = Sold::of(LIKE, first, 1_000, group);
                lines.push(like.modified(Modifier::Percent(-5_000)));
            }
            1 => {}
            // Three pieces, whose amount cannot be divided by three.
            _ => {
                let three = Sold::of(LIKE, (first + 2) / 3, 3_000, group);
                let less = Modifier::Amount(Amount::from_minor(first - three.amount));
                lines = vec![three.modified(less)];
            }
        }
        for place in 0..random.below(4) {
            let price = 50 + below(random, 850);
            let thousandths = [1_000, 2_000, 250 + below(random, 2_750)];
            let thousandths = thousandths.get(random.below(3)).copied().unwrap_or(1_000);
            let group = random.below(GROUPS.len());
            let line = Sold::of(&format!("Marfa {place}"), price, thousandths, group);
            lines.push(match random.below(4) {
                0 => line.modified(Modifier::Percent(percent(random))),
                1 => {
                    let most = line.amount.max(1);
                    let amount = below(random, most) / 2 - most / 8;
                    line.modified(Modifier::Amount(Amount::from_minor(-amount)))
                }
                _ => line,
            });
        }
        // A modifier of the whole receipt does not change the total, by which the receipt is recognised.
        let modifier = match random.below(4) {
            0 => -below(random, 900) - 1,
            1 => below(random, 300) + 1,
            _ => 0,
        };
        let so_far: i64 = lines.iter().map(|line| line.amount).sum();
        let rest = total - modifier - so_far;
        lines.push(Sold::of("Cafea", rest, 1_000, random.below(GROUPS.len())));
        let mut goods = Self {
            lines,
            modifiers: Vec::new(),
            total,
            card: 0,
            change: 0,
        };
        if modifier != 0 {
            goods.modifiers = vec![Modifier::Amount(Amount::from_minor(modifier))];
            goods.spread(modifier);
        }
        match random.below(5) {
            0 => goods.card = total,
            1 => goods.card = total / 3,
            2 => {
                goods.card = total / 2;
                goods.change = 550;
            }
            3 => goods.change = 1_000,
            _ => {}
        }
        goods
    }

    /// Spreads a modifier of the receipt over the lines: the largest remainder first, ties to the earlier line.
    fn spread(&mut self, modifier: i64) {
        let base: i64 = self.lines.iter().map(|line| line.amount).sum();
        let size = modifier.abs();
        let mut left = size;
        let mut remainders = Vec::new();
        for (place, line) in self.lines.iter_mut().enumerate() {
            let product = size * line.amount;
            let part = product / base;
            remainders.push((base - product % base, place));
            line.amount += part * modifier.signum();
            left -= part;
        }
        remainders.sort_unstable();
        for (_, place) in remainders.iter().take(usize::try_from(left).unwrap_or(0)) {
            if let Some(line) = self.lines.get_mut(*place) {
                line.amount += modifier.signum();
            }
        }
    }

    /// The goods of a return. None for a part of goods with a modifier of the whole receipt, because its total would not identify
    /// it.
    pub(super) fn part(&self, part: Part) -> Option<Self> {
        if part != Part::Whole && !self.modifiers.is_empty() {
            return None;
        }
        let lines: Vec<Sold> = match part {
            Part::Whole => self.lines.clone(),
            Part::First => self.lines.iter().take(1).cloned().collect(),
            Part::Rest => self.lines.iter().skip(1).cloned().collect(),
        };
        let total = lines.iter().map(|line| line.amount).sum();
        Some(Self {
            lines,
            modifiers: Vec::new(),
            total,
            card: if part == Part::Whole { self.card } else { 0 },
            change: 0,
        })
    }

    /// The goods as a caller orders them.
    pub(super) fn draft(&self, refund: bool) -> OrderDraft {
        let lines = self.lines.iter();
        let cash = self.total - self.card + self.change;
        let payments = [(0, cash), (CARD, self.card)];
        OrderDraft {
            lines: lines.flat_map(|line| line.ordered(refund)).collect(),
            modifiers: self.modifiers.clone(),
            payments: payments
                .into_iter()
                .filter(|(_, amount)| *amount > 0)
                .map(|(code, amount)| (Some(code), Amount::from_minor(amount)))
                .collect(),
            ..OrderDraft::default()
        }
    }

    /// The tax that the goods contain, computed line by line, in minor units.
    pub(super) fn tax(&self) -> i64 {
        self.lines.iter().map(Sold::tax).sum()
    }

    /// The tax that the goods of one tax group contain, computed line by line, in minor units.
    pub(super) fn tax_of(&self, group: usize) -> i64 {
        let lines = self.lines.iter().filter(|line| line.group == group);
        lines.map(Sold::tax).sum()
    }

    /// The gross sum of one tax group, in minor units.
    pub(super) fn gross(&self, group: usize) -> i64 {
        let lines = self.lines.iter().filter(|line| line.group == group);
        lines.map(|line| line.amount).sum()
    }
}

fn percent(random: &mut SeededRandom) -> i32 {
    let hundredths = [-1_000, -1_250, -3_333, 500, 1_725];
    hundredths.get(random.below(5)).copied().unwrap_or(0)
}

fn below(random: &mut SeededRandom, limit: i64) -> i64 {
    i64::try_from(random.below(usize::try_from(limit).unwrap_or(0))).unwrap_or(0)
}

/// A quotient rounded to a whole number, half away from zero.
fn nearest(dividend: i64, divisor: i64) -> i64 {
    let size = (2 * dividend.abs() + divisor) / (2 * divisor);
    size * dividend.signum()
}
