//! How a till gets its certificate, and the next one.

use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::byte_string::ByteString;
use crate::code::SECRET_BYTES;
use crate::fault::Fault;
use crate::limits::{CERTIFICATE_BYTES_MAX, NAME_BYTES_MAX, VERSION_BYTES_MAX};
use crate::message::Message;
use crate::row::check_text;

/// A till asks for its first certificate, or for one after a restore. The till makes its key itself and sends only the certificate
/// request. The answer is [`Answer::Enrolled`](crate::Answer::Enrolled).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The till that the one-time code names.
    pub till: Uuid,
    /// The secret of the one-time code.
    pub secret: [u8; SECRET_BYTES],
    /// The certificate request (PKCS#10, DER), signed by a P-256 key. The hub takes only the key from it; names in it are ignored.
    pub certificate_request: ByteString,
    /// The version of the till's program.
    pub version: String,
}

/// A till asks for the next certificate, with its present one. The answer is [`Answer::Enrolled`](crate::Answer::Enrolled).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRequest {
    /// The till.
    pub till: Uuid,
    /// The certificate request (PKCS#10, DER), by the same key or a new one.
    pub certificate_request: ByteString,
}

/// A till's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The till.
    pub till: Uuid,
    /// The name of the shop at the hub.
    pub shop: String,
    /// The client certificate (DER).
    pub certificate: ByteString,
    /// The certificate of the hub's authority (DER).
    pub authority: ByteString,
    /// When the certificate ends, in milliseconds since 1970 (UTC).
    pub ends_ms: i64,
    /// From when on the till should renew it, in milliseconds since 1970 (UTC).
    pub renew_from_ms: i64,
}

impl Message for EnrolRequest {
    const KIND: u8 = 3;
    const NAME: &'static str = "enrolment request";

    fn check(&self) -> Result<(), Fault> {
        check_text(&self.version, VERSION_BYTES_MAX, || "version".to_owned())?;
        check_der(&self.certificate_request, "certificate_request")
    }
}

/// Without the secret: a log may show it.
impl fmt::Debug for EnrolRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolRequest")
            .field("till", &self.till)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Message for RenewRequest {
    const KIND: u8 = 4;
    const NAME: &'static str = "renewal request";

    fn check(&self) -> Result<(), Fault> {
        check_der(&self.certificate_request, "certificate_request")
    }
}

impl Enrolled {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        check_text(&self.shop, NAME_BYTES_MAX, || "shop".to_owned())?;
        check_der(&self.certificate, "certificate")?;
        check_der(&self.authority, "authority")
    }
}

fn check_der(der: &ByteString, path: &str) -> Result<(), Fault> {
    Fault::limit(der.0.len(), CERTIFICATE_BYTES_MAX, || path.to_owned())?;
    if der.0.is_empty() {
        return Err(Fault::wrong(path, "must not be empty"));
    }
    Ok(())
}
