//! A till that sends documents, as the till's own program does.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ferrotill_hub::authority::Authority;
use ferrotill_hub_protocol::{
    Answer, Batch, Currency, EnrolRequest, Hash, HealthReport, Message as _, OneTimeCode,
    PositionRequest, Recorded, Row, RowKind, RowState, SignedBatch, SigningKey, Sum, Unsent,
    ZReport, path,
};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ClientConfig;
use uuid::Uuid;

use super::client::{Connection, Reply, tls};

/// A till with its certificate.
pub(crate) struct TestTill {
    pub(crate) id: Uuid,
    pub(crate) key: SigningKey,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) epoch: u32,
    /// The last acknowledged sequence and the hash of its batch.
    pub(crate) acknowledged: (u64, Hash),
    /// Mixed into each document, so that two machines make different ones.
    pub(crate) salt: u8,
}

/// A new key: in PKCS#8, and its certificate request.
pub(crate) fn key_and_request() -> (Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let request = CertificateParams::new(vec!["a till".to_owned()])
        .unwrap()
        .serialize_request(&key)
        .unwrap();
    (key.serialize_der(), request.der().to_vec())
}

impl TestTill {
    /// Enrols with a code over the network.
    pub(crate) async fn enrol(
        address: SocketAddr,
        authority: &Authority,
        code: &str,
    ) -> Result<Self, Answer> {
        let code = OneTimeCode::parse(code).unwrap();
        assert!(code.is_authority(authority.certificate()));
        let (key, request) = key_and_request();
        let request = EnrolRequest {
            till: code.till(),
            secret: *code.secret(),
            certificate_request: request.into(),
            version: "0.1.0".to_owned(),
        };
        let open = tls(authority.certificate(), None);
        let mut connection = Connection::open(address, Some(open)).await.unwrap();
        let reply = connection
            .post(path::ENROL, &request.to_bytes().unwrap())
            .await
            .unwrap();
        match reply.answer() {
            Answer::Enrolled(enrolled) => Ok(Self::with(
                code.till(),
                authority,
                enrolled.certificate.0,
                key,
            )),
            other => Err(other),
        }
    }

    pub(crate) fn with(
        id: Uuid,
        authority: &Authority,
        certificate: Vec<u8>,
        key: Vec<u8>,
    ) -> Self {
        Self {
            id,
            tls: tls(authority.certificate(), Some((certificate, key.clone()))),
            key: SigningKey::from_pkcs8(&key).unwrap(),
            epoch: 1,
            acknowledged: (0, Hash::ZERO),
            salt: 0,
        }
    }

    pub(crate) async fn connect(&self, address: SocketAddr) -> io::Result<Connection> {
        Connection::open(address, Some(Arc::clone(&self.tls))).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn post(
        &self,
        address: SocketAddr,
        path: &str,
        body: &[u8],
    ) -> io::Result<Reply> {
        self.connect(address).await?.post(path, body).await
    }

    /// The batch of the rows from `first` to `last`, behind the batch with the hash `before`.
    pub(crate) fn batch(&self, first: u64, last: u64, before: Hash) -> SignedBatch {
        let rows = (first..=last).map(|sequence| self.row(sequence)).collect();
        self.batch_of(before, rows)
    }

    pub(crate) fn batch_of(&self, before: Hash, rows: Vec<Row>) -> SignedBatch {
        let batch = Batch::new(self.id, self.epoch, before, rows).unwrap();
        batch.sign(&self.key).unwrap()
    }

    /// The next `rows` rows.
    pub(crate) fn next(&self, rows: u64) -> SignedBatch {
        let (last, before) = self.acknowledged;
        self.batch(last + 1, last + rows, before)
    }

    pub(crate) async fn send(&self, address: SocketAddr, batch: &SignedBatch) -> Answer {
        let reply = self.post(address, path::BATCHES, &batch.to_bytes()).await;
        reply.unwrap().answer()
    }

    /// Sends the next rows, which must be acknowledged.
    pub(crate) async fn sells(&mut self, address: SocketAddr, rows: u64) {
        let batch = self.next(rows);
        let last = batch.batch().header().last;
        let answer = self.send(address, &batch).await;
        assert_eq!(answer, Answer::Acknowledged { up_to: last });
        self.acknowledged = (last, batch.batch().hash());
    }

    pub(crate) async fn position(&self, address: SocketAddr) -> Answer {
        let request = PositionRequest {
            till: self.id,
            epoch: self.epoch,
            acknowledged: self.acknowledged.0,
            acknowledged_hash: self.acknowledged.1,
        };
        let bytes = request.to_bytes().unwrap();
        let reply = self.post(address, path::POSITION, &bytes).await;
        reply.unwrap().answer()
    }

    /// A health report without problems.
    pub(crate) fn health(&self, at_ms: i64) -> HealthReport {
        HealthReport {
            till: self.id,
            epoch: self.epoch,
            acknowledged: self.acknowledged.0,
            acknowledged_hash: self.acknowledged.1,
            waiting: 0,
            at_ms,
            version: "0.1.0".to_owned(),
            ready: true,
            last_sale_ms: Some(at_ms),
            offline_since_ms: None,
            unsent: vec![Unsent {
                currency: Currency::new("EUR").unwrap(),
                documents: 2,
                total: 2_500,
            }],
            problems: Vec::new(),
        }
    }

    pub(crate) async fn reports(&self, address: SocketAddr, report: &HealthReport) -> Answer {
        let bytes = report.to_bytes().unwrap();
        let reply = self.post(address, path::HEALTH, &bytes).await;
        reply.unwrap().answer()
    }

    /// A document: each 25th is a Z-report. Two months are touched by each hundred documents.
    pub(crate) fn row(&self, sequence: u64) -> Row {
        let is_report = sequence.is_multiple_of(25);
        let mut document = *self.id.as_bytes();
        document[..8].copy_from_slice(&sequence.to_be_bytes());
        Row {
            sequence,
            journal_row: sequence * 2,
            device: self.id,
            document: Uuid::from_bytes(document),
            at_ms: START_MS + i64::try_from(sequence).unwrap() * 25 * 60_000,
            utc_offset_min: 120,
            kind: if is_report {
                RowKind::ZReport
            } else {
                RowKind::Sale
            },
            series: "A".to_owned(),
            number: Some(sequence),
            currency: Currency::new("EUR").unwrap(),
            total: 1_250 + i64::from(self.salt),
            state: RowState::Sealed,
            z_number: Some(u32::try_from(sequence.div_ceil(25)).unwrap()),
            z_report: is_report.then(|| ZReport {
                documents: 24,
                sums: vec![Sum {
                    name: "sales".to_owned(),
                    amount: 30_000,
                }],
                differences: Vec::new(),
            }),
            recorded: vec![
                Recorded {
                    event: 1,
                    version: 3,
                    bytes: vec![self.salt; 250].into(),
                },
                Recorded {
                    event: 2,
                    version: 1,
                    bytes: vec![7; 90].into(),
                },
            ],
        }
    }

    /// The row of a restore.
    pub(crate) fn restored_row(&self, sequence: u64) -> Row {
        Row {
            kind: RowKind::Restored,
            z_report: None,
            ..self.row(sequence)
        }
    }
}

/// 2026-05-31, in the afternoon.
const START_MS: i64 = 1_780_236_000_000;
