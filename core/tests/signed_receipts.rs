//! Receipts that a signature unit signs: what the till allows between preparing and signing, and what it remembers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::Amount;
use ferrotill_core::event::{Event, ReceiptPrepared, ReceiptSigned, UnitAdopted};
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::signed::{
    AesKey, BucketSums, CashBox, CashBoxId, Code, CounterWidth, Form, Kind, Payload, ReceiptId,
    Request, Signature, SignatureUnit,
};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Till, Wish};

use shop::{SALE, Shop, moment};

const SIGNED: Signature = Signature::Made([7; 64]);

fn open() -> Shop {
    let mut shop = Shop::open();
    shop.country = "AT";
    shop
}

/// The payload of the next receipt.
fn payload(till: &Till, now: i64, kind: Kind, cents: i64) -> String {
    let key = AesKey::new([1; 32]);
    let id = till.signed().next_id();
    let cash_box = CashBox {
        id: CashBoxId::new("BOX-1").unwrap(),
        key: &key,
        width: CounterWidth::EIGHT,
    };
    let request = Request {
        kind,
        receipt: ReceiptId::new(&id).unwrap(),
        unit: SignatureUnit::new(9, "a1b2").unwrap(),
        sums: BucketSums {
            normal: Amount::from_minor(cents),
            ..BucketSums::default()
        },
        at: moment(now),
    };
    let register = till.signed().register();
    register.prepare(&cash_box, &request).unwrap().to_string()
}

fn compact(payload: &str, signature: Signature) -> String {
    let payload = Payload::parse(payload).unwrap();
    Code { payload, signature }
        .display(Form::Compact)
        .to_string()
}

fn prepare(
    shop: &mut Shop,
    document: Option<u8>,
    kind: Kind,
    payload: &str,
) -> Result<(), Refusal> {
    let receipt = ReceiptPrepared {
        at: moment(shop.now),
        document: document.map(|id| DocumentId([id; 16])),
        kind,
        payload,
    };
    shop.run(Command::PrepareReceipt(receipt), Known::default())
}

fn sign(shop: &mut Shop, kind: Kind, compact: &str) -> Result<(), Refusal> {
    let at = moment(shop.now);
    let receipt = ReceiptSigned { at, kind, compact };
    shop.run(Command::SignReceipt(receipt), Known::default())
}

fn seal(shop: &mut Shop, id: u8, kind: Kind, compact: &str) -> Result<(), Refusal> {
    let seal = Seal::Signature { kind, compact };
    shop.run(
        Command::Settle(DocumentId([id; 16]), seal),
        Known::default(),
    )
}

/// A receipt without a document, prepared and signed.
fn make(shop: &mut Shop, kind: Kind, signature: Signature) {
    let text = payload(&shop.till, shop.now, kind, 0);
    prepare(shop, None, kind, &text).unwrap();
    sign(shop, kind, &compact(&text, signature)).unwrap();
}

fn reserve(shop: &mut Shop, id: u8) -> Result<(), Refusal> {
    shop.reserve_without_printer(id, Wish::Sale(SALE), Known::default())
}

#[test]
fn a_receipt_is_prepared_before_it_is_signed_and_none_is_prepared_in_between() {
    let mut shop = open();
    let start = payload(&shop.till, shop.now, Kind::Start, 0);
    assert_eq!(
        sign(&mut shop, Kind::Start, &compact(&start, SIGNED)),
        Err(Refusal::NotOutstanding)
    );
    prepare(&mut shop, None, Kind::Start, &start).unwrap();
    assert_eq!(
        shop.till.signed().prepared().unwrap().payload,
        start.as_str()
    );
    assert_eq!(shop.till.signed().receipts(), 1);
    assert_eq!(
        prepare(&mut shop, None, Kind::Start, &start),
        Err(Refusal::DeviceUnsettled)
    );
    // The start receipt is not valid without a signature, and stays prepared.
    let unsigned = compact(&start, Signature::Failed);
    assert!(sign(&mut shop, Kind::Start, &unsigned).is_err());
    assert!(sign(&mut shop, Kind::Null, &unsigned).is_err());
    sign(&mut shop, Kind::Start, &compact(&start, SIGNED)).unwrap();
    assert_eq!(shop.till.signed().prepared(), None);
    assert_eq!(shop.till.signed().cash_box(), "BOX-1");

    reserve(&mut shop, 1).unwrap();
    let sale = payload(&shop.till, shop.now, Kind::Standard, 1_000);
    assert_eq!(
        prepare(&mut shop, None, Kind::Standard, &sale),
        Err(Refusal::DeviceUnsettled)
    );
    assert_eq!(
        prepare(&mut shop, Some(2), Kind::Standard, &sale),
        Err(Refusal::DeviceUnsettled)
    );
    prepare(&mut shop, Some(1), Kind::Standard, &sale).unwrap();
    assert_eq!(shop.till.signed().next_id(), "3");
    let signed = compact(&sale, SIGNED);
    assert_eq!(
        seal(&mut shop, 1, Kind::Storno, &signed),
        Err(Refusal::SealMismatch)
    );
    let another = compact(&sale.replace("10,00", "11,00"), SIGNED);
    assert_eq!(
        seal(&mut shop, 1, Kind::Standard, &another),
        Err(Refusal::SealMismatch)
    );
    let journal = Command::Settle(DocumentId([1; 16]), Seal::Journal);
    assert_eq!(
        shop.run(journal, Known::default()),
        Err(Refusal::SealMismatch)
    );
    seal(&mut shop, 1, Kind::Standard, &signed).unwrap();
    assert_eq!(
        shop.till.signed().register().counter(),
        Amount::from_minor(1_000)
    );
    assert_eq!(shop.till.last_number(), 1);
}

#[test]
fn a_receipt_of_another_chain_number_or_cash_box_is_not_prepared() {
    let mut shop = open();
    let first = payload(&shop.till, shop.now, Kind::Start, 0);
    make(&mut shop, Kind::Start, SIGNED);
    let next = payload(&shop.till, shop.now, Kind::Null, 0);
    let again = next.replacen("_2_", "_1_", 1);
    let other_box = next.replacen("BOX-1", "BOX-2", 1);
    for text in [first, again, other_box, "no receipt".to_owned()] {
        assert!(
            prepare(&mut shop, None, Kind::Null, &text).is_err(),
            "{text}"
        );
    }
    prepare(&mut shop, None, Kind::Null, &next).unwrap();
}

#[test]
fn a_collective_receipt_that_no_unit_signs_is_a_receipt_over_zero_and_is_due_again() {
    let mut shop = open();
    make(&mut shop, Kind::Start, SIGNED);
    make(&mut shop, Kind::Null, Signature::Failed);
    assert!(shop.till.signed().register().outage_since().is_some());
    let collective = payload(&shop.till, shop.now, Kind::Sammel, 0);
    prepare(&mut shop, None, Kind::Sammel, &collective).unwrap();
    let unsigned = compact(&collective, Signature::Failed);
    assert!(sign(&mut shop, Kind::Sammel, &unsigned).is_err());
    sign(&mut shop, Kind::Null, &unsigned).unwrap();
    assert!(shop.till.signed().register().outage_since().is_some());
    make(&mut shop, Kind::Sammel, SIGNED);
    assert_eq!(shop.till.signed().register().outage_since(), None);
}

#[test]
fn cash_and_reports_are_sealed_by_the_journal_and_no_alternative_receipt_is_sold() {
    let mut shop = open();
    make(&mut shop, Kind::Start, SIGNED);
    let cash = Wish::Cash(Amount::from_minor(500));
    shop.reserve_without_printer(1, cash, Known::default())
        .unwrap();
    let journal = Command::Settle(DocumentId([1; 16]), Seal::Journal);
    shop.run(journal, Known::default()).unwrap();
    let alternative = Wish::AlternativeSale(SALE, None);
    let refused = shop.reserve_without_printer(2, alternative, Known::default());
    assert_eq!(refused, Err(Refusal::NoAlternativeReceipts));
}

#[test]
fn a_snapshot_keeps_the_prepared_receipt_and_the_unit() {
    let mut shop = open();
    let unit = UnitAdopted {
        at: moment(shop.now),
        provider: 9,
        serial: "a1b2",
        certificate: true,
        public: &[1, 2, 3],
    };
    shop.run(Command::AdoptUnit(unit), Known::default())
        .unwrap();
    let start = payload(&shop.till, shop.now, Kind::Start, 0);
    prepare(&mut shop, None, Kind::Start, &start).unwrap();
    assert!(shop.till.signed().has_unit(9, "a1b2"));
    assert!(!shop.till.signed().has_unit(9, "a1b3"));
    let mut room = vec![0; 1 << 14];
    let stored = postcard::to_slice(&shop.till, &mut room).unwrap();
    assert_eq!(postcard::from_bytes::<Till>(stored).unwrap(), shop.till);
}

/// The rows of the journal must be readable for ever: these bytes never change.
#[test]
fn the_encoding_of_the_events_is_frozen() {
    let at = moment(1_795_262_400_000);
    let unit = UnitAdopted {
        at,
        provider: 9,
        serial: "a1",
        certificate: true,
        public: &[1, 2],
    };
    let prepared = ReceiptPrepared {
        at,
        document: Some(DocumentId([3; 16])),
        kind: Kind::Sammel,
        payload: "_p",
    };
    let signed = ReceiptSigned {
        at,
        kind: Kind::Start,
        compact: "a.b.c",
    };
    let mut room = [0; 128];
    for (event, kind, expected) in [
        (
            Event::UnitAdopted(unit),
            15,
            "8098d2dfbf68f0010902613101020102",
        ),
        (
            Event::ReceiptPrepared(prepared),
            16,
            "8098d2dfbf68f001010303030303030303030303030303030308025f70",
        ),
        (
            Event::ReceiptSigned(signed),
            17,
            "8098d2dfbf68f0010305612e622e63",
        ),
    ] {
        assert_eq!((event.kind(), event.version()), (kind, 1));
        let bytes = event.encode(&mut room).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected, "{kind}");
        assert_eq!(Event::decode(kind, 1, bytes).unwrap(), event);
    }
}
