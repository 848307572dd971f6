//! The differences between ESC/POS printers: the numbers of their code pages, the width of their paper, the knife.
//!
//! The numbers are no standard: 46 is Windows-1251 on an Epson and CP856 on a Rongta.
//! They come from Epson's reference (ESC t), `docs/protocols/escpos.md`, and the public printer database of python-escpos;
//! only the pages that this crate knows are listed. The test slip of the driver shows the pages of a real printer.

use super::codepage::table::CodePage;

/// One kind of receipt printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscposProfile {
    /// The name of the profile in an address.
    pub name: &'static str,
    /// The code pages of the printer and their numbers, the preferred page first.
    pub pages: &'static [(u8, CodePage)],
    /// The number of letters of a line in font A.
    pub columns: usize,
    /// The number of dots of a line.
    pub width_dots: usize,
    /// Whether the printer has a knife.
    pub knife: bool,
    /// The models of this kind, as they report themselves. Only models whose pages a source names stand here.
    pub models: &'static [&'static str],
}

impl EscposProfile {
    /// Every profile; the first one is the usual one.
    pub const ALL: &[Self] = &[
        Self {
            name: "epson",
            pages: EPSON,
            columns: 48,
            width_dots: 576,
            knife: true,
            // The last one is the emulated printer.
            models: &["TM-T20II", "TM-m30III", "RP-80 emulated"],
        },
        Self {
            name: "tm-t88v",
            pages: EPSON,
            columns: 42,
            width_dots: 512,
            knife: true,
            models: &["TM-T88V"],
        },
        Self {
            name: "tm-t88iv",
            pages: OLD_EPSON,
            columns: 42,
            width_dots: 512,
            knife: true,
            models: &["TM-T88IV"],
        },
        Self {
            name: "epson-58",
            pages: EPSON,
            columns: 32,
            width_dots: 384,
            knife: true,
            models: &[],
        },
        // The European model has only one Windows page, 1252.
        Self {
            name: "tm-t20iii",
            pages: OLD_EPSON,
            columns: 48,
            width_dots: 576,
            knife: true,
            models: &["TM-T20III"],
        },
        Self {
            name: "rp326",
            pages: &[
                (6, CodePage::Cp1251),
                (30, CodePage::Cp1250),
                (16, CodePage::Cp1252),
                (7, CodePage::Cp866),
                (18, CodePage::Cp852),
                (28, CodePage::Cp855),
                (19, CodePage::Cp858),
                (2, CodePage::Cp850),
                (0, CodePage::Cp437),
            ],
            columns: 48,
            width_dots: 576,
            knife: true,
            models: &["RP326"],
        },
        Self {
            name: "nt-5890k",
            pages: &[
                (73, CodePage::Cp1251),
                (72, CodePage::Cp1250),
                (71, CodePage::Cp1252),
                (59, CodePage::Cp866),
                (54, CodePage::Cp852),
                (60, CodePage::Cp855),
                (53, CodePage::Cp858),
                (2, CodePage::Cp850),
                (0, CodePage::Cp437),
            ],
            columns: 32,
            width_dots: 384,
            knife: false,
            models: &["NT-5890K"],
        },
        // This profile is for a printer with unknown pages: all letters are replaced by ASCII.
        Self {
            name: "ascii",
            pages: &[],
            columns: 42,
            width_dots: 512,
            knife: true,
            models: &[],
        },
    ];

    /// The names of all profiles, for people.
    pub const NAMES: &str =
        "`epson`, `tm-t88v`, `tm-t88iv`, `epson-58`, `tm-t20iii`, `rp326`, `nt-5890k`, `ascii`";

    /// The usual profile.
    pub const USUAL: Self = match Self::ALL {
        [first, ..] => *first,
        [] => unreachable!(),
    };

    /// The profile of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|profile| profile.name == name)
            .copied()
    }

    /// The profile of a printer that reports itself with this model; `None` if no source names the pages of the model.
    #[must_use]
    pub fn of_model(model: &str) -> Option<Self> {
        let is_known = |known: &&str| known.eq_ignore_ascii_case(model.trim());
        Self::ALL
            .iter()
            .find(|profile| profile.models.iter().any(is_known))
            .copied()
    }

    /// The pages of the profile without their numbers, the preferred one first.
    #[must_use]
    pub fn code_pages(&self) -> Vec<CodePage> {
        self.pages.iter().map(|(_, page)| *page).collect()
    }

    /// The printer's number of a page.
    #[must_use]
    pub fn number_of(&self, page: CodePage) -> Option<u8> {
        self.pages
            .iter()
            .find(|(_, known)| *known == page)
            .map(|(number, _)| *number)
    }

    /// The page with this number.
    #[must_use]
    pub fn page_of(&self, number: u8) -> Option<CodePage> {
        self.pages
            .iter()
            .find(|(known, _)| *known == number)
            .map(|(_, page)| *page)
    }
}

/// Epson's full table, of which every model has a part.
const EPSON: &[(u8, CodePage)] = &[
    (46, CodePage::Cp1251),
    (45, CodePage::Cp1250),
    (16, CodePage::Cp1252),
    (17, CodePage::Cp866),
    (18, CodePage::Cp852),
    (44, CodePage::Cp1125),
    (34, CodePage::Cp855),
    (39, CodePage::Iso8859_2),
    (19, CodePage::Cp858),
    (2, CodePage::Cp850),
    (0, CodePage::Cp437),
];

/// The pages of Epson models that have only one Windows page, 1252.
const OLD_EPSON: &[(u8, CodePage)] = &[
    (17, CodePage::Cp866),
    (18, CodePage::Cp852),
    (16, CodePage::Cp1252),
    (19, CodePage::Cp858),
    (2, CodePage::Cp850),
    (0, CodePage::Cp437),
];

#[cfg(test)]
mod tests {
    use super::EscposProfile;

    #[test]
    fn names_and_numbers_are_unique() {
        let mut names = Vec::new();
        let mut models = Vec::new();
        for profile in EscposProfile::ALL {
            assert!(EscposProfile::NAMES.contains(&format!("`{}`", profile.name)));
            assert_eq!(EscposProfile::parse(profile.name), Some(*profile));
            names.push(profile.name);
            for model in profile.models {
                assert_eq!(EscposProfile::of_model(model), Some(*profile));
                models.push(model.to_lowercase());
            }
            for (number, page) in profile.pages {
                assert_eq!(profile.page_of(*number), Some(*page));
                assert_eq!(profile.number_of(*page), Some(*number));
            }
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), EscposProfile::ALL.len());
        let all = models.len();
        models.sort_unstable();
        models.dedup();
        assert_eq!(models.len(), all, "a model has one profile");
        assert_eq!(EscposProfile::of_model("TM-T88"), None, "part of a name");
        assert_eq!(EscposProfile::of_model(""), None);
        assert_eq!(EscposProfile::USUAL.name, "epson");
    }
}
