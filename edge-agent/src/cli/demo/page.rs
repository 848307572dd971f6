//! The page of the demo at `/demo`: the same as the text in the terminal. It loads nothing and has no script.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use super::welcome::Welcome;
use crate::api::html::{escaped, page_response, whole_page};

/// The route of the page.
pub(super) fn router(welcome: &Welcome) -> Router {
    let page = html(welcome);
    Router::new().route(
        "/demo",
        get(move || std::future::ready(page_response(StatusCode::OK, page.clone()))),
    )
}

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
    let body = [
        HEAD,
        "<dl>\n",
        &facts.collect::<String>(),
        "</dl>\n<h2>Three things to try in a terminal</h2>\n<ol>\n",
        &trials.collect::<String>(),
        "</ol>\n<h2>What the till says</h2>\n<ul>\n",
        &links.collect::<String>(),
        "</ul>\n",
    ]
    .concat();
    whole_page("Ferrotill: demo", STYLE, &body)
}

const STYLE: &str = "dd { white-space: pre-wrap; }\n";

const HEAD: &str = "<h1>Ferrotill: demo</h1>
<p>This till is in TEST mode. Its printer and its tax authority are simulated in the same process.</p>
";

/// Pages of the agent that a browser can show: path and what it is.
const LINKS: &[(&str, &str)] = &[
    ("/", "the dashboard"),
    ("/docs", "all operations of the till, and its error types"),
    ("/healthz", "what works and what does not"),
    ("/sim/printer/paper", "the receipts on the paper"),
    ("/sim/printer", "the state of the emulated printer"),
    (
        "/sim/authority/received",
        "the documents that the tax authority has",
    ),
    ("/metrics", "figures for Prometheus"),
];
