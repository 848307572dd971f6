//! The one table of configuration keys.
//!
//! A key is one row here and one line in the file that reads its section. From this table come the names, kinds, ranges and
//! defaults that the reader uses, the environment variables, the sample file, `docs/CONFIGURATION.md`, and the manual page.
//! After a change run `ferrotill config sample`, `config reference` and `config man` to write these pages again; a test
//! compares them with the table.

use super::key::{KeyRow, Preset, SectionForm, SectionRow, SectionSample, ValueKind, key};

/// The file itself: it has sections and no keys.
pub(super) static ROOT: SectionRow = SectionRow {
    path: "",
    form: SectionForm::Table,
    sample: SectionSample::Header,
    says: "",
    keys: &[],
};

/// All sections, each before the ones below it.
pub static SECTIONS: &[SectionRow] = &[
    SectionRow {
        path: "till",
        form: SectionForm::Table,
        sample: SectionSample::Header,
        says: "The till and its owner.",
        keys: TILL,
    },
    SectionRow {
        path: "api",
        form: SectionForm::Table,
        sample: SectionSample::Header,
        says: "The HTTP API of the till.",
        keys: API,
    },
    SectionRow {
        path: "api.clients",
        form: SectionForm::Tables {
            identity: Some("key"),
        },
        sample: SectionSample::Header,
        says: "The programs that may call the API, one table each.",
        keys: API_CLIENTS,
    },
    SectionRow {
        path: "device",
        form: SectionForm::Tables {
            identity: Some("id"),
        },
        sample: SectionSample::Header,
        says: "The fiscal devices, one table each; at least one is needed.",
        keys: DEVICE,
    },
    SectionRow {
        path: "device.tax_groups",
        form: LIST,
        sample: SectionSample::Inline(
            r#"[ { code = "A", rate = "20.00" }, { code = "B", rate = "8.00" } ]"#,
        ),
        says: "The tax groups of the device; at least one is needed.",
        keys: DEVICE_TAX_GROUPS,
    },
    SectionRow {
        path: "device.tax_groups.rates",
        form: LIST,
        sample: SectionSample::InlineOff(
            r#"[ { rate = "8.00" }, { from = "2027-01-01", rate = "9.00" } ]"#,
        ),
        says: "The rates of a tax group whose rate changes on a day: one to four, in the order of their days.",
        keys: DEVICE_TAX_GROUPS_RATES,
    },
    SectionRow {
        path: "device.payment_types",
        form: LIST,
        sample: SectionSample::Inline(
            r#"[ { code = 0, name = "Numerar", cash = true, open_cash_drawer = true }, { code = 1, name = "Card" } ]"#,
        ),
        says: "The ways of paying; at least one of them must be cash.",
        keys: DEVICE_PAYMENT_TYPES,
    },
    SectionRow {
        path: "device.alternative_receipts_ranges",
        form: LIST,
        sample: SectionSample::Inline(
            r#"[ { series = "ABC", start = 1, end = 500, number_length = 8 } ]"#,
        ),
        says: "The ranges of numbers that the authority has issued for alternative receipts.",
        keys: DEVICE_RANGES,
    },
    SectionRow {
        path: "device.points_of_sale",
        form: LIST,
        sample: SectionSample::InlineOff(
            r#"[ { id = "feca3a50-34a7-4dc9-84ac-d4bffc76a922", code = "1" } ]"#,
        ),
        says: "The points of sale of the device; without any, the till makes one with the code 1.",
        keys: DEVICE_POINTS_OF_SALE,
    },
    SectionRow {
        path: "upstream",
        form: SectionForm::Table,
        sample: SectionSample::Header,
        says: "The authority: the server of the tax office; without this section, documents wait in the till.",
        keys: UPSTREAM,
    },
    SectionRow {
        path: "upstream.online_ecr",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "What the published description of the Online-ECR form leaves open.",
        keys: ONLINE_ECR,
    },
    SectionRow {
        path: "upstream.online_ecr.paths",
        form: SectionForm::Table,
        sample: SectionSample::InlineOff(r#"{ sale = "v1/sale", z_report = "v1/z" }"#),
        says: "The path below `url` for each kind of message.",
        keys: ONLINE_ECR_PATHS,
    },
    SectionRow {
        path: "upstream.online_ecr.headers",
        form: LIST,
        sample: SectionSample::InlineOff(r#"[ { name = "X-Shop", value = "7" } ]"#),
        says: "HTTP headers that go with every message.",
        keys: ONLINE_ECR_HEADERS,
    },
    SectionRow {
        path: "upstream.online_ecr.signature",
        form: SectionForm::Table,
        sample: SectionSample::InlineOff(
            r#"{ header = "X-Signature", secret_file = "/etc/ferrotill/office.secret" }"#,
        ),
        says: "The signature of every message: HMAC-SHA256 over the body, in lower-case hexadecimal; without this table, messages are not signed.",
        keys: ONLINE_ECR_SIGNATURE,
    },
    SectionRow {
        path: "offline",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The owner's own limits for selling while the authority is offline; they never widen the limits of the law. Without this section and without a limit of the law, the till warns after 72 hours (docs/OFFLINE.md).",
        keys: OFFLINE,
    },
];

const TILL: &[KeyRow] = &[
    key(
        "country",
        ValueKind::Text("two capital letters, such as \"MD\""),
        Preset::Required,
        "The country whose law applies, by its two letters of ISO 3166-1.",
    )
    .environment()
    .set("\"MD\""),
    key(
        "mode",
        ValueKind::Choice(MODES),
        Preset::Required,
        "`TEST` is for practice and has the switches of the simulators; `LIVE` is for real sales.",
    )
    .environment()
    .set("\"TEST\""),
    key(
        "data_dir",
        ValueKind::Path("the folder of the journal, such as \"/var/lib/ferrotill\""),
        Preset::Text("/var/lib/ferrotill"),
        "The folder of the journal.",
    )
    .environment()
    .set("\"/var/lib/ferrotill\""),
    key(
        "answer_timeout_ms",
        ANSWER_TIMEOUT_MS,
        Preset::Integer(15_000),
        "The longest time that a caller waits for the outcome of a document, in milliseconds.",
    )
    .environment(),
    key(
        "time_zone",
        ValueKind::Text("an IANA name such as \"Europe/Chisinau\""),
        Preset::Unset("the zone of the machine"),
        "The time zone that decides when the till's day begins, by its IANA name.",
    )
    .environment()
    .off("\"Europe/Chisinau\""),
    key(
        "organization_name",
        OWNER_TEXT,
        Preset::Unset("empty on documents"),
        "The owner's name, as it is printed and reported.",
    )
    .environment()
    .set("\"Magazin SRL\""),
    key(
        "idnx",
        OWNER_TEXT,
        Preset::Unset("empty on documents"),
        "The owner's tax number.",
    )
    .environment()
    .set("\"1003600000001\""),
    key(
        "address",
        OWNER_TEXT,
        Preset::Unset("empty on documents"),
        "The address of the shop.",
    )
    .environment()
    .set("\"str. Independentei 1, Chisinau\""),
    key(
        "registration_number",
        OWNER_TEXT,
        Preset::Unset("the id of the device"),
        "The till's number in the register of the authority; it is used where the till has one device.",
    )
    .environment()
    .off("\"J803000123\""),
];

const API: &[KeyRow] = &[
    key(
        "listen",
        ValueKind::Text("address and port, such as \"127.0.0.1:50700\""),
        Preset::Text("127.0.0.1:50700"),
        "The address and the port at which the till listens.",
    )
    .environment()
    .set("\"127.0.0.1:50700\""),
    key(
        "allowed_origins",
        ValueKind::Texts("scheme and host without a path, such as \"https://shop.example\""),
        Preset::EmptyList,
        "The origins of web pages that may call the API from a browser.",
    )
    .environment()
    .off("[\"https://shop.example\"]"),
    key(
        "tls_certificate",
        ValueKind::Path("the path of a file in PEM"),
        Preset::Unset("no TLS"),
        "Reserved: this build has no TLS for callers and refuses the key; put a TLS proxy in front of it.",
    )
    .hidden(),
    key(
        "tls_key",
        ValueKind::Path("the path of a file in PEM"),
        Preset::Unset("no TLS"),
        "Reserved, like `tls_certificate`.",
    )
    .hidden(),
];

const API_CLIENTS: &[KeyRow] = &[
    key(
        "key",
        ValueKind::Text("the name that the caller sends as Api-Key"),
        Preset::Required,
        "The name that the caller sends in the header `Api-Key`.",
    )
    .set("\"pos-1\""),
    key(
        "secret",
        ValueKind::Secret("the secret that signs the calls"),
        Preset::Unset("`secret_file` is needed"),
        "The secret that signs the calls; only a TEST till may have it here.",
    )
    .hidden(),
    key(
        "secret_file",
        SECRET_FILE,
        Preset::Unset("`secret` is needed"),
        "The file with the secret that signs the calls; only the user that runs ferrotill may read it (mode 0600).",
    )
    .set("\"/etc/ferrotill/api.secret\""),
];

const DEVICE: &[KeyRow] = &[
    key(
        "id",
        ValueKind::Text("a UUID of your choice"),
        Preset::Required,
        "The id of the device in the API; keep it as long as the device is in use.",
    )
    .set("\"0875b8a5-0668-41a3-a3fa-8eeccf66d289\""),
    key(
        "name",
        ValueKind::Text("a name for people"),
        Preset::Computed("`Till` and its position in the list"),
        "The name of the device for people.",
    )
    .set("\"Till 1\""),
    key(
        "uri",
        ValueKind::PrinterUri(
            "family+transport, such as \"datecs+serial:///dev/ttyUSB0?baud=115200\"",
        ),
        Preset::Required,
        "The family, the transport and the address of the printer, such as `datecs+serial:///dev/ttyUSB0?baud=115200` or `datecs+tcp://host:port`; `none` where the law needs no printer.",
    )
    .set("\"datecs+serial:///dev/ttyUSB0?baud=115200\""),
    key(
        "use_alternative_receipts",
        ValueKind::Flag,
        Preset::Flag(false),
        "Whether the till sells on alternative receipts while the authority is offline.",
    )
    .set("true"),
    key(
        "answer_timeout_ms",
        ANSWER_TIMEOUT_MS,
        Preset::Computed("`answer_timeout_ms` of `[till]`"),
        "The longest time that a caller waits for this device, in milliseconds.",
    )
    .off("15000"),
];

const DEVICE_TAX_GROUPS: &[KeyRow] = &[
    key(
        "code",
        ValueKind::Letter('A', 'H'),
        Preset::Required,
        "The letter of the group on the printer and in the API.",
    ),
    key(
        "rate",
        RATE,
        Preset::Unset("`rates` is needed"),
        "The rate in percent, if it never changed.",
    ),
    key(
        "bucket",
        ValueKind::Choice(BUCKETS),
        Preset::Unset("the bucket that the law of the country gives to the rate"),
        "What the law calls the group.",
    ),
];

const DEVICE_TAX_GROUPS_RATES: &[KeyRow] = &[
    key(
        "from",
        ValueKind::Text("a day such as \"2026-07-01\""),
        Preset::Unset("the first rate has always been in force; every later rate needs a day"),
        "The first day of the rate.",
    ),
    key(
        "rate",
        RATE,
        Preset::Required,
        "The rate in percent from that day on.",
    ),
];

const DEVICE_PAYMENT_TYPES: &[KeyRow] = &[
    key(
        "code",
        ValueKind::Integer(0, 2_147_483_647),
        Preset::Required,
        "The code of the payment type in the API.",
    ),
    key(
        "name",
        ValueKind::Text("the name for people"),
        Preset::Required,
        "The name of the payment type for people.",
    ),
    key(
        "cash",
        ValueKind::Flag,
        Preset::Flag(false),
        "Whether it is cash; change is given in cash only.",
    ),
    key(
        "open_cash_drawer",
        ValueKind::Flag,
        Preset::Flag(false),
        "Whether a payment of this type opens the cash drawer.",
    ),
    key(
        "printer",
        ValueKind::Letter('A', 'Z'),
        Preset::Computed("`P` for cash, else `D`"),
        "The printer's letter for the payment type.",
    ),
];

const DEVICE_RANGES: &[KeyRow] = &[
    key(
        "series",
        ValueKind::Text("one to ten ASCII letters or digits"),
        Preset::Required,
        "The series of the numbers.",
    ),
    key(
        "start",
        RECEIPT_NUMBER,
        Preset::Required,
        "The first number of the range.",
    ),
    key(
        "end",
        RECEIPT_NUMBER,
        Preset::Required,
        "The last number of the range.",
    ),
    key(
        "number_length",
        ValueKind::Integer(1, 10),
        Preset::Required,
        "The number of digits that are printed; shorter numbers get zeros in front.",
    ),
];

const DEVICE_POINTS_OF_SALE: &[KeyRow] = &[
    key(
        "id",
        ValueKind::Text("a UUID of your choice"),
        Preset::Required,
        "The id of the point of sale in the API.",
    ),
    key(
        "code",
        ValueKind::Text("the code of the point of sale"),
        Preset::Required,
        "The code of the point of sale for people.",
    ),
];

const UPSTREAM: &[KeyRow] = &[
    key(
        "url",
        ValueKind::Text(
            "an http or https url without user, query and fragment, such as \"https://office.example\"",
        ),
        Preset::Required,
        "The address of the authority; use https if it is not on this machine.",
    )
    .environment()
    .set("\"http://127.0.0.1:7100\""),
    key(
        "environment",
        ValueKind::Choice(MODES),
        Preset::Computed("`mode` of `[till]`"),
        "The mode that the authority's server is meant for; it must be the till's own mode.",
    )
    .environment()
    .off("\"TEST\""),
    key(
        "ca_file",
        ValueKind::Path("the path of a file with certificates in PEM"),
        Preset::Unset("the certification bodies that browsers trust"),
        "The file with the certificates of the certification bodies that may have issued the authority's certificate; no others are trusted then.",
    )
    .environment()
    .off("\"/etc/ferrotill/office.pem\""),
    key(
        "timeout_ms",
        // While the authority is offline the till tries it at least every ten seconds, so no attempt may last longer.
        ValueKind::Integer(1, 10_000),
        Preset::Integer(5_000),
        "The longest time that the till waits for one answer of the authority, in milliseconds.",
    )
    .environment()
    .set("5000"),
    key(
        "offline_after_failures",
        ValueKind::Integer(1, 1_000),
        Preset::Integer(3),
        "The number of failures in a row after which the authority counts as offline.",
    )
    .environment()
    .set("3"),
    key(
        "offline_after_ms",
        ValueKind::Integer(0, 600_000),
        Preset::Integer(3_000),
        "The time since the first of these failures after which the authority counts as offline, in milliseconds.",
    )
    .environment()
    .set("3000"),
    key(
        "dwell_s",
        // Fiscal receipts must return within sixty seconds after the authority answers again.
        ValueKind::Integer(0, 30),
        Preset::Integer(10),
        "The shortest time that the authority counts as offline, in seconds, so that an unstable line does not change the kind of receipt again and again.",
    )
    .environment()
    .set("10"),
    key(
        "strict_order",
        ValueKind::Flag,
        Preset::Flag(false),
        "Whether a refused document holds back all later documents of all devices.",
    ),
];

const ONLINE_ECR: &[KeyRow] = &[
    key(
        "success_field",
        ValueKind::Text("the name of a field of the answer"),
        Preset::Unset("every usual sign of success counts"),
        "The field of an answer that alone decides whether the message was accepted.",
    )
    .off("\"success\""),
    key(
        "numbers_field",
        ValueKind::Text("the name of a field of the answer"),
        Preset::Text("fiscalNumbers"),
        "The field of an answer with the reserved fiscal numbers.",
    ),
    key(
        "numbers",
        ValueKind::Integer(1, 100_000),
        Preset::Integer(200),
        "How many fiscal numbers one request asks for; the till asks again when half of them are used.",
    ),
];

const ONLINE_ECR_PATHS: &[KeyRow] = &[
    path("sale", "The path for sales."),
    path("refund", "The path for refunds."),
    path("deposit", "The path for cash put into the drawer."),
    path("withdraw", "The path for cash taken out of the drawer."),
    path("alternative_receipt", "The path for alternative receipts."),
    path("z_report", "The path for Z-reports."),
    path(
        "fiscal_ranges",
        "The path at which the till asks for fiscal numbers.",
    ),
];

const ONLINE_ECR_HEADERS: &[KeyRow] = &[
    key(
        "name",
        HEADER_NAME,
        Preset::Required,
        "The name of the header.",
    ),
    key(
        "value",
        ValueKind::Secret("the header's value"),
        Preset::Required,
        "The value of the header, in printable ASCII.",
    ),
];

const ONLINE_ECR_SIGNATURE: &[KeyRow] = &[
    key(
        "header",
        HEADER_NAME,
        Preset::Required,
        "The header that carries the signature.",
    ),
    key(
        "secret",
        ValueKind::Secret("the secret that signs the messages"),
        Preset::Unset("`secret_file` is needed"),
        "The secret that signs the messages; only a TEST till may have it here.",
    ),
    key(
        "secret_file",
        SECRET_FILE,
        Preset::Unset("`secret` is needed"),
        "The file with the secret that signs the messages (mode 0600).",
    ),
];

const OFFLINE: &[KeyRow] = &[
    key(
        "hours_at_a_stretch",
        // Ten years: more is no limit.
        ValueKind::Integer(1, 87_600),
        Preset::Unset("no limit of the owner's"),
        "How many hours without a break the till may sell while the authority is offline.",
    )
    .off("72"),
    key(
        "hours_in_a_month",
        ValueKind::Integer(1, 744),
        Preset::Unset("no limit of the owner's"),
        "How many hours of one month the till may sell while the authority is offline.",
    )
    .off("168"),
    key(
        "days_unsent",
        ValueKind::Integer(1, 3_650),
        Preset::Unset("no limit of the owner's"),
        "How many days a document may wait until it is sent.",
    )
    .off("3"),
    key(
        "documents_unsent",
        ValueKind::Integer(1, 10_000_000),
        Preset::Unset("no limit of the owner's"),
        "How many documents may wait until they are sent.",
    )
    .off("5000"),
    key(
        "at_the_end",
        ValueKind::Choice(&["warn", "refuse"]),
        Preset::Text("warn"),
        "What happens at a limit: `warn` reports it and sells on, `refuse` refuses sales.",
    ),
];

/// A path below `url`; by default the name of the kind of message.
const fn path(name: &'static str, says: &'static str) -> KeyRow {
    key(
        name,
        ValueKind::Text("a path below url, such as \"sale\" or \"v1/receipts\""),
        Preset::Text(name),
        says,
    )
}

const LIST: SectionForm = SectionForm::Tables { identity: None };
const MODES: &[&str] = &["TEST", "LIVE"];
const BUCKETS: &[&str] = &[
    "standard",
    "reduced",
    "second_reduced",
    "special",
    "zero",
    "exempt",
    "out_of_scope",
];
const ANSWER_TIMEOUT_MS: ValueKind = ValueKind::Integer(1, 600_000);
const OWNER_TEXT: ValueKind = ValueKind::Line(200);
const SECRET_FILE: ValueKind =
    ValueKind::Path("the path of a file with mode 0600 that holds the secret");
const RATE: ValueKind = ValueKind::Text("percent as text with two decimals, such as \"20.00\"");
const RECEIPT_NUMBER: ValueKind = ValueKind::Integer(1, 4_294_967_295);
const HEADER_NAME: ValueKind = ValueKind::Text("a header's name, such as \"X-Signature\"");

/// The row of a section by its path; the empty path is the file itself.
#[must_use]
pub fn section(path: &str) -> Option<&'static SectionRow> {
    if path.is_empty() {
        return Some(&ROOT);
    }
    SECTIONS.iter().find(|section| section.path == path)
}

/// The sections directly below one, in the order of the table.
pub fn below(parent: &'static SectionRow) -> impl Iterator<Item = &'static SectionRow> {
    SECTIONS
        .iter()
        .filter(move |section| section.parent() == parent.path)
}

/// All keys, each with its section.
pub fn keys() -> impl Iterator<Item = (&'static SectionRow, &'static KeyRow)> {
    SECTIONS
        .iter()
        .flat_map(|section| section.keys.iter().map(move |key| (section, key)))
}
