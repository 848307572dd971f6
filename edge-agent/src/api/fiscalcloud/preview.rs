//! What an order would make, without the agent: the faults of its body, and the paper of a sale.

use axum::http::Method;
use ferrotill_core::profile::{Facts, Profile};
use ferrotill_core::receipt::{LineTotals, Receipt, ReceiptKind, Rules, Scratch};
use ferrotill_core::refusal::{Faults, Place, Refusal};
use ferrotill_core::till::Wish;
use ferrotill_core::time::Moment;
use ferrotill_render::{PaperHeading, PaperWidth, rows};
use uuid::Uuid;

use super::context::{PointOfSaleChoice, RequestContext};
use super::create::read;
use super::paths::path_of;
use super::problem::fault_of;
use super::route::{Creation, Operation, route};
use crate::api::json::{FaultList, JsonValue};
use crate::api::lanes::WorkThread;
use crate::api::problem::Problem;
use crate::config::{Config, Device, adopt};
use crate::order::{OrderForm, OrderKind, WishRoom};
use crate::paper::{DocumentPaper, printed_seller};
use crate::time::clock::date_and_time;

/// What an order would make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderPreview {
    /// The rows of the paper of a sale; empty for every other document.
    pub paper: Vec<String>,
    /// The total of a sale in the currency, with all its decimals.
    pub total: Option<String>,
}

/// What a body that is posted to a path would make on a device at a time. Nothing is carried out, and the journal is not read: whether
/// the till accepts the order now, only the running agent knows.
///
/// # Errors
///
/// The [`Problem`] with every fault of the body.
pub fn preview(
    config: &Config,
    (profile, device): (&'static dyn Profile, &Device),
    path: &str,
    body: &[u8],
    at: Moment,
) -> Result<OrderPreview, Problem> {
    let Ok(Operation::Create(creation)) = route(&Method::POST, path) else {
        let message = format!("path: {path} makes no document");
        return Err(Problem::new("NotFound", message));
    };
    let context = RequestContext {
        device,
        bank_terminals: &config.bank_terminals,
        goods: &config.goods,
        mode: config.till.mode,
        profile,
        point_of_sale: PointOfSaleChoice::default(),
        own_id: Uuid::nil(),
        user: "",
    };
    let body = JsonValue::of_body(body, &WorkThread::without_connections())
        .map_err(|fault| Problem::from(&fault))?;
    let parsed = read(creation, Some(&body), context);
    if !parsed.faults.is_empty() {
        return Err(Problem::from(&parsed.faults));
    }
    let number_path = creation.number_path();
    match (creation, &parsed.form.kind) {
        (Creation::Sale(_), OrderKind::Sale { .. }) => {
            sale(config, context, (&parsed.form, number_path), at)
        }
        _ => Ok(OrderPreview::default()),
    }
}

/// The paper of a sale.
fn sale(
    config: &Config,
    context: RequestContext<'_>,
    (form, number_path): (&OrderForm, &str),
    at: Moment,
) -> Result<OrderPreview, Problem> {
    struct Keep<'d>(FaultList, &'d Device, &'d str);
    impl Faults for Keep<'_> {
        fn fault(&mut self, place: Place, refusal: Refusal) {
            let path = path_of(place, self.2);
            self.0.push(fault_of(&path, &refusal, self.1));
        }
    }
    let facts = context.profile.facts();
    let tables = adopt::configuration(context.device, facts).map_err(|error| {
        Problem::new(
            Refusal::ConfigurationInvalid.name(),
            format!("device: {error}"),
        )
    })?;
    let rules = Rules {
        facts,
        taxes: &tables.taxes,
        payments: &tables.payments,
        day: at.local_day(),
    };
    let mut room = WishRoom::default();
    let Wish::Sale(wish) = form.wish(false, &mut room) else {
        return Ok(OrderPreview::default());
    };
    let mut lines = vec![LineTotals::default(); facts.lines_max];
    let mut bytes = vec![0; RECEIPT_BYTES_MAX];
    let scratch = Scratch {
        lines: &mut lines,
        bytes: &mut bytes,
    };
    let mut kept = Keep(FaultList::default(), context.device, number_path);
    let computed = wish.compute(ReceiptKind::Sale, None, rules, scratch, &mut kept);
    let receipt = match computed {
        Ok(receipt) if kept.0.is_empty() => receipt,
        Ok(_) => return Err(Problem::from(&kept.0)),
        Err(refusal) if kept.0.is_empty() => {
            return Err(Problem::new(refusal.name(), format!("body: {refusal}")));
        }
        Err(_) => return Err(Problem::from(&kept.0)),
    };
    Ok(OrderPreview {
        paper: paper_of(&receipt, config, facts, at),
        total: Some(receipt.total.display(facts.currency).to_string()),
    })
}

/// The rows of the paper of a receipt that has no number yet.
fn paper_of(receipt: &Receipt<'_>, config: &Config, facts: &Facts, at: Moment) -> Vec<String> {
    let seller = printed_seller(&config.till.owner);
    let (date, time) = date_and_time(at);
    let heading = PaperHeading {
        title: "",
        number: "",
        seal: "",
        copy: false,
        date: &date,
        time: &time,
        seller: &seller,
    };
    let paper = DocumentPaper::of_receipt((receipt, &[]), heading, facts, None);
    let width = PaperWidth {
        columns: PREVIEW_COLUMNS,
        large: false,
        letters: &|text| text.chars().count(),
    };
    rows(&paper.blocks, width)
        .into_iter()
        .map(|row| row.text)
        .collect()
}

/// Room for the largest receipt that the limits of a body allow.
const RECEIPT_BYTES_MAX: usize = 1024 * 1024;
/// The number of letters in a row of a preview.
const PREVIEW_COLUMNS: usize = 42;
