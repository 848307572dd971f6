//! Checks whether a document may begin: first its contents, then the state of the till.

use super::Till;
use super::command::{Known, Order, Wish};
use super::counters::cash_out_of;
use crate::amount::Amount;
use crate::document::{AmountsReceipt, Body, DocumentKind, NONFISCAL_BYTES_MAX, ReportKind};
use crate::event::{Event, Reserved};
use crate::facts::{Facts, SealPlan};
use crate::profile::Profile;
use crate::receipt::{Receipt, ReceiptKind, Rules, Scratch};
use crate::refusal::{Faults, Field, FirstFault, Place, Refusal};
use crate::tax::{TaxGroup, TaxRate};
use crate::time::Moment;

impl Till {
    #[inline(never)]
    pub(super) fn reserve<'a>(
        &'a self,
        profile: &dyn Profile,
        order: &Order<'a>,
        known: &Known<'_>,
        at: Moment,
        scratch: Scratch<'a>,
        faults: &mut dyn Faults,
    ) -> Result<Event<'a>, Refusal> {
        if let Some(fingerprint) = known.request {
            let repeated = fingerprint == order.fingerprint;
            return Err(if repeated {
                Refusal::Repeated
            } else {
                Refusal::RequestIdClash
            });
        }
        let body = self.body(profile, order.wish, known, at, scratch, faults)?;
        self.admits_beside(body.kind())?;
        self.admit(profile.facts(), &body, order.wish, known, at, faults)?;
        profile.admit(&body, at)?;
        let next = self.next_numbers()?;
        let z_number = self.counters.admit(&body, next)?;
        if self.outstanding.is_some() {
            // The outstanding document must find room for its counts and its number afterwards.
            self.counters_after.admit(&body, next)?;
            next.number
                .checked_add(1)
                .ok_or(Refusal::CounterExhausted)?;
        }
        Ok(Event::Reserved(Reserved {
            id: order.id,
            unique: order.unique,
            fingerprint: order.fingerprint,
            fingerprint_form: order.fingerprint_form,
            at,
            point_of_sale: order.point_of_sale,
            z_number,
            body,
            baseline: order.baseline,
            annex: order.annex,
        }))
    }

    /// The contents of a document: everything that does not depend on the state of the till.
    fn body<'a>(
        &'a self,
        profile: &dyn Profile,
        wish: Wish<'a>,
        known: &Known<'_>,
        at: Moment,
        scratch: Scratch<'a>,
        faults: &mut dyn Faults,
    ) -> Result<Body<'a>, Refusal> {
        let rules = Rules {
            facts: profile.facts(),
            taxes: &self.configuration.taxes,
            payments: &self.configuration.payments,
            day: at.local_day(),
        };
        let receipt = match wish {
            Wish::Sale(draft) => draft.compute(ReceiptKind::Sale, None, rules, scratch, faults),
            Wish::AlternativeSale(draft, _) => {
                draft.compute(ReceiptKind::AlternativeSale, None, rules, scratch, faults)
            }
            Wish::Refund(original, draft) => {
                let Some(sold) = known.original else {
                    faults.fault(Place::Original, Refusal::OriginalUnknown);
                    return Err(Refusal::OriginalUnknown);
                };
                draft.compute(
                    ReceiptKind::Refund { original },
                    Some(sold),
                    rules,
                    scratch,
                    faults,
                )
            }
            Wish::Cash(amount) => return cash(amount, rules.facts, faults),
            Wish::Report(kind) => return Ok(Body::Report(kind)),
            Wish::Nonfiscal(text) => return nonfiscal(text, faults),
            Wish::Amounts(receipt) => return amounts(receipt, rules.facts, faults),
        };
        receipt.map(Body::Receipt)
    }

    /// Checks a document against the state of the till.
    fn admit(
        &self,
        facts: &Facts,
        body: &Body<'_>,
        wish: Wish<'_>,
        known: &Known<'_>,
        at: Moment,
        faults: &mut dyn Faults,
    ) -> Result<(), Refusal> {
        self.others.admit(body)?;
        self.admit_in_shift(facts, body, at)?;
        if let (Body::Receipt(_), Some(left)) = (body, known.offline) {
            facts.offline.admit(left)?;
        }
        if !matches!(
            body.kind(),
            DocumentKind::AlternativeSale
                | DocumentKind::NonfiscalReceipt
                | DocumentKind::AmountsReceipt
        ) {
            if known.printer_swapped && self.counters.shift.is_some() {
                return Err(Refusal::PrinterSwapped);
            }
            if let (Body::Receipt(receipt), Some(rates)) = (body, known.printer_rates) {
                admit_rates(receipt, rates, faults)?;
            }
        }
        let mut first = FirstFault::new(faults);
        if let Wish::AlternativeSale(_, wanted) = wish {
            match self.next_alternative(wanted) {
                Err(refusal) => first.report(Place::Number, refusal),
                Ok(_) if known.number_taken => first.report(Place::Number, Refusal::NumberTaken),
                Ok(_) => {}
            }
        }
        self.admit_cash_out(facts, body, &mut first);
        first.verdict()
    }

    /// A Z-report needs an open shift, and the first receipt of an open shift must not be too old for a sale or a cash movement.
    fn admit_in_shift(&self, facts: &Facts, body: &Body<'_>, at: Moment) -> Result<(), Refusal> {
        // An outstanding document may have opened the shift.
        match (body, self.counters_after.first_receipt) {
            (Body::Report(ReportKind::Z), _) if self.counters_after.shift.is_none() => {
                Err(Refusal::ShiftNotOpen)
            }
            (Body::Receipt(_) | Body::Cash(_), Some(first)) => {
                let open_ms = at.utc_ms.saturating_sub(first.utc_ms);
                if facts.shift_ms_max.is_some_and(|limit| open_ms >= limit) {
                    return Err(Refusal::ShiftTooLong {
                        hours: open_ms.div_euclid(3_600_000),
                    });
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The drawer must hold the cash that a document takes out of it.
    fn admit_cash_out(&self, facts: &Facts, body: &Body<'_>, first: &mut FirstFault<'_>) {
        let (out, cash) = (cash_out_of(body), self.counters.cash);
        if out <= cash {
            return;
        }
        let money = |amount: Amount| amount.display(facts.currency);
        let place = if matches!(body, Body::Cash(_)) {
            Place::Amount
        } else {
            Place::Payments
        };
        first.report(
            place,
            Refusal::NotEnoughCash {
                cash: money(cash),
                needed: money(out),
            },
        );
    }
}

/// The contents of a cash movement.
fn cash<'a>(amount: Amount, facts: &Facts, faults: &mut dyn Faults) -> Result<Body<'a>, Refusal> {
    let mut first = FirstFault::new(faults);
    if amount.is_zero() {
        first.report(Place::Amount, Refusal::NoCashMoved);
    }
    let limit = facts.amount_max;
    if amount.minor().unsigned_abs() > limit.minor().unsigned_abs() {
        let limit = limit.display(facts.currency);
        first.report(Place::Amount, Refusal::AmountTooLarge { limit });
    }
    first.verdict().map(|()| Body::Cash(amount))
}

/// The contents of a non-fiscal receipt. The text may be empty.
fn nonfiscal<'a>(text: &'a str, faults: &mut dyn Faults) -> Result<Body<'a>, Refusal> {
    let (given, limit) = (text.len(), NONFISCAL_BYTES_MAX);
    if given > limit {
        let refusal = Refusal::TextTooLong { given, limit };
        faults.fault(Place::Text, refusal);
        return Err(refusal);
    }
    Ok(Body::Nonfiscal(text))
}

/// The contents of a receipt without lines. Only a signature makes such a receipt legal.
fn amounts<'a>(
    receipt: AmountsReceipt,
    facts: &Facts,
    faults: &mut dyn Faults,
) -> Result<Body<'a>, Refusal> {
    if facts.seal_plan != SealPlan::Signature {
        return Err(Refusal::SealMismatch);
    }
    let limit = facts.amount_max.minor().unsigned_abs();
    let mut first = FirstFault::new(faults);
    let total = receipt.total();
    let mut all = receipt.amounts().into_iter().map(Some).chain([total]);
    if all.any(|amount| amount.is_none_or(|amount| amount.minor().unsigned_abs() > limit)) {
        let limit = facts.amount_max.display(facts.currency);
        first.report(Place::Amount, Refusal::AmountTooLarge { limit });
    }
    first.verdict().map(|()| Body::Amounts(receipt))
}

/// The printer must have the rates of the receipt, or it would print a different tax than the journal has.
fn admit_rates(
    receipt: &Receipt<'_>,
    rates: &[Option<u32>; 8],
    faults: &mut dyn Faults,
) -> Result<(), Refusal> {
    let mut first = FirstFault::new(faults);
    for (place, line) in receipt.lines.iter().enumerate() {
        let TaxGroup { code, rate, .. } = line.group;
        let of_printer = rates.get(usize::from(code.place())).copied().flatten();
        if let Some(printer) = of_printer.and_then(TaxRate::from_ten_thousandths)
            && printer != rate
            && !line.voided
        {
            let refusal = Refusal::PrinterRateDiffers {
                group: char::from(code.letter()),
                till: rate.display(),
                printer: printer.display(),
            };
            first.report(Place::Line(place, Field::TaxGroup), refusal);
        }
    }
    first.verdict()
}
