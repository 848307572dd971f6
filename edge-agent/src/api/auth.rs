//! Authenticates the caller by the signature of the FiscalCloud API, which our own routes use too (docs/api/fiscalcloud.md).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::json::{JsonValue, shortened, without_byte_order_mark};
use super::response::json_response;
use super::settings::ApiSettings;
use crate::config::{Device, Mode, Permission, Secret};
use crate::hmac::{Signature, signature_of};
use crate::limited_log::LimitedLog;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::EndedCall;

/// The largest difference between a caller's clock and the till's clock, in milliseconds: ten minutes.
const WINDOW_MS: i64 = 10 * 60 * 1_000;

/// A caller whose signature is right.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizedClient<'c> {
    /// The caller's public API key.
    pub key: &'c str,
    /// The name of the seller on the caller's documents.
    pub user: &'c str,
    /// The device that the request names in `Api-DeviceId`; `None` if the request names none.
    pub device: Option<&'c Device>,
    /// What the caller may do beside reading.
    pub permissions: &'c [Permission],
    /// The caller's time, in milliseconds since the epoch.
    pub at_ms: i64,
    signature: Signature,
}

impl AuthorizedClient<'_> {
    /// The time and the digest of the signature. No other signed request has the same pair. A request that only reads needs none.
    #[must_use]
    pub fn signature(&self) -> SignatureInfo {
        SignatureInfo::new(self.at_ms, &self.signature)
    }
}

/// Identifies one signed request: the same bytes sent again are the same request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignatureInfo {
    /// The caller's time, in milliseconds since the epoch.
    pub at_ms: i64,
    /// A digest of the signature.
    digest: [u8; 32],
}

impl SignatureInfo {
    pub(super) fn new(at_ms: i64, signature: &[u8]) -> Self {
        let digest = Sha256::digest(signature).into();
        Self { at_ms, digest }
    }

    /// The record of a call in the file of the calls that have ended.
    pub(super) fn record(&self) -> EndedCall {
        let mut record: EndedCall = [0; 40];
        let bytes = self.at_ms.to_le_bytes().into_iter().chain(self.digest);
        for (to, from) in record.iter_mut().zip(bytes) {
            *to = from;
        }
        record
    }

    /// The signature of a record that [`Self::record`] made.
    pub(super) fn of_record(record: &EndedCall) -> Self {
        let (mut at_ms, mut digest) = ([0; 8], [0; 32]);
        for (to, from) in at_ms.iter_mut().chain(&mut digest).zip(record) {
            *to = *from;
        }
        Self {
            at_ms: i64::from_le_bytes(at_ms),
            digest,
        }
    }

    /// The request id that is used if the caller gave none. It is computed from the signature, so the same bytes sent again
    /// have the same id, and a recorded request never makes a second document. Ids are ordered by time, which keeps the index
    /// of the store small.
    #[must_use]
    pub fn request_id(&self) -> Uuid {
        let mut random = [0; 10];
        for (to, from) in random.iter_mut().zip(self.digest) {
            *to = from;
        }
        let at_ms = u64::try_from(self.at_ms).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(at_ms, &random).into_uuid()
    }
}

/// Why a request is refused before its body is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unauthorized {
    /// The error code, as in `errorType`.
    pub code: &'static str,
    /// What is wrong with the request, as a sentence for people.
    pub message: String,
    /// In TEST mode, the text over which the agent expected the signature.
    pub signed_text: Option<String>,
    /// The status of the answer. With 401 a LIVE till does not say what is wrong.
    pub status: StatusCode,
    /// How long the caller waits before the next call.
    pub retry_after: Option<Duration>,
}

impl Unauthorized {
    /// Makes a refusal that does not contain the text whose signature was expected.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            signed_text: None,
            status: StatusCode::UNAUTHORIZED,
            retry_after: None,
        }
    }

    /// The same refusal with another status.
    pub(super) fn with_status(self, status: StatusCode, retry_after: Option<Duration>) -> Self {
        Self {
            status,
            retry_after,
            ..self
        }
    }

    /// An answer with the status of the refusal.
    pub(super) fn response(&self, body: &JsonValue) -> Response {
        let mut response = json_response(self.status, body);
        if let Some(wait) = self.retry_after {
            // Never a second too early.
            let seconds = wait.as_secs().saturating_add(1);
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The parts of a request that its signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    /// The HTTP method in upper case.
    pub method: &'c str,
    /// Path and query exactly as the request contains them.
    pub path_and_query: &'c str,
    /// The headers of the request.
    pub headers: &'c HeaderMap,
    /// The body exactly as it arrived.
    pub body: &'c [u8],
}

impl<'c> Call<'c> {
    /// The signed parts of a request whose body was read completely.
    pub(super) fn of(parts: &'c Parts, body: &'c [u8]) -> Self {
        let target = parts.uri.path_and_query();
        Self {
            method: parts.method.as_str(),
            path_and_query: target.map_or(parts.uri.path(), |target| target.as_str()),
            headers: &parts.headers,
            body,
        }
    }
}

/// Checks the signature of a call, and that its client may use the API; `api` is `None` for the agent's own routes.
///
/// # Errors
///
/// [`Unauthorized`] says which part is wrong.
pub fn check<'c>(
    settings: &'c ApiSettings,
    api: Option<&str>,
    clock: &GuardedClock,
    call: &Call<'_>,
) -> Result<AuthorizedClient<'c>, Unauthorized> {
    let header = |name: &str| {
        call.headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let refuse = |code, message: &str| Unauthorized::new(code, message);
    if call.method != "POST" && !call.body.is_empty() {
        return Err(refuse(BODY_NOT_ALLOWED, ONLY_POST_HAS_A_BODY));
    }
    let key = header("Api-Key").ok_or_else(|| refuse("ApiKeyMissing", "Api-Key: is missing"))?;
    let Some(client) = settings.clients.find(key) else {
        // A wrong key takes as long as a wrong signature, so that the time of an answer does not show which keys exist.
        std::hint::black_box(signature_of(DUMMY_SECRET, &[call.body]));
        return Err(refuse(UNKNOWN_KEY, &unknown_key(key)));
    };
    let timestamp = header("Api-Timestamp")
        .ok_or_else(|| refuse("TimestampMissing", "Api-Timestamp: is missing"))?;
    let device = header("Api-DeviceId").unwrap_or_default();
    let point_of_sale = header("Api-PointOfSaleId").unwrap_or_default();
    let head = format!(
        "{device}{point_of_sale}{timestamp}{}{}",
        call.method, call.path_and_query
    );
    let at_ms = check_timestamp(clock, timestamp)?;
    let signature = header("Api-Signature")
        .ok_or_else(|| refuse("SignatureMissing", "Api-Signature: is missing"))?;
    // Some client libraries sign the text without a byte order mark and send the text with one.
    let text = without_byte_order_mark(call.body);
    let holds = |expected: &Signature| bool::from(expected.ct_eq(signature.as_bytes()));
    let expected_with = |secret: &Secret| {
        let signature_with = |body| secret.hmac_key().sign(&[head.as_bytes(), body]);
        let expected = signature_with(text);
        let holds_with_mark = || text.len() < call.body.len() && holds(&signature_with(call.body));
        (holds(&expected) || holds_with_mark()).then_some(expected)
    };
    let second = || client.second_secret.as_ref().and_then(expected_with);
    let Some(expected) = expected_with(&client.secret).or_else(second) else {
        let signed_text = (settings.mode == Mode::Test)
            .then(|| format!("{head}{}", String::from_utf8_lossy(text)));
        return Err(Unauthorized {
            signed_text,
            ..refuse(SIGNATURE_MISMATCH_CODE, SIGNATURE_MISMATCH)
        });
    };
    if let Some(api) = api.filter(|api| !client.apis.iter().any(|name| name == api)) {
        let message = format!(
            "Api-Key: belongs to a client that may not use the API {api}; write it into the apis of the client in [[api.clients]]"
        );
        let refused = refuse("ApiNotAllowed", &message);
        return Err(refused.with_status(StatusCode::FORBIDDEN, None));
    }
    Ok(AuthorizedClient {
        key: &client.key,
        user: &client.user,
        device: device_of(settings, device)?,
        permissions: &client.permissions,
        at_ms,
        signature: expected,
    })
}

/// The device that the header `Api-DeviceId` with this text names; `None` if the text is empty.
fn device_of<'c>(
    settings: &'c ApiSettings,
    text: &str,
) -> Result<Option<&'c Device>, Unauthorized> {
    if text.is_empty() {
        return Ok(None);
    }
    let id = Uuid::try_parse(text).ok();
    let device = id.and_then(|id| settings.devices.iter().find(|device| device.id == id));
    let unknown = || {
        let message = format!(
            "Api-DeviceId: is {:?}, which this agent does not have; its devices are {}",
            shortened(text),
            devices_of(settings)
        );
        Unauthorized::new("UnknownDevice", message)
    };
    device.map(Some).ok_or_else(unknown)
}

/// The refusal of a key that no client has. It shows no other key: with a token API a key is half of a login.
fn unknown_key(key: &str) -> String {
    format!(
        "Api-Key: is {:?}, which no client of this agent has; compare it with `key` of `[[api.clients]]` in the configuration",
        shortened(key)
    )
}

/// The devices that the header `Api-DeviceId` can name.
pub(super) fn devices_of(settings: &ApiSettings) -> String {
    let devices = settings.devices.iter();
    let devices = devices.map(|device| format!("{} ({})", device.id, device.name));
    listed(devices)
}

/// The first names of a list, and how many there are more.
fn listed(names: impl ExactSizeIterator<Item = impl AsRef<str>>) -> String {
    let more = names.len().saturating_sub(LISTED_MAX);
    let shown: Vec<String> = names
        .take(LISTED_MAX)
        .map(|name| shortened(name.as_ref()))
        .collect();
    let shown = shown.join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The largest number of keys or devices that a message lists.
const LISTED_MAX: usize = 10;

fn check_timestamp(clock: &GuardedClock, timestamp: &str) -> Result<i64, Unauthorized> {
    let refuse = |code, message: &str| Err(Unauthorized::new(code, message));
    let Ok(given) = timestamp.parse::<i64>() else {
        return refuse(
            "TimestampInvalid",
            "Api-Timestamp: is not a whole number of milliseconds since 1970-01-01 UTC",
        );
    };
    if let Err(now) = clock.check(given, WINDOW_MS) {
        let whose = if clock.is_sure() {
            "set the caller's clock"
        } else {
            "no two clocks agree on the agent's time: set the caller's clock, or the machine's"
        };
        return refuse(
            "TimestampOutOfWindow",
            &format!(
                "Api-Timestamp: is {given}, more than ten minutes off the agent's {now}; {whose}"
            ),
        );
    }
    Ok(given)
}

/// The refusal of a call as its caller gets it. In LIVE mode the reason of a 401 stands in the log only, so that every caller whose
/// signature is not accepted gets the same answer.
pub(super) fn redact_in_live_mode(mode: Mode, unauthorized: Unauthorized) -> Unauthorized {
    REFUSED_CALLS.fetch_add(1, Ordering::Relaxed);
    match mode {
        Mode::Live if unauthorized.status == StatusCode::UNAUTHORIZED => {
            let Unauthorized { code, message, .. } = unauthorized;
            REFUSED.warn(code, || format!("a request was refused: {message}"));
            Unauthorized::new("Unauthorized", UNAUTHORIZED)
        }
        _ => unauthorized,
    }
}

/// The error code of a key that no client has.
pub(super) const UNKNOWN_KEY: &str = "UnknownApiKey";
/// The error code of a wrong signature.
pub(super) const SIGNATURE_MISMATCH_CODE: &str = "SignatureMismatch";
/// The error code of a call with a body whose method allows none.
pub(super) const BODY_NOT_ALLOWED: &str = "BodyNotAllowed";
/// How many calls this process has refused because of their signature.
pub(super) fn refused_calls() -> u64 {
    REFUSED_CALLS.load(Ordering::Relaxed)
}

static REFUSED_CALLS: AtomicU64 = AtomicU64::new(0);
/// The lines about refused requests. Anybody can send such requests.
static REFUSED: LimitedLog = LimitedLog::new();
/// The secret that is used for an unknown key, so that a wrong key takes as long as a wrong signature.
const DUMMY_SECRET: &[u8] = b"a secret that no client has";
/// A LIVE till gives this one answer to every request whose signature it does not accept.
const UNAUTHORIZED: &str =
    "request: is not signed as this agent expects; the agent's log says what is wrong";
/// The signature covers path and body as one text. If a GET request could have a body, one signature would be valid for several
/// paths.
const ONLY_POST_HAS_A_BODY: &str =
    "body: is only allowed in a POST request; send this request without one";
const SIGNATURE_MISMATCH: &str = "Api-Signature: is wrong; it must be the lower-case hexadecimal HMAC-SHA256, with the secret as key, \
     of device id, point of sale id, timestamp, method, path with query, and body, one after the other";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::{HeaderMap, HeaderValue};

    use super::{Call, SignatureInfo, check};
    use crate::api::settings::ApiSettings;
    use crate::config::Config;
    use crate::hmac::signature_of;
    use crate::time::clock::{Clock, system_ms};
    use crate::time::guarded_clock::GuardedClock;

    #[test]
    fn a_client_uses_only_the_apis_of_its_table() {
        let shop = include_str!("../../fuzz/seeds/configuration/shop");
        let clock = GuardedClock::new(Arc::new(Clock::new(Some("UTC")).unwrap()), None, []);
        let at = system_ms();
        let path = "/api/v1/devices";
        let text = format!("{at}GET{path}");
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("Api-Key", "a-key".to_owned()),
            ("Api-Timestamp", at.to_string()),
            (
                "Api-Signature",
                signature_of(b"a-secret-of-some-length", &[text.as_bytes()]),
            ),
        ] {
            headers.insert(name, HeaderValue::from_str(&value).unwrap());
        }
        let call = Call {
            method: "GET",
            path_and_query: path,
            headers: &headers,
            body: b"",
        };
        for (apis, api, allowed) in [
            ("", Some("fiscalcloud"), true),
            ("", Some("ereceipt"), false),
            ("apis = [\"ereceipt\"]\n", Some("fiscalcloud"), false),
            (
                "apis = [\"ereceipt\", \"fiscalcloud\"]\n",
                Some("fiscalcloud"),
                true,
            ),
            ("apis = [\"ereceipt\"]\n", None, true),
        ] {
            let text = shop.replacen("secret = ", &format!("{apis}secret = "), 1);
            let settings = ApiSettings::of(&Config::parse(&text, "shop.toml").unwrap());
            match check(&settings, api, &clock, &call) {
                Ok(_) => assert!(allowed, "{apis} {api:?}"),
                Err(error) => {
                    assert_eq!(error.code, "ApiNotAllowed");
                    assert!(!allowed, "{apis} {api:?}");
                }
            }
        }
    }

    #[test]
    fn a_record_of_a_signature_is_read_as_it_was_written() {
        let signature = SignatureInfo::new(1_764_322_112_345, b"a");
        assert_eq!(SignatureInfo::of_record(&signature.record()), signature);
    }
}
