//! Signed receipts: the machine-readable code, its chain and its turnover counter, all but the signature itself.
//!
//! The law is the Registrierkassensicherheitsverordnung (RKSV, BGBl. II Nr. 410/2015) with its Anlage; paragraphs without a
//! name are those of the RKSV, "2.1" to "2.5" are sections of spec/rksv.md.
//!
//! ```text
//! Register ──prepare──► Payload        what is to be signed: elements 0 to 11 of the code; store it, then ask the unit
//! Payload  ──seal─────► Code           with the unit's signature, or "Sicherheitseinrichtung ausgefallen"; store it
//! Code     ──take─────► Register       counter, chain, outage and month go on; cannot fail
//! Code     ──display──► text           the compact form of the protocol (DEP), the QR code, the OCR line
//! ```
//!
//! Nothing is buffered here: texts are written into what the caller lends, and every bound is a constant.

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

/// Bytes of a cash box id, and of a receipt id. The law sets no limit; ours keeps every code below [`CODE_BYTES_MAX`].
pub const ID_BYTES_MAX: usize = 128;

/// Bytes of the serial of a certificate or of the id of a key (element 10). A certificate's serial has at most 40 digits (RFC 5280, 4.1.2.2).
pub const SERIAL_BYTES_MAX: usize = 64;

/// Bytes of a payload: 12 separators, suite, two ids, time, five amounts, counter, serial, chain value.
pub const PAYLOAD_BYTES_MAX: usize =
    12 + 10 + 2 * ID_BYTES_MAX + 19 + 5 * AMOUNT_BYTES_MAX + 12 + SERIAL_BYTES_MAX + 12;

/// Bytes of a code as QR or OCR text. The OCR form is the longer one, by Base32: counter 16, chain value 16, signature 104.
pub const CODE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 4 + 4 + 1 + 104;

/// Bytes of a code in its compact form: header, payload and signature in Base64url, two points.
pub const COMPACT_BYTES_MAX: usize = 20 + 1 + PAYLOAD_BYTES_MAX.div_ceil(3) * 4 + 1 + 86;

/// What stands in place of a signature, and visibly on the receipt, while the signature unit does not work (§ 17 Abs. 4).
pub const UNIT_FAILED: &str = "Sicherheitseinrichtung ausgefallen";

/// Bytes of an amount: sign, 17 digits, comma, two digits; what 64 bits hold.
const AMOUNT_BYTES_MAX: usize = 21;

// The official checker takes codes of 100 to 1000 characters (2.1); ours cannot be longer.
const _: () = assert!(CODE_BYTES_MAX <= 1000);
