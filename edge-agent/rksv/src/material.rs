//! The container of the keys that a checker needs: `cryptographicMaterialContainer.json` of the official sample code.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_core::profile::at::rksv::AesKey;
use serde::{Deserialize, Serialize};

use crate::certificate::{CertificateUnreadable, P256PublicKey, UnitCertificate};

/// Whether a unit has a certificate (open system) or only a key (closed system, suite `R1-AT0`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyKind {
    /// A certificate of a trust service provider.
    #[serde(rename = "CERTIFICATE")]
    Certificate,
    /// A public key.
    #[serde(rename = "PUBLIC_KEY")]
    PublicKey,
}

/// The public side of one signature unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitKey {
    key: P256PublicKey,
    certificate: Option<(String, Vec<u8>)>,
}

impl UnitKey {
    /// A public key without a certificate.
    #[must_use]
    pub const fn of_key(key: P256PublicKey) -> Self {
        Self {
            key,
            certificate: None,
        }
    }

    /// A certificate in DER.
    ///
    /// # Errors
    ///
    /// [`CertificateUnreadable`].
    pub fn of_certificate(der: Vec<u8>) -> Result<Self, CertificateUnreadable> {
        let UnitCertificate { serial, key } = UnitCertificate::read(&der)?;
        Ok(Self {
            key,
            certificate: Some((serial, der)),
        })
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &P256PublicKey {
        &self.key
    }

    /// Certificate or key.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        match self.certificate {
            Some(_) => KeyKind::Certificate,
            None => KeyKind::PublicKey,
        }
    }

    /// The certificate in DER, if there is one.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_ref().map(|(_, der)| der.as_slice())
    }

    /// The serial number inside the certificate, in lower-case hexadecimal without leading zeros.
    #[must_use]
    pub fn certificate_serial(&self) -> Option<&str> {
        self.certificate.as_ref().map(|(serial, _)| serial.as_str())
    }

    /// A public key (`SubjectPublicKeyInfo`) in DER.
    ///
    /// # Errors
    ///
    /// [`CertificateUnreadable`].
    pub fn of_spki(der: &[u8]) -> Result<Self, CertificateUnreadable> {
        P256PublicKey::of_spki(der).map(Self::of_key)
    }

    /// The certificate, or without one the public key (`SubjectPublicKeyInfo`), in DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        match &self.certificate {
            Some((_, der)) => der.clone(),
            None => self.key.spki(),
        }
    }
}

/// Why a container cannot be used. The message begins with the path of the fault.
#[derive(Debug, thiserror::Error)]
pub enum MaterialFault {
    /// The text is not the JSON of a container.
    #[error("the container of the keys cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The AES key is not the Base64 of 32 bytes.
    #[error("base64AESKey: is not the Base64 text of 32 bytes")]
    AesKey,
    /// The `id` of an entry is not the name of the entry.
    #[error("certificateOrPublicKeyMap.{serial}.id: is {id:?}, not the name of the entry")]
    Id {
        /// The name of the entry.
        serial: String,
        /// Its `id`.
        id: String,
    },
    /// A certificate or key that is no Base64.
    #[error("certificateOrPublicKeyMap.{serial}.signatureCertificateOrPublicKey: is not Base64")]
    NotBase64 {
        /// The name of the entry.
        serial: String,
    },
    /// A certificate or key of another form.
    #[error("certificateOrPublicKeyMap.{serial}.signatureCertificateOrPublicKey: {why}")]
    Key {
        /// The name of the entry.
        serial: String,
        /// What is wrong with it.
        why: CertificateUnreadable,
    },
}

/// The keys that belong to a protocol: the AES key of the cash box, and certificate or public key of each unit by its serial.
#[derive(Clone, Debug)]
pub struct KeyMaterial {
    /// The key of the turnover counter.
    pub aes_key: AesKey,
    /// The units by element 10 of the code, letter by letter.
    pub units: BTreeMap<String, UnitKey>,
}

#[derive(Serialize, Deserialize)]
struct Container {
    #[serde(rename = "base64AESKey")]
    aes_key: String,
    #[serde(rename = "certificateOrPublicKeyMap")]
    units: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    id: String,
    #[serde(rename = "signatureDeviceType")]
    kind: KeyKind,
    #[serde(rename = "signatureCertificateOrPublicKey")]
    der: String,
}

impl KeyMaterial {
    /// Reads a container.
    ///
    /// # Errors
    ///
    /// [`MaterialFault`], with the path of the fault.
    pub fn read(from: impl Read) -> Result<Self, MaterialFault> {
        let container: Container = serde_json::from_reader(from)?;
        let aes_key = AesKey::from_base64(&container.aes_key).map_err(|_| MaterialFault::AesKey)?;
        let units = container
            .units
            .into_iter()
            .map(|(serial, entry)| Ok((serial.clone(), unit_key(serial, entry)?)))
            .collect::<Result<_, MaterialFault>>()?;
        Ok(Self { aes_key, units })
    }

    /// Writes the container. It contains the AES key, which is a secret of the cash box.
    ///
    /// # Errors
    ///
    /// The errors of `to`.
    pub fn write(&self, to: &mut dyn Write) -> std::io::Result<()> {
        let entry = |(serial, unit): (&String, &UnitKey)| {
            let entry = Entry {
                id: serial.clone(),
                kind: unit.kind(),
                der: STANDARD.encode(unit.to_der()),
            };
            (serial.clone(), entry)
        };
        let container = Container {
            aes_key: self.aes_key.to_base64().as_str().to_owned(),
            units: self.units.iter().map(entry).collect(),
        };
        serde_json::to_writer_pretty(&mut *to, &container)?;
        to.write_all(b"\n")
    }
}

fn unit_key(serial: String, entry: Entry) -> Result<UnitKey, MaterialFault> {
    if entry.id != serial {
        return Err(MaterialFault::Id {
            serial,
            id: entry.id,
        });
    }
    let Ok(der) = STANDARD.decode(&entry.der) else {
        return Err(MaterialFault::NotBase64 { serial });
    };
    let key = match entry.kind {
        KeyKind::Certificate => UnitKey::of_certificate(der),
        KeyKind::PublicKey => P256PublicKey::of_spki(&der).map(UnitKey::of_key),
    };
    key.map_err(|why| MaterialFault::Key { serial, why })
}
