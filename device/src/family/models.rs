//! The families of the models that `docs/PRINTERS.md` names. A model that is not listed may be of any family.

/// The families that a model can be of, by the name that the printer reports; empty if the name is not known. The first one is the
/// most likely.
///
/// The name is compared without spaces and signs: `FP-700`, `FP700` and `fp 700` are the same. Models that stand under several
/// families in the makers' manuals, such as FP-650, are not in the table. The maker's manual for Romania names machines of MX
/// without `MX`: FP-700, DP-25, DP-35 and DP-150 can be such a machine too.
#[must_use]
pub fn families_of_model(name: &str) -> &'static [&'static str] {
    let letters = |name: &str| -> Vec<u8> {
        let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_uppercase()).collect()
    };
    let asked = letters(name);
    MODELS
        .iter()
        .find(|(_, models)| models.iter().any(|model| letters(model) == asked))
        .map_or(&[], |(families, _)| *families)
}

const MODELS: &[(&[&str], &[&str])] = &[
    (&["datecs"], &["FP-2000", "FMP-10", "SK1-21F"]),
    (&["datecs", "datecs-mx"], &["FP-700"]),
    (&["datecs-b"], &["DP-05", "DP-15"]),
    (&["datecs-b", "datecs-mx"], &["DP-25", "DP-35", "DP-150"]),
    (
        &["datecs-x"],
        &[
            "FP-700X", "FP-700XE", "FMP-350X", "FMP-55X", "DP-25X", "DP-150X", "DP-05C", "WP-50X",
            "WP-500X", "WP-25X",
        ],
    ),
    (
        &["datecs-mx"],
        &[
            "FP-700MX", "FMP-350", "DP-25MX", "DP-35MX", "DP-150MX", "WP-500",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::{MODELS, families_of_model};
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
            let families = families_of_model(protocol.model.name);
            assert!(
                families.is_empty() || families.contains(&protocol.name),
                "{}",
                protocol.name
            );
        }
        assert_eq!(families_of_model("fp 700"), ["datecs", "datecs-mx"]);
        assert_eq!(families_of_model("DP25"), ["datecs-b", "datecs-mx"]);
        assert!(families_of_model("FP-650").is_empty(), "it is not listed");
    }
}
