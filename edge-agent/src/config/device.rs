//! `[[device]]`: its keys and the rules between them.

use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::fault::Place;
use super::reader::{Found, Reader, Section};
use super::sections::{ANSWER_TIMEOUT_MS, milliseconds};
use super::{Device, Mode, PaymentType, PointOfSale, Range, taxes};

/// All devices, and the places of their uris in the same order.
pub(super) fn devices(
    reader: &mut Reader,
    root: &Section<'_>,
    mode: Mode,
    answer_timeout: Duration,
) -> (Vec<Device>, Vec<Place>) {
    let sections = reader.children(root, "device", DEVICE);
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
    let mut ranges: Vec<(usize, Found<Range>)> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let device = device(reader, section, index, answer_timeout, &mut ranges);
        if devices
            .iter()
            .any(|other| other.id == device.id && !other.id.is_nil())
        {
            reader.fault(
                &section.place_of("id"),
                section.path_of("id"),
                format!("{} stands twice", device.id),
                "give every device an id of its own",
            );
        }
        devices.push(device);
        uris.push(section.place_of("uri"));
    }
    overlaps(reader, &ranges, mode);
    (devices, uris)
}

fn device(
    reader: &mut Reader,
    section: &Section<'_>,
    index: usize,
    answer_timeout: Duration,
    ranges: &mut Vec<(usize, Found<Range>)>,
) -> Device {
    let id = uuid(reader, section, "id");
    let own_ranges = self::ranges(reader, section);
    let device = Device {
        id,
        name: reader
            .text(section, "name")
            .map_or_else(|| format!("Till {}", index + 1), |found| found.value),
        uri: reader
            .required_text(
                section,
                "uri",
                "family+transport, such as \"datecs+serial:///dev/ttyUSB0?baud=115200\"",
            )
            .map(|found| found.value)
            .unwrap_or_default(),
        use_alternative_receipts: reader
            .flag(section, "use_alternative_receipts")
            .unwrap_or(false),
        answer_timeout: milliseconds(reader, section, "answer_timeout_ms", ANSWER_TIMEOUT_MS)
            .unwrap_or(answer_timeout),
        tax_groups: taxes::tax_groups(reader, section),
        payment_types: payment_types(reader, section),
        alternative_receipts_ranges: own_ranges.iter().map(|range| range.value.clone()).collect(),
        points_of_sale: points_of_sale(reader, section, id),
    };
    ranges.extend(own_ranges.into_iter().map(|range| (index, range)));
    device
}

fn payment_types(reader: &mut Reader, device: &Section<'_>) -> Vec<PaymentType> {
    let keys = ["code", "name", "cash", "open_cash_drawer", "printer"];
    let sections = reader.children(device, "payment_types", &keys);
    let example = "{ code = 0, name = \"Cash\", cash = true }";
    require_items(
        reader,
        device,
        "payment_types",
        sections.is_empty(),
        example,
    );
    let mut types: Vec<PaymentType> = Vec::new();
    let mut has_cash = false;
    let count = sections.len();
    for section in sections {
        let code = reader.required_integer(&section, "code", 0..=i64::from(i32::MAX));
        let name = reader.required_text(&section, "name", "the name for people");
        let cash = reader.flag(&section, "cash").unwrap_or(false);
        has_cash |= cash;
        let open_cash_drawer = reader.flag(&section, "open_cash_drawer").unwrap_or(false);
        let printer =
            letter(reader, &section, "printer", 'A'..='Z').unwrap_or(if cash { 'P' } else { 'D' });
        let code = code.and_then(|code| i32::try_from(code).ok());
        if let Some(code) = code
            && types.iter().any(|other| other.code == code)
        {
            twice(reader, &section, "code", &code);
        }
        if let (Some(code), Some(name)) = (code, name) {
            types.push(PaymentType {
                code,
                name: name.value,
                cash,
                open_cash_drawer,
                printer,
            });
        }
    }
    if count > 0 && !has_cash {
        reader.fault(
            &device.place_of("payment_types"),
            device.path_of("payment_types"),
            "has no cash",
            "add cash = true to the type that is cash",
        );
    }
    types
}

fn ranges(reader: &mut Reader, device: &Section<'_>) -> Vec<Found<Range>> {
    let keys = ["series", "start", "end", "number_length"];
    let mut ranges = Vec::new();
    for section in reader.children(device, "alternative_receipts_ranges", &keys) {
        let series = reader.required_text(&section, "series", "one to ten letters or digits");
        let series = series.filter(|series| {
            let good = series.value.len() <= SERIES_MAX
                && series
                    .value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric());
            if !good {
                reader.fault(
                    &series.place,
                    section.path_of("series"),
                    format!("is {:?}", series.value),
                    "write one to ten ASCII letters or digits",
                );
            }
            good
        });
        let numbers = 1..=i64::from(u32::MAX);
        let start = reader.required_integer(&section, "start", numbers.clone());
        let end = reader.required_integer(&section, "end", numbers);
        let length = reader.required_integer(&section, "number_length", 1..=NUMBER_LENGTH_MAX);
        let (Some(series), Some(start), Some(end), Some(length)) = (series, start, end, length)
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
        if i64::try_from(digits).is_ok_and(|digits| digits > length) {
            reader.fault(
                &section.place_of("number_length"),
                section.path_of("number_length"),
                format!("is {length}, and {end} has {digits} digits"),
                format!("write {digits} or more"),
            );
        }
        let (Ok(start), Ok(end), Ok(number_length)) = (
            u32::try_from(start),
            u32::try_from(end),
            u8::try_from(length),
        ) else {
            continue;
        };
        ranges.push(Found {
            place: section.place.clone(),
            value: Range {
                series: series.value,
                start,
                end,
                number_length,
            },
        });
    }
    ranges
}

/// One number may be given out once. Within a device an overlap is always a fault; two devices of a TEST till
/// that were copied from each other are only warned about.
fn overlaps(reader: &mut Reader, ranges: &[(usize, Found<Range>)], mode: Mode) {
    for (position, (device, range)) in ranges.iter().enumerate() {
        let clash = ranges.iter().take(position).find(|(_, other)| {
            let (a, b) = (&range.value, &other.value);
            a.series == b.series && a.start <= b.end && b.start <= a.end
        });
        let Some((other_device, other)) = clash else {
            continue;
        };
        let key = format!("device[{device}].alternative_receipts_ranges");
        let what = format!(
            "{} {} to {} overlaps {} to {} at {}",
            range.value.series,
            range.value.start,
            range.value.end,
            other.value.start,
            other.value.end,
            other.place,
        );
        let remedy = "give out every number of a series once";
        if device == other_device || mode == Mode::Live {
            reader.fault(&range.place, key, what, remedy);
        } else {
            reader.warn(&range.place, key, what, remedy);
        }
    }
}

fn points_of_sale(reader: &mut Reader, device: &Section<'_>, device_id: Uuid) -> Vec<PointOfSale> {
    let mut points: Vec<PointOfSale> = Vec::new();
    for section in reader.children(device, "points_of_sale", &["id", "code"]) {
        let id = uuid(reader, &section, "id");
        let code = reader.required_text(&section, "code", "the code of the point of sale");
        if points.iter().any(|point| point.id == id && !id.is_nil()) {
            twice(reader, &section, "id", &id);
        }
        points.push(PointOfSale {
            id,
            code: code.map(|code| code.value).unwrap_or_default(),
        });
    }
    if points.is_empty() {
        points.push(PointOfSale {
            id: made_point_of_sale(device_id),
            code: "1".to_owned(),
        });
    }
    points
}

/// The id of a point of sale that nobody wrote: the same after every start, and different for every device.
fn made_point_of_sale(device: Uuid) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"ferrotill point of sale");
    hash.update(device.as_bytes());
    let mut bytes = [0_u8; 16];
    for (byte, from) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A uuid that must be there; nil only together with a fault.
fn uuid(reader: &mut Reader, section: &Section<'_>, key: &str) -> Uuid {
    let Some(found) = reader.required_text(section, key, "a UUID of your choice") else {
        return Uuid::nil();
    };
    match Uuid::try_parse(&found.value) {
        Ok(id) if !id.is_nil() => id,
        _ => {
            reader.fault(
                &found.place,
                section.path_of(key),
                format!("{:?} is not a UUID", found.value),
                "write 32 hexadecimal digits, such as \"0875b8a5-0668-41a3-a3fa-8eeccf66d289\"",
            );
            Uuid::nil()
        }
    }
}

/// One letter within bounds; absent is `None`.
pub(super) fn letter(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    allowed: std::ops::RangeInclusive<char>,
) -> Option<char> {
    if key == "code" && !section.has(key) {
        reader.fault(
            &section.place,
            section.path_of(key),
            "is missing",
            format!(
                "add it: a letter from {} to {}",
                allowed.start(),
                allowed.end()
            ),
        );
    }
    let found = reader.text(section, key)?;
    let mut letters = found.value.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if allowed.contains(&letter) => Some(letter),
        _ => {
            reader.fault(
                &found.place,
                section.path_of(key),
                format!("is {:?}", found.value),
                format!(
                    "write one letter from {} to {}",
                    allowed.start(),
                    allowed.end()
                ),
            );
            None
        }
    }
}

pub(super) fn require_items(
    reader: &mut Reader,
    device: &Section<'_>,
    key: &str,
    empty: bool,
    example: &str,
) {
    if !device.has(key) || (empty && reader.faults.is_empty()) {
        reader.fault(
            &device.place_of(key),
            device.path_of(key),
            if device.has(key) {
                "is empty"
            } else {
                "is missing"
            },
            format!("add at least one, such as {example}"),
        );
    }
}

pub(super) fn twice(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    value: &dyn std::fmt::Display,
) {
    reader.fault(
        &section.place_of(key),
        section.path_of(key),
        format!("{value} stands twice"),
        format!("give every one a {key} of its own"),
    );
}

const DEVICE: &[&str] = &[
    "id",
    "name",
    "uri",
    "use_alternative_receipts",
    "answer_timeout_ms",
    "tax_groups",
    "payment_types",
    "alternative_receipts_ranges",
    "points_of_sale",
];
const SERIES_MAX: usize = 10;
const NUMBER_LENGTH_MAX: i64 = 10;
