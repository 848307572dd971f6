//! The families of the models that `docs/PRINTERS.md` names. A model that is not listed may be of any family.

/// The family of a model whose name belongs to exactly one family, as the printer reports it; `None` for any other name.
///
/// The name is compared without spaces and signs: `FP-700`, `FP700` and `fp 700` are the same. Models that stand under two names of
/// families in the makers' manuals, such as FP-650, are not in the table.
#[must_use]
pub fn family_of_model(name: &str) -> Option<&'static str> {
    let letters = |name: &str| -> Vec<u8> {
        let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_uppercase()).collect()
    };
    let asked = letters(name);
    MODELS
        .iter()
        .find(|(_, models)| models.iter().any(|model| letters(model) == asked))
        .map(|(family, _)| *family)
}

const MODELS: &[(&str, &[&str])] = &[
    ("datecs", &["FP-700", "FP-2000", "FMP-10", "SK1-21F"]),
    ("datecs-b", &["DP-05", "DP-15", "DP-25", "DP-35", "DP-150"]),
    (
        "datecs-x",
        &[
            "FP-700X", "FP-700XE", "FMP-350X", "FMP-55X", "DP-25X", "DP-150X", "DP-05C", "WP-50X",
            "WP-500X", "WP-25X",
        ],
    ),
    (
        "datecs-mx",
        &[
            "FP-700MX", "FMP-350", "DP-25MX", "DP-35MX", "DP-150MX", "WP-500",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::{MODELS, family_of_model};
    use crate::family::FAMILIES;

    #[test]
    fn each_model_stands_once_and_each_emulated_printer_is_of_its_own_family() {
        let mut all: Vec<&str> = MODELS
            .iter()
            .flat_map(|(_, models)| *models)
            .copied()
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        for protocol in FAMILIES {
            let family = family_of_model(protocol.model.name);
            assert!(
                family.is_none_or(|family| family == protocol.name),
                "{}",
                protocol.name
            );
        }
        assert_eq!(family_of_model("fp 700"), Some("datecs"));
        assert_eq!(family_of_model("FP-650"), None, "two families have it");
    }
}
