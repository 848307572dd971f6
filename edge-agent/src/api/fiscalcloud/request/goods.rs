//! What a fiscal module is told of the goods of a sale or a return, where a module seals. The items of this API have only the id of a good.

use ferrotill_core::document::Body;
use ferrotill_store::{StoreError, StoredDocument};
use uuid::Uuid;

use super::parsed::Parsed;
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::json::{Fields, RequestFault};
use crate::order::goods::{GoodFacts, told_goods_of};
use crate::order::{OrderKind, OrderLine, goods_of};

/// What a module is told of the good of an item, as far as the configuration says it. An item of a sale without it is a fault; an item of a
/// return may have it from the sale, see [`complete_goods`].
pub(super) fn goods_of_item(
    fields: &mut Fields<'_, '_>,
    good_id: Option<Uuid>,
    (context, refund): (RequestContext<'_>, bool),
) -> Option<GoodFacts> {
    let table = context.module_goods()?;
    let found = good_id.and_then(|id| table.of(id)).cloned();
    if found.is_none() && !refund {
        let path = fields.path("goodId");
        // An id that cannot be read has been reported already.
        if fields.faults().iter().all(|fault| fault.path != path) {
            fields.fault("goodId", CLASS_CODE_MISSING, sentence(good_id));
        }
    }
    found
}

/// Decides what the module is told of the goods of a sale or a return: of goods that are given back, what it was told at their sale. `sold`
/// reads a sale. Every item of which nothing is known is a fault.
pub(in crate::api::fiscalcloud) fn complete_goods(
    parsed: &mut Parsed,
    sold: impl FnOnce(Uuid) -> Result<Option<StoredDocument>, StoreError>,
) {
    let Parsed {
        form,
        faults,
        goods,
        ..
    } = parsed;
    match &form.kind {
        OrderKind::Sale { .. } => {}
        OrderKind::Refund { original, draft } => match sold(*original) {
            Ok(document) => {
                let sale = document.as_ref().map(SoldGoods::of).unwrap_or_default();
                for (line, good) in draft.lines.iter().zip(goods.iter_mut()) {
                    if let Some(told) = sale.of_line(line) {
                        *good = Some(told.clone());
                    }
                }
            }
            Err(error) => faults.push(RequestFault {
                path: "originalReceiptId".to_owned(),
                code: "BooksUnreadable",
                sentence: format!("cannot be looked up: {error}; repeat the request"),
            }),
        },
        _ => return,
    }
    if let OrderKind::Refund { draft, .. } = &form.kind {
        for (place, (line, good)) in draft.lines.iter().zip(goods.iter()).enumerate() {
            let path = format!("items[{place}].goodId");
            if good.is_none() && faults.iter().all(|fault| fault.path != path) {
                faults.push(RequestFault {
                    path,
                    code: CLASS_CODE_MISSING,
                    sentence: sentence(line.copied.good.map(Uuid::from_bytes)),
                });
            }
        }
    }
    let all: Option<Vec<GoodFacts>> = goods.iter().cloned().collect();
    if let Some(goods) = all {
        form.set_goods(goods);
    }
}

/// The goods of a sale: of each line its name, the id that the caller gave, and what the module was told.
#[derive(Default)]
struct SoldGoods(Vec<(String, Option<Uuid>, Option<GoodFacts>)>);

impl SoldGoods {
    fn of(document: &StoredDocument) -> Self {
        let Some(reserved) = document.reserved() else {
            return Self::default();
        };
        let Body::Receipt(receipt) = &reserved.body else {
            return Self::default();
        };
        let ids = goods_of(reserved.annex).into_iter();
        let told = told_goods_of(reserved.annex).into_iter();
        let mut ids = ids.chain(std::iter::repeat(None));
        let mut told = told.chain(std::iter::repeat(None));
        let lines = receipt.lines.iter().map(|line| {
            let (id, told) = (ids.next().flatten(), told.next().flatten());
            (line.name.to_owned(), id, told)
        });
        Self(lines.collect())
    }

    /// What the module was told of a line that is given back: of the sold line with its id, or of the one with its name. `None` if there is
    /// none, or if there are several that differ and the line names none of them by its position.
    fn of_line(&self, line: &OrderLine) -> Option<&GoodFacts> {
        let id = line.copied.good.map(Uuid::from_bytes);
        let is_meant = |(name, sold, _): &&(String, Option<Uuid>, Option<GoodFacts>)| match id {
            Some(id) => *sold == Some(id),
            None => name == line.name.as_str(),
        };
        let position = line.copied.position.map(usize::from);
        let named = position.and_then(|position| self.0.get(position));
        if let Some((_, _, told)) = named.filter(is_meant) {
            return told.as_ref();
        }
        let mut meant = self.0.iter().filter(is_meant).map(|(_, _, told)| told);
        let first = meant.next()?;
        meant
            .all(|other| other == first)
            .then_some(first.as_ref())
            .flatten()
    }
}

fn sentence(good_id: Option<Uuid>) -> String {
    match good_id {
        Some(id) => format!(
            "is {id}, and [[goods]] has no good with this id, so the class code is not known; add the good to the configuration"
        ),
        None => {
            "is needed, because [[goods]] has the class code by the id of the good; give the id"
                .to_owned()
        }
    }
}

/// The error type of an item whose class code is not known.
pub(in crate::api::fiscalcloud) const CLASS_CODE_MISSING: &str = "ClassCodeMissing";
