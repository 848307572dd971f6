//! The machine-readable code: a payload with its signature, written in three forms (§ 10, Anlage Z 6, Z 12 and Z 14).

use core::fmt::{self, Write};

use super::UNIT_FAILED;
use super::encoding::{BASE32, BASE64, BASE64URL};
use super::fault::Fault;
use super::payload::{COMPACT_HEADER, ChainValue, Elements, Payload};

/// "Signaturwert": element 12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// The signature unit has signed: r and s of ECDSA P-256, 32 bytes each, big-endian, not DER.
    Made([u8; 64]),
    /// The signature unit did not sign: [`UNIT_FAILED`] is written in place of the signature (§ 17 Abs. 4).
    Failed,
}

impl Signature {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Made(bytes) => bytes,
            Self::Failed => UNIT_FAILED.as_bytes(),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes == UNIT_FAILED.as_bytes() {
            Some(Self::Failed)
        } else {
            bytes.try_into().ok().map(Self::Made)
        }
    }
}

/// The form in which a code is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The compact form of RFC 7515. The protocol (DEP) stores this form, and the next receipt carries its hash.
    Compact,
    /// The text of the QR code (Anlage Z 12).
    Qr,
    /// The line for OCR, to be printed in OCR-A (Anlage Z 14).
    Ocr,
}

/// The complete code of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code<'a> {
    /// The payload that was signed.
    pub payload: Payload<'a>,
    /// The signature over the payload.
    pub signature: Signature,
}

impl<'a> Code<'a> {
    /// The code in the given form; at most [`CODE_BYTES_MAX`](super::CODE_BYTES_MAX) bytes, or
    /// [`COMPACT_BYTES_MAX`](super::COMPACT_BYTES_MAX) in the compact form.
    #[must_use]
    pub const fn display(&self, form: Form) -> Displayed<'_> {
        Displayed { code: self, form }
    }

    /// The chain value that the next receipt carries (§ 4).
    #[must_use]
    pub fn chain_value(&self) -> ChainValue {
        ChainValue::hashed(|hasher| self.write(Form::Compact, hasher))
    }

    /// Reads the text of a QR code. The function accepts only texts that [`Self::display`] writes.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`] with the first element that is wrong; 13 for a wrong number of elements.
    pub fn parse(text: &'a str) -> Result<Self, Fault> {
        let mut elements = Elements::of(text)?;
        let payload = Payload::take(&mut elements)?;
        let mut room = [0; 64];
        let signature =
            elements.next(|text| Signature::from_bytes(BASE64.read(text, &mut room)?))?;
        elements.end()?;
        Ok(Self { payload, signature })
    }

    /// Reads a compact form. The function accepts only texts that [`Self::display`] writes.
    ///
    /// The text of the payload is written to `room`; [`PAYLOAD_BYTES_MAX`](super::PAYLOAD_BYTES_MAX) bytes are always enough.
    ///
    /// # Errors
    ///
    /// [`Fault::CompactMalformed`], or the fault of the payload.
    pub fn parse_compact(text: &str, room: &'a mut [u8]) -> Result<Self, Fault> {
        let mut parts = text.split('.');
        let (Some(COMPACT_HEADER), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Fault::CompactMalformed);
        };
        let signature = BASE64URL
            .read(signature, &mut [0; 64])
            .and_then(Signature::from_bytes)
            .ok_or(Fault::CompactMalformed)?;
        let payload = BASE64URL
            .read(payload, room)
            .and_then(|bytes| core::str::from_utf8(bytes).ok())
            .ok_or(Fault::CompactMalformed)?;
        Ok(Self {
            payload: Payload::parse(payload)?,
            signature,
        })
    }

    fn write(&self, form: Form, out: &mut dyn Write) -> fmt::Result {
        let signature = self.signature.as_bytes();
        match form {
            Form::Compact => {
                self.payload.write_signing_input(out)?;
                out.write_char('.')?;
                BASE64URL.write(signature, out)
            }
            Form::Qr => {
                self.payload.write(BASE64, out)?;
                out.write_char('_')?;
                BASE64.write(signature, out)
            }
            Form::Ocr => {
                self.payload.write(BASE32, out)?;
                out.write_char('_')?;
                BASE32.write(signature, out)
            }
        }
    }
}

/// A code together with the form in which `Display` writes it.
#[derive(Clone, Copy, Debug)]
pub struct Displayed<'c> {
    code: &'c Code<'c>,
    form: Form,
}

impl fmt::Display for Displayed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.write(self.form, f)
    }
}
