//! Reads the body of a duplicate.

use ferrotill_store::BuyerContact;

use super::echoed::contact;
use super::shared::{copy_contact, paper_wish};
use crate::api::fiscalcloud::print_form::PaperWish;
use crate::api::json::{FaultList, Fields, JsonValue};

/// The result of reading the body of a duplicate.
#[derive(Debug, Default)]
pub(in crate::api::fiscalcloud) struct DuplicateRequest {
    /// Where the copy is wanted; on the printer if the body does not say.
    pub(in crate::api::fiscalcloud) paper: PaperWish,
    /// Where the copy is sent.
    pub(in crate::api::fiscalcloud) send_to: Option<BuyerContact>,
    pub(in crate::api::fiscalcloud) faults: FaultList,
}

/// Reads the body of a duplicate. Only the body for a receipt has the fields of printing and sending.
pub(in crate::api::fiscalcloud) fn duplicate(
    body: &JsonValue,
    of_receipt: bool,
) -> DuplicateRequest {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let mut paper = paper_wish(&mut fields);
    let mut send_to = None;
    if of_receipt {
        paper = paper.with_print(fields.boolean("print"));
        send_to = contact(copy_contact(&mut fields))
            .filter(|contact| contact.send_email || contact.send_phone);
    }
    fields.finish();
    DuplicateRequest {
        paper,
        send_to,
        faults,
    }
}
