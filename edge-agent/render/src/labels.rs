//! The labels of the page on which a buyer reads a receipt. A shop may change those of uploaded receipts, so that they have names.
//!
//! The lists are the files of the folder `labels` in the syntax of Fluent, of which the build makes constants.

include!(concat!(env!("OUT_DIR"), "/label_lists.rs"));

/// The labels of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The language's ISO 639 code, with the ISO 15924 code of its letters if it is written in several.
    pub language: &'static str,
    labels: &'static [(&'static str, &'static str)],
}

impl Labels {
    /// The labels of every language.
    pub const ALL: &[Self] = LABEL_LISTS;

    /// The labels of a language; the English ones if the language is not known here. `uz` is Uzbek in Latin letters.
    #[must_use]
    pub fn of(language: &str) -> &'static Self {
        let language = if language == "uz" {
            "uz-Latn"
        } else {
            language
        };
        let found = Self::ALL.iter().find(|labels| labels.language == language);
        found.unwrap_or(ENGLISH_LABELS)
    }

    /// All labels with their names.
    #[must_use]
    pub const fn all(&self) -> &'static [(&'static str, &'static str)] {
        self.labels
    }

    /// The label with a name; the name itself if there is none.
    #[must_use]
    pub fn get<'n>(&self, name: &'n str) -> &'n str {
        let found = self.labels.iter().find(|(known, _)| *known == name);
        found.map_or(name, |(_, label)| label)
    }
}

#[cfg(test)]
mod tests {
    use super::Labels;

    #[test]
    fn there_are_labels_in_ten_languages() {
        let languages: Vec<&str> = Labels::ALL.iter().map(|labels| labels.language).collect();
        assert_eq!(
            languages,
            [
                "de", "en", "es", "fr", "it", "ro", "ru", "uk", "uz-Cyrl", "uz-Latn"
            ]
        );
        assert_eq!(Labels::of("fr").get("total"), "Total");
        assert_eq!(Labels::of("uz").language, "uz-Latn");
        assert_eq!(Labels::of("xx").get("total"), "Total");
        assert_eq!(Labels::of("de").get("nothing"), "nothing");
    }
}
