//! Signed receipts: the machine-readable code, its chain and its turnover counter; everything but the signature itself.
//!
//! The law is the Registrierkassensicherheitsverordnung (RKSV, BGBl. II Nr. 410/2015) with its Anlage. Paragraphs without the name of
//! a law are those of the RKSV. `docs/countries/at.md` gives the source of each rule.
//!
//! ```text
//! Register ──prepare──► Payload        what must be signed: elements 0 to 11 of the code; store it, then ask the unit
//! Payload  ──seal─────► Code           with the unit's signature, or "Sicherheitseinrichtung ausgefallen"; store it
//! Code     ──take─────► Register       updates counter, chain, outage and month; cannot fail
//! Code     ──display──► text           the compact form of the protocol (DEP), the QR code, the OCR line
//! ```
//!
//! The module has no buffer of its own: texts are written into memory that the caller provides, and every limit is a constant.

mod amounts;
mod code;
mod counter;
mod element;
mod encoding;
mod fault;
mod hash;
mod payload;
mod register;
mod timestamp;

pub use amounts::BucketSums;
pub use code::{Code, Displayed, Form, Signature};
pub use counter::{AesKey, CounterField, CounterWidth, EncryptedCounter, start_value};
pub use element::{CashBoxId, ReceiptId, SignatureUnit};
pub use fault::Fault;
pub use payload::{ChainValue, Payload};
pub use register::{CashBox, Kind, Register, Request};
pub use timestamp::Timestamp;

/// The largest length of a cash box id and of a receipt id, in bytes. The law sets no limit; the limit here keeps every code
/// within [`CODE_BYTES_MAX`].
pub const ID_BYTES_MAX: usize = 128;

/// The largest length of the serial of a certificate or of the id of a key (element 10), in bytes. A certificate's serial has at most
/// 40 digits (RFC 5280, 4.1.2.2).
pub const SERIAL_BYTES_MAX: usize = 64;

/// The largest length of a payload, in bytes: 12 separators, suite, two ids, time, five amounts, counter, serial, chain value.
pub const PAYLOAD_BYTES_MAX: usize =
    12 + 10 + 2 * ID_BYTES_MAX + 19 + 5 * AMOUNT_BYTES_MAX + 12 + SERIAL_BYTES_MAX + 12;

/// The largest length of a code as QR or OCR text, in bytes. The OCR form is longer because of Base32: counter 16, chain value 16, signature 104.
pub const CODE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 4 + 4 + 1 + 104;

/// The largest length of a code in its compact form, in bytes: header, payload and signature in Base64url, two points.
pub const COMPACT_BYTES_MAX: usize = 20 + 1 + PAYLOAD_BYTES_MAX.div_ceil(3) * 4 + 1 + 86;

/// The text in place of a signature, also printed on the receipt, while the signature unit does not work (§ 17 Abs. 4).
pub const UNIT_FAILED: &str = "Sicherheitseinrichtung ausgefallen";

/// The largest length of an amount of 64 bits, in bytes: sign, 17 digits, comma, two digits.
const AMOUNT_BYTES_MAX: usize = 21;

// The official checker accepts codes of 100 to 1000 characters.
const _: () = assert!(CODE_BYTES_MAX <= 1000);
