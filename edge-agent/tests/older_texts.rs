//! Documents of a program that did not hide card numbers yet: their requests are recognised when they are repeated, and their sales
//! are returned.

mod shop;

use std::path::Path;

use ferrotill::api::json::JsonValue;
use ferrotill_core::event::{Event, Mode};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::profile::{MOLDOVA, Profile as _};
use ferrotill_core::receipt::{Draft, DraftLine, DraftPayment, LineTotals, Scratch};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::till::{Command, Known, Order, Till as CoreTill, Wish};
use ferrotill_core::{Amount, Quantity};
use ferrotill_store::{Founding, Reader, Store, StoredDocument};
use sha2::{Digest as _, Sha256};
use shop::till::Till;
use shop::{DEVICE, POINT_OF_SALE};
use uuid::Uuid;

const NAME: &str = "Card 4111111111111111";
const FIRST: Uuid = Uuid::from_u128(0x7a0b_9f0e_4a4e_4a53_9a3b_0d6f_6f1f_0001);
const OLDER: Uuid = Uuid::from_u128(0x7a0b_9f0e_4a4e_4a53_9a3b_0d6f_6f1f_0002);

fn item(name: &str) -> String {
    format!(r#"{{"name":"{name}","quantity":1,"price":10.00,"taxGroupCode":"A"}}"#)
}

fn sale(id: Uuid, name: &str) -> String {
    let item = item(name);
    format!(r#"{{"id":"{id}","items":[{item}],"payments":[{{"typeCode":1,"amount":10.00}}]}}"#)
}

fn refund(name: &str) -> String {
    let (id, item) = (Uuid::new_v4(), item(name));
    format!(
        r#"{{"id":"{id}","originalReceiptId":"{OLDER}","items":[{item}],"payments":[{{"typeCode":1,"amount":10.00}}]}}"#
    )
}

/// The digest by which the first release recognised the sale: of what the caller wrote.
fn first_digest(annex: &[u8]) -> Fingerprint {
    let annex = std::str::from_utf8(annex).unwrap();
    // The annex begins with the fields that the API returns with the document.
    let (echo, _) = annex[1..].split_once(r#",{"user""#).unwrap();
    let order = format!(
        r#"{{"Sale":{{"draft":{{"lines":[{{"name":"{NAME}","quantity":1000,"price":1000,"modifier":null,"tax_group":"A","comment":"","final_amount":null}}],"modifiers":[],"payments":[[1,1000]],"header":"","footer":""}},"mode":"Automatic","number":null,"print":true}}}}"#
    );
    let device: Uuid = DEVICE.parse().unwrap();
    let point_of_sale: Uuid = POINT_OF_SALE.parse().unwrap();
    let mut digest = Sha256::new();
    digest.update(device.as_bytes());
    digest.update(order);
    digest.update([0]);
    digest.update(echo);
    digest.update(point_of_sale.as_bytes());
    Fingerprint(digest.finalize().into())
}

/// Writes a sale as the first release wrote it, with the printer's numbers of another sale.
fn write_older_sale(folder: &Path, like: &StoredDocument) {
    let device: Uuid = DEVICE.parse().unwrap();
    let point_of_sale: Uuid = POINT_OF_SALE.parse().unwrap();
    let (reserved, sealed) = (like.reserved().unwrap(), like.sealed().unwrap());
    let founding = Founding::new(MOLDOVA.facts(), Mode::Test, sealed.at);
    let mut store = Store::open(folder, &founding).unwrap();
    let mut till = store.load_till(device).unwrap();
    let lines = [DraftLine {
        name: NAME,
        quantity: Quantity::ONE,
        price: Amount::from_minor(1_000),
        tax_group: Some("A"),
        ..DraftLine::default()
    }];
    let payments = [DraftPayment {
        code: Some(1),
        amount: Amount::from_minor(1_000),
    }];
    let draft = Draft {
        lines: &lines,
        payments: &payments,
        ..Draft::default()
    };
    let order = Order {
        id: DocumentId(OLDER.into_bytes()),
        unique: UniqueId(Uuid::now_v7().into_bytes()),
        fingerprint: first_digest(reserved.annex),
        fingerprint_form: 0,
        point_of_sale: PointOfSaleId(point_of_sale.into_bytes()),
        annex: reserved.annex,
        baseline: reserved.baseline,
        wish: Wish::Sale(draft),
    };
    let settle = Command::Settle(order.id, sealed.seal);
    let mut batch = store.batch().unwrap();
    for command in [Command::Reserve(order), settle] {
        let payload = decided(&till, &command, sealed.at);
        let event = Event::decode(payload.0, payload.1, &payload.2).unwrap();
        batch
            .append((device, &mut till), sealed.at.utc_ms, &event, &payload.2)
            .unwrap();
    }
    batch.commit().unwrap();
    store.anchor();
}

/// The kind, the version and the bytes of the event that a command makes.
fn decided(
    till: &CoreTill,
    command: &Command<'_>,
    at: ferrotill_core::time::Moment,
) -> (u16, u16, Vec<u8>) {
    let (mut lines, mut bytes) = ([LineTotals::default(); 4], [0; 4_096]);
    let scratch = Scratch {
        lines: &mut lines,
        bytes: &mut bytes,
    };
    let known = Known::default();
    let event = till.decide(&MOLDOVA, command, &known, at, scratch, &mut IgnoreFaults);
    let event = event.unwrap();
    let mut room = vec![0; 8_192];
    let payload = event.encode(&mut room).unwrap().to_vec();
    (event.kind(), event.version(), payload)
}

#[test]
fn a_sale_with_a_card_number_is_repeated_and_returned_after_the_upgrade() {
    let mut till = Till::open();
    let sold = till.client().post("operations/sale", &sale(FIRST, NAME));
    assert_eq!(sold.status, 200, "{}", sold.text);
    till.stop();
    let folder = till.folder.path().join("books");
    let device: Uuid = DEVICE.parse().unwrap();
    let first = Reader::new(&folder).find(Some(device), FIRST);
    write_older_sale(&folder, &first.unwrap().unwrap());
    till.start();

    let again = till.client().post("operations/sale", &sale(OLDER, NAME));
    assert_eq!(
        (again.status, again.replayed),
        (200, true),
        "{}",
        again.text
    );
    let name = again.at("data.fiscalReceipt.items.0.name");
    assert_eq!(
        name, NAME,
        "the journal of the older program has the number"
    );
    let other = NAME.replace("Card", "Alt card");
    let other = till.client().post("operations/sale", &sale(OLDER, &other));
    let clash = (422, "registered", "RequestIdClash".to_owned());
    assert_eq!(other.verdict(), clash, "{}", other.text);

    let unknown = till
        .client()
        .post("operations/return", &refund("Card 4111111111111112"));
    assert_eq!(
        unknown.at("errorType"),
        "ReturnLineUnknown",
        "{}",
        unknown.text
    );
    let back = till.client().post("operations/return", &refund(NAME));
    assert_eq!(back.status, 200, "{}", back.text);
    let shown: &JsonValue = &back.body;
    let shown = shop::value(shown, "data.items.0.name").to_string();
    assert_eq!(shown, r#""Card 411111******1111""#);
}
