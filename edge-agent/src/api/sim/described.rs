//! The part of the table of operations that the simulator's switches have. They are served in TEST mode of the demo only.

use crate::api::described::refusals::{BROKEN, HEAD_TOO_LARGE, TOO_LARGE, TOO_SLOW};
use crate::api::described::{DescribedOperation, Form, OperationTable, Parameter, RefusalAnswer};

/// The switches of the simulator.
pub const TABLE: OperationTable = OperationTable {
    page: "simulator",
    title: "Switches of the simulator",
    introduction: "A till in TEST mode has these switches.",
    operations: OPERATIONS,
    schemas: include_str!("described.txt"),
};

const FORBIDDEN: RefusalAnswer = RefusalAnswer {
    name: "SwitchForbidden",
    status: 403,
    says: "The request comes from a host or a page that may not call.",
    form: Form::Json("Problem"),
    retries: false,
    errors: &["HostNotAllowed", "OriginNotAllowed", "CallerNotAllowed"],
    any_refusal: false,
};
const NOT_SWITCHED: RefusalAnswer = RefusalAnswer {
    name: "NotSwitched",
    status: 400,
    says: "The body is faulty, and no switch is changed.",
    form: Form::OneOf(&["Problem", "ApiResponse"]),
    retries: false,
    errors: &[
        "BodyIncomplete",
        "MalformedJson",
        "BodyTooLarge",
        "WrongType",
        "UnknownField",
        "UnknownValue",
        "GivenTwice",
        "Missing",
        "NotAlone",
        "NotPrinted",
        "NotANumber",
        "NumberTooLarge",
        "TooManyDecimals",
    ],
    any_refusal: false,
};
const NO_PROVIDER: RefusalAnswer = RefusalAnswer {
    name: "NoProvider",
    status: 404,
    says: "There is no such provider.",
    form: Form::Json("Problem"),
    retries: false,
    errors: &["NotFound"],
    any_refusal: false,
};
const NOT_UNDERSTOOD: RefusalAnswer = RefusalAnswer {
    name: "NotUnderstood",
    status: 422,
    says: "The condition was not understood.",
    form: Form::Json("SimRefusal"),
    retries: false,
    errors: &[],
    any_refusal: false,
};
const OVERLOADED: RefusalAnswer = RefusalAnswer {
    name: "SwitchesBusy",
    status: 503,
    says: "The till has too many calls.",
    form: Form::Json("ApiResponse"),
    retries: false,
    errors: &["Overloaded"],
    any_refusal: false,
};

const READ: &[&RefusalAnswer] = &[
    &BROKEN,
    &FORBIDDEN,
    &TOO_SLOW,
    &TOO_LARGE,
    &HEAD_TOO_LARGE,
    &OVERLOADED,
];
const CHANGE: &[&RefusalAnswer] = &[
    &NOT_SWITCHED,
    &FORBIDDEN,
    &TOO_SLOW,
    &TOO_LARGE,
    &HEAD_TOO_LARGE,
    &OVERLOADED,
];

/// Of the simulated offices, whose switches answer 422 where those of the printer answer 400.
const CHANGE_OF_STATE: &[&RefusalAnswer] = &[
    &BROKEN,
    &FORBIDDEN,
    &TOO_SLOW,
    &TOO_LARGE,
    &NOT_UNDERSTOOD,
    &HEAD_TOO_LARGE,
    &OVERLOADED,
];

const SIMULATOR: &str = "Switches of the simulator";

const fn switch(
    method: &'static str,
    path: &'static str,
    says: &'static str,
    answer: Form,
) -> DescribedOperation {
    DescribedOperation::new(method, path, SIMULATOR, says, answer)
}

const OPERATIONS: &[DescribedOperation] = &[
    switch(
        "GET",
        "/sim/printer",
        "Shows the emulated printer",
        Form::Json("SimPrinter"),
    )
    .parameters(&[Parameter {
        name: "receipts",
        kind: "=all",
        says: "`all` for every receipt instead of the newest 1,000.",
    }])
    .refusals(READ),
    switch(
        "PUT",
        "/sim/printer",
        "Switches the emulated printer",
        Form::Json("Done"),
    )
    .takes("SimPrinterChange", r#"{"paper":"out"}"#)
    .refusals(CHANGE),
    switch(
        "POST",
        "/sim/printer/faults",
        "Adds a fault of the emulated printer",
        Form::Json("Done"),
    )
    .takes(
        "SimFault",
        r#"{"kind":"drop_answer","command":"0x38","times":1,"ms":0}"#,
    )
    .refusals(CHANGE),
    switch(
        "DELETE",
        "/sim/printer/faults",
        "Removes the faults of the emulated printer",
        Form::Json("Done"),
    )
    .refusals(READ),
    switch(
        "GET",
        "/sim/printer/paper",
        "Shows the text on the newest receipts",
        Form::Text,
    )
    .refusals(READ),
    switch(
        "PUT",
        "/sim/clock",
        "Moves the till's clock",
        Form::Json("Done"),
    )
    .takes("SimClock", r#"{"offset_s":0}"#)
    .refusals(CHANGE),
    switch(
        "GET",
        "/sim/bank_terminal",
        "Shows the simulated bank and what its terminals have done",
        Form::Json("SimBank"),
    )
    .refusals(READ),
    switch(
        "PUT",
        "/sim/bank_terminal",
        "Switches the simulated bank terminals",
        Form::Json("Done"),
    )
    .takes("SimBankChange", r#"{"state":"up"}"#)
    .refusals(CHANGE),
    switch(
        "GET",
        "/sim/module",
        "Shows the fiscal module in software",
        Form::Json("SimModule"),
    )
    .refusals(READ),
    switch(
        "PUT",
        "/sim/module",
        "Switches the connection of the module to the operator of fiscal data",
        Form::Json("Done"),
    )
    .takes("SimModuleChange", r#"{"state":"up"}"#)
    .refusals(CHANGE),
    switch(
        "POST",
        "/sim/module/faults",
        "Adds a trouble of the module",
        Form::Json("Done"),
    )
    .takes(
        "SimModuleTrouble",
        r#"{"kind":"drop_answer","operation":"create","times":1}"#,
    )
    .refusals(CHANGE),
    switch(
        "DELETE",
        "/sim/module/faults",
        "Removes the troubles of the module",
        Form::Json("Done"),
    )
    .refusals(READ),
    switch(
        "GET",
        "/sim/providers",
        "Shows the simulated payment providers and what they have done",
        Form::AnyObject,
    )
    .refusals(READ),
    switch(
        "PUT",
        "/sim/providers/{name}",
        "Switches a simulated payment provider",
        Form::Json("Done"),
    )
    .more("`name` is `click`, `payme`, `uzum`, `anor`, `xumo`, `uzcard`, `scan2pay` or `uzqr`.")
    .takes("SimProviderChange", r#"{"state":"up"}"#)
    .refusals(&[
        &NOT_SWITCHED,
        &FORBIDDEN,
        &NO_PROVIDER,
        &TOO_SLOW,
        &TOO_LARGE,
        &HEAD_TOO_LARGE,
        &OVERLOADED,
    ]),
    switch(
        "GET",
        "/sim/mail",
        "Lists the simulated mails",
        Form::List("SimMail"),
    )
    .refusals(READ),
    switch(
        "GET",
        "/sim/sms",
        "Lists the simulated short messages",
        Form::List("SimShortMessage"),
    )
    .refusals(READ),
    switch(
        "GET",
        "/sim/authority",
        "Shows the simulated tax authority",
        Form::Json("SimAuthority"),
    )
    .refusals(READ),
    switch(
        "PUT",
        "/sim/authority",
        "Switches the simulated tax authority",
        Form::Json("SimAuthority"),
    )
    .takes("SimAuthorityChange", r#"{"state":"up"}"#)
    .refusals(CHANGE_OF_STATE),
    switch(
        "PUT",
        "/sim/signature_unit",
        "Switches the signature units",
        Form::Json("Done"),
    )
    .takes("SimSignatureUnit", r#"{"state":"ok"}"#)
    .refusals(CHANGE),
    switch(
        "GET",
        "/sim/finanzonline",
        "Shows what the simulated FinanzOnline has registered",
        Form::Json("SimFinanzOnline"),
    )
    .refusals(READ),
    switch(
        "PUT",
        "/sim/finanzonline",
        "Switches the simulated FinanzOnline",
        Form::Json("SimFinanzOnline"),
    )
    .takes("SimFinanzOnlineChange", r#"{"state":"up"}"#)
    .refusals(CHANGE_OF_STATE),
    switch(
        "GET",
        "/sim/authority/received",
        "Lists the documents that the simulated tax authority has",
        Form::List("SimDocument"),
    )
    .parameters(&[Parameter {
        name: "kind",
        kind: "text",
        says: "The kind of the documents, such as `z_report`.",
    }])
    .refusals(READ),
];
