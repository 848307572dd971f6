//! The answers that operations of several APIs share.

use super::{Form, RefusalAnswer};

/// The answers that the connection itself gives have the form of the vendor's envelope, whatever is called.
pub const ENVELOPE: Form = Form::Json("ApiResponse");

/// The codes of a request whose signature is not accepted.
pub const SIGNATURE_ERRORS: &[&str] = &[
    "ApiKeyMissing",
    "UnknownApiKey",
    "TimestampMissing",
    "TimestampInvalid",
    "TimestampOutOfWindow",
    "SignatureMissing",
    "SignatureMismatch",
    "BodyNotAllowed",
    "UnknownDevice",
    "Unauthorized",
];

/// The codes of a request from a host or page that may not call.
pub const ORIGIN_ERRORS: &[&str] = &["HostNotAllowed", "OriginNotAllowed"];

/// The body ended early, or the request is no HTTP; in the second case the answer has no body.
pub const BROKEN: RefusalAnswer = RefusalAnswer {
    name: "Broken",
    status: 400,
    says: "The body ended early. If the request is no HTTP, the answer has no body.",
    form: ENVELOPE,
    retries: false,
    errors: &["BodyIncomplete"],
    any_refusal: false,
};

/// The body did not arrive in time.
pub const TOO_SLOW: RefusalAnswer = RefusalAnswer {
    name: "TooSlow",
    status: 408,
    says: "The body did not arrive in time. If the head did not, the answer has no body.",
    form: ENVELOPE,
    retries: false,
    errors: &["BodyTimeout"],
    any_refusal: false,
};

/// The body is too large.
pub const TOO_LARGE: RefusalAnswer = RefusalAnswer {
    name: "TooLarge",
    status: 413,
    says: "The body is too large.",
    form: ENVELOPE,
    retries: false,
    errors: &["BodyTooLarge"],
    any_refusal: false,
};

/// The head of the request is too large.
pub const HEAD_TOO_LARGE: RefusalAnswer = RefusalAnswer {
    name: "HeadTooLarge",
    status: 431,
    says: "The head of the request is too large.",
    form: Form::Empty,
    retries: false,
    errors: &[],
    any_refusal: false,
};

/// The codes of a request from a host, a page or a client that may not call.
pub const FORBIDDEN_ERRORS: &[&str] = &[
    "PermissionMissing",
    "ApiNotAllowed",
    "HostNotAllowed",
    "OriginNotAllowed",
    "TlsNeeded",
];

/// The code of a caller that has sent too many wrong signatures.
pub const TOO_MANY_ERRORS: &[&str] = &["TooManyWrongSignatures"];
