//! What a till adopts from the configuration into its journal: the tables of each device, in the form of the core, and the
//! identity of each device.

use std::collections::BTreeSet;

use ferrotill_core::event::Configuration;
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::Facts;
use ferrotill_core::tax::{TaxCode, TaxEntry, TaxTable};

use ferrotill_store::DeviceIdentity;
use uuid::Uuid;

use super::Config;
use super::device::Device;

/// The configuration of a device as its till adopts it.
///
/// # Errors
///
/// [`TableDoesNotFit`]. The reader of the configuration refuses such a table with its place, so that no error is expected here.
pub fn configuration(device: &Device, law: &Facts) -> Result<Configuration, TableDoesNotFit> {
    let of = |table: &'static str| TableDoesNotFit {
        device: device.id,
        table,
    };
    let entries = device.tax_groups.iter().map(|group| {
        let code = TaxCode::new(u8::try_from(group.code).ok()?)?;
        TaxEntry::new(code, group.bucket_in(law), &group.rates)
    });
    let types = device.payment_types.iter().map(|payment| PaymentType {
        code: payment.code,
        name: shortened(&payment.name),
        cash: payment.cash,
        printer_letter: u8::try_from(payment.printer).unwrap_or(b'P'),
        open_drawer: payment.open_cash_drawer,
    });
    let mut ranges = heapless::Vec::new();
    for range in &device.alternative_receipts_ranges {
        let added = range.in_core().map(|range| ranges.push(range));
        if !matches!(added, Some(Ok(()))) {
            return Err(of("alternative_receipts_ranges"));
        }
    }
    Ok(Configuration {
        taxes: TaxTable::dated(entries).ok_or_else(|| of("tax_groups"))?,
        payments: PaymentTable::new(types).ok_or_else(|| of("payment_types"))?,
        ranges,
        alternative_receipts: device.use_alternative_receipts,
    })
}

/// A table of a device does not fit into the till. No part of it is left out.
#[derive(Debug, thiserror::Error)]
#[error("{table} of device {device} does not fit into the till; write fewer or shorter entries")]
pub struct TableDoesNotFit {
    /// The id of the device.
    pub device: Uuid,
    /// The name of the table.
    pub table: &'static str,
}

/// The identity of each device of the configuration towards the authority, in the order of the devices. `known` are the
/// identities in the journal, also of devices that the configuration no longer has.
///
/// The number of a device is, in this order:
///
/// 1. `registration_number` of the device;
/// 2. `registration_number` of `[till]`, for the device that the journal knows by it, or, if it knows none, for the only device
///    of both the configuration and the journal;
/// 3. the number that the journal already knows for the device;
/// 4. the device's own id.
///
/// So the number of a device stays the same when another device is added or removed.
#[must_use]
pub fn identities(config: &Config, known: &[(Uuid, DeviceIdentity)]) -> Vec<DeviceIdentity> {
    let owner = &config.till.owner;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let shared = owner.registration_number.as_ref();
    let holder = shared.and_then(|number| holder_of(number, config, known));
    let identity = |device: &Device| {
        let known = known.iter().find(|(other, _)| *other == device.id);
        let fiscal_number = device
            .registration_number
            .as_ref()
            .or_else(|| shared.filter(|_| holder == Some(device.id)))
            .or_else(|| known.map(|(_, identity)| &identity.fiscal_number));
        DeviceIdentity {
            fiscal_number: fiscal_number.map_or_else(|| device.id.to_string(), Clone::clone),
            owner: text(&owner.organization_name),
            owner_number: text(&owner.idnx),
            address: text(if device.address.is_some() {
                &device.address
            } else {
                &owner.address
            }),
        }
    };
    config.devices.iter().map(identity).collect()
}

/// The device to which the registration number of `[till]` belongs; `None` if that is not certain.
fn holder_of(number: &str, config: &Config, known: &[(Uuid, DeviceIdentity)]) -> Option<Uuid> {
    let holder = known
        .iter()
        .find(|(_, identity)| identity.fiscal_number == number);
    if let Some((device, _)) = holder {
        return Some(*device);
    }
    match config.devices.as_slice() {
        [only] if known.iter().all(|(device, _)| *device == only.id) => Some(only.id),
        _ => None,
    }
}

/// A registration number of `[till]` that no device gets, although a new device would be told under its own id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnassignedNumber {
    /// The number.
    pub number: String,
    /// The new device.
    pub device: Uuid,
    /// The device that the journal knows by the number, and that the configuration does not have.
    pub holder: Option<Uuid>,
}

/// The registration number of `[till]`, if none of the `identities` of the configured devices has it, and a device without a number
/// of its own is new: it is not among the identities in the journal (`known`) and has no documents. Its number would then be its own
/// id, for ever.
#[must_use]
pub fn unassigned_number(
    config: &Config,
    (known, with_documents): (&[(Uuid, DeviceIdentity)], &BTreeSet<Uuid>),
    identities: &[DeviceIdentity],
) -> Option<UnassignedNumber> {
    let number = config.till.owner.registration_number.as_ref()?;
    let has_it = |identity: &DeviceIdentity| identity.fiscal_number == *number;
    if identities.iter().any(has_it) {
        return None;
    }
    let is_new =
        |id: Uuid| !with_documents.contains(&id) && known.iter().all(|(known, _)| *known != id);
    let mut devices = config.devices.iter();
    let new = devices.find(|it| it.registration_number.is_none() && is_new(it.id))?;
    let holder = known.iter().find(|(_, identity)| has_it(identity));
    Some(UnassignedNumber {
        number: number.clone(),
        device: new.id,
        holder: holder.map(|(device, _)| *device),
    })
}

/// The first 32 bytes of a payment type's name, at most. The reader of the configuration warns about a longer name.
fn shortened(name: &str) -> heapless::String<32> {
    let mut short = heapless::String::new();
    for letter in name.chars() {
        if short.push(letter).is_err() {
            break;
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use ferrotill_core::profile::by_code;
    use ferrotill_core::tax::Bucket;
    use ferrotill_core::time::Day;

    use super::super::Config;
    use super::configuration;

    const TILL: &str = r#"
[till]
country = "MD"
mode = "TEST"
data_dir = "/var/lib/ferrotill"
[[api.clients]]
key = "till"
secret = "s3cret"
[upstream]
url = "http://127.0.0.1:7100"
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
uri = "datecs+serial:///dev/ttyUSB0"
payment_types = [ { code = 0, name = "Bar", cash = true } ]
"#;

    /// Letter, bucket and rate (ten-thousandths of a percent) of each group on a day.
    fn groups(country: &str, written: &str, day: Day) -> Vec<(char, Bucket, Option<u32>)> {
        let text = format!("{TILL}tax_groups = [ {written} ]\n");
        let config = Config::parse(&text, "t.toml").unwrap();
        let facts = by_code(country).unwrap().facts();
        let taxes = configuration(&config.devices[0], facts).unwrap().taxes;
        let entries = taxes.entries();
        entries
            .map(|entry| {
                let rate = entry.on(day).map(|group| group.rate.ten_thousandths());
                (char::from(entry.code().letter()), entry.bucket(), rate)
            })
            .collect()
    }

    #[test]
    fn letter_bucket_and_dated_rate_are_independent() {
        let written = r#"
            { code = "A", rate = "20.00" },
            { code = "D", rate = "0", bucket = "exempt" },
            { code = "F", bucket = "special", rates = [ { from = "2026-07-01", rate = "4.90" }, { from = "2027-01-01", rate = "5.00" } ] }
        "#
        .replace('\n', " ");
        for (day, food) in [
            (Day::of_date(2026, 6, 30), None),
            (Day::of_date(2026, 7, 1), Some(49_000)),
            (Day::of_date(2027, 1, 1), Some(50_000)),
        ] {
            assert_eq!(
                groups("AT", &written, day),
                [
                    ('A', Bucket::Standard, Some(200_000)),
                    ('D', Bucket::Exempt, Some(0)),
                    ('F', Bucket::Special, food),
                ]
            );
        }
    }

    #[test]
    fn a_bucket_that_is_not_written_follows_from_the_law_or_from_the_rate() {
        let written = r#"{ code = "A", rate = "10" }, { code = "B", rate = "13" }, { code = "C", rate = "0" }, { code = "H", rate = "20" }"#;
        let buckets: Vec<Bucket> = groups("AT", written, Day::LAST)
            .into_iter()
            .map(|(_, bucket, _)| bucket)
            .collect();
        // Austrian law gives a rate of zero to several buckets and none to the letter C, so the rate decides.
        assert_eq!(
            buckets,
            [
                Bucket::Reduced,
                Bucket::SecondReduced,
                Bucket::Zero,
                Bucket::Standard
            ]
        );
        let moldovan = groups(
            "MD",
            r#"{ code = "B", rate = "8.00" }, { code = "C", rate = "12" }"#,
            Day::LAST,
        );
        assert_eq!(moldovan[0].1, Bucket::Reduced);
        assert_eq!(moldovan[1].1, Bucket::Standard);
    }
}
