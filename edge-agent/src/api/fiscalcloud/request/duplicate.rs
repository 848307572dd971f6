//! Reads the body of a duplicate.

use super::shared::paper_wish;
use crate::api::fiscalcloud::print_form::PaperWish;
use crate::api::json::{FaultList, Fields, JsonValue};

/// The result of reading the body of a duplicate.
#[derive(Debug, Default)]
pub(in crate::api::fiscalcloud) struct DuplicateRequest {
    /// Where the copy is wanted; on the printer if the body does not say.
    pub(in crate::api::fiscalcloud) paper: PaperWish,
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
    if of_receipt {
        paper = paper.with_print(fields.boolean("print"));
        for (name, address) in [
            ("sendToEmail", "emailAddress"),
            ("sendToPhone", "phoneNumber"),
        ] {
            fields.text(address);
            if fields.boolean(name) == Some(true) {
                fields.fault(
                    name,
                    "NotSupported",
                    "a duplicate is printed and not sent; leave it out",
                );
            }
        }
    }
    fields.finish();
    DuplicateRequest { paper, faults }
}
