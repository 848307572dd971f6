//! How much other programs used the machine while something was measured.

use std::fs;

/// The share of the processors, in percent, that other programs may use while times are measured.
const QUIET_PERCENT: u64 = 10;

/// The processor time that was used since the machine was started, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProcessorTimes {
    /// The time of all processors, idle or not.
    all: u64,
    /// The time in which the processors were not idle, or were taken away by another virtual machine.
    busy: u64,
    /// The part of `busy` that this process and its ended children used.
    own: u64,
}

impl ProcessorTimes {
    /// The times of now; `None` where the system does not tell them.
    pub(super) fn now() -> Option<Self> {
        let machine = fs::read_to_string("/proc/stat").ok()?;
        let own = fs::read_to_string("/proc/self/stat").ok()?;
        Self::parse(&machine, &own)
    }

    fn parse(machine: &str, own: &str) -> Option<Self> {
        let line = machine.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let fields: Vec<u64> = line
            .split_whitespace()
            .map_while(|field| field.parse().ok())
            .collect();
        // user nice system idle iowait irq softirq steal; what guests used is part of user.
        let all: u64 = fields.iter().take(8).sum();
        let idle: u64 = fields.iter().skip(3).take(2).sum();
        // The name of the program, in brackets, may contain blanks.
        let (_, rest) = own.rsplit_once(") ")?;
        let own: Vec<u64> = rest
            .split_whitespace()
            .skip(11)
            .take(4)
            .map_while(|field| field.parse().ok())
            .collect();
        (own.len() == 4 && fields.len() >= 8).then(|| Self {
            all,
            busy: all.saturating_sub(idle),
            own: own.iter().sum(),
        })
    }

    /// What other programs used since then, as words, if it was too much for measuring times. Every child of this process must have
    /// ended.
    pub(super) fn noise_since(self, earlier: Self) -> Option<String> {
        let busy = self.busy.saturating_sub(earlier.busy);
        let others = busy.saturating_sub(self.own.saturating_sub(earlier.own));
        let percent = others.saturating_mul(100) / self.all.saturating_sub(earlier.all).max(1);
        (percent > QUIET_PERCENT)
            .then(|| format!("other programs used {percent} % of the processors"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(user: u64, idle: u64, own: u64) -> ProcessorTimes {
        let machine = format!("cpu  {user} 0 0 {idle} 5 0 0 0 0 0\ncpu0 1 2 3\n");
        let own = format!("7 (a b) c) S 1 1 1 0 -1 0 0 0 0 0 {own} 0 0 0 20 0 1 0 5\n");
        ProcessorTimes::parse(&machine, &own).unwrap()
    }

    #[test]
    fn what_other_programs_used_is_noise_and_what_this_one_used_is_not() {
        let begin = times(100, 1_000, 50);
        assert_eq!(times(190, 1_100, 140).noise_since(begin), None);
        assert_eq!(times(200, 1_100, 131).noise_since(begin), None);
        let noise = times(200, 1_100, 110).noise_since(begin);
        assert_eq!(
            noise.as_deref(),
            Some("other programs used 20 % of the processors")
        );
    }

    #[test]
    fn the_times_of_this_machine_are_read() {
        let now = ProcessorTimes::now().expect("Linux tells them");
        assert!(now.busy <= now.all && now.own <= now.busy, "{now:?}");
    }
}
