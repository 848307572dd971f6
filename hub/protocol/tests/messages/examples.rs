//! Messages for the tests.

use ferrotill_hub_protocol::{
    Answer, Batch, CodeRefusal, Currency, Difference, EnrolRequest, Enrolled, Hash, HealthProblem,
    HealthReport, Missing, Position, PositionRequest, Recorded, RenewRequest, Row, RowKind,
    RowState, Severity, SignedBatch, SigningKey, Sum, Unsent, ZReport,
};
use uuid::Uuid;

pub(crate) const TILL: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const DEVICE: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);

/// The hash of the batch in the golden file.
pub(crate) const BATCH_HASH: &str =
    "c772376dca5d289ec985350ce624272ae912d2ca806b93de690c4a20b57ab777";

const KEY: &[u8] = include_bytes!("../key.pk8");
pub(crate) const OTHER_KEY: &[u8] = include_bytes!("../other-key.pk8");

pub(crate) fn key() -> SigningKey {
    SigningKey::from_pkcs8(KEY).unwrap()
}

/// A sale; each tenth row is a Z-report.
pub(crate) fn row(sequence: u64) -> Row {
    let is_report = sequence.is_multiple_of(10);
    Row {
        sequence,
        journal_row: sequence * 2 + 1,
        device: DEVICE,
        document: Uuid::from_u128(u128::from(sequence) << 64),
        at_ms: 1_780_000_000_000 + i64::try_from(sequence).unwrap() * 60_000,
        utc_offset_min: 180,
        kind: if is_report {
            RowKind::ZReport
        } else {
            RowKind::Sale
        },
        series: "A".to_owned(),
        number: Some(sequence),
        currency: Currency::new("EUR").unwrap(),
        total: 1_250,
        state: RowState::Sealed,
        z_number: Some(u32::try_from(sequence / 10).unwrap()),
        z_report: is_report.then(z_report),
        recorded: vec![
            Recorded {
                event: 1,
                version: 3,
                bytes: vec![1, 2, 3, 250].into(),
            },
            Recorded {
                event: 2,
                version: 1,
                bytes: vec![9; 40].into(),
            },
        ],
    }
}

pub(crate) fn rows(first: u64, last: u64) -> Vec<Row> {
    (first..=last).map(row).collect()
}

/// The rows in a batch of the till's first epoch, signed with its key.
pub(crate) fn signed(rows: Vec<Row>) -> SignedBatch {
    let before = if rows[0].sequence == 1 {
        Hash::ZERO
    } else {
        Hash([7; 32])
    };
    Batch::new(TILL, 1, before, rows)
        .unwrap()
        .sign(&key())
        .unwrap()
}

fn z_report() -> ZReport {
    ZReport {
        documents: 9,
        sums: vec![
            Sum {
                name: "sales".to_owned(),
                amount: 11_250,
            },
            Sum {
                name: "refunds".to_owned(),
                amount: -500,
            },
        ],
        differences: vec![Difference {
            side: "printer".to_owned(),
            name: "sales".to_owned(),
            till: 11_250,
            other: 11_249,
        }],
    }
}

pub(crate) fn health() -> HealthReport {
    HealthReport {
        till: TILL,
        epoch: 2,
        acknowledged: 41,
        acknowledged_hash: Hash([3; 32]),
        waiting: 7,
        at_ms: 1_780_000_000_000,
        version: "0.1.0".to_owned(),
        ready: true,
        last_sale_ms: Some(1_779_999_000_000),
        offline_since_ms: None,
        unsent: vec![Unsent {
            currency: Currency::new("MDL").unwrap(),
            documents: 3,
            total: 45_600,
        }],
        problems: vec![HealthProblem {
            id: "printer_silent".to_owned(),
            part: "printer".to_owned(),
            severity: Severity::Error,
            since_ms: 1_779_998_000_000,
            text: "The printer does not answer; look at its cable.".to_owned(),
        }],
    }
}

pub(crate) fn enrol() -> EnrolRequest {
    EnrolRequest {
        till: TILL,
        secret: *b"sixteen secrets!",
        certificate_request: vec![0x30; 200].into(),
        version: "0.1.0".to_owned(),
    }
}

pub(crate) fn renew() -> RenewRequest {
    RenewRequest {
        till: TILL,
        certificate_request: vec![0x30; 210].into(),
    }
}

pub(crate) fn position_request() -> PositionRequest {
    PositionRequest {
        till: TILL,
        epoch: 1,
        acknowledged: 500,
        acknowledged_hash: Hash([5; 32]),
    }
}

fn position() -> Position {
    Position {
        epoch: 1,
        expected: 801,
        before: Hash([8; 32]),
        last_batch_first: 751,
        missing: vec![Missing {
            device: DEVICE,
            series: String::new(),
            first: Some(501),
            last: Some(800),
            documents: 300,
            last_at_ms: 1_780_000_000_000,
        }],
        missing_documents: 300,
    }
}

/// Every answer.
pub(crate) fn answers() -> Vec<(&'static str, Answer)> {
    let enrolled = Enrolled {
        till: TILL,
        shop: "Market street 5".to_owned(),
        certificate: vec![0x30; 400].into(),
        authority: vec![0x31; 300].into(),
        ends_ms: 1_790_000_000_000,
        renew_from_ms: 1_785_000_000_000,
    };
    vec![
        ("acknowledged", Answer::Acknowledged { up_to: 800 }),
        ("taken", Answer::Taken),
        ("gap", Answer::Gap(position())),
        (
            "forked",
            Answer::Forked {
                position: position(),
                sequence: 790,
            },
        ),
        ("rolled-back", Answer::RolledBack(position())),
        ("newer-epoch", Answer::NewerEpoch { epoch: 3 }),
        ("position", Answer::Position(position())),
        ("enrolled", Answer::Enrolled(enrolled)),
        (
            "code-unknown",
            Answer::CodeRefused(CodeRefusal::Unknown { tries_left: 4 }),
        ),
        ("code-used", Answer::CodeRefused(CodeRefusal::Used)),
        ("code-expired", Answer::CodeRefused(CodeRefusal::Expired)),
        ("code-tries", Answer::CodeRefused(CodeRefusal::TooManyTries)),
        ("not-enrolled", Answer::NotEnrolled),
        ("revoked", Answer::Revoked),
        (
            "other-till",
            Answer::OtherTill {
                certificate: DEVICE,
            },
        ),
        ("wrong-signature", Answer::WrongSignature),
        ("too-busy", Answer::TooBusy { retry_after_s: 5 }),
        (
            "invalid",
            Answer::Invalid {
                fault: "rows[0].series: 65; 64 is the limit".to_owned(),
            },
        ),
        ("unavailable", Answer::Unavailable { retry_after_s: 2 }),
    ]
}
