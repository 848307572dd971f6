//! The part of the table of operations that the SIGN AT API has.

use axum::http::Method;

use super::route::route;
use crate::api::described::refusals::HEAD_TOO_LARGE;
use crate::api::described::{
    Access, DescribedOperation, Form, OperationTable, Parameter, RefusalAnswer, States,
};

/// All operations.
pub(super) const TABLE: OperationTable = OperationTable {
    page: "sign_at",
    title: "SIGN AT",
    introduction: "`POST /sign-at/api/v1/auth` gives the access token.",
    operations: OPERATIONS,
    schemas: include_str!("described.txt"),
};

/// True if this build has a route for an operation of the table.
pub(super) fn is_served(operation: &DescribedOperation) -> bool {
    let path = operation.example_path();
    let method = Method::from_bytes(operation.method.as_bytes());
    method.is_ok_and(|method| route(&method, &path).is_ok())
}

const SIGN_AT: &str = "SIGN AT";
const OWN: Form = Form::Json("SignAtError");
/// A connection that is not encrypted or has no place answers in another form, because it has not read the path.
const EITHER: Form = Form::OneOf(&["SignAtError", "ApiResponse"]);

const fn refusal(
    name: &'static str,
    status: u16,
    says: &'static str,
    errors: &'static [&'static str],
) -> RefusalAnswer {
    RefusalAnswer::new(name, status, says, OWN, errors)
}

const FAULTY: RefusalAnswer = refusal(
    "SignAtFaulty",
    400,
    "The request has faults.",
    &["E_FAILED_SCHEMA_VALIDATION"],
);
const UNKNOWN_CALLER: RefusalAnswer = refusal(
    "SignAtUnauthorized",
    401,
    "Key, secret or token is not valid.",
    &["E_UNAUTHORIZED"],
);
const FORBIDDEN: RefusalAnswer = RefusalAnswer {
    form: EITHER,
    ..refusal(
        "SignAtForbidden",
        403,
        "The client may not do this, the request comes from a host or a page that may not call, or it needs TLS.",
        &["E_ACCESS_DENIED", "TlsNeeded"],
    )
};
const NOT_FOUND: RefusalAnswer = refusal(
    "SignAtNotFound",
    404,
    "There is no such resource. Clients create it then.",
    &["E_RESOURCE_NOT_FOUND"],
);
const SLOW: RefusalAnswer = refusal(
    "SignAtSlow",
    408,
    "The body did not arrive in time.",
    &["TEMPORARILY_UNAVAILABLE"],
);
const CONFLICT: RefusalAnswer = refusal(
    "SignAtConflict",
    409,
    "The state of the resource does not allow it, or it exists with other content.",
    &[
        "E_RESOURCE_ALREADY_EXISTS",
        "E_INVALID_STATE_TRANSITION",
        "E_SCU_LIMIT_REACHED",
        "E_SCU_NOT_INITIALIZED",
        "E_SCU_DEACTIVATED",
        "E_CASH_REGISTER_NOT_INITIALIZED",
        "E_CASH_REGISTER_DEACTIVATED",
        "E_FON_AUTHENTICATION",
        "E_CONFLICT",
    ],
);
const LARGE: RefusalAnswer = refusal(
    "SignAtLarge",
    413,
    "The body is too large.",
    &["E_PAYLOAD_TOO_LARGE"],
);
const MANY: RefusalAnswer = RefusalAnswer {
    retries: true,
    ..refusal(
        "SignAtMany",
        429,
        "Too many wrong secrets for this key from this address.",
        &["E_TOO_MANY_REQUESTS"],
    )
};
const BROKEN: RefusalAnswer = refusal(
    "SignAtBroken",
    500,
    "The till cannot read its journal or write a file.",
    &["E_INTERNAL"],
);
const BUSY: RefusalAnswer = RefusalAnswer {
    form: EITHER,
    retries: true,
    ..refusal(
        "SignAtBusy",
        503,
        "Repeat the same request: its outcome is not known, or the till is busy.",
        &["TEMPORARILY_UNAVAILABLE", "Overloaded"],
    )
};
const NO_ANSWER: RefusalAnswer = RefusalAnswer {
    retries: true,
    ..refusal(
        "SignAtNoAnswer",
        504,
        "FinanzOnline has not answered.",
        &["E_FON_REQUEST_TIMEOUT"],
    )
};

const READ: &[&RefusalAnswer] = &[
    &FAULTY,
    &UNKNOWN_CALLER,
    &FORBIDDEN,
    &NOT_FOUND,
    &SLOW,
    &LARGE,
    &HEAD_TOO_LARGE,
    &BROKEN,
    &BUSY,
];
const CHANGE: &[&RefusalAnswer] = &[
    &FAULTY,
    &UNKNOWN_CALLER,
    &FORBIDDEN,
    &NOT_FOUND,
    &SLOW,
    &CONFLICT,
    &LARGE,
    &HEAD_TOO_LARGE,
    &BROKEN,
    &BUSY,
    &NO_ANSWER,
];
const LOG_IN: &[&RefusalAnswer] = &[
    &FAULTY,
    &UNKNOWN_CALLER,
    &FORBIDDEN,
    &SLOW,
    &LARGE,
    &MANY,
    &HEAD_TOO_LARGE,
    &BROKEN,
    &BUSY,
];

const fn get(path: &'static str, says: &'static str, answer: &'static str) -> DescribedOperation {
    DescribedOperation::new("GET", path, SIGN_AT, says, Form::Json(answer))
        .access(Access::Token)
        .refusals(READ)
}

const fn change(
    method: &'static str,
    path: &'static str,
    says: &'static str,
    answer: Form,
) -> DescribedOperation {
    DescribedOperation::new(method, path, SIGN_AT, says, answer)
        .access(Access::Token)
        .refusals(CHANGE)
}

const WINDOW: &[Parameter] = &[
    parameter("limit", "int", "1 to 100; usually 100."),
    parameter(
        "offset",
        "int",
        "How many entries are left out before the first.",
    ),
];
const RECEIPTS: &[Parameter] = &[
    parameter("limit", "int", "1 to 100; usually 100."),
    parameter(
        "offset",
        "int",
        "How many entries are left out before the first.",
    ),
    parameter("order", "ASC|DESC", "By receipt number; usually ASC."),
    parameter(
        "order_by",
        "receipt_number|time_signature",
        "Both give the same order.",
    ),
    parameter("receipt_types", "text", "Once for each type."),
];
const EXPORT: &[Parameter] = &[
    parameter(
        "start_time_signature",
        "long",
        "Seconds since the epoch, included.",
    ),
    parameter(
        "end_time_signature",
        "long",
        "Seconds since the epoch, included.",
    ),
    parameter("start_receipt_number", "long", "Included."),
    parameter("end_receipt_number", "long", "Included."),
];

const fn parameter(name: &'static str, kind: &'static str, says: &'static str) -> Parameter {
    Parameter { name, kind, says }
}

const UNIT: &str =
    r#"{"legal_entity_id":{"vat_id":"ATU12345678"},"legal_entity_name":"Gasthaus Muster"}"#;
const INITIALIZED: &str = r#"{"state":"INITIALIZED"}"#;
const RECEIPT: &str = r#"{"receipt_type":"NORMAL","schema":{"standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"STANDARD","amount":"12.00"}]}}}"#;
const METADATA: &str = r#"{"name":"1"}"#;

const OPERATIONS: &[DescribedOperation] = &[
    DescribedOperation::new("POST", "/sign-at/api/v1/auth", SIGN_AT, "Gets tokens", Form::Json("SignAtTokens"))
        .takes("SignAtLogIn", r#"{"api_key":"pos-1","api_secret":"…"}"#)
        .refusals(LOG_IN),
    change("PUT", "/sign-at/api/v1/fon/auth", "Gives the user of FinanzOnline", Form::Json("SignAtUserState"))
        .takes("SignAtUser", r#"{"fon_participant_id":"123456789","fon_user_id":"kasse1","fon_user_pin":"…"}"#),
    get("/sign-at/api/v1/fon/auth", "Reads the user of FinanzOnline", "SignAtUserState"),
    change("PUT", "/sign-at/api/v1/signature-creation-unit/{unitId}", "Creates the signature creation unit", Form::Json("SignAtUnit"))
        .takes("SignAtUnitOrder", UNIT)
        .more("It is the signature unit of the till under this id. There is one; further units are configuration."),
    get("/sign-at/api/v1/signature-creation-unit/{unitId}", "Reads a signature creation unit", "SignAtUnit"),
    change("PATCH", "/sign-at/api/v1/signature-creation-unit/{unitId}", "Changes the state of a unit", Form::Json("SignAtUnit"))
        .takes("SignAtChange", INITIALIZED),
    get("/sign-at/api/v1/signature-creation-unit", "Lists signature creation units", "SignAtList")
        .parameters(WINDOW),
    DescribedOperation::new("GET", "/sign-at/api/v1/signature-creation-unit/{unitId}/metadata", SIGN_AT, "Reads the metadata of a unit", Form::AnyObject)
        .access(Access::Token)
        .refusals(READ),
    change("PATCH", "/sign-at/api/v1/signature-creation-unit/{unitId}/metadata", "Changes the metadata of a unit", Form::AnyObject)
        .takes("SignAtMetadata", METADATA),
    change("PUT", "/sign-at/api/v1/cash-register/{registerId}", "Creates a cash register", Form::Json("SignAtRegister"))
        .takes("SignAtRegisterOrder", "{}"),
    get("/sign-at/api/v1/cash-register/{registerId}", "Reads a cash register", "SignAtRegister"),
    change("PATCH", "/sign-at/api/v1/cash-register/{registerId}", "Changes the state of a register", Form::Json("SignAtRegister"))
        .takes("SignAtChange", INITIALIZED)
        .more("REGISTERED first, then INITIALIZED, which makes the start receipt. DECOMMISSIONED makes the closing receipt."),
    get("/sign-at/api/v1/cash-register", "Lists cash registers", "SignAtList").parameters(WINDOW),
    DescribedOperation::new("GET", "/sign-at/api/v1/cash-register/{registerId}/metadata", SIGN_AT, "Reads the metadata of a register", Form::AnyObject)
        .access(Access::Token)
        .refusals(READ),
    change("PATCH", "/sign-at/api/v1/cash-register/{registerId}/metadata", "Changes the metadata of a register", Form::AnyObject)
        .takes("SignAtMetadata", METADATA),
    change("PUT", "/sign-at/api/v1/cash-register/{registerId}/receipt/{receiptId}", "Signs a receipt", Form::Json("SignAtReceipt"))
        .takes("SignAtReceiptOrder", RECEIPT)
        .states(States::OfTheDocument)
        .more("The same id with the same content gives the first receipt again."),
    get("/sign-at/api/v1/cash-register/{registerId}/receipt/{receiptId}", "Reads a receipt", "SignAtReceipt")
        .more("The number of the receipt is taken in place of its id."),
    get("/sign-at/api/v1/cash-register/{registerId}/receipt", "Lists the receipts of a register", "SignAtList")
        .parameters(RECEIPTS),
    DescribedOperation::new("GET", "/sign-at/api/v1/cash-register/{registerId}/receipt/{receiptId}/metadata", SIGN_AT, "Reads the metadata of a receipt", Form::AnyObject)
        .access(Access::Token)
        .refusals(READ),
    change("PATCH", "/sign-at/api/v1/cash-register/{registerId}/receipt/{receiptId}/metadata", "Changes the metadata of a receipt", Form::AnyObject)
        .takes("SignAtMetadata", METADATA),
    change("POST", "/sign-at/api/v1/cash-register/{registerId}/receipt/{receiptId}/validation", "Has FinanzOnline check a receipt", Form::Json("SignAtValidation"))
        .may_take("SignAtReceiptIds", "{}"),
    DescribedOperation::new("GET", "/sign-at/api/v1/cash-register/{registerId}/export", SIGN_AT, "Exports the protocol of a register (DEP 7)", Form::AnyObject)
        .access(Access::Token)
        .parameters(EXPORT)
        .refusals(READ),
    get("/sign-at/api/v1/configuration", "Reads the settings", "SignAtSettingsInForce"),
    change("PATCH", "/sign-at/api/v1/configuration", "Changes the settings", Form::Json("SignAtSettingsInForce"))
        .takes("SignAtSettings", r#"{"yearly_receipt_validation_enabled":true}"#),
];
