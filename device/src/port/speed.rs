//! The search for the speed of a line: in a fixed order; once a device has answered, its speed is tried first.

/// The speeds that are tried, the usual ones first.
pub const SPEEDS: &[u32] = &[115_200, 57_600, 38_400, 19_200, 9_600];

/// A search for the speed of a line, without IO and without a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeedSearch {
    speeds: &'static [u32],
    found: Option<u32>,
    /// The speed to be tried next in the rotation.
    place: usize,
    /// Whether the speed that was found is tried next.
    found_first: bool,
}

impl SpeedSearch {
    /// A search among these speeds, in their order.
    #[must_use]
    pub const fn among(speeds: &'static [u32]) -> Self {
        Self {
            speeds,
            found: None,
            place: 0,
            found_first: false,
        }
    }

    /// The speed to be tried now; `None` if the list of speeds is empty.
    #[must_use]
    pub fn current(&self) -> Option<u32> {
        match self.found {
            Some(found) if self.found_first => Some(found),
            _ => self.speeds.get(self.place).copied(),
        }
    }

    /// The speed at which a device answered; `None` before that.
    #[must_use]
    pub const fn found(&self) -> Option<u32> {
        self.found
    }

    /// The number of speeds that are tried in one connection: all, or the one that was found and one other in turn. A printer
    /// that is off is not asked at every speed each time.
    #[must_use]
    pub fn goes(&self) -> usize {
        if self.found.is_some() {
            2
        } else {
            self.speeds.len()
        }
    }

    /// A device answered: this speed is tried first from now on.
    pub fn answered(&mut self) {
        self.found = self.current();
        self.found_first = true;
    }

    /// No device answered: the next speed is tried.
    pub fn pass(&mut self) {
        if self.found_first {
            self.found_first = false;
            if self.current() == self.found {
                self.turn();
            }
        } else {
            self.turn();
            self.found_first = self.found.is_some();
        }
    }

    fn turn(&mut self) {
        let next = self.place.saturating_add(1);
        self.place = if next < self.speeds.len() { next } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::{SPEEDS, SpeedSearch};

    fn go(search: &mut SpeedSearch, count: usize) -> Vec<u32> {
        (0..count)
            .map(|_| {
                let speed = search.current().unwrap();
                search.pass();
                speed
            })
            .collect()
    }

    #[test]
    fn every_speed_is_tried_and_the_found_one_is_tried_first() {
        let mut search = SpeedSearch::among(SPEEDS);
        assert_eq!(search.goes(), 5);
        assert_eq!(
            go(&mut search, 6),
            [115_200, 57_600, 38_400, 19_200, 9_600, 115_200]
        );
        assert_eq!(search.current(), Some(57_600));
        search.answered();
        assert_eq!((search.found(), search.goes()), (Some(57_600), 2));
        // The device was set to another speed meanwhile: the others are tried, one at a time.
        assert_eq!(
            go(&mut search, 8),
            [
                57_600, 38_400, 57_600, 19_200, 57_600, 9_600, 57_600, 115_200
            ]
        );
        assert_eq!(
            go(&mut search, 3),
            [57_600, 38_400, 57_600],
            "itself is not tried twice in a row"
        );
        search.answered();
        assert_eq!(search.found(), Some(19_200));
        assert_eq!(go(&mut search, 1), [19_200]);
    }
}
