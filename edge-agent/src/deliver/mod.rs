//! Sends receipts to buyers, by mail and by telephone (decision 0044), and publishes them where buyers read them (decision 0064).
//!
//! What waits stands in the store. A channel has a thread only while something waits on it, so that a till that sends nothing has
//! neither a thread nor a buffer for it. No sale waits for a delivery.

mod bucket;
mod letter;
mod mail;
mod published;
mod service;
mod simulated;
mod sms;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use ferrotill_core::facts::Facts;
use ferrotill_store::{DeliveryChannel, Reader, Store};

use crate::clerk::{BuyerDeliveries, ClerkHandle};
use crate::config::{Config, Device, Mode, Owner};
use crate::locked::Locked;
use crate::status::LiveStatus;
use crate::time::guarded_clock::GuardedClock;
use bucket::Bucket;
use letter::Letter;
use mail::MailServer;
use published::Publisher;
pub use published::{NoForm, PublishedFile, ReceiptSource};
use service::ReceiptService;
use simulated::SimulatedDeliveries;
pub use simulated::SimulatedDelivery;
use sms::SmsGateway;

/// The way over which receipts are sent on one channel.
trait Carrier: Send + Sync {
    /// Sends one receipt.
    fn send(&self, letter: &Letter) -> Result<(), CarrierFault>;
}

/// Why a receipt could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum CarrierFault {
    /// The server cannot be reached, is not trusted, or does not accept the till: no receipt can be sent now.
    Away(String),
    /// The server does not take this receipt now.
    Later(String),
    /// This receipt can never be sent.
    Never(String),
}

/// What letters show of the shop.
#[derive(Clone, Debug)]
struct LetterShop {
    owner: Owner,
    devices: Vec<Device>,
    facts: &'static Facts,
}

/// Everything that is needed to send receipts to buyers.
#[derive(Debug)]
pub struct Deliveries(Arc<Parts>);

struct Parts {
    reader: Reader,
    clerk_handle: ClerkHandle,
    live_status: Arc<LiveStatus>,
    guard: Arc<GuardedClock>,
    shop: LetterShop,
    channels: Vec<Channel>,
    /// What published receipts look like; the upper floors say it.
    source: OnceLock<Box<dyn ReceiptSource>>,
    simulated: Option<Arc<SimulatedDeliveries>>,
    is_stopping: AtomicBool,
}

struct Channel {
    channel: DeliveryChannel,
    way: Way,
    /// The thread while something waits.
    thread: Locked<Option<std::thread::Thread>>,
    /// Set by every order, so that a thread that is about to end looks once more.
    is_woken: AtomicBool,
}

/// How a channel takes receipts.
enum Way {
    /// It takes those that buyers want.
    Letters(Arc<dyn Carrier>),
    /// It takes every receipt.
    Publication(Box<dyn Publisher>),
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

impl Deliveries {
    /// The channels of a configuration. A TEST till without a mail server or a gateway keeps what it would have sent, for `/sim`.
    #[must_use]
    pub fn new(
        config: &Config,
        facts: &'static Facts,
        (reader, clerk_handle): (Reader, ClerkHandle),
        (live_status, guard): (Arc<LiveStatus>, Arc<GuardedClock>),
    ) -> Self {
        let simulated = (config.till.mode == Mode::Test).then(Arc::<SimulatedDeliveries>::default);
        let without = |channel| -> Arc<dyn Carrier> {
            match &simulated {
                Some(simulated) => simulated.carrier(channel),
                None => Arc::new(NotConfigured(channel)),
            }
        };
        let mail = match &config.mail {
            Some(mail) => Arc::new(MailServer::new(mail.clone())),
            None => without(DeliveryChannel::Mail),
        };
        let sms = match &config.sms {
            Some(sms) => Arc::new(SmsGateway::new(sms.clone())),
            None => without(DeliveryChannel::Sms),
        };
        let channel = |channel, way| Channel {
            channel,
            way,
            thread: Locked::default(),
            is_woken: AtomicBool::new(false),
        };
        let letters = [
            channel(DeliveryChannel::Mail, Way::Letters(mail)),
            channel(DeliveryChannel::Sms, Way::Letters(sms)),
        ];
        let bucket = config.ereceipt.bucket.as_ref().map(|bucket| {
            let publisher = Bucket::new(bucket.clone(), Arc::clone(&guard));
            channel(
                DeliveryChannel::Bucket,
                Way::Publication(Box::new(publisher)),
            )
        });
        let service = config.ereceipt.service.as_ref().map(|service| {
            let publisher = ReceiptService::new(service.clone());
            channel(
                DeliveryChannel::EReceipt,
                Way::Publication(Box::new(publisher)),
            )
        });
        let publications = bucket.into_iter().chain(service);
        Self(Arc::new(Parts {
            reader,
            clerk_handle,
            live_status,
            guard,
            shop: LetterShop {
                owner: config.till.owner.clone(),
                devices: config.devices.clone(),
                facts,
            },
            channels: letters.into_iter().chain(publications).collect(),
            source: OnceLock::new(),
            simulated,
            is_stopping: AtomicBool::new(false),
        }))
    }

    /// Begins to publish receipts, beginning with what an earlier process has left waiting. `source` says what they look like.
    pub fn publish(&self, source: Box<dyn ReceiptSource>) {
        if self.0.source.set(source).is_ok() {
            let channels = self.0.channels.iter().map(|known| known.channel);
            channels
                .filter(|channel| channel.is_publication())
                .for_each(|channel| self.wake(channel));
        }
    }

    /// Begins to send what an earlier process has left waiting.
    pub fn resume(&self, store: &Store) {
        let buyers = DeliveryChannel::ALL.into_iter();
        for channel in buyers.filter(|channel| !channel.is_publication()) {
            match store.has_waiting_deliveries(channel) {
                Ok(true) => self.wake(channel),
                Ok(false) => {}
                Err(error) => tracing::error!("the receipts for buyers could not be read: {error}"),
            }
        }
    }

    /// Ends the threads. What waits is sent after the next start.
    pub fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Release);
        for channel in &self.0.channels {
            if let Some(thread) = &*channel.thread.lock() {
                thread.unpark();
            }
        }
    }

    /// What a TEST till has kept instead of sending it over a channel; `None` if the till is LIVE.
    #[must_use]
    pub fn simulated(&self, channel: DeliveryChannel) -> Option<Vec<SimulatedDelivery>> {
        let simulated = self.0.simulated.as_ref();
        simulated.map(|simulated| simulated.list(channel))
    }
}

impl BuyerDeliveries for Deliveries {
    fn wake(&self, channel: DeliveryChannel) {
        let channels = &self.0.channels;
        let Some(place) = channels.iter().position(|known| known.channel == channel) else {
            return;
        };
        let Some(known) = channels.get(place) else {
            return;
        };
        known.is_woken.store(true, Ordering::Release);
        let mut thread = known.thread.lock();
        if let Some(thread) = &*thread {
            thread.unpark();
            return;
        }
        let parts = Arc::downgrade(&self.0);
        let started = std::thread::Builder::new()
            .name(format!("receipts by {}", channel.name()))
            .spawn(move || worker::run(&parts, place));
        match started {
            Ok(started) => *thread = Some(started.thread().clone()),
            Err(error) => tracing::error!(
                "receipts for buyers wait until the next order, because no thread can be started: {error}"
            ),
        }
    }
}

/// The carrier of a LIVE till without a mail server or a gateway.
struct NotConfigured(DeliveryChannel);

impl Carrier for NotConfigured {
    fn send(&self, _: &Letter) -> Result<(), CarrierFault> {
        let section = self.0.name();
        Err(CarrierFault::Never(format!(
            "the configuration has no [{section}], so nothing is sent"
        )))
    }
}
