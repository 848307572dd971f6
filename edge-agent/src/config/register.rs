//! Cash registers that a compatible API has created: devices without a line of configuration.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::device::{Device, PointOfSale, computed_point_of_sale};

/// The device of a cash register with this id. It has no printer; its tables are those of a device of the configuration.
#[must_use]
pub fn register_device(id: Uuid, like: &Device) -> Device {
    Device {
        id,
        name: format!("Register {}", register_number(id)),
        uri: "none".to_owned(),
        registration_number: Some(register_number(id)),
        use_alternative_receipts: false,
        alternative_receipts_ranges: Vec::new(),
        points_of_sale: vec![PointOfSale {
            id: register_point_of_sale(id),
            code: "1".to_owned(),
        }],
        ..like.clone()
    }
}

/// The point of sale of such a device.
#[must_use]
pub fn register_point_of_sale(id: Uuid) -> Uuid {
    computed_point_of_sale(id)
}

/// The number under which such a device is registered with the tax authority: twelve letters and digits that follow from its id.
#[must_use]
pub fn register_number(id: Uuid) -> String {
    let mut hash = Sha256::new();
    hash.update(b"ferrotill cash register");
    hash.update(id.as_bytes());
    let letter = |byte: u8| {
        let place = usize::from(byte & 0x1f);
        LETTERS.get(place).copied().map_or('0', char::from)
    };
    hash.finalize().into_iter().take(12).map(letter).collect()
}

/// No letters that people take for others.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
