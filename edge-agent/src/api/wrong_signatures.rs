//! Counts wrong signatures, so that calls with a key are refused for a minute after many of them from one address.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::locked::Locked;

/// An `Api-Key`, and the address that calls with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyAtAddress<'k> {
    key: &'k str,
    is_known: bool,
    pub(super) address: IpAddr,
}

impl<'k> KeyAtAddress<'k> {
    pub(super) fn new(key: &'k str, is_known: bool, address: IpAddr) -> Self {
        Self {
            key,
            is_known,
            address: network_of(address),
        }
    }

    fn counted(&self) -> CountedCaller {
        let mut key = [0; 8];
        for (to, from) in key.iter_mut().zip(Sha256::digest(self.key.as_bytes())) {
            *to = from;
        }
        CountedCaller {
            key,
            is_known: self.is_known,
            address: self.address,
        }
    }
}

/// A caller whose wrong signatures are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CountedCaller {
    /// A digest of the key, because callers choose the length of a key that no client has.
    key: [u8; 8],
    is_known: bool,
    address: IpAddr,
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

/// The wrong signatures of the last minute, by key and address.
#[derive(Debug, Default)]
pub struct WrongSignatures(Locked<VecDeque<WrongCaller>>);

#[derive(Debug)]
struct WrongCaller {
    caller: CountedCaller,
    /// When its signatures were wrong, oldest first.
    at: VecDeque<Instant>,
    refused_until: Option<Instant>,
}

impl WrongSignatures {
    /// How long the calls of this caller are still refused; `None` if they are not.
    pub(super) fn wait(&self, caller: &KeyAtAddress<'_>, now: Instant) -> Option<Duration> {
        let callers = self.0.lock();
        if callers.is_empty() {
            return None;
        }
        let caller = caller.counted();
        let found = callers.iter().find(|known| known.caller == caller)?;
        let left = found.refused_until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Notes a wrong signature. True if the caller's calls are refused from now on.
    pub(super) fn note(&self, caller: &KeyAtAddress<'_>, now: Instant) -> bool {
        let caller = caller.counted();
        let mut callers = self.0.lock();
        callers.retain(|known| !known.is_over(now));
        if !callers.iter().any(|known| known.caller == caller) {
            make_room(&mut callers, caller.is_known);
            callers.push_back(WrongCaller {
                caller,
                at: VecDeque::new(),
                refused_until: None,
            });
        }
        let Some(known) = callers.iter_mut().find(|known| known.caller == caller) else {
            return false;
        };
        known
            .at
            .retain(|at| now.saturating_duration_since(*at) < MINUTE);
        known.at.push_back(now);
        let is_refused = known.at.len() >= WRONG_MAX;
        if is_refused {
            known.at.clear();
            known.refused_until = now.checked_add(MINUTE);
        }
        is_refused
    }
}

impl WrongCaller {
    fn is_over(&self, now: Instant) -> bool {
        let is_refused = self.refused_until.is_some_and(|until| until > now);
        let newest = self.at.back();
        let is_counted = newest.is_some_and(|at| now.saturating_duration_since(*at) < MINUTE);
        !is_refused && !is_counted
    }
}

/// Removes the oldest caller if there is no room for another one. Callers with keys that no client has take no room from the others,
/// so they cannot end the refusal of a caller who guesses at a real key.
fn make_room(callers: &mut VecDeque<WrongCaller>, is_known: bool) {
    let is_same = |known: &WrongCaller| known.caller.is_known == is_known;
    if callers.iter().filter(|known| is_same(known)).count() < CALLERS_MAX {
        return;
    }
    if let Some(oldest) = callers.iter().position(is_same) {
        callers.remove(oldest);
    }
}

/// The wrong signatures within a minute after which calls are refused.
pub(super) const WRONG_MAX: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// The most callers whose wrong signatures are counted, for keys of clients and for other keys each.
const CALLERS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn caller<'k>(key: &'k str, is_known: bool, address: &str) -> KeyAtAddress<'k> {
        KeyAtAddress::new(key, is_known, address.parse().unwrap())
    }

    #[test]
    fn ten_wrong_signatures_in_a_minute_are_refused_for_a_minute() {
        let wrong = WrongSignatures::default();
        let (here, there) = (caller("a", true, "10.0.0.1"), caller("a", true, "10.0.0.2"));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        // Nine in a minute, and again nine in another.
        for seconds in (0..9).chain(70..79) {
            assert!(!wrong.note(&here, at(seconds)), "{seconds}");
        }
        assert_eq!(wrong.wait(&here, at(79)), None);
        assert!(wrong.note(&here, at(80)));
        assert_eq!(wrong.wait(&here, at(80)), Some(MINUTE));
        assert_eq!(wrong.wait(&here, at(139)), Some(Duration::from_secs(1)));
        assert_eq!(wrong.wait(&here, at(140)), None);
        assert_eq!(wrong.wait(&there, at(81)), None);
        // The next minute begins at zero.
        assert!(!wrong.note(&here, at(141)));
    }

    #[test]
    fn callers_of_unknown_keys_take_no_room_from_the_others() {
        let wrong = WrongSignatures::default();
        let now = Instant::now();
        let guesser = caller("a", true, "10.0.0.1");
        for _ in 0..WRONG_MAX {
            wrong.note(&guesser, now);
        }
        for number in 0..10 * CALLERS_MAX {
            wrong.note(&caller(&number.to_string(), false, "10.0.0.1"), now);
        }
        assert!(wrong.wait(&guesser, now).is_some());
        assert_eq!(wrong.0.lock().len(), CALLERS_MAX + 1);
        // A minute later nothing of it is left.
        wrong.note(&guesser, now + 2 * MINUTE);
        assert_eq!(wrong.0.lock().len(), 1);
    }

    #[test]
    fn a_machine_is_known_by_its_network() {
        let counted = |address| caller("a", true, address).counted();
        let one = counted("2001:db8:0:1::1");
        assert_eq!(one, counted("2001:db8:0:1:ffff::9"));
        assert_ne!(one, counted("2001:db8:0:2::1"));
        assert_eq!(counted("::ffff:10.0.0.1"), counted("10.0.0.1"));
    }
}
