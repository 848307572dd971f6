//! Who has ordered something at the pages of the till: the row of the journal, and that it changes no till.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use ferrotill_core::event::{Event, EventError, PersonAct, PersonActed};
use ferrotill_core::id::DocumentId;
use ferrotill_core::time::Moment;

fn acted(act: PersonAct, document: Option<DocumentId>) -> PersonActed<'static> {
    PersonActed {
        at: Moment {
            utc_ms: 1_000,
            offset_minutes: 120,
        },
        act,
        document,
        subject: "Ion",
        by: "Ana",
    }
}

/// The bytes are frozen: a program that writes others cannot be read by this one.
#[test]
fn the_row_is_written_as_it_was_and_read_again() {
    let mut room = [0; 300];
    let id = DocumentId([7; 16]);
    for (act, first) in [
        (PersonAct::Report, 0),
        (PersonAct::CloseDay, 1),
        (PersonAct::Copy, 2),
        (PersonAct::People, 3),
    ] {
        let event = Event::PersonActed(acted(act, Some(id)));
        let bytes = event.encode(&mut room).unwrap();
        let begin = [0xd0, 0x0f, 0xf0, 0x01, first, 1];
        let expected = [&begin[..], &[7; 16], b"\x03Ion\x03Ana"].concat();
        assert_eq!(bytes, expected);
        assert_eq!(Event::decode(39, 1, bytes), Ok(event));
    }
    let event = Event::PersonActed(acted(PersonAct::People, None));
    let bytes = event.encode(&mut room).unwrap();
    assert_eq!(Event::decode(39, 1, bytes), Ok(event));
    let cut = &bytes[..bytes.len() - 1];
    assert_eq!(Event::decode(39, 1, cut), Err(EventError::Malformed));
}
