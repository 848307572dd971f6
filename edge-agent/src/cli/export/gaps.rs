//! Whether an export is complete: every number is there, every shift has its Z-report, and each Z-report equals its documents.

use std::collections::{BTreeMap, BTreeSet};

use ferrotill_core::Amount;
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_store::{Reader, StoreError, StoredDocument};
use uuid::Uuid;

use crate::api::json::JsonValue;
use crate::object;

/// What is looked at while documents are exported.
#[derive(Default)]
pub(super) struct GapCheck {
    devices: BTreeMap<Uuid, DeviceCheck>,
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
}

impl ExportGap {
    pub(super) fn json(&self) -> JsonValue {
        object! {
            "device_id" => self.device,
            "code" => self.code,
            "fault" => self.is_fault,
            "says" => self.says.clone(),
        }
    }

    pub(super) fn says(&self) -> String {
        format!("device {}: {}", self.device, self.says)
    }
}

impl GapCheck {
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
        let mut gaps = Vec::new();
        for (device, check) in &self.devices {
            let mut found = GapsOfDevice {
                device: *device,
                reader,
                gaps: &mut gaps,
            };
            found.numbers(&check.numbers)?;
            found.z_reports(&check.shifts)?;
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
        });
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
