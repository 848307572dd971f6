//! The Z reconciliation: compares a shift's figures from four independent sides.
//!
//! - documents: the shift's documents, read one by one from the journal and added up;
//! - report: the Z-report, from the till's running counters;
//! - printer: the fiscal printer's own counters;
//! - authority: what the authority has acknowledged; complete when no document of the shift waits in the outbox.
//!
//! Refunds are never subtracted from sales, and alternative receipts have figures of their own.
//! The first three sides are written in the transaction that seals the report, and the authority's side is written with the
//! last acknowledgement of the shift.

mod printers;
mod sums;
mod suspects;

use std::collections::BTreeSet;
use std::fmt;

use ferrotill_core::event::{Event, ReportFigures, Reserved, Sealed};
use ferrotill_core::seal::{ModuleSeal, Seal};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::laid_aside::{self, AsideDocument};
use printers::sums_of_other_printers;
use sums::{COUNT, TAX};
use suspects::suspects;

pub(super) use sums::{Subject, Sums, figures_of};

/// The reconciliation of a Z-report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZReconciliation {
    /// The id of the device.
    pub device: Uuid,
    /// The number of the Z-report.
    pub z_number: u32,
    /// The number of the shift's first document.
    pub first_number: u32,
    /// The number of the shift's last document, which is the Z-report itself.
    pub last_number: u32,
    /// The number of documents of the shift, including the Z-report, that wait for the authority.
    pub unacknowledged: u32,
    /// When no document of the shift waited for the authority any more, in milliseconds since the epoch.
    pub acknowledged_at: Option<i64>,
    /// All figures, ordered by name.
    pub figures: Vec<ReconciliationFigure>,
    /// The documents of the shift that are not sent to the authority, because an operator has laid them aside.
    pub laid_aside: Vec<AsideDocument>,
}

/// One figure of a shift: a count, or money in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReconciliationFigure {
    /// The figure's name, such as `sales.count`, `sales.group.A` or `refunds.payment.0`.
    pub subject: String,
    /// The sum over the shift's documents.
    pub documents: i64,
    /// The value in the Z-report.
    pub report: Option<i64>,
    /// The printer's value. For a tax, it is computed from the printer's gross turnover in the group and rounded once.
    pub printer: Option<i64>,
    /// The sum over the documents that the authority has acknowledged.
    pub authority: Option<i64>,
    /// The sum over the documents that an operator has laid aside: the authority does not get them.
    pub laid_aside: i64,
    /// The sum over the documents that went to another printer than the Z-report: the counters of its printer cannot have them. It is
    /// looked up only for a shift that the printer's counters do not fit.
    pub other_printers: i64,
    /// If a side differs, the documents in question with number and request id.
    pub suspects: Vec<(u32, Uuid)>,
}

impl ZReconciliation {
    /// True if documents, report and printer agree. The result never changes after the report is sealed.
    #[must_use]
    pub fn agrees_at_the_till(&self) -> bool {
        self.figures
            .iter()
            .all(ReconciliationFigure::agrees_at_the_till)
    }

    /// True if all sides that are known agree.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.figures.iter().all(ReconciliationFigure::agrees)
    }

    /// True if documents of the shift went to another printer than the Z-report, and the printer's counters are compared without them.
    #[must_use]
    pub fn has_other_printers(&self) -> bool {
        self.figures.iter().any(|figure| figure.other_printers != 0)
    }
}

impl ReconciliationFigure {
    /// True if the printer's value may lawfully differ. Only a tax may differ, because the printer rounds per group and a
    /// receipt rounds per line.
    #[must_use]
    pub fn may_differ_at_the_printer(&self) -> bool {
        self.subject.contains(TAX)
    }

    /// True if the printer has told no value, or the value of the documents that went to it.
    #[must_use]
    pub fn is_equal_at_the_printer(&self) -> bool {
        self.printer
            .is_none_or(|printer| printer.saturating_add(self.other_printers) == self.documents)
    }

    /// True if the figure is a count, and false if it is money.
    #[must_use]
    pub fn is_count(&self) -> bool {
        self.subject.ends_with(COUNT)
    }

    /// True if documents, report and printer agree in all figures.
    #[must_use]
    pub fn agrees_at_the_till(&self) -> bool {
        self.report.is_none_or(|report| report == self.documents)
            && (self.may_differ_at_the_printer() || self.is_equal_at_the_printer())
    }

    /// True if all known sides agree in all figures. The authority agrees if it has all but what an operator has laid aside.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.agrees_at_the_till()
            && self
                .authority
                .is_none_or(|authority| is_all_but(authority, self.laid_aside, self.documents))
    }
}

impl fmt::Display for ReconciliationFigure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.is_count() { "" } else { " minor units" };
        write!(f, "{}{unit}: documents {}", self.subject, self.documents)?;
        let sides = [
            ("report", self.report),
            ("printer", self.printer),
            ("authority", self.authority),
        ];
        sides.iter().try_for_each(|(side, value)| match value {
            Some(value) => write!(f, ", {side} {value}"),
            None => Ok(()),
        })?;
        match self.other_printers {
            0 => Ok(()),
            others => write!(f, ", on other printers {others}"),
        }
    }
}

fn is_all_but(authority: i64, laid_aside: i64, documents: i64) -> bool {
    authority.saturating_add(laid_aside) == documents
}

/// The numbers of Z-reports of a till that do not reconcile yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReconciliationCount {
    /// The number of Z-reports with a difference.
    pub differing: u32,
    /// The number of devices whose newest Z-report has a difference.
    pub newest_differing: u32,
    /// The number of Z-reports with documents that the authority has not acknowledged.
    pub unacknowledged: u32,
}

/// The figures of the device that has sealed a Z-report, as far as it counts them.
fn counted_by_device(seal: &Seal<'_>, figures: &ReportFigures) -> Sums {
    match seal {
        Seal::Printer {
            counters: Some(counters),
            ..
        } => Sums::of_printer(figures, counters),
        Seal::Module(ModuleSeal {
            counters: Some(counters),
            ..
        }) => Sums::of_module(counters),
        _ => Sums::default(),
    }
}

/// Writes the reconciliation of a Z-report that was just sealed.
pub(super) fn enter(
    connection: &Connection,
    device: Uuid,
    report_seq: i64,
    sealed: &Sealed<'_>,
) -> Result<(), rusqlite::Error> {
    let Some(figures) = &sealed.report else {
        return Ok(());
    };
    let (first, last) = (figures.shift.first_number, sealed.number);
    let mut documents = Sums::default();
    for_each_document(connection, device, first, last, &mut |_, _, reserved, _| {
        documents.count(&reserved.body);
    })?;
    let waiting = waiting(connection, device, first, last)?;
    let counted = (&documents, waiting);
    enter_figures(connection, (device, report_seq), sealed, figures, counted)
}

/// Writes the reconciliation of a Z-report whose documents were counted: their figures, and how many of them wait for the authority.
pub(super) fn enter_figures(
    connection: &Connection,
    (device, report_seq): (Uuid, i64),
    sealed: &Sealed<'_>,
    figures: &ReportFigures,
    (documents, waiting): (&Sums, u32),
) -> Result<(), rusqlite::Error> {
    let z_number = figures.shift.z_number;
    let (first, last) = (figures.shift.first_number, sealed.number);
    let report = Sums::of_report(figures);
    let printer = counted_by_device(&sealed.seal, figures);
    let subjects: BTreeSet<Subject> = [documents, &report, &printer]
        .into_iter()
        .flat_map(|sums| sums.0.keys().copied())
        .collect();
    let figure = |subject: Subject| ReconciliationFigure {
        subject: subject.to_string(),
        documents: documents.of(&subject).unwrap_or(0),
        report: Some(report.of(&subject).unwrap_or(0)),
        printer: printer.of(&subject),
        authority: None,
        laid_aside: 0,
        other_printers: 0,
        suspects: Vec::new(),
    };
    let mut figures: Vec<ReconciliationFigure> = subjects.into_iter().map(figure).collect();
    leave_out_other_printers(connection, (device, first, last), &mut figures)?;
    let agrees = figures.iter().all(ReconciliationFigure::agrees);
    let mut insert = connection.prepare_cached(
        "INSERT INTO reconciliation_figure (device, z_number, subject, documents, report, printer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for figure in figures {
        insert.execute(params![
            device.as_bytes(),
            z_number,
            figure.subject,
            figure.documents,
            figure.report,
            figure.printer
        ])?;
    }
    connection
        .prepare_cached(
            "INSERT INTO reconciliation (device, z_number, report_seq, first_number, last_number, agrees, unacknowledged) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            device.as_bytes(),
            z_number,
            report_seq,
            first,
            last,
            agrees,
            waiting
        ])?;
    Ok(())
}

/// Adds a document that does not wait for the authority any more to the reconciliation of its shift, if the Z-report is sealed
/// already: the document is acknowledged, or an operator has laid it aside.
pub(super) fn no_longer_waits(
    connection: &Connection,
    sealed_seq: i64,
    at: i64,
) -> Result<(), rusqlite::Error> {
    let complete: Option<(Uuid, u32, u32, u32)> = connection
        .prepare_cached(
            "UPDATE reconciliation SET unacknowledged = unacknowledged - 1 WHERE (device, z_number) = \
             (SELECT document.device, document.z_number FROM outbox JOIN document USING (reserved_seq) WHERE outbox.sealed_seq = ?1 AND outbox.recipient = 'authority') \
             RETURNING device, z_number, first_number, last_number, unacknowledged",
        )?
        .query_row([sealed_seq], |row| {
            let place = (Uuid::from_bytes(row.get(0)?), row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get::<_, i64>(4)? == 0).then_some(place))
        })
        .optional()?
        .flatten();
    let Some((device, z_number, first, last)) = complete else {
        return Ok(());
    };
    let authority = sums_of(connection, (device, first, last), "acknowledged")?;
    // A figure to which no acknowledged document contributes is 0.
    connection.execute(
        "UPDATE reconciliation_figure SET office = 0 WHERE device = ?1 AND z_number = ?2",
        params![device.as_bytes(), z_number],
    )?;
    for (subject, amount) in &authority.0 {
        connection
            .prepare_cached(
                "UPDATE reconciliation_figure SET office = ?4 WHERE device = ?1 AND z_number = ?2 AND subject = ?3",
            )?
            .execute(params![device.as_bytes(), z_number, subject.to_string(), amount])?;
    }
    let figures = figures(connection, (device, z_number), (first, last))?;
    let agrees = figures.iter().all(ReconciliationFigure::agrees);
    connection.execute(
        "UPDATE reconciliation SET acknowledged_at = ?3, agrees = agrees AND ?4 WHERE device = ?1 AND z_number = ?2",
        params![device.as_bytes(), z_number, at, agrees],
    )?;
    Ok(())
}

/// The sums over the documents of a shift whose entry for the authority has this state.
fn sums_of(
    connection: &Connection,
    (device, first, last): (Uuid, u32, u32),
    wanted: &str,
) -> Result<Sums, rusqlite::Error> {
    let mut sums = Sums::default();
    for_each_document(
        connection,
        device,
        first,
        last,
        &mut |_, _, reserved, state| {
            if state == wanted {
                sums.count(&reserved.body);
            }
        },
    )?;
    Ok(sums)
}

/// The figures of a Z-report without the documents in question, ordered by name.
fn figures(
    connection: &Connection,
    (device, z_number): (Uuid, u32),
    (first, last): (u32, u32),
) -> Result<Vec<ReconciliationFigure>, rusqlite::Error> {
    let mut figures = connection
        .prepare_cached(
            "SELECT subject, documents, report, printer, office FROM reconciliation_figure WHERE device = ?1 AND z_number = ?2 ORDER BY subject",
        )?
        .query_map(params![device.as_bytes(), z_number], |row| {
            Ok(ReconciliationFigure {
                subject: row.get(0)?,
                documents: row.get(1)?,
                report: row.get(2)?,
                printer: row.get(3)?,
                authority: row.get(4)?,
                laid_aside: 0,
                other_printers: 0,
                suspects: Vec::new(),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    if laid_aside::is_any(connection)? {
        let aside = sums_of(connection, (device, first, last), "laid_aside")?;
        for (subject, amount) in &aside.0 {
            let subject = subject.to_string();
            let same = figures.iter_mut().find(|figure| figure.subject == subject);
            if let Some(figure) = same {
                figure.laid_aside = *amount;
            }
        }
    }
    leave_out_other_printers(connection, (device, first, last), &mut figures)?;
    Ok(figures)
}

/// Notes what other printers than that of the Z-report have printed in a shift, if the printer's counters do not fit the documents.
fn leave_out_other_printers(
    connection: &Connection,
    place: (Uuid, u32, u32),
    figures: &mut [ReconciliationFigure],
) -> Result<(), rusqlite::Error> {
    if figures.iter().all(ReconciliationFigure::agrees_at_the_till) {
        return Ok(());
    }
    let others = sums_of_other_printers(connection, place)?;
    for (subject, amount) in &others.0 {
        let subject = subject.to_string();
        let same = figures.iter_mut().find(|figure| figure.subject == subject);
        if let Some(figure) = same.filter(|figure| figure.printer.is_some()) {
            figure.other_printers = *amount;
        }
    }
    Ok(())
}

/// The number of documents of a shift that wait for the authority.
pub(super) fn waiting(
    connection: &Connection,
    device: Uuid,
    first: u32,
    last: u32,
) -> Result<u32, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM document JOIN outbox ON outbox.sealed_seq = document.settled_seq \
             WHERE document.device = ?1 AND document.number BETWEEN ?2 AND ?3 AND outbox.recipient = 'authority' AND outbox.state = 'waiting'",
        )?
        .query_row(params![device.as_bytes(), first, last], |row| row.get(0))
}

/// Whether the authority is told of a document of a shift at all, which the law of some countries does not ask for.
pub(super) fn is_told(
    connection: &Connection,
    device: Uuid,
    first: u32,
    last: u32,
) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM document JOIN outbox ON outbox.sealed_seq = document.settled_seq \
             WHERE document.device = ?1 AND document.number BETWEEN ?2 AND ?3 AND outbox.recipient = 'authority')",
        )?
        .query_row(params![device.as_bytes(), first, last], |row| row.get(0))
}

/// Calls `take` for each sealed document of a shift: with number, request id, its reservation from the journal, and the state of its
/// entry for the authority (empty if the authority is not told of it).
fn for_each_document(
    connection: &Connection,
    device: Uuid,
    first: u32,
    last: u32,
    take: &mut dyn FnMut(u32, Uuid, &Reserved<'_>, &str),
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT document.number, document.id, journal.kind, journal.version, journal.payload, \
                coalesce((SELECT state FROM outbox WHERE outbox.sealed_seq = document.settled_seq AND outbox.recipient = 'authority'), '') \
         FROM document JOIN journal ON journal.seq = document.reserved_seq \
         WHERE document.device = ?1 AND document.number BETWEEN ?2 AND ?3 ORDER BY document.number",
    )?;
    let mut rows = statement.query(params![device.as_bytes(), first, last])?;
    while let Some(row) = rows.next()? {
        let payload = row.get_ref(4)?.as_blob().unwrap_or_default();
        // A row that cannot be read is left out, which causes a difference. The check of the chain names the row.
        if let Ok(Event::Reserved(reserved)) = Event::decode(row.get(2)?, row.get(3)?, payload) {
            let id = Uuid::from_bytes(row.get(1)?);
            take(row.get(0)?, id, &reserved, row.get_ref(5)?.as_str()?);
        }
    }
    Ok(())
}

/// The reconciliation of a Z-report, with the documents in question for each figure that differs.
pub(super) fn of_report(
    connection: &Connection,
    device: Uuid,
    z_number: u32,
) -> Result<Option<ZReconciliation>, rusqlite::Error> {
    let row = connection
        .prepare_cached(
            "SELECT first_number, last_number, unacknowledged, acknowledged_at FROM reconciliation WHERE device = ?1 AND z_number = ?2",
        )?
        .query_row(params![device.as_bytes(), z_number], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((first_number, last_number, unacknowledged, acknowledged_at)) = row else {
        return Ok(None);
    };
    let mut figures = figures(connection, (device, z_number), (first_number, last_number))?;
    for figure in figures.iter_mut().filter(|figure| !figure.agrees()) {
        figure.suspects = suspects(connection, device, first_number, last_number, figure)?;
    }
    Ok(Some(ZReconciliation {
        device,
        z_number,
        first_number,
        last_number,
        unacknowledged,
        acknowledged_at,
        figures,
        laid_aside: laid_aside::of_authority(
            connection,
            Some((device, first_number, last_number)),
        )?,
    }))
}
