//! The pages of error types.

use crate::api::error_types::{ErrorType, all};
use crate::api::html::{escaped, whole_page};

/// The page of a code: the text of `ferrotill explain`.
pub(super) fn page(known: &[ErrorType]) -> String {
    let mut body = String::new();
    for one in known {
        body.push_str(&format!(
            "<h1><code>{}</code></h1>\n<p>{}</p>\n<p>{}</p>\n<p>What to do: {}</p>\n",
            escaped(&one.code),
            escaped(&one.source.to_string()),
            escaped(&one.says),
            escaped(&one.fix)
        ));
    }
    body.push_str("<p><a href=\"/docs/errors\">All error types</a></p>\n");
    let title = known.first().map_or("", |one| &one.code);
    whole_page(title, "", &body)
}

/// The page with all codes.
pub(super) fn list() -> String {
    let mut body =
        "<h1>Error types</h1>\n<p><a href=\"/docs\">The operations</a></p>\n<ul>\n".to_owned();
    for one in all() {
        let (code, says) = (escaped(&one.code), escaped(&one.says));
        body.push_str(&format!(
            "<li><a href=\"/docs/errors/{code}\"><code>{code}</code></a> ({}): {says}</li>\n",
            escaped(&one.source.to_string())
        ));
    }
    body.push_str("</ul>\n");
    whole_page("Ferrotill: error types", "", &body)
}
