// What the words of all pages have in common. It is included beside the structure that the build makes.

/// The names of the languages, each in its own language, in the order in which they are offered.
pub const LANGUAGES: [(&str, &str); 6] = [
    ("ro", "Română"),
    ("ru", "Русский"),
    ("uk", "Українська"),
    ("uz", "Oʻzbekcha"),
    ("de", "Deutsch"),
    ("en", "English"),
];

impl Words {
    /// The words of a language such as `ro` or `de-AT`; `None` if there is no list of it.
    #[must_use]
    pub fn known(language: &str) -> Option<&'static Self> {
        let language = language.to_ascii_lowercase();
        // Uzbek is offered in Latin letters only.
        let wanted = language.split('-').next().unwrap_or_default();
        WORD_LISTS
            .iter()
            .find(|words| words.language.split('-').next() == Some(wanted))
    }

    /// The words of the first known language of `Accept-Language`.
    #[must_use]
    pub fn accepted(accepted: &str) -> Option<&'static Self> {
        accepted
            .split(',')
            .take(10)
            .find_map(|language| Self::known(language.split(';').next()?.trim()))
    }

    /// The English words.
    #[must_use]
    pub fn english() -> &'static Self {
        Self::known("en").unwrap_or(&WORD_LISTS[0])
    }

    /// The short code of the language, as links have it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.language.split('-').next().unwrap_or_default()
    }
}

/// A word with its variables in place.
#[must_use]
pub fn filled(word: &str, values: &[(&str, &str)]) -> String {
    let mut text = word.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{${name}}}"), value);
    }
    text
}
