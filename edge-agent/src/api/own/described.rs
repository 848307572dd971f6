//! The part of the table of operations that our own routes have.

use crate::api::described::refusals::{
    BROKEN, FORBIDDEN_ERRORS, HEAD_TOO_LARGE, ORIGIN_ERRORS, SIGNATURE_ERRORS, TOO_LARGE,
    TOO_MANY_ERRORS, TOO_SLOW,
};
use crate::api::described::{
    Access, DescribedOperation, Form, OperationTable, RefusalAnswer, States,
};

/// Our own routes.
pub const TABLE: OperationTable = OperationTable {
    page: "till",
    title: "The till itself",
    introduction: "",
    operations: OPERATIONS,
    schemas: include_str!("described.txt"),
};

const PROBLEM: Form = Form::Json("Problem");
/// The route or the connection refuses.
const EITHER: Form = Form::OneOf(&["Problem", "ApiResponse"]);

const fn refusal(
    name: &'static str,
    status: u16,
    says: &'static str,
    errors: &'static [&'static str],
) -> RefusalAnswer {
    RefusalAnswer::new(name, status, says, PROBLEM, errors)
}

const FORBIDDEN: RefusalAnswer = refusal(
    "PageForbidden",
    403,
    "The request comes from a host or a page that may not call.",
    ORIGIN_ERRORS,
);
const CLIENT_FORBIDDEN: RefusalAnswer = refusal(
    "OperatorForbidden",
    403,
    "The client has no permission for it, or the request comes from a host or a page that may not call.",
    FORBIDDEN_ERRORS,
);
const TOO_MANY: RefusalAnswer = RefusalAnswer {
    retries: true,
    ..refusal(
        "TooManyWrong",
        429,
        "Too many calls with this key from this address were signed wrongly.",
        TOO_MANY_ERRORS,
    )
};
const UNSIGNED: RefusalAnswer = refusal(
    "OperatorUnsigned",
    401,
    "The signature is not accepted. A LIVE till gives the reason in its log only.",
    SIGNATURE_ERRORS,
);
const FAULTY: RefusalAnswer = RefusalAnswer {
    form: EITHER,
    any_refusal: true,
    ..refusal(
        "Faulty",
        400,
        "The request is faulty.",
        &[
            "BodyIncomplete",
            "MalformedJson",
            "BodyTooLarge",
            "WrongType",
            "UnknownField",
            "UnknownValue",
            "GivenTwice",
            "Missing",
            "Empty",
            "NotAlone",
            "NotAUuid",
            "TextTooLong",
        ],
    )
};
const TOO_LARGE_FOR_IT: RefusalAnswer = RefusalAnswer {
    form: EITHER,
    ..refusal(
        "TooLargeForIt",
        413,
        "The body is too large.",
        &["BodyTooLarge"],
    )
};
const UNKNOWN_ID: RefusalAnswer = refusal(
    "UnknownDocument",
    404,
    "There is no document with this id.",
    &["UnknownId"],
);
const NOT_SETTLED: RefusalAnswer = refusal(
    "NotSettled",
    409,
    "The document has its outcome already, or was not begun.",
    &[
        "AlreadySettled",
        "AnotherDeclaration",
        "NotBegun",
        "SignatureReplayed",
    ],
);
const NOT_ASIDE: RefusalAnswer = refusal(
    "NotAside",
    409,
    "The document is not one that can be laid aside.",
    &[
        "NotRefused",
        "AlreadyAcknowledged",
        "NotSent",
        "LaidAsideBefore",
        "SignatureReplayed",
    ],
);
const NO_OTHERS: RefusalAnswer = refusal(
    "NoOthers",
    409,
    "No receipts of others wait for a person.",
    &["NoReceiptsOfOthers", "SignatureReplayed"],
);
const NOT_SET: RefusalAnswer = refusal(
    "NotSet",
    409,
    "The time cannot be set now.",
    &["ClockBackInShift", "DeviceUnsettled", "SignatureReplayed"],
);
const NOT_ORDERED: RefusalAnswer = refusal(
    "NotOrdered",
    409,
    "The register does not allow it, or is out of use.",
    &["RegisterOutOfUse", "SignatureReplayed"],
);
const NO_CLOCK: RefusalAnswer = refusal(
    "NoClock",
    422,
    "No clock shows this time.",
    &["NoClockAgrees"],
);
const NOT_YET: RefusalAnswer = RefusalAnswer {
    retries: true,
    ..refusal(
        "NotYet",
        422,
        "The printer can still be asked, or the outcome is not known yet.",
        &["PrinterCanStillSay", "OutcomeUnknown"],
    )
};
const LOG_NOT_OURS: RefusalAnswer = refusal(
    "LogElsewhere",
    409,
    "The log belongs to another program, or the signature was used before.",
    &["LogNotOurs", "SignatureReplayed"],
);
const UNAVAILABLE: RefusalAnswer = RefusalAnswer {
    form: EITHER,
    retries: true,
    ..refusal(
        "Unavailable",
        503,
        "The till is stopping, has too many calls, or cannot read or write its journal.",
        &[
            "Stopping",
            "Busy",
            "Overloaded",
            "BooksUnwritable",
            "BooksUnreadable",
        ],
    )
};
const NO_PAGE: RefusalAnswer = refusal("NoPage", 404, "There is no such page.", &["NotFound"]);
const NOT_READY: RefusalAnswer = RefusalAnswer {
    form: Form::Text,
    ..refusal(
        "NotReady",
        503,
        "No sale can be written; the text says why.",
        &[],
    )
};
const FAILING: RefusalAnswer = RefusalAnswer {
    form: Form::Json("Health"),
    ..refusal("Failing", 503, "No sale can be written.", &[])
};
const UNKNOWN_OPERATION: RefusalAnswer = RefusalAnswer {
    form: Form::Json("Operation"),
    ..refusal(
        "NoSuchId",
        404,
        "No document has this id, and none waits.",
        &[],
    )
};
const NOT_LOOKED_UP: RefusalAnswer = RefusalAnswer {
    form: Form::OneOf(&["Operation", "Problem", "ApiResponse"]),
    ..refusal(
        "NotLookedUp",
        503,
        "The id could not be looked up.",
        &["BooksUnreadable", "Overloaded"],
    )
};

const PLAIN: &[&RefusalAnswer] = &[
    &BROKEN,
    &FORBIDDEN,
    &TOO_SLOW,
    &TOO_LARGE,
    &HEAD_TOO_LARGE,
    &UNAVAILABLE,
];

const TILL: &str = "The till";
const OPERATOR: &str = "What an operator does";
const DOCUMENTS: &str = "What became of a request";

const fn open(
    path: &'static str,
    group: &'static str,
    says: &'static str,
    answer: Form,
) -> DescribedOperation {
    DescribedOperation::new("GET", path, group, says, answer).refusals(PLAIN)
}

const fn signed(
    path: &'static str,
    says: &'static str,
    answer: &'static str,
) -> DescribedOperation {
    DescribedOperation::new("POST", path, OPERATOR, says, Form::Json(answer)).access(Access::Signed)
}

const OPERATIONS: &[DescribedOperation] = &[
    open(
        "/operations/{id}",
        DOCUMENTS,
        "Says what became of a request",
        Form::Json("Operation"),
    )
    .states(States::OfThePath)
    .refusals(&[
        &FAULTY,
        &FORBIDDEN,
        &UNKNOWN_OPERATION,
        &TOO_SLOW,
        &TOO_LARGE,
        &HEAD_TOO_LARGE,
        &NOT_LOOKED_UP,
    ]),
    signed(
        "/operations/{id}/settlement",
        "Declares what became of a document",
        "Operation",
    )
    .more("For a document that its printer cannot prove: a person has read the paper.")
    .states(States::OfThePath)
    .takes(
        "Settlement",
        r#"{"registered":true,"document":1234,"by":"Maria Popescu"}"#,
    )
    .refusals(&[
        &FAULTY,
        &UNSIGNED,
        &CLIENT_FORBIDDEN,
        &TOO_MANY,
        &UNKNOWN_ID,
        &TOO_SLOW,
        &NOT_SETTLED,
        &TOO_LARGE_FOR_IT,
        &NOT_YET,
        &HEAD_TOO_LARGE,
        &UNAVAILABLE,
    ]),
    signed(
        "/operations/{id}/aside",
        "Lays aside what its recipient refuses for ever: a document, or the money of a card",
        "Operation",
    )
    .takes(
        "Aside",
        r#"{"reason":"sold to a buyer who is not registered","by":"Maria Popescu"}"#,
    )
    .refusals(&[
        &FAULTY,
        &UNSIGNED,
        &CLIENT_FORBIDDEN,
        &TOO_MANY,
        &UNKNOWN_ID,
        &TOO_SLOW,
        &NOT_ASIDE,
        &TOO_LARGE_FOR_IT,
        &HEAD_TOO_LARGE,
        &UNAVAILABLE,
    ]),
    signed(
        "/devices/{id}/go-on",
        "Lets a device go on whose printer has receipts of others",
        "GoesOn",
    )
    .more("When the till met the printer after a start, the printer had fiscal receipts that the till has not made.")
    .takes("GoOn", r#"{"by":"Maria Popescu"}"#)
    .refusals(&[
        &FAULTY,
        &UNSIGNED,
        &CLIENT_FORBIDDEN,
        &TOO_MANY,
        &UNKNOWN_ID,
        &TOO_SLOW,
        &NO_OTHERS,
        &TOO_LARGE_FOR_IT,
        &HEAD_TOO_LARGE,
        &UNAVAILABLE,
    ]),
    signed("/clock", "Sets the time", "ClockSet")
        .takes(
            "ClockCorrection",
            r#"{"at":"2026-03-02T17:35:21+02:00","by":"Maria Popescu"}"#,
        )
        .refusals(&[
            &FAULTY,
            &UNSIGNED,
            &CLIENT_FORBIDDEN,
            &TOO_MANY,
            &TOO_SLOW,
            &NOT_SET,
            &TOO_LARGE_FOR_IT,
            &NO_CLOCK,
            &HEAD_TOO_LARGE,
            &UNAVAILABLE,
        ]),
    signed(
        "/registers/{id}",
        "Orders something of a register of signed receipts",
        "RegisterOrdered",
    )
    .more("A receipt over zero; the closing receipt, after which the register is out of use for ever; a note that the protocol was copied or that a receipt was checked.")
    .takes("RegisterOrder", r#"{"order":"null_receipt"}"#)
    .refusals(&[
        &FAULTY,
        &UNSIGNED,
        &CLIENT_FORBIDDEN,
        &TOO_MANY,
        &UNKNOWN_ID,
        &TOO_SLOW,
        &NOT_ORDERED,
        &TOO_LARGE_FOR_IT,
        &HEAD_TOO_LARGE,
        &UNAVAILABLE,
    ]),
    open(
        "/log",
        OPERATOR,
        "Says how much the log says",
        Form::Json("LogLevels"),
    )
    .refusals(&[
        &BROKEN,
        &FORBIDDEN,
        &TOO_SLOW,
        &LOG_NOT_OURS,
        &TOO_LARGE,
        &HEAD_TOO_LARGE,
        &UNAVAILABLE,
    ]),
    signed(
        "/log",
        "Changes how much the log says, until the program ends",
        "LogLevels",
    )
    .takes("LogChange", r#"{"printer":"debug"}"#)
    .refusals(&[
        &FAULTY,
        &UNSIGNED,
        &CLIENT_FORBIDDEN,
        &TOO_MANY,
        &TOO_SLOW,
        &LOG_NOT_OURS,
        &TOO_LARGE_FOR_IT,
        &HEAD_TOO_LARGE,
        &UNAVAILABLE,
    ]),
    open("/livez", TILL, "Says that the process runs", Form::Text),
    open(
        "/readyz",
        TILL,
        "Says whether a sale can be written",
        Form::Text,
    )
    .more("Printer and tax authority play no part.")
    .refusals(&[
        &BROKEN,
        &FORBIDDEN,
        &TOO_SLOW,
        &TOO_LARGE,
        &HEAD_TOO_LARGE,
        &NOT_READY,
    ]),
    open(
        "/healthz",
        TILL,
        "Says what works and what does not",
        Form::Json("Health"),
    )
    .refusals(&[
        &BROKEN,
        &FORBIDDEN,
        &TOO_SLOW,
        &TOO_LARGE,
        &HEAD_TOO_LARGE,
        &FAILING,
    ]),
    open(
        "/metrics",
        TILL,
        "Gives the figures for Prometheus",
        Form::Text,
    ),
    open(
        "/openapi.json",
        TILL,
        "Describes all operations in OpenAPI 3.1",
        Form::AnyObject,
    ),
    open(
        "/docs",
        TILL,
        "Lists all operations for people, with a page for each API",
        Form::Page,
    ),
    open(
        "/docs/{page}",
        TILL,
        "Describes the operations of one API",
        Form::Page,
    )
    .refusals(&[
        &BROKEN,
        &FORBIDDEN,
        &NO_PAGE,
        &TOO_SLOW,
        &TOO_LARGE,
        &HEAD_TOO_LARGE,
        &UNAVAILABLE,
    ]),
    open("/docs/errors", TILL, "Lists all error types", Form::Page),
    open(
        "/docs/errors/{code}",
        TILL,
        "Explains an error type",
        Form::Page,
    )
    .more("The same text as `ferrotill explain CODE`.")
    .refusals(&[
        &BROKEN,
        &FORBIDDEN,
        &NO_PAGE,
        &TOO_SLOW,
        &TOO_LARGE,
        &HEAD_TOO_LARGE,
        &UNAVAILABLE,
    ]),
];
