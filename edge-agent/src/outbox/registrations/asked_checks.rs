//! The checks of receipts that callers wait for. A wish reaches the journal a moment after it was expressed, and until then only this list
//! knows of it.

use std::sync::Arc;

use crate::locked::Locked;
use crate::seal::signature::Signatures;

/// The receipts whose checks callers wait for, each as often as it is waited for.
#[derive(Debug, Default)]
pub(super) struct AskedChecks(Locked<Vec<String>>);

impl AskedChecks {
    /// A caller asks for the check of a receipt, and waits as long as the returned value lives.
    pub(super) fn ask(self: &Arc<Self>, subject: &str, signatures: &Arc<Signatures>) -> AskedCheck {
        self.0.lock().push(subject.to_owned());
        AskedCheck {
            all: Arc::clone(self),
            subject: subject.to_owned(),
            signatures: Arc::clone(signatures),
        }
    }

    /// True if a caller waits for the check of a receipt of this cash box.
    pub(super) fn has_receipt_of(&self, cash_box: &str) -> bool {
        let all = self.0.lock();
        let mut cash_boxes = all.iter().filter_map(|subject| subject.rsplit_once('_'));
        cash_boxes.any(|(of, _)| of == cash_box)
    }

    /// True if no caller waits for a check.
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

/// One caller that waits.
#[derive(Debug)]
pub(super) struct AskedCheck {
    all: Arc<AskedChecks>,
    subject: String,
    signatures: Arc<Signatures>,
}

impl Drop for AskedCheck {
    fn drop(&mut self) {
        {
            let mut all = self.all.0.lock();
            if let Some(place) = all.iter().position(|subject| *subject == self.subject) {
                all.swap_remove(place);
            }
        }
        // What has waited for the check can go on.
        self.signatures.registrations_changed();
    }
}
