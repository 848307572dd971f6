//! Reads a protocol (DEP) receipt by receipt: a protocol of any length needs the memory of one receipt.

use std::fmt;
use std::io::Read;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// What gets the parts of a protocol, in their order.
pub(crate) trait DepParts {
    /// A receipt in its compact form.
    fn receipt(&mut self, compact: &str);
    /// The end of a group, with its certificate and the certificates of its authorities, as they are written. They may stand before
    /// or after the receipts.
    fn group_end(&mut self, certificate: &str, authorities: &[String]);
}

/// Reads a whole protocol.
///
/// # Errors
///
/// What is wrong with the JSON, with line and column.
pub(crate) fn read_dep(from: impl Read, parts: &mut dyn DepParts) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_reader(from);
    Export(parts).deserialize(&mut json)?;
    json.end()
}

const GROUPS: &str = "Belege-Gruppe";
const CERTIFICATE: &str = "Signaturzertifikat";
/// The other name of the certificate, which the official checker reads.
const CERTIFICATE_OR_SEAL: &str = "Signatur- bzw. Siegelzertifikat";
const AUTHORITIES: &str = "Zertifizierungsstellen";
const RECEIPTS: &str = "Belege-kompakt";

/// The whole protocol.
struct Export<'p>(&'p mut dyn DepParts);
/// The list of groups.
struct Groups<'p>(&'p mut dyn DepParts);
/// One group.
struct Group<'p>(&'p mut dyn DepParts);
/// The receipts of a group.
struct Receipts<'p>(&'p mut dyn DepParts);
/// One receipt.
struct Receipt<'p>(&'p mut dyn DepParts);

impl<'de> DeserializeSeed<'de> for Export<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Export<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a protocol: an object with `{GROUPS}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(name) = members.next_key::<String>()? {
            if name == GROUPS {
                once(&mut found, GROUPS)?;
                members.next_value_seed(Groups(&mut *self.0))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        present(found, GROUPS)
    }
}

impl<'de> DeserializeSeed<'de> for Groups<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Groups<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of groups in `{GROUPS}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut groups: A) -> Result<(), A::Error> {
        while groups.next_element_seed(Group(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Group<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Group<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a group: an object with `{CERTIFICATE}`, `{AUTHORITIES}` and `{RECEIPTS}`"
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let (mut certificate, mut authorities) = (None::<String>, None::<Vec<String>>);
        let mut found = false;
        while let Some(name) = members.next_key::<String>()? {
            match name.as_str() {
                CERTIFICATE | CERTIFICATE_OR_SEAL => {
                    once(&mut certificate.is_some(), CERTIFICATE)?;
                    certificate = Some(members.next_value()?);
                }
                AUTHORITIES => {
                    once(&mut authorities.is_some(), AUTHORITIES)?;
                    authorities = Some(members.next_value()?);
                }
                RECEIPTS => {
                    once(&mut found, RECEIPTS)?;
                    members.next_value_seed(Receipts(&mut *self.0))?;
                }
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        present(found, RECEIPTS)?;
        let certificate = certificate.ok_or_else(|| A::Error::missing_field(CERTIFICATE))?;
        let authorities = authorities.ok_or_else(|| A::Error::missing_field(AUTHORITIES))?;
        self.0.group_end(&certificate, &authorities);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Receipts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Receipts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of receipts in `{RECEIPTS}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut receipts: A) -> Result<(), A::Error> {
        while receipts.next_element_seed(Receipt(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Receipt<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Receipt<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a receipt in its compact form, as a text")
    }

    fn visit_str<E: serde::de::Error>(self, compact: &str) -> Result<(), E> {
        self.0.receipt(compact);
        Ok(())
    }
}

fn once<E: serde::de::Error>(found: &mut bool, name: &'static str) -> Result<(), E> {
    match std::mem::replace(found, true) {
        true => Err(E::duplicate_field(name)),
        false => Ok(()),
    }
}

fn present<E: serde::de::Error>(found: bool, name: &'static str) -> Result<(), E> {
    match found {
        true => Ok(()),
        false => Err(E::missing_field(name)),
    }
}
