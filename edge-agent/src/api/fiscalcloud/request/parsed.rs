//! What was read of a body.

use uuid::Uuid;

use crate::api::json::FaultList;
use crate::order::OrderForm;

/// What was read of a body: the order as far as possible, the id, and the faults.
#[derive(Debug)]
pub(in crate::api::fiscalcloud) struct Parsed {
    pub(in crate::api::fiscalcloud) form: OrderForm,
    pub(in crate::api::fiscalcloud) given_id: GivenId,
    pub(in crate::api::fiscalcloud) faults: FaultList,
}

/// The id that a body gives its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::fiscalcloud) enum GivenId {
    /// No id.
    None,
    /// An id.
    Read(Uuid),
    /// An id that could not be read. It may be the id of a document.
    Unreadable,
}
