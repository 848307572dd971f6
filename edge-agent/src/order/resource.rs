//! What a caller wants of a resource of its API: a signature unit, a cash register, the user at the tax office, the settings.

use ferrotill_core::event::{ResourceKind, ResourceState};
use uuid::Uuid;

/// What a caller wants of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceWish {
    /// What the resource is.
    pub kind: ResourceKind,
    /// Its id.
    pub id: Uuid,
    /// What becomes of it.
    pub change: ResourceChange,
}

/// What becomes of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceChange {
    /// It is created; what the API keeps of it, as JSON.
    Create(String),
    /// It gets this state, and what the API keeps of it is replaced if it is given.
    Become(ResourceState, Option<String>),
    /// What the API keeps of it is replaced.
    Replace(String),
}

/// The data that a caller keeps with a receipt are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptNote {
    /// The device of the receipt.
    pub device: Uuid,
    /// The id of the receipt.
    pub id: Uuid,
    /// The data, as JSON.
    pub note: String,
}

/// The switch with which callers have receipts that end a month checked by the authority.
pub const MONTHLY_SWITCH: &str = "monthly_receipt_validation_enabled";

/// Whether a switch is on in the kept settings. The till has written them itself, in one line and without blanks.
#[must_use]
pub fn has_switch(details: &str, name: &str) -> bool {
    details.contains(&format!("\"{name}\":true"))
}
