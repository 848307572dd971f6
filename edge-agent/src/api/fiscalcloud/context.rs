//! What the reader of a body needs to know: device, mode, law of the country.

use axum::http::HeaderMap;
use ferrotill_core::facts::SealPlan;
use ferrotill_core::profile::Profile;
use uuid::Uuid;

use crate::api::json::{FaultList, RequestFault};
use crate::config::{BankTerminal, Device, GoodsTable, Mode};

/// The device, the mode and the law that the reader of a body needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestContext<'s> {
    pub(super) device: &'s Device,
    pub(super) bank_terminals: &'s [BankTerminal],
    /// What a fiscal module is told of goods.
    pub(super) goods: &'s GoodsTable,
    pub(super) mode: Mode,
    pub(super) profile: &'static dyn Profile,
    pub(super) point_of_sale: PointOfSaleChoice,
    /// The id of the request if its body gives none.
    pub(super) own_id: Uuid,
    /// The name of the seller.
    pub(super) user: &'s str,
}

impl<'s> RequestContext<'s> {
    /// What the fiscal module that seals is told of goods; `None` if no module seals.
    pub(super) fn module_goods(&self) -> Option<&'s GoodsTable> {
        let is_sealed_by_module = self.profile.facts().seal_plan == SealPlan::FiscalModule;
        is_sealed_by_module.then_some(self.goods)
    }
}

/// The point of sale of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PointOfSaleChoice {
    /// The point of sale that the request names, if it names one.
    pub(super) said: Option<Uuid>,
    /// The point of sale of the document: the named one, or the only one of the device.
    pub(super) used: Uuid,
}

/// The point of sale of a request with these headers. A device with only one point of sale needs no header.
pub(super) fn point_of_sale(
    device: &Device,
    headers: &HeaderMap,
    faults: &mut FaultList,
) -> PointOfSaleChoice {
    let mut fault = |code, sentence: &str| {
        faults.push(RequestFault {
            path: "Api-PointOfSaleId".to_owned(),
            code,
            sentence: sentence.to_owned(),
        });
        Uuid::nil()
    };
    let named = headers
        .get("Api-PointOfSaleId")
        .map(|value| value.to_str().unwrap_or_default())
        .filter(|text| !text.is_empty());
    let said = named.and_then(|text| Uuid::try_parse(text).ok());
    let used = match (named, device.points_of_sale.as_slice()) {
        (Some(_), points) => said
            .filter(|id| points.iter().any(|point| point.id == *id))
            .unwrap_or_else(|| {
                fault(
                    "UnknownPointOfSale",
                    "is not a point of sale of this device",
                )
            }),
        (None, [only]) => only.id,
        (None, _) => fault(
            "PointOfSaleMissing",
            "is needed, because this device has several points of sale",
        ),
    };
    PointOfSaleChoice { said, used }
}
