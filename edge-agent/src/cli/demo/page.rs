//! The page of the demo at `/`: the same as the text in the terminal. It loads nothing and has no script.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::routing::get;

use super::welcome::Welcome;

/// The route of the page.
pub(super) fn router(welcome: &Welcome) -> Router {
    let page = html(welcome);
    Router::new().route(
        "/",
        get(move || {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::CACHE_CONTROL, "no-store"),
                (header::REFERRER_POLICY, "no-referrer"),
            ];
            std::future::ready((headers, page.clone()).into_response())
        }),
    )
}

/// Nothing is loaded, no script runs, and no other page may show this one in a frame.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn html(welcome: &Welcome) -> String {
    let facts = welcome.facts.iter();
    let facts = facts.map(|(name, value)| {
        format!(
            "<dt>{}</dt><dd><code>{}</code></dd>\n",
            escaped(name),
            escaped(value)
        )
    });
    let trials = welcome.trials.iter();
    let trials = trials.map(|trial| {
        let commands = trial.commands.iter();
        let commands =
            commands.map(|command| format!("<pre><code>{}</code></pre>\n", escaped(command)));
        format!(
            "<li>{}\n{}</li>\n",
            escaped(trial.says),
            commands.collect::<String>()
        )
    });
    let links = LINKS.iter();
    let links =
        links.map(|(path, says)| format!("<li><a href=\"{path}\">{path}</a>: {says}</li>\n"));
    [
        HEAD,
        "<dl>\n",
        &facts.collect::<String>(),
        "</dl>\n<h2>Three things to try in a terminal</h2>\n<ol>\n",
        &trials.collect::<String>(),
        "</ol>\n<h2>What the till says</h2>\n<ul>\n",
        &links.collect::<String>(),
        "</ul>\n</main>\n</body>\n</html>\n",
    ]
    .concat()
}

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ferrotill: demo</title>
<style>
body { font: 1rem/1.5 sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem; color: #111; background: #fff; }
pre, dd { white-space: pre-wrap; overflow-wrap: anywhere; }
pre { background: #eee; padding: 0.5rem; }
dd { margin: 0 0 0.5rem 0; }
</style>
</head>
<body>
<main>
<h1>Ferrotill: demo</h1>
<p>This till is in TEST mode. Its printer and its tax office are simulated in the same process.</p>
"#;

/// Pages of the agent that a browser can show: path and what it is.
const LINKS: &[(&str, &str)] = &[
    ("/healthz", "what works and what does not"),
    ("/sim/printer/paper", "the receipts on the paper"),
    ("/sim/printer", "the state of the emulated printer"),
    (
        "/sim/authority/received",
        "the documents that the tax office has",
    ),
    ("/metrics", "figures for Prometheus"),
];

/// A text in which HTML has no meaning.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn html_has_no_meaning_in_an_escaped_text() {
        assert_eq!(
            escaped(r#"<a href="x">&</a>"#),
            "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;"
        );
    }
}
