//! The text of a page of HTML.

/// The lines of a page as a screen shows them: one for each row, and a line of hyphens for a line from edge to edge.
#[must_use]
pub fn html_lines(page: &str) -> Vec<String> {
    let body = page.split_once("<body>").map_or(page, |(_, body)| body);
    let mut lines = vec![String::new()];
    let mut rest = body;
    while let Some((text, behind)) = rest.split_once('<') {
        let (tag, after) = behind.split_once('>').unwrap_or((behind, ""));
        if let Some(line) = lines.last_mut() {
            line.push_str(&unescaped(text));
        }
        let name = tag.split_whitespace().next().unwrap_or_default();
        if name == "hr" {
            lines.push("-".repeat(16));
        }
        if !matches!(name, "span" | "/span") {
            lines.push(String::new());
        }
        rest = after;
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
