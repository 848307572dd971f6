//! The table of operations: what each route needs, takes and answers. `/openapi.json` and `/docs` are made from it.
//!
//! Each API and our own routes have a part of the table beside their routes. A test compares the table with the routes.

pub mod refusals;
pub mod schema;

/// One operation: a method and a path.
#[derive(Clone, Copy, Debug)]
pub struct DescribedOperation {
    /// The method.
    pub method: &'static str,
    /// The path from the root; a part in braces is a parameter.
    pub path: &'static str,
    /// The heading under which the operation is listed.
    pub group: &'static str,
    /// What the operation does, in a few words.
    pub says: &'static str,
    /// What else a caller must know. May be empty.
    pub more: &'static str,
    /// What a caller must send beside the body.
    pub access: Access,
    /// Whether the answer has the state of a request id.
    pub states: States,
    /// The parameters of path and query.
    pub parameters: &'static [Parameter],
    /// The body of the request.
    pub body: Option<RequestBody>,
    /// The answer with status 200.
    pub success: Form,
    /// All other answers.
    pub refusals: &'static [&'static RefusalAnswer],
}

/// What a caller must send beside the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: anybody may call.
    Open,
    /// An access token in the header `Authorization`.
    Token,
    /// The headers of the signature.
    Signed,
    /// The headers of the signature, and a device where the till has more than one.
    SignedMaybeForDevice,
    /// The headers of the signature, and the device.
    SignedForDevice,
    /// The headers of the signature, the device, and the point of sale where the device has more than one.
    SignedForPointOfSale,
}

/// Whether the answers of an operation have the state of a request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum States {
    /// They have none.
    Nothing,
    /// They have the state of the id in the path: `X-Fiscal-State`.
    OfThePath,
    /// The operation makes a document: `X-Fiscal-State`, `X-Operation-Id` and `Idempotent-Replayed`.
    OfTheDocument,
}

/// A parameter of path or query.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name.
    pub name: &'static str,
    /// Its type, in the notation of [`schema`].
    pub kind: &'static str,
    /// What it means. May be empty.
    pub says: &'static str,
}

/// The body of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestBody {
    /// The name of its schema.
    pub schema: &'static str,
    /// True if it is a list of values of the schema.
    pub is_list: bool,
    /// False if the body may be left out.
    pub is_needed: bool,
    /// An example, as JSON.
    pub example: &'static str,
}

/// The form of the body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON with the schema of this name.
    Json(&'static str),
    /// JSON with one of the schemas of these names.
    OneOf(&'static [&'static str]),
    /// JSON with a list of values of the schema of this name.
    List(&'static str),
    /// A JSON object with any members.
    AnyObject,
    /// A text.
    Text,
    /// A page for people.
    Page,
    /// Nothing.
    Empty,
}

/// An answer other than 200 that several operations may give.
#[derive(Clone, Copy, Debug)]
pub struct RefusalAnswer {
    /// A name without spaces.
    pub name: &'static str,
    /// The status.
    pub status: u16,
    /// When it is given.
    pub says: &'static str,
    /// Its form.
    pub form: Form,
    /// True if the header `Retry-After` may come with it.
    pub retries: bool,
    /// The codes of its errors.
    pub errors: &'static [&'static str],
    /// True if every refusal of the till and every fault of a printer may be its error, beside [`Self::errors`].
    pub any_refusal: bool,
}

impl RefusalAnswer {
    /// An answer with these errors only, without `Retry-After`.
    #[must_use]
    pub const fn new(
        name: &'static str,
        status: u16,
        says: &'static str,
        form: Form,
        errors: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            status,
            says,
            form,
            retries: false,
            errors,
            any_refusal: false,
        }
    }
}

impl DescribedOperation {
    /// An operation that anybody may call and that has no body; the other parts are added to it.
    #[must_use]
    pub const fn new(
        method: &'static str,
        path: &'static str,
        group: &'static str,
        says: &'static str,
        success: Form,
    ) -> Self {
        Self {
            method,
            path,
            group,
            says,
            more: "",
            access: Access::Open,
            states: States::Nothing,
            parameters: &[],
            body: None,
            success,
            refusals: &[],
        }
    }

    /// The operation with a further explanation.
    #[must_use]
    pub const fn more(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    /// The operation with what a caller must send.
    #[must_use]
    pub const fn access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The operation with the states of its answers.
    #[must_use]
    pub const fn states(self, states: States) -> Self {
        Self { states, ..self }
    }

    /// The operation with parameters.
    #[must_use]
    pub const fn parameters(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    /// The operation with a body that is needed.
    #[must_use]
    pub const fn takes(self, schema: &'static str, example: &'static str) -> Self {
        let body = Some(RequestBody {
            schema,
            is_list: false,
            is_needed: true,
            example,
        });
        Self { body, ..self }
    }

    /// The operation with a body that is needed, and is a list.
    #[must_use]
    pub const fn takes_list(self, schema: &'static str, example: &'static str) -> Self {
        let body = Some(RequestBody {
            schema,
            is_list: true,
            is_needed: true,
            example,
        });
        Self { body, ..self }
    }

    /// The operation with a body that may be left out.
    #[must_use]
    pub const fn may_take(self, schema: &'static str, example: &'static str) -> Self {
        let body = Some(RequestBody {
            schema,
            is_list: false,
            is_needed: false,
            example,
        });
        Self { body, ..self }
    }

    /// The operation with another answer.
    #[must_use]
    pub const fn answers(self, schema: &'static str) -> Self {
        let success = Form::Json(schema);
        Self { success, ..self }
    }

    /// The operation with its other answers.
    #[must_use]
    pub const fn refusals(self, refusals: &'static [&'static RefusalAnswer]) -> Self {
        Self { refusals, ..self }
    }

    /// The path with a UUID in place of each parameter.
    #[must_use]
    pub fn example_path(&self) -> String {
        let parts = self.path.split('/');
        let parts = parts.map(|part| match part.starts_with('{') {
            true => EXAMPLE_ID,
            false => part,
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// True if the path of a request is one of this operation's. Paths match in any case.
    #[must_use]
    pub fn has_path(&self, path: &str) -> bool {
        let given = path.trim_end_matches('/').split('/');
        let own = self.path.trim_end_matches('/').split('/');
        given.clone().count() == own.clone().count()
            && own.zip(given).all(|(own, given)| {
                (own.starts_with('{') && !given.is_empty()) || own.eq_ignore_ascii_case(given)
            })
    }
}

/// Operations that belong together, with the schemas that they name.
#[derive(Clone, Copy, Debug)]
pub struct OperationTable {
    /// The last part of the path of the table's page: `/docs/<page>`. It is also what `/docs` calls the table in its links.
    pub page: &'static str,
    /// The heading of the page.
    pub title: &'static str,
    /// What a caller of all these operations must know beside signature and token. A part between backticks is code. May be empty.
    pub introduction: &'static str,
    /// The operations.
    pub operations: &'static [DescribedOperation],
    /// The schemas, in the notation of [`schema`].
    pub schemas: &'static str,
}

/// A UUID for examples.
pub const EXAMPLE_ID: &str = "497f6eca-6276-4993-bfeb-53cbbbba6f08";
