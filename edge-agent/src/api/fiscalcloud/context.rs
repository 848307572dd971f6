//! What the reader of a body needs to know: device, mode, law of the country.

use axum::http::HeaderMap;
use ferrotill_core::profile::Profile;
use uuid::Uuid;

use crate::api::json::{FaultList, RequestFault};
use crate::config::{Device, Mode};

/// The device, the mode and the law that the reader of a body needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestContext<'s> {
    pub(super) device: &'s Device,
    pub(super) mode: Mode,
    pub(super) profile: &'static dyn Profile,
    pub(super) point_of_sale: Uuid,
    /// The id of the request if its body gives none.
    pub(super) own_id: Uuid,
}

/// The point of sale that the headers name. A device with only one point of sale needs no header.
pub(super) fn point_of_sale(device: &Device, headers: &HeaderMap, faults: &mut FaultList) -> Uuid {
    let mut fault = |code, sentence: &str| {
        faults.push(RequestFault {
            path: "Api-PointOfSaleId".to_owned(),
            code,
            sentence: sentence.to_owned(),
        });
        Uuid::nil()
    };
    match headers
        .get("Api-PointOfSaleId")
        .map(|value| value.to_str().unwrap_or_default())
        .filter(|text| !text.is_empty())
    {
        Some(text) => Uuid::try_parse(text)
            .ok()
            .filter(|id| device.points_of_sale.iter().any(|point| point.id == *id))
            .unwrap_or_else(|| {
                fault(
                    "UnknownPointOfSale",
                    "is not a point of sale of this device",
                )
            }),
        None => match device.points_of_sale.as_slice() {
            [only] => only.id,
            _ => fault(
                "PointOfSaleMissing",
                "is needed, because this device has several points of sale",
            ),
        },
    }
}
