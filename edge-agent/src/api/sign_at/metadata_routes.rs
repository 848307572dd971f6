//! `…/metadata`: reads and changes the data that a caller keeps with a resource.

use std::sync::Arc;

use ferrotill_core::event::ResourceKind;

use super::metadata::{checked, details_with, merged, of_details};
use super::problem::{Failure, REGISTER, UNIT};
use super::receipts;
use super::registers::register;
use super::route::MetadataOf;
use super::units::unit;
use crate::api::json::JsonValue;
use crate::api::service::Service;
use crate::order::resource::{ReceiptNote, ResourceChange, ResourceWish};
use crate::order::storable;

pub(super) async fn get(service: &Arc<Service>, of: &MetadataOf) -> Result<JsonValue, Failure> {
    match of {
        MetadataOf::Unit(id) => Ok(of_details(&unit(service, *id)?.details)),
        MetadataOf::Register(id) => Ok(of_details(&register(service, *id)?.details)),
        MetadataOf::Receipt { register, receipt } => {
            let receipt = receipts::get(service, *register, receipt).await?;
            Ok(receipt.get("metadata").cloned().unwrap_or(JsonValue::Null))
        }
    }
}

pub(super) async fn patch(
    service: &Arc<Service>,
    of: &MetadataOf,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let deadline = service.deadline(service.settings.answer_timeout);
    let body = checked(body, "metadata")?;
    let (kind, id, details, what) = match of {
        MetadataOf::Unit(id) => {
            let details = unit(service, *id)?.details;
            (ResourceKind::SignatureUnit, *id, details, UNIT)
        }
        MetadataOf::Register(id) => {
            let details = register(service, *id)?.details;
            (ResourceKind::CashRegister, *id, details, REGISTER)
        }
        MetadataOf::Receipt { register, receipt } => {
            let (id, old) = receipts::metadata_of(service, *register, receipt).await?;
            let all = checked(&merged(Some(&old), &body), "metadata")?;
            let note = ReceiptNote {
                device: *register,
                id,
                note: storable(&all.to_string(), None),
            };
            Failure::of_outcome(service.note_receipt(note, deadline).await, "the receipt")?;
            return get(service, of).await;
        }
    };
    let wish = ResourceWish {
        kind,
        id,
        change: ResourceChange::Replace(details_with(&details, &body)?),
    };
    Failure::of_outcome(service.change_resource(wish, deadline).await, what)?;
    match of {
        MetadataOf::Register(id) => Ok(of_details(&register(service, *id)?.details)),
        _ => Ok(of_details(&unit(service, id)?.details)),
    }
}
