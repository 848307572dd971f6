//! Each message has one encoding, which does not change, and no bytes make a decoder panic.

mod code;
mod examples;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use ferrotill_hub_protocol::{
    Answer, Batch, EnrolRequest, Fault, Hash, HealthReport, Message, PositionRequest, RenewRequest,
    RowKind, SignatureError, SignedBatch, SigningKey, limits,
};
use proptest::prelude::*;

use examples::*;

/// Released encodings do not change: if this test fails, the code is wrong, and not the file. `FERROTILL_NEW_GOLDEN=1` writes the files
/// that are missing, for a new message.
#[test]
fn golden_bytes() {
    let answers = answers();
    let mut messages = vec![
        ("batch".to_owned(), signed(rows(1, 3)).to_bytes()),
        ("health".to_owned(), health().to_bytes().unwrap()),
        ("enrol".to_owned(), enrol().to_bytes().unwrap()),
        ("renew".to_owned(), renew().to_bytes().unwrap()),
        (
            "position".to_owned(),
            position_request().to_bytes().unwrap(),
        ),
    ];
    for (name, answer) in &answers {
        messages.push((format!("answer-{name}"), answer.to_bytes().unwrap()));
    }
    for (name, bytes) in messages {
        let file = golden(&name);
        if env::var_os("FERROTILL_NEW_GOLDEN").is_some() && !file.exists() {
            fs::write(&file, &bytes).unwrap();
        }
        let written = fs::read(&file).unwrap();
        if name == "batch" {
            // Each signature is another: the recorded one must be valid, and everything else the same.
            let recorded = SignedBatch::from_bytes(&written).unwrap();
            recorded.verify(key().public_key()).unwrap();
            let ours = SignedBatch::from_bytes(&bytes).unwrap();
            assert_eq!(recorded.batch(), ours.batch());
            assert_eq!(recorded.batch().hash().to_string(), BATCH_HASH);
            assert_eq!(recorded.to_bytes(), written);
        } else {
            assert_eq!(written, bytes, "{name}");
        }
    }
}

#[test]
fn every_message_is_read_as_it_was_written() {
    let batch = signed(rows(7, 40));
    assert_eq!(SignedBatch::from_bytes(&batch.to_bytes()).unwrap(), batch);
    assert_eq!(
        HealthReport::from_bytes(&health().to_bytes().unwrap()).unwrap(),
        health()
    );
    assert_eq!(
        EnrolRequest::from_bytes(&enrol().to_bytes().unwrap()).unwrap(),
        enrol()
    );
    assert_eq!(
        RenewRequest::from_bytes(&renew().to_bytes().unwrap()).unwrap(),
        renew()
    );
    for (name, answer) in answers() {
        let bytes = answer.to_bytes().unwrap();
        assert_eq!(Answer::from_bytes(&bytes).unwrap(), answer, "{name}");
    }
}

#[test]
fn a_batch_that_was_changed_is_refused() {
    let bytes = signed(rows(1, 4)).to_bytes();
    let public = key().public_key().to_vec();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let refused = match SignedBatch::from_bytes(&changed) {
            Ok(batch) => batch.verify(&public).is_err(),
            Err(_) => true,
        };
        assert!(refused, "byte {at}");
    }
    let other = SigningKey::from_pkcs8(OTHER_KEY).unwrap();
    let batch = signed(rows(1, 4));
    assert_eq!(
        batch.verify(other.public_key()),
        Err(SignatureError::Signature)
    );
}

#[test]
fn the_hash_of_a_batch_is_the_same_for_each_signature() {
    let (first, second) = (signed(rows(1, 4)), signed(rows(1, 4)));
    assert_ne!(first.signature(), second.signature());
    assert_eq!(first.batch().hash(), second.batch().hash());
    let longer = signed(rows(1, 5));
    assert_ne!(first.batch().hash(), longer.batch().hash());
}

#[test]
fn each_fault_of_a_batch_is_named_with_its_place() {
    let check = |change: fn(&mut Vec<ferrotill_hub_protocol::Row>), says: &str| {
        let mut rows = rows(1, 3);
        change(&mut rows);
        let fault = Batch::new(TILL, 1, Hash::ZERO, rows).unwrap_err();
        assert!(fault.to_string().starts_with(says), "{fault}");
    };
    check(|rows| rows.clear(), "rows: must have at least one row");
    check(|rows| rows[1].sequence = 9, "rows[1].sequence: ");
    check(|rows| rows[2].series = "x".repeat(65), "rows[2].series: 65");
    check(|rows| rows[2].series = "\0".to_owned(), "rows[2].series: ");
    check(|rows| rows[0].kind = RowKind::ZReport, "rows[0].z_report: ");
    check(|rows| rows[2].kind = RowKind::Restored, "rows: a restored");
    check(|rows| rows[0].at_ms = -1, "rows[0].at_ms: ");
    check(|rows| rows[0].number = Some(1 << 63), "rows[0]: ");
    check(
        |rows| rows[0].recorded[0].bytes = vec![0; limits::ROW_BYTES_MAX].into(),
        "rows[0].recorded: ",
    );
    let fault = Batch::new(TILL, 1, Hash::ZERO, rows(2, 3)).unwrap_err();
    assert!(fault.to_string().starts_with("header.before"), "{fault}");
    let fault = Batch::new(TILL, 0, Hash::ZERO, rows(1, 3)).unwrap_err();
    assert!(fault.to_string().starts_with("header.epoch"), "{fault}");
}

#[test]
fn as_many_rows_as_fit_make_a_batch() {
    let many = rows(1, 700);
    assert_eq!(Batch::rows_that_fit(&many).unwrap(), limits::BATCH_ROWS_MAX);
    let mut large = rows(1, 20);
    for row in &mut large {
        row.recorded[0].bytes = vec![7; 100_000].into();
    }
    let fit = Batch::rows_that_fit(&large).unwrap();
    assert!((8..=10).contains(&fit), "{fit}");
    large.truncate(fit);
    let batch = Batch::new(TILL, 1, Hash::ZERO, large).unwrap();
    let bytes = batch.sign(&key()).unwrap().to_bytes();
    assert!(bytes.len() <= limits::BATCH_BYTES_MAX);
    SignedBatch::from_bytes(&bytes).unwrap();
}

#[test]
fn a_longer_encoding_of_the_same_message_is_refused() {
    let bytes = PositionRequest {
        acknowledged: 5,
        ..position_request()
    }
    .to_bytes()
    .unwrap();
    let at = bytes.len() - 33;
    assert_eq!(bytes[at], 5);
    let mut longer = bytes.clone();
    longer.splice(at..=at, [0x85, 0x00]);
    assert_eq!(
        PositionRequest::from_bytes(&longer),
        Err(Fault::NotCanonical)
    );
    let mut newer = bytes.clone();
    newer[1] = 2;
    let fault = PositionRequest::from_bytes(&newer).unwrap_err();
    assert_eq!(fault, Fault::UnknownVersion { version: 2 });
    let mut behind = bytes;
    behind.push(0);
    assert_eq!(
        PositionRequest::from_bytes(&behind),
        Err(Fault::NotCanonical)
    );
}

#[test]
fn numbers_of_kinds_are_their_encodings() {
    for kind in RowKind::ALL {
        assert_eq!(postcard::to_stdvec(&kind).unwrap(), [kind.number()]);
        assert_eq!(RowKind::of_number(kind.number()), Some(kind));
    }
}

/// Reads the bytes as each message.
fn read_all(bytes: &[u8]) {
    if let Ok(batch) = SignedBatch::from_bytes(bytes) {
        assert_eq!(batch.to_bytes(), bytes);
    }
    if let Ok(report) = HealthReport::from_bytes(bytes) {
        assert_eq!(report.to_bytes().unwrap(), bytes);
    }
    let _ = EnrolRequest::from_bytes(bytes);
    let _ = RenewRequest::from_bytes(bytes);
    let _ = PositionRequest::from_bytes(bytes);
    if let Ok(answer) = Answer::from_bytes(bytes) {
        assert_eq!(answer.to_bytes().unwrap(), bytes);
    }
}

/// The golden files are the corpus: each is cut at each place, and each of its bytes is changed to the values that overflow.
#[test]
fn no_part_and_no_change_of_a_message_makes_a_decoder_panic() {
    let mut files = 0;
    for entry in fs::read_dir(golden_folder()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for at in 0..bytes.len() {
            read_all(&bytes[..at]);
            for value in [0x00, 0x7f, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                read_all(&changed);
            }
        }
    }
    assert!(files > 10, "the golden files were not found");
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(
        kind in 0_u8..8,
        rest in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        read_all(&[&[kind, 1], &rest[..]].concat());
    }

    #[test]
    fn batches_of_any_rows_are_read_as_they_were_written(
        first in 1_u64..1_000_000,
        parts in prop::collection::vec(
            (any::<i32>(), any::<i64>(), ".{0,16}", prop::option::of(0_u64..1 << 62), 0_u8..6, prop::collection::vec(any::<u8>(), 0..300)),
            1..40,
        ),
    ) {
        let rows: Vec<_> = parts.into_iter().enumerate().map(|(n, (at, total, series, number, kind, bytes))| {
            let mut row = row(first + n as u64);
            row.at_ms += i64::from(at);
            row.total = total;
            row.series = series.replace('\0', "");
            row.number = number;
            row.kind = RowKind::of_number(kind).unwrap();
            row.z_report = None;
            row.recorded[0].bytes = bytes.into();
            row
        }).collect();
        let batch = signed(rows);
        let read = SignedBatch::from_bytes(&batch.to_bytes()).unwrap();
        prop_assert_eq!(&read, &batch);
        prop_assert!(read.verify(key().public_key()).is_ok());
    }
}

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden(name: &str) -> PathBuf {
    golden_folder().join(name)
}
