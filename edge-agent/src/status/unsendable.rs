//! Documents that are legal and cannot be sent, because they do not fit the form of a recipient. Each is a problem of its device until
//! an operator has laid it aside.

use std::collections::VecDeque;

use uuid::Uuid;

use super::problems::{HealthProblem, ProblemKind};
use super::{KnownProblem, LiveStatus};

/// A document that cannot be sent to a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsendableDocument {
    /// The device that has made the document.
    pub device: Uuid,
    /// The document's number.
    pub number: u32,
    /// The document's request id.
    pub id: Uuid,
    /// The name of the recipient.
    pub recipient: &'static str,
    /// Why the document does not fit the recipient's form.
    pub reason: String,
}

/// The documents of a till that cannot be sent.
#[derive(Debug, Default)]
pub(super) struct Unsendable {
    /// Those of the transaction that is not committed yet.
    of_transaction: Vec<UnsendableDocument>,
    /// Those of the journal since the start, the newest last.
    of_journal: VecDeque<UnsendableDocument>,
}

/// The largest number of such documents that are kept. The oldest is left out for a newer one; the queue lists all.
const UNSENDABLE_MAX: usize = 1_000;

impl LiveStatus {
    /// Notes that a document of the present transaction cannot be sent. It is a problem from the commit on.
    pub fn unsendable(&self, document: UnsendableDocument) {
        self.unsendable.lock().of_transaction.push(document);
    }

    /// Notes that an operator has laid a document aside.
    pub fn laid_aside(&self, id: Uuid, recipient: &str) {
        let mut unsendable = self.unsendable.lock();
        let is_it = |one: &UnsendableDocument| one.id == id && one.recipient == recipient;
        let documents = &mut unsendable.of_journal;
        let Some(document) = documents
            .iter()
            .position(is_it)
            .and_then(|place| documents.remove(place))
        else {
            return;
        };
        match self.unsendable_problem(documents, document.device) {
            Some(problem) => self.problems.note(problem),
            None => self
                .problems
                .clear(ProblemKind::DOCUMENT_UNTOLD, Some(document.device)),
        }
    }

    pub(super) fn unsendable_committed(&self) {
        let mut unsendable = self.unsendable.lock();
        for document in std::mem::take(&mut unsendable.of_transaction) {
            let (device, documents) = (document.device, &mut unsendable.of_journal);
            if documents.len() >= UNSENDABLE_MAX {
                documents.pop_front();
            }
            documents.push_back(document);
            if let Some(problem) = self.unsendable_problem(documents, device) {
                self.problems.raise(problem);
            }
        }
    }

    pub(super) fn unsendable_rolled_back(&self) {
        self.unsendable.lock().of_transaction.clear();
    }

    /// The problem of a device, which names its newest document; none if the device has no such document.
    fn unsendable_problem(
        &self,
        documents: &VecDeque<UnsendableDocument>,
        device: Uuid,
    ) -> Option<HealthProblem> {
        let mut of_device = documents
            .iter()
            .rev()
            .filter(|document| document.device == device);
        let newest = of_device.next()?;
        let others = match of_device.count() {
            0 => String::new(),
            others => format!(" (and {others} documents before it)"),
        };
        let says = format!(
            "document {} ({}) is legal, and the recipient {} cannot be told of it: {}{others}",
            newest.number, newest.id, newest.recipient, newest.reason
        );
        Some(self.problem(&UNSENDABLE, Some(device), says))
    }
}

const UNSENDABLE: KnownProblem = KnownProblem {
    kind: ProblemKind::DOCUMENT_UNTOLD,
    fix: "correct the cause for the next documents; report this one by hand and lay it aside (`ferrotill queue lay-aside`), or start the agent again, which tries again",
};
