//! `[[device]]`: the fiscal devices with their tax groups, payment types and number ranges.

use std::fmt;
use std::time::Duration;

use ferrotill_core::event::NumberRange;
use ferrotill_core::scale;
use ferrotill_device::family::Protocol;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::fault::SourcePlace;
use super::key::ShownValue;
use super::payment_letter;
use super::reader::{Found, Reader, Section};
use super::taxes::{TaxGroupConfig, tax_groups};
use super::values::{Mode, require_items, used_twice, uuid};

/// The `uri` of a device without a printer. It is allowed in a country whose law asks for fiscal numbers and not for a printer.
pub const NO_PRINTER: &str = "none";

/// `[[device]]`: one fiscal device with its tax groups, payment types and number ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The device's id in the API.
    pub id: Uuid,
    /// The device's name for people.
    pub name: String,
    /// The printer's family, transport and address, as they are written. Only the device crate can parse this text, see
    /// [`Config::check_device_uris`](super::Config::check_device_uris).
    pub uri: String,
    /// The device's number in the register of the authority, if it is written here.
    pub registration_number: Option<String>,
    /// The address of the shop in which the device stands, if it is written here.
    pub address: Option<String>,
    /// The unit of quantities that are sent to the authority.
    pub unit: String,
    /// Where the device stands, if it is sent to the authority.
    pub location: Option<Location>,
    /// Whether alternative receipts are sold while the authority is offline.
    pub use_alternative_receipts: bool,
    /// The longest time that a caller waits for this device; if it is not written, the till's own time.
    pub answer_timeout: Duration,
    /// The tax groups. Their codes are unique.
    pub tax_groups: Vec<TaxGroupConfig>,
    /// The payment types. Their codes are unique, and at least one type is cash.
    pub payment_types: Vec<PaymentTypeConfig>,
    /// The number ranges that the authority has issued for alternative receipts.
    pub alternative_receipts_ranges: Vec<RangeConfig>,
    /// The points of sale, at least one.
    pub points_of_sale: Vec<PointOfSale>,
}

/// Where a device stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The latitude in degrees, as decimal text; north is above zero.
    pub latitude: String,
    /// The longitude in degrees, as decimal text; east is above zero.
    pub longitude: String,
    /// The radius around the point in which the device is used, in metres.
    pub radius: u32,
}

/// One payment type, such as cash or card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentTypeConfig {
    /// The payment type's code in the API.
    pub code: i32,
    /// The payment type's name for people.
    pub name: String,
    /// True if the payment type is cash: only cash gives change.
    pub cash: bool,
    /// Whether a payment of this type opens the cash drawer.
    pub open_cash_drawer: bool,
    /// The printer's letter for the payment type.
    pub printer: char,
}

/// A range of numbers for alternative receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeConfig {
    /// The series of the range: one to ten ASCII letters and digits.
    pub series: String,
    /// The first number of the range.
    pub start: u32,
    /// The last number of the range.
    pub end: u32,
    /// The number of digits with which a number is printed.
    pub number_length: u8,
}

impl RangeConfig {
    /// The range in the core's form; `None` if the series is too long.
    #[must_use]
    pub fn in_core(&self) -> Option<NumberRange> {
        Some(NumberRange {
            series: self.series.as_str().try_into().ok()?,
            start: self.start,
            end: self.end,
            number_length: self.number_length,
        })
    }
}

impl fmt::Display for RangeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} to {} with {} digits",
            self.series, self.start, self.end, self.number_length
        )
    }
}

/// The place where a device is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointOfSale {
    /// The point of sale's id in the API.
    pub id: Uuid,
    /// The point of sale's code for people.
    pub code: String,
}

/// Reads all devices, and the places of their uris in the same order.
pub(super) fn devices(
    reader: &mut Reader,
    root: &Section<'_>,
    mode: Mode,
    answer_timeout: Duration,
) -> (Vec<Device>, Vec<SourcePlace>) {
    let sections = reader.children(root, "device");
    if !root.has("device") {
        reader.fault(
            &root.place,
            "device".to_owned(),
            "is missing",
            "add a [[device]] with id, name, uri, tax_groups and payment_types",
        );
    }
    let mut devices: Vec<Device> = Vec::new();
    let mut uris = Vec::new();
    let mut ranges: Vec<(usize, Found<RangeConfig>)> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let device = device(reader, section, index, answer_timeout, &mut ranges);
        if devices
            .iter()
            .any(|other| other.id == device.id && !other.id.is_nil())
        {
            used_twice(reader, section, "id", &device.id, "device");
        }
        if let Some(number) = &device.registration_number
            && devices
                .iter()
                .any(|other| other.registration_number.as_ref() == Some(number))
        {
            used_twice(reader, section, "registration_number", number, "device");
        }
        devices.push(device);
        uris.push(section.place_of("uri"));
    }
    refuse_overlaps(reader, &ranges, mode);
    (devices, uris)
}

fn device(
    reader: &mut Reader,
    section: &Section<'_>,
    index: usize,
    answer_timeout: Duration,
    ranges: &mut Vec<(usize, Found<RangeConfig>)>,
) -> Device {
    let id = uuid(reader, section, "id");
    let own_ranges = self::ranges(reader, section);
    let name = name(reader, section, index);
    let uri = reader
        .text(section, "uri")
        .map(|found| found.value)
        .unwrap_or_default();
    let family = uri
        .split('+')
        .next()
        .and_then(ferrotill_device::family::of_name);
    let device = Device {
        id,
        name,
        uri,
        registration_number: reader
            .text(section, "registration_number")
            .map(|found| found.value),
        address: reader.text(section, "address").map(|found| found.value),
        unit: reader
            .text(section, "unit")
            .map(|found| found.value)
            .unwrap_or_default(),
        location: location(reader, section),
        use_alternative_receipts: reader.flag(section, "use_alternative_receipts"),
        answer_timeout: own_answer_timeout(reader, section, answer_timeout),
        tax_groups: tax_groups(reader, section),
        payment_types: payment_types(reader, section, family),
        alternative_receipts_ranges: own_ranges.iter().map(|range| range.value.clone()).collect(),
        points_of_sale: points_of_sale(reader, section, id),
    };
    ranges.extend(own_ranges.into_iter().map(|range| (index, range)));
    device
}

/// The location of a device. All three keys are written, or none.
fn location(reader: &mut Reader, device: &Section<'_>) -> Option<Location> {
    let section = reader.child(device, "location");
    let latitude = degrees(reader, &section, "latitude", 90);
    let longitude = degrees(reader, &section, "longitude", 180);
    let radius: Option<u32> = reader.number(&section, "radius");
    let keys = ["latitude", "longitude", "radius"];
    if keys.iter().any(|key| section.has(key)) {
        for key in keys.into_iter().filter(|key| !section.has(key)) {
            reader.fault(
                &section.place,
                section.path_of(key),
                "is missing",
                "write latitude, longitude and radius",
            );
        }
    }
    Some(Location {
        latitude: latitude?,
        longitude: longitude?,
        radius: radius?,
    })
}

/// Degrees between `-most` and `most`, as decimal text.
fn degrees(reader: &mut Reader, section: &Section<'_>, key: &str, most: i64) -> Option<String> {
    let found = reader.text(section, key)?;
    let most_scaled = most.saturating_mul(DEGREE);
    match scale::parse(&found.value, DEGREE_DECIMALS) {
        Ok(degrees) if degrees.saturating_abs() <= most_scaled => Some(found.value),
        _ => {
            reader.fault(
                &found.place,
                section.path_of(key),
                format!(
                    "must be degrees from -{most} to {most} with at most {DEGREE_DECIMALS} decimals"
                ),
                "write decimal text, such as \"47.010453\"",
            );
            None
        }
    }
}

/// The largest number of decimals of degrees.
const DEGREE_DECIMALS: u8 = 15;
/// One degree with this number of decimals.
const DEGREE: i64 = 1_000_000_000_000_000;

fn name(reader: &mut Reader, section: &Section<'_>, index: usize) -> String {
    if let Some(found) = reader.text(section, "name") {
        return found.value;
    }
    let name = format!("Till {}", index.saturating_add(1));
    reader.computed(section, "name", ShownValue::Text(name.clone()));
    name
}

fn own_answer_timeout(reader: &mut Reader, section: &Section<'_>, of_till: Duration) -> Duration {
    if let Some(own) = reader.milliseconds(section, "answer_timeout_ms") {
        return own;
    }
    if let Ok(shown) = i64::try_from(of_till.as_millis()) {
        reader.computed(section, "answer_timeout_ms", ShownValue::Integer(shown));
    }
    of_till
}

fn payment_types(
    reader: &mut Reader,
    device: &Section<'_>,
    family: Option<&'static Protocol>,
) -> Vec<PaymentTypeConfig> {
    let sections = reader.children(device, "payment_types");
    let example = "{ code = 0, name = \"Cash\", cash = true }";
    require_items(
        reader,
        device,
        "payment_types",
        sections.is_empty(),
        example,
    );
    let mut types: Vec<PaymentTypeConfig> = Vec::new();
    let mut has_cash = false;
    for section in &sections {
        let code = reader.number(section, "code");
        let name = reader.text(section, "name");
        let cash = reader.flag(section, "cash");
        has_cash |= cash;
        let open_cash_drawer = reader.flag(section, "open_cash_drawer");
        let printer = payment_letter::read(reader, section, cash, family);
        if let Some(code) = code
            && types.iter().any(|other| other.code == code)
        {
            used_twice(reader, section, "code", &code, "payment type");
        }
        if let Some(name) = &name
            && name.value.len() > PAYMENT_NAME_BYTES_MAX
        {
            reader.warn(
                &section.place_of("name"),
                section.path_of("name"),
                format!("is printed without what follows its first {PAYMENT_NAME_BYTES_MAX} bytes"),
                "write a shorter name",
            );
        }
        if let (Some(code), Some(name)) = (code, name) {
            types.push(PaymentTypeConfig {
                code,
                name: name.value,
                cash,
                open_cash_drawer,
                printer,
            });
        }
    }
    if !sections.is_empty() && !has_cash {
        reader.fault(
            &device.place_of("payment_types"),
            device.path_of("payment_types"),
            "has no cash",
            "add cash = true to the type that is cash",
        );
    }
    types
}

/// The largest length of a payment type's name, in bytes.
const PAYMENT_NAME_BYTES_MAX: usize = 32;

fn ranges(reader: &mut Reader, device: &Section<'_>) -> Vec<Found<RangeConfig>> {
    let mut ranges = Vec::new();
    for section in reader.children(device, "alternative_receipts_ranges") {
        let series = series(reader, &section);
        let start = reader.number::<u32>(&section, "start");
        let end = reader.number::<u32>(&section, "end");
        let length = reader.number::<u8>(&section, "number_length");
        let (Some(series), Some(start), Some(end), Some(number_length)) =
            (series, start, end, length)
        else {
            continue;
        };
        if start > end {
            reader.fault(
                &section.place_of("end"),
                section.path_of("end"),
                format!("{end} is before start {start}"),
                "write the last number of the range",
            );
        }
        let digits = end.to_string().len();
        if digits > usize::from(number_length) {
            reader.fault(
                &section.place_of("number_length"),
                section.path_of("number_length"),
                format!("is {number_length}, and {end} has {digits} digits"),
                format!("write {digits} or more"),
            );
        }
        ranges.push(Found {
            place: section.place.clone(),
            value: RangeConfig {
                series,
                start,
                end,
                number_length,
            },
        });
    }
    ranges
}

fn series(reader: &mut Reader, section: &Section<'_>) -> Option<String> {
    let found = reader.text(section, "series")?;
    let letters_or_digits = found.value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if found.value.len() > SERIES_MAX || !letters_or_digits {
        reader.fault(
            &found.place,
            section.path_of("series"),
            format!("is {:?}", found.value),
            "write one to ten ASCII letters or digits",
        );
        return None;
    }
    Some(found.value)
}

/// Each printed number is used only once in the data folder. Two devices of a TEST till may share a range, because such devices are
/// often copied from each other: a number that one of them has used is not used by the other.
fn refuse_overlaps(reader: &mut Reader, ranges: &[(usize, Found<RangeConfig>)], mode: Mode) {
    for (position, (device, range)) in ranges.iter().enumerate() {
        let clash = ranges.iter().take(position).find(|(_, other)| {
            let (a, b) = (range.value.in_core(), other.value.in_core());
            a.zip(b).is_some_and(|(a, b)| a.shares_a_number_with(&b))
        });
        let Some((other_device, other)) = clash else {
            continue;
        };
        let key = format!("device[{device}].alternative_receipts_ranges");
        let what = format!(
            "{} prints the same numbers as {} at {}",
            range.value, other.value, other.place,
        );
        let remedy = "use every number once";
        if device == other_device || mode == Mode::Live {
            reader.fault(&range.place, key, what, remedy);
        } else {
            reader.warn(&range.place, key, what, remedy);
        }
    }
}

fn points_of_sale(reader: &mut Reader, device: &Section<'_>, device_id: Uuid) -> Vec<PointOfSale> {
    let mut points: Vec<PointOfSale> = Vec::new();
    for section in reader.children(device, "points_of_sale") {
        let id = uuid(reader, &section, "id");
        let code = reader.text(&section, "code");
        if points.iter().any(|point| point.id == id && !id.is_nil()) {
            used_twice(reader, &section, "id", &id, "point of sale");
        }
        points.push(PointOfSale {
            id,
            code: code.map(|code| code.value).unwrap_or_default(),
        });
    }
    if points.is_empty() {
        points.push(PointOfSale {
            id: computed_point_of_sale(device_id),
            code: "1".to_owned(),
        });
    }
    points
}

/// The id of a point of sale for which the configuration contains none. It is the same after every start, and different for
/// every device.
pub(super) fn computed_point_of_sale(device: Uuid) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"ferrotill point of sale");
    hash.update(device.as_bytes());
    let mut bytes = [0_u8; 16];
    for (byte, from) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

const SERIES_MAX: usize = 10;
