//! Journal rows without a clerk: the core decides, and the real store appends.

use ferrotill_core::event::Event;
use ferrotill_core::profile::MOLDOVA;
use ferrotill_core::receipt::{CopiedLine, DraftLine, LineTotals, Scratch};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Till};
use ferrotill_core::time::Moment;
use ferrotill_core::{Amount, Quantity};
use ferrotill_store::{Batch, StoreError};
use uuid::Uuid;

/// A line that any sale can use.
pub(crate) const LOAF: DraftLine<'static> = DraftLine {
    name: "Piine Praga (Franzeluta)",
    quantity: Quantity::ONE,
    price: Amount::from_minor(810),
    modifier: None,
    tax_group: Some("B"),
    comment: "",
    final_amount: None,
    voided: false,
    copied: CopiedLine::NONE,
};

/// The shortest seal of a document that a printer has registered.
pub(crate) const fn printed() -> Seal<'static> {
    Seal::Printer {
        document: 1,
        fiscal_receipt: None,
        counters: None,
        printed_at: None,
    }
}

/// Decides a command, appends its event and applies it, as the clerk does. A refusal is an error, because the test has asked for
/// something impossible.
pub(crate) fn decide_and_append(
    batch: &mut Batch<'_>,
    device: Uuid,
    till: &mut Till,
    command: &Command<'_>,
    now: i64,
) -> Result<(), StoreError> {
    let (mut lines, mut bytes) = ([LineTotals::default(); 16], [0; 4_096]);
    let scratch = Scratch {
        lines: &mut lines,
        bytes: &mut bytes,
    };
    let mut room = [0; 8_192];
    let moment = Moment {
        utc_ms: now,
        offset_minutes: 120,
    };
    let (kind, payload) = {
        let known = Known::default();
        let decided = till.decide(
            &MOLDOVA,
            command,
            &known,
            moment,
            scratch,
            &mut IgnoreFaults,
        );
        let event = decided.map_err(|refusal| StoreError::Configuration { device, refusal })?;
        let payload = event.encode(&mut room).map_err(|_| StoreError::TooLarge)?;
        (event.kind(), payload)
    };
    let event =
        Event::decode(kind, Event::version_of(kind), payload).map_err(|_| StoreError::TooLarge)?;
    batch.append((device, till), now, &event, payload).map(drop)
}
