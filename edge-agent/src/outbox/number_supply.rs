//! Requests reserved fiscal numbers from the authority before they are needed (GET_FISC_RANGES in `docs/protocols/online-ecr.md`).
//!
//! One thread requests the numbers of all devices.
//! The key of a request is computed from the identity of the device and the highest number that it ever got under this identity.
//! So if an answer is lost, the next request has the same key, and the authority grants the same numbers again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ferrotill_core::numbers::Span;
use ferrotill_store::Reader;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::authority::http::{agent, post};
use crate::authority::online_ecr::{JSON, OnlineEcr, url_of};
use crate::authority::{Authority, Identity};
use crate::clerk::{ClerkHandle, Message};
use crate::config::Upstream;
use crate::outbox::backoff::Backoff;
use crate::status::{LiveStatus, Stock};

/// The thread that requests fiscal numbers for the devices. Dropping this value stops the thread.
#[derive(Debug)]
pub struct NumberSupply {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NumberSupply {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system cannot create a thread.
    pub fn start(
        devices: Vec<Uuid>,
        reader: Reader,
        upstream: &Upstream,
        live_status: Arc<LiveStatus>,
        clerk_handle: ClerkHandle,
    ) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            agent: agent(upstream.timeout, &upstream.trust),
            url: upstream.url.clone(),
            protocol: OnlineEcr::new(upstream.online_ecr.clone()),
            wanted: upstream.online_ecr.numbers,
            devices,
            reader,
            live_status,
            clerk_handle,
            stop: Arc::clone(&stop),
        };
        let thread = std::thread::Builder::new()
            .name("fiscal numbers".to_owned())
            .spawn(move || worker.run())?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for NumberSupply {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // The thread ends after its current pause or request. Numbers that arrive too late are requested again, with the same key, at the next start.
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
        }
    }
}

struct Worker {
    agent: ureq::Agent,
    url: String,
    protocol: OnlineEcr,
    wanted: u32,
    devices: Vec<Uuid>,
    reader: Reader,
    live_status: Arc<LiveStatus>,
    clerk_handle: ClerkHandle,
    stop: Arc<AtomicBool>,
}

/// The longest pause in milliseconds after a failed request, and between two checks of the stock.
const PAUSE_MS_MAX: u64 = 5_000;

impl Worker {
    fn run(self) {
        let backoff = Backoff::new(1).up_to(PAUSE_MS_MAX);
        let mut failures = 0_u32;
        while !self.stop.load(Ordering::Acquire) {
            let low = self.devices.iter().filter_map(|device| {
                let stock = self.live_status.stock(*device)?;
                (stock.left <= u64::from(self.wanted) / 2).then_some((*device, stock))
            });
            let mut requested = false;
            for (device, stock) in low {
                requested = true;
                match self.request(device, stock) {
                    Ok(spans) => {
                        failures = 0;
                        self.clerk_handle.send(Message::Numbers(device, spans));
                    }
                    Err(reason) => {
                        failures = failures.saturating_add(1);
                        tracing::warn!(%device, left = stock.left, "no fiscal numbers: {reason}");
                    }
                }
            }
            if requested && failures > 0 {
                // A sale changes the stock too, but must not cut this pause short: so this wait ignores the stock.
                let pause = backoff.wait_ms(failures, None).max(1);
                std::thread::park_timeout(Duration::from_millis(pause));
            } else {
                // When the clerk has stored the new numbers, the stock changes, and that ends the wait.
                let pause = Duration::from_millis(PAUSE_MS_MAX);
                self.live_status.wait_for_stock(pause);
            }
        }
    }

    fn request(&self, device: Uuid, stock: Stock) -> Result<Vec<Span>, String> {
        let message_number = u64::from(stock.last_document).saturating_add(1);
        // The numbers belong to the identity that the journal knows, also after a change of the configuration.
        let identity = self.reader.device_identity(device);
        let identity = identity.map_err(|error| error.to_string())?;
        let identity = identity.ok_or("the journal does not know the device yet")?;
        let body = self
            .protocol
            .encode_range_request(message_number, Identity::from(&identity))?;
        let url = url_of(&self.url, self.protocol.path_of("fiscal_ranges"));
        let headers = self.protocol.headers(body.as_bytes());
        let answer = post(
            &self.agent,
            &url,
            &headers,
            key(device, &identity.fiscal_number, stock),
            (JSON, body.as_bytes()),
        )
        .answer;
        let (status, body) = answer.map_err(|failure| failure.explained(&url).to_string())?;
        self.protocol.decode_ranges(status, &body, stock.highest)
    }
}

/// The key of a request: the same for every attempt to get the numbers after the highest one for one identity of the device.
fn key(device: Uuid, fiscal_number: &str, stock: Stock) -> Uuid {
    let mut digest = Sha256::new();
    digest.update(b"fiscal numbers of ");
    digest.update(device.as_bytes());
    digest.update(stock.pool.to_be_bytes());
    digest.update(stock.highest.unwrap_or(0).to_be_bytes());
    digest.update(fiscal_number.as_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = from;
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_its_key_until_its_numbers_arrive() {
        let stock = |highest, left| Stock {
            left,
            pool: 0,
            highest,
            last_document: 1,
        };
        let device = Uuid::from_u128(1);
        let key_of = |stock| key(device, "J1", stock);
        assert_eq!(key_of(stock(Some(9), 4)), key_of(stock(Some(9), 2)));
        let first = stock(None, 0);
        for (what, other) in [
            ("a higher number", key_of(stock(Some(10), 4))),
            ("another device", key(Uuid::from_u128(2), "J1", first)),
            ("another identity", key(device, "J2", first)),
            ("another pool", key_of(Stock { pool: 1, ..first })),
        ] {
            assert_ne!(key_of(first), other, "{what}");
        }
    }
}
