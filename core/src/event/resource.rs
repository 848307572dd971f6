//! What a compatible API creates beside documents: signature units, cash registers, and what belongs to them.

use serde::{Deserialize, Serialize};

use crate::id::DocumentId;
use crate::time::Moment;

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResourceKind {
    /// The signature unit of the till, under the id that a caller gave it.
    SignatureUnit,
    /// A cash register: a device of the till.
    CashRegister,
    /// The user under which the tax office is called. Its secret is no part of the event.
    TaxOfficeUser,
    /// The settings that callers may change.
    Settings,
}

/// The state of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResourceState {
    /// It exists.
    Created,
    /// It is registered with the tax office.
    Registered,
    /// It is in use.
    Initialized,
    /// It does not work for some time.
    Outage,
    /// It will not work again.
    Defective,
    /// It is out of use, for ever.
    Decommissioned,
}

impl ResourceState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Created,
        Self::Registered,
        Self::Initialized,
        Self::Outage,
        Self::Defective,
        Self::Decommissioned,
    ];

    /// The name of the state.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Registered => "REGISTERED",
            Self::Initialized => "INITIALIZED",
            Self::Outage => "OUTAGE",
            Self::Defective => "DEFECTIVE",
            Self::Decommissioned => "DECOMMISSIONED",
        }
    }

    /// Whether a caller may change a resource of a kind from this state to another one.
    ///
    /// A unit becomes initialized and then decommissioned; a register is registered before that. A register in use may have an outage, and
    /// may become defective.
    #[must_use]
    pub const fn may_become(self, next: Self, kind: ResourceKind) -> bool {
        matches!(
            (kind, self, next),
            (
                ResourceKind::SignatureUnit,
                Self::Created,
                Self::Initialized
            ) | (
                ResourceKind::SignatureUnit,
                Self::Created | Self::Initialized,
                Self::Decommissioned,
            ) | (ResourceKind::CashRegister, Self::Created, Self::Registered)
                | (
                    ResourceKind::CashRegister,
                    Self::Registered | Self::Outage,
                    Self::Initialized
                )
                | (
                    ResourceKind::CashRegister,
                    Self::Initialized | Self::Outage,
                    Self::Decommissioned | Self::Defective,
                )
                | (ResourceKind::CashRegister, Self::Initialized, Self::Outage)
        )
    }
}

/// A resource is created or changed. The event has all of the resource; the last one counts, and the first one with a state gives the
/// time of this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceChanged<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// What the resource is.
    pub kind: ResourceKind,
    /// The id of the resource; of a cash register, the id of its device.
    pub id: [u8; 16],
    /// The state of the resource.
    pub state: ResourceState,
    /// What the caller's interface keeps of the resource, as JSON. The core does not read it.
    pub details: &'a str,
}

/// The data that a caller keeps with a receipt are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptNoted<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The id of the receipt.
    pub id: DocumentId,
    /// The data, as JSON. The core does not read it.
    pub note: &'a str,
}
