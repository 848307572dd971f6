//! What the fiscal module of a device has left.

use uuid::Uuid;

use super::LiveStatus;

/// What a fiscal module has left before it refuses receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleLeft {
    /// The receipts that are not sent.
    pub unsent: u32,
    /// How many further receipts have room; `None` if the module does not tell its limit.
    pub receipts: Option<u32>,
    /// How many further reports have room; `None` if the module does not tell its limit.
    pub reports: Option<u32>,
    /// How many whole hours the oldest receipt that is not sent may still wait; `None` if all are sent.
    pub hours: Option<i64>,
}

impl LiveStatus {
    /// What the fiscal module of a device has left; `None` if the device has none, or if the module was not asked yet.
    #[must_use]
    pub fn module_left(&self, device: Uuid) -> Option<ModuleLeft> {
        self.modules_left.lock().get(&device).copied()
    }

    /// Stores what the fiscal module of a device has left.
    pub fn set_module_left(&self, device: Uuid, left: ModuleLeft) {
        self.modules_left.lock().insert(device, left);
    }
}
