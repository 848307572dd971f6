//! The limits on wrong PINs: five lock a name for fifteen minutes, sixty within an hour lock all names except on this machine.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::locked::Locked;

/// The wrong PINs of one name since the last right one.
#[derive(Debug)]
struct Tries {
    name: String,
    wrong: u32,
    last: Instant,
}

/// The wrong PINs of all names.
#[derive(Debug, Default)]
pub struct Lockout {
    state: Locked<State>,
}

#[derive(Debug, Default)]
struct State {
    names: VecDeque<Tries>,
    /// The times of the last wrong PINs, oldest first.
    wrong: VecDeque<Instant>,
}

impl Lockout {
    /// How long nobody may sign in with this name from there; `None` if it is not locked.
    pub fn wait(&self, name: &str, is_here: bool, now: Instant) -> Option<Duration> {
        let state = self.state.lock();
        let name = name.trim().to_lowercase();
        let tries = state.names.iter().find(|tries| tries.name == name);
        let of_name = tries
            .filter(|tries| tries.wrong >= NAME_WRONG_MAX)
            .and_then(|tries| left(tries.last, NAME_LOCKED, now));
        let all = state.wrong.len() >= ALL_WRONG_MAX;
        let of_all = (all && !is_here)
            .then(|| state.wrong.front())
            .flatten()
            .and_then(|first| left(*first, ALL_WITHIN, now));
        of_name.max(of_all)
    }

    /// Notes a wrong PIN. Returns true if it locks the name.
    pub fn wrong(&self, name: &str, now: Instant) -> bool {
        let mut state = self.state.lock();
        state.wrong.push_back(now);
        while state.wrong.len() > ALL_WRONG_MAX {
            state.wrong.pop_front();
        }
        let name = name.trim().to_lowercase();
        let place = state.names.iter().position(|tries| tries.name == name);
        let before = place
            .and_then(|place| state.names.remove(place))
            .filter(|tries| {
                tries.wrong < NAME_WRONG_MAX || left(tries.last, NAME_LOCKED, now).is_some()
            });
        let wrong = before.map_or(1, |tries| tries.wrong.saturating_add(1));
        state.names.push_back(Tries {
            name,
            wrong,
            last: now,
        });
        while state.names.len() > NAMES_MAX {
            state.names.pop_front();
        }
        wrong == NAME_WRONG_MAX
    }

    /// Forgets the wrong PINs of a name, because its PIN was right.
    pub fn right(&self, name: &str) {
        let name = name.trim().to_lowercase();
        self.state.lock().names.retain(|tries| tries.name != name);
    }
}

/// What is left of a time that began then; `None` if it is over.
fn left(began: Instant, length: Duration, now: Instant) -> Option<Duration> {
    let left = length.checked_sub(now.saturating_duration_since(began))?;
    (!left.is_zero()).then_some(left)
}

/// So many wrong PINs lock a name.
const NAME_WRONG_MAX: u32 = 5;
/// How long a name is locked.
const NAME_LOCKED: Duration = Duration::from_secs(15 * 60);
/// So many wrong PINs within [`ALL_WITHIN`] lock all names, except on this machine.
const ALL_WRONG_MAX: usize = 60;
const ALL_WITHIN: Duration = Duration::from_secs(60 * 60);
/// Of so many names the wrong PINs are counted. Sixty wrong PINs lock all of them, so no more can be of use to an attacker.
const NAMES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Lockout;

    #[test]
    fn five_wrong_pins_lock_a_name_for_fifteen_minutes() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        for wrong in 1..=5 {
            assert_eq!(lockout.wait("ana", true, start), None, "{wrong}");
            assert_eq!(lockout.wrong("Ana ", start), wrong == 5);
        }
        let minutes = |minutes: u64| start + Duration::from_secs(60 * minutes);
        assert!(lockout.wait("ANA", true, minutes(14)).is_some());
        assert_eq!(lockout.wait("other", true, start), None);
        assert_eq!(lockout.wait("ana", true, minutes(15)), None);
        // The next wrong PIN is the first one of five again.
        assert!(!lockout.wrong("ana", minutes(16)));
        assert_eq!(lockout.wait("ana", true, minutes(16)), None);
        lockout.right("ana");
        assert!(!lockout.wrong("ana", minutes(17)));
    }

    #[test]
    fn sixty_wrong_pins_lock_all_names_but_not_this_machine() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        for number in 0..60_u32 {
            lockout.wrong(
                &format!("name {number}"),
                start + Duration::from_secs(number.into()),
            );
        }
        let now = start + Duration::from_secs(60);
        assert!(lockout.wait("owner", false, now).is_some());
        assert_eq!(lockout.wait("owner", true, now), None);
        let later = start + Duration::from_secs(3_600);
        assert_eq!(lockout.wait("owner", false, later), None);
    }
}
