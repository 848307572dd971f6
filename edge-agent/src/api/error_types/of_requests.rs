//! The error types of requests: code, what is wrong, and what to do. A released code keeps its meaning.

/// Code, what is wrong, and what to do, in order of the codes.
pub(super) const OF_REQUESTS: &[(&str, &str, &str)] = &[
    (
        "AgentNotRunning",
        "no agent answers at the address of the configuration",
        "start the agent, or give its address with --listen",
    ),
    (
        "AlreadyAcknowledged",
        "the recipient has the document, so it cannot be laid aside",
        "nothing",
    ),
    (
        "AlreadySettled",
        "the outcome of the document is known, so an operator cannot declare it",
        "read the outcome in /operations/{id}",
    ),
    (
        "AlternativeNumberNotNext",
        "the series and number that the caller chose cannot be taken: it is used, it is not the next one of its range, or its range has none left",
        "leave series and number out, and the till takes the next one",
    ),
    (
        "AnotherDeclaration",
        "an operator has declared something else about this document",
        "read the declaration in /operations/{id}",
    ),
    (
        "ApiKeyMissing",
        "the header Api-Key is missing",
        "send the key of a client of the configuration",
    ),
    (
        "ApiNotAllowed",
        "the client may not use this API",
        "write the API into apis of the client in [[api.clients]]",
    ),
    (
        "BadRequest",
        "the request has faults that have no code of their own",
        "read the message",
    ),
    (
        "BankTerminalDeclined",
        "the bank or the bank terminal has refused the card; no money has moved",
        "take another card, or another payment, and repeat the request",
    ),
    (
        "BankTerminalForCash",
        "the bank terminal is asked to take a payment in cash",
        "give the typeCode of a card payment, or send useBankTerminal false",
    ),
    (
        "BankTerminalMissing",
        "the shop has several bank terminals, and the payment names none",
        "give the id of one, as bankTerminalsIDList of the device lists them",
    ),
    (
        "BankTerminalUnreachable",
        "the bank terminal could not be reached, or does not say what became of an earlier payment; no money has moved",
        "switch the terminal on and check its line, then repeat the request, or take the payment in cash",
    ),
    (
        "BodyIncomplete",
        "the body of the request ended early",
        "send the request again with the same id",
    ),
    (
        "BodyNotAllowed",
        "a request that is no POST has a body",
        "send the request without a body",
    ),
    (
        "BodyTimeout",
        "the body of the request did not arrive in time",
        "send the request again with the same id",
    ),
    (
        "BodyTooLarge",
        "the body of the request is too large",
        "send fewer lines in one receipt, or fewer members",
    ),
    (
        "BooksUnreadable",
        "the till cannot read its journal",
        "see the problem in /healthz; repeat the request with the same id",
    ),
    (
        "BooksUnwritable",
        "the till cannot write its journal",
        "see the problem in /healthz; send the request again once it is gone",
    ),
    (
        "Busy",
        "the part of the till that makes documents did not answer",
        "repeat the request with the same id",
    ),
    (
        "CallerNotAllowed",
        "the route authenticates no caller (FiscalBox and /sim), and the caller is neither on this machine nor in a network that may call, or the request came through a proxy",
        "write the network of a caller of FiscalBox into [api.fiscalbox] allow, or give it a token; call /sim on this machine, without a proxy",
    ),
    (
        "ClassCodeMissing",
        "the fiscal module needs the class code of the good of an item, and [[goods]] does not have the good",
        "give the goodId of the item, and write the good with its class_code and package_code into [[goods]] of the configuration",
    ),
    (
        "DocumentNotRead",
        "the document is registered, and could not be read in time",
        "repeat the request with the same id to get it",
    ),
    (
        "DrawerNotOpened",
        "the drawer was not opened, and will not be opened for this call",
        "see the printer's trouble in the message, and call again",
    ),
    (
        "DuplicateNotPrinted",
        "the copy was not printed",
        "see the reason in the message; the form can be had with printOnServer false",
    ),
    (
        "E_ACCESS_DENIED",
        "the client may not do this, or the request comes from an address or a page that may not call",
        "write the API and the permission of the client into [[api.clients]]; use TLS from other machines",
    ),
    (
        "E_AUTHENTICATION",
        "the access token of the eReceipt API is not valid, or its time is over",
        "log in again, and check key and secret",
    ),
    (
        "E_CASH_REGISTER_DEACTIVATED",
        "the cash register is out of use",
        "sell on another cash register",
    ),
    (
        "E_CASH_REGISTER_NOT_INITIALIZED",
        "the cash register is not in use yet, or has an outage",
        "set its state to REGISTERED and then to INITIALIZED",
    ),
    (
        "E_CONFIGURATION_NOT_FOUND",
        "uploaded receipts have no configuration, or not this revision",
        "add a logo or set the language, which makes one",
    ),
    (
        "E_CONFLICT",
        "the request does not fit the state of the till",
        "read the message",
    ),
    (
        "E_FAILED_SCHEMA_VALIDATION",
        "the body or the query has faults",
        "read the message: it has a line for each fault, with its path",
    ),
    (
        "E_FON_AUTHENTICATION",
        "the user of FinanzOnline is not known, or FinanzOnline refuses it",
        "send the credentials of the user for cash registers to PUT /fon/auth; the message has the code of FinanzOnline",
    ),
    (
        "E_FON_REQUEST_TIMEOUT",
        "FinanzOnline has not answered; nothing was changed",
        "send the same request again later",
    ),
    (
        "E_INTERNAL",
        "the till cannot read its journal or write a file",
        "read the message and /healthz",
    ),
    (
        "E_INVALID_FILTER_VALUES",
        "order or offset of a list has a value that is not allowed",
        "send ASC or DESC, and a whole number from 0",
    ),
    (
        "E_INVALID_LIMIT_FILTER",
        "the limit of a list is not from 0 to 100",
        "correct it",
    ),
    (
        "E_INVALID_STATE_TRANSITION",
        "the resource cannot get this state from the one it has",
        "read the state of the resource, and set the states in their order",
    ),
    (
        "E_LOGO_BODY_LIMIT_EXCEEDED",
        "the logo is larger than 2 MB",
        "make it smaller",
    ),
    (
        "E_LOGO_NOT_FOUND",
        "the configuration has no logo",
        "add one",
    ),
    (
        "E_MASKED_CARD_NUMBER_NON_CARD_PAYMENT",
        "a payment that is no card payment has a card number",
        "leave masked_card_number out, or send the payment type CARD",
    ),
    (
        "E_METHOD_NOT_ALLOWED",
        "the path has no such method",
        "use a method that the header Allow names",
    ),
    (
        "E_PAYLOAD_TOO_LARGE",
        "the body is too large",
        "split the request",
    ),
    (
        "E_PDF_NOT_FOUND",
        "the receipt cannot be made as a PDF",
        "show its page in place of it",
    ),
    (
        "E_PUBLIC_ACCESS_EXPIRED",
        "the receipt is no longer public",
        "ask the merchant, who can still read it",
    ),
    (
        "E_RECEIPT_ID_INVALID",
        "the id of the receipt is not a UUID of version 4",
        "generate one at random",
    ),
    (
        "E_RECEIPT_NOT_FOUND",
        "no receipt with this id was uploaded",
        "correct the id; the list of receipts has all",
    ),
    (
        "E_REQUEST_INVALID",
        "the request does not have the form of its operation",
        "correct every line of the message",
    ),
    (
        "E_RESOURCE_ALREADY_EXISTS",
        "the id belongs to another resource, or to the same one with other content",
        "use a new id for a new resource",
    ),
    (
        "E_RESOURCE_NOT_FOUND",
        "there is no such resource or path",
        "create the resource, or correct the path",
    ),
    (
        "E_REVISION_ID_MISSING",
        "the path has no revision",
        "add it; the list of revisions has all",
    ),
    (
        "E_ROUTE_NOT_FOUND",
        "the eReceipt API has no such operation",
        "correct the path; /docs lists the paths",
    ),
    (
        "E_SCU_DEACTIVATED",
        "the signature creation unit is out of use",
        "set up a new till folder with a new unit",
    ),
    (
        "E_SCU_LIMIT_REACHED",
        "the till has its signature creation unit already",
        "use the unit that the list shows; write further units into the configuration",
    ),
    (
        "E_SCU_NOT_INITIALIZED",
        "the signature creation unit is not in use yet",
        "set its state to INITIALIZED",
    ),
    (
        "E_TOKEN_MISSING",
        "the request has no access token",
        "send it in the header Authorization, after Bearer",
    ),
    (
        "E_TOO_MANY_REQUESTS",
        "too many wrong secrets for this key from this address",
        "correct the secret, and try again when the time in Retry-After has passed",
    ),
    (
        "E_UNAUTHORIZED",
        "key, secret or token is not valid",
        "log in again with key and secret of a client of the configuration",
    ),
    (
        "EmailInvalid",
        "the text is not an e-mail address",
        "correct the address",
    ),
    ("Empty", "the text is empty", "write it"),
    (
        "FirstPinUnchanged",
        "the till is LIVE and new, and the PIN that it has made at its first start is still in use",
        "sign in at the dashboard and change the PIN, or use `ferrotill person pin`, then repeat the request",
    ),
    (
        "FormSizeInvalid",
        "a setting of the print form is too small or too large",
        "give a value within the limits that the message names",
    ),
    (
        "GivenTwice",
        "a member of the request is given twice; the case of letters makes no difference",
        "give it once",
    ),
    (
        "HostNotAllowed",
        "the header Host names another host",
        "call the till by its address, or write the origin with this host into [api] allowed_origins",
    ),
    (
        "LaidAsideBefore",
        "it was laid aside before, with another reason or by another person",
        "read who did it in /operations/{id}",
    ),
    (
        "LogNotOurs",
        "the log belongs to the program that runs this till as a part of itself",
        "set its levels there",
    ),
    (
        "MalformedJson",
        "the body is not JSON",
        "correct the place that the message names",
    ),
    (
        "MethodNotAllowed",
        "the path has other methods",
        "use one of the methods in the header Allow",
    ),
    ("Missing", "a member of the request is missing", "give it"),
    (
        "NoBankTerminal",
        "no bank terminal is configured",
        "take the payment on a terminal of your own, and send useBankTerminal false",
    ),
    (
        "NoClockAgrees",
        "no clock of the till shows the time that is to be set",
        "set the machine's clock first",
    ),
    (
        "NotADate",
        "a text is no date and no time",
        "write a date such as 2026-11-28, or a time such as 2026-11-28T00:00:00",
    ),
    (
        "NotAccepted",
        "a connection could not be accepted",
        "end programs that hold connections to the till open",
    ),
    (
        "NotAUuid",
        "the text is not a UUID, or is the empty one",
        "write it as 497f6eca-6276-4993-bfeb-53cbbbba6f08",
    ),
    (
        "NotAlone",
        "a member may not be given together with another one",
        "send it in a request of its own",
    ),
    (
        "NotAnAgent",
        "what answers at the address is not an agent",
        "correct the address in [api] listen, or give it with --listen",
    ),
    (
        "NotBegun",
        "the document was not begun, so there is nothing to declare",
        "repeat the request of the document with the same id",
    ),
    (
        "NotFound",
        "there is no such document, device or path",
        "correct the id or the path; /docs lists the paths",
    ),
    (
        "NoReceiptsOfOthers",
        "the printer of the device has no fiscal receipts that wait for a person, or its counters are not known",
        "read /healthz: nothing needs to be decided, or the printer must be connected first",
    ),
    (
        "NotPrinted",
        "the emulated printer printed nothing",
        "switch its power and its paper on, and close its receipt",
    ),
    (
        "NotRefused",
        "the recipient has not refused the document, or the bank terminal has not refused to give the money back",
        "wait: the till goes on as soon as the recipient or the terminal can be reached",
    ),
    (
        "NotSent",
        "the document is not sent to such a recipient, or no money of a card waits",
        "name a recipient of the document, as /operations/{id} lists them",
    ),
    (
        "NotSupported",
        "the till does not do this",
        "leave the member out, or choose another value",
    ),
    (
        "OriginNotAllowed",
        "the request comes from a page of another site",
        "write its origin into [api] allowed_origins if its pages may call",
    ),
    (
        "OutcomeUnknown",
        "it is not known yet whether the document exists",
        "repeat the request with the same id; it waits for the same outcome",
    ),
    (
        "Overloaded",
        "the till has too many calls",
        "send the request again with the same id",
    ),
    (
        "PeriodReversed",
        "the end of a period is before its beginning",
        "exchange the two",
    ),
    (
        "PeriodTooLong",
        "a detailed report would have more than 400 Z-reports",
        "ask for a shorter period, or for the sums only",
    ),
    (
        "PermissionMissing",
        "the client may not use this operation",
        "write the permission into permissions of the client in [[api.clients]]",
    ),
    (
        "PhoneInvalid",
        "the text is not a telephone number",
        "correct the number",
    ),
    (
        "PointOfSaleMissing",
        "the device has several points of sale, and the header Api-PointOfSaleId names none",
        "send the header with the id of one of them",
    ),
    (
        "PrinterCanStillSay",
        "the printer can still prove what became of the document",
        "connect the printer, and wait for its answer",
    ),
    (
        "ReportNotPrinted",
        "the report was not printed",
        "see the reason in the message, and ask for the report again; the form can be had with printOnServer false",
    ),
    (
        "SignatureMismatch",
        "the signature is wrong",
        "sign device, point of sale, timestamp, method, path with query and body, one after the other; a TEST till answers with the text that it has signed",
    ),
    (
        "SignatureMissing",
        "the header Api-Signature is missing",
        "sign the request",
    ),
    (
        "SignatureReplayed",
        "the signature was used by a request that has ended",
        "sign the request with the current time, and give each request an id of its own",
    ),
    (
        "Stopping",
        "the till is stopping",
        "send the request again once it runs",
    ),
    (
        "TEMPORARILY_UNAVAILABLE",
        "the till is busy, or the outcome of the request is not known yet",
        "send the same request again with the same id",
    ),
    (
        "TimestampInvalid",
        "the header Api-Timestamp is not a whole number of milliseconds since 1970-01-01 UTC",
        "send the time in milliseconds",
    ),
    (
        "TimestampMissing",
        "the header Api-Timestamp is missing",
        "send the time in milliseconds since 1970-01-01 UTC",
    ),
    (
        "TimestampOutOfWindow",
        "the time of the signature is more than ten minutes off the till's time",
        "set the caller's clock, or the till's",
    ),
    (
        "TlsNeeded",
        "the call came over HTTP from another machine, and the till has TLS for callers",
        "write https:// into the address of the till",
    ),
    (
        "TokenInvalid",
        "key, secret or token is not valid; callers get it as E_UNAUTHORIZED",
        "log in again with key and secret of a client of the configuration",
    ),
    (
        "TooManyItems",
        "a list in the request is too long",
        "shorten the list",
    ),
    (
        "TooManyTextLines",
        "a text has too many lines",
        "shorten the text",
    ),
    (
        "TooManyWrongSignatures",
        "ten calls with this key from this address were signed wrongly within a minute",
        "correct the secret of the caller, and try again when the time in Retry-After has passed",
    ),
    (
        "Unauthorized",
        "the request is not signed as the till expects",
        "read the reason in the till's log: a LIVE till does not answer it",
    ),
    (
        "UnknownApiKey",
        "the header Api-Key is not the key of a client",
        "send the key of a client of the configuration",
    ),
    (
        "UnknownBankTerminal",
        "the payment names no bank terminal of the shop",
        "give the id of one, as bankTerminalsIDList of the device lists them",
    ),
    (
        "UnknownDevice",
        "the header Api-DeviceId is missing or names no device of the till",
        "send the id of a device, as GET devices lists them",
    ),
    (
        "UnknownField",
        "a member or parameter of the request is not known",
        "remove it, or correct its name",
    ),
    (
        "UnknownId",
        "no document of the till has this id",
        "correct the id",
    ),
    (
        "UnknownOperation",
        "the API has no such operation",
        "correct the path; /docs lists the paths",
    ),
    (
        "UnknownPointOfSale",
        "the header Api-PointOfSaleId names no point of sale of the device",
        "send the id of one of its points of sale, as GET devices/{id} lists them",
    ),
    (
        "UnknownValue",
        "the value is not one of the allowed ones",
        "give one of the values that the message names",
    ),
    (
        "Unreadable",
        "the emulated printer cannot be shown",
        "report this as a defect",
    ),
    (
        "WrongType",
        "a member has a value of another type than is needed",
        "give a value of the type that the message names",
    ),
];
