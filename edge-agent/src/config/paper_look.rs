//! How the till's papers look: the keys `language`, `logo` and `verification_link` of `[till]`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use ferrotill_render::{Bitmap, LOGO_BYTES_MAX, LOGO_HEIGHT_MAX, LOGO_WIDTH_MAX, PageLink, Words};

use super::reader::{Reader, Section};

/// How the till's papers look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaperLook {
    /// The words of the papers; without them those of the country.
    pub words: Option<&'static Words>,
    /// The picture above the seller's name.
    pub logo: Option<Arc<Bitmap>>,
    /// The address at which a buyer checks a receipt, with the marks that a receipt replaces.
    pub verification_link: Option<String>,
    /// Where buyers read their receipts. The agent sets it, because the links need the key of the data folder.
    pub page_link: Option<PageLink>,
}

/// The mark of a verification link that needs `registration_number`.
pub const REGISTRATION_MARK: &str = "{registration}";
/// The mark that every verification link has.
pub const NUMBER_MARK: &str = "{number}";
/// The mark of the total, with the decimals of the currency.
pub const TOTAL_MARK: &str = "{total}";
/// The mark of the local date, `2026-11-28`.
pub const DATE_MARK: &str = "{date}";

/// Reads how the papers look. `has_registration` says whether `[till]` has a registration number.
pub(super) fn paper_look(
    reader: &mut Reader,
    section: &Section<'_>,
    has_registration: bool,
) -> PaperLook {
    let languages: Vec<(&str, &'static Words)> = Words::ALL
        .iter()
        .map(|words| (words.language, words))
        .collect();
    PaperLook {
        words: reader.choice(section, "language", &languages),
        logo: logo(reader, section).map(Arc::new),
        verification_link: verification_link(reader, section, has_registration),
        page_link: None,
    }
}

fn logo(reader: &mut Reader, section: &Section<'_>) -> Option<Bitmap> {
    let found = reader.path(section, "logo")?;
    let file = found.value.display();
    let remedy = format!(
        "write the path of a PNG with at most {LOGO_WIDTH_MAX} × {LOGO_HEIGHT_MAX} pixels and {LOGO_BYTES_MAX} bytes, or remove it"
    );
    let key = section.path_of("logo");
    match read(&found.value).map(|bytes| Bitmap::of_png(&bytes)) {
        Ok(Ok(logo)) => return Some(logo),
        Ok(Err(fault)) => reader.fault(&found.place, key, format!("{file} {fault}"), remedy),
        Err(error) => reader.unreadable((&found.place, key), &found.value, &error, remedy),
    }
    None
}

/// The bytes of a file; one byte more than a logo may have, if the file has more.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(LOGO_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)?
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn verification_link(
    reader: &mut Reader,
    section: &Section<'_>,
    has_registration: bool,
) -> Option<String> {
    let found = reader.text(section, "verification_link")?;
    let link = &found.value;
    let marks = [REGISTRATION_MARK, NUMBER_MARK, TOTAL_MARK, DATE_MARK];
    let rest = marks
        .iter()
        .fold(link.clone(), |rest, mark| rest.replace(mark, ""));
    let is_address = link.starts_with("https://") || link.starts_with("http://");
    let why = if !is_address || link.len() > LINK_BYTES_MAX {
        "is no address of a web page".to_owned()
    } else if rest.contains(['{', '}']) || !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        "has something that no receipt replaces".to_owned()
    } else if !link.contains(NUMBER_MARK) {
        format!("has no {NUMBER_MARK}, so that all receipts would have the same link")
    } else if link.contains(REGISTRATION_MARK) && !has_registration {
        format!("has {REGISTRATION_MARK}, and [till] has no registration_number")
    } else {
        return Some(found.value);
    };
    reader.fault(
        &found.place,
        section.path_of("verification_link"),
        why,
        format!(
            "write an address with {}, at most {LINK_BYTES_MAX} characters, such as \"https://example.org/check/{NUMBER_MARK}\"",
            marks.join(", ")
        ),
    );
    None
}

/// The largest length of a verification link, so that its QR code can be scanned from paper of 58 mm.
const LINK_BYTES_MAX: usize = 200;
