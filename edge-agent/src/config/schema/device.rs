//! The keys of `[[device]]` and the lists in it.

use super::ANSWER_TIMEOUT_MS;
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const DEVICE: &[KeyRow] = &[
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
        "registration_number",
        DEVICE_TEXT,
        Preset::Unset("`registration_number` of `[till]` for the device that it belongs to, or else the number that the data folder knows, or else the id of the device"),
        "The device's number in the register of the authority.",
    )
    .off("\"J803000123\""),
    key(
        "address",
        DEVICE_TEXT,
        Preset::Unset("`address` of `[till]`"),
        "The address of the shop in which the device stands.",
    )
    .off("\"str. Independentei 1, Chisinau\""),
    key(
        "unit",
        ValueKind::Line(20),
        Preset::Text("pcs"),
        "The unit of the quantities that are sent to the authority, where a caller's interface names none.",
    )
    .off("\"pcs\""),
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

pub(super) const DEVICE_LOCATION: &[KeyRow] = &[
    key(
        "latitude",
        DEGREES,
        Preset::Unset("no location is sent"),
        "The latitude in degrees, from -90 to 90; north is above zero.",
    ),
    key(
        "longitude",
        DEGREES,
        Preset::Unset("no location is sent"),
        "The longitude in degrees, from -180 to 180; east is above zero.",
    ),
    key(
        "radius",
        ValueKind::Integer(1, 1_000_000),
        Preset::Unset("no location is sent"),
        "The radius around the point in which the device is used, in metres.",
    ),
];

const DEGREES: ValueKind = ValueKind::Text("degrees as text, such as \"47.010453\"");

pub(super) const DEVICE_TAX_GROUPS: &[KeyRow] = &[
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
        Preset::Unset(
            "the bucket that the law of the country gives to the letter with this rate, else to the rate",
        ),
        "What the law calls the group.",
    ),
];

pub(super) const DEVICE_TAX_GROUPS_RATES: &[KeyRow] = &[
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

pub(super) const DEVICE_PAYMENT_TYPES: &[KeyRow] = &[
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
        ValueKind::Letter('A', 'z'),
        Preset::Computed(
            "the letter of the printer's family for cash, for what `means` says, or else for a card: `D`, with `datecs-b` and `daisy` `C`, with `eltrade` `L`, with `datecs-x` and `datecs-mx` `N` (mode 1)",
        ),
        "The printer's letter for the payment type. A letter under which the printer books something else than a card (health fund, coupons, its own pinpad) needs `means`.",
    ),
    key(
        "means",
        ValueKind::Choice(PAYMENT_MEANINGS),
        Preset::Unset("cash or a card"),
        "The kind of payment under which the printer's fiscal memory books the payment type.",
    ),
];

/// The kinds of payment, as the families of printers name them.
pub(super) const PAYMENT_MEANINGS: &[&str] = &[
    "cash",
    "card",
    "pinpad",
    "credit",
    "cheque",
    "health_fund",
    "voucher",
    "coupon",
    "external_coupon",
    "packaging",
    "internal_use",
    "damage",
    "bank_transfer",
    "other",
];

pub(super) const DEVICE_RANGES: &[KeyRow] = &[
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

pub(super) const DEVICE_POINTS_OF_SALE: &[KeyRow] = &[
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

const DEVICE_TEXT: ValueKind = ValueKind::Line(200);
const BUCKETS: &[&str] = &[
    "standard",
    "reduced",
    "second_reduced",
    "special",
    "zero",
    "exempt",
    "out_of_scope",
];
const RATE: ValueKind = ValueKind::Text("percent as text with two decimals, such as \"20.00\"");
const RECEIPT_NUMBER: ValueKind = ValueKind::Integer(1, 4_294_967_295);
