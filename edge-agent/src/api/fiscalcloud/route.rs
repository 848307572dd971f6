//! Finds the operation for a method and a path (docs/api/fiscalcloud.md).

use axum::http::Method;
use ferrotill_core::document::DocumentKind;
use uuid::Uuid;

use super::PREFIX;
use crate::config::Permission;

/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Makes a document of any kind.
    Create(Creation),
    /// Lists the documents of these kinds; `full` lists whole documents instead of their short form.
    List { kinds: Kinds, full: bool },
    /// Reads one document, which must be of one of these kinds.
    Get { kinds: Kinds, id: Uuid },
    /// Lists all devices.
    Devices,
    /// Reads the device with this id.
    Device(Uuid),
    /// Asks whether the open shift is shorter than 24 hours.
    AssureNo24h,
    /// Opens the cash drawer.
    OpenDrawer,
    /// Makes the paper of a document of one of these kinds again.
    Duplicate { kinds: Kinds, id: Uuid },
}

impl Operation {
    /// The permission that a client needs for the operation; `None` if the operation only reads.
    pub(super) const fn permission(self) -> Option<Permission> {
        match self {
            Self::Create(Creation::Sale(_) | Creation::Cash | Creation::Nonfiscal)
            | Self::OpenDrawer
            | Self::Duplicate { .. } => Some(Permission::Sell),
            Self::Create(Creation::Refund { .. }) => Some(Permission::Return),
            Self::Create(Creation::Report(_)) => Some(Permission::Report),
            Self::List { .. }
            | Self::Get { .. }
            | Self::Devices
            | Self::Device(_)
            | Self::AssureNo24h => None,
        }
    }
}

/// Kinds of documents, as the store names them.
pub(super) type Kinds = &'static [DocumentKind];

/// The kind of document that a creating operation makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creation {
    /// A sale.
    Sale(SaleRoute),
    /// A return.
    Refund {
        /// True if the answer has the form of a receipt instead of the form of a return.
        as_receipt: bool,
    },
    /// Cash is put into the drawer or taken out of it.
    Cash,
    /// A text that is no receipt of the tax law.
    Nonfiscal,
    /// A report: a Z-report if true, an X-report if false, and the type in the body if `None`.
    Report(Option<bool>),
}

/// The operations whose body is a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SaleRoute {
    /// `operations/sale`.
    Sale,
    /// `receipts`.
    Receipt,
    /// `alternativereceipts`.
    Alternative,
}

impl Creation {
    /// The path of the field with series and number of an alternative receipt.
    pub(super) const fn number_path(self) -> &'static str {
        match self {
            Self::Sale(SaleRoute::Alternative) => "seriesAndNumber",
            _ => "alternativeReceiptSeriesAndNumber",
        }
    }
}

const SALES: Kinds = &[DocumentKind::Sale];
const ALTERNATIVES: Kinds = &[DocumentKind::AlternativeSale];
const REFUNDS: Kinds = &[DocumentKind::Refund];
const REPORTS: Kinds = &[DocumentKind::XReport, DocumentKind::ZReport];
const CASH: Kinds = &[DocumentKind::CashIn, DocumentKind::CashOut];

/// Why a method and a path are no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoOperation {
    /// No operation has this path.
    UnknownPath,
    /// The path would be that of an operation if its last part were a UUID.
    NotAUuid,
    /// Operations with this path have other methods.
    WrongMethod {
        /// The methods that they have.
        allowed: &'static str,
        /// True if one of them makes a document.
        creates: bool,
    },
}

/// The operation of a method and path. Paths match in any case.
pub(super) fn route(method: &Method, path: &str) -> Result<Operation, NoOperation> {
    let path = path.to_ascii_lowercase();
    let path = path
        .strip_prefix(PREFIX)
        .and_then(|path| path.strip_prefix('/'));
    let path = path.ok_or(NoOperation::UnknownPath)?;
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let (get, post) = (operation(false, &parts), operation(true, &parts));
    let creates = matches!(post, Some(Operation::Create(_)));
    let allowed = match (get, post) {
        (None, None) => {
            return Err(match (method, parts.as_slice()) {
                (&Method::GET, [group, _]) if *group == "devices" || kinds(group).is_some() => {
                    NoOperation::NotAUuid
                }
                (
                    &Method::POST,
                    [
                        "receipts" | "alternativereceipts" | "reports" | "cashoperations",
                        _,
                        "duplicate",
                    ],
                ) => NoOperation::NotAUuid,
                _ => NoOperation::UnknownPath,
            });
        }
        (Some(_), None) => "GET",
        (None, Some(_)) => "POST",
        (Some(_), Some(_)) => "GET, POST",
    };
    let found = match *method {
        Method::POST => post,
        Method::GET => get,
        _ => None,
    };
    found.ok_or(NoOperation::WrongMethod { allowed, creates })
}

/// The operation of the parts of a path, with POST or with GET.
fn operation(post: bool, parts: &[&str]) -> Option<Operation> {
    let create = |creation| Some(Operation::Create(creation));
    match (post, parts) {
        (true, ["operations", "sale"]) => create(Creation::Sale(SaleRoute::Sale)),
        (true, ["operations", "return"]) => create(Creation::Refund { as_receipt: true }),
        (true, ["returnreceipts"]) => create(Creation::Refund { as_receipt: false }),
        (true, ["operations", "closeday"]) => create(Creation::Report(Some(true))),
        (true, ["operations", "intermediatetotals"]) => create(Creation::Report(Some(false))),
        (true, ["receipts"]) => create(Creation::Sale(SaleRoute::Receipt)),
        (true, ["alternativereceipts"]) => create(Creation::Sale(SaleRoute::Alternative)),
        (true, ["cashoperations"]) => create(Creation::Cash),
        (true, ["nonfiscalreceipts"]) => create(Creation::Nonfiscal),
        (true, ["reports"]) => create(Creation::Report(None)),
        (true, ["misc", "opencashdrawer"]) => Some(Operation::OpenDrawer),
        (
            true,
            [
                group @ ("receipts" | "alternativereceipts" | "reports" | "cashoperations"),
                id,
                "duplicate",
            ],
        ) => {
            let (kinds, id) = kinds(group).zip(Uuid::try_parse(id).ok())?;
            Some(Operation::Duplicate { kinds, id })
        }
        (false, ["devices", "assureno24h"]) => Some(Operation::AssureNo24h),
        (false, ["devices"]) => Some(Operation::Devices),
        (false, ["devices", id]) => Uuid::try_parse(id).ok().map(Operation::Device),
        (false, [group]) => kinds(group).map(|kinds| Operation::List { kinds, full: false }),
        (false, [group, "full"]) => kinds(group).map(|kinds| Operation::List { kinds, full: true }),
        (false, [group, id]) => {
            let (kinds, id) = kinds(group).zip(Uuid::try_parse(id).ok())?;
            Some(Operation::Get { kinds, id })
        }
        _ => None,
    }
}

fn kinds(group: &str) -> Option<Kinds> {
    match group {
        "receipts" => Some(SALES),
        "alternativereceipts" => Some(ALTERNATIVES),
        "returnreceipts" => Some(REFUNDS),
        "reports" => Some(REPORTS),
        "cashoperations" => Some(CASH),
        _ => None,
    }
}
