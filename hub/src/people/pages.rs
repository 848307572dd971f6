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
use super::html::{Frame, escaped, in_url, notice, redirect};
use super::language::{Language, PARAMETER};
use super::query::{Parameters, Written};
use super::visitor::session;
use super::words::{Words, day_number, day_of, filled, money};
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
    language: Language,
    headers: HeaderMap,
) -> Response {
    signed_in(&routes, language, &headers, "/", async |frame| {
        let words = language.words;
        let now = now_ms();
        let totals = routes.store.totals(now - SILENT_MS).await?;
        let trouble = routes
            .store
            .tills(None, Some(now - SILENT_MS), TROUBLES_MAX)
            .await?;
        let body = overview_body(words, &totals, &trouble, now);
        Ok(frame.page(StatusCode::OK, words.overview, &body))
    })
    .await
}

/// `GET /tills`.
pub(super) async fn tills(
    State(routes): State<Arc<PeopleRoutes>>,
    language: Language,
    headers: HeaderMap,
    written: Written,
) -> Response {
    signed_in(&routes, language, &headers, "/tills", async |frame| {
        let words = language.words;
        let mut parameters = Parameters::of(written, &["after", "trouble", PARAMETER]);
        let after: Option<Uuid> = parameters.value("after", "the id of a till");
        let only_trouble = parameters.text("trouble") == Some("yes");
        if let Err(faults) = parameters.faults() {
            return Ok(wrong(&frame, &faults));
        }
        let after = match after {
            Some(id) => routes.store.till(id).await?,
            None => None,
        };
        let behind = after.as_ref().map(|till| (till.shop.as_str(), till.id));
        let now = now_ms();
        let silent = only_trouble.then_some(now - SILENT_MS);
        let tills = routes.store.tills(behind, silent, TILLS_MAX).await?;
        let (to, name) = if only_trouble {
            ("/tills", words.all_tills)
        } else {
            ("/tills?trouble=yes", words.only_trouble)
        };
        let mut body = format!("<p><a href=\"{to}\">{name}</a></p>\n");
        body.push_str(&tills_table(words, &tills, now));
        if let Some(last) = tills.last()
            && i64::try_from(tills.len()) == Ok(TILLS_MAX)
        {
            let trouble = if only_trouble { "&amp;trouble=yes" } else { "" };
            let _ = writeln!(
                body,
                "<p><a class=button href=\"/tills?after={}{trouble}\">{}</a></p>",
                last.id, words.next_tills
            );
        }
        Ok(frame.page(StatusCode::OK, words.tills, &body))
    })
    .await
}

/// `GET /tills/{id}`.
pub(super) async fn till(
    State(routes): State<Arc<PeopleRoutes>>,
    language: Language,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    signed_in(&routes, language, &headers, "", async |frame| {
        let words = language.words;
        let id = path.ok().and_then(|Path(id)| Uuid::try_parse(&id).ok());
        let found = match id {
            Some(id) => routes.store.till(id).await?,
            None => None,
        };
        let Some(till) = found else {
            let body = notice("bad", words.no_such_till);
            return Ok(frame.page(StatusCode::NOT_FOUND, words.not_found, &body));
        };
        let now = now_ms();
        let refused = routes.store.refused(till.id).await?;
        let today = day_number(day_of(now));
        let days = routes
            .store
            .z_days(Some(till.id), today - 30, today + 1, 40)
            .await?;
        let body = till_body(words, &till, &refused, &days, now);
        Ok(frame.page(StatusCode::OK, &till.shop, &body))
    })
    .await
}

/// `GET /z`.
pub(super) async fn z_reports(
    State(routes): State<Arc<PeopleRoutes>>,
    language: Language,
    headers: HeaderMap,
    written: Written,
) -> Response {
    signed_in(&routes, language, &headers, "/z", async |frame| {
        let words = language.words;
        let mut parameters = Parameters::of(written, &["day", "differences", PARAMETER]);
        let day = parameters.value("day", "a day, such as 2026-05-31");
        let only_differences = parameters.text("differences") == Some("yes");
        if let Err(faults) = parameters.faults() {
            return Ok(wrong(&frame, &faults));
        }
        let chosen: Option<jiff::civil::Date> = day;
        let today = day_of(now_ms());
        let day = chosen.unwrap_or(today);
        let (first, last) = week_up_to(day_number(day), day_number(today));
        let mut days = routes.store.z_days(None, first, last, Z_MAX).await?;
        if only_differences {
            days.retain(|day| has_differences(&day.report));
        }
        let week = (day_at(first), day_at(last));
        let body = z_body(words, (day, week), only_differences, &days);
        Ok(frame.page(StatusCode::OK, words.z_reports, &body))
    })
    .await
}

/// Makes a page for a person who has signed in, or sends the browser to the form.
async fn signed_in(
    routes: &PeopleRoutes,
    language: Language,
    headers: &HeaderMap,
    path: &'static str,
    make: impl AsyncFnOnce(Frame<'_>) -> Result<Response, StoreError>,
) -> Response {
    let open = match session(routes, headers).await {
        Ok(Some(open)) => open,
        Ok(None) => return redirect("/sign-in"),
        Err(error) => return trouble(language, &error),
    };
    let frame = Frame {
        language,
        session: Some(&open),
        path,
    };
    match make(frame).await {
        Ok(response) => response,
        Err(error) => trouble(language, &error),
    }
}

fn trouble(language: Language, error: &StoreError) -> Response {
    tracing::error!(%error, "a page cannot be shown");
    let words = language.words;
    let frame = Frame {
        language,
        session: None,
        path: "",
    };
    let body = notice("bad", words.no_database);
    frame.page(StatusCode::SERVICE_UNAVAILABLE, words.not_available, &body)
}

fn wrong(frame: &Frame<'_>, faults: &[String]) -> Response {
    let body = notice("bad", &faults.join("; "));
    let title = frame.language.words.wrong_parameters;
    frame.page(StatusCode::BAD_REQUEST, title, &body)
}

fn overview_body(words: &Words, totals: &Value, trouble: &[TillSummary], now: i64) -> String {
    let count = |name: &str| totals.get(name).and_then(Value::as_i64).unwrap_or_default();
    let mut body = String::from("<div class=cards>\n");
    for (name, what, is_bad) in [
        ("tills", words.tills, false),
        ("silent", words.silent_tills, true),
        ("not_ready", words.cannot_sell_tills, true),
        ("offline", words.offline_tills, true),
        ("with_problems", words.problem_tills, true),
        ("refused", words.refused_tills, true),
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
    let none = format!("<p class=quiet>{}</p>\n", words.none);
    let _ = writeln!(body, "</div>\n<h2>{}</h2>", words.unsent_money);
    let unsent = totals.get("unsent").and_then(Value::as_array);
    match unsent.map(Vec::as_slice) {
        None | Some([]) => body.push_str(&none),
        Some(unsent) => body.push_str(&format!("<ul>{}</ul>\n", unsent_items(words, unsent))),
    }
    let _ = writeln!(body, "<h2>{}</h2>", words.need_a_look);
    if trouble.is_empty() {
        body.push_str(&none);
    } else {
        body.push_str(&tills_table(words, trouble, now));
        let all = words.all_trouble;
        let _ = writeln!(body, "<p><a href=\"/tills?trouble=yes\">{all}</a></p>");
    }
    body
}

fn unsent_items(words: &Words, unsent: &[Value]) -> String {
    let items = unsent.iter().map(|unsent| {
        let number = |name: &str| unsent.get(name).and_then(Value::as_i64).unwrap_or_default();
        let currency = text_of(unsent, "currency");
        let total = money(number("total"), &escaped(currency));
        let count = number("documents").to_string();
        let item = filled(words.unsent_item, &[("total", &total), ("count", &count)]);
        format!("<li>{item}</li>")
    });
    items.collect()
}

fn text_of<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn tills_table(words: &Words, tills: &[TillSummary], now: i64) -> String {
    if tills.is_empty() {
        return format!("<p class=quiet>{}</p>\n", words.no_tills);
    }
    let heads = [
        words.shop,
        words.state,
        words.last_sale,
        words.unsent,
        words.version,
    ];
    let mut body = format!(
        "<div class=scroll tabindex=0 role=region aria-label=\"{}\"><table><thead><tr>{}</tr></thead><tbody>\n",
        words.tills,
        heads
            .map(|head| format!("<th scope=col>{head}</th>"))
            .concat()
    );
    for till in tills {
        let health = till.health.as_ref();
        let last_sale = health.and_then(|health| health.last_sale_ms);
        let unsent = health.and_then(|health| health.unsent.as_array());
        let unsent = unsent.map_or_else(String::new, |unsent| unsent_items(words, unsent));
        let unsent = if unsent.is_empty() {
            "–".to_owned()
        } else {
            format!("<ul>{unsent}</ul>")
        };
        let _ = writeln!(
            body,
            "<tr><th scope=row><a href=\"/tills/{}\">{}</a></th><td>{}</td><td>{}</td><td>{unsent}</td><td>{}</td></tr>",
            till.id,
            escaped(&till.shop),
            states(words, till, now).join("<br>"),
            last_sale.map_or_else(|| "–".to_owned(), |at| words.time_ago(at, now)),
            health.map_or_else(String::new, |health| escaped(&health.version)),
        );
    }
    body.push_str("</tbody></table></div>\n");
    body
}

/// What a person should know of a till, the worst first.
fn states(words: &Words, till: &TillSummary, now: i64) -> Vec<String> {
    let mut states = Vec::new();
    if let Some(revoked) = till.revoked_ms {
        let time = words.time(revoked);
        return vec![filled(words.state_revoked, &[("time", &time)])];
    }
    if is_forked(till) {
        states.push(words.state_forked.to_owned());
    } else if till.refused > 0 {
        states.push(words.state_restored.to_owned());
    }
    match &till.health {
        None if till.is_enrolled => states.push(words.state_no_report.to_owned()),
        None => states.push(words.state_not_enrolled.to_owned()),
        Some(health) => states.extend(health_states(words, health, now)),
    }
    states
}

fn health_states(words: &Words, health: &TillHealth, now: i64) -> Vec<String> {
    let mut states = Vec::new();
    let lasting = |word, then| filled(word, &[("time", &words.since(then, now))]);
    if now - health.received_ms > SILENT_MS {
        states.push(lasting(words.state_silent, health.received_ms));
    }
    if !health.ready {
        states.push(words.state_cannot_sell.to_owned());
    }
    if let Some(offline) = health.offline_since_ms {
        states.push(lasting(words.state_offline, offline));
    }
    let problems = health.problems.as_array().map_or(0, Vec::len);
    if problems > 0 {
        let count = problems.to_string();
        states.push(filled(words.state_problems, &[("count", &count)]));
    }
    if states.is_empty() {
        states.push(words.state_ready.to_owned());
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

fn till_body(
    words: &Words,
    till: &TillSummary,
    refused: &[RefusedBatch],
    days: &[ZDay],
    now: i64,
) -> String {
    let mut body = String::from("<div class=scroll><table class=facts><tbody>\n");
    let health = till.health.as_ref();
    let at = |at: Option<i64>| {
        at.map_or_else(
            || words.never.to_owned(),
            |at| format!("{} ({})", words.time(at), words.time_ago(at, now)),
        )
    };
    let of_health = |text: fn(&TillHealth) -> String| health.map_or_else(String::new, text);
    let facts = [
        (words.state, states(words, till, now).join("; ")),
        (words.till, till.id.to_string()),
        (words.documents, till.last_sequence.to_string()),
        (words.epoch, till.epoch.to_string()),
        (words.last_batch, at(till.last_batch_ms)),
        (
            words.last_report,
            at(health.map(|health| health.received_ms)),
        ),
        (
            words.last_sale,
            at(health.and_then(|health| health.last_sale_ms)),
        ),
        (
            words.waiting,
            of_health(|health| health.waiting.to_string()),
        ),
        (words.version, of_health(|health| escaped(&health.version))),
    ];
    for (name, value) in facts {
        let _ = writeln!(body, "<tr><th scope=row>{name}</th><td>{value}</td></tr>");
    }
    body.push_str("</tbody></table></div>\n");
    let _ = writeln!(
        body,
        "<p><a href=\"/api/v1/documents?as=csv&amp;till={}\">{}</a></p>",
        in_url(&till.id.to_string()),
        words.csv
    );
    body.push_str(&problems_of(words, health));
    if !refused.is_empty() {
        let _ = writeln!(body, "<h2>{}</h2>\n<ul>", words.refused_batches);
        for batch in refused {
            let values = [
                ("why", why_in_words(words, &batch.why)),
                ("first", &batch.first.to_string()),
                ("last", &batch.last.to_string()),
                ("epoch", &batch.epoch.to_string()),
                ("time", &words.time(batch.received_ms)),
            ];
            let _ = writeln!(body, "<li>{}</li>", filled(words.refused_item, &values));
        }
        body.push_str("</ul>\n");
    }
    let _ = writeln!(body, "<h2>{}</h2>", words.z_of_thirty_days);
    body.push_str(&z_table(words, days));
    body
}

fn problems_of(words: &Words, health: Option<&TillHealth>) -> String {
    let mut body = format!("<h2>{}</h2>\n", words.problems);
    let problems = health.and_then(|health| health.problems.as_array());
    let problems = match problems.map(Vec::as_slice) {
        None | Some([]) => {
            let _ = writeln!(body, "<p class=quiet>{}</p>", words.none);
            return body;
        }
        Some(problems) => problems,
    };
    body.push_str("<ul class=problems>\n");
    for problem in problems.iter().take(PROBLEMS_MAX) {
        let kind = if text_of(problem, "severity") == "error" {
            " class=bad"
        } else {
            ""
        };
        let begun = problem.get("since_ms").and_then(Value::as_i64);
        let begun = begun.map_or_else(String::new, |at| words.time(at));
        let _ = writeln!(
            body,
            "<li{kind}><h3>{}: {}</h3><p>{}</p><p class=quiet>{}</p></li>",
            escaped(text_of(problem, "part")),
            escaped(text_of(problem, "id")),
            escaped(text_of(problem, "text")),
            filled(words.begun, &[("time", &begun)])
        );
    }
    body.push_str("</ul>\n");
    body
}

fn why_in_words(words: &Words, why: &str) -> &'static str {
    match why {
        "rolled_back" => words.why_restored,
        "old_epoch" => words.why_replaced,
        _ => words.why_other,
    }
}

/// The first and the last day of the week up to a day, by their numbers. In shops east of Greenwich the next day begins before it begins
/// in UTC, so the week up to today ends with tomorrow.
fn week_up_to(day: i32, today: i32) -> (i32, i32) {
    let ahead = i32::from(day == today);
    (day.saturating_sub(6), day.saturating_add(ahead))
}

fn day_at(number: i32) -> jiff::civil::Date {
    day_of(i64::from(number) * DAY_MS)
}

fn z_body(
    words: &Words,
    (day, (first, last)): (jiff::civil::Date, (jiff::civil::Date, jiff::civil::Date)),
    only_differences: bool,
    days: &[ZDay],
) -> String {
    let checked = if only_differences { " checked" } else { "" };
    let mut body = format!(
        "<form class=row method=get action=\"/z\"><label>{}<input type=date name=day value=\"{day}\"></label>\
         <label class=box><input type=checkbox name=differences value=yes{checked}>{}</label><button>{}</button></form>\n",
        words.week_up_to, words.only_differences, words.show
    );
    body.push_str(&z_table(words, days));
    if i64::try_from(days.len()) == Ok(Z_MAX) {
        let _ = writeln!(
            body,
            "<p class=quiet>{} <a href=\"/api/v1/z?from={first}&amp;to={last}&amp;limit=1000\">{}</a></p>",
            filled(words.newest, &[("count", &Z_MAX.to_string())]),
            words.more_as_json
        );
    }
    body
}

fn z_table(words: &Words, days: &[ZDay]) -> String {
    if days.is_empty() {
        return format!("<p class=quiet>{}</p>\n", words.no_z);
    }
    let mut body = format!(
        "<div class=scroll tabindex=0 role=region aria-label=\"{}\"><table><thead><tr><th scope=col>{}</th><th scope=col>{}</th>\
         <th scope=col>Z</th><th scope=col class=money>{}</th><th scope=col>{}</th></tr></thead><tbody>\n",
        words.z_reports, words.day, words.shop, words.total, words.remarks
    );
    for day in days {
        let mut remarks = Vec::new();
        let missing = day.missing_before();
        if missing > 0 {
            let count = missing.to_string();
            remarks.push(filled(words.missing, &[("count", &count)]));
        }
        remarks.extend(differences_of(words, day));
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

fn has_differences(report: &Value) -> bool {
    let differences = report.get("differences").and_then(Value::as_array);
    differences.is_some_and(|differences| !differences.is_empty())
}

/// The differences of a Z-report in words. What is one of its sums is an amount, and anything else is a count.
fn differences_of(words: &Words, day: &ZDay) -> Vec<String> {
    let list = |name: &str| day.report.get(name).and_then(Value::as_array);
    let sums = list("sums").map_or(&[][..], Vec::as_slice);
    let is_sum = |name: &str| sums.iter().any(|sum| text_of(sum, "name") == name);
    let currency = escaped(&day.currency);
    let differences = list("differences").into_iter().flatten();
    differences
        .take(PROBLEMS_MAX)
        .map(|difference| {
            let [name, side] = ["name", "side"].map(|of| text_of(difference, of));
            let [till, other] = ["till", "other"].map(|of| {
                let number = difference.get(of).and_then(Value::as_i64);
                let number = number.unwrap_or_default();
                if is_sum(name) {
                    money(number, &currency)
                } else {
                    number.to_string()
                }
            });
            let values = [
                ("name", escaped(name)),
                ("till", till),
                ("side", escaped(side)),
                ("other", other),
            ];
            let values = values
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            filled(words.difference, &values)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::week_up_to;

    #[test]
    fn the_week_up_to_today_has_the_day_that_has_begun_in_the_shops() {
        assert_eq!(week_up_to(20_000, 20_000), (19_994, 20_001));
        assert_eq!(week_up_to(19_999, 20_000), (19_993, 19_999));
    }
}
