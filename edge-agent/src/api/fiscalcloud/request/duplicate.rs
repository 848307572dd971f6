//! Reads the body of a duplicate.

use super::shared::print_form;
use crate::api::json::{FaultList, Fields, JsonValue};

/// The faults of the body of a duplicate. Nothing of the body changes what is printed.
pub(in crate::api::fiscalcloud) fn duplicate_faults(body: &JsonValue) -> FaultList {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    print_form(&mut fields);
    fields.boolean("print");
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
    fields.finish();
    faults
}
