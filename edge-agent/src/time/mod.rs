//! Time: the machine's clocks, and the guarded clock that decides which of their readings are believed.

pub mod clock;
pub mod guard;
pub mod guarded_clock;
