//! What resources have in common: their first members, their times, and the ids that the till itself gives.

use std::borrow::Cow;

use ferrotill_core::event::ResourceState;
use ferrotill_core::profile::signed::{Code, PAYLOAD_BYTES_MAX};
use ferrotill_store::{SignedReceipt, StoredResource};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::VERSION;
use crate::api::json::JsonValue;
use crate::api::service::Service;

/// The members of an object.
pub(super) type Members = Vec<(Cow<'static, str>, JsonValue)>;

/// What every resource and list has.
pub(super) fn envelope(service: &Service, id: Option<Uuid>, kind: &str) -> Members {
    let mut members: Members = Vec::new();
    if let Some(id) = id {
        members.push(("_id".into(), id.into()));
    }
    members.push(("_type".into(), kind.into()));
    members.push(("_env".into(), service.settings.mode.to_string().into()));
    members.push(("_version".into(), VERSION.into()));
    members
}

/// The time at which a resource got a state, in seconds; none if it has never had the state.
pub(super) fn time_of(
    resource: &StoredResource,
    state: ResourceState,
    name: &'static str,
) -> Option<(Cow<'static, str>, JsonValue)> {
    let at_ms = resource.times.get(&state)?;
    Some((name.into(), at_ms.div_euclid(1_000).into()))
}

/// An id that follows from what it names, in the form of version 4.
pub(super) fn derived_id(what: &str, name: &[u8]) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(what.as_bytes());
    hash.update([0]);
    hash.update(name);
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// The id of a receipt without a document: its last six bytes are the number of the receipt.
fn id_of_number(register: Uuid, number: u64) -> Uuid {
    let mut bytes = *derived_id("receipt", register.as_bytes()).as_bytes();
    let number = number.to_be_bytes();
    for (to, from) in bytes.iter_mut().skip(10).zip(number.into_iter().skip(2)) {
        *to = from;
    }
    Uuid::from_bytes(bytes)
}

/// The number of the receipt without a document that has this id; `None` if the id is not of this form.
pub(super) fn number_of_id(register: Uuid, id: Uuid) -> Option<u64> {
    let digits = id.as_bytes().iter().skip(10);
    let number = digits.fold(0_u64, |number, byte| {
        number.wrapping_shl(8) | u64::from(*byte)
    });
    (id_of_number(register, number) == id).then_some(number)
}

/// The id of a receipt: that of its document, or one that follows from register and number.
pub(super) fn receipt_id(register: Uuid, receipt: &SignedReceipt) -> Option<Uuid> {
    if let Some(document) = &receipt.document {
        return Some(document.row.id);
    }
    let mut room = [0; PAYLOAD_BYTES_MAX];
    let code = Code::parse_compact(&receipt.compact, &mut room).ok()?;
    let number = code.payload.receipt.as_str().parse().ok()?;
    Some(id_of_number(register, number))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{id_of_number, number_of_id};

    #[test]
    fn a_receipt_without_a_document_is_found_by_its_id() {
        let register = Uuid::from_u128(7);
        for number in [1, 2, 255, 256, 1 << 40] {
            let id = id_of_number(register, number);
            assert_eq!(id.get_version_num(), 4);
            assert_eq!(number_of_id(register, id), Some(number));
            assert_eq!(number_of_id(Uuid::from_u128(8), id), None);
        }
        assert_eq!(number_of_id(register, Uuid::from_u128(1)), None);
    }
}
