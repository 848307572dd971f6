//! The pages: overview, tills, one till, Z-reports.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;
use uuid::Uuid;

use super::PeopleRoutes;
use super::api::SILENT_MS;
use super::html::{escaped, in_url, notice, page, redirect};
use super::query::{Parameters, Written};
use super::visitor::{OpenSession, session};
use super::words::{day_number, day_of, money, since, time};
use crate::clock::{DAY_MS, now_ms};
use crate::store::{RefusedBatch, StoreError, TillHealth, TillSummary, ZDay};

/// The most tills of one page: a page has at most a hundred kilobytes.
const TILLS_MAX: i64 = 100;
const TROUBLES_MAX: i64 = 50;
const Z_MAX: i64 = 150;
/// The most problems of one till in a list.
const PROBLEMS_MAX: usize = 20;

/// `GET /`.
pub(super) async fn overview(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
) -> Response {
    signed_in(&routes, &headers, async |session| {
        let now = now_ms();
        let totals = routes.store.totals(now - SILENT_MS).await?;
        let trouble = routes
            .store
            .tills(None, Some(now - SILENT_MS), TROUBLES_MAX)
            .await?;
        let body = overview_body(&totals, &trouble, now);
        Ok(page(StatusCode::OK, Some(session), "/", "Overview", &body))
    })
    .await
}

/// `GET /tills`.
pub(super) async fn tills(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
    written: Written,
) -> Response {
    signed_in(&routes, &headers, async |session| {
        let mut parameters = Parameters::of(written, &["after", "trouble"]);
        let after: Option<Uuid> = parameters.value("after", "the id of a till");
        let only_trouble = parameters.text("trouble") == Some("yes");
        if let Err(faults) = parameters.faults() {
            return Ok(wrong(session, &faults));
        }
        let after = match after {
            Some(id) => routes.store.till(id).await?,
            None => None,
        };
        let behind = after.as_ref().map(|till| (till.shop.as_str(), till.id));
        let now = now_ms();
        let silent = only_trouble.then_some(now - SILENT_MS);
        let tills = routes.store.tills(behind, silent, TILLS_MAX).await?;
        let mut body = String::from(if only_trouble {
            "<p><a href=\"/tills\">All tills</a></p>\n"
        } else {
            "<p><a href=\"/tills?trouble=yes\">Only tills that need a look</a></p>\n"
        });
        body.push_str(&tills_table(&tills, now));
        if let Some(last) = tills.last()
            && i64::try_from(tills.len()) == Ok(TILLS_MAX)
        {
            let trouble = if only_trouble { "&amp;trouble=yes" } else { "" };
            let _ = writeln!(
                body,
                "<p><a class=button href=\"/tills?after={}{trouble}\">Next tills</a></p>",
                last.id
            );
        }
        Ok(page(
            StatusCode::OK,
            Some(session),
            "/tills",
            "Tills",
            &body,
        ))
    })
    .await
}

/// `GET /tills/{id}`.
pub(super) async fn till(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    signed_in(&routes, &headers, async |session| {
        let id = path.ok().and_then(|Path(id)| Uuid::try_parse(&id).ok());
        let found = match id {
            Some(id) => routes.store.till(id).await?,
            None => None,
        };
        let Some(till) = found else {
            let body = notice("bad", "There is no such till.");
            let status = StatusCode::NOT_FOUND;
            return Ok(page(status, Some(session), "/tills", "Not found", &body));
        };
        let now = now_ms();
        let refused = routes.store.refused(till.id).await?;
        let today = day_number(day_of(now));
        let days = routes
            .store
            .z_days(Some(till.id), today - 30, today + 1, 40)
            .await?;
        let body = till_body(&till, &refused, &days, now);
        Ok(page(StatusCode::OK, Some(session), "", &till.shop, &body))
    })
    .await
}

/// `GET /z`.
pub(super) async fn z_reports(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
    written: Written,
) -> Response {
    signed_in(&routes, &headers, async |session| {
        let mut parameters = Parameters::of(written, &["day", "differences"]);
        let day = parameters.value("day", "a day, such as 2026-05-31");
        let only_differences = parameters.text("differences") == Some("yes");
        if let Err(faults) = parameters.faults() {
            return Ok(wrong(session, &faults));
        }
        let day: jiff::civil::Date = day.unwrap_or_else(|| day_of(now_ms()));
        let number = day_number(day);
        let mut days = routes
            .store
            .z_days(None, number.saturating_sub(6), number, Z_MAX)
            .await?;
        if only_differences {
            days.retain(|day| !differences_of(&day.report).is_empty());
        }
        let body = z_body(day, only_differences, &days);
        Ok(page(
            StatusCode::OK,
            Some(session),
            "/z",
            "Z-reports",
            &body,
        ))
    })
    .await
}

/// Makes a page for a person who has signed in, or sends the browser to the form.
async fn signed_in(
    routes: &PeopleRoutes,
    headers: &HeaderMap,
    make: impl AsyncFnOnce(&OpenSession) -> Result<Response, StoreError>,
) -> Response {
    let open = match session(routes, headers).await {
        Ok(Some(open)) => open,
        Ok(None) => return redirect("/sign-in"),
        Err(error) => return trouble(&error),
    };
    match make(&open).await {
        Ok(response) => response,
        Err(error) => trouble(&error),
    }
}

fn trouble(error: &StoreError) -> Response {
    tracing::error!(%error, "a page cannot be shown");
    let says = "The hub cannot use its database at present. Load the page again in a moment.";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    page(status, None, "", "Not available", &notice("bad", says))
}

fn wrong(session: &OpenSession, faults: &[String]) -> Response {
    let body = notice("bad", &faults.join("; "));
    page(
        StatusCode::BAD_REQUEST,
        Some(session),
        "",
        "Wrong parameters",
        &body,
    )
}

fn overview_body(totals: &Value, trouble: &[TillSummary], now: i64) -> String {
    let count = |name: &str| totals.get(name).and_then(Value::as_i64).unwrap_or_default();
    let mut body = String::from("<div class=cards>\n");
    for (name, what, is_bad) in [
        ("tills", "Tills", false),
        ("silent", "Silent for more than five minutes", true),
        ("not_ready", "Cannot sell", true),
        ("offline", "Without the authority", true),
        ("with_problems", "With problems", true),
        ("refused", "With refused batches", true),
    ] {
        let number = count(name);
        let kind = match (is_bad, number) {
            (true, 1..) => "bad",
            _ => "good",
        };
        let _ = writeln!(
            body,
            "<div class=\"card {kind}\"><h2>{what}</h2><p class=main>{number}</p></div>"
        );
    }
    body.push_str("</div>\n<h2>Money that the authorities have not acknowledged</h2>\n");
    let unsent = totals.get("unsent").and_then(Value::as_array);
    match unsent.map(Vec::as_slice) {
        None | Some([]) => body.push_str("<p class=quiet>None.</p>\n"),
        Some(unsent) => body.push_str(&format!("<ul>{}</ul>\n", unsent_items(unsent))),
    }
    body.push_str("<h2>Tills that need a look</h2>\n");
    if trouble.is_empty() {
        body.push_str("<p class=quiet>None.</p>\n");
    } else {
        body.push_str(&tills_table(trouble, now));
        body.push_str("<p><a href=\"/tills?trouble=yes\">All tills that need a look</a></p>\n");
    }
    body
}

fn unsent_items(unsent: &[Value]) -> String {
    let items = unsent.iter().map(|unsent| {
        let number = |name: &str| unsent.get(name).and_then(Value::as_i64).unwrap_or_default();
        let currency = text_of(unsent, "currency");
        format!(
            "<li>{} in {} documents</li>",
            money(number("total"), &escaped(currency)),
            number("documents")
        )
    });
    items.collect()
}

fn text_of<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn tills_table(tills: &[TillSummary], now: i64) -> String {
    if tills.is_empty() {
        return "<p class=quiet>There are no tills here.</p>\n".to_owned();
    }
    let mut body = String::from(
        "<div class=scroll tabindex=0 role=region aria-label=\"Tills\"><table><thead><tr><th scope=col>Shop</th><th scope=col>State</th>\
         <th scope=col>Last sale</th><th scope=col>Unsent</th><th scope=col>Version</th></tr></thead><tbody>\n",
    );
    for till in tills {
        let health = till.health.as_ref();
        let last_sale = health.and_then(|health| health.last_sale_ms);
        let unsent = health.and_then(|health| health.unsent.as_array());
        let unsent = unsent.map_or_else(String::new, |unsent| unsent_items(unsent));
        let unsent = if unsent.is_empty() {
            "none".to_owned()
        } else {
            format!("<ul>{unsent}</ul>")
        };
        let _ = writeln!(
            body,
            "<tr><th scope=row><a href=\"/tills/{}\">{}</a></th><td>{}</td><td>{}</td><td>{unsent}</td><td>{}</td></tr>",
            till.id,
            escaped(&till.shop),
            states(till, now).join("<br>"),
            last_sale.map_or_else(|| "none".to_owned(), |at| format!("{} ago", since(at, now))),
            health.map_or_else(String::new, |health| escaped(&health.version)),
        );
    }
    body.push_str("</tbody></table></div>\n");
    body
}

/// What a person should know of a till, the worst first.
fn states(till: &TillSummary, now: i64) -> Vec<String> {
    let mut states = Vec::new();
    if let Some(revoked) = till.revoked_ms {
        states.push(format!("revoked on {}", time(revoked)));
        return states;
    }
    if is_forked(till) {
        states.push("two machines use this identity".to_owned());
    } else if till.refused > 0 {
        states.push("restored from an old backup".to_owned());
    }
    match &till.health {
        None if till.is_enrolled => states.push("has never reported".to_owned()),
        None => states.push("not enrolled yet".to_owned()),
        Some(health) => states.extend(health_states(health, now)),
    }
    states
}

fn health_states(health: &TillHealth, now: i64) -> Vec<String> {
    let mut states = Vec::new();
    if now - health.received_ms > SILENT_MS {
        states.push(format!("silent for {}", since(health.received_ms, now)));
    }
    if !health.ready {
        states.push("cannot sell".to_owned());
    }
    if let Some(offline) = health.offline_since_ms {
        states.push(format!("without the authority for {}", since(offline, now)));
    }
    match health.problems.as_array().map_or(0, Vec::len) {
        0 => {}
        1 => states.push("1 problem".to_owned()),
        problems => states.push(format!("{problems} problems")),
    }
    if states.is_empty() {
        states.push("ready to sell".to_owned());
    }
    states
}

/// Batches were stored after one that contradicts them: another machine with the same identity goes on.
fn is_forked(till: &TillSummary) -> bool {
    match (till.last_refused_ms, till.last_batch_ms) {
        (Some(refused), Some(stored)) => stored > refused,
        _ => false,
    }
}

fn till_body(till: &TillSummary, refused: &[RefusedBatch], days: &[ZDay], now: i64) -> String {
    let mut body = String::from("<div class=scroll><table class=facts><tbody>\n");
    let health = till.health.as_ref();
    let ago = |at: Option<i64>| {
        at.map_or_else(
            || "never".to_owned(),
            |at| format!("{} ({} ago)", time(at), since(at, now)),
        )
    };
    let facts = [
        ("State", states(till, now).join("; ")),
        ("Till", till.id.to_string()),
        ("Documents", till.last_sequence.to_string()),
        ("Epoch", till.epoch.to_string()),
        ("Last batch", ago(till.last_batch_ms)),
        ("Last report", ago(health.map(|health| health.received_ms))),
        (
            "Last sale",
            ago(health.and_then(|health| health.last_sale_ms)),
        ),
        (
            "Waiting for the hub",
            health.map_or_else(String::new, |health| {
                format!("{} documents", health.waiting)
            }),
        ),
        (
            "Version",
            health.map_or_else(String::new, |health| escaped(&health.version)),
        ),
    ];
    for (name, value) in facts {
        let _ = writeln!(body, "<tr><th scope=row>{name}</th><td>{value}</td></tr>");
    }
    body.push_str("</tbody></table></div>\n");
    let _ = writeln!(
        body,
        "<p><a href=\"/api/v1/documents?as=csv&amp;till={}\">Documents of this till as CSV</a></p>",
        in_url(&till.id.to_string())
    );
    body.push_str(&problems_of(health));
    if !refused.is_empty() {
        body.push_str("<h2>Refused batches</h2>\n<ul>\n");
        for batch in refused {
            let _ = writeln!(
                body,
                "<li>{}: documents {} to {} of epoch {}, received {}</li>",
                why_in_words(&batch.why),
                batch.first,
                batch.last,
                batch.epoch,
                time(batch.received_ms)
            );
        }
        body.push_str("</ul>\n");
    }
    body.push_str("<h2>Z-reports of the last thirty days</h2>\n");
    body.push_str(&z_table(days));
    body
}

fn problems_of(health: Option<&TillHealth>) -> String {
    let problems = health.and_then(|health| health.problems.as_array());
    let problems = match problems.map(Vec::as_slice) {
        None | Some([]) => return "<h2>Problems</h2>\n<p class=quiet>None.</p>\n".to_owned(),
        Some(problems) => problems,
    };
    let mut body = String::from("<h2>Problems</h2>\n<ul class=problems>\n");
    for problem in problems.iter().take(PROBLEMS_MAX) {
        let kind = if text_of(problem, "severity") == "error" {
            " class=bad"
        } else {
            ""
        };
        let begun = problem.get("since_ms").and_then(Value::as_i64);
        let _ = writeln!(
            body,
            "<li{kind}><h3>{}: {}</h3><p>{}</p><p class=quiet>since {}</p></li>",
            escaped(text_of(problem, "part")),
            escaped(text_of(problem, "id")),
            escaped(text_of(problem, "text")),
            begun.map_or_else(String::new, time)
        );
    }
    body.push_str("</ul>\n");
    body
}

fn why_in_words(why: &str) -> &'static str {
    match why {
        "rolled_back" => "the till was restored from an old backup",
        "old_epoch" => "a machine that was replaced",
        _ => "other documents than the stored ones",
    }
}

fn z_body(day: jiff::civil::Date, only_differences: bool, days: &[ZDay]) -> String {
    let checked = if only_differences { " checked" } else { "" };
    let mut body = format!(
        "<form class=row method=get action=\"/z\"><label>The week up to<input type=date name=day value=\"{day}\"></label>\
         <label class=box><input type=checkbox name=differences value=yes{checked}>Only with differences</label><button>Show</button></form>\n"
    );
    body.push_str(&z_table(days));
    if i64::try_from(days.len()) == Ok(Z_MAX) {
        let _ = writeln!(
            body,
            "<p class=quiet>Only the newest {Z_MAX} are shown; <a href=\"/api/v1/z?from={}&amp;to={day}&amp;limit=1000\">more as JSON</a>.</p>",
            day_of(i64::from(day_number(day) - 6) * DAY_MS)
        );
    }
    body
}

fn z_table(days: &[ZDay]) -> String {
    if days.is_empty() {
        return "<p class=quiet>There are no Z-reports here.</p>\n".to_owned();
    }
    let mut body = String::from(
        "<div class=scroll tabindex=0 role=region aria-label=\"Z-reports\"><table><thead><tr><th scope=col>Day</th><th scope=col>Shop</th>\
         <th scope=col>Z</th><th scope=col class=money>Total</th><th scope=col>Remarks</th></tr></thead><tbody>\n",
    );
    for day in days {
        let mut remarks = Vec::new();
        match day.missing_before() {
            0 => {}
            1 => remarks.push("1 Z-report is missing before this one".to_owned()),
            missing => remarks.push(format!("{missing} Z-reports are missing before this one")),
        }
        remarks.extend(differences_of(&day.report));
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td><a href=\"/tills/{}\">{}</a></td><td>{}</td><td class=money>{}</td><td>{}</td></tr>",
            day.business_day,
            day.till,
            escaped(&day.shop),
            day.z_number
                .map_or_else(String::new, |number| number.to_string()),
            money(day.total, &escaped(&day.currency)),
            remarks.join("<br>")
        );
    }
    body.push_str("</tbody></table></div>\n");
    body
}

/// The differences of a Z-report in words.
fn differences_of(report: &Value) -> Vec<String> {
    let differences = report.get("differences").and_then(Value::as_array);
    let differences = differences.into_iter().flatten().take(PROBLEMS_MAX);
    differences
        .map(|difference| {
            let number = |name: &str| {
                difference
                    .get(name)
                    .and_then(Value::as_i64)
                    .unwrap_or_default()
            };
            format!(
                "{}: till {}, {} {}",
                escaped(text_of(difference, "name")),
                number("till"),
                escaped(text_of(difference, "side")),
                number("other")
            )
        })
        .collect()
}
