//! Method and path to operation (docs/api/fiscalcloud.md).

use axum::http::Method;
use ferrotill_core::document::DocumentKind;
use uuid::Uuid;

/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Makes a document.
    Create(Creation),
    /// Lists documents of some kinds, short or whole.
    List { kinds: Kinds, full: bool },
    /// Reads a document of one of some kinds.
    Get { kinds: Kinds, id: Uuid },
    /// Lists the devices.
    Devices,
    /// Reads a device.
    Device(Uuid),
    /// Opens the drawer.
    OpenDrawer,
}

/// Kinds of documents, as the store names them.
pub(super) type Kinds = &'static [DocumentKind];

/// What a creating operation makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creation {
    /// A sale.
    Sale(SaleRoute),
    /// A return.
    Refund {
        /// The answer has the form of a receipt instead of its own.
        as_receipt: bool,
    },
    /// Cash in or out.
    Cash,
    /// A report: Z (true), X (false), or what the body says.
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
    /// The field that holds the series and number of an alternative receipt.
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
