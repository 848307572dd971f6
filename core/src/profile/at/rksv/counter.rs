//! The turnover counter and its encryption (§ 8 Abs. 1, § 9 Abs. 2 Z 5, Anlage Z 8 and Z 9).

use core::fmt::{self, Write as _};

use aes::Aes256Enc;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use heapless::String;

use super::element::{CashBoxId, ReceiptId};
use super::encoding::BASE64;
use super::fault::Fault;
use super::hash::{Hasher, front};
use crate::amount::Amount;

/// The cash box's key, "Benutzerschlüssel": 32 random bytes that the caller gives. The key is registered with the tax authority in
/// Base64 (§ 16 Abs. 1).
///
/// One key belongs to one cash box. The start value of the encryption is a hash of cash box id and receipt id with no separator,
/// so two cash boxes with the same key could get the same start value.
#[derive(Clone)]
pub struct AesKey([u8; 32]);

impl AesKey {
    /// The key that consists of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the key as it is registered: 44 characters of Base64.
    ///
    /// # Errors
    ///
    /// [`Fault::KeyMalformed`].
    pub fn from_base64(text: &str) -> Result<Self, Fault> {
        let mut bytes = [0; 32];
        match BASE64.read(text, &mut bytes) {
            Some(read) if read.len() == 32 => Ok(Self(bytes)),
            _ => Err(Fault::KeyMalformed),
        }
    }

    /// The Base64 text of the key, as it is registered. The key is a secret: `Debug` and messages never show it.
    #[must_use]
    pub fn to_base64(&self) -> String<44> {
        let mut text = String::new();
        let written = BASE64.write(&self.0, &mut text);
        debug_assert!(written.is_ok(), "32 bytes are 44 characters of Base64");
        text
    }

    /// Four characters to check a key that was typed by hand: Base64 of the first three bytes of the hash of its Base64.
    #[must_use]
    pub fn checksum(&self) -> String<4> {
        let mut hasher = Hasher::default();
        let hashed = hasher.write_str(&self.to_base64());
        let mut text = String::new();
        let written = BASE64.write(&front::<3>(&hasher.finish()), &mut text);
        debug_assert!(
            hashed.is_ok() && written.is_ok(),
            "3 bytes are 4 characters"
        );
        text
    }

    /// The first block of AES-256-CTR; the counter is never longer. The start value is [`start_value`].
    fn keystream(&self, cash_box: CashBoxId<'_>, receipt: ReceiptId<'_>) -> [u8; 16] {
        let mut block = aes::Block::from(start_value(cash_box, receipt));
        Aes256Enc::new(&self.0.into()).encrypt_block(&mut block);
        block.into()
    }
}

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesKey(secret)")
    }
}

/// The start value ("IV") of the encryption: the first 16 bytes of SHA-256 over cash box id and receipt id (Anlage Z 8).
#[must_use]
pub fn start_value(cash_box: CashBoxId<'_>, receipt: ReceiptId<'_>) -> [u8; 16] {
    let mut hasher = Hasher::default();
    let hashed = write!(hasher, "{}{}", cash_box.as_str(), receipt.as_str());
    debug_assert!(hashed.is_ok(), "hashing never fails");
    front(&hasher.finish())
}

/// The number of bytes of the turnover counter: 5 to 8. The width may change within a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterWidth(u8);

impl CounterWidth {
    /// The width of eight bytes, into which every amount fits.
    pub const EIGHT: Self = Self(8);

    /// A width of this many bytes.
    ///
    /// # Errors
    ///
    /// [`Fault::CounterWidth`] if it is not 5 to 8.
    pub const fn new(bytes: u8) -> Result<Self, Fault> {
        match bytes {
            5..=8 => Ok(Self(bytes)),
            given => Err(Fault::CounterWidth { given }),
        }
    }

    /// The width in bytes.
    #[must_use]
    pub const fn bytes(self) -> u8 {
        self.0
    }

    /// The bits of a 64-bit number that the counter does not use.
    fn spare_bits(self) -> u32 {
        64_u32.saturating_sub(u32::from(self.0).saturating_mul(8))
    }
}

/// "Stand-Umsatz-Zaehler-AES256-ICM": the counter as it is written in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncryptedCounter {
    bytes: [u8; 8],
    width: CounterWidth,
}

impl EncryptedCounter {
    /// Encrypts a counter: minor units in two's complement, big-endian.
    ///
    /// # Errors
    ///
    /// [`Fault::CounterOverflow`] if the counter does not fit into its bytes.
    pub fn encrypt(
        key: &AesKey,
        cash_box: CashBoxId<'_>,
        receipt: ReceiptId<'_>,
        counter: Amount,
        width: CounterWidth,
    ) -> Result<Self, Fault> {
        let spare = width.spare_bits();
        let aligned = counter.minor().wrapping_shl(spare);
        if aligned.wrapping_shr(spare) != counter.minor() {
            return Err(Fault::CounterOverflow { bytes: width.0 });
        }
        let mut bytes = aligned.to_be_bytes();
        exclusive_or(&mut bytes, &key.keystream(cash_box, receipt), width);
        Ok(Self { bytes, width })
    }

    /// Decrypts the counter of a receipt.
    #[must_use]
    pub fn decrypt(&self, key: &AesKey, cash_box: CashBoxId<'_>, receipt: ReceiptId<'_>) -> Amount {
        let mut bytes = self.bytes;
        exclusive_or(&mut bytes, &key.keystream(cash_box, receipt), self.width);
        Amount::from_minor(i64::from_be_bytes(bytes).wrapping_shr(self.width.spare_bits()))
    }

    /// The encrypted bytes of the counter.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.width.0))
            .unwrap_or_default()
    }
}

fn exclusive_or(bytes: &mut [u8; 8], keystream: &[u8; 16], width: CounterWidth) {
    let pairs = bytes.iter_mut().zip(keystream);
    for (byte, key) in pairs.take(usize::from(width.0)) {
        *byte ^= key;
    }
}

/// Element 9: the counter, or a text on receipts that do not show it (§ 10 Abs. 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterField {
    /// The encrypted turnover counter after this receipt.
    Encrypted(EncryptedCounter),
    /// "STO": a Stornobeleg. Its amounts are added to the counter, although the receipt does not show the counter.
    Storno,
    /// "TRA": a Trainingsbeleg. Its amounts are not added to the counter.
    Training,
}

impl CounterField {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Encrypted(counter) => counter.as_bytes(),
            Self::Storno => b"STO",
            Self::Training => b"TRA",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 8];
        match BASE64.read(text, &mut bytes)? {
            b"STO" => Some(Self::Storno),
            b"TRA" => Some(Self::Training),
            read => {
                let width = CounterWidth::new(u8::try_from(read.len()).ok()?).ok()?;
                Some(Self::Encrypted(EncryptedCounter { bytes, width }))
            }
        }
    }
}
