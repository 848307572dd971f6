//! An event as the journal stores it.

use ferrotill_core::event::{Event, EventError};

/// An event with its encoding.
pub(super) struct Encoded {
    pub(super) kind: u16,
    pub(super) payload: Vec<u8>,
}

impl Encoded {
    pub(super) fn of(event: &Event<'_>, buffer: &mut [u8]) -> Option<Self> {
        let payload = event.encode(buffer).ok()?.to_vec();
        Some(Self {
            kind: event.kind(),
            payload,
        })
    }

    pub(super) fn event(&self) -> Result<Event<'_>, EventError> {
        Event::decode(self.kind, Event::version_of(self.kind), &self.payload)
    }
}
