//! Orders without an id that are sent again: an equal order whose first answer was an error, or was not written, is the same order.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::locked::Locked;

/// The orders whose first answer the caller may not have.
#[derive(Debug, Default)]
pub(super) struct Repeats(Locked<Vec<([u8; 32], Uuid)>>);

/// The most orders that are remembered. The oldest is forgotten first.
const ORDERS_MAX: usize = 1_000;

impl Repeats {
    /// The digest by which equal orders are known: of the operation, and of everything but the time.
    pub(super) fn key(device: Uuid, refund: bool, kept: &str) -> [u8; 32] {
        let kind = if refund { "refuse" } else { "create" };
        Sha256::digest(format!("{device} {kind} {kept}").as_bytes()).into()
    }

    /// The id of an order: that of the first equal one whose answer the caller may not have, or a new one.
    pub(super) fn id_of(&self, key: [u8; 32]) -> Uuid {
        let mut orders = self.0.lock();
        if let Some((_, id)) = orders.iter().find(|(other, _)| *other == key) {
            return *id;
        }
        if orders.len() >= ORDERS_MAX {
            orders.remove(0);
        }
        let id = Uuid::new_v4();
        orders.push((key, id));
        id
    }

    /// The caller has the answer of the order: an equal order is a new one from now on.
    pub(super) fn answered(&self, key: [u8; 32]) {
        self.0.lock().retain(|(other, _)| *other != key);
    }
}

#[cfg(test)]
mod tests {
    use super::Repeats;
    use uuid::Uuid;

    #[test]
    fn an_equal_order_is_the_same_one_until_its_answer_was_written() {
        let repeats = Repeats::default();
        let key = Repeats::key(Uuid::nil(), false, "{}");
        let first = repeats.id_of(key);
        assert_eq!(repeats.id_of(key), first);
        assert_ne!(repeats.id_of(Repeats::key(Uuid::nil(), true, "{}")), first);
        repeats.answered(key);
        assert_ne!(repeats.id_of(key), first);
    }
}
