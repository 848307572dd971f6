//! Cash that a return needs: where the drawer has less cash than a return gives back, a cash operation puts the missing cash in
//! before the return, if the caller allows that (`docs/api/fiscalcloud.md`, "Requests").
//!
//! The cash operation is a document of its own. Its id follows from the id of the return, so that a return that is repeated, also
//! after a crash between the two documents, never puts cash in twice: once the cash operation is registered, the drawer has the cash,
//! and if the cash has gone out again since, the return is refused.

use ferrotill_core::Amount;
use ferrotill_core::refusal::Refusal;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use super::super::devices::DevicePlace;
use super::super::queue::QueuedOrder;
use super::orders::{Deciding, Refused};
use super::{Effect, Tills};
use crate::order::{OrderForm, OrderKind, Said};
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// The cash that must be put into the drawer so that a refused return is possible.
    ///
    /// `None` if the caller wants no cash operation, or if the return would be refused even then.
    pub(super) fn cash_missing(
        &mut self,
        batch: &Batch<'_>,
        index: DevicePlace,
        order: &QueuedOrder,
        (refusal, faults): &Refused,
    ) -> Result<Option<Amount>, StoreError> {
        let allowed = matches!(
            order.form.kind,
            OrderKind::Refund {
                put_cash_in: true,
                ..
            }
        );
        let only_cash = faults
            .iter()
            .all(|(_, fault)| matches!(fault, Refusal::NotEnoughCash { .. }));
        let Some(missing) = refusal.cash_missing() else {
            return Ok(None);
        };
        if !allowed || !only_cash || order.cash_begun {
            return Ok(None);
        }
        let possible = self.is_possible(batch, index, order, Deciding::after_cash())?;
        Ok(possible.is_ok().then_some(missing))
    }

    /// Begins the cash operation that puts the missing cash of a return into the drawer. The return is the next order afterwards.
    pub(super) fn begin_cash(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        mut order: QueuedOrder,
        (missing, refused): (Amount, Refused),
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let form = cash_before(&order.form, missing);
        let cash = QueuedOrder {
            fingerprint: form.fingerprint(self.devices[index].device),
            form,
            unique: Uuid::now_v7(),
            callers: Vec::new(),
            attempts: 0,
            cash_begun: false,
        };
        match self.reserve(batch, index, &cash, false)? {
            // The cash was put in for an earlier request of this return, and has gone out of the drawer since.
            Err(_) => self.refuse(batch, order, refused, effects),
            Ok(reservation) => {
                order.cash_begun = true;
                self.devices[index].queue.put_back(order);
                self.begin(batch, index, reservation, cash, effects)
            }
        }
    }
}

/// The cash operation that puts cash in for a return.
fn cash_before(refund: &OrderForm, amount: Amount) -> OrderForm {
    OrderForm {
        id: cash_id(refund.id),
        point_of_sale: refund.point_of_sale,
        kind: OrderKind::Cash(amount),
        echo: String::new(),
        found: format!("{{\"putInForReturn\":\"{}\"}}", refund.id),
        contact: None,
        said: Said {
            point_of_sale: refund.said.point_of_sale,
            ..Said::default()
        },
    }
}

/// The request id of the cash operation for a return: always the same for the same return.
fn cash_id(refund: Uuid) -> Uuid {
    let mut digest = Sha256::new();
    digest.update("cash put in for the return ");
    digest.update(refund.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut id = [0; 16];
    id.iter_mut()
        .zip(digest)
        .for_each(|(byte, digested)| *byte = digested);
    Builder::from_custom_bytes(id).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::cash_id;
    use uuid::Uuid;

    #[test]
    fn the_id_of_the_cash_operation_follows_from_the_return() {
        let id = cash_id(Uuid::from_u128(1));
        assert_eq!(id.to_string(), "b17d63a0-1e95-8c41-b4fd-ac037338306e");
        assert_ne!(id, cash_id(Uuid::from_u128(2)));
    }
}
