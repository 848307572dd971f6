//! Which printer the documents of a shift went to. A printer that was exchanged in the middle of a shift counts only its own documents.

use ferrotill_core::event::Reserved;
use ferrotill_core::seal::PrinterNumbers;
use rusqlite::Connection;
use uuid::Uuid;

use super::for_each_document;
use super::sums::Sums;

/// The printer that a Z-report went to.
pub(super) struct PrinterOfReport {
    serial: String,
    fiscal_memory: String,
}

impl PrinterOfReport {
    /// The printer of the last document of a shift, which is its Z-report; `None` if it went to no printer.
    pub(super) fn find(
        connection: &Connection,
        device: Uuid,
        report: u32,
    ) -> Result<Option<Self>, rusqlite::Error> {
        let mut found = None;
        for_each_document(
            connection,
            device,
            report,
            report,
            &mut |_, _, reserved, _| {
                found = reserved.baseline.map(|baseline| Self {
                    serial: baseline.serial.to_owned(),
                    fiscal_memory: baseline.fiscal_memory.to_owned(),
                });
            },
        )?;
        Ok(found)
    }

    /// Whether a document went to another printer.
    pub(super) fn is_not_of(&self, reserved: &Reserved<'_>) -> bool {
        let own = PrinterNumbers {
            serial: &self.serial,
            fiscal_memory: &self.fiscal_memory,
        };
        reserved
            .baseline
            .is_some_and(|baseline| !baseline.numbers().are_of_one_printer(own))
    }
}

/// The sums over the documents of a shift that went to another printer than its Z-report.
pub(super) fn sums_of_other_printers(
    connection: &Connection,
    (device, first, last): (Uuid, u32, u32),
) -> Result<Sums, rusqlite::Error> {
    let mut sums = Sums::default();
    let Some(printer) = PrinterOfReport::find(connection, device, last)? else {
        return Ok(sums);
    };
    for_each_document(connection, device, first, last, &mut |_, _, reserved, _| {
        if printer.is_not_of(reserved) {
            sums.count(&reserved.body);
        }
    })?;
    Ok(sums)
}
