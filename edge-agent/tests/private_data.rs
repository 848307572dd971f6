//! What the till keeps of a buyer: neither contacts nor card numbers are in the journal, which can delete nothing.

mod shop;

use std::sync::atomic::Ordering;

use ferrotill_testkit::network::ProxyMode;
use shop::till::{SALE, Till};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
/// The kind of the journal rows that reserve a document.
const RESERVED: u16 = 2;

#[test]
fn contacts_and_card_numbers_of_buyers_are_not_in_the_journal() {
    let mut till = Till::open();
    let (email, phone, card) = ("ion.popa@mail.md", "+373 79 000 001", "4111111111111111");
    let (humo, uzcard, gln) = ("9860010111112222", "8600-4901-1111-2223", "9012345678906");
    let body = format!(
        r#"{{"id":"{ID}","emailAddress":"{email}","sendToEmail":true,"phoneNumber":"{phone}","additionalFooterText":"Card {card}",
            "items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A","comment":"4111 1111 1111 1111"}}],
            "payments":[{{"typeCode":1,"amount":25.50,"bankTerminalPrintData":{{"lines":["PAN {card}","{humo} {gln} {uzcard}"],"pan":{card}}}}}]}}"#
    );
    let sold = till.client().post("operations/sale", &body);
    for (field, value) in [("emailAddress", email), ("phoneNumber", phone)] {
        assert_eq!(sold.receipt(field), value);
    }
    let again = till.client().post("operations/sale", &body);
    assert!(again.replayed, "{}", again.text);
    till.stop();
    let secrets = [
        email,
        phone,
        card,
        "79 000 001",
        "4111 1111 1111 1111",
        humo,
        uzcard,
    ];
    for payload in till.payloads(RESERVED) {
        let payload = String::from_utf8_lossy(&payload);
        for secret in secrets {
            assert!(!payload.contains(secret), "{secret} in {payload}");
        }
        assert!(payload.contains(gln), "a GLN is left as it is: {payload}");
    }
    assert_eq!(
        sold.receipt("additionalFooterText"),
        "Card 411111******1111"
    );
}

#[test]
fn a_contact_is_erased_when_its_days_are_over() {
    let mut till = Till::open_with(|config| config.set("till", "contact_days", 1));
    let body = SALE.replacen(
        '{',
        &format!(r#"{{"id":"{ID}","emailAddress":"ion.popa@mail.md","#),
        1,
    );
    assert_eq!(till.client().post("operations/sale", &body).status, 200);
    till.stop();
    // The office's clock shows today, so the office cannot be reached two days later.
    till.network.set(ProxyMode::Refused);
    assert_eq!(till.contacts(), 1);
    let days = 2 * 24 * 3_600;
    till.printer_ahead_s.store(days, Ordering::Release);
    till.power_cut(days * 1_000);
    till.until("the contact is erased", |till| {
        // Each question makes the clerk begin a transaction, and the clerk looks once an hour.
        till.client().open(&format!("/operations/{ID}"));
        till.clock.skip(3_600_000);
        till.contacts() == 0
    });
}
