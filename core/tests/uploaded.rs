//! The events of uploaded receipts: their bytes, and that they change no till.

mod shop;

use ferrotill_core::event::{
    Event, EventError, HospitalityChanged, LookChanged, LookKind, ReceiptUploaded,
};
use shop::{Shop, moment};

fn events() -> [(Event<'static>, u16, &'static str); 3] {
    let uploaded = Event::ReceiptUploaded(ReceiptUploaded {
        at: moment(0),
        id: [7; 16],
        revision: 300,
        digest: [1; 32],
    });
    let look = Event::LookChanged(LookChanged {
        at: moment(0),
        kind: LookKind::Media,
        id: [8; 16],
        revision: 1,
        digest: [2; 32],
    });
    let hospitality = Event::HospitalityChanged(HospitalityChanged {
        at: moment(0),
        receipt: [9; 16],
        finalized_s: Some(-1),
        digest: [3; 32],
    });
    [
        (uploaded, 41, UPLOADED),
        (look, 42, LOOK),
        (hospitality, 43, HOSPITALITY),
    ]
}

const UPLOADED: &str = "00f00107070707070707070707070707070707ac020101010101010101010101010101010101010101010101010101010101010101";
const LOOK: &str = "00f0010208080808080808080808080808080808010202020202020202020202020202020202020202020202020202020202020202";
const HOSPITALITY: &str = "00f0010909090909090909090909090909090901010303030303030303030303030303030303030303030303030303030303030303";

/// Do not change the bytes: rows with them are stored in shops.
#[test]
fn the_rows_have_these_bytes() {
    for (event, kind, bytes) in events() {
        let mut room = [0; 128];
        let payload = event.encode(&mut room).unwrap();
        assert_eq!((event.kind(), event.version()), (kind, 1));
        let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, bytes, "{kind}");
        assert_eq!(Event::decode(kind, 1, payload), Ok(event.clone()));
        assert_eq!(
            Event::decode(kind, 2, payload),
            Err(EventError::Unknown { kind, version: 2 })
        );
    }
}

#[test]
fn an_uploaded_receipt_changes_no_till() {
    let mut shop = Shop::open();
    let before = shop.till.clone();
    for (event, ..) in events() {
        shop.till.apply(&event);
    }
    assert_eq!(shop.till, before);
}
