//! The printer's end of a line: its bytes in order and at the speed of the line, and the faults that are ordered for it.

use std::collections::VecDeque;

use super::fault::{FaultKind, FaultOrder};

/// A line with its state at the printer's end.
pub(super) struct Line {
    orders: Vec<FaultOrder>,
    outbox: VecDeque<(u64, Vec<u8>)>,
    plugged: bool,
    baud: Option<u32>,
    sent_until: u64,
    received_until: u64,
}

/// The pause between two bytes in milliseconds, if a fault order has none.
const BYTE_MS: u64 = 20;
/// The number of bytes that a paced line delivers at a time.
const PACE_CHUNK: usize = 16;

impl Line {
    /// A line without faults; `baud` sets its speed.
    pub(super) fn new(baud: Option<u32>) -> Self {
        Self {
            orders: Vec::new(),
            outbox: VecDeque::new(),
            plugged: true,
            baud,
            sent_until: 0,
            received_until: 0,
        }
    }

    /// Whether the cable is plugged in.
    pub(super) fn is_plugged(&self) -> bool {
        self.plugged
    }

    /// Pulls the cable or plugs it in; the bytes on the line are lost.
    pub(super) fn set_plugged(&mut self, plugged: bool) {
        self.plugged = plugged;
        self.forget();
    }

    /// Discards all bytes that are on the line.
    pub(super) fn forget(&mut self) {
        self.outbox.clear();
        self.sent_until = 0;
        self.received_until = 0;
    }

    /// Orders a fault; orders are carried out one after another.
    pub(super) fn add_fault(&mut self, order: FaultOrder) {
        if order.times > 0 {
            self.orders.push(order);
        }
    }

    /// Discards the remaining orders.
    pub(super) fn clear_faults(&mut self) {
        self.orders.clear();
    }

    /// The fault orders that were not carried out yet.
    pub(super) fn faults(&self) -> &[FaultOrder] {
        &self.orders
    }

    /// The first order that fits this command; the order is counted down by one frame.
    pub(super) fn order_for(&mut self, command: u8) -> Option<FaultOrder> {
        let fits = |order: &FaultOrder| order.command.is_none_or(|only| only == command);
        let place = self.orders.iter().position(fits)?;
        let order = self.orders.get_mut(place)?;
        let found = *order;
        order.times = match order.kind {
            FaultKind::Busy => 0,
            _ => order.times.saturating_sub(1),
        };
        if order.times == 0 {
            self.orders.remove(place);
        }
        Some(found)
    }

    /// Accounts for the time of received bytes on a paced line.
    pub(super) fn receive(&mut self, count: usize, now: u64) {
        if let Some(baud) = self.baud {
            let from = self.received_until.max(now);
            self.received_until = from.saturating_add(line_ms(count, baud));
        }
    }

    /// Queues bytes for sending: the printer does one thing after another, and a paced line needs time.
    pub(super) fn send(&mut self, bytes: Vec<u8>, at: u64) {
        let mut at = at.max(self.sent_until).max(self.received_until);
        match self.baud {
            None => self.outbox.push_back((at, bytes)),
            Some(baud) => {
                for chunk in bytes.chunks(PACE_CHUNK) {
                    at = at.saturating_add(line_ms(chunk.len(), baud));
                    self.outbox.push_back((at, chunk.to_vec()));
                }
            }
        }
        self.sent_until = at;
    }

    /// Queues bytes that are sent byte by byte with this pause in milliseconds; 0 means the usual pause.
    pub(super) fn send_bytewise(&mut self, bytes: Vec<u8>, apart_ms: u64, at: u64) {
        let apart = if apart_ms == 0 { BYTE_MS } else { apart_ms };
        let mut at = at.max(self.sent_until);
        for byte in bytes {
            at = at.saturating_add(apart);
            self.send(vec![byte], at);
        }
    }

    /// The next bytes that are due.
    pub(super) fn poll_transmit(&mut self, now: u64) -> Option<Vec<u8>> {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            return self.outbox.pop_front().map(|(_, bytes)| bytes);
        }
        None
    }

    /// The moment when the next bytes are due.
    pub(super) fn poll_timeout(&self) -> Option<u64> {
        self.outbox.front().map(|(due, _)| *due)
    }
}

/// The milliseconds that bytes need on a line: ten bits each.
fn line_ms(bytes: usize, baud: u32) -> u64 {
    u64::try_from(bytes)
        .unwrap_or(u64::MAX)
        .saturating_mul(10_000)
        .checked_div(u64::from(baud))
        .unwrap_or(0)
}
