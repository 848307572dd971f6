//! Finds the operation for a method and a path (docs/api/fiscalcloud.md).

use axum::http::Method;
use ferrotill_core::document::DocumentKind;
use uuid::Uuid;

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
    /// Opens the cash drawer.
    OpenDrawer,
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

/// The operation of a method and path. Paths match in any case.
pub(super) fn route(method: &Method, path: &str) -> Option<Operation> {
    let path = path.to_ascii_lowercase();
    let parts: Vec<&str> = path
        .strip_prefix("/api/v1/")?
        .trim_end_matches('/')
        .split('/')
        .collect();
    let post = match *method {
        Method::POST => true,
        Method::GET => false,
        _ => return None,
    };
    let create = |creation| Some(Operation::Create(creation));
    match (post, parts.as_slice()) {
        (true, ["operations", "sale"]) => create(Creation::Sale(SaleRoute::Sale)),
        (true, ["operations", "return"]) => create(Creation::Refund { as_receipt: true }),
        (true, ["returnreceipts"]) => create(Creation::Refund { as_receipt: false }),
        (true, ["operations", "closeday"]) => create(Creation::Report(Some(true))),
        (true, ["operations", "intermediatetotals"]) => create(Creation::Report(Some(false))),
        (true, ["receipts"]) => create(Creation::Sale(SaleRoute::Receipt)),
        (true, ["alternativereceipts"]) => create(Creation::Sale(SaleRoute::Alternative)),
        (true, ["cashoperations"]) => create(Creation::Cash),
        (true, ["reports"]) => create(Creation::Report(None)),
        (true, ["misc", "opencashdrawer"]) => Some(Operation::OpenDrawer),
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
