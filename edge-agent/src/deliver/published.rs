//! What is published, and the places that take it.

use uuid::Uuid;

use super::CarrierFault;

/// A file of a published receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedFile {
    /// Its path below the address of the pages, without a slash at its beginning. The same file always has the same path.
    pub path: String,
    /// Its media type.
    pub kind: &'static str,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// Why a receipt has no form in which it can be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoForm {
    /// It has none now; why.
    Now(String),
    /// It has none and never gets one; why.
    Never(String),
}

impl From<NoForm> for CarrierFault {
    fn from(why: NoForm) -> Self {
        match why {
            NoForm::Now(why) => Self::Later(why),
            NoForm::Never(why) => Self::Never(why),
        }
    }
}

/// Says what published receipts look like.
pub trait ReceiptSource: Send + Sync {
    /// The files of a receipt: its images, its PDF and, as the last one, its page, whose links lead to the others.
    ///
    /// # Errors
    ///
    /// [`NoForm`].
    fn files(&self, receipt: Uuid) -> Result<Vec<PublishedFile>, NoForm>;

    /// The body with which the eReceipt API creates a receipt.
    ///
    /// # Errors
    ///
    /// [`NoForm`].
    fn ekabs(&self, receipt: Uuid) -> Result<String, NoForm>;
}

/// A place at which receipts are published. Publishing the same receipt twice leaves one.
pub(super) trait Publisher: Send + Sync {
    /// Publishes one receipt. Returns where it is shown, if the place says so.
    fn publish(
        &self,
        source: &dyn ReceiptSource,
        receipt: Uuid,
    ) -> Result<Option<String>, CarrierFault>;
}
