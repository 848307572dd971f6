//! Reads the body of a report.

use super::echoed::EchoedFields;
use super::parsed::Parsed;
use super::shared::base;
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::order::OrderKind;

/// Reads the order of a report. The path decides the type for `closeday` and `intermediatetotals`; for `reports` the body
/// contains the type.
pub(in crate::api::fiscalcloud) fn report(
    body: &JsonValue,
    z: Option<bool>,
    context: RequestContext<'_>,
) -> Parsed {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let head = base(&mut fields);
    // Only these two operations ask the bank terminals.
    let mut echoed = EchoedFields::default();
    echoed.terminals.with_report = z.is_some();
    // A client that fills in defaults would send the position 0, and close the day.
    let z = z.or_else(|| {
        let chosen = fields.named("type", &[("ZReport", true), ("XReport", false)]);
        if fields.member("type").is_none() {
            fields.fault("type", "Missing", "is needed; give ZReport or XReport");
        }
        chosen
    });
    fields.finish();
    echoed.parsed(
        OrderKind::Report {
            z: z.unwrap_or(false),
        },
        head,
        faults,
        context,
    )
}
