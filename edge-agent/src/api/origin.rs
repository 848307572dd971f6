//! Decides which web pages may call the agent: a page of another site must not reach the till through a browser in the shop.
//!
//! An attacker can point a host name of his own at this machine (DNS rebinding). For the browser the page is then same-origin,
//! but the header `Host` of the request names the attacker's host. So `Host` must be an address, `localhost`, a name of this
//! machine, or the host of one of `[api] allowed_origins`.
//!
//! A page of another site cannot hide its `Origin`. The `Origin` must be the agent's own origin or one of `allowed_origins`;
//! the answers to allowed pages have the CORS headers that browsers require. Programs that are not browsers send no `Origin`.
//!
//! A browser sends no `Origin` with a simple GET, and an old one sends none with a form. So a request that may change something must
//! also have no `Sec-Fetch-Site` and no `Referer` of another site. Where a route authenticates no caller, a proxy would make the calls of
//! everybody look like calls of this machine; such a request is refused.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use super::dialect::{Dialect, Rejection, forwarding_header};
use super::json::shortened;
use super::problem::Problem;
use super::sim;
use crate::listener::made_certificate::machine_names;

/// The rules that decide which web pages may call the agent.
#[derive(Debug)]
pub struct OriginPolicy {
    origins: Vec<String>,
    /// The names of this machine.
    names: Vec<String>,
    served: Vec<&'static Dialect>,
    /// False for a simulator alone, which has no configuration.
    is_configurable: bool,
}

/// Why a request is rejected. The value is the text of the rejected header.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refused {
    Host(String),
    Origin(String),
    Site(String),
    Referer(String),
    Forwarded(&'static str),
}

/// What a request asks for, as far as these rules depend on it.
#[derive(Clone, Copy, Debug, Default)]
struct Asked<'r> {
    /// The host in the request target.
    authority: Option<&'r str>,
    /// True if the request may change something.
    changes: bool,
    /// True if its route authenticates no caller.
    is_open: bool,
}

/// Where an accepted request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// The caller is a program that is not a browser, or a page that this agent serves.
    Local,
    /// The caller is a page of an allowed origin.
    Page(HeaderValue),
}

impl OriginPolicy {
    /// Makes the rules from the allowed origins, the names under which callers reach this machine beside its own, and the APIs that
    /// the agent serves.
    #[must_use]
    pub fn new(allowed_origins: &[String], names: &[String], served: &[&'static Dialect]) -> Self {
        Self {
            origins: allowed_origins.to_vec(),
            names: machine_names()
                .into_iter()
                .chain(names.iter().cloned())
                .collect(),
            served: served.to_vec(),
            is_configurable: true,
        }
    }

    /// The rules for the switches of a simulator alone: no page of another site may use them.
    fn of_simulator() -> Self {
        Self {
            is_configurable: false,
            ..Self::new(&[], &[], &[])
        }
    }

    fn admit(&self, asked: Asked<'_>, headers: &HeaderMap) -> Result<Source, Refused> {
        let host = match asked.authority {
            // The host in the request target takes precedence over the header (RFC 9112, 3.2.2).
            Some(authority) => Some(authority),
            None => single_header(headers, &header::HOST).map_err(Refused::Host)?,
        };
        if let Some(host) = host.filter(|host| !self.is_ours(host)) {
            return Err(Refused::Host(host.to_owned()));
        }
        let source = self.source(host, headers)?;
        if asked.changes {
            self.refuse_other_sites(&source, host, headers)?;
        }
        match forwarding_header(headers) {
            Some(name) if asked.is_open => Err(Refused::Forwarded(name)),
            _ => Ok(source),
        }
    }

    /// Where a request comes from, by its `Origin`.
    fn source(&self, host: Option<&str>, headers: &HeaderMap) -> Result<Source, Refused> {
        let Some(origin) = single_header(headers, &header::ORIGIN).map_err(Refused::Origin)? else {
            return Ok(Source::Local);
        };
        let own = host.is_some_and(|host| {
            ["http://", "https://"].iter().any(|scheme| {
                origin
                    .strip_prefix(scheme)
                    .is_some_and(|name| name.eq_ignore_ascii_case(host))
            })
        });
        if own {
            return Ok(Source::Local);
        }
        let allowed = self
            .origins
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(origin));
        match headers.get(header::ORIGIN) {
            Some(value) if allowed => Ok(Source::Page(value.clone())),
            _ => Err(Refused::Origin(origin.to_owned())),
        }
    }

    /// Refuses what the browser says comes from a page of another site. A page of an allowed origin is of another site, and may call.
    fn refuse_other_sites(
        &self,
        source: &Source,
        host: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<(), Refused> {
        let site = single_header(headers, &SEC_FETCH_SITE).map_err(Refused::Site)?;
        if let Some(site) = site
            && *source == Source::Local
            && !["none", "same-origin"].contains(&site)
        {
            return Err(Refused::Site(site.to_owned()));
        }
        let referer = single_header(headers, &header::REFERER).map_err(Refused::Referer)?;
        match referer.filter(|referer| !self.is_known_page(referer, host)) {
            Some(referer) => Err(Refused::Referer(referer.to_owned())),
            None => Ok(()),
        }
    }

    /// True if a page is one of this agent, because it has the host that the request names, or one of an allowed origin.
    fn is_known_page(&self, page: &str, host: Option<&str>) -> bool {
        let page = page.parse::<Uri>().ok();
        let parts = page
            .as_ref()
            .and_then(|page| page.scheme_str().zip(page.authority()));
        let Some((scheme, authority)) = parts else {
            return false;
        };
        let is_own = host.is_some_and(|host| authority.as_str().eq_ignore_ascii_case(host));
        let origin = format!("{scheme}://{authority}");
        let mut origins = self.origins.iter();
        is_own || origins.any(|allowed| allowed.eq_ignore_ascii_case(&origin))
    }

    /// What a request asks for. An API that authenticates no caller has operations with GET that change something.
    fn asked<'r>(&self, request: &'r Request) -> Asked<'r> {
        let uri = request.uri();
        let dialect = self.dialect_of(uri.path());
        let is_read = matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        );
        Asked {
            authority: uri.authority().map(|authority| authority.as_str()),
            changes: !is_read || dialect.is_some_and(|dialect| !dialect.authenticates),
            // An API that authenticates no caller takes a token from callers behind a proxy, and looks at it itself.
            is_open: !is_read && uri.path().starts_with(sim::PREFIX),
        }
    }

    fn dialect_of(&self, path: &str) -> Option<&'static Dialect> {
        let mut served = self.served.iter().copied();
        served.find(|dialect| dialect.has(path))
    }

    /// True if a host is an address, `localhost`, a name of this machine, or the host of an allowed origin. Any port is accepted.
    fn is_ours(&self, authority: &str) -> bool {
        let host = host_of(authority);
        let literal = host
            .strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'))
            .map_or_else(
                || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()),
                |inner| inner.parse::<Ipv6Addr>().is_ok(),
            );
        literal
            || host.eq_ignore_ascii_case("localhost")
            || self
                .names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host))
            || self.origins.iter().any(|origin| {
                origin
                    .split_once("://")
                    .is_some_and(|(_, authority)| host_of(authority).eq_ignore_ascii_case(host))
            })
    }

    /// The answer to a rejected request, in the form of the API that the request is for.
    fn reject(&self, request: &Request, refused: Refused) -> Response {
        let (code, message) = match refused {
            Refused::Host(host) => (
                "HostNotAllowed",
                format!(
                    "Host: names {host:?}; call the agent by its address, or write the origin with this host into [api] allowed_origins"
                ),
            ),
            Refused::Origin(origin) => (
                "OriginNotAllowed",
                format!(
                    "Origin: names {origin:?}; write it into [api] allowed_origins if its pages may call"
                ),
            ),
            Refused::Site(site) => (
                "OriginNotAllowed",
                format!(
                    "Sec-Fetch-Site: is {site:?}, so the request comes from a page of another site; write its origin into [api] allowed_origins if its pages may call"
                ),
            ),
            Refused::Referer(page) => (
                "OriginNotAllowed",
                format!(
                    "Referer: names {:?}, a page of another site; write its origin into [api] allowed_origins if its pages may call",
                    shortened(&page)
                ),
            ),
            Refused::Forwarded(name) => (
                "CallerNotAllowed",
                format!(
                    "{name}: says that the request came through a proxy; this route authenticates no caller, so call it on this machine without a proxy"
                ),
            ),
        };
        let message = match (self.is_configurable, message.split_once("; ")) {
            (false, Some((what, _))) => format!(
                "{what}; call the simulator by its address, and from no page of another site"
            ),
            _ => message,
        };
        let path = request.uri().path();
        let rejection = Rejection {
            path: path.to_owned(),
            status: StatusCode::FORBIDDEN,
            problem: Problem::new(code, message),
            may_create: matches!(*request.method(), Method::POST | Method::PUT),
        };
        match self.dialect_of(path) {
            Some(dialect) => (dialect.reject)(&rejection),
            None => rejection.problem.response(rejection.status),
        }
    }
}

const SEC_FETCH_SITE: header::HeaderName = header::HeaderName::from_static("sec-fetch-site");

/// The routes of a simulator alone, with the same check for its switches: a page of another site must not reach them through a browser.
/// What devices and programs call under other paths has no such check, because they may use any name of the machine.
pub fn with_guarded_switches(routes: Router) -> Router {
    let policy = Arc::new(OriginPolicy::of_simulator());
    routes.layer(from_fn(move |request: Request, next: Next| {
        let policy = Arc::clone(&policy);
        async move {
            match request.uri().path().starts_with(sim::PREFIX) {
                true => check(State(policy), request, next).await,
                false => next.run(request).await,
            }
        }
    }))
}

/// The layer that checks where each request comes from before its route handles it.
pub async fn check(
    State(policy): State<Arc<OriginPolicy>>,
    request: Request,
    next: Next,
) -> Response {
    match policy.admit(policy.asked(&request), request.headers()) {
        Ok(Source::Local) => next.run(request).await,
        Ok(Source::Page(origin)) => {
            let is_preflight = request.method() == Method::OPTIONS
                && request
                    .headers()
                    .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
            let response = if is_preflight {
                preflight_answer()
            } else {
                next.run(request).await
            };
            readable_by(response, origin)
        }
        Err(refused) => policy.reject(&request, refused),
    }
}

/// The answer to a browser's preflight request, which asks which methods and headers a page may send.
fn preflight_answer() -> Response {
    let mut response = (StatusCode::NO_CONTENT, Body::empty()).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET, POST, PUT, PATCH",
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Api-Key, Api-DeviceId, Api-PointOfSaleId, Api-Timestamp, Api-Signature, Content-Type, X-Request-Id",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn readable_by(mut response: Response, origin: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "X-Fiscal-State, X-Operation-Id, Idempotent-Replayed, Retry-After, X-Request-Id, X-Offline-Remaining-Seconds, X-Alternative-Numbers-Left, X-Shift-Ends",
        ),
    );
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    response
}

/// The value of a header that a request may contain at most once. The error is the value of a header that is repeated or is not
/// text.
fn single_header<'h>(
    headers: &'h HeaderMap,
    name: &header::HeaderName,
) -> Result<Option<&'h str>, String> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    match (first.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        _ => Err(String::from_utf8_lossy(first.as_bytes()).into_owned()),
    }
}

/// The host without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{Asked, OriginPolicy, Refused, SEC_FETCH_SITE, Source};

    const PAGE: &str = "https://shop.example";

    fn admit(
        authority: Option<&str>,
        lines: &[(header::HeaderName, &str)],
    ) -> Result<Source, Refused> {
        let asked = Asked {
            authority,
            ..Asked::default()
        };
        admit_asked(asked, lines)
    }

    fn admit_asked(
        asked: Asked<'_>,
        lines: &[(header::HeaderName, &str)],
    ) -> Result<Source, Refused> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let policy = OriginPolicy {
            origins: vec![PAGE.to_owned()],
            names: vec!["kasse-1".to_owned(), "kasse-1.local".to_owned()],
            is_configurable: true,
            served: Vec::new(),
        };
        policy.admit(asked, &headers)
    }

    #[test]
    fn a_host_is_an_address_or_a_configured_name() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:50700",
            "192.168.7.9:80",
            "[::1]:50700",
            "[fe80::1]",
            "localhost",
            "LOCALHOST:50700",
            "shop.example",
            "Shop.Example:8443",
            "kasse-1:50700",
            "KASSE-1.local",
        ] {
            assert_eq!(
                admit(None, &[(header::HOST, host)]),
                Ok(Source::Local),
                "{host}"
            );
            let other = [(header::HOST, "evil.example")];
            assert_eq!(admit(Some(host), &other), Ok(Source::Local), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:50700",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "kasse-1.evil.example",
            "evil-shop.example",
            "127.0.0.1@evil.example",
            "[::1].evil.example",
            "::1",
            "",
            ":50700",
        ] {
            let refused = Err(Refused::Host(host.to_owned()));
            assert_eq!(admit(None, &[(header::HOST, host)]), refused, "{host}");
            let other = [(header::HOST, "localhost")];
            assert_eq!(admit(Some(host), &other), refused, "{host}");
        }
        let twice = [(header::HOST, "localhost"), (header::HOST, "localhost")];
        assert!(admit(None, &twice).is_err());
        assert_eq!(
            admit(None, &[]),
            Ok(Source::Local),
            "every browser sends it"
        );
    }

    #[test]
    fn an_origin_is_the_agents_own_or_a_configured_one() {
        let host = (header::HOST, "127.0.0.1:50700");
        let from = |origin| admit(None, &[host.clone(), (header::ORIGIN, origin)]);
        assert_eq!(from("http://127.0.0.1:50700"), Ok(Source::Local));
        assert_eq!(from("https://127.0.0.1:50700"), Ok(Source::Local));
        assert_eq!(from(PAGE), Ok(Source::Page(HeaderValue::from_static(PAGE))));
        for origin in [
            "null",
            "",
            "http://evil.example",
            "http://shop.example",
            "https://shop.example:8443",
            "https://shop.example.evil.example",
            "http://127.0.0.1",
            "http://127.0.0.1:50701",
            "file://127.0.0.1:50700",
        ] {
            assert_eq!(
                from(origin),
                Err(Refused::Origin(origin.to_owned())),
                "{origin}"
            );
        }
        let twice = [
            host.clone(),
            (header::ORIGIN, PAGE),
            (header::ORIGIN, "http://evil.example"),
        ];
        assert!(admit(None, &twice).is_err());
    }

    #[test]
    fn a_change_is_refused_if_a_page_of_another_site_asks_for_it() {
        const HOST: &str = "127.0.0.1:50700";
        let change = Asked {
            changes: true,
            ..Asked::default()
        };
        let of = |asked, lines: &[(header::HeaderName, &'static str)]| {
            let host = [(header::HOST, HOST)];
            let lines: Vec<_> = host.iter().chain(lines).cloned().collect();
            admit_asked(asked, &lines)
        };
        for (name, value) in [
            (SEC_FETCH_SITE, "none"),
            (SEC_FETCH_SITE, "same-origin"),
            (header::REFERER, "http://127.0.0.1:50700/receipts?page=2"),
            (header::REFERER, "https://shop.example/till"),
        ] {
            let admitted = of(change, &[(name, value)]);
            assert_eq!(admitted, Ok(Source::Local), "{value}");
        }
        for site in ["cross-site", "same-site", ""] {
            let lines = [(SEC_FETCH_SITE, site)];
            let refused = Err(Refused::Site(site.to_owned()));
            assert_eq!(of(change, &lines), refused, "{site}");
            assert_eq!(of(Asked::default(), &lines), Ok(Source::Local), "{site}");
        }
        for page in [
            "https://evil.example/page",
            "http://127.0.0.1:3000/",
            "http://shop.example/till",
            "about:blank",
            "",
        ] {
            let lines = [(header::REFERER, page)];
            let refused = Err(Refused::Referer(page.to_owned()));
            assert_eq!(of(change, &lines), refused, "{page}");
            assert_eq!(of(Asked::default(), &lines), Ok(Source::Local), "{page}");
        }
        let page = (header::ORIGIN, PAGE);
        let (cross, own) = (
            (SEC_FETCH_SITE, "cross-site"),
            (header::REFERER, "https://shop.example/till"),
        );
        let admitted = Ok(Source::Page(HeaderValue::from_static(PAGE)));
        assert_eq!(of(change, &[page, cross, own]), admitted);
    }

    #[test]
    fn a_proxy_reaches_a_route_that_authenticates_its_caller() {
        let forwarded = [
            ("x-forwarded-for", "X-Forwarded-For"),
            ("forwarded", "Forwarded"),
        ];
        for (name, shown) in forwarded {
            let name = header::HeaderName::from_static(name);
            let lines = [(header::HOST, "localhost"), (name, "10.0.0.1")];
            let of = |is_open| {
                let asked = Asked {
                    changes: true,
                    is_open,
                    ..Asked::default()
                };
                admit_asked(asked, &lines)
            };
            assert_eq!(of(false), Ok(Source::Local), "{shown}");
            assert_eq!(of(true), Err(Refused::Forwarded(shown)));
        }
    }
}
