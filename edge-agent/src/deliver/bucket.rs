//! A bucket of an S3-compatible server: each receipt is a page, a PDF and the images of the page, as static files.
//!
//! Requests are signed with AWS Signature Version 4 (`AWS4-HMAC-SHA256`), and name the bucket in their path.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::CarrierFault;
use super::published::{PublishedFile, Publisher, ReceiptSource};
use crate::authority::http::kept_agent;
use crate::config::BucketConfig;
use crate::error_chain::chain_of;
use crate::locked::Locked;
use crate::time::guarded_clock::GuardedClock;

/// The bucket.
pub(super) struct Bucket {
    config: BucketConfig,
    /// The server and the path of the bucket, as they are signed.
    host: String,
    path: String,
    agent: ureq::Agent,
    guard: Arc<GuardedClock>,
    /// The images that this process has published: many receipts have the same logo.
    images: Locked<BTreeSet<String>>,
}

impl Bucket {
    pub(super) fn new(config: BucketConfig, guard: Arc<GuardedClock>) -> Self {
        let rest = config.url.split_once("://").map_or("", |(_, rest)| rest);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = match path {
            "" => format!("/{}", config.name),
            path => format!("/{path}/{}", config.name),
        };
        // A port that the scheme has anyway is not part of the signed host.
        let usual = match config.url.starts_with("https://") {
            true => ":443",
            false => ":80",
        };
        Self {
            host: host.strip_suffix(usual).unwrap_or(host).to_owned(),
            path,
            agent: kept_agent(TIMEOUT, &config.trust),
            guard,
            images: Locked::default(),
            config,
        }
    }

    fn put(&self, file: &PublishedFile) -> Result<(), CarrierFault> {
        let path = format!("{}/{}", self.path, file.path);
        let time = amz_time(self.guard.now().utc_ms)
            .ok_or_else(|| CarrierFault::Away("the till has no time".to_owned()))?;
        let digest = hex(&Sha256::digest(&file.data));
        let authorization = self.authorization(&path, &time, &digest);
        let scheme = self
            .config
            .url
            .split_once("://")
            .map_or("https", |url| url.0);
        let send = || {
            let request = self.agent.put(format!("{scheme}://{}{path}", self.host));
            request
                .header("Content-Type", file.kind)
                .header("Cache-Control", "private, no-cache")
                .header("x-amz-date", &time)
                .header("x-amz-content-sha256", &digest)
                .header("Authorization", &authorization)
                .send(&file.data[..])
        };
        // The kept connection may have ended unnoticed.
        let answer = send().or_else(|_| send());
        let mut answer = answer.map_err(|error| CarrierFault::Away(chain_of(&error)))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        // The whole answer is read, so that the connection is kept.
        let body = body.read_to_string().unwrap_or_default();
        match status {
            200..=299 => Ok(()),
            // Nothing in these answers is about the receipt: the till writes all receipts in the same form.
            _ => Err(CarrierFault::Away(format!(
                "the server of the bucket has answered with the status {status}{}",
                reason(&body)
            ))),
        }
    }

    /// The header `Authorization` of a request that puts an object.
    fn authorization(&self, path: &str, time: &str, digest: &str) -> String {
        let BucketConfig {
            region,
            key,
            secret,
            ..
        } = &self.config;
        let request = format!(
            "PUT\n{}\n\nhost:{}\nx-amz-content-sha256:{digest}\nx-amz-date:{time}\n\n{SIGNED}\n{digest}",
            encoded(path),
            self.host
        );
        let day = time.get(..8).unwrap_or_default();
        let scope = format!("{day}/{region}/s3/aws4_request");
        let text = format!(
            "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
            hex(&Sha256::digest(request.as_bytes()))
        );
        let first = [b"AWS4", secret.as_bytes()].concat();
        let signing = [day, region, "s3", "aws4_request"]
            .iter()
            .fold(first, |key, part| mac(&key, part).to_vec());
        let signature = hex(&mac(&signing, &text));
        format!(
            "AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"
        )
    }
}

impl Publisher for Bucket {
    fn publish(
        &self,
        source: &dyn ReceiptSource,
        receipt: Uuid,
    ) -> Result<Option<String>, CarrierFault> {
        for file in source.files(receipt)? {
            let is_image = file.path.starts_with("r/i/");
            if is_image && self.images.lock().contains(&file.path) {
                continue;
            }
            self.put(&file)?;
            if is_image {
                self.images.lock().insert(file.path);
            }
        }
        Ok(None)
    }
}

fn mac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]);
    digits.collect()
}

/// A path as it is signed: every byte that has another meaning in a URL as `%XX`.
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                text.push(char::from(byte));
            }
            _ => {
                text.push('%');
                text.push_str(&hex(&[byte]).to_ascii_uppercase());
            }
        }
    }
    text
}

/// A time as `20130524T000000Z`; `None` outside the years that a calendar has.
fn amz_time(utc_ms: i64) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(utc_ms).ok()?;
    Some(at.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// What the server says of a refusal: the code of its answer.
fn reason(body: &str) -> String {
    let code = body
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"));
    match code {
        Some((code, _))
            if code.len() <= 100 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            format!(" ({code})")
        }
        _ => String::new(),
    }
}

const SIGNED: &str = "host;x-amz-content-sha256;x-amz-date";
/// The longest wait for the answer to one file.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signing_key_of_the_vendors_example_is_right() {
        let first = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec();
        let key = ["20120215", "us-east-1", "iam", "aws4_request"]
            .iter()
            .fold(first, |key, part| mac(&key, part).to_vec());
        assert_eq!(
            hex(&key),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
        );
    }

    #[test]
    fn paths_and_times_are_written_as_they_are_signed() {
        assert_eq!(encoded("/receipts/r/a-_B9"), "/receipts/r/a-_B9");
        assert_eq!(encoded("/a b"), "/a%20b");
        assert_eq!(amz_time(1_369_353_600_000).unwrap(), "20130524T000000Z");
        assert_eq!(
            reason("<Error><Code>NoSuchBucket</Code></Error>"),
            " (NoSuchBucket)"
        );
        assert_eq!(reason("<Code><b></Code>"), "");
    }
}
