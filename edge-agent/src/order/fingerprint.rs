//! The fingerprint of a request: a digest of what the caller said, by which a repeated request is recognised.
//!
//! A fingerprint covers what the caller said and nothing else: no default of the configuration, no value that the agent found
//! out. The text that is digested has a form with a number, and the number is stored beside the digest. A form is never changed,
//! because a request may be repeated years after its document was made: a new form gets the next number, and every older form is
//! kept. `edge-agent/tests/golden/fingerprints.txt` has examples of every form.

mod form_0;
mod form_1;

use ferrotill_core::id::Fingerprint;
use ferrotill_store::DocumentRow;
use uuid::Uuid;

use super::OrderForm;

/// The fingerprint of a request with the number of its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestFingerprint {
    /// The number of the form of the text that was digested.
    pub form: u8,
    /// The digest.
    pub digest: Fingerprint,
    /// The point of sale of the document. Form 0 contains it, also where the caller named none.
    pub point_of_sale: Uuid,
}

impl OrderForm {
    /// The fingerprint of this order for a device, in the newest form.
    #[must_use]
    pub fn fingerprint(&self, device: Uuid) -> RequestFingerprint {
        RequestFingerprint {
            form: form_1::NUMBER,
            digest: Fingerprint(form_1::digest(self, device)),
            point_of_sale: self.point_of_sale,
        }
    }

    /// The text whose digest is the fingerprint of the newest form.
    #[must_use]
    pub fn canonical_text(&self, device: Uuid) -> String {
        form_1::text(self, device)
    }
}

impl RequestFingerprint {
    /// The fingerprint of a stored document.
    #[must_use]
    pub fn of_row(row: &DocumentRow) -> Self {
        Self {
            form: row.fingerprint_form,
            digest: Fingerprint(row.fingerprint),
            point_of_sale: row.point_of_sale,
        }
    }

    /// True if this is the fingerprint of an order for a device, in whichever form it was made.
    #[must_use]
    pub fn is_of(&self, order: &OrderForm, device: Uuid) -> bool {
        match self.form {
            form_0::NUMBER => {
                // The first request may have named no point of sale. Then its document has the one that was the default at that time.
                let point_of_sale = order.said.point_of_sale.unwrap_or(self.point_of_sale);
                form_0::digest(order, device, point_of_sale) == self.digest.0
            }
            form_1::NUMBER => form_1::digest(order, device) == self.digest.0,
            // A build that knows the form has written the row, and this build refuses the data of that build.
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use ferrotill_core::Amount;
    use ferrotill_core::id::Fingerprint;
    use uuid::Uuid;

    use super::{RequestFingerprint, form_0};
    use crate::order::{OrderForm, OrderKind, Said, TerminalUse};

    const DEVICE: Uuid = Uuid::from_u128(7);
    const DEFAULT: Uuid = Uuid::from_u128(1);

    fn cash(minor: i64, point_of_sale: Uuid, said: Option<Uuid>) -> OrderForm {
        OrderForm {
            id: Uuid::new_v4(),
            point_of_sale,
            kind: OrderKind::Cash(Amount::from_minor(minor)),
            echo: String::new(),
            found: String::new(),
            on_paper: true,
            terminals: TerminalUse::default(),
            contact: None,
            said: Said {
                point_of_sale: said,
                ..Said::default()
            },
        }
    }

    fn old(order: &OrderForm) -> RequestFingerprint {
        RequestFingerprint {
            form: form_0::NUMBER,
            digest: Fingerprint(form_0::digest(order, DEVICE, order.point_of_sale)),
            point_of_sale: order.point_of_sale,
        }
    }

    #[test]
    fn a_default_of_the_configuration_is_no_part_of_a_request() {
        let first = cash(500, DEFAULT, None);
        let later = cash(500, Uuid::from_u128(2), None);
        for stored in [first.fingerprint(DEVICE), old(&first)] {
            assert!(stored.is_of(&first, DEVICE));
            assert!(stored.is_of(&later, DEVICE), "{stored:?}");
            assert!(!stored.is_of(&cash(501, DEFAULT, None), DEVICE));
            assert!(!stored.is_of(&first, Uuid::from_u128(8)));
            let named = Uuid::from_u128(2);
            assert!(!stored.is_of(&cash(500, named, Some(named)), DEVICE));
        }
    }

    #[test]
    fn an_unknown_form_is_no_repeat() {
        let order = cash(500, DEFAULT, None);
        let stored = RequestFingerprint {
            form: 255,
            ..order.fingerprint(DEVICE)
        };
        assert!(!stored.is_of(&order, DEVICE));
    }
}
