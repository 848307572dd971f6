//! The result of reading a body.

use uuid::Uuid;

use crate::api::fiscalcloud::print_form::PaperWish;
use crate::api::json::FaultList;
use crate::order::OrderForm;
use crate::order::goods::GoodFacts;

/// The result of reading a body: the order as far as it could be read, the id and the wanted paper, and the faults.
#[derive(Debug)]
pub(in crate::api::fiscalcloud) struct Parsed {
    pub(in crate::api::fiscalcloud) form: OrderForm,
    pub(in crate::api::fiscalcloud) head: BodyHead,
    pub(in crate::api::fiscalcloud) faults: FaultList,
    /// What a fiscal module receives about the good of each item, as far as it is known; empty where no module seals.
    pub(in crate::api::fiscalcloud) goods: Vec<Option<GoodFacts>>,
}

/// What the body of every creating operation may have.
#[derive(Clone, Copy, Debug)]
pub(in crate::api::fiscalcloud) struct BodyHead {
    /// The request id.
    pub(in crate::api::fiscalcloud) given_id: GivenId,
    /// Where the caller wants the paper. It is not part of the order's fingerprint.
    pub(in crate::api::fiscalcloud) paper: PaperWish,
}

/// The request id in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::fiscalcloud) enum GivenId {
    /// The body contains no id.
    None,
    /// The body contains this id.
    Read(Uuid),
    /// The body contains an id that could not be read. It may be the id of an existing document.
    Unreadable,
}
