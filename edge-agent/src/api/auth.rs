//! Who calls: the signature of the FiscalCloud API (spec/fiscalcloud.md, A.1).

use axum::http::HeaderMap;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::json::without_byte_order_mark;
use crate::config::{Config, Device, Mode};
use crate::guard::GuardedClock;
use crate::hmac::signature_of;

/// How far a caller's clock may be off: ten minutes either way.
const WINDOW_MS: i64 = 10 * 60 * 1_000;

/// A caller whose signature holds.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'c> {
    /// Its key: the name that documents carry.
    pub key: &'c str,
    /// The device it named, if it named one.
    pub device: Option<&'c Device>,
    /// What tells this signed request from every other one.
    pub signed: Signed,
}

/// The mark of one signed request: the same bytes sent again have the same mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signed {
    /// The caller's time, in milliseconds since the epoch.
    pub at_ms: i64,
    /// A digest of the signature.
    digest: [u8; 32],
}

impl Signed {
    pub(super) fn new(at_ms: i64, signature: &str) -> Self {
        let digest = Sha256::digest(signature.as_bytes()).into();
        Self { at_ms, digest }
    }

    /// The request id of a request that was given none: sent again byte for byte it has the same one, so that a recorded call never
    /// makes a second document. Its order is that of time, which keeps the books' index small.
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

/// Why a call is turned away unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unauthorized {
    /// The code, as in `errorType`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// TEST mode: the text whose signature was expected.
    pub signed: Option<String>,
}

/// What a call consists of, as far as the signature goes.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    /// Upper case.
    pub method: &'c str,
    /// Path and query as they came.
    pub path_and_query: &'c str,
    /// The headers.
    pub headers: &'c HeaderMap,
    /// The body as it came.
    pub body: &'c [u8],
}

/// Checks the signature of a call.
///
/// # Errors
///
/// [`Unauthorized`] says which part does not hold.
pub fn check<'c>(
    config: &'c Config,
    clock: &GuardedClock,
    call: &Call<'_>,
) -> Result<Caller<'c>, Unauthorized> {
    let header = |name: &str| {
        call.headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let refuse = |code, message: &str| Unauthorized {
        code,
        message: message.to_owned(),
        signed: None,
    };
    if call.method != "POST" && !call.body.is_empty() {
        return Err(refuse("BodyNotAllowed", BODY_NOT_ALLOWED));
    }
    let key = header("Api-Key")
        .ok_or_else(|| refuse("ApiKeyMissing", "the header Api-Key is missing"))?;
    let Some(client) = config.api.clients.iter().find(|client| client.key == key) else {
        // It takes as long as a wrong signature, so that time tells nobody which keys there are.
        std::hint::black_box(signature_of(NOBODY, &[call.body]));
        return Err(refuse(
            "UnknownApiKey",
            "the header Api-Key holds a key that this agent does not know",
        ));
    };
    let timestamp = header("Api-Timestamp")
        .ok_or_else(|| refuse("TimestampMissing", "the header Api-Timestamp is missing"))?;
    let device = header("Api-DeviceId").unwrap_or_default();
    let point_of_sale = header("Api-PointOfSaleId").unwrap_or_default();
    let head = format!(
        "{device}{point_of_sale}{timestamp}{}{}",
        call.method, call.path_and_query
    );
    let at_ms = check_timestamp(clock, timestamp)?;
    let signature = header("Api-Signature")
        .ok_or_else(|| refuse("SignatureMissing", "the header Api-Signature is missing"))?;
    // Some libraries sign the text and put a byte order mark before it on the way.
    let text = without_byte_order_mark(call.body);
    let signature_with = |body| signature_of(client.secret.as_bytes(), &[head.as_bytes(), body]);
    let holds = |expected: &str| bool::from(expected.as_bytes().ct_eq(signature.as_bytes()));
    let expected = signature_with(text);
    let holds_with_mark = || text.len() < call.body.len() && holds(&signature_with(call.body));
    if !holds(&expected) && !holds_with_mark() {
        let signed = (config.till.mode == Mode::Test)
            .then(|| format!("{head}{}", String::from_utf8_lossy(text)));
        return Err(Unauthorized {
            signed,
            ..refuse("SignatureMismatch", SIGNATURE_MISMATCH)
        });
    }
    let device = match device {
        "" => None,
        text => Some(
            Uuid::try_parse(text)
                .ok()
                .and_then(|id| config.devices.iter().find(|device| device.id == id))
                .ok_or_else(|| {
                    refuse(
                        "UnknownDevice",
                        "the header Api-DeviceId names a device that this agent does not have",
                    )
                })?,
        ),
    };
    Ok(Caller {
        key: &client.key,
        device,
        signed: Signed::new(at_ms, &expected),
    })
}

fn check_timestamp(clock: &GuardedClock, timestamp: &str) -> Result<i64, Unauthorized> {
    let refuse = |code, message: String| {
        Err(Unauthorized {
            code,
            message,
            signed: None,
        })
    };
    let Ok(given) = timestamp.parse::<i64>() else {
        return refuse(
            "TimestampInvalid",
            "the header Api-Timestamp is not a whole number of milliseconds since 1970-01-01 UTC"
                .to_owned(),
        );
    };
    if let Err(now) = clock.check(given, WINDOW_MS) {
        return refuse(
            "TimestampOutOfWindow",
            format!(
                "the header Api-Timestamp is {given}, more than ten minutes off the agent's {now}; set the caller's clock"
            ),
        );
    }
    Ok(given)
}

/// The secret of the callers that there are not.
const NOBODY: &[u8] = b"a caller whom nobody knows";
/// The signature covers path and body as one text: with a body, one signature would be good for several paths.
const BODY_NOT_ALLOWED: &str = "only a POST request has a body; send this request without one";
const SIGNATURE_MISMATCH: &str = "the header Api-Signature does not fit; it is the lower-case hexadecimal HMAC-SHA256, with the secret as key, \
     of device id, point of sale id, timestamp, method, path with query, and body, one after the other";
