//! How a batch continues what the hub has stored of its till. There is no IO here.

use ferrotill_hub_protocol::{Hash, Header, RowKind};

/// What the hub has stored of a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The newest epoch.
    pub epoch: u32,
    /// The last sequence; 0 if there is none.
    pub last: u64,
    /// The first sequence of the last batch; 0 if there is none.
    pub last_batch_first: u64,
    /// The hash of the last batch; [`Hash::ZERO`] if there is none.
    pub last_hash: Hash,
}

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its rows are new and continue the stored ones: store them.
    Store,
    /// It begins with a stored sequence: compare it with what is stored ([`compared`]).
    Compare,
    /// Something between is missing, or another hash is expected in a new epoch.
    Gap,
    /// It names another hash for the last stored batch.
    Forked,
    /// It is of an older epoch than the newest.
    NewerEpoch,
    /// It begins with the row of a restore, and its epoch is not newer.
    RestoreInOldEpoch,
}

/// What a comparison of a batch with the stored rows has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// A stored batch has this hash.
    pub is_stored: bool,
    /// The batch continues a stored batch, or is the first one.
    pub continues_a_stored_batch: bool,
    /// The first sequence whose stored row is another; `None` if all stored rows are the same.
    pub first_difference: Option<u64>,
}

/// What to do after a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// The batch is stored already.
    Repeated,
    /// Its rows are stored as far as they are known, in other batches.
    Gap,
    /// It continues an older batch with other rows: the till was restored from an old backup.
    RolledBack {
        /// The first sequence with another row.
        sequence: u64,
    },
    /// It contradicts what is stored.
    Forked {
        /// The first sequence with another row.
        sequence: u64,
    },
}

/// What to do with a batch that begins with a row of the kind `first`.
#[must_use]
pub fn step(progress: &Progress, header: &Header, first: RowKind) -> Step {
    if header.epoch < progress.epoch {
        return Step::NewerEpoch;
    }
    if header.first <= progress.last {
        return Step::Compare;
    }
    if header.first > progress.last.saturating_add(1) {
        return Step::Gap;
    }
    let is_new_epoch = header.epoch > progress.epoch && progress.last > 0;
    match (is_new_epoch, first == RowKind::Restored) {
        (true, false) => Step::Gap,
        (true, true) if header.before != progress.last_hash => Step::Gap,
        (false, true) if progress.last > 0 => Step::RestoreInOldEpoch,
        _ if header.before != progress.last_hash => Step::Forked,
        _ => Step::Store,
    }
}

/// What to do with a batch after [`Step::Compare`].
#[must_use]
pub const fn compared(comparison: &Comparison) -> Compared {
    match comparison {
        Comparison {
            is_stored: true, ..
        } => Compared::Repeated,
        Comparison {
            first_difference: None,
            ..
        } => Compared::Gap,
        Comparison {
            first_difference: Some(sequence),
            continues_a_stored_batch: true,
            ..
        } => Compared::RolledBack {
            sequence: *sequence,
        },
        Comparison {
            first_difference: Some(sequence),
            ..
        } => Compared::Forked {
            sequence: *sequence,
        },
    }
}

/// Whether a till knows less than it has sent: `acknowledged` is the last sequence that it knows to be acknowledged. One batch may
/// have lost its acknowledgement.
#[must_use]
pub const fn is_behind(progress: &Progress, acknowledged: u64) -> bool {
    acknowledged < progress.last && acknowledged.saturating_add(1) < progress.last_batch_first
}

#[cfg(test)]
mod tests {
    use ferrotill_hub_protocol::Hash;
    use uuid::Uuid;

    use super::*;

    const KNOWN: Progress = Progress {
        epoch: 2,
        last: 80,
        last_batch_first: 71,
        last_hash: Hash([8; 32]),
    };

    fn header(epoch: u32, first: u64, before: Hash) -> Header {
        Header {
            till: Uuid::nil(),
            epoch,
            first,
            last: first + 9,
            rows: Hash([1; 32]),
            before,
        }
    }

    #[test]
    fn each_batch_has_its_step() {
        let (sale, restored) = (RowKind::Sale, RowKind::Restored);
        let (right, wrong) = (KNOWN.last_hash, Hash([9; 32]));
        #[rustfmt::skip]
        let table = [
            (2, 81, right, sale, Step::Store),
            (2, 81, wrong, sale, Step::Forked),
            (2, 82, right, sale, Step::Gap),
            (2, 80, right, sale, Step::Compare),
            (2, 1, Hash::ZERO, sale, Step::Compare),
            (2, 81, right, restored, Step::RestoreInOldEpoch),
            (1, 81, right, sale, Step::NewerEpoch),
            (1, 1, Hash::ZERO, sale, Step::NewerEpoch),
            (3, 81, right, restored, Step::Store),
            (3, 81, right, sale, Step::Gap),
            (3, 81, wrong, restored, Step::Gap),
            (3, 51, right, restored, Step::Compare),
            (3, 90, right, restored, Step::Gap),
        ];
        for (epoch, first, before, kind, expected) in table {
            let found = step(&KNOWN, &header(epoch, first, before), kind);
            assert_eq!(found, expected, "epoch {epoch}, first {first}, {kind:?}");
        }
    }

    #[test]
    fn the_first_batch_of_a_till_may_have_any_epoch() {
        let nothing = Progress {
            epoch: 1,
            last: 0,
            last_batch_first: 0,
            last_hash: Hash::ZERO,
        };
        for (epoch, kind) in [
            (1, RowKind::Sale),
            (4, RowKind::Sale),
            (4, RowKind::Restored),
        ] {
            let header = header(epoch, 1, Hash::ZERO);
            assert_eq!(step(&nothing, &header, kind), Step::Store);
        }
    }

    #[test]
    fn a_comparison_tells_a_restored_till_from_two_machines() {
        let compared = |is_stored, continues_a_stored_batch, first_difference| {
            compared(&Comparison {
                is_stored,
                continues_a_stored_batch,
                first_difference,
            })
        };
        assert_eq!(compared(true, true, None), Compared::Repeated);
        assert_eq!(compared(false, true, None), Compared::Gap);
        assert_eq!(compared(false, false, None), Compared::Gap);
        let sequence = 55;
        assert_eq!(
            compared(false, true, Some(sequence)),
            Compared::RolledBack { sequence }
        );
        assert_eq!(
            compared(false, false, Some(sequence)),
            Compared::Forked { sequence }
        );
    }

    #[test]
    fn one_lost_acknowledgement_does_not_mean_that_a_till_was_restored() {
        for (acknowledged, behind) in [(80, false), (70, false), (75, false), (69, true), (0, true)]
        {
            assert_eq!(is_behind(&KNOWN, acknowledged), behind, "{acknowledged}");
        }
    }
}
