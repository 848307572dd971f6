//! The addresses of public receipts. A token is the id of a receipt, encrypted with a key of the data folder: nobody can guess one, each
//! receipt has one, and nothing must be stored for it.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// Makes and reads the tokens of a data folder.
#[derive(Clone)]
pub struct ReceiptLinks {
    uploads: Aes128,
    documents: Aes128,
    images: Aes128,
}

impl std::fmt::Debug for ReceiptLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReceiptLinks(…)")
    }
}

impl ReceiptLinks {
    /// The links of a data folder; `key` gives a secret key of the folder for each purpose.
    ///
    /// # Errors
    ///
    /// The error of `key`.
    pub fn new<E>(key: impl Fn(&str) -> Result<[u8; 32], E>) -> Result<Self, E> {
        let cipher = |purpose: &str| {
            let secret = key(purpose)?;
            let mut half = [0; 16];
            for (to, from) in half.iter_mut().zip(secret) {
                *to = from;
            }
            Ok(Aes128::new(&Array(half)))
        };
        Ok(Self {
            uploads: cipher("links of uploaded receipts")?,
            documents: cipher("links of documents")?,
            images: cipher("links of images")?,
        })
    }

    /// The token of an uploaded receipt.
    #[must_use]
    pub fn token_of_upload(&self, id: Uuid) -> String {
        token(&self.uploads, id)
    }

    /// The token of a receipt of this till.
    #[must_use]
    pub fn token_of_document(&self, id: Uuid) -> String {
        token(&self.documents, id)
    }

    /// The token of an image.
    #[must_use]
    pub fn token_of_image(&self, id: Uuid) -> String {
        token(&self.images, id)
    }

    /// The uploaded receipt and the document that a token may belong to: at most one of them exists. `None` if it is no token.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<(Uuid, Uuid)> {
        Some((id(&self.uploads, token)?, id(&self.documents, token)?))
    }

    /// The image that a token may belong to.
    #[must_use]
    pub fn read_image(&self, token: &str) -> Option<Uuid> {
        id(&self.images, token)
    }
}

fn token(cipher: &Aes128, id: Uuid) -> String {
    let mut block = Array(id.into_bytes());
    cipher.encrypt_block(&mut block);
    URL_SAFE_NO_PAD.encode(block.0)
}

fn id(cipher: &Aes128, token: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let mut block = Array(<[u8; 16]>::try_from(bytes).ok()?);
    cipher.decrypt_block(&mut block);
    Some(Uuid::from_bytes(block.0))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn links(byte: u8) -> ReceiptLinks {
        let key = |purpose: &str| {
            let mut key = [byte; 32];
            key[0] = u8::try_from(purpose.len()).unwrap();
            Ok::<_, Infallible>(key)
        };
        ReceiptLinks::new(key).unwrap()
    }

    #[test]
    fn a_token_is_read_by_its_folder_alone_and_for_its_purpose_alone() {
        let (own, other, id) = (links(1), links(2), Uuid::from_u128(7));
        let token = own.token_of_upload(id);
        assert_eq!(token.len(), 22);
        let (upload, document) = own.read(&token).unwrap();
        assert_eq!(upload, id);
        assert_ne!(document, id);
        assert_ne!(own.read_image(&token), Some(id));
        assert_ne!(other.read(&token).unwrap().0, id);
        assert_eq!(own.read(&own.token_of_document(id)).unwrap().1, id);
        for wrong in [
            "",
            "x",
            &token[1..],
            &format!("{token}A"),
            "../../../../etc/passwd",
        ] {
            assert_eq!(own.read(wrong), None, "{wrong}");
        }
    }
}
