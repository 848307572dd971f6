//! Replays of scenario files, and the official example receipts: every protocol is accepted, and one that names a checker of its own in
//! `RKSV_VERIFY_DEP` is asked, too.

mod common;

use std::process::Command;

use common::{checked, flaws, replayed, scenario, scenarios};
use ferrotill_core::profile::at::rksv::{Code, CounterField, PAYLOAD_BYTES_MAX, Signature};
use ferrotill_rksv::{
    CounterWidth, DepWriter, KeyKind, KeyMaterial, ReplayFault, Scenario, SystemKind, replay,
};
use serde_json::Value;

/// The compact forms of a protocol with one group.
fn receipts(dep: &[u8]) -> Vec<String> {
    let json: Value = serde_json::from_slice(dep).unwrap();
    let list = json["Belege-Gruppe"][0]["Belege-kompakt"].as_array();
    let texts = list.unwrap().iter().map(|text| text.as_str().unwrap());
    texts.map(str::to_owned).collect()
}

/// One letter for each receipt: `s` standard, `v` void, `t` training, `0` Nullbeleg; with `!` if it has no signature.
fn shape(dep: &[u8]) -> String {
    let words: Vec<String> = receipts(dep)
        .iter()
        .map(|compact| {
            let mut room = [0; PAYLOAD_BYTES_MAX];
            let code = Code::parse_compact(compact, &mut room).unwrap();
            let letter = match code.payload.counter {
                CounterField::Storno => 'v',
                CounterField::Training => 't',
                CounterField::Encrypted(_) if code.payload.sums.all_zero() => '0',
                CounterField::Encrypted(_) => 's',
            };
            let failed = code.signature == Signature::Failed;
            format!("{letter}{}", if failed { "!" } else { "" })
        })
        .collect();
    words.join(" ")
}

#[test]
fn every_protocol_of_a_replay_is_accepted() {
    let checker = std::env::var_os("RKSV_VERIFY_DEP");
    for name in scenarios() {
        let text = scenario(&name);
        for system in [SystemKind::Open, SystemKind::Closed] {
            for bytes in 5..=8 {
                let (dep, made) = replayed(&text, system, bytes);
                let found = checked(&dep, &made.keys);
                assert_eq!(flaws(&found), [], "{name} {system:?} {bytes}");
                assert_eq!(found.receipts, made.receipts);
                assert_eq!(found.unsigned, made.unsigned);
                let ends_with_counter = shape(&dep).ends_with(['0', 's']);
                assert!(!ends_with_counter || found.counter == Some(made.counter));
                assert_eq!(found.other_serials, [""; 0]);

                // The container of the keys is the same after it was written and read.
                let mut container = Vec::new();
                made.keys.write(&mut container).unwrap();
                let read = KeyMaterial::read(container.as_slice()).unwrap();
                assert_eq!(read.units, made.keys.units);
                assert!(checked(&dep, &read).is_accepted());
                if let Some(checker) = &checker {
                    let folder = tempfile::tempdir().unwrap();
                    let (export, keys) = (folder.path().join("dep"), folder.path().join("keys"));
                    std::fs::write(&export, &dep).unwrap();
                    std::fs::write(&keys, &container).unwrap();
                    let status = Command::new(checker).args([&export, &keys]).status();
                    assert!(status.unwrap().success(), "{name} {system:?} {bytes}");
                }
            }
        }
    }
}

/// Nothing is signed between an outage and its Sammelbeleg, whatever the scenario's unit could do.
#[test]
fn after_an_outage_the_sammelbeleg_is_signed_first() {
    for (name, expected, waited) in [
        ("outage-ended-at-once", "0 s s! 0 s", 0),
        ("outage-of-every-kind", "0 s! t! v! 0! 0! v! t! 0 s", 0),
        ("outage-with-one-sale-before-its-end", "0 s! s! 0 s", 1),
        ("outage-with-sales-before-its-end", "0 s! s! v! t! 0 s", 3),
        ("outages-one-after-another", "0 s! 0 s! 0 t! 0 v! 0 0! 0", 0),
        ("outage-returns-before-its-end", "0 s! s! s! 0 s", 1),
        ("outage-ended-by-a-sale-over-zero", "0 s! v! 0 s", 1),
        ("outage-until-the-end", "0 s s! t! v!", 0),
        ("outage-right-after-the-start", "0 0! s! 0 s", 0),
        (
            "void-and-training-over-zero-end-no-outage",
            "0 s! v! t! 0 s",
            2,
        ),
    ] {
        let (dep, made) = replayed(&scenario(name), SystemKind::Closed, 8);
        assert_eq!(shape(&dep), expected, "{name}");
        assert_eq!(made.waited_for_sammelbeleg, waited, "{name}");
    }
}

#[test]
fn amounts_and_counter_are_those_of_the_scenario() {
    for (name, cents) in [
        ("start-only", 0),
        ("counter-negative", -1_000_003_999),
        ("counter-at-the-edges-of-five-bytes", -549_755_813_887),
        ("computed-amounts", 14_960 - 2_430),
        ("outage-returns-before-its-end", 1_000),
    ] {
        let (dep, made) = replayed(&scenario(name), SystemKind::Open, 5);
        assert_eq!(made.counter.minor(), cents, "{name}");
        let found = checked(&dep, &made.keys);
        assert_eq!(found.counter, Some(made.counter), "{name}");
    }
}

#[test]
fn each_system_has_its_suite_and_its_keys() {
    let text = scenario("units-take-turns");
    let (dep, made) = replayed(&text, SystemKind::Closed, 6);
    let serials: Vec<&str> = made.keys.units.keys().map(String::as_str).collect();
    assert_eq!(
        serials,
        ["U:ATU12345678-K0", "U:ATU12345678-K1", "U:ATU12345678-K2"]
    );
    let kinds = |keys: &KeyMaterial| -> Vec<KeyKind> {
        keys.units.values().map(|unit| unit.kind()).collect()
    };
    assert_eq!(kinds(&made.keys), [KeyKind::PublicKey; 3]);
    let suites = |dep: &[u8]| -> Vec<u16> {
        let all = receipts(dep);
        let provider = |compact: &String| {
            let mut room = [0; PAYLOAD_BYTES_MAX];
            let code = Code::parse_compact(compact, &mut room).unwrap();
            code.payload.unit.provider()
        };
        all.iter().map(provider).collect()
    };
    assert!(suites(&dep).iter().all(|provider| *provider == 0));
    let (dep, made) = replayed(&text, SystemKind::Open, 6);
    assert_eq!(kinds(&made.keys), [KeyKind::Certificate; 3]);
    assert!(suites(&dep).iter().all(|provider| *provider == 100));
    for (serial, unit) in &made.keys.units {
        assert_eq!(unit.certificate_serial(), Some(serial.as_str()));
    }
}

#[test]
fn a_time_that_goes_back_is_held() {
    let text = scenario("times-equal-and-turned-back");
    let (_, made) = replayed(&text, SystemKind::Closed, 8);
    assert_eq!(made.times_held, 1);
}

/// One line per case: what is changed in the scenario, and the words that the message has.
#[test]
fn a_scenario_that_cannot_be_replayed_names_its_receipt() {
    let text = scenario("kinds");
    for (from, to, words) in [
        (
            "START_BELEG",
            "STANDARD_BELEG",
            "cashBoxInstructionList[0] (R-1): the register has no Startbeleg yet",
        ),
        (
            "\"signatureDeviceDamaged\": false",
            "\"signatureDeviceDamaged\": true",
            "cashBoxInstructionList[0] (R-1): this kind of receipt needs a signature",
        ),
        (
            "STANDARD_BELEG",
            "NULL_BELEG",
            "cashBoxInstructionList[1] (R-2): all amounts of this kind of receipt must be zero",
        ),
        (
            "STANDARD_BELEG",
            "START_BELEG",
            "cashBoxInstructionList[1] (R-2): the register already has its Startbeleg",
        ),
        (
            "\"R-3\"",
            "\"R-2\"",
            "cashBoxInstructionList[2].receiptIdentifier: \"R-2\" was used by receipt 1 before",
        ),
        (
            "\"R-3\"",
            "\"R_3\"",
            "cashBoxInstructionList[2] (R_3): the id has a character at byte 1",
        ),
        (
            "2026-07-01T08:33:11",
            "2026-02-30T08:33:11",
            "cashBoxInstructionList[1].dateToUse: \"2026-02-30T08:33:11\" is not a local time",
        ),
        (
            "2026-07-01T08:33:11",
            "2026-07-01T08:33:11Z",
            "cashBoxInstructionList[1].dateToUse",
        ),
        (
            "12.34",
            "12.345",
            "cashBoxInstructionList[1].simplifiedReceipt.taxSetNormal: 12.345: ",
        ),
        (
            "12.34",
            "1e40",
            "cashBoxInstructionList[1].simplifiedReceipt.taxSetNormal: 1e40: ",
        ),
        (
            "12.34",
            "\"12.34\"",
            "cashBoxInstructionList[1].simplifiedReceipt.taxSetNormal: \"12.34\": ",
        ),
        (
            "12.34",
            "90000000000000.00",
            "cashBoxInstructionList[1] (R-2): the turnover no longer fits into a counter of 5 bytes",
        ),
        (
            "\"usedSignatureDevice\": 0",
            "\"usedSignatureDevice\": 3",
            "cashBoxInstructionList[0].usedSignatureDevice: is 3, and the scenario has 3 units",
        ),
        (
            "\"numberOfSignatureDevices\": 3",
            "\"numberOfSignatureDevices\": 0",
            "numberOfSignatureDevices: is 0; 1 to 64 are allowed",
        ),
        ("KASSA-1", "KASSA_1", "cashBoxId: the id has a character"),
        (
            "U:ATU12345678",
            "ATU12345678",
            "signature unit 0, \"ATU12345678\"",
        ),
        (
            "xw8T",
            "xw8",
            "base64AesKey: the AES key is not the Base64 text",
        ),
        ("STORNO_BELEG", "STORNO", "unknown variant `STORNO`"),
        ("cashBoxId", "cashBox", "missing field `cashBoxId`"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let message = match Scenario::read(&changed) {
            Err(fault) => fault.to_string(),
            Ok(scenario) => {
                let mut writer = DepWriter::new(Vec::new()).unwrap();
                let width = CounterWidth::new(5).unwrap();
                let made = replay(&scenario, SystemKind::Closed, width, &mut writer);
                made.unwrap_err().to_string()
            }
        };
        assert!(message.contains(words), "{words}\n{message}");
    }
}

#[test]
fn a_disk_that_fails_fails_the_replay() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match bytes.starts_with(b"{") {
                true => Ok(bytes.len()),
                false => Err(std::io::ErrorKind::StorageFull.into()),
            }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let scenario = Scenario::read(&scenario("kinds")).unwrap();
    let mut writer = DepWriter::new(Full).unwrap();
    let made = replay(
        &scenario,
        SystemKind::Open,
        CounterWidth::EIGHT,
        &mut writer,
    );
    assert!(matches!(made, Err(ReplayFault::Write(_))));
}

/// The official example receipts, which another program has made and signed.
#[test]
fn the_official_receipts_are_accepted() {
    let vectors: Value = serde_json::from_str(include_str!(
        "../../../core/tests/vectors/at/rksv-vectors.json"
    ))
    .unwrap();
    let suite = &vectors["suites"][0];
    let container = serde_json::json!({
        "base64AESKey": suite["base64AESKey"],
        "certificateOrPublicKeyMap": suite["keys"],
    });
    let keys = KeyMaterial::read(container.to_string().as_bytes()).unwrap();
    let mut writer = DepWriter::new(Vec::new()).unwrap();
    for receipt in suite["receipts"].as_array().unwrap() {
        writer.receipt(receipt["jws"].as_str().unwrap()).unwrap();
    }
    let found = checked(&writer.finish().unwrap(), &keys);
    assert_eq!(flaws(&found), []);
    assert_eq!((found.receipts, found.unsigned), (24, 10));
    let last = &suite["receipts"][23]["counter_after_cents"];
    assert_eq!(found.counter.map(|cents| cents.minor()), last.as_i64());
}
