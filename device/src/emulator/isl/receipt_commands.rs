//! The commands that make a fiscal receipt.

use super::calendar::DAY;
use super::journal::PrintedKind;
use super::memory::{
    BookedSale, FiscalReceipt, LastReceipt, NamedOriginal, OpenKind, OpenReceipt, ReceiptForm,
};
use super::printer::{Printer, Reply, in_answer};
use crate::emulator::tape::{WIDTH, centred, spread, sum};
use crate::family::TextWidths;
use crate::wire::cause::Cause;
use crate::wire::codepage;
use crate::wire::fields::decimal;
use crate::wire::isl_payment::{Paid, PaidCode, PaymentRequest, ReceiptCounters};
use crate::wire::isl_receipt::{
    Open, RefundKind, RefundOpen, Sale, SaleModifier, Subtotal, SubtotalSums,
};

/// The largest sum for which the answers have room, in minor units.
const SUM_MAX: i64 = 999_999_999;
/// The number of wrong passwords after which the printer locks itself.
pub(super) const WRONG_PASSWORDS_MAX: u8 = 3;

impl Printer {
    /// Executes 30h: opens a fiscal receipt.
    pub(super) fn receipt_open(&mut self, open: &Open) -> Reply<ReceiptCounters> {
        self.open_fiscal(None, open, centred("BON FISCAL"))
    }

    /// Executes 2Eh: opens a refund receipt.
    pub(super) fn refund_open(&mut self, refund: &RefundOpen) -> Reply<ReceiptCounters> {
        let title = centred(&format!("STORNO {:07}", refund.document));
        let counters = self.open_fiscal(Some(refund.kind), &refund.open, title)?;
        let (at, fiscal_memory) = refund.origin.clone().unwrap_or_default();
        if let Some(open) = &mut self.memory.open {
            open.original = Some(NamedOriginal {
                document: refund.document,
                at,
                fiscal_memory,
                reason: refund.kind.number(),
            });
        }
        Ok(counters)
    }

    /// Opens a sale, or a refund with this reason.
    fn open_fiscal(
        &mut self,
        refund: Option<RefundKind>,
        open: &Open,
        title: String,
    ) -> Reply<ReceiptCounters> {
        self.closed()?;
        self.admit(open)?;
        if refund.is_some_and(|reason| !self.may_refund(open.operator, reason)) {
            return Err(Cause::NotPermitted.into());
        }
        self.fit_to_sell()?;
        let now = self.now();
        if self
            .memory
            .day
            .opened_at
            .is_some_and(|first| now.saturating_sub(first) > DAY)
        {
            return Err(Cause::DayTooLong.into());
        }
        self.printing()?;
        self.memory.open = Some(OpenReceipt {
            kind: match refund {
                None => OpenKind::Sale,
                Some(_) => OpenKind::Refund,
            },
            at: now,
            sales: Vec::new(),
            groups: [0; 8],
            payments: Vec::new(),
            payment_started: false,
            tape: vec![title],
            invoice: open.invoice,
            subtotal_changes: Vec::new(),
            original: None,
            form: ReceiptForm::default(),
        });
        Ok(self.counters_of_open())
    }

    /// Whether an operator may open a refund with this reason: by the rights that a host has given him, or as in a new printer.
    fn may_refund(&self, operator: u32, reason: RefundKind) -> bool {
        let Some((usual, _)) = self.protocol.seller.refund else {
            return true;
        };
        let place = match reason {
            RefundKind::Return => 0,
            RefundKind::Error => 1,
            RefundKind::TaxBase => 2,
        };
        match self.memory.settings.get(&format!("OperRights {operator}")) {
            None => operator == usual,
            Some(rights) => rights.split(',').nth(place) == Some("1"),
        }
    }

    /// The counters in the answer for the open receipt or slip.
    pub(super) fn counters_of_open(&self) -> ReceiptCounters {
        let day = &self.memory.day;
        ReceiptCounters {
            all: day.all_receipts.saturating_add(1),
            fiscal: day.fiscal_receipts.saturating_add(1),
            document: Some(self.memory.last_document.saturating_add(1)),
            z_number: self.day_number(),
        }
    }

    /// The number of the day for the answers of a receipt, which they have in the usual mode only.
    fn day_number(&self) -> Option<u32> {
        (self.mode == 0).then(|| self.memory.z_number().saturating_add(1))
    }

    /// The counters in the answer for the receipt or slip that was closed.
    pub(super) fn counters_of_closed(&self) -> ReceiptCounters {
        let day = &self.memory.day;
        ReceiptCounters {
            all: day.all_receipts,
            fiscal: day.fiscal_receipts,
            document: Some(self.memory.last_document),
            z_number: self.day_number(),
        }
    }

    /// The open fiscal receipt, or the cause of a refusal.
    fn fiscal(&mut self) -> Result<&mut OpenReceipt, Cause> {
        match &mut self.memory.open {
            Some(open) if open.kind != OpenKind::Slip => Ok(open),
            _ => Err(Cause::NoReceiptOpen),
        }
    }

    /// The open fiscal receipt before its first payment, or the cause of a refusal.
    fn unpaid(&mut self) -> Result<&mut OpenReceipt, Cause> {
        let open = self.fiscal()?;
        if open.payment_started {
            return Err(Cause::PaymentStarted);
        }
        Ok(open)
    }

    /// Executes 31h and 34h: registers a sale.
    pub(super) fn sale(&mut self, sale: &Sale) -> Reply<ReceiptCounters> {
        self.unpaid()?;
        self.printing()?;
        let enabled = self
            .memory
            .rates
            .get(usize::from(sale.group))
            .is_some_and(Option::is_some);
        if !enabled {
            return Err(Cause::GroupDisabled.into());
        }
        let limits = self.protocol.limits;
        let miscount = self.miscount;
        let voids_whole_sale = self.protocol.receipts.voids_whole_sale;
        let quantity = sale.quantity.unwrap_or(1_000);
        let open = self.unpaid()?;
        if open.sales.len() >= limits.sales {
            return Err(Cause::TooManySales.into());
        }
        if sale.price == 0 {
            return Err(Cause::Zero.into());
        }
        if sale.price.unsigned_abs() > limits.price_max.unsigned_abs() || quantity <= 0 {
            return Err(Cause::Overflow.into());
        }
        let is_void = sale.price < 0;
        let modifier = sale.modifier.filter(|_| !(is_void && voids_whole_sale));
        let mut gross = product(sale.price, quantity)
            .and_then(|gross| gross.checked_add(miscount))
            .ok_or(Cause::Overflow)?;
        let mut change = modification(gross, modifier).ok_or(Cause::Overflow)?;
        let mut amount = gross.checked_add(change).ok_or(Cause::Overflow)?;
        if (sale.price > 0 && amount < 0) || (is_void && amount > 0) {
            return Err(Cause::Negative.into());
        }
        if is_void {
            let of_amount = (!voids_whole_sale).then_some(amount);
            let voided = take_back(open, sale, quantity, of_amount)?;
            change = voided.change.saturating_neg();
            amount = voided.amount.saturating_neg();
            gross = amount.saturating_sub(change);
        }
        book(open, sale.group, amount)?;
        open.sales.push(BookedSale {
            group: sale.group,
            price: sale.price,
            quantity,
            amount,
            voided: is_void,
            change,
            name: name_of(sale),
            department: None,
        });
        print_sale(open, limits.widths, sale, (quantity, gross, change));
        Ok(self.counters_of_open())
    }

    /// Executes 33h: reports the subtotal.
    pub(super) fn subtotal(&mut self, subtotal: &Subtotal) -> Reply<SubtotalSums> {
        let document = self.memory.last_document.saturating_add(1);
        self.unpaid()?;
        if subtotal.print || subtotal.modifier.is_some() {
            self.printing()?;
        }
        let open = self.unpaid()?;
        let before = open.total();
        let change = modification(before, subtotal.modifier).ok_or(Cause::Overflow)?;
        if before.checked_add(change).is_none_or(|after| after < 0) {
            return Err(Cause::Negative.into());
        }
        spread_over_groups(&mut open.groups, before, change);
        if change != 0 {
            open.subtotal_changes.push(change);
        }
        if subtotal.print {
            open.tape.push(sum("SUBTOTAL", before));
        }
        if change != 0 {
            open.tape.push(sum("", change));
        }
        Ok(SubtotalSums {
            total: open.total(),
            groups: open.groups,
            document: Some(document),
        })
    }

    /// Executes 3Eh of ZFP: a discount or surcharge of the last sale.
    pub(super) fn change_last_sale(&mut self, modifier: SaleModifier) -> Result<(), Cause> {
        self.unpaid()?;
        self.printing()?;
        let open = self.unpaid()?;
        let last = open.sales.last().filter(|last| !last.voided);
        let last = last.ok_or(Cause::VoidOfNothing)?;
        let (group, before) = (last.group, last.amount);
        let change = modification(before, Some(modifier)).ok_or(Cause::Overflow)?;
        let after = before.checked_add(change).filter(|after| *after >= 0);
        let after = after.ok_or(Cause::Negative)?;
        book(open, group, change)?;
        if let Some(last) = open.sales.last_mut() {
            last.amount = after;
            last.change = last.change.saturating_add(change);
        }
        open.tape.push(sum("", change));
        Ok(())
    }

    /// Executes 35h: registers a payment.
    pub(super) fn payment(&mut self, payment: &PaymentRequest) -> Reply<Paid> {
        let letters = self.protocol.payments;
        let rules = self.protocol.receipts;
        self.fiscal()?;
        self.printing()?;
        let says_rest = self.exact_payment_says_rest;
        let letter = self.letter_of(payment.mode.unwrap_or('P'));
        let open = self.fiscal()?;
        if open.sales.is_empty() {
            return Err(Cause::NotPermitted.into());
        }
        if open.total() < 0 {
            let paid = paid(PaidCode::NegativeSubtotal, open.total());
            return Err(in_answer(Cause::Negative, paid));
        }
        if open.groups.iter().any(|group| *group < 0) {
            return Err(in_answer(Cause::Negative, paid(PaidCode::NegativeGroup, 0)));
        }
        let left = open.total().saturating_sub(open.tendered());
        if open.payment_started && left <= 0 {
            return Err(Cause::AlreadyPaid.into());
        }
        let Some(meaning) = letters.meaning_of(letter) else {
            return Err(in_answer(Cause::PaymentType, paid(PaidCode::Failed, 0)));
        };
        let in_cash = open.kind == OpenKind::Refund && rules.refund_in_cash;
        if in_cash && letter != 'P' {
            return Err(in_answer(Cause::PaymentType, paid(PaidCode::Failed, 0)));
        }
        let amount = payment.amount.unwrap_or(left);
        if !(0..=SUM_MAX).contains(&amount) {
            return Err(Cause::Overflow.into());
        }
        if letter != 'P' && amount > left {
            return Err(in_answer(Cause::NoChange, paid(PaidCode::Failed, 0)));
        }
        if !open.payment_started {
            open.tape.push(sum("TOTAL", open.total()));
        }
        open.payment_started = true;
        open.payments.push((letter, amount));
        open.tape.push(sum(meaning.on_paper(), amount));
        let left = left.saturating_sub(amount);
        let answer = match left {
            0 if says_rest => paid(PaidCode::Rest, 0),
            1.. => paid(PaidCode::Rest, left),
            _ => {
                let change = left.saturating_neg();
                if change > 0 {
                    open.tape.push(sum("REST", change));
                }
                paid(PaidCode::Change, change)
            }
        };
        self.pulse_of_option();
        Ok(answer)
    }

    /// Executes 36h: prints a line of text.
    pub(super) fn receipt_text(&mut self, text: &[u8]) -> Reply<()> {
        self.fiscal()?;
        self.printing()?;
        let width = self.protocol.limits.widths.receipt.printed;
        let printed = text.get(..width).unwrap_or(text);
        self.fiscal()?.tape.push(codepage::decode(printed));
        Ok(())
    }

    /// Executes 38h: closes the fiscal receipt.
    pub(super) fn receipt_close(&mut self) -> Reply<ReceiptCounters> {
        let open = self.fiscal()?;
        if !open.payment_started || open.tendered() < open.total() {
            return Err(Cause::NotPaid.into());
        }
        self.printing()?;
        let mut open = self.fiscal()?.clone();
        let total = open.total();
        let change = open.tendered().saturating_sub(total);
        let document = self.memory.next_document();
        let refund = open.kind == OpenKind::Refund;
        self.book_day(&open, change, refund);
        let stamp = self.stamp();
        open.tape.push(spread(&format!("{:07}", document), &stamp));
        open.tape.push(centred(if refund {
            "BON FISCAL STORNO"
        } else {
            "BON FISCAL - MULTUMIM"
        }));
        let kind = if refund {
            PrintedKind::Refund
        } else {
            PrintedKind::Sale
        };
        self.issue(document, kind, &open.tape);
        self.receipts.push(FiscalReceipt {
            document,
            at: self.now(),
            refund,
            total,
            items: open.items(),
            groups: open.groups,
            payments: open.payments.clone(),
            change,
            sales: open.sales.clone(),
            subtotal_changes: open.subtotal_changes.clone(),
            original: open.original.clone(),
            invoice: open.invoice,
        });
        self.memory.last = LastReceipt {
            items: open.items(),
            amount: total,
            tender: open.tendered(),
        };
        self.memory.may_duplicate = true;
        self.memory.has_duplicate = false;
        self.memory.open = None;
        Ok(self.counters_of_closed())
    }

    fn book_day(&mut self, open: &OpenReceipt, change: i64, refund: bool) {
        let letters = self.protocol.payments.day;
        let day = &mut self.memory.day;
        day.all_receipts = day.all_receipts.saturating_add(1);
        day.fiscal_receipts = day.fiscal_receipts.saturating_add(1);
        day.opened_at.get_or_insert(open.at);
        day.tallies.add_lines(&open.sales, &open.subtotal_changes);
        if refund {
            day.tallies.refunds.add(open.total());
        } else {
            day.tallies.sales.add(open.total());
        }
        let (groups, payments) = if refund {
            (&mut day.refunds, &mut day.refund_payments)
        } else {
            (&mut day.sales, &mut day.payments)
        };
        for (sum, amount) in groups.iter_mut().zip(open.groups) {
            *sum = sum.saturating_add(amount);
        }
        // Change is given in cash from the last payment: nothing can be paid after it.
        let last = open.payments.len().saturating_sub(1);
        for (number, (letter, tendered)) in open.payments.iter().enumerate() {
            let kept = if number == last && *letter == 'P' {
                tendered.saturating_sub(change)
            } else {
                *tendered
            };
            let place = letters
                .iter()
                .position(|known| known == letter)
                .and_then(|place| payments.get_mut(place));
            if let Some(sum) = place {
                *sum = sum.saturating_add(kept);
            }
        }
        let cash = open
            .payments
            .iter()
            .filter(|(letter, _)| *letter == 'P')
            .fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount))
            .saturating_sub(change);
        day.cash = if refund {
            day.cash.saturating_sub(cash)
        } else {
            day.cash.saturating_add(cash)
        };
        if !refund {
            self.memory.grand_total = self.memory.grand_total.saturating_add(open.total());
        }
    }

    /// Executes 3Ch: cancels the receipt, only before the first payment. A cancelled receipt uses a document number.
    pub(super) fn receipt_cancel(&mut self) -> Reply<()> {
        if self.protocol.asked.is_some() && self.fiscal()?.payment_started {
            return self.finish_receipt();
        }
        self.unpaid()?;
        self.printing()?;
        let mut open = self.unpaid()?.clone();
        let document = self.memory.next_document();
        let stamp = self.stamp();
        open.tape.push(centred("=CANCELLED="));
        open.tape.push(spread(&format!("{document:07}"), &stamp));
        self.issue(document, PrintedKind::Cancelled, &open.tape);
        self.memory.day.all_receipts = self.memory.day.all_receipts.saturating_add(1);
        self.memory.day.tallies.cancelled.add(open.total());
        self.memory.last = LastReceipt {
            items: open.items(),
            amount: open.total(),
            tender: 0,
        };
        self.memory.open = None;
        Ok(())
    }
}

/// The price times a quantity in thousandths, rounded half away from zero.
fn product(price: i64, thousandths: i64) -> Option<i64> {
    divided(price.checked_mul(thousandths)?, 1_000)
}

/// The sum that a modifier adds to `amount`.
fn modification(amount: i64, modifier: Option<SaleModifier>) -> Option<i64> {
    match modifier {
        None => Some(0),
        Some(SaleModifier::Absolute(minor)) => Some(minor),
        Some(SaleModifier::Percent(hundredths)) => divided(amount.checked_mul(hundredths)?, 10_000),
    }
}

/// The quotient of two numbers, rounded half away from zero.
pub(super) fn divided(value: i64, by: i64) -> Option<i64> {
    let half = by.checked_div(2)?;
    let rounded = if value < 0 {
        value.checked_sub(half)?
    } else {
        value.checked_add(half)?
    };
    rounded.checked_div(by)
}

/// The name of what is sold, in one line.
fn name_of(sale: &Sale) -> String {
    let second = codepage::decode(&sale.second);
    let parts = [codepage::decode(&sale.text), second];
    parts.join(" ").trim().to_owned()
}

/// Adds an amount to its group; neither a group nor the receipt may be negative or too large.
fn book(open: &mut OpenReceipt, group: u8, amount: i64) -> Result<(), Cause> {
    let total = open.total().checked_add(amount).ok_or(Cause::Overflow)?;
    let sum = open
        .groups
        .get_mut(usize::from(group))
        .ok_or(Cause::Syntax)?;
    let new = sum.checked_add(amount).ok_or(Cause::Overflow)?;
    if total > SUM_MAX {
        return Err(Cause::Overflow);
    }
    if new < 0 {
        return Err(Cause::Negative);
    }
    *sum = new;
    Ok(())
}

/// Marks the last sale that a negative price voids, and returns it. Without an amount only price, quantity and group are compared.
fn take_back<'a>(
    open: &'a mut OpenReceipt,
    sale: &Sale,
    quantity: i64,
    amount: Option<i64>,
) -> Result<&'a BookedSale, Cause> {
    let earlier = open.sales.iter_mut().rev().find(|earlier| {
        !earlier.voided
            && earlier.group == sale.group
            && earlier.price == sale.price.saturating_neg()
            && earlier.quantity == quantity
            && amount.is_none_or(|amount| earlier.amount == amount.saturating_neg())
    });
    let earlier = earlier.ok_or(Cause::VoidOfNothing)?;
    earlier.voided = true;
    Ok(earlier)
}

/// Distributes a change of the subtotal over the tax groups in proportion; the largest group gets the remainder.
fn spread_over_groups(groups: &mut [i64; 8], total: i64, change: i64) {
    if total == 0 || change == 0 {
        return;
    }
    let mut left = change;
    for group in groups.iter_mut() {
        let part = group
            .checked_mul(change)
            .and_then(|product| divided(product, total))
            .unwrap_or(0);
        *group = group.saturating_add(part);
        left = left.saturating_sub(part);
    }
    if let Some(largest) = groups.iter_mut().max_by_key(|group| **group) {
        *largest = largest.saturating_add(left);
    }
}

const fn paid(code: PaidCode, amount: i64) -> Paid {
    Paid { code, amount }
}

fn print_sale(
    open: &mut OpenReceipt,
    widths: TextWidths,
    sale: &Sale,
    (quantity, gross, change): (i64, i64, i64),
) {
    for text in [&sale.text, &sale.second] {
        let printed = text.get(..widths.name.printed).unwrap_or(text);
        // A name that is longer than the paper is wide takes several rows.
        for row in printed.chunks(WIDTH) {
            open.tape.push(codepage::decode(row));
        }
    }
    let letter = char::from(b'A'.saturating_add(sale.group));
    open.tape.push(spread(
        &format!("{} x {}", decimal(quantity, 3), decimal(sale.price, 2)),
        &format!("{} {letter}", decimal(gross, 2)),
    ));
    if change != 0 {
        open.tape
            .push(spread("", &format!("{} {letter}", decimal(change, 2))));
    }
}
