//! A batch: consecutive rows of one till, in a chain of hashes and signed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::byte_string::Hash;
use crate::fault::Fault;
use crate::limits::{BATCH_BYTES_MAX, BATCH_ROWS_MAX, ROW_BYTES_MAX};
use crate::message::{FRAME_BYTES, VERSION, unframed};
use crate::row::{Row, RowKind};
use crate::signature::{SIGNATURE_BYTES, SignatureError, SigningKey, verify};

/// What a batch says about its rows. The till's signature is over the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The till.
    pub till: Uuid,
    /// How often the till was restored from a backup, plus 1.
    pub epoch: u32,
    /// The sequence of the first row.
    pub first: u64,
    /// The sequence of the last row.
    pub last: u64,
    /// The hash of the encoded rows.
    pub rows: Hash,
    /// The hash of the batch before; [`Hash::ZERO`] for the first batch of a till.
    pub before: Hash,
}

/// A batch that is not signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    header: Header,
    rows: Vec<Row>,
    encoded: Encoded,
}

/// A batch as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBatch {
    batch: Batch,
    signature: [u8; SIGNATURE_BYTES],
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Encoded {
    /// The frame and the header: what the hash and the signature are made of.
    header: Vec<u8>,
    rows: Vec<u8>,
}

impl Batch {
    /// The first byte of a batch.
    pub const KIND: u8 = 1;

    /// Makes a batch of rows whose sequences follow each other.
    ///
    /// # Errors
    /// If there is no row, a row is missing between two others, a row has a fault, or the batch is beyond a limit.
    /// [`Batch::rows_that_fit`] says how many rows fit.
    pub fn new(till: Uuid, epoch: u32, before: Hash, rows: Vec<Row>) -> Result<Self, Fault> {
        check_rows(&rows)?;
        let encoded = encode_rows(&rows)?;
        let (first, last) = bounds(&rows)?;
        let header = Header {
            till,
            epoch,
            first,
            last,
            rows: rows_hash(&encoded),
            before,
        };
        check_header(&header, &rows)?;
        Self::of_parts(header, rows, encoded)
    }

    /// How many of these rows, from the first on, fit into one batch: at least one if there is any and it is within its own limit.
    ///
    /// # Errors
    /// If the first row has a fault.
    pub fn rows_that_fit(rows: &[Row]) -> Result<usize, Fault> {
        let mut bytes = OVERHEAD_BYTES_MAX;
        for (n, row) in rows.iter().take(BATCH_ROWS_MAX).enumerate() {
            let size = row
                .check(&format!("rows[{n}]"))
                .and_then(|()| row_size(row, n));
            match size {
                Err(fault) if n == 0 => return Err(fault),
                Err(_) => return Ok(n),
                Ok(size) => bytes = bytes.saturating_add(size),
            }
            if bytes > BATCH_BYTES_MAX {
                return Ok(n);
            }
        }
        Ok(rows.len().min(BATCH_ROWS_MAX))
    }

    /// What the batch says about its rows.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The hash that the next batch names: the same for each signature of the same batch.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(BATCH_DOMAIN, &self.encoded.header)
    }

    /// Signs the batch with the till's enrolment key.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn sign(self, key: &SigningKey) -> Result<SignedBatch, SignatureError> {
        let signature = key.sign(&self.signed_message())?;
        Ok(SignedBatch {
            batch: self,
            signature,
        })
    }

    fn of_parts(header: Header, rows: Vec<Row>, encoded_rows: Vec<u8>) -> Result<Self, Fault> {
        let encoded_header = postcard::to_extend(&header, vec![Self::KIND, VERSION])
            .map_err(|_| Fault::Malformed { what: "batch" })?;
        let encoded = Encoded {
            header: encoded_header,
            rows: encoded_rows,
        };
        let size = encoded.header.len() + SIGNATURE_BYTES + encoded.rows.len();
        Fault::limit(size, BATCH_BYTES_MAX, || "bytes".to_owned())?;
        Ok(Self {
            header,
            rows,
            encoded,
        })
    }

    fn signed_message(&self) -> Vec<u8> {
        [SIGNATURE_DOMAIN, &[0], &self.encoded.header].concat()
    }
}

impl SignedBatch {
    /// The batch.
    #[must_use]
    pub const fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The batch without its signature.
    #[must_use]
    pub fn into_batch(self) -> Batch {
        self.batch
    }

    /// The signature: 64 bytes.
    #[must_use]
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The bytes of the batch.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoded = &self.batch.encoded;
        [&encoded.header, &self.signature[..], &encoded.rows].concat()
    }

    /// Reads a batch. The signature is not checked yet: [`SignedBatch::verify`] does that.
    ///
    /// # Errors
    /// If the bytes are no batch, are not its one encoding, or the header does not fit the rows.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let malformed = || Fault::Malformed { what: "batch" };
        Fault::limit(bytes.len(), BATCH_BYTES_MAX, || "bytes".to_owned())?;
        let rest = unframed(bytes, Batch::KIND)?;
        let (header, rest): (Header, &[u8]) =
            postcard::take_from_bytes(rest).map_err(|_| malformed())?;
        let (signature, encoded_rows) = rest
            .split_first_chunk::<SIGNATURE_BYTES>()
            .ok_or_else(malformed)?;
        if header.rows != rows_hash(encoded_rows) {
            return Err(Fault::wrong(
                "header.rows",
                "must be the hash of the encoded rows",
            ));
        }
        let rows: Vec<Row> = postcard::from_bytes(encoded_rows).map_err(|_| malformed())?;
        check_rows(&rows)?;
        check_header(&header, &rows)?;
        let encoded = encode_rows(&rows)?;
        let batch = Batch::of_parts(header, rows, encoded)?;
        let header_bytes = bytes.len() - SIGNATURE_BYTES - encoded_rows.len();
        let is_canonical = bytes.get(..header_bytes) == Some(&batch.encoded.header[..])
            && encoded_rows == batch.encoded.rows;
        if !is_canonical {
            return Err(Fault::NotCanonical);
        }
        Ok(Self {
            batch,
            signature: *signature,
        })
    }

    /// Checks the signature with the public key of the till's enrolment: 65 bytes, an uncompressed point of P-256.
    ///
    /// # Errors
    /// If the signature is by another key, or over another header.
    pub fn verify(&self, public_key: &[u8]) -> Result<(), SignatureError> {
        verify(public_key, &self.batch.signed_message(), &self.signature)
    }
}

fn bounds(rows: &[Row]) -> Result<(u64, u64), Fault> {
    match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => Ok((first.sequence, last.sequence)),
        _ => Err(Fault::wrong("rows", "must have at least one row")),
    }
}

fn check_rows(rows: &[Row]) -> Result<(), Fault> {
    Fault::limit(rows.len(), BATCH_ROWS_MAX, || "rows".to_owned())?;
    for (n, row) in rows.iter().enumerate() {
        row.check(&format!("rows[{n}]"))?;
    }
    for (n, pair) in rows.windows(2).enumerate() {
        if let [before, row] = pair
            && before.sequence.checked_add(1) != Some(row.sequence)
        {
            return Err(Fault::wrong(
                format!("rows[{}].sequence", n + 1),
                "must be one more than that of the row before",
            ));
        }
    }
    Ok(())
}

fn check_header(header: &Header, rows: &[Row]) -> Result<(), Fault> {
    if bounds(rows)? != (header.first, header.last) {
        return Err(Fault::wrong(
            "header",
            "first and last must be the sequences of the first and last row",
        ));
    }
    if header.epoch == 0 || i32::try_from(header.epoch).is_err() {
        return Err(Fault::wrong(
            "header.epoch",
            "must be at least 1 and below 2^31",
        ));
    }
    if (header.before == Hash::ZERO) != (header.first == 1) {
        return Err(Fault::wrong(
            "header.before",
            "must be zero for the first batch, and only for the first batch",
        ));
    }
    let mut behind_first = rows.iter().skip(1);
    if behind_first.any(|row| row.kind == RowKind::Restored) {
        return Err(Fault::wrong(
            "rows",
            "a restored till begins a new batch with the row of its restore",
        ));
    }
    Ok(())
}

fn row_size(row: &Row, n: usize) -> Result<usize, Fault> {
    let size = postcard::experimental::serialized_size(row)
        .map_err(|_| Fault::Malformed { what: "row" })?;
    Fault::limit(size, ROW_BYTES_MAX, || format!("rows[{n}]"))?;
    Ok(size)
}

fn encode_rows(rows: &[Row]) -> Result<Vec<u8>, Fault> {
    postcard::to_stdvec(rows).map_err(|_| Fault::Malformed { what: "batch" })
}

fn rows_hash(encoded: &[u8]) -> Hash {
    Hash::of(ROWS_DOMAIN, encoded)
}

const ROWS_DOMAIN: &str = "ferrotill hub rows 1";
const BATCH_DOMAIN: &str = "ferrotill hub batch 1";
const SIGNATURE_DOMAIN: &[u8] = b"ferrotill hub signed batch 1";

/// Frame, header with the longest numbers, signature, and the count of the rows.
const OVERHEAD_BYTES_MAX: usize = FRAME_BYTES + 17 + 5 + 10 + 10 + 32 + 32 + SIGNATURE_BYTES + 5;
