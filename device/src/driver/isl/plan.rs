//! A receipt as commands, with the answers that the device must give to them.

mod opening;

use ferrotill_core::Amount;

use self::opening::opening;
use super::command::Command;
use super::device::PaymentNumbers;
#[cfg(test)]
use super::device::SAME_NUMBERS;
use super::groups::GroupOrder;
use super::text;
use crate::family::{Protocol, TextWidths};
use crate::printer::{Baseline, LineJob, PaymentJob, ReceiptJob};
use crate::wire::isl_payment::PaymentRequest;
use crate::wire::isl_receipt::{Open, Sale, SaleModifier, Subtotal};

/// One command of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Opens the receipt.
    Open(Command),
    /// Prints a line of text.
    Text(Command),
    /// Registers a sale.
    Sale(Command),
    /// Asks for the subtotal: the device's sums are compared with ours before anything is paid. The answer to the first payment has the
    /// total too, but after it the receipt cannot be cancelled any more, and it has no sums by tax group.
    Subtotal(Command),
    /// Registers a payment.
    Pay {
        /// The command of the payment.
        command: Command,
        /// The amount that is left to pay after the payment, in minor units; a negative amount is change.
        left: i64,
    },
    /// Closes the receipt.
    Close(Command),
}

impl Step {
    /// The command of this step.
    pub(super) fn command(&self) -> &Command {
        match self {
            Self::Open(command)
            | Self::Text(command)
            | Self::Sale(command)
            | Self::Subtotal(command)
            | Self::Pay { command, .. }
            | Self::Close(command) => command,
        }
    }
}

/// A receipt as commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    protocol: &'static Protocol,
    /// The lengths of lines of the connected model.
    widths: TextWidths,
    /// The order of the machine's tax groups; all sums of the plan are in the till's order.
    order: GroupOrder,
    /// The commands in the order in which they are sent.
    pub(super) steps: Vec<Step>,
    /// The amount that is to be paid, in minor units.
    pub(super) total: i64,
    /// Whether the receipt refunds a sale.
    pub(super) refund: bool,
    /// The cash that a sale adds to the drawer, or that a refund takes out of it, in minor units.
    cash: i64,
    /// The sums by tax group after each sale, in minor units; the first entry is before the first sale.
    groups: Vec<[i64; 8]>,
    /// The sum that was tendered after each payment, in minor units; the first entry is before the first payment.
    tendered: Vec<i64>,
    /// The payments by the letters of the family, change included, in minor units.
    by_letter: [i64; 8],
    /// The change in minor units, which is given in cash.
    change: i64,
}

impl Plan {
    /// The plan for a new printer of this model.
    #[cfg(test)]
    pub(super) fn of(
        protocol: &'static Protocol,
        model: &str,
        job: &ReceiptJob,
    ) -> Result<Self, String> {
        let refund = job.refund_of.is_some();
        let seller = super::options::Options::default().seller(&protocol.seller, model, refund);
        let widths = protocol.limits.widths;
        Self::new(
            protocol,
            widths,
            seller,
            (GroupOrder::SAME, &SAME_NUMBERS),
            job,
        )
    }

    /// Makes the plan of a receipt for a family, the lengths of lines of a model and a seller.
    ///
    /// # Errors
    ///
    /// The reason why the receipt cannot be printed, as text. Nothing was sent in that case.
    pub(super) fn new(
        protocol: &'static Protocol,
        widths: TextWidths,
        seller: Open,
        (order, numbers): (GroupOrder, &PaymentNumbers),
        job: &ReceiptJob,
    ) -> Result<Self, String> {
        let mut plan = Self {
            protocol,
            widths,
            order,
            steps: vec![opening(protocol, seller, job)?],
            total: job.total.minor(),
            refund: job.refund_of.is_some(),
            cash: 0,
            groups: vec![[0; 8]],
            tendered: vec![0],
            by_letter: [0; 8],
            change: job.change.minor(),
        };
        let sales_max = protocol.limits.sales;
        if job.lines.is_empty() || job.lines.len() > sales_max {
            return Err(format!(
                "a receipt has 1 to {sales_max} lines, this one {}",
                job.lines.len()
            ));
        }
        plan.texts(&job.header);
        for (number, line) in (1_u32..).zip(&job.lines) {
            plan.line(line)
                .map_err(|problem| format!("line {number}: {problem}"))?;
        }
        plan.texts(&job.footer);
        if plan.total == 0 && protocol.receipts.cancelled_is_issued {
            return Err(
                "the total is 0, and this printer issues a cancelled receipt with that total"
                    .to_owned(),
            );
        }
        let sum = plan.all_groups().iter().try_fold(0_i64, |sum, group| {
            sum.checked_add(*group).ok_or("the sum is too large")
        })?;
        if sum != plan.total {
            return Err(format!(
                "the lines make {sum} and the total is {}, in minor units",
                plan.total
            ));
        }
        let subtotal = Subtotal {
            print: false,
            display: false,
            modifier: None,
        };
        plan.steps
            .push(Step::Subtotal(Command::of(&protocol.subtotal, &subtotal)));
        plan.payments(&job.payments, numbers, job.change.minor())?;
        plan.steps
            .push(Step::Close(Command::of(&protocol.close, &())));
        Ok(plan)
    }

    /// The order of the machine's tax groups.
    pub(super) const fn order(&self) -> GroupOrder {
        self.order
    }

    /// Whether the device counts its fiscal receipts since fiscalisation; a Z-report does not clear the counter.
    pub(super) const fn is_counted_for_ever(&self) -> bool {
        self.protocol.counts_for_ever
    }

    /// The number of sales of the whole receipt.
    pub(super) fn items(&self) -> u32 {
        u32::try_from(self.groups.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// The sums by tax group of the whole receipt, in minor units.
    pub(super) fn all_groups(&self) -> [i64; 8] {
        self.groups.last().copied().unwrap_or_default()
    }

    /// The sums by tax group after this number of sales, in minor units.
    pub(super) fn groups_after(&self, items: u32) -> Option<[i64; 8]> {
        self.groups.get(usize::try_from(items).ok()?).copied()
    }

    /// The number of payments after which the device reports this tender; the largest, if there are several.
    pub(super) fn payments_at(&self, tender: i64) -> Option<usize> {
        let given = self
            .tendered
            .iter()
            .rposition(|sum| self.reported_of(*sum) == tender);
        // No manual of a printer that acknowledges says whether its answer about an open receipt has the change in it.
        let acknowledges = self.protocol.asked.is_some();
        given.or_else(|| {
            (acknowledges && self.change > 0 && tender == self.total)
                .then(|| self.tendered.len().saturating_sub(1))
        })
    }

    /// Whether these are the payments of the whole receipt, in the order of the family's letters, with or without the change.
    pub(super) fn are_payments(&self, paid: &[i64; 8]) -> bool {
        let mut kept = self.by_letter;
        let [cash, ..] = &mut kept;
        *cash = cash.saturating_sub(self.change);
        *paid == self.by_letter || *paid == kept
    }

    /// The tender that the device reports after all payments, in minor units.
    pub(super) fn tender(&self) -> i64 {
        self.reported_of(self.sum_of_payments())
    }

    /// The tender that the device reports when this sum is tendered.
    fn reported_of(&self, sum: i64) -> i64 {
        if self.protocol.receipts.tender_without_change {
            sum.min(self.total)
        } else {
            sum
        }
    }

    /// The sum of all payments, in minor units.
    fn sum_of_payments(&self) -> i64 {
        self.tendered.last().copied().unwrap_or(0)
    }

    /// The number of sales among the steps before this one.
    pub(super) fn items_before(&self, place: usize) -> u32 {
        let sales = self
            .steps
            .iter()
            .take(place)
            .filter(|step| matches!(step, Step::Sale(_)))
            .count();
        u32::try_from(sales).unwrap_or(u32::MAX)
    }

    /// The step of the payment with this index; after the last payment, the step of the close.
    pub(super) fn step_of_payment(&self, index: usize) -> Option<usize> {
        self.steps
            .iter()
            .enumerate()
            .filter(|(_, step)| matches!(step, Step::Pay { .. } | Step::Close(_)))
            .map(|(place, _)| place)
            .nth(index)
    }

    fn texts(&mut self, lines: &[String]) {
        for line in lines {
            let commands = text::on_receipt(self.protocol, self.widths, line);
            self.steps.extend(commands.into_iter().map(Step::Text));
        }
    }

    fn line(&mut self, line: &LineJob) -> Result<(), String> {
        let price = line.price.minor();
        let quantity = line.quantity.thousandths();
        let limits = self.protocol.limits;
        if !(0..=limits.price_max).contains(&price) || quantity <= 0 {
            return Err("the price or the quantity is out of range".to_owned());
        }
        let adjustment = line.adjustment.minor();
        let amount = price
            .checked_mul(quantity)
            .and_then(|product| product.checked_add(500))
            .and_then(|product| product.checked_div(1_000))
            .and_then(|gross| gross.checked_add(adjustment))
            .filter(|amount| *amount >= 0)
            .ok_or("its amount is negative or too large")?;
        let mut groups = self.all_groups();
        let sum = groups
            .get_mut(usize::from(line.group))
            .ok_or("the printer has tax groups 0 to 7")?;
        *sum = sum.checked_add(amount).ok_or("the sum is too large")?;
        let group = self.order.of_machine(line.group);
        let group = group.ok_or("the printer has no tax group with its rate")?;
        let (name, rest) = text::name_of_sale(self.protocol, self.widths, &line.name);
        let mut name = name.into_iter();
        let sale = Sale {
            text: name.next().unwrap_or_default(),
            second: name.next().unwrap_or_default(),
            group,
            price,
            quantity: Some(quantity),
            // Percentages are never sent to the printer, because the printer would round again.
            modifier: (adjustment != 0).then_some(SaleModifier::Absolute(adjustment)),
        };
        self.steps
            .push(Step::Sale(Command::of(&self.protocol.sale, &sale)));
        self.groups.push(groups);
        self.steps.extend(rest.into_iter().map(Step::Text));
        self.texts(&line.notes);
        Ok(())
    }

    /// The counters after this receipt alone, as the manuals describe them.
    pub(super) fn predict(&self, before: &Baseline) -> Option<Baseline> {
        let cash = Amount::from_minor(self.cash);
        Some(Baseline {
            last_document: before.last_document.checked_add(1)?,
            next_fiscal_receipt: match before.next_fiscal_receipt {
                // The device does not report this counter.
                0 => 0,
                next => next.checked_add(1)?,
            },
            cash: if self.refund {
                before.cash.checked_sub(cash)?
            } else {
                before.cash.checked_add(cash)?
            },
            ..before.clone()
        })
    }

    /// Plans the payments, cash last: change is given in cash, and a card must never be charged more than what is left to pay.
    fn payments(
        &mut self,
        payments: &[PaymentJob],
        numbers: &PaymentNumbers,
        change: i64,
    ) -> Result<(), String> {
        if payments.is_empty() {
            return Err("there is no payment".to_owned());
        }
        let mut left = self.total;
        let in_order = payments
            .iter()
            .filter(|payment| !payment.cash)
            .chain(payments.iter().filter(|payment| payment.cash));
        for payment in in_order {
            let amount = payment.amount.minor();
            let payments = &self.protocol.payments;
            if payments.meaning_of(payment.letter).is_none() {
                return Err(format!(
                    "`{}` is no payment letter of this printer; it has {}",
                    payment.letter,
                    payments.in_words()
                ));
            }
            if !payment.cash && self.refund && self.protocol.receipts.refund_in_cash {
                return Err("a refund on this printer can be paid in cash only".to_owned());
            }
            if amount < 0 || left < 0 || (left == 0 && self.sum_of_payments() > 0) {
                return Err("a payment is negative, or comes after everything is paid".to_owned());
            }
            if !payment.cash && amount > left {
                return Err("a payment other than cash is more than what is left to pay".to_owned());
            }
            left = left.checked_sub(amount).ok_or("a payment is too large")?;
            let tender = self
                .sum_of_payments()
                .checked_add(amount)
                .ok_or("the payments are too large")?;
            self.tendered.push(tender);
            self.note_payment(payment.letter, amount);
            if payment.cash {
                // The change is taken out of the drawer again.
                let kept = amount.checked_add(left.min(0));
                self.cash = kept
                    .and_then(|kept| self.cash.checked_add(kept))
                    .ok_or("the payments are too large")?;
            }
            let data = PaymentRequest {
                text: Vec::new(),
                mode: Some(sent_as(self.protocol, numbers, payment.letter)?),
                amount: Some(amount),
            };
            self.steps.push(Step::Pay {
                command: Command::of(&self.protocol.payment, &data),
                left,
            });
        }
        if left.checked_neg() != Some(change) {
            return Err(format!(
                "the payments leave {left} to pay and the change is {change}, in minor units"
            ));
        }
        Ok(())
    }
}

impl Plan {
    /// Adds a payment to the sums by letter.
    fn note_payment(&mut self, letter: char, amount: i64) {
        let letters = self.protocol.payments.day.iter();
        let sums = letters.zip(&mut self.by_letter);
        for (_, sum) in sums.filter(|(known, _)| **known == letter) {
            *sum = sum.saturating_add(amount);
        }
    }
}

/// The letter that has on newer machines the number that this letter has on the connected one.
fn sent_as(protocol: &Protocol, numbers: &PaymentNumbers, letter: char) -> Result<char, String> {
    let letters = protocol.payments.day;
    let Some(place) = letters.iter().position(|known| *known == letter) else {
        return Ok(letter);
    };
    let number = numbers.get(place).copied().flatten();
    let sent = number.and_then(|number| letters.get(number));
    sent.copied()
        .ok_or_else(|| format!("this printer has no payment type for `{letter}`"))
}

#[cfg(test)]
mod tests;
