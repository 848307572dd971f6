//! The words of the dashboard in each language.
//!
//! The lists are files in the syntax of Fluent; the build makes the structure and its constants of them, so that nothing is read at run
//! time. A list without one of the words, or with another one, does not compile.

include!(concat!(env!("OUT_DIR"), "/ui_words.rs"));

include!("../../../render/page_words.rs");

impl Words {
    /// The words for a person: `chosen` by a link, else those that the till is set to, else the first known language of
    /// `Accept-Language`, else those of the country.
    #[must_use]
    pub fn choose(
        chosen: Option<&str>,
        set: Option<&str>,
        accepted: &str,
        of_country: &str,
    ) -> &'static Self {
        chosen
            .and_then(Self::known)
            .or_else(|| set.and_then(Self::known))
            .or_else(|| Self::accepted(accepted))
            .or_else(|| Self::known(of_country))
            .unwrap_or_else(Self::english)
    }
}

#[cfg(test)]
mod tests {
    use super::{LANGUAGES, WORD_LISTS, Words, filled};

    #[test]
    fn the_language_is_chosen_by_link_till_browser_and_country() {
        let chosen = |link, till, browser| Words::choose(link, till, browser, "ro").code();
        assert_eq!(chosen(Some("uk"), Some("de"), "en"), "uk");
        assert_eq!(chosen(Some("xx"), Some("de"), "en"), "de");
        assert_eq!(chosen(None, None, "fr-FR, ru;q=0.8, en"), "ru");
        assert_eq!(chosen(None, Some("uz-Cyrl"), ""), "uz");
        assert_eq!(chosen(None, None, "fr"), "ro");
    }

    #[test]
    fn every_language_is_offered_and_is_there() {
        assert_eq!(LANGUAGES.len(), WORD_LISTS.len());
        for (code, _) in LANGUAGES {
            assert!(Words::known(code).is_some(), "{code}");
        }
    }

    #[test]
    fn variables_are_filled_in() {
        for words in &WORD_LISTS {
            let text = filled(words.locked, &[("minutes", "15")]);
            assert!(text.contains("15") && !text.contains('{'), "{text}");
        }
    }
}
