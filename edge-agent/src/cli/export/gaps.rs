//! Whether an export is complete: every number is there, every shift has its Z-report, and each Z-report equals its documents.

use std::collections::{BTreeMap, BTreeSet};

use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::{Amount, Currency};
use ferrotill_store::{Reader, StoreError, StoredDocument};
use uuid::Uuid;

use crate::api::json::JsonValue;
use crate::object;

/// What is looked at while documents are exported.
pub(super) struct GapCheck {
    currency: Currency,
    devices: BTreeMap<Uuid, DeviceCheck>,
    without_outcome: Vec<ExportGap>,
}

#[derive(Default)]
struct DeviceCheck {
    numbers: BTreeSet<u32>,
    /// The documents of each shift, by the number of its Z-report.
    shifts: BTreeMap<u32, ShiftCheck>,
}

#[derive(Default)]
struct ShiftCheck {
    numbers: BTreeSet<u32>,
    sales: Amount,
    refunds: Amount,
    alternative: Amount,
    report: Option<ReportSums>,
}

impl ShiftCheck {
    /// Adds the documents of a shift that goes on as this one.
    fn add(&mut self, begun: &Self) {
        self.numbers.extend(&begun.numbers);
        for (sum, more) in [
            (&mut self.sales, begun.sales),
            (&mut self.refunds, begun.refunds),
            (&mut self.alternative, begun.alternative),
        ] {
            *sum = sum.checked_add(more).unwrap_or(*sum);
        }
    }
}

/// What a Z-report says of its shift.
struct ReportSums {
    documents: u32,
    sales: Amount,
    refunds: Amount,
    alternative: Amount,
    agrees: bool,
}

/// Something that is missing or differs.
pub(super) struct ExportGap {
    device: Uuid,
    code: &'static str,
    says: String,
    /// False for what is only not complete yet.
    pub(super) is_fault: bool,
    /// The document that the gap is about; `None` if it is about several.
    document: Option<JsonValue>,
}

impl ExportGap {
    pub(super) fn json(&self) -> JsonValue {
        object! {
            "device_id" => self.device,
            "code" => self.code,
            "fault" => self.is_fault,
            "says" => self.says.clone(),
            "document" => self.document.clone(),
        }
    }

    pub(super) fn says(&self) -> String {
        format!("device {}: {}", self.device, self.says)
    }
}

impl GapCheck {
    pub(super) const fn new(currency: Currency) -> Self {
        Self {
            currency,
            devices: BTreeMap::new(),
            without_outcome: Vec::new(),
        }
    }

    /// Takes a document whose outcome is not known. It may be registered, and then its money is in no table.
    pub(super) fn without_outcome(&mut self, stored: &StoredDocument) {
        let row = &stored.row;
        let amount = stored.reserved().and_then(|reserved| match &reserved.body {
            Body::Receipt(receipt) => Some(receipt.total),
            Body::Cash(amount) => Some(*amount),
            Body::Report(_) | Body::Nonfiscal(_) | Body::Amounts(_) => None,
        });
        let shown = amount.map(|amount| amount.display(self.currency).to_string());
        let of = shown.as_ref().map_or_else(String::new, |amount| {
            format!(" of {amount} {}", self.currency.code())
        });
        let (id, kind) = (row.id, row.kind.name());
        self.without_outcome.push(ExportGap {
            device: row.device,
            code: "outcome_unknown",
            says: format!(
                "the outcome of the {}{of} with the id {id} is not known, so it is in no table: see `ferrotill op {id}`, and settle it",
                kind.replace('_', " ")
            ),
            is_fault: true,
            document: Some(object! { "id" => id, "kind" => kind, "amount" => shown }),
        });
    }

    pub(super) fn document(&mut self, stored: &StoredDocument) {
        let (Some(reserved), Some(sealed)) = (stored.reserved(), stored.sealed()) else {
            return;
        };
        let row = &stored.row;
        let device = self.devices.entry(row.device).or_default();
        device.numbers.insert(sealed.number);
        // Such documents are part of no shift.
        if matches!(reserved.body, Body::Nonfiscal(_) | Body::Amounts(_)) {
            return;
        }
        let shift = device.shifts.entry(row.z_number).or_default();
        shift.numbers.insert(sealed.number);
        if let Body::Receipt(receipt) = &reserved.body {
            let sum = match row.kind {
                DocumentKind::Refund => &mut shift.refunds,
                DocumentKind::AlternativeSale => &mut shift.alternative,
                _ => &mut shift.sales,
            };
            *sum = sum.checked_add(receipt.total).unwrap_or(*sum);
        }
        if let (DocumentKind::ZReport, Some(figures)) = (row.kind, &sealed.report) {
            let of_report = &figures.shift;
            shift.report = Some(ReportSums {
                documents: of_report.documents,
                sales: of_report.sales.receipts.amount,
                refunds: of_report.refunds.receipts.amount,
                alternative: of_report.alternative.amount,
                agrees: stored
                    .reconciliation
                    .as_ref()
                    .is_none_or(ferrotill_store::ZReconciliation::agrees),
            });
        }
    }

    /// What is missing or differs.
    pub(super) fn end(self, reader: &Reader) -> Result<Vec<ExportGap>, StoreError> {
        let mut gaps = self.without_outcome;
        for (device, mut check) in self.devices {
            let mut found = GapsOfDevice {
                device,
                reader,
                gaps: &mut gaps,
            };
            found.numbers(&check.numbers)?;
            found.z_reports(&check.shifts)?;
            found.join_shifts(&mut check.shifts)?;
            for (z_number, shift) in &check.shifts {
                found.shift(*z_number, shift)?;
            }
        }
        Ok(gaps)
    }
}

/// The gaps of a device, as they are found.
struct GapsOfDevice<'g> {
    device: Uuid,
    reader: &'g Reader,
    gaps: &'g mut Vec<ExportGap>,
}

impl GapsOfDevice<'_> {
    fn fault(&mut self, code: &'static str, says: String) {
        self.add(code, says, true);
    }

    fn note(&mut self, code: &'static str, says: String) {
        self.add(code, says, false);
    }

    fn add(&mut self, code: &'static str, says: String, is_fault: bool) {
        self.gaps.push(ExportGap {
            device: self.device,
            code,
            says,
            is_fault,
            document: None,
        });
    }

    /// The shift that was open in a backup goes on after its restore, and is closed with a higher number than its documents have if
    /// Z-reports are among what was lost.
    fn join_shifts(&mut self, shifts: &mut BTreeMap<u32, ShiftCheck>) -> Result<(), StoreError> {
        let open = shifts.iter().filter(|(_, shift)| shift.report.is_none());
        let open: Vec<u32> = open.map(|(z_number, _)| *z_number).collect();
        for z_number in open {
            let after = z_number.saturating_add(1);
            let Some(closed) = shifts
                .range(after..)
                .find_map(|(later, shift)| shift.report.is_some().then_some(*later))
            else {
                continue;
            };
            // Every Z-report between the two is lost.
            if !self
                .reader
                .is_accepted_z_loss(self.device, closed.saturating_sub(1))?
                || self.reader.z_report(self.device, z_number)?.is_some()
            {
                continue;
            }
            let (Some(begun), Some(whole)) = (shifts.remove(&z_number), shifts.get_mut(&closed))
            else {
                continue;
            };
            let first = begun.numbers.first().copied().unwrap_or_default();
            let last = begun.numbers.last().copied().unwrap_or_default();
            whole.add(&begun);
            let says = format!(
                "the documents {first} to {last} have the Z-number {z_number} and are counted by Z-report {closed}, because Z-reports before it were lost and a person has accepted that"
            );
            self.note("counted_by_later_z_report", says);
        }
        Ok(())
    }

    /// Numbers that no document of the store has. A document at the edge of the period may have a later time than one with a higher
    /// number.
    fn numbers(&mut self, numbers: &BTreeSet<u32>) -> Result<(), StoreError> {
        for (first, last) in holes(numbers) {
            if self.reader.has_numbers(self.device, first, last)? {
                continue;
            }
            if self.reader.is_accepted_loss(self.device, first, last)? {
                let says = format!(
                    "the numbers {first} to {last} are left out, because a person has accepted that a restored folder lacks documents"
                );
                self.note("accepted_loss", says);
            } else {
                let says = format!("the documents {first} to {last} are missing");
                self.fault("numbers_missing", says);
            }
        }
        Ok(())
    }

    /// Z-reports between two others that the store does not have.
    fn z_reports(&mut self, shifts: &BTreeMap<u32, ShiftCheck>) -> Result<(), StoreError> {
        let closed = shifts.iter().filter(|(_, shift)| shift.report.is_some());
        let closed: BTreeSet<u32> = closed.map(|(z_number, _)| *z_number).collect();
        for (first, last) in holes(&closed) {
            for z_number in first..=last {
                if self.reader.z_report(self.device, z_number)?.is_none()
                    && !self.reader.is_accepted_z_loss(self.device, z_number)?
                {
                    let says = format!("Z-report {z_number} is missing");
                    self.fault("z_report_missing", says);
                }
            }
        }
        Ok(())
    }

    /// A shift without its Z-report, or with one that differs.
    fn shift(&mut self, z_number: u32, shift: &ShiftCheck) -> Result<(), StoreError> {
        let Some(report) = &shift.report else {
            let first = shift.numbers.first().copied().unwrap_or_default();
            let last = shift.numbers.last().copied().unwrap_or_default();
            if self.reader.z_report(self.device, z_number)?.is_none() {
                let says = format!(
                    "the documents {first} to {last} have no Z-report: Z-report {z_number} is missing, or its shift is open"
                );
                self.note("shift_without_z_report", says);
            }
            return Ok(());
        };
        let whole = u32::try_from(shift.numbers.len()) == Ok(report.documents);
        let same = (shift.sales, shift.refunds, shift.alternative)
            == (report.sales, report.refunds, report.alternative);
        if whole && !same {
            let says = format!("Z-report {z_number} differs from the documents of its shift");
            self.fault("z_report_differs", says);
        } else if !report.agrees {
            let says = format!(
                "Z-report {z_number} differs from its documents, the printer or the authority, see the table reconciliation"
            );
            self.fault("z_report_differs", says);
        }
        Ok(())
    }
}

/// The ranges of numbers that are missing between the first and the last one.
fn holes(numbers: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let pairs = numbers.iter().zip(numbers.iter().skip(1));
    pairs
        .filter(|(before, after)| before.saturating_add(1) < **after)
        .map(|(before, after)| (before.saturating_add(1), after.saturating_sub(1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::holes;

    #[test]
    fn a_hole_is_every_number_between_two_that_are_there() {
        let numbers = [3, 4, 7, 8, 10].into_iter().collect();
        assert_eq!(holes(&numbers), [(5, 6), (9, 9)]);
        assert_eq!(holes(&[5].into_iter().collect()), []);
        assert_eq!(holes(&[].into_iter().collect()), []);
    }
}
