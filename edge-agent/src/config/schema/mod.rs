//! The one table of configuration keys.
//!
//! A key is one row in a file of this folder and one line where its section is read. From this table come the names, kinds,
//! ranges and defaults that the reader uses, the environment variables, the sample file, `docs/CONFIGURATION.md`, and the
//! manual page. After a change run `ferrotill config sample`, `config reference` and `config man` to write these pages again;
//! a test compares them with the table.

mod api;
mod audit;
mod bank_terminal;
mod device;
mod ereceipt;
mod finanz_online;
mod fiscalbox;
mod goods;
mod hub;
mod mail;
mod offline;
mod signature;
mod till;
mod ui;
mod upstream;

use ferrotill_core::event::RANGES_MAX;
use ferrotill_core::payment::PAYMENT_TYPES_MAX;
use ferrotill_core::tax::{RATES_MAX, TAX_GROUPS_MAX};

use super::key::{KeyRow, SectionForm, SectionRow, SectionSample, ValueKind};

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
        keys: till::TILL,
    },
    SectionRow {
        path: "api",
        form: SectionForm::Table,
        sample: SectionSample::Header,
        says: "The HTTP API of the till.",
        keys: api::API,
    },
    SectionRow {
        path: "api.clients",
        form: SectionForm::Tables {
            identity: Some("key"),
            most: 256,
        },
        sample: SectionSample::Header,
        says: "The programs that may call the API, one table each.",
        keys: api::API_CLIENTS,
    },
    SectionRow {
        path: "api.fiscalbox",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The FiscalBox API of the till.",
        keys: api::API_FISCALBOX,
    },
    SectionRow {
        path: "device",
        form: SectionForm::Tables {
            identity: Some("id"),
            most: 64,
        },
        sample: SectionSample::Header,
        says: "The fiscal devices, one table each; at least one is needed.",
        keys: device::DEVICE,
    },
    SectionRow {
        path: "device.location",
        form: SectionForm::Table,
        sample: SectionSample::InlineOff(
            r#"{ latitude = "47.010453", longitude = "28.863810", radius = 1000 }"#,
        ),
        says: "Where the device stands, if it is sent to the authority; all three keys are needed.",
        keys: device::DEVICE_LOCATION,
    },
    SectionRow {
        path: "device.tax_groups",
        form: list(TAX_GROUPS_MAX),
        sample: SectionSample::Inline(
            r#"[ { code = "A", rate = "20.00" }, { code = "B", rate = "8.00" } ]"#,
        ),
        says: "The tax groups of the device; at least one is needed.",
        keys: device::DEVICE_TAX_GROUPS,
    },
    SectionRow {
        path: "device.tax_groups.rates",
        form: list(RATES_MAX),
        sample: SectionSample::InlineOff(
            r#"[ { rate = "8.00" }, { from = "2027-01-01", rate = "9.00" } ]"#,
        ),
        says: "The rates of a tax group whose rate changes on a day: one to four, in the order of their days.",
        keys: device::DEVICE_TAX_GROUPS_RATES,
    },
    SectionRow {
        path: "device.payment_types",
        form: list(PAYMENT_TYPES_MAX),
        sample: SectionSample::Inline(
            r#"[ { code = 0, name = "Numerar", cash = true, open_cash_drawer = true }, { code = 1, name = "Card" } ]"#,
        ),
        says: "The ways of paying; at least one of them must be cash.",
        keys: device::DEVICE_PAYMENT_TYPES,
    },
    SectionRow {
        path: "device.alternative_receipts_ranges",
        form: list(RANGES_MAX),
        sample: SectionSample::Inline(
            r#"[ { series = "ABC", start = 1, end = 500, number_length = 8 } ]"#,
        ),
        says: "The ranges of numbers that the authority has issued for alternative receipts.",
        keys: device::DEVICE_RANGES,
    },
    SectionRow {
        path: "device.points_of_sale",
        form: list(256),
        sample: SectionSample::InlineOff(
            r#"[ { id = "feca3a50-34a7-4dc9-84ac-d4bffc76a922", code = "1" } ]"#,
        ),
        says: "The points of sale of the device; without any, the till makes one with the code 1.",
        keys: device::DEVICE_POINTS_OF_SALE,
    },
    SectionRow {
        path: "audit",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The daily audit of the till.",
        keys: audit::AUDIT,
    },
    SectionRow {
        path: "ui",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The dashboard of the till.",
        keys: ui::UI,
    },
    SectionRow {
        path: "bank_terminal",
        form: SectionForm::Tables {
            identity: Some("id"),
            most: 64,
        },
        sample: SectionSample::HeaderOff,
        says: "The bank terminals of the shop, one table each. A TEST till without a table has one simulated terminal.",
        keys: bank_terminal::BANK_TERMINAL,
    },
    SectionRow {
        path: "signature_unit",
        form: SectionForm::Tables {
            identity: Some("id"),
            most: 8,
        },
        sample: SectionSample::HeaderOff,
        says: "The signature units, one table each, where the law has receipts signed; the first one that works signs.",
        keys: signature::SIGNATURE_UNIT,
    },
    SectionRow {
        path: "finanzonline",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The web services of the tax authority with which signature units and cash boxes are registered and receipts are checked, where the law has receipts signed; without this section, a person does that in the portal.",
        keys: finanz_online::FINANZ_ONLINE,
    },
    SectionRow {
        path: "fiscalbox",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The fiscal modules of the till, and the payment providers that their devices reach, where the law asks for a fiscal module.",
        keys: fiscalbox::FISCALBOX,
    },
    SectionRow {
        path: "fiscalbox.units",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The unit in which each payment provider has its amounts; UzQR has texts in soms.",
        keys: fiscalbox::FISCALBOX_UNITS,
    },
    SectionRow {
        path: "fiscalbox.billing",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The billing of FiscalBox, which the till serves under `/fiscalbox/api/v1`; without this section, it serves none.",
        keys: fiscalbox::FISCALBOX_BILLING,
    },
    SectionRow {
        path: "goods",
        form: list(goods::GOODS_MAX),
        sample: SectionSample::HeaderOff,
        says: "What a fiscal module receives about goods, one table for each good, for callers of FiscalCloud, whose items have only the id of a good. A list in `conf.d` replaces the whole list.",
        keys: goods::GOODS,
    },
    SectionRow {
        path: "upstream",
        form: SectionForm::Table,
        sample: SectionSample::Header,
        says: "The authority: the server of the tax authority; without this section, documents wait in the till.",
        keys: upstream::UPSTREAM,
    },
    SectionRow {
        path: "upstream.online_ecr",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "What the published description of the Online-ECR form leaves open.",
        keys: upstream::ONLINE_ECR,
    },
    SectionRow {
        path: "upstream.online_ecr.paths",
        form: SectionForm::Table,
        sample: SectionSample::InlineOff(r#"{ sale = "v1/sale", z_report = "v1/z" }"#),
        says: "The path below `url` for each kind of message.",
        keys: upstream::ONLINE_ECR_PATHS,
    },
    SectionRow {
        path: "upstream.online_ecr.headers",
        form: list(64),
        sample: SectionSample::InlineOff(r#"[ { name = "X-Shop", value = "7" } ]"#),
        says: "HTTP headers that go with every message.",
        keys: upstream::ONLINE_ECR_HEADERS,
    },
    SectionRow {
        path: "upstream.online_ecr.signature",
        form: SectionForm::Table,
        sample: SectionSample::InlineOff(
            r#"{ header = "X-Signature", secret_file = "/etc/ferrotill/office.secret" }"#,
        ),
        says: "The signature of every message: HMAC-SHA256 over the body, in lower-case hexadecimal; without this table, messages are not signed.",
        keys: upstream::ONLINE_ECR_SIGNATURE,
    },
    SectionRow {
        path: "mail",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The mail server for receipts that buyers want by mail; without this section a TEST till keeps the mails (`/sim/mail`), and a LIVE till sends none.",
        keys: mail::MAIL,
    },
    SectionRow {
        path: "sms",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The gateway for receipts that buyers want on a telephone; without this section a TEST till keeps the messages (`/sim/sms`), and a LIVE till sends none.",
        keys: mail::SMS,
    },
    SectionRow {
        path: "ereceipt",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The pages on which buyers read their receipts.",
        keys: ereceipt::ERECEIPT,
    },
    SectionRow {
        path: "ereceipt.bucket",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The bucket of an S3-compatible server in which every receipt is published as a page and a PDF; without this section, none is.",
        keys: ereceipt::ERECEIPT_BUCKET,
    },
    SectionRow {
        path: "ereceipt.service",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The eReceipt service at which every receipt is published as an EKaBS document; without this section, none is.",
        keys: ereceipt::ERECEIPT_SERVICE,
    },
    SectionRow {
        path: "hub",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The hub of a head office, which gets every sealed document of the till; without this section, the till has none.",
        keys: hub::HUB,
    },
    SectionRow {
        path: "offline",
        form: SectionForm::Table,
        sample: SectionSample::HeaderOff,
        says: "The owner's own limits for selling while the authority is offline; they never widen the limits of the law. Without this section and without a limit of the law, the till warns after 72 hours (docs/OFFLINE.md).",
        keys: offline::OFFLINE,
    },
];

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

const fn list(most: usize) -> SectionForm {
    SectionForm::Tables {
        identity: None,
        most,
    }
}
const MODES: &[&str] = &["TEST", "LIVE"];
const ANSWER_TIMEOUT_MS: ValueKind = ValueKind::Integer(1, 600_000);
const SECRET_FILE: ValueKind =
    ValueKind::Path("the path of a file with mode 0600 that holds the secret");
