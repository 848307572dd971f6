//! The official example receipts, and vectors that were computed for them (`vectors/at/rksv-vectors.json`; `docs/countries/at.md`).
//!
//! The register makes every receipt again from its amounts, and the code must equal the official one letter by letter.
//! Only the signature is copied: it has a random part and is made outside of the core.

use std::fmt::Write as _;

use ferrotill_core::Amount;
use ferrotill_core::profile::at::rksv::{
    AesKey, BucketSums, CODE_BYTES_MAX, COMPACT_BYTES_MAX, CashBox, CashBoxId, ChainValue, Code,
    CounterField, CounterWidth, EncryptedCounter, Fault, Form, Kind, PAYLOAD_BYTES_MAX, Payload,
    ReceiptId, Register, Request, Signature, SignatureUnit, UNIT_FAILED, start_value,
};
use ferrotill_core::time::Moment;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/at/rksv-vectors.json")).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no text {name} in {value}"))
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    let list = value[name].as_array().unwrap();
    assert!(!list.is_empty(), "{name}");
    list
}

/// Reads whole minor units; a number with a decimal point is refused.
fn cents(value: &Value) -> Amount {
    Amount::from_minor(value.as_i64().unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn from_hex(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    }
    bytes
}

/// All times are in winter time, which ends at 2016-03-27T02:00:00. Days are counted here without the code under test.
fn moment(local: &str) -> Moment {
    let number = |from: usize, to: usize| local[from..to].parse::<i64>().unwrap();
    let days_before = [0, 31, 60, 91][usize::try_from(number(5, 7) - 1).unwrap()];
    // The number of days from 1970-01-01 to 2016-01-01 is 16801.
    let day = 16_801 + days_before + number(8, 10) - 1;
    let second = number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19);
    let offset_minutes: i16 = if local < "2016-03-27T03:00:00" {
        60
    } else {
        120
    };
    Moment {
        utc_ms: (day * 86_400 + second - i64::from(offset_minutes) * 60) * 1_000,
        offset_minutes,
    }
}

/// The kind of a receipt of the scenario, as far as the receipt shows it.
fn kind_of(receipt: &Value, sums: &BucketSums, after_failure: bool) -> Kind {
    let first = receipt["i"].as_i64() == Some(0);
    match text(receipt, "marker") {
        "STO" => Kind::Storno,
        "TRA" => Kind::Training,
        _ if first => Kind::Start,
        _ if sums.all_zero() && after_failure => Kind::Sammel,
        _ if sums.all_zero() => Kind::Null,
        _ => Kind::Standard,
    }
}

/// The five amounts of a receipt.
fn sums_of(receipt: &Value) -> BucketSums {
    match list(receipt, "cents") {
        [normal, ermaessigt1, ermaessigt2, null, besonders] => BucketSums {
            normal: cents(normal),
            ermaessigt1: cents(ermaessigt1),
            ermaessigt2: cents(ermaessigt2),
            null: cents(null),
            besonders: cents(besonders),
        },
        other => panic!("five amounts, not {other:?}"),
    }
}

#[test]
fn the_register_makes_the_official_receipts() {
    let vectors = vectors();
    for suite in list(&vectors, "suites") {
        let key = AesKey::from_base64(text(suite, "base64AESKey")).unwrap();
        assert_eq!(key.to_base64(), text(suite, "base64AESKey"));
        let mut register = Register::default();
        for receipt in list(suite, "receipts") {
            let official = text(receipt, "payload");
            let elements: Vec<&str> = official.split('_').collect();
            let cash_box = CashBox {
                id: CashBoxId::new(elements[2]).unwrap(),
                key: &key,
                width: CounterWidth::new(6).unwrap(),
            };
            let sums = sums_of(receipt);
            let kind = kind_of(receipt, &sums, register.outage_since().is_some());
            let request = Request {
                kind,
                receipt: ReceiptId::new(elements[3]).unwrap(),
                unit: SignatureUnit::new(0, elements[11]).unwrap(),
                sums,
                at: moment(elements[4]),
            };
            let payload = register.prepare(&cash_box, &request).unwrap();
            assert_eq!(payload.to_string(), official);

            let mut room = [0; PAYLOAD_BYTES_MAX];
            let jws = text(receipt, "jws");
            let theirs = Code::parse_compact(jws, &mut room).unwrap();
            let failed = receipt["scu_failed"].as_bool().unwrap();
            assert_eq!(theirs.signature == Signature::Failed, failed);

            let ours = register.seal(kind, &payload, theirs.signature).unwrap();
            assert_eq!(ours, theirs);
            assert_eq!(ours.display(Form::Compact).to_string(), jws);
            assert_eq!(ours.display(Form::Qr).to_string(), text(receipt, "qr"));
            assert_eq!(ours.display(Form::Ocr).to_string(), text(receipt, "ocr"));
            assert_eq!(Code::parse(text(receipt, "qr")), Ok(ours));
            assert_eq!(Payload::parse(official), Ok(payload));

            let mut input = String::new();
            payload.write_signing_input(&mut input).unwrap();
            assert_eq!(jws.rsplit_once('.').unwrap().0, input);
            let hash: [u8; 32] = Sha256::digest(&input).into();
            assert_eq!(payload.signing_hash(), hash);
            assert_eq!(ours.chain_value(), ChainValue::of(jws));

            register.take(kind, &ours);
            let counter = cents(&receipt["counter_after_cents"]);
            assert_eq!(register.counter(), counter, "{official}");
            if let CounterField::Encrypted(encrypted) = payload.counter {
                assert_eq!(
                    encrypted.decrypt(&key, cash_box.id, request.receipt),
                    counter
                );
            }
            let start = start_value(cash_box.id, request.receipt);
            assert_eq!(hex(&start), text(receipt, "iv_hex"));
        }
        assert!(register.outage_since().is_some(), "the last one failed");
    }
}

#[test]
fn a_changed_letter_of_an_official_code_is_noticed() {
    let vectors = vectors();
    let receipt = &list(&vectors["suites"][0], "receipts")[0];
    let qr = text(receipt, "qr");
    let official = Code::parse(qr).unwrap().chain_value();
    for at in 0..qr.len() {
        let mut changed = qr.as_bytes().to_vec();
        changed[at] ^= 1;
        // After the change the text is not a code any more, or its chain value is different.
        let changed = String::from_utf8(changed).unwrap();
        let other = Code::parse(&changed).map(|code| code.chain_value());
        assert_ne!(other, Ok(official), "{changed}");
        let shorter = [&qr[..at], &qr[at + 1..]].concat();
        let other = Code::parse(&shorter).map(|code| code.chain_value());
        assert_ne!(other, Ok(official), "{shorter}");
    }
}

#[test]
fn the_counter_is_encrypted_at_every_width() {
    let vectors = vectors();
    for vector in list(&vectors, "counter_vectors") {
        let key = AesKey::new(from_hex(text(vector, "aes_hex")));
        let cash_box = CashBoxId::new(text(vector, "cashbox")).unwrap();
        let receipt = ReceiptId::new(text(vector, "receipt")).unwrap();
        let width = CounterWidth::new(u8::try_from(vector["n"].as_u64().unwrap()).unwrap());
        let counter = cents(&vector["cents"]);
        let encrypted =
            EncryptedCounter::encrypt(&key, cash_box, receipt, counter, width.unwrap()).unwrap();
        assert_eq!(encrypted.decrypt(&key, cash_box, receipt), counter);

        // The text of the counter is compared as a part of a payload.
        let official = "_R1-AT1_BOX-1_R1_2016-03-11T03:57:08_0,00_0,00_0,00_0,00_0,00_";
        let official = format!("{official}{}_1a_cg8hNU5ihto=", text(vector, "b64"));
        let mut payload = Payload::parse(&official).unwrap();
        assert_eq!(payload.counter, CounterField::Encrypted(encrypted));
        payload.counter = CounterField::Encrypted(encrypted);
        assert_eq!(payload.to_string(), official);
    }
    // The expected start value and keystream of these ids are known from the vectors.
    let (cash_box, receipt) = (CashBoxId::new("BOX-1"), ReceiptId::new("R1"));
    let start = start_value(cash_box.unwrap(), receipt.unwrap());
    assert_eq!(hex(&start), "a725469d4f8aac4723e20073052e2230");
}

#[test]
fn a_counter_that_does_not_fit_is_refused() {
    let key = AesKey::new([7; 32]);
    let (cash_box, receipt) = (CashBoxId::new("B").unwrap(), ReceiptId::new("1").unwrap());
    for bytes in 5..=8_u8 {
        let width = CounterWidth::new(bytes).unwrap();
        let most = i64::MAX >> (64 - 8 * u32::from(bytes));
        let fits = |minor: i64| {
            EncryptedCounter::encrypt(&key, cash_box, receipt, Amount::from_minor(minor), width)
                .is_ok_and(|counter| counter.as_bytes().len() == usize::from(bytes))
        };
        assert!(fits(most) && fits(-most - 1), "{bytes}");
        if bytes < 8 {
            assert!(!fits(most + 1) && !fits(-most - 2), "{bytes}");
        }
    }
    for bytes in [0, 4, 9, 255] {
        assert!(CounterWidth::new(bytes).is_err(), "{bytes}");
    }
}

#[test]
fn chain_values_checksums_and_markers() {
    let vectors = vectors();
    for vector in list(&vectors, "chain_vectors") {
        let value = ChainValue::of(text(vector, "input"));
        assert_eq!(value.to_string(), text(vector, "chain"));
    }
    for vector in list(&vectors, "aes_checksum_vectors") {
        let key = AesKey::from_base64(text(vector, "base64AESKey")).unwrap();
        assert_eq!(key.checksum(), text(vector, "checksum"));
        assert_eq!(format!("{key:?}"), "AesKey(secret)");
    }
    let markers = &vectors["markers"];
    let code = |counter: &str| {
        format!(
            "_R1-AT0_B_1_2016-03-11T03:57:08_0,00_0,00_0,00_0,00_0,00_{counter}_U:ATU12345678-K1_cg8hNU5ihto=_{}",
            text(markers, "fail_b64")
        )
    };
    for (name, field) in [
        ("STO", CounterField::Storno),
        ("TRA", CounterField::Training),
    ] {
        let qr = code(text(markers, name));
        let parsed = Code::parse(&qr).unwrap();
        assert_eq!(parsed.payload.counter, field);
        assert_eq!(parsed.signature, Signature::Failed);
        assert_eq!(parsed.display(Form::Qr).to_string(), qr);
        let ocr = parsed.display(Form::Ocr).to_string();
        assert!(ocr.ends_with(&format!("_{}", text(markers, "fail_b32"))));
        let compact = parsed.display(Form::Compact).to_string();
        assert!(compact.ends_with(&format!(".{}", text(markers, "fail_b64url"))));
    }
    assert_eq!(UNIT_FAILED, "Sicherheitseinrichtung ausgefallen");
    for bad in [
        "KBWQ====",
        "U1RP=",
        "U1RQ",
        "",
        "AAA=",
        "AAAA",
        "AAAAAA==",
        "AAAAAAAAAAAA",
        "xMxGSlA",
        "xMxGSl-=",
    ] {
        assert!(Code::parse(&code(bad)).is_err(), "{bad}");
    }
}

#[test]
fn a_fault_names_its_element() {
    let good = [
        "R1-AT0",
        "B",
        "1",
        "2016-03-11T03:57:08",
        "0,00",
        "0,00",
        "0,00",
        "0,00",
        "0,00",
        "U1RP",
        "U:ATU12345678-K1",
        "cg8hNU5ihto=",
    ];
    let read = |elements: &[&str]| {
        let text = format!("_{}", elements.join("_"));
        Payload::parse(&text).map(|payload| assert_eq!(payload.to_string(), text))
    };
    assert_eq!(read(&good), Ok(()));
    for (element, bad) in [
        (0, "R1-AT1x"),
        (0, ""),
        (1, " B"),
        (2, ""),
        (3, "2016-03-11"),
        (4, "0.00"),
        (8, "1.000,00"),
        (9, "AAAA"),
        (10, "3bc41de5"),
        (11, ""),
        (11, "cg8hNU5ihg=="),
        (11, "cg8hNU5ihto"),
        (11, "cg8hNU5ihtoA"),
    ] {
        let mut elements = good;
        elements[element] = bad;
        let element = u8::try_from(element).unwrap();
        assert_eq!(read(&elements), Err(Fault::Malformed { element }), "{bad}");
    }
    let wrong_count = Err(Fault::Malformed { element: 13 });
    assert_eq!(read(&good[..11]), wrong_count);
    assert_eq!(read(&[&good[..], &["x"]].concat()), wrong_count);
    let element = 0;
    assert_eq!(
        Payload::parse("x_R1-AT0").err(),
        Some(Fault::Malformed { element })
    );

    let failed = "U2ljaGVyaGVpdHNlaW5yaWNodHVuZyBhdXNnZWZhbGxlbg==";
    let code = |rest: &str| format!("_{}{rest}", good.join("_"));
    assert!(Code::parse(&code(&format!("_{failed}"))).is_ok());
    let fault = |rest: &str| match Code::parse(&code(rest)) {
        Err(Fault::Malformed { element }) => element,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(""), 13);
    assert_eq!(fault("_"), 12);
    assert_eq!(fault("_AAAA"), 12);
    assert_eq!(fault(&format!("_{failed}_")), 13);
}

#[test]
fn a_compact_form_has_one_header_and_three_parts() {
    let vectors = vectors();
    let jws = text(&list(&vectors["suites"][0], "receipts")[0], "jws");
    let [header, payload, signature] = jws.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts: {jws}");
    };
    for bad in [
        String::new(),
        format!("{header}.{payload}"),
        format!("{jws}."),
        format!("{header}=.{payload}.{signature}"),
        // The header decodes to {"alg":"HS256"}.
        format!("eyJhbGciOiJIUzI1NiJ9.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}.{payload}.AAAA"),
        format!("{header}.{payload}.{signature}AAAA"),
        format!("{header}.__8.{signature}"),
    ] {
        let mut room = [0; PAYLOAD_BYTES_MAX];
        let read = Code::parse_compact(&bad, &mut room);
        assert_eq!(read.err(), Some(Fault::CompactMalformed), "{bad}");
    }
}

#[test]
fn the_keys_of_the_official_closed_system_are_accepted_as_serials() {
    let vectors = vectors();
    let keys = vectors["suites"][0]["keys"].as_object().unwrap();
    assert_eq!(keys.len(), 3);
    for serial in keys.keys() {
        assert_eq!(SignatureUnit::new(0, serial).unwrap().serial(), serial);
    }
}

#[test]
fn the_longest_and_the_shortest_code_are_within_the_limits() {
    let extreme = Amount::from_minor(i64::MIN);
    let longest_sums = BucketSums {
        normal: extreme,
        ermaessigt1: extreme,
        ermaessigt2: extreme,
        null: extreme,
        besonders: extreme,
    };
    let (id, serial) = ("ä".repeat(64), "f".repeat(64));
    let cash_box = CashBoxId::new(&id).unwrap();
    let receipt = ReceiptId::new(&id).unwrap();
    let encrypted = EncryptedCounter::encrypt(
        &AesKey::new([0; 32]),
        cash_box,
        receipt,
        extreme,
        CounterWidth::EIGHT,
    );
    let shortest = "_R1-AT1_B_1_2016-03-11T03:57:08_0,00_0,00_0,00_0,00_0,00_U1RP_1_cg8hNU5ihto=";
    let shortest = Code {
        payload: Payload::parse(shortest).unwrap(),
        signature: Signature::Failed,
    };
    let longest = Code {
        payload: Payload {
            unit: SignatureUnit::new(u16::MAX, &serial).unwrap(),
            cash_box,
            receipt,
            sums: longest_sums,
            counter: CounterField::Encrypted(encrypted.unwrap()),
            ..shortest.payload
        },
        signature: Signature::Made([0xFF; 64]),
    };
    assert_eq!(longest.payload.to_string().len(), PAYLOAD_BYTES_MAX);
    assert_eq!(longest.display(Form::Ocr).to_string().len(), CODE_BYTES_MAX);
    assert!(longest.display(Form::Qr).to_string().len() <= CODE_BYTES_MAX);
    let compact = longest.display(Form::Compact).to_string();
    assert!((COMPACT_BYTES_MAX - 2..=COMPACT_BYTES_MAX).contains(&compact.len()));
    assert!(shortest.display(Form::Qr).to_string().len() >= 100);

    let mut room = [0; PAYLOAD_BYTES_MAX];
    assert_eq!(Code::parse_compact(&compact, &mut room), Ok(longest));
    let mut too_little = [0; PAYLOAD_BYTES_MAX - 1];
    assert!(Code::parse_compact(&compact, &mut too_little).is_err());
}
