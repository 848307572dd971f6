//! The protocol (DEP) as JSON (Anlage Z 3), written receipt by receipt: nothing of it is kept in memory.

use std::io::{Error, ErrorKind, Result, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Writes a protocol. Groups follow one another in the order of the receipts; the chain goes on from group to group.
///
/// One group without a certificate may hold the receipts of several units (A-SIT, issues 132 and 419 of the sample code).
#[derive(Debug)]
pub struct DepWriter<W> {
    to: W,
    groups: u64,
    in_group: u64,
    receipts: u64,
}

impl<W: Write> DepWriter<W> {
    /// Begins a protocol.
    ///
    /// # Errors
    ///
    /// The errors of `to`.
    pub fn new(mut to: W) -> Result<Self> {
        to.write_all(b"{\"Belege-Gruppe\":[")?;
        Ok(Self {
            to,
            groups: 0,
            in_group: 0,
            receipts: 0,
        })
    }

    /// Begins a group: the certificate of the unit in DER, and the certificates of those who have signed it. Without a certificate
    /// both are written empty.
    ///
    /// # Errors
    ///
    /// The errors of the writer.
    pub fn group(&mut self, certificate: Option<&[u8]>, authorities: &[&[u8]]) -> Result<()> {
        if self.groups > 0 {
            self.to.write_all(b"]},")?;
        }
        let certificate = STANDARD.encode(certificate.unwrap_or_default());
        write!(
            self.to,
            "\n{{\"Signaturzertifikat\":\"{certificate}\",\"Zertifizierungsstellen\":["
        )?;
        for (at, authority) in authorities.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(self.to, "{comma}\"{}\"", STANDARD.encode(authority))?;
        }
        self.to.write_all(b"],\"Belege-kompakt\":[")?;
        self.groups = self.groups.saturating_add(1);
        self.in_group = 0;
        Ok(())
    }

    /// Writes the compact form of the next receipt. A group without a certificate is begun if there is none yet.
    ///
    /// # Errors
    ///
    /// The errors of the writer; [`ErrorKind::InvalidInput`] for a text that is no compact form.
    pub fn receipt(&mut self, compact: &str) -> Result<()> {
        let fits = |letter: u8| letter.is_ascii_alphanumeric() || b".-_".contains(&letter);
        if compact.is_empty() || !compact.bytes().all(fits) {
            let text =
                "a receipt is not in its compact form, so it is not written into the protocol";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        if self.groups == 0 {
            self.group(None, &[])?;
        }
        let before: &[u8] = if self.in_group == 0 {
            b"\n\""
        } else {
            b",\n\""
        };
        self.to.write_all(before)?;
        self.to.write_all(compact.as_bytes())?;
        self.to.write_all(b"\"")?;
        self.in_group = self.in_group.saturating_add(1);
        self.receipts = self.receipts.saturating_add(1);
        Ok(())
    }

    /// The number of receipts that were written. The official checker does not read a protocol without receipts.
    #[must_use]
    pub const fn receipts(&self) -> u64 {
        self.receipts
    }

    /// Ends the protocol.
    ///
    /// # Errors
    ///
    /// The errors of the writer.
    pub fn finish(mut self) -> Result<W> {
        if self.groups > 0 {
            self.to.write_all(b"]}")?;
        }
        self.to.write_all(b"]}\n")?;
        self.to.flush()?;
        Ok(self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::DepWriter;

    #[test]
    fn groups_and_receipts_are_json() {
        let mut writer = DepWriter::new(Vec::new()).unwrap();
        writer.receipt("a.b.c").unwrap();
        writer.receipt("d.e.f").unwrap();
        writer.group(Some(&[1, 2, 3]), &[&[4], &[5]]).unwrap();
        writer.receipt("g.h-i_.j").unwrap();
        assert!(writer.receipt("\"").is_err());
        assert_eq!(writer.receipts(), 3);
        let text = writer.finish().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let expected = serde_json::json!({"Belege-Gruppe": [
            {"Signaturzertifikat": "", "Zertifizierungsstellen": [], "Belege-kompakt": ["a.b.c", "d.e.f"]},
            {"Signaturzertifikat": "AQID", "Zertifizierungsstellen": ["BA==", "BQ=="], "Belege-kompakt": ["g.h-i_.j"]},
        ]});
        assert_eq!(json, expected);
        let empty = DepWriter::new(Vec::new()).unwrap().finish().unwrap();
        assert_eq!(empty, b"{\"Belege-Gruppe\":[]}\n");
    }
}
