//! Receipts without lines, and the resources of an API: what the till allows, and the frozen encoding of their rows.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use std::fmt::Write as _;

use ferrotill_core::Amount;
use ferrotill_core::document::{AmountsKind, AmountsReceipt, Body, DocumentKind};
use ferrotill_core::event::{
    Event, EventError, ReceiptNoted, ResourceChanged, ResourceKind, ResourceState,
};
use ferrotill_core::id::DocumentId;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::till::{Known, Wish};

use shop::{Shop, moment};

const fn receipt(standard: i64, zero: i64) -> AmountsReceipt {
    AmountsReceipt {
        kind: AmountsKind::Void,
        standard: Amount::from_minor(standard),
        reduced: Amount::ZERO,
        second_reduced: Amount::ZERO,
        zero: Amount::from_minor(zero),
        special: Amount::from_minor(1),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

#[test]
fn a_receipt_without_lines_is_for_signatures_alone_and_opens_no_shift() {
    let wish = |standard| Wish::Amounts(receipt(standard, -3));
    for (country, standard, expected) in [
        ("AT", -1_200, Ok(())),
        ("AT", 0, Ok(())),
        ("MD", 1_200, Err(Refusal::SealMismatch)),
        ("UA", 1_200, Err(Refusal::SealMismatch)),
    ] {
        let mut shop = Shop::open();
        shop.country = country;
        let reserved = shop.reserve_without_printer(1, wish(standard), Known::default());
        assert_eq!(reserved, expected, "{country} {standard}");
        assert!(shop.till.shift().is_none());
    }
    for standard in [100_000_000_000, i64::MAX, i64::MIN] {
        let mut shop = Shop::open();
        shop.country = "AT";
        let reserved = shop.reserve_without_printer(1, wish(standard), Known::default());
        assert!(
            matches!(reserved, Err(Refusal::AmountTooLarge { .. })),
            "{reserved:?}"
        );
    }
    assert_eq!(receipt(-5, 2).total(), Some(Amount::from_minor(-2)));
    assert_eq!(receipt(i64::MAX, 2).total(), None);
    let body = Body::Amounts(receipt(1, 1));
    assert_eq!(body.kind(), DocumentKind::AmountsReceipt);
    assert_eq!(body.kind().name(), "amounts_receipt");
}

/// Do not change the bytes: rows with them are stored in shops.
#[test]
fn the_rows_have_these_bytes() {
    let changed = Event::ResourceChanged(ResourceChanged {
        at: moment(0),
        kind: ResourceKind::CashRegister,
        id: [7; 16],
        state: ResourceState::Initialized,
        details: "{}",
    });
    let noted = Event::ReceiptNoted(ReceiptNoted {
        at: moment(0),
        id: DocumentId([9; 16]),
        note: "{\"a\":\"b\"}",
    });
    for (event, kind, bytes) in [(changed, 25, CHANGED), (noted, 26, NOTED)] {
        let mut room = [0; 128];
        let payload = event.encode(&mut room).unwrap();
        assert_eq!((event.kind(), event.version()), (kind, 1));
        assert_eq!(hex(payload), bytes);
        assert_eq!(Event::decode(kind, 1, payload), Ok(event.clone()));
        assert_eq!(
            Event::decode(kind, 2, payload),
            Err(EventError::Unknown { kind, version: 2 })
        );
    }
    let mut shop = Shop::open();
    shop.country = "AT";
    let wish = Wish::Amounts(receipt(-1_200, 50));
    shop.reserve_without_printer(1, wish, Known::default())
        .unwrap();
    let mut room = [0; 64];
    let body = postcard::to_slice(&Body::Amounts(receipt(-1_200, 50)), &mut room).unwrap();
    assert_eq!(hex(body), BODY);
}

const CHANGED: &str = "00f001010707070707070707070707070707070702027b7d";
const NOTED: &str = "00f00109090909090909090909090909090909097b2261223a2262227d";
const BODY: &str = "0401df1200006402";

#[test]
fn a_state_follows_the_one_before() {
    use ResourceState::{Created, Decommissioned, Defective, Initialized, Outage, Registered};
    let allowed = |kind| {
        let mut pairs = Vec::new();
        for from in ResourceState::ALL {
            for to in ResourceState::ALL {
                if from.may_become(to, kind) {
                    pairs.push((from, to));
                }
            }
        }
        pairs
    };
    assert_eq!(
        allowed(ResourceKind::SignatureUnit),
        [
            (Created, Initialized),
            (Created, Decommissioned),
            (Initialized, Decommissioned),
        ]
    );
    assert_eq!(
        allowed(ResourceKind::CashRegister),
        [
            (Created, Registered),
            (Registered, Initialized),
            (Initialized, Outage),
            (Initialized, Defective),
            (Initialized, Decommissioned),
            (Outage, Initialized),
            (Outage, Defective),
            (Outage, Decommissioned),
        ]
    );
    for kind in [ResourceKind::TaxOfficeUser, ResourceKind::Settings] {
        assert_eq!(allowed(kind), []);
    }
}
