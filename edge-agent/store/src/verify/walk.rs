//! Reads the whole journal: checks the chain and the numbers, and that every event follows from what came before it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use ferrotill_core::event::{ClockSet, Declared, Event, LaidAside, PaperSays, Reserved, Sealed};
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::Profile;
use ferrotill_core::receipt::Scratch;
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Till};
use ferrotill_core::time::Moment;
use rusqlite::Connection;
use uuid::Uuid;

use super::super::chain::{ChainKey, GENESIS, Link, Mac};
use super::super::founding::{self, FolderPurpose};
use super::super::projection::Telling;
use super::super::snapshot::Snapshot;
use super::super::{Context as _, StoreError, projection};
use super::expected::{ExpectedRows, Summed, TableDigests};
use super::{Flaw, Flaws};

/// The counts that the walk over the journal returns.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The number of rows in the journal.
    pub(super) rows: i64,
    /// The number of the journal's last row.
    pub(super) head: i64,
    /// The number of sealed documents.
    pub(super) documents: u32,
    /// The number of documents that were settled by an operator's declaration.
    pub(super) declared: u32,
    /// The devices that have rows in the journal.
    pub(super) devices: BTreeSet<Uuid>,
    /// What the journal says that the folder is for.
    pub(super) purpose: Option<FolderPurpose>,
    /// The digests of the tables that grow with each document; empty if these tables were rebuilt.
    pub(super) digests: TableDigests,
}

/// What is done with the rows that follow from the journal in the tables that grow with each document.
pub(super) enum Growing {
    /// They are written into temporary tables by the writer's own functions.
    Rebuilt,
    /// They are summed up into digests.
    SummedUp(Box<ExpectedRows>),
}

/// The state of the walk.
pub(super) struct Walk<'w> {
    pub(super) connection: &'w Connection,
    pub(super) path: &'w Path,
    pub(super) key: &'w ChainKey,
    pub(super) profile: &'w dyn Profile,
    pub(super) snapshots: HashMap<Uuid, Snapshot>,
    pub(super) flaws: &'w mut Flaws,
    pub(super) tills: HashMap<Uuid, Till>,
    pub(super) walked: Walked,
    pub(super) growing: Growing,
    /// The declaration in the row that was read last; `None` if that row is no declaration.
    pub(super) pending: Option<PendingDeclaration>,
}

/// An operator's declaration, whose result must be the next row.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingDeclaration {
    seq: i64,
    device: Uuid,
    id: DocumentId,
    paper: PaperSays,
    fault: u16,
}

impl PendingDeclaration {
    /// True if the next row is the seal or the void that the declaration justifies, and contains nothing that the operator did
    /// not declare.
    fn is_followed_by(&self, device: Uuid, event: &Event<'_>) -> bool {
        let does = match (self.paper, event) {
            (PaperSays::Registered { document }, Event::Sealed(sealed)) => {
                let seal = Seal::Printer {
                    document: document.map_or(0, u32::from),
                    fiscal_receipt: None,
                    counters: None,
                    printed_at: None,
                };
                sealed.id == self.id && sealed.seal == seal
            }
            (PaperSays::NotRegistered, Event::Voided(voided)) => {
                voided.id == self.id && voided.fault == self.fault
            }
            _ => false,
        };
        does && device == self.device
    }
}

impl Walk<'_> {
    /// Reads the whole journal. Every flaw is reported once, and the walk goes on with the next row.
    ///
    /// Returns `None` if the tables must be rebuilt, because a row is unusual.
    pub(super) fn run(mut self) -> Result<Option<Walked>, StoreError> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT seq, device, at, kind, version, payload, mac FROM journal ORDER BY seq",
            )
            .context(self.path, "journal")?;
        let mut rows = statement.query([]).context(self.path, "journal")?;
        // The MAC before the next row; `None` if the row before it is missing.
        let mut previous = Some(GENESIS);
        let (mut fitting, mut broken) = (0_u64, Vec::new());
        while let Some(row) = rows.next().context(self.path, "journal")? {
            let seq: i64 = row.get(0).context(self.path, "journal")?;
            self.walked.rows = self.walked.rows.saturating_add(1);
            if seq < 1 {
                self.flaws.report_at(seq, Flaw::RowOutside { seq });
                continue;
            }
            let expected = self.walked.head.saturating_add(1);
            if seq != expected {
                let (first, last) = (expected, seq.saturating_sub(1));
                self.flaws
                    .report_over(first, last, Flaw::RowsMissing { first, last });
                previous = None;
            }
            self.compare_snapshots(seq);
            self.walked.head = seq;
            let Some(row) = Row::read(row) else {
                self.flaws.report_at(seq, Flaw::RowChanged { seq });
                previous = None;
                continue;
            };
            match previous {
                // The row before is missing, so this row cannot be compared and is counted neither as fitting nor as changed.
                None => {}
                Some(previous) if self.key.mac(&previous, &row.link(seq)) == row.mac => {
                    fitting = fitting.saturating_add(1);
                }
                Some(_) => broken.push(seq),
            }
            previous = Some(row.mac);
            if self.enter(seq, &row)? == Summed::Unusual {
                return Ok(None);
            }
        }
        self.check_declaration_is_followed_by_its_result(None);
        self.compare_snapshots(self.walked.head.saturating_add(1));
        for (device, snapshot) in std::mem::take(&mut self.snapshots) {
            let seq = snapshot.seq;
            self.flaws.report(Flaw::SnapshotDiffers { device, seq });
        }
        if fitting == 0 && !broken.is_empty() {
            self.flaws.report(Flaw::AnotherTillsJournal);
        } else {
            for seq in broken {
                self.flaws.report_at(seq, Flaw::RowChanged { seq });
            }
        }
        if let Growing::SummedUp(expected) = self.growing {
            self.walked.digests = expected.finish();
        }
        Ok(Some(self.walked))
    }

    /// Enters what follows from an event into the tables or their digests.
    fn enter_rows(
        &mut self,
        place: (Uuid, i64),
        event: &Event<'_>,
        row: &Row<'_>,
    ) -> Result<Summed, rusqlite::Error> {
        let profile = self.profile;
        match &mut self.growing {
            Growing::SummedUp(expected) => {
                let row = (row.version, row.payload);
                expected.enter(self.connection, profile, place, event, row)
            }
            Growing::Rebuilt => {
                let telling = Telling::Unfrozen(&|kind| profile.duties(kind));
                projection::project(self.connection, telling, place, event, None)?;
                Ok(Summed::All)
            }
        }
    }

    /// Enters an event into the tables or their digests, and applies it to its till.
    fn enter(&mut self, seq: i64, row: &Row<'_>) -> Result<Summed, StoreError> {
        let event = match Event::decode(row.kind, row.version, row.payload) {
            Ok(event) => event,
            Err(error) => {
                self.flaws
                    .report_at(seq, Flaw::RowUnreadable { seq, error });
                return Ok(Summed::All);
            }
        };
        let Ok(device) = Uuid::from_slice(row.device) else {
            self.flaws.report_at(seq, Flaw::RowChanged { seq });
            return Ok(Summed::All);
        };
        match self.enter_rows((device, seq), &event, row) {
            Ok(Summed::All) => {}
            Ok(Summed::Unusual) => return Ok(Summed::Unusual),
            Err(error) => self.table_refuses(seq, &event, error)?,
        }
        self.check_declaration_is_followed_by_its_result(Some((seq, device, &event)));
        if let Event::Founded(founded) = &event {
            let purpose = founding::purpose_of(founded);
            self.walked.purpose.get_or_insert(purpose);
        }
        if device.is_nil() {
            // The state of the authority concerns all tills, so this event has no till.
            return Ok(Summed::All);
        }
        self.walked.devices.insert(device);
        if matches!(event, Event::Sealed(_)) {
            self.walked.documents = self.walked.documents.saturating_add(1);
        }
        let till = self.tills.entry(device).or_default();
        let objection = objection(till, self.profile, &event);
        till.apply(&event);
        if let Some(words) = objection {
            self.contradiction(seq, &event, words);
        }
        Ok(Summed::All)
    }

    /// A table refuses what follows from an event: the event contradicts one before it.
    fn table_refuses(
        &mut self,
        seq: i64,
        event: &Event<'_>,
        error: rusqlite::Error,
    ) -> Result<(), StoreError> {
        let contradicts = matches!(&error, rusqlite::Error::QueryReturnedNoRows)
            || error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation);
        if !contradicts {
            return Err(error).context(self.path, "rebuilding the tables");
        }
        let words = match (error, event) {
            (_, Event::Founded(_)) => "the folder was founded by an earlier row".to_owned(),
            (_, Event::Restored(_)) => {
                "the number of the restore does not follow the one before it".to_owned()
            }
            (rusqlite::Error::QueryReturnedNoRows, _) => {
                "it refers to a document that is not in the journal".to_owned()
            }
            (other, _) => format!("it repeats what must be unique: {other}"),
        };
        self.contradiction(seq, event, words);
        Ok(())
    }

    /// Checks that the row after a declaration is its result; `None` means that the journal ends after the declaration.
    fn check_declaration_is_followed_by_its_result(
        &mut self,
        next: Option<(i64, Uuid, &Event<'_>)>,
    ) {
        if let Some(declaration) = self.pending.take()
            && next.is_none_or(|(_, device, event)| !declaration.is_followed_by(device, event))
        {
            let seq = declaration.seq;
            self.flaws.report_at(
                seq,
                Flaw::Contradiction {
                    seq,
                    document: Some(Uuid::from_bytes(declaration.id.0)),
                    words: "an operator has declared the outcome, but the next row is not the result of the declaration"
                        .to_owned(),
                },
            );
        }
        if let Some((seq, device, Event::Declared(declared))) = next {
            self.walked.declared = self.walked.declared.saturating_add(1);
            self.pending = Some(PendingDeclaration {
                seq,
                device,
                id: declared.id,
                paper: declared.paper,
                fault: declared.fault,
            });
        }
    }

    fn contradiction(&mut self, seq: i64, event: &Event<'_>, words: String) {
        let document = match event {
            Event::Reserved(Reserved { id, .. }) | Event::Sealed(Sealed { id, .. }) => Some(*id),
            Event::Voided(voided) => Some(voided.id),
            Event::CancelDecided(decided) => Some(decided.id),
            Event::Declared(declared) => Some(declared.id),
            _ => None,
        };
        let document = document.map(|id| Uuid::from_bytes(id.0));
        self.flaws.report_at(
            seq,
            Flaw::Contradiction {
                seq,
                document,
                words,
            },
        );
    }

    /// Compares the stored snapshots of rows before this one with the tills that follow from the journal.
    fn compare_snapshots(&mut self, before: i64) {
        let due: Vec<Uuid> = self
            .snapshots
            .iter()
            .filter(|(_, snapshot)| snapshot.seq < before)
            .map(|(device, _)| *device)
            .collect();
        for device in due {
            let Some(snapshot) = self.snapshots.remove(&device) else {
                continue;
            };
            let expected = self.tills.get(&device).map(postcard::to_stdvec::<Till>);
            let same =
                snapshot.genuine && matches!(expected, Some(Ok(bytes)) if bytes == snapshot.till);
            // A snapshot of another version is not compared: this program does not read it, and makes the till again from the
            // journal.
            if !same && snapshot.version == Till::SNAPSHOT_VERSION {
                let seq = snapshot.seq;
                self.flaws.report(Flaw::SnapshotDiffers { device, seq });
            }
        }
    }
}

/// What contradicts the events before this event, as text; `None` if nothing does.
fn objection(till: &Till, profile: &dyn Profile, event: &Event<'_>) -> Option<String> {
    match event {
        Event::Reserved(reserved) => {
            let z_number = till
                .shift()
                .map_or(till.last_z().saturating_add(1), |shift| shift.z_number);
            if till.admits_beside(reserved.body.kind()).is_err() {
                Some("it was reserved while another document was outstanding".to_owned())
            } else if reserved.z_number != z_number {
                Some(format!(
                    "it names the shift of Z-report {}, and the open shift is that of {z_number}",
                    reserved.z_number
                ))
            } else {
                None
            }
        }
        Event::Sealed(sealed) => sealed_objection(till, profile, sealed),
        Event::Voided(voided) => not_outstanding(till, voided.id),
        Event::CancelDecided(decided) => not_outstanding(till, decided.id),
        Event::Declared(declared) => declared_objection(till, profile, declared),
        Event::NumbersGranted(granted) => till
            .fiscal_numbers()
            .check(&granted.spans)
            .err()
            .map(|refusal| refusal.to_string()),
        Event::ConfigurationAdopted(_)
        | Event::Switched(_)
        | Event::ClosedByPrinter(_)
        | Event::Founded(_)
        | Event::DeviceIdentified(_)
        | Event::UnitAdopted(_)
        | Event::Restored(_)
        | Event::ResourceChanged(_)
        | Event::ReceiptNoted(_)
        | Event::ReceiptUploaded(_)
        | Event::LookChanged(_)
        | Event::HospitalityChanged(_)
        | Event::ProtocolBackedUp(_)
        | Event::RegisterRetired(_)
        | Event::LossAccepted(_)
        | Event::PersonActed(_)
        | Event::ReceiptsOfOthers(_)
        // The tables find an answer that no question belongs to.
        | Event::TerminalAsked(_)
        | Event::TerminalAnswered(_)
        | Event::RegistrationWanted(_)
        | Event::RegistrationAnswered(_)
        | Event::ProviderAsked(_)
        | Event::ProviderAnswered(_)
        | Event::ProviderUsed(_) => None,
        Event::ReceiptPrepared(receipt) => refused(
            till,
            profile,
            &Command::PrepareReceipt(*receipt),
            receipt.at,
        ),
        Event::ReceiptSigned(receipt) => {
            refused(till, profile, &Command::SignReceipt(*receipt), receipt.at)
        }
        Event::LaidAside(aside) => aside_objection(till, profile, aside),
        Event::CardLaidAside(aside) => {
            refused(till, profile, &Command::LayCardAside(*aside), aside.at)
        }
        Event::ClockSet(set) => clock_objection(till, profile, set),
    }
}

/// The till must accept the declaration again. Returns what contradicts it, as text.
fn declared_objection(
    till: &Till,
    profile: &dyn Profile,
    declared: &Declared<'_>,
) -> Option<String> {
    let command = Command::Declare(*declared);
    let scratch = Scratch {
        lines: &mut [],
        bytes: &mut [],
    };
    let known = Known::default();
    match till.decide(
        profile,
        &command,
        &known,
        declared.at,
        scratch,
        &mut IgnoreFaults,
    ) {
        Ok(Event::Declared(expected)) if expected != *declared => {
            Some("the event has an earlier time than an event before it".to_owned())
        }
        Ok(_) => None,
        Err(refusal) => Some(refusal.to_string()),
    }
}

/// The till must accept the correction of its time again. Returns what contradicts it, as text.
fn clock_objection(till: &Till, profile: &dyn Profile, set: &ClockSet<'_>) -> Option<String> {
    refused(till, profile, &Command::SetClock(*set), set.at)
}

/// The till must accept again that the document is laid aside. Returns what contradicts it, as text.
fn aside_objection(till: &Till, profile: &dyn Profile, aside: &LaidAside<'_>) -> Option<String> {
    refused(till, profile, &Command::LayAside(*aside), aside.at)
}

/// Why the till refuses a command that it has accepted before, as text.
fn refused(
    till: &Till,
    profile: &dyn Profile,
    command: &Command<'_>,
    at: Moment,
) -> Option<String> {
    let scratch = Scratch {
        lines: &mut [],
        bytes: &mut [],
    };
    let known = Known::default();
    let decided = till.decide(profile, command, &known, at, scratch, &mut IgnoreFaults);
    decided.err().map(|refusal| refusal.to_string())
}

fn not_outstanding(till: &Till, id: DocumentId) -> Option<String> {
    let is = till
        .outstanding()
        .is_some_and(|outstanding| outstanding.id == id);
    (!is).then(|| "the event settles a document that was not outstanding".to_owned())
}

/// The till decides again, and must reach the same result: numbers, number of the range, figures of the report.
fn sealed_objection(till: &Till, profile: &dyn Profile, sealed: &Sealed<'_>) -> Option<String> {
    let command = Command::Settle(sealed.id, sealed.seal);
    let scratch = Scratch {
        lines: &mut [],
        bytes: &mut [],
    };
    let known = Known::default();
    let decided = till.decide(
        profile,
        &command,
        &known,
        sealed.at,
        scratch,
        &mut IgnoreFaults,
    );
    let expected = match decided {
        Ok(Event::Sealed(expected)) => expected,
        Ok(_) => return None,
        Err(refusal) => return Some(refusal.to_string()),
    };
    let differs = |what: &str, stored: u32, expected: u32| {
        (stored != expected).then(|| format!("its {what} is {stored}, and {expected} comes next"))
    };
    differs("number", sealed.number, expected.number)
        .or_else(|| {
            differs(
                "number in the shift",
                sealed.current_number,
                expected.current_number,
            )
        })
        .or_else(|| {
            (sealed.at != expected.at)
                .then(|| "the event has an earlier time than an event before it".to_owned())
        })
        .or_else(|| {
            (sealed.report != expected.report)
                .then(|| "its figures are not those that follow from the journal".to_owned())
        })
}

/// A journal row with its columns.
struct Row<'r> {
    device: &'r [u8],
    at: i64,
    kind: u16,
    version: u16,
    payload: &'r [u8],
    mac: Mac,
}

impl<'r> Row<'r> {
    /// Reads the columns of a row; `None` if a column has a value of another type.
    fn read(row: &'r rusqlite::Row<'_>) -> Option<Self> {
        Some(Self {
            device: row.get_ref(1).ok()?.as_blob().ok()?,
            at: row.get(2).ok()?,
            kind: row.get(3).ok()?,
            version: row.get(4).ok()?,
            payload: row.get_ref(5).ok()?.as_blob().ok()?,
            mac: row.get(6).ok()?,
        })
    }

    const fn link(&self, seq: i64) -> Link<'_> {
        Link {
            seq,
            device: self.device,
            at: self.at,
            kind: self.kind,
            version: self.version,
            payload: self.payload,
        }
    }
}
