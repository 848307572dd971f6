//! The elements of the code that are names: cash box, receipt and signature unit.

use core::fmt;

use super::fault::Fault;
use super::{ID_BYTES_MAX, SERIAL_BYTES_MAX};

/// "Kassen-ID": the id of the cash box, unique within the company (§ 5 Abs. 4, § 9 Abs. 2 Z 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashBoxId<'a>(&'a str);

/// "Belegnummer": the id of the receipt. An id is never used twice in a cash box (§ 9 Abs. 2 Z 2).
///
/// The encryption of the counter depends on ids that are used only once: two counters encrypted with the same key and id reveal
/// their difference. Therefore store the id before using it, and take a new id after an attempt that was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptId<'a>(&'a str);

impl<'a> CashBoxId<'a> {
    /// An id of 1 to [`ID_BYTES_MAX`] bytes without characters that the code cannot contain.
    ///
    /// # Errors
    ///
    /// [`Fault::IdLength`], [`Fault::IdCharacter`].
    pub fn new(text: &'a str) -> Result<Self, Fault> {
        identifier(text).map(Self)
    }

    /// The text of the id.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl<'a> ReceiptId<'a> {
    /// An id of 1 to [`ID_BYTES_MAX`] bytes without characters that the code cannot contain.
    ///
    /// # Errors
    ///
    /// [`Fault::IdLength`], [`Fault::IdCharacter`].
    pub fn new(text: &'a str) -> Result<Self, Fault> {
        identifier(text).map(Self)
    }

    /// The text of the id.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// The unit that signs: its provider and its certificate or key (elements 0 and 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureUnit<'a> {
    provider: u16,
    serial: &'a str,
}

impl<'a> SignatureUnit<'a> {
    /// Provider 0 is a closed system (§ 20), with a key and no certificate: the serial is `U:` and a UID, `S:` and a tax number, or
    /// `G:` and a GLN, then `-` and the key's id of letters and digits.
    /// Every other provider is a trust service provider: the serial is that of the certificate, in hexadecimal without prefix.
    ///
    /// The serial must be written exactly as it was registered: the checkers compare the letters.
    ///
    /// # Errors
    ///
    /// [`Fault::SerialMalformed`].
    pub fn new(provider: u16, serial: &'a str) -> Result<Self, Fault> {
        let well_formed = match provider {
            0 => is_closed_system_serial(serial),
            _ => !serial.is_empty() && serial.bytes().all(|digit| digit.is_ascii_hexdigit()),
        };
        if well_formed && serial.len() <= SERIAL_BYTES_MAX {
            Ok(Self { provider, serial })
        } else {
            Err(Fault::SerialMalformed)
        }
    }

    /// The number of the trust service provider; 0 for a closed system.
    #[must_use]
    pub const fn provider(self) -> u16 {
        self.provider
    }

    /// "Zertifikat-Seriennummer", or the id of the key in a closed system.
    #[must_use]
    pub const fn serial(self) -> &'a str {
        self.serial
    }

    pub(super) fn suite(self) -> impl fmt::Display {
        Suite(self.provider)
    }

    /// Reads the provider of an element 0; `None` for a text that [`Self::suite`] never writes.
    pub(super) fn provider_of(suite: &str) -> Option<u16> {
        let number = suite.strip_prefix(SUITE)?;
        let canonical = number == "0" || number.starts_with(|digit| matches!(digit, '1'..='9'));
        // `parse` alone would accept a plus sign, so the digits are checked first.
        canonical.then(|| number.parse().ok()).flatten()
    }
}

/// "Registrierkassenalgorithmuskennzeichen" without the provider's number: ES256, SHA-256, eight bytes of chain (Anlage Z 2).
const SUITE: &str = "R1-AT";

struct Suite(u16);

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SUITE}{}", self.0)
    }
}

fn identifier(text: &str) -> Result<&str, Fault> {
    if text.is_empty() || text.len() > ID_BYTES_MAX {
        return Err(Fault::IdLength {
            given: text.len(),
            limit: ID_BYTES_MAX,
        });
    }
    let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
    let cannot_stand = |at: usize, letter: char| {
        let edge = at == 0 || at == last;
        letter == '_' || letter.is_control() || (edge && letter.is_whitespace())
    };
    match text
        .char_indices()
        .find(|(at, letter)| cannot_stand(*at, *letter))
    {
        Some((at, _)) => Err(Fault::IdCharacter { at }),
        None => Ok(text),
    }
}

/// A serial such as `U:ATU12345678-K1`. Only the characters of the company's number are checked, not its form.
fn is_closed_system_serial(serial: &str) -> bool {
    let Some((company, key)) = serial.split_once('-') else {
        return false;
    };
    let Some((kind, company)) = company.split_once(':') else {
        return false;
    };
    let carried = |letter: char| letter != '_' && !letter.is_control() && !letter.is_whitespace();
    matches!(kind, "U" | "S" | "G")
        && !company.is_empty()
        && company.chars().all(carried)
        && !key.is_empty()
        && key.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{CashBoxId, Fault, ID_BYTES_MAX, ReceiptId, SignatureUnit};

    #[test]
    fn an_id_accepts_the_characters_that_the_checker_accepts() {
        for text in ["1", "Käse € 1/2.x", "A B", "-", "ä"] {
            assert_eq!(ReceiptId::new(text).unwrap().as_str(), text);
        }
        for (text, at) in [("a_b", 1), (" a", 0), ("ä ", 2), ("a\nb", 1), ("\u{a0}", 0)] {
            assert_eq!(
                CashBoxId::new(text),
                Err(Fault::IdCharacter { at }),
                "{text}"
            );
        }
        let (longest, too_long) = ([b'x'; ID_BYTES_MAX], [b'x'; ID_BYTES_MAX + 1]);
        let text = |bytes| core::str::from_utf8(bytes).unwrap();
        assert!(CashBoxId::new(text(&longest)).is_ok());
        assert!(CashBoxId::new(text(&too_long)).is_err());
        assert!(CashBoxId::new("").is_err());
    }

    #[test]
    fn a_serial_must_fit_its_provider() {
        let closed = ["U:ATU12345678-K1", "S:123456789-k", "G:9012345678901-007"];
        for serial in closed {
            assert!(SignatureUnit::new(0, serial).is_ok(), "{serial}");
            assert!(SignatureUnit::new(1, serial).is_err(), "{serial}");
        }
        for serial in ["3bc41de5", "00A1", "0"] {
            assert!(SignatureUnit::new(1, serial).is_ok(), "{serial}");
            assert!(SignatureUnit::new(0, serial).is_err(), "{serial}");
        }
        for serial in [
            "",
            "ATU12345678-K1",
            "U:ATU12345678",
            "U:ATU12345678-",
            "U:-K1",
            "X:1-K1",
            "u:1-K1",
            "U:ATU12345678-K-1",
            "U:ATU 12345678-K1",
            "U:ATU12345678-K 1",
            "U:ATU_12345678-K1",
        ] {
            assert!(SignatureUnit::new(0, serial).is_err(), "{serial}");
        }
        for serial in ["", "0x12", "12 34", "xyz", "-1"] {
            assert!(SignatureUnit::new(100, serial).is_err(), "{serial}");
        }
    }

    #[test]
    fn a_suite_is_read_only_as_it_is_written() {
        for (suite, provider) in [
            ("R1-AT0", Some(0)),
            ("R1-AT100", Some(100)),
            ("R1-AT65535", Some(65_535)),
            ("R1-AT65536", None),
            ("R1-AT", None),
            ("R1-AT00", None),
            ("R1-AT+1", None),
            ("r1-at1", None),
            ("R2-AT1", None),
            ("R1-DE1", None),
        ] {
            assert_eq!(SignatureUnit::provider_of(suite), provider, "{suite}");
        }
    }
}
