//! Decodes any bytes as rows of the journal: they are an event or an error, an event has only one encoding, and no event makes a
//! till panic.
#![no_main]

use ferrotill_core::document::Body;
use ferrotill_core::event::Event;
use ferrotill_core::till::Till;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|rows: Vec<(u8, &[u8])>| {
    let mut till = Till::default();
    for (kind, payload) in rows {
        let Ok(event) = Event::decode(u16::from(kind % 10), 1, payload) else {
            continue;
        };
        if let Event::Reserved(reserved) = &event
            && let Body::Receipt(receipt) = &reserved.body
        {
            for line in receipt.lines.iter() {
                let _ = (line.taxes().count(), line.tax_base());
            }
            let _ = receipt.gross_by_bucket();
        }
        let mut room = vec![0; payload.len() + 64];
        let again = event
            .encode(&mut room)
            .expect("the same event was just decoded from fewer bytes");
        assert!(Event::decode(event.kind(), 1, again).as_ref() == Ok(&event));
        till.apply(&event);
    }
});
