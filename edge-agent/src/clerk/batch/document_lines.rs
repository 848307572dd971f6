//! The lines of the log about documents: one for each document that is sealed or void, written after the journal has it.

use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::Event;
use ferrotill_store::{Batch, StoreError};
use uuid::Uuid;

/// What became of a document, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DocumentLine {
    device: Uuid,
    id: Uuid,
    kind: DocumentKind,
    outcome: DocumentOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum DocumentOutcome {
    Registered { number: u32 },
    NotRegistered { reason: String },
}

impl DocumentLine {
    /// The line about an event of a device; `None` if the event ends no document, or if the log does not want such lines.
    pub(super) fn of(
        batch: &Batch<'_>,
        device: Uuid,
        event: &Event<'_>,
    ) -> Result<Option<Self>, StoreError> {
        let (id, outcome) = match event {
            Event::Sealed(sealed) => {
                let number = sealed.number;
                (sealed.id, DocumentOutcome::Registered { number })
            }
            Event::Voided(voided) => {
                let reason = voided.reason.to_owned();
                (voided.id, DocumentOutcome::NotRegistered { reason })
            }
            _ => return Ok(None),
        };
        if !tracing::enabled!(tracing::Level::INFO) {
            return Ok(None);
        }
        let row = batch.request(device, id)?;
        Ok(row.map(|row| Self {
            device,
            id: row.id,
            kind: row.kind,
            outcome,
        }))
    }

    /// Writes the line to the log.
    pub(super) fn write(self) {
        let Self {
            device,
            id,
            kind,
            outcome,
        } = self;
        let kind = kind.name();
        match outcome {
            DocumentOutcome::Registered { number } => {
                tracing::info!(event = "registered", kind, %id, %device, number, "a document is registered");
            }
            DocumentOutcome::NotRegistered { reason } => {
                tracing::warn!(event = "not_registered", kind, %id, %device, "a document is not registered: {reason}");
            }
        }
    }
}
