//! The part of the table of operations that the FiscalCloud API has: the vendor's 35 operations.

use axum::http::Method;

use super::route::route;
use crate::api::described::refusals::{
    BROKEN, ENVELOPE, FORBIDDEN_ERRORS, HEAD_TOO_LARGE, SIGNATURE_ERRORS, TOO_LARGE,
    TOO_MANY_ERRORS, TOO_SLOW,
};
use crate::api::described::{
    Access, DescribedOperation, Form, OperationTable, Parameter, RefusalAnswer, States,
};

/// All operations of the vendor's document.
pub(super) const TABLE: OperationTable = OperationTable {
    page: "fiscalcloud",
    title: "FiscalCloud API",
    introduction: "Members of bodies are read in any case, and numbers may be texts. Members that a body does not have are refused.",
    operations: OPERATIONS,
    schemas: include_str!("described.txt"),
};

/// True if this build has a route for an operation of the table.
pub(super) fn is_served(operation: &DescribedOperation) -> bool {
    let path = operation.example_path();
    let method = Method::from_bytes(operation.method.as_bytes());
    method.is_ok_and(|method| route(&method, &path).is_ok())
}

const UNSIGNED: RefusalAnswer = RefusalAnswer {
    name: "Unsigned",
    status: 401,
    says: "The signature is not accepted. A LIVE till gives the reason in its log only.",
    form: ENVELOPE,
    retries: false,
    errors: SIGNATURE_ERRORS,
    any_refusal: false,
};
const FORBIDDEN: RefusalAnswer = RefusalAnswer {
    name: "Forbidden",
    status: 403,
    says: "The client has no permission for it or may not use this API, the request comes from a host or a page that may not call, or it needs TLS.",
    form: ENVELOPE,
    retries: false,
    errors: FORBIDDEN_ERRORS,
    any_refusal: false,
};
const TOO_MANY: RefusalAnswer = RefusalAnswer {
    name: "TooMany",
    status: 429,
    says: "Too many calls with this key from this address were signed wrongly.",
    form: ENVELOPE,
    retries: true,
    errors: TOO_MANY_ERRORS,
    any_refusal: false,
};
const BUSY: RefusalAnswer = RefusalAnswer {
    name: "TooBusy",
    status: 503,
    says: "The till has too many calls, or is stopping.",
    form: ENVELOPE,
    retries: true,
    errors: &["Overloaded", "Busy"],
    any_refusal: false,
};
const NOT_READ: RefusalAnswer = RefusalAnswer {
    name: "NotRead",
    status: 422,
    says: "The request is faulty, or there is no such document.",
    form: ENVELOPE,
    retries: false,
    errors: &[
        "NotAUuid",
        "NotFound",
        "UnknownField",
        "NotANumber",
        "GivenTwice",
        "NumberTooLarge",
        "TooManyDecimals",
        "PointOfSaleMissing",
        "UnknownPointOfSale",
        "BooksUnreadable",
    ],
    any_refusal: false,
};
const NOT_MADE: RefusalAnswer = RefusalAnswer {
    name: "NotMade",
    status: 422,
    says: "No document was made for this call, or its outcome is not known yet: `X-Fiscal-State` says which.",
    form: ENVELOPE,
    retries: true,
    errors: &[
        "MalformedJson",
        "WrongType",
        "UnknownField",
        "UnknownValue",
        "GivenTwice",
        "Missing",
        "NotAUuid",
        "TooManyItems",
        "TooManyTextLines",
        "EmailInvalid",
        "PhoneInvalid",
        "FormSizeInvalid",
        "NotSupported",
        "NoBankTerminal",
        "BankTerminalMissing",
        "UnknownBankTerminal",
        "BankTerminalForCash",
        "ClassCodeMissing",
        "BankTerminalDeclined",
        "BankTerminalUnreachable",
        "PointOfSaleMissing",
        "UnknownPointOfSale",
        "AlternativeNumberNotNext",
        "SignatureReplayed",
        "OutcomeUnknown",
        "DocumentNotRead",
        "BooksUnreadable",
    ],
    any_refusal: true,
};
const NOT_OPENED: RefusalAnswer = RefusalAnswer {
    name: "NotOpened",
    status: 422,
    says: "The drawer was not opened, or it is not known whether it was.",
    form: ENVELOPE,
    retries: false,
    errors: &[
        "DrawerNotOpened",
        "OutcomeUnknown",
        "SignatureReplayed",
        "UnknownDevice",
    ],
    any_refusal: false,
};
const NOT_COPIED: RefusalAnswer = RefusalAnswer {
    name: "NotCopied",
    status: 422,
    says: "Nothing was printed, or it is not known whether it was.",
    form: ENVELOPE,
    retries: false,
    errors: &[
        "BooksUnwritable",
        "DuplicateNotPrinted",
        "ReportNotPrinted",
        "PeriodTooLong",
        "PeriodReversed",
        "NotADate",
        "OutcomeUnknown",
        "SignatureReplayed",
        "NotSupported",
        "NotFound",
        "NotAUuid",
        "MalformedJson",
        "WrongType",
        "UnknownField",
        "UnknownValue",
        "GivenTwice",
        "Missing",
        "NumberTooLarge",
        "TooManyDecimals",
        "NotANumber",
        "EmailInvalid",
        "PhoneInvalid",
        "FormSizeInvalid",
        "BooksUnreadable",
        "DocumentNotRead",
    ],
    any_refusal: true,
};

const READ: &[&RefusalAnswer] = &[
    &BROKEN,
    &UNSIGNED,
    &FORBIDDEN,
    &TOO_SLOW,
    &TOO_LARGE,
    &NOT_READ,
    &TOO_MANY,
    &HEAD_TOO_LARGE,
    &BUSY,
];
const MAKE: &[&RefusalAnswer] = &[
    &BROKEN,
    &UNSIGNED,
    &FORBIDDEN,
    &TOO_SLOW,
    &TOO_LARGE,
    &NOT_MADE,
    &TOO_MANY,
    &HEAD_TOO_LARGE,
    &BUSY,
];
const COPY: &[&RefusalAnswer] = &[
    &BROKEN,
    &UNSIGNED,
    &FORBIDDEN,
    &TOO_SLOW,
    &TOO_LARGE,
    &NOT_COPIED,
    &TOO_MANY,
    &HEAD_TOO_LARGE,
    &BUSY,
];
const OPEN: &[&RefusalAnswer] = &[
    &BROKEN,
    &UNSIGNED,
    &FORBIDDEN,
    &TOO_SLOW,
    &TOO_LARGE,
    &NOT_OPENED,
    &TOO_MANY,
    &HEAD_TOO_LARGE,
    &BUSY,
];

const PAGE: &[Parameter] = &[
    Parameter {
        name: "startIndex",
        kind: "index",
        says: "How many of the newest documents to skip; 0 if it is left out.",
    },
    Parameter {
        name: "count",
        kind: "index",
        says: "How many documents at most: 100 if it is left out, 1,000 at most. A page with more than 8 MiB ends earlier.",
    },
];

const FISCALCLOUD: &str = "FiscalCloud API";

const fn list(path: &'static str, says: &'static str, answer: &'static str) -> DescribedOperation {
    DescribedOperation::new("GET", path, FISCALCLOUD, says, Form::Json(answer))
        .access(Access::SignedForPointOfSale)
        .parameters(PAGE)
        .refusals(READ)
}

const fn get(path: &'static str, says: &'static str, answer: &'static str) -> DescribedOperation {
    DescribedOperation::new("GET", path, FISCALCLOUD, says, Form::Json(answer))
        .access(Access::SignedForDevice)
        .refusals(READ)
}

const fn make(path: &'static str, says: &'static str, answer: &'static str) -> DescribedOperation {
    DescribedOperation::new("POST", path, FISCALCLOUD, says, Form::Json(answer))
        .access(Access::SignedForPointOfSale)
        .states(States::OfTheDocument)
        .refusals(MAKE)
}

const fn copy(path: &'static str, says: &'static str) -> DescribedOperation {
    let answer = Form::Json("DuplicateResponseApiResponse");
    DescribedOperation::new("POST", path, FISCALCLOUD, says, answer)
        .access(Access::SignedForDevice)
        .refusals(COPY)
        .more("What a fiscal printer has printed is not printed again; its form can be had with `printOnServer` false.")
}

const SALE: &str = r#"{"id":"497f6eca-6276-4993-bfeb-53cbbbba6f08","items":[{"name":"Piine","quantity":1.000,"price":8.10,"taxGroupCode":"B"}],"payments":[{"typeCode":0,"amount":10.00}]}"#;
const RETURN: &str = r#"{"id":"3f0e8a4b-7b1f-4f67-9a8f-2a2f1c1f4b10","originalReceiptId":"497f6eca-6276-4993-bfeb-53cbbbba6f08","items":[{"name":"Piine","quantity":1.000,"price":8.10,"taxGroupCode":"B","amount":8.10,"finalAmount":8.10}],"payments":[{"typeCode":0,"amount":8.10}]}"#;
const ID: &str = r#"{"id":"497f6eca-6276-4993-bfeb-53cbbbba6f08"}"#;
const REPORT: &str = r#"{"id":"497f6eca-6276-4993-bfeb-53cbbbba6f08","type":"XReport"}"#;
const CASH: &str = r#"{"id":"497f6eca-6276-4993-bfeb-53cbbbba6f08","amount":50.00}"#;
const FORM: &str = r#"{"printOnServer":false,"printFormMediaType":"Html"}"#;
const NONFISCAL: &str =
    r#"{"id":"497f6eca-6276-4993-bfeb-53cbbbba6f08","text":"Parking free with this slip"}"#;
const PERIOD: &str = r#"{"printOnServer":false,"reportSettings":{"filterType":"ByZReportNumber","firstZReportNumber":"1","lastZReportNumber":"31"}}"#;
const SETTINGS: &str = r#"{"detailed":true,"filterType":"ByDate","startDate":"2026-03-01T00:00:00+02:00","endDate":"2026-03-31T23:59:59+03:00"}"#;

/// The vendor's operations, in the order of the vendor's document.
const OPERATIONS: &[DescribedOperation] = &[
    make("/api/v1/operations/sale", "Sells", "SaleResponseApiResponse")
        .takes("SaleRequest", SALE)
        .more("Makes a fiscal receipt, or an alternative receipt where `receiptMode` and the state of the tax authority allow one."),
    make("/api/v1/operations/return", "Returns goods", "ReceiptDtoApiResponse")
        .takes("ReturnRequest", RETURN)
        .more("Copy the lines from the answer of the sale. An amount that is left out is computed."),
    make("/api/v1/operations/closeday", "Closes the day with a Z-report", "ReportDtoApiResponse")
        .may_take("BaseOperationRequest", ID),
    make("/api/v1/operations/intermediatetotals", "Makes an X-report", "ReportDtoApiResponse")
        .may_take("BaseOperationRequest", ID),
    make("/api/v1/receipts", "Makes a fiscal receipt", "ReceiptDtoApiResponse")
        .takes("CreateReceiptRequest", SALE),
    list("/api/v1/receipts", "Lists receipts", "ReceiptShortInfoPagedResponseApiResponse"),
    list("/api/v1/receipts/full", "Lists whole receipts", "ReceiptDtoPagedResponseApiResponse"),
    get("/api/v1/receipts/{receiptId}", "Reads a receipt", "ReceiptDtoApiResponse"),
    copy("/api/v1/receipts/{receiptId}/duplicate", "Makes a copy of a receipt")
        .may_take("ReceiptDuplicateRequest", FORM),
    make("/api/v1/nonfiscalreceipts", "Prints a text", "NonfiscalReceiptDtoApiResponse")
        .takes("CreateNonfiscalReceiptRequest", NONFISCAL),
    make("/api/v1/returnreceipts", "Makes a return receipt", "ReturnReceiptDtoApiResponse")
        .takes("CreateReturnReceiptRequest", RETURN),
    list("/api/v1/returnreceipts", "Lists return receipts", "ReturnReceiptShortInfoPagedResponseApiResponse"),
    list("/api/v1/returnreceipts/full", "Lists whole return receipts", "ReturnReceiptDtoPagedResponseApiResponse"),
    get("/api/v1/returnreceipts/{receiptId}", "Reads a return receipt", "ReturnReceiptDtoApiResponse"),
    make("/api/v1/alternativereceipts", "Makes an alternative receipt", "AlternativeReceiptDtoApiResponse")
        .takes("CreateAlternativeReceiptRequest", SALE),
    list("/api/v1/alternativereceipts", "Lists alternative receipts", "AlternativeReceiptShortInfoPagedResponseApiResponse"),
    list("/api/v1/alternativereceipts/full", "Lists whole alternative receipts", "AlternativeReceiptDtoPagedResponseApiResponse"),
    get("/api/v1/alternativereceipts/{receiptId}", "Reads an alternative receipt", "AlternativeReceiptDtoApiResponse"),
    copy("/api/v1/alternativereceipts/{receiptId}/duplicate", "Makes a copy of an alternative receipt")
        .may_take("ReceiptDuplicateRequest", FORM),
    make("/api/v1/reports", "Makes a report", "ReportDtoApiResponse")
        .takes("CreateReportRequest", REPORT),
    list("/api/v1/reports", "Lists reports", "ReportShortInfoPagedResponseApiResponse"),
    list("/api/v1/reports/full", "Lists whole reports", "ReportDtoPagedResponseApiResponse"),
    get("/api/v1/reports/{reportId}", "Reads a report", "ReportDtoApiResponse"),
    copy("/api/v1/reports/{reportId}/duplicate", "Makes a copy of a report")
        .may_take("DuplicateRequest", FORM),
    make("/api/v1/cashoperations", "Puts cash in or takes it out", "CashOperationDtoApiResponse")
        .takes("CreateCashOperationRequest", CASH),
    list("/api/v1/cashoperations", "Lists cash operations", "CashOperationShortInfoPagedResponseApiResponse"),
    list("/api/v1/cashoperations/full", "Lists whole cash operations", "CashOperationDtoPagedResponseApiResponse"),
    get("/api/v1/cashoperations/{cashOperationId}", "Reads a cash operation", "CashOperationDtoApiResponse"),
    copy("/api/v1/cashoperations/{cashOperationId}/duplicate", "Makes a copy of a cash operation")
        .may_take("DuplicateRequest", FORM),
    copy("/api/v1/periodicreports", "Makes a report of a period")
        .more("It makes no document.")
        .takes("PeriodicReportRequest", PERIOD)
        .answers("PeriodicReportResponseApiResponse"),
    copy("/api/v1/periodicreports/print", "Prints a report of a period")
        .more("It makes no document.")
        .takes("PeriodicReportSettings", SETTINGS)
        .answers("ApiResponse"),
    list("/api/v1/devices", "Lists the devices", "FiscalDeviceShortInfoPagedResponseApiResponse")
        .access(Access::Signed),
    get("/api/v1/devices/assureno24h", "Asks whether the day must be closed", "ApiResponse")
        .more("`success` is false with `ShiftTooLong` once 24 hours have passed since the first receipt of the open shift. It closes nothing.")
        .access(Access::SignedForPointOfSale),
    get("/api/v1/devices/{deviceId}", "Reads a device", "FiscalDeviceDtoApiResponse")
        .more("Its tax groups, payment types, points of sale and ranges.")
        .access(Access::Signed),
    DescribedOperation::new("POST", "/api/v1/misc/opencashdrawer", FISCALCLOUD, "Opens the drawer", Form::Json("ApiResponse"))
        .access(Access::SignedMaybeForDevice)
        .refusals(OPEN),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{OPERATIONS, is_served};
    use crate::api::json::JsonValue;

    /// Operations of the vendor's document and of the table, as method and path.
    #[test]
    fn the_table_has_the_operations_of_the_vendor() {
        let document = include_bytes!("../../../tests/fixtures/fiscalcloud-openapi.json");
        let document = JsonValue::parse(document).unwrap();
        let Some(JsonValue::Object(paths)) = document.get("paths") else {
            panic!("no paths");
        };
        let vendor: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, methods)| {
                let JsonValue::Object(methods) = methods else {
                    panic!("{path}");
                };
                let methods = methods.iter();
                methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let own: BTreeSet<String> = OPERATIONS
            .iter()
            .map(|operation| format!("{} {}", operation.method, operation.path))
            .collect();
        assert_eq!(own, vendor);
        assert_eq!(own.len(), 35);
    }

    #[test]
    fn every_route_is_in_the_table() {
        use super::super::route::route;
        use crate::api::described::EXAMPLE_ID;
        use axum::http::Method;
        let known = |method: &str, path: &str| {
            OPERATIONS
                .iter()
                .any(|operation| operation.method == method && operation.example_path() == path)
        };
        let names: BTreeSet<&str> = OPERATIONS
            .iter()
            .flat_map(|operation| operation.path.split('/').skip(3))
            .map(|part| {
                if part.starts_with('{') {
                    EXAMPLE_ID
                } else {
                    part
                }
            })
            .collect();
        let mut paths: Vec<String> = vec!["/api/v1".to_owned()];
        let mut longest = paths.clone();
        for _ in 0..3 {
            longest = longest
                .iter()
                .flat_map(|path| names.iter().map(move |name| format!("{path}/{name}")))
                .collect();
            paths.extend(longest.clone());
        }
        for operation in OPERATIONS {
            assert!(is_served(operation), "{operation:?}");
        }
        for path in paths {
            for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
                let is_routed = route(&method, &path).is_ok();
                let is_known = known(method.as_str(), &path);
                assert_eq!(is_routed, is_known, "{method} {path}");
            }
        }
    }
}
