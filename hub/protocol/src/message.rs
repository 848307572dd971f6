//! The frame of each message: one byte for its kind, one byte for its version, and postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::limits::MESSAGE_BYTES_MAX;

/// The version of all messages of this program.
pub const VERSION: u8 = 1;

/// The length of the kind and the version.
pub(crate) const FRAME_BYTES: usize = 2;

/// A message that has bytes.
pub trait Message: Sized + Serialize + DeserializeOwned {
    /// The first byte of the message.
    const KIND: u8;
    /// The message in words, for errors.
    const NAME: &'static str;

    /// Refuses values beyond the limits, and values that contradict each other.
    ///
    /// # Errors
    /// The first fault, with its place.
    fn check(&self) -> Result<(), Fault>;

    /// The bytes of the message.
    ///
    /// # Errors
    /// If the message has a fault.
    fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        self.check()?;
        let bytes = postcard::to_extend(self, vec![Self::KIND, VERSION])
            .map_err(|_| Fault::Malformed { what: Self::NAME })?;
        Fault::limit(bytes.len(), MESSAGE_BYTES_MAX, || "bytes".to_owned())?;
        Ok(bytes)
    }

    /// The message that `bytes` are.
    ///
    /// # Errors
    /// If they are no such message, are not its one encoding, or the message has a fault.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        Fault::limit(bytes.len(), MESSAGE_BYTES_MAX, || "bytes".to_owned())?;
        let rest = unframed(bytes, Self::KIND)?;
        let message: Self =
            postcard::from_bytes(rest).map_err(|_| Fault::Malformed { what: Self::NAME })?;
        message.check()?;
        if message.to_bytes()? != bytes {
            return Err(Fault::NotCanonical);
        }
        Ok(message)
    }
}

/// The bytes behind the frame of a message of this kind.
pub(crate) fn unframed(bytes: &[u8], kind: u8) -> Result<&[u8], Fault> {
    match bytes {
        [found, VERSION, rest @ ..] if *found == kind => Ok(rest),
        [found, version, ..] if *found == kind => Err(Fault::UnknownVersion { version: *version }),
        _ => Err(Fault::OtherMessage {
            expected: kind,
            found: bytes.first().copied(),
        }),
    }
}
