//! The payload that is signed: elements 0 to 11 of the code (Anlage Z 5).

use core::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use super::amounts::{BucketSums, CommaAmount, comma_amount};
use super::counter::CounterField;
use super::element::{CashBoxId, ReceiptId, SignatureUnit};
use super::encoding::{BASE64, BASE64URL, Encoder, Encoding};
use super::fault::Fault;
use super::hash::{Hasher, front};
use super::timestamp::Timestamp;

/// "Sig-Voriger-Beleg": the first eight bytes of the hash of the receipt before (§ 4, § 9 Abs. 2 Z 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChainValue([u8; 8]);

impl ChainValue {
    /// The chain value of a text: for the Startbeleg the text is the cash box id, for every other receipt the compact form of the
    /// receipt before.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::hashed(|hasher| hasher.write_str(text))
    }

    pub(super) fn hashed(write: impl FnOnce(&mut Hasher) -> fmt::Result) -> Self {
        Self(front(&hash(write)))
    }

    /// The bytes of the chain value.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for ChainValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        BASE64.write(&self.0, f)
    }
}

/// The payload that is signed. `Display` writes it, and [`Payload::parse`] reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// Elements 0 and 10: the signature unit.
    pub unit: SignatureUnit<'a>,
    /// Element 1: the id of the cash box.
    pub cash_box: CashBoxId<'a>,
    /// Element 2: the id of the receipt.
    pub receipt: ReceiptId<'a>,
    /// Element 3: the local time of the receipt.
    pub at: Timestamp,
    /// Elements 4 to 8: the five amounts.
    pub sums: BucketSums,
    /// Element 9: the turnover counter, or the text in its place.
    pub counter: CounterField,
    /// Element 11: the chain value of the receipt before.
    pub previous: ChainValue,
}

impl<'a> Payload<'a> {
    /// Reads a payload. The function accepts only texts that `Display` writes.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`] with the first element that is wrong; 13 for a wrong number of elements.
    pub fn parse(text: &'a str) -> Result<Self, Fault> {
        let mut elements = Elements::of(text)?;
        let payload = Self::take(&mut elements)?;
        elements.end()?;
        Ok(payload)
    }

    pub(super) fn take(elements: &mut Elements<'a>) -> Result<Self, Fault> {
        let provider = elements.next(SignatureUnit::provider_of)?;
        let cash_box = elements.next(|text| CashBoxId::new(text).ok())?;
        let receipt = elements.next(|text| ReceiptId::new(text).ok())?;
        let at = elements.next(Timestamp::parse)?;
        let sums = BucketSums {
            normal: elements.next(comma_amount)?,
            ermaessigt1: elements.next(comma_amount)?,
            ermaessigt2: elements.next(comma_amount)?,
            null: elements.next(comma_amount)?,
            besonders: elements.next(comma_amount)?,
        };
        let counter = elements.next(CounterField::parse)?;
        let unit = elements.next(|text| SignatureUnit::new(provider, text).ok())?;
        let mut bytes = [0; 8];
        let length = elements.next(|text| BASE64.read(text, &mut bytes).map(<[u8]>::len))?;
        if length != bytes.len() {
            return Err(elements.fault());
        }
        Ok(Self {
            unit,
            cash_box,
            receipt,
            at,
            sums,
            counter,
            previous: ChainValue(bytes),
        })
    }

    /// Writes what the signature unit signs (ECDSA P-256 with SHA-256): header, point, payload in Base64url (Anlage Z 6, RFC
    /// 7515).
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write_signing_input(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str(COMPACT_HEADER)?;
        out.write_char('.')?;
        let mut encoder = Encoder::new(BASE64URL, out);
        self.write(BASE64, &mut encoder)?;
        encoder.finish()
    }

    /// SHA-256 of the signing input, for a unit that signs a hash.
    #[must_use]
    pub fn signing_hash(&self) -> [u8; 32] {
        hash(|hasher| self.write_signing_input(hasher))
    }

    /// Writes the elements, with bytes in this encoding.
    pub(super) fn write(&self, encoding: Encoding, out: &mut dyn Write) -> fmt::Result {
        let Self {
            unit,
            cash_box,
            receipt,
            at,
            ..
        } = self;
        let (cash_box, receipt) = (cash_box.as_str(), receipt.as_str());
        write!(out, "_{}_{cash_box}_{receipt}_{at}", unit.suite())?;
        for amount in self.sums.elements() {
            write!(out, "_{}", CommaAmount(amount))?;
        }
        out.write_char('_')?;
        encoding.write(self.counter.as_bytes(), out)?;
        write!(out, "_{}_", unit.serial())?;
        encoding.write(self.previous.as_bytes(), out)
    }
}

impl fmt::Display for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(BASE64, f)
    }
}

/// `{"alg":"ES256"}` in Base64url: the only header.
pub(super) const COMPACT_HEADER: &str = "eyJhbGciOiJFUzI1NiJ9";

/// The elements of a code, one after another.
pub(super) struct Elements<'a> {
    parts: core::str::Split<'a, char>,
    read: u8,
}

impl<'a> Elements<'a> {
    pub(super) fn of(text: &'a str) -> Result<Self, Fault> {
        let mut parts = text.split('_');
        match parts.next() {
            Some("") => Ok(Self { parts, read: 0 }),
            _ => Err(Fault::Malformed { element: 0 }),
        }
    }

    /// Reads the next element.
    pub(super) fn next<T>(&mut self, read: impl FnOnce(&'a str) -> Option<T>) -> Result<T, Fault> {
        let part = self.parts.next().ok_or(WRONG_COUNT)?;
        let value = read(part).ok_or(Fault::Malformed { element: self.read })?;
        self.read = self.read.saturating_add(1);
        Ok(value)
    }

    /// The fault of the element that was read last.
    pub(super) fn fault(&self) -> Fault {
        Fault::Malformed {
            element: self.read.saturating_sub(1),
        }
    }

    pub(super) fn end(mut self) -> Result<(), Fault> {
        match self.parts.next() {
            None => Ok(()),
            Some(_) => Err(WRONG_COUNT),
        }
    }
}

const WRONG_COUNT: Fault = Fault::Malformed { element: 13 };

fn hash(write: impl FnOnce(&mut Hasher) -> fmt::Result) -> [u8; 32] {
    let mut hasher = Hasher::default();
    let hashed = write(&mut hasher);
    debug_assert!(hashed.is_ok(), "hashing never fails");
    hasher.finish()
}
