//! What a fiscal module is told of goods beside name, price and tax.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{ModuleRequest, OrderForm};

/// What a fiscal module is told of a good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodFacts {
    /// The code of the good in the state's catalogue; it has [`GoodFacts::CLASS_DIGITS`] digits, which may begin with 0.
    pub class_code: u64,
    /// The code of the package: 1 to [`GoodFacts::PACKAGE_DIGITS_MAX`] digits, which may begin with 0.
    pub package_code: Box<str>,
    /// 0 for goods that were bought, 1 for goods of the shop's own production, 2 for a service.
    pub owner_type: u8,
    /// The name of the unit in which the good is counted.
    pub unit: Arc<str>,
}

impl GoodFacts {
    /// The number of digits of a class code.
    pub const CLASS_DIGITS: usize = 17;
    /// The largest number of digits of a package code.
    pub const PACKAGE_DIGITS_MAX: usize = 20;

    /// The class code of a text; `None` if the text has another form.
    #[must_use]
    pub fn class_code_of(text: &str) -> Option<u64> {
        let fits = text.len() == Self::CLASS_DIGITS && is_digits(text);
        text.parse().ok().filter(|_| fits)
    }

    /// Whether a text is a package code.
    #[must_use]
    pub fn is_package_code(text: &str) -> bool {
        text.len() <= Self::PACKAGE_DIGITS_MAX && is_digits(text)
    }

    /// The class code with all its digits.
    #[must_use]
    pub fn class_digits(&self) -> String {
        format!("{:0width$}", self.class_code, width = Self::CLASS_DIGITS)
    }

    /// The facts as the journal keeps them. Codes have points between their digits, because the journal hides long numbers.
    #[must_use]
    pub fn kept(&self) -> Value {
        json!({
            "class_code": with_points(&self.class_digits()),
            "package_code": with_points(&self.package_code),
            "owner_type": self.owner_type,
            "unit": &*self.unit,
        })
    }

    /// The facts in a value that the journal keeps.
    fn of_kept(kept: &Value) -> Option<Self> {
        let text = |name: &str| kept.get(name).and_then(Value::as_str);
        let code = |name: &str| text(name).map(|code| code.replace('.', ""));
        let owner_type = kept.get("owner_type").and_then(Value::as_u64)?;
        Some(Self {
            class_code: Self::class_code_of(&code("class_code")?)?,
            package_code: code("package_code")?.into(),
            owner_type: u8::try_from(owner_type).ok()?,
            unit: text("unit")?.into(),
        })
    }
}

impl OrderForm {
    /// Sets what the fiscal module receives about the goods, one for each line of the order. The journal keeps it.
    pub fn set_goods(&mut self, goods: Vec<GoodFacts>) {
        let mut found: Map<String, Value> = serde_json::from_str(&self.found).unwrap_or_default();
        let kept = goods.iter().map(GoodFacts::kept).collect();
        found.insert("goods".to_owned(), kept);
        self.found = Value::Object(found).to_string();
        self.said.module_request = Some(ModuleRequest::OfReceipt(goods));
    }
}

/// What a fiscal module was told of the goods of a document, line by line, from the annex that the journal stores with the document.
/// Empty if the annex has no such list.
#[must_use]
pub fn told_goods_of(annex: &[u8]) -> Vec<Option<GoodFacts>> {
    let annex: Value = serde_json::from_slice(annex).unwrap_or_default();
    let goods = annex.get(1).and_then(|found| found.get("goods"));
    let goods = goods.and_then(Value::as_array);
    goods.map_or_else(Vec::new, |goods| {
        goods.iter().map(GoodFacts::of_kept).collect()
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A text with a point after each sixth digit of a run of digits.
#[must_use]
pub fn with_points(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0_u32;
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            if run > 0 && run.is_multiple_of(6) {
                out.push('.');
            }
            run = run.saturating_add(1);
        } else {
            run = 0;
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{GoodFacts, told_goods_of, with_points};
    use crate::order::storable;

    #[test]
    fn a_code_of_goods_is_kept_whole() {
        assert_eq!(with_points("03304999031000001"), "033049.990310.00001");
        assert_eq!(with_points("a1b"), "a1b");
    }

    #[test]
    fn what_was_told_of_goods_comes_back_from_the_journal() {
        let good = GoodFacts {
            class_code: 1_905_001_001_000_000,
            package_code: "12345678901234567890".into(),
            owner_type: 2,
            unit: "litr".into(),
        };
        assert_eq!(good.class_digits(), "01905001001000000");
        let found = serde_json::json!({ "user": "pos", "goods": [good.kept()] });
        let annex = format!("[null,{}]", storable(&found.to_string(), None));
        assert_eq!(told_goods_of(annex.as_bytes()), [Some(good)]);
        assert_eq!(told_goods_of(b"[null,null]"), []);
    }

    #[test]
    fn codes_have_digits_alone() {
        assert_eq!(
            GoodFacts::class_code_of("00000000000000001"),
            Some(1),
            "zeros in front count"
        );
        for wrong in [
            "",
            "0190500100100000",
            "019050010010000000",
            "0190500 001000000",
        ] {
            assert_eq!(GoodFacts::class_code_of(wrong), None, "{wrong}");
        }
        assert!(GoodFacts::is_package_code("0"));
        for wrong in ["", "12a", "123456789012345678901"] {
            assert!(!GoodFacts::is_package_code(wrong), "{wrong}");
        }
    }
}
