//! Marks in a long list: the number of every so many-th row, so that a place in the list is found without reading the rows before it.

/// The marks of a list whose rows have rising numbers, and to which rows are only added.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// The number of every [`STEP`]-th row, oldest first.
    numbers: Vec<i64>,
    /// How many rows there are after the last mark.
    rest: u32,
}

/// How many rows there are from one mark to the next. The tests have few rows.
const STEP: u32 = if cfg!(test) { 4 } else { 256 };

/// Where a part of a list begins whose rows are read in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListPlace {
    /// The rows have numbers above this one.
    pub(super) above: i64,
    /// The rows have numbers up to this one.
    pub(super) to: i64,
    /// How many rows within these numbers are left out.
    pub(super) skip: u32,
}

impl Marks {
    /// The place of the row with this index in a list up to a number, counted from the newest or from the oldest.
    pub(super) fn place(&self, descending: bool, index: u64, last: i64) -> ListPlace {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        if descending {
            let (to, skip) = self.descending(index);
            let to = to.map_or(last, |to| to.min(last));
            ListPlace { above: 0, to, skip }
        } else {
            let (above, skip) = self.ascending(index);
            ListPlace {
                above,
                to: last,
                skip,
            }
        }
    }

    /// Counts the rows that have come since. `next` gets a number and a limit. It gives how many rows have a higher number, counted up
    /// to the limit, and the number of the last of these.
    pub(super) fn go_on(
        &mut self,
        mut next: impl FnMut(i64, u32) -> Result<(u32, Option<i64>), rusqlite::Error>,
    ) -> Result<(), rusqlite::Error> {
        loop {
            let last = self.numbers.last().copied().unwrap_or(0);
            match next(last, STEP)? {
                (STEP, Some(newest)) => {
                    self.numbers.push(newest);
                    self.rest = 0;
                }
                (later, _) => {
                    // Another reader may have seen a newer state.
                    self.rest = self.rest.max(later);
                    return Ok(());
                }
            }
        }
    }

    pub(super) fn total(&self) -> u32 {
        counted_to(self.numbers.len()).saturating_add(self.rest)
    }

    /// How many rows there are after the last mark.
    pub(super) const fn rest(&self) -> u32 {
        self.rest
    }

    /// The last mark below a number, and how many rows there are up to it.
    pub(super) fn before(&self, number: i64) -> (i64, u32) {
        let marks = self.numbers.partition_point(|mark| *mark < number);
        (self.mark(marks), counted_to(marks))
    }

    /// The most rows that can have this number or a higher one. At most one step fewer have one.
    pub(super) fn from(&self, number: i64) -> u32 {
        self.total().saturating_sub(self.before(number).1)
    }

    /// The row with this index, counted from the oldest: the last mark before it, and how many rows stand between them.
    fn ascending(&self, index: u32) -> (i64, u32) {
        let marks = index_of(index / STEP).min(self.numbers.len());
        (self.mark(marks), index.saturating_sub(counted_to(marks)))
    }

    /// The row with this index, counted from the newest: the first mark from it on, if there is one, and how many rows stand from the row
    /// to the mark, or to the end of the list.
    fn descending(&self, index: u32) -> (Option<i64>, u32) {
        let place = self.total().saturating_sub(index);
        if place == 0 {
            // There are not so many rows.
            return (Some(0), 0);
        }
        let marks = place.div_ceil(STEP);
        match self.numbers.get(index_of(marks.saturating_sub(1))) {
            Some(mark) => (
                Some(*mark),
                counted_to(index_of(marks)).saturating_sub(place),
            ),
            None => (None, index),
        }
    }

    /// The number of a mark, counted from 1; 0 before the first.
    fn mark(&self, marks: usize) -> i64 {
        let last = marks.checked_sub(1).and_then(|last| self.numbers.get(last));
        last.copied().unwrap_or(0)
    }
}

fn counted_to(marks: usize) -> u32 {
    u32::try_from(marks).map_or(u32::MAX, |marks| marks.saturating_mul(STEP))
}

fn index_of(marks: u32) -> usize {
    usize::try_from(marks).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::Marks;

    #[test]
    fn every_place_of_a_list_is_found_from_both_ends() {
        for rows in 0..30_i64 {
            // The numbers have gaps.
            let numbers: Vec<i64> = (1..=rows).map(|row| row * 3).collect();
            let mut marks = Marks::default();
            marks
                .go_on(|last, limit| {
                    let later = numbers.iter().filter(|number| **number > last);
                    let later: Vec<i64> = later.take(limit as usize).copied().collect();
                    Ok((u32::try_from(later.len()).unwrap(), later.last().copied()))
                })
                .unwrap();
            assert_eq!(i64::from(marks.total()), rows);
            for index in 0..u32::try_from(rows).unwrap() {
                let (mark, skip) = marks.ascending(index);
                let mut after = numbers.iter().filter(|number| **number > mark);
                assert_eq!(after.nth(skip as usize), Some(&numbers[index as usize]));
                let (mark, skip) = marks.descending(index);
                let to_mark = numbers.iter().rev();
                let mut to_mark = to_mark.filter(|number| mark.is_none_or(|mark| **number <= mark));
                let wanted = numbers[numbers.len() - 1 - index as usize];
                assert_eq!(to_mark.nth(skip as usize), Some(&wanted), "{rows} {index}");
                assert!(skip < 4 || mark.is_none());
            }
        }
    }
}
