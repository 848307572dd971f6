//! The numbers of the FiscalBox API: those of the API itself, and the statuses of fiscal modules in both generations of their programs.

use std::collections::BTreeMap;

use super::{ErrorSource, ErrorType, sentence};
use crate::seal::fiscal_module::statuses::{ModuleRemedy, ModuleStatus};

/// The numbers of the API: number, what is wrong, and what to do.
const OF_THE_API: &[(&str, &str, &str)] = &[
    (
        "2",
        "the outcome is not known yet, or the outcome of an earlier document is not",
        "send the same request with the same uuid again, which is always safe; `ferrotill status` says what the till waits for",
    ),
    (
        "101",
        "the fiscal module or its device does not work or cannot be reached, or the till has too many calls",
        "switch the device on, look at `ferrotill status`, and send the request again",
    ),
    (
        "103",
        "the module's answer cannot be read, or a module with a program from version 4 on refuses the command; then the message begins with four hexadecimal digits",
        "call `ferrotill explain` with these four digits; without them, look at the device and send the request again",
    ),
    (
        "104",
        "an argument of the request is wrong",
        "correct every path that error.message names; error.data has the names of the faults",
    ),
    (
        "105",
        "no open payment has the id, or the billing cannot be asked or has refused",
        "read error.message; the billing is configured in [fiscalbox.billing]",
    ),
    (
        "122",
        "the shift of a module with a program from version 4 on is closed already",
        "open the shift with zreport/open",
    ),
    (
        "303",
        "the order cannot be kept, or the journal cannot be read",
        "read error.data, look at `ferrotill status`, and send the same request with the same uuid again",
    ),
    (
        "401",
        "a goods code has not 17 digits, or is not in the table of goods codes",
        "correct class_code of the product that error.message names",
    ),
    (
        "402",
        "a package code or a marking code of a product is wrong, unknown or used",
        "correct package_code and label of the product that error.message names",
    ),
    (
        "444",
        "the caller may not use this API",
        "call from the till's own machine, write the caller's address into [api.fiscalbox] allow, or send a token",
    ),
    (
        "65274",
        "the link of the receipt that is given back cannot be read",
        "send qr_code as the answer to the sale had it",
    ),
    (
        "65275",
        "this till has not made the receipt that is given back",
        "give it back at the till that has sold it",
    ),
    (
        "65531",
        "the payments and the lines differ by more than is allowed",
        "correct the amounts that error.message names",
    ),
];

/// Every number. Where a number has several statuses, it is explained once with all of them.
pub(super) fn numbers() -> impl Iterator<Item = ErrorType> {
    let of_the_api = OF_THE_API.iter().map(|(number, says, fix)| ErrorType {
        code: (*number).to_owned(),
        source: ErrorSource::FiscalBox,
        says: sentence(says),
        fix: sentence(fix),
    });
    let mut of_modules: BTreeMap<String, ErrorType> = BTreeMap::new();
    for (status, (number, name), (digits, newer_name)) in ModuleStatus::all() {
        let (wrong, fix) = (wrong(status), fix(status.remedy()));
        for (code, name) in [
            (number.to_string(), name),
            (format!("{digits:04X}"), newer_name),
        ] {
            let says = sentence(&format!("{name}: {wrong}"));
            let fix = sentence(fix);
            match of_modules.get_mut(&code) {
                None => {
                    let explained = ErrorType {
                        code: code.clone(),
                        source: ErrorSource::Module,
                        says,
                        fix,
                    };
                    of_modules.insert(code, explained);
                }
                Some(known) => {
                    known.says = format!("{} Or {says}", known.says);
                    if !known.fix.contains(&fix) {
                        known.fix = format!("{} {fix}", known.fix);
                    }
                }
            }
        }
    }
    of_the_api.chain(of_modules.into_values())
}

const fn wrong(status: ModuleStatus) -> &'static str {
    match status {
        ModuleStatus::NotOpen => "no shift of the module is open",
        ModuleStatus::AlreadyOpen => "a shift of the module is open",
        ModuleStatus::AlreadyClosed => "the shift of the module is closed already",
        ModuleStatus::EmptyShift => "the shift has no receipts, so there is nothing to close",
        ModuleStatus::ReceiptTimePast => {
            "the time of the receipt is not after the last one of the module"
        }
        ModuleStatus::OpenTimePast => {
            "the time of the opening is not after the last operation of the module"
        }
        ModuleStatus::CloseTimePast => {
            "the time of the closing is not after the last operation of the module"
        }
        ModuleStatus::ReceiptsFull => {
            "the module has no room for more receipts that the authority has not taken"
        }
        ModuleStatus::StoredTooLong => {
            "the authority has not taken the module's oldest receipt for too long"
        }
        ModuleStatus::ReportsFull => "the module has no room for more reports",
        ModuleStatus::NotFound => "the module has no report or receipt with the number",
        ModuleStatus::TotalZero => "the total of the receipt is zero",
        ModuleStatus::TooManyReceipts => "the shift has as many receipts as the module allows",
        ModuleStatus::NotEnoughCash => {
            "the refund is larger than the cash that the shift has taken"
        }
        ModuleStatus::NotEnoughCard => {
            "the refund is larger than the other payments that the shift has taken"
        }
        ModuleStatus::NotEnoughVat => {
            "the tax of the refund is larger than the tax that the shift has taken"
        }
        ModuleStatus::Locked => "the module is locked",
    }
}

const fn fix(remedy: ModuleRemedy) -> &'static str {
    match remedy {
        ModuleRemedy::ChangeRequest => "correct the request",
        ModuleRemedy::OpenShift => {
            "open the shift with zreport/open, and send the request again; before a receipt the till does so itself"
        }
        ModuleRemedy::CloseShift => {
            "close the shift with `ferrotill z` or zreport/close, and send the request again"
        }
        ModuleRemedy::Send => {
            "see that the device reaches the network and sends its receipts, and send the request again"
        }
        ModuleRemedy::NewTime => {
            "look at the clocks of till and device, and send the request again with a new time; for a receipt the till does so itself"
        }
        ModuleRemedy::Nothing => "nothing: what was wanted is so already",
        ModuleRemedy::Service => "call the service of the fiscal module",
    }
}
