//! Damaged protocols: each damage is refused with its reason and the number of the receipt, and nothing else is reported.

mod common;

use common::{checked, flaws, replayed, scenario};
use ferrotill_core::Amount;
use ferrotill_core::profile::at::rksv::{
    AesKey, Code, CounterField, CounterWidth, EncryptedCounter, Form, PAYLOAD_BYTES_MAX, Payload,
    Signature,
};
use ferrotill_rksv::{
    DepWriter, KeyMaterial, SigningUnit, SoftwareUnit, SystemKind, UnitKey, check_dep,
};
use serde_json::{Value, json};

/// A protocol of a cash box whose keys the test has, so that it can sign whatever it wants.
struct Forger {
    unit: SoftwareUnit,
    keys: KeyMaterial,
}

const START: &str =
    "_R1-AT0_K_1_2026-07-01T08:00:00_0,00_0,00_0,00_0,00_0,00_AAAAAAA=_U:ATU1-K0_AAAAAAAAAAA=";

/// One receipt of a forged protocol. The chain is always right, and so is the counter unless the receipt says otherwise.
#[derive(Clone)]
struct Forged<'a> {
    id: &'a str,
    at: &'a str,
    cents: i64,
    marker: Option<CounterField>,
    counter: Option<i64>,
    cash_box: &'a str,
    suite: &'a str,
    signed: bool,
}

impl<'a> Forged<'a> {
    fn new(id: &'a str, cents: i64) -> Self {
        Self {
            id,
            at: "2026-07-01T08:00:00",
            cents,
            marker: None,
            counter: None,
            cash_box: "K",
            suite: "R1-AT0",
            signed: true,
        }
    }

    fn unsigned(id: &'a str, cents: i64) -> Self {
        Self {
            signed: false,
            ..Self::new(id, cents)
        }
    }
}

impl Forger {
    fn new() -> Self {
        let pkcs8 = SoftwareUnit::new_key().unwrap();
        let unit = SoftwareUnit::with_key("U:ATU1-K0", &pkcs8).unwrap();
        let keys = KeyMaterial {
            aes_key: AesKey::new([9; 32]),
            units: [("U:ATU1-K0".to_owned(), unit.key().clone())].into(),
        };
        Self { unit, keys }
    }

    fn protocol(&self, receipts: &[Forged<'_>]) -> Vec<u8> {
        let mut writer = DepWriter::new(Vec::new()).unwrap();
        let mut counter = 0;
        let mut before: Option<String> = None;
        for receipt in receipts {
            let serial = match receipt.suite {
                "R1-AT0" => "U:ATU1-K0",
                _ => "1a",
            };
            let text = START
                .replace(
                    "_R1-AT0_K_1_",
                    &format!("_{}_{}_{}_", receipt.suite, receipt.cash_box, receipt.id),
                )
                .replace("U:ATU1-K0", serial)
                .replace("2026-07-01T08:00:00", receipt.at);
            let mut payload = Payload::parse(&text).unwrap();
            payload.sums.normal = Amount::from_minor(receipt.cents);
            if receipt.marker != Some(CounterField::Training) {
                counter += receipt.cents;
            }
            let shown = Amount::from_minor(receipt.counter.unwrap_or(counter));
            payload.counter = receipt.marker.unwrap_or(CounterField::Encrypted(
                EncryptedCounter::encrypt(
                    &self.keys.aes_key,
                    payload.cash_box,
                    payload.receipt,
                    shown,
                    CounterWidth::EIGHT,
                )
                .unwrap(),
            ));
            let chained = before.as_deref().unwrap_or(receipt.cash_box);
            payload.previous = ferrotill_core::profile::at::rksv::ChainValue::of(chained);
            let signature = match receipt.signed {
                true => Signature::Made(self.unit.sign(&payload).unwrap()),
                false => Signature::Failed,
            };
            let code = Code { payload, signature };
            let compact = code.display(Form::Compact).to_string();
            writer.receipt(&compact).unwrap();
            before = Some(compact);
        }
        writer.finish().unwrap()
    }

    /// The flaws of a forged protocol.
    fn flaws(&self, receipts: &[Forged<'_>]) -> Vec<(u64, &'static str)> {
        flaws(&checked(&self.protocol(receipts), &self.keys))
    }
}

/// Flaws that only the owner of the keys can make.
#[test]
fn a_rule_that_a_signed_receipt_breaks_is_named() {
    let forger = Forger::new();
    let start = Forged::new("1", 0);
    let sale = |id| Forged::new(id, 100);
    let case = |receipts: &[Forged<'_>], expected: &[(u64, &str)]| {
        let all = [std::slice::from_ref(&start), receipts].concat();
        assert_eq!(forger.flaws(&all), expected);
    };
    case(&[sale("2"), sale("3")], &[]);
    // The counter: wrong once, and wrong behind a void, which does not show it.
    let wrong = Forged {
        counter: Some(99),
        ..sale("2")
    };
    case(
        &[wrong, sale("3")],
        &[(2, "counter_wrong"), (3, "counter_wrong")],
    );
    let void = Forged {
        marker: Some(CounterField::Storno),
        ..Forged::new("2", -40)
    };
    let behind = Forged {
        counter: Some(100),
        ..sale("3")
    };
    case(&[void.clone(), sale("3")], &[]);
    case(&[void, behind], &[(3, "counter_wrong")]);
    let counted = Forged {
        counter: Some(140),
        ..sale("3")
    };
    let training = Forged {
        marker: Some(CounterField::Training),
        ..Forged::new("2", 40)
    };
    case(&[training, counted], &[(3, "counter_wrong")]);
    let large = Forged {
        marker: Some(CounterField::Storno),
        ..Forged::new("2", i64::MAX)
    };
    let shown = Forged {
        counter: Some(0),
        cents: 0,
        ..sale("4")
    };
    let one_more = Forged {
        marker: Some(CounterField::Storno),
        ..Forged::new("3", -i64::MAX)
    };
    case(&[large, one_more, shown], &[]);
    // One key stream for two counters.
    case(&[sale("2"), sale("2")], &[(3, "receipt_id_repeated")]);
    case(&[sale("1")], &[(2, "receipt_id_repeated")]);
    let other_split = Forged {
        cash_box: "K2",
        ..sale("3")
    };
    case(
        &[sale("23"), other_split],
        &[(3, "cash_box_changed"), (3, "receipt_id_repeated")],
    );
    let back = Forged {
        at: "2026-07-01T07:59:59",
        ..sale("2")
    };
    case(&[back], &[(2, "time_backwards")]);
    let open = Forged {
        suite: "R1-AT1",
        ..sale("2")
    };
    case(&[open], &[(2, "systems_mixed"), (2, "key_unknown")]);
    // Outages.
    let failed = |id| Forged::unsigned(id, 100);
    let null = |id| Forged::new(id, 0);
    case(&[failed("2"), null("3"), sale("4")], &[]);
    case(&[failed("2"), sale("3"), null("4")], &[]);
    case(&[failed("2"), sale("3")], &[]);
    case(
        &[failed("2"), sale("3"), sale("4"), null("5")],
        &[(4, "sammelbeleg_late")],
    );
    case(
        &[failed("2"), sale("3"), failed("4"), null("5")],
        &[(4, "sammelbeleg_late")],
    );
    case(
        &[failed("2"), sale("3"), Forged::unsigned("4", 0), null("5")],
        &[(4, "sammelbeleg_late")],
    );
    case(&[failed("2"), null("3"), failed("4"), null("5")], &[]);
    let zero_void = |id| Forged {
        marker: Some(CounterField::Storno),
        ..Forged::new(id, 0)
    };
    case(
        &[failed("2"), zero_void("3"), zero_void("4"), null("5")],
        &[(4, "sammelbeleg_late")],
    );
}

#[test]
fn the_startbeleg_has_rules_of_its_own() {
    let forger = Forger::new();
    let case = |start: Forged<'_>, expected: &[(u64, &str)]| {
        let next = Forged::new("2", 100);
        assert_eq!(forger.flaws(&[start, next]), expected);
    };
    case(Forged::new("1", 0), &[]);
    case(Forged::new("1", 5), &[(1, "start_not_zero")]);
    case(Forged::unsigned("1", 0), &[(1, "start_unsigned")]);
    let void = Forged {
        marker: Some(CounterField::Storno),
        ..Forged::new("1", 0)
    };
    case(void, &[(1, "start_not_zero")]);
    let counter = Forged {
        counter: Some(7),
        ..Forged::new("1", 0)
    };
    case(counter, &[(1, "counter_wrong"), (2, "counter_wrong")]);
    // A Nullbeleg without a signature is allowed, and it is counted, because a Jahresbeleg must be signed.
    let receipts = [
        Forged::new("1", 0),
        Forged::unsigned("2", 0),
        Forged::new("3", 0),
    ];
    let found = checked(&forger.protocol(&receipts), &forger.keys);
    assert!(found.is_accepted());
    assert_eq!(found.unsigned_zero, 1);
    let empty = forger.protocol(&[]);
    assert_eq!(
        flaws(&checked(&empty, &forger.keys)),
        [(0, "protocol_empty")]
    );
}

/// A protocol as JSON that a test changes.
struct Protocol {
    json: Value,
    keys: KeyMaterial,
}

impl Protocol {
    /// Nine receipts of three units: start, sale, void, training, Nullbeleg, sale without a signature, Sammelbeleg, sale, and a sale
    /// without a signature.
    fn new(system: SystemKind) -> Self {
        let (dep, made) = replayed(&scenario("units-take-turns"), system, 6);
        Self {
            json: serde_json::from_slice(&dep).unwrap(),
            keys: made.keys,
        }
    }

    fn receipts(&mut self) -> &mut Vec<Value> {
        let list = &mut self.json["Belege-Gruppe"][0]["Belege-kompakt"];
        list.as_array_mut().unwrap()
    }

    /// Changes one receipt, counted from 1.
    fn change(&mut self, number: usize, change: impl FnOnce(&str) -> String) {
        let receipt = &mut self.receipts()[number - 1];
        *receipt = json!(change(receipt.as_str().unwrap()));
    }

    /// Writes the code of a receipt again after a change, with the old signature.
    fn change_payload(&mut self, number: usize, change: impl FnOnce(&mut Payload<'_>)) {
        self.change(number, |compact| {
            let mut room = [0; PAYLOAD_BYTES_MAX];
            let mut code = Code::parse_compact(compact, &mut room).unwrap();
            change(&mut code.payload);
            code.display(Form::Compact).to_string()
        });
    }

    fn flaws(&self) -> Vec<(u64, &'static str)> {
        flaws(&checked(self.json.to_string().as_bytes(), &self.keys))
    }
}

#[test]
fn a_damage_is_refused_with_its_reason_and_its_receipt() {
    for system in [SystemKind::Open, SystemKind::Closed] {
        let case = |damage: &dyn Fn(&mut Protocol), expected: &[(u64, &str)]| {
            let mut protocol = Protocol::new(system);
            damage(&mut protocol);
            assert_eq!(protocol.flaws(), expected, "{system:?}");
        };
        case(&|_| {}, &[]);
        // A digit of an amount.
        case(
            &|protocol| {
                protocol.change_payload(2, |payload| payload.sums.normal = Amount::from_minor(200));
            },
            &[
                (2, "counter_wrong"),
                (2, "signature_wrong"),
                (3, "chain_broken"),
            ],
        );
        // A digit of the amount of a void, which shows no counter: the next counter differs.
        case(
            &|protocol| {
                protocol
                    .change_payload(3, |payload| payload.sums.normal = Amount::from_minor(-101));
            },
            &[
                (3, "signature_wrong"),
                (4, "chain_broken"),
                (5, "counter_wrong"),
            ],
        );
        // A digit of a receipt without a signature: only the chain and the counter notice.
        case(
            &|protocol| {
                protocol.change_payload(6, |payload| payload.sums.normal = Amount::from_minor(351));
            },
            &[(6, "counter_wrong"), (7, "chain_broken")],
        );
        // A pair that is swapped.
        case(
            &|protocol| protocol.receipts().swap(3, 4),
            &[
                (4, "chain_broken"),
                (5, "time_backwards"),
                (5, "chain_broken"),
                (6, "chain_broken"),
            ],
        );
        // A receipt that is missing, and the first receipts that are missing.
        case(
            &|protocol| drop(protocol.receipts().remove(1)),
            &[(2, "chain_broken"), (4, "counter_wrong")],
        );
        case(
            &|protocol| drop(protocol.receipts().drain(..2)),
            &[(1, "start_missing")],
        );
        // A receipt that stands there twice: the key stream of its counter is used twice.
        case(
            &|protocol| {
                let receipt = protocol.receipts()[1].clone();
                protocol.receipts().insert(2, receipt);
            },
            &[
                (3, "receipt_id_repeated"),
                (3, "chain_broken"),
                (3, "counter_wrong"),
            ],
        );
        // A signature of another receipt.
        case(
            &|protocol| {
                let other = protocol.receipts()[0].as_str().unwrap().to_owned();
                let other = other.rsplit('.').next().unwrap().to_owned();
                protocol.change(2, |compact| {
                    let (rest, _) = compact.rsplit_once('.').unwrap();
                    format!("{rest}.{other}")
                });
            },
            &[(2, "signature_wrong"), (3, "chain_broken")],
        );
        // A signature that is taken away.
        case(
            &|protocol| {
                protocol.change(13, |compact| {
                    let (rest, _) = compact.rsplit_once('.').unwrap();
                    format!("{rest}.U2ljaGVyaGVpdHNlaW5yaWNodHVuZyBhdXNnZWZhbGxlbg")
                });
                protocol.change(1, |compact| {
                    let (rest, _) = compact.rsplit_once('.').unwrap();
                    format!("{rest}.U2ljaGVyaGVpdHNlaW5yaWNodHVuZyBhdXNnZWZhbGxlbg")
                });
            },
            &[
                (1, "start_unsigned"),
                (2, "chain_broken"),
                (3, "sammelbeleg_late"),
            ],
        );
        // Forms that the rules do not allow: another header, padding, DER instead of r and s, a QR text.
        for change in [
            |compact: &str| compact.replacen("eyJhbGciOiJFUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9", 1),
            |compact: &str| format!("{compact}=="),
            |compact: &str| format!("{}MEUCIQ", compact.trim_end_matches(|c| c != '.')),
            |_: &str| "_R1-AT0_K_1".to_owned(),
            |_: &str| String::new(),
        ] {
            case(
                &|protocol| protocol.change(5, change),
                &[(5, "receipt_unreadable"), (6, "chain_broken")],
            );
        }
    }
}

#[test]
fn other_keys_are_refused() {
    for system in [SystemKind::Open, SystemKind::Closed] {
        // The AES key of another cash box: each counter differs.
        let mut protocol = Protocol::new(system);
        protocol.keys.aes_key = AesKey::new([1; 32]);
        let found = protocol.flaws();
        assert_eq!(found[0], (1, "counter_wrong"), "{system:?}");
        assert!(found.iter().all(|(_, code)| *code == "counter_wrong"));

        // The certificate or key of another unit under the right name.
        let mut protocol = Protocol::new(system);
        let name = protocol.keys.units.keys().next().unwrap().clone();
        let foreign = Protocol::new(system).keys.units.into_values().next();
        let first = first_of(&mut protocol, &name);
        protocol.keys.units.insert(name, foreign.unwrap());
        let found = protocol.flaws();
        assert_eq!(found[0], (first, "signature_wrong"), "{system:?}");
        assert!(found.iter().all(|(_, code)| *code == "signature_wrong"));

        // A unit that the container does not have.
        let mut protocol = Protocol::new(system);
        let name = protocol.keys.units.keys().next().unwrap().clone();
        let first = first_of(&mut protocol, &name);
        protocol.keys.units.remove(&name);
        let found = protocol.flaws();
        assert_eq!(found[0], (first, "key_unknown"), "{system:?}");
        assert!(found.iter().all(|(_, code)| *code == "key_unknown"));

        // A key where a certificate is needed, and the other way round.
        let mut protocol = Protocol::new(system);
        for unit in protocol.keys.units.values_mut() {
            *unit = match system {
                SystemKind::Open => UnitKey::of_key(*unit.public_key()),
                SystemKind::Closed => {
                    let pkcs8 = SoftwareUnit::new_key().unwrap();
                    let other = SoftwareUnit::with_certificate(1, &pkcs8).unwrap();
                    other.key().clone()
                }
            };
        }
        assert_eq!(protocol.flaws()[0], (1, "key_kind"), "{system:?}");
    }
}

/// The number of the first receipt that names a unit.
fn first_of(protocol: &mut Protocol, serial: &str) -> u64 {
    let names = |compact: &Value| {
        let mut room = [0; PAYLOAD_BYTES_MAX];
        let code = Code::parse_compact(compact.as_str().unwrap(), &mut room).unwrap();
        code.payload.unit.serial() == serial
    };
    let at = protocol.receipts().iter().position(names).unwrap();
    u64::try_from(at + 1).unwrap()
}

#[test]
fn the_certificate_of_a_group_is_that_of_its_units() {
    let (dep, made) = replayed(&scenario("kinds"), SystemKind::Open, 8);
    let mut protocol = Protocol {
        json: serde_json::from_slice(&dep).unwrap(),
        keys: made.keys,
    };
    // All receipts of this scenario are of one unit.
    let mut room = [0; PAYLOAD_BYTES_MAX];
    let first = protocol.receipts()[0].as_str().unwrap().to_owned();
    let code = Code::parse_compact(&first, &mut room).unwrap();
    let own = code.payload.unit.serial().to_owned();
    let der = |serial: &str| {
        let unit = &protocol.keys.units[serial];
        let mut writer = DepWriter::new(Vec::new()).unwrap();
        writer.group(unit.certificate(), &[]).unwrap();
        let text = writer.finish().unwrap();
        let json: Value = serde_json::from_slice(&text).unwrap();
        json["Belege-Gruppe"][0]["Signaturzertifikat"].clone()
    };
    let other = protocol.keys.units.keys().find(|name| **name != own);
    let (own, other) = (der(&own), der(other.unwrap()));
    let mut case = |certificate: &Value, authorities: Value, expected: &[(u64, &str)]| {
        let group = &mut protocol.json["Belege-Gruppe"][0];
        group["Signaturzertifikat"] = certificate.clone();
        group["Zertifizierungsstellen"] = authorities;
        assert_eq!(protocol.flaws(), expected);
    };
    case(&own, json!([]), &[]);
    case(&own, json!([other.clone()]), &[]);
    case(&other, json!([]), &[(1, "group_certificate_foreign")]);
    case(
        &json!("AAAA"),
        json!([]),
        &[(0, "group_certificate_unreadable")],
    );
    case(
        &json!("*"),
        json!([]),
        &[(0, "group_certificate_unreadable")],
    );
    case(
        &own,
        json!(["AAAA"]),
        &[(0, "group_certificate_unreadable")],
    );
}

#[test]
fn groups_continue_one_chain_and_may_be_written_in_any_order_of_members() {
    let mut protocol = Protocol::new(SystemKind::Closed);
    let all: Vec<Value> = protocol.receipts().clone();
    let text = |front: &[Value], back: &[Value]| {
        format!(
            r#"{{"more": {{"a": [1.5]}}, "Belege-Gruppe": [
                {{"Belege-kompakt": {}, "x": null, "Zertifizierungsstellen": [], "Signaturzertifikat": ""}},
                {{"Belege-kompakt": [], "Zertifizierungsstellen": [], "Signaturzertifikat": ""}},
                {{"Signatur- bzw. Siegelzertifikat": "", "Zertifizierungsstellen": [], "Belege-kompakt": {}}}
            ]}}"#,
            json!(front),
            json!(back)
        )
    };
    let found = checked(text(&all[..4], &all[4..]).as_bytes(), &protocol.keys);
    assert_eq!(flaws(&found), []);
    assert_eq!(found.receipts, 13);
    let found = checked(text(&all[4..], &all[..4]).as_bytes(), &protocol.keys);
    assert_eq!(flaws(&found)[0], (1, "start_missing"));
}

/// One line per case: a text that is no protocol, and the words of the message.
#[test]
fn a_text_that_is_no_protocol_is_refused_with_its_place() {
    let protocol = Protocol::new(SystemKind::Closed);
    let whole = protocol.json.to_string();
    for (text, words) in [
        ("", "EOF"),
        ("[]", "invalid type"),
        ("{}", "missing field `Belege-Gruppe`"),
        (
            "{\"Belege-Gruppe\":[],\"Belege-Gruppe\":[]}",
            "duplicate field",
        ),
        ("{\"Belege-Gruppe\":[{}]}", "missing field `Belege-kompakt`"),
        (
            "{\"Belege-Gruppe\":[{\"Belege-kompakt\":[]}]}",
            "missing field `Signaturzertifikat`",
        ),
        (
            "{\"Belege-Gruppe\":[{\"Belege-kompakt\":[],\"Signaturzertifikat\":\"\"}]}",
            "missing field `Zertifizierungsstellen`",
        ),
        (
            "{\"Belege-Gruppe\":[{\"Belege-kompakt\":[1]}]}",
            "invalid type: integer `1`",
        ),
        (&whole[..whole.len() / 2], "EOF"),
        (&format!("{whole}x"), "trailing characters"),
    ] {
        let fault = check_dep(text.as_bytes(), &protocol.keys).unwrap_err();
        assert!(fault.to_string().contains(words), "{words}: {fault}");
        assert!(fault.to_string().contains("line"), "{fault}");
    }
}

/// The last receipt of this protocol is signed, so no letter of it can be changed without notice.
#[test]
fn a_changed_letter_anywhere_in_the_receipts_is_noticed() {
    let (dep, made) = replayed(&scenario("outage-ended-at-once"), SystemKind::Open, 5);
    let json: Value = serde_json::from_slice(&dep).unwrap();
    let receipts: Vec<String> = json["Belege-Gruppe"][0]["Belege-kompakt"]
        .as_array()
        .unwrap()
        .iter()
        .map(|receipt| receipt.as_str().unwrap().to_owned())
        .collect();
    for (number, receipt) in receipts.iter().enumerate() {
        for at in (number % 3..receipt.len()).step_by(3) {
            let mut changed = receipts.clone();
            let letter = if receipt.as_bytes()[at] == b'A' {
                "B"
            } else {
                "A"
            };
            changed[number].replace_range(at..=at, letter);
            let mut writer = DepWriter::new(Vec::new()).unwrap();
            for receipt in &changed {
                writer.receipt(receipt).unwrap();
            }
            let found = checked(&writer.finish().unwrap(), &made.keys);
            let first = found.flaws.first().map(|flaw| flaw.receipt);
            let place = u64::try_from(number + 1).unwrap();
            assert!(
                first == Some(place) || first == Some(place + 1),
                "letter {at} of receipt {place}: {first:?}"
            );
        }
    }
}

#[test]
fn flaws_beyond_the_limit_are_counted() {
    let forger = Forger::new();
    let ids: Vec<String> = (0..150).map(|id| id.to_string()).collect();
    let receipts: Vec<Forged<'_>> = ids.iter().map(|id| Forged::new(id, 0)).collect();
    let mut keys = forger.keys.clone();
    keys.units.clear();
    let found = checked(&forger.protocol(&receipts), &keys);
    assert_eq!((found.flaws.len(), found.more_flaws), (100, 50));
    assert!(!found.is_accepted());
}
