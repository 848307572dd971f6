//! Reserved fiscal numbers: asked for before they are needed (spec/online-ecr.md, C.5).
//!
//! One thread asks for all devices. The key of a request follows from the highest number that was ever taken, so that a request
//! whose answer was lost is the same request again, and its numbers are not lost with it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ferrotill_core::numbers::Span;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::authority::Authority;
use crate::authority::http::{agent, post};
use crate::authority::online_ecr::{OnlineEcr, url_of};
use crate::clerk::{ClerkHandle, Message};
use crate::config::{ReportingParty, Upstream};
use crate::outbox::backoff::Backoff;
use crate::outbox::identity;
use crate::status::{LiveStatus, Stock};

/// The thread that keeps the devices in fiscal numbers. Dropping it ends it.
#[derive(Debug)]
pub struct NumberSupply {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NumberSupply {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// The system cannot make a thread.
    pub fn start(
        party: Arc<ReportingParty>,
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
            party,
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
        // It ends by itself within its pause; what it has asked for meanwhile is asked for again at the next start.
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
    party: Arc<ReportingParty>,
    live_status: Arc<LiveStatus>,
    clerk_handle: ClerkHandle,
    stop: Arc<AtomicBool>,
}

/// The longest pause between two requests that brought nothing, and between two looks.
const PAUSE_MS_MAX: u64 = 5_000;

impl Worker {
    fn run(self) {
        let backoff = Backoff::new(1).up_to(PAUSE_MS_MAX);
        let mut failures = 0_u32;
        while !self.stop.load(Ordering::Acquire) {
            let low = self.party.devices.iter().filter_map(|device| {
                let stock = self.live_status.stock(*device)?;
                (stock.left <= u64::from(self.wanted) / 2).then_some((*device, stock))
            });
            let mut asked = false;
            for (device, stock) in low {
                asked = true;
                match self.ask(device, stock) {
                    Ok(spans) => {
                        failures = 0;
                        self.clerk_handle.send(Message::Numbers(device, spans));
                    }
                    Err(words) => {
                        failures = failures.saturating_add(1);
                        tracing::warn!(%device, left = stock.left, "no fiscal numbers from the tax office: {words}");
                    }
                }
            }
            if asked && failures > 0 {
                // Sales change the stock, too, and are no reason to press the office.
                let pause = backoff.wait_ms(failures, None).max(1);
                std::thread::park_timeout(Duration::from_millis(pause));
            } else {
                // The clerk takes what came, and that changes the stock, which ends the wait.
                let pause = Duration::from_millis(PAUSE_MS_MAX);
                self.live_status.wait_for_stock(pause);
            }
        }
    }

    fn ask(&self, device: Uuid, stock: Stock) -> Result<Vec<Span>, String> {
        let message_number = u64::from(stock.last_document).saturating_add(1);
        let identity = identity(&self.party, device);
        let body = self
            .protocol
            .encode_range_request(message_number, identity)?;
        let url = url_of(&self.url, self.protocol.path_of("fiscal_ranges"));
        let headers = self.protocol.headers(&body);
        let answer = post(&self.agent, &url, &headers, key(device, stock), &body).answer;
        let (status, body) = answer.map_err(|failure| failure.to_string())?;
        self.protocol.decode_ranges(status, &body, stock.highest)
    }
}

/// The same for every attempt to get the numbers after the highest one.
fn key(device: Uuid, stock: Stock) -> Uuid {
    let mut digest = Sha256::new();
    digest.update(b"fiscal numbers of ");
    digest.update(device.as_bytes());
    digest.update(stock.highest.unwrap_or(0).to_be_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.split_at(16).0);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_until_its_numbers_were_taken() {
        let stock = |highest, left| Stock {
            left,
            highest,
            last_document: 1,
        };
        let device = Uuid::from_u128(1);
        assert_eq!(
            key(device, stock(Some(9), 4)),
            key(device, stock(Some(9), 2))
        );
        assert_ne!(
            key(device, stock(Some(9), 4)),
            key(device, stock(Some(10), 4))
        );
        assert_ne!(
            key(device, stock(None, 0)),
            key(Uuid::from_u128(2), stock(None, 0))
        );
    }
}
