//! Deliberate mistakes at the seams; those in the product's own sources are patches (`hardware-tests/teeth`).

/// A deliberate mistake, put into a seam: the simulator must find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// After a lost answer the job is printed again at once.
    PrintAgainAtOnce,
    /// What is to be recovered is printed again on hope.
    PrintAgain,
    /// Recovery compares with the counters of now instead of those that were stored before.
    BaselineOfNow,
    /// Recovery says that nothing was printed, without asking.
    RecoveryGivesUp,
    /// Recovery is not told that the cancellation was decided.
    RecoveryForgetsDecision,
    /// No answer counts as "not registered".
    SilenceIsNo,
    /// No answer counts as "registered".
    SilenceIsYes,
    /// The decision to cancel is carried out before it is durable.
    CancelBeforeDurable,
    /// What the printer has settled is not told to the clerk.
    NewsIsLost,
    /// A document is ticked off when it is sent, whatever the answer.
    AcknowledgeOnSend,
    /// Each attempt to tell the office has a key of its own.
    NewKeyEachTime,
    /// A refused document is never sent again.
    RefusedIsForgotten,
    /// The disk says that it has synced, and has not.
    SyncIsIgnored,
    /// A start finds an older copy of the books.
    OlderBooks,
    /// The callers' answers are swapped: a yes is heard as a no.
    YesIsHeardAsNo,
    /// A caller is told yes before anything is in the books.
    AnswerBeforeCommit,
}

impl Bug {
    /// Every bug.
    pub const ALL: [Self; 16] = [
        Self::PrintAgainAtOnce,
        Self::PrintAgain,
        Self::BaselineOfNow,
        Self::RecoveryGivesUp,
        Self::RecoveryForgetsDecision,
        Self::SilenceIsNo,
        Self::SilenceIsYes,
        Self::CancelBeforeDurable,
        Self::NewsIsLost,
        Self::AcknowledgeOnSend,
        Self::NewKeyEachTime,
        Self::RefusedIsForgotten,
        Self::SyncIsIgnored,
        Self::OlderBooks,
        Self::YesIsHeardAsNo,
        Self::AnswerBeforeCommit,
    ];

    /// It is about the decision to cancel, which the printer's sums would make up for: it must hold without them too.
    pub(super) const fn takes_the_sums_away(self) -> bool {
        matches!(
            self,
            Self::RecoveryForgetsDecision | Self::CancelBeforeDurable
        )
    }
}
