//! The mail server and the gateway of a TEST till that has none: they keep what they get, for `/sim/mail` and `/sim/sms`.

use std::collections::VecDeque;
use std::sync::Arc;

use ferrotill_store::DeliveryChannel;

use super::letter::Letter;
use super::{Carrier, CarrierFault};
use crate::locked::Locked;

/// A receipt that was kept instead of sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedDelivery {
    /// The e-mail address or the telephone number.
    pub to: String,
    /// The subject of a mail.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The page of a mail.
    pub html: String,
    /// The size of the PDF that a mail has with it, in bytes; 0 without one.
    pub pdf_bytes: usize,
}

/// What was sent on each channel, the newest last.
#[derive(Debug, Default)]
pub(super) struct SimulatedDeliveries([Locked<VecDeque<SimulatedDelivery>>; 2]);

impl SimulatedDeliveries {
    pub(super) fn carrier(self: &Arc<Self>, channel: DeliveryChannel) -> Arc<dyn Carrier> {
        Arc::new(SimulatedCarrier(Arc::clone(self), channel))
    }

    pub(super) fn list(&self, channel: DeliveryChannel) -> Vec<SimulatedDelivery> {
        self.of(channel).lock().iter().cloned().collect()
    }

    const fn of(&self, channel: DeliveryChannel) -> &Locked<VecDeque<SimulatedDelivery>> {
        let [mail, sms] = &self.0;
        match channel {
            DeliveryChannel::Mail => mail,
            _ => sms,
        }
    }
}

struct SimulatedCarrier(Arc<SimulatedDeliveries>, DeliveryChannel);

impl Carrier for SimulatedCarrier {
    fn send(&self, letter: &Letter) -> Result<(), CarrierFault> {
        let to = letter.address.clone();
        let delivery = match self.1 {
            DeliveryChannel::Mail => SimulatedDelivery {
                to,
                subject: letter.subject.clone(),
                text: letter.text.clone(),
                html: letter
                    .page("till.example")
                    .map_or_else(|_| String::new(), |page| page.html),
                pdf_bytes: letter.pdf().map_or(0, |pdf| pdf.len()),
            },
            _ => SimulatedDelivery {
                to,
                subject: String::new(),
                text: letter.short.clone(),
                html: String::new(),
                pdf_bytes: 0,
            },
        };
        let mut kept = self.0.of(self.1).lock();
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(delivery);
        Ok(())
    }
}

/// The most receipts that are kept of each channel.
const KEPT_MAX: usize = 100;
