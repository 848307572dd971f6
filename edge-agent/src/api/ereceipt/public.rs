//! The pages that everybody may read who knows the address of a receipt: `/r/{token}`.
//!
//! The main listener has them for callers on this machine, and `[ereceipt] listen` for everybody. A token leads to nothing but its
//! receipt. Whoever tries many wrong ones from one address gets 429 for further wrong ones until the minute is over.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_render::page::PAGE_STYLE;
use ferrotill_render::{
    Align, Block, Emphasis, FormField, FormPart, Labels, PageItem, PageSection, PublicPage,
};
use ferrotill_store::{EReceiptOutcome, Hospitality};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::limits::{address_of, is_expired, note_miss};
use super::show::{self, ShownReceipt};
use super::{hospitality, images};
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::api::response::with_retry_after_time;
use crate::api::service::Service;
use crate::object;

/// The routes of the listener of `[ereceipt] listen`.
pub fn public_router(service: Arc<Service>) -> Router {
    routes(service).fallback(|| async { no_page(StatusCode::NOT_FOUND, "en", "not_found") })
}

/// The routes of the main listener: only callers on this machine get pages.
pub(in crate::api) fn local_router(service: Arc<Service>) -> Router {
    routes(service).layer(from_fn(async |request: Request, next: Next| {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        match peer {
            Some(peer) if !peer.0.ip().to_canonical().is_loopback() => {
                no_page(StatusCode::NOT_FOUND, "en", "not_found")
            }
            _ => next.run(request).await,
        }
    }))
}

fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/r/{token}", get(page))
        .route("/r/{token}/pdf", get(pdf))
        .route("/r/{token}/png", get(png))
        .route("/r/{token}/hospitality", axum::routing::post(form))
        .route("/r/i/{token}", get(image))
        .with_state(service)
}

/// Which receipt a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Linked {
    Uploaded(Uuid),
    OfTill(Uuid),
}

/// A receipt that is shown, or the answer that says why none is.
async fn shown(
    service: &Arc<Service>,
    token: &str,
    address: IpAddr,
) -> Result<(Linked, ShownReceipt), Response> {
    let language = service.profile.facts().language;
    let found = match service.links.read(token) {
        None => Ok(None),
        Some((upload, document)) => {
            let work = service.work(Lane::Unsigned, move |service, _| {
                if let Some(shown) = show::uploaded(service, upload)? {
                    return Ok(Some((Linked::Uploaded(upload), shown)));
                }
                let shown = show::of_till(service, document)?;
                Ok::<_, ferrotill_store::StoreError>(
                    shown.map(|shown| (Linked::OfTill(document), shown)),
                )
            });
            work.await
        }
    };
    match found {
        Ok(Some((_, shown))) if is_expired(service, shown.at_ms) => {
            Err(no_page(StatusCode::NOT_FOUND, shown.language, "expired"))
        }
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(missed(service, language, address)),
        Err(error) => {
            tracing::error!("the page of a receipt could not be made: {error}");
            Err(no_page(
                StatusCode::INTERNAL_SERVER_ERROR,
                language,
                "not_found",
            ))
        }
    }
}

async fn page(
    State(service): State<Arc<Service>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let (linked, shown) = match shown(&service, &token, address_of(&parts)).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let status = match parts.uri.query() {
        Some("saved") => "saved",
        Some("not-saved") => "not_saved",
        _ => "",
    };
    answer(&service, (&token, linked), &shown, status).await
}

/// The page of a receipt.
async fn answer(
    service: &Arc<Service>,
    (token, linked): (&str, Linked),
    shown: &ShownReceipt,
    status: &str,
) -> Response {
    let form = match linked {
        Linked::Uploaded(id) if shown.has_hospitality => match hospitality::read(service, id).await
        {
            Ok(known) => Some(form_part(token, shown, known.as_ref(), status)),
            Err(failure) => return failure.response(),
        },
        _ => None,
    };
    let title = shown.label("receipt");
    let links = [(format!("/r/{token}/pdf"), shown.label("pdf"), true)];
    let check = shown.label("check");
    let page = PublicPage {
        form: form.as_ref(),
        ..shown.page(&title, &links, &check)
    };
    html_response(StatusCode::OK, page.html())
}

/// The fields of the form: name, label, and whether it has several lines.
const FIELDS: [(&str, &str, bool); 6] = [
    ("occasion", "occasion", false),
    ("place", "place", false),
    ("attendees", "attendees", true),
    ("host", "host", false),
    ("company", "company", false),
    ("tip", "tip", false),
];

fn form_part(
    token: &str,
    shown: &ShownReceipt,
    known: Option<&Hospitality>,
    status: &str,
) -> FormPart {
    let is_final = known.is_some_and(|known| known.finalized_s.is_some());
    let particulars = known.and_then(|known| known.particulars.as_deref());
    let particulars = particulars
        .and_then(|text| JsonValue::parse(text.as_bytes()).ok())
        .unwrap_or(JsonValue::Null);
    let fields = FIELDS.map(|(name, label, lines)| FormField {
        name,
        label: match (is_final, name) {
            (true, "attendees") => shown.label("guests"),
            _ => shown.label(label),
        },
        value: value_of(&particulars, name),
        lines,
    });
    let status = match (status, is_final) {
        ("", true) => shown.label("final"),
        ("", false) => String::new(),
        (status, _) => shown.label(status),
    };
    FormPart {
        title: shown.label("hospitality"),
        action: format!("/r/{token}/hospitality"),
        status,
        fields: fields.into(),
        buttons: match is_final {
            true => Vec::new(),
            false => vec![
                ("save", shown.label("save")),
                ("finish", shown.label("finish")),
            ],
        },
        hint: shown.label("finish_hint"),
    }
}

/// A particular as the form shows it.
fn value_of(particulars: &JsonValue, name: &str) -> String {
    let host = particulars.get("host");
    let value = match name {
        "host" => host.and_then(|host| host.get("name")),
        "company" => host.and_then(|host| host.get("company")),
        name => particulars.get(name),
    };
    match value {
        Some(JsonValue::Text(text)) => text.clone(),
        Some(JsonValue::Array(items)) => {
            let lines = items.iter().filter_map(|item| match item {
                JsonValue::Text(text) => Some(text.as_str()),
                _ => None,
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// The largest form in bytes.
const FORM_BYTES_MAX: usize = 16 * 1_024;

/// `POST /r/{token}/hospitality`: the form of the page.
async fn form(
    State(service): State<Arc<Service>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let (linked, shown) = match shown(&service, &token, address_of(&parts)).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Linked::Uploaded(id) = linked else {
        return no_page(StatusCode::NOT_FOUND, shown.language, "not_found");
    };
    let body = to_bytes(body, FORM_BYTES_MAX).await.ok();
    let body = body.filter(|_| is_own_form(&parts.headers));
    let saved = match body {
        Some(body) => save(&service, id, &body).await,
        None => false,
    };
    // The browser gets the page anew, so that reloading it sends nothing again.
    let outcome = if saved { "saved" } else { "not-saved" };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(place) = HeaderValue::try_from(format!("/r/{token}?{outcome}#hospitality")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Whether the form was sent by a page of this till. There is no login that another page could use, and yet it has no business here.
fn is_own_form(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    site.is_none_or(|site| site == "same-origin" || site == "none")
}

async fn save(service: &Arc<Service>, receipt: Uuid, body: &Bytes) -> bool {
    let Ok(body) = std::str::from_utf8(body) else {
        return false;
    };
    let pairs = pairs(body);
    let value = |name: &str| {
        let found = pairs.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    };
    let attendees = value("attendees").lines().map(str::trim);
    let attendees = attendees
        .filter(|line| !line.is_empty())
        .map(JsonValue::from)
        .collect();
    let tip = value("tip").replace(',', ".");
    let tip = match (tip.as_str(), tip.contains('.')) {
        ("", _) => None,
        (_, true) => Some(tip),
        (_, false) => Some(format!("{tip}.00")),
    };
    if tip
        .as_deref()
        .is_some_and(|tip| !hospitality::is_amount(tip))
    {
        return false;
    }
    let mut particulars = object! {
        "occasion" => value("occasion"),
        "place" => value("place"),
        "attendees" => JsonValue::Array(attendees),
        "host" => object! { "name" => value("host"), "company" => value("company") },
    };
    if let (JsonValue::Object(members), Some(tip)) = (&mut particulars, tip) {
        members.push(("tip".into(), tip.into()));
    }
    let now_s = service.guard.now().utc_ms.div_euclid(1_000);
    let finalized_s = (value("action") == "finish").then_some(now_s);
    let kept = hospitality::keep(service, receipt, particulars.to_string(), finalized_s).await;
    matches!(kept, Ok(EReceiptOutcome::Done | EReceiptOutcome::Same))
}

/// The pairs of a form.
fn pairs(body: &str) -> Vec<(String, String)> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .take(32)
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let mut hex = || char::from(ahead.next()?).to_digit(16);
        match (byte, byte) {
            (b'+', _) => bytes.push(b' '),
            (b'%', _) => match (hex(), hex()) {
                (Some(high), Some(low)) => {
                    bytes.extend(u8::try_from(high.saturating_mul(16).saturating_add(low)));
                    rest = ahead;
                }
                _ => bytes.push(byte),
            },
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn pdf(
    State(service): State<Arc<Service>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    file(&service, &token, request, "application/pdf", |shown| {
        shown.pdf().ok()
    })
    .await
}

async fn png(
    State(service): State<Arc<Service>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    file(&service, &token, request, "image/png", |shown| {
        shown.png().ok()
    })
    .await
}

async fn file(
    service: &Arc<Service>,
    token: &str,
    request: Request,
    kind: &'static str,
    make: impl FnOnce(&ShownReceipt) -> Option<Vec<u8>> + Send + 'static,
) -> Response {
    let (parts, _) = request.into_parts();
    let (_, shown) = match shown(service, token, address_of(&parts)).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let made = service.work(Lane::Unsigned, move |_, _| make(&shown)).await;
    let Some(data) = made else {
        let language = service.profile.facts().language;
        return no_page(StatusCode::NOT_FOUND, language, "not_found");
    };
    let name = if kind == "image/png" { "png" } else { "pdf" };
    let mut response = images::file_response(data, kind);
    private(response.headers_mut());
    if let Ok(name) = HeaderValue::try_from(format!("inline; filename=\"receipt.{name}\"")) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

/// `GET /r/i/{token}`: an image of a page.
async fn image(
    State(service): State<Arc<Service>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let missing = || no_page(StatusCode::NOT_FOUND, "en", "not_found");
    let found = match service.links.read_image(&token) {
        Some(id) => images::image(&service, id).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(image)) => {
            let mut response = images::response(&image).unwrap_or_else(missing);
            let headers = response.headers_mut();
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; sandbox"),
            );
            headers.insert(
                header::CACHE_CONTROL,
                HeaderValue::from_static("private, max-age=86400, immutable"),
            );
            response
        }
        Ok(None) => missed(&service, "en", address_of(&parts)),
        Err(failure) => failure.response(),
    }
}

/// The answer to a token that leads to nothing.
fn missed(service: &Service, language: &str, address: IpAddr) -> Response {
    match note_miss(service, address) {
        None => no_page(StatusCode::NOT_FOUND, language, "not_found"),
        Some(wait) => {
            let answer = no_page(StatusCode::TOO_MANY_REQUESTS, language, "too_many");
            with_retry_after_time(answer, wait)
        }
    }
}

/// A page that says why there is no receipt.
fn no_page(status: StatusCode, language: &str, label: &'static str) -> Response {
    let labels = Labels::of(language);
    let says = labels.get(label);
    let text = Block::Text {
        text: says.to_owned(),
        align: Align::Centre,
        emphasis: Emphasis::Plain,
    };
    let sections = [PageSection {
        title: String::new(),
        items: vec![PageItem::Block(text)],
    }];
    let page = PublicPage {
        language: labels.language,
        title: says,
        heading: labels.get("receipt"),
        sections: &sections,
        links: &[],
        check: "",
        form: None,
        policy: None,
    };
    let mut response = html_response(status, page.html());
    let code = match label {
        "expired" => "E_PUBLIC_ACCESS_EXPIRED",
        "too_many" => "E_TOO_MANY_REQUESTS",
        _ => "E_RECEIPT_NOT_FOUND",
    };
    let headers = response.headers_mut();
    headers.insert("X-Error-Code", HeaderValue::from_static(code));
    response
}

/// A page, which takes its own style and the images of this till, and nothing else.
fn html_response(status: StatusCode, page: String) -> Response {
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    if let Ok(policy) = HeaderValue::from_str(page_policy(false)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    private(headers);
    response
}

/// What a browser may do on a page. A static page says it itself, and then says nothing of frames, which only a header can forbid.
pub(super) fn page_policy(is_static: bool) -> &'static str {
    static POLICIES: LazyLock<[String; 2]> = LazyLock::new(|| {
        let style = STANDARD.encode(Sha256::digest(PAGE_STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; img-src 'self'; form-action 'self'; base-uri 'none'"
        );
        [format!("{policy}; frame-ancestors 'none'"), policy]
    });
    let [served, alone] = &*POLICIES;
    if is_static { alone } else { served }
}

/// Who has the address of a receipt may read it, so that no one else shall learn it or keep the page.
fn private(headers: &mut HeaderMap) {
    // With `no-referrer`, browsers send the form of the page with the origin `null`, which is no origin of this till.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    headers.insert(
        "X-Robots-Tag",
        HeaderValue::from_static("noindex, nofollow"),
    );
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn a_form_is_read() {
        let read = pairs("a=1+2%2B3&b=%C3%A4%0D%0A&c=%zz&d");
        let expected = [("a", "1 2+3"), ("b", "ä\r\n"), ("c", "%zz")];
        assert_eq!(read.len(), 3);
        for ((name, value), (known, text)) in read.iter().zip(expected) {
            assert_eq!((name.as_str(), value.as_str()), (known, text));
        }
    }
}
