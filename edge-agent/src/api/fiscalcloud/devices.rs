//! Lists the devices and reads one device with its tables.

use std::sync::Arc;

use axum::response::Response;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::answer::{absent, date_time, row_number};
use super::documents::page_of;
use super::problem::{faulty, success, unprocessable, unreadable};
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::api::problem::Problem;
use crate::api::service::Service;
use crate::config::{BankTerminal, Device, RangeConfig};
use crate::object;
use crate::status::NUMBERS_SOON;
use ferrotill_store::{DeviceIdentity, UsedNumber};

/// `GET devices`.
///
/// The vendor's document has a time of creation that may not be null. The till does not know it, so the member is left out.
pub(super) fn list(service: &Service, query: &str) -> Response {
    let (start, count) = match page_of(query) {
        Ok((start, count)) => (start as usize, count as usize),
        Err(faults) => return faulty(&faults),
    };
    let devices = &service.settings.devices;
    let page = devices.iter().skip(start).take(count).map(|device| {
        object! {
            "id" => device.id,
            "name" => device.name.clone(),
            "serialNumber" => absent::text(serial_number(service, device)),
            "organizationName" => absent::text(service.settings.owner.organization_name.clone()),
            "isDeregistered" => false,
        }
    });
    success(object! {
        "data" => JsonValue::Array(page.collect()),
        "totalCount" => devices.len(),
    })
}

/// `GET devices/{deviceId}`.
pub(super) async fn one(service: &Arc<Service>, id: Uuid) -> Response {
    let Some(device) = service
        .settings
        .devices
        .iter()
        .find(|device| device.id == id)
    else {
        let message = "deviceId: this agent has no such device";
        return unprocessable(&Problem::new("NotFound", message));
    };
    let ranges = device.alternative_receipts_ranges.clone();
    let read = service.read(Lane::Lists, move |reader| {
        let used = ranges
            .iter()
            .map(|range| {
                range
                    .in_core()
                    .map_or(Ok(None), |range| reader.last_of_range(&range))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok((reader.last_number(id)?, used, reader.device_identity(id)?))
    });
    match read.await {
        Ok((last_number, used, identity)) => {
            success(dto(service, device, last_number, &used, identity))
        }
        Err(error) => unreadable(error),
    }
}

fn serial_number(service: &Service, device: &Device) -> Option<String> {
    Some(service.live_status.printer(device.id).serial).filter(|serial| !serial.is_empty())
}

/// The whole device as JSON; `used` contains the last used number of each of the device's ranges.
fn dto(
    service: &Service,
    device: &Device,
    last_number: u32,
    used: &[Option<UsedNumber>],
    identity: Option<DeviceIdentity>,
) -> JsonValue {
    let printer = service.live_status.printer(device.id);
    // A device without a registration number is known to the authority by its own id.
    let registration_number = identity
        .map(|identity| identity.fiscal_number)
        .filter(|number| *number != device.id.to_string());
    let owner = &service.settings.owner;
    object! {
        "id" => device.id,
        "name" => device.name.clone(),
        "serialNumber" => absent::text(serial_number(service, device)),
        "registrationNumber" => absent::text(registration_number),
        "model" => printer.model,
        "organizationName" => absent::text(owner.organization_name.clone()),
        "idnx" => absent::text(owner.idnx.clone()),
        "address" => absent::text(device.address.clone().or_else(|| owner.address.clone())),
        "subdivisionCode" => "",
        "mevKeyEncrypted" => "",
        "isFiscalized" => printer.fiscalised,
        "isDeregistered" => false,
        "fiscalizedDateTime" => JsonValue::Null,
        "deregisteredDateTime" => JsonValue::Null,
        "lastOperationNumber" => last_number,
        "logo" => JsonValue::Null,
        "useAlternativeReceipts" => device.use_alternative_receipts,
        "licenseData" => JsonValue::Null,
        "taxGroups" => tax_groups(service, device),
        "taxGroupsHistoryEntries" => JsonValue::Array(Vec::new()),
        "paymentTypes" => payment_types(device),
        "pointsOfSale" => points_of_sale(device, &service.settings.bank_terminals),
        "alternativeReceiptsRanges" => ranges(service, device, used),
    }
}

/// The tax groups with the rates of today.
fn tax_groups(service: &Service, device: &Device) -> JsonValue {
    let today = service.guard.now().local_day();
    let groups = device.tax_groups.iter().enumerate().map(|(index, group)| {
        let rate = group.rate_on(today);
        object! {
            "rowNumber" => row_number(index),
            "enabled" => rate.is_some(),
            "code" => group.code.to_string(),
            "rate" => rate.unwrap_or_default().display(),
        }
    });
    JsonValue::Array(groups.collect())
}

fn payment_types(device: &Device) -> JsonValue {
    let types = device.payment_types.iter().enumerate();
    let types = types.map(|(index, payment)| {
        object! {
            "rowNumber" => row_number(index),
            "code" => payment.code,
            "name" => payment.name.clone(),
            "enabled" => true,
            "openCashDrawer" => payment.open_cash_drawer,
        }
    });
    JsonValue::Array(types.collect())
}

fn points_of_sale(device: &Device, terminals: &[BankTerminal]) -> JsonValue {
    let ids = terminals.iter().map(|terminal| terminal.id.to_string());
    let ids: Vec<String> = ids.collect();
    let points = device.points_of_sale.iter().enumerate();
    let points = points.map(|(index, point)| {
        object! {
            "rowNumber" => row_number(index),
            "id" => point.id,
            "code" => point.code.clone(),
            "allowFreeSale" => true,
            "useBankTerminals" => !terminals.is_empty(),
            "bankTerminalsIDList" => ids.join(","),
        }
    });
    JsonValue::Array(points.collect())
}

/// The number ranges of alternative receipts, with the last used number of each.
fn ranges(service: &Service, device: &Device, used: &[Option<UsedNumber>]) -> JsonValue {
    let ranges = device.alternative_receipts_ranges.iter().zip(used);
    let ranges = ranges.enumerate().map(|(index, (range, last))| {
        let last_number = last.map_or(range.start.saturating_sub(1), |last| last.number);
        let left = range.end.saturating_sub(last_number);
        let expended = last.filter(|_| left == 0);
        let expended = expended.map(|last| date_time(service.clock.moment(last.at_ms)));
        object! {
            "fiscalDeviceId" => device.id,
            "rowNumber" => row_number(index),
            "id" => range_id(range),
            "dateExpended" => expended,
            "series" => range.series.clone(),
            "startNumber" => range.start,
            "endNumber" => range.end,
            "numberLength" => range.number_length,
            "willSoonBeExpended" => u64::from(left) <= NUMBERS_SOON,
            "expendedCompletely" => left == 0,
        }
    });
    JsonValue::Array(ranges.collect())
}

/// The id of a number range. The configuration gives a range no id, so it is made from the range's numbers: it is the same after a
/// restart, and on another device.
fn range_id(range: &RangeConfig) -> Uuid {
    let text = format!(
        "range {} {} {} {}",
        range.series, range.start, range.end, range.number_length
    );
    let digest = Sha256::digest(text);
    let bytes = digest.first_chunk().copied().unwrap_or_default();
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
