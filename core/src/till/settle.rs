//! What may become of the outstanding document: an operator's declaration, and the seal that makes it legal.

use super::{Kind, Till};
use crate::blank::is_blank;
use crate::document::ReportKind;
use crate::event::{CardLaidAside, Declared, Event, LaidAside, ReportFigures, Sealed};
use crate::id::DocumentId;
use crate::profile::{Facts, SealPlan};
use crate::reconciliation::Reconciliation;
use crate::refusal::Refusal;
use crate::seal::{PrintedNumber, Seal};
use crate::shift::Shift;
use crate::time::Moment;

/// The name and the reason must be there and fit. Whether the document can be laid aside, the caller has looked up.
#[inline(never)]
pub(super) fn lay_aside<'a>(aside: &LaidAside<'a>, at: Moment) -> Result<Event<'a>, Refusal> {
    check_name_and_reason(aside.by, aside.reason)?;
    Ok(Event::LaidAside(LaidAside { at, ..*aside }))
}

/// The name and the reason must be there and fit. Whether money of a card waits, the caller has looked up.
#[inline(never)]
pub(super) fn lay_card_aside<'a>(
    aside: &CardLaidAside<'a>,
    at: Moment,
) -> Result<Event<'a>, Refusal> {
    check_name_and_reason(aside.by, aside.reason)?;
    Ok(Event::CardLaidAside(CardLaidAside { at, ..*aside }))
}

fn check_name_and_reason(by: &str, reason: &str) -> Result<(), Refusal> {
    if is_blank(by) {
        return Err(Refusal::DeclarationUnsigned);
    }
    if is_blank(reason) {
        return Err(Refusal::ReasonMissing);
    }
    for (text, limit) in [
        (by, Declared::BY_BYTES_MAX),
        (reason, LaidAside::REASON_BYTES_MAX),
    ] {
        let given = text.len();
        if given > limit {
            return Err(Refusal::TextTooLong { given, limit });
        }
    }
    Ok(())
}

impl Till {
    pub(super) fn declare<'a>(
        &self,
        declared: &Declared<'a>,
        at: Moment,
    ) -> Result<Event<'a>, Refusal> {
        if !self.outstanding_of(declared.id)?.on_printer() {
            // An alternative receipt is legal by the number of its range, whether it is printed or not.
            return Err(Refusal::SealMismatch);
        }
        let (given, limit) = (declared.by.len(), Declared::BY_BYTES_MAX);
        if is_blank(declared.by) {
            return Err(Refusal::DeclarationUnsigned);
        }
        if given > limit {
            return Err(Refusal::TextTooLong { given, limit });
        }
        Ok(Event::Declared(Declared { at, ..*declared }))
    }

    #[inline(never)]
    pub(super) fn settle<'a>(
        &'a self,
        facts: &Facts,
        id: DocumentId,
        seal: &Seal<'a>,
        at: Moment,
    ) -> Result<Event<'a>, Refusal> {
        let (kind, counters) = if self.beside == Some(id) {
            (Kind::Alternative, &self.counters)
        } else {
            (self.outstanding_of(id)?.kind, &self.counters_after)
        };
        let number = self
            .last_number
            .checked_add(1)
            .ok_or(Refusal::CounterExhausted)?;
        self.check_seal(facts, (id, kind), seal)?;
        Ok(Event::Sealed(Sealed {
            id,
            at,
            number,
            current_number: counters.current_number(),
            seal: *seal,
            report: match kind {
                Kind::Report(_) => {
                    let shift = counters.shift.as_ref().ok_or(Refusal::ShiftNotOpen)?;
                    Some(self.figures(shift, seal))
                }
                _ => None,
            },
        }))
    }

    /// The seal must be of a kind that makes this kind of document legal, and its number must be the next one.
    fn check_seal(
        &self,
        facts: &Facts,
        (id, kind): (DocumentId, Kind),
        seal: &Seal<'_>,
    ) -> Result<(), Refusal> {
        if facts.seal_plan == SealPlan::Signature {
            return match (kind, seal) {
                (
                    Kind::Receipt,
                    Seal::Signature {
                        kind: signed,
                        compact,
                    },
                ) => self.signed.check(Some(id), *signed, compact),
                // Only receipts are signed. A cash movement, a report and a non-fiscal receipt are no sales.
                (Kind::Cash | Kind::Report(_) | Kind::Nonfiscal, Seal::Journal) => Ok(()),
                _ => Err(Refusal::SealMismatch),
            };
        }
        match (kind, seal) {
            (
                Kind::Alternative,
                Seal::Range {
                    series,
                    number,
                    number_length,
                },
            ) => {
                self.next_alternative(Some(PrintedNumber {
                    series,
                    number: *number,
                    number_length: *number_length,
                }))?;
            }
            // Only alternative receipts take numbers of a range, because another document would leave a gap in the range; and an
            // alternative receipt has no other seal.
            (Kind::Alternative, _) | (_, Seal::Range { .. }) => return Err(Refusal::SealMismatch),
            // No law asks for a seal of such a text.
            (Kind::Nonfiscal, Seal::Journal) => {}
            (Kind::Nonfiscal, _) => return Err(Refusal::SealMismatch),
            (Kind::Report(ReportKind::X), Seal::Journal) => {}
            // No printer has counted anything of such a shift, so that no printer can seal its Z-report either.
            (Kind::Report(ReportKind::Z), Seal::Journal) if self.is_closed_by_books(facts) => {}
            // Every other document that changes a counter must have a seal that can be checked outside of the till.
            (_, Seal::Journal | Seal::Signature { .. }) => return Err(Refusal::SealMismatch),
            _ => {}
        }
        if let Seal::FiscalNumber {
            number,
            reserved: true,
        } = seal
        {
            let next = self.fiscal_numbers.numbers().next()?;
            if next != *number {
                return Err(Refusal::FiscalNumberNotNext { next });
            }
        }
        Ok(())
    }

    /// Whether the outstanding Z-report may be sealed by the journal: the country's printers seal documents, no printer has a part in the
    /// shift, and the Z-report was not given to a printer.
    fn is_closed_by_books(&self, facts: &Facts) -> bool {
        facts.seal_plan == SealPlan::Printer
            && self
                .counters
                .shift
                .as_ref()
                .is_some_and(Shift::is_alternative)
            && !self.printer_evidence.is_on_printer()
    }

    fn figures(&self, shift: &Shift, seal: &Seal<'_>) -> ReportFigures {
        let after = &self.counters_after;
        let printer = match seal {
            Seal::Printer { counters, .. } => counters.as_ref(),
            Seal::Range { .. }
            | Seal::FiscalNumber { .. }
            | Seal::Journal
            | Seal::Signature { .. } => None,
        };
        ReportFigures {
            shift: shift.clone(),
            cash: after.cash,
            year: after.year.running(),
            grand: after.grand.running(),
            reconciliation: printer.map(|counters| Reconciliation::of(shift, after.cash, counters)),
        }
    }
}
