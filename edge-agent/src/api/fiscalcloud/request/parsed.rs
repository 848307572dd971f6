//! What was read of a body.

use uuid::Uuid;

use crate::api::json::FaultList;
use crate::order::OrderForm;

/// A body read: the order as far as it could be read, the id that was given, and the faults.
#[derive(Debug)]
pub(in crate::api::fiscalcloud) struct Parsed {
    pub(in crate::api::fiscalcloud) form: OrderForm,
    pub(in crate::api::fiscalcloud) given_id: GivenId,
    pub(in crate::api::fiscalcloud) faults: FaultList,
}

/// The id that a body gives its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::fiscalcloud) enum GivenId {
    /// None.
    None,
    /// This one.
    Read(Uuid),
    /// One that could not be read: it may be that of a document.
    Unread,
}
