//! `[[goods]]`: what a fiscal module receives about goods, for the APIs whose items do not say it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::reader::{Reader, Section};
use super::values::{used_twice, uuid};
use crate::order::goods::GoodFacts;

/// What a fiscal module receives about goods, by the ids of the goods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoodsTable {
    /// In the order of the ids. The routes have the same list as the configuration, because it may be long.
    goods: Arc<[(Uuid, GoodFacts)]>,
}

impl GoodsTable {
    /// What a module receives about a good; `None` if the table does not have it.
    #[must_use]
    pub fn of(&self, id: Uuid) -> Option<&GoodFacts> {
        let place = self.goods.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.goods.get(place).map(|(_, good)| good)
    }

    /// True if the table has no good.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.goods.is_empty()
    }
}

/// Reads the tables `[[goods]]`.
pub(super) fn goods(
    reader: &mut Reader,
    root: &Section<'_>,
    serve: Option<&[String]>,
) -> GoodsTable {
    let mut goods: Vec<(Uuid, GoodFacts)> = Vec::new();
    let mut ids = BTreeSet::new();
    // Most goods have one of a few units, whose names are kept once.
    let mut units = BTreeMap::<String, Arc<str>>::new();
    for section in reader.children(root, SECTION) {
        let id = uuid(reader, &section, "good_id");
        if !id.is_nil() && !ids.insert(id) {
            used_twice(reader, &section, "good_id", &id, "good");
        }
        let class_code = class_code(reader, &section);
        let package_code = package_code(reader, &section);
        let owner_type = reader.number(&section, "owner_type");
        let unit = reader.text(&section, "unit").map(|found| found.value);
        let unit = unit.unwrap_or_default();
        let unit = units
            .entry(unit)
            .or_insert_with_key(|unit| Arc::from(unit.as_str()));
        goods.push((
            id,
            GoodFacts {
                class_code: class_code.unwrap_or_default(),
                package_code: package_code.unwrap_or_default().into(),
                owner_type: owner_type.unwrap_or_default(),
                unit: Arc::clone(unit),
            },
        ));
    }
    let is_served = serve.is_some_and(|names| names.iter().any(|name| name == API));
    if !goods.is_empty() && !is_served {
        reader.warn(
            &root.place_of(SECTION),
            SECTION.to_owned(),
            format!("is written, and the till does not serve {API}, the only API that needs it"),
            format!("add {API:?} to serve of [api], or remove the goods"),
        );
    }
    goods.sort_unstable_by_key(|(id, _)| *id);
    GoodsTable {
        goods: goods.into(),
    }
}

fn class_code(reader: &mut Reader, section: &Section<'_>) -> Option<u64> {
    let found = reader.text(section, "class_code")?;
    let code = GoodFacts::class_code_of(&found.value);
    if code.is_none() {
        reader.fault(
            &found.place,
            section.path_of("class_code"),
            format!("is {:?}", found.value),
            "write the 17 digits of the code without blanks, such as \"01905001001000000\"",
        );
    }
    code
}

fn package_code(reader: &mut Reader, section: &Section<'_>) -> Option<String> {
    let found = reader.text(section, "package_code")?;
    if !GoodFacts::is_package_code(&found.value) {
        reader.fault(
            &found.place,
            section.path_of("package_code"),
            format!("is {:?}", found.value),
            "write 1 to 20 digits, such as \"1282556\"",
        );
        return None;
    }
    Some(found.value)
}

/// The name of the section.
pub(super) const SECTION: &str = "goods";
/// The API whose items say nothing but the id of a good.
const API: &str = "fiscalcloud";
