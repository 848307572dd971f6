//! Certificates and public keys of signature units: P-256 only (Anlage Z 2).

use ferrotill_core::time::Day;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::der::{
    BIT_STRING, DerReader, GENERALIZED_TIME, INTEGER, OBJECT_ID, SEQUENCE, SET, UTC_TIME,
    UTF8_STRING, VERSION, unsigned, value,
};

/// A public key or certificate that is not one of P-256 in the form that is used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateUnreadable {
    /// The bytes are no X.509 certificate.
    #[error("the bytes are no X.509 certificate in DER")]
    NoCertificate,
    /// The key is not an uncompressed point of P-256.
    #[error(
        "the public key is not an uncompressed key of the curve P-256 (SubjectPublicKeyInfo in DER)"
    )]
    OtherKey,
}

/// A public key of P-256: the uncompressed point, 65 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct P256PublicKey([u8; 65]);

impl P256PublicKey {
    /// The key of an uncompressed point: 4, then x and y with 32 bytes each. Whether the point is on the curve is checked with each
    /// signature.
    ///
    /// # Errors
    ///
    /// [`CertificateUnreadable::OtherKey`].
    pub fn of_point(point: &[u8]) -> Result<Self, CertificateUnreadable> {
        match <[u8; 65]>::try_from(point) {
            Ok(point) if point.first() == Some(&4) => Ok(Self(point)),
            _ => Err(CertificateUnreadable::OtherKey),
        }
    }

    /// Reads a SubjectPublicKeyInfo in DER (RFC 5480).
    ///
    /// # Errors
    ///
    /// [`CertificateUnreadable::OtherKey`].
    pub fn of_spki(der: &[u8]) -> Result<Self, CertificateUnreadable> {
        der.strip_prefix(SPKI_BEFORE_POINT)
            .ok_or(CertificateUnreadable::OtherKey)
            .and_then(Self::of_point)
    }

    /// The SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        [SPKI_BEFORE_POINT, &self.0].concat()
    }

    /// Whether this key has made a signature (r and s, 64 bytes) over a text.
    #[must_use]
    pub fn has_signed(&self, text: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.0)
            .verify(text, signature)
            .is_ok()
    }
}

/// What is used of a certificate: its serial number and its public key.
///
/// Issuer, validity and the certificate's own signature are not checked; the official checker does not check them either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitCertificate {
    /// The serial number in lower-case hexadecimal without leading zeros.
    pub serial: String,
    /// The public key.
    pub key: P256PublicKey,
}

impl UnitCertificate {
    /// Reads an X.509 certificate (RFC 5280) in DER.
    ///
    /// # Errors
    ///
    /// [`CertificateUnreadable`].
    pub fn read(der: &[u8]) -> Result<Self, CertificateUnreadable> {
        let (serial, spki) = parts(der).ok_or(CertificateUnreadable::NoCertificate)?;
        Ok(Self {
            serial: hexadecimal(serial),
            key: P256PublicKey::of_spki(spki)?,
        })
    }
}

/// The last second in which a certificate is valid, in seconds since the epoch; `None` if the bytes are no certificate or its time is
/// not in UTC.
#[must_use]
pub fn certificate_ends(der: &[u8]) -> Option<i64> {
    let certificate = DerReader::new(der).take(SEQUENCE)?;
    let signed = DerReader::new(certificate.contents).take(SEQUENCE)?;
    let mut fields = DerReader::new(signed.contents);
    let _ = fields.take(VERSION);
    fields.take(INTEGER)?;
    // The algorithm and the issuer.
    fields.take(SEQUENCE)?;
    fields.take(SEQUENCE)?;
    let mut validity = DerReader::new(fields.take(SEQUENCE)?.contents);
    validity.any()?;
    let end = validity.any()?;
    let text = std::str::from_utf8(end.contents).ok()?;
    let (year, rest) = match end.tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: u16 = year.parse().ok()?;
            // RFC 5280, 4.1.2.5.1.
            let century = if year < 50 { 2000_u16 } else { 1900 };
            (century.checked_add(year)?, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let digits = rest.strip_suffix('Z').filter(|digits| digits.len() == 10)?;
    let mut parts = [0_u8; 5];
    for (part, pair) in parts.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *part = std::str::from_utf8(pair).ok()?.parse().ok()?;
    }
    let [month, day, hours, minutes, seconds] = parts;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = Day::of_date(year, month, day).since_epoch();
    [(24, hours), (60, minutes), (60, seconds)]
        .into_iter()
        .try_fold(days, |sum, (units, more)| {
            sum.checked_mul(units)?.checked_add(i64::from(more))
        })
}

/// The serial number and the SubjectPublicKeyInfo of a certificate.
fn parts(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = DerReader::new(der);
    let certificate = outer.take(SEQUENCE)?;
    if !outer.is_at_end() {
        return None;
    }
    let signed = DerReader::new(certificate.contents).take(SEQUENCE)?;
    let mut fields = DerReader::new(signed.contents);
    // The first version of certificates has no version field.
    let _ = fields.take(VERSION);
    let serial = fields.take(INTEGER)?;
    // The fields in between are the algorithm, the issuer, the validity and the subject.
    for _ in 0..4 {
        fields.take(SEQUENCE)?;
    }
    Some((serial.contents, fields.take(SEQUENCE)?.whole))
}

/// A number in lower-case hexadecimal without leading zeros.
fn hexadecimal(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let digits = text.trim_start_matches('0');
    if digits.is_empty() { "0" } else { digits }.to_owned()
}

/// A certificate that its own key has signed, for tests: the official checker accepts it.
///
/// `sign` makes the signature over the bytes that it gets. The certificate is valid until the end of 2049.
pub(crate) fn self_signed<E>(
    serial: u64,
    key: &P256PublicKey,
    sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
) -> Result<Vec<u8>, E> {
    let algorithm = value(SEQUENCE, &[&value(OBJECT_ID, &[ECDSA_WITH_SHA256])]);
    let common_name = value(
        SEQUENCE,
        &[
            &value(OBJECT_ID, &[COMMON_NAME]),
            &value(UTF8_STRING, &[b"Ferrotill test signature unit"]),
        ],
    );
    let name = value(SEQUENCE, &[&value(SET, &[&common_name])]);
    let validity = value(
        SEQUENCE,
        &[
            &value(UTC_TIME, &[b"150901000000Z"]),
            &value(UTC_TIME, &[b"491231235959Z"]),
        ],
    );
    let third_version = value(VERSION, &[&unsigned(&[2])]);
    let signed = value(
        SEQUENCE,
        &[
            &third_version,
            &unsigned(&serial.to_be_bytes()),
            &algorithm,
            &name,
            &validity,
            &name,
            &key.spki(),
        ],
    );
    let signature = sign(&signed)?;
    let (r, s) = signature.split_at_checked(32).unwrap_or_default();
    let signature = value(SEQUENCE, &[&unsigned(r), &unsigned(s)]);
    let signature = value(BIT_STRING, &[&[0], &signature]);
    Ok(value(SEQUENCE, &[&signed, &algorithm, &signature]))
}

/// SubjectPublicKeyInfo of P-256 up to the point: id-ecPublicKey, prime256v1 (RFC 5480, 2.1.1).
const SPKI_BEFORE_POINT: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
    0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758, 3.2).
const ECDSA_WITH_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
/// id-at-commonName, 2.5.4.3 (RFC 5280, appendix A).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

#[cfg(test)]
mod tests {
    use super::certificate_ends;
    use crate::unit::SoftwareUnit;

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let unit = SoftwareUnit::with_certificate(9, &SoftwareUnit::new_key().unwrap()).unwrap();
        // 2049-12-31T23:59:59Z.
        assert_eq!(certificate_ends(&unit.key().to_der()), Some(2_524_607_999));
        assert_eq!(certificate_ends(b"0"), None);
    }
}
