//! Which tax group of a machine each tax group of the till is.
//!
//! The digits of an MX machine belong to the rates that its owner had set when it was made fiscal, and their order differs from
//! machine to machine. The driver therefore finds the group of a sale by its rate, and gives every sum of the machine back in the
//! till's order. Nothing above the driver sees the machine's order.

/// The number of tax groups.
const GROUPS: usize = 8;

/// The machine's place of each tax group of the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GroupOrder {
    /// The machine's place of the till's groups A to H; every place occurs once.
    places: [u8; GROUPS],
    /// The till's groups whose rate the machine does not have.
    missing: [bool; GROUPS],
}

impl GroupOrder {
    /// The order of a machine whose groups have the till's letters.
    pub(super) const SAME: Self = Self {
        places: [0, 1, 2, 3, 4, 5, 6, 7],
        missing: [false; GROUPS],
    };

    /// Finds each group of the till by its rate; rates are ten-thousandths of a percent.
    ///
    /// A group keeps its own place if the machine has its rate there. A group without tax also keeps a place that has no rate, unless
    /// the machine has a group with the rate 0: the machine says itself whether such a group is exempt or disabled. If several groups
    /// of the machine have one rate, the first free one is used.
    pub(super) fn by_rate(till: &[Option<u32>; GROUPS], machine: &[Option<u32>; GROUPS]) -> Self {
        let has_zero = machine.contains(&Some(0));
        let is_own = |rate: u32, of_machine: Option<u32>| match of_machine {
            Some(of_machine) => of_machine == rate,
            None => rate == 0 && !has_zero,
        };
        let mut found: [Option<usize>; GROUPS] = [None; GROUPS];
        let own = till.iter().zip(machine).enumerate();
        for ((place, (rate, of_machine)), found) in own.zip(&mut found) {
            *found = rate
                .filter(|rate| is_own(*rate, *of_machine))
                .map(|_| place);
        }
        let first_free = |found: &[Option<usize>; GROUPS], rate: Option<u32>| {
            machine
                .iter()
                .enumerate()
                .filter(|(place, _)| !found.contains(&Some(*place)))
                .find(|(_, of_machine)| rate.is_none() || **of_machine == rate)
                .map(|(place, _)| place)
        };
        for (group, rate) in till.iter().enumerate() {
            if rate.is_some() && found.get(group) == Some(&None) {
                let place = first_free(&found, *rate);
                found
                    .iter_mut()
                    .skip(group)
                    .take(1)
                    .for_each(|found| *found = place);
            }
        }
        let mut missing = [false; GROUPS];
        for ((missing, rate), found) in missing.iter_mut().zip(till).zip(found) {
            *missing = rate.is_some() && found.is_none();
        }
        // What is left has no sales of the till. It gets what is left, so that no sum of the machine is lost.
        for group in 0..GROUPS {
            if found.get(group) == Some(&None) {
                let place = if found.contains(&Some(group)) {
                    first_free(&found, None)
                } else {
                    Some(group)
                };
                found
                    .iter_mut()
                    .skip(group)
                    .take(1)
                    .for_each(|found| *found = place);
            }
        }
        let mut places = Self::SAME.places;
        for (place, found) in places.iter_mut().zip(found) {
            *place = found
                .and_then(|found| u8::try_from(found).ok())
                .unwrap_or(*place);
        }
        Self { places, missing }
    }

    /// The machine's group of a group of the till; `None` if the machine does not have its rate.
    pub(super) fn of_machine(&self, group: u8) -> Option<u8> {
        let group = usize::from(group);
        if self.missing.get(group).copied().unwrap_or(true) {
            return None;
        }
        self.places.get(group).copied()
    }

    /// The machine's values in the till's order.
    pub(super) fn of_till<T: Copy + Default>(&self, machine: [T; GROUPS]) -> [T; GROUPS] {
        self.places
            .map(|place| machine.get(usize::from(place)).copied().unwrap_or_default())
    }

    /// The machine's rates in the till's order. A group whose rate the machine does not have gets the rate of the machine's group
    /// with the same letter, 0 if that has none, so that the two rates differ.
    pub(super) fn rates(&self, machine: [Option<u32>; GROUPS]) -> [Option<u32>; GROUPS] {
        let mut rates = self.of_till(machine);
        for ((rate, missing), own) in rates.iter_mut().zip(self.missing).zip(machine) {
            if missing {
                *rate = Some(own.unwrap_or(0));
            }
        }
        rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [Option<u32>; 8] = [None; 8];

    fn rates(rates: &[(usize, u32)]) -> [Option<u32>; 8] {
        let mut all = NONE;
        for (place, rate) in rates {
            all[*place] = Some(*rate);
        }
        all
    }

    #[test]
    fn a_machine_in_another_order_gets_the_group_with_the_rate() {
        let till = rates(&[(0, 210_000), (1, 110_000), (2, 0)]);
        let machine = rates(&[(0, 110_000), (1, 0), (3, 210_000)]);
        let order = GroupOrder::by_rate(&till, &machine);
        assert_eq!(
            [0, 1, 2].map(|group| order.of_machine(group)),
            [Some(3), Some(0), Some(1)]
        );
        assert_eq!(order.rates(machine)[..3], till[..3]);
        let sums = order.of_till([11, 12, 13, 14, 15, 16, 17, 18]);
        assert_eq!(sums[..3], [14, 11, 12]);
        assert_eq!(sums.iter().sum::<i32>(), 116, "{sums:?}");
    }

    #[test]
    fn a_group_keeps_its_place_if_the_machine_has_its_rate_there() {
        let till = rates(&[(0, 90_000), (1, 200_000), (2, 200_000)]);
        let machine = rates(&[(0, 200_000), (1, 200_000), (2, 90_000), (4, 200_000)]);
        let order = GroupOrder::by_rate(&till, &machine);
        assert_eq!(
            [0, 1, 2].map(|group| order.of_machine(group)),
            [Some(2), Some(1), Some(0)]
        );
        let same = rates(&[(0, 200_000), (1, 80_000), (5, 0)]);
        assert_eq!(GroupOrder::by_rate(&same, &same), GroupOrder::SAME);
        // No rates are configured or none could be read.
        assert_eq!(GroupOrder::by_rate(&NONE, &same), GroupOrder::SAME);
        // A group without tax is exempt on a machine that shows no rate there.
        let exempt = rates(&[(0, 200_000), (6, 0)]);
        let machine = rates(&[(0, 200_000), (1, 80_000)]);
        assert_eq!(GroupOrder::by_rate(&exempt, &machine), GroupOrder::SAME);
    }

    #[test]
    fn a_rate_that_the_machine_does_not_have_is_missing_and_differs() {
        let till = rates(&[(0, 90_000), (1, 200_000), (2, 50_000)]);
        let machine = rates(&[(0, 200_000), (1, 80_000)]);
        let order = GroupOrder::by_rate(&till, &machine);
        assert_eq!(
            [0, 1, 2].map(|group| order.of_machine(group)),
            [None, Some(0), None]
        );
        assert_eq!(
            order.rates(machine)[..3],
            [Some(200_000), Some(200_000), Some(0)]
        );
    }

    #[test]
    fn no_sum_is_lost_or_doubled() {
        // Every combination of three rates, or none, in four groups of the till and of the machine.
        let choices = [None, Some(0), Some(90_000), Some(200_000)];
        let table = |number: usize| {
            let mut table = NONE;
            for (place, rate) in table.iter_mut().take(4).enumerate() {
                *rate = choices[(number >> (2 * place)) & 3];
            }
            table
        };
        for till in (0..256).map(table) {
            for machine in (0..256).map(table) {
                let order = GroupOrder::by_rate(&till, &machine);
                let mut places = order.places;
                places.sort_unstable();
                assert_eq!(places, GroupOrder::SAME.places, "{till:?} {machine:?}");
                for (group, rate) in till.iter().enumerate() {
                    let place = order.of_machine(u8::try_from(group).unwrap());
                    let of_machine = place.and_then(|place| machine[usize::from(place)]);
                    if let (Some(rate), Some(of_machine)) = (rate, of_machine) {
                        assert_eq!(*rate, of_machine, "{till:?} {machine:?}");
                    }
                }
            }
        }
    }
}
