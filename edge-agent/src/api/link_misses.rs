//! Counts requests for public receipts that do not exist, so that guessing is refused after many of them from one address. Receipts that
//! exist are never refused: their names have 122 random bits and more, so that guessing finds none.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::locked::Locked;

/// The misses from one address.
#[derive(Debug)]
struct Misses {
    network: IpAddr,
    /// When the counted minute began.
    since: Instant,
    count: u32,
}

/// The misses of the last minute, by address, oldest minute first.
#[derive(Debug, Default)]
pub struct LinkMisses(Locked<VecDeque<Misses>>);

/// The misses from one address within a minute after which its requests are refused.
pub const MISSES_MAX: u32 = 60;
const MINUTE: Duration = Duration::from_secs(60);
/// The most addresses that are counted. If more of them miss within a minute, the oldest one is forgotten.
const ADDRESSES_MAX: usize = 1_024;

impl LinkMisses {
    /// How long further misses from an address are still refused; `None` if they are not.
    #[must_use]
    pub fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let network = network_of(address);
        let all = self.0.lock();
        let known = all.iter().find(|misses| misses.network == network)?;
        let passed = now.saturating_duration_since(known.since);
        let left = MINUTE.checked_sub(passed).filter(|left| !left.is_zero());
        left.filter(|_| known.count >= MISSES_MAX)
    }

    /// Notes a miss from an address.
    pub fn note(&self, address: IpAddr, now: Instant) {
        let network = network_of(address);
        let mut all = self.0.lock();
        all.retain(|misses| !misses.is_over(now));
        if let Some(known) = all.iter_mut().find(|misses| misses.network == network) {
            known.count = known.count.saturating_add(1);
            return;
        }
        if all.len() >= ADDRESSES_MAX {
            all.pop_front();
        }
        all.push_back(Misses {
            network,
            since: now,
            count: 1,
        });
    }
}

impl Misses {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= MINUTE
    }
}

/// An IPv4 address, or the network of 64 bits of an IPv6 address: one machine has all addresses of such a network.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_misses_are_refused_until_the_minute_is_over() {
        let (misses, begin) = (LinkMisses::default(), Instant::now());
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        for _ in 0..MISSES_MAX {
            assert_eq!(misses.wait(address, begin), None);
            misses.note(address, begin);
        }
        assert_eq!(misses.wait(address, begin), Some(MINUTE));
        let later = begin + Duration::from_secs(20);
        misses.note(address, later);
        let left = Duration::from_secs(40);
        assert_eq!(misses.wait(address, later), Some(left));
        assert_eq!(misses.wait("192.0.2.8".parse().unwrap(), begin), None);
        assert_eq!(misses.wait(address, begin + MINUTE), None);
        for last in 0..ADDRESSES_MAX {
            misses.note(format!("2001:db8:0:{last:x}::1").parse().unwrap(), begin);
        }
        assert_eq!(misses.0.lock().len(), ADDRESSES_MAX);
    }
}
