//! The part of the table of operations that the eReceipt API has.

use axum::http::Method;

use super::route::find;
use crate::api::described::refusals::{HEAD_TOO_LARGE, TOO_LARGE, TOO_SLOW};
use crate::api::described::{
    Access, DescribedOperation, Form, OperationTable, Parameter, RefusalAnswer, States,
};

/// All operations.
pub(super) const TABLE: OperationTable = OperationTable {
    page: "ereceipt",
    title: "eReceipt",
    introduction: "`POST /ereceipt/api/v1/auth` gives the access token.",
    operations: OPERATIONS,
    schemas: include_str!("described.txt"),
};

/// True if this build has a route for an operation of the table.
pub(super) fn is_served(operation: &DescribedOperation) -> bool {
    let path = operation.example_path();
    let method = Method::from_bytes(operation.method.as_bytes());
    path.starts_with("/r/") || method.is_ok_and(|method| find(&method, &path).is_ok())
}

const ERECEIPT: &str = "eReceipt";
const OWN: Form = Form::Json("EReceiptError");
/// A connection that is not encrypted or has no place answers in another form, because it has not read the path.
const EITHER: Form = Form::OneOf(&["EReceiptError", "ApiResponse"]);

const fn refusal(
    name: &'static str,
    status: u16,
    says: &'static str,
    errors: &'static [&'static str],
) -> RefusalAnswer {
    RefusalAnswer::new(name, status, says, OWN, errors)
}

const FAULTY: RefusalAnswer = refusal(
    "EReceiptFaulty",
    400,
    "The request has faults.",
    &[
        "E_REQUEST_INVALID",
        "E_INVALID_FILTER_VALUES",
        "E_INVALID_LIMIT_FILTER",
        "E_RECEIPT_ID_INVALID",
        "E_MASKED_CARD_NUMBER_NON_CARD_PAYMENT",
        "E_REVISION_ID_MISSING",
    ],
);
const UNKNOWN_CALLER: RefusalAnswer = refusal(
    "EReceiptUnauthorized",
    401,
    "Key, secret or token is not valid.",
    &["E_AUTHENTICATION", "E_TOKEN_MISSING"],
);
const FORBIDDEN: RefusalAnswer = RefusalAnswer {
    form: EITHER,
    ..refusal(
        "EReceiptForbidden",
        403,
        "The client may not do this, the request comes from a host or a page that may not call, or it needs TLS.",
        &["E_ACCESS_DENIED", "TlsNeeded"],
    )
};
const NOT_FOUND: RefusalAnswer = refusal(
    "EReceiptNotFound",
    404,
    "There is no such resource.",
    &[
        "E_RECEIPT_NOT_FOUND",
        "E_PDF_NOT_FOUND",
        "E_CONFIGURATION_NOT_FOUND",
        "E_LOGO_NOT_FOUND",
        "E_PUBLIC_ACCESS_EXPIRED",
        "E_ROUTE_NOT_FOUND",
        "E_RESOURCE_NOT_FOUND",
    ],
);
const SLOW: RefusalAnswer = refusal(
    "EReceiptSlow",
    408,
    "The body did not arrive in time.",
    &["TEMPORARILY_UNAVAILABLE"],
);
const CONFLICT: RefusalAnswer = refusal(
    "EReceiptConflict",
    409,
    "The resource exists with other content, or is final.",
    &["E_RESOURCE_ALREADY_EXISTS", "E_CONFLICT"],
);
const LARGE: RefusalAnswer = refusal(
    "EReceiptLarge",
    413,
    "The body is too large.",
    &["E_LOGO_BODY_LIMIT_EXCEEDED", "E_PAYLOAD_TOO_LARGE"],
);
const MANY: RefusalAnswer = RefusalAnswer {
    retries: true,
    ..refusal(
        "EReceiptMany",
        429,
        "Too many wrong secrets, or too many receipts that do not exist, from this address.",
        &["E_TOO_MANY_REQUESTS"],
    )
};
const BROKEN: RefusalAnswer = refusal(
    "EReceiptBroken",
    500,
    "The till cannot read its store.",
    &["E_INTERNAL"],
);
const BUSY: RefusalAnswer = RefusalAnswer {
    form: EITHER,
    retries: true,
    ..refusal(
        "EReceiptBusy",
        503,
        "Repeat the same request: its outcome is not known, or the till is busy.",
        &["TEMPORARILY_UNAVAILABLE", "Overloaded"],
    )
};

const ALL: &[&RefusalAnswer] = &[
    &FAULTY,
    &UNKNOWN_CALLER,
    &FORBIDDEN,
    &NOT_FOUND,
    &SLOW,
    &CONFLICT,
    &LARGE,
    &MANY,
    &HEAD_TOO_LARGE,
    &BROKEN,
    &BUSY,
];

/// The refusals of the pages for buyers are pages.
const PAGE_NOT_FOUND: RefusalAnswer = RefusalAnswer {
    form: Form::Page,
    ..refusal(
        "EReceiptPageNotFound",
        404,
        "There is no such receipt, or its page is no longer public.",
        &[],
    )
};
const PAGE_MANY: RefusalAnswer = RefusalAnswer {
    form: Form::Page,
    retries: true,
    ..refusal(
        "EReceiptPageMany",
        429,
        "Too many receipts that do not exist from this address.",
        &[],
    )
};
const PAGE_BROKEN: RefusalAnswer = RefusalAnswer {
    form: Form::Page,
    ..refusal(
        "EReceiptPageBroken",
        500,
        "The till cannot read its store.",
        &[],
    )
};

const OF_PAGES: &[&RefusalAnswer] = &[
    &FORBIDDEN,
    &PAGE_NOT_FOUND,
    &TOO_SLOW,
    &TOO_LARGE,
    &PAGE_MANY,
    &HEAD_TOO_LARGE,
    &PAGE_BROKEN,
    &BUSY,
];

const fn described(
    method: &'static str,
    path: &'static str,
    says: &'static str,
    answer: Form,
) -> DescribedOperation {
    DescribedOperation::new(method, path, ERECEIPT, says, answer)
        .access(Access::Token)
        .refusals(ALL)
}

const fn open(
    method: &'static str,
    path: &'static str,
    says: &'static str,
    answer: Form,
) -> DescribedOperation {
    DescribedOperation::new(method, path, ERECEIPT, says, answer).refusals(ALL)
}

const fn page(
    method: &'static str,
    path: &'static str,
    says: &'static str,
    answer: Form,
) -> DescribedOperation {
    DescribedOperation::new(method, path, ERECEIPT, says, answer).refusals(OF_PAGES)
}

const WINDOW: &[Parameter] = &[
    parameter("order", "ASC|DESC", "Usually ASC."),
    parameter("limit", "int", "0 to 100; usually 100."),
    parameter(
        "offset",
        "int",
        "How many entries are left out before the first.",
    ),
];

const fn parameter(name: &'static str, kind: &'static str, says: &'static str) -> Parameter {
    Parameter { name, kind, says }
}

const CONFIGURATION: Form = Form::Json("EReceiptConfiguration");
const RECEIPT: &str = r#"{"schema":{"ekabs_v0":{"head":{"number":"1"},"data":{"currency":"EUR","full_amount_incl_vat":"11.90","payment_types":[{"name":"CASH","amount":"11.90"}],"vat_amounts":[{"percentage":"0.19","incl_vat":"11.90","excl_vat":"10.00","vat":"1.90"}],"lines":[{"text":"Tea","item":{"quantity":"1.00","price_per_unit":"11.90"}}]}}}}"#;
const SECTION: &str = r#"{"custom_content":{"type":"TEXT","data":"Thank you","alignment":"CENTER"},"custom_type":"TEXT"}"#;

const OPERATIONS: &[DescribedOperation] = &[
    page("GET", "/r/{token}", "The page of a receipt for its buyer", Form::Page)
        .more("On the main listener for this machine, and on `[ereceipt] listen` for everybody."),
    page("GET", "/r/{token}/pdf", "The receipt as a PDF", Form::Text),
    page("GET", "/r/{token}/png", "The receipt as a picture", Form::Text),
    page("POST", "/r/{token}/hospitality", "The form of a business meal on the page", Form::Empty),
    page("GET", "/r/i/{token}", "An image of a page", Form::Text),
    open("POST", "/ereceipt/api/v1/auth", "Gets tokens", Form::Json("EReceiptTokens"))
        .takes("EReceiptLogIn", r#"{"api_key":"pos-1","api_secret":"…"}"#),
    described("GET", "/ereceipt/api/v1/receipt", "Lists uploaded receipts", Form::Json("EReceiptList")).parameters(WINDOW),
    described("PUT", "/ereceipt/api/v1/receipt/{receiptId}", "Uploads a receipt", Form::Json("EReceiptReceipt"))
        .takes("EReceiptOrder", RECEIPT)
        .states(States::OfTheDocument)
        .more("It is no sale of this till; `registered` says that the till has the uploaded receipt. The same id with the same receipt gives the first answer again."),
    described("GET", "/ereceipt/api/v1/receipt/{receiptId}", "Reads an uploaded receipt", Form::Json("EReceiptReceipt")),
    described("GET", "/ereceipt/api/v1/receipt/{receiptId}/pdf", "Gets an uploaded receipt as a PDF", Form::Text),
    described("GET", "/ereceipt/api/v1/receipt/{receiptId}/logo", "Gets the logo of an uploaded receipt", Form::Text),
    described("GET", "/ereceipt/api/v1/configuration", "Reads the configuration", CONFIGURATION),
    described("GET", "/ereceipt/api/v1/configuration/revisions", "Lists the revisions of the configuration", Form::Json("EReceiptList")).parameters(WINDOW),
    described("GET", "/ereceipt/api/v1/configuration/revisions/{revision}", "Reads a revision of the configuration", CONFIGURATION),
    described("GET", "/ereceipt/api/v1/configuration/revisions/{revision}/logo", "Gets the logo of a revision", Form::Text),
    described("POST", "/ereceipt/api/v1/configuration/logo", "Adds the logo", CONFIGURATION)
        .more("The body is the image: PNG, JPEG, WEBP or GIF of at most 2 MB."),
    described("PUT", "/ereceipt/api/v1/configuration/custom-section", "Sets the custom sections in use", CONFIGURATION)
        .takes_list("EReceiptSectionsInUse", r#"[{"custom_section_id":"5b1c9f0e-4a4e-4a53-9a3b-0d6f6f1f0001","orientation":"AFTER","position":"LINES"}]"#),
    described("GET", "/ereceipt/api/v1/configuration/dictionary", "Reads the labels of all languages", Form::AnyObject),
    described("PUT", "/ereceipt/api/v1/configuration/dictionary", "Changes labels", CONFIGURATION)
        .takes("EReceiptLabels", r#"{"language":"de","receipt":{"total":"Gesamt"}}"#),
    described("PUT", "/ereceipt/api/v1/configuration/language", "Sets the language", CONFIGURATION)
        .takes("EReceiptLanguage", r#"{"language":"de"}"#),
    open("GET", "/ereceipt/api/v1/public/{env}/receipt/{receiptId}", "Reads an uploaded receipt as its buyer", Form::Json("EReceiptReceipt")),
    open("GET", "/ereceipt/api/v1/public/{env}/receipt/{receiptId}/hospitality", "Reads the particulars of a business meal", Form::Json("EReceiptHospitality")),
    open("PUT", "/ereceipt/api/v1/public/{env}/receipt/{receiptId}/hospitality", "Writes the particulars of a business meal", Form::Json("EReceiptHospitality"))
        .takes("EReceiptHospitalityOrder", r#"{"schema":{"occasion":"Contract","tip":"5.00"}}"#)
        .more("With `finalized_at` they cannot be changed any more."),
    described("POST", "/ereceipt/api/v1/media", "Uploads an image", Form::Json("EReceiptMedia"))
        .more("multipart/form-data with `data`, `media_type` (image) and `alt_text`."),
    described("GET", "/ereceipt/api/v1/custom-section", "Lists custom sections", Form::Json("EReceiptSectionList")),
    described("GET", "/ereceipt/api/v1/custom-section/{customSectionId}", "Reads a custom section", Form::Json("EReceiptSection")),
    described("PUT", "/ereceipt/api/v1/custom-section/{customSectionId}", "Creates or replaces a custom section", Form::Json("EReceiptSection"))
        .takes("EReceiptSectionOrder", SECTION),
    described("POST", "/ereceipt/api/v1/static-link", "Gets the public address of a receipt", Form::Json("EReceiptLink"))
        .takes("EReceiptLinkOrder", r#"{"receipt_id":"497f6eca-6276-4993-bfeb-53cbbbba6f08"}"#),
];
